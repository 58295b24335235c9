/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * NVTX's payloads by the schemas that programs may register. What is true is the compiler's: structs and unions
 * of C, whose members lie where it has put them. Counters are those of this file, which keep what is added.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "formats/base/util.h"
#include "tracepoints/adapters/nvtx/payload.h"
#include "tracepoints/erg.h"

#define NUMBERS (NVTX_SCHEMA_ENTRIES | NVTX_SCHEMA_N_ENTRIES | NVTX_SCHEMA_TYPE)

enum { INT32 = 15, UINT32, INT64, UINT64, DOUBLE = 20, INT128 = 33 };

static struct {
	char name[64];
	int64_t sum;
} counted[64];
static uint32_t n_counted;

uint32_t erg_counter(const char *name)
{
	snprintf(counted[n_counted].name, sizeof(counted[0].name), "%s", name);
	return n_counted++;
}

void erg_counter_add(uint32_t counter, int64_t n)
{
	counted[counter].sum += n;
}

static int64_t sum_of(const char *name)
{
	for (uint32_t i = n_counted; i-- > 0;)
		if (!strcmp(counted[i].name, name))
			return counted[i].sum;
	fail_msg("no counter \"%s\"", name);
	return 0;
}

static uint64_t schema(uint64_t type, const struct nvtx_schema_entry *entries, size_t n,
	size_t size)
{
	const struct nvtx_schema_attr a = {.mask = NUMBERS | (size ? NVTX_SCHEMA_STATIC_SIZE : 0),
		.type = type,
		.entries = entries,
		.n_entries = n,
		.static_size = size};
	uint64_t id = nvtx_schema_register(nvtx_domain_default(), &a);

	assert_true(id);
	return id;
}

/* The payload of SIZE bytes as its SCHEMA says, the number named "macs" or else the first. */
static struct nvtx_payload read_as(uint64_t schema, const void *payload, size_t size)
{
	const struct nvtx_payload_data d = {schema, size, payload};
	struct nvtx_payload p;

	nvtx_payload_read(nvtx_domain_default(), &d, 1, "macs", &p);
	return p;
}

static void test_members_lie_where_the_compiler_puts_them(void **state)
{
	struct {
		char a;
		short b;
		char c;
		double d;
		const char *name;
		char e;
		uint64_t macs;
	} s = {1, 2, 3, 4, "conv1", 5, 1234567890123};
	static const struct nvtx_schema_entry entries[] = {
		{.type = 1},
		{.type = 3},
		{.type = 1},
		{.type = DOUBLE},
		{.flags = NVTX_ENTRY_MESSAGE, .type = NVTX_ENTRY_CSTRING},
		{.type = 1},
		{.type = UINT64, .name = "macs"},
	};
	uint64_t id = schema(NVTX_SCHEMA_STATIC, entries, 7, sizeof(s));
	struct nvtx_payload p = read_as(id, &s, sizeof(s));

	assert_string_equal(p.message, "conv1");
	assert_int_equal(p.value, 1234567890123);
	/* as the schema says, also where it does not say how long it is */
	assert_int_equal(read_as(id, &s, SIZE_MAX).value, 1234567890123);
	id = schema(NVTX_SCHEMA_STATIC, entries, 7, 0);
	assert_int_equal(read_as(id, &s, SIZE_MAX).value, 1234567890123);
}

static void test_nothing_is_read_beyond_the_size_that_is_given(void **state)
{
	struct {
		uint32_t tokens;
		uint64_t macs;
	} s = {7, 99};
	static const struct nvtx_schema_entry entries[] = {{.type = UINT32, .name = "tokens"},
		{.type = UINT64, .name = "macs"}};
	uint64_t id = schema(NVTX_SCHEMA_STATIC, entries, 2, sizeof(s));
	static const size_t sizes[] = {0, 1, 3, 4, 8, 15, 16};
	static const uint64_t expected[] = {0, 0, 0, 7, 7, 7, 99};

	for (size_t i = 0; i < ERG_ARRAY_SIZE(sizes); i++) {
		void *exact = memcpy(malloc(sizes[i] + 1), &s, sizes[i]);
		void *p = realloc(exact,
			sizes[i] ? sizes[i] : 1); /* a sanitizer sees what is beyond */

		assert_int_equal(read_as(id, p, sizes[i]).value, expected[i]);
		free(p);
	}
}

