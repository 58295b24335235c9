/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The parts of the attribution one by one: non-negative least squares against problems with known
 * answers, occupancy against windows worked out by hand, the bootstrap's block length, the random numbers.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analyze/attribution/beat.h"
#include "analyze/attribution/bootstrap.h"
#include "analyze/attribution/cholesky.h"
#include "analyze/attribution/fold.h"
#include "analyze/attribution/gram.h"
#include "analyze/attribution/kernel.h"
#include "analyze/attribution/nnls.h"
#include "analyze/attribution/readings.h"
#include "analyze/attribution/repeats.h"
#include "analyze/attribution/rng.h"
#include "analyze/attribution/state.h"
#include "analyze/attribution/view.h"
#include "formats/base/util.h"

static void near(double x, double want, double tolerance)
{
	if (!(fabs(x - want) <= tolerance))
		fail_msg("%.12g, expected %.12g +- %.3g", x, want, tolerance);
}

/* Packed G and h of a small dense problem. */
static void normal(const double *a, const double *y, size_t m, size_t n, double *g, double *h)
{
	for (size_t i = 0; i < n; i++) {
		h[i] = 0;
		for (size_t r = 0; r < m; r++)
			h[i] += a[r * n + i] * y[r];
		for (size_t j = i; j < n; j++) {
			g[attr_tri(n, i, j)] = 0;
			for (size_t r = 0; r < m; r++)
				g[attr_tri(n, i, j)] += a[r * n + i] * a[r * n + j];
		}
	}
}

static void test_nnls_inside(void **state)
{
	const double a[] = {1, 0, 0, 1, 1, 1, 2, 1}, y[] = {3, 5, 8, 11};
	double g[3], h[2];
	struct attr_nnls s;

	normal(a, y, 4, 2, g, h);
	assert_int_equal(attr_nnls_init(&s, 2, 0, NULL), 0);
	attr_nnls_solve(&s, g, h);
	near(s.x[0], 3, 1e-8);
	near(s.x[1], 5, 1e-8);
	attr_nnls_release(&s);
}

/* The unconstrained minimum is (2, -1): with x >= 0 the second is 0 and the first its own fit. */
static void test_nnls_bound(void **state)
{
	const double a[] = {1, 0, 1, 1, 0, 1}, y[] = {2, 1, -1};
	double g[3], h[2];
	struct attr_nnls s;

	normal(a, y, 3, 2, g, h);
	assert_int_equal(attr_nnls_init(&s, 2, 0, NULL), 0);
	attr_nnls_solve(&s, g, h);
	near(s.x[0], 1.5, 1e-8);
	near(s.x[1], 0, 0);
	attr_nnls_release(&s);
	assert_int_equal(attr_nnls_init(&s, 2, 1, NULL), 0);
	attr_nnls_solve(&s, g, h);
	near(s.x[0], 2, 1e-8);
	near(s.x[1], -1, 1e-8);
	attr_nnls_release(&s);
}

/* Of many columns most of which no row has together, with a free one beside: the same conditions, and what
 * the inverse gives is what a product with G undoes. */
static void test_nnls_many(void **state)
{
	enum { N = 220, ROWS = 2000 };
	struct attr_rng rng;
	double *a = calloc(ROWS * N, sizeof(double)), *y = calloc(ROWS, sizeof(double));
	double *g = calloc(N * (N + 1) / 2, sizeof(double)), *h = calloc(N, sizeof(double));
	double *b = calloc(N * 2, sizeof(double)), *d = calloc(N, sizeof(double));
	struct attr_nnls s;
	size_t out = 0;

	attr_rng_seed(&rng, 11);
	assert_true(a && y && g && h && b && d);
	assert_int_equal(attr_nnls_init(&s, N, 1, NULL), 0);
	for (int round = 0; round < 4; round++) {
		memset(a, 0, ROWS * N * sizeof(double));
		for (size_t i = 0; i < ROWS; i++) {
			size_t k = attr_rng_below(&rng, N - 1);

			for (size_t j = 0; j < 3; j++)
				a[i * N + (k + j) % (N - 1)] = attr_rng_uniform(&rng);
			a[i * N + N - 1] = attr_rng_normal(&rng);
			y[i] = 0.5 + attr_rng_normal(&rng);
		}
		normal(a, y, ROWS, N, g, h);
		attr_nnls_solve(&s, g, h);
		memset(b, 0, N * 2 * sizeof(double));
		for (size_t i = 0; i < N; i++) {
			double w = h[i];

			for (size_t j = 0; j < N; j++)
				w -= g[i <= j ? attr_tri(N, i, j) : attr_tri(N, j, i)] * s.x[j];
			out += s.x[i] == 0;
			assert_true(i == N - 1 || s.x[i] >= 0);
			assert_true(i == N - 1 || w < 1e-6);
			assert_true(s.x[i] == 0 || fabs(w) < 1e-6);
			b[i * 2] = s.passive[i] ? h[i] : 0;
			b[i * 2 + 1] = i == 100;
		}
		attr_nnls_spread(&s, g, b, 2);
		for (size_t i = 0; i < N; i++)
			assert_true(fabs(b[i * 2] - s.x[i]) < 1e-6);
		near(attr_nnls_spread_one(&s, g, 100), b[201], 1e-9);
		assert_int_equal(attr_nnls_diagonal(&s, g, d), 0);
		near(d[100], b[201], 1e-9);
	}
	assert_true(out > 10 && out < 3 * N);
	attr_nnls_release(&s);
	free(a);
	free(y);
	free(g);
	free(h);
	free(b);
	free(d);
}

