/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Is the model right? Score tests (Rao 1948): a column z that the model lacks, less what the model's
 * own columns explain of it, must be uncorrelated with the residuals. The variance of that sum comes
 * from its sums over blocks of time, so that residuals which are alike for a while do not count as
 * evidence: with g the sum of q scores and V that of the squares of the blocks' sums,
 *
 *     T = g' V^-1 g,   F = T / (n - T) (n - q) / q     (Hotelling 1931) on q and n - q degrees
 *
 * Of all block lengths that leave enough blocks the least significant one counts. Where the readings are
 * rounded coarsely V also has what readings of one level share, wherever in the run they are.
 *
 * The kernel is asked by finite shifts of the lag, which are not blind in a wrong minimum, as
 * derivatives are; the clock by shifts that grow with the time, its square and its cube.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_cdf.h>

#include "analyze/attribution/misfit.h"
#include "analyze/attribution/cholesky.h"
#include "analyze/attribution/curve.h"
#include "analyze/attribution/sensor_columns.h"
#include "analyze/attribution/gram.h"
#include "analyze/attribution/halves.h"
#include "analyze/attribution/kernel.h"
#include "analyze/attribution/late_in_layer.h"
#include "analyze/attribution/loops.h"
#include "analyze/attribution/nnls.h"
#include "analyze/attribution/quantum.h"
#include "analyze/attribution/rows.h"
#include "analyze/attribution/run.h"
#include "analyze/attribution/solve.h"
#include "analyze/attribution/state.h"
#include "analyze/attribution/view.h"
#include "formats/base/memory.h"
#include "formats/base/util.h"

enum {
	ATTR_Z_PSI = 0,
	ATTR_Z_SHIFT = ATTR_PSI,
	ATTR_Z_CLOCK = ATTR_Z_SHIFT + ATTR_SHIFTS,
	ATTR_Z_DURATION = ATTR_Z_CLOCK + 3,
	ATTR_Z = ATTR_Z_DURATION + ATTR_GROUPS
};

#define BASE_BLOCKS 2048
#define PURE 0.99    /* of a reading's window */
#define OWN_MIN 1e-7 /* share of a column below which the rest is rounding */
#define BLOCKS_MIN 60
#define BLOCKS_PER_SCORE 20
#define TAKEN_MAX 0.03  /* part of the squared residuals, of what else than the clock */
#define TAKEN_CLOCK 0.3 /* which has no other minima to be in */
#define SHIFT_MAX 0.005 /* of a class's energy */
#define SLACK 1.5       /* of a shift, as it is known only roughly */
#define LATE_SHIFT 2    /* of shift_ns, beside the slope */

static const double shift_ns[ATTR_SHIFTS] = {-3e6, -1e6, 1e6, 3e6, 6e6, 12e6, 20e6, 35e6, 60e6};

struct scores {
	struct attr_run *r;
	const struct erg_attr_state *st;
	size_t dim, n_z, blocks;
	double *me;        /* blocks x dim: sums of model column x residual */
	double *ze;        /* blocks x n_z: of z x residual; then what the model leaves of it */
	double *mz;        /* dim x n_z */
	double *zz;        /* n_z x n_z: sums of z z', upper triangle */
	double *z;         /* n_z, of one row */
	double *c;         /* dim x n_z: what the model explains of z */
	double *total;     /* the sums, without what was known beforehand */
	double *var;       /* dim: diagonal of their inverse, where it is asked for */
	double *late_sum;  /* n_z: sums of z of layers, as the readings are weighed */
	double weight;     /* sum of these weights */
	double *left;      /* n_z: of the squares of z, by what the model does not explain */
	bool *own;         /* n_z: the model leaves something of z */
	double ee, yy;     /* squared residuals, squared readings */
	size_t rows, pure; /* readings, and those that saw one column alone */
	struct attr_sensor_columns x;
	size_t hint[ATTR_SHIFTS + 1][2];
	struct attr_late_in_layer late; /* its columns are those of z from ATTR_Z on */
	struct attr_halves halves;      /* and its those after them */
	size_t worst_half;              /* the one of them that test_profile chose */
	size_t worst;                   /* the one of them that test_late chose */
	struct attr_levels levels;      /* of a coarse quantum; n 0: none */
	double *lm, *lz; /* levels x dim, levels x n_z: sums, as much as they share */
};

