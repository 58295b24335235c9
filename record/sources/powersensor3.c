/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * PowerSensor3: a meter beside the machine that measures currents and voltages 20,000 times a second and
 * sends them over USB (github.com/nlesc-recruit/PowerSensor3). `powersensor3:DEVICE`, for nothing is
 * said to a serial line that nobody named.
 *
 * A reading is the mean power of each pair over the interval of --rate: of one frame (50 us) at 20 kHz, of
 * twenty at 1 kHz. Energy is the same either way. Frames that were lost on the way make a reading of fewer.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <termios.h>
#include <unistd.h>

#include "formats/base/util.h"
#include "record/sources/attr.h"
#include "record/sources/drivers.h"
#include "record/sources/powersensor3_wire.h"

#define PAIRS (ERG_PS3_SENSORS / 2)
#define BYTES 8192
#define FRAME_BYTES 18
#define FRAMES (BYTES / FRAME_BYTES + 1)
#define ANSWER_MS 1000
#define QUIET_MS 50
#define QUIET_BYTES                                                                                \
	(1u << 20)           /* of what is still on its way when the device is told to be silent */
#define LOOK_NS 2000000u     /* how often the line is read: it holds some 10 ms */
#define AGAIN_NS 1000000000u /* between two tries to open a device that went away */
#define LAG_U_NS 500000u     /* the line's least delay is part of the time */

struct powersensor3 {
	struct erg_source src;
	int fd;
	bool streams;
	uint64_t try_ns;
	struct erg_ps3_sensor sensor[ERG_PS3_SENSORS];
	int pair[PAIRS]; /* of each channel */
	struct erg_ps3_decoder decoder;
	struct erg_ps3_clock clock;
	struct {
		struct erg_ps3_frame f;
		uint64_t device_us;
	} frame[FRAMES];
	size_t n_frames, taken;
	unsigned int per_reading, n; /* frames */
	double sum_w[PAIRS];
	uint64_t last_ns;
};

/* ---- the line ---- */

static int send_command(int fd, char c)
{
	return write(fd, &c, 1) == 1 ? 0 : -(errno ? errno : EIO);
}

/* Exactly N bytes, or -ETIMEDOUT. */
static int hear(int fd, uint8_t *bytes, size_t n)
{
	while (n) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		int r = poll(&p, 1, ANSWER_MS);
		ssize_t got;

		if (r == 0)
			return -ETIMEDOUT;
		got = r < 0 ? -1 : read(fd, bytes, n);
		if (got < 0 && errno != EINTR && errno != EAGAIN)
			return -errno;
		if (got == 0)
			return -ENODEV;
		if (got > 0) {
			bytes += got;
			n -= (size_t)got;
		}
	}
	return 0;
}

/* It may stream still: whoever asked it to was killed. */
static int make_quiet(int fd)
{
	uint8_t bytes[4096];
	size_t total = 0;
	int r = send_command(fd, 'T');

	while (r >= 0 && total < QUIET_BYTES) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		ssize_t got;

		if (poll(&p, 1, QUIET_MS) <= 0)
			return 0;
		got = read(fd, bytes, sizeof(bytes));
		if (got <= 0)
			return got < 0 ? -errno : -ENODEV;
		total += (size_t)got;
	}
	return r < 0 ? r : -EPROTO;
}

static int open_line(const char *path)
{
	_cleanup_(erg_closep) int fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	struct termios t;
	int r;

	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? -EBUSY : -errno;
	if (tcgetattr(fd, &t) < 0)
		return -errno;
	cfmakeraw(&t);
	t.c_cflag |= CLOCAL | CREAD;
	if (tcsetattr(fd, TCSANOW, &t) < 0)
		return -errno;
	r = make_quiet(fd);
	return r < 0 ? r : erg_steal_fd(&fd);
}

/* ---- finding ---- */

/* R, a configuration, any character, the next; D at the end. */
static int read_config(struct powersensor3 *s)
{
	uint8_t bytes[ERG_PS3_CONFIG_BYTES];
	int r = send_command(s->fd, 'R');

	for (size_t i = 0; r >= 0 && i < ERG_PS3_SENSORS; i++) {
		r = hear(s->fd, bytes, sizeof(bytes));
		if (r >= 0 && !erg_ps3_sensor_parse(bytes, &s->sensor[i]))
			r = -EPROTO;
		if (r >= 0)
			r = send_command(s->fd, 's');
	}
	if (r >= 0)
		r = hear(s->fd, bytes, 1);
	return r >= 0 && bytes[0] != 'D' ? -EPROTO : r;
}