/* Random problems: the conditions of Karush, Kuhn and Tucker hold, warm start or not. */
static void test_nnls_optimal(void **state)
{
	struct attr_rng rng;
	double a[40 * 8], y[40], g[36], h[8];
	struct attr_nnls s;

	attr_rng_seed(&rng, 7);
	assert_int_equal(attr_nnls_init(&s, 8, 0, NULL), 0);
	for (int round = 0; round < 50; round++) {
		for (size_t i = 0; i < 40 * 8; i++)
			a[i] = attr_rng_uniform(&rng);
		for (size_t i = 0; i < 40; i++)
			y[i] = attr_rng_normal(&rng);
		normal(a, y, 40, 8, g, h);
		attr_nnls_solve(&s, g, h);
		for (size_t i = 0; i < 8; i++) {
			double w = h[i];

			for (size_t j = 0; j < 8; j++)
				w -= g[i <= j ? attr_tri(8, i, j) : attr_tri(8, j, i)] * s.x[j];
			assert_true(s.x[i] >= 0);
			assert_true(w < 1e-6);
			assert_true(s.x[i] == 0 || fabs(w) < 1e-6);
		}
	}
	attr_nnls_release(&s);
}

static void test_condition(void **state)
{
	const double good[] = {2, 0, 0, 8}, half[] = {1, .5, .5, 1}, bad[] = {1, 1, 1, 1};
	const double unseen[] = {0, 0, 0, 3};

	near(attr_condition(good, 2), 1, 1e-5);
	near(attr_condition(half, 2), sqrt(3), 1e-4);
	assert_true(isinf(attr_condition(bad, 2)));
	near(attr_condition(unseen, 2), 1, 1e-9);
}

static void test_rng(void **state)
{
	struct attr_rng a, b;
	double mean = 0, square = 0;

	attr_rng_seed(&a, 42);
	attr_rng_seed(&b, 42);
	for (int i = 0; i < 100; i++)
		assert_int_equal(attr_rng_next(&a), attr_rng_next(&b));
	attr_rng_seed(&b, 43);
	assert_int_not_equal(attr_rng_next(&a), attr_rng_next(&b));
	for (int i = 0; i < 100000; i++) {
		double x = attr_rng_normal(&a);

		mean += x / 100000;
		square += x * x / 100000;
		assert_true(attr_rng_below(&a, 7) < 7);
	}
	near(mean, 0, 0.02);
	near(square, 1, 0.03);
}

/* Two lengths that alternate: a sample of one in two has as many of either, and never more than it has room for. */
static void test_sampled(void **state)
{
	for (size_t stride = 1; stride < 8; stride++) {
		size_t even = 0, odd = 0;

		for (uint64_t i = 0; i < 8400; i++)
			*(i % 2 ? &odd : &even) += attr_sampled(i, stride);
		assert_int_equal(even + odd, 8400 / stride);
		near((double)even / (double)(even + odd), .5, .06);
	}
}

/* Three layers of 4, 2 and 2 ms, again and again, then nothing. */
struct fixture {
	struct erg_timeline tl;
	struct erg_tl_layer layers[3];
	struct erg_tl_track track;
	struct erg_attr_options opt;
	struct attr_view view;
	uint64_t t[64];
	double v[64];
	struct attr_readings r;
};