static void test_a_member_of_a_union_is_not_guessed(void **state)
{
	union {
		double d;
		uint64_t macs;
		struct {
			uint32_t a, b;
		} pair;
	} u = {.d = 1.5};
	struct {
		uint32_t which;
		uint64_t macs;
	} selected = {0, 5};
	static const struct nvtx_schema_entry entries[] = {{.type = DOUBLE},
		{.type = UINT64, .name = "macs"}};
	uint64_t types[] = {NVTX_SCHEMA_UNION, NVTX_SCHEMA_UNION_SELECTED};

	for (size_t i = 0; i < ERG_ARRAY_SIZE(types); i++) {
		uint64_t id = schema(types[i], entries, 2, sizeof(selected));

		assert_false(read_as(id, &u, sizeof(u)).has_value);
		assert_false(read_as(id, &selected, sizeof(selected)).has_value);
	}
}

/* What lies behind something of a size that is not known has no place, unless the schema gives it one. */
static void test_nested_and_wide_members(void **state)
{
	struct inner {
		uint32_t a;
		double b;
	};
	struct {
		struct inner in;
		uint64_t macs;
		unsigned char wide[16];
		uint32_t last;
	} s = {{1, 2}, 42, {0}, 7};
	static const struct nvtx_schema_entry in_inner[] = {{.type = UINT32}, {.type = DOUBLE}};
	uint64_t inner = schema(NVTX_SCHEMA_STATIC, in_inner, 2, sizeof(struct inner));
	struct nvtx_schema_entry entries[] = {{.type = inner, .name = "in"},
		{.type = UINT64, .name = "macs"}};
	struct nvtx_schema_entry placed[] = {{.type = inner, .name = "in"},
		{.type = INT128, .offset = offsetof(__typeof__(s), wide)},
		{.type = UINT64, .name = "macs", .offset = offsetof(__typeof__(s), macs)}};

	assert_false(read_as(schema(NVTX_SCHEMA_STATIC, entries, 2, sizeof(s)), &s, sizeof(s))
			     .has_value);
	assert_int_equal(read_as(schema(NVTX_SCHEMA_STATIC, placed, 3, sizeof(s)), &s, sizeof(s))
				 .value,
		42);
}

static void test_arrays_are_stepped_over(void **state)
{
	struct {
		short shape[5];
		uint64_t macs;
		char name[6];
		uint16_t after;
	} s = {{1, 2, 3, 4, 5}, 42, "conv12", 9}; /* a name that has no end */
	static const struct nvtx_schema_entry entries[] = {
		{.flags = NVTX_ENTRY_ARRAY_FIXED, .type = 3, .detail = 5, .name = "shape"},
		{.type = UINT64, .name = "macs"},
		{.flags = NVTX_ENTRY_MESSAGE, .type = NVTX_ENTRY_CSTRING, .detail = 6},
		{.type = 4, .name = "after"},
	};
	uint64_t id = schema(NVTX_SCHEMA_STATIC, entries, 4, sizeof(s));
	struct nvtx_payload p = read_as(id, &s, sizeof(s));

	assert_int_equal(p.value, 42);
	assert_string_equal(p.message, "conv12");
}

