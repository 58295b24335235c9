/* SPDX-License-Identifier: MIT */
/*
 * A collector of ITT: tasks become layers. Loaded by ITT itself (INTEL_LIBITTNOTIFY64).
 *
 *	tasks			layers of the thread, nested; the outermost are parts of the network
 *				named by ERG_NETWORK or like the program; the domain is their type
 *	tasks of oneDNN		layers with their kind, and their shapes if preloaded (onednn.c)
 *	overlapped tasks	spans of the track "overlapped tasks"; they may cross threads
 *	frames			iterations
 *	markers			markers
 *	metadata		of the innermost task that is open: a whole number is counted in it, by a
 *				counter of the key's name; other values, and those of another task that is
 *				open (by its id), are markers "TASK: KEY=VALUE"
 *	thread names		names of threads
 *
 * Domains and string handles are left to ITT. While nothing records, tasks are only counted.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tracepoints/adapters/common.h"
#include "tracepoints/adapters/itt/itt_abi.h"
#include "tracepoints/adapters/itt/onednn.h"

#define OVERLAPPED_MAX 1024u

static struct {
	struct itt_id id;
	uint32_t layer;
	uint64_t begin_ns;
} overlapped[OVERLAPPED_MAX];
static _Atomic uint32_t frames;

static uint32_t parent_of(const struct erg_adapter_thread *t)
{
	for (uint32_t i = t->depth; i > 0; i--)
		if (t->at[i - 1].layer)
			return t->at[i - 1].layer;
	return erg_adapter_network();
}

static const char *text_of(const struct itt_string *s)
{
	return s && s->text ? s->text : "";
}

static uint32_t layer_of(struct erg_adapter_thread *t, const struct itt_domain *d,
	const struct itt_string *name)
{
	const char *type = d->name ? d->name : "task";
	uint32_t parent = parent_of(t), layer = 0;

	if (!strncmp(type, "dnnl::", 6)) {
		layer = erg_onednn_layer(t, parent, text_of(name));
		type = erg_onednn_type(text_of(name));
	}
	return layer ? layer
		     : erg_adapter_id(t, ERG_RANGE_LAYER, parent, text_of(name), type, NULL);
}

/* 0: none. */
static uint64_t hash_of(const struct itt_id *id)
{
	uint64_t h = id->d1 * 0x9e3779b97f4a7c15u;

	h = ((h ^ h >> 29) + id->d2) * 0x9e3779b97f4a7c15u;
	return ((h ^ h >> 29) + id->d3) * 0x9e3779b97f4a7c15u;
}

static void task_begin(const struct itt_domain *d, struct itt_id id, struct itt_id parent,
	const struct itt_string *name)
{
	struct erg_adapter_thread *t = d ? erg_adapter_self() : NULL;

	(void)parent;
	if (!t)
		return;
	erg_adapter_push(t, d, erg_enabled() ? layer_of(t, d, name) : 0);
	if (t->overflow)
		return;
	t->at[t->depth - 1].name = name; /* stays, as ITT's handles do */
	t->at[t->depth - 1].id = hash_of(&id);
}

static void task_begin_fn(const struct itt_domain *d, struct itt_id id, struct itt_id parent,
	void *fn)
{
	char text[32];
	struct itt_string name = {.text = text};

	struct erg_adapter_thread *t = erg_adapter_self();

	snprintf(text, sizeof(text), "%p", fn);
	task_begin(d, id, parent, &name);
	if (t && t->depth && !t->overflow)
		t->at[t->depth - 1].name = NULL;
}

static void task_begin_ex(const struct itt_domain *d, void *clock, unsigned long long when,
	struct itt_id id, struct itt_id parent, const struct itt_string *name)
{
	(void)clock;
	(void)when;
	task_begin(d, id, parent, name);
}

static void task_end(const struct itt_domain *d)
{
	struct erg_adapter_thread *t = d ? erg_adapter_self() : NULL;

	if (t)
		erg_adapter_pop(t, d);
}

static void task_end_ex(const struct itt_domain *d, void *clock, unsigned long long when)
{
	(void)clock;
	(void)when;
	task_end(d);
}

