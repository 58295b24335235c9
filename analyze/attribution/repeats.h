/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_REPEATS_H
#define ERG_ANALYZE_ATTRIBUTION_REPEATS_H

/* Readings that are the one before once more. */
#include <stddef.h>

/* How many of N readings are equal to the one before, where chance does not make so many equal; else 0. */
size_t attr_repeats(const double *v, size_t n);

#endif
