/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a frequency does to a workload: T(f) = t_mem + c/f. The first term is time that waits for
 * memory and does not shrink, the second is work in cycles (Keramidas et al. 2010 call the two the
 * leading-loads split; here it is fitted, not counted). A workload whose t_mem is most of its time
 * at full speed loses little by running slower, which is why half of the workloads of the Minsky
 * study lost no time.
 */
#include "analyze/experiment/sweep.h"

#include <math.h>
#include <stdlib.h>

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_fit.h>
#include <gsl/gsl_statistics.h>

#include "formats/base/memory.h"
#include "formats/base/util.h"

static const struct erg_sensitivity unresolved = {
	.t_mem_s = {NAN, NAN, NAN, NAN, NAN, "unresolved"},
	.cycles = {NAN, NAN, NAN, NAN, NAN, "unresolved"},
	.memory_share = NAN,
	.r2 = NAN,
	.bound = "unresolved",
};

static size_t distinct(const double *f, size_t n)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++) {
		size_t k = 0;

		while (k < i && f[k] != f[i])
			k++;
		count += k == i;
	}
	return count;
}

static struct erg_est with_interval(double v, double var, double q)
{
	double half = q * sqrt(var);

	return (struct erg_est){v, v - half, v + half, half, 0, "least squares"};
}

static const char *bound_of(double share)
{
	return share > 0.6 ? "memory" : share < 0.25 ? "compute" : "mixed";
}

struct erg_sensitivity erg_sensitivity_fit(const double *f, const double *t, size_t n)
{
	_cleanup_(erg_freep) double *x = erg_noted(calloc(n + 1, sizeof(*x)));
	double c0, c1, v00, v01, v11, rss, tss, f_max = 0, q;
	struct erg_sensitivity s = unresolved;

	if (!x || distinct(f, n) < 3)
		return s;
	for (size_t i = 0; i < n; i++) {
		x[i] = 1 / f[i];
		f_max = fmax(f_max, f[i]);
	}
	gsl_fit_linear(x, 1, t, 1, n, &c0, &c1, &v00, &v01, &v11, &rss);
	tss = gsl_stats_tss(t, 1, n);
	q = gsl_cdf_tdist_Pinv(0.975, (double)n - 2);
	s.t_mem_s = with_interval(c0, v00, q);
	s.cycles = with_interval(c1, v11, q);
	s.memory_share = fmin(fmax(c0 / (c0 + c1 / f_max), 0), 1);
	s.r2 = tss > 0 ? 1 - rss / tss : NAN;
	s.bound = bound_of(s.memory_share);
	return s;
}

json_t *erg_sensitivity_json(const struct erg_sensitivity *s)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:s}", "t_mem_s", erg_est_json(&s->t_mem_s),
		"cycles", erg_est_json(&s->cycles), "memory_share", erg_num_json(s->memory_share),
		"r2", erg_num_json(s->r2), "bound", s->bound);
}

double erg_parabola_min(const double x[3], const double y[3])
{
	double d1 = (y[1] - y[0]) / (x[1] - x[0]), d2 = (y[2] - y[1]) / (x[2] - x[1]);
	double a = (d2 - d1) / (x[2] - x[0]), at;

	if (!(a > 0))
		return NAN;
	at = (x[0] + x[1]) / 2 - d1 / (2 * a);
	return at > x[0] && at < x[2] ? at : NAN;
}
