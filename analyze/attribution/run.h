/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_RUN_H
#define ERG_ANALYZE_ATTRIBUTION_RUN_H

/*
 * One attribution under way: what its steps, each a file, hand to one another.
 *
 *   rounded_layers.c stamps of layers that were rounded -> where these are likely to have been (unround.c)
 *   view*.c      segments            -> columns (class x frequency level, gaps inside and outside)
 *   readings.c   a rail              -> fresh readings (stale repetitions dropped; updates.c: when each was made)
 *   outlying*.c  readings, what a fit leaves -> those that cannot be of this load, and a rail without them
 *   kernel*.c    reading + view      -> one sparse row of the occupancy matrix
 *   gram.c       rows                -> sums by block of time
 *   lag.c        a subset of rows    -> lag, window
 *   fit.c        all of these        -> which sensor stands: as declared (refit.c), or another (scan.c,
 *                search.c), judged by misfit.c, judge.c
 *   mend_times.c what a fit leaves   -> weights and times of the readings by turns (steady.c, late_stamps.c, blur.c), judged
 *   scatter.c    residuals, stamps   -> when each reading was, by how far its stamp is off the pace, and how well that is known
 *   slow.c       readings            -> whether a slow sensor does as well as the one fitted
 *   settle.c     sums                -> the sensor as declared, where another fits no better
 *   own_pace*.c  what a fit leaves -> the times of a sensor's own conversions, of which each reading is the latest
 *   change.c     sums                -> a change of level that was not recorded
 *   profiles.c   sums                -> layers whose power is a line or two halves (halves.c tests, profile.c makes columns)
 *   solve.c      sums                -> power per column (nnls.c), drift between the blocks
 *   direct.c     readings inside one layer -> energy without a model
 *   pauses.c     gaps                -> whether pauses begin or end as shorter gaps are, or what they may have taken
 *   outside.c    readings at edges of the work -> whether a fit may be of them, and what is outside
 *   fold.c       residuals           -> power that comes again in step with the readings
 *   bootstrap.c  sums                -> replicates
 *   quantum.c    readings in cells   -> what rounding adds to the replicates
 *   finite.c     residuals           -> replicates for this run instead of all runs
 *   effects.c    sums, other sensors -> what those would say (any_lag.c, alike.c: where none fits)
 *   known.c      what was declared   -> energies moved towards it, where the run does not say otherwise
 *   clipped.c    readings, the fit    -> whether the sensor's range ends below the load
 *   gates.c      all of it           -> what may be said
 *   combine.c    replicates          -> intervals, and what may be said of sums
 *   interval.c   readings            -> the energy of stretches of time (ends.c: what their ends do to it), by the times
 *                                       that readings are of (reading_time.c)
 *   total.c      readings, the fit   -> the energy of the run (beat.c: what a slow beat makes of it, where none stands)
 *   reconcile.c  both                -> parts that make up the whole
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyze/attribution/attribution.h"
#include "analyze/attribution/bootstrap.h"
#include "analyze/attribution/sensor_columns.h"
#include "analyze/attribution/judge.h"
#include "analyze/attribution/kernel.h"
#include "analyze/attribution/lag.h"
#include "analyze/attribution/nnls.h"
#include "analyze/attribution/rounded_layers.h"
#include "analyze/attribution/solve.h"
#include "analyze/attribution/view.h"
#include "analyze/attribution/weights.h"

struct erg_attr_state;

#define ATTR_CHANGES_MAX (ATTR_LEVELS_MAX - 1)

/* What the sums in st->gram are of. */
struct attr_sums_of {
	struct attr_shape shape;
	struct attr_weights weights;
	double *power; /* of the further columns; NULL: without */
};

struct attr_run {
	struct erg_attr *a;
	const struct attr_source *src;
	struct attr_rounded rounded; /* stamps of layers, where they were */
	struct erg_attr_state *st;
	struct erg_attr_options opt;
	bool *outlying; /* per reading of the rail: it is left out (outlying.c) */
	struct attr_fit fit;
	struct attr_solution sol;
	struct attr_nnls nnls;
	struct attr_boot boot;
	bool psi[ATTR_PSI];         /* parameters of the sensor among the unknowns */
	struct attr_shape declared; /* what is known of them beforehand, and how well */
	double known_u[ATTR_PSI];
	size_t n_extra;   /* further columns in all */
	double tau_reach; /* ns, of the difference by the low-pass (kernel.h) */
	struct attr_weights weights;
	size_t from, to; /* readings that a fit is of; to 0: all */
	double work;     /* entries and segments that passes looked at so far */
	struct attr_sums_of of;
	bool glance;                     /* a sensor that is not as declared is not looked for */
	bool stood;                      /* the sensor as declared, or near that */
	bool searched;                   /* another sensor was looked for */
	struct erg_attr_steps frequency; /* as they were recorded */
	struct attr_gap_ends gap_ends;   /* of pauses */
	bool pauses_out;                 /* pauses amid the work are integrated, too */
	bool edges_out;                  /* readings that saw an edge of the work are left out */
	bool beside; /* one of several at a time, which does not tell of its progress */
	/* per class, J, as columns may be bent since: what another sensor says that fits as well; NULL */
	double *rival;
	struct attr_misfit misfit;
	/* of a run of layers that are: sensors that all readings may be of (alike.c); NULL */
	struct attr_shape *alike;
	size_t n_alike;
	bool *uneven;     /* per class: its halves differ, by the last test */
	uint8_t *profile; /* per class: enum attr_profile of its columns; NULL: all are even */
	struct attr_shape first; /* of the sensor, as it was said to be */
	/* Of the level of power, that no counter recorded: in order; and the same as steps of the frequency,
	 * which tell the columns apart. */
	struct erg_attr_span change[ATTR_CHANGES_MAX];
	size_t n_changes;
	uint64_t step_t[ATTR_LEVELS_MAX];
	double step_v[ATTR_LEVELS_MAX];
	struct erg_err *err;
};

#endif
