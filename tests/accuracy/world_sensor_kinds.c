/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Kinds of worlds by what the sensor is and what is said of it: windows, low-passes, clocks, lags, and readings that are
 * coarse, late, rounded or too rare.
 */
#include <math.h>

#include "tests/accuracy/world_kinds.h"

static void set_point(struct world *w, double x)
{
	w->is = (struct sensor){.kind = SENSE_POINT, .window_s = x};
	w->run_s = 60;
}

static void set_boxcar(struct world *w, double x)
{
	w->is.window_s = x;
	w->run_s = 60;
}

void set_fast(struct world *w, double x)
{
	w->spacing_s = 1 * MS;
	w->is.window_s = x;
}

void set_ema(struct world *w, double alpha)
{
	w->is = (struct sensor){.kind = SENSE_EMA,
		.period_s = alpha > .1 ? .84 * MS : .28 * MS,
		.alpha = alpha};
	w->noise_w = alpha > .1 ? 0.02 : 0.005;
}

void set_counter(struct world *w, double spacing)
{
	w->is = (struct sensor){.kind = SENSE_COUNTER};
	w->lsb = 61e-6;
	w->spacing_s = spacing;
}

static void set_window(struct world *w, double factor)
{
	w->run_s = 30;
	w->is.window_s = 2.2 * MS * factor;
	w->says.window_s = 2.2 * MS;
}

static void set_undeclared(struct world *w, double window)
{
	w->is.window_s = window;
	w->declared = false;
}

/* A mean of 1/X conversions of 6.6 ms that nobody declared. */
static void set_undeclared_ema(struct world *w, double alpha)
{
	w->is = (struct sensor){.kind = SENSE_EMA, .period_s = 6.6 * MS, .alpha = alpha};
	w->declared = false;
}

/* A mean of the window that says it is an instant, and the other way round. */
static void set_wrong_kind(struct world *w, double x)
{
	w->says.kind = x > 0 ? SENSE_POINT : SENSE_BOXCAR;
	w->is.kind = x > 0 ? SENSE_BOXCAR : SENSE_POINT;
	w->is.window_s = x > 0 ? x : 0.14 * MS;
	w->says.window_s = x > 0 ? 0 : 2.2 * MS;
}

static void set_rc(struct world *w, double tau)
{
	w->rc_s = tau;
}

static void set_skew(struct world *w, double x)
{
	w->skew = x * (w->seed % 2 ? -1 : 1);
}

/* With one of three sensors. */
static void set_lag(struct world *w, double x)
{
	static const struct sensor sensors[] = {{SENSE_BOXCAR, 5 * MS, 0, 0, 0},
		{SENSE_BOXCAR, 2.2 * MS, 0, 0, 0}, {SENSE_POINT, .28 * MS, 0, 0, 0}};

	w->is = sensors[w->seed % 3];
	w->is.lag_s = x;
}

static void set_lag_of_long(struct world *w, double x)
{
	set_long(w, 200 * MS);
	w->is.lag_s = x;
}

static void set_skew_of_long(struct world *w, double x)
{
	set_long(w, 200 * MS);
	set_skew(w, x);
}

/* A counter whose reader's clock runs fast or slow. */
static void set_skew_of_counter(struct world *w, double x)
{
	set_counter(w, 10 * MS);
	set_skew(w, x);
}

/* The lag is said to be 0, and is not: what is said is not searched. */
static void set_false_lag(struct world *w, double x)
{
	w->is.lag_s = x;
	w->says.lag_s = 0;
}

void set_quantum(struct world *w, double lsb)
{
	w->lsb = lsb;
	w->noise_w = 0;
	w->says_lsb = true;
}

static void set_stale(struct world *w, double period)
{
	w->is.period_s = period;
	w->is.window_s = period;
	w->spacing_s = 2 * MS;
}

/* A counter that moves about once in 1 ms, read at 1 kHz; on the edge: in step with its updates. */
static void set_rapl(struct world *w, double edge)
{
	w->is = (struct sensor){.kind = SENSE_COUNTER, .period_s = 1 * MS};
	w->lsb = 61e-6;
	w->spacing_s = 1 * MS;
	w->dither = edge > 0 ? 0.02 : 0.1;
	w->grid_jitter_s = edge > 0 ? 10 * US : 5 * US;
	w->on_edge = edge > 0;
	if (edge > 0)
		w->is.period_s = 1 * MS * (1 - 1e-6);
	w->run_s = 30;
}

