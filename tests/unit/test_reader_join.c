/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From decoded chunks to a timeline. The chunks are filled by hand, event by event, as the decoder
 * fills them, and what must come out is written down here: nothing is computed by the reader's own
 * rules.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analyze/reader/join.h"
#include "analyze/reader/tables.h"
#include "tests/unit/reader_fixture.h"

#define CHUNKS 3

struct fixture {
	struct erg_tables t[CHUNKS];
	struct erg_timeline *tl;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	size_t stream;

	for (size_t i = 0; i < CHUNKS; i++) {
		assert_int_equal(erg_tables_init(&f->t[i]), 0);
		for (size_t s = 0; s < 2; s++)
			assert_int_equal(erg_tables_stream_new(&f->t[i], &stream), 0);
	}
	f->tl = calloc(1, sizeof(*f->tl));
	f->tl->archive = strdup("by-hand.erg");
	f->tl->manifest = json_object();
	f->tl->warnings = json_array();
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < CHUNKS; i++)
		erg_tables_release(&f->t[i]);
	erg_timeline_free(f->tl);
	free(f);
	return 0;
}

/* Hands the chunks over as their processes do, and joins them. */
static void join(struct fixture *f)
{
	struct erg_worker_chunk chunks[CHUNKS];
	struct erg_err err = {0};

	for (size_t i = 0; i < CHUNKS; i++) {
		int fd = memfd_create("chunk", MFD_CLOEXEC);

		assert_int_equal(erg_tables_write(&f->t[i], fd, &err), 0);
		map_chunk(fd, &chunks[i]);
	}
	if (erg_join_timeline(f->tl, chunks, CHUNKS, &err) < 0)
		fail_msg("%s", err.msg);
	for (size_t i = 0; i < CHUNKS; i++)
		erg_worker_unmap(&chunks[i]);
}

/* An event that happens rarely: EVENT and the fields of FMT, as for json_pack. */
static void rare(struct fixture *f, size_t chunk, const char *event, const char *fmt, ...)
{
	json_error_t error;
	json_t *o;
	va_list ap;

	va_start(ap, fmt);
	o = json_vpack_ex(&error, 0, fmt, ap);
	va_end(ap);
	if (!o)
		fail_msg("%s: %s", event, error.text);
	json_object_set_new(o, "event", json_string(event));
	assert_int_equal(json_array_append_new(f->t[chunk].defs, o), 0);
}

static void define(struct fixture *f, size_t chunk, uint64_t time, int pid, int id, int parent,
	const char *name, int level)
{
	rare(f, chunk, "layer_define", "{s:I, s:i, s:i, s:i, s:s, s:s, s:s, s:i}", "time",
		(json_int_t)time, "pid", pid, "id", id, "parent", parent, "name", name, "type",
		"conv", "network", "net", "level", level);
}

static struct erg_chunk_interval *ran(struct fixture *f, size_t chunk, size_t stream, uint32_t pid,
	uint32_t tid, uint32_t id, uint64_t begin, uint64_t end)
{
	struct erg_tables *t = &f->t[chunk];
	int thread = erg_tables_thread(t, pid, tid, false);
	struct erg_chunk_interval *iv = erg_tables_interval(t, stream);

	assert_true(thread >= 0);
	*iv = (struct erg_chunk_interval){.begin = begin,
		.end = end,
		.id = id,
		.counted = UINT32_MAX,
		.thread = (uint16_t)thread};
	t->events++;
	t->first_ns = begin < t->first_ns ? begin : t->first_ns;
	t->last_ns = end > t->last_ns ? end : t->last_ns;
	return iv;
}

static void reading(struct fixture *f, size_t chunk, int64_t before, int64_t after, int64_t native,
	int64_t a, int64_t b)
{
	int64_t *row = erg_tables_reading(&f->t[chunk], 1, 4, 2);

	assert_non_null(row);
	memcpy(row, (int64_t[]){before, after, native, a, b}, 5 * sizeof(*row));
}

