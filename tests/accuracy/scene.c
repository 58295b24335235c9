/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Generator of traces with a known truth. Nothing here is shared with the attribution that it
 * tests but the random numbers: the sensor is simulated from the exact integral of the power.
 */
#include "tests/accuracy/scene.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/attribution/rng.h"
#include "analyze/attribution/state.h"

#define T0 1000000000u /* ns: traces begin at one second */

struct work {
	const struct scene *s;
	struct attr_rng rng;
	double *dur, *power; /* per layer */
	struct scene_trace *t;
	size_t cap;
	double *segment_w; /* W at the segment's begin, without drift */
	double *joules;    /* integral at the segment's begin */
	uint64_t now;
};

static void *must(void *p)
{
	if (!p)
		abort();
	return p;
}

void scene_defaults(struct scene *s)
{
	*s = (struct scene){.seed = 1,
		.layers = 11,
		.layer_min_s = 0.3e-3,
		.layer_max_s = 4e-3,
		.power_min_w = 3,
		.power_max_w = 12,
		.jitter = 0.03,
		.gap_s = 50e-6,
		.gap_w = 2,
		.run_s = 60,
		.idle_w = 2,
		.kind = ERG_SENSOR_BOXCAR,
		.spacing_s = 10e-3,
		.dither = 0.1,
		.window_s = 2e-3,
		.alpha = 1,
		.noise_w = 0.02};
}

static void add(struct work *w, uint32_t class_, uint32_t iteration, double dur_s, double power_w)
{
	struct scene_segments *g = &w->t->seg;
	uint64_t dur = (uint64_t)llround(dur_s * 1e9);

	if (!dur)
		return;
	if (g->n + 2 > w->cap) {
		w->cap = w->cap ? 2 * w->cap : 4096;
		g->begin = must(realloc(g->begin, w->cap * sizeof(*g->begin)));
		g->class_ = must(realloc(g->class_, w->cap * sizeof(*g->class_)));
		g->iteration = must(realloc(g->iteration, w->cap * sizeof(*g->iteration)));
		w->segment_w = must(realloc(w->segment_w, w->cap * sizeof(double)));
	}
	g->begin[g->n] = w->now;
	g->class_[g->n] = class_;
	g->iteration[g->n] = iteration;
	w->segment_w[g->n++] = power_w;
	w->now += dur;
	g->begin[g->n] = w->now;
}

static void draw_layers(struct work *w)
{
	const struct scene *s = w->s;
	double cycle = s->gap_s;

	w->dur = must(calloc(s->layers, sizeof(double)));
	w->power = must(calloc(s->layers, sizeof(double)));
	for (size_t k = 0; k < s->layers; k++) {
		double r = log(s->layer_max_s / s->layer_min_s);

		w->dur[k] = s->layer_min_s * exp(r * attr_rng_uniform(&w->rng));
		w->power[k] = s->power_min_w +
			(s->power_max_w - s->power_min_w) * attr_rng_uniform(&w->rng);
		cycle += w->dur[k];
	}
	for (size_t k = 0; k < s->layers && s->cycle_s > 0; k++)
		w->dur[k] *= (s->cycle_s - s->gap_s) / (cycle - s->gap_s);
}

static bool slow_at(const struct scene *s, double t)
{
	return s->switch_s > 0 && (long)(t / s->switch_s) % 2 == 1;
}

static void make_segments(struct work *w)
{
	const struct scene *s = w->s;
	struct scene_trace *t = w->t;
	uint32_t gap = (uint32_t)s->layers, iteration = 0;
	double start;

	w->now = T0;
	add(w, gap, 0, s->idle_s, s->idle_w);
	t->idle[0][0] = T0;
	t->idle[0][1] = w->now;
	start = (double)w->now;
	while ((double)w->now - start < s->run_s * 1e9) {
		for (uint32_t k = 0; k < gap; k++) {
			bool slow = slow_at(s, ((double)w->now - start) * 1e-9);
			double d = w->dur[k] * (1 + s->jitter * attr_rng_normal(&w->rng));
			double p = w->power[k] * (1 + s->variation * attr_rng_normal(&w->rng));

			d = fmax(d, 0.2 * w->dur[k]) * (slow ? s->slow_time : 1);
			add(w, k, iteration, d, fmax(p, 0) * (slow ? s->slow_power : 1));
		}
		add(w, gap, iteration++, s->gap_s, s->gap_w);
	}
	t->idle[1][0] = w->now;
	add(w, gap, iteration, s->idle_s, s->idle_w);
	t->idle[1][1] = w->now;
	t->n_classes = s->layers + 1;
}

