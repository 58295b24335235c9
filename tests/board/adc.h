/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_TESTS_BOARD_ADC_H
#define ERG_TESTS_BOARD_ADC_H

/*
 * A simulated sensor: sees the true power as pieces of constant value and shows readings the way a
 * real one does. Conversions end at multiples of period_ns of CLOCK_MONOTONIC and cover window_ns
 * before; a reading is shown lag_ns later. Pure: time comes with the pieces.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/sensor.h"

#define ERG_ADC_QUEUE 1024

struct erg_adc_params {
	enum erg_sensor_kind kind; /* point, boxcar, ema; counter: cumulative energy */
	uint64_t window_ns, period_ns;
	uint64_t lag_ns;
	double alpha;  /* ema only */
	double gain;   /* reading = (true * gain + offset + noise), 1 for a perfect sensor */
	double offset; /* output units */
	double noise;  /* standard deviation of one conversion, output units */
	double lsb;    /* output units; 0: none */
	double scale;  /* output units per W, or per J for a counter */
};

struct erg_adc_shown {
	uint64_t time_ns; /* when it is shown */
	double value;     /* output units, quantised */
};

struct erg_adc {
	struct erg_adc_params p;
	uint64_t t_ns;              /* pieces were seen up to here */
	double energy_j;            /* of all pieces */
	uint64_t open_ns, close_ns; /* next beginning and next end of a conversion */
	double opened[ERG_ADC_QUEUE];
	uint64_t open_head, open_tail;
	bool filled; /* the ema has a value */
	double ema;
	uint64_t rng;
	struct erg_adc_shown shown[ERG_ADC_QUEUE];
	uint64_t shown_head, shown_tail;
	struct erg_adc_shown last;
};

/* Starts at T_NS. -EINVAL when the window or the lag need more than ERG_ADC_QUEUE periods. */
int erg_adc_init(struct erg_adc *a, const struct erg_adc_params *p, uint64_t t_ns, uint64_t seed);

/* Power was P_W from where the last piece ended until TO_NS. */
void erg_adc_feed(struct erg_adc *a, uint64_t to_ns, double p_w);

/* The reading that is shown at NOW_NS; false before the first. */
bool erg_adc_read(struct erg_adc *a, uint64_t now_ns, struct erg_adc_shown *ret);

#endif
