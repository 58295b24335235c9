/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A board with an INA226 under IIO, captured by its buffer, and the layout of samples. */
#include "tests/unit/sources_fixture.h"

#include "record/sources/iio_scan.h"

#define IIO "bus/iio/devices/iio:device0/"

static void make_iio(const struct fixture *f)
{
	static const char *const elements[] = {"in_voltage0", "in_voltage1", "in_power2",
		"in_current3", "in_timestamp"};
	static const char *const types[] = {"le:u16/16>>0", "le:u16/16>>0", "le:u16/16>>0",
		"le:s16/16>>0", "le:s64/64>>0"};

	for (int i = 0; i < 5; i++) {
		char path[128];

		snprintf(path, sizeof(path), IIO "scan_elements/%s_en", elements[i]);
		tree_put(&f->tree, path, "%d", i == 2);
		snprintf(path, sizeof(path), IIO "scan_elements/%s_index", elements[i]);
		tree_put(&f->tree, path, "%d", i);
		snprintf(path, sizeof(path), IIO "scan_elements/%s_type", elements[i]);
		tree_put(&f->tree, path, "%s", types[i]);
	}
	tree_put(&f->tree, IIO "name", "ina226");
	tree_put(&f->tree, IIO "in_voltage1_scale", "1.25");
	tree_put(&f->tree, IIO "in_current3_scale", "0.5");
	tree_put(&f->tree, IIO "in_sampling_frequency", "500");
	tree_put(&f->tree, IIO "current_timestamp_clock", "realtime");
	tree_put(&f->tree, IIO "buffer/length", "2");
	tree_put(&f->tree, IIO "buffer/enable", "0");
}

