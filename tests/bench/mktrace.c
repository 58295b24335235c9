/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mktrace EVENTS OUT.erg: an archive as a recording of a small network makes it, of any size, in
 * seconds and without a daemon. The CTF is laid out like LTTng-UST's on a machine that reads
 * unaligned integers: 5 bits of id and 27 of time, vpid and vtid as context, packets of one
 * mebibyte, one stream a CPU and channel. 67 layers of 5 to 40 us in a network, an iteration on
 * one CPU and the next on the other, one reading of power a millisecond. Power is what the running
 * layer is given here, so that an analysis has something to find.
 *
 * The same arguments give the same bytes. With a third argument, "twin", a second source has a rail
 * of the same name, which reads half as much; with "chunk=N", N of them are in a chunk instead of
 * 1,250,000; with "classes=N" the network has N layers.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/archive/archive.h"
#include "formats/manifest.h"
#include "formats/base/util.h"

#define LAYERS 67
#define CPUS 2
#define PACKET (1u << 20)
#define CHUNK_EVENTS UINT64_C(1250000)
#define PID 4242
#define T0 1000000000000ull /* ns */
#define RUN_ID "benchmark"

enum { LAYER_STREAM, SAMPLE_STREAM };
enum { EV_PROCESS, EV_LAYER_DEFINE, EV_LAYER };
enum { EV_SOURCE_DEFINE = 1, EV_CHANNEL_DEFINE, EV_POWER };

static const unsigned char uuid[16] = "ergtrace-bench-1";

/* One stream of the current chunk: bytes of finished packets, and the open one. */
struct stream {
	unsigned char *buf;
	size_t len, cap, packet; /* packet: where the open one begins */
	uint32_t id, cpu;
	uint64_t first, last, seq;
	bool open;
};

static void put(struct stream *s, const void *data, size_t n)
{
	if (s->len + n > s->cap) {
		s->cap = 2 * (s->len + n);
		s->buf = realloc(s->buf, s->cap);
		if (!s->buf)
			abort();
	}
	memcpy(s->buf + s->len, data, n);
	s->len += n;
}

static void put8(struct stream *s, uint8_t v)
{
	put(s, &v, sizeof(v));
}

static void put32(struct stream *s, uint32_t v)
{
	put(s, &v, sizeof(v));
}

static void put64(struct stream *s, uint64_t v)
{
	put(s, &v, sizeof(v));
}

static void put_double(struct stream *s, double v)
{
	put(s, &v, sizeof(v));
}

static void put_text(struct stream *s, const char *v)
{
	put(s, v, strlen(v) + 1);
}

/* ---- packets ---- */

#define CONTEXT_AT 32 /* bytes of the packet header before the packet context */

static void packet_begin(struct stream *s, uint64_t t)
{
	s->packet = s->len;
	s->first = s->last = t;
	s->open = true;
	put32(s, 0xc1fc1fc1);
	put(s, uuid, sizeof(uuid));
	put32(s, s->id);
	put64(s, s->cpu);
	put64(s, t); /* begin, end, content, size: filled in at the end */
	put64(s, 0);
	put64(s, 0);
	put64(s, 0);
	put64(s, s->seq++);
	put64(s, 0); /* events discarded */
	put32(s, s->cpu);
}

static void packet_end(struct stream *s)
{
	uint64_t bits = (s->len - s->packet) * 8, tail[3] = {s->last, bits, bits};

	if (!s->open)
		return;
	memcpy(s->buf + s->packet + CONTEXT_AT + 8, tail, sizeof(tail));
	s->open = false;
}

static void event_begin(struct stream *s, uint32_t id, uint64_t t, uint32_t tid)
{
	if (s->open && s->len - s->packet > PACKET - 256)
		packet_end(s);
	if (!s->open)
		packet_begin(s, t);
	if (t - s->last < 1u << 27) {
		put32(s, id | (uint32_t)(t << 5));
	} else {
		put8(s, 31); /* extended; the padding of an LTTng header is 27 bits */
		put(s, "\0\0", 3);
		put32(s, id);
		put64(s, t);
	}
	s->last = t;
	put32(s, PID);
	put32(s, tid);
}

/* ---- metadata ---- */

static const char types[] =
	"typealias integer { size = 5; align = 1; signed = false; } := uint5_t;\n"
	"typealias integer { size = 8; align = 8; signed = false; } := uint8_t;\n"
	"typealias integer { size = 27; align = 1; signed = false; } := uint27_t;\n"
	"typealias integer { size = 32; align = 8; signed = false; } := uint32_t;\n"
	"typealias integer { size = 32; align = 8; signed = true; } := int32_t;\n"
	"typealias integer { size = 64; align = 8; signed = false; } := uint64_t;\n"
	"typealias integer { size = 64; align = 8; signed = true; } := int64_t;\n"
	"typealias floating_point { exp_dig = 11; mant_dig = 53; align = 8; } := double;\n";

