/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The protocol is described in record/sources/powersensor3_wire.h, whose code this does not share. */
#include "tests/board/meter.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "formats/base/util.h"

#define FRAME_NS 50000u
#define FRAME_US 50u
#define SENSORS 8
#define LEVELS 1023.0
#define REFERENCE_V 3.3
#define V_PER_A 2.0f /* 1.65 A at the highest level */
#define V_PER_V 0.1f
#define QUEUE_BYTES 4096u
#define LATE_NS 8000000u /* a device has no more room than that: later frames are lost, as on USB */

static int open_pair(struct erg_meter *m)
{
	struct termios t;

	m->fd = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (m->fd < 0 || grantpt(m->fd) < 0 || unlockpt(m->fd) < 0 ||
		ptsname_r(m->fd, m->path, sizeof(m->path)) != 0)
		return -errno;
	m->held = open(m->path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (m->held < 0 || tcgetattr(m->held, &t) < 0)
		return -errno;
	cfmakeraw(&t);
	return tcsetattr(m->held, TCSANOW, &t) < 0 ? -errno : 0;
}

int erg_meter_open(struct erg_meter *m, double volts, uint64_t t_ns, struct erg_err *err)
{
	int r;

	*m = (struct erg_meter){.fd = -1, .held = -1, .configuring = -1, .volts = volts};
	m->t_ns = t_ns;
	m->frame_end_ns = t_ns + FRAME_NS;
	m->queue = malloc(QUEUE_BYTES);
	r = m->queue ? open_pair(m) : -ENOMEM;
	return r < 0 ? erg_fail_errno(err, r, "the meter's pseudo-terminal") : 0;
}

void erg_meter_close(struct erg_meter *m)
{
	if (!m->queue)
		return;
	if (m->fd >= 0)
		close(m->fd);
	if (m->held >= 0)
		close(m->held);
	free(m->queue);
	m->queue = NULL;
}

static void put(struct erg_meter *m, const void *bytes, size_t n)
{
	if (m->tail + n > QUEUE_BYTES) {
		memmove(m->queue, m->queue + m->head, m->tail - m->head);
		m->tail -= m->head;
		m->head = 0;
	}
	if (m->tail + n > QUEUE_BYTES)
		return; /* as a device's own buffer: what nobody takes is lost */
	memcpy(m->queue + m->tail, bytes, n);
	m->tail += n;
}

static void put_packet(struct erg_meter *m, unsigned int sensor, unsigned int marker,
	unsigned int level)
{
	const uint8_t bytes[2] = {(uint8_t)(0x80 | sensor << 4 | level >> 6),
		(uint8_t)(marker << 6 | (level & 0x3f))};

	put(m, bytes, 2);
}

static void put_frame(struct erg_meter *m)
{
	if (QUEUE_BYTES - (m->tail - m->head) < 2 * (SENSORS + 1))
		return;
	put_packet(m, SENSORS - 1, 1, (unsigned int)(m->device_us & 1023));
	for (unsigned int s = 0; s < SENSORS; s++)
		put_packet(m, s, 0,
			s == 0           ? m->level
				: s == 1 ? (unsigned int)lrint(m->volts * (double)V_PER_V * LEVELS /
						   REFERENCE_V)
					 : 0);
}

static void put_config(struct erg_meter *m, int sensor)
{
	const float reference = 0, sensitivity = sensor % 2 ? V_PER_V : V_PER_A;
	uint8_t bytes[41] = "board";

	if (sensor < 2)
		memcpy(bytes + 16, ERG_METER_PAIR, strlen(ERG_METER_PAIR));
	memcpy(bytes + 32, &reference, 4);
	memcpy(bytes + 36, &sensitivity, 4);
	bytes[40] = sensor < 2;
	put(m, bytes, sizeof(bytes));
}

static void obey(struct erg_meter *m, char c)
{
	if (m->configuring == SENSORS) {
		put(m, "D", 1);
		m->configuring = -1;
	} else if (m->configuring > 0) { /* any character asks for the next */
		put_config(m, m->configuring++);
	} else if (c == 'R') {
		m->configuring = 1;
		put_config(m, 0);
	} else if (c == 'I') {
		put_frame(m);
	} else if (c == 'S') {
		m->streams = true;
	} else if (c == 'T') {
		m->streams = false;
		m->head = m->tail = 0;
	}
}

static void end_frame(struct erg_meter *m)
{
	double amps = m->frame_j / (FRAME_NS * 1e-9) / m->volts;
	double level = amps * (double)V_PER_A * LEVELS / REFERENCE_V + m->carry;
	double shown = fmin(fmax(floor(level + 0.5), 0), LEVELS);

	m->carry = level - shown;
	m->level = (unsigned int)shown;
	m->frame_j = 0;
	m->frame_end_ns += FRAME_NS;
	m->device_us += FRAME_US;
	if (m->streams && erg_mono_ns() < m->frame_end_ns + LATE_NS)
		put_frame(m);
}

void erg_meter_feed(struct erg_meter *m, uint64_t to_ns, double p_w)
{
	while (m->t_ns < to_ns) {
		uint64_t end = to_ns < m->frame_end_ns ? to_ns : m->frame_end_ns;

		m->frame_j += p_w * 1e-9 * (double)(end - m->t_ns);
		m->t_ns = end;
		if (end == m->frame_end_ns)
			end_frame(m);
	}
}

void erg_meter_serve(struct erg_meter *m)
{
	char c;

	while (read(m->fd, &c, 1) == 1)
		obey(m, c);
	while (m->head < m->tail) {
		ssize_t n = write(m->fd, m->queue + m->head, m->tail - m->head);

		if (n <= 0)
			break;
		m->head += (size_t)n;
	}
	if (m->head == m->tail)
		m->head = m->tail = 0;
}