/* Exact integral of the power up to T (ns since T0), from segment *i on. */
static double integral(const struct work *w, double t, size_t *i)
{
	const struct scene_segments *g = &w->t->seg;
	double span = (double)(g->begin[g->n] - T0), slope = w->s->drift_w / span;

	if (t < 0)
		return t * w->segment_w[0] * 1e-9;
	while (*i && (double)(g->begin[*i] - T0) > t)
		--*i;
	while (*i + 1 < g->n && (double)(g->begin[*i + 1] - T0) <= t)
		++*i;
	return w->joules[*i] +
		((t - (double)(g->begin[*i] - T0)) * w->segment_w[*i] + slope * t * t / 2) * 1e-9;
}

static void make_truth(struct work *w)
{
	struct scene_trace *t = w->t;
	const struct scene_segments *g = &t->seg;
	double slope = w->s->drift_w / (double)(g->begin[g->n] - T0);

	w->joules = must(calloc(g->n + 1, sizeof(double)));
	t->energy_j = must(calloc(t->n_classes, sizeof(double)));
	t->time_s = must(calloc(t->n_classes, sizeof(double)));
	for (size_t i = 0; i < g->n; i++) {
		double b = (double)(g->begin[i] - T0), e = (double)(g->begin[i + 1] - T0), j;

		j = (e - b) * w->segment_w[i] * 1e-9;
		w->joules[i + 1] = w->joules[i] + j;
		j += slope * (e * e - b * b) / 2 * 1e-9;
		t->energy_j[g->class_[i]] += j;
		t->time_s[g->class_[i]] += (e - b) * 1e-9;
		t->total_j += j;
	}
}

struct sensor {
	size_t head, tail;
	double state, next; /* ema, W and ns */
	bool started;
};

static double mean_power(const struct work *w, struct sensor *n, double end, double window)
{
	window = fmax(window, 1000);
	return (integral(w, end, &n->head) - integral(w, end - window, &n->tail)) / window * 1e9;
}

/* What the sensor shows at T (ns since T0), before offset, noise and quantum. */
static double show(const struct work *w, struct sensor *n, double t)
{
	const struct scene *s = w->s;
	double period = s->period_s * 1e9, end = t - s->lag_s * 1e9;

	if (s->kind == ERG_SENSOR_EMA) {
		if (!n->started) {
			n->state = mean_power(w, n, end, s->window_s * 1e9);
			n->next = end + 0.37 * period;
			n->started = true;
		}
		for (; n->next <= end; n->next += period)
			n->state += s->alpha * (mean_power(w, n, n->next, period) - n->state);
		return n->state;
	}
	if (period > 0)
		end = floor((end - 0.37 * period) / period) * period + 0.37 * period;
	if (s->kind == ERG_SENSOR_COUNTER)
		return integral(w, end, &n->head);
	return mean_power(w, n, end, s->window_s * 1e9);
}

static double spoil(struct work *w, double v)
{
	const struct scene *s = w->s;
	double q = s->lsb;

	if (s->kind != ERG_SENSOR_COUNTER)
		v = v * (1 + s->gain) + s->offset_w + s->noise_w * attr_rng_normal(&w->rng);
	if (q <= 0)
		return v;
	return s->kind == ERG_SENSOR_COUNTER ? floor(v / q) * q : round(v / q) * q;
}

static void make_rail(struct work *w)
{
	const struct scene *s = w->s;
	struct erg_rail *r = &w->t->rail;
	double span = (double)(w->t->seg.begin[w->t->seg.n] - T0), step = s->spacing_s * 1e9;
	size_t cap = (size_t)(span / step * 1.1) + 16;
	struct sensor n = {0};

	strcpy(r->name, "VDD_IN");
	r->counter = s->kind == ERG_SENSOR_COUNTER;
	r->model = (struct erg_sensor_model){.kind = s->kind,
		.provenance = ERG_PROVENANCE_DATASHEET,
		.window_ns = (uint64_t)llround(s->window_s * 1e9),
		.period_ns = (uint64_t)llround(s->period_s * 1e9),
		.lag_ns = llround(s->lag_s * 1e9),
		.alpha = s->alpha};
	r->interval_ns = (uint64_t)step;
	r->lsb_w = s->lsb;
	r->t = must(calloc(cap, sizeof(*r->t)));
	r->v = must(calloc(cap, sizeof(*r->v)));
	r->half = must(calloc(cap, sizeof(*r->half)));
	for (double t = step; t < span && r->n < cap; t += step) {
		double at = floor(t + s->dither * step * attr_rng_uniform(&w->rng));

		if (at >= s->hole_begin_s * 1e9 && at < s->hole_end_s * 1e9)
			continue;
		r->t[r->n] = T0 + (uint64_t)at;
		r->v[r->n++] = spoil(w, show(w, &n, at));
	}
}

