/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Columns to a file and back. A timeline made by hand, with all that one can hold (times farther apart
 * than four bytes tell, counters, readings, texts, warnings), is what comes back; a file that ends
 * early, anywhere, or of which one byte is another, is refused, and nothing is lost or freed twice.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "analyze/reader/columns.h"

#define N 200u /* three blocks of times and a part */

static struct erg_timeline *empty(void)
{
	struct erg_timeline *tl = calloc(1, sizeof(*tl));

	assert_non_null(tl);
	tl->warnings = json_array();
	return tl;
}

/* Neighbours a millisecond apart, but for the second block, in which it is ten seconds. */
static uint64_t begin_of(size_t i)
{
	return 1000000u * i + (i >= 64 && i < 128 ? 10000000000u * (i - 63) : 0) +
		(i >= 128 ? 10000000000u * 65 : 0);
}

static void fill_instances(struct erg_timeline *tl)
{
	struct erg_tl_intervals *iv = &tl->iv;

	iv->n = N;
	iv->layer = calloc(N + 1, sizeof(*iv->layer));
	iv->iteration = calloc(N + 1, sizeof(*iv->iteration));
	iv->track = calloc(N + 1, sizeof(*iv->track));
	iv->depth = calloc(N + 1, sizeof(*iv->depth));
	iv->enabled = calloc(N + 1, sizeof(*iv->enabled));
	iv->running = calloc(N + 1, sizeof(*iv->running));
	iv->counter = calloc(2, sizeof(*iv->counter));
	iv->counter[0] = calloc(N + 1, sizeof(**iv->counter));
	for (uint32_t i = 0; i < N; i++) {
		iv->layer[i] = i % 2;
		iv->iteration[i] = 70000 + i;
		iv->track[i] = (uint16_t)(i % 300);
		iv->depth[i] = (uint8_t)i;
		iv->enabled[i] = 5000000000u + i;
		iv->running[i] = i;
		iv->counter[0][i] = i % 3 ? -(int64_t)i : INT64_MIN;
		assert_int_equal(erg_times_push(&iv->begin, begin_of(i)), 0);
		assert_int_equal(erg_times_push(&iv->end, begin_of(i) + 77 + i), 0);
	}
}

static void *one(size_t size, size_t *n, size_t count)
{
	void *p = calloc(count + 1, size);

	assert_non_null(p);
	*n = count;
	return p;
}

static void fill_definitions(struct erg_timeline *tl)
{
	tl->layers = one(sizeof(*tl->layers), &tl->n_layers, 2);
	tl->layers[0] = (struct erg_tl_layer){strdup("conv1"), strdup("conv"), strdup("net"),
		strdup(""), ERG_NONE, .macs = 9, .in_dims = 2, .in_shape = {3, 224}};
	tl->layers[1] = (struct erg_tl_layer){strdup("fc µ"), strdup("fc"), strdup("net"),
		strdup("head"), 0, .level = ERG_TL_LAYER};
	tl->tracks = one(sizeof(*tl->tracks), &tl->n_tracks, 1);
	tl->tracks[0] = (struct erg_tl_track){strdup("main"), 7, 8, ERG_TL_DEVICE};
	tl->counters = one(sizeof(*tl->counters), &tl->n_counters, 1);
	tl->counters[0] = (struct erg_tl_counter){strdup("cycles"), strdup("perf")};
	tl->sources = one(sizeof(*tl->sources), &tl->n_sources, 1);
	tl->sources[0] = (struct erg_tl_source){strdup("hwmon"), strdup("/sys/x"),
		.model.alpha = .25, .simulated = true, .failed = 3};
	tl->channels = one(sizeof(*tl->channels), &tl->n_channels, 1);
	tl->channels[0] = (struct erg_tl_channel){.def.rail = "VDD", .def.scale = 1e-3, .n = 2};
	tl->channels[0].t = calloc(3, sizeof(uint64_t));
	tl->channels[0].half = calloc(3, sizeof(uint32_t));
	tl->channels[0].raw = calloc(3, sizeof(int64_t));
	tl->channels[0].t[1] = 123456789012345;
	tl->channels[0].half[1] = 99;
	tl->channels[0].raw[1] = -5;
}

static struct erg_timeline *make(void)
{
	struct erg_timeline *tl = empty();

	tl->begin = 11;
	tl->end = 22;
	fill_definitions(tl);
	fill_instances(tl);
	tl->phases = one(sizeof(*tl->phases), &tl->n_phases, 1);
	tl->phases[0] = (struct erg_tl_phase){strdup("idle"), 7, 8, 1, 2, true};
	tl->markers = one(sizeof(*tl->markers), &tl->n_markers, 1);
	tl->markers[0] = (struct erg_tl_marker){strdup("here"), 0xff, 4};
	tl->losses = one(sizeof(*tl->losses), &tl->n_losses, 1);
	tl->losses[0] = (struct erg_tl_loss){1, 2, 3, true, strdup("events")};
	tl->statuses = one(sizeof(*tl->statuses), &tl->n_statuses, 1);
	tl->statuses[0] = (struct erg_tl_status){.missed = 6, .detail = strdup("late")};
	erg_timeline_warn(tl, "before", "not of the columns");
	erg_timeline_warn(tl, "undefined", "of the columns");
	return tl;
}

