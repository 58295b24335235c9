/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_TESTS_BENCH_H
#define ERG_TESTS_BENCH_H

/*
 * Comparing costs in one process: the candidates take turns for many short rounds, so that what
 * the machine does meanwhile (other programs, clock rates) meets all of them alike; time is the
 * processor's of this thread, so what ran in between is not in it. Each is reported by the median of
 * its rounds; a ratio and a difference by the median of those within a round, with the interval that
 * holds the true median in 95 % of cases. Where the bound lies in it, there is no verdict.
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

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static inline int bench_compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

struct bench_estimate {
	double lo, mid, hi;
};

/* Of n = 101, the order statistics 41 and 61 enclose the median in 95 % of cases (binomial). */
static inline struct bench_estimate bench_of(const double *v)
{
	double s[BENCH_ROUNDS];

	for (int i = 0; i < BENCH_ROUNDS; i++)
		s[i] = v[i];
	qsort(s, BENCH_ROUNDS, sizeof(s[0]), bench_compare);
	return (struct bench_estimate){s[40], s[BENCH_ROUNDS / 2], s[60]};
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

/* a / (b + c) within a round; c may be NULL. */
static inline struct bench_estimate bench_ratio(const struct bench *a, const struct bench *b,
	const struct bench *c)
{
	double v[BENCH_ROUNDS];

	for (int i = 0; i < BENCH_ROUNDS; i++)
		v[i] = a->ns[i] / (b->ns[i] + (c ? c->ns[i] : 0));
	return bench_of(v);
}

/* a - b within a round, ns. */
static inline struct bench_estimate bench_difference(const struct bench *a, const struct bench *b)
{
	double v[BENCH_ROUNDS];

	for (int i = 0; i < BENCH_ROUNDS; i++)
		v[i] = a->ns[i] - b->ns[i];
	return bench_of(v);
}

static inline void bench_print(const struct bench *b, int n)
{
	for (int i = 0; i < n; i++)
		printf("  %-44s %8.2f ns\n", b[i].name, bench_of(b[i].ns).mid);
}

/* Prints E against BOUND, and leaves in *RC (0 at first) what the program exits with: 3 when it is
 * missed, 1 when that cannot be told and nothing was missed. */
static inline void bench_bound(const char *what, struct bench_estimate e, double bound,
	const char *unit, int *rc)
{
	const char *verdict = e.hi <= bound ? "held" : e.lo > bound ? "MISSED" : "undecided";

	printf("%s: %.3f%s [%.3f, %.3f] (bound %.2f%s) %s\n", what, e.mid, unit, e.lo, e.hi, bound,
		unit, verdict);
	if (e.lo > bound)
		*rc = 3;
	else if (e.hi > bound && !*rc)
		*rc = 1;
}

#endif
