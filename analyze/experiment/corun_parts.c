/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the two halves of the co-runs' analysis share: which runs, and intervals of differences. */
#include "analyze/experiment/corun_parts.h"

#include <math.h>
#include <string.h>

#include <gsl/gsl_cdf.h>

bool erg_corun_is_alone(const char *level)
{
	return !*level || !strcmp(level, "none") || !strcmp(level, "alone");
}

const json_t *erg_corun_run(const struct erg_corun_side *s, size_t k)
{
	return s->o->obs[s->p->order[s->point->first + k]].run;
}

double erg_corun_half(double va, size_t na, double vb, size_t nb)
{
	double c;

	if (na < 2 || nb < 2 || !isfinite(va + vb))
		return NAN;
	if (va + vb == 0)
		return 0;
	c = va / (va + vb);
	return gsl_cdf_tdist_Pinv(0.975,
		       1 / (c * c / (double)(na - 1) + (1 - c) * (1 - c) / (double)(nb - 1))) *
		sqrt(va + vb);
}

struct erg_est erg_corun_est(double v, double half, double syst)
{
	return (struct erg_est){v, v - half - syst, v + half + syst, half, syst,
		isnan(half) ? "single run" : "repetitions"};
}
