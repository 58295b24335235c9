/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Timelines: lookups, warnings, the end; tables of a chunk. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "analyze/reader/tables.h"
#include "analyze/timeline/timeline.h"
#include "formats/base/util.h"

static void test_find_and_warn(void **state)
{
	_cleanup_(erg_timeline_freep) struct erg_timeline *tl = calloc(1, sizeof(*tl));

	tl->warnings = json_array();
	tl->channels = calloc(2, sizeof(*tl->channels));
	tl->n_channels = 2;
	strcpy(tl->channels[0].def.rail, "VDD_IN");
	tl->channels[0].def.quantity = ERG_Q_VOLTAGE;
	strcpy(tl->channels[1].def.rail, "VDD_IN");
	tl->channels[1].def.quantity = ERG_Q_CURRENT;
	assert_int_equal(erg_timeline_find(tl, "VDD_IN", ERG_Q_CURRENT), 1);
	assert_int_equal(erg_timeline_find(tl, "VDD_IN", ERG_Q_POWER), ERG_NONE);
	assert_int_equal(erg_timeline_find(tl, "VDD_GPU", ERG_Q_CURRENT), ERG_NONE);
	erg_timeline_warn(tl, "lost", "%d events of %s", 3, "\xff\xfe"); /* no UTF-8 */
	erg_timeline_warn(tl, "lost", "%d events", 3);
	assert_int_equal(json_array_size(tl->warnings), 2);
	assert_string_equal(json_string_value(
				    json_object_get(json_array_get(tl->warnings, 1), "text")),
		"3 events");
}

static void test_throttling(void **state)
{
	_cleanup_(erg_timeline_freep) struct erg_timeline *tl = calloc(1, sizeof(*tl));
	static const struct {
		const char *rail, *unit;
		enum erg_sensor_kind kind;
		int64_t raw[2];
		bool tells, throttled;
	} cases[] = {
		{"throttle-core-0", "1", ERG_SENSOR_COUNTER, {4, 4}, true, false},
		{"throttle-core-0", "1", ERG_SENSOR_COUNTER, {4, 5}, true, true},
		{"Processor", "1", ERG_SENSOR_POINT, {0, 0}, true, false},
		{"throttle-alert", "1", ERG_SENSOR_POINT, {1, 1}, true, true},
		{"gpu0-throttle-reasons", "bits", ERG_SENSOR_POINT, {0, 0x1}, true,
			false}, /* idle */
		{"gpu0-throttle-reasons", "bits", ERG_SENSOR_POINT, {0x44, 0x40}, true, true},
		{"gpu0-power-limit", "mW", ERG_SENSOR_POINT, {700000, 700000}, false, false},
	};
	struct erg_tl_channel *c;

	tl->sources = calloc(1, sizeof(*tl->sources));
	tl->sources[0].cls = ERG_CLASS_THERMAL;
	tl->channels = c = calloc(1, sizeof(*tl->channels));
	c->def.quantity = ERG_Q_COUNT;
	c->n = 2;
	for (size_t i = 0; i < ERG_ARRAY_SIZE(cases); i++) {
		int64_t raw[2] = {cases[i].raw[0], cases[i].raw[1]};

		snprintf(c->def.rail, sizeof(c->def.rail), "%s", cases[i].rail);
		snprintf(c->def.unit, sizeof(c->def.unit), "%s", cases[i].unit);
		tl->sources[0].model.kind = cases[i].kind;
		c->raw = raw;
		assert_int_equal(erg_timeline_tells_throttling(tl, c), cases[i].tells);
		if (cases[i].tells)
			assert_int_equal(erg_timeline_throttled(tl, c, 1), cases[i].throttled);
		c->raw = NULL;
	}
	tl->n_channels = 1;
	tl->n_sources = 1;
}

