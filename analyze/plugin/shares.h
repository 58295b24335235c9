/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_PLUGIN_SHARES_H
#define ERG_ANALYZE_PLUGIN_SHARES_H

/*
 * The energy of single layer instances. What is measured is the energy of a layer, E_k, over all of
 * its instances; an instance i gets E_k * own_i / sum of own, own being its time without the
 * instances inside it: constant power within a layer is assumed, and the instances of a layer add up
 * to the layer. A layer that was merged with others has no energy of its own: unresolved.
 */
#include "analyze/account/account.h"
#include "analyze/plugin/gather.h"

struct erg_shares {
	const struct erg_timeline *tl;
	struct erg_account account;
	double *own;            /* ns, per instance */
	double *total;          /* ns, per layer */
	struct erg_est *energy; /* per layer */
};

struct erg_share {
	const struct erg_tl_layer *layer;
	double energy_j;    /* NaN: unresolved */
	const char *method; /* "unresolved" then */
};

int erg_shares_open(struct erg_shares *s, const struct erg_timeline *tl,
	const struct erg_common *common, struct erg_err *err);
void erg_shares_release(struct erg_shares *s);
/* False when the timeline has no such instance. */
bool erg_shares_find(const struct erg_shares *s, const struct erg_gathered *g,
	struct erg_share *ret);

#endif
