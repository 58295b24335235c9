/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The frame of joining: which processes belong to the run, and the order of the steps. Definitions
 * of all chunks are collected before anything is resolved, since a definition may stand in another
 * chunk than its use.
 */
#include "analyze/reader/join.h"

#include <errno.h>
#include <string.h>

#include "formats/base/order.h"
#include "formats/base/util.h"

static void free_entries(struct erg_join_entry *e)
{
	while (e) {
		struct erg_join_entry *later = e->later;

		free(e);
		e = later;
	}
}

static void join_release(struct erg_join *j)
{
	struct erg_join_entry *e, *next;
	struct erg_join_name *n, *next_name;

	HASH_ITER(hh, j->entries, e, next)
	{
		HASH_DEL(j->entries, e);
		free_entries(e);
	}
	HASH_ITER(hh, j->layers, n, next_name)
	{
		HASH_DEL(j->layers, n);
		free(n);
	}
	json_decref(j->events);
}

struct timed {
	uint64_t time;
	size_t index;
	json_t *event;
};

static int by_time(const void *a, const void *b)
{
	const struct timed *x = a, *y = b;

	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	return (x->index > y->index) - (x->index < y->index);
}

/* All rare events of all chunks, in order of time. */
static int collect_events(struct erg_join *j, struct erg_err *err)
{
	_cleanup_(erg_freep) struct timed *order = NULL;
	json_auto_t *all = json_array();
	size_t i, n;
	json_t *e;

	for (size_t c = 0; c < j->n_chunks; c++) {
		const struct erg_chunk_header *h = j->chunks[c].h;
		json_auto_t *part = !h || !h->json_len
			? NULL
			: json_loadb((const char *)h + h->json, h->json_len, 0, NULL);

		if (part && json_array_extend(all, part))
			return erg_fail(err, -ENOMEM, "out of memory");
	}
	n = json_array_size(all);
	order = calloc(n + 1, sizeof(*order));
	j->events = json_array();
	if (!order || !j->events)
		return erg_fail(err, -ENOMEM, "out of memory");
	json_array_foreach (all, i, e)
		order[i] = (struct timed){erg_join_number(e,
						  json_object_get(e, "time") ? "time" : "begin"),
			i, e};
	erg_sort(order, n, sizeof(*order), by_time);
	for (i = 0; i < n; i++)
		json_array_append(j->events, order[i].event);
	return 0;
}

static int find_processes(struct erg_join *j, struct erg_err *err)
{
	const json_t *command = json_object_get(j->tl->manifest, "command");
	const char *processes = erg_join_text(j->tl->manifest, "processes");
	const char *run = json_string_value(json_object_get(j->tl->manifest, "run_id"));
	size_t i;
	json_t *e;

	/* Older recorders recorded every program and said nothing of it; what joined is all ours. */
	j->run = json_array_size(command) && strcmp(processes, "joined") ? run : NULL;
	j->attached = !strcmp(processes, "all");
	json_array_foreach (j->events, i, e) {
		struct erg_join_entry *p;

		if (strcmp(erg_join_text(e, "event"), "process_define"))
			continue;
		p = erg_join_add(j, (uint32_t)erg_join_number(e, "pid"), 0, ERG_JOIN_PROCESS);
		if (!p)
			return erg_fail(err, -ENOMEM, "out of memory");
		p->def = e;
	}
	return 0;
}

static void warn_left_out(struct erg_join *j)
{
	if (j->reversed)
		erg_timeline_warn(j->tl, "reversed",
			"%llu layer instances end before they begin and were left out",
			(unsigned long long)j->reversed);
	if (j->undefined)
		erg_timeline_warn(j->tl, "undefined",
			"the definition of some layers was lost: they are named by their ids");
}

void erg_join_span(struct erg_timeline *tl, const struct erg_worker_chunk *chunks, size_t n)
{
	uint64_t begin = UINT64_MAX, end = 0;

	for (size_t i = 0; i < n; i++) {
		if (!chunks[i].h || !chunks[i].h->events)
			continue;
		begin = chunks[i].h->first_ns < begin ? chunks[i].h->first_ns : begin;
		end = chunks[i].h->last_ns > end ? chunks[i].h->last_ns : end;
	}
	if (json_is_integer(json_object_get(tl->summary, "begin_ns")))
		begin = erg_join_number(tl->summary, "begin_ns");
	if (json_is_integer(json_object_get(tl->summary, "end_ns")))
		end = erg_join_number(tl->summary, "end_ns");
	tl->begin = begin == UINT64_MAX ? 0 : begin;
	tl->end = end < tl->begin ? tl->begin : end;
}

int erg_join_timeline(struct erg_timeline *tl, struct erg_worker_chunk *chunks, size_t n,
	struct erg_err *err)
{
	_cleanup_(join_release) struct erg_join j = {.tl = tl, .chunks = chunks, .n_chunks = n};
	int r;

	erg_join_span(tl, chunks, n);
	r = collect_events(&j, err);
	if (r >= 0)
		r = find_processes(&j, err);
	if (r >= 0)
		r = erg_join_definitions(&j, err);
	if (r >= 0)
		r = erg_join_readings(&j, err);
	if (r >= 0)
		r = erg_join_happenings(&j, err);
	if (r >= 0)
		r = erg_join_intervals(&j, err); /* last: it gives the chunks' memory back */
	if (r >= 0 && erg_join_macs(tl) < 0)
		r = erg_fail(err, -ENOMEM, "out of memory");
	warn_left_out(&j);
	return r;
}
