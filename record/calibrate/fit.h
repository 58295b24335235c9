/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_CALIBRATE_FIT_H
#define ERG_RECORD_CALIBRATE_FIT_H

/*
 * Gain, offset, lag and window of a sensor from what it and a meter on the same supply have read while the
 * load varied.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/base/err.h"
#include "formats/sensor.h"

/* How readings stand for the power: each is the energy since some beginning (J); or the mean power
 * since the one before it (W); or the power at its time. */
enum erg_fit_form { ERG_FIT_ENERGY, ERG_FIT_MEAN, ERG_FIT_POWER };

struct erg_fit_series {
	size_t n;
	uint64_t *t_ns; /* increasing */
	double *v;
	enum erg_fit_form form;
};

struct erg_fit_value {
	double value, u; /* standard uncertainty, of the readings and the meter's spacing alone */
};

struct erg_fit {
	struct erg_fit_value gain, offset_w, lag_s, window_s;
	double low_w, high_w; /* of what the sensor's windows saw */
	double rms_w, r2;
	double scatter_s; /* SD of the errors of the readings' times, in the uncertainties of lag and window */
	size_t n; /* readings of the sensor */
};

/*
 * y(t) = offset + gain x mean of the meter's power over the window that ended at t - lag. KIND is the
 * sensor's: of ERG_SENSOR_EMA the window is the time constant of an exponential mean; a counter's readings
 * are differenced, and its window is 0. A window of up to 4 s is found, and a lag as long as lag and half of
 * the window (all of the time constant) are no more than 3 s together.
 *
 * The uncertainty comes from sums over blocks of time (a cluster-robust covariance), so that neither
 * readings more frequent than news nor noise that lasts make it too small. By how much the times of readings
 * seem to be off is in it as well.
 *
 * -ENODATA: too few readings, a load that hardly varied, or a sensor that does not follow the meter; -ENOMEM.
 */
int erg_fit_sensor(const struct erg_fit_series *meter, const struct erg_fit_series *sensor,
	enum erg_sensor_kind kind, struct erg_fit *ret, struct erg_err *err);

#endif
