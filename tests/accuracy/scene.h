/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_TESTS_ACCURACY_SCENE_H
#define ERG_TESTS_ACCURACY_SCENE_H

/*
 * Traces with a known truth: a network of layers that runs over and over, each layer with a power
 * and a duration of its own, and a sensor that looks at it. Energy is integrated exactly, so the
 * truth is known to rounding. The same seed gives the same trace.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyze/timeline/rail.h"
#include "analyze/timeline/timeline.h"

struct scene {
	/* the work */
	uint64_t seed;
	size_t layers;
	double layer_min_s, layer_max_s; /* durations, drawn once per layer */
	double power_min_w, power_max_w; /* drawn once per layer */
	double jitter;                   /* relative SD of a duration, per instance */
	double variation;                /* relative SD of a power, per instance */
	double gap_s, gap_w;             /* between iterations */
	double drift_w;        /* added to everything: from 0 at the beginning to this at the end */
	double run_s;          /* of the layers */
	double idle_s, idle_w; /* before and after, also as idle phases */
	double cycle_s;        /* > 0: durations scaled so that an iteration takes so long */
	/* frequency: from switch_s on, every switch_s seconds the clock changes between two levels */
	double switch_s, slow_power, slow_time; /* factors at the lower level */
	/* the sensor */
	enum erg_sensor_kind kind;
	double spacing_s,
		dither; /* of the readings; dither: uniform 0..dither of a spacing, each */
	double window_s, period_s, alpha, lag_s;
	double noise_w, lsb;             /* lsb in W, J for a counter */
	double offset_w, gain;           /* true errors */
	double hole_begin_s, hole_end_s; /* no readings between */
};

/* 11 layers of 0.3 to 4 ms, 3 to 12 W, 3 % jitter, 60 s; a 2 ms boxcar read every 10 ms. */
void scene_defaults(struct scene *s);

/* Segment I is [begin[i], begin[i+1]), of the layer class_[i]; of the gap where that is scene.layers. */
struct scene_segments {
	size_t n;
	uint64_t *begin;
	uint32_t *class_, *iteration;
};

struct scene_trace {
	struct erg_rail rail;
	struct erg_timeline tl; /* the layers, for the attribution; made from seg */
	struct scene_segments seg;
	size_t n_classes;
	double *energy_j; /* truth per class (gap last) */
	double *time_s;
	double total_j;
	double idle_j;       /* of the idle phases, in the gap's truth as well */
	uint64_t idle[2][2]; /* begin, end of the idle phases */
	size_t n_levels;     /* frequency steps */
	uint64_t *level_t;
	double *level_hz;
};

/* Exits on lack of memory: for tests only. */
void scene_make(const struct scene *s, struct scene_trace *ret);
void scene_release(struct scene_trace *t);

/* The naive way: each instance has the power of the latest reading at its end. Energy per class. */
void scene_naive(const struct scene_trace *t, double *ret_energy_j);

#endif
