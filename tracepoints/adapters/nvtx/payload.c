/* SPDX-License-Identifier: MIT */
/*
 * Schemas and counters that a program registers are kept for good, like domains. A struct is read by
 * the offsets that its schema gives or, where it gives none, by natural alignment, and never beyond
 * the size that comes with it. What is not understood (nested schemas, 128-bit numbers, data behind
 * offsets, unions, of which nothing says which member is set) is passed over; a layout that cannot be
 * followed ends the reading.
 *
 * A counter's samples are absolute unless its semantics say otherwise. Ours count per thread: each
 * sample adds its difference to the one before, to the thread that gives it.
 */
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tracepoints/adapters/common.h"
#include "tracepoints/adapters/nvtx/payload.h"

#define DYNAMIC_ID ((uint64_t)1 << 32)
#define ENTRIES_MAX 256u
#define COUNTERS_MAX 64u

enum kind { NOT_A_NUMBER, SIGNED, UNSIGNED, FLOAT };

struct entry {
	char *name;
	uint64_t flags, type, detail;
	size_t offset, size;
	uint64_t value_type; /* of a counter, by its own semantics; 0: it has none */
};

struct schema {
	struct schema *next;
	const struct nvtx_domain *domain;
	uint64_t id;
	char *name;
	size_t n;
	size_t size; /* as it was declared; 0: it was not */
	size_t end;  /* of what has a place; 0: some has none */
	struct entry entries[];
};

struct counter {
	const struct nvtx_domain *domain;
	uint64_t id, schema; /* schema: of a group, or the type of a number */
	size_t member;       /* of the group */
	uint32_t index;
	bool delta;
	_Atomic int64_t last;
};

static struct schema *_Atomic schemas;
static struct counter counters[COUNTERS_MAX];
static _Atomic uint32_t n_counters;
static _Atomic uint64_t next_id = DYNAMIC_ID + 1;

/* Kind and size of a predefined type of number. */
static enum kind number_type(uint64_t type, size_t *ret_size)
{
	static const struct {
		uint8_t kind, size;
	} types[] = {
		[1] = {SIGNED, sizeof(char)},
		[2] = {UNSIGNED, sizeof(char)},
		[3] = {SIGNED, sizeof(short)},
		[4] = {UNSIGNED, sizeof(short)},
		[5] = {SIGNED, sizeof(int)},
		[6] = {UNSIGNED, sizeof(int)},
		[7] = {SIGNED, sizeof(long)},
		[8] = {UNSIGNED, sizeof(long)},
		[9] = {SIGNED, sizeof(long long)},
		[10] = {UNSIGNED, sizeof(long long)},
		[11] = {SIGNED, 1},
		[12] = {UNSIGNED, 1},
		[13] = {SIGNED, 2},
		[14] = {UNSIGNED, 2},
		[15] = {SIGNED, 4},
		[16] = {UNSIGNED, 4},
		[17] = {SIGNED, 8},
		[18] = {UNSIGNED, 8},
		[19] = {FLOAT, sizeof(float)},
		[20] = {FLOAT, sizeof(double)},
		[22] = {UNSIGNED, sizeof(size_t)},
		[32] = {UNSIGNED, 1},
		[43] = {FLOAT, 4},
		[44] = {FLOAT, 8},
	};

	if (type >= sizeof(types) / sizeof(types[0]))
		return NOT_A_NUMBER;
	*ret_size = types[type].size;
	return (enum kind)types[type].kind;
}

static bool is_string(uint64_t type)
{
	return type == NVTX_ENTRY_CSTRING || type == NVTX_ENTRY_CSTRING_UTF8;
}

/* Size of one element of TYPE; 0: not known. */
static size_t type_size(uint64_t type)
{
	size_t size = 0;

	if (number_type(type, &size) != NOT_A_NUMBER)
		return size;
	switch (type) {
	case NVTX_ENTRY_CATEGORY:
	case NVTX_ENTRY_COLOR:
	case 71: /* process and thread ids */
	case 73:
		return 4;
	case 23: /* an address */
	case 70: /* a scope */
	case 72:
	case 74:
	case NVTX_ENTRY_CSTRING:
	case NVTX_ENTRY_CSTRING_UTF8:
	case 77:
	case 78:
	case NVTX_ENTRY_REGISTERED_STRING:
		return 8;
	default:
		return 0;
	}
}

