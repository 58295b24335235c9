/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What may be said although no model of the sensor fits: what is the same whatever the lag. Layers of one
 * power have their energies wherever the edges are thought to be, and so has a layer beside which its
 * neighbours are short. So the energies are those by the sensor as it was declared, and by that sensor at
 * lags over all that are searched; a class that none of those moves by much has a figure, whose interval
 * holds twice what they moved it by: a sensor that is wrong otherwise (a low-pass, a longer window, times that
 * scatter) is a mixture of such lags, and blurs the differences between them the less the longer a layer is
 * beside it. How long it may be at most shows in how soon the readings go from low to high. Shorter ones of a run
 * whose layers all use about one power have figures, too (alike.c).
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics.h>

#include "analyze/attribution/any_lag.h"
#include "analyze/attribution/alike.h"
#include "analyze/attribution/direct.h"
#include "analyze/attribution/kernel.h"
#include "analyze/attribution/readings.h"
#include "analyze/attribution/refit.h"
#include "analyze/attribution/run.h"
#include "analyze/attribution/state.h"
#include "analyze/attribution/view.h"
#include "formats/base/memory.h"
#include "formats/base/util.h"

#define SAMPLE_MAX 20000
#define JUMP 0.5      /* of the range of the readings */
#define APART_MAX 256 /* readings */
#define BLURRED 2     /* what a kernel that is not known may hide of the differences */
#define LAYER_WIDTHS 4

static const double lag_ns[] = {0.2e6, 0.5e6, 1e6, 2e6, 4e6, 8e6, 16e6, 32e6, 64e6, 125e6};

/* The range of the readings, but for a hundredth at either end, W. */
static double range(const struct attr_readings *r)
{
	size_t n = r->n < SAMPLE_MAX ? r->n : SAMPLE_MAX;
	_cleanup_(erg_freep) double *x = erg_noted(malloc((n + 1) * sizeof(double)));

	for (size_t i = 0; x && i < n; i++)
		x[i] = r->v[i * r->n / n];
	if (!x || n < 100)
		return INFINITY;
	gsl_sort(x, 1, n);
	return gsl_stats_quantile_from_sorted_data(x, 1, n, 0.99) -
		gsl_stats_quantile_from_sorted_data(x, 1, n, 0.01);
}

/* How much time the sensor needs at most from low to high, ns: of readings so far apart some differ by a good
 * part of their range. */
static double kernel_width(const struct attr_readings *r)
{
	double least = JUMP * range(r);

	for (size_t apart = 1; apart <= APART_MAX; apart *= 2)
		for (size_t i = apart; i < r->n; i++) {
			double dt = (double)(r->t[i] - r->t[i - apart]);

			if (fabs(r->v[i] - r->v[i - apart]) >= least &&
				dt < 1.5 * (double)apart * r->spacing_ns)
				return dt / JUMP;
		}
	return INFINITY;
}

/* Energies of the classes by the sensor SHAPE, J. */
static int energies(struct attr_run *r, const struct attr_shape *shape, double *ret)
{
	struct erg_attr_state *st = r->st;
	const struct attr_view *v = &st->view;
	struct attr_direct d = {0};
	_cleanup_(erg_freep) double *power = calloc(v->n_cols + 2, sizeof(double));
	int rc = power ? attr_powers_by(r, shape, power)
		       : erg_fail(r->err, -ENOMEM, "out of memory for %zu columns", v->n_cols);

	memset(ret, 0, (st->n_classes + 1) * sizeof(double));
	if (!rc)
		rc = attr_direct_run(v, &st->readings, shape, &d, r->err);
	for (size_t c = 0; !rc && c < v->n_cols; c++) {
		uint32_t k = v->col_class[c];

		ret[k] += (st->is_direct[k] || v->col_apart[c]) && d.time[c] > 0
			? d.energy[c] / d.time[c] * v->col_time[c]
			: attr_col_energy(v, power, c);
	}
	attr_direct_release(&d);
	return rc;
}

/* Of each class how far the lags move it, J. */
static int moves(struct attr_run *r, const double *here, double *ret)
{
	struct erg_attr_state *st = r->st;
	_cleanup_(erg_freep) double *e = calloc(st->n_classes + 1, sizeof(double));
	struct attr_shape shape = st->shape;
	int rc = e ? 0 : erg_fail(r->err, -ENOMEM, "out of memory for %zu classes", st->n_classes);

	for (size_t i = 0; !rc && i < ERG_ARRAY_SIZE(lag_ns); i++) {
		shape.lag_ns = st->shape.lag_ns + lag_ns[i];
		rc = energies(r, &shape, e);
		for (size_t k = 0; !rc && k < st->n_classes; k++)
			ret[k] = fmax(ret[k], fabs(e[k] - here[k]));
	}
	return rc;
}

int attr_declared_fit(struct attr_run *r)
{
	struct erg_attr_state *st = r->st;
	int rc;

	if (!r->misfit.reason || r->opt.lag != ERG_LAG_AUTO)
		return 0;
	rc = attr_alike_find(r);
	if (rc < 0)
		return rc;
	st->shape = r->declared;
	st->shape.lag_ns = r->first.lag_ns;
	if (r->n_alike)
		st->shape = r->alike[0];
	st->shape.skew = 0;
	st->memory_ns = attr_kernel_ops_of(st->shape.kind)->memory(&st->shape, &st->readings);
	/* of readings that are alike only those of one block tell noise from drift */
	if (r->n_alike)
		st->memory_ns = fmax(st->memory_ns, 2 * st->readings.spacing_ns);
	memset(&r->weights, 0, sizeof(r->weights));
	memset(r->psi, 0, sizeof(r->psi));
	return attr_fit_at(r, &st->shape, NULL);
}

int attr_any_lag(struct attr_run *r)
{
	struct erg_attr_state *st = r->st;
	const struct attr_view *v = &st->view;
	size_t n = st->n_classes + 1;
	_cleanup_(erg_freep) double *room = calloc(2 * n, sizeof(double));
	double width;
	int rc;

	if (!r->misfit.reason || r->opt.lag != ERG_LAG_AUTO)
		return 0;
	if (!room)
		return erg_fail(r->err, -ENOMEM, "out of memory for %zu classes", n);
	width = LAYER_WIDTHS * kernel_width(&st->readings);
	rc = energies(r, &st->shape, room);
	if (!rc)
		rc = moves(r, room, room + n);
	for (size_t k = 0; !rc && k < st->n_classes; k++) {
		st->slack_j[k] = BLURRED * room[n + k];
		st->any_lag[k] = k < v->gap_class && v->class_calls[k] &&
			v->class_time[k] * 1e9 >= width * (double)v->class_calls[k];
	}
	return rc ? rc : attr_alike_effect(r);
}
