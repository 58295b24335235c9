/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The export for Perfetto holds nothing that its trace processor would drop: no time before zero, no
 * slice that overlaps another of its row without nesting, no nanosecond lost in a conversion.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analyze/export/export.h"
#include "analyze/export/samples.h"
#include "formats/base/util.h"

static char layer_name[] = "layer", track_name[] = "thread", phase_name[] = "phase";

static json_t *events(const struct erg_timeline *tl)
{
	_cleanup_(erg_freep) char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	struct erg_err err = {0};
	json_t *doc, *list;

	assert_non_null(f);
	assert_int_equal(erg_export_perfetto_json(tl, f, &err), 0);
	fclose(f);
	doc = json_loadb(text, len, 0, NULL);
	assert_non_null(doc);
	list = json_incref(json_object_get(doc, "traceEvents"));
	json_decref(doc);
	return list;
}

static double number(const json_t *e, const char *key)
{
	return json_number_value(json_object_get(e, key));
}

/* The slice that begins at TS ns when its microseconds are cut, as Perfetto did, and when they are
 * rounded, as it does. */
static const json_t *slice_at(const json_t *list, uint64_t ts)
{
	size_t i;
	json_t *e;

	json_array_foreach ((json_t *)list, i, e)
		if (json_object_get(e, "dur") && (uint64_t)(number(e, "ts") * 1000.0) == ts &&
			(uint64_t)llround(number(e, "ts") * 1000.0) == ts)
			return e;
	fail_msg("no slice at %llu ns", (unsigned long long)ts);
	return NULL;
}

static struct erg_timeline timeline(struct erg_tl_layer *layer, struct erg_tl_track *track)
{
	*layer = (struct erg_tl_layer){.name = layer_name};
	*track = (struct erg_tl_track){.name = track_name, .pid = 1, .tid = 7};
	return (struct erg_timeline){.layers = layer,
		.n_layers = 1,
		.tracks = track,
		.n_tracks = 1};
}

static void slices_that_do_not_nest(void **state)
{
	/* 1 holds 2; 3 begins within 1 and outlives it; 4 fits behind 1 again */
	uint64_t begin[] = {1001, 1002, 1500, 2001}, end[] = {2001, 1400, 2500, 3000};
	uint32_t zeroes[4] = {0};
	uint16_t tracks[4] = {0};
	struct erg_tl_layer layer;
	struct erg_tl_track track;
	struct erg_timeline tl = timeline(&layer, &track);
	json_t *list;

	tl.begin = 0;
	tl.iv = (struct erg_tl_intervals){.n = 4,
		.layer = zeroes,
		.iteration = zeroes,
		.track = tracks};
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(erg_times_push(&tl.iv.begin, begin[i]), 0);
		assert_int_equal(erg_times_push(&tl.iv.end, end[i]), 0);
	}
	list = events(&tl);
	assert_int_equal(number(slice_at(list, 1001), "tid"), 7);
	assert_int_equal(number(slice_at(list, 1002), "tid"), 7);
	assert_int_not_equal(number(slice_at(list, 1500), "tid"), 7);
	assert_int_equal(number(slice_at(list, 2001), "tid"), 7);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal((uint64_t)(number(slice_at(list, begin[i]), "dur") * 1000.0),
			end[i] - begin[i]);
	json_decref(list);
	erg_times_release(&tl.iv.begin);
	erg_times_release(&tl.iv.end);
}

/* As deep as liberg records them, slices are in one row. */
static void slices_that_nest_deep(void **state)
{
	enum { N = 64 };
	uint32_t zeroes[N] = {0};
	uint16_t tracks[N] = {0};
	struct erg_tl_layer layer;
	struct erg_tl_track track;
	struct erg_timeline tl = timeline(&layer, &track);
	json_t *list;

	tl.iv = (struct erg_tl_intervals){.n = N,
		.layer = zeroes,
		.iteration = zeroes,
		.track = tracks};
	for (size_t i = 0; i < N; i++) {
		assert_int_equal(erg_times_push(&tl.iv.begin, 1001 + i), 0);
		assert_int_equal(erg_times_push(&tl.iv.end, 9000 - i), 0);
	}
	list = events(&tl);
	for (size_t i = 0; i < N; i++)
		assert_int_equal(number(slice_at(list, 1001 + i), "tid"), 7);
	json_decref(list);
	erg_times_release(&tl.iv.begin);
	erg_times_release(&tl.iv.end);
}

/* Twenty modules of 300 letters: a cell of 20 x 300 and 19 tabulators. */
static void modules_of_any_length(void **state)
{
	enum { DEPTH = 20, LETTERS = 300, CELL = DEPTH * LETTERS + DEPTH - 1 };
	char name[LETTERS + 1], none[] = "", cell[CELL + 3] = ",", *text = NULL;
	struct erg_tl_layer layers[DEPTH + 1];
	struct erg_tl_track track = {.name = track_name};
	uint32_t layer = DEPTH, iteration = 0;
	uint16_t at = 0;
	struct erg_timeline tl = {.layers = layers,
		.n_layers = DEPTH + 1,
		.tracks = &track,
		.n_tracks = 1,
		.iv = {.n = 1, .layer = &layer, .iteration = &iteration, .track = &at}};
	struct erg_err err = {0};
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	memset(name, 'm', LETTERS);
	name[LETTERS] = 0;
	for (uint32_t k = 0; k <= DEPTH; k++) {
		layers[k] = (struct erg_tl_layer){.name = k < DEPTH ? name : layer_name,
			.type = none,
			.network = none,
			.parent = k ? k - 1 : ERG_NONE,
			.level = k < DEPTH ? ERG_TL_MODULE : ERG_TL_LAYER};
		if (k < DEPTH)
			sprintf(cell + strlen(cell), "%s%s", k ? "\t" : "", name);
	}
	strcat(cell, ",");
	assert_int_equal(erg_times_push(&tl.iv.begin, 1), 0);
	assert_int_equal(erg_times_push(&tl.iv.end, 2), 0);
	assert_int_equal(erg_export_layers(&tl, f, &err), 0);
	fclose(f);
	assert_non_null(strstr(text, cell));
	free(text);
	erg_times_release(&tl.iv.begin);
	erg_times_release(&tl.iv.end);
}

static void times_before_the_command(void **state)
{
	struct erg_tl_phase phases[] = {{.name = phase_name, .begin = 4000, .end = 5000},
		{.name = phase_name, .begin = 1000, .end = 4500}};
	struct erg_tl_layer layer;
	struct erg_tl_track track;
	struct erg_timeline tl = timeline(&layer, &track);
	json_t *list, *e;
	size_t i;

	tl.begin = 3000;
	tl.phases = phases;
	tl.n_phases = 2;
	list = events(&tl);
	json_array_foreach (list, i, e)
		assert_true(number(e, "ts") >= 0);
	/* phases of two threads may overlap; no id of theirs is a process's */
	assert_int_not_equal(number(slice_at(list, 0), "tid"), number(slice_at(list, 3000), "tid"));
	assert_true(number(slice_at(list, 0), "pid") > 4194304);
	json_decref(list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slices_that_do_not_nest),
		cmocka_unit_test(slices_that_nest_deep),
		cmocka_unit_test(modules_of_any_length),
		cmocka_unit_test(times_before_the_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