/* A string whose characters lie in the struct itself. */
static bool is_embedded(const struct nvtx_schema_entry *e)
{
	return is_string(e->type) && !(e->flags & NVTX_ENTRY_POINTER) &&
		(e->detail || (e->flags & NVTX_ENTRY_ARRAY_MASK));
}

/* Is the entry's detail a number of elements? Of the other arrays it is the index of the entry that has the length, or
 * something else. */
static bool is_fixed(uint64_t flags)
{
	const uint64_t array = flags & NVTX_ENTRY_ARRAY_MASK;

	return !array || array == NVTX_ENTRY_ARRAY_FIXED;
}

/* Size of the entry within the struct, 0 where it is not known. */
static size_t entry_size(const struct nvtx_schema_entry *e)
{
	size_t size = type_size(e->type);

	if (e->flags & (NVTX_ENTRY_POINTER | NVTX_ENTRY_OFFSET_FLAGS))
		return sizeof(void *);
	if (!is_fixed(e->flags) || e->detail >= 65536)
		return 0;
	if (is_embedded(e))
		return (size_t)e->detail;
	return e->flags & NVTX_ENTRY_ARRAY_MASK ? size * (size_t)e->detail : size;
}

static size_t aligned(size_t at, size_t to)
{
	return to > 1 ? (at + to - 1) / to * to : at;
}

/* Where entry I lies; false where nothing tells. */
static bool place_entry(const struct nvtx_schema_attr *a, struct schema *s, size_t i, bool *known)
{
	const struct nvtx_schema_entry *e = &a->entries[i];
	size_t align = is_embedded(e)           ? 1
		: e->flags & NVTX_ENTRY_POINTER ? sizeof(void *)
						: type_size(e->type);
	const size_t pack = a->mask & NVTX_SCHEMA_PACK ? a->pack : 0;

	if (pack && align > pack)
		align = pack;
	if (e->offset || !i)
		s->entries[i].offset = (size_t)e->offset;
	else if (*known)
		s->entries[i].offset =
			aligned(s->entries[i - 1].offset + s->entries[i - 1].size, align);
	else
		return false;
	s->entries[i].size = entry_size(e);
	*known = s->entries[i].size > 0;
	return s->entries[i].size > 0 || is_embedded(e);
}

static char *copied(const char *text)
{
	return text ? strdup(text) : NULL;
}

/* Where the struct ends at least; 0 where that is not known. */
static size_t end_of(const struct schema *s)
{
	size_t end = 0;

	for (size_t i = 0; i < s->n; i++) {
		const struct entry *e = &s->entries[i];

		if (!e->type || !e->size || e->offset > SIZE_MAX / 2)
			return 0;
		end = e->offset + e->size > end ? e->offset + e->size : end;
	}
	return end;
}

/* What the samples of a counter are, by its semantics: NVTX_COUNTER_DELTA or another; 0: nothing is said. */
static uint64_t value_type(const struct nvtx_semantics *s)
{
	for (; s; s = s->next)
		if (s->id == NVTX_COUNTER_SEMANTICS &&
			s->struct_size >= sizeof(struct nvtx_counter_semantics))
			return ((const struct nvtx_counter_semantics *)(const void *)s)->flags &
				NVTX_COUNTER_VALUE_MASK;
	return 0;
}

static struct schema *copy_schema(const struct nvtx_schema_attr *a)
{
	const uint64_t type = a->mask & NVTX_SCHEMA_TYPE ? a->type : NVTX_SCHEMA_STATIC;
	const size_t all = type < NVTX_SCHEMA_UNION ? a->n_entries : 0;
	const size_t n = all < ENTRIES_MAX ? all : ENTRIES_MAX;
	struct schema *s = calloc(1, sizeof(*s) + n * sizeof(s->entries[0]));
	bool known = true;