/* A counter that is brought up to date every so often, of which nothing is said, and is read hardly less often. */
static void set_register(struct world *w, double period)
{
	w->is = (struct sensor){.kind = SENSE_COUNTER, .period_s = period};
	w->says.period_s = 0;
	w->lsb = 61e-6;
	w->spacing_s = 1.03 * period;
	w->run_s = 30;
}

/* A register that is overwritten every PERIOD, of which nothing is said: each reading is the latest of those means. */
static void set_conversions(struct world *w, double period)
{
	set_boxcar(w, 2.2 * MS);
	w->is.period_s = period * (1 + 30 * PPM);
	w->says.period_s = 0;
	w->run_s = 30;
}

static void set_conversions_undeclared(struct world *w, double period)
{
	set_undeclared(w, 2.2 * MS);
	w->is.period_s = period * (1 + 30 * PPM);
	w->run_s = 30;
}

/* A logger that writes a row twice now and then, under a stamp of its own. */
static void set_again(struct world *w, double share)
{
	set_boxcar(w, 2.2 * MS);
	w->again = share;
	w->run_s = 30;
}

static void set_stamp_jitter(struct world *w, double sd)
{
	w->stamp_sd_s = sd;
}

static void set_layers_rounding(struct world *w, double r)
{
	w->layers_round_s = r;
	w->layer_min_s = fmax(w->layer_min_s, 2 * r);
	w->layer_max_s = fmax(w->layer_max_s, 20 * r);
	w->run_s = 15;
}

static void set_layers_off(struct world *w, double sd)
{
	w->layers_off_s = sd;
	w->run_s = 15;
}

static void set_held(struct world *w, double x)
{
	w->held_s = x;
}

static void set_rounding(struct world *w, double r)
{
	w->stamp_round_s = r;
	w->spacing_s = 11.3 * MS; /* or all would be rounded by the same */
}

static void set_late(struct world *w, double x)
{
	w->late_s = x;
	w->noise_w = 0.1;
}

static void set_clip(struct world *w, double share)
{
	w->clip = share;
}

static void set_garbled(struct world *w, double share)
{
	w->garbled = share;
}

static void in_step(struct world *w, double beat)
{
	w->jitter = 0;
	w->dither = 0;
	w->cycle_s = 2 * w->spacing_s * (1 + beat);
	w->gap_s = 50 * US / 1.1;
}

static void set_gain(struct world *w, double gain)
{
	w->gain = gain;
}

static void set_nvml(struct world *w, double x)
{
	w->is.period_s = 100 * MS;
	w->is.window_s = x;
	w->spacing_s = 100 * MS;
	w->noise_w = 0.05;
	w->run_s = 60;
}

static void set_nvml_point(struct world *w, double x)
{
	set_nvml(w, x);
	w->says.kind = SENSE_POINT;
	w->says.window_s = .28 * MS;
	w->run_s = 30;
}

