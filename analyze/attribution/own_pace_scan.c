/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Looks for the pace of a sensor's conversions on a stretch of its readings. What each reading would show at each age is
 * asked once, and pairs of period and phase are looked up in that.
 */
#include <math.h>

#include "analyze/attribution/own_pace_parts.h"

#define STRETCHES 16
#define APART 3           /* steps, of two paces */
#define PERIODS_IN 50     /* a spacing, at most */
#define SHORTEST_NS 2e5   /* period */
#define SHORTEST_SEEN 0.1 /* of the window */
#define STEPS_MAX 100000
#define HOPELESS 0.92 /* share that is left, of a quarter of the stretch */

void attr_pace_stretch(struct attr_conversions *c)
{
	const struct attr_readings *rd = c->rd;
	double most = -1;

	for (size_t i = 0; i < STRETCHES; i++) {
		size_t from = i * (rd->n - c->n) / (STRETCHES - 1);
		double sum = 0;

		for (size_t j = from + 1; j < from + c->n; j++)
			sum += fabs(rd->v[j] - rd->v[j - 1]);
		if (sum > most) {
			most = sum;
			c->from = from;
		}
	}
}

static void fill_table(struct attr_conversions *c)
{
	c->age = 1.01 * c->rd->spacing_ns / ATTR_PACE_AGES;
	for (size_t i = 0; i < c->n; i++) {
		double t = attr_since_first(c->rd, c->from + i);

		c->at[i] = t - attr_since_first(c->rd, c->from);
		for (size_t a = ATTR_PACE_AGES; a-- > 0;) {
			double w = attr_pace_shown(c, t - ((double)a + .5) * c->age);

			c->says[i * ATTR_PACE_AGES + a] = isnan(w) ? c->rd->v[c->from + i] : w;
		}
	}
}

/* Of readings and of what they would show, by phase. */
struct sums {
	double v, vv, m[ATTR_PACE_PHASES], mm[ATTR_PACE_PHASES], vm[ATTR_PACE_PHASES];
};

/* What is left of N readings, of what they vary by, if what they would show were right but for a factor: the powers are not. */
static double left_of(const struct sums *s, int p, double n)
{
	double vm = s->vm[p] - s->v * s->m[p] / n, mm = s->mm[p] - s->m[p] * s->m[p] / n,
	       vv = s->vv - s->v * s->v / n;

	return vm > 0 && mm > 0 && vv > 0 ? 1 - vm * vm / (vv * mm) : 1;
}

static double least_of(const struct sums *s, double n)
{
	double least = 1;

	for (int p = 0; p < ATTR_PACE_PHASES; p++)
		least = fmin(least, left_of(s, p, n));
	return least;
}

/* Share that conversions each PERIOD leave of what the stretch varies by, by their phase. */
static void look_up(const struct attr_conversions *c, double period, double ret[ATTR_PACE_PHASES])
{
	struct sums s = {0};
	double turns = period / c->age;

	for (size_t i = 0; i < c->n; i++) {
		double v = c->rd->v[c->from + i], turn = c->at[i] / period;

		turn -= floor(turn);
		s.v += v;
		s.vv += v * v;
		for (int p = 0; p < ATTR_PACE_PHASES; p++) {
			double age = turn - (double)p / ATTR_PACE_PHASES;
			size_t a = (size_t)((age < 0 ? age + 1 : age) * turns);
			double m = c->says[i * ATTR_PACE_AGES +
				(a < ATTR_PACE_AGES ? a : ATTR_PACE_AGES - 1)];

			s.m[p] += m;
			s.mm[p] += m * m;
			s.vm[p] += v * m;
		}
		if (i == c->n / 4 && least_of(&s, (double)i + 1) > HOPELESS)
			return;
	}
	for (int p = 0; p < ATTR_PACE_PHASES; p++)
		ret[p] = left_of(&s, p, (double)c->n);
}

static void keep_best(struct attr_pace_tried best[ATTR_PACES], struct attr_pace_tried t,
	double apart)
{
	size_t i = 0;

	while (i < ATTR_PACES - 1 && !(fabs(1 / best[i].pace.period - 1 / t.pace.period) < apart))
		i++;
	if (t.left >= best[i].left)
		return;
	for (; i > 0 && t.left < best[i - 1].left; i--)
		best[i] = best[i - 1];
	best[i] = t;
}

/* Those of period 1 / F among the best. */
static void try_period(const struct attr_conversions *c, double f, double apart,
	struct attr_pace_tried best[ATTR_PACES])
{
	double begin = attr_since_first(c->rd, c->from), left[ATTR_PACE_PHASES];

	for (int p = 0; p < ATTR_PACE_PHASES; p++)
		left[p] = 1;
	look_up(c, 1 / f, left);
	for (int p = 0; p < ATTR_PACE_PHASES; p++) {
		struct attr_pace at = {begin + (double)p / ATTR_PACE_PHASES / f, 1 / f};

		keep_best(best, (struct attr_pace_tried){at, left[p]}, apart);
	}
}

void attr_pace_scan(struct attr_conversions *c, struct attr_pace_tried best[ATTR_PACES])
{
	double shortest = fmax(fmax(SHORTEST_NS, SHORTEST_SEEN * c->shape.window_ns),
		c->rd->spacing_ns / PERIODS_IN);
	double lo = 1 / c->rd->spacing_ns, hi = 1 / shortest, step;

	fill_table(c);
	for (size_t i = 0; i < ATTR_PACES; i++)
		best[i] = (struct attr_pace_tried){.left = INFINITY};
	/* a log with a hole has a long stretch */
	step = fmax(ATTR_PACE_STEP / c->at[c->n - 1], (hi - lo) / STEPS_MAX);
	for (size_t i = 0; lo + (double)i * step < hi; i++)
		try_period(c, lo + (double)i * step, APART * step, best);
}