	if (!s)
		return NULL;
	s->name = a->mask & NVTX_SCHEMA_NAME ? copied(a->name) : NULL;
	if (type == NVTX_SCHEMA_STATIC && a->mask & NVTX_SCHEMA_STATIC_SIZE)
		s->size = a->static_size;
	for (size_t i = 0; i < n; i++) {
		const struct nvtx_schema_entry *e = &a->entries[i];

		/* An entry that has no place is kept with no type, for those after it. */
		s->n++;
		s->entries[i].name = copied(e->name);
		if (!place_entry(a, s, i, &known))
			continue;
		s->entries[i].flags = e->flags;
		s->entries[i].type = e->type;
		s->entries[i].detail = e->detail;
		s->entries[i].value_type = value_type(e->semantics);
	}
	s->end = type == NVTX_SCHEMA_STATIC ? end_of(s) : 0;
	return s;
}

uint64_t nvtx_schema_register(struct nvtx_domain *domain, const struct nvtx_schema_attr *a)
{
	const uint64_t needed = NVTX_SCHEMA_ENTRIES | NVTX_SCHEMA_N_ENTRIES;
	struct schema *s;

	if (!a || (a->mask & needed) != needed || (a->n_entries && !a->entries))
		return 0;
	s = copy_schema(a);
	if (!s)
		return 0;
	s->domain = domain;
	s->id = a->mask & NVTX_SCHEMA_ID && a->id ? a->id : atomic_fetch_add(&next_id, 1);
	erg_adapter_lock();
	s->next = atomic_load(&schemas);
	atomic_store(&schemas, s);
	erg_adapter_unlock();
	return s->id;
}

static const struct schema *find_schema(const struct nvtx_domain *domain, uint64_t id)
{
	const struct schema *s = atomic_load(&schemas);

	while (s && (s->id != id || s->domain != domain))
		s = s->next;
	return s;
}

/* SIZE bytes at OFFSET of the payload, or NULL. */
static const void *inside(const struct nvtx_payload_data *d, size_t limit, size_t offset,
	size_t size)
{
	return offset <= limit && size <= limit - offset ? (const char *)d->payload + offset : NULL;
}

static int64_t as_signed(const void *from, size_t size)
{
	int8_t i8;
	int16_t i16;
	int32_t i32;
	int64_t i64;

	switch (size) {
	case 1:
		return memcpy(&i8, from, 1), i8;
	case 2:
		return memcpy(&i16, from, 2), i16;
	case 4:
		return memcpy(&i32, from, 4), i32;
	default:
		return memcpy(&i64, from, 8), i64;
	}
}

static int64_t rounded(double v)
{
	return v > -9e18 && v < 9e18 ? llround(v) : 0;
}

/* The number of TYPE at FROM, as the integer next to it; false if it is none. */
static bool read_number(uint64_t type, const void *from, int64_t *ret)
{
	size_t size;
	enum kind kind = number_type(type, &size);
	double d;
	float f;

	if (!from || kind == NOT_A_NUMBER)
		return false;
	if (kind == FLOAT && size == sizeof(f))
		*ret = rounded((memcpy(&f, from, sizeof(f)), f));
	else if (kind == FLOAT)
		*ret = rounded((memcpy(&d, from, sizeof(d)), d));
	else
		*ret = as_signed(from, size);
	if (kind == UNSIGNED && size < 8)
		*ret &= (int64_t)(((uint64_t)1 << 8 * size) - 1);
	return true;
}

/* How many bytes a string whose end is not marked has, by the entry that says it; SIZE_MAX: its end is marked,
 * 0: it is not known. */
static size_t string_length(const struct schema *s, const struct entry *e,
	const struct nvtx_payload_data *d, size_t limit)
{
	const struct entry *of = e->detail < s->n ? &s->entries[e->detail] : NULL;
	int64_t n = 0;

	switch (e->flags & NVTX_ENTRY_ARRAY_MASK) {
	case 0:
	case NVTX_ENTRY_ARRAY_FIXED:
		return e->detail ? (size_t)e->detail : SIZE_MAX;
	case NVTX_ENTRY_ARRAY_ZERO_TERMINATED:
		return e->detail ? 0 : SIZE_MAX; /* else it is an array of strings */
	case NVTX_ENTRY_ARRAY_LENGTH_INDEX:
		if (of && of != e && !of->flags &&
			read_number(of->type, inside(d, limit, of->offset, type_size(of->type)),
				&n))
			return n > 0 ? (size_t)n : 0;
		return 0;
	default: /* in another payload */
		return 0;
	}
}

