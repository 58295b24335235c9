/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_INSTANCES_H
#define ERG_ANALYZE_ATTRIBUTION_INSTANCES_H

/*
 * Instances of a class that are not alike: by place, phase and length, held up, with a power that goes with their duration.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyze/attribution/attribution.h"
#include "analyze/attribution/phases.h"

struct attr_source;
struct attr_view;

#define ATTR_PARTS_MAX 4
#define ATTR_POSITIONS 4 /* anywhere; of own time: before, between, after the layers inside */

struct attr_instances {
	const struct attr_view *view;
	const struct erg_timeline *tl;
	double *end_ns;  /* per class: where its present instance ends, ns since t0 */
	double *dur_ns;  /* per class: of its present instance */
	uint8_t *parent; /* per class: encloses others */
	uint32_t *up;    /* per class: the one that always encloses it on its track, or ERG_NONE */
	uint8_t *twice;  /* per class: what runs on several tracks at once is told apart */
	struct attr_phases phases;
	uint8_t *phase;       /* per class: that of its present instance */
	uint8_t *as;          /* classes x positions x phases: the phase whose kinds it has */
	uint8_t *parts;       /* classes x positions x phases */
	uint32_t *kind;       /* classes x positions x phases: the first of its kinds */
	double *at;           /* classes x positions x phases x (parts max - 1): cuts, log ns */
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
/* Cuts their segments in work and wait: V->tail has the waits. PARENT: per class, whether it encloses others,
 * which are left alone. */
int attr_cut_stalls(struct attr_view *v, const uint8_t *parent, struct attr_phases *phases,
	enum erg_attr_stall stall, struct erg_err *err);
/* Fills V->z. */
int attr_durations(struct attr_view *v, struct erg_err *err);
/* Each column but those to KEEP becomes several, two more than the PIECES of its curve; *RET_POWER (to be
 * freed): POWER for the new ones. */
int attr_bend(struct attr_view *v, const bool *keep, size_t pieces, const double *power,
	double **ret_power, struct erg_err *err);

#endif
