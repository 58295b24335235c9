/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The recorder's shares, against figures worked out by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "analyze/account/overhead.h"
#include "analyze/timeline/rail.h"

/* 10 s on 4 CPUs, of which 2 were busy at 10 W, and half a one at 4 W in the idle phases: a CPU
 * second adds (10 - 4) W / (2 - 0.5) = 4 J. Half of 2000 events of 100 us are of one thread. */
static struct erg_overhead_facts run(void)
{
	return (struct erg_overhead_facts){
		.time_s = 10,
		.cpus = 4,
		.events = 2000,
		.events_thread = 1000,
		.event_lo_s = 50e-6,
		.event_s = 100e-6,
		.event_hi_s = 200e-6,
		.recorder_s = 0.3,
		.daemons_s = 0.1,
		.busy_s = 20,
		.idle_busy = 0.5,
		.energy_j = erg_est_exact(100, "counter"),
		.idle_w = erg_est_exact(4, "median"),
	};
}

static void check(const struct erg_est *e, double lo, double value, double hi)
{
	assert_float_equal(e->lo, lo, 1e-12);
	assert_float_equal(e->value, value, 1e-12);
	assert_float_equal(e->hi, hi, 1e-12);
}

/* No value, and the bounds as given; NaN: none. */
static void check_open(const struct erg_est *e, double lo, double hi)
{
	assert_false(erg_est_resolved(e));
	assert_string_equal(e->method, "unresolved");
	assert_true(isnan(lo) ? isnan(e->lo) : fabs(e->lo - lo) < 1e-12);
	assert_true(isnan(hi) ? isnan(e->hi) : fabs(e->hi - hi) < 1e-12);
}

static void test_all_known(void **state)
{
	struct erg_overhead_facts f = run();
	struct erg_overhead o;

	erg_overhead_estimate(&f, &o);
	check(&o.threads, 0.005, 0.01, 0.02);
	check(&o.beside, 0, 0.01, 0.04);
	check(&o.time, 0.005, 0.02, 0.06);
	/* 4 J x (0.3 + 0.1 + 0.2) s of 100 J; at most (0.4 + 0.4) s of the run's 10 s */
	check(&o.energy, 0, 0.024, 0.08);
}

/* Only half a CPU was busy: a CPU second can have cost a fifth of the energy. */
static void test_a_run_that_waits(void **state)
{
	struct erg_overhead_facts f = run();
	struct erg_overhead o;

	f.busy_s = 6;
	f.busy_u_s = 1;
	f.idle_busy = 0.2;
	erg_overhead_estimate(&f, &o);
	/* (10 - 4) W / (0.6 - 0.2) = 15 J a CPU second */
	check(&o.energy, 0, 0.09, 0.16);
}

static void test_without_idle_there_are_bounds(void **state)
{
	struct erg_overhead_facts f = run();
	struct erg_overhead o;

	f.idle_w = ERG_EST_UNRESOLVED;
	erg_overhead_estimate(&f, &o);
	check_open(&o.energy, 0, 0.08);
	check(&o.time, 0.005, 0.02, 0.06);
	f = run();
	f.idle_busy = 1.95; /* no busier than idle, by what is known of it */
	f.busy_u_s = 1;
	erg_overhead_estimate(&f, &o);
	check_open(&o.energy, 0, 0.08);
}

static void test_without_utilization_the_energy_is_not_known(void **state)
{
	struct erg_overhead_facts f = run();
	struct erg_overhead o;

	f.busy_s = NAN;
	erg_overhead_estimate(&f, &o);
	check_open(&o.energy, NAN, NAN);
	f = run();
	f.energy_j = ERG_EST_UNRESOLVED;
	erg_overhead_estimate(&f, &o);
	check_open(&o.energy, NAN, NAN);
}

static void test_an_event_of_unknown_cost(void **state)
{
	struct erg_overhead_facts f = run();
	struct erg_overhead o;

	f.event_lo_s = f.event_s = f.event_hi_s = NAN;
	erg_overhead_estimate(&f, &o);
	check_open(&o.threads, NAN, NAN);
	check(&o.beside, 0, 0.01, 0.04);
	check_open(&o.time, NAN, NAN);
	check_open(&o.energy, 0, NAN);
	f.events = f.events_thread = 0; /* nothing was annotated, so it does not matter */
	erg_overhead_estimate(&f, &o);
	check(&o.threads, 0, 0, 0);
	check(&o.time, 0, 0.01, 0.04);
	check(&o.energy, 0, 0.016, 0.04);
}

