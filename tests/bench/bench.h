/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_TESTS_BENCH_H
#define ERG_TESTS_BENCH_H

/*
 * Comparing costs in one process: the candidates take turns for many short rounds, so that what
 * the machine does meanwhile (other programs, clock rates) meets all of them alike; each is
 * reported by the median of its rounds, and a ratio by the median of the ratios within a round.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define BENCH_ROUNDS 101

struct bench {
	const char *name;
	void (*run)(long n); /* the thing, N times */
	long n;
	double ns[BENCH_ROUNDS]; /* of one, per round */
};

static inline double bench_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static inline int bench_compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static inline double bench_median(const double *v)
{
	double s[BENCH_ROUNDS];

	for (int i = 0; i < BENCH_ROUNDS; i++)
		s[i] = v[i];
	qsort(s, BENCH_ROUNDS, sizeof(s[0]), bench_compare);
	return s[BENCH_ROUNDS / 2];
}

static inline void bench_run(struct bench *b, int n)
{
	for (int r = -5; r < BENCH_ROUNDS; r++) {
		for (int i = 0; i < n; i++) {
			double t = bench_now_ns();

			b[i].run(b[i].n);
			t = (bench_now_ns() - t) / (double)b[i].n;
			if (r >= 0)
				b[i].ns[r] = t;
		}
	}
}

/* Median over the rounds of a / (b + c); c may be NULL. */
static inline double bench_ratio(const struct bench *a, const struct bench *b,
	const struct bench *c)
{
	double v[BENCH_ROUNDS];

	for (int i = 0; i < BENCH_ROUNDS; i++)
		v[i] = a->ns[i] / (b->ns[i] + (c ? c->ns[i] : 0));
	return bench_median(v);
}

static inline void bench_print(const struct bench *b, int n)
{
	for (int i = 0; i < n; i++)
		printf("  %-44s %8.2f ns\n", b[i].name, bench_median(b[i].ns));
}

/* Prints VALUE against BOUND; returns 1 if it is missed. */
static inline int bench_bound(const char *what, double value, double bound, const char *unit)
{
	printf("%s: %.3f%s (bound %.2f%s) %s\n", what, value, unit, bound, unit,
		value <= bound ? "ok" : "MISSED");
	return value > bound;
}

#endif
