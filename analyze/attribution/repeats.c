/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A sensor that updates a little more slowly than it is read, or a logger that writes a row twice, gives some readings a
 * second time under a stamp of their own. Equal neighbours alone prove nothing: power that stands still is equal, too,
 * rounded readings are by chance, and those of slow power on purpose. But then readings two and three apart are equal as
 * well, or differences of one quantum are about as many as those of none.
 */
#include <math.h>

#include "analyze/attribution/repeats.h"

#define LEAST 0.005 /* of the readings */
#define SURE 6.     /* standard deviations of what chance makes */
#define TWICE 2.    /* and so many times as many as that */

static size_t equal_at(const double *v, size_t n, size_t distance)
{
	size_t equal = 0;

	for (size_t i = distance; i < n; i++)
		equal += v[i] == v[i - distance];
	return equal;
}

/* The neighbours that differ by one quantum, which the least difference is. */
static double one_quantum(const double *v, size_t n)
{
	double least = INFINITY;
	size_t found = 0;

	for (size_t i = 1; i < n; i++)
		if (v[i] != v[i - 1])
			least = fmin(least, fabs(v[i] - v[i - 1]));
	for (size_t i = 1; i < n; i++)
		found += v[i] != v[i - 1] && fabs(v[i] - v[i - 1]) < 1.5 * least;
	return (double)found;
}

size_t attr_repeats(const double *v, size_t n)
{
	size_t equal = n > 3 ? equal_at(v, n, 1) : 0;
	double chance;

	if ((double)equal < LEAST * (double)n)
		return 0;
	chance = fmax(one_quantum(v, n), (double)equal_at(v, n, 2));
	chance = fmax(chance, (double)equal_at(v, n, 3));
	return (double)equal > TWICE * chance + SURE * sqrt(chance + 1) ? equal : 0;
}
