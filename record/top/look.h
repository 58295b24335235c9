/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_TOP_LOOK_H
#define ERG_RECORD_TOP_LOOK_H

/*
 * Looks at the pages of a recording many times a second, and what was seen over the last seconds.
 *
 * The share of a layer is that of the looks which found a thread in it, innermost: its own time, as a
 * profiler has it. Its power is the mean of the readings whose whole window lay within one call of it,
 * while no other thread was in a layer or entered one; so layers that are shorter than what a reading
 * sees have none, and that is said.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/base/err.h"
#include "record/top/pages.h"

#define ERG_TOP_LOOK_NS 5000000u /* between two looks, on average */
#define ERG_TOP_LAYERS 64u       /* at most, in a frame */
#define ERG_TOP_READINGS_MIN 5u  /* of a layer, before its power is shown; */
#define ERG_TOP_READINGS_PART 4u /* and of its looks one in so many: else only odd calls had any */

struct erg_top_rail {
	char rail[64];
	bool simulated, is_root, known;
	double now_w, mean_w; /* since the last frame, over the window */
	double energy_j;      /* since the recording began */
};

struct erg_top_other {
	char rail[64];
	enum erg_quantity quantity; /* temperature, frequency */
	double value;               /* SI */
	bool simulated;
};

struct erg_top_layer {
	char name[72], network[32];
	uint32_t level; /* enum erg_level */
	double time_s;  /* of threads and queues, within the window */
	double share;   /* of the window; more than 1 where several threads are in it */
	uint32_t readings;
	double mean_w, energy_j; /* NAN: it cannot be said */
};

struct erg_top_frame {
	double elapsed_s, window_s; /* since the recording began; that the figures are of */
	struct erg_top_rail rails[ERG_SHOW_LINES];
	struct erg_top_other others[ERG_SHOW_LINES];
	size_t n_rails, n_others;
	uint32_t lines_left_out;
	size_t tells_throttling; /* channels that do */
	char throttled[256];     /* which say so within the window, with commas */
	size_t n_throttled;
	bool knows_layers; /* there is a page */
	uint64_t looks, calls;
	double calls_per_s;
	uint32_t level;                    /* that of which calls are */
	uint32_t threads, threads_sharing; /* seen; and those beyond the lines of the page */
	bool short_layers;                 /* a layer of the list has no power: too short */
	bool assumed;                      /* what the sensor of the root rail sees is assumed */
	const struct erg_top_rail *root;   /* of the largest mean power; NULL */
	struct erg_top_layer layers[ERG_TOP_LAYERS];
	size_t n_layers, more_layers; /* those of least time find no room */
};

struct erg_top;

/* PAGES are borrowed. WINDOW_S is that of the figures, in steps of INTERVAL_S, one a frame. */
int erg_top_new(const struct erg_top_pages *pages, double window_s, double interval_s,
	struct erg_top **ret, struct erg_err *err);
void erg_top_free(struct erg_top *t);
/* One look, at NOW. */
void erg_top_look(struct erg_top *t, uint64_t now_ns);
/* How long to wait for the next: ERG_TOP_LOOK_NS and up to half of it less or more, so that no period of
 * the program goes with ours. */
uint64_t erg_top_pause(struct erg_top *t);
/* What was seen up to NOW; a step of the window ends here. Valid until the next. */
const struct erg_top_frame *erg_top_see(struct erg_top *t, uint64_t now_ns);

#endif
