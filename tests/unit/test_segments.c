/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Segments cover the run without overlap whatever the intervals look like, belong to the innermost
 * layer, and are shared between threads by CPU time.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "analyze/timeline/nesting.h"
#include "analyze/timeline/segments.h"
#include "formats/base/util.h"

#define LAYERS 4

struct fixture {
	struct erg_timeline tl;
	struct erg_tl_layer layers[LAYERS];
	struct erg_tl_track tracks[3];
	struct erg_tl_counter counters[1];
	uint32_t layer[16], iteration[16];
	uint16_t track[16];
	uint8_t depth[16];
	int64_t cpu[16], *columns[1];
};

static void init(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	f->tl.layers = f->layers;
	f->tl.n_layers = LAYERS;
	f->tl.tracks = f->tracks;
	f->tl.n_tracks = 3;
	f->tracks[2].place = ERG_TL_DEVICE;
	f->tl.begin = 0;
	f->tl.end = 100;
	f->tl.iv = (struct erg_tl_intervals){.layer = f->layer,
		.iteration = f->iteration,
		.track = f->track,
		.depth = f->depth};
}

static void fixture_release(struct fixture *f)
{
	erg_times_release(&f->tl.iv.begin);
	erg_times_release(&f->tl.iv.end);
}

static void add(struct fixture *f, uint64_t begin, uint64_t end, uint32_t layer, uint16_t track)
{
	size_t i = f->tl.iv.n++;

	assert_int_equal(erg_times_push(&f->tl.iv.begin, begin), 0);
	assert_int_equal(erg_times_push(&f->tl.iv.end, end), 0);
	f->layer[i] = layer;
	f->track[i] = track;
}

/* All that the iterator hands out; entries of segment I are first[i] .. first[i+1]-1. */
struct segments {
	size_t n;
	uint64_t begin[32], end;
	uint32_t first[33], class_[64];
	float share[64];
};

static void gather(const struct fixture *f, bool device, struct segments *ret)
{
	_cleanup_(erg_segment_iter_freep) struct erg_segment_iter *it = NULL;
	struct erg_segment seg;
	uint64_t end = f->tl.begin;

	memset(ret, 0, sizeof(*ret));
	assert_int_equal(erg_segment_iter_new(&f->tl, device, NULL, &it, NULL), 0);
	while (erg_segment_next(it, &seg, NULL) == 1) {
		uint32_t at = ret->first[ret->n];

		assert_true(ret->n < 32 && at + seg.n <= 64);
		assert_int_equal(seg.begin, end); /* no gap, no overlap */
		end = seg.end;
		ret->begin[ret->n] = seg.begin;
		memcpy(ret->class_ + at, seg.class_, seg.n * sizeof(*seg.class_));
		memcpy(ret->share + at, seg.share, seg.n * sizeof(*seg.share));
		ret->first[++ret->n] = at + (uint32_t)seg.n;
	}
	ret->end = end;
}

static void check_covers(const struct fixture *f, const struct segments *s)
{
	assert_int_equal(s->begin[0], f->tl.begin);
	assert_int_equal(s->end, f->tl.end);
	for (size_t i = 0; i < s->n; i++) {
		double sum = 0;

		assert_true(s->begin[i] < (i + 1 < s->n ? s->begin[i + 1] : s->end));
		assert_true(s->first[i] < s->first[i + 1]);
		for (uint32_t k = s->first[i]; k < s->first[i + 1]; k++)
			sum += (double)s->share[k];
		assert_float_equal(sum, 1, 1e-6);
	}
}

static void test_nested(void **state)
{
	static const uint64_t begins[] = {0, 10, 20, 30, 40, 60};
	static const uint32_t classes[] = {LAYERS, 0, 1, 0, 2, LAYERS};
	struct segments s;
	_cleanup_(fixture_release) struct fixture f;

	init(&f);
	add(&f, 10, 40, 0, 0);
	add(&f, 20, 30, 1, 0);
	add(&f, 40, 60, 2, 0);
	gather(&f, false, &s);
	check_covers(&f, &s);
	assert_int_equal(s.n, ERG_ARRAY_SIZE(begins));
	for (size_t i = 0; i < s.n; i++) {
		assert_int_equal(s.begin[i], begins[i]);
		assert_int_equal(s.class_[s.first[i]], classes[i]);
	}
}

static void test_two_threads_by_cpu_time(void **state)
{
	struct segments s;
	_cleanup_(fixture_release) struct fixture f;

	init(&f);
	f.counters[0].name = (char *)"task-clock";
	f.tl.counters = f.counters;
	f.tl.n_counters = 1;
	f.columns[0] = f.cpu;
	f.tl.iv.counter = f.columns;
	add(&f, 0, 100, 0, 0);
	add(&f, 20, 60, 1, 1);
	f.cpu[0] = 100; /* busy all the time */
	f.cpu[1] = 10;  /* waits three quarters of it */
	gather(&f, false, &s);
	check_covers(&f, &s);
	assert_int_equal(s.n, 3);
	assert_float_equal(s.share[s.first[1]], 0.8, 1e-6);
	assert_float_equal(s.share[s.first[1] + 1], 0.2, 1e-6);

	f.cpu[1] = INT64_MIN; /* unknown: equal shares */
	gather(&f, false, &s);
	assert_float_equal(s.share[s.first[1]], 0.5, 1e-6);
}

