/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of two means for a gate in continuous integration; see gate.h. */
#include "analyze/experiment/gate.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_cdf.h>

#include "formats/base/order.h"
#include "formats/base/util.h"

#define LEVEL 0.05
#define Z95 1.959963985               /* of the half widths */
#define POWERED (1.644854 + 0.841621) /* one-sided at 5 %, decided four times in five */
#define RUNS_MOST 10000.

struct moments {
	double mean, var, syst; /* var: of one run; NaN: one run, its scatter is not known */
	double own;             /* variance that the runs say of themselves, on average */
	size_t n;
};

static struct moments moments_of(const struct erg_gate_side *s)
{
	struct moments m = {.n = s->n, .var = s->n > 1 ? 0 : NAN};

	for (size_t i = 0; i < s->n; i++) {
		m.mean += s->value[i] / (double)s->n;
		m.syst += s->syst[i] / (double)s->n;
		m.own += s->stat[i] / Z95 * (s->stat[i] / Z95) / (double)s->n;
	}
	for (size_t i = 0; s->n > 1 && i < s->n; i++)
		m.var += (s->value[i] - m.mean) * (s->value[i] - m.mean) / (double)(s->n - 1);
	return m;
}

struct pair {
	struct moments base, added;
	double var_base, var_added; /* of one run, as used */
	bool scattered;             /* from repetitions */
};

static struct pair pair_of(const struct erg_gate_side *base, const struct erg_gate_side *added)
{
	struct pair p = {moments_of(base), moments_of(added), 0, 0, base->n > 1 || added->n > 1};
	double b = p.base.var, a = p.added.var;

	if (isnan(b) && isnan(a))
		b = a = 0;
	else if (isnan(b)) /* relative scatter is alike */
		b = a * (p.base.mean / p.added.mean) * (p.base.mean / p.added.mean);
	else if (isnan(a))
		a = b * (p.added.mean / p.base.mean) * (p.added.mean / p.base.mean);
	p.var_base = fmax(b, p.base.own);
	p.var_added = fmax(a, p.added.own);
	return p;
}

/* Welch and Satterthwaite; a side that borrowed its scatter adds no degree of freedom. */
static double freedom(const struct pair *p, double vb, double va)
{
	double nb = (double)p->base.n - 1, na = (double)p->added.n - 1, c;

	if (!p->scattered)
		return INFINITY;
	if (nb < 1 || na < 1)
		return fmax(nb, na);
	c = vb / (vb + va); /* squares of variances may be too small or too large for a number */
	return vb + va > 0 ? 1 / (c * c / nb + (1 - c) * (1 - c) / na) : nb + na;
}

static double upper_tail(double t, double df)
{
	if (isnan(t) || !(df > 0)) /* GSL would end the program */
		return NAN;
	if (isinf(t))
		return t > 0 ? 0 : 1;
	return isinf(df) ? gsl_cdf_ugaussian_Q(t) : gsl_cdf_tdist_Q(t, df);
}

/* Systematic part of new - (1 + MARGIN) base. */
static double syst_of(const struct pair *p, const struct erg_gate_wish *w, double margin)
{
	double k = 1 + margin;

	return w->same_sensor ? fabs(p->added.syst - k * p->base.syst)
			      : p->added.syst + k * p->base.syst;
}

/* p of "new is not more than (1 + MARGIN) base" against more, or with LESS of the other side. */
static double p_of(const struct pair *p, const struct erg_gate_wish *w, double margin, bool less)
{
	double k = 1 + margin, vb = k * k * p->var_base / (double)p->base.n;
	double va = p->var_added / (double)p->added.n, d = p->added.mean - k * p->base.mean;

	d = (less ? -d : d) - syst_of(p, w, margin);
	if (!(vb + va > 0))
		return NAN;
	return upper_tail(d / sqrt(vb + va), freedom(p, vb, va));
}

static bool is_above(const struct pair *p, const struct erg_gate_wish *w, double margin, bool less)
{
	return less ? p_of(p, w, margin, true) < LEVEL : p_of(p, w, margin, false) > LEVEL;
}

/* The margin at which the one-sided test just decides: p falls (or, LESS, grows) with it. Infinite where the
 * base may be next to nothing, or the ratio is beyond all reason: no margin decides then. */
static double bound(const struct pair *p, const struct erg_gate_wish *w, bool less)
{
	double lo = -0.999999, hi = 1;

	while (!is_above(p, w, hi, less)) {
		hi *= 2;
		if (hi > 1e6)
			return INFINITY;
	}
	for (int i = 0; i < 200; i++) {
		double mid = (lo + hi) / 2;

		*(is_above(p, w, mid, less) ? &hi : &lo) = mid;
	}
	return (lo + hi) / 2;
}