/* The columns of one reading that the tests are about. */
static int score_columns(struct scores *s, size_t m, const struct attr_row *row)
{
	struct attr_sensor_columns *x = &s->x;
	struct attr_look l;
	double here, at, slope;
	double half = (double)(attr_begin(x->view, x->view->n) - x->view->t0) / 2;
	int r = attr_sensor_columns_fill(x, m, s->z + ATTR_Z_PSI);

	memset(s->z + ATTR_Z_SHIFT, 0, (ATTR_Z - ATTR_Z_SHIFT) * sizeof(double));
	s->late.n_at = s->halves.n_at = 0;
	if (r < 0 || !attr_look(x->view, x->readings, &x->shape, m, &l))
		return r;
	r = attr_curve_cover(&x->curve,
		l.end - l.window - l.stale - shift_ns[ATTR_SHIFTS - 1] - x->h_window,
		l.end - shift_ns[0] + x->h_window);
	if (r < 0)
		return r;
	here = attr_curve_mean(&x->curve, 0, l.end, l.window, l.stale, s->hint[ATTR_SHIFTS]);
	for (size_t i = 0; i < ATTR_SHIFTS; i++)
		s->z[ATTR_Z_SHIFT + i] = attr_curve_mean(&x->curve, 0, l.end - shift_ns[i],
						 l.window, l.stale, s->hint[i]) -
			here;
	at = ((double)(int64_t)(row->t - x->view->t0) - half) / half;
	slope = s->z[ATTR_Z_PSI + ATTR_DELAY];
	for (size_t i = 0; i < 3;
		i++, at *= ((double)(int64_t)(row->t - x->view->t0) - half) / half)
		s->z[ATTR_Z_CLOCK + i] = slope * at;
	for (size_t i = 0; i < x->curve.n_groups; i++)
		s->z[ATTR_Z_DURATION + i] =
			attr_curve_group(&x->curve, i, l.end, l.window, s->hint[ATTR_SHIFTS]);
	attr_late_in_layer_look(&s->late, l.end + x->shape.lag_ns, l.end);
	attr_halves_look(&s->halves, &l, attr_tau_of(&x->shape));
	return 0;
}

/* Column I, of a layer of its own, is X at this reading. */
static void score_one(struct scores *s, const struct attr_row *row, size_t block, double e,
	size_t i, double x)
{
	size_t cols = s->st->view.n_cols, n = row->n + s->dim - cols;

	s->ze[block * s->n_z + i] += x * e;
	s->zz[i * s->n_z + i] += x * x;
	for (size_t k = 0; k < n; k++) {
		size_t c = k < row->n ? row->col[k] : cols + k - row->n;

		s->mz[c * s->n_z + i] += x * (k < row->n ? row->a[k] : row->x[k - row->n]);
	}
}

/* Of the layers that run at this reading: their columns are those of any, and 0 elsewhere. */
static void score_late(struct scores *s, const struct attr_row *row, size_t block, double e)
{
	const double z[ATTR_LATE_IN_LAYER_EACH] = {s->z[ATTR_Z_PSI + ATTR_DELAY],
		s->z[ATTR_Z_SHIFT + LATE_SHIFT]};

	for (size_t j = 0; j < s->late.n_at * ATTR_LATE_IN_LAYER_EACH; j++) {
		size_t i = ATTR_Z + s->late.at[j / ATTR_LATE_IN_LAYER_EACH] +
			j % ATTR_LATE_IN_LAYER_EACH;

		score_one(s, row, block, e, i, z[j % ATTR_LATE_IN_LAYER_EACH]);
		s->late_sum[i] += z[j % ATTR_LATE_IN_LAYER_EACH];
	}
}

static size_t half_column(const struct scores *s, size_t i)
{
	return ATTR_Z + s->late.n + i;
}

static void score_halves(struct scores *s, const struct attr_row *row, size_t block, double e)
{
	for (size_t j = 0; j < s->halves.n_at; j++)
		score_one(s, row, block, e, half_column(s, s->halves.at[j]),
			row->sw * s->halves.z[j]);
}

