/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a sensor makes of the power: the exact mean over a window, an instant, a chip's recursive
 * average over its conversions, a counter that moves on a grid; then noise, gain and quantum; and
 * the stamp that the reader puts on it, late or by a clock that runs fast or slow, jitters and rounds.
 */
#include <math.h>
#include <stdlib.h>

#include "tests/accuracy/world.h"

struct state {
	const struct world *w;
	const struct curve *c;
	uint64_t seed;
	double phase;   /* of the sensor's grid, s */
	double average; /* ema: after the conversion last_conversion */
	int64_t last_conversion;
	bool started;
};

static double mean_w(const struct state *s, double from, double to)
{
	return (curve_rc_joules(s->c, to) - curve_rc_joules(s->c, from)) / (to - from);
}

/* Number of the last update of the sensor's grid at the time t, and when it was. */
static int64_t update_at(const struct state *s, double t, double *ret_t)
{
	const struct world *w = s->w;
	double period = w->is.period_s;
	int64_t i = (int64_t)floor((t - s->phase) / period) + 1;

	for (;; i--) {
		*ret_t = s->phase + (double)i * period +
			w->grid_jitter_s * draw_normal_at(s->seed ^ 0x677269, i);
		if (*ret_t <= t)
			return i;
	}
}

static double ema(struct state *s, double t)
{
	double period = s->w->is.period_s, alpha = s->w->is.alpha;
	int64_t last = (int64_t)floor((t - s->phase) / period);

	if (!s->started) {
		s->last_conversion = last - (int64_t)ceil(40 / alpha);
		s->average = curve_watts(s->c, -1e3);
		s->started = true;
	}
	for (; s->last_conversion < last; s->last_conversion++) {
		double from = s->phase + (double)s->last_conversion * period;

		s->average += alpha * (mean_w(s, from, from + period) - s->average);
	}
	return s->average;
}

/* Without noise and quantum; *ret_index tells readings of the same update. */
static double sensed(struct state *s, double t, int64_t *ret_index)
{
	const struct sensor *m = &s->w->is;

	if (m->kind == SENSE_EMA)
		return ema(s, t);
	if (m->period_s > 0)
		*ret_index = update_at(s, t, &t);
	if (m->kind == SENSE_COUNTER)
		return curve_rc_joules(s->c, t);
	return m->window_s > 0 ? mean_w(s, t - m->window_s, t) : curve_rc_watts(s->c, t);
}

static double quantised(const struct world *w, double value)
{
	if (!(w->lsb > 0))
		return value;
	return w->is.kind == SENSE_COUNTER ? w->lsb * floor(value / w->lsb)
					   : w->lsb * floor(value / w->lsb + 0.5);
}

/* Jitter of the standard deviation sd; its shape goes with the seed: normal, uniform, or one-sided. */
static double jitter(struct draw *d, uint64_t seed, double sd)
{
	switch (seed % 3) {
	case 0:
		return sd * draw_normal(d);
	case 1:
		return sd * sqrt(12) * (draw_uniform(d) - 0.5);
	default:
		return sd * draw_exponential(d);
	}
}

/* Whether the layer whose reads are late runs at the time t; *at: the first instance not over yet. */
static bool runs(const struct work *k, double t, size_t *at)
{
	int layer = (int)(k->w->seed % (uint64_t)k->w->layers);

	while (*at < k->instances &&
		(k->instance[*at].layer != layer || (double)k->instance[*at].end_ns * 1e-9 <= t))
		++*at;
	return *at < k->instances && (double)k->instance[*at].begin_ns * 1e-9 <= t;
}

static double lateness(const struct work *k, double t, size_t *at, struct draw *d)
{
	double late = k->w->late_s;

	if (!(late > 0) || !runs(k, t, at))
		return 0;
	return k->w->seed % 2 ? late * (0.5 + draw_uniform(d)) : late;
}

/* One stamp in ten is late, and those after it until the reader has caught up. */
static double held_up(const struct world *w, const struct readings *r, struct draw *d)
{
	double stamp =
		r->r[r->n].stamp + (draw_uniform(d) < 0.1 ? w->held_s * draw_exponential(d) : 0);

	return r->n ? fmax(stamp, r->r[r->n - 1].stamp + 50e-6) : stamp;
}

/* As a bus gives them that garbles one now and then; by numbers of its own, so that all else stays as it is. */
static double garbled(const struct world *w, uint64_t seed, int64_t index, double value)
{
	static const double factor[] = {0, 2, 10};
	struct draw d;

	draw_seed(&d, seed ^ ((uint64_t)index * 0x9e3779b97f4a7c15));
	return draw_uniform(&d) < w->garbled ? value * factor[(int)(3 * draw_uniform(&d))] : value;
}

/* No reading is above CLIP of the greatest. */
static void end_of_range(const struct world *w, struct readings *r)
{
	double most = 0;

	for (size_t i = 0; i < r->n; i++)
		most = fmax(most, r->r[i].value);
	most = quantised(w, w->clip * most);
	for (size_t i = 0; i < r->n; i++)
		r->r[i].value = fmin(r->r[i].value, most);
}

void sense(const struct work *k, double end, struct readings *ret)
{
	const struct world *w = k->w;
	struct state s = {.w = w, .c = &k->total, .seed = w->seed * 2654435761u + 17};
	struct draw d;
	size_t room = (size_t)(end / w->spacing_s) + 8, at = 0;
	double t, first;

	draw_seed(&d, s.seed);
	first = w->spacing_s * (1 + draw_uniform(&d));
	s.phase = draw_uniform(&d) * (w->is.period_s > 0 ? w->is.period_s : 0);
	if (w->on_edge) /* an update in the middle of the reads' dither, halfway through the run */
		s.phase = fmod(first + w->dither * w->spacing_s / 2 +
				floor(end / 2 / w->spacing_s) * w->spacing_s,
			w->is.period_s);
	ret->r = must(calloc(room, sizeof(*ret->r)));
	for (ret->n = 0; ret->n < room; ret->n++) {
		struct reading *r = &ret->r[ret->n];
		int64_t index = (int64_t)ret->n;

		t = first + w->spacing_s * ((double)index + w->dither * draw_uniform(&d));
		if (t >= end)
			break;
		r->t = t;
		r->value = sensed(&s, t - w->is.lag_s, &index) * (1 + w->gain);
		if (w->is.kind != SENSE_COUNTER)
			r->value += w->noise_w * draw_normal_at(s.seed, index);
		if (w->garbled > 0)
			r->value = garbled(w, s.seed, index, r->value);
		r->value = quantised(w, r->value);
		if (w->again > 0 && ret->n && draw_uniform(&d) < w->again)
			r->value = r[-1].value;
		r->stamp = t * (1 + w->skew) + w->offset_s +
			(w->stamp_sd_s > 0 ? jitter(&d, w->seed, w->stamp_sd_s) : 0) +
			lateness(k, t, &at, &d);
		if (w->held_s > 0)
			r->stamp = held_up(w, ret, &d);
		if (w->stamp_round_s > 0)
			r->stamp = w->stamp_round_s *
				floor(r->stamp / w->stamp_round_s + (w->seed % 2 ? 0 : 0.5));
	}
	if (w->clip > 0)
		end_of_range(w, ret);
}