static void assert_instances(const struct erg_tl_intervals *x, const struct erg_tl_intervals *y)
{
	assert_int_equal(y->n, N);
	assert_memory_equal(x->layer, y->layer, N * sizeof(*x->layer));
	assert_memory_equal(x->iteration, y->iteration, N * sizeof(*x->iteration));
	assert_memory_equal(x->track, y->track, N * sizeof(*x->track));
	assert_memory_equal(x->depth, y->depth, N * sizeof(*x->depth));
	assert_memory_equal(x->enabled, y->enabled, N * sizeof(*x->enabled));
	assert_memory_equal(x->running, y->running, N * sizeof(*x->running));
	assert_memory_equal(x->counter[0], y->counter[0], N * sizeof(**x->counter));
	for (size_t i = 0; i < N; i++) {
		assert_true(erg_tl_begin(y, i) == begin_of(i));
		assert_true(erg_tl_end(y, i) == begin_of(i) + 77 + i);
	}
}

static void test_all_comes_back(void **state)
{
	struct erg_timeline *x = make(), *y = empty();
	int fd = memfd_create("columns", 0);

	assert_non_null(x->iv.begin.blocks[1].full); /* or that way is not tested */
	assert_int_equal(erg_columns_write(fd, x, 1, 1 << 20), 0);
	lseek(fd, 0, SEEK_SET);
	erg_timeline_warn(y, "damaged", "was there");
	assert_int_equal(erg_columns_read(fd, y), 0);
	assert_int_equal(y->begin, 11);
	assert_int_equal(y->end, 22);
	assert_int_equal(y->n_layers, 2);
	assert_string_equal(y->layers[1].name, "fc µ");
	assert_string_equal(y->layers[1].module, "head");
	assert_string_equal(y->layers[0].module, "");
	assert_int_equal(y->layers[0].macs, 9);
	assert_int_equal(y->layers[0].in_shape[1], 224);
	assert_int_equal(y->layers[0].parent, ERG_NONE);
	assert_string_equal(y->tracks[0].name, "main");
	assert_int_equal(y->tracks[0].place, ERG_TL_DEVICE);
	assert_string_equal(y->counters[0].origin, "perf");
	assert_string_equal(y->sources[0].path, "/sys/x");
	assert_true(y->sources[0].simulated && y->sources[0].model.alpha == .25);
	assert_string_equal(y->channels[0].def.rail, "VDD");
	assert_true(y->channels[0].t[1] == 123456789012345);
	assert_int_equal(y->channels[0].half[1], 99);
	assert_int_equal(y->channels[0].raw[1], -5);
	assert_true(y->phases[0].open);
	assert_string_equal(y->markers[0].text, "here");
	assert_int_equal(y->losses[0].events, 3);
	assert_string_equal(y->statuses[0].detail, "late");
	assert_int_equal(json_array_size(y->warnings), 2);
	assert_string_equal(json_string_value(
				    json_object_get(json_array_get(y->warnings, 1), "code")),
		"undefined");
	assert_instances(&x->iv, &y->iv);
	close(fd);
	erg_timeline_free(x);
	erg_timeline_free(y);
}

struct bytes {
	char *p;
	size_t n;
};

static struct bytes written(const struct erg_timeline *tl, size_t warnings)
{
	int fd = memfd_create("columns", 0);
	struct bytes b;

	assert_int_equal(erg_columns_write(fd, tl, warnings, 1 << 20), 0);
	b.n = (size_t)lseek(fd, 0, SEEK_END);
	b.p = malloc(b.n + 1);
	assert_int_equal(pread(fd, b.p, b.n, 0), b.n);
	b.p[b.n] = 0;
	close(fd);
	return b;
}

/* What comes of the first N of BYTES: refused, or (zstd has bits that nobody reads) all of RIGHT. */
static bool refused(const char *bytes, size_t n, const struct bytes *right)
{
	struct erg_timeline *tl = empty();
	int fd = memfd_create("columns", 0), r;

	assert_int_equal(write(fd, bytes, n), n);
	lseek(fd, 0, SEEK_SET);
	r = erg_columns_read(fd, tl);
	if (!r) {
		struct bytes again = written(tl, 0);

		assert_int_equal(again.n, right->n);
		assert_memory_equal(again.p, right->p, right->n);
		free(again.p);
	} else {
		assert_int_equal(r, -EBADMSG);
	}
	close(fd);
	erg_timeline_free(tl);
	return r < 0;
}

static void test_nothing_odd_is_taken(void **state)
{
	struct erg_timeline *tl = make();
	struct bytes b = written(tl, 1);
	int fd = memfd_create("columns", 0);
	size_t taken = 0;

	for (size_t i = 0; i < b.n; i += 1 + i / 64)
		assert_true(refused(b.p, i, &b));
	assert_true(refused(b.p, b.n + 1, &b));
	for (size_t i = 0; i < b.n; i++) {
		struct bytes other = {malloc(b.n), b.n};

		memcpy(other.p, b.p, b.n);
		other.p[i] ^= (char)(1 << i % 8);
		taken += !refused(other.p, b.n, &b);
		free(other.p);
	}
	assert_in_range(taken, 0, b.n / 20);
	assert_int_equal(erg_columns_write(fd, tl, 1, 1000), -EFBIG);
	close(fd);
	free(b.p);
	erg_timeline_free(tl);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_comes_back),
		cmocka_unit_test(test_nothing_odd_is_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
