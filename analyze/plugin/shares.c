/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Instances are sorted by begin (timeline.h), so one is found by bisection, and the innermost that
 * is still open on a track is its parent.
 */
#include "analyze/plugin/shares.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "analyze/timeline/nesting.h"
#include "formats/base/util.h"

static int own_times(struct erg_shares *s)
{
	const struct erg_tl_intervals *iv = &s->tl->iv;
	_cleanup_(erg_nesting_freep) struct erg_nesting *nesting = NULL;

	if (erg_nesting_new(s->tl, &nesting) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < iv->n; i++) {
		size_t around = erg_nesting_around(nesting, i);

		s->own[i] = (double)erg_tl_duration(iv, i);
		if (around != SIZE_MAX)
			s->own[around] -= s->own[i];
	}
	return 0;
}

int erg_shares_open(struct erg_shares *s, const struct erg_timeline *tl,
	const struct erg_common *common, struct erg_err *err)
{
	int r;

	*s = (struct erg_shares){.tl = tl,
		.own = calloc(tl->iv.n + 1, sizeof(double)),
		.total = calloc(tl->n_layers + 1, sizeof(double)),
		.energy = calloc(tl->n_layers + 1, sizeof(*s->energy))};
	if (!s->own || !s->total || !s->energy || own_times(s) < 0)
		return erg_fail(err, -ENOMEM, "out of memory for %zu layer instances", tl->iv.n);
	r = erg_account_open(&s->account, tl, common, err);
	for (size_t k = 0; r >= 0 && k < tl->n_layers; k++)
		s->energy[k] = erg_attr_class_energy(s->account.attr, k);
	for (size_t i = 0; r >= 0 && i < tl->iv.n; i++)
		if (erg_tl_track_is(&tl->tracks[tl->iv.track[i]], s->account.device))
			s->total[tl->iv.layer[i]] += fmax(s->own[i], 0);
	return r;
}

void erg_shares_release(struct erg_shares *s)
{
	free(s->own);
	free(s->total);
	free(s->energy);
	if (s->tl)
		erg_account_release(&s->account);
	*s = (struct erg_shares){0};
}

static bool same(const struct erg_shares *s, size_t i, const struct erg_gathered *g)
{
	const struct erg_tl_intervals *iv = &s->tl->iv;
	const struct erg_tl_track *t = &s->tl->tracks[iv->track[i]];

	return erg_tl_end(iv, i) == g->end && iv->iteration[i] == g->iteration &&
		(g->span || (t->pid == g->pid && t->tid == g->tid));
}

bool erg_shares_find(const struct erg_shares *s, const struct erg_gathered *g,
	struct erg_share *ret)
{
	const struct erg_tl_intervals *iv = &s->tl->iv;
	const struct erg_est *e;
	size_t lo = 0, hi = iv->n;
	uint32_t layer;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (erg_tl_begin(iv, mid) < g->begin)
			lo = mid + 1;
		else
			hi = mid;
	}
	while (lo < iv->n && erg_tl_begin(iv, lo) == g->begin && !same(s, lo, g))
		lo++;
	if (lo == iv->n || erg_tl_begin(iv, lo) != g->begin)
		return false;
	layer = iv->layer[lo];
	e = &s->energy[layer];
	*ret = (struct erg_share){&s->tl->layers[layer], NAN, "unresolved"};
	if (!erg_tl_track_is(&s->account.tl->tracks[iv->track[lo]], s->account.device) ||
		!erg_est_resolved(e) || !(s->total[layer] > 0))
		return true;
	ret->energy_j = e->value * fmax(s->own[lo], 0) / s->total[layer];
	ret->method = e->method;
	return true;
}
