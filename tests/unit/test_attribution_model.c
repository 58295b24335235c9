/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The parts by which the attribution doubts its own model, against arithmetic by hand: the curve of
 * the power and its low-pass, the moves of a sensor, durations that fall into clusters; and whole runs
 * in which the sensor is another than the one declared.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analyze/attribution/curve.h"
#include "analyze/attribution/sensor_columns.h"
#include "analyze/attribution/instances.h"
#include "analyze/attribution/judge.h"
#include "analyze/attribution/kernel.h"
#include "analyze/attribution/late_in_layer.h"
#include "analyze/attribution/misfit.h"
#include "analyze/attribution/readings.h"
#include "analyze/attribution/recurrence.h"
#include "analyze/attribution/run.h"
#include "analyze/attribution/state.h"
#include "analyze/attribution/view.h"
#include "formats/base/util.h"
#include "tests/accuracy/scene.h"
#include "tests/unit/attribution_run.h"

/* Layer 0 for a while, then layer 1 for as long, then layer 0 again, and so on. */
struct pair {
	struct erg_timeline tl;
	struct erg_tl_layer layers[2];
	struct erg_tl_track track;
	struct attr_view view;
};

static void many_setup(struct pair *p, size_t n, uint64_t ns)
{
	struct erg_attr_options opt;

	memset(p, 0, sizeof(*p));
	p->tl = (struct erg_timeline){.archive = (char *)"pair",
		.begin = 1000,
		.end = 1000 + n * ns,
		.layers = p->layers,
		.n_layers = 2,
		.tracks = &p->track,
		.n_tracks = 1};
	p->layers[0].parent = p->layers[1].parent = ERG_NONE;
	p->tl.iv.layer = calloc(n, sizeof(*p->tl.iv.layer));
	p->tl.iv.iteration = calloc(n, sizeof(*p->tl.iv.iteration));
	p->tl.iv.track = calloc(n, sizeof(*p->tl.iv.track));
	for (size_t i = 0; i < n; i++) {
		p->tl.iv.layer[p->tl.iv.n++] = i % 2;
		assert_int_equal(erg_times_push(&p->tl.iv.begin, 1000 + i * ns), 0);
		assert_int_equal(erg_times_push(&p->tl.iv.end, 1000 + (i + 1) * ns), 0);
	}
	erg_attr_options_init(&opt);
	assert_int_equal(attr_view_build(&(struct attr_source){.tl = &p->tl}, &opt,
				 &(struct attr_gap_rules){1e8, 1e8, {0, 0, 0}}, &p->view, NULL),
		0);
}

static void pair_setup(struct pair *p)
{
	many_setup(p, 3, 4000000);
}

static void pair_teardown(struct pair *p)
{
	attr_view_release(&p->view);
	free(p->tl.iv.layer);
	free(p->tl.iv.iteration);
	free(p->tl.iv.track);
	erg_times_release(&p->tl.iv.begin);
	erg_times_release(&p->tl.iv.end);
}

/* 2 W for 4 ms, then 10 W: a window over the edge, and behind a low-pass of 1 ms. */
static void test_curve(void **state)
{
	const double power[] = {2, 10}, tau[] = {0, 1e6};
	struct attr_curve c;
	struct pair p;
	size_t hint[2] = {0};

	pair_setup(&p);
	assert_int_equal(attr_curve_open(&c, &p.view, power, tau, 2), 0);
	assert_int_equal(attr_curve_cover(&c, 0, 12e6), 0);
	/* 3 .. 5 ms: half and half */
	close_to(attr_curve_mean(&c, 0, 5e6, 2e6, 0, hint), 6, 1e-9);
	/* the end somewhere in 5 .. 7 ms: the share of 10 W goes from 1/2 to 1 within 1 ms */
	close_to(attr_curve_mean(&c, 0, 7e6, 2e6, 2e6, hint), 2 + 8 * 0.875, 0.01);
	/* y(t) = 10 - 8 exp(-(t - 4 ms) / tau): its mean over 4 .. 6 ms */
	close_to(attr_curve_mean(&c, 1, 6e6, 2e6, 0, hint), 10 - 8 * (1 - exp(-2)) / 2, 1e-9);
	attr_curve_close(&c);
	pair_teardown(&p);
}