static void score_row(struct scores *s, const struct attr_row *row, size_t block)
{
	size_t cols = s->st->view.n_cols, extra = s->dim - cols;
	double e = attr_row_residual(s->r, row);
	double *me = s->me + block * s->dim, *ze = s->ze + block * s->n_z;

	attr_add_scaled(ze, s->z, e, ATTR_Z);
	for (size_t i = 0; i < ATTR_Z; i++)
		attr_add_scaled(s->zz + i * s->n_z + i, s->z + i, s->z[i], ATTR_Z - i);
	s->weight += row->sw;
	s->ee += e * e;
	for (size_t k = 0; k < row->n + extra; k++) {
		size_t c = k < row->n ? row->col[k] : cols + k - row->n;
		double a = k < row->n ? row->a[k] : row->x[k - row->n];

		me[c] += a * e;
		attr_add_scaled(s->mz + c * s->n_z, s->z, a, ATTR_Z);
	}
	score_late(s, row, block, e);
	score_halves(s, row, block, e);
}

static void score_level(struct scores *s, const struct attr_row *row)
{
	size_t cols = s->st->view.n_cols, at;
	double sd;

	if (!s->levels.n)
		return;
	at = attr_level_of(s->r, &s->levels, row, &sd);
	for (size_t i = 0; i < row->n; i++)
		s->lm[at * s->dim + row->col[i]] += sd * row->a[i];
	for (size_t i = cols; i < s->dim; i++)
		s->lm[at * s->dim + i] += sd * row->x[i - cols];
	for (size_t i = 0; i < ATTR_Z; i++)
		s->lz[at * s->n_z + i] += sd * s->z[i];
	for (size_t j = 0; j < s->halves.n_at; j++)
		s->lz[at * s->n_z + half_column(s, s->halves.at[j])] +=
			sd * row->sw * s->halves.z[j];
}

static bool saw_one(const struct attr_row *row)
{
	for (size_t k = 0; k < row->n; k++)
		if (row->a[k] > PURE * row->sw)
			return true;
	return false;
}

static int score_rows(struct scores *s)
{
	struct attr_run *r = s->r;
	struct attr_rows rows;
	struct attr_row *row;
	size_t n = attr_rows_count(r);
	/* rows as in the sums, whose derivatives are by the powers before the last step */
	int rc = attr_rows_open(&rows, r, &s->st->shape, r->of.power ? r->of.power : s->st->power);

	while (!rc && (rc = attr_rows_next(&rows, &row)) > 0) {
		size_t m = rows.k.m - rows.k.stride;

		s->yy += row->y * row->y;
		s->rows++;
		s->pure += saw_one(row);
		rc = score_columns(s, m, row);
		for (size_t i = 0; i < ATTR_Z; i++)
			s->z[i] *= row->sw;
		if (!rc)
			score_row(s, row, (m - r->from) * s->blocks / n);
		if (!rc)
			score_level(s, row);
	}
	attr_rows_close(&rows);
	return rc;
}

/* g' V^-1 g for the N scores in the blocks' sums U (n_b x N); what the others explain of a score says nothing of
 * its own. After the blocks come N_L levels, which are in V alone. */
static double quadratic(const double *u, size_t n_b, size_t n_l, size_t n)
{
	double v[ATTR_Z * ATTR_Z], g[ATTR_Z] = {0}, x[ATTR_Z];

	memset(v, 0, sizeof(v));
	for (size_t b = 0; b < n_b + n_l; b++)
		for (size_t i = 0; i < n; i++) {
			g[i] += b < n_b ? u[b * n + i] : 0;
			for (size_t j = 0; j <= i; j++)
				v[i * n + j] += u[b * n + i] * u[b * n + j];
		}
	return attr_cholesky_solve(v, n, g, x);
}

/* The blocks' scores: their sums of z with the residuals, less what the model explains of z. */
static void find_scores(struct scores *s)
{
	for (size_t b = 0; b < s->blocks; b++)
		for (size_t c = 0; c < s->dim; c++) {
			double me = s->me[b * s->dim + c];

			for (size_t i = 0; i < s->n_z && me != 0; i++)
				s->ze[b * s->n_z + i] -= s->c[c * s->n_z + i] * me;
		}
}

