/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Experiments: points over repetitions, Pareto front, optimum, savings, frequency sensitivity, and
 * what a table of measurements becomes. Expected values are computed by hand or from the model that
 * made the data.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "analyze/experiment/points.h"
#include "analyze/experiment/sweep.h"
#include "analyze/experiment/table_input.h"
#include "analyze/verbs/verb.h"

static void near(double a, double b, double tolerance)
{
	if (!(fabs(a - b) <= tolerance))
		fail_msg("%.12g is not within %g of %.12g", a, tolerance, b);
}

static struct erg_obs *add(struct erg_observations *o, const char *group, const char *f, double t,
	double e)
{
	const char *levels[] = {group, f};
	struct erg_obs *b = erg_observations_add(o, levels);

	assert_non_null(b);
	b->time_s = t;
	b->energy_j = e;
	b->mean_w = e / t;
	b->peak_w = 2 * e / t;
	return b;
}

static void init(struct erg_observations *o)
{
	static const char *const factor[] = {"freq_mhz"}, *const group[] = {"workload"};

	assert_int_equal(erg_observations_init(o, factor, 1, group, 1, NULL), 0);
}

static void levels_of_numbers_are_ordered_by_value(void **state)
{
	_cleanup_(erg_observations_release) struct erg_observations o = {0};

	init(&o);
	add(&o, "b", "1000", 1, 1);
	add(&o, "a", "900", 1, 1);
	add(&o, "a", "1000.0", 1, 1);
	assert_int_equal(erg_observations_finish(&o, NULL), 0);
	assert_false(o.dims[0].numeric);
	assert_string_equal(o.dims[0].levels[0], "b");
	assert_true(o.dims[1].numeric);
	assert_string_equal(o.dims[1].levels[0], "900");
	assert_int_equal(o.obs[0].level[1], 1);
	assert_int_equal(o.obs[1].level[1], 0);
}

static void repetitions_give_students_interval(void **state)
{
	_cleanup_(erg_observations_release) struct erg_observations o = {0};
	_cleanup_(erg_points_release) struct erg_points p = {0};

	init(&o);
	add(&o, "a", "1", 2, 10);
	add(&o, "a", "1", 2, 12);
	add(&o, "a", "1", 2, 14);
	add(&o, "a", "2", 1, 20);
	assert_int_equal(erg_observations_finish(&o, NULL), 0);
	assert_int_equal(erg_points_build(&o, &p, NULL), 0);
	assert_int_equal(p.n, 2);
	near(p.points[0].est[ERG_OBJ_ETS].value, 12, 1e-12);
	/* t(0.975, 2) = 4.302653, s = 2, n = 3 */
	near(p.points[0].est[ERG_OBJ_ETS].hi - 12, 4.302653 * 2 / sqrt(3), 1e-5);
	near(p.points[0].est[ERG_OBJ_EDP].value, 24, 1e-12);
	assert_true(isnan(p.points[1].est[ERG_OBJ_ETS].lo));
	assert_string_equal(p.points[1].est[ERG_OBJ_ETS].method, "single run");
	assert_true(isnan(erg_points_welch(&p.points[0], &p.points[1], ERG_OBJ_ETS)));
}

static void welch_agrees_with_a_worked_example(void **state)
{
	_cleanup_(erg_observations_release) struct erg_observations o = {0};
	_cleanup_(erg_points_release) struct erg_points p = {0};
	const double a[] = {27.5, 21.0, 19.0, 23.6, 17.0, 17.9},
		     b[] = {27.1, 22.0, 20.8, 23.4, 23.4, 23.5};

	init(&o);
	for (int i = 0; i < 6; i++) {
		add(&o, "g", "1", 1, a[i]);
		add(&o, "g", "2", 1, b[i]);
	}
	assert_int_equal(erg_observations_finish(&o, NULL), 0);
	assert_int_equal(erg_points_build(&o, &p, NULL), 0);
	/* t = -1.28963, dof = 7.63656; p by numerical integration of Student's density */
	near(erg_points_welch(&p.points[0], &p.points[1], ERG_OBJ_ETS), 0.234862, 1e-5);
}

static void the_front_has_no_dominated_point(void **state)
{
	_cleanup_(erg_observations_release) struct erg_observations o = {0};
	_cleanup_(erg_points_release) struct erg_points p = {0};
	const double t[] = {1, 2, 3, 4, 2, 1}, e[] = {9, 5, 5, 4, 5, 9.5};
	const bool front[] = {true, true, false, true, true, false};
	char name[8];

	init(&o);
	for (int i = 0; i < 6; i++) {
		snprintf(name, sizeof(name), "%d", i);
		add(&o, "g", name, t[i], e[i]);
	}
	assert_int_equal(erg_observations_finish(&o, NULL), 0);
	assert_int_equal(erg_points_build(&o, &p, NULL), 0);
	for (int i = 0; i < 6; i++)
		if (p.points[i].pareto != front[i])
			fail_msg("point %d: pareto is %d", i, p.points[i].pareto);
}