/* The sensor, and its clock. */
const struct kind sensor_kinds[] = {
	{"right-p", "point 0.28 ms, 100 Hz", set_point, .28 * MS, RIGHT, "right"},
	{"right-b2", "boxcar 2.2 ms, 100 Hz", set_boxcar, 2.2 * MS, RIGHT, "right"},
	{"right-b10", "boxcar 10 ms, 100 Hz", set_boxcar, 10 * MS, RIGHT, "right"},
	{"right-1k", "boxcar 2.2 ms, 1 kHz", set_fast, 2.2 * MS, RIGHT, "right"},
	{"right-e4", "average N=4 of 0.84 ms", set_ema, .25, RIGHT, "right"},
	{"right-e64", "average N=64 of 0.28 ms", set_ema, 1. / 64, RIGHT, "right"},
	{"right-c", "counter, 61 uJ, 100 Hz", set_counter, 10 * MS, RIGHT, "right"},
	{"right-long", "layers of 25 to 200 ms", set_long, 200 * MS, RIGHT, "right"},
	{"window-10", "window 10 % longer", set_window, 1.1, FREE, "sensor"},
	{"window-36", "window 3 ms declared 2.2", set_window, 3 / 2.2, FREE, "sensor"},
	{"window-x4.5", "window 10 ms declared 2.2", set_window, 4.5, FREE, "sensor"},
	{"window-less", "window 0.7 ms declared 2.2", set_window, 0.32, FREE, "sensor"},
	{"none-2", "no --sensor, window 2.2 ms", set_undeclared, 2.2 * MS, FREE, "sensor"},
	{"none-5", "no --sensor, window 5 ms", set_undeclared, 5 * MS, FREE, "sensor"},
	{"none-17", "no --sensor, window 17 ms", set_undeclared, 17 * MS, {0}, "sensor"},
	{"none-30", "no --sensor, window 30 ms", set_undeclared, 30 * MS, {0}, "sensor"},
	{"none-45", "no --sensor, window 45 ms", set_undeclared, 45 * MS, {0}, "sensor"},
	{"none-70", "no --sensor, window 70 ms", set_undeclared, 70 * MS, {0}, "sensor"},
	{"none-100", "no --sensor, window 100 ms", set_undeclared, 100 * MS, {0}, "sensor"},
	{"none-1000", "no --sensor, window 1 s", set_undeclared, 1, {0}, "sensor"},
	{"none-e4", "no --sensor, ema of 26 ms", set_undeclared_ema, .25, {0}, "sensor"},
	{"none-e16", "no --sensor, ema of 106 ms", set_undeclared_ema, .0625, {0}, "sensor"},
	{"window-x10", "window 22 ms declared 2.2", set_window, 10, {0}, "sensor"},
	{"window-x20", "window 44 ms declared 2.2", set_window, 20, {0}, "sensor"},
	{"window-x45", "window 100 ms declared 2.2", set_window, 45, {0}, "sensor"},
	{"window-x450", "window 1 s declared 2.2", set_window, 450, {0}, "sensor"},
	{"kind-point", "boxcar 2.2 ms declared point", set_wrong_kind, 2.2 * MS, FREE, "sensor"},
	{"kind-boxcar", "point declared boxcar 2.2 ms", set_wrong_kind, 0, FREE, "sensor"},
	{"rc-1", "RC of 1 ms", set_rc, 1 * MS, {.15, 0, 95, 97}, "sensor"},
	{"rc-5", "RC of 5 ms", set_rc, 5 * MS, {.6, 0, 95, 90}, "sensor"},
	{"rc-20", "RC of 20 ms", set_rc, 20 * MS, {.6, 0, 95, 70}, "sensor"},
	{"skew-5", "clock 5 ppm off", set_skew, 5 * PPM, FREE, "clock"},
	{"skew-20", "clock 20 ppm off", set_skew, 20 * PPM, FREE, "clock"},
	{"skew-50", "clock 50 ppm off", set_skew, 50 * PPM, FREE, "clock"},
	{"skew-200", "clock 200 ppm off", set_skew, 200 * PPM, FREE, "clock"},
	{"skew-500", "clock 500 ppm off", set_skew, 500 * PPM, FREE, "clock"},
	{"lag-7", "lag 7 ms", set_lag, 7 * MS, FREE, "clock"},
	{"lag-50", "lag 50 ms", set_lag, 50 * MS, FREE, "clock"},
	{"lag-100", "lag 100 ms", set_lag, 100 * MS, FREE, "clock"},
	{"lag-150", "lag 150 ms", set_lag, 150 * MS, {0}, "clock"},
	{"lag-false", "lag 3 ms, said to be 0", set_false_lag, 3 * MS, {0}, "clock"},
	{"lag-long", "lag 50 ms, layers of 25 to 200 ms", set_lag_of_long, 50 * MS, FREE, "clock"},
	{"skew-long", "clock 200 ppm off, the same layers", set_skew_of_long, 200 * PPM, FREE,
		"clock"},
	{"skew-c", "counter, clock 50 ppm off", set_skew_of_counter, 50 * PPM, FREE, "clock"},
};
const size_t n_sensor_kinds = sizeof(sensor_kinds) / sizeof(*sensor_kinds);

