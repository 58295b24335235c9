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

/* What is missing in T, which ends here; "" for nothing. */
static const char *missing(struct tree *t)
{
	static char why[256];
	char first[128], last[128];
	char *paths[] = {first, last};
	const struct erg_spool_chunks chunks = {paths, 2};
	struct erg_err err = {0};
	int r;

	snprintf(first, sizeof(first), "%s/0/ust", t->dir);
	snprintf(last, sizeof(last), "%s/1/ust", t->dir);
	r = erg_arrived_check(&chunks, END_NS, why, sizeof(why), &err);
	assert_int_equal(r, why[0] != '\0');
	tree_free(t);
	return why;
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_recording_is_whole),
		cmocka_unit_test(each_stream_has_its_end),
		cmocka_unit_test(metadata_ends_behind_a_declaration),
		cmocka_unit_test(no_stream_is_no_recording),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