/* Adds three repetitions about T and E, spread by DT and DE to either side. */
static void add_three(struct erg_observations *o, const char *name, double t, double dt, double e,
	double de)
{
	for (int i = -1; i <= 1; i++)
		add(o, "g", name, t + i * dt, e + i * de);
}

/* Half widths are t(0.975, 2) / sqrt(3) = 2.48 spreads. */
static void overlapping_intervals_leave_the_front_undecided(void **state)
{
	_cleanup_(erg_observations_release) struct erg_observations o = {0};
	_cleanup_(erg_points_release) struct erg_points p = {0};
	/* by the values 0, 1 and 2 are on the front; 1 and 3 can be told apart neither in time nor
	 * in energy; 4 is worse than 0 in both beyond doubt */
	const bool front[] = {true, true, true, false, false};
	const bool decided[] = {true, false, true, false, true};

	init(&o);
	add_three(&o, "0", 1, 0.01, 20, 0.1);
	add_three(&o, "1", 2, 0.01, 10, 0.5);
	add_three(&o, "2", 3, 0.01, 5, 0.1);
	add_three(&o, "3", 2.01, 0.01, 10.5, 0.5);
	add_three(&o, "4", 1.5, 0.01, 25, 0.1);
	assert_int_equal(erg_observations_finish(&o, NULL), 0);
	assert_int_equal(erg_points_build(&o, &p, NULL), 0);
	for (int i = 0; i < 5; i++)
		if (p.points[i].pareto != front[i] || p.points[i].decided != decided[i])
			fail_msg("point %d: pareto %d, decided %d", i, p.points[i].pareto,
				p.points[i].decided);
}

/* What was measured once may be anything: it dominates nothing beyond doubt, and leaves nothing
 * but the dominated beyond doubt. */
static void a_single_run_decides_nothing(void **state)
{
	_cleanup_(erg_observations_release) struct erg_observations o = {0};
	_cleanup_(erg_points_release) struct erg_points p = {0};

	init(&o);
	add_three(&o, "0", 1, 0.01, 20, 0.1);
	add_three(&o, "1", 1.5, 0.01, 25, 0.1);
	add(&o, "g", "2", 9, 90);
	assert_int_equal(erg_observations_finish(&o, NULL), 0);
	assert_int_equal(erg_points_build(&o, &p, NULL), 0);
	assert_true(p.points[0].pareto && !p.points[0].decided);
	assert_true(!p.points[1].pareto && p.points[1].decided);
	assert_true(!p.points[2].pareto && !p.points[2].decided);
}

/* T = 0.2 + 600 / f, P = 2 + 8 (f / 1000)^3: energy has its minimum inside. */
static double model_t(double f)
{
	return 0.2 + 600 / f;
}

static double model_e(double f)
{
	return model_t(f) * (2 + 8 * pow(f / 1000, 3));
}

static json_t *sweep_model(const struct erg_sweep_options *opt)
{
	_cleanup_(erg_observations_release) struct erg_observations o = {0};
	json_t *doc = erg_document_new("sweep");
	char name[16];

	init(&o);
	for (int f = 200; f <= 1400; f += 200)
		for (int rep = -1; rep <= 1; rep++) {
			snprintf(name, sizeof(name), "%d", f);
			add(&o, "net", name, model_t(f) * (1 + 1e-4 * rep),
				model_e(f) * (1 + 1e-3 * rep));
		}
	assert_int_equal(erg_observations_finish(&o, NULL), 0);
	assert_int_equal(erg_sweep_document(&o, opt, doc, NULL), 0);
	return doc;
}

static double get(const json_t *j, const char *a, const char *b)
{
	j = json_object_get(j, a);
	return json_number_value(b ? json_object_get(j, b) : j);
}