static void put_le(uint8_t *p, uint64_t v, unsigned int bytes)
{
	for (unsigned int i = 0; i < bytes; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

static void test_iio(void **state)
{
	uint8_t samples[40] = {0}; /* two samples: u16 voltage, s16 current, 4 of padding, time */
	struct fixture *f = *state;
	struct erg_source *s;
	char clock[32];

	make_iio(f);
	for (unsigned int i = 0; i < 2; i++) {
		put_le(samples + 16 * i, 4000, 2);
		put_le(samples + 16 * i + 2, i ? 0xfffe : 3000, 2);
		put_le(samples + 16 * i + 8, 123456789 + i * 2000000, 8);
	}
	tree_bytes(&f->tree, "dev/iio:device0", samples, 32);
	assert_int_equal(find(f, "iio"), 0);
	start_all(f);
	assert_int_equal(file_value(f, IIO "buffer/enable"), 1);
	assert_int_equal(file_value(f, IIO "scan_elements/in_current3_en"), 1);
	/* Somebody had enabled the power: it is not in our layout. */
	assert_int_equal(file_value(f, IIO "scan_elements/in_power2_en"), 0);
	erg_attr_read_line(clock, sizeof(clock), "%s/" IIO "current_timestamp_clock", f->tree.dir);
	assert_string_equal(clock, "monotonic");
	s = f->list.sources[0];
	assert_int_equal(s->n_channels, 2);
	assert_int_equal(s->model.window_ns, 2000000);
	assert_int_equal(s->ops->read(s, f->values, &f->native), ERG_READ_MORE);
	assert_int_equal(f->native, 123456789);
	assert_int_equal(f->values[0], 3000); /* current, then voltage */
	assert_int_equal(f->values[1], 4000);
	assert_float_equal(s->channels[0].scale, 0.5e-3, 1e-12);
	assert_float_equal(s->channels[1].scale, 1.25e-3, 1e-12);
	assert_int_equal(s->ops->read(s, f->values, &f->native), ERG_READ_OK);
	assert_int_equal(f->values[0], -2);
	assert_int_equal(s->ops->read(s, f->values, &f->native), ERG_READ_NOTHING);
	s->ops->stop(s);
	assert_int_equal(file_value(f, IIO "buffer/enable"), 0);
	assert_int_equal(file_value(f, IIO "buffer/length"), 2);
	assert_int_equal(file_value(f, IIO "scan_elements/in_current3_en"), 0);
	assert_int_equal(file_value(f, IIO "scan_elements/in_power2_en"), 1);
}

/* A device that stamps no samples: they came at its rate, or only the last one counts. */
static void test_iio_without_times(void **state)
{
	uint8_t samples[12]; /* three samples: u16 voltage, s16 current */
	struct fixture *f = *state;
	struct erg_source *s;
	uint64_t first;

	make_iio(f);
	tree_put(&f->tree, IIO "scan_elements/in_timestamp_type", "none");
	for (unsigned int i = 0; i < 3; i++) {
		put_le(samples + 4 * i, 4000, 2);
		put_le(samples + 4 * i + 2, 100 + i, 2);
	}
	tree_bytes(&f->tree, "dev/iio:device0", samples, sizeof(samples));
	assert_int_equal(find(f, "iio"), 0);
	start_all(f);
	s = f->list.sources[0];
	assert_int_equal(s->model.lag_u_ns, 2000000); /* 500 Hz */
	assert_int_equal(s->ops->read(s, f->values, &first), ERG_READ_MORE);
	assert_int_equal(f->values[0], 100);
	assert_int_equal(s->ops->read(s, f->values, &f->native), ERG_READ_MORE);
	assert_int_equal(f->native, first + 2000000);
	assert_int_equal(s->ops->read(s, f->values, &f->native), ERG_READ_OK);
	assert_int_equal(f->native, first + 4000000);
	assert_true(f->native <= erg_mono_ns());
	tree_put(&f->tree, IIO "in_sampling_frequency", "0");
	assert_int_equal(find(f, "iio"), 0);
	start_all(f);
	s = f->list.sources[0];
	assert_int_equal(s->ops->read(s, f->values, &f->native), ERG_READ_OK);
	assert_int_equal(f->values[0], 102);
	assert_int_equal(f->native, 0);
}

static void expect_left_out(struct fixture *f, const char *reason)
{
	assert_int_equal(find(f, "iio"), -ENOENT);
	assert_non_null(strstr(f->err.msg, reason));
}

/* Without one of its elements, the others' values would be taken for it; without its scale, a count for
 * milliamperes. */
static void test_iio_half(void **state)
{
	struct fixture *f = *state;

	make_iio(f);
	tree_bytes(&f->tree, "dev/iio:device0", "", 0);
	assert_int_equal(find(f, "iio"), 0);
	tree_put(&f->tree, IIO "scan_elements/in_voltage0_type", "le:u99/3>>70");
	expect_left_out(f, "in_voltage0 cannot be captured");
	tree_put(&f->tree, IIO "scan_elements/in_voltage0_type", "le:u16/16>>0");
	tree_put(&f->tree, IIO "scan_elements/in_current3_index", "third");
	expect_left_out(f, "in_current3 cannot be captured");
	tree_put(&f->tree, IIO "scan_elements/in_current3_index", "3");
	tree_put(&f->tree, IIO "in_current3_scale", "x");
	expect_left_out(f, "in_current3 has no scale");
	tree_remove(&f->tree, IIO "in_current3_scale");
	expect_left_out(f, "in_current3 has no scale");
	tree_put(&f->tree, IIO "in_current_scale", "0.5"); /* of all currents */
	assert_int_equal(find(f, "iio"), 0);
	tree_put(&f->tree, IIO "in_voltage_offset", "-2048");
	expect_left_out(f, "in_voltage1 has an offset");
	tree_put(&f->tree, IIO "in_voltage_offset", "0");
	assert_int_equal(find(f, "iio"), 0);
	assert_float_equal(f->list.sources[0]->channels[0].scale, 0.5e-3, 1e-12);
}

/* A device that cannot be opened (another program has it) keeps its settings. */
static void test_iio_taken(void **state)
{
	struct fixture *f = *state;
	char device[128];

	make_iio(f);
	tree_put(&f->tree, IIO "buffer/enable", "1");
	tree_bytes(&f->tree, "dev/iio:device0", (const uint8_t *)"", 0);
	assert_int_equal(find(f, "iio"), 0);
	snprintf(device, sizeof(device), "%s/dev/iio:device0", f->tree.dir);
	assert_int_equal(unlink(device), 0);
	assert_true(f->list.sources[0]->ops->start(f->list.sources[0], &f->err) < 0);
	assert_int_equal(file_value(f, IIO "buffer/enable"), 1);
	assert_int_equal(file_value(f, IIO "buffer/length"), 2);
}

static void test_iio_types(void **state)
{
	struct erg_iio_element e;
	uint8_t bytes[] = {0xab, 0xcd, 0xef, 0x12};

	assert_int_equal(erg_iio_parse_type("be:s12/16>>4", &e), 0);
	e.offset = 0;
	assert_int_equal(erg_iio_value(&e, bytes), -1348); /* 0xabc as 12 bits with sign */
	assert_int_equal(erg_iio_parse_type("le:u24/32>>8", &e), 0);
	assert_int_equal(erg_iio_value(&e, bytes), 0x12efcd);
	assert_int_equal(erg_iio_parse_type("le:s64/64>>0", &e), 0);
	assert_int_equal(erg_iio_parse_type("le:s16/16X2>>0", &e), -ENOTSUP);
	assert_int_equal(erg_iio_parse_type("le:s16/24>>0", &e), -ENOTSUP);
	assert_int_equal(erg_iio_parse_type("le:s16/16>>4", &e), -EBADMSG);
	assert_int_equal(erg_iio_parse_type("le:s16/16>>-4", &e), -EBADMSG);
	assert_int_equal(erg_iio_parse_type("", &e), -EBADMSG);
	assert_int_equal(erg_iio_parse_type("xe:s16/16>>0", &e), -EBADMSG);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_iio),
		TEST(test_iio_without_times),
		TEST(test_iio_half),
		TEST(test_iio_taken),
		cmocka_unit_test(test_iio_types),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