/* N bytes at FROM in this thread's buffer; NULL where there are none. */
static const char *cut(const char *from, size_t n)
{
	static __thread char buf[512];

	if (!from || !n)
		return NULL;
	n = strnlen(from, n < sizeof(buf) ? n : sizeof(buf) - 1);
	memcpy(buf, from, n);
	buf[n] = '\0';
	return buf;
}

/* The string that the entry points to: the program's own, where its end is marked. */
static const char *pointed_string(const struct schema *s, const struct entry *e,
	const struct nvtx_payload_data *d, size_t limit)
{
	const void *at = inside(d, limit, e->offset, sizeof(void *));
	const char *text;
	size_t n;

	if (!at || e->flags & NVTX_ENTRY_OFFSET_FLAGS)
		return NULL;
	memcpy(&text, at, sizeof(text));
	if (text && e->type == NVTX_ENTRY_REGISTERED_STRING)
		return ((const struct nvtx_string *)(const void *)text)->text;
	n = string_length(s, e, d, limit);
	return n == SIZE_MAX ? text : cut(text, n);
}

/* The string of entry E of S. */
static const char *read_string(const struct schema *s, const struct entry *e,
	const struct nvtx_payload_data *d, size_t limit)
{
	size_t n;

	if (e->type == NVTX_ENTRY_REGISTERED_STRING ||
		e->flags & (NVTX_ENTRY_POINTER | NVTX_ENTRY_OFFSET_FLAGS) ||
		!(e->detail || e->flags & NVTX_ENTRY_ARRAY_MASK))
		return pointed_string(s, e, d, limit);
	n = string_length(s, e, d, limit);
	if (n == SIZE_MAX)
		n = limit > e->offset ? limit - e->offset : 0;
	return cut(inside(d, limit, e->offset, n), n);
}

static void read_entry(const struct schema *s, const struct entry *e,
	const struct nvtx_payload_data *d, size_t limit, const char *wanted,
	struct nvtx_payload *ret)
{
	const void *at = inside(d, limit, e->offset, type_size(e->type));
	const bool is_wanted = wanted && e->name && !strcmp(e->name, wanted);
	int64_t v;

	if (e->flags & NVTX_ENTRY_MESSAGE &&
		(is_string(e->type) || e->type == NVTX_ENTRY_REGISTERED_STRING)) {
		const char *text = read_string(s, e, d, limit);

		ret->message = text ? text : ret->message;
	} else if (e->type == NVTX_ENTRY_COLOR && at) {
		ret->color = (uint32_t)as_signed(at, 4) & 0xffffff;
	} else if (e->type == NVTX_ENTRY_CATEGORY && at) {
		ret->category = (uint32_t)as_signed(at, 4);
	} else if (!(e->flags & ~(uint64_t)NVTX_ENTRY_MESSAGE) && (!ret->has_value || is_wanted) &&
		read_number(e->type, at, &v)) {
		ret->has_value = true;
		ret->value = v > 0 ? (uint64_t)v : 0;
	}
}

void nvtx_payload_read(const struct nvtx_domain *domain, const struct nvtx_payload_data *data,
	size_t count, const char *wanted, struct nvtx_payload *ret)
{
	*ret = (struct nvtx_payload){0};
	for (size_t i = 0; data && i < count; i++) {
		const struct schema *s = find_schema(domain, data[i].schema);
		const char *before = ret->message;
		size_t limit = data[i].size;

		if (!s || !data[i].payload)
			continue;
		if (limit == SIZE_MAX)
			limit = s->size ? s->size : s->end;
		for (size_t k = 0; k < s->n; k++)
			read_entry(s, &s->entries[k], &data[i], limit, wanted, ret);
		if (!ret->message && !before)
			ret->message = s->name;
	}
}

/* ---- counters ---- */