/* The slot of an id, or a free one for a new id; OVERLAPPED_MAX if there is none. */
static uint32_t slot_of(struct itt_id id, bool free_one)
{
	uint32_t first = (uint32_t)(id.d1 * 31 + id.d2 * 7 + id.d3);

	for (uint32_t i = 0; i < OVERLAPPED_MAX; i++) {
		uint32_t s = (first + i) % OVERLAPPED_MAX;

		if (free_one ? !overlapped[s].layer
			     : overlapped[s].layer && !memcmp(&overlapped[s].id, &id, sizeof(id)))
			return s;
	}
	return OVERLAPPED_MAX;
}

static void overlapped_begin(const struct itt_domain *d, struct itt_id id, struct itt_id parent,
	const struct itt_string *name)
{
	struct erg_adapter_thread *t = d && erg_enabled() ? erg_adapter_self() : NULL;
	uint32_t layer, s;

	(void)parent;
	if (!t)
		return;
	layer = layer_of(t, d, name);
	erg_adapter_lock();
	s = slot_of(id, true);
	if (s < OVERLAPPED_MAX) {
		overlapped[s].id = id;
		overlapped[s].layer = layer;
		overlapped[s].begin_ns = erg_now_ns();
	}
	erg_adapter_unlock();
}

static void overlapped_end(const struct itt_domain *d, struct itt_id id)
{
	uint32_t layer = 0, s;
	uint64_t begin = 0;

	(void)d;
	erg_adapter_lock();
	s = slot_of(id, false);
	if (s < OVERLAPPED_MAX) {
		layer = overlapped[s].layer;
		begin = overlapped[s].begin_ns;
		overlapped[s].layer = 0;
	}
	erg_adapter_unlock();
	if (layer)
		erg_span(layer, 0, begin, erg_now_ns(), erg_track("overlapped tasks", false));
}

static void frame_begin(const struct itt_domain *d, struct itt_id *id)
{
	(void)d;
	(void)id;
	erg_iteration(atomic_fetch_add(&frames, 1));
}

static void marker(const struct itt_domain *d, struct itt_id id, const struct itt_string *name,
	int scope)
{
	(void)d;
	(void)id;
	(void)scope;
	if (erg_enabled())
		erg_marker(text_of(name), 0);
}

/* The open task that metadata of ID are about, counted from 1: the innermost where ID is none; 0: none that
 * is open in this thread, or none that has a layer. */
static uint32_t task_of(const struct erg_adapter_thread *t, const struct itt_id *id)
{
	const uint64_t wanted = hash_of(id);
	uint32_t i = t ? t->depth : 0;

	while (i && wanted && t->at[i - 1].id != wanted)
		i--;
	return i && t->at[i - 1].layer ? i : 0;
}

/* "KEY=", after "TASK: " where there is a TASK. */
static size_t begin_text(char *to, size_t size, uint32_t task, const struct itt_string *key)
{
	const struct erg_adapter_thread *t = erg_adapter_self();
	const char *name = task ? text_of(t->at[task - 1].name) : "";

	return (size_t)snprintf(to, size, "%.100s%s%.100s=", name, *name ? ": " : "", text_of(key));
}

static void say_text(uint32_t task, const struct itt_string *key, const char *data, size_t length)
{
	char text[512];
	size_t n;

	if (!length)
		length = strnlen(data, sizeof(text));
	if (length > 300)
		length = 300;
	n = begin_text(text, sizeof(text), task, key);
	snprintf(text + n, sizeof(text) - n, "%.*s", (int)length, data);
	erg_marker(text, 0);
}

static void metadata_str_add(const struct itt_domain *d, struct itt_id id,
	const struct itt_string *key, const char *data, size_t length)
{
	(void)d;
	if (erg_enabled() && data)
		say_text(task_of(erg_adapter_self(), &id), key, data, length);
}

/* Of the innermost task, or of more than it. */
static uint32_t task_of_scope(int scope)
{
	const struct itt_id innermost = {0, 0, 0};

	return scope == ITT_SCOPE_TASK ? task_of(erg_adapter_self(), &innermost) : 0;
}

static void metadata_str_add_with_scope(const struct itt_domain *d, int scope,
	const struct itt_string *key, const char *data, size_t length)
{
	(void)d;
	if (erg_enabled() && data)
		say_text(task_of_scope(scope), key, data, length);
}

