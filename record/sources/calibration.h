/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_SOURCES_CALIBRATION_H
#define ERG_RECORD_SOURCES_CALIBRATION_H

/*
 * What `erg-record calibrate --against` found of this machine's sensors, for later recordings.
 *
 * The file is a JSON object {"format": "erg-calibrations", "version": 1, "calibrations": […]}, each
 *
 *   host, kind, path, rail, simulated    whose sensor; a path may change with the next boot
 *   device                               which piece of hardware, its place on a bus or its number; left out
 *                                        where the source does not tell. A simulated board is its folder
 *   date                                 UTC, when it was measured
 *   against                              the meter
 *   seconds, readings, r2, watts         how long, how many, how much of the sensor's variance the meter
 *                                        explains, [lowest, highest] power of the meter
 *   gain, offset_w, lag_s, window_s      {"value", "u"}: the sensor shows offset + gain x the mean power of
 *                                        the window that ended lag before; u is a standard uncertainty.
 *                                        Of an ema, window_s is its time constant; of a counter 0.
 *   mean_v                               of a rail by current and voltage: V
 *   model                                {kind, window_ns, period_ns, alpha} that the driver had then
 *
 * It is $ERG_CALIBRATIONS ("none": there is none), else calibrations.json in /var/lib/ergtrace (root's, which
 * every user reads) and in $XDG_STATE_HOME/ergtrace (~/.local/state/ergtrace), whose entries come first.
 */
#include <stdbool.h>

#include <jansson.h>

#include "record/sources/source.h"

/* All there are, a new array to *RET: empty where there is no file. -EINVAL for one that is damaged. */
int erg_calibrations_load(json_t **ret, struct erg_err *err);
/* Puts C in place of what the file says of the same sensor. PATH gets the file's name. */
int erg_calibration_store(const json_t *c, char *path, size_t size, struct erg_err *err);

/*
 * Applies ALL to the sources of LIST, which have been started: scale, offset, gain_max and offset_max of the
 * channels, lag and window of the models, which are "measured" then. Lag and window are left where the driver's
 * settings are others than they were. Puts those applied into APPLIED (may be NULL), and tells SAY a line of
 * each, which also says where lag and window were left.
 */
void erg_calibrations_apply(const struct erg_source_list *list, const json_t *all, json_t *applied,
	void (*say)(void *data, const char *line), void *data);

/* The model as a calibration keeps it. */
json_t *erg_calibration_model(const struct erg_sensor_model *m);

#endif