/* Behind the same low-pass, windows of 2 ms whose ends are somewhere in 1.6 ms: the mean of eight, of which some or
 * all end after the edge. */
static void test_curve_of_many_ends(void **state)
{
	const double power[] = {2, 10}, tau[] = {1e6};
	double after = 0, across = 0;
	struct attr_curve c;
	struct pair p;
	size_t hint[2] = {0};

	pair_setup(&p);
	assert_int_equal(attr_curve_open(&c, &p.view, power, tau, 1), 0);
	assert_int_equal(attr_curve_cover(&c, 0, 8e6), 0);
	for (int i = 0; i < 8; i++) {
		double end = 3.6 - 0.1 - 0.2 * i,
		       rest = 0.8 - 0.1 - 0.2 * i; /* ms after the edge */

		after += 10 - 4 * (exp(2 - end) - exp(-end));
		across += 2 + (rest > 0 ? 4 * (rest - 1 + exp(-rest)) : 0);
	}
	close_to(attr_curve_mean(&c, 0, 7.6e6, 2e6, 1.6e6, hint), after / 8, 1e-9);
	close_to(attr_curve_mean(&c, 0, 4.8e6, 2e6, 1.6e6, hint), across / 8, 1e-9);
	attr_curve_close(&c);
	pair_teardown(&p);
}

/* 1,000 segments of 0.1 ms, of which two windows ask for a few: the others are left out, and the low-pass has forgotten
 * that. */
static void test_curve_leaves_out(void **state)
{
	const double power[] = {2, 10}, tau[] = {20e3};
	struct attr_curve all, few;
	struct pair p;
	size_t hint[2][2] = {{0}};

	many_setup(&p, 1000, 100000);
	assert_int_equal(attr_curve_open(&all, &p.view, power, tau, 1), 0);
	assert_int_equal(attr_curve_open(&few, &p.view, power, tau, 1), 0);
	assert_int_equal(attr_curve_cover(&all, 0, 100e6), 0);
	for (double at = 20e6; at < 100e6; at += 35e6) {
		assert_int_equal(attr_curve_cover(&few, at - 1e6, at), 0);
		close_to(attr_curve_mean(&few, 0, at, 0.13e6, 0, hint[0]),
			attr_curve_mean(&all, 0, at, 0.13e6, 0, hint[1]), 1e-7);
	}
	assert_true(few.work < all.work / 3);
	attr_curve_close(&all);
	attr_curve_close(&few);
	pair_teardown(&p);
}

/* 100 segments of 1 ms, kept while the windows move on: the sums of what stays do not change. */
static void test_curve_moves_on(void **state)
{
	enum { N = 100, GROUPS = ATTR_GROUPS };
	struct attr_curve c = {.n_tau = 1, .n_groups = GROUPS};
	size_t hint[2] = {0};
	double *of[] = {NULL, NULL, NULL, NULL};

	for (size_t i = 0; i < 4; i++) {
		of[i] = calloc(N + 1, sizeof(double));
		assert_non_null(of[i]);
	}
	c.edge = of[0];
	c.sum = of[1];
	c.p = of[2];
	c.y[0] = of[3];
	for (size_t g = 0; g < GROUPS; g++) {
		c.group[g] = calloc(N + 1, sizeof(double));
		assert_non_null(c.group[g]);
	}
	c.n = N;
	c.cap = N + 1;
	for (size_t i = 0; i <= N; i++) {
		c.edge[i] = (double)i * 1e6;
		c.sum[i] = 3 * c.edge[i];
		for (size_t g = 0; g < GROUPS; g++)
			c.group[g][i] = (double)(g + 1) * c.edge[i] * c.edge[i] / 1e8;
		if (i < N)
			c.p[i] = 3;
	}
	c.at_end = true;
	c.span = 60e6;
	attr_curve_drop(&c, 40e6);
	assert_int_equal(c.n, 60);
	close_to(c.edge[0], 40e6, 1e-3);
	close_to(attr_curve_mean(&c, 0, 90e6, 20e6, 0, hint), 3, 1e-12);
	for (size_t g = 0; g < GROUPS; g++) {
		/* (55^2 - 45^2) / 10 and (85^2 - 75^2) / 10, of hundreds */
		close_to(attr_curve_group(&c, g, 55e6, 10e6, hint), (double)g + 1, 1e-9);
		close_to(attr_curve_group(&c, g, 85e6, 10e6, hint), 1.6 * ((double)g + 1), 1e-9);
	}
	attr_curve_close(&c);
}

