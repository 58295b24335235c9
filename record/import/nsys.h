/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_IMPORT_NSYS_H
#define ERG_RECORD_IMPORT_NSYS_H

/*
 * Private to nsys.c and nsys_ranges.c: ranges of threads, by which what a device ran is known. A kernel belongs to
 * the innermost range that was open on the thread that launched it when it did; a range lasts, on each stream, from
 * the first to the last of what was launched within it. This is what Nsight calls the range's GPU projection.
 */
#include <stddef.h>
#include <stdint.h>

#include "record/import/import.h"

#define ERG_NSYS_NONE SIZE_MAX

/* What a range is on one stream. */
struct erg_nsys_extent {
	int64_t begin, end;
	uint32_t track;
	size_t next; /* of the same range */
};

struct erg_nsys_range {
	int64_t thread, begin, end;
	char *name;
	uint32_t module;       /* id of its definition; 0: nothing was launched within it */
	size_t parent, extent; /* indices, or ERG_NSYS_NONE */
};

struct erg_nsys_ranges {
	struct erg_nsys_range *ranges; /* by thread and begin, once they are sorted */
	size_t n, alloc;
	struct erg_nsys_extent *extents;
	size_t n_extents, extents_alloc;
};

/* Functions that return int return 0 or -ENOMEM. */
int erg_nsys_add_range(struct erg_nsys_ranges *r, int64_t thread, int64_t begin, int64_t end,
	const char *name);
/* Finds out which lies in which; ranges that overlap one of their thread without lying in it are left out. */
void erg_nsys_sort_ranges(struct erg_nsys_ranges *r);
/* The innermost range that is open on THREAD at T, or ERG_NSYS_NONE. */
size_t erg_nsys_range_at(const struct erg_nsys_ranges *r, int64_t thread, int64_t t);
/* Something was launched within the range and ran on TRACK: extends it and those around it, which become modules. */
int erg_nsys_launched(struct erg_nsys_ranges *r, struct erg_import_layers *l, size_t range,
	uint32_t track, int64_t begin, int64_t end);
/* Adds the ranges to the layers, as modules on the tracks of streams. */
int erg_nsys_add_modules(const struct erg_nsys_ranges *r, struct erg_import_layers *l);
void erg_nsys_release_ranges(struct erg_nsys_ranges *r);

#endif