/* Score of a column. */
static double score_of(const struct scores *s, size_t which)
{
	double u = 0;

	for (size_t b = 0; b < s->blocks; b++)
		u += s->ze[b * s->n_z + which];
	return u;
}

/* The step that one column asks for: its score over its own square. */
static double step_of(const struct scores *s, size_t which)
{
	return s->own[which] ? score_of(s, which) / s->left[which] : 0;
}

/* Of the columns WHICH, what an error of one SD of each level adds to their scores. */
static void level_scores(const struct scores *s, const size_t *which, size_t q, double *ret)
{
	for (size_t l = 0; l < s->levels.n; l++)
		for (size_t i = 0; i < q; i++) {
			double x = s->own[which[i]] ? s->lz[l * s->n_z + which[i]] : 0;

			for (size_t c = 0; c < s->dim && s->own[which[i]]; c++)
				x -= s->c[c * s->n_z + which[i]] * s->lm[l * s->dim + c];
			ret[l * q + i] = x;
		}
}

/* Of the Q columns WHICH those of which the model leaves something, into RET. Returns how many. */
static size_t own_of(const struct scores *s, const size_t *which, size_t q, size_t *ret)
{
	size_t n = 0;

	for (size_t i = 0; i < q; i++)
		if (s->own[which[i]])
			ret[n++] = which[i];
	return n;
}

/* T over the blocks, LENGTH of them together; U: room for them and the levels. */
static void test_blocks(const struct scores *s, const size_t *own, size_t q, size_t length,
	double *u, struct attr_test *ret)
{
	size_t n = s->blocks / length;
	double t, f, p;

	memset(u, 0, n * q * sizeof(double));
	for (size_t b = 0; b < n * length; b++)
		for (size_t i = 0; i < q; i++)
			u[b / length * q + i] += s->ze[b * s->n_z + own[i]];
	level_scores(s, own, q, u + n * q);
	t = quadratic(u, n, s->levels.n, q);
	f = t < (double)n ? t / ((double)n - t) * (double)(n - q) / (double)q : INFINITY;
	p = isfinite(f) ? gsl_cdf_fdist_Q(f, (double)q, (double)(n - q)) : 0;
	if (!(ret->p >= p)) {
		ret->p = p;
		ret->f = f;
	}
}

static void test_scores(const struct scores *s, const size_t *which, size_t q,
	struct attr_test *ret)
{
	size_t own[ATTR_Z], n = own_of(s, which, q, own);
	size_t least = q * BLOCKS_PER_SCORE > BLOCKS_MIN ? q * BLOCKS_PER_SCORE : BLOCKS_MIN;
	_cleanup_(erg_freep) double *u =
		erg_noted(malloc((s->blocks + s->levels.n + 1) * q * sizeof(double)));

	ret->f = NAN;
	ret->p = NAN;
	ret->step = q == 1 ? step_of(s, *which) : 0;
	if (!u || s->blocks < least)
		return;
	/* a model that explains every shift, to rounding, explains nothing: the test is blind; but for
	 * readings that mostly saw one layer alone, whose power needs no model */
	if (!n) {
		bool blind = q == ATTR_SHIFTS && 2 * s->pure < s->rows;

		ret->f = blind ? INFINITY : 0;
		ret->p = blind ? 0 : 1;
		return;
	}
	for (size_t length = 1; s->blocks / length >= least; length *= 2)
		test_blocks(s, own, n, length, u, ret);
}