/* The same window, as a row of occupancies: what the curve says is the row times the powers. */
static void test_low_pass_row(void **state)
{
	struct attr_shape shape = {.kind = ERG_SENSOR_BOXCAR, .window_ns = 2e6, .rc_ns = 1e5};
	uint64_t t[1] = {1000 + 6000000};
	double v[1] = {0};
	struct attr_readings r = {.n = 1, .t = t, .v = v, .spacing_ns = 1e6};
	struct attr_kernel k;
	struct attr_row *row;
	struct pair p;

	pair_setup(&p);
	assert_int_equal(attr_kernel_open(&k, &p.view, &r, &shape, 0, 1, NULL), 0);
	row = attr_kernel_next(&k);
	assert_non_null(row);
	assert_int_equal(row->n, 2);
	/* layer 0 ended 2 ms before: its share is tau / W (1 - exp(-W / tau)) */
	close_to(row->a[0], 0.05, 1e-6);
	close_to(row->a[0] + row->a[1], 1, 1e-12);
	attr_kernel_close(&k);
	pair_teardown(&p);
}

/* The middle of the kernel stays where it is while the window and the low-pass grow. */
static void test_shape_move(void **state)
{
	struct attr_shape s = {.kind = ERG_SENSOR_BOXCAR, .window_ns = 2e6, .lag_ns = 1e6};
	const double wider[ATTR_PSI] = {0, 1e6, 0, 0}, slower[ATTR_PSI] = {0, 0, 9e10, 1e-5};

	close_to(attr_delay_of(&s), 2e6, 1e-6);
	attr_shape_move(&s, wider);
	close_to(s.window_ns, 3e6, 1e-6);
	close_to(s.lag_ns, 0.5e6, 1e-6);
	attr_shape_move(&s, slower);
	close_to(s.rc_ns, 3e5, 1e-6);
	close_to(s.lag_ns, 0.2e6, 1e-6);
	close_to(s.skew, 1e-5, 1e-18);
	close_to(attr_delay_of(&s), 2e6, 1e-6);
}

static void test_cut_durations(void **state)
{
	double even[40], two[40], tail[40];

	for (size_t i = 0; i < 40; i++) {
		even[i] = 14 + 0.01 * (double)i;
		two[i] = (i < 25 ? 14 : 14.5) + 0.001 * (double)i;
		tail[i] = i < 38 ? 14 + 0.001 * (double)i : 17;
	}
	assert_int_equal(attr_cut_durations(even, 40), 0);
	assert_int_equal(attr_cut_durations(two, 40), 25);
	assert_int_equal(attr_cut_durations(tail, 40), 38);
	assert_int_equal(attr_cut_durations(two, 5), 0);
}

/* Layer 0 lasts 1 ms, but for eight times in two hundred, when it lasts from 2 to 9 ms; layer 1 lasts 2 ms,
 * but for eight times 5 ms: those are of a second kind, and stay whole. */
static void cut_stalls(enum erg_attr_stall stall)
{
	struct attr_view v = {.n = 400, .gap_class = 2};
	uint8_t parent[2] = {0};
	uint64_t t = 0, work = 0;
	size_t held = 0;

	v.col = calloc(v.n, sizeof(*v.col));
	for (size_t i = 0; i < v.n; i++) {
		size_t k = i / 50 + 2;

		v.col[i] = i % 2;
		assert_int_equal(erg_times_push(&v.begin, t), 0);
		t += i % 50 > 1 ? (i % 2 ? 2000000 : 1000000 + 100 * (i % 7))
			: i % 2 ? 5000000
				: k * 1000000;
	}
	assert_int_equal(erg_times_push(&v.begin, t), 0);
	assert_int_equal(attr_cut_stalls(&v, parent, &(struct attr_phases){.n = 1}, stall, NULL),
		0);
	assert_int_equal(v.n, stall == ERG_STALL_AMID ? 416 : 408);
	assert_int_equal(attr_begin(&v, v.n), t);
	for (size_t i = 0; i < v.n; i++) {
		uint64_t d = attr_begin(&v, i + 1) - attr_begin(&v, i);
		bool before = stall != ERG_STALL_BEFORE, after = stall != ERG_STALL_AFTER;

		held += v.tail[i];
		work += v.tail[i] || v.col[i] ? 0 : d;
		assert_true(v.col[i] == 0 || (!v.tail[i] && (d == 2000000 || d == 5000000)));
		if (!v.tail[i])
			continue;
		/* the wait is what an instance takes beyond 1 ms, and has its work on the sides it should */
		assert_true(d > (held + 1) * 1000000 - 1001000 && d <= held * 1000000);
		assert_int_equal(i && v.col[i - 1] == 0, before);
		assert_int_equal(v.col[i + 1] == 0, after);
	}
	assert_int_equal(held, 8);
	assert_true(work >= 200 * 1000000ull && work < 200 * 1001000ull);
	attr_view_release(&v);
}