static int put_number(char *to, size_t cap, enum itt_metadata_type type, const void *data, size_t i)
{
	switch (type) {
	case ITT_METADATA_U64:
		return snprintf(to, cap, " %llu", ((const unsigned long long *)data)[i]);
	case ITT_METADATA_S64:
		return snprintf(to, cap, " %lld", ((const long long *)data)[i]);
	case ITT_METADATA_U32:
		return snprintf(to, cap, " %u", ((const unsigned *)data)[i]);
	case ITT_METADATA_S32:
		return snprintf(to, cap, " %d", ((const int *)data)[i]);
	case ITT_METADATA_U16:
		return snprintf(to, cap, " %u", ((const uint16_t *)data)[i]);
	case ITT_METADATA_S16:
		return snprintf(to, cap, " %d", ((const int16_t *)data)[i]);
	case ITT_METADATA_FLOAT:
		return snprintf(to, cap, " %g", (double)((const float *)data)[i]);
	case ITT_METADATA_DOUBLE:
		return snprintf(to, cap, " %g", ((const double *)data)[i]);
	default:
		return 0;
	}
}

/* A single whole number that a counter holds; false if it is none. */
static bool count_number(const struct itt_string *key, enum itt_metadata_type type, size_t count,
	const void *data)
{
	char text[32];
	char *end;
	long long v;

	if (count != 1 || type == ITT_METADATA_FLOAT || type == ITT_METADATA_DOUBLE ||
		!*text_of(key) || put_number(text, sizeof(text), type, data, 0) <= 0)
		return false;
	errno = 0;
	v = strtoll(text, &end, 10);
	if (errno)
		return false;
	erg_counter_add(erg_counter(text_of(key)), v);
	return true;
}

static void say_numbers(uint32_t task, const struct itt_string *key, enum itt_metadata_type type,
	size_t count, const void *data)
{
	const struct erg_adapter_thread *t = erg_adapter_self();
	char text[512];
	size_t n;

	if (task && task == t->depth && count_number(key, type, count, data))
		return;
	n = begin_text(text, sizeof(text), task, key);
	for (size_t i = 0; i < count && i < 16 && n < sizeof(text) - 32; i++)
		n += (size_t)put_number(text + n, sizeof(text) - n, type, data, i);
	erg_marker(text, 0);
}

static void metadata_add(const struct itt_domain *d, struct itt_id id, const struct itt_string *key,
	enum itt_metadata_type type, size_t count, const void *data)
{
	(void)d;
	if (erg_enabled() && data)
		say_numbers(task_of(erg_adapter_self(), &id), key, type, count, data);
}

static void metadata_add_with_scope(const struct itt_domain *d, int scope,
	const struct itt_string *key, enum itt_metadata_type type, size_t count, const void *data)
{
	(void)d;
	if (erg_enabled() && data)
		say_numbers(task_of_scope(scope), key, type, count, data);
}

typedef void (*any_function)(void);
#define F(fn) ((any_function)(fn))

static const struct {
	const char *name;
	any_function fn;
} calls[] = {
	{"__itt_task_begin", F(task_begin)},
	{"__itt_task_begin_fn", F(task_begin_fn)},
	{"__itt_task_begin_ex", F(task_begin_ex)},
	{"__itt_task_end", F(task_end)},
	{"__itt_task_end_ex", F(task_end_ex)},
	{"__itt_task_begin_overlapped", F(overlapped_begin)},
	{"__itt_task_end_overlapped", F(overlapped_end)},
	{"__itt_frame_begin_v3", F(frame_begin)},
	{"__itt_marker", F(marker)},
	{"__itt_metadata_add", F(metadata_add)},
	{"__itt_metadata_str_add", F(metadata_str_add)},
	{"__itt_metadata_add_with_scope", F(metadata_add_with_scope)},
	{"__itt_metadata_str_add_with_scope", F(metadata_str_add_with_scope)},
	{"__itt_thread_set_name", F(erg_thread_name)},
};

/* ITT makes these itself as long as nobody else does. */
static bool made_by_itt(const char *name)
{
	return !strcmp(name, "__itt_domain_create") || !strcmp(name, "__itt_string_handle_create");
}

ERG_API itt_api_init __itt_api_init;

ERG_API void __itt_api_init(struct itt_global *global, unsigned groups)
{
	(void)groups;
	if (!global || !global->api_list)
		return;
	for (struct itt_api_info *a = global->api_list; a->name; a++) {
		if (made_by_itt(a->name) || !a->func_ptr)
			continue;
		*a->func_ptr = a->null_func;
		for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
			if (!strcmp(a->name, calls[i].name))
				*(any_function *)a->func_ptr = calls[i].fn;
	}
}