static void test_reading_counters_costs_more_than_the_event(void **state)
{
	struct erg_overhead_facts f = run();
	struct erg_overhead o;

	f.counted = true;
	erg_overhead_estimate(&f, &o);
	check_open(&o.threads, 0.005, NAN);
	check_open(&o.time, 0.005, NAN);
	check_open(&o.energy, NAN, NAN);
}

static void test_daemons_that_cannot_be_seen(void **state)
{
	struct erg_overhead_facts f = run();
	struct erg_overhead o;

	f.daemons_s = NAN;
	erg_overhead_estimate(&f, &o);
	check(&o.threads, 0.005, 0.01, 0.02);
	check_open(&o.beside, 0, NAN);
	check_open(&o.time, 0.005, NAN);
	check_open(&o.energy, 0, NAN);
}

/* A command that ends at once: a share is never more than all. */
static void test_shares_end_at_one(void **state)
{
	struct erg_overhead_facts f = run();
	struct erg_overhead o;

	f.time_s = 0.01;
	f.busy_s = 0.01;
	f.busy_u_s = 0.05;
	f.energy_j = erg_est_exact(0.1, "counter");
	erg_overhead_estimate(&f, &o);
	check(&o.threads, 1, 1, 1);
	check(&o.beside, 0, 1, 1);
	check(&o.time, 1, 1, 1);
	check_open(&o.energy, 0, 1);
}

/* ---- from a timeline ---- */

#define SECOND 1000000000ull
#define POWER_N 2001 /* 5 s to 25 s, every 10 ms */
#define CPU_N 201    /* every 100 ms */
#define EVENTS 2000

struct scene {
	struct erg_timeline tl;
	struct erg_tl_source sources[2];
	struct erg_tl_channel channels[3];
	struct erg_tl_phase phases[2];
	struct erg_tl_track tracks[2];
	uint64_t power_t[POWER_N], cpu_t[CPU_N];
	uint32_t half[POWER_N];
	int64_t power[POWER_N], busy[CPU_N];
	uint16_t track[EVENTS];
};

static void scene_readings(struct scene *s)
{
	for (size_t i = 0; i < POWER_N; i++) {
		s->power_t[i] = 5 * SECOND + i * 10000000;
		s->power[i] = i >= 500 && i < 1500 ? 10000 : 4000; /* mW */
	}
	for (size_t i = 0; i < CPU_N; i++) { /* a quarter of each CPU, and in the run all of it */
		int64_t ms = (int64_t)i * 100, run = ms < 5000 ? 0 : ms < 15000 ? ms - 5000 : 10000;

		s->cpu_t[i] = 5 * SECOND + i * 100000000;
		s->busy[i] = ms / 4 + run * 3 / 4;
	}
	s->channels[0] = (struct erg_tl_channel){.source = 0,
		.n = POWER_N,
		.t = s->power_t,
		.half = s->half,
		.raw = s->power,
		.def = {.rail = "VDD_IN", .quantity = ERG_Q_POWER, .scale = 1e-3}};
	for (size_t i = 1; i < 3; i++)
		s->channels[i] = (struct erg_tl_channel){.source = 1,
			.n = CPU_N,
			.t = s->cpu_t,
			.half = s->half,
			.raw = s->busy,
			.def = {.rail = "cpu", .quantity = ERG_Q_TIME, .scale = 1e-3, .lsb = 10}};
}

