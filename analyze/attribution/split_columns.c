/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A column becomes several: functions of something that tells its instances, or parts of them, apart
 * (durations.c, profile.c), which are not negative and sum to 1. So each is a share of the column's time, its power
 * is not negative, and the energy of the class is the same sum over columns as before.
 */
#include <stdlib.h>

#include "analyze/attribution/split_columns.h"
#include "analyze/attribution/view.h"
#include "formats/base/memory.h"

bool attr_columns_alloc(const struct attr_view *v, size_t segments, size_t entries, size_t cols,
	struct attr_columns *ret)
{
	*ret = (struct attr_columns){.first = erg_noted(calloc(segments + 1, sizeof(*ret->first))),
		.col = erg_noted(calloc(entries + 1, sizeof(*ret->col))),
		.share = erg_noted(calloc(entries + 1, sizeof(*ret->share))),
		.z = erg_noted(calloc(entries + 1, sizeof(*ret->z))),
		.col_class = erg_noted(calloc(cols + 1, sizeof(*ret->col_class))),
		.col_apart = erg_noted(calloc(cols + 1, sizeof(*ret->col_apart))),
		.col_time = erg_noted(calloc(cols + 1, sizeof(double))),
		.col_base = v->col_base ? calloc(cols + 1, sizeof(*ret->col_base)) : NULL,
		.col_share = v->col_base ? calloc(cols + 1, sizeof(double)) : NULL,
		.col_on = v->col_base ? calloc(cols + 1, sizeof(double)) : NULL};
	return ret->first && ret->col && ret->share && ret->z && ret->col_class && ret->col_apart &&
		ret->col_time && (!v->col_base || (ret->col_base && ret->col_share && ret->col_on));
}

void attr_columns_free(struct attr_columns *n)
{
	free(n->first);
	free(n->col);
	free(n->share);
	free(n->z);
	free(n->col_class);
	free(n->col_apart);
	free(n->col_time);
	free(n->col_base);
	free(n->col_share);
	free(n->col_on);
}

/* What follows from the old columns. */
static void fill(const struct attr_view *v, const struct attr_split *s, struct attr_columns *n)
{
	for (size_t c = 0; c < v->n_cols; c++) {
		double sum = 0;

		for (size_t j = 0; j < s[c].n; j++)
			sum += n->col_time[s[c].first + j];
		for (size_t j = 0; j < s[c].n; j++) {
			size_t to = s[c].first + j;
			double f = sum > 0 ? n->col_time[to] / sum : 1. / s[c].n;

			n->col_class[to] = v->col_class[c];
			n->col_apart[to] = v->col_apart[c];
			n->col_time[to] = v->col_time[c] * f;
			if (!v->col_base)
				continue;
			n->col_share[to] = v->col_share[c] * f;
			n->col_on[to] = v->col_on[c] * f;
			n->col_base[to] = v->col_base[c] == ATTR_NO_BASE ? ATTR_NO_BASE
									 : s[v->col_base[c]].first;
		}
	}
}

void attr_columns_install(struct attr_view *v, const struct attr_split *s, struct attr_columns *n,
	size_t cols)
{
	struct attr_columns old = {.first = v->first,
		.col = v->col,
		.share = v->share,
		.z = v->z,
		.col_class = v->col_class,
		.col_apart = v->col_apart,
		.col_time = v->col_time,
		.col_base = v->col_base,
		.col_share = v->col_share,
		.col_on = v->col_on};

	fill(v, s, n);
	v->first = n->first;
	v->col = n->col;
	v->share = n->share;
	v->z = n->z;
	v->col_class = n->col_class;
	v->col_apart = n->col_apart;
	v->col_time = n->col_time;
	v->col_base = n->col_base;
	v->col_share = n->col_share;
	v->col_on = n->col_on;
	v->n_cols = cols;
	*n = old;
}
