/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_READER_SENSOR_H
#define ERG_ANALYZE_READER_SENSOR_H

#include "analyze/timeline/timeline.h"
#include "formats/base/err.h"

/*
 * Replaces parts of the sensor models: TEXT is "key=value …", for all sources of power, or
 * "RAIL:key=value" for the source of one rail. Keys: kind, window_s, period_s, lag_s, lag_u_s,
 * alpha, and lsb, offset_max, gain_max (SI units; fraction) of the rail's channels.
 */
/* Whether TEXT is such words at all, before a recording is read. */
int erg_reader_sensor_check(const char *text, struct erg_err *err);
int erg_reader_sensor(struct erg_timeline *tl, const char *text, struct erg_err *err);

#endif
