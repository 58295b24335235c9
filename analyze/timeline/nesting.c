/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Of each track, the instances that are open, outermost first. */
#include "analyze/timeline/nesting.h"

#include <errno.h>
#include <stdlib.h>

#include "formats/base/util.h"

struct open {
	size_t at[ERG_NESTING_MAX];
	unsigned int n;
};

struct erg_nesting {
	const struct erg_tl_intervals *iv;
	struct open of[]; /* by track */
};

int erg_nesting_new(const struct erg_timeline *tl, struct erg_nesting **ret)
{
	struct erg_nesting *n = calloc(1, sizeof(*n) + (tl->n_tracks + 1) * sizeof(n->of[0]));

	if (!n)
		return -ENOMEM;
	n->iv = &tl->iv;
	*ret = n;
	return 0;
}

void erg_nesting_freep(struct erg_nesting **n)
{
	free(*n);
}

size_t erg_nesting_around(struct erg_nesting *n, size_t i)
{
	struct open *o = &n->of[n->iv->track[i]];
	size_t around;

	while (o->n && erg_tl_end(n->iv, o->at[o->n - 1]) <= erg_tl_begin(n->iv, i))
		o->n--;
	around = o->n ? o->at[o->n - 1] : SIZE_MAX;
	if (o->n < ERG_NESTING_MAX)
		o->at[o->n++] = i;
	return around;
}
