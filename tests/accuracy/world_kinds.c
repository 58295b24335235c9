/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The kinds of worlds, each with one thing that differs, and the bounds that are asked of each (the
 * table "What can be reached" of the design notes). A kind without bounds cannot be resolved by
 * anyone, or only partly: of these it is asked that no row be confidently wrong.
 */
#include <math.h>
#include <string.h>

#include "tests/accuracy/world.h"

#define MS 1e-3
#define US 1e-6
#define PPM 1e-6

/* 6 to 15 layers of 0.3 to 4 ms at 3 to 12 W, a boxcar of 2.2 ms every 10 ms, rightly declared. */
static void defaults(struct world *w)
{
	w->layers = 6 + (int)(w->seed * 7 % 10);
	w->tracks = 1;
	w->layer_min_s = 0.3 * MS;
	w->layer_max_s = 4 * MS;
	w->power_min_w = 3;
	w->power_max_w = 12;
	w->jitter = 0.03;
	w->run_s = 40;
	w->idle_s = 1;
	w->idle_w = 2;
	w->gap_s = 50 * US;
	w->is = (struct sensor){.kind = SENSE_BOXCAR, .window_s = 2.2 * MS};
	w->spacing_s = 10 * MS;
	w->dither = 0.1;
	w->noise_w = 0.02;
	w->declared = true;
}

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

static void set_fast(struct world *w, double x)
{
	w->spacing_s = 1 * MS;
	w->is.window_s = x;
}

static void set_long(struct world *w, double x)
{
	w->layer_min_s = 25 * MS;
	w->layer_max_s = x;
	w->spacing_s = 2 * MS;
	w->run_s = 60;
}

static void set_ema(struct world *w, double alpha)
{
	w->is = (struct sensor){.kind = SENSE_EMA,
		.period_s = alpha > .1 ? .84 * MS : .28 * MS,
		.alpha = alpha};
	w->noise_w = alpha > .1 ? 0.02 : 0.005;
}

static void set_counter(struct world *w, double spacing)
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

static void set_duration(struct world *w, double power)
{
	w->dur_sd = 0.25;
	w->dur_power = power;
}

static void set_modes(struct world *w, double share)
{
	w->mode_share = share;
	w->mode_dur = 1.8;
	w->mode_power = 0.35;
}

static void set_cold(struct world *w, double iterations)
{
	w->cold = (int)iterations;
}

static void set_change(struct world *w, double dur)
{
	w->change_at = 0.45 + 0.1 * (double)(w->seed % 3) / 3;
	w->change_power = 0.35;
	w->change_dur = dur;
}

static void set_stalls(struct world *w, double probability)
{
	w->stall = probability;
	w->stall_s = 8 * MS;
	w->stall_at = 1;
}

static void set_first_stalls(struct world *w, double probability)
{
	set_stalls(w, probability);
	w->stall_at = 0;
}

static void set_inner_stalls(struct world *w, double probability)
{
	set_stalls(w, probability);
	w->stall_at = .5;
}

static void set_stalls_anywhere(struct world *w, double probability)
{
	set_stalls(w, probability);
	w->stall_at = -1;
}

static void set_threads(struct world *w, double tracks)
{
	w->tracks = (int)tracks;
	w->layers = 10;
	w->power_min_w = 3;
	w->power_max_w = 9;
}

static void set_streams(struct world *w, double tracks)
{
	set_threads(w, tracks);
	w->track_name = "gpu0 stream ";
	w->rail = "GPU [W]";
}

static void set_nested(struct world *w, double x)
{
	w->nested = x > 0;
	w->layers = 9;
}

static void set_drift(struct world *w, double watts)
{
	w->drift_w = watts;
	w->drift_s = 15;
}

static void set_random(struct world *w, double x)
{
	w->variation = x;
}

static void set_onset(struct world *w, double tau)
{
	w->onset_s = tau;
	w->onset = 0.4;
}

static void set_quantum(struct world *w, double lsb)
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