/* Instance I is of layer NAME, from BEGIN to END, DEPTH layers deep. */
static void expect(const struct fixture *f, size_t i, const char *name, uint64_t begin,
	uint64_t end, unsigned int depth)
{
	const struct erg_tl_intervals *iv = &f->tl->iv;

	assert_true(i < iv->n);
	assert_string_equal(f->tl->layers[iv->layer[i]].name, name);
	assert_int_equal(erg_tl_begin(iv, i), begin);
	assert_int_equal(erg_tl_end(iv, i), end);
	assert_int_equal(iv->depth[i], depth);
}

/* Instances are recorded at their ends, a thread's on whichever CPU it ran. */
static void test_nested_over_cpus(void **state)
{
	struct fixture *f = *state;

	define(f, 0, 90, 10, 1, 0, "block", ERG_TL_MODULE);
	define(f, 0, 91, 10, 2, 1, "conv", ERG_TL_LAYER);
	define(f, 0, 92, 10, 3, 2, "kernel", ERG_TL_LAYER);
	ran(f, 0, 1, 10, 11, 3, 125, 140);
	ran(f, 0, 0, 10, 11, 2, 120, 150);
	ran(f, 0, 1, 10, 11, 2, 160, 200);
	ran(f, 0, 0, 10, 11, 1, 100, 200);
	ran(f, 0, 0, 10, 12, 2, 130, 170); /* another thread: no part of the nesting */
	join(f);
	assert_int_equal(f->tl->iv.n, 5);
	expect(f, 0, "block", 100, 200, 0);
	expect(f, 1, "conv", 120, 150, 1);
	expect(f, 2, "kernel", 125, 140, 2);
	expect(f, 3, "conv", 130, 170, 0);
	expect(f, 4, "conv", 160, 200, 1);
	assert_int_equal(f->tl->n_tracks, 2);
	assert_int_equal(f->tl->tracks[f->tl->iv.track[3]].tid, 12);
	assert_string_equal(f->tl->layers[1].module, "block");
	assert_string_equal(f->tl->layers[2].module, "block"); /* of the nearest one above */
	assert_int_equal(f->tl->layers[1].parent, 0);
	assert_int_equal(f->tl->begin, 100);
	assert_int_equal(f->tl->end, 200);
	assert_int_equal(json_array_size(f->tl->warnings), 0);
}

/* Two that begin together: the longer one encloses the other. */
static void test_same_begin(void **state)
{
	struct fixture *f = *state;

	define(f, 0, 1, 10, 1, 0, "outer", ERG_TL_LAYER);
	define(f, 0, 2, 10, 2, 1, "inner", ERG_TL_LAYER);
	ran(f, 0, 0, 10, 11, 2, 100, 150);
	ran(f, 0, 0, 10, 11, 1, 100, 200);
	join(f);
	expect(f, 0, "outer", 100, 200, 0);
	expect(f, 1, "inner", 100, 150, 1);
}

/* Each process counts its ids on its own; a layer is its path in its network. */
static void test_processes_are_merged(void **state)
{
	struct fixture *f = *state;

	define(f, 0, 1, 10, 5, 0, "conv", ERG_TL_LAYER);
	define(f, 1, 2, 20, 9, 0, "conv", ERG_TL_LAYER);
	define(f, 1, 3, 20, 5, 0, "pool", ERG_TL_LAYER);
	ran(f, 0, 0, 10, 10, 5, 100, 110);
	ran(f, 1, 0, 20, 20, 9, 200, 230);
	ran(f, 1, 0, 20, 20, 5, 230, 235);
	join(f);
	assert_int_equal(f->tl->n_layers, 2);
	assert_int_equal(f->tl->iv.n, 3);
	assert_int_equal(f->tl->iv.layer[0], f->tl->iv.layer[1]);
	expect(f, 2, "pool", 230, 235, 0);
}

/* A chunk may hold the use of what the next one defines. */
static void test_late_definition(void **state)
{
	struct fixture *f = *state;

	ran(f, 0, 0, 10, 10, 7, 100, 110);
	define(f, 2, 500, 10, 7, 8, "late", ERG_TL_LAYER);
	define(f, 2, 501, 10, 8, 0, "later", ERG_TL_MODULE); /* and its parent after it */
	join(f);
	expect(f, 0, "late", 100, 110, 0);
	assert_string_equal(f->tl->layers[f->tl->iv.layer[0]].module, "later");
	assert_false(has_warning(f->tl->warnings, "undefined"));
}