static void test_cut_stalls(void **state)
{
	cut_stalls(ERG_STALL_AFTER);
	cut_stalls(ERG_STALL_BEFORE);
	cut_stalls(ERG_STALL_AMID);
}

/* Iterations of 7 ms: a layer of 1 ms, one of 2, a gap, a layer of 3 that runs twice in turn with a short one; each tenth is
 * 3 ms longer by a layer that runs in no other. */
static void test_recurrence(void **state)
{
	static const uint8_t col[] = {0, 1, 4, 2, 3, 2};
	static const uint64_t ms[] = {1, 2, 1, 1, 1, 1};
	uint32_t class_of[] = {0, 1, 2, 3, 4, 5};
	struct attr_view v = {.gap_class = 4, .col_class = class_of};
	uint64_t t = 5000000;
	double after;

	v.col = calloc(300, sizeof(*v.col));
	for (size_t i = 0; i < 240; i++) {
		v.col[v.n++] = col[i % 6];
		assert_int_equal(erg_times_push(&v.begin, t), 0);
		t += ms[i % 6] * 1000000;
		if (i % 60 != 59)
			continue;
		v.col[v.n++] = 3;
		assert_int_equal(erg_times_push(&v.begin, t), 0);
		t += 3000000;
	}
	assert_int_equal(erg_times_push(&v.begin, t), 0);
	assert_int_equal(attr_recurrence(&v, 0, &after, NULL), 0);
	assert_true(after == 7e6);
	assert_int_equal(attr_recurrence(&v, v.n - 5, &after, NULL),
		0); /* nothing begins there twice but layer 2 */
	assert_true(after == 2e6);
	assert_int_equal(attr_recurrence(&v, v.n - 1, &after, NULL), 0);
	assert_true(after == 0);
	v.col_class = NULL;
	attr_view_release(&v);
}

/* A layer of 1 ms, which in each of twelve phases of another name lasts from 4 to 26 ms: that is another work, and no wait.
 * One of its others lasts 9 ms, which is one. */
static void test_long_phases_are_no_stalls(void **state)
{
	struct erg_tl_phase phase[24];
	struct erg_timeline tl = {.phases = phase, .n_phases = 24};
	struct attr_view v = {.n = 240, .gap_class = 1};
	struct attr_phases phases;
	uint8_t parent[1] = {0};
	uint64_t t = 0;

	v.col = calloc(v.n, sizeof(*v.col));
	for (size_t i = 0; i < v.n; i++) {
		size_t k = i / 20;

		assert_int_equal(erg_times_push(&v.begin, t), 0);
		if (i % 20 == 0)
			phase[2 * k] = (struct erg_tl_phase){.name = (char *)"prefill", .begin = t};
		t += i % 20 == 0 ? (4 + 2 * k) * 1000000 : i == 130 ? 9000000 : 1000000;
		if (i % 20 == 0)
			phase[2 * k + 1] =
				(struct erg_tl_phase){.name = (char *)"decode", .begin = t};
		phase[2 * k + (i % 20 != 0)].end = t;
	}
	assert_int_equal(erg_times_push(&v.begin, t), 0);
	assert_int_equal(attr_phases_find(&tl, &phases, NULL), 0);
	assert_int_equal(attr_cut_stalls(&v, parent, &phases, ERG_STALL_AFTER, NULL), 0);
	assert_int_equal(v.n, 241);
	for (size_t i = 0; i < v.n; i++)
		assert_int_equal(v.tail[i], i == 131);
	attr_phases_release(&phases);
	attr_view_release(&v);
}

