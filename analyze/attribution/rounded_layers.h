/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_ROUNDED_LAYERS_H
#define ERG_ANALYZE_ATTRIBUTION_ROUNDED_LAYERS_H

/* Stamps of layers that were rounded, as of a log in ms with one decimal. */
#include <stddef.h>
#include <stdint.h>

#include "analyze/attribution/view.h"
#include "analyze/timeline/timeline.h"
#include "formats/base/err.h"

struct attr_run;

struct attr_rounded {
	double step_ns;         /* the coarsest of a track; 0: none were */
	uint64_t origin;        /* one of its stamps */
	struct erg_timeline tl; /* with the instances where they are likely to have been */
	double *time_u2;        /* per class: variance of its time by the stamps, s^2 */
	double *hardly_s; /* per class: its time in pieces that are on average shorter than a step, s */
};

/* Fills RET where stamps of SRC were rounded. */
int attr_rounded_find(const struct attr_source *src, struct attr_rounded *ret, struct erg_err *err);
void attr_rounded_release(struct attr_rounded *x);
/* What rounding leaves open of the energies, to slack_j. */
int attr_rounded_effect(struct attr_run *r);
void attr_rounded_warn(const struct attr_run *r);

#endif
