/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What anyone would try first, on the same readings, to be compared with: holding the latest
 * reading, and ordinary least squares with the declared sensor, where each reading is the sum of
 * the powers of what ran in its window. No constraint, no weights, no gate, no lag but a declared one.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/accuracy/world.h"

#define COLUMNS (WORLD_LAYERS + 1) /* and a constant: the base */

/* Adds to ret_j the energy of WATTS from one time to the other, for what ran; a layer that did not
 * run alone gets its part as all its time is shared. */
static void spread(const struct work *k, size_t *at, const double *part, double from, double to,
	double watts, double *ret_j)
{
	for (int i = 0; i < k->w->tracks; i++)
		for (; at[i] < k->owns[i]; at[i]++) {
			const struct own *o = &k->own[i][at[i]];
			double b = fmax(from, (double)o->begin_ns * 1e-9);
			double e = fmin(to, (double)o->end_ns * 1e-9);

			if (b < e && o->layer != WORLD_NONE)
				ret_j[o->layer] += watts * (e - b) * part[o->layer];
			if ((double)o->end_ns * 1e-9 > to)
				break;
		}
}

/* Time that each layer ran, however many others did. */
static void times(const struct work *k, double *ret)
{
	memset(ret, 0, WORLD_LAYERS * sizeof(double));
	for (int i = 0; i < k->w->tracks; i++)
		for (size_t j = 0; j < k->owns[i]; j++) {
			const struct own *o = &k->own[i][j];

			if (o->layer != WORLD_NONE)
				ret[o->layer] += (double)(o->end_ns - o->begin_ns) * 1e-9;
		}
}

void peer_hold(const struct work *k, const struct readings *r, double *ret_j)
{
	bool counter = k->w->is.kind == SENSE_COUNTER;
	double part[WORLD_LAYERS];
	size_t at[WORLD_TRACKS] = {0};

	times(k, part);
	for (int i = 0; i < k->layers; i++)
		part[i] = k->time_s[i] / part[i];
	memset(ret_j, 0, WORLD_LAYERS * sizeof(double));
	for (size_t i = counter; i + 1 < r->n; i++) {
		double v = r->r[i].value;

		if (counter)
			v = (v - r->r[i - 1].value) / (r->r[i].stamp - r->r[i - 1].stamp);
		if (isfinite(v))
			spread(k, at, part, r->r[i].stamp, r->r[i + 1].stamp, v, ret_j);
	}
}

struct ols {
	const struct work *k;
	double g[COLUMNS][COLUMNS], h[COLUMNS];
	double a[COLUMNS];
	size_t at[WORLD_TRACKS];
};

/* Mean occupancies of [from, to]; weights e^((t - to) / tau) where tau > 0, not yet normed. */
static void window(struct ols *o, double from, double to, double tau, double scale)
{
	const struct work *k = o->k;

	for (int i = 0; i < k->w->tracks; i++) {
		size_t j = o->at[i];

		while (j && (double)k->own[i][j].begin_ns * 1e-9 > from)
			j--;
		for (; j < k->owns[i]; j++) {
			const struct own *n = &k->own[i][j];
			double b = fmax(from, (double)n->begin_ns * 1e-9);
			double e = fmin(to, (double)n->end_ns * 1e-9);

			if ((double)n->begin_ns * 1e-9 >= to)
				break;
			if (b < e && n->layer != WORLD_NONE)
				o->a[n->layer] += scale *
					(tau > 0 ? exp((e - to) / tau) - exp((b - to) / tau)
						 : e - b);
		}
		o->at[i] = j ? j - 1 : 0;
	}
	o->a[WORLD_LAYERS] = 1;
}

static void add_row(struct ols *o, double y)
{
	for (int i = 0; i < COLUMNS; i++) {
		if (o->a[i] == 0)
			continue;
		for (int j = 0; j < COLUMNS; j++)
			o->g[i][j] += o->a[i] * o->a[j];
		o->h[i] += o->a[i] * y;
	}
}

static void add_reading(struct ols *o, const struct reading *before, const struct reading *r)
{
	const struct world *w = o->k->w;
	const struct sensor *s = &w->says;
	double lag = isnan(s->lag_s) ? 0 : s->lag_s, to = r->stamp - lag, width = s->window_s;

	if (w->declared && s->kind == SENSE_EMA) {
		/* the phase of the conversions is not known: an exponential of the same decay,
		 * later by the difference of the mean ages, period / alpha and tau */
		double tau = -s->period_s / log(1 - s->alpha);
		double keep = exp(-(r->stamp - before->stamp) / tau);

		lag += s->period_s / s->alpha - tau;
		to = r->stamp - lag;
		for (int i = 0; i < WORLD_LAYERS; i++)
			o->a[i] *= keep;
		window(o, before->stamp - lag, to, tau, 1);
		add_row(o, r->value);
		return;
	}
	memset(o->a, 0, sizeof(o->a));
	if (!w->declared || s->kind == SENSE_COUNTER)
		width = r->stamp - before->stamp;
	if (!(width > 0))
		width = 1e-6;
	window(o, to - width, to, 0, 1 / width);
	add_row(o, w->is.kind == SENSE_COUNTER ? (r->value - before->value) / width : r->value);
}

/* Cholesky of the used columns, in place; false where they depend on each other. */
static bool solve(struct ols *o, const int *used, int n, double *ret)
{
	static _Thread_local double l[COLUMNS][COLUMNS];

	for (int i = 0; i < n; i++)
		for (int j = 0; j <= i; j++) {
			double s = o->g[used[i]][used[j]];

			for (int m = 0; m < j; m++)
				s -= l[i][m] * l[j][m];
			if (i == j && !(s > 1e-10 * o->g[used[i]][used[i]]))
				return false;
			l[i][j] = i == j ? sqrt(s) : s / l[j][j];
		}
	for (int i = 0; i < n; i++) {
		ret[i] = o->h[used[i]];
		for (int m = 0; m < i; m++)
			ret[i] -= l[i][m] * ret[m];
		ret[i] /= l[i][i];
	}
	for (int i = n; i-- > 0;) {
		for (int m = i + 1; m < n; m++)
			ret[i] -= l[m][i] * ret[m];
		ret[i] /= l[i][i];
	}
	return true;
}

/* Own powers and the base become joules by the convention of the truth, on the trace alone. */
static void to_joules(const struct work *k, const double *p, double base, double *ret_j)
{
	double alone[WORLD_LAYERS];

	times(k, alone);
	for (int i = 0; i < k->layers; i++)
		ret_j[i] = p[i] * alone[i] + base * k->time_s[i];
}

void peer_ols(const struct work *k, const struct readings *r, double *ret_j)
{
	struct ols *o = must(calloc(1, sizeof(*o)));
	int used[COLUMNS], n = 0;
	double x[COLUMNS], p[WORLD_LAYERS] = {0}, base = 0;
	bool ok;

	o->k = k;
	for (size_t i = 1; i < r->n; i++)
		if (r->r[i].stamp > r->r[i - 1].stamp)
			add_reading(o, &r->r[i - 1], &r->r[i]);
	for (int i = 0; i < COLUMNS; i++)
		if (o->g[i][i] > 0)
			used[n++] = i;
	ok = solve(o, used, n, x);
	for (int i = 0; i < n; i++)
		*(used[i] == WORLD_LAYERS ? &base : &p[used[i]]) = x[i];
	to_joules(k, p, base, ret_j);
	for (int i = 0; i < k->layers; i++)
		if (!ok || o->g[i][i] == 0)
			ret_j[i] = NAN;
	free(o);
}