static void test_lost_definition(void **state)
{
	struct fixture *f = *state;

	define(f, 0, 1, 10, 1, 0, "known", ERG_TL_LAYER);
	ran(f, 0, 0, 10, 10, 1, 100, 110);
	ran(f, 0, 0, 10, 10, 42, 110, 120);
	ran(f, 1, 0, 10, 10, 42, 210, 220);
	ran(f, 1, 0, 11, 11, 42, 215,
		216); /* the same number in another process is another layer */
	join(f);
	assert_int_equal(f->tl->n_layers, 3);
	expect(f, 1, "layer 42 of process 10 (undefined)", 110, 120, 0);
	expect(f, 2, "layer 42 of process 10 (undefined)", 210, 220, 0);
	expect(f, 3, "layer 42 of process 11 (undefined)", 215, 216, 0);
	assert_true(has_warning(f->tl->warnings, "undefined"));
}

/* exec(2): the same process is another program, which counts its ids anew. */
static void test_process_begins_anew(void **state)
{
	struct fixture *f = *state;

	define(f, 0, 50, 10, 1, 0, "before", ERG_TL_LAYER);
	define(f, 0, 60, 10, 1, 0, "before", ERG_TL_LAYER); /* told again: no other program */
	ran(f, 0, 0, 10, 10, 1, 100, 110);
	define(f, 1, 300, 10, 1, 0, "after", ERG_TL_LAYER);
	ran(f, 1, 0, 10, 10, 1, 290, 299);
	ran(f, 1, 0, 10, 10, 1, 310, 320);
	join(f);
	assert_int_equal(f->tl->n_layers, 2);
	expect(f, 0, "before", 100, 110, 0);
	expect(f, 1, "before", 290, 299, 0);
	expect(f, 2, "after", 310, 320, 0);
}

/* Each is the other's parent. */
static void test_loop_of_parents(void **state)
{
	struct fixture *f = *state;

	define(f, 0, 1, 10, 1, 2, "a", ERG_TL_LAYER);
	define(f, 0, 2, 10, 2, 1, "b", ERG_TL_LAYER);
	define(f, 0, 3, 10, 3, 3, "c", ERG_TL_LAYER);
	ran(f, 0, 0, 10, 10, 1, 100, 110);
	ran(f, 0, 0, 10, 10, 3, 110, 120);
	join(f);
	expect(f, 0, "a", 100, 110, 0);
	expect(f, 1, "c", 110, 120, 0);
}

/* Chunks overlap a little: what was open when one was closed ends in the next. */
static void test_chunks_overlap(void **state)
{
	static const uint64_t begins[] = {10, 25, 30, 40, 60};
	struct fixture *f = *state;

	define(f, 0, 1, 10, 1, 0, "l", ERG_TL_LAYER);
	ran(f, 2, 0, 10, 12, 1, 60, 70);
	ran(f, 0, 0, 10, 10, 1, 10, 20);
	ran(f, 0, 0, 10, 10, 1, 40, 45);
	ran(f, 1, 0, 10, 11, 1, 25, 35);
	ran(f, 1, 0, 10, 12, 1, 30, 50);
	join(f);
	assert_int_equal(f->tl->iv.n, 5);
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(erg_tl_begin(&f->tl->iv, i), begins[i]);
}

static void test_reversed(void **state)
{
	struct fixture *f = *state;

	define(f, 0, 1, 10, 1, 0, "l", ERG_TL_LAYER);
	ran(f, 0, 0, 10, 10, 1, 100, 110);
	ran(f, 0, 0, 10, 10, 1, 130, 120);
	join(f);
	assert_int_equal(f->tl->iv.n, 1);
	assert_true(has_warning(f->tl->warnings, "reversed"));
}

