/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Ranges of threads on the streams of what they launched: see nsys.h. */
#include "record/import/nsys.h"

#include <errno.h>
#include <string.h>

#include "formats/base/order.h"
#include "formats/base/util.h"

int erg_nsys_add_range(struct erg_nsys_ranges *r, int64_t thread, int64_t begin, int64_t end,
	const char *name)
{
	if (r->n == r->alloc) {
		size_t alloc = r->alloc ? 2 * r->alloc : 256;
		struct erg_nsys_range *p = reallocarray(r->ranges, alloc, sizeof(*p));

		if (!p)
			return -ENOMEM;
		r->ranges = p;
		r->alloc = alloc;
	}
	r->ranges[r->n] = (struct erg_nsys_range){.thread = thread,
		.begin = begin,
		.end = end,
		.name = strdup(name),
		.parent = ERG_NSYS_NONE,
		.extent = ERG_NSYS_NONE};
	return r->ranges[r->n].name ? (r->n++, 0) : -ENOMEM;
}

static int by_thread_and_begin(const void *a, const void *b)
{
	const struct erg_nsys_range *x = a, *y = b;

	if (x->thread != y->thread)
		return x->thread < y->thread ? -1 : 1;
	if (x->begin != y->begin)
		return x->begin < y->begin ? -1 : 1;
	return x->end != y->end ? (x->end > y->end ? -1 : 1) : 0;
}

void erg_nsys_sort_ranges(struct erg_nsys_ranges *r)
{
	size_t kept = 0, top = ERG_NSYS_NONE;

	erg_sort(r->ranges, r->n, sizeof(*r->ranges), by_thread_and_begin);
	for (size_t i = 0; i < r->n; i++) {
		struct erg_nsys_range *range = &r->ranges[i];

		while (top != ERG_NSYS_NONE &&
			(r->ranges[top].thread != range->thread ||
				r->ranges[top].end <= range->begin))
			top = r->ranges[top].parent;
		if (top != ERG_NSYS_NONE && r->ranges[top].end < range->end) {
			free(range->name);
			continue;
		}
		range->parent = top;
		top = kept;
		r->ranges[kept++] = *range;
	}
	r->n = kept;
}

size_t erg_nsys_range_at(const struct erg_nsys_ranges *r, int64_t thread, int64_t t)
{
	size_t lo = 0, hi = r->n;

	while (lo < hi) { /* behind the last one that begins by T */
		const size_t mid = lo + (hi - lo) / 2;
		const struct erg_nsys_range *range = &r->ranges[mid];

		if (range->thread < thread || (range->thread == thread && range->begin <= t))
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == 0 || r->ranges[lo - 1].thread != thread)
		return ERG_NSYS_NONE;
	for (lo--; lo != ERG_NSYS_NONE && r->ranges[lo].end < t;)
		lo = r->ranges[lo].parent;
	return lo;
}

/* The module of a range lies in those of the ranges around it. 0: no memory. */
static uint32_t define_module(struct erg_nsys_ranges *r, struct erg_import_layers *l, size_t i)
{
	size_t path[64], depth = 0;
	uint32_t parent = 0;

	for (; i != ERG_NSYS_NONE && !r->ranges[i].module && depth < ERG_ARRAY_SIZE(path);
		i = r->ranges[i].parent)
		path[depth++] = i;
	if (i != ERG_NSYS_NONE)
		parent = r->ranges[i].module;
	while (depth > 0) {
		struct erg_nsys_range *range = &r->ranges[path[--depth]];

		range->module = erg_import_layers_define(l, 1, parent, range->name, "nvtx", "");
		parent = range->module;
		if (!parent)
			return 0;
	}
	return parent;
}

static int extend(struct erg_nsys_ranges *r, struct erg_nsys_range *range, uint32_t track,
	int64_t begin, int64_t end)
{
	struct erg_nsys_extent *e;

	for (size_t i = range->extent; i != ERG_NSYS_NONE; i = r->extents[i].next) {
		e = &r->extents[i];
		if (e->track != track)
			continue;
		e->begin = begin < e->begin ? begin : e->begin;
		e->end = end > e->end ? end : e->end;
		return 0;
	}
	if (r->n_extents == r->extents_alloc) {
		size_t alloc = r->extents_alloc ? 2 * r->extents_alloc : 256;

		e = reallocarray(r->extents, alloc, sizeof(*e));
		if (!e)
			return -ENOMEM;
		r->extents = e;
		r->extents_alloc = alloc;
	}
	r->extents[r->n_extents] = (struct erg_nsys_extent){begin, end, track, range->extent};
	range->extent = r->n_extents++;
	return 0;
}

int erg_nsys_launched(struct erg_nsys_ranges *r, struct erg_import_layers *l, size_t range,
	uint32_t track, int64_t begin, int64_t end)
{
	int rc = define_module(r, l, range) ? 0 : -ENOMEM;

	for (; rc == 0 && range != ERG_NSYS_NONE; range = r->ranges[range].parent)
		rc = extend(r, &r->ranges[range], track, begin, end);
	return rc;
}

int erg_nsys_add_modules(const struct erg_nsys_ranges *r, struct erg_import_layers *l)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct erg_nsys_range *range = &r->ranges[i];
		uint32_t iteration = range->module ? l->defs[range->module - 1].seen++ : 0;

		for (size_t k = range->extent; k != ERG_NSYS_NONE; k = r->extents[k].next) {
			struct erg_import_span *s = erg_import_layers_add(l);

			if (!s)
				return -ENOMEM;
			*s = (struct erg_import_span){.begin = r->extents[k].begin,
				.end = r->extents[k].end,
				.layer = range->module - 1,
				.track = r->extents[k].track,
				.iteration = iteration,
				.line = (uint32_t)i + 1};
		}
	}
	return 0;
}

void erg_nsys_release_ranges(struct erg_nsys_ranges *r)
{
	for (size_t i = 0; i < r->n; i++)
		free(r->ranges[i].name);
	free(r->ranges);
	free(r->extents);
	*r = (struct erg_nsys_ranges){0};
}