/* A layer of 1 ms, N times, the gaps after it as GAP says (ns). */
static void gaps_setup(struct pair *p, size_t n, uint64_t (*gap)(size_t))
{
	struct erg_attr_options opt;
	uint64_t t = 1000;

	memset(p, 0, sizeof(*p));
	p->tl = (struct erg_timeline){.archive = (char *)"gaps",
		.begin = 1000,
		.layers = p->layers,
		.n_layers = 1,
		.tracks = &p->track,
		.n_tracks = 1};
	p->layers[0].parent = ERG_NONE;
	p->tl.iv.layer = calloc(n, sizeof(*p->tl.iv.layer));
	p->tl.iv.iteration = calloc(n, sizeof(*p->tl.iv.iteration));
	p->tl.iv.track = calloc(n, sizeof(*p->tl.iv.track));
	for (size_t i = 0; i < n; i++, p->tl.iv.n++) {
		assert_int_equal(erg_times_push(&p->tl.iv.begin, t), 0);
		assert_int_equal(erg_times_push(&p->tl.iv.end, t + 1000000), 0);
		t += 1000000 + gap(i);
	}
	p->tl.end = t;
	erg_attr_options_init(&opt);
	assert_int_equal(attr_view_build(&(struct attr_source){.tl = &p->tl}, &opt,
				 &(struct attr_gap_rules){1e8, 1e8, {0, 0, 0}}, &p->view, NULL),
		0);
}

/* Of any length from 10 to 500 us, and after each 100 layers 30 ms. */
static uint64_t rare_pauses(size_t i)
{
	return i % 100 == 99 ? 30000000 : (uint64_t)(1e4 * exp(log(50) * (double)(i % 37) / 36));
}

/* 20 us between layers, 2 ms between iterations, and 40 ms after each twentieth of those. */
static uint64_t three_gaps(size_t i)
{
	return i % 200 == 199 ? 40000000 : i % 10 == 9 ? 2000000 : 20000;
}

static uint64_t even_gaps(size_t i)
{
	return 100000 + 1000 * (i % 90);
}

static void test_gaps(void **state)
{
	struct pair p;

	gaps_setup(&p, 2000, even_gaps);
	assert_int_equal(p.view.n_cols, 2);
	pair_teardown(&p);
	gaps_setup(&p, 2000, rare_pauses);
	assert_int_equal(p.view.n_cols, 3);
	close_to(p.view.col_time[2], 20 * 0.03, 1e-9);
	pair_teardown(&p);
	gaps_setup(&p, 2000, three_gaps);
	assert_int_equal(p.view.n_cols, 4);
	close_to(p.view.col_time[1], 1800 * 2e-5, 1e-9);
	close_to(p.view.col_time[2], 190 * 2e-3, 1e-9);
	close_to(p.view.col_time[3], 10 * 0.04, 1e-9);
	for (size_t c = 1; c < 4; c++)
		assert_int_equal(p.view.col_class[c], p.view.gap_class);
	pair_teardown(&p);
}

/* Three of a hundred instances of 1 ms last 4 ms: too few to be a kind, whether they are alike or not. One of ten
 * says nothing of what is usual. */
static void test_cut_few_stalls(void **state)
{
	for (size_t n = 10; n <= 100; n += 90) {
		struct attr_view v = {.n = n, .gap_class = 1};
		uint8_t parent[1] = {0};
		uint64_t t = 0, held = 0;

		v.col = calloc(v.n, sizeof(*v.col));
		for (size_t i = 0; i < v.n; i++, t += i % 40 == 6 ? 4000000 : 1000000)
			assert_int_equal(erg_times_push(&v.begin, t), 0);
		assert_int_equal(erg_times_push(&v.begin, t), 0);
		assert_int_equal(attr_cut_stalls(&v, parent, &(struct attr_phases){.n = 1},
					 ERG_STALL_AFTER, NULL),
			0);
		assert_int_equal(v.n, n == 100 ? 103 : n);
		for (size_t i = 0; v.tail && i < v.n; i++)
			held += v.tail[i] ? attr_begin(&v, i + 1) - attr_begin(&v, i) : 0;
		/* what is usual is known to the nanosecond */
		assert_true(n == 100 ? held >= 9000000 && held <= 9000003 : !held);
		attr_view_release(&v);
	}
}

