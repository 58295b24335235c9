/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From the bytes of a trace to a chunk's tables. The trace is CTF 1.8 written here byte by byte, with
 * the packets' layout of erg-record import and fields in an order that no recorder of ours has: what
 * counts is their names.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

#include <jansson.h>

#include "formats/base/util.h"
#include "tests/unit/reader_fixture.h"
#include "tests/unit/tree.h"

#define UUID "\x2a\x64\x22\xd0\x6c\xee\x11\xe0\x8c\x08\xcb\x07\xd7\xb3\xa5\x64"

static const char metadata[] =
	"/* CTF 1.8 */\n"
	"typealias integer { size = 8; align = 8; signed = false; } := uint8_t;\n"
	"typealias integer { size = 32; align = 8; signed = false; } := uint32_t;\n"
	"typealias integer { size = 64; align = 8; signed = false; } := uint64_t;\n"
	"typealias integer { size = 32; align = 8; signed = true; } := int32_t;\n"
	"typealias integer { size = 64; align = 8; signed = true; } := int64_t;\n"
	"trace { major = 1; minor = 8; uuid = \"2a6422d0-6cee-11e0-8c08-cb07d7b3a564\"; byte_order = le;\n"
	"  packet.header := struct { uint32_t magic; uint8_t uuid[16]; uint64_t stream_id;\n"
	"    uint64_t stream_instance_id; }; };\n"
	"env { tracer_name = \"ergtrace-import\"; };\n"
	"clock { name = monotonic; freq = 1000000000; offset = 0; };\n"
	"typealias integer { size = 64; align = 8; signed = false; map = clock.monotonic.value; }\n"
	"  := stamp_t;\n"
	"stream { id = 0;\n"
	"  event.header := struct { uint64_t id; stamp_t timestamp; };\n"
	"  event.context := struct { int32_t vtid; int32_t vpid; };\n"
	"  packet.context := struct { uint64_t packet_size; uint64_t content_size;\n"
	"    stamp_t timestamp_begin; stamp_t timestamp_end; uint64_t events_discarded; }; };\n"
	"event { name = \"ergtrace:layer\"; id = 0; stream_id = 0;\n"
	"  fields := struct { uint64_t begin; uint32_t flavour; uint32_t id; uint32_t iteration; }; };\n"
	"event { name = \"ergtrace:power_sample\"; id = 1; stream_id = 0;\n"
	"  fields := struct { uint32_t source; uint64_t t_before; uint64_t t_after; uint64_t native;\n"
	"    uint32_t _n; int64_t values[_n]; }; };\n"
	"event { name = \"other:thing\"; id = 2; stream_id = 0; fields := struct { uint64_t x; }; };\n"
	"event { name = \"ergtrace:tomorrow\"; id = 3; stream_id = 0; fields := struct { uint64_t x; }; };\n"
	"event { name = \"ergtrace:marker\"; id = 4; stream_id = 0;\n"
	"  fields := struct { string text; uint32_t color; }; };\n";

/* A file of packets. */
struct stream {
	unsigned char bytes[4096];
	size_t n, packet; /* where the packet began */
};

static void put(struct stream *s, uint64_t v, size_t width)
{
	assert_true(s->n + width <= sizeof(s->bytes));
	for (size_t i = 0; i < width; i++)
		s->bytes[s->n++] = (unsigned char)(v >> 8 * i);
}

static void begin_packet(struct stream *s, uint64_t begin, uint64_t end, uint64_t discarded)
{
	s->packet = s->n;
	put(s, 0xC1FC1FC1u, 4);
	memcpy(s->bytes + s->n, UUID, 16);
	s->n += 16;
	put(s, 0, 8);
	put(s, 0, 8);
	put(s, 0, 8); /* sizes: set at its end */
	put(s, 0, 8);
	put(s, begin, 8);
	put(s, end, 8);
	put(s, discarded, 8);
}

static void end_packet(struct stream *s)
{
	const size_t end = s->n;
	const uint64_t bits = 8 * (end - s->packet);

	s->n = s->packet + 36;
	put(s, bits, 8);
	put(s, bits, 8);
	s->n = end;
}

static void event(struct stream *s, uint64_t id, uint64_t time, uint32_t pid, uint32_t tid)
{
	put(s, id, 8);
	put(s, time, 8);
	put(s, tid, 4);
	put(s, pid, 4);
}

static void layer(struct stream *s, uint64_t begin, uint64_t end, uint32_t id, uint32_t iteration)
{
	event(s, 0, end, 10, 11);
	put(s, begin, 8);
	put(s, 99, 4);
	put(s, id, 4);
	put(s, iteration, 4);
}

static void sample(struct stream *s, uint64_t before, uint64_t after, uint32_t n, ...)
{
	va_list ap;

	event(s, 1, after, 1, 1);
	put(s, 4, 4);
	put(s, before, 8);
	put(s, after, 8);
	put(s, 0, 8);
	put(s, n, 4);
	va_start(ap, n);
	for (uint32_t i = 0; i < n; i++)
		put(s, va_arg(ap, uint64_t), 8);
	va_end(ap);
}

