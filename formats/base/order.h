/* SPDX-License-Identifier: MIT */
#ifndef ERG_FORMATS_ORDER_H
#define ERG_FORMATS_ORDER_H

/* Smaller numbers first, for qsort(3). No NaN. */
int erg_order_u64(const void *a, const void *b);
int erg_order_i64(const void *a, const void *b);
int erg_order_double(const void *a, const void *b);

#endif