/* Another recorder's program on the same machine is none of ours; who never said whose it is, is. */
static void test_other_runs(void **state)
{
	struct fixture *f = *state;

	json_object_set_new(f->tl->manifest, "command", json_pack("[s]", "infer"));
	json_object_set_new(f->tl->manifest, "run_id", json_string("mine"));
	rare(f, 0, "process_define", "{s:i, s:i, s:s}", "time", 1, "pid", 10, "run", "mine");
	rare(f, 1, "process_define", "{s:i, s:i, s:s}", "time", 2, "pid", 20, "run", "theirs");
	define(f, 0, 3, 10, 1, 0, "ours", ERG_TL_LAYER);
	define(f, 0, 4, 20, 1, 0, "theirs", ERG_TL_LAYER);
	define(f, 0, 5, 30, 1, 0, "silent", ERG_TL_LAYER);
	ran(f, 0, 0, 20, 20, 1, 100, 110);
	ran(f, 0, 0, 10, 10, 1, 110, 120);
	ran(f, 0, 0, 30, 30, 1, 120, 130);
	rare(f, 0, "phase_begin", "{s:i, s:i, s:i, s:s}", "time", 90, "pid", 20, "tid", 20, "name",
		"run");
	rare(f, 0, "phase_begin", "{s:i, s:i, s:i, s:s}", "time", 91, "pid", 30, "tid", 30, "name",
		"idle"); /* of an idle phase that must be certain */
	join(f);
	assert_int_equal(f->tl->iv.n, 2);
	expect(f, 0, "ours", 110, 120, 0);
	expect(f, 1, "silent", 120, 130, 0);
	assert_int_equal(f->tl->n_layers, 2);
	assert_int_equal(f->tl->n_phases, 0);
}

/* Without a command everything that ran is ours. */
static void test_all_runs(void **state)
{
	struct fixture *f = *state;

	json_object_set_new(f->tl->manifest, "command", json_array());
	json_object_set_new(f->tl->manifest, "run_id", json_string("mine"));
	rare(f, 0, "process_define", "{s:i, s:i, s:s}", "time", 1, "pid", 20, "run", "theirs");
	define(f, 0, 4, 20, 1, 0, "theirs", ERG_TL_LAYER);
	ran(f, 0, 0, 20, 20, 1, 100, 110);
	join(f);
	assert_int_equal(f->tl->iv.n, 1);
}

static int64_t *count(struct fixture *f, size_t chunk, struct erg_chunk_interval *iv, size_t n)
{
	int64_t *row = erg_tables_counted(&f->t[chunk], n, &iv->counted);

	assert_non_null(row);
	row[0] = 1000;
	row[1] = 500;
	return row + 2;
}

/* Columns go by name: the second process has the two counters the other way round. */
static void test_counters(void **state)
{
	struct fixture *f = *state;
	int64_t *d;

	rare(f, 0, "counter_define", "{s:i, s:i, s:i, s:s, s:s}", "time", 1, "pid", 10, "index", 0,
		"name", "cycles", "origin", "perf");
	rare(f, 0, "counter_define", "{s:i, s:i, s:i, s:s, s:s}", "time", 2, "pid", 10, "index", 1,
		"name", "misses", "origin", "perf");
	rare(f, 1, "counter_define", "{s:i, s:i, s:i, s:s, s:s}", "time", 3, "pid", 20, "index", 0,
		"name", "misses", "origin", "perf");
	rare(f, 1, "counter_define", "{s:i, s:i, s:i, s:s, s:s}", "time", 4, "pid", 20, "index", 1,
		"name", "cycles", "origin", "perf");
	define(f, 0, 5, 10, 1, 0, "l", ERG_TL_LAYER);
	define(f, 0, 6, 20, 1, 0, "l", ERG_TL_LAYER);
	d = count(f, 0, ran(f, 0, 0, 10, 10, 1, 100, 110), 2);
	d[0] = 70;
	d[1] = 7;
	d = count(f, 1, ran(f, 1, 0, 20, 20, 1, 200, 210), 2);
	d[0] = 8;
	d[1] = 80;
	d = count(f, 1, ran(f, 1, 0, 20, 20, 1, 220, 230), 1);
	d[0] = 9;
	ran(f, 1, 0, 20, 20, 1, 240, 250); /* not counted */
	join(f);
	assert_int_equal(f->tl->n_counters, 2);
	assert_string_equal(f->tl->counters[0].name, "cycles");
	assert_int_equal(f->tl->iv.counter[0][0], 70);
	assert_int_equal(f->tl->iv.counter[1][0], 7);
	assert_int_equal(f->tl->iv.counter[0][1], 80);
	assert_int_equal(f->tl->iv.counter[1][1], 8);
	assert_true(f->tl->iv.counter[0][2] == INT64_MIN);
	assert_int_equal(f->tl->iv.counter[1][2], 9);
	assert_true(f->tl->iv.counter[0][3] == INT64_MIN && f->tl->iv.counter[1][3] == INT64_MIN);
	assert_int_equal(f->tl->iv.enabled[0], 1000);
	assert_int_equal(f->tl->iv.running[1], 500);
	assert_int_equal(f->tl->iv.enabled[3], 0);
}

