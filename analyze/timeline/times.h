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
void erg_times_release(struct erg_times *t);

/* I < t->n */
static inline uint64_t erg_times_at(const struct erg_times *t, size_t i)
{
	const struct erg_times_block *b = &t->blocks[i / ERG_TIMES_BLOCK];

	return __builtin_expect(b->full != NULL, 0) ? b->full[i % ERG_TIMES_BLOCK]
						    : b->base + (uint64_t)(int64_t)t->offset[i];
}

/*
 * For loops over neighbours: how many times from I on (at least 1; more than there are at the end)
 * are *ret_base + (*ret_offset)[0], [1], ….
 */
static inline size_t erg_times_run(const struct erg_times *t, size_t i, uint64_t *ret_base,
	const int32_t **ret_offset)
{
	static const int32_t none = 0;
	const struct erg_times_block *b = &t->blocks[i / ERG_TIMES_BLOCK];

	*ret_base = b->full ? b->full[i % ERG_TIMES_BLOCK] : b->base;
	*ret_offset = b->full ? &none : t->offset + i;
	return b->full ? 1 : ERG_TIMES_BLOCK - i % ERG_TIMES_BLOCK;
}

/* Where erg_times_push() does not fit: a new block, room for more, a time too far away. */
int erg_times_push_slow(struct erg_times *t, uint64_t time);

/* Appends TIME, ns; 0 or -ENOMEM. */
static inline int erg_times_push(struct erg_times *t, uint64_t time)
{
	if (t->n % ERG_TIMES_BLOCK && t->n < t->cap) {
		const struct erg_times_block *b = &t->blocks[t->n / ERG_TIMES_BLOCK];
		int64_t offset = (int64_t)(time - b->base);

		if (!b->full && offset == (int32_t)offset) {
			t->offset[t->n++] = (int32_t)offset;
			return 0;
		}
	}
	return erg_times_push_slow(t, time);
}

#endif
