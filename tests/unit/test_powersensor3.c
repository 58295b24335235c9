/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A PowerSensor3 on a pseudo-terminal: a thread that speaks the device's side of the line. */
#include "tests/unit/sources_fixture.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <termios.h>
#include <unistd.h>

#include "record/sources/powersensor3_wire.h"

#define BURST 20 /* frames a millisecond */

/* Of each sensor: what its level is in even and in odd frames. */
struct device {
	int fd;
	char path[64];
	pthread_t thread;
	atomic_bool end, damage;
	bool odd_config;
	uint8_t in_use[ERG_PS3_SENSORS];
	unsigned int level[2][ERG_PS3_SENSORS];
	unsigned int frames, stamp_us;
	bool streams;
};

static void put(struct device *d, const void *bytes, size_t n)
{
	const char *p = bytes;

	while (n && !atomic_load(&d->end)) {
		ssize_t w = write(d->fd, p, n);

		if (w > 0) {
			p += w;
			n -= (size_t)w;
		} else {
			usleep(200);
		}
	}
}

/* As the datasheet of the protocol has it: 1 sss llll, 0 m llllll. */
static void put_packet(struct device *d, unsigned int sensor, unsigned int marker,
	unsigned int level)
{
	uint8_t bytes[2] = {(uint8_t)(0x80 | sensor << 4 | level >> 6),
		(uint8_t)(marker << 6 | (level & 0x3f))};

	put(d, bytes, 2);
}

static void put_frame(struct device *d)
{
	d->stamp_us = (d->stamp_us + 50) % 1024;
	put_packet(d, 7, 1, d->stamp_us);
	for (unsigned int s = 0; s < 8; s++)
		put_packet(d, s, 0, d->level[d->frames % 2][s]);
	d->frames++;
}

static void put_config(struct device *d)
{
	static const char *const names[] = {"cpu", "", "off", "off"};
	float current[2] = {1.65f, 0.0625f}, voltage[2] = {0, 0.25f};
	struct pollfd p = {.fd = d->fd, .events = POLLIN};
	char any;

	for (unsigned int s = 0; s < 8; s++) {
		uint8_t bytes[41] = "MLX10";

		snprintf((char *)bytes + 16, 16, "%s", names[s / 2]);
		memcpy(bytes + 32, s % 2 ? voltage : current, 8);
		bytes[40] = d->odd_config ? 7 : d->in_use[s];
		put(d, bytes, sizeof(bytes));
		if (poll(&p, 1, 5000) <= 0 || read(d->fd, &any, 1) != 1)
			return;
	}
	put(d, "D", 1);
}

static void obey(struct device *d, char c)
{
	if (c == 'R')
		put_config(d);
	else if (c == 'I')
		put_frame(d);
	else if (c == 'S' || c == 'T')
		d->streams = c == 'S';
}

static void *device_main(void *data)
{
	struct device *d = data;
	char c;

	while (!atomic_load(&d->end)) {
		struct pollfd p = {.fd = d->fd, .events = POLLIN};

		if (poll(&p, 1, 1) > 0 && p.revents & POLLIN && read(d->fd, &c, 1) == 1)
			obey(d, c);
		for (int i = 0; d->streams && i < BURST; i++)
			put_frame(d);
		if (d->streams && atomic_exchange(&d->damage, false))
			put(d, "\xf0\x12\x34",
				3); /* the half of a packet, then two bytes of none */
	}
	return NULL;
}

static void device_begin(struct device *d)
{
	struct termios t;

	d->fd = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
	assert_true(d->fd >= 0 && grantpt(d->fd) == 0 && unlockpt(d->fd) == 0);
	assert_int_equal(ptsname_r(d->fd, d->path, sizeof(d->path)), 0);
	/* no echo, also while nobody has opened the other side */
	assert_int_equal(tcgetattr(d->fd, &t), 0);
	cfmakeraw(&t);
	assert_int_equal(tcsetattr(d->fd, TCSANOW, &t), 0);
	assert_int_equal(pthread_create(&d->thread, NULL, device_main, d), 0);
}

static void device_end(struct device *d)
{
	atomic_store(&d->end, true);
	pthread_join(d->thread, NULL);
	close(d->fd);
}

