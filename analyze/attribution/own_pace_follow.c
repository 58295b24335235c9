/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What conversions at a pace show, and how the pace goes on: by blocks of readings, each from where the one before was. */
#include <math.h>
#include <string.h>

#include "analyze/attribution/own_pace_parts.h"
#include "analyze/attribution/run.h"
#include "analyze/attribution/state.h"
#include "analyze/attribution/view.h"

#define REFINEMENTS 48
#define SHRINK 0.7  /* of a step, after four */
#define BLOCK 64    /* readings that a phase is of */
#define AROUND 0.25 /* of a period, where the next block's phase is looked for */
#define OFFSETS 33
#define TELLING                                                                                    \
	8 /* variances of a reading, between offsets that are right and those that are not */
#define FOLLOW_PHASE 0.5 /* of what a block's phase is off by */
#define FOLLOW_PERIOD 0.1
#define DRIFT 0.01 /* of the period, at most */
#define EDGE                                                                                       \
	0.01 /* of a period: which of two conversions a reading shows is told by what it says */

int attr_pace_power(struct attr_conversions *c)
{
	attr_curve_close(&c->curve);
	memset(c->hint, 0, sizeof(c->hint));
	return attr_curve_open(&c->curve, &c->r->st->view, c->power, (double[]){0}, 1);
}

double attr_pace_shown(struct attr_conversions *c, double when)
{
	const struct attr_view *v = &c->r->st->view;
	double end = attr_lagged(v, &c->shape, c->rd->t[0] + (uint64_t)llround(when));
	double window = c->shape.window_ns, near = 2 * c->rd->spacing_ns;

	if (end < window || end > (double)(attr_begin(v, v->n) - v->t0) ||
		attr_curve_cover(&c->curve, fmax(end - window - near, 0), end + near) < 0)
		return NAN;
	return attr_curve_mean(&c->curve, 0, end, window, 0, c->hint);
}

/* Squared, by what reading I differs from a conversion at WHEN; 0 where nothing is known of it. */
static double miss(struct attr_conversions *c, size_t i, double when)
{
	double e = when >= 0 ? c->rd->v[i] - attr_pace_shown(c, when) : NAN;

	return isnan(e) ? 0 : e * e;
}

/* What PACE leaves of N readings from FROM on, W^2 in all. */
static double left_by(struct attr_conversions *c, const struct attr_pace *p, size_t from, size_t n)
{
	double sum = 0;

	for (size_t i = from; i < from + n; i++)
		sum += miss(c, i, attr_pace_latest(p, attr_since_first(c->rd, i)));
	return sum;
}

double attr_pace_refine(struct attr_conversions *c, struct attr_pace *p)
{
	double span = c->at[c->n - 1], step = ATTR_PACE_STEP / 2, best;

	p->when = attr_pace_latest(p, attr_since_first(c->rd, c->from + c->n / 2));
	best = left_by(c, p, c->from, c->n);
	for (int i = 0; i < REFINEMENTS; i++) {
		struct attr_pace near = *p;
		double by = (i % 4 < 2 ? 1 : -1) * step, left;

		if (i % 2)
			near.period *= 1 + by * near.period / span;
		else
			near.when += by * near.period;
		left = left_by(c, &near, c->from, c->n);
		if (left < best) {
			best = left;
			*p = near;
		}
		step = i % 4 == 3 ? step * SHRINK : step;
	}
	return best;
}

/* By how many steps the least of values at -1, 0, 1 is off, of a parabola. */
static double off_middle(double before, double here, double after)
{
	double bend = before - 2 * here + after;

	return bend > 0 ? (before - after) / (2 * bend) : 0;
}

/* By what the phase of PACE is off at the readings FROM .. FROM + N - 1, in periods; 0 where they do not tell. */
static double phase_off(struct attr_conversions *c, const struct attr_pace *p, size_t from,
	size_t n)
{
	double sum[OFFSETS], mean = 0, step = 2 * AROUND / (OFFSETS - 1), at;
	size_t best = 0;

	for (size_t i = 0; i < OFFSETS; i++) {
		struct attr_pace moved = *p;

		moved.when += ((double)i * step - AROUND) * p->period;
		sum[i] = left_by(c, &moved, from, n);
		mean += sum[i] / OFFSETS;
		best = sum[i] < sum[best] ? i : best;
	}
	if (mean - sum[best] < TELLING * c->variance)
		return 0;
	at = (double)best;
	if (best && best < OFFSETS - 1)
		at += off_middle(sum[best - 1], sum[best], sum[best + 1]);
	return at * step - AROUND;
}

/* The pace at the readings FROM .. FROM + N - 1, from one about there. */
static void follow(struct attr_conversions *c, struct attr_pace *p, size_t from, size_t n)
{
	double middle = attr_since_first(c->rd, from + n / 2), off;
	double steps = round((middle - p->when) / p->period);

	p->when += steps * p->period;
	off = phase_off(c, p, from, n) * p->period;
	p->when += FOLLOW_PHASE * off;
	if (steps != 0)
		p->period += FOLLOW_PERIOD * off / steps;
	p->period =
		fmin(fmax(p->period, (1 - DRIFT) * c->pace.period), (1 + DRIFT) * c->pace.period);
}

/* Which conversion reading I shows, at PACE. */
static double conversion_of(struct attr_conversions *c, const struct attr_pace *p, size_t i)
{
	double t = attr_since_first(c->rd, i), when = attr_pace_latest(p, t), other = when;
	double edge = fmax(EDGE * p->period, c->rd->half_ns);

	if (t - when < edge)
		other = when - p->period;
	else if (when + p->period - t < edge)
		other = when + p->period;
	return other != when && miss(c, i, other) < miss(c, i, when) ? other : when;
}

static void take_block(struct attr_conversions *c, const struct attr_pace *p, size_t from, size_t n)
{
	for (size_t i = from; i < from + n; i++)
		c->when[i] = conversion_of(c, p, i);
}

void attr_pace_follow(struct attr_conversions *c)
{
	struct attr_pace p = c->pace;

	for (size_t i = c->from; i < c->rd->n; i += BLOCK) {
		size_t n = c->rd->n - i < BLOCK ? c->rd->n - i : BLOCK;

		follow(c, &p, i, n);
		take_block(c, &p, i, n);
	}
	p = c->pace;
	for (size_t i = c->from; i > 0;) {
		size_t n = i < BLOCK ? i : BLOCK;

		i -= n;
		follow(c, &p, i, n);
		take_block(c, &p, i, n);
	}
}