static int alloc_scores(struct scores *s)
{
	size_t n = attr_rows_count(s->r) / 2;

	s->dim = s->st->gram.dim;
	if (attr_late_in_layer_open(&s->late, &s->st->view, &s->st->shape) < 0 ||
		attr_halves_open(&s->halves, &s->st->view) < 0)
		return erg_fail(s->r->err, -ENOMEM, "out of memory for tests of each layer");
	s->n_z = ATTR_Z + s->late.n + s->halves.n;
	s->blocks = n < BASE_BLOCKS ? n : BASE_BLOCKS;
	s->me = erg_noted(calloc(s->blocks * s->dim + 1, sizeof(double)));
	s->ze = erg_noted(calloc(s->blocks * s->n_z + 1, sizeof(double)));
	s->mz = calloc(s->dim * s->n_z, sizeof(double));
	s->zz = calloc(s->n_z * s->n_z, sizeof(double));
	s->z = calloc(s->n_z, sizeof(double));
	s->left = calloc(s->n_z, sizeof(double));
	s->late_sum = calloc(s->n_z, sizeof(double));
	s->own = calloc(s->n_z, sizeof(bool));
	s->c = calloc(s->dim * s->n_z, sizeof(double));
	s->total = malloc(s->st->gram.stride * sizeof(double));
	s->var = calloc(s->dim, sizeof(double));
	if (attr_coarse_quantum(s->r))
		attr_levels_span(s->r, &s->levels);
	s->lm = calloc(s->levels.n * s->dim + 1, sizeof(double));
	s->lz = calloc(s->levels.n * s->n_z + 1, sizeof(double));
	if (s->lm && s->lz && s->me && s->ze && s->mz && s->zz && s->z && s->c && s->total &&
		s->var && s->left && s->late_sum && s->own)
		return 0;
	return erg_fail(s->r->err, -ENOMEM, "out of memory for %zu columns", s->dim);
}

static void free_scores(struct scores *s)
{
	attr_sensor_columns_close(&s->x);
	attr_late_in_layer_close(&s->late);
	attr_halves_close(&s->halves);
	free(s->left);
	free(s->late_sum);
	free(s->own);
	free(s->me);
	free(s->ze);
	free(s->mz);
	free(s->zz);
	free(s->z);
	free(s->c);
	free(s->total);
	free(s->var);
	free(s->lm);
	free(s->lz);
}

/* c = (M'M)^-1 M'Z */
static void explain(struct scores *s)
{
	double *total = s->total;
	size_t cols = s->st->view.n_cols;

	attr_raw_total(&s->st->gram, s->r->sol.sigma2, s->r->sol.tau2, total);
	/* a test must not lean on what was known beforehand */
	for (size_t i = cols; i < s->dim; i++)
		total[attr_tri(s->dim, i, i)] -= s->st->gram.prior[i - cols];
	memcpy(s->c, s->mz, s->dim * s->n_z * sizeof(double));
	attr_nnls_spread(&s->r->nnls, total, s->c, s->n_z);
	for (size_t k = 0; k < s->n_z; k++) {
		double left = s->zz[k * s->n_z + k];

		for (size_t i = 0; i < s->dim; i++)
			left -= s->c[i * s->n_z + k] * s->mz[i * s->n_z + k];
		s->own[k] = left > OWN_MIN * s->zz[k * s->n_z + k];
		s->left[k] = left;
	}
	find_scores(s);
}

/* Coefficients of the Q columns WHICH, had the model had them: (Z'MZ)^-1 Z'Me into BETA. Returns the part of
 * the squared residuals that they would take. */
static double extend(const struct scores *s, const size_t *which, size_t q, double *beta)
{
	double g[ATTR_Z * ATTR_Z] = {0}, h[ATTR_Z], took;

	for (size_t i = 0; i < q; i++) {
		h[i] = s->own[which[i]] ? score_of(s, which[i]) : 0;
		for (size_t j = 0; j <= i; j++) {
			double x = s->zz[which[j] * s->n_z + which[i]];

			for (size_t c = 0; c < s->dim; c++)
				x -= s->c[c * s->n_z + which[i]] * s->mz[c * s->n_z + which[j]];
			g[i * q + j] = s->own[which[i]] ? x : 0;
		}
	}
	took = attr_cholesky_solve(g, q, h, beta);
	return s->ee > 0 ? took / s->ee : INFINITY;
}

/* What a test asks for, of the classes' energies. */
struct asked {
	double *shift, *energy, *var; /* per class: J, J, J^2; the first owns the others */
	double took;                  /* part of the squared residuals */
};

/* A shift of class K that is of no consequence, J. */
static double little(const struct asked *a, size_t k)
{
	return fmax(SHIFT_MAX * a->energy[k], 2 * sqrt(a->var[k]));
}