/* cpu: 5.16 A and -1.6 A in turn at some 8 V; pair 1: 0.03 A at 1.29 V. */
static struct device usual(void)
{
	return (struct device){.in_use = {1, 1, 1, 1, 0, 0, 0, 1},
		.stamp_us = 1000,
		.level = {{612, 620, 512, 100, 9, 9, 9, 1023},
			{480, 620, 512, 100, 9, 9, 9, 1023}}};
}

static int find_at(struct fixture *f, const struct device *d)
{
	char list[96];

	snprintf(list, sizeof(list), "powersensor3:%s", d->path);
	return find(f, list);
}

static int next_of(struct fixture *f, struct erg_source *s)
{
	int r;

	while ((r = s->ops->read(s, f->values, &f->native)) == ERG_READ_NOTHING)
		usleep(500);
	return r;
}

/* What a pair's power is, by the formula of the device's manual and by hand. */
static void test_values(void **state)
{
	struct erg_ps3_sensor current = {.vref = 1.65, .sensitivity = 0.0625, .in_use = true};
	struct erg_ps3_sensor voltage = {.sensitivity = 0.25, .in_use = true};

	assert_float_equal(erg_ps3_value(&current, 1023), 26.4, 1e-12);
	assert_float_equal(erg_ps3_value(&current, 0), -26.4, 1e-12);
	assert_float_equal(erg_ps3_value(&current, 512), 0.0258064516, 1e-9);
	assert_float_equal(erg_ps3_value(&voltage, 620), 8.0, 1e-12); /* 3.3 * 620 / 1023 = 2 */
}

static size_t decode_all(struct erg_ps3_decoder *d, const uint8_t *bytes, size_t n,
	struct erg_ps3_frame *last)
{
	size_t frames = 0;

	for (size_t i = 0; i < n; i++)
		frames += erg_ps3_decode(d, bytes[i], last);
	return frames;
}

static void test_decode(void **state)
{
	/* time 683 (10 1010 1011); levels 1, 64, 1023, 0, 0, 0, 0, 1023 */
	static const uint8_t frame[] = {0xfa, 0x6b, 0x80, 0x01, 0x91, 0x00, 0xaf, 0x3f, 0xb0, 0x00,
		0xc0, 0x00, 0xd0, 0x00, 0xe0, 0x00, 0xff, 0x3f};
	struct erg_ps3_decoder d = {0};
	struct erg_ps3_frame f = {0};

	assert_int_equal(decode_all(&d, frame + 7, sizeof(frame) - 7, &f), 0); /* begins amidst */
	assert_int_equal(d.bad_bytes, 1);
	assert_int_equal(decode_all(&d, frame, sizeof(frame), &f), 1);
	assert_int_equal(f.stamp_us, 683);
	assert_int_equal(f.level[0], 1);
	assert_int_equal(f.level[1], 64);
	assert_int_equal(f.level[2], 1023);
	assert_int_equal(f.level[7], 1023);
	assert_int_equal(decode_all(&d, frame, 9, &f), 0); /* ends amidst */
	assert_int_equal(decode_all(&d, frame, sizeof(frame), &f), 1);
	assert_int_equal(d.bad_bytes, 2);
	assert_int_equal(d.broken_frames, 1);
}

static void test_clock(void **state)
{
	struct erg_ps3_clock c = {0};
	uint64_t now = 7000000000;
	unsigned int stamp = 1000;

	for (int i = 0; i < 4000; i++) { /* each came 0.3 ms late, one in ten 2 ms */
		stamp = (stamp + 50) % 1024;
		now += 50000;
		erg_ps3_clock_frame(&c, (uint16_t)stamp);
		erg_ps3_clock_seen(&c, now + (i % 10 ? 300000 : 2000000),
			now + (i % 10 ? 300000 : 2000000));
	}
	assert_int_equal(c.device_us, 3999 * 50);
	assert_int_equal(c.lost_us, 0);
	assert_int_equal(erg_ps3_clock_ns(&c, c.device_us), now + 300000);
	/* 51.2 ms without a frame, which is 50 times the stamp's range */
	now += 51200000 + 50000;
	stamp = (stamp + 50) % 1024;
	erg_ps3_clock_frame(&c, (uint16_t)stamp);
	erg_ps3_clock_seen(&c, now + 300000, now + 310000);
	assert_int_equal(c.lost_us, 51200);
	assert_int_equal(erg_ps3_clock_ns(&c, c.device_us), now + 300000);
}