/* A batch has as many tokens as it has: the layer's MACs are the mean over its calls. */
static void test_macs_of_calls(void **state)
{
	static const int64_t macs[] = {100, 301};
	struct fixture *f = *state;

	rare(f, 0, "counter_define", "{s:i, s:i, s:i, s:s, s:s}", "time", 1, "pid", 10, "index", 0,
		"name", "MACs", "origin", "app");
	rare(f, 0, "layer_define", "{s:i, s:i, s:i, s:i, s:s, s:s, s:s, s:i, s:i}", "time", 2,
		"pid", 10, "id", 1, "parent", 0, "name", "fc", "type", "fc", "network", "net",
		"level", 2, "macs", 100);
	rare(f, 0, "layer_define", "{s:i, s:i, s:i, s:i, s:s, s:s, s:s, s:i, s:i}", "time", 3,
		"pid", 10, "id", 2, "parent", 0, "name", "other", "type", "fc", "network", "net",
		"level", 2, "macs", 55);
	for (size_t i = 0; i < 2; i++)
		*count(f, 0, ran(f, 0, 0, 10, 10, 1, 100 + 10 * i, 110 + 10 * i), 1) = macs[i];
	ran(f, 0, 0, 10, 10, 2, 200, 210);
	join(f);
	assert_int_equal(f->tl->layers[0].macs, 201); /* 200.5 */
	assert_int_equal(f->tl->layers[1].macs, 55);
}

static void define_source(struct fixture *f)
{
	rare(f, 0, "source_define", "{s:i, s:i, s:i, s:s, s:s, s:s, s:s, s:s, s:i, s:f}", "time", 1,
		"pid", 1, "source", 4, "kind", "hwmon", "path", "/sys/x", "class_name", "power",
		"sensor", "boxcar", "provenance", "datasheet", "window_ns", 2000000, "alpha", 0.5);
	rare(f, 0, "channel_define", "{s:i, s:i, s:i, s:i, s:s, s:s, s:s, s:s, s:f}", "time", 2,
		"pid", 1, "source", 4, "index", 0, "rail", "VDD", "parent", "VIN", "quantity",
		"power", "unit", "uW", "scale", 1e-6);
	rare(f, 0, "channel_define", "{s:i, s:i, s:i, s:i, s:s, s:s, s:s, s:f, s:i}", "time", 3,
		"pid", 1, "source", 4, "index", 1, "rail", "pkg", "quantity", "energy", "unit",
		"uJ", "scale", 1e-6, "wrap", 1000);
}

