/* SPDX-License-Identifier: MIT */
#ifndef ERG_FORMATS_ORDER_H
#define ERG_FORMATS_ORDER_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* qsort(3), which wants an array also where there is nothing to sort. */
static inline void erg_sort(void *base, size_t n, size_t size,
	int (*compare)(const void *a, const void *b))
{
	if (n > 1)
		qsort(base, n, size, compare);
}
static inline void erg_sort_by(void *base, size_t n, size_t size,
	int (*compare)(const void *a, const void *b, void *data), void *data)
{
	if (n > 1)
		qsort_r(base, n, size, compare, data);
}

/* Smaller numbers first. No NaN. */
int erg_order_u64(const void *a, const void *b);
int erg_order_double(const void *a, const void *b);

/* Smaller numbers first, of many: by their digits, a few times faster than by comparing. No NaN; -0 before 0. */
void erg_sort_doubles(double *x, size_t n);
void erg_sort_i64(int64_t *x, size_t n);

#endif