/* Two packets: two layers and a reading; then one layer, with three events lost in between. */
static void write_both(struct stream *s)
{
	begin_packet(s, 1000, 2000, 0);
	layer(s, 1100, 1200, 7, 3);
	event(s, 2, 1250, 10, 11); /* another provider's */
	put(s, 5, 8);
	event(s, 3, 1260, 10, 11); /* ours, of a later version */
	put(s, 5, 8);
	sample(s, 1300, 1310, 2, (uint64_t)-5, (uint64_t)600);
	event(s, 4, 1400, 10, 11);
	memcpy(s->bytes + s->n, "h\xffi", 4); /* not UTF-8 */
	s->n += 4;
	put(s, 255, 4);
	layer(s, 1050, 1500, 8, 3);
	end_packet(s);
	begin_packet(s, 2000, 3000, 3);
	layer(s, 2100, 2900, 7, 4);
	end_packet(s);
}

/* Decodes a trace that is the first N bytes of S, in a process of its own as it has to be. */
static void decode(const struct stream *s, size_t n, struct erg_worker_chunk *ret)
{
	struct tree trace, scratch;
	struct erg_chunk_task task = {.dir = trace.dir, .name = "0000", .scratch = scratch.dir};
	int status;
	pid_t pid;

	tree_new(&trace);
	tree_new(&scratch);
	tree_bytes(&trace, "metadata", metadata, strlen(metadata));
	tree_bytes(&trace, "samples_0", s->bytes, n);
	task.fd = memfd_create("chunk", MFD_CLOEXEC);
	pid = fork();
	if (!pid)
		_exit(erg_chunk_decode(&task, NULL) < 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	map_chunk(task.fd, ret);
	tree_free(&trace);
	tree_free(&scratch);
}

static const struct erg_chunk_interval *intervals(const struct erg_worker_chunk *c)
{
	return (const void *)((const char *)c->h + c->h->intervals);
}

static json_t *rare(const struct erg_worker_chunk *c)
{
	json_t *j = json_loadb((const char *)c->h + c->h->json, c->h->json_len, 0, NULL);

	assert_non_null(j);
	return j;
}

static json_t *find(json_t *events, const char *event)
{
	json_t *e;
	size_t i;

	json_array_foreach (events, i, e)
		if (!strcmp(json_string_value(json_object_get(e, "event")), event))
			return e;
	return NULL;
}

static long long number(json_t *e, const char *key)
{
	assert_true(json_is_integer(json_object_get(e, key)));
	return json_integer_value(json_object_get(e, key));
}

static void test_whole(void **state)
{
	_cleanup_(erg_worker_unmap) struct erg_worker_chunk c;
	const struct erg_chunk_interval *iv;
	const struct erg_chunk_thread *thread;
	const struct erg_chunk_source *source;
	const int64_t *row;
	struct stream s = {.n = 0};
	json_auto_t *events = NULL;
	json_t *e;

	write_both(&s);
	decode(&s, s.n, &c);
	assert_string_equal(c.h->error, "");
	assert_int_equal(c.h->events, 5);
	assert_int_equal(c.h->first_ns, 1200);
	assert_int_equal(c.h->last_ns, 2900);
	assert_int_equal(c.h->n_intervals, 3);
	iv = intervals(&c);
	assert_int_equal(iv[0].begin, 1050); /* in the order of their begins */
	assert_int_equal(iv[0].end, 1500);
	assert_int_equal(iv[0].id, 8);
	assert_int_equal(iv[1].begin, 1100);
	assert_int_equal(iv[1].iteration, 3);
	assert_int_equal(iv[2].end, 2900);
	assert_int_equal(iv[2].iteration, 4);
	thread = (const void *)((const char *)c.h + c.h->threads);
	assert_int_equal(c.h->n_threads, 1);
	assert_int_equal(thread[0].pid, 10);
	assert_int_equal(thread[0].tid, 11);
	assert_int_equal(c.h->n_sources, 1);
	source = (const void *)((const char *)c.h + c.h->sources);
	assert_int_equal(source->source, 4);
	assert_int_equal(source->channels, 2);
	assert_int_equal(source->n, 1);
	row = (const void *)((const char *)c.h + source->offset);
	assert_int_equal(row[0], 1300);
	assert_int_equal(row[1], 1310);
	assert_int_equal(row[3], -5);
	assert_int_equal(row[4], 600);
	events = rare(&c);
	assert_int_equal(json_array_size(events), 2);
	e = find(events, "marker");
	assert_string_equal(json_string_value(json_object_get(e, "text")), "h?i");
	assert_int_equal(number(e, "color"), 255);
	e = find(events, "loss");
	assert_int_equal(number(e, "count"), 3);
	assert_int_equal(number(e, "begin"), 2000);
	assert_int_equal(number(e, "end"), 3000);
	assert_true(json_is_true(json_object_get(e, "samples"))); /* by the file's name */
}

/* Wherever it is cut inside its second packet, the first is read and the rest told. */
static void test_cut(void **state)
{
	struct stream s = {.n = 0};

	write_both(&s);
	for (size_t keep = s.packet + 1; keep < s.n; keep += 13) {
		_cleanup_(erg_worker_unmap) struct erg_worker_chunk c;
		json_auto_t *events = NULL;
		json_t *e;

		decode(&s, keep, &c);
		assert_string_equal(c.h->error, "");
		assert_int_equal(c.h->n_intervals, 2);
		events = rare(&c);
		e = find(events, "loss");
		assert_non_null(e);
		assert_string_equal(json_string_value(json_object_get(e, "what")), "cut");
		assert_string_equal(json_string_value(json_object_get(e, "file")),
			"0000/samples_0");
		assert_int_equal(number(e, "at"), s.packet);
		assert_int_equal(number(e, "count"), keep - s.packet);
		assert_int_equal(number(e, "begin"), 2000); /* where the first packet ended */
	}
}

/* A power failure: the file is as long as it was to be, and zero where data never got to the disk. */
static void test_zeroes(void **state)
{
	_cleanup_(erg_worker_unmap) struct erg_worker_chunk c;
	json_auto_t *events = NULL;
	struct stream s = {.n = 0};
	size_t end;

	write_both(&s);
	end = s.n;
	memset(s.bytes + s.packet, 0, end - s.packet);
	decode(&s, end, &c);
	assert_int_equal(c.h->n_intervals, 2);
	events = rare(&c);
	assert_int_equal(number(find(events, "loss"), "count"), end - s.packet);
}

static void test_nothing_is_whole(void **state)
{
	_cleanup_(erg_worker_unmap) struct erg_worker_chunk c;
	json_auto_t *events = NULL;
	struct stream s = {.n = 0};

	write_both(&s);
	decode(&s, 50, &c);
	assert_int_equal(c.h->n_intervals, 0);
	events = rare(&c);
	assert_int_equal(number(find(events, "loss"), "count"), 50);
	assert_int_equal(number(find(events, "loss"), "at"), 0);
}

/* An event that no metadata speaks of: nothing can be read behind it, and that is said. */
static void test_unknown_event(void **state)
{
	_cleanup_(erg_worker_unmap) struct erg_worker_chunk c;
	struct stream s = {.n = 0};

	begin_packet(&s, 1000, 2000, 0);
	layer(&s, 1100, 1200, 7, 3);
	event(&s, 77, 1300, 10, 11);
	layer(&s, 1400, 1500, 7, 4);
	end_packet(&s);
	decode(&s, s.n, &c);
	assert_true(c.h->n_intervals <= 1);
	assert_non_null(strstr(c.h->error, "a stream cannot be read to its end"));
}

/* Another number of channels than a source began with is no reading of it. */
static void test_channels_change(void **state)
{
	_cleanup_(erg_worker_unmap) struct erg_worker_chunk c;
	const struct erg_chunk_source *source;
	struct stream s = {.n = 0};

	begin_packet(&s, 1000, 2000, 0);
	sample(&s, 1100, 1110, 2, (uint64_t)1, (uint64_t)2);
	sample(&s, 1200, 1210, 1, (uint64_t)3);
	sample(&s, 1300, 1310, 2, (uint64_t)4, (uint64_t)5);
	sample(&s, 1400, 1410, 0);
	end_packet(&s);
	decode(&s, s.n, &c);
	assert_int_equal(c.h->n_sources, 1);
	source = (const void *)((const char *)c.h + c.h->sources);
	assert_int_equal(source->n, 2);
	assert_int_equal(((const int64_t *)((const char *)c.h + source->offset))[5 + 3], 4);
}

static void test_no_metadata(void **state)
{
	struct erg_chunk_task task = {.dir = "/proc/self/fdinfo",
		.name = "0000",
		.scratch = "/tmp"};
	_cleanup_(erg_worker_unmap) struct erg_worker_chunk c;

	task.fd = memfd_create("chunk", MFD_CLOEXEC);
	assert_int_equal(erg_chunk_decode(&task, NULL), 0);
	map_chunk(task.fd, &c);
	assert_int_equal(c.h->n_intervals, 0);
	assert_non_null(strstr(c.h->error, "no CTF metadata"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_zeroes),
		cmocka_unit_test(test_nothing_is_whole),
		cmocka_unit_test(test_unknown_event),
		cmocka_unit_test(test_channels_change),
		cmocka_unit_test(test_no_metadata),
	};

	return cmocka_run_group_tests_name("reader-chunk", tests, NULL, NULL);
}