/* One frame, for the volts of each pair: the quantum of its power is that of its current times them. */
static int read_one(struct powersensor3 *s, struct erg_ps3_frame *ret)
{
	struct erg_ps3_decoder d = {0};
	uint8_t byte;
	int r = send_command(s->fd, 'I');

	for (size_t i = 0; r >= 0 && i < 16 * FRAME_BYTES; i++) {
		r = hear(s->fd, &byte, 1);
		if (r >= 0 && erg_ps3_decode(&d, byte, ret))
			return 0;
	}
	return r < 0 ? r : -EPROTO;
}

static void add_pair(struct powersensor3 *s, int pair, const struct erg_ps3_frame *f)
{
	const struct erg_ps3_sensor *current = &s->sensor[2 * pair], *voltage = current + 1;
	struct erg_channel_def *c = &s->src.channels[s->src.n_channels];
	double step_a = erg_ps3_value(current, 1) - erg_ps3_value(current, 0);
	double v = erg_ps3_value(voltage, f->level[2 * pair + 1]);

	s->pair[s->src.n_channels++] = pair;
	*c = (struct erg_channel_def){.quantity = ERG_Q_POWER, .unit = "uW", .scale = 1e-6};
	c->lsb = fmax(1, 1e6 * fabs(step_a * v));
	if (*current->pair)
		erg_text_set(c->rail, sizeof(c->rail), "%s", current->pair);
	else
		erg_text_set(c->rail, sizeof(c->rail), "pair%d", pair);
}

/* The mean over the interval of --rate, in whole frames. */
static void set_model(struct powersensor3 *s, uint64_t interval_ns)
{
	double frames = fmin(fmax(1, round((double)interval_ns / ERG_PS3_PERIOD_NS)), 20000);

	s->per_reading = (unsigned int)frames;
	s->src.model = (struct erg_sensor_model){.kind = ERG_SENSOR_BOXCAR,
		.provenance = ERG_PROVENANCE_DATASHEET,
		.window_ns = (uint64_t)frames * ERG_PS3_PERIOD_NS,
		.period_ns = (uint64_t)frames * ERG_PS3_PERIOD_NS,
		.lag_u_ns = LAG_U_NS};
}

static int fail_line(struct erg_err *err, int r, const char *path)
{
	if (r == -EBUSY)
		return erg_fail(err, r, "powersensor3:%s: another program reads it", path);
	if (r == -ETIMEDOUT || r == -EPROTO)
		return erg_fail(err, r,
			"powersensor3:%s: it does not answer as a PowerSensor3 with firmware 1.3 to "
			"1.6 does",
			path);
	return erg_fail_errno(err, r, "powersensor3:%s", path);
}

static int look_at(struct powersensor3 *s, const char *path, struct erg_err *err)
{
	struct erg_ps3_frame f = {0};
	int r = s->fd = open_line(path);

	if (r >= 0)
		r = read_config(s);
	if (r >= 0)
		r = read_one(s, &f);
	if (r < 0)
		return fail_line(err, r, path);
	for (int i = 0; i < PAIRS; i++)
		if (s->sensor[2 * i].in_use && s->sensor[2 * i + 1].in_use)
			add_pair(s, i, &f);
	if (!s->src.n_channels)
		return erg_fail(err, -ENODATA,
			"powersensor3:%s: no pair of sensors is in use (psconfig switches them on)",
			path);
	return 0;
}

static void ps3_free(struct erg_source *src)
{
	struct powersensor3 *s = (struct powersensor3 *)src;

	src->ops->stop(src);
	erg_closep(&s->fd);
	free(s->src.channels);
	free(s);
}

static int powersensor3_find(const struct erg_source_config *cfg, struct erg_source_list *list,
	struct erg_err *err)
{
	struct powersensor3 *s;
	int r;

	if (!cfg->arg || !*cfg->arg)
		return erg_fail(err, -EINVAL,
			"--source powersensor3: expected powersensor3:DEVICE, as "
			"powersensor3:/dev/ttyACM0");
	s = calloc(1, sizeof(*s));
	if (s)
		s->src.channels = calloc(PAIRS, sizeof(*s->src.channels));
	if (!s || !s->src.channels) {
		free(s);
		return erg_fail(err, -ENOMEM, "powersensor3: out of memory");
	}
	s->fd = -1;
	s->src.ops = &erg_source_powersensor3;
	s->src.cls = ERG_CLASS_POWER;
	s->src.rate_fixed = true;
	s->src.interval_ns = LOOK_NS;
	erg_text_set(s->src.path, sizeof(s->src.path), "%s", cfg->arg);
	set_model(s, cfg->interval_ns);
	r = look_at(s, cfg->arg, err);
	if (r < 0) {
		ps3_free(&s->src);
		return r;
	}
	r = erg_source_list_add(list, &s->src);
	return r < 0 ? erg_fail_errno(err, r, "powersensor3") : 0;
}

