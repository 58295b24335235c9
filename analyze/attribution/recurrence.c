/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "analyze/attribution/recurrence.h"

#include <errno.h>
#include <stdlib.h>

#include <gsl/gsl_statistics.h>

#include "formats/base/util.h"

#define SEGMENTS 20000 /* looked at */
#define EACH 64        /* beginnings of a class */

/* When a class began last, and how long after the time before. */
struct beginnings {
	uint64_t last;
	size_t n;
	double after[EACH];
};

static void note(struct beginnings *b, uint64_t t)
{
	if (b->last && b->n < EACH)
		b->after[b->n++] = (double)(t - b->last);
	b->last = t;
}

int attr_recurrence(const struct attr_view *v, size_t from, double *ret, struct erg_err *err)
{
	_cleanup_(erg_freep) struct beginnings *of = calloc((size_t)v->gap_class + 1, sizeof(*of));
	_cleanup_(erg_freep) double *typical = calloc((size_t)v->gap_class + 1, sizeof(*typical));
	uint32_t before = ERG_NONE;
	size_t n = 0;

	if (!of || !typical)
		return erg_fail(err, -ENOMEM, "out of memory for %u classes", v->gap_class);
	for (size_t i = from; i < v->n && i - from < SEGMENTS; i++) {
		uint32_t k = v->col_class[v->col[attr_first(v, i)]];

		if (k < v->gap_class && k != before)
			note(&of[k], attr_begin(v, i));
		before = k;
	}
	for (uint32_t k = 0; k < v->gap_class; k++)
		if (of[k].n)
			typical[n++] = gsl_stats_median(of[k].after, 1, of[k].n);
	*ret = n ? gsl_stats_median(typical, 1, n) : 0;
	return 0;
}