/* What the columns WHICH would move them by. */
static int ask(const struct scores *s, const size_t *which, size_t q, struct asked *ret)
{
	const struct erg_attr_state *st = s->st;
	const struct attr_view *v = &st->view;
	double beta[ATTR_Z] = {0};

	ret->shift = erg_noted(calloc(3 * (v->n_classes + 1), sizeof(double)));
	if (!ret->shift)
		return -ENOMEM;
	ret->energy = ret->shift + v->n_classes;
	ret->var = ret->energy + v->n_classes;
	ret->took = extend(s, which, q, beta);
	for (size_t c = 0; c < v->n_cols; c++) {
		uint32_t k = v->col_class[c];
		double t = v->col_time[c], se2 = s->var[c] * s->r->sol.sigma2;

		if (v->col_apart[c])
			continue;
		for (size_t i = 0; i < q; i++)
			ret->shift[k] -= t * s->c[c * s->n_z + which[i]] * beta[i];
		ret->energy[k] += attr_col_energy(v, st->power, c);
		ret->var[k] += t * t * fmax(se2, 0);
	}
	return 0;
}

/*
 * A test of the columns WHICH that fails, or nearly does. Where it fails: whether what it asks for is of no
 * consequence, that is little of each class's energy, or of its standard error; and not more than the part MOST
 * of what the model does not explain: then a step of Gauss-Newton is not to be believed. That, and what one that
 * passes asks for beyond chance, as far as that is little, is added to SLACK (J, squares).
 */
static bool immaterial(const struct scores *s, const struct attr_test *t, const size_t *which,
	size_t q, double most, double *slack)
{
	const struct attr_view *v = &s->st->view;
	bool fails = t->p < ATTR_MISFIT_P, small;
	double part = fails ? 1 : 1 - 1 / fmax(t->f, 1);
	struct asked a = {0};

	if (ask(s, which, q, &a) < 0)
		return false;
	small = a.took <= most;
	for (size_t k = 0; small && k < v->gap_class; k++)
		small = fabs(a.shift[k]) <= little(&a, k);
	for (size_t k = 0; (small || !fails) && k < v->n_classes; k++) {
		double shift = fails ? a.shift[k] : fmin(fabs(a.shift[k]), little(&a, k));

		slack[k] += part * shift * shift * SLACK * SLACK;
	}
	free(a.shift);
	return fails && small;
}

/* Of the tests that fail, which are of no consequence; those widen the intervals instead, as do those that nearly
 * fail. */
static void find_immaterial(struct scores *s, struct attr_tests *t)
{
	const struct {
		struct attr_test *test;
		size_t first, n;
		double most;
	} set[] = {{&t->kernel, ATTR_Z_SHIFT, ATTR_SHIFTS, TAKEN_MAX},
		{&t->clock, ATTR_Z_CLOCK, 3, TAKEN_CLOCK},
		{&t->duration, ATTR_Z_DURATION, ATTR_GROUPS, TAKEN_MAX},
		{&t->late, s->worst, 1, TAKEN_MAX}, {&t->profile, s->worst_half, 1, TAKEN_MAX}};
	struct erg_attr_state *st = s->r->st;

	for (size_t k = 0; k < st->n_classes; k++)
		st->slack_j[k] = 0;
	if (!(t->kernel.p < ATTR_DOUBTFUL_P || t->clock.p < ATTR_DOUBTFUL_P ||
		    t->duration.p < ATTR_DOUBTFUL_P || t->late.p < ATTR_DOUBTFUL_P ||
		    t->profile.p < ATTR_DOUBTFUL_P) ||
		attr_nnls_diagonal(&s->r->nnls, s->total, s->var) < 0)
		return;
	for (size_t i = 0; i < ERG_ARRAY_SIZE(set); i++) {
		size_t which[ATTR_Z];

		for (size_t j = 0; j < set[i].n; j++)
			which[j] = set[i].first + j;
		/* a test that sees nothing, or nothing else, says nothing of how much */
		set[i].test->slight = set[i].test->p < ATTR_DOUBTFUL_P &&
			isfinite(set[i].test->f) &&
			immaterial(s, set[i].test, which, set[i].n, set[i].most, st->slack_j);
	}
	for (size_t k = 0; k < st->n_classes; k++)
		st->slack_j[k] = sqrt(st->slack_j[k]);
}