static void test_device_is_apart(void **state)
{
	struct segments s;
	_cleanup_(fixture_release) struct fixture f;

	init(&f);
	add(&f, 0, 50, 0, 0);
	add(&f, 30, 80, 1, 2);
	gather(&f, true, &s);
	check_covers(&f, &s);
	assert_int_equal(s.n, 3);
	assert_int_equal(s.class_[1], 1);
	assert_int_equal(s.begin[1], 30);
}

/* Intervals that cross, have no length, or lie outside the run. */
static void test_hostile(void **state)
{
	struct segments s;
	_cleanup_(fixture_release) struct fixture f;

	init(&f);
	f.tl.begin = 5;
	add(&f, 0, 3, 3, 0);
	add(&f, 4, 40, 0, 0);
	add(&f, 20, 60, 1, 0); /* outlives its parent */
	add(&f, 30, 30, 2, 0);
	add(&f, 90, 400, 3, 1);
	gather(&f, false, &s);
	check_covers(&f, &s);
	assert_int_equal(s.class_[0], 0);
	assert_int_equal(s.class_[s.n - 1], 3);
}

static void test_map_merges(void **state)
{
	static const uint32_t map[LAYERS + 1] = {0, 0, 1, 1, 2};
	static const uint64_t begins[] = {0, 10, 40, 60};
	struct erg_segment seg;
	_cleanup_(fixture_release) struct fixture f;
	_cleanup_(erg_segment_iter_freep) struct erg_segment_iter *it =
		NULL; /* looks at f to its end */
	size_t n = 0;

	init(&f);
	add(&f, 10, 40, 0, 0);
	add(&f, 20, 30, 1, 0);
	add(&f, 40, 60, 2, 0);
	assert_int_equal(erg_segment_iter_new(&f.tl, false, map, &it, NULL), 0);
	while (erg_segment_next(it, &seg, NULL) == 1) {
		assert_true(n < ERG_ARRAY_SIZE(begins));
		assert_int_equal(seg.begin, begins[n++]);
	}
	assert_int_equal(n, ERG_ARRAY_SIZE(begins));
	assert_int_equal(seg.end, 100);
}

/* Of two tracks, by hand: [0, 50] has [10, 20], which ends as [20, 30] begins, and that [22, 25]; another track lies
 * across; [50, 60] begins as the first ends. */
static void test_nesting(void **state)
{
	_cleanup_(fixture_release) struct fixture f;
	_cleanup_(erg_nesting_freep) struct erg_nesting *nesting = NULL;
	static const struct {
		uint64_t begin, end;
		uint16_t track;
		size_t around;
	} of[] = {{0, 50, 0, SIZE_MAX}, {5, 70, 1, SIZE_MAX}, {10, 20, 0, 0}, {20, 30, 0, 0},
		{22, 25, 0, 3}, {26, 28, 1, 1}, {30, 40, 0, 0}, {50, 60, 0, SIZE_MAX}};

	(void)state;
	init(&f);
	for (size_t i = 0; i < ERG_ARRAY_SIZE(of); i++)
		add(&f, of[i].begin, of[i].end, 0, of[i].track);
	assert_int_equal(erg_nesting_new(&f.tl, &nesting), 0);
	for (size_t i = 0; i < ERG_ARRAY_SIZE(of); i++)
		assert_int_equal(erg_nesting_around(nesting, i), of[i].around);
}

/* Seventy within each other: those beyond ERG_NESTING_MAX are in the last of them. */
static void test_nesting_deep(void **state)
{
	enum { N = 70 };
	uint16_t track[N] = {0};
	struct erg_timeline tl = {.n_tracks = 1, .iv = {.track = track}};
	_cleanup_(erg_nesting_freep) struct erg_nesting *nesting = NULL;

	(void)state;
	for (size_t i = 0; i < N; i++) {
		assert_int_equal(erg_times_push(&tl.iv.begin, i), 0);
		assert_int_equal(erg_times_push(&tl.iv.end, 1000 - i), 0);
	}
	assert_int_equal(erg_nesting_new(&tl, &nesting), 0);
	for (size_t i = 0; i < N; i++)
		assert_int_equal(erg_nesting_around(nesting, i),
			!i                            ? SIZE_MAX
				: i < ERG_NESTING_MAX ? i - 1
						      : ERG_NESTING_MAX - 1);
	erg_times_release(&tl.iv.begin);
	erg_times_release(&tl.iv.end);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nested),
		cmocka_unit_test(test_two_threads_by_cpu_time),
		cmocka_unit_test(test_device_is_apart),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_map_merges),
		cmocka_unit_test(test_nesting),
		cmocka_unit_test(test_nesting_deep),
	};

	return cmocka_run_group_tests_name("segments", tests, NULL, NULL);
}
