/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Streamed recordings that have arrived and that have not, of packets laid out by hand as LTTng does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "record/spool/arrived.h"
#include "tests/unit/tree.h"

#define PACKET 64u
#define END_NS 1000u
#define WHOLE "/* CTF 1.8 */\nevent {\n\tfields := struct {\n\t\tstring _text;\n\t};\n};\n\n"

static void put(unsigned char *p, unsigned int width, uint64_t value)
{
	for (unsigned int i = 0; i < width; i++)
		p[i] = (unsigned char)(value >> 8 * i);
}

/* A stream of a packet for each time in ENDS, until a 0; CUT bytes of the last are missing. */
static void stream_put(const struct tree *t, const char *path, const uint64_t *ends, size_t cut)
{
	unsigned char packets[4 * PACKET] = {0};
	size_t n = 0;

	for (; ends[n]; n++) {
		put(packets + n * PACKET, 4, 0xC1FC1FC1);
		put(packets + n * PACKET + 32, 8, ends[n] - 100);
		put(packets + n * PACKET + 40, 8, ends[n]);
		put(packets + n * PACKET + 48, 8, (uint64_t)PACKET * 8);
		put(packets + n * PACKET + 56, 8, (uint64_t)PACKET * 8);
	}
	tree_bytes(t, path, packets, n * PACKET - cut);
}

/* Metadata of one packet that is padded behind TEXT. */
static void metadata_put(const struct tree *t, const char *path, const char *text)
{
	unsigned char packet[512] = {0};

	put(packet, 4, 0x75D11D57);
	put(packet + 24, 4, 8 * (37 + strlen(text)));
	put(packet + 28, 4, 8 * sizeof(packet));
	memcpy(packet + 37, text, strlen(text));
	tree_bytes(t, path, packet, sizeof(packet));
}

/* Two chunks; the program that wrote samples_1 ended early, and layers_0 has nothing in the last one. */
static void whole_new(struct tree *t)
{
	tree_new(t);
	for (int i = 0; i < 2; i++) {
		char path[64];

		snprintf(path, sizeof(path), "%d/ust/uid/0/64-bit/metadata", i);
		metadata_put(t, path, WHOLE);
	}
	stream_put(t, "0/ust/uid/0/64-bit/samples_0", (uint64_t[]){300, 500, 0}, 0);
	stream_put(t, "0/ust/uid/0/64-bit/samples_1", (uint64_t[]){500, 0}, 0);
	stream_put(t, "0/ust/uid/0/64-bit/layers_0", (uint64_t[]){300, 1004, 0}, 0);
	stream_put(t, "1/ust/uid/0/64-bit/samples_0", (uint64_t[]){900, 1000, 0}, 0);
	stream_put(t, "1/ust/uid/0/64-bit/samples_1", (uint64_t[]){1001, 0}, 0);
	stream_put(t, "1/ust/uid/0/64-bit/layers_0", (uint64_t[]){0}, 0);
	tree_put(t, "1/ust/uid/0/64-bit/index/samples_0.idx", "no stream");
}

/* Of T, which ends here, and whose recorder ended at UNTIL_NS. */
static const struct erg_arrived *arrived(struct tree *t, uint64_t until_ns)
{
	static struct erg_arrived ret;
	char first[128], last[128];
	char *paths[] = {first, last};
	const struct erg_spool_chunks chunks = {paths, 2};
	struct erg_err err = {0};
	int r;

	snprintf(first, sizeof(first), "%s/0/ust", t->dir);
	snprintf(last, sizeof(last), "%s/1/ust", t->dir);
	r = erg_arrived_check(&chunks, until_ns, &ret, &err);
	assert_int_equal(r, ret.why[0] != '\0');
	tree_free(t);
	return &ret;
}

/* What is missing in T, which ends here; "" for nothing. */
static const char *missing(struct tree *t)
{
	return arrived(t, END_NS)->why;
}

static void a_whole_recording_is_whole(void **state)
{
	struct tree t;

	whole_new(&t);
	assert_string_equal(missing(&t), "");
}

