/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_VIEW_H
#define ERG_ANALYZE_ATTRIBUTION_VIEW_H

/* What an attribution starts from: the run as columns that take turns, and the readings of a rail. */
#include "analyze/attribution/attribution.h"

#define ATTR_LEVELS_MAX 4

/* ---- view.c ---- */
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
	size_t n_levels;
	double level_hz[ATTR_LEVELS_MAX];
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
int attr_view_build(const struct attr_source *src, const struct erg_attr_options *opt,
	double long_gap_ns, struct attr_view *ret, struct erg_err *err);
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
/* Time scale of the segments from FROM on, ns: half of the layer time lies in segments shorter than this
 * (roughly: the mean weighted by time over a sample of them). */
double attr_view_typical_ns(const struct attr_view *v, size_t from);

/* ---- instances.c: instances of a class that are not alike ---- */
#define ATTR_PARTS_MAX 4
#define ATTR_POSITIONS 4 /* anywhere; of own time: before, between, after the layers inside */
struct attr_instances {
	const struct attr_view *view;
	const struct erg_timeline *tl;
	double *end_ns;  /* per class: where its present instance ends, ns since t0 */
	double *log_ns;  /* per class: log of the duration of its present instance */
	uint8_t *parent; /* per class: encloses others */
	uint32_t *up;    /* per class: the one that always encloses it on its track, or ERG_NONE */
	uint8_t *twice;  /* per class: what runs on several tracks at once is told apart */
	uint8_t *parts;  /* classes x positions */
	uint32_t *kind;  /* classes x positions: the first of its kinds */
	double *at;      /* classes x positions x (parts max - 1): cuts, log ns */
	uint32_t *kind_class; /* per kind */
	uint32_t n_kinds;
	uint32_t last; /* class of the segment before */
};
/* Index of the first of sorted log durations X that is of the second population, or 0. */
size_t attr_cut_durations(const double *x, size_t n);
/* V's col must still be classes. Its segments become more where instances were held up. */
int attr_instances_find(struct attr_instances *t, struct attr_view *v,
	const struct attr_source *src, enum erg_attr_stall stall, struct erg_err *err);
void attr_instances_release(struct attr_instances *t);
/* Entry E of segment I, BEGIN .. END: whether an instance of its class begins. In order of time. */
bool attr_instances_next(struct attr_instances *t, size_t i, size_t e, double begin, double end);
uint32_t attr_instances_kind(struct attr_instances *t, size_t i, size_t e);

/* ---- stalls.c: instances that were held up ---- */
/* Cuts their segments in work and wait: V->tail has the waits. PARENT: per class, whether it encloses others,
 * which are left alone. */
int attr_cut_stalls(struct attr_view *v, const uint8_t *parent, enum erg_attr_stall stall,
	struct erg_err *err);

/* ---- durations.c: power that goes with the duration ---- */
/* Fills V->z. */
int attr_durations(struct attr_view *v, struct erg_err *err);
/* Each column but those to KEEP becomes several, two more than the PIECES of its curve; *RET_POWER (to be
 * freed): POWER for the new ones. */
int attr_bend(struct attr_view *v, const bool *keep, size_t pieces, const double *power,
	double **ret_power, struct erg_err *err);

/* ---- view_fill.c ---- */
/* The segments alone; col is still the class. */
int attr_view_fill(struct attr_view *v, const struct attr_source *src,
	const struct erg_attr_options *opt, struct erg_err *err);

/* ---- readings.c ---- */
struct attr_readings {
	size_t n;
	const uint64_t *t;
	const double *v;
	uint64_t *own_t;
	uint64_t *stamp; /* as they were, where the times are others (steady.c); NULL */
	double *off; /* where there are stamps: how much later than the pace of its neighbours, ns */
	double steadied; /* part of what they were off from their pace that was taken off the times */
	double held_ns; /* from where on all of it was; 0: not asked, INFINITY: none */
	size_t n_held;  /* of which that was done */
	double *own_v;
	double *update; /* number of the update that each saw, where that is not the one due (edges.c); NULL */
	double spacing_ns; /* median */
	double half_ns;    /* mean half width of a reading */
	double grid_ns;    /* what the times were rounded to; 0: nothing that shows */
	double period_ns;  /* native update period: of the model, or found */
	bool stale;        /* repeated readings were dropped */
	size_t wide;       /* left out: their times are known much worse than those of the others */
};
int attr_readings_build(const struct erg_rail *rail, uint64_t begin, uint64_t end,
	struct attr_readings *ret, struct erg_err *err);
void attr_readings_release(struct attr_readings *r);

#endif
