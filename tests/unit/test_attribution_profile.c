/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Power that is not the same all through a layer: what the test of its halves sees and what its columns are, by
 * arithmetic by hand; and whole runs whose layers' power rises or falls, with an exactly integrated truth.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analyze/attribution/curve.h"
#include "analyze/attribution/sensor_columns.h"
#include "analyze/attribution/halves.h"
#include "analyze/attribution/profile.h"
#include "analyze/attribution/view.h"
#include "formats/base/util.h"
#include "tests/accuracy/scene.h"
#include "tests/unit/attribution_run.h"

#define T0 1000
#define MS 1e6

/* Layer 0 for 4 ms, layer 1 for 4 ms, layer 0 again. */
struct three {
	struct erg_timeline tl;
	struct erg_tl_layer layers[2];
	struct erg_tl_track track;
	struct attr_view view;
};

static void three_setup(struct three *p)
{
	struct erg_attr_options opt;

	memset(p, 0, sizeof(*p));
	p->tl = (struct erg_timeline){.archive = (char *)"three",
		.begin = T0,
		.end = T0 + 12000000,
		.layers = p->layers,
		.n_layers = 2,
		.tracks = &p->track,
		.n_tracks = 1};
	p->layers[0].parent = p->layers[1].parent = ERG_NONE;
	p->tl.iv.layer = calloc(3, sizeof(*p->tl.iv.layer));
	p->tl.iv.iteration = calloc(3, sizeof(*p->tl.iv.iteration));
	p->tl.iv.track = calloc(3, sizeof(*p->tl.iv.track));
	for (uint64_t i = 0; i < 3; i++) {
		p->tl.iv.layer[p->tl.iv.n++] = i % 2;
		assert_int_equal(erg_times_push(&p->tl.iv.begin, T0 + i * 4000000), 0);
		assert_int_equal(erg_times_push(&p->tl.iv.end, T0 + (i + 1) * 4000000), 0);
	}
	erg_attr_options_init(&opt);
	assert_int_equal(attr_view_build(&(struct attr_source){.tl = &p->tl}, &opt,
				 &(struct attr_gap_rules){1e8, 1e8, {0, 0, 0}}, &p->view, NULL),
		0);
}

static void three_teardown(struct three *p)
{
	attr_view_release(&p->view);
	free(p->tl.iv.layer);
	free(p->tl.iv.iteration);
	free(p->tl.iv.track);
	erg_times_release(&p->tl.iv.begin);
	erg_times_release(&p->tl.iv.end);
}

/* Of layer K in the last reading looked at; 0 where it has no column there. */
static double half_of(const struct attr_halves *h, uint32_t k)
{
	for (size_t i = 0; i < h->n_at; i++)
		if (h->at[i] == h->slot[k])
			return h->z[i];
	return 0;
}

static void test_halves(void **state)
{
	struct attr_halves h;
	struct three p;

	three_setup(&p);
	assert_int_equal(attr_halves_open(&h, &p.view), 0);
	assert_int_equal(h.n, 2);
	/* 3 .. 5 ms: half of the window is the end of layer 0, half the begin of layer 1 */
	attr_halves_look(&h, &(struct attr_look){.end = 5 * MS, .window = 2 * MS}, 0);
	close_to(half_of(&h, 0), -0.5, 1e-12);
	close_to(half_of(&h, 1), 0.5, 1e-12);
	/* 1 .. 3 ms: as much of the first half as of the second */
	attr_halves_look(&h, &(struct attr_look){.end = 3 * MS, .window = 2 * MS}, 0);
	close_to(half_of(&h, 0), 0, 1e-12);
	/* 3 .. 10 ms: layer 1 as a whole; of layer 0 1 ms of a second half and 2 of a first one */
	attr_halves_look(&h, &(struct attr_look){.end = 10 * MS, .window = 7 * MS}, 0);
	close_to(half_of(&h, 1), 0, 1e-12);
	close_to(half_of(&h, 0), (2. - 1) / 7, 1e-12);
	/* the window of 2 ms ended somewhere in 4 .. 5 ms: 0.5 ms of layer 1 on average */
	attr_halves_look(&h, &(struct attr_look){.end = 5 * MS, .window = 2 * MS, .stale = MS}, 0);
	close_to(half_of(&h, 1), 0.25, 1e-12);
	close_to(half_of(&h, 0), -0.75, 1e-12);
	/* 4 .. 8 ms behind a low-pass of 1 ms, of which a few points stand for all: what the triangle of layer 1 is at
	 * 8 ms less x, by the integral of e^-x over x, ms */
	attr_halves_look(&h, &(struct attr_look){.end = 8 * MS, .window = 4 * MS}, 1 * MS);
	close_to(half_of(&h, 1), (1 - 2 * exp(-2) + exp(-4)) / 4, 0.03);
	attr_halves_close(&h);
	three_teardown(&p);
}

