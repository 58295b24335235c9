/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Only the last block grows; it goes to full times at the first that is too far from its base. */
#include "analyze/timeline/times.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static size_t blocks_of(size_t n)
{
	return (n + ERG_TIMES_BLOCK - 1) / ERG_TIMES_BLOCK;
}

int erg_times_reserve(struct erg_times *t, size_t n)
{
	struct erg_times_block *blocks;
	int32_t *offset;

	if (n <= t->cap)
		return 0;
	offset = reallocarray(t->offset, n, sizeof(*offset));
	if (!offset)
		return -ENOMEM;
	t->offset = offset;
	blocks = reallocarray(t->blocks, blocks_of(n), sizeof(*blocks));
	if (!blocks)
		return -ENOMEM;
	t->blocks = blocks;
	t->cap = n;
	return 0;
}

static int make_full(struct erg_times *t, struct erg_times_block *b)
{
	uint64_t *full = calloc(ERG_TIMES_BLOCK, sizeof(*full));

	if (!full)
		return -ENOMEM;
	for (size_t i = t->n - t->n % ERG_TIMES_BLOCK; i < t->n; i++)
		full[i % ERG_TIMES_BLOCK] = erg_times_at(t, i);
	b->full = full;
	return 0;
}

int erg_times_push_slow(struct erg_times *t, uint64_t time)
{
	size_t in_block = t->n % ERG_TIMES_BLOCK;
	struct erg_times_block *b;
	int64_t offset;

	if (t->n == t->cap && erg_times_reserve(t, t->cap + t->cap / 2 + 4096) < 0)
		return -ENOMEM;
	b = &t->blocks[t->n / ERG_TIMES_BLOCK];
	if (!in_block)
		*b = (struct erg_times_block){.base = time};
	offset = (int64_t)(time - b->base);
	if (!b->full && offset != (int32_t)offset && make_full(t, b) < 0)
		return -ENOMEM;
	if (b->full)
		b->full[in_block] = time;
	t->offset[t->n] = b->full ? 0 : (int32_t)offset; /* also there: columns are written out */
	t->n++;
	return 0;
}

void erg_times_release(struct erg_times *t)
{
	for (size_t i = 0; i < blocks_of(t->n); i++)
		free(t->blocks[i].full);
	free(t->offset);
	free(t->blocks);
	memset(t, 0, sizeof(*t));
}