static void setup(struct fixture *f, size_t iterations)
{
	static const uint64_t dur[] = {4000000, 2000000, 2000000};
	size_t n = 3 * iterations;

	memset(f, 0, sizeof(*f));
	f->tl = (struct erg_timeline){.archive = (char *)"fixture",
		.begin = 5000,
		.end = 5000,
		.layers = f->layers,
		.n_layers = 3,
		.tracks = &f->track,
		.n_tracks = 1};
	f->tl.iv.layer = calloc(n, sizeof(*f->tl.iv.layer));
	f->tl.iv.iteration = calloc(n, sizeof(*f->tl.iv.iteration));
	f->tl.iv.track = calloc(n, sizeof(*f->tl.iv.track));
	for (size_t k = 0; k < 3; k++)
		f->layers[k].parent = ERG_NONE;
	for (size_t i = 0; i < n; i++) {
		f->tl.iv.layer[f->tl.iv.n++] = i % 3;
		assert_int_equal(erg_times_push(&f->tl.iv.begin, f->tl.end), 0);
		f->tl.end += dur[i % 3];
		assert_int_equal(erg_times_push(&f->tl.iv.end, f->tl.end), 0);
	}
	erg_attr_options_init(&f->opt);
	assert_int_equal(attr_view_build(&(struct attr_source){.tl = &f->tl}, &f->opt,
				 &(struct attr_gap_rules){1e8, 1e8, {0, 0, 0}}, &f->view, NULL),
		0);
	f->r = (struct attr_readings){.t = f->t, .v = f->v, .spacing_ns = 1e6};
}

static void teardown(struct fixture *f)
{
	attr_view_release(&f->view);
	free(f->tl.iv.layer);
	free(f->tl.iv.iteration);
	free(f->tl.iv.track);
	erg_times_release(&f->tl.iv.begin);
	erg_times_release(&f->tl.iv.end);
}

/* A layer of 4 ms, 1 ms, again; and once 30 ms, of which 0.25 ms before and 0.75 ms after are as the shorter gaps. */
static void test_gap_ends(void **state)
{
	struct attr_gap_rules rules = {1e8, 1e8, {10e6, .25e6, .75e6}};
	struct fixture f;
	struct attr_view *v = &f.view;
	double at[16] = {0};

	setup(&f, 0);
	attr_view_release(v);
	f.tl.n_layers = 1;
	f.tl.iv.layer = realloc(f.tl.iv.layer, 6 * sizeof(*f.tl.iv.layer));
	f.tl.iv.iteration = realloc(f.tl.iv.iteration, 6 * sizeof(*f.tl.iv.iteration));
	f.tl.iv.track = realloc(f.tl.iv.track, 6 * sizeof(*f.tl.iv.track));
	for (uint32_t i = 0; i < 6; i++) {
		f.tl.iv.layer[f.tl.iv.n] = f.tl.iv.track[f.tl.iv.n] = 0;
		f.tl.iv.iteration[f.tl.iv.n++] = i;
		assert_int_equal(erg_times_push(&f.tl.iv.begin, f.tl.end), 0);
		assert_int_equal(erg_times_push(&f.tl.iv.end, f.tl.end + 4000000), 0);
		f.tl.end += i == 2 ? 34000000 : 5000000;
	}
	f.tl.end -= 1000000;
	assert_int_equal(attr_view_build(&(struct attr_source){.tl = &f.tl}, &f.opt, &rules, v,
				 NULL),
		0);
	assert_int_equal(v->n, 6 + 4 + 3);
	assert_int_equal(v->gaps.n, 2);
	for (size_t i = 0; i < v->n; i++)
		at[v->col[i]] += (double)(attr_begin(v, i + 1) - attr_begin(v, i));
	near(at[v->col[1]], 5e6, 1);  /* 4 of 1 ms, 0.25 and 0.75 */
	near(at[v->col[6]], 29e6, 1); /* 1 layer, gap, layer, gap, layer, head, pause */
	assert_int_equal(v->col[5], v->col[1]);
	assert_int_equal(v->col[7], v->col[1]);
	near(v->class_time[v->gap_class], 34e-3, 1e-9);
	assert_int_equal(v->class_calls[0], 6);
	teardown(&f);
}

enum { TURNS = 600, HALVES = 2 * TURNS };

/*
 * Turns of 8 ms, in each half of which the power goes once through 8 W + 3 W sin. A reading in each half, at AT of it: over
 * its first half the sine is 2/pi on the average, over all of it 0. Readings that were taken in the first LATE of a half
 * have a stamp as if at its end.
 */
