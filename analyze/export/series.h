/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_SERIES_H
#define ERG_ANALYZE_SERIES_H

/*
 * A run over time, small enough for a page: each rail, temperature and frequency as buckets of
 * equal numbers of readings with their minimum, mean and maximum, and the layer instances as bands.
 * However many samples a run has, peaks stay and the size is bounded.
 */
#include <jansson.h>

#include "analyze/timeline/timeline.h"
#include "formats/base/err.h"

/*
 * Array of {"name", "quantity", "unit" (SI), "t0_s", "t_step_s", "v_min", "v_step", "samples",
 * "t", "lo", "mean", "hi"}. t is base64 of little-endian uint32, in steps of t_step_s from t0_s
 * (seconds since the run's begin); lo, mean and hi are uint16, value = v_min + n * v_step. A bucket
 * with lo > hi is a gap of more than three sampling periods. At most BUCKETS buckets in all.
 */
int erg_series_json(const struct erg_timeline *tl, size_t buckets, json_t **ret,
	struct erg_err *err);

/*
 * {"names", "types", "tracks", "t0_s", "t_step_s", "total", "stretch", "begin", "duration", "layer",
 * "track"}: instances of innermost layers; begin and duration are uint32 in t_step_s, layer and track
 * uint16, indices of names and of tracks. Of a total over MAX there are stretches of STRETCH
 * successive ones, spread evenly over the run, MAX or fewer in all.
 */
int erg_bands_json(const struct erg_timeline *tl, size_t max, json_t **ret, struct erg_err *err);

#endif