/* The length of such a string is another entry's value, whose index the schema has: not its length. */
static void test_strings_whose_length_is_in_another_entry(void **state)
{
	struct {
		uint32_t macs, length;
		char name[12];
	} s = {3, 5, "conv1garbage"};
	struct {
		const char *name;
		uint64_t length;
	} to = {s.name, 4};
	static const struct nvtx_schema_entry inside[] = {
		{.type = UINT32, .name = "macs"},
		{.type = UINT32},
		{.flags = NVTX_ENTRY_MESSAGE | NVTX_ENTRY_ARRAY_LENGTH_INDEX,
			.type = NVTX_ENTRY_CSTRING,
			.detail = 1},
	};
	struct nvtx_schema_entry pointed[] = {
		{.flags = NVTX_ENTRY_MESSAGE | NVTX_ENTRY_POINTER | NVTX_ENTRY_ARRAY_LENGTH_INDEX,
			.type = NVTX_ENTRY_CSTRING,
			.detail = 1},
		{.type = UINT64},
	};
	uint64_t id = schema(NVTX_SCHEMA_DYNAMIC, inside, 3, 0);

	assert_string_equal(read_as(id, &s, sizeof(s)).message, "conv1");
	s.length = 100; /* more than there is */
	assert_null(read_as(id, &s, sizeof(s)).message);
	id = schema(NVTX_SCHEMA_STATIC, pointed, 2, sizeof(to));
	assert_string_equal(read_as(id, &to, sizeof(to)).message, "conv");
	pointed[0].detail = 0; /* itself */
	id = schema(NVTX_SCHEMA_STATIC, pointed, 2, sizeof(to));
	assert_null(read_as(id, &to, sizeof(to)).message);
	pointed[0].detail = 77;
	id = schema(NVTX_SCHEMA_STATIC, pointed, 2, sizeof(to));
	assert_null(read_as(id, &to, sizeof(to)).message);
	pointed[0].flags =
		NVTX_ENTRY_MESSAGE | NVTX_ENTRY_POINTER | NVTX_ENTRY_ARRAY_LENGTH_PAYLOAD;
	id = schema(NVTX_SCHEMA_STATIC, pointed, 2, sizeof(to));
	assert_null(read_as(id, &to, sizeof(to)).message);
	pointed[0].flags = NVTX_ENTRY_MESSAGE | NVTX_ENTRY_POINTER | NVTX_ENTRY_ARRAY_FIXED;
	pointed[0].detail = 3;
	id = schema(NVTX_SCHEMA_STATIC, pointed, 2, sizeof(to));
	assert_string_equal(read_as(id, &to, sizeof(to)).message, "con");
}

static void test_a_string_that_ends_itself_leaves_no_place_behind_it(void **state)
{
	static const char bytes[] = "attn\0\0\0\0\052\0\0\0\0\0\0";
	static const struct nvtx_schema_entry entries[] = {
		{.flags = NVTX_ENTRY_MESSAGE | NVTX_ENTRY_ARRAY_ZERO_TERMINATED,
			.type = NVTX_ENTRY_CSTRING},
		{.type = UINT64, .name = "macs"},
	};
	uint64_t id = schema(NVTX_SCHEMA_DYNAMIC, entries, 2, 0);
	struct nvtx_payload p = read_as(id, bytes, sizeof(bytes));

	assert_string_equal(p.message, "attn");
	assert_false(p.has_value);
	/* of which the size cannot be known */
	assert_null(read_as(id, bytes, SIZE_MAX).message);
}

static void test_counters_of_a_group_have_semantics_of_their_own(void **state)
{
	static const struct nvtx_counter_semantics delta = {{sizeof(delta), NVTX_COUNTER_SEMANTICS,
								    2, NULL},
		NVTX_COUNTER_DELTA};
	struct {
		int64_t at_ns, total, step;
		const int64_t *list;
	} samples[] = {{1000, 10, 5, NULL}, {2000, 30, 5, NULL}};
	static const struct nvtx_schema_entry entries[] = {
		{.flags = NVTX_ENTRY_TIMESTAMP, .type = INT64, .name = "at"},
		{.type = INT64, .name = "total"},
		{.type = INT64, .name = "step", .semantics = &delta.header},
		{.flags = NVTX_ENTRY_POINTER, .type = INT64, .name = "list"},
	};
	struct nvtx_counter_attr a = {.struct_size = sizeof(a), .name = "g"};
	struct nvtx_counter_batch batch = {0, samples, sizeof(samples), 0, NULL, 0};

	a.schema = schema(NVTX_SCHEMA_STATIC, entries, 4, sizeof(samples[0]));
	n_counted = 0;
	batch.id = nvtx_counter_register(nvtx_domain_default(), &a);
	nvtx_counter_batch(nvtx_domain_default(), &batch);
	assert_int_equal(n_counted, 2); /* a time and an address are no counters */
	assert_int_equal(sum_of("g: total"), 30);
	assert_int_equal(sum_of("g: step"), 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_members_lie_where_the_compiler_puts_them),
		cmocka_unit_test(test_nothing_is_read_beyond_the_size_that_is_given),
		cmocka_unit_test(test_a_member_of_a_union_is_not_guessed),
		cmocka_unit_test(test_nested_and_wide_members),
		cmocka_unit_test(test_arrays_are_stepped_over),
		cmocka_unit_test(test_strings_whose_length_is_in_another_entry),
		cmocka_unit_test(test_a_string_that_ends_itself_leaves_no_place_behind_it),
		cmocka_unit_test(test_counters_of_a_group_have_semantics_of_their_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