static void test_wrong_window(void **state)
{
	struct scene s;
	struct result r;

	scene_defaults(&s);
	s.run_s = 30;
	scene_make(&s, &r.t);
	r.t.rail.model.window_ns = r.t.rail.model.window_ns * 7 / 5;
	assert_int_equal(attribute(&r.t, NULL, &r.a, NULL), 0);
	assert_null(r.a->misfit);
	assert_true(fabs(r.a->model.window_s.value / s.window_s - 1) < 0.01);
	for (size_t k = 0; k < s.layers; k++) {
		assert_true(erg_est_resolved(&r.a->classes[k].energy_j));
		assert_true(error_of(&r, k) < 0.02);
	}
	done(&r);
}

/* A layer of two columns (its curve over the duration), then another one, then the gap. */
static void test_late_once(void **state)
{
	uint32_t first[] = {0, 2, 3, 4}, class_of[] = {0, 0, 1, 2};
	uint16_t col[] = {0, 1, 2, 3};
	double time[] = {1e-3, 1e-3, 1e-3};
	struct attr_view v = {.n = 3,
		.t0 = 1000,
		.first = first,
		.col = col,
		.n_cols = 4,
		.col_class = class_of,
		.n_classes = 3,
		.gap_class = 2,
		.class_time = time};
	struct attr_shape at_once = {.kind = ERG_SENSOR_POINT, .phase = -1}, lags = at_once;
	struct attr_late_in_layer l;

	lags.lag_ns = 5e5;
	for (uint64_t i = 0; i < 4; i++)
		assert_int_equal(erg_times_push(&v.begin, 1000 + 1000000 * i), 0);
	assert_int_equal(attr_late_in_layer_open(&l, &v, &at_once), 0);
	attr_late_in_layer_look(&l, 500000, 500000);
	assert_int_equal(l.n_at, 1);
	attr_late_in_layer_look(&l, 1500000, 1500000);
	assert_int_equal(l.n_at, 1);
	attr_late_in_layer_close(&l);
	assert_int_equal(attr_late_in_layer_open(&l, &v, &lags), 0);
	attr_late_in_layer_look(&l, 500000, 400000);
	assert_int_equal(l.n_at, 2);
	assert_int_not_equal(l.at[0], l.at[1]);
	attr_late_in_layer_close(&l);
	erg_times_release(&v.begin);
}

/* A window of 10 ms was declared; p is that of the least likely of four tests. What too few readings leave untested is no
 * reason to doubt, but for the kernel itself. */
static void test_far_and_doubtful(void **state)
{
	static const struct {
		double window_ns, rc_ns, p;
		bool doubtful;
	} fits[] = {
		{10e6, 0, 0.001, false},
		{10.4e6, 1e6, 0.001, false},
		{7e6, 0, 0.001, true},
		{7e6, 0, 0.002, false},
		{10e6, 1.8e6, 0.001, true},
		{10e6, 1.8e6, NAN, false},
		{10e6, 0, NAN, false},
	};

	for (size_t i = 0; i < ERG_ARRAY_SIZE(fits); i++)
		for (int which = 0; which < 4; which++) {
			struct erg_attr_state st = {.shape = {.kind = ERG_SENSOR_BOXCAR,
							    .window_ns = fits[i].window_ns,
							    .rc_ns = fits[i].rc_ns}};
			struct attr_run r = {.st = &st,
				.declared = {.kind = ERG_SENSOR_BOXCAR, .window_ns = 10e6}};
			struct attr_tests *t = &r.misfit.fitted;

			t->kernel.p = t->clock.p = t->duration.p = t->profile.p = 0.5;
			*(which == 0                 ? &t->kernel.p
					: which == 1 ? &t->clock.p
					: which == 2 ? &t->duration.p
						     : &t->profile.p) = fits[i].p;
			assert_int_equal(attr_far_and_doubtful(&r),
				fits[i].doubtful ||
					(isnan(fits[i].p) && !which && fits[i].rc_ns > 0));
		}
}