/* A reading is at the middle of the two looks at the clock, or at the sensor's own time. */
static void test_readings(void **state)
{
	struct fixture *f = *state;
	const struct erg_tl_channel *c;

	define_source(f);
	reading(f, 1, 200, 206, 0, 21, 40); /* 40: it wrapped at 1000 */
	reading(f, 1, 300, 310, 0, INT64_MIN, 90);
	reading(f, 0, 100, 104, 0, 20, 900); /* the chunk before, told later */
	reading(f, 2, 400, 404, 390, 22, 95);
	reading(f, 2, 410, 414, 390, 23, 99); /* the same one once more */
	reading(f, 2, 420, 424, 380, 24, 99); /* the sensor's clock stepped back */
	join(f);
	assert_int_equal(f->tl->n_sources, 1);
	assert_int_equal(f->tl->sources[0].cls, ERG_CLASS_POWER);
	assert_int_equal(f->tl->sources[0].model.kind, ERG_SENSOR_BOXCAR);
	assert_int_equal(f->tl->sources[0].model.provenance, ERG_PROVENANCE_DATASHEET);
	assert_int_equal(f->tl->sources[0].model.window_ns, 2000000);
	assert_float_equal(f->tl->sources[0].model.alpha, 0.5, 0);
	assert_int_equal(f->tl->sources[0].failed, 1);
	assert_true(f->tl->sources[0].native_time);
	c = &f->tl->channels[erg_timeline_find(f->tl, "VDD", ERG_Q_POWER)];
	assert_string_equal(c->def.parent, "VIN");
	assert_int_equal(c->n, 3);
	assert_int_equal(c->t[0], 102);
	assert_int_equal(c->half[0], 2);
	assert_int_equal(c->t[1], 203);
	assert_int_equal(c->t[2], 390);
	assert_int_equal(c->half[2], 0);
	assert_int_equal(c->raw[2], 22);
	c = &f->tl->channels[erg_timeline_find(f->tl, "pkg", ERG_Q_ENERGY)];
	assert_int_equal(c->n, 4);
	assert_int_equal(c->raw[1] - c->raw[0], 140); /* 900 .. 1000, 0 .. 40 */
	assert_int_equal(c->raw[2] - c->raw[1], 50);
	assert_int_equal(c->raw[3] - c->raw[2], 5);
}

/* Two chips with one label. */
static void test_twin_rails(void **state)
{
	struct fixture *f = *state;

	for (int s = 1; s <= 2; s++) {
		rare(f, 0, "source_define", "{s:i, s:i, s:i, s:s, s:s, s:s, s:s}", "time", s, "pid",
			1, "source", s, "kind", "hwmon", "path", s == 1 ? "/sys/a" : "/sys/b",
			"class_name", "power", "sensor", "point");
		rare(f, 0, "channel_define", "{s:i, s:i, s:i, s:i, s:s, s:s, s:s, s:f}", "time",
			10 + s, "pid", 1, "source", s, "index", 0, "rail", "VDD", "quantity",
			"power", "unit", "uW", "scale", 1e-6);
	}
	join(f);
	assert_int_equal(f->tl->n_channels, 2);
	assert_string_equal(f->tl->channels[0].def.rail, "VDD");
	assert_string_equal(f->tl->channels[1].def.rail, "VDD#2");
	assert_true(has_warning(f->tl->warnings, "twin-rails"));
}

/* Readings of a source that was never defined are nobody's; a definition again adds no second. */
static void test_sources_defined_or_not(void **state)
{
	struct fixture *f = *state;

	reading(f, 0, 100, 104, 0, 20, 900);
	join(f);
	assert_int_equal(f->tl->n_sources, 0);
	assert_int_equal(f->tl->n_channels, 0);
}

static void test_source_defined_twice(void **state)
{
	struct fixture *f = *state;

	define_source(f);
	define_source(f);
	reading(f, 0, 100, 104, 0, 20, 900);
	join(f);
	assert_int_equal(f->tl->n_sources, 1);
	assert_int_equal(f->tl->n_channels, 2);
	assert_int_equal(f->tl->channels[0].n, 1);
}

static void phase(struct fixture *f, const char *event, int time, int tid, const char *name)
{
	rare(f, 0, event, "{s:i, s:i, s:i, s:s}", "time", time, "pid", 10, "tid", tid, "name",
		name);
}

static void test_phases(void **state)
{
	struct fixture *f = *state;

	f->tl->summary = json_pack("{s:i, s:i}", "begin_ns", 50, "end_ns", 1000);
	phase(f, "phase_begin", 100, 10, "run");
	phase(f, "phase_begin", 200, 10, "run"); /* within the first */
	phase(f, "phase_begin", 210, 11, "run"); /* of another thread */
	phase(f, "phase_end", 300, 10, "run");
	phase(f, "phase_end", 400, 10, "run");
	phase(f, "phase_end", 500, 12, "run"); /* never began */
	join(f);
	assert_int_equal(f->tl->n_phases, 3);
	assert_int_equal(f->tl->phases[0].end, 400);
	assert_int_equal(f->tl->phases[1].end, 300);
	assert_true(f->tl->phases[2].open);
	assert_int_equal(f->tl->phases[2].end, 1000); /* the run's end */
	assert_int_equal(f->tl->begin, 50);
}

