/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The account of a run in which no power was measured, or less than an account needs: the times are
 * known and exact, every energy is unresolved, and a warning says why. A machine without sensors
 * still learns how long its layers take. And that of a run of too many layers, whose energy is known as a
 * whole.
 */
#include "analyze/account/account.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "formats/base/util.h"

static int fill_times(const struct erg_account *a, struct erg_attr *attr, struct erg_err *err)
{
	_cleanup_(erg_segment_iter_freep) struct erg_segment_iter *it = NULL;
	struct erg_segment s;
	int r = erg_segment_iter_new(a->tl, a->device, NULL, &it, err);

	while (r >= 0 && (r = erg_segment_next(it, &s, err)) > 0)
		for (size_t e = 0; e < s.n; e++) {
			struct erg_attr_class *c = &attr->classes[s.class_[e]];

			c->time_s += (double)(s.end - s.begin) * 1e-9 * (double)s.share[e];
			c->calls++;
		}
	return r;
}

int erg_account_times(struct erg_account *a, enum erg_attr_gate gate, const char *code,
	const char *why, struct erg_err *err)
{
	_cleanup_(erg_attr_freep) struct erg_attr *attr = calloc(1, sizeof(*attr));
	const struct erg_est none = gate == ERG_GATE_NO_DATA
		? ERG_EST_UNRESOLVED
		: erg_est_because(erg_attr_gate_name(gate), 0);
	int r;

	if (!attr)
		return erg_fail(err, -ENOMEM, "out of memory");
	attr->n_classes = a->tl->n_layers + 1;
	attr->classes = calloc(attr->n_classes, sizeof(*attr->classes));
	attr->warnings = json_pack("[{s:s, s:s}]", "code", code, "text", why);
	if (!attr->classes || !attr->warnings)
		return erg_fail(err, -ENOMEM, "out of memory");
	for (size_t k = 0; k < attr->n_classes; k++)
		attr->classes[k] = (struct erg_attr_class){.energy_j = none,
			.power_w = none,
			.energy_direct_j = none,
			.energy_nnls_j = none,
			.group_energy_j = none,
			.group_power_w = none,
			.gate = gate,
			.group = (uint32_t)k,
			.group_n = 1};
	attr->time_s = (double)(a->tl->end - a->tl->begin) * 1e-9;
	attr->ets_j = attr->edp_js = attr->ed2p_js2 = attr->idle_w = ERG_EST_UNRESOLVED;
	attr->mean_w = attr->ets_j.value;
	attr->model = (struct erg_attr_model){.lag_s = ERG_EST_UNRESOLVED,
		.window_s = ERG_EST_UNRESOLVED,
		.tau_s = ERG_EST_UNRESOLVED,
		.scatter_s = ERG_EST_UNRESOLVED,
		.skew_ppm = ERG_EST_UNRESOLVED};
	r = fill_times(a, attr, err);
	if (r < 0)
		return r;
	if (!a->tl->n_rails)
		snprintf(a->none_or_sum.name, sizeof(a->none_or_sum.name), "none");
	a->attr = erg_steal_ptr(&attr);
	return 0;
}