static void test_readings(void **state)
{
	struct fixture *f = *state;
	struct device d = usual();
	struct erg_source *s;
	uint64_t last = 0;
	size_t cpu = 0, pair1 = 0;

	device_begin(&d);
	f->cfg.interval_ns = 1000000; /* 20 frames */
	assert_int_equal(find_at(f, &d), 0);
	s = channel(f, "cpu", ERG_Q_POWER, &cpu);
	channel(f, "pair1", ERG_Q_POWER, &pair1);
	assert_int_equal(s->n_channels, 2); /* of pair 3 the current is off */
	assert_int_equal(s->model.window_ns, 1000000);
	assert_int_equal(s->model.kind, ERG_SENSOR_BOXCAR);
	s = f->list.sources[0];
	assert_int_equal(s->ops->start(s, &f->err), 0);
	atomic_store(&d.damage, true);
	for (int i = 0; i < 200; i++) {
		assert_true(next_of(f, s) >= 0);
		assert_true(f->native > last && f->native <= erg_mono_ns());
		last = f->native;
		/* (5.1870967742 + -1.6258064516) / 2 A * 8 V; 0.0258064516 A * 1.2903225806 V. The one
		 * reading with the damage has lost no frame, but perhaps an even number of them. */
		assert_in_range(f->values[cpu], 14245000, 14245300);
		assert_int_equal(f->values[pair1], 33299);
	}
	s->ops->stop(s);
	device_end(&d);
}

/* Reported by words that help; and nothing of it is said to a device that was not named. */
static void test_refusals(void **state)
{
	struct fixture *f = *state;
	struct device d = usual(), odd = usual(), off = usual();
	char list[128];
	int fd;

	assert_int_equal(find(f, "powersensor3"), -EINVAL);
	assert_non_null(strstr(f->err.msg, "powersensor3:DEVICE"));
	assert_int_equal(find(f, "powersensor3:/dev/no-such"), -ENOENT);
	tree_put(&f->tree, "plain", "x");
	snprintf(list, sizeof(list), "powersensor3:%s/plain", f->tree.dir);
	assert_int_equal(find(f, list), -ENOTTY);
	odd.odd_config = true;
	device_begin(&odd);
	assert_int_equal(find_at(f, &odd), -EPROTO);
	assert_non_null(strstr(f->err.msg, "does not answer as a PowerSensor3"));
	device_end(&odd);
	memset(off.in_use, 0, sizeof(off.in_use));
	device_begin(&off);
	assert_int_equal(find_at(f, &off), -ENODATA);
	assert_non_null(strstr(f->err.msg, "psconfig"));
	device_end(&off);
	device_begin(&d);
	fd = open(d.path, O_RDWR | O_NOCTTY);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_int_equal(find_at(f, &d), -EBUSY);
	close(fd);
	device_end(&d);
}

static void test_unplugged(void **state)
{
	struct fixture *f = *state;
	struct device d = usual();
	struct erg_source *s;
	int r;

	device_begin(&d);
	f->cfg.interval_ns = 50000;
	assert_int_equal(find_at(f, &d), 0);
	s = f->list.sources[0];
	assert_int_equal(s->ops->start(s, &f->err), 0);
	assert_true(next_of(f, s) >= 0);
	device_end(&d);
	while ((r = s->ops->read(s, f->values, &f->native)) >= 0)
		;
	assert_int_equal(r, -ENODEV);
	assert_int_equal(s->ops->read(s, f->values, &f->native), -ENODEV);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_decode),
		cmocka_unit_test(test_clock),
		cmocka_unit_test_setup_teardown(test_readings, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refusals, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unplugged, setup, teardown),
	};

	return cmocka_run_group_tests_name("powersensor3", tests, NULL, NULL);
}