static double mean_of(const struct attr_view *v, const double *power, double from, double to)
{
	const double tau = 0;
	struct attr_curve c;
	size_t hint[2] = {0};
	double mean;

	assert_int_equal(attr_curve_open(&c, v, power, &tau, 1), 0);
	assert_int_equal(attr_curve_cover(&c, 0, 12 * MS), 0);
	mean = attr_curve_mean(&c, 0, to, to - from, 0, hint);
	attr_curve_close(&c);
	return mean;
}

static void shares_sum_to_one(const struct attr_view *v)
{
	for (size_t i = 0; i < v->n; i++) {
		double sum = 0;

		for (uint32_t e = attr_first(v, i); e < attr_first(v, i + 1); e++)
			sum += (double)v->share[e];
		close_to(sum, 1, 1e-6);
	}
}

/* Layer 0 goes from 2 to 6 W, layer 1 has 10 W. */
static void test_ramp_columns(void **state)
{
	const uint8_t profile[] = {ATTR_RAMP, ATTR_EVEN, ATTR_EVEN, ATTR_EVEN};
	const double power[] = {2, 6, 10};
	double joules = 0;
	struct three p;

	three_setup(&p);
	assert_int_equal(p.view.n_cols, 2);
	assert_int_equal(attr_profile_view(&p.view, profile, 2 * MS, NULL), 0);
	assert_int_equal(p.view.n_cols, 3);
	assert_int_equal(attr_begin(&p.view, p.view.n), T0 + 12000000);
	shares_sum_to_one(&p.view);
	close_to(p.view.col_time[0], 4e-3, 1e-9);
	close_to(p.view.col_time[1], 4e-3, 1e-9);
	close_to(p.view.col_time[2], 4e-3, 1e-9);
	assert_int_equal(p.view.col_class[1], 0);
	assert_int_equal(p.view.col_class[2], 1);
	close_to(mean_of(&p.view, power, 0, 2 * MS), 3, 1e-5);
	close_to(mean_of(&p.view, power, 2 * MS, 4 * MS), 5, 1e-5);
	close_to(mean_of(&p.view, power, 3 * MS, 5 * MS), (5.5 + 10) / 2, 1e-5);
	for (size_t c = 0; c < 3; c++)
		joules += attr_col_energy(&p.view, power, c);
	close_to(joules, 8e-3 * 4 + 4e-3 * 10, 1e-9);
	three_teardown(&p);
}

static void test_halves_columns(void **state)
{
	const uint8_t profile[] = {ATTR_HALVES, ATTR_EVEN, ATTR_EVEN, ATTR_EVEN};
	const double power[] = {2, 6, 10};
	struct three p;

	three_setup(&p);
	assert_int_equal(attr_profile_view(&p.view, profile, 2 * MS, NULL), 0);
	assert_int_equal(p.view.n, 5);
	shares_sum_to_one(&p.view);
	close_to(mean_of(&p.view, power, 1 * MS, 3 * MS), 4, 1e-9);
	close_to(mean_of(&p.view, power, 8 * MS, 9 * MS), 2, 1e-9);
	close_to(p.view.col_time[1], 4e-3, 1e-9);
	three_teardown(&p);
}

