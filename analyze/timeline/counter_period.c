/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A counter that is brought up to date every 10 ms and read every 10.3 ms: most differences of two readings are the
 * energy of 10 ms, one in 33 is that of 20, and power by the readings' times is wrong by as much. By the updates' times it is
 * nearly the power of the readings before and behind. So the periods that registers have are tried, each with the
 * phase that tells readings best from their neighbours, and the best is taken if it tells them much better than the
 * readings' own times. Clocks of sensor and machine differ, so the phase is another one in each block.
 */
#include "analyze/timeline/counter_period.h"

#include <math.h>

#include "formats/base/util.h"

#define READINGS_MAX 20000
#define BLOCK_MIN 40  /* readings */
#define BLOCK_NS 5e9  /* and of a short period less: */
#define BLOCK_OF 1000 /* periods, in which a clock of 100 ppm is off by a tenth of one */
#define PHASES 32
#define LONGEST 1.5   /* of the spacing: with more the register repeats itself */
#define SHORTEST 0.05 /* of the spacing: with less it hardly matters */
#define CHOICE 3.5    /* log of the phases: what the best of them may gain by chance, a block */
#define SURELY 4      /* times what chance may give */
#define SURELY_LEAST 60

/* ms: of what registers have; 1/1024 s and its multiples, as Intel's, are as near to 1 ms as blocks are short. */
static const double periods_ms[] = {0.9765625, 1, 2, 4, 5, 8, 10, 16, 20, 25, 32, 40, 50, 64, 80,
	100, 125, 128, 160, 200, 250, 256, 400, 500, 512, 1000};

struct block {
	const uint64_t *t;
	const double *v;
	size_t n;
};

/* When the register had what reading I shows, ns since the first: PERIOD 0: when it was read. */
static double updated(const struct block *b, size_t i, double period, double phase)
{
	double at = (double)(b->t[i] - b->t[0]);

	return period > 0 ? (floor(at / period - phase) + phase) * period : at;
}

/* Sum of what differences are off from the power of their two neighbours; of readings that are to have seen one update,
 * all of it. */
static double off(const struct block *b, double period, double phase)
{
	double sum = 0, at[4];

	for (size_t k = 0; k < 4; k++)
		at[k] = updated(b, k, period, phase);
	for (size_t i = 3; i < b->n; i++) {
		double around = b->v[i - 2] - b->v[i - 3] + b->v[i] - b->v[i - 1];
		double time = at[1] - at[0] + at[3] - at[2];

		sum += fabs(b->v[i - 1] - b->v[i - 2] -
			(time > 0 ? around / time * (at[2] - at[1]) : 0));
		for (size_t k = 0; k < 3; k++)
			at[k] = at[k + 1];
		if (i + 1 < b->n)
			at[3] = updated(b, i + 1, period, phase);
	}
	return sum;
}

/* How much better the best phase of PERIOD tells the block than the readings' times, as a logarithm of likelihoods. */
static double gain(const struct block *b, double period)
{
	double plain = off(b, 0, 0), least = INFINITY;

	for (size_t p = 0; p < PHASES; p++) {
		double sum = off(b, period, ((double)p + 0.5) / PHASES);

		least = sum > 0 ? fmin(least, sum) : least;
	}
	return plain > 0 && isfinite(least) ? (double)b->n * log(plain / least) : -INFINITY;
}

static double gain_of(const uint64_t *t, const double *v, size_t n, double spacing, double period,
	double *ret_chance)
{
	double length = fmin(BLOCK_NS, BLOCK_OF * period), sum = 0;
	size_t each = (size_t)(length / spacing);

	*ret_chance = 0;
	if (each < BLOCK_MIN)
		each = BLOCK_MIN;
	for (size_t i = 0; i + each <= n; i += each) {
		struct block b = {t + i, v + i, each};

		sum += gain(&b, period);
		*ret_chance += CHOICE;
	}
	return sum;
}

uint64_t erg_counter_period(const uint64_t *t, const double *v, size_t n, uint64_t spacing)
{
	double best = 0, found = 0, chance;

	n = n < READINGS_MAX ? n : READINGS_MAX;
	for (size_t i = 0; i < ERG_ARRAY_SIZE(periods_ms) && spacing; i++) {
		double period = periods_ms[i] * 1e6, g;

		if (period > LONGEST * (double)spacing || period < SHORTEST * (double)spacing)
			continue;
		g = gain_of(t, v, n, (double)spacing, period, &chance);
		if (g > fmax(best, fmax(SURELY * chance, SURELY_LEAST))) {
			best = g;
			found = period;
		}
	}
	return (uint64_t)found;
}
