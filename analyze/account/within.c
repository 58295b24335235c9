/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A timeline in which each layer is two: within a phase, and not. */
#include "analyze/account/within.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/account/phases.h"
#include "formats/base/util.h"

/* Of every layer a second one, which has its place and its work. */
static struct erg_tl_layer *doubled(const struct erg_timeline *tl)
{
	static char not_within[] = ERG_WITHIN_NOT;
	const size_t n = tl->n_layers;
	struct erg_tl_layer *layers = calloc(2 * n + 1, sizeof(*layers));

	for (size_t i = 0; layers && i < n; i++) {
		struct erg_tl_layer *other = &layers[n + i];

		layers[i] = *other = tl->layers[i];
		other->name = other->type = other->network = other->module = not_within;
		if (other->parent != ERG_NONE)
			other->parent += (uint32_t)n;
	}
	return layers;
}

/* Whether BEGIN to END lies within one of the stretches. */
static bool is_within(const struct erg_phase_time *t, uint64_t begin, uint64_t end)
{
	size_t lo = 0, hi = t->n; /* the last stretch that begins at or before BEGIN is lo - 1 */

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (t->at[mid].begin <= begin)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo > 0 && end <= t->at[lo - 1].end;
}

static int no_such_phase(const struct erg_timeline *tl, const struct erg_phases *p,
	const char *name, struct erg_err *err)
{
	char names[400] = "";
	size_t len = 0;

	for (size_t i = 0; i < p->n && len < sizeof(names); i++)
		len += (size_t)snprintf(names + len, sizeof(names) - len, "%s%s", i ? ", " : "",
			p->phase[i].name);
	return erg_fail(err, -ENODATA, "%s: no phase '%s': expected %s%s", tl->archive, name,
		p->n ? "one of " : "a run with phases (erg_phase_begin)", names);
}

int erg_within_phase(const struct erg_timeline *tl, const char *name, struct erg_timeline **ret_own,
	struct erg_err *err)
{
	_cleanup_(erg_phases_release) struct erg_phases phases = {0};
	const struct erg_phase *phase = NULL;
	struct erg_timeline *own;
	int r = erg_phases_find(tl, &phases, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < phases.n; i++)
		if (!strcmp(phases.phase[i].name, name))
			phase = &phases.phase[i];
	if (!phase)
		return no_such_phase(tl, &phases, name, err);
	own = malloc(sizeof(*own));
	if (!own)
		return erg_fail(err, -ENOMEM, "%s: out of memory", tl->archive);
	*own = *tl;
	own->layers = doubled(tl);
	own->n_layers = 2 * tl->n_layers;
	own->iv.layer = calloc(tl->iv.n + 1, sizeof(*own->iv.layer));
	if (!own->layers || !own->iv.layer) {
		erg_within_release(own);
		return erg_fail(err, -ENOMEM, "%s: out of memory", tl->archive);
	}
	for (size_t i = 0; i < tl->iv.n; i++)
		own->iv.layer[i] = tl->iv.layer[i] +
			(is_within(&phase->whole, erg_tl_begin(&tl->iv, i), erg_tl_end(&tl->iv, i))
					? 0
					: (uint32_t)tl->n_layers);
	*ret_own = own;
	return 0;
}

void erg_within_release(struct erg_timeline *own)
{
	if (own) {
		free(own->layers);
		free(own->iv.layer);
	}
	free(own);
}