/* The run of the other tests, as it would have been recorded: the command from 10 s to 20 s. */
static void scene_init(struct scene *s)
{
	memset(s, 0, sizeof(*s));
	scene_readings(s);
	s->sources[0] = (struct erg_tl_source){.kind = (char *)"hwmon",
		.simulated = true,
		.interval_ns = 10000000,
		.model = {.kind = ERG_SENSOR_POINT, .period_ns = 10000000}};
	s->sources[1] = (struct erg_tl_source){.kind = (char *)"procstat"};
	for (size_t i = 0; i < 2; i++) {
		s->tracks[i] = (struct erg_tl_track){.name = (char *)"t",
			.pid = 1,
			.tid = (uint32_t)i + 1};
		s->phases[i] = (struct erg_tl_phase){.name = (char *)"idle",
			.begin = (i ? 20 : 5) * SECOND,
			.end = (i ? 25 : 10) * SECOND};
	}
	s->tl = (struct erg_timeline){.iv = {.n = EVENTS, .track = s->track},
		.begin = 10 * SECOND,
		.end = 20 * SECOND,
		.sources = s->sources,
		.n_sources = 2,
		.channels = s->channels,
		.n_channels = 3,
		.phases = s->phases,
		.n_phases = 2,
		.tracks = s->tracks,
		.n_tracks = 2};
	for (size_t i = 0; i < EVENTS; i++) {
		uint64_t begin = 10 * SECOND + i * 5000000;

		erg_times_push(&s->tl.iv.begin, begin);
		erg_times_push(&s->tl.iv.end, begin + 1000000);
		s->track[i] = i % 2;
	}
	s->tl.summary = json_pack("{s:{s:I, s:I, s:i, s:{s:{s:f}, s:{s:f, s:f}, s:f}}}", "overhead",
		"recorder_cpu_ns", (json_int_t)300000000, "daemons_cpu_ns", (json_int_t)100000000,
		"cpus", 4, "event", "warm_ns", "min", 40e3, "cold_ns", "p50", 90e3, "p95", 190e3,
		"clock_ns", 10e3);
}

static void rails_release(struct scene *s)
{
	for (size_t i = 0; i < s->tl.n_rails; i++)
		erg_rail_release(&s->tl.rails[i]);
	free(s->tl.rails);
	s->tl.rails = NULL;
	s->tl.n_rails = 0;
}

static void scene_release(struct scene *s)
{
	erg_times_release(&s->tl.iv.begin);
	erg_times_release(&s->tl.iv.end);
	json_decref(s->tl.summary);
	rails_release(s);
}

static json_t *scene_shares(struct scene *s)
{
	rails_release(s);
	assert_int_equal(erg_rails_form(&s->tl, NULL), 0);
	return erg_overhead_result(&s->tl, s->tl.n_rails ? &s->tl.rails[0] : NULL);
}

static struct erg_est est_of(const json_t *j, const char *key)
{
	struct erg_est e = erg_est_from_json(json_object_get(j, key));

	assert_non_null(json_object_get(j, key));
	return e;
}

static void test_facts_of_a_timeline(void **state)
{
	static struct scene s;
	struct erg_est time, energy;
	json_t *j;

	scene_init(&s);
	j = scene_shares(&s);
	time = est_of(j, "time_share");
	energy = est_of(j, "energy_share");
	check(&time, 0.005, 0.02, 0.06);
	assert_float_equal(energy.value, 0.024, 0.0003);
	assert_float_equal(energy.hi, 0.08, 0.001);
	assert_string_equal(json_string_value(json_object_get(j, "rail")), "VDD_IN");
	assert_true(json_is_true(json_object_get(j, "simulated")));
	json_decref(j);
	scene_release(&s);
}

/* Without power, idle phases or procstat the time is known as ever. */
static void test_a_timeline_without_power(void **state)
{
	static struct scene s;
	struct erg_est time;
	json_t *j;

	scene_init(&s);
	s.tl.n_channels = 0;
	s.tl.n_phases = 0;
	j = scene_shares(&s);
	time = est_of(j, "time_share");
	check(&time, 0.005, 0.02, 0.06);
	assert_true(json_is_null(json_object_get(json_object_get(j, "energy_share"), "hi")));
	assert_true(json_is_null(json_object_get(j, "rail")));
	json_decref(j);
	scene_release(&s);
}

static void test_an_archive_that_does_not_say(void **state)
{
	static struct scene s;

	scene_init(&s);
	json_object_clear(s.tl.summary);
	assert_true(json_is_null(scene_shares(&s)));
	json_decref(s.tl.summary);
	s.tl.summary = NULL; /* cut off before it */
	assert_true(json_is_null(scene_shares(&s)));
	scene_release(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_known),
		cmocka_unit_test(test_a_run_that_waits),
		cmocka_unit_test(test_without_idle_there_are_bounds),
		cmocka_unit_test(test_without_utilization_the_energy_is_not_known),
		cmocka_unit_test(test_an_event_of_unknown_cost),
		cmocka_unit_test(test_reading_counters_costs_more_than_the_event),
		cmocka_unit_test(test_daemons_that_cannot_be_seen),
		cmocka_unit_test(test_shares_end_at_one),
		cmocka_unit_test(test_facts_of_a_timeline),
		cmocka_unit_test(test_a_timeline_without_power),
		cmocka_unit_test(test_an_archive_that_does_not_say),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
