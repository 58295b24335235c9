/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The fit of readings that are cells (weights.c says what that is): Newton's method on their likelihood,
 * for less and less noise as far as that is likelier, each from where the one before came to. For a given
 * sensor the likelihood has one maximum over the powers, as each reading's is log-concave; but with little
 * noise all that counts is the readings at the edges of their cells, which are others after each step, so
 * a step is halved until the likelihood rises.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include <gsl/gsl_cdf.h>

#include "analyze/attribution/weights.h"
#include "analyze/attribution/kernel.h"
#include "analyze/attribution/refit.h"
#include "analyze/attribution/rows.h"
#include "analyze/attribution/run.h"
#include "analyze/attribution/state.h"
#include "formats/base/memory.h"
#include "formats/base/util.h"

#define ROWS_MAX 20000
#define STEPS 8
#define HALVINGS 5
#define GAIN 0.1 /* of the log-likelihood: less is no step */

static const double noise_of_q[] = {0.5, 0.35, 0.25, 0.18, 0.12, 0.08, 0.06, 0.04};
#define NOISES ERG_ARRAY_SIZE(noise_of_q)

struct climb {
	struct attr_run *r;
	double q;                        /* W: a cell */
	double *from, *to;               /* per column, W: ends of a step */
	struct attr_shape shape, target; /* and of the sensor */
	double like[NOISES];             /* where the fit is */
};

/* Log-likelihood at the present fit, for each of the noises. */
static int look(struct climb *c)
{
	struct attr_run *r = c->r;
	struct attr_rows rows;
	struct attr_row *row;
	int rc = attr_rows_open(&rows, r, &r->st->shape, NULL);

	memset(c->like, 0, sizeof(c->like));
	rows.k.stride = r->st->readings.n / ROWS_MAX + 1;
	while (!rc && (rc = attr_rows_next(&rows, &row)) > 0) {
		double mu = 0;

		rc = 0;
		for (size_t i = 0; i < row->n; i++)
			mu += row->a[i] * r->st->power[row->col[i]];
		for (size_t i = 0; i < NOISES; i++) {
			double s = noise_of_q[i] * c->q,
			       p = gsl_cdf_ugaussian_P((row->y + c->q / 2 - mu) / s) -
				gsl_cdf_ugaussian_P((row->y - c->q / 2 - mu) / s);

			c->like[i] += log(fmax(p, 1e-12));
		}
	}
	attr_rows_close(&rows);
	return rc;
}

/* The fit becomes what lies the PART of the way along the step. */
static void go(struct climb *c, double part)
{
	struct erg_attr_state *st = c->r->st;
	const struct attr_shape *a = &c->shape, *b = &c->target;

	for (size_t k = 0; k < st->view.n_cols; k++)
		st->power[k] = c->from[k] + part * (c->to[k] - c->from[k]);
	st->shape = *a;
	st->shape.lag_ns += part * (b->lag_ns - a->lag_ns);
	st->shape.window_ns += part * (b->window_ns - a->window_ns);
	st->shape.rc_ns += part * (b->rc_ns - a->rc_ns);
	st->shape.skew += part * (b->skew - a->skew);
}

/* One step for the noise AT of the list; *RET_GAIN: of the likelihood, 0 where it cannot rise. */
static int step(struct climb *c, size_t at, double *ret_gain)
{
	struct erg_attr_state *st = c->r->st;
	double before = c->like[at], part = 1;
	int rc;

	c->shape = st->shape;
	memcpy(c->from, st->power, st->view.n_cols * sizeof(double));
	memcpy(c->to, st->power, st->view.n_cols * sizeof(double));
	rc = attr_fit_at(c->r, &c->shape, c->to);
	memcpy(c->to, st->power, st->view.n_cols * sizeof(double));
	attr_next_shape(c->r, &c->shape, 1, &c->target);
	for (int i = 0; !rc && i <= HALVINGS; i++, part /= 2) {
		go(c, part);
		rc = look(c);
		if (c->like[at] > before)
			break;
	}
	*ret_gain = c->like[at] - before;
	if (!rc && *ret_gain <= 0) {
		*ret_gain = 0;
		go(c, 0);
		rc = look(c);
	}
	return rc;
}

/* The sums are those of the maximum, and the fit a last step from it. */
static int settle(struct climb *c)
{
	struct erg_attr_state *st = c->r->st;

	memcpy(c->from, st->power, st->view.n_cols * sizeof(double));
	return attr_fit_at(c->r, &st->shape, c->from);
}

int attr_fit_cells(struct attr_run *r)
{
	struct attr_weights *w = &r->weights;
	size_t cols = r->st->view.n_cols;
	_cleanup_(erg_freep) double *power = calloc(2 * cols + 2, sizeof(*power));
	struct climb c = {.r = r, .q = r->st->rail.lsb_w, .from = power, .to = power + cols};
	int rc;

	if (!power)
		return erg_fail(r->err, -ENOMEM, "out of memory for %zu columns", cols);
	w->used = false;
	rc = look(&c);
	for (size_t i = 0; !rc && i < NOISES; i++) {
		double gain = INFINITY;

		if (i && c.like[i] < c.like[i - 1])
			break;
		w->cell_w = c.q;
		w->cell_sigma = noise_of_q[i] * c.q;
		for (int k = 0; !rc && k < STEPS && gain > GAIN; k++)
			rc = step(&c, i, &gain);
	}
	return rc ? rc : settle(&c);
}
