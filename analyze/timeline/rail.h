/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_RAIL_H
#define ERG_ANALYZE_RAIL_H

/*
 * A rail as one series of power or of cumulative energy in SI units, whatever was recorded: power
 * directly, current times voltage (the voltage interpolated at the current's times), or an energy
 * counter. It is what every attribution starts from.
 */
#include <stdlib.h>

#include "analyze/timeline/timeline.h"
#include "formats/base/err.h"

struct erg_rail {
	char name[1024]; /* of a sum: those of its rails, with + between */
	char parent[64];
	bool simulated;
	/* v is cumulative energy, J, starting at 0; else mean power, W. Where it falls the counter was
	 * reset, and what it counted since the reading before is not known. */
	bool counter;
	struct erg_sensor_model model;
	bool period_found; /* model.period_ns is from the readings: nobody said it */
	uint64_t interval_ns;
	/* A reading is of the time until its own stamp, as a log has it; else of a register that was
	 * brought up to date up to a period before it was read. */
	bool at_stamp;
	bool own_time; /* the stamps are the sensor's own: the driver says when a reading was made */
	double lsb_w;  /* quantum: W, or J for a counter */
	double offset_max; /* W */
	double gain_max;   /* fraction */
	size_t unordered;  /* readings left out: before the one before (a clock set back) */
	size_t n;
	uint64_t *t;    /* ns, strictly increasing: the time of the reading, lag not yet removed */
	uint32_t *half; /* ns */
	double *v;
};

/* Whether the times of a source's readings are its sensor's own. */
bool erg_rail_own_time(const struct erg_tl_source *src);

/* Makes tl->rails: all that can be formed, in the order of the recording. For whoever makes a timeline,
 * when its channels and their sensors are there; it frees them. */
int erg_rails_form(struct erg_timeline *tl, struct erg_err *err);

/* Frees what R holds, as a sum of rails does (rail_sum.h). */
static inline void erg_rail_release(struct erg_rail *r)
{
	free(r->t);
	free(r->half);
	free(r->v);
	*r = (struct erg_rail){0};
}

/* Mean power that reading I says, W: of a counter, since the reading before it; NaN where that is
 * not known. */
double erg_rail_power(const struct erg_rail *r, size_t i);

/* Mean power over all readings, W; NaN without any. */
double erg_rail_mean_w(const struct erg_rail *r);

/*
 * Which rail a figure is about when the user named none: a root (no parent) of the largest mean
 * power. NAME != NULL: that rail; when it does not exist, -ENOENT and a message that lists those
 * that do. *ret: its index; -ENODATA: there are no rails.
 */
int erg_rail_choose(const struct erg_timeline *tl, const char *name, size_t *ret,
	struct erg_err *err);

#endif