/* Of the ramps of all layers, that a watt more at the end has, what was spent from FROM to TO, ns. */
static double ramp_joules(const struct scene_trace *t, const double *slope, double from, double to)
{
	static size_t at; /* readings come in order */
	double sum = 0;

	while (at && (double)t->seg.begin[at] > from)
		at--;
	while (at + 1 < t->seg.n && (double)t->seg.begin[at + 1] <= from)
		at++;
	for (size_t i = at; i < t->seg.n && (double)t->seg.begin[i] < to; i++) {
		double begin = (double)t->seg.begin[i], d = (double)t->seg.begin[i + 1] - begin;
		double u0 = fmax(from - begin, 0) / d, u1 = fmin(to - begin, d) / d;

		/* the integral of 2 u - 1 */
		sum += slope[t->seg.class_[i]] * d * 1e-9 * (u1 * u1 - u1 - u0 * u0 + u0);
	}
	return sum;
}

/* Readings of layers that go from 60 % of their power to 140 %, or the other way. */
static void add_ramps(const struct scene *s, struct scene_trace *t)
{
	double slope[64] = {0}, window = s->window_s * 1e9;

	for (size_t k = 0; k < s->layers; k++)
		slope[k] = (k % 3 ? 0.4 : -0.4) * t->energy_j[k] / t->time_s[k];
	for (size_t i = 0; i < t->rail.n; i++) {
		double end = (double)t->rail.t[i];

		t->rail.v[i] += ramp_joules(t, slope, end - window, end) / s->window_s;
	}
}

static void run_ramps(enum erg_provenance provenance, struct scene *s, struct result *r)
{
	struct erg_err err = {0};

	scene_defaults(s);
	s->run_s = 40;
	scene_make(s, &r->t);
	add_ramps(s, &r->t);
	r->t.rail.model.provenance = provenance;
	if (attribute(&r->t, NULL, &r->a, &err) < 0)
		fail_msg("%s", err.msg);
}

static const struct erg_attr_test *test_named(const struct erg_attr *a, const char *name)
{
	for (size_t i = 0; i < a->model.n_tests; i++)
		if (!strcmp(a->model.tests[i].name, name))
			return &a->model.tests[i];
	return NULL;
}

static void test_ramps(void **state)
{
	struct scene s;
	struct result r;
	size_t held = 0;

	run_ramps(ERG_PROVENANCE_DATASHEET, &s, &r);
	assert_null(r.a->misfit);
	assert_int_equal(r.a->model.profiles, s.layers);
	assert_non_null(test_named(r.a, "profile"));
	assert_true(test_named(r.a, "profile")->p > 1e-4);
	for (size_t k = 0; k < s.layers; k++) {
		const struct erg_est *e = &r.a->classes[k].energy_j;

		assert_true(erg_est_resolved(e));
		assert_true(error_of(&r, k) < 0.03);
		held += e->lo <= r.t.energy_j[k] && r.t.energy_j[k] <= e->hi;
	}
	assert_true(held + 2 >= s.layers);
	done(&r);
}

/* Of a sensor that nobody declared no profile is believed. */
static void test_ramps_refused(void **state)
{
	struct scene s;
	struct result r;

	run_ramps(ERG_PROVENANCE_ASSUMED, &s, &r);
	assert_non_null(r.a->misfit);
	assert_int_equal(r.a->model.profiles, 0);
	for (size_t k = 0; k < s.layers; k++)
		assert_false(erg_est_resolved(&r.a->classes[k].energy_j));
	done(&r);
}

/* Without ramps nothing is made of any: no column more, and the test passes. */
static void test_even(void **state)
{
	struct scene s;
	struct result r;

	scene_defaults(&s);
	s.run_s = 40;
	run(&s, NULL, &r);
	assert_null(r.a->misfit);
	assert_int_equal(r.a->model.profiles, 0);
	assert_true(test_named(r.a, "profile")->p > 1e-4);
	done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_halves),
		cmocka_unit_test(test_ramp_columns),
		cmocka_unit_test(test_halves_columns),
		cmocka_unit_test(test_ramps),
		cmocka_unit_test(test_ramps_refused),
		cmocka_unit_test(test_even),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
