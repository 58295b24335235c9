/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which profile (profile.c) the layers of a run may have, where no sensor fits powers that are the same all through
 * each of them. One pass a candidate, with the sensor as it was declared, says how much of the readings it leaves,
 * for how many more powers; the most likely one is then fitted and tested like any model (fit.c).
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/attribution/profiles.h"
#include "analyze/attribution/nnls.h"
#include "analyze/attribution/profile.h"
#include "analyze/attribution/rebuild.h"
#include "analyze/attribution/refit.h"
#include "analyze/attribution/run.h"
#include "analyze/attribution/state.h"
#include "analyze/attribution/times.h"
#include "analyze/attribution/view.h"
#include "formats/base/util.h"

#define ROWS_EACH 4 /* readings a column: fewer say nothing of which is likely */

/* What the columns of layers may become: of those that failed, or of all. */
static const struct candidate {
	enum attr_profile profile;
	bool all;
} candidates[] = {{ATTR_RAMP, false}, {ATTR_HALVES, false}, {ATTR_RAMP, true}, {ATTR_HALVES, true}};

_Static_assert(ERG_ARRAY_SIZE(candidates) == ATTR_PROFILES, "attr_profiles_choose() has them all");

int attr_profiles_choose(struct attr_run *r, const bool *uneven, size_t i)
{
	const struct candidate *c = &candidates[i];

	free(r->profile);
	r->profile = calloc(r->st->n_classes + 1, 1);
	if (!r->profile)
		return erg_fail(r->err, -ENOMEM, "out of memory for %zu classes", r->st->n_classes);
	for (size_t k = 0; k < r->st->view.gap_class; k++)
		r->profile[k] = c->all || uneven[k] ? (uint8_t)c->profile : ATTR_EVEN;
	return 0;
}

/* How unlikely the profiles of R are with the sensor as declared (Schwarz 1978), in one pass; *RET_LEFT: of a
 * reading's square. */
static int look_at_profile(struct attr_run *r, double *ret, double *ret_left)
{
	struct erg_attr_state *st = r->st;
	double rows;
	int rc = attr_view_again(r);

	*ret = *ret_left = INFINITY;
	if (rc < 0 || !r->profile)
		return rc;
	attr_nnls_release(&r->nnls);
	memset(r->psi, 0, sizeof(r->psi));
	rc = attr_nnls_init(&r->nnls, st->view.n_cols + r->n_extra, r->n_extra, r->err);
	r->sol.power = st->power;
	if (!rc)
		rc = attr_fit_at(r, &r->fit.shape, NULL);
	rows = (double)st->gram.rows;
	if (rc < 0 || rows < ROWS_EACH * (double)st->view.n_cols || !(r->sol.rss_plain > 0))
		return rc;
	*ret = rows * log(r->sol.rss_plain) + (double)st->view.n_cols * log(rows);
	*ret_left = r->sol.rss_plain;
	return 0;
}

int attr_profiles_rank(struct attr_run *r, const bool *uneven, size_t *ret_likely, double *ret_left)
{
	double best = INFINITY;
	int rc = 0;

	*ret_likely = 0;
	*ret_left = INFINITY;
	attr_unsteady(r);
	memset(&r->weights, 0, sizeof(r->weights));
	for (size_t i = 0; !rc && i < ATTR_PROFILES; i++) {
		double by = INFINITY, left = INFINITY;

		rc = attr_profiles_choose(r, uneven, i);
		if (!rc)
			rc = look_at_profile(r, &by, &left);
		if (!(by < best))
			continue;
		best = by;
		*ret_likely = i;
		*ret_left = left;
	}
	return rc;
}