/* ---- reading ---- */

static void begin_anew(struct powersensor3 *s)
{
	s->decoder = (struct erg_ps3_decoder){0};
	s->clock = (struct erg_ps3_clock){0};
	s->n_frames = s->taken = s->n = 0;
	memset(s->sum_w, 0, sizeof(s->sum_w));
}

static int ps3_start(struct erg_source *src, struct erg_err *err)
{
	struct powersensor3 *s = (struct powersensor3 *)src;
	int r = 0;

	if (s->streams)
		return 0;
	if (s->fd < 0)
		r = s->fd = open_line(src->path);
	begin_anew(s);
	if (r >= 0)
		r = send_command(s->fd, 'S');
	s->streams = r >= 0;
	return r < 0 ? fail_line(err, r, src->path) : 0;
}

static void ps3_stop(struct erg_source *src)
{
	struct powersensor3 *s = (struct powersensor3 *)src;

	if (s->streams)
		(void)make_quiet(s->fd);
	s->streams = false;
}

/* The device went away: it is looked for again, but not at every deadline. */
static int gone(struct powersensor3 *s, int r)
{
	uint64_t now = erg_mono_ns();

	s->streams = false;
	erg_closep(&s->fd);
	s->fd = -1;
	if (now - s->try_ns < AGAIN_NS)
		return r;
	s->try_ns = now;
	return ps3_start(&s->src, NULL) < 0 ? r : ERG_READ_NOTHING;
}

static void decode(struct powersensor3 *s, const uint8_t *bytes, size_t n)
{
	struct erg_ps3_frame f;

	for (size_t i = 0; i < n && s->n_frames < FRAMES; i++)
		if (erg_ps3_decode(&s->decoder, bytes[i], &f)) {
			erg_ps3_clock_frame(&s->clock, f.stamp_us);
			s->frame[s->n_frames].f = f;
			s->frame[s->n_frames++].device_us = s->clock.device_us;
		}
}

/* What has come. Frames that are missing were lost before it, not within: the line was full. */
static int refill_frames(struct powersensor3 *s)
{
	uint8_t bytes[BYTES];
	uint64_t before = erg_mono_ns(), lost = s->clock.lost_us;
	ssize_t n = s->fd < 0 ? -1 : read(s->fd, bytes, sizeof(bytes));

	if (n < 0 && s->fd >= 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0)
		return gone(s, -ENODEV);
	s->n_frames = s->taken = 0;
	decode(s, bytes, (size_t)n);
	if ((size_t)n < sizeof(bytes))
		erg_ps3_clock_seen(&s->clock, before, erg_mono_ns());
	for (size_t i = 0; i < s->n_frames; i++)
		s->frame[i].device_us += s->clock.lost_us - lost;
	return 0;
}

static void take_frame(struct powersensor3 *s, const struct erg_ps3_frame *f)
{
	for (size_t c = 0; c < s->src.n_channels; c++) {
		int i = 2 * s->pair[c];

		s->sum_w[c] += erg_ps3_value(&s->sensor[i], f->level[i]) *
			erg_ps3_value(&s->sensor[i + 1], f->level[i + 1]);
	}
	s->n++;
}

static int ps3_read(struct erg_source *src, int64_t *values, uint64_t *native)
{
	struct powersensor3 *s = (struct powersensor3 *)src;

	if (s->taken == s->n_frames) {
		int r = refill_frames(s);

		if (r < 0)
			return r;
	}
	while (s->taken < s->n_frames) {
		uint64_t at_us = s->frame[s->taken].device_us;

		take_frame(s, &s->frame[s->taken++].f);
		if (s->n < s->per_reading)
			continue;
		for (size_t c = 0; c < src->n_channels; c++)
			values[c] = llround(1e6 * s->sum_w[c] / s->n);
		memset(s->sum_w, 0, sizeof(s->sum_w));
		s->n = 0;
		*native = erg_ps3_clock_ns(&s->clock, at_us);
		if (*native <= s->last_ns) /* the clocks were set to each other anew */
			*native = s->last_ns + 1;
		s->last_ns = *native;
		return s->taken < s->n_frames ? ERG_READ_MORE : ERG_READ_OK;
	}
	return ERG_READ_NOTHING;
}

const struct erg_source_ops erg_source_powersensor3 = {
	.kind = "powersensor3",
	.about = "a PowerSensor3, 20 kHz over USB: powersensor3:DEVICE",
	.arg = "DEVICE",
	.slow = true,
	.find = powersensor3_find,
	.start = ps3_start,
	.read = ps3_read,
	.stop = ps3_stop,
	.free = ps3_free,
};
