/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A recursive average: every period the sensor converts and does out += alpha * (new - out) (TI
 * SBOS576, section 8.4.1, for the INA3221). The occupancy runs through the same recursion, column
 * by column: c_k += alpha * (o_k - c_k); nothing is inverted, so noise is not amplified. The state
 * is kept divided by (1 - alpha)^n, so a conversion touches only the columns it saw. When the phase
 * of the conversions is unknown, filters at four phases are averaged. Without a period the filter
 * is continuous with time constant tau.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "analyze/attribution/kernel.h"
#include "analyze/attribution/readings.h"
#include "analyze/attribution/state.h"
#include "analyze/attribution/view.h"
#include "formats/base/util.h"

#define PHASES 4
#define WARM 1e-4 /* weight of the unknown state before the first reading that is used */

static double tau_of(const struct attr_shape *s)
{
	if (s->period_ns <= 0)
		return fmax(s->tau_ns, 1000);
	if (s->alpha >= 1)
		return s->period_ns / 4;
	return -s->period_ns / log1p(-s->alpha);
}

static double ema_memory(const struct attr_shape *s, const struct attr_readings *r)
{
	return s->period_ns + 4 * tau_of(s);
}

static double read_time(const struct attr_kernel *k)
{
	return (double)(int64_t)(k->r->t[k->m] - k->view->t0);
}

static int ema_start(struct attr_kernel *k, struct erg_err *err)
{
	const struct attr_shape *s = &k->shape;
	double back = log(1 / WARM) * tau_of(s) + 2 * s->period_ns, from;
	bool one = s->period_ns <= 0 || s->phase >= 0;

	k->n_phases = one ? 1 : PHASES;
	k->ema = calloc(k->n_phases, sizeof(*k->ema));
	if (!k->ema)
		return erg_fail(err, -ENOMEM, "out of memory for a filter");
	/* where the history begins: as late as the first reading allows */
	from = k->m < k->r->n ? fmax(read_time(k) - s->lag_ns - back, 0) : 0;
	for (size_t i = 0; i < k->n_phases; i++) {
		struct attr_ema *e = &k->ema[i];

		e->state = calloc(k->view->n_cols + 1, sizeof(double));
		if (!e->state)
			return erg_fail(err, -ENOMEM, "out of memory for a filter");
		e->scale = 1;
		e->warm = 1;
		e->next_ns = from;
		if (s->period_ns > 0) {
			double anchor = (double)(int64_t)(k->r->t[0] - k->view->t0);
			double phase = one ? s->phase : ((double)i + 0.5) / PHASES;

			anchor += phase * s->period_ns - s->lag_ns;
			e->next_ns = anchor +
				ceil((from + s->period_ns - anchor) / s->period_ns) * s->period_ns;
		}
		e->cursor = attr_view_find(k->view,
			k->view->t0 + (uint64_t)fmax(e->next_ns - 2 * s->period_ns, 0));
		e->head = e->tail = e->cursor;
	}
	return 0;
}

static void rescale(const struct attr_kernel *k, struct attr_ema *e)
{
	for (size_t c = 0; c < k->view->n_cols; c++)
		e->state[c] *= e->scale;
	e->scale = 1;
}

static void absorb(struct attr_kernel *k, struct attr_ema *e, double alpha)
{
	double keep = 1 - alpha;

	e->warm *= keep;
	if (keep < 1e-6) {
		memset(e->state, 0, k->view->n_cols * sizeof(double));
		e->scale = 1;
	} else {
		e->scale *= keep;
		if (e->scale < 1e-100)
			rescale(k, e);
	}
	for (size_t i = 0; i < k->row.n; i++)
		e->state[k->row.col[i]] += alpha * k->dense[k->row.col[i]] / e->scale;
}

/* All conversions that end by END. */
static bool advance(struct attr_kernel *k, struct attr_ema *e, double end)
{
	const struct attr_shape *s = &k->shape;
	double window =
		s->window_ns > 0 && s->window_ns < s->period_ns ? s->window_ns : s->period_ns;

	for (; e->next_ns <= end; e->next_ns += s->period_ns) {
		attr_row_begin(k);
		if (!attr_walk(k, &e->cursor, e->next_ns, window, 0, 1))
			return false;
		absorb(k, e, s->alpha);
		if (k->power)
			e->slope += s->alpha *
				((attr_power_mean(k, &e->tail, e->next_ns - window, 0) -
					 attr_power_mean(k, &e->head, e->next_ns, 0)) /
						window -
					e->slope);
	}
	return true;
}

/* The continuous filter, segment by segment. */
static bool advance_rc(struct attr_kernel *k, struct attr_ema *e, double end)
{
	const struct attr_view *v = k->view;
	double tau = tau_of(&k->shape);

	if (end > (double)(attr_begin(v, v->n) - v->t0))
		return false;
	while (e->next_ns < end) {
		size_t i = e->cursor;
		double to = fmin((double)(attr_begin(v, i + 1) - v->t0), end);

		attr_row_begin(k);
		for (uint32_t c = attr_first(v, i); c < attr_first(v, i + 1); c++)
			attr_row_add(k, v->col[c], v->share ? (double)v->share[c] : 1);
		if (to > e->next_ns)
			absorb(k, e, -expm1((e->next_ns - to) / tau));
		e->next_ns = to;
		if (to < end)
			e->cursor++;
	}
	return true;
}

static bool ema_row(struct attr_kernel *k)
{
	double t = read_time(k), end = t - k->shape.lag_ns, slope = 0;
	bool rc = k->shape.period_ns <= 0;

	if (end < 0)
		return false;
	for (size_t i = 0; i < k->n_phases; i++)
		if (!(rc ? advance_rc(k, &k->ema[i], end) : advance(k, &k->ema[i], end)))
			return false;
	attr_row_begin(k);
	for (size_t i = 0; i < k->n_phases; i++) {
		struct attr_ema *e = &k->ema[i];
		double w = e->scale / (1 - e->warm) / (double)k->n_phases;

		if (e->warm > WARM)
			return false;
		slope += e->slope / (double)k->n_phases;
		for (size_t c = 0; c < k->view->n_cols; c++)
			attr_row_add(k, (uint16_t)c, w * e->state[c]);
	}
	if (!k->power)
		return true;
	if (rc) {
		double y = 0;

		for (size_t c = 0; c < k->view->n_cols; c++)
			y += k->dense[c] * k->power[c];
		slope = (y - attr_power_mean(k, &k->head, end, 0)) / tau_of(&k->shape);
	}
	k->row.x[0] = slope;
	return true;
}

const struct attr_kernel_ops attr_kernel_ema = {
	.kind = ERG_SENSOR_EMA,
	.start = ema_start,
	.row = ema_row,
	.memory = ema_memory,
};