static void test_losses(void **state)
{
	struct fixture *f = *state;

	rare(f, 1, "loss", "{s:s, s:i, s:i, s:i, s:b}", "what", "events", "count", 12, "begin", 100,
		"end", 200, "samples", 0);
	rare(f, 0, "loss", "{s:s, s:i, s:i, s:i, s:b}", "what", "packets", "count", 2, "begin", 50,
		"end", 60, "samples", 1);
	rare(f, 0, "loss", "{s:s, s:s, s:i, s:i, s:i, s:i, s:b}", "what", "cut", "file",
		"0000/layers_0", "at", 4096, "count", 33, "begin", 300, "end", 310, "samples", 0);
	join(f);
	assert_int_equal(f->tl->n_losses, 3);
	assert_int_equal(f->tl->losses[0].begin, 50); /* in order of time */
	assert_int_equal(f->tl->losses[0].events, 0); /* packets: how many events is not known */
	assert_true(f->tl->losses[0].samples);
	assert_int_equal(f->tl->losses[1].events, 12);
	assert_false(f->tl->losses[1].samples);
	assert_string_equal(f->tl->losses[2].what, "cut");
	assert_true(has_warning(f->tl->warnings, "cut"));
}

/* A thread and a track of one number are two; a device's track is a device's. */
static void test_tracks(void **state)
{
	struct fixture *f = *state;
	struct erg_chunk_interval *iv;
	int thread;

	define(f, 0, 1, 10, 1, 0, "l", ERG_TL_LAYER);
	rare(f, 0, "track_define", "{s:i, s:i, s:i, s:s, s:i}", "time", 2, "pid", 10, "track", 7,
		"name", "gpu0 stream 7", "device", 1);
	rare(f, 0, "thread_define", "{s:i, s:i, s:i, s:s}", "time", 3, "pid", 10, "tid", 7, "name",
		"worker");
	ran(f, 0, 0, 10, 7, 1, 100, 110);
	thread = erg_tables_thread(&f->t[0], 10, 7, true);
	assert_true(thread > 0);
	iv = erg_tables_interval(&f->t[0], 0);
	*iv = (struct erg_chunk_interval){.begin = 105,
		.end = 120,
		.id = 1,
		.counted = UINT32_MAX,
		.thread = (uint16_t)thread,
		.span = 1};
	join(f);
	assert_int_equal(f->tl->n_tracks, 2);
	assert_string_equal(f->tl->tracks[f->tl->iv.track[0]].name, "worker");
	assert_int_equal(f->tl->tracks[f->tl->iv.track[0]].place, ERG_TL_HOST);
	assert_string_equal(f->tl->tracks[f->tl->iv.track[1]].name, "gpu0 stream 7");
	assert_int_equal(f->tl->tracks[f->tl->iv.track[1]].place, ERG_TL_DEVICE);
	expect(f, 1, "l", 105, 120, 0); /* not within the thread's */
}

static void test_nothing(void **state)
{
	struct fixture *f = *state;

	join(f);
	assert_int_equal(f->tl->iv.n, 0);
	assert_int_equal(f->tl->begin, 0);
	assert_int_equal(f->tl->end, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_nested_over_cpus),
		TEST(test_same_begin),
		TEST(test_processes_are_merged),
		TEST(test_late_definition),
		TEST(test_lost_definition),
		TEST(test_process_begins_anew),
		TEST(test_loop_of_parents),
		TEST(test_chunks_overlap),
		TEST(test_reversed),
		TEST(test_other_runs),
		TEST(test_all_runs),
		TEST(test_counters),
		TEST(test_macs_of_calls),
		TEST(test_readings),
		TEST(test_twin_rails),
		TEST(test_sources_defined_or_not),
		TEST(test_source_defined_twice),
		TEST(test_phases),
		TEST(test_losses),
		TEST(test_tracks),
		TEST(test_nothing),
	};

	return cmocka_run_group_tests_name("reader-join", tests, NULL, NULL);
}