static void a_sweep_finds_the_optimum_and_what_it_saves(void **state)
{
	struct erg_sweep_options opt = {.objective = ERG_OBJ_ETS, .budget_w = 8, .slack = 0.10};
	json_auto_t *doc = sweep_model(&opt);
	json_t *g = json_array_get(json_object_get(doc, "groups"), 0);
	json_t *best = json_object_get(json_object_get(g, "best"), "ets");
	json_t *ets = json_object_get(json_object_get(g, "optimum"), "ets");
	double f, best_f = 200;

	for (f = 200; f <= 1400; f += 200)
		if (model_e(f) < model_e(best_f))
			best_f = f;
	assert_int_equal(json_integer_value(json_object_get(best, "freq_mhz")), (int)best_f);
	assert_true(json_is_true(json_object_get(ets, "significant")));
	near(get(g, "ets_saving", NULL), 1 - model_e(best_f) / model_e(1400), 1e-6);
	near(get(g, "time_penalty", NULL), model_t(best_f) / model_t(1400) - 1, 1e-6);
	/* the continuous optimum, by a fine search */
	for (f = 200; model_e(f + 0.5) < model_e(f);)
		f += 0.5;
	near(get(json_object_get(ets, "between"), "value", NULL), f, 60);
	/* 2 + 8 f^3 <= 8 W: f <= 908 MHz */
	assert_int_equal(json_integer_value(
				 json_object_get(json_object_get(json_object_get(json_object_get(g,
											 "budget"),
									 "by_mean"),
							 "factors"),
					 "freq_mhz")),
		800);
	assert_int_equal(json_integer_value(
				 json_object_get(json_object_get(json_object_get(json_object_get(g,
											 "slack"),
									 "cheapest"),
							 "factors"),
					 "freq_mhz")),
		1400);
}

static double next_noise(uint32_t *seed)
{
	double sum = -6; /* of twelve uniform numbers: nearly normal, the same on every machine */

	for (int i = 0; i < 12; i++) {
		*seed = *seed * 1664525 + 1013904223;
		sum += (*seed >> 8) / 16777216.0;
	}
	return sum;
}

/* Two settings of 70 J and 100 J, five repetitions each with 3 %: a true saving of 30 %, 400 times. */
static void a_saving_is_within_its_interval(void **state)
{
	struct erg_sweep_options opt = {.objective = ERG_OBJ_ETS, .budget_w = NAN, .slack = NAN};
	uint32_t seed = 5;
	int covered = 0, time = 0;

	for (int k = 0; k < 400; k++) {
		_cleanup_(erg_observations_release) struct erg_observations o = {0};
		json_auto_t *doc = erg_document_new("sweep");
		struct erg_est e;
		json_t *g;

		init(&o);
		for (int i = 0; i < 5; i++) {
			add(&o, "net", "1", 2 * (1 + 0.01 * next_noise(&seed)),
				70 * (1 + 0.03 * next_noise(&seed)));
			add(&o, "net", "2", 1 * (1 + 0.01 * next_noise(&seed)),
				100 * (1 + 0.03 * next_noise(&seed)));
		}
		assert_int_equal(erg_observations_finish(&o, NULL), 0);
		assert_int_equal(erg_sweep_document(&o, &opt, doc, NULL), 0);
		g = json_array_get(json_object_get(doc, "groups"), 0);
		e = erg_est_from_json(json_object_get(json_object_get(g, "savings"), "ets"));
		near(e.value, get(g, "ets_saving", NULL), 1e-9);
		assert_string_equal(e.method, "repetitions");
		covered += e.lo <= 0.3 && 0.3 <= e.hi;
		e = erg_est_from_json(
			json_object_get(json_object_get(g, "savings"), "time_penalty"));
		time += e.lo <= 1 && 1 <= e.hi;
	}
	assert_in_range(covered, 372, 396); /* 93 to 99 % */
	assert_in_range(time, 372, 396);
}

/* Offset and gain are the sensor's, in both points: what is the same share of both cancels. */
static void the_sensors_error_cancels_in_a_saving(void **state)
{
	_cleanup_(erg_observations_release) struct erg_observations o = {0};
	struct erg_sweep_options opt = {.objective = ERG_OBJ_ETS, .budget_w = NAN, .slack = NAN};
	json_auto_t *doc = erg_document_new("sweep");
	const json_t *g;
	struct erg_est e;

	init(&o);
	for (int i = -1; i <= 1; i++)
		for (int f = 1; f <= 2; f++) {
			double j = 50 * f + 0.01 * i;
			struct erg_obs *b = add(&o, "net", f == 1 ? "1" : "2", 3 - f, j);

			b->ets = (struct erg_est){j, j - 5 * f, j + 5 * f, 0, 5 * f, "nnls"};
		}
	assert_int_equal(erg_observations_finish(&o, NULL), 0);
	assert_int_equal(erg_sweep_document(&o, &opt, doc, NULL), 0);
	g = json_array_get(json_object_get(doc, "groups"), 0);
	e = erg_est_from_json(json_object_get(json_object_get(g, "savings"), "ets"));
	near(e.value, 0.5, 1e-6);
	assert_true(e.hi - e.lo < 0.002);
	e = erg_est_from_json(
		json_object_get(json_array_get(json_object_get(g, "points"), 0), "ets_j"));
	assert_true(e.hi - e.lo > 10);
}