/* Power that changes in the middle of the run, and nothing in the trace that tells. */
static void test_refused(void **state)
{
	struct scene s;
	struct result r;

	scene_defaults(&s);
	s.run_s = 30;
	s.switch_s = 10;
	s.slow_power = 0.4;
	s.slow_time = 1;
	run(&s, NULL, &r);
	for (size_t k = 0; k < s.layers; k++)
		if (erg_est_resolved(&r.a->classes[k].energy_j))
			assert_true(error_of(&r, k) < 0.05);
		else
			assert_non_null(r.a->classes[k].energy_j.reason);
	assert_true(fabs(r.a->ets_j.value / r.t.total_j - 1) < 0.02);
	done(&r);
}

/* Once, at 25 of 45 s: found, said, and every layer has its energy. */
static void test_hidden_change(void **state)
{
	struct scene s;
	struct result r;

	scene_defaults(&s);
	s.run_s = 45;
	s.switch_s = 25;
	s.slow_power = 0.7;
	s.slow_time = 1;
	run(&s, NULL, &r);
	assert_true(warned(r.a, "hidden-change"));
	assert_int_equal(r.a->diag.levels, 1);
	for (size_t k = 0; k < s.layers; k++) {
		const struct erg_est *e = &r.a->classes[k].energy_j;

		assert_true(erg_est_resolved(e));
		assert_true(error_of(&r, k) < 0.02);
		close_to(e->value, r.t.energy_j[k], 0.75 * (e->hi - e->lo));
	}
	done(&r);
	s.switch_s = 0;
	run(&s, NULL, &r);
	assert_false(warned(r.a, "hidden-change"));
	done(&r);
}

/* The first half second has half as much power again, of which 50 readings of 12 columns saw it: these tell no power of
 * each layer, and the run's energy is that of the readings. */
static void test_change_unfounded(void **state)
{
	struct scene s;
	struct result r;
	double total;
	uint64_t until;

	scene_defaults(&s);
	s.run_s = 20;
	scene_make(&s, &r.t);
	until = r.t.seg.begin[0] + 500000000u;
	for (size_t m = 0; m < r.t.rail.n; m++)
		if (r.t.rail.t[m] < until)
			r.t.rail.v[m] *= 1.5;
	total = r.t.total_j;
	for (size_t i = 0; r.t.seg.begin[i] < until; i++) {
		uint32_t k = r.t.seg.class_[i];

		total += 0.5 * r.t.energy_j[k] / r.t.time_s[k] *
			(double)(r.t.seg.begin[i + 1] - r.t.seg.begin[i]) * 1e-9;
	}
	assert_int_equal(attribute(&r.t, NULL, &r.a, NULL), 0);
	assert_false(warned(r.a, "hidden-change"));
	close_to(r.a->ets_j.value, total, (r.a->ets_j.hi - r.a->ets_j.lo) / 2);
	done(&r);
}

/* An interval that is too wide says how much longer. */
static void test_longer(void **state)
{
	struct erg_attr_options opt;
	struct scene s;
	struct result r;
	size_t said = 0;

	scene_defaults(&s);
	s.run_s = 20;
	s.variation = 0.1;
	erg_attr_options_init(&opt);
	opt.ci_limit = 0.01;
	run(&s, &opt, &r);
	for (size_t k = 0; k < s.layers; k++) {
		const struct erg_est *e = &r.a->classes[k].energy_j;

		if (erg_est_resolved(e) || e->longer == 0)
			continue;
		said++;
		assert_true(e->longer > 1);
	}
	assert_true(said > 0);
	done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_curve),
		cmocka_unit_test(test_curve_of_many_ends),
		cmocka_unit_test(test_curve_leaves_out),
		cmocka_unit_test(test_curve_moves_on),
		cmocka_unit_test(test_low_pass_row),
		cmocka_unit_test(test_shape_move),
		cmocka_unit_test(test_cut_durations),
		cmocka_unit_test(test_cut_stalls),
		cmocka_unit_test(test_recurrence),
		cmocka_unit_test(test_cut_few_stalls),
		cmocka_unit_test(test_long_phases_are_no_stalls),
		cmocka_unit_test(test_gaps),
		cmocka_unit_test(test_wrong_window),
		cmocka_unit_test(test_late_once),
		cmocka_unit_test(test_far_and_doubtful),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_hidden_change),
		cmocka_unit_test(test_change_unfounded),
		cmocka_unit_test(test_longer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
