/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The step of a sensor, from what a log printed of it. Readings are multiples of the step, rounded to
 * the last digit of the log. Where the step is a whole number of those digits, it is what all
 * differences are multiples of. Else (an ADC of 38.25 mW a count, printed in mW) two neighbours among
 * the values are a step apart to one digit; with wider and wider gaps the step is known ever better,
 * and in the end all values must lie on its grid, to a digit, and more closely than chance would have it.
 */
#include <math.h>
#include <stdlib.h>

#include "formats/base/order.h"
#include "formats/base/util.h"
#include "record/import/import.h"

#define CHANGES_MIN 16
#define VALUES_MAX 16384 /* as many readings are looked at for a step that is no whole number */
#define STEP_MIN 4       /* digits: a finer one is no coarser than its print */
#define PARTS_MAX 8      /* steps between the closest values */
#define CHANCE 1e-9      /* of values that lie on no grid to seem to lie on one */

static uint64_t gcd(uint64_t a, uint64_t b)
{
	while (b) {
		uint64_t r = a % b;

		a = b;
		b = r;
	}
	return a;
}

/* The greatest whole number that all differences are multiples of; *RET_CHANGES: how many there are. */
static uint64_t whole_step(const struct erg_import_log *log, const int64_t *raw,
	size_t *ret_changes)
{
	int64_t before = ERG_IMPORT_MISSING;
	uint64_t g = 0;

	*ret_changes = 0;
	for (size_t i = 0; erg_import_has_row(log, i) && g != 1; i++) {
		if (raw[i] == ERG_IMPORT_MISSING)
			continue;
		if (before != ERG_IMPORT_MISSING && raw[i] != before) {
			g = gcd(g, (uint64_t)llabs(raw[i] - before));
			++*ret_changes;
		}
		before = raw[i];
	}
	return g;
}

/* The first values that differ, in order, in units of UNIT. Returns how many. */
static size_t values_of(const int64_t *raw, size_t n, double unit, double *ret)
{
	size_t m = 0, kept = 0;
	double first = NAN;

	for (size_t i = 0; i < n && m < VALUES_MAX; i++) {
		if (raw[i] == ERG_IMPORT_MISSING)
			continue;
		if (!isfinite(first))
			first = (double)raw[i];
		ret[m++] = rint(((double)raw[i] - first) / unit);
	}
	erg_sort_doubles(ret, m);
	for (size_t i = 0; i < m; i++)
		if (kept == 0 || ret[i] > ret[kept - 1])
			ret[kept++] = ret[i];
	return kept;
}

/* STEP, known to one digit, by gaps in order; 0: they are no multiples of it. */
static double refine(const double *gaps, size_t n, double step)
{
	double digits = 0, steps = 0;

	for (size_t i = 0; i < n; i++) {
		double k = rint(gaps[i] / step);

		if (k < 1 || fabs(gaps[i] - k * step) > 1 + k / (steps + 1))
			return 0;
		digits += gaps[i];
		steps += k;
		step = digits / steps;
	}
	return step;
}

/* Values in order lie on the grid of *STEP, which is fitted to them. */
static bool on_grid(const double *value, size_t n, double *step)
{
	double k = 0, sk = 0, sv = 0, skk = 0, skv = 0, first, worst = 0;

	for (size_t i = 0; i < n; i++) {
		k += i ? rint((value[i] - value[i - 1]) / *step) : 0;
		sk += k;
		sv += value[i];
		skk += k * k;
		skv += k * value[i];
	}
	*step = (skv - sk * sv / (double)n) / (skk - sk * sk / (double)n);
	first = (sv - *step * sk) / (double)n;
	k = 0;
	for (size_t i = 0; i < n; i++) {
		k += i ? rint((value[i] - value[i - 1]) / *step) : 0;
		worst = fmax(worst, fabs(value[i] - first - k * *step));
	}
	return worst <= 0.75; /* half a digit of rounding, and what the fit is off by */
}

/* A step of N different values that is no whole number; 0: none is seen. */
static double broken_step(const double *value, size_t n)
{
	_cleanup_(erg_freep) double *gaps = NULL;

	if (n < CHANGES_MIN || !(gaps = malloc((n - 1) * sizeof(*gaps))))
		return 0;
	for (size_t i = 1; i < n; i++)
		gaps[i - 1] = value[i] - value[i - 1];
	erg_sort_doubles(gaps, n - 1);
	for (size_t parts = 1; parts <= PARTS_MAX && gaps[0] >= STEP_MIN * (double)parts; parts++) {
		double step = refine(gaps, n - 1, gaps[0] / (double)parts);

		if (step >= STEP_MIN && on_grid(value, n, &step) &&
			pow(1.5 / step, (double)n - 2) * PARTS_MAX < CHANCE)
			return step;
	}
	return 0;
}

double erg_import_lsb(const struct erg_import_log *log, const int64_t *raw)
{
	size_t changes, n = log->n;
	uint64_t unit = whole_step(log, raw, &changes);
	_cleanup_(erg_freep) double *value = NULL;
	double broken;

	if (unit == 0 || (unit > 1 && changes < CHANGES_MIN))
		return 1;
	value = malloc((n < VALUES_MAX ? n : VALUES_MAX) * sizeof(*value));
	if (!value)
		return (double)unit;
	broken = broken_step(value, values_of(raw, n, (double)unit, value));
	return broken > 0 ? broken * (double)unit : (double)unit;
}

#define SHOWN 6 /* values: of fewer a step may be that of the load */

double erg_import_cut(const struct erg_import_log *log, const int64_t *raw, double lsb)
{
	int64_t seen[SHOWN];
	size_t n = 0;

	for (size_t i = 0; i < log->n && n < SHOWN; i++) {
		size_t k = 0;

		while (k < n && seen[k] != raw[i])
			k++;
		if (k == n && raw[i] != ERG_IMPORT_MISSING)
			seen[n++] = raw[i];
	}
	return n < SHOWN ? 1 : lsb;
}