static void add_counter(const struct nvtx_domain *domain, const struct nvtx_counter_attr *a,
	uint64_t id, const char *name, size_t member, uint64_t own_type)
{
	static _Atomic bool said;
	uint32_t n;

	erg_adapter_lock();
	n = atomic_load(&n_counters);
	if (n < COUNTERS_MAX) {
		counters[n].domain = domain;
		counters[n].id = id;
		counters[n].schema = a->schema;
		counters[n].member = member;
		counters[n].delta =
			(own_type ? own_type : value_type(a->semantics)) == NVTX_COUNTER_DELTA;
		counters[n].index = erg_counter(name);
		atomic_store(&n_counters, n + 1);
	}
	erg_adapter_unlock();
	if ((n == COUNTERS_MAX || counters[n].index == UINT32_MAX) && !atomic_exchange(&said, true))
		erg_marker("erg: nvtx: more counters than can be kept: the last are not counted",
			0);
}

static void register_group(struct nvtx_domain *domain, const struct nvtx_counter_attr *a,
	uint64_t id, const struct schema *s)
{
	char name[256];
	size_t size;

	for (size_t i = 0; i < s->n; i++) {
		if (number_type(s->entries[i].type, &size) == NOT_A_NUMBER ||
			s->entries[i].flags & NVTX_ENTRY_NO_NUMBER)
			continue;
		snprintf(name, sizeof(name), "%s%s%s", a->name ? a->name : "",
			a->name && *a->name ? ": " : "",
			s->entries[i].name ? s->entries[i].name : "counter");
		add_counter(domain, a, id, name, i, s->entries[i].value_type);
	}
}

uint64_t nvtx_counter_register(struct nvtx_domain *domain, const struct nvtx_counter_attr *a)
{
	const struct schema *s;
	uint64_t id;

	if (!a || a->struct_size < sizeof(*a))
		return 0;
	id = a->id ? a->id : atomic_fetch_add(&next_id, 1);
	s = find_schema(domain, a->schema);
	if (s)
		register_group(domain, a, id, s);
	else
		add_counter(domain, a, id, a->name && *a->name ? a->name : "counter", 0, 0);
	return id;
}

/* An absolute value's first sample is what it begins with: 0 was before. */
static void count_sample(struct counter *c, int64_t value)
{
	erg_counter_add(c->index, c->delta ? value : value - atomic_exchange(&c->last, value));
}

static struct counter *find_counter(const struct nvtx_domain *domain, uint64_t id, uint32_t *from)
{
	const uint32_t n = atomic_load(&n_counters);

	for (; *from < n; ++*from)
		if (counters[*from].id == id && counters[*from].domain == domain)
			return &counters[(*from)++];
	return NULL;
}

void nvtx_counter_int64(struct nvtx_domain *domain, uint64_t id, int64_t value)
{
	uint32_t from = 0;
	struct counter *c = find_counter(domain, id, &from);

	if (c)
		count_sample(c, value);
}

void nvtx_counter_float64(struct nvtx_domain *domain, uint64_t id, double value)
{
	nvtx_counter_int64(domain, id, rounded(value));
}

void nvtx_counter_sample(struct nvtx_domain *domain, uint64_t id, const void *value, size_t size)
{
	const struct nvtx_payload_data d = {0, size, value};
	struct counter *c;
	uint32_t from = 0;
	int64_t v;

	while (value && (c = find_counter(domain, id, &from))) {
		const struct schema *s = find_schema(domain, c->schema);
		const uint64_t type = s ? s->entries[c->member].type : c->schema;
		const size_t offset = s ? s->entries[c->member].offset : 0;

		if (read_number(type, inside(&d, size, offset, type_size(type)), &v))
			count_sample(c, v);
	}
}

/* 0: the value is 0; else it is unchanged, or nobody knows. */
void nvtx_counter_none(struct nvtx_domain *domain, uint64_t id, uint8_t reason)
{
	if (!reason)
		nvtx_counter_int64(domain, id, 0);
}

/* Samples that come late belong to whatever the thread does now, as nothing else is known. */
void nvtx_counter_batch(struct nvtx_domain *domain, const struct nvtx_counter_batch *batch)
{
	const struct schema *s;
	struct counter *c;
	uint32_t from = 0;
	size_t step;

	if (!batch || !batch->counters || !(c = find_counter(domain, batch->id, &from)))
		return;
	s = find_schema(domain, c->schema);
	step = s ? s->size : type_size(c->schema);
	for (size_t at = 0; step && at + step <= batch->size; at += step)
		nvtx_counter_sample(domain, batch->id, (const char *)batch->counters + at, step);
}