static void make_levels(struct work *w)
{
	const struct scene *s = w->s;
	struct scene_trace *t = w->t;
	size_t n = s->switch_s > 0 ? (size_t)(s->run_s / s->switch_s) + 2 : 0;

	t->n_levels = n;
	t->level_t = must(calloc(n + 1, sizeof(*t->level_t)));
	t->level_hz = must(calloc(n + 1, sizeof(*t->level_hz)));
	for (size_t i = 0; i < n; i++) {
		t->level_t[i] = t->idle[0][1] + (uint64_t)llround((double)i * s->switch_s * 1e9);
		t->level_hz[i] = i % 2 ? 600e6 : 1200e6;
	}
}

/* What a reader would make of it: the instances of the layers, on one thread. */
static void make_timeline(struct work *w)
{
	struct erg_timeline *tl = &w->t->tl;
	const struct scene_segments *g = &w->t->seg;
	struct erg_tl_intervals *iv = &tl->iv;

	tl->archive = must(strdup("scene"));
	tl->begin = g->begin[0];
	tl->end = g->begin[g->n];
	tl->n_layers = w->s->layers;
	tl->layers = must(calloc(tl->n_layers + 1, sizeof(*tl->layers)));
	for (size_t k = 0; k < tl->n_layers; k++)
		tl->layers[k].parent = ERG_NONE;
	for (size_t k = 0; k < tl->n_layers; k++)
		if (asprintf(&tl->layers[k].name, "layer %zu", k) < 0)
			abort();
	tl->n_tracks = 1;
	tl->tracks = must(calloc(1, sizeof(*tl->tracks)));
	iv->layer = must(calloc(g->n, sizeof(*iv->layer)));
	iv->iteration = must(calloc(g->n, sizeof(*iv->iteration)));
	iv->track = must(calloc(g->n, sizeof(*iv->track)));
	iv->depth = must(calloc(g->n, sizeof(*iv->depth)));
	for (size_t i = 0; i < g->n; i++) {
		if (g->class_[i] == tl->n_layers)
			continue;
		iv->layer[iv->n] = g->class_[i];
		iv->iteration[iv->n++] = g->iteration[i];
		if (erg_times_push(&iv->begin, g->begin[i]) < 0 ||
			erg_times_push(&iv->end, g->begin[i + 1]) < 0)
			abort();
	}
}

static void release_timeline(struct erg_timeline *tl)
{
	for (size_t k = 0; k < tl->n_layers; k++)
		free(tl->layers[k].name);
	free(tl->archive);
	free(tl->layers);
	free(tl->tracks);
	free(tl->iv.layer);
	free(tl->iv.iteration);
	free(tl->iv.track);
	free(tl->iv.depth);
	erg_times_release(&tl->iv.begin);
	erg_times_release(&tl->iv.end);
}

void scene_make(const struct scene *s, struct scene_trace *ret)
{
	struct work w = {.s = s, .t = ret};

	memset(ret, 0, sizeof(*ret));
	attr_rng_seed(&w.rng, s->seed);
	draw_layers(&w);
	make_segments(&w);
	make_truth(&w);
	make_rail(&w);
	make_levels(&w);
	make_timeline(&w);
	free(w.dur);
	free(w.power);
	free(w.segment_w);
	free(w.joules);
}

void scene_release(struct scene_trace *t)
{
	free(t->rail.t);
	free(t->rail.v);
	free(t->rail.half);
	release_timeline(&t->tl);
	free(t->seg.begin);
	free(t->seg.class_);
	free(t->seg.iteration);
	free(t->energy_j);
	free(t->time_s);
	free(t->level_t);
	free(t->level_hz);
	memset(t, 0, sizeof(*t));
}

void scene_naive(const struct scene_trace *t, double *ret_energy_j)
{
	const struct erg_rail *r = &t->rail;
	size_t m = 0;

	memset(ret_energy_j, 0, t->n_classes * sizeof(double));
	for (size_t i = 0; i < t->seg.n; i++) {
		double dur = (double)(t->seg.begin[i + 1] - t->seg.begin[i]) * 1e-9, p;

		while (m + 1 < r->n && r->t[m + 1] <= t->seg.begin[i + 1])
			m++;
		p = r->v[m];
		if (r->counter)
			p = m ? (r->v[m] - r->v[m - 1]) / (double)(r->t[m] - r->t[m - 1]) * 1e9 : 0;
		ret_energy_j[t->seg.class_[i]] += p * dur;
	}
}