/* Times near to each other and far apart, upwards and downwards, come back as they were. */
static void test_times_are_exact(void **state)
{
	static const uint64_t steps[] = {1, 1000, 1u << 30, 0, (1ull << 31) - 1, 1ull << 31, 3,
		(uint64_t)-5, (uint64_t) - (1ll << 31), (uint64_t) - (1ll << 31) - 1, 1ull << 40,
		(uint64_t) - (1ll << 50)};

	for (size_t often = 1; often <= 2 * ERG_TIMES_BLOCK + 1; often += 32) {
		_cleanup_(erg_times_release) struct erg_times t = {0};
		uint64_t at[4000], now = UINT64_MAX - 10;
		size_t n = ERG_ARRAY_SIZE(at);

		for (size_t i = 0; i < n; i++) {
			now += i % often ? 7 : steps[i / often % ERG_ARRAY_SIZE(steps)];
			at[i] = now;
			assert_int_equal(erg_times_push(&t, now), 0);
		}
		assert_int_equal(t.n, n);
		for (size_t i = 0; i < n; i++)
			assert_true(erg_times_at(&t, i) == at[i]);
	}
}

static void add(struct erg_tables *t, size_t stream, uint64_t begin, uint64_t end)
{
	struct erg_chunk_interval *iv = erg_tables_interval(t, stream);

	assert_non_null(iv);
	*iv = (struct erg_chunk_interval){.begin = begin, .end = end, .counted = UINT32_MAX};
}

/* Writes the tables and checks that all N instances come back in order of their begins. */
static void check_order(struct erg_tables *t, size_t n)
{
	_cleanup_(erg_closep) int fd = memfd_create("test", 0);
	const struct erg_chunk_interval *iv;
	struct erg_chunk_header h;
	char *data;
	off_t size;

	assert_int_equal(erg_tables_write(t, fd, NULL), 0);
	size = lseek(fd, 0, SEEK_END);
	data = malloc((size_t)size);
	assert_int_equal(pread(fd, data, (size_t)size, 0), size);
	memcpy(&h, data, sizeof(h));
	assert_int_equal(h.magic, ERG_CHUNK_MAGIC);
	assert_int_equal(h.n_intervals, n);
	iv = (const void *)(data + h.intervals);
	for (size_t i = 1; i < n; i++)
		assert_true(iv[i - 1].begin < iv[i].begin ||
			(iv[i - 1].begin == iv[i].begin && iv[i - 1].end >= iv[i].end));
	free(data);
}

/* Nested layers on two CPUs come in the order of their ends. */
static void test_streams_are_merged(void **state)
{
	struct erg_tables t;
	size_t s[2], n = 0;

	assert_int_equal(erg_tables_init(&t), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(erg_tables_stream_new(&t, &s[i]), 0);
	for (uint64_t i = 0; i < 100; i++) {
		for (uint64_t k = 0; k < 5; k++, n++)
			add(&t, s[i % 2], i * 100 + k * 10 + 1, i * 100 + k * 10 + 9);
		add(&t, s[i % 2], i * 100 + 1, i * 100 + 60);
		n++;
	}
	check_order(&t, n);
	erg_tables_release(&t);
}

/* Begins that fall all the way: insertion would be quadratic, and is given up. */
static void test_worst_order(void **state)
{
	const size_t n = 200000;
	struct erg_tables t;
	size_t s;

	assert_int_equal(erg_tables_init(&t), 0);
	assert_int_equal(erg_tables_stream_new(&t, &s), 0);
	for (size_t i = 0; i < n; i++)
		add(&t, s, 2 * n - i, 2 * n + i);
	check_order(&t, n);
	erg_tables_release(&t);
}

static void test_threads_have_one_index_each(void **state)
{
	struct erg_tables t;

	assert_int_equal(erg_tables_init(&t), 0);
	assert_int_equal(erg_tables_thread(&t, 1, 1, false), 0);
	assert_int_equal(erg_tables_thread(&t, 1, 2, false), 1);
	assert_int_equal(erg_tables_thread(&t, 1, 1, true), 2);
	assert_int_equal(erg_tables_thread(&t, 2, 1, false), 3);
	assert_int_equal(erg_tables_thread(&t, 1, 1, false), 0);
	erg_tables_release(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find_and_warn),
		cmocka_unit_test(test_times_are_exact),
		cmocka_unit_test(test_throttling),
		cmocka_unit_test(test_streams_are_merged),
		cmocka_unit_test(test_worst_order),
		cmocka_unit_test(test_threads_have_one_index_each),
	};

	return cmocka_run_group_tests_name("timeline", tests, NULL, NULL);
}
