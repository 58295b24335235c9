/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Four GPUs are four roots: without a word, the figure of one would be taken for that of the machine.
 * It is a note and no warning: the figure is right, and says of which rail.
 */
#include "analyze/account/roots.h"

#include <math.h>
#include <stdlib.h>

#include "analyze/timeline/rail_sum.h"
#include "formats/base/util.h"

static double watts(const struct erg_rail *r)
{
	double w = erg_rail_mean_w(r);

	return isfinite(w) ? w : 0;
}

void erg_roots_note(const struct erg_account *a, const struct erg_common *common, json_t *run)
{
	const struct erg_rail *rails = a->tl->rails;
	_cleanup_(erg_freep) size_t *which = NULL;
	json_t *list;
	size_t n = 0;
	double all = 0;

	if (a->summed)
		json_object_set_new(run, "covariance", json_string("readings"));
	if (common->rail || !a->tl->n_rails ||
		erg_rail_select(a->tl, ERG_RAIL_ALL_ROOTS, &which, &n, NULL) < 0 || n < 2)
		return;
	for (size_t i = 0; i < n; i++)
		all += watts(&rails[which[i]]);
	list = json_array();
	for (size_t i = 0; i < n; i++)
		if (&rails[which[i]] != a->rail)
			json_array_append_new(list,
				json_pack("{s:s, s:o, s:o}", "rail", rails[which[i]].name, "mean_w",
					erg_num_json(erg_rail_mean_w(&rails[which[i]])), "share",
					erg_num_json(watts(&rails[which[i]]) / all)));
	json_object_set_new(run, "other_roots", list);
}
