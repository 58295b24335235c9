/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Kinds of worlds by what runs: instances that differ, short runs, what a program does between and around its layers, and
 * powers that are not the same all through one.
 */
#include <math.h>

#include "tests/accuracy/world_kinds.h"

void set_long(struct world *w, double x)
{
	w->layer_min_s = 25 * MS;
	w->layer_max_s = x;
	w->spacing_s = 2 * MS;
	w->run_s = 60;
}

void set_duration(struct world *w, double power)
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

void set_drift(struct world *w, double watts)
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

/* Instances that differ. */
const struct kind instance_kinds[] = {
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
};
const size_t n_instance_kinds = sizeof(instance_kinds) / sizeof(*instance_kinds);

/* Little to see. */
const struct kind short_kinds[] = {
	{"short-1", "run of 1 s at 500 Hz", set_short, 1, {.2, .9, 90, 90}, "short"},
	{"short-20", "20 iterations at 500 Hz", set_iterations, 20, {.2, .9, 90, 90}, "short"},
	{"fall", "clock falls through 7 levels in 1.8 s", set_fall, 1.8, {0}, "short"},
};
const size_t n_short_kinds = sizeof(short_kinds) / sizeof(*short_kinds);

/* Between the layers and around them. */
const struct kind around_kinds[] = {
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
};
const size_t n_around_kinds = sizeof(around_kinds) / sizeof(*around_kinds);

/* Within them. */
const struct kind shape_kinds[] = {
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
};
const size_t n_shape_kinds = sizeof(shape_kinds) / sizeof(*shape_kinds);