static const char clock_text[] =
	"clock { name = \"monotonic\"; freq = 1000000000; offset = 1700000000000000000; };\n"
	"typealias integer { size = 27; align = 1; map = clock.monotonic.value; } := uint27_clock_t;\n"
	"typealias integer { size = 64; align = 8; map = clock.monotonic.value; } := uint64_clock_t;\n"
	"struct packet_context { uint64_clock_t timestamp_begin; uint64_clock_t timestamp_end;\n"
	"  uint64_t content_size; uint64_t packet_size; uint64_t packet_seq_num;\n"
	"  uint64_t events_discarded; uint32_t cpu_id; };\n"
	"struct event_header { enum : uint5_t { compact = 0 ... 30, extended = 31 } id;\n"
	"  variant <id> { struct { uint27_clock_t timestamp; } compact;\n"
	"    struct { uint32_t id; uint64_clock_t timestamp; } extended; } v; } align(8);\n";

static const char events_text[] =
	"event { name = \"ergtrace:process_define\"; id = 0; stream_id = 0; fields := struct {\n"
	"  string _run; string _role; string _exe; }; };\n"
	"event { name = \"ergtrace:layer_define\"; id = 1; stream_id = 0; fields := struct {\n"
	"  uint32_t _id; uint32_t _parent; uint8_t _level; string _name; string _type;\n"
	"  string _network; uint64_t _macs; uint64_t _params; uint64_t _bytes_in;\n"
	"  uint64_t _bytes_out; uint64_t _bytes_params;\n"
	"  uint8_t __in_shape_length; uint32_t _in_shape[ __in_shape_length ];\n"
	"  uint8_t __out_shape_length; uint32_t _out_shape[ __out_shape_length ];\n"
	"  uint8_t __kernel_shape_length; uint32_t _kernel_shape[ __kernel_shape_length ]; }; };\n"
	"event { name = \"ergtrace:layer\"; id = 2; stream_id = 0; fields := struct {\n"
	"  uint32_t _id; uint32_t _iteration; uint64_t _begin; }; };\n"
	"event { name = \"ergtrace:process_define\"; id = 0; stream_id = 1; fields := struct {\n"
	"  string _run; string _role; string _exe; }; };\n"
	"event { name = \"ergtrace:source_define\"; id = 1; stream_id = 1; fields := struct {\n"
	"  uint32_t _source; string _kind; string _path; string _class_name; uint8_t _simulated;\n"
	"  string _sensor; string _provenance; uint64_t _window_ns; uint64_t _period_ns;\n"
	"  int64_t _lag_ns; uint64_t _lag_u_ns; double _alpha; uint64_t _interval_ns;\n"
	"  uint32_t _channels; }; };\n"
	"event { name = \"ergtrace:channel_define\"; id = 2; stream_id = 1; fields := struct {\n"
	"  uint32_t _source; uint32_t _index; string _rail; string _parent; string _quantity;\n"
	"  string _unit; double _scale; uint64_t _wrap; double _lsb; double _offset_max;\n"
	"  double _gain_max; }; };\n"
	"event { name = \"ergtrace:power_sample\"; id = 3; stream_id = 1; fields := struct {\n"
	"  uint32_t _source; uint64_t _t_before; uint64_t _t_after; uint64_t _native;\n"
	"  uint8_t __values_length; int64_t _values[ __values_length ]; }; };\n";

