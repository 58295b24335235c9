/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The work of a world: which layer ran when on which track, at what power of its own above the
 * base. One function makes an instance, with everything in which instances may differ.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/accuracy/world.h"

#define REQUEST 21 /* passes */

const char *const phase_names[2] = {"prefill", "decode"};

static int64_t ns(double s)
{
	return llround(s * 1e9);
}

void layer_name(const struct work *k, int layer, char *buf, size_t size)
{
	snprintf(buf, size, "%s%02d", k->is_module[layer] ? "block" : "layer",
		k->is_module[layer] ? layer - k->w->layers : layer);
}

const char *layer_type(int layer)
{
	static const char *const types[] = {"conv", "pool", "fc", "norm"};

	return types[layer % 4];
}

/* What is left of the layers before decays on. */
static double tail(struct work *k, int track, const struct own *o)
{
	double now = k->tail[track];

	if (now > 0)
		k->tail[track] *= exp(-(double)(o->end_ns - o->begin_ns) * 1e-9 / k->w->tail_s);
	return now;
}

/* Power of its own, or none (WORLD_NONE), until so long later. */
static void own_piece(struct work *k, int track, int layer, double dur_s, struct piece p)
{
	struct own o = {.begin_ns = k->now[track], .layer = layer, .p = p};

	o.end_ns = k->now[track] += ns(dur_s);
	if (o.end_ns == o.begin_ns)
		return;
	o.p.c += tail(k, track, &o);
	if (k->owns[track] == k->own_room[track]) {
		k->own_room[track] = k->own_room[track] ? 2 * k->own_room[track] : 4096;
		k->own[track] = must(realloc(k->own[track], k->own_room[track] * sizeof(o)));
	}
	k->own[track][k->owns[track]++] = o;
}

static void own(struct work *k, int track, int layer, double dur_s, double watts, double exp_w)
{
	own_piece(k, track, layer, dur_s, (struct piece){.a = watts, .c = exp_w});
}

static size_t begin(struct work *k, int track, int layer)
{
	if (k->instances == k->instance_room) {
		k->instance_room = k->instance_room ? 2 * k->instance_room : 4096;
		k->instance = must(realloc(k->instance, k->instance_room * sizeof(*k->instance)));
	}
	k->instance[k->instances] = (struct instance){.begin_ns = k->now[track],
		.layer = layer,
		.track = track,
		.iteration = k->iteration,
		.phase = k->phase};
	return k->instances++;
}

static double elapsed(const struct work *k, int track)
{
	return (double)(k->now[track] - k->begin_ns) * 1e-9;
}

/* The level of the clock, 0 to 6. */
static int level(const struct work *k, int track)
{
	int i = 0;

	while (i + 1 < k->levels && k->level_t[i + 1] <= elapsed(k, track) + k->w->idle_s)
		i++;
	return i;
}

double level_factor(int level)
{
	return 1 - 0.11 * level;
}

/* The work of an instance whose power, W above the base, is not the same all through it. */
static void work_of(struct work *k, int track, int layer, double d, double watts)
{
	const struct world *w = k->w;
	double shape = k->shape[layer], exp_w = w->onset_s > 0 ? (w->onset - 1) * watts : 0;
	double burst = shape != 0 && w->burst > 0 ? fmin(w->burst_s, d) : 0;

	if (w->ramp > 0) {
		double by = w->ramp * shape * watts;

		own_piece(k, track, layer, d, (struct piece){.a = watts - by, .b = 2 * by / d});
	} else if (w->halves > 0) {
		own(k, track, layer, d / 2, watts * (1 + w->halves * shape), 0);
		own(k, track, layer, d / 2, watts * (1 - w->halves * shape), 0);
	} else {
		own(k, track, layer, burst, watts * (1 + w->burst * fabs(shape)), exp_w);
		own(k, track, layer, d - burst, watts, burst > 0 ? 0 : exp_w);
	}
	if (shape != 0)
		k->tail[track] += w->tail * watts;
}

static void run_layer(struct work *k, int track, int layer)
{
	const struct world *w = k->w;
	double f = level_factor(level(k, track)), p = k->power[layer], d0 = k->dur[layer], d = d0,
	       q, before;
	bool changed = w->change_at > 0 && elapsed(k, track) > w->change_at * w->run_s, stalls;
	size_t i = begin(k, track, layer);

	if (w->dur_sd > 0)
		d *= exp(w->dur_sd * draw_normal(&k->draw));
	p *= pow(d / d0, w->dur_power);
	d *= fmax(0.2, 1 + w->jitter * draw_normal(&k->draw));
	if (w->phases ? k->phase == 0 : draw_uniform(&k->draw) < w->mode_share) {
		d *= w->mode_dur;
		p *= k->mode_power[layer];
	}
	if (w->prompt_sd > 0)
		d *= k->phase ? 1 + w->grow * (k->iteration % REQUEST) / REQUEST : k->prompt;
	if (k->iteration < w->cold) {
		d *= 2.5;
		p *= k->cold_power[layer];
	}
	if (changed) {
		d *= k->change_dur[layer];
		p *= k->change_power[layer];
	}
	d /= f;
	p *= f * f * fmax(0, 1 + w->variation * draw_normal(&k->draw));
	q = fmax(0.1, p - w->idle_w);
	stalls = w->stall > 0 && draw_uniform(&k->draw) < w->stall;
	before = !stalls ? d : d * (w->stall_at < 0 ? draw_uniform(&k->draw) : w->stall_at);
	if (before > 0)
		work_of(k, track, layer, before, q);
	if (stalls)
		own(k, track, layer, w->stall_s * (0.3 + draw_exponential(&k->draw)), 0.4, 0);
	own(k, track, layer, d - before, q, 0);
	k->instance[i].end_ns = k->now[track];
}

