/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_TIMES_H
#define ERG_ANALYZE_TIMES_H

/*
 * A column of times in four bytes each. Neighbours are near to each other, so each is kept as its
 * distance from the first of its block; a block in which one is farther than 2.1 s from that (few
 * instances in a long time) has its times in full instead. Any sequence comes back exactly.
 */
#include <stddef.h>
#include <stdint.h>

#define ERG_TIMES_BLOCK 64

struct erg_times_block {
	uint64_t base;
	uint64_t *full; /* ERG_TIMES_BLOCK times, or NULL: base + offset */
};

/* All zeroes is an empty column. */
struct erg_times {
	size_t n, cap;
	int32_t *offset;
	struct erg_times_block *blocks;
};

/* 0 or -ENOMEM; afterwards N times can be pushed without moving what is there. */
int erg_times_reserve(struct erg_times *t, size_t n);
/* Appends TIME, ns; 0 or -ENOMEM. */
int erg_times_push(struct erg_times *t, uint64_t time);
void erg_times_release(struct erg_times *t);

/* I < t->n */
static inline uint64_t erg_times_at(const struct erg_times *t, size_t i)
{
	const struct erg_times_block *b = &t->blocks[i / ERG_TIMES_BLOCK];

	return __builtin_expect(b->full != NULL, 0) ? b->full[i % ERG_TIMES_BLOCK]
						     : b->base + (uint64_t)(int64_t)t->offset[i];
}

#endif