static struct attr_beat beat_of(double (*at)(size_t), double late, double noise_w)
{
	struct erg_attr_state st = {.shape = {.kind = ERG_SENSOR_POINT}};
	static uint64_t t[HALVES];
	static double v[HALVES];
	struct attr_beat beat;
	struct attr_rng rng;
	struct fixture f;

	setup(&f, TURNS);
	attr_rng_seed(&rng, 5);
	for (size_t m = 0; m < HALVES; m++) {
		t[m] = 5000 + m * 4000000 + (uint64_t)(fmax(at(m), late) * 4e6);
		v[m] = 8 + 3 * sin(2 * M_PI * at(m)) + noise_w * attr_rng_normal(&rng);
	}
	st.view = f.view;
	st.readings = (struct attr_readings){.n = HALVES, .t = t, .v = v, .spacing_ns = 4e6};
	beat = attr_beat(&st);
	teardown(&f);
	return beat;
}

/* Slowly through a half of the half, and through all of it; and quickly through all. */
static double slowly_half(size_t m)
{
	return ((double)m + .5) / HALVES / 2;
}

static double slowly(size_t m)
{
	return ((double)m + .5) / HALVES;
}

static double quickly(size_t m)
{
	return fmod((double)m * .381966, 1);
}

static void test_beat(void **state)
{
	const double run_s = (TURNS - 1) * 8e-3; /* from the first beginning to the last */
	const double by_hand = 3 * 2 / M_PI * run_s;
	struct attr_beat half = beat_of(slowly_half, 0, 0), noisy = beat_of(slowly_half, 0, 1);

	near(half.j, by_hand, .02 * by_hand);
	near(noisy.j, by_hand, 2 * noisy.u_j);
	/* at least as 1,200 readings of 1 W have it */
	assert_true(noisy.u_j > run_s / sqrt(HALVES) && noisy.u_j < .3 * by_hand);
	near(beat_of(slowly, 0, 1).j, 0, 0);
	near(beat_of(quickly, 0, 1).j, 0, 0);
	/* stamps alone are at some phases more often */
	near(beat_of(quickly, .3, .1).j, 0, 0);
}

/* Noise of 0.1 W, that remembers PART of the value before; in every EVERY-th 2 W more. */
static void noise_and_pulse(double part, size_t every, double *ret, size_t n)
{
	struct attr_rng rng;

	attr_rng_seed(&rng, 3);
	for (size_t i = 0; i < n; i++)
		ret[i] = (i ? part * ret[i - 1] : 0) + .1 * attr_rng_normal(&rng);
	for (size_t i = 0; every && i < n; i += every)
		ret[i] += 2;
}

static void test_fold(void **state)
{
	enum { N = 3000 };
	static double left[N];
	struct attr_fold f;

	noise_and_pulse(0, 0, left, N);
	assert_int_equal(attr_fold_of(left, N).every, 0);
	noise_and_pulse(.97, 0, left, N);
	assert_int_equal(attr_fold_of(left, N).every, 0);
	noise_and_pulse(0, 10, left, N);
	for (size_t i = 500; i < 600; i++)
		left[i] = NAN;
	f = attr_fold_of(left, N);
	assert_int_equal(f.every, 10);
	/* ten values, one of 2 and nine of 0: their variance is (4 - 10 * 0.2^2) / 9 */
	near(f.w, 1.96 * sqrt(.4 / 10), .01);
}

static void test_repeats(void **state)
{
	enum { N = 3000 };
	static double v[N];
	struct attr_rng rng;
	size_t again = 0;

	/* unlike each other; of few quanta; of a slow sensor, rounded; one value for long */
	noise_and_pulse(0, 7, v, N);
	assert_int_equal(attr_repeats(v, N), 0);
	for (size_t i = 0; i < N; i++)
		v[i] = round(v[i] / .1);
	assert_int_equal(attr_repeats(v, N), 0);
	noise_and_pulse(.99, 0, v, N);
	for (size_t i = 0; i < N; i++)
		v[i] = round(v[i] / .05);
	assert_int_equal(attr_repeats(v, N), 0);
	noise_and_pulse(0, 7, v, N);
	for (size_t i = 1000; i < 2000; i++)
		v[i] = 5;
	assert_int_equal(attr_repeats(v, N), 0);
	/* one in twenty is the one before */
	noise_and_pulse(0, 7, v, N);
	attr_rng_seed(&rng, 9);
	for (size_t i = 1; i < N; i++)
		if (attr_rng_uniform(&rng) < .05) {
			v[i] = v[i - 1];
			again++;
		}
	assert_true(again > 100);
	assert_int_equal(attr_repeats(v, N), again);
}