static void set_stamp_jitter(struct world *w, double sd)
{
	w->stamp_sd_s = sd;
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

static void in_step(struct world *w, double beat)
{
	w->jitter = 0;
	w->dither = 0;
	w->cycle_s = 2 * w->spacing_s * (1 + beat);
	w->gap_s = 50 * US / 1.1;
}

static void set_short(struct world *w, double run)
{
	w->run_s = run;
	w->spacing_s = 2 * MS;
}

static void set_iterations(struct world *w, double n)
{
	w->iterations = (int)n;
	w->spacing_s = 2 * MS;
}

static void set_fall(struct world *w, double x)
{
	w->run_s = x;
	w->fall_s = x;
	w->idle_s = 0.1;
	w->layers = 2 + (int)(w->seed % 5);
	w->is.window_s = 1 * MS;
}

static void set_phases(struct world *w, double factor)
{
	w->phases = true;
	w->mode_dur = factor;
	w->mode_power = 0.35;
}

/* Prompts of any length: durations of a phase reach into those of the other. */
static void set_requests(struct world *w, double factor)
{
	set_phases(w, factor);
	w->prompt_sd = 0.6;
	w->grow = 1;
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

/* Several things at once, each by chance: what an unknown board does. */
static void set_mixed(struct world *w, double x)
{
	struct draw d;

	draw_seed(&d, w->seed ^ 0x6d69786564);
	if (draw_uniform(&d) < x)
		w->is.lag_s = 0.1 * draw_uniform(&d) * draw_uniform(&d);
	if (draw_uniform(&d) < x)
		w->skew = 200 * PPM * (2 * draw_uniform(&d) - 1);
	if (draw_uniform(&d) < x)
		set_duration(w, -0.8 * draw_uniform(&d));
	if (draw_uniform(&d) < x)
		w->rc_s = 3 * MS * draw_uniform(&d);
	if (draw_uniform(&d) < x)
		set_drift(w, 2 * draw_uniform(&d) - 0.5);
	if (draw_uniform(&d) < x)
		w->variation = 0.1 * draw_uniform(&d);
	if (draw_uniform(&d) < x)
		set_quantum(w, 0.076);
	if (draw_uniform(&d) < x)
		w->stamp_sd_s = 100 * US * draw_uniform(&d);
	w->is.window_s = 2.2 * MS * exp(draw_normal(&d) / 2);
	w->says.window_s = draw_uniform(&d) < x ? 2.2 * MS : w->is.window_s;
	w->declared = draw_uniform(&d) < 0.8;
}

/* Between LO and HI, each order of magnitude as likely. */
static double any(const struct world *w, uint64_t what, double lo, double hi)
{
	struct draw d;

	draw_seed(&d, w->seed ^ what);
	return lo * exp(draw_uniform(&d) * log(hi / lo));
}

/* The base is a little higher while the work runs than where nothing does. */
static void set_busy(struct world *w, double watts)
{
	w->busy_w = any(w, 0x62757379, watts / 50, watts);
}

/* A program works for a while before its first layer, and after its last. */
static void set_edges(struct world *w, double s)
{
	w->edge_s = any(w, 0x65646765, s / 10, s);
	w->edge_w = any(w, 0x6564676577, 1, 8);
}

static void set_edges_fast(struct world *w, double s)
{
	set_fast(w, 1 * MS);
	set_edges(w, s);
	w->run_s = 10;
}

static void set_pauses(struct world *w, double pause)
{
	w->spacing_s = 2 * MS;
	w->pause_s = pause;
}

/* And between iterations something is done, for 1 ms, of which LATE is after a pause. */
static void set_pause_ends(struct world *w, double late)
{
	set_pauses(w, 40 * MS);
	w->spacing_s = 10 * MS;
	w->gap_s = 1 * MS;
	w->gap_w = 4;
	w->gap_first = late;
}

static void set_long_pauses(struct world *w, double late)
{
	set_pause_ends(w, late);
	w->pause_s = 200 * MS;
}

/* And after each few inferences, of which it waits for the next. */
static void set_served(struct world *w, double pause)
{
	set_edges(w, 3 * MS);
	w->spacing_s = 2 * MS;
	w->pause_s = pause;
}

static void set_served_wide(struct world *w, double pause)
{
	set_served(w, pause);
	w->is.window_s = w->spacing_s = 10 * MS;
	w->run_s = 120;
}

static void set_served_ema(struct world *w, double pause)
{
	set_served(w, pause);
	set_ema(w, .25);
}

static void set_served_counter(struct world *w, double pause)
{
	set_served(w, pause);
	set_counter(w, 2 * MS);
}

static void set_served_lag(struct world *w, double pause)
{
	set_served(w, pause);
	w->is.lag_s = 7 * MS;
}

static void set_served_threads(struct world *w, double pause)
{
	set_served(w, pause);
	set_threads(w, 2);
}

static void set_busy_threads(struct world *w, double watts)
{
	set_threads(w, 2);
	set_busy(w, watts);
}

static void set_busy_short(struct world *w, double watts)
{
	set_short(w, 1);
	set_busy(w, watts);
}

/* All that was said of the sensor is true, nearly: by about as much as a short run can see. */
static void set_nearly(struct world *w, double lag)
{
	set_short(w, 1);
	w->is.lag_s = any(w, 0x74696e79, lag / 30, lag);
	w->skew = any(w, 0x736b6577, 1e-7, 3e-6);
	w->says.window_s = w->is.window_s * (1 + any(w, 0x77696e, 1e-4, 3e-3));
}

/* ---- power that is not the same all through a layer, before one of several sensors */
enum shape { RAMP, HALVES, BURST, SURGE, TAIL };

static void shape(struct world *w, enum shape shape, double x)
{
	w->ramp = shape == RAMP ? x : 0;
	w->halves = shape == HALVES ? x : 0;
	w->burst = shape == BURST ? x : 0;
	w->burst_s = .3 * MS;
	w->onset_s = shape == SURGE ? .5 * MS : 0;
	w->onset = 1 + x;
	w->tail = shape == TAIL ? x : 0;
	w->tail_s = shape == TAIL ? .5 * MS : 0;
}

static void set_ramp(struct world *w, double x)
{
	shape(w, RAMP, x);
}

static void set_ramp_of_one(struct world *w, double x)
{
	shape(w, RAMP, x);
	w->one_shape = true;
}

static void set_ramp_of_threads(struct world *w, double x)
{
	set_threads(w, 2);
	shape(w, RAMP, x);
}

static void set_ramp_and_lag(struct world *w, double x)
{
	shape(w, RAMP, x);
	w->is.lag_s = 7 * MS;
}

static void set_ramp_and_rc(struct world *w, double x)
{
	shape(w, RAMP, x);
	w->rc_s = 1 * MS;
}

static void set_ramp_undeclared(struct world *w, double x)
{
	shape(w, RAMP, x);
	w->declared = false;
}

static void set_halves(struct world *w, double x)
{
	shape(w, HALVES, x);
}

static void set_burst(struct world *w, double x)
{
	shape(w, BURST, x);
}

static void set_burst_of_one(struct world *w, double x)
{
	shape(w, BURST, x);
	w->one_shape = true;
}

static void set_surge(struct world *w, double x)
{
	shape(w, SURGE, x);
}

static void set_tail(struct world *w, double x)
{
	shape(w, TAIL, x);
}

/* Windows longer than the layers, and shorter. */
static void set_shape_wide(struct world *w, double s)
{
	shape(w, (enum shape)s, .4);
	w->is.window_s = 10 * MS;
	w->run_s = 60;
}

static void set_shape_sharp(struct world *w, double s)
{
	shape(w, (enum shape)s, .4);
	w->is.window_s = .28 * MS;
}

static void set_shape_fast(struct world *w, double s)
{
	shape(w, (enum shape)s, .4);
	set_fast(w, 2.2 * MS);
}

static void set_shape_ema(struct world *w, double s)
{
	shape(w, (enum shape)s, .4);
	set_ema(w, .25);
}

static void set_shape_counter(struct world *w, double s)
{
	shape(w, (enum shape)s, .4);
	set_counter(w, 10 * MS);
}

static void set_shape_long(struct world *w, double s)
{
	shape(w, (enum shape)s, .4);
	set_long(w, 200 * MS);
}

static void set_shape_short(struct world *w, double s)
{
	shape(w, (enum shape)s, .4);
	set_short(w, 1);
}

#define RIGHT                                                                                      \
	{                                                                                          \
		0, 0, 90, 0                                                                        \
	}
#define FREE                                                                                       \
	{                                                                                          \
		.15, .6, 95, 97                                                                    \
	}
#define OTHER                                                                                      \
	{                                                                                          \
		.1, 1, 94, 97                                                                      \
	}

const struct kind kinds[] = {
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
	{"none-30", "no --sensor, window 30 ms", set_undeclared, 30 * MS, {0}, "sensor"},
	{"none-100", "no --sensor, window 100 ms", set_undeclared, 100 * MS, {0}, "sensor"},
	{"none-1000", "no --sensor, window 1 s", set_undeclared, 1, {0}, "sensor"},
	{"none-e4", "no --sensor, ema of 26 ms", set_undeclared_ema, .25, {0}, "sensor"},
	{"none-e16", "no --sensor, ema of 106 ms", set_undeclared_ema, .0625, {0}, "sensor"},
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
	{"duration", "power goes with duration", set_duration, -.6, OTHER, "instances"},
	{"bimodal", "two modes", set_modes, .4, OTHER, "instances"},
	{"cold", "20 cold first iterations", set_cold, 20, OTHER, "instances"},
	{"change", "hidden change of power and time", set_change, .25, OTHER, "instances"},
	{"change-p", "hidden change of power alone", set_change, 0, OTHER, "instances"},
	{"stalls", "stalls in 2 % of instances", set_stalls, .02, {1, 0, 94, 95}, "instances"},
	{"stalls-0", "the same, before the work", set_first_stalls, .02, {1, 0, 94, 95},
		"instances"},
	{"stalls-half", "the same, amid the work", set_inner_stalls, .02, {1, 0, 94, 95},
		"instances"},
	{"stalls-any", "the same, wherever", set_stalls_anywhere, .02, {1.5, 0, 90, 0},
		"instances"},
	{"stalls-few", "stalls in 1 of 1,000 instances", set_stalls, .001, {1, 0, 94, 95},
		"instances"},
	{"threads", "two threads", set_threads, 2, OTHER, "instances"},
	{"streams", "two streams of a GPU", set_streams, 2, OTHER, "instances"},
	{"three", "three processes", set_threads, 3, OTHER, "instances"},
	{"nested", "modules with time of their own", set_nested, 1, OTHER, "instances"},
	{"thermal", "thermal drift of 2 W", set_drift, 2, OTHER, "instances"},
	{"onset", "power reached in 0.5 ms", set_onset, .5 * MS, {0}, "instances"},
	{"random-10", "random instances, 10 %", set_random, .1, {0, 0, 90, 0}, "instances"},
	{"random-30", "random instances, 30 %", set_random, .3, {0, 0, 90, 0}, "instances"},
	{"phases", "prefill and decode", set_phases, 6, OTHER, "instances"},
	{"requests", "the same, of prompts of any length", set_requests, 2, OTHER, "instances"},
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
	{"jitter-100", "stamps off by 100 us", set_stamp_jitter, 100 * US, {.2, 0, 90, 95},
		"readings"},
	{"jitter-300", "stamps off by 300 us", set_stamp_jitter, 300 * US, {1.2, 0, 88, 90},
		"readings"},
	{"jitter-1000", "stamps off by 1 ms", set_stamp_jitter, 1 * MS, {2.5, 0, 76, 45},
		"readings"},
	{"round-1", "stamps rounded to 1 ms", set_rounding, 1 * MS, {0}, "readings"},
	{"round-10", "stamps rounded to 10 ms", set_rounding, 10 * MS, {0}, "readings"},
	{"held-1", "one stamp in ten late by 1 ms", set_held, 1 * MS, {0}, "readings"},
	{"held-5", "one stamp in ten late by 5 ms", set_held, 5 * MS, {0}, "readings"},
	{"late-100", "stamps 0.1 ms late amid one layer", set_late, 100 * US, {0}, "readings"},
	{"late-300", "stamps 0.3 ms late amid one layer", set_late, 300 * US, {0}, "readings"},
	{"late-1000", "stamps 1 ms late amid one layer", set_late, 1 * MS, {0}, "readings"},
	{"nvml", "25 ms in 100 ms", set_nvml, 25 * MS, {0}, "readings"},
	{"nvml-point", "the same, declared a point of 0.28 ms", set_nvml_point, 25 * MS, {0},
		"readings"},
	{"lock", "sampler in step", in_step, 0, {0}, "readings"},
	{"beat", "sampler in a beat of 1e-4", in_step, 1e-4, {0}, "readings"},
	{"short-1", "run of 1 s at 500 Hz", set_short, 1, {.2, .9, 90, 90}, "short"},
	{"short-20", "20 iterations at 500 Hz", set_iterations, 20, {.2, .9, 90, 90}, "short"},
	{"fall", "clock falls through 7 levels in 1.8 s", set_fall, 1.8, {0}, "short"},
	{"mixed", "several of these at once", set_mixed, .3, {0}, "mixed"},
	{"edges", "busy for 1 to 10 ms around the work", set_edges, 10 * MS, OTHER, "nearly"},
	{"edges-1k", "the same, boxcar 1 ms, 1 kHz, run of 10 s", set_edges_fast, 10 * MS, OTHER,
		"nearly"},
	{"pauses", "pauses of 40 ms", set_pauses, 40 * MS, OTHER, "nearly"},
	{"pause-head", "the same, 6 W for 1 ms between iterations", set_pause_ends, 0, {0},
		"nearly"},
	{"pause-tail", "the same, after the pauses", set_pause_ends, 1, {0}, "nearly"},
	{"pause-ends", "the same, 0.6 ms before them", set_pause_ends, .4, {0}, "nearly"},
	{"pause-long", "the same, pauses of 200 ms", set_long_pauses, .4, {0}, "nearly"},
	{"served", "pauses of 40 ms, busy in the first 3 ms", set_served, 40 * MS, {0}, "nearly"},
	{"served-200", "the same, pauses of 200 ms", set_served, 200 * MS, {0}, "nearly"},
	{"served-b10", "the same, boxcar 10 ms, 100 Hz", set_served_wide, 200 * MS, {0}, "nearly"},
	{"served-e4", "pauses of 40 ms, average N=4", set_served_ema, 40 * MS, {0}, "nearly"},
	{"served-c", "the same, counter", set_served_counter, 40 * MS, {0}, "nearly"},
	{"served-lag", "pauses of 200 ms, lag 7 ms", set_served_lag, 200 * MS, {0}, "nearly"},
	{"served-two", "the same, two threads", set_served_threads, 200 * MS, {0}, "nearly"},
	{"busy", "base up to 1 W higher, two threads", set_busy_threads, 1, RIGHT, "nearly"},
	{"busy-short", "the same in a run of 1 s, one thread", set_busy_short, 1, RIGHT, "nearly"},
	{"nearly", "lag of 0.5 to 14 us, run of 1 s", set_nearly, 14 * US, RIGHT, "nearly"},
	{"ramp-5", "power ramps by 2 to 5 % in layers", set_ramp, .05, {0}, "shape"},
	{"ramp-20", "the same, by 8 to 20 %", set_ramp, .2, {0}, "shape"},
	{"ramp-60", "the same, by 24 to 60 %", set_ramp, .6, {0}, "shape"},
	{"ramp-one", "the same, in one layer", set_ramp_of_one, .6, {0}, "shape"},
	{"ramp-b10", "ramps of 40 %, boxcar 10 ms", set_shape_wide, RAMP, {0}, "shape"},
	{"ramp-b.3", "the same, boxcar 0.28 ms", set_shape_sharp, RAMP, {0}, "shape"},
	{"ramp-1k", "the same, boxcar 2.2 ms, 1 kHz", set_shape_fast, RAMP, {0}, "shape"},
	{"ramp-e4", "the same, average N=4", set_shape_ema, RAMP, {0}, "shape"},
	{"ramp-c", "the same, counter", set_shape_counter, RAMP, {0}, "shape"},
	{"ramp-long", "the same, layers of 25 to 200 ms", set_shape_long, RAMP, {0}, "shape"},
	{"ramp-short", "the same, run of 1 s at 500 Hz", set_shape_short, RAMP, {0}, "shape"},
	{"ramp-two", "the same, two threads", set_ramp_of_threads, .4, {0}, "shape"},
	{"ramp-lag", "the same, and a lag of 7 ms", set_ramp_and_lag, .4, {0}, "shape"},
	{"ramp-rc", "the same, and an RC of 1 ms", set_ramp_and_rc, .4, {0}, "shape"},
	{"ramp-none", "the same, no --sensor", set_ramp_undeclared, .4, {0}, "shape"},
	{"halves-10", "halves that differ by 8 to 20 %", set_halves, .1, {0}, "shape"},
	{"halves-40", "the same, by 32 to 80 %", set_halves, .4, {0}, "shape"},
	{"halves-b10", "the same, boxcar 10 ms", set_shape_wide, HALVES, {0}, "shape"},
	{"halves-e4", "the same, average N=4", set_shape_ema, HALVES, {0}, "shape"},
	{"halves-c", "the same, counter", set_shape_counter, HALVES, {0}, "shape"},
	{"burst-20", "8 to 20 % more in the first 0.3 ms", set_burst, .2, {0}, "shape"},
	{"burst-100", "the same, 40 to 100 %", set_burst, 1, {0}, "shape"},
	{"burst-one", "the same, in one layer", set_burst_of_one, 1, {0}, "shape"},
	{"burst-b10", "bursts of 16 to 40 %, boxcar 10 ms", set_shape_wide, BURST, {0}, "shape"},
	{"burst-e4", "the same, average N=4", set_shape_ema, BURST, {0}, "shape"},
	{"burst-c", "the same, counter", set_shape_counter, BURST, {0}, "shape"},
	{"surge", "40 % more, decaying in 0.5 ms", set_surge, .4, {0}, "shape"},
	{"tail-10", "10 % decay in 0.5 ms after a layer", set_tail, .1, {0}, "shape"},
	{"tail-40", "the same, 40 %", set_tail, .4, {0}, "shape"},
	{"tail-b10", "the same, boxcar 10 ms", set_shape_wide, TAIL, {0}, "shape"},
	{"tail-e4", "the same, average N=4", set_shape_ema, TAIL, {0}, "shape"},
	{"tail-c", "the same, counter", set_shape_counter, TAIL, {0}, "shape"},
	{"gain", "undeclared gain of 3 %", set_gain, .03, {0}, "gain"},
};

const size_t n_kinds = sizeof(kinds) / sizeof(*kinds);

void world_of_kind(const struct kind *k, uint64_t seed, struct world *ret)
{
	struct sensor says;

	memset(ret, 0, sizeof(*ret));
	ret->kind = k->name;
	ret->seed = seed;
	defaults(ret);
	ret->says = (struct sensor){.kind = (enum sense_kind) - 1,
		.window_s = -1,
		.period_s = -1,
		.lag_s = NAN};
	k->set(ret, k->x);
	/* what no kind declares otherwise is declared as it is, but for the lag */
	says = ret->says;
	ret->says = ret->is;
	ret->says.lag_s = says.lag_s;
	if (says.kind != (enum sense_kind) - 1)
		ret->says.kind = says.kind;
	if (says.window_s >= 0)
		ret->says.window_s = says.window_s;
	if (says.period_s >= 0)
		ret->says.period_s = says.period_s;
}