static void module_time(struct work *k, int track, int module, int part)
{
	double d = k->dur[module] * (1 + 0.4 * part);
	double p = part == 0 ? k->power[module]
		: part == 1  ? k->mode_power[module]
			     : k->cold_power[module];

	d *= fmax(0.2, 1 + k->w->jitter * draw_normal(&k->draw));
	own(k, track, module, d, p - k->w->idle_w, 0);
}

/* What a program still does after its layers; then nothing. */
static void pause(struct work *k, int track)
{
	double d = k->w->pause_s * (0.5 + draw_uniform(&k->draw));
	double busy = fmin(k->w->edge_s * (0.2 + 0.8 * draw_uniform(&k->draw)), d);

	if (busy > 0)
		own(k, track, WORLD_NONE, busy, k->w->edge_w, 0);
	own(k, track, WORLD_NONE, d - busy, 0, 0);
}

static void run_iteration(struct work *k, int track, int from, int to)
{
	size_t open = 0;
	double gap;

	for (int i = from; i < to; i++) {
		int m = k->module[i];

		if (m != WORLD_NONE && (i == from || k->module[i - 1] != m)) {
			open = begin(k, track, m);
			module_time(k, track, m, 0);
		} else if (m != WORLD_NONE) {
			module_time(k, track, m, 1);
		}
		run_layer(k, track, i);
		if (m != WORLD_NONE && (i + 1 == to || k->module[i + 1] != m)) {
			module_time(k, track, m, 2);
			k->instance[open].end_ns = k->now[track];
		}
	}
	gap = k->w->gap_s * (1 + 0.2 * draw_uniform(&k->draw));
	own(k, track, WORLD_NONE, gap * (1 - k->w->gap_first), k->w->gap_w, 0);
	if (k->w->pause_s > 0 && k->iteration % 5 == 4)
		pause(k, track);
	if (k->w->gap_first > 0)
		own(k, track, WORLD_NONE, gap * k->w->gap_first, k->w->gap_w, 0);
}

static void run_track(struct work *k, int track)
{
	const struct world *w = k->w;
	int per = w->layers / w->tracks, from = track * per;
	int to = track + 1 == w->tracks ? w->layers : from + per;

	k->now[track] = k->begin_ns;
	if (track)
		own(k, track, WORLD_NONE, 2e-3 * draw_uniform(&k->draw), 0, 0);
	for (k->iteration = 0;
		w->iterations ? k->iteration < w->iterations : elapsed(k, track) < w->run_s;
		k->iteration++) {
		/* a request: one long pass of the network, then twenty short ones */
		k->phase = w->phases ? k->iteration % REQUEST != 0 : 0;
		if (w->prompt_sd > 0 && !k->phase)
			k->prompt = exp(w->prompt_sd * draw_normal(&k->draw));
		run_iteration(k, track, from, to);
	}
	if (k->now[track] > k->end_ns)
		k->end_ns = k->now[track];
}

static double log_uniform(struct draw *d, double lo, double hi)
{
	return lo * exp(log(hi / lo) * draw_uniform(d));
}

static double uniform(struct draw *d, double lo, double hi)
{
	return lo + (hi - lo) * draw_uniform(d);
}

static void draw_layer(struct work *k, int i)
{
	const struct world *w = k->w;
	struct draw *d = &k->draw;

	k->dur[i] = log_uniform(d, w->layer_min_s, w->layer_max_s);
	k->power[i] = uniform(d, w->power_min_w, w->power_max_w);
	k->mode_power[i] = draw_uniform(d) < 0.5 ? 1 - w->mode_power : 1 + w->mode_power;
	k->cold_power[i] = exp(0.4 * draw_normal(d));
	k->change_power[i] = exp(w->change_power * draw_normal(d));
	k->change_dur[i] = exp(w->change_dur * draw_normal(d));
	k->module[i] = WORLD_NONE;
}