static void sensitivity_tells_memory_from_compute(void **state)
{
	struct erg_sweep_options opt = {.objective = ERG_OBJ_ETS, .budget_w = NAN, .slack = NAN};
	json_auto_t *doc = sweep_model(&opt);
	json_t *s =
		json_object_get(json_array_get(json_object_get(doc, "groups"), 0), "sensitivity");
	const double f[] = {500, 700, 900, 1100}, flat[] = {1, 1, 1, 1}, two[] = {500, 500, 700};
	double compute[4];

	near(json_number_value(json_object_get(json_object_get(s, "t_mem_s"), "value")), 0.2, 1e-6);
	near(json_number_value(json_object_get(json_object_get(s, "cycles"), "value")), 600, 1e-3);
	near(json_number_value(json_object_get(s, "memory_share")), 0.2 / model_t(1400), 1e-6);
	assert_string_equal(erg_sensitivity_fit(f, flat, 4).bound, "memory");
	for (int i = 0; i < 4; i++)
		compute[i] = 300 / f[i];
	assert_string_equal(erg_sensitivity_fit(f, compute, 4).bound, "compute");
	assert_string_equal(erg_sensitivity_fit(two, flat, 3).bound, "unresolved");
}

static void one_repetition_is_said(void **state)
{
	_cleanup_(erg_observations_release) struct erg_observations o = {0};
	struct erg_sweep_options opt = {.objective = ERG_OBJ_EDP, .budget_w = NAN, .slack = NAN};
	json_auto_t *doc = erg_document_new("sweep");

	init(&o);
	add(&o, "g", "1", 1, 1);
	add(&o, "g", "2", 1, 2);
	assert_int_equal(erg_observations_finish(&o, NULL), 0);
	assert_int_equal(erg_sweep_document(&o, &opt, doc, NULL), 0);
	assert_string_equal(json_string_value(
				    json_object_get(json_array_get(json_object_get(doc, "warnings"),
							    0),
					    "code")),
		"single");
}

static void write_table(const char *text)
{
	FILE *f = fopen("table.csv", "w");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static void tables_are_read_and_refused(void **state)
{
	static const char *const group[] = {"net"};
	static const struct {
		const char *text, *message;
	} bad[] = {
		{"net,f,time_s,power_w\na,1,2,x\na,2,2,1\n", "line 2"},
		{"net,f,time_s,power_w\na,1,2,3\na,2,,3\n", "line 3"},
		{"net,f,time_s,power_w\na,1,2,3\na,2,-1,3\n", "more than 0"},
		{"net,f,time_s\na,1,2\n", "energy_j"},
		{"net,f,power_w\na,1,2\n", "time_s"},
		{"net,time_s,power_w\na,1,2\n", "no column varies"},
	};

	{
		_cleanup_(erg_observations_release) struct erg_observations o = {0};

		write_table("net,f,time_s,power_w\na,1,2,3\na,2,1,5\nb,1,2,3\n");
		assert_int_equal(erg_observations_from_table("table.csv", NULL, 0, group, 1, &o,
					 NULL),
			0);
		assert_int_equal(o.n, 3);
		near(o.obs[0].energy_j, 6, 1e-12);
	}
	for (size_t i = 0; i < ERG_ARRAY_SIZE(bad); i++) {
		_cleanup_(erg_observations_release) struct erg_observations o = {0};
		struct erg_err err = {0};

		write_table(bad[i].text);
		assert_true(
			erg_observations_from_table("table.csv", NULL, 0, group, 1, &o, &err) < 0);
		if (!strstr(err.msg, bad[i].message))
			fail_msg("'%s' does not say '%s'", err.msg, bad[i].message);
	}
	unlink("table.csv");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(levels_of_numbers_are_ordered_by_value),
		cmocka_unit_test(repetitions_give_students_interval),
		cmocka_unit_test(welch_agrees_with_a_worked_example),
		cmocka_unit_test(the_front_has_no_dominated_point),
		cmocka_unit_test(overlapping_intervals_leave_the_front_undecided),
		cmocka_unit_test(a_single_run_decides_nothing),
		cmocka_unit_test(a_saving_is_within_its_interval),
		cmocka_unit_test(the_sensors_error_cancels_in_a_saving),
		cmocka_unit_test(a_sweep_finds_the_optimum_and_what_it_saves),
		cmocka_unit_test(sensitivity_tells_memory_from_compute),
		cmocka_unit_test(one_repetition_is_said),
		cmocka_unit_test(tables_are_read_and_refused),
	};
	char dir[] = "/tmp/erg-experiment-XXXXXX";

	if (!mkdtemp(dir) || chdir(dir))
		return 99;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