static char *metadata(void)
{
	char id[37], *text = NULL;
	int at = 0;

	for (int i = 0; i < 16; i++)
		at += snprintf(id + at, sizeof(id) - (size_t)at, "%s%02x",
			i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", uuid[i]);
	if (asprintf(&text,
		    "/* CTF 1.8 */\n%s"
		    "trace { major = 1; minor = 8; uuid = \"%s\"; byte_order = le;\n"
		    "  packet.header := struct { uint32_t magic; uint8_t uuid[16]; uint32_t stream_id;\n"
		    "    uint64_t stream_instance_id; }; };\n"
		    "env { domain = \"ust\"; tracer_name = \"lttng-ust\"; tracer_major = 2;\n"
		    "  tracer_minor = 13; };\n%s"
		    "stream { id = 0; event.header := struct event_header;\n"
		    "  packet.context := struct packet_context;\n"
		    "  event.context := struct { int32_t _vpid; int32_t _vtid; }; };\n"
		    "stream { id = 1; event.header := struct event_header;\n"
		    "  packet.context := struct packet_context;\n"
		    "  event.context := struct { int32_t _vpid; int32_t _vtid; }; };\n%s",
		    types, id, clock_text, events_text) < 0)
		abort();
	return text;
}

/* ---- the run ---- */

struct run {
	struct erg_archive_writer *w;
	struct stream s[2][CPUS];
	uint64_t events, in_chunk, chunk_events, t, next_sample;
	unsigned int chunk;
	uint32_t seed, layers;
	bool twin;
};

static uint32_t random32(struct run *r)
{
	r->seed = r->seed * 1664525u + 1013904223u;
	return r->seed >> 8;
}

static void define_layer(struct run *r, uint32_t id, uint32_t parent, const char *name)
{
	struct stream *s = &r->s[LAYER_STREAM][0];

	event_begin(s, EV_LAYER_DEFINE, T0, PID);
	put32(s, id);
	put32(s, parent);
	put8(s, parent ? 2 : 0);
	put_text(s, name);
	put_text(s, parent ? "conv" : "");
	put_text(s, "bench");
	put64(s, parent ? 1000 * id : 0);
	for (int i = 0; i < 4; i++)
		put64(s, 0);
	for (int i = 0; i < 3; i++)
		put8(s, 0);
}

static void define_process(struct stream *s, const char *role, uint32_t tid)
{
	event_begin(s, EV_PROCESS, T0, tid);
	put_text(s, RUN_ID);
	put_text(s, role);
	put_text(s, "/usr/bin/bench");
}

static void define_source(struct stream *s, uint32_t source)
{
	event_begin(s, EV_SOURCE_DEFINE, T0, PID + 1);
	put32(s, source);
	put_text(s, "hwmon");
	put_text(s, source == 1 ? "/bench" : "/bench/twin");
	put_text(s, "power");
	put8(s, 1);
	put_text(s, "point");
	put_text(s, "datasheet");
	put64(s, 1000); /* window */
	put64(s, 100);  /* between updates: a reading is never stale */
	put64(s, 0);    /* lag */
	put64(s, 100);
	put_double(s, 0);
	put64(s, 1000000);
	put32(s, 1);
	event_begin(s, EV_CHANNEL_DEFINE, T0, PID + 1);
	put32(s, source);
	put32(s, 0);
	put_text(s, "VDD_IN");
	put_text(s, "");
	put_text(s, "power");
	put_text(s, "mW");
	put_double(s, 1e-3);
	put64(s, 0);
	put_double(s, 1);
	put_double(s, 0);
	put_double(s, 0);
}

static void define(struct run *r)
{
	struct stream *s = &r->s[SAMPLE_STREAM][0];

	define_process(&r->s[LAYER_STREAM][0], "app", PID);
	define_layer(r, 1, 0, "bench");
	for (uint32_t i = 2; i < r->layers + 2; i++) {
		char name[32];

		snprintf(name, sizeof(name), "layer%u", i - 1);
		define_layer(r, i, 1, name);
	}
	define_process(s, "recorder", PID + 1);
	define_source(s, 1);
	if (r->twin)
		define_source(s, 2);
}

static void sample(struct run *r, uint32_t source, uint64_t t, int64_t mw)
{
	struct stream *s = &r->s[SAMPLE_STREAM][0];

	event_begin(s, EV_POWER, t + 5000, PID + 1);
	put32(s, source);
	put64(s, t);
	put64(s, t + 4000);
	put64(s, 0);
	put8(s, 1);
	put64(s, (uint64_t)mw);
	r->events++;
}

static void layer(struct run *r, uint32_t cpu, uint32_t id, uint32_t iteration, uint64_t begin,
	uint64_t end)
{
	struct stream *s = &r->s[LAYER_STREAM][cpu];

	event_begin(s, EV_LAYER, end, PID);
	put32(s, id);
	put32(s, iteration);
	put64(s, begin);
	r->events++;
	r->in_chunk++;
}

/* Readings up to TO, of MW and what noise adds to it. The sensor is as it is declared: an instant within the 1 us
 * before one of the 4 us that a reading takes. */
static void samples(struct run *r, uint64_t to, int64_t mw)
{
	for (; r->next_sample < to; r->next_sample += 1000000 + random32(r) % 100000) {
		uint64_t t = r->next_sample + random32(r) % 1000 - random32(r) % 4000;
		int64_t v = mw + random32(r) % 50;

		sample(r, 1, t, v);
		if (r->twin)
			sample(r, 2, t, v / 2);
	}
}

static void iterate(struct run *r, uint32_t iteration)
{
	uint64_t begin = r->t;
	uint32_t cpu = iteration % CPUS;

	for (uint32_t id = 2; id < r->layers + 2; id++) {
		uint64_t from = r->t + 200,
			 to = from + 5000 + (2 + (id - 2) % LAYERS) * 500 + random32(r) % 2000;

		samples(r, from, 2500);
		samples(r, to, 3000 + 100 * (id % 17));
		layer(r, cpu, id, iteration, from, to);
		r->t = to;
	}
	r->t += 300;
	layer(r, cpu, 1, iteration, begin, r->t);
	r->t += 20000;
}

static int write_chunk(struct run *r, struct erg_err *err)
{
	static const char *const names[] = {"layers", "samples"};
	_cleanup_(erg_freep) char *text = metadata();
	char name[128];
	int rc;

	snprintf(name, sizeof(name), "trace/%04u/ust/uid/0/64-bit/metadata", r->chunk);
	rc = erg_archive_add_mem(r->w, name, text, strlen(text), err);
	for (int k = 0; k < 2; k++)
		for (uint32_t c = 0; c < CPUS && rc >= 0; c++) {
			struct stream *s = &r->s[k][c];

			packet_end(s);
			snprintf(name, sizeof(name), "trace/%04u/ust/uid/0/64-bit/%s_%u", r->chunk,
				names[k], c);
			if (s->len)
				rc = erg_archive_add_mem(r->w, name, s->buf, s->len, err);
			s->len = 0;
		}
	r->chunk++;
	r->in_chunk = 0;
	return rc;
}

static int store(struct run *r, const char *format, struct erg_err *err)
{
	json_t *doc = erg_manifest_new(format, "mktrace");
	int rc;

	json_object_set_new(doc, "run_id", json_string(RUN_ID));
	if (!strcmp(format, ERG_MANIFEST_FORMAT)) {
		json_object_set_new(doc, "simulated", json_true());
		json_object_set_new(doc, "command", json_pack("[s]", "bench"));
	} else {
		json_object_set_new(doc, "complete", json_true());
		json_object_set_new(doc, "begin_ns", json_integer((json_int_t)T0));
		json_object_set_new(doc, "end_ns", json_integer((json_int_t)r->t));
	}
	rc = erg_manifest_store(r->w, doc, err);
	json_decref(doc);
	return rc;
}

/* How many layers the network has; 0 when the variant says it in no form that is known. */
static uint32_t layers_of(const char *variant)
{
	if (strncmp(variant, "classes=", 8) != 0)
		return 0;
	return (uint32_t)strtoul(variant + 8, NULL, 10);
}

/* How many events a chunk holds; 0 when the variant says it in no form that is known. */
static uint64_t in_a_chunk(const char *variant)
{
	if (!*variant || !strcmp(variant, "twin") || layers_of(variant))
		return CHUNK_EVENTS;
	return strncmp(variant, "chunk=", 6) ? 0 : strtoull(variant + 6, NULL, 10);
}

static int make(const char *path, uint64_t events, const char *variant, struct erg_err *err)
{
	struct erg_archive_options opt = {.force = true, .level = 1};
	struct run r = {.t = T0 + 1000,
		.next_sample = T0 + 6000,
		.seed = 1,
		.twin = !strcmp(variant, "twin"),
		.layers = layers_of(variant) ? layers_of(variant) : LAYERS,
		.chunk_events = in_a_chunk(variant)};
	int rc;

	for (uint32_t k = 0; k < 2; k++)
		for (uint32_t c = 0; c < CPUS; c++) {
			r.s[k][c].id = k;
			r.s[k][c].cpu = c;
		}
	rc = erg_archive_create(path, &opt, &r.w, err);
	if (rc >= 0)
		rc = store(&r, ERG_MANIFEST_FORMAT, err);
	define(&r);
	for (uint32_t i = 0; rc >= 0 && r.events < events; i++) {
		iterate(&r, i);
		if (r.in_chunk >= r.chunk_events || r.events >= events)
			rc = write_chunk(&r, err);
	}
	if (rc >= 0)
		rc = store(&r, ERG_SUMMARY_FORMAT, err);
	if (rc >= 0)
		rc = erg_archive_commit(r.w, err);
	erg_archive_writer_free(r.w);
	for (int k = 0; k < 2; k++)
		for (uint32_t c = 0; c < CPUS; c++)
			free(r.s[k][c].buf);
	if (rc >= 0)
		printf("%" PRIu64 "\n", r.events);
	return rc;
}

int main(int argc, char **argv)
{
	const char *variant = argc == 4 ? argv[3] : "";
	bool known = (argc == 3 || argc == 4) && in_a_chunk(variant);
	uint64_t events = known ? strtoull(argv[1], NULL, 10) : 0;
	struct erg_err err = {0};

	if (!events) {
		fprintf(stderr,
			"usage: mktrace EVENTS OUT.erg [twin|chunk=N|classes=N]; prints the number of "
			"events made\n");
		return 2;
	}
	if (make(argv[2], events, variant, &err) < 0) {
		fprintf(stderr, "mktrace: %s\n", err.msg);
		return 1;
	}
	return 0;
}