/* By numbers of their own, so that a world without shapes stays what it was. */
static void draw_shapes(struct work *k)
{
	const struct world *w = k->w;
	int one = (int)(w->seed % (uint64_t)w->layers);
	struct draw d;

	draw_seed(&d, w->seed ^ 0x7368617065);
	for (int i = 0; i < w->layers; i++) {
		double size = 0.4 + 0.6 * draw_uniform(&d), sign = draw_uniform(&d) < 0.5 ? -1 : 1;

		k->shape[i] = w->one_shape && i != one ? 0 : size * sign;
	}
}

static void draw_modules(struct work *k)
{
	const struct world *w = k->w;

	for (int i = 0; w->nested && i < w->layers; i++) {
		int m = w->layers + i / 3;

		if (m >= WORLD_LAYERS)
			continue;
		k->module[i] = m;
		k->is_module[m] = true;
		k->layers = m + 1;
	}
	for (int m = w->layers; m < k->layers; m++) {
		k->dur[m] = log_uniform(&k->draw, 0.2e-3, 0.8e-3);
		k->power[m] = uniform(&k->draw, w->power_min_w, w->power_max_w);
		k->mode_power[m] = uniform(&k->draw, w->power_min_w, w->power_max_w);
		k->cold_power[m] = uniform(&k->draw, w->power_min_w, w->power_max_w);
		k->module[m] = WORLD_NONE;
	}
}

static void scale_to_cycle(struct work *k)
{
	double sum = k->w->gap_s * 1.1;

	for (int i = 0; i < k->w->layers; i++)
		sum += k->dur[i];
	for (int i = 0; i < k->w->layers; i++)
		k->dur[i] *= (k->w->cycle_s - k->w->gap_s * 1.1) / (sum - k->w->gap_s * 1.1);
}

static void make_base(struct work *k)
{
	const struct world *w = k->w;
	double t0 = w->idle_s, at = 0, step = 0.1;

	curve_add(&k->base, -5, w->idle_w, 0, 0);
	if (w->edge_s > 0)
		curve_add(&k->base, t0 - w->edge_s, w->idle_w + w->edge_w, 0, 0);
	if (w->busy_w != 0 || w->edge_s > 0) {
		double end = (double)k->end_ns * 1e-9;

		curve_add(&k->base, t0, w->idle_w + w->busy_w, 0, 0);
		curve_add(&k->base, end, w->idle_w + w->edge_w, 0, 0);
		curve_add(&k->base, end + w->edge_s, w->idle_w, 0, 0);
	}
	for (double t = 0; w->drift_w != 0 && t0 + t < (double)k->end_ns * 1e-9; t += step) {
		double next = w->drift_w * -expm1(-(t + step) / w->drift_s);

		curve_add(&k->base, t0 + t, w->idle_w + at, (next - at) / step, 0);
		at = next;
	}
	if (w->drift_w != 0)
		curve_add(&k->base, k->base.p[k->base.n - 1].t + step, w->idle_w + at, 0, 0);
	curve_finish(&k->base);
}

/* Some levels last for a few readings, one for most of the time: the first, one amid, the last. */
static void make_levels(struct work *k)
{
	int most = (int)(k->w->seed % 3) * 3;
	double sum = 0, share[WORLD_LEVELS];

	k->levels = k->w->fall_s > 0 ? WORLD_LEVELS : 0;
	for (int i = 0; i < k->levels; i++)
		sum += share[i] = i == most ? 155 : 2 + 5 * pow(draw_uniform(&k->draw), 3);
	k->level_t[0] = k->w->idle_s;
	for (int i = 1; i < k->levels; i++)
		k->level_t[i] = k->level_t[i - 1] + k->w->fall_s * share[i - 1] / sum;
}

static void find_spans(struct work *k)
{
	k->span = must(calloc(k->instances, sizeof(*k->span)));
	for (size_t i = 0; k->w->phases && i < k->instances; i++) {
		const struct instance *n = &k->instance[i];

		if (!k->spans || k->span[k->spans - 1].phase != n->phase)
			k->span[k->spans++] = (struct span){n->begin_ns, n->end_ns, n->phase};
		k->span[k->spans - 1].end_ns = n->end_ns;
	}
}

void work_make(struct work *k, const struct world *w)
{
	memset(k, 0, sizeof(*k));
	k->w = w;
	k->layers = w->layers;
	draw_seed(&k->draw, w->seed);
	for (int i = 0; i < w->layers; i++)
		draw_layer(k, i);
	draw_modules(k);
	draw_shapes(k);
	if (w->cycle_s > 0)
		scale_to_cycle(k);
	make_levels(k);
	k->begin_ns = k->end_ns = ns(w->idle_s);
	for (int i = 0; i < w->tracks; i++)
		run_track(k, i);
	make_base(k);
	find_spans(k);
	work_add_up(k);
}

void work_release(struct work *k)
{
	for (int i = 0; i < WORLD_TRACKS; i++)
		free(k->own[i]);
	free(k->instance);
	free(k->span);
	curve_release(&k->base);
	curve_release(&k->total);
}
