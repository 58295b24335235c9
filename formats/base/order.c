/* SPDX-License-Identifier: MIT */
/* Not by differences, which do not fit. */
#include "formats/base/order.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

int erg_order_u64(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static int order_i64(const void *a, const void *b)
{
	const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

int erg_order_double(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

#define DIGIT_BITS 11
#define DIGITS 6 /* of 64 bits */
#define VALUES (1u << DIGIT_BITS)
#define FEW 512 /* where comparing is as fast */

/* Whole numbers in the order of the doubles whose bits they are, and back. */
static uint64_t to_key(uint64_t bits)
{
	return bits >> 63 ? ~bits : bits | UINT64_C(1) << 63;
}

static uint64_t from_key(uint64_t key)
{
	return key >> 63 ? key & ~(UINT64_C(1) << 63) : ~key;
}

static size_t digit_of(uint64_t key, unsigned int d)
{
	return key >> (d * DIGIT_BITS) & (VALUES - 1);
}

/* FROM in the order of digit D, which COUNT has how often, into TO; false where all have the same. */
static bool by_digit(const uint64_t *from, uint64_t *to, size_t n, unsigned int d, size_t *count)
{
	size_t sum = 0;

	if (count[digit_of(from[0], d)] == n)
		return false;
	for (size_t v = 0; v < VALUES; v++) {
		size_t here = count[v];

		count[v] = sum;
		sum += here;
	}
	for (size_t i = 0; i < n; i++)
		to[count[digit_of(from[i], d)]++] = from[i];
	return true;
}

/* Sorts the N keys at A, behind which there is room for as many; returns which of the two halves has them. */
static uint64_t *by_digits(uint64_t *a, size_t n, size_t (*count)[VALUES])
{
	uint64_t *b = a + n;

	for (size_t i = 0; i < n; i++)
		for (unsigned int d = 0; d < DIGITS; d++)
			count[d][digit_of(a[i], d)]++;
	for (unsigned int d = 0; d < DIGITS; d++)
		if (by_digit(a, b, n, d, count[d])) {
			uint64_t *other = a;

			a = b;
			b = other;
		}
	return a;
}

/* N of them at X, which TO makes keys of and FROM makes them again; false: they are few, or there is no memory. */
static bool sort_many(void *x, size_t n, uint64_t (*to)(uint64_t), uint64_t (*from)(uint64_t))
{
	size_t(*count)[VALUES] = n > FEW ? calloc(DIGITS, sizeof(*count)) : NULL;
	uint64_t *a = count ? malloc(2 * n * sizeof(*a)) : NULL, *sorted;
	bool done;

	if (a) {
		memcpy(a, x, n * sizeof(*a));
		for (size_t i = 0; i < n; i++)
			a[i] = to(a[i]);
		sorted = by_digits(a, n, count);
		for (size_t i = 0; i < n; i++)
			sorted[i] = from(sorted[i]);
		memcpy(x, sorted, n * sizeof(*a));
	}
	done = a != NULL;
	free(a);
	free(count);
	return done;
}

void erg_sort_doubles(double *x, size_t n)
{
	if (!sort_many(x, n, to_key, from_key))
		erg_sort(x, n, sizeof(*x), erg_order_double);
}

static uint64_t turn_sign(uint64_t bits)
{
	return bits ^ UINT64_C(1) << 63;
}

void erg_sort_i64(int64_t *x, size_t n)
{
	if (!sort_many(x, n, turn_sign, turn_sign))
		erg_sort(x, n, sizeof(*x), order_i64);
}
