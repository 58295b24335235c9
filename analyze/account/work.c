/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Work and its price, for rooflines (Williams, Waterman, Patterson 2009; of energy: Choi et al. 2013).
 * Bytes are those of the tensors, each once: what a cache saves or spoils is not in them.
 */
#include "analyze/account/work.h"

#include <math.h>
#include <stdlib.h>

#include "formats/base/memory.h"
#include "formats/base/util.h"

static json_t *each(const struct erg_est *energy, double n)
{
	struct erg_est e;

	if (!(n > 0) || !erg_est_resolved(energy))
		return json_null();
	e = erg_est_scaled(energy, 1 / n);
	return erg_est_json(&e);
}

static double over(double a, double b)
{
	return a > 0 && b > 0 ? a / b : NAN;
}

json_t *erg_work_json(double macs, double bytes, double time_s, const struct erg_est *energy)
{
	const double ops = 2 * macs;

	if (!(ops > 0) && !(bytes > 0))
		return NULL;
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "ops", erg_num_json(ops), "bytes",
		erg_num_json(bytes), "ops_per_s", erg_num_json(over(ops, time_s)), "bytes_per_s",
		erg_num_json(over(bytes, time_s)), "ops_per_byte", erg_num_json(over(ops, bytes)),
		"per_op_j", each(energy, ops), "per_byte_j", each(energy, bytes));
}

struct erg_est erg_work_share(const struct erg_attr *a, const double *weight, const double *whole)
{
	struct erg_est part = erg_attr_combine(a, weight, false), all, rest;
	_cleanup_(erg_freep) double *w = NULL;
	double share, half;

	if (!erg_est_resolved(&part))
		return part;
	all = erg_attr_combine(a, whole, false);
	w = erg_noted(calloc(a->n_classes + 1, sizeof(*w)));
	if (!w)
		return ERG_EST_UNRESOLVED;
	if (!(all.value > 0))
		return erg_est_resolved(&all) ? ERG_EST_UNRESOLVED : all;
	share = part.value / all.value;
	for (size_t k = 0; k < a->n_classes; k++)
		w[k] = weight[k] - share * whole[k];
	rest = erg_attr_combine(a, w, false);
	if (!erg_est_resolved(&rest))
		return rest;
	half = fmax(rest.hi - rest.value, rest.value - rest.lo) / all.value;
	return (struct erg_est){share, share - half, share + half, rest.stat / all.value,
		rest.syst / all.value, part.method};
}