static void each_stream_has_its_end(void **state)
{
	struct tree t;

	whole_new(&t);
	stream_put(&t, "1/ust/uid/0/64-bit/samples_0", (uint64_t[]){999, 0}, 0);
	assert_string_equal(missing(&t),
		"uid/0/64-bit/samples_0 ends 0.000000001 s before the recording did");
	whole_new(&t);
	stream_put(&t, "1/ust/uid/0/64-bit/samples_1", (uint64_t[]){0}, 0);
	assert_string_equal(missing(&t),
		"uid/0/64-bit/samples_1 ends 0.000000500 s before the recording did");
	whole_new(&t);
	stream_put(&t, "0/ust/uid/0/64-bit/layers_0", (uint64_t[]){0}, 0);
	assert_string_equal(missing(&t), "uid/0/64-bit/layers_0 is empty");
	whole_new(&t);
	stream_put(&t, "1/ust/uid/0/64-bit/samples_0", (uint64_t[]){1000, 1100, 0}, 1);
	assert_string_equal(missing(&t), "uid/0/64-bit/samples_0 is cut inside a packet");
}

/* Where events are, the metadata of the same chunk is. */
static void metadata_ends_behind_a_declaration(void **state)
{
	struct tree t;

	for (size_t len = strlen(WHOLE) - 3; len > 0; len--) {
		char text[] = WHOLE;

		text[len] = '\0';
		whole_new(&t);
		metadata_put(&t, "0/ust/uid/0/64-bit/metadata", text);
		assert_string_equal(missing(&t), "uid/0/64-bit/metadata is cut");
	}
	whole_new(&t);
	tree_bytes(&t, "1/ust/uid/0/64-bit/metadata", "", 0);
	assert_string_equal(missing(&t), "uid/0/64-bit/metadata is cut");
}

static void no_stream_is_no_recording(void **state)
{
	struct tree t;

	tree_new(&t);
	metadata_put(&t, "0/ust/uid/0/64-bit/metadata", WHOLE);
	metadata_put(&t, "1/ust/uid/0/64-bit/metadata", WHOLE);
	assert_string_equal(missing(&t), "no stream");
}

#define PERIOD_NS 1000000000ull

/* The streams of one trace, whose last packets end at ENDS[3]; 0: it has none. */
static void ends_new(struct tree *t, const uint64_t ends[3])
{
	tree_new(t);
	for (int i = 0; i < 3; i++) {
		char path[64];

		snprintf(path, sizeof(path), "0/ust/uid/0/64-bit/layers_%d", i);
		stream_put(t, path, (uint64_t[]){ends[i], 0}, 0);
	}
	metadata_put(t, "0/ust/uid/0/64-bit/metadata", WHOLE);
	tree_put(t, "1/ust/uid/0/64-bit/index/layers_0.idx", "no stream");
}

/* Nobody ended the session: all that any stream would tell is known up to whole_ns. */
static void what_is_known_of_all_streams(void **state)
{
	static const struct {
		uint64_t ends[3], until, whole;
		const char *first;
	} cases[] = {
		/* all at once */
		{{9 * PERIOD_NS, 9 * PERIOD_NS, 9 * PERIOD_NS}, 0, 9 * PERIOD_NS, ""},
		/* stopped, so that each has an end, whenever that was */
		{{9 * PERIOD_NS, 8 * PERIOD_NS, 8 * PERIOD_NS}, 8 * PERIOD_NS, 9 * PERIOD_NS, ""},
		/* a packet less */
		{{9 * PERIOD_NS, 8 * PERIOD_NS, 9 * PERIOD_NS}, 0, 8 * PERIOD_NS, "layers_1"},
		{{9 * PERIOD_NS, 8 * PERIOD_NS, 8 * PERIOD_NS - 1}, 0, 8 * PERIOD_NS - 1,
			"layers_2"},
		/* quiet for long, or for ever: only what it would have said last is missing */
		{{9 * PERIOD_NS, 2 * PERIOD_NS, 9 * PERIOD_NS}, 0, 7 * PERIOD_NS, "layers_1"},
		{{9 * PERIOD_NS, 9 * PERIOD_NS, 0}, 0, 7 * PERIOD_NS, "layers_2"},
		/* shorter than that */
		{{PERIOD_NS, PERIOD_NS, 0}, 0, 0, "layers_2"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct erg_arrived *a;
		const char *first;
		struct tree t;

		ends_new(&t, cases[i].ends);
		a = arrived(&t, cases[i].until);
		first = strrchr(a->first, '/');
		assert_int_equal(a->whole_ns, cases[i].whole);
		assert_string_equal(first ? first + 1 : "", cases[i].first);
		assert_int_equal(a->last_ns, cases[i].ends[0]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_recording_is_whole),
		cmocka_unit_test(each_stream_has_its_end),
		cmocka_unit_test(metadata_ends_behind_a_declaration),
		cmocka_unit_test(no_stream_is_no_recording),
		cmocka_unit_test(what_is_known_of_all_streams),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