static double share(const struct attr_row *row, uint16_t col)
{
	for (size_t i = 0; i < row->n; i++)
		if (row->col[i] == col)
			return row->a[i];
	return 0;
}

static void test_boxcar(void **state)
{
	struct attr_shape shape = {.kind = ERG_SENSOR_BOXCAR, .window_ns = 3e6, .lag_ns = 1e6};
	struct attr_row *row;
	struct attr_kernel k;
	struct fixture f;

	setup(&f, 4);
	f.t[0] = 5000 + 1000000;  /* window begins before the segments: no row */
	f.t[1] = 5000 + 6000000;  /* window 2..5 ms: 2 ms of layer 0, 1 ms of layer 1 */
	f.t[2] = 5000 + 10000000; /* window 6..9 ms: 2 ms of layer 2, 1 ms of layer 0 */
	f.t[3] = 5000 + 60000000; /* beyond the end: no row */
	f.r.n = 4;
	assert_int_equal(attr_kernel_open(&k, &f.view, &f.r, &shape, 0, 4, NULL), 0);
	row = attr_kernel_next(&k);
	assert_non_null(row);
	near(share(row, 0), 2. / 3, 1e-9);
	near(share(row, 1), 1. / 3, 1e-9);
	row = attr_kernel_next(&k);
	near(share(row, 2), 2. / 3, 1e-9);
	near(share(row, 0), 1. / 3, 1e-9);
	assert_null(attr_kernel_next(&k));
	attr_kernel_close(&k);
	teardown(&f);
}

/* Window 2 ms, ended up to 1 ms ago: the trapezoid, whose ramps hold a quarter each. */
static void test_stale(void **state)
{
	struct attr_shape shape = {.kind = ERG_SENSOR_BOXCAR, .window_ns = 2e6, .stale_ns = 1e6};
	struct attr_row *row;
	struct attr_kernel k;
	struct fixture f;

	setup(&f, 4);
	f.t[0] = 5000 + 5000000; /* support 2..5 ms; ramp down in 4..5 ms */
	f.r.n = 1;
	assert_int_equal(attr_kernel_open(&k, &f.view, &f.r, &shape, 0, 1, NULL), 0);
	row = attr_kernel_next(&k);
	near(share(row, 0), .75, 1e-9);
	near(share(row, 1), .25, 1e-9);
	attr_kernel_close(&k);
	teardown(&f);
}

static void test_counter(void **state)
{
	struct attr_shape shape = {.kind = ERG_SENSOR_COUNTER};
	struct attr_row *row;
	struct attr_kernel k;
	struct fixture f;

	setup(&f, 4);
	f.t[0] = 5000 + 1000000;
	f.t[1] = 5000 + 7000000;
	f.v[1] = 0.03; /* 30 mJ in 6 ms */
	f.r.n = 2;
	assert_int_equal(attr_kernel_open(&k, &f.view, &f.r, &shape, 0, 2, NULL), 0);
	row = attr_kernel_next(&k);
	near(row->y, 5, 1e-9);
	near(share(row, 0), .5, 1e-9);
	near(share(row, 1), 1. / 3, 1e-9);
	near(share(row, 2), 1. / 6, 1e-9);
	attr_kernel_close(&k);
	teardown(&f);
}

/* The recursion by hand: conversions of 1 ms that end at the readings' phase. */
static void test_ema(void **state)
{
	struct attr_shape shape = {.kind = ERG_SENSOR_EMA,
		.period_ns = 1e6,
		.alpha = .5,
		.phase = 0};
	double want[3] = {0}, weight = 1;
	struct attr_row *row = NULL, *next;
	struct attr_kernel k;
	struct fixture f;

	setup(&f, 8);
	for (size_t i = 0; i < 60; i++)
		f.t[i] = 5000 + (i + 1) * 1000000;
	f.r.n = 60;
	assert_int_equal(attr_kernel_open(&k, &f.view, &f.r, &shape, 0, 60, NULL), 0);
	while ((next = attr_kernel_next(&k)))
		row = next;
	for (int i = 59; i >= 0; i--) { /* conversion i covers i .. i + 1 ms */
		weight *= .5;
		want[i % 8 < 4 ? 0 : i % 8 < 6 ? 1 : 2] += weight;
	}
	for (uint16_t c = 0; c < 3; c++)
		near(share(row, c), want[c], 1e-6);
	attr_kernel_close(&k);
	teardown(&f);
}

