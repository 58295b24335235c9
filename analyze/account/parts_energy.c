/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The energy of parts: they are the classes of an attribution of its own, over the view that parts_view.c has
 * made of them, and a figure about some of them is a sum with their covariance.
 */
#include "analyze/account/parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "formats/base/util.h"

int erg_parts_attribute(struct erg_parts *p, const struct erg_common *common, struct erg_err *err)
{
	int r = erg_account_open(&p->account, p->view, common, err);

	if (r < 0)
		return r;
	if (common->simultaneous)
		r = erg_attr_simultaneous(p->account.attr, NULL, p->n + 2, err);
	if (r < 0)
		return r;
	p->weight = calloc(p->account.attr->n_classes + 1, sizeof(*p->weight));
	return p->weight ? 0 : erg_fail(err, -ENOMEM, "%s: out of memory", p->tl->archive);
}

static bool is_in(const struct erg_timeline *view, uint32_t class_, const char *name)
{
	for (; class_ < view->n_layers; class_ = view->layers[class_].parent)
		if (view->layers[class_].name == name)
			return true;
	return false;
}

/* p->weight of PART. */
static void weigh(const struct erg_parts *p, const struct erg_part *part)
{
	for (uint32_t k = 0; k < p->account.attr->n_classes; k++)
		p->weight[k] = part == &p->run || is_in(p->view, k, part->name);
}

struct erg_est erg_parts_energy(const struct erg_parts *p, const struct erg_part *part,
	bool above_idle)
{
	if (!p->account.attr || !p->account.attr->state)
		return ERG_EST_UNRESOLVED;
	if (part == &p->run && !above_idle)
		return p->account.attr->ets_j;
	weigh(p, part);
	return erg_attr_combine(p->account.attr, p->weight, above_idle);
}

struct erg_est erg_parts_own(const struct erg_parts *p, const char *name, bool above_idle)
{
	const struct erg_timeline *v = p->view;

	if (!p->account.attr)
		return ERG_EST_UNRESOLVED;
	for (size_t k = 0; k < p->account.attr->n_classes; k++)
		p->weight[k] = k < v->n_layers ? !strcmp(v->layers[k].name, name)
			: k == v->n_layers     ? !*name
					       : !strcmp(name, "idle");
	return erg_attr_combine(p->account.attr, p->weight, above_idle);
}

struct erg_est erg_parts_bins(const struct erg_parts *p, const struct erg_part *part,
	const double *weight)
{
	if (!p->account.attr || !p->account.attr->state)
		return ERG_EST_UNRESOLVED;
	memset(p->weight, 0, p->account.attr->n_classes * sizeof(*p->weight));
	for (size_t b = 0; b < part->n_bins; b++)
		p->weight[part->bin[b].class_] += weight[b];
	return erg_attr_combine(p->account.attr, p->weight, false);
}
