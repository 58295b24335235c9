/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Doubles and whole numbers in order: as qsort has them, whatever their signs and sizes, few or many. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>

#include "formats/base/order.h"

#define MANY 20000

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void check(double *x, size_t n)
{
	static double kept[MANY];

	memcpy(kept, x, n * sizeof(*x));
	qsort(kept, n, sizeof(*kept), ascending);
	erg_sort_doubles(x, n);
	assert_memory_equal(x, kept, n * sizeof(*x));
}

static void sorts_as_qsort_does(void **state)
{
	static const size_t sizes[] = {1, 2, 3, 511, 512, 513, 5000, MANY};
	static double x[MANY];

	(void)state;
	srand(1);
	erg_sort_doubles(x, 0);
	for (size_t k = 0; k < sizeof(sizes) / sizeof(*sizes); k++) {
		for (size_t i = 0; i < sizes[k]; i++) /* about one, as durations' logarithms are */
			x[i] = log(1 + rand() % 100000);
		check(x, sizes[k]);
		check(x, sizes[k]); /* in order already */
		for (size_t i = 0; i < sizes[k]; i++)
			x[i] = (rand() % 2 ? -1 : 1) * exp(rand() % 1400 - 700) * (1 + rand() % 5);
		x[0] = INFINITY;
		x[sizes[k] - 1] = -INFINITY;
		check(x, sizes[k]);
		for (size_t i = 0; i < sizes[k]; i++)
			x[i] = 3;
		check(x, sizes[k]);
	}
}

static void no_sign_of_zero_is_lost(void **state)
{
	static double x[MANY];
	size_t negative = 0;

	(void)state;
	for (size_t i = 0; i < MANY; i++)
		x[i] = i % 3 ? 0.0 : -0.0;
	erg_sort_doubles(x, MANY);
	for (size_t i = 0; i < MANY; i++)
		negative += signbit(x[i]) != 0;
	assert_int_equal(negative, (MANY + 2) / 3);
}

static int ascending_i64(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static void whole_numbers_are_sorted_as_qsort_does(void **state)
{
	static const int64_t edges[] = {INT64_MIN, INT64_MAX, 0, -1, INT64_MIN + 1};
	static const size_t sizes[] = {0, 1, 5, 512, 513, MANY};
	static int64_t x[MANY], kept[MANY];

	(void)state;
	srand(2);
	for (size_t k = 0; k < sizeof(sizes) / sizeof(*sizes); k++) {
		for (size_t i = 0; i < sizes[k]; i++)
			x[i] = i % 100 < 5 ? edges[i % 100]
					   : (int64_t)rand() * rand() * (rand() % 2 ? -1 : 1);
		memcpy(kept, x, sizeof(x));
		qsort(kept, sizes[k], sizeof(*kept), ascending_i64);
		erg_sort_i64(x, sizes[k]);
		assert_memory_equal(x, kept, sizeof(x));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sorts_as_qsort_does),
		cmocka_unit_test(no_sign_of_zero_is_lost),
		cmocka_unit_test(whole_numbers_are_sorted_as_qsort_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
