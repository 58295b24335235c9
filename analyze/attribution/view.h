/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_VIEW_H
#define ERG_ANALYZE_ATTRIBUTION_VIEW_H

/* What an attribution starts from: the run as columns that take turns. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyze/attribution/attribution.h"
#include "analyze/attribution/gaps.h"

#define ATTR_LEVELS_MAX 4

struct attr_source {
	const struct erg_timeline *tl;
	bool device;
	const uint32_t *map;
};

#define ATTR_NO_BASE UINT16_MAX

struct attr_view {
	size_t n;
	struct erg_times begin; /* n + 1 */
	uint64_t t0;            /* the first of them */
	uint32_t *first;        /* n + 1; NULL: segment i has the one entry i */
	uint16_t *col;          /* per entry */
	float *share;           /* per entry, or NULL: 1 */
	float *z;      /* per entry: log duration of its instance, in SDs of its column above the
			    mean; 0 where it cannot matter. NULL: not known */
	uint8_t *tail; /* per segment: its layer was held up; NULL: none was */
	bool bent;     /* columns are hats over it (durations.c) */
	size_t n_cols;
	uint32_t *col_class; /* public class */
	bool *col_apart;     /* idle, or a gap outside of the work: integrated, not fitted */
	double *col_time;    /* s */
	/* Layers at the same time: powers add. Each column is an indicator beside that of the base, which
	 * is the gap's and always there; the base's energy is shared by what runs. NULL: one at a time. */
	uint16_t *col_base;   /* the base's column at the same frequency level */
	double *col_share;    /* s of the base that are the column's */
	double *col_on;       /* s that the indicator is 1 */
	size_t n_classes;     /* public */
	double *class_time;   /* s */
	double *class_moment; /* sum of time x midpoint since t0, s^2: for P_idle(t) */
	uint64_t *class_calls;
	uint32_t gap_class, idle_class; /* idle_class ERG_NONE without idle phases */
	struct attr_gaps gaps;          /* the lengths that have columns of their own */
	size_t n_levels;
	double level_hz[ATTR_LEVELS_MAX];
	/* > 0: rows that saw an edge of the work are left out, but for those of columns that are less than this, s */
	double brief_s;
	size_t n_changes; /* of the level: rows that saw one are left out */
	struct erg_attr_span *changes;
};

static inline uint64_t attr_begin(const struct attr_view *v, size_t i)
{
	return erg_times_at(&v->begin, i);
}
static inline uint32_t attr_first(const struct attr_view *v, size_t i)
{
	return v->first ? v->first[i] : (uint32_t)i;
}
/* Which gaps lie outside of the work, and which begin or end with one of another length. */
struct attr_gap_rules {
	double outside_ns, edge_ns; /* from these on; edge: before the work, or after it */
	struct attr_gap_ends ends;  /* not before the work, nor after it */
};
int attr_view_build(const struct attr_source *src, const struct erg_attr_options *opt,
	const struct attr_gap_rules *rules, struct attr_view *ret, struct erg_err *err);
void attr_view_release(struct attr_view *v);
/* Ends of segments from I on, ns since t0: *ret_base + offset[0], …; returns how many those are. */
static inline size_t attr_ends(const struct attr_view *v, size_t i, int64_t *ret_base,
	const int32_t **ret_offset)
{
	uint64_t base;
	size_t n = erg_times_run(&v->begin, i + 1, &base, ret_offset);

	*ret_base = (int64_t)(base - v->t0);
	return n < v->n - i ? n : v->n - i;
}
/* The first segment from I on that ends later than START (ns since t0), or the last. */
size_t attr_skip(const struct attr_view *v, size_t i, double start);
/* Energy of column C, J: linear in the powers (per column, W). */
double attr_col_energy(const struct attr_view *v, const double *power, size_t c);
/* Index of the segment that contains T (clamped to the first and last). */
size_t attr_view_find(const struct attr_view *v, uint64_t t);
/* Whether something of class K runs in segment I. */
bool attr_runs_in(const struct attr_view *v, size_t i, uint32_t k);
/* Time scale of the segments from FROM on, ns: half of the layer time lies in segments shorter than this
 * (roughly: the mean weighted by time over a sample of them). */
double attr_view_typical_ns(const struct attr_view *v, size_t from);
/* The segments alone; col is still the class. */
int attr_view_fill(struct attr_view *v, const struct attr_source *src,
	const struct erg_attr_options *opt, const struct attr_gap_ends *ends, struct erg_err *err);

#endif
