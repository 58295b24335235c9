/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A POWER9 host: the controllers' block of sensors, built byte by byte as their interface describes
 * it, and the tree of ibmpowernv.
 */
#include "tests/unit/sources_fixture.h"

static void put_be(uint8_t *p, uint64_t v, unsigned int bytes)
{
	for (unsigned int i = 0; i < bytes; i++)
		p[i] = (uint8_t)(v >> 8 * (bytes - 1 - i));
}

#define OCC "firmware/opal/exports/occ_inband_sensors"
#define NAMES 0x400u
#define PING 0xdc00u
#define PONG 0x18c00u
#define BLOCK 0x25800u

static uint8_t occ[2 * BLOCK];

/* Sensor I of a block: mantissa and exponent as the controller writes them. */
static void put_sensor(uint8_t *block, unsigned int i, const char *name, const char *unit,
	uint32_t hz, uint32_t scale, uint16_t type)
{
	uint8_t *p = block + NAMES + i * 48;

	memcpy(p, name, strlen(name));
	memcpy(p + 16, unit, strlen(unit));
	put_be(p + 22, hz, 4);
	put_be(p + 26, scale, 4);
	put_be(p + 30, type, 2);
	p[34] = 1;
	put_be(p + 35, 8 + i * 48, 4);
}

static void put_record(uint8_t *block, uint32_t buffer, unsigned int i, uint64_t stamp,
	uint16_t sample, uint64_t accumulator)
{
	uint8_t *p = block + buffer + 8 + i * 48;

	block[buffer] = 1;
	put_be(p + 2, stamp, 8);
	put_be(p + 10, sample, 2);
	put_be(p + 28, accumulator, 8);
}

static void make_block(uint8_t *block, bool system)
{
	block[0] = 1;
	put_be(block + 2, 5, 2);
	put_be(block + 8, NAMES, 4);
	block[13] = 48;
	put_be(block + 16, PING, 4);
	put_be(block + 20, PONG, 4);
	put_sensor(block, 0, "PWRSYS", "W", 2 << 8 | 3, 1 << 8, 0x80); /* 2e3 Hz, 1e0 W */
	put_sensor(block, 1, "PWRPROC", "W", 2 << 8 | 3, 1 << 8, 0x80);
	put_sensor(block, 2, "PWRVDD", "W", 1 << 8 | 3, 1 << 8 | 0xff, 0x80); /* 1e3 Hz, 0.1 W */
	put_sensor(block, 3, "PWRAPSSCH0", "W", 2 << 8 | 3, 1 << 8, 0x80);
	put_sensor(block, 4, "TEMPPROCAVG", "C", 1 << 8 | 2, 1 << 8, 0x08);
	for (unsigned int i = 0; i < 5; i++) {
		bool on = i || system;

		put_record(block, PING, i, 512000000, on ? 100 : 0, on ? 2000 : 0);
		put_record(block, PONG, i, 512256000, on ? 110 : 0, on ? 2100 : 0);
	}
}

static void make_power9(struct fixture *f)
{
	memset(occ, 0, sizeof(occ));
	make_block(occ, true);
	make_block(occ + BLOCK, false);
	tree_bytes(&f->tree, OCC, occ, sizeof(occ));
}

static void test_opal(void **state)
{
	struct fixture *f = *state;
	struct erg_source *s;
	size_t c;

	make_power9(f);
	assert_int_equal(find(f, "opal"), 0);
	assert_int_equal(f->list.n, 4); /* power and temperature of two chips */
	start_all(f);
	s = channel(f, "PWRSYS", ERG_Q_ENERGY, &c);
	assert_int_equal(s->n_channels, 3); /* raw channels are left out */
	assert_int_equal(s->model.kind, ERG_SENSOR_COUNTER);
	assert_float_equal(s->channels[c].scale, 1.0 / 2000, 1e-12);
	assert_int_equal(value_of(f, "PWRSYS", ERG_Q_ENERGY), 2100); /* pong is newer */
	assert_int_equal(s->ops->read(s, f->values, &f->native), ERG_READ_NOTHING);
	s = channel(f, "PWRVDD-0", ERG_Q_ENERGY, &c);
	assert_float_equal(s->channels[c].scale, 1e-4, 1e-12);
	assert_string_equal(s->channels[c].parent, "PWRPROC-0");
	assert_string_equal(parent_of(f, "PWRPROC-1", ERG_Q_ENERGY), "PWRSYS");
	assert_int_equal(value_of(f, "TEMPPROCAVG-1", ERG_Q_TEMPERATURE), 110);
}

/* The energy and the native time between two readings are the controller's own. */
static void test_opal_times(void **state)
{
	struct fixture *f = *state;
	uint64_t first;

	make_power9(f);
	assert_int_equal(find(f, "opal"), 0);
	start_all(f);
	assert_int_equal(value_of(f, "PWRSYS", ERG_Q_ENERGY), 2100);
	first = f->native;
	/* Ping is written again, 51200 ticks (100 us) after pong, and seen long after it was made:
	 * the stamps tell the time between them, not the reader. */
	usleep(2000);
	put_record(occ, PING, 0, 512256000 + 51200, 120, 2220);
	tree_bytes(&f->tree, OCC, occ, sizeof(occ));
	assert_int_equal(value_of(f, "PWRSYS", ERG_Q_ENERGY), 2220);
	assert_int_equal(f->native - first, 100000);
	usleep(2000);
	/* Ping is being written: pong counts, though it is older. */
	occ[PING] = 0;
	put_record(occ, PONG, 0, 512256000 + 102400, 120, 2300);
	tree_bytes(&f->tree, OCC, occ, sizeof(occ));
	assert_int_equal(value_of(f, "PWRSYS", ERG_Q_ENERGY), 2300);
	assert_int_equal(f->native - first, 200000);
	occ[PONG] = 0;
	tree_bytes(&f->tree, OCC, occ, sizeof(occ));
	assert_int_equal(f->list.sources[0]->ops->read(f->list.sources[0], f->values, &f->native),
		-EAGAIN);
}