/* Its readings. */
const struct kind reading_kinds[] = {
	{"quantum-76", "quantum of 76 mW", set_quantum, .076, {.1, 2, 95, 97}, "readings"},
	{"quantum-1W", "quantum of 1 W", set_quantum, 1, {0, 2, 95, 50}, "readings"},
	{"stale", "power every 10 ms, read at 500 Hz", set_stale, 10 * MS, {.2, .6, 90, 97},
		"readings"},
	{"rapl", "counter of 1 ms at 1 kHz", set_rapl, 0, {.2, .6, 90, 97}, "readings"},
	{"rapl-edge", "the same, on its edge", set_rapl, 1, {.2, .6, 90, 97}, "readings"},
	{"register-4", "counter of 4 ms, read every 4.1, not said", set_register, 4 * MS,
		{.4, 2.5, 90, 50}, "readings"},
	{"register-10", "counter of 10 ms, read every 10.3, not said", set_register, 10 * MS,
		{.2, .6, 90, 0}, "readings"},
	{"own-2", "a mean of 2.2 ms every 2.2, not said", set_conversions, 2.2 * MS, FREE,
		"readings"},
	{"own-4", "the same every 4.4 ms", set_conversions, 4.4 * MS, FREE, "readings"},
	{"own-7", "the same every 6.6 ms", set_conversions, 6.6 * MS, FREE, "readings"},
	{"own-none", "the same every 4.4 ms, no --sensor", set_conversions_undeclared, 4.4 * MS,
		FREE, "readings"},
	{"slower", "power every 11.1 ms, read at 100 Hz", set_conversions, 11.1 * MS, FREE,
		"readings"},
	{"again", "one row in ten is the one before", set_again, .1, FREE, "readings"},
	{"jitter-100", "stamps off by 100 us", set_stamp_jitter, 100 * US, {.2, 0, 90, 95},
		"readings"},
	{"jitter-300", "stamps off by 300 us", set_stamp_jitter, 300 * US, {1.2, 0, 88, 90},
		"readings"},
	{"jitter-1000", "stamps off by 1 ms", set_stamp_jitter, 1 * MS, {2.5, 0, 76, 45},
		"readings"},
	{"round-1", "stamps rounded to 1 ms", set_rounding, 1 * MS, {0}, "readings"},
	{"round-10", "stamps rounded to 10 ms", set_rounding, 10 * MS, {0}, "readings"},
	{"layers-100us", "layers' stamps rounded to 0.1 ms", set_layers_rounding, 100 * US, {0},
		"stamps"},
	{"layers-1ms", "layers' stamps rounded to 1 ms", set_layers_rounding, 1 * MS, {0},
		"stamps"},
	{"layers-off-20us", "layers' stamps off by 20 us", set_layers_off, 20 * US, {0}, "stamps"},
	{"held-1", "one stamp in ten late by 1 ms", set_held, 1 * MS, {0}, "readings"},
	{"held-5", "one stamp in ten late by 5 ms", set_held, 5 * MS, {0}, "readings"},
	{"late-100", "stamps 0.1 ms late amid one layer", set_late, 100 * US, {0}, "readings"},
	{"late-300", "stamps 0.3 ms late amid one layer", set_late, 300 * US, {0}, "readings"},
	{"late-1000", "stamps 1 ms late amid one layer", set_late, 1 * MS, {0}, "readings"},
	{"clip-80", "range ends at 80 % of the load", set_clip, .8, {0}, "readings"},
	{"garbled-05", "0.5 % of the readings garbled", set_garbled, .005, {.2, 2, 90, 50},
		"readings"},
	{"garbled-2", "2 % of the readings garbled", set_garbled, .02, {.2, 2, 90, 50}, "readings"},
	{"nvml", "25 ms in 100 ms", set_nvml, 25 * MS, {0}, "readings"},
	{"nvml-point", "the same, declared a point of 0.28 ms", set_nvml_point, 25 * MS, {0},
		"readings"},
	{"lock", "sampler in step", in_step, 0, {0}, "readings"},
	{"beat", "sampler in a beat of 1e-4", in_step, 1e-4, {0}, "readings"},
};
const size_t n_reading_kinds = sizeof(reading_kinds) / sizeof(*reading_kinds);

/* What no run shows. */
const struct kind gain_kinds[] = {
	{"gain", "undeclared gain of 3 %", set_gain, .03, {0}, "gain"},
};
const size_t n_gain_kinds = sizeof(gain_kinds) / sizeof(*gain_kinds);