/* Of each layer's columns the least likely one; as many could be so by chance. */
static void test_late(struct scores *s, struct attr_test *ret, double *ret_w)
{
	s->worst = ATTR_Z;
	ret->f = ret->p = NAN;
	for (size_t i = ATTR_Z; i < half_column(s, 0); i++) {
		struct attr_test t = {0};

		if (!s->own[i])
			continue;
		test_scores(s, &i, 1, &t);
		if (ret->p <= t.p || isnan(t.p))
			continue;
		*ret = t;
		s->worst = i;
	}
	ret->p = fmin(ret->p * (double)s->late.n, 1);
	*ret_w = s->worst < half_column(s, 0) && s->weight > 0
		? fabs(step_of(s, s->worst) * s->late_sum[s->worst]) / s->weight
		: 0;
}

/* Of each layer's halves the least likely one, likewise; R->uneven: those that fail. */
static void test_profile(struct scores *s, struct attr_test *ret)
{
	const struct attr_view *v = &s->st->view;
	double n = (double)s->halves.n;

	s->worst_half = half_column(s, 0);
	ret->f = ret->p = NAN;
	for (size_t k = 0; k < v->gap_class; k++) {
		struct attr_test t = {0};
		size_t i;

		s->r->uneven[k] = false;
		if (s->halves.slot[k] == ERG_NONE)
			continue;
		i = half_column(s, s->halves.slot[k]);
		if (!s->own[i])
			continue;
		test_scores(s, &i, 1, &t);
		s->r->uneven[k] = t.p * n < ATTR_MISFIT_P;
		if (ret->p <= t.p || isnan(t.p))
			continue;
		*ret = t;
		s->worst_half = i;
	}
	ret->p = fmin(ret->p * n, 1);
}

/* A residual of rounding errors has no pattern that means anything. */
static void pass_all(struct attr_tests *t)
{
	t->lag.p = t->window.p = t->rc.p = t->skew.p = 1;
	t->kernel.p = t->clock.p = t->duration.p = t->late.p = t->profile.p = 1;
}

int attr_misfit(struct attr_run *r, struct attr_tests *ret)
{
	static const bool all[ATTR_PSI] = {true, true, true, true};
	struct scores s = {.r = r, .st = r->st};
	size_t which[ATTR_Z];
	int rc = alloc_scores(&s);

	memset(ret, 0, sizeof(*ret));
	if (!rc)
		rc = attr_sensor_columns_open(&s.x, &r->st->view, &r->st->readings, &r->st->shape,
			all, r->st->power, r->tau_reach);
	s.x.curve.n_groups = r->st->view.z ? ATTR_GROUPS : 0;
	if (!rc)
		rc = score_rows(&s);
	if (!rc)
		explain(&s);
	for (size_t i = 0; i < ATTR_Z; i++)
		which[i] = i;
	if (!rc && s.ee <= ATTR_EXACT * s.yy) {
		pass_all(ret);
	} else if (!rc) {
		test_scores(&s, which + ATTR_Z_PSI + ATTR_DELAY, 1, &ret->lag);
		test_scores(&s, which + ATTR_Z_PSI + ATTR_WINDOW, 1, &ret->window);
		test_scores(&s, which + ATTR_Z_PSI + ATTR_SQUARE, 1, &ret->rc);
		test_scores(&s, which + ATTR_Z_PSI + ATTR_CLOCK, 1, &ret->skew);
		test_scores(&s, which + ATTR_Z_SHIFT, ATTR_SHIFTS, &ret->kernel);
		test_scores(&s, which + ATTR_Z_CLOCK, 3, &ret->clock);
		test_scores(&s, which + ATTR_Z_DURATION, ATTR_GROUPS, &ret->duration);
		test_late(&s, &ret->late, &ret->late_w);
		test_profile(&s, &ret->profile);
		find_immaterial(&s, ret);
	}
	free_scores(&s);
	return rc;
}