/* Runs a side until the nearest border of what was asked is decided. */
static double repetitions(const struct pair *p, const struct erg_gate_wish *w)
{
	double rel = p->added.mean / p->base.mean - 1, m = w->has_fail_above ? w->fail_above : 0;
	double distance = w->has_equivalent ? fabs(w->equivalent - fabs(rel)) : fabs(rel - m);
	double var, n;

	distance -= syst_of(p, w, m) / p->base.mean; /* which no repetition makes less */
	if (!p->scattered || !(distance > 0))
		return NAN;
	var = (p->var_added + (1 + m) * (1 + m) * p->var_base) / (p->base.mean * p->base.mean);
	n = ceil(POWERED * POWERED * var / (distance * distance));
	return n <= RUNS_MOST ? fmax(n, 2) : NAN;
}

bool erg_gate_test(const struct erg_gate_side *base, const struct erg_gate_side *added,
	const struct erg_gate_wish *w, struct erg_gate_result *ret)
{
	double f = w->has_fail_above ? w->fail_above : w->has_equivalent ? w->equivalent : 0;
	struct pair p;

	*ret = (struct erg_gate_result){NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
	if (!base->n || !added->n)
		return false;
	p = pair_of(base, added);
	if (!(p.base.mean > 0) || !(p.added.mean > 0))
		return false;
	ret->base = p.base.mean;
	ret->added = p.added.mean - p.base.mean;
	ret->p = fmin(1, 2 * fmin(p_of(&p, w, 0, false), p_of(&p, w, 0, true)));
	if (isnan(ret->p))
		return true;
	ret->p_more = p_of(&p, w, f, false);
	ret->p_less = p_of(&p, w, 0, true);
	if (w->has_fail_above)
		ret->p_not_more = p_of(&p, w, w->fail_above, true);
	if (w->has_equivalent)
		ret->p_equivalent =
			fmax(p_of(&p, w, w->equivalent, true), p_of(&p, w, -w->equivalent, false));
	ret->lo = bound(&p, w, false);
	ret->hi = bound(&p, w, true);
	ret->repetitions = repetitions(&p, w);
	return true;
}

struct look {
	double p;
	size_t at;
};

static int look_order(const void *a, const void *b)
{
	const struct look *x = a, *y = b;

	return (x->p > y->p) - (x->p < y->p);
}

int erg_gate_holm(const double *p, size_t n, bool *ret)
{
	_cleanup_(erg_freep) struct look *look = calloc(n + 1, sizeof(*look));
	size_t m = 0;

	if (!look)
		return -ENOMEM;
	memset(ret, 0, n * sizeof(*ret));
	for (size_t i = 0; i < n; i++)
		if (!isnan(p[i]))
			look[m++] = (struct look){p[i], i};
	erg_sort(look, m, sizeof(*look), look_order);
	for (size_t i = 0; i < m && look[i].p <= LEVEL / (double)(m - i); i++)
		ret[look[i].at] = true;
	return 0;
}

int erg_gate_verdicts(const struct erg_gate_result *r, size_t n, enum erg_gate_verdict *ret)
{
	/* the later wins */
	static const struct {
		size_t p;
		enum erg_gate_verdict verdict;
	} kinds[] = {{offsetof(struct erg_gate_result, p_not_more), ERG_GATE_NOT_MORE},
		{offsetof(struct erg_gate_result, p_less), ERG_GATE_LESS},
		{offsetof(struct erg_gate_result, p_equivalent), ERG_GATE_EQUIVALENT},
		{offsetof(struct erg_gate_result, p_more), ERG_GATE_MORE}};
	_cleanup_(erg_freep) double *p = calloc(n + 1, sizeof(*p));
	_cleanup_(erg_freep) bool *decided = calloc(n + 1, sizeof(*decided));

	if (!p || !decided)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		ret[i] = ERG_GATE_CANNOT_TELL;
	for (size_t k = 0; k < ERG_ARRAY_SIZE(kinds); k++) {
		for (size_t i = 0; i < n; i++)
			p[i] = *(const double *)((const char *)&r[i] + kinds[k].p);
		if (erg_gate_holm(p, n, decided) < 0)
			return -ENOMEM;
		for (size_t i = 0; i < n; i++)
			ret[i] = decided[i] ? kinds[k].verdict : ret[i];
	}
	return 0;
}

const char *erg_gate_name(enum erg_gate_verdict v)
{
	static const char *const names[] = {
		[ERG_GATE_CANNOT_TELL] = "cannot-tell",
		[ERG_GATE_MORE] = "more",
		[ERG_GATE_LESS] = "less",
		[ERG_GATE_EQUIVALENT] = "equivalent",
		[ERG_GATE_NOT_MORE] = "not-more",
	};

	return names[v];
}