/* The slope is the derivative of the model by the lag, for every kind. */
static void test_slope(void **state)
{
	const double power[] = {3, 7, 5, 0};
	struct attr_shape shapes[] = {
		{.kind = ERG_SENSOR_POINT, .window_ns = 3e5},
		{.kind = ERG_SENSOR_BOXCAR, .window_ns = 3.3e6, .stale_ns = 4e5},
		{.kind = ERG_SENSOR_COUNTER, .stale_ns = 2e5},
		{.kind = ERG_SENSOR_EMA, .period_ns = 0, .tau_ns = 1e6},
	};
	struct fixture f;

	setup(&f, 8);
	for (size_t i = 0; i < 40; i++) {
		f.t[i] = 5000 + 1450000 * (i + 1) + 1234;
		f.v[i] = (double)i;
	}
	f.r.n = 40;
	for (size_t s = 0; s < 4; s++) {
		double y[2], d = 0, h = 200;

		for (int side = 0; side < 3; side++) {
			struct attr_shape shape = shapes[s];
			struct attr_row *row, *last = NULL;
			struct attr_kernel k;

			shape.lag_ns = side < 2 ? (side ? h : -h) : 0;
			assert_int_equal(attr_kernel_open(&k, &f.view, &f.r, &shape, 0, 40, NULL),
				0);
			k.power = power;
			while ((row = attr_kernel_next(&k)) && k.m <= 31)
				last = row;
			assert_non_null(last);
			if (side == 2)
				d = last->x[0];
			else
				for (size_t i = y[side] = 0; i < last->n; i++)
					y[side] += last->a[i] * power[last->col[i]];
			attr_kernel_close(&k);
		}
		near(d, (y[1] - y[0]) / (2 * h), 2e-8);
	}
	teardown(&f);
}

static void test_block_length(void **state)
{
	double white[400], slow[400];
	struct attr_rng rng;

	attr_rng_seed(&rng, 5);
	for (int i = 0; i < 400; i++) {
		white[i] = attr_rng_normal(&rng);
		slow[i] = (i ? .9 * slow[i - 1] : 0) + attr_rng_normal(&rng);
	}
	assert_true(attr_block_length(white, 400) < 4);
	assert_true(attr_block_length(slow, 400) > 8);
	assert_true(attr_block_length(slow, 400) <= 60);
	near(attr_block_length(white, 5), 1, 0);
}

/* 4a + 2b = 8, 2a + 5b = 9: a = 1.375, b = 1.25, and 8a + 9b = 22.25. A column that is the first once more takes
 * nothing, wherever it is. */
static void a_small_system_is_solved_without_what_its_columns_say_twice(void **state)
{
	double two[] = {4, 0, 2, 5}, last[] = {4, 0, 0, 2, 5, 0, 4, 2, 4},
	       amid[] = {4, 0, 0, 4, 4, 0, 2, 2, 5}, x[3];

	(void)state;
	near(attr_cholesky_solve(two, 2, (const double[]){8, 9}, x), 22.25, 1e-12);
	near(x[0], 1.375, 1e-12);
	near(x[1], 1.25, 1e-12);
	near(attr_cholesky_solve(last, 3, (const double[]){8, 9, 8}, x), 22.25, 1e-12);
	near(x[0], 1.375, 1e-12);
	near(x[1], 1.25, 1e-12);
	assert_true(x[2] == 0);
	near(attr_cholesky_solve(amid, 3, (const double[]){8, 8, 9}, x), 22.25, 1e-12);
	near(x[0], 1.375, 1e-12);
	assert_true(x[1] == 0);
	near(x[2], 1.25, 1e-12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_small_system_is_solved_without_what_its_columns_say_twice),
		cmocka_unit_test(test_nnls_inside),
		cmocka_unit_test(test_nnls_bound),
		cmocka_unit_test(test_nnls_optimal),
		cmocka_unit_test(test_nnls_many),
		cmocka_unit_test(test_condition),
		cmocka_unit_test(test_rng),
		cmocka_unit_test(test_sampled),
		cmocka_unit_test(test_gap_ends),
		cmocka_unit_test(test_beat),
		cmocka_unit_test(test_fold),
		cmocka_unit_test(test_repeats),
		cmocka_unit_test(test_boxcar),
		cmocka_unit_test(test_stale),
		cmocka_unit_test(test_counter),
		cmocka_unit_test(test_ema),
		cmocka_unit_test(test_slope),
		cmocka_unit_test(test_block_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