static struct fixture *torn;
static int tears; /* buffers that change while they are copied */

/* After pong was copied, the controller turns to it: half of what we have is of before. */
static ssize_t tearing_pread(int fd, void *buf, size_t n, off_t offset)
{
	ssize_t r = pread(fd, buf, n, offset);

	if (tears && n > 48 && offset == PONG) {
		tears--;
		put_record(occ, PONG, 0, 512900000 + (unsigned int)(10 - tears) * 256000, 130,
			2500);
		tree_bytes(&torn->tree, OCC, occ, sizeof(occ));
	}
	return r;
}

static void test_opal_torn(void **state)
{
	struct fixture *f = *state;

	torn = f;
	make_power9(f);
	assert_int_equal(find(f, "opal"), 0);
	start_all(f);
	erg_attr_pread = tearing_pread;
	tears = 2;
	assert_int_equal(value_of(f, "PWRSYS", ERG_Q_ENERGY), 2500); /* the third copy is whole */
	assert_int_equal(tears, 0);
	tears = 9;
	assert_int_equal(f->list.sources[0]->ops->read(f->list.sources[0], f->values, &f->native),
		-EAGAIN);
}

/* Hostile or broken blocks: offsets that lead outside. */
static void test_opal_garbage(void **state)
{
	struct fixture *f = *state;
	static const struct {
		size_t at;
		uint32_t value;
	} bad[] = {{8, 0xfffffff0}, {16, 0xffffffff}, {20, BLOCK}, {10, 0xffff}};

	for (size_t i = 0; i < ERG_ARRAY_SIZE(bad); i++) {
		make_power9(f);
		memset(occ + BLOCK, 0, BLOCK);
		put_be(occ + bad[i].at, bad[i].value, 4);
		tree_bytes(&f->tree, OCC, occ, sizeof(occ));
		assert_int_equal(find(f, "opal"), -ENOENT);
	}
	make_power9(f);
	put_be(occ + NAMES + 35, 0xfffffff0, 4); /* PWRSYS's record */
	tree_bytes(&f->tree, OCC, occ, sizeof(occ));
	assert_int_equal(find(f, "opal"), 0);
	assert_string_equal(parent_of(f, "PWRPROC-0", ERG_Q_ENERGY), ""); /* an orphan */
	tree_bytes(&f->tree, OCC, occ, 7);
	assert_int_equal(find(f, "opal"), -ENOENT);
}

/* Bytes changed at random, where they decide: nothing may be read outside the block. */
static void test_opal_mutated(void **state)
{
	struct fixture *f = *state;
	uint32_t seed = 1;
	int r;

	for (int round = 0; round < 300; round++) {
		make_power9(f);
		for (int i = 0; i < 4; i++) {
			seed = seed * 1664525u + 1013904223u;
			occ[(seed >> 8) % 2 ? (seed >> 16) % 24 : NAMES + (seed >> 16) % 240] =
				(uint8_t)(seed >> 4);
		}
		tree_bytes(&f->tree, OCC, occ, sizeof(occ));
		r = find(f, "opal");
		assert_true(r == 0 || r == -ENOENT);
		start_all(f);
		for (size_t i = 0; i < f->list.n; i++) {
			struct erg_source *s = f->list.sources[i];

			r = s->ops->read(s, f->values, &f->native);
			assert_true(r >= 0 || r == -EAGAIN);
			assert_in_range(s->n_channels, 1, ERG_SOURCE_CHANNELS_MAX);
		}
	}
}

static void test_ibmpowernv(void **state)
{
	static const char *const labels[] = {"System", "Chip 0", "Chip 0 Vdd", "GPU 1"};
	struct fixture *f = *state;

	tree_put(&f->tree, "class/hwmon/hwmon0/name", "ibmpowernv");
	for (int i = 1; i <= 4; i++) {
		char path[96];

		snprintf(path, sizeof(path), "class/hwmon/hwmon0/power%d_label", i);
		tree_put(&f->tree, path, "%s", labels[i - 1]);
		snprintf(path, sizeof(path), "class/hwmon/hwmon0/power%d_input", i);
		tree_put(&f->tree, path, "%d000000", 100 * i);
	}
	tree_put(&f->tree, "class/hwmon/hwmon0/energy1_label", "Chip 0");
	tree_put(&f->tree, "class/hwmon/hwmon0/energy1_input", "987654321");
	assert_int_equal(find(f, "hwmon"), 0);
	start_all(f);
	assert_int_equal(value_of(f, "Chip 0", ERG_Q_ENERGY), 987654321);
	assert_int_equal(value_of(f, "System", ERG_Q_POWER), 100000000);
	assert_string_equal(parent_of(f, "Chip 0 Vdd", ERG_Q_POWER), "Chip 0");
	assert_string_equal(parent_of(f, "Chip 0", ERG_Q_ENERGY), "System");
	assert_string_equal(parent_of(f, "GPU 1", ERG_Q_POWER), "System");
	assert_int_equal(f->list.sources[1]->n_channels, 3); /* Chip 0 is a counter already */
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_opal),
		TEST(test_opal_times),
		TEST(test_opal_torn),
		TEST(test_opal_garbage),
		TEST(test_opal_mutated),
		TEST(test_ibmpowernv),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
