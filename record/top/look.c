/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The window is a ring of steps, one a frame. What changes by itself (energy, counts, calls) is noted
 * where a step begins; what is seen by looking (what a thread is in) is counted within it.
 *
 * A thread's word has beside its layer how often that has changed. When all words are as they were,
 * nothing began or ended between, however short: that makes a reading one of a single layer.
 *
 * A program that is killed within a layer leaves its word. It is left out when its process is gone and
 * the word has not changed for a while; a process of another PID namespace, which seems to be gone,
 * goes on changing it.
 */
#include "record/top/look.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "formats/base/terminal.h"
#include "formats/base/util.h"
#include "tracepoints/provider_types.h"

#define PLACES (ERG_LIVE_LAYERS + 2) /* 0: in no layer; the last: in one without a place */
#define NOWHERE (ERG_LIVE_LAYERS + 1)
#define GONE_NS 2000000000u
#define OLD_NS 5000000000u /* a rail's last reading is shown no longer than this */

struct place {
	uint32_t looks, readings;
	double watts; /* sum over readings */
	uint64_t span_ns;
};

struct mark { /* of a line, where a step begins */
	uint64_t time_ns;
	double energy_j;
};

struct step {
	uint64_t begin_ns, end_ns; /* end 0: not used */
	uint64_t looks;
	uint64_t calls[ERG_LIVE_LEVELS];
	struct mark marks[ERG_SHOW_LINES];
	bool slow[ERG_SHOW_LINES];
	struct place places[PLACES];
};

struct thread {
	uint64_t now, since_ns; /* the word, and when it was first seen so */
	bool gone;
};

struct erg_top {
	const struct erg_top_pages *pages;
	struct step *steps;
	size_t n_steps, at;
	uint64_t rng;
	/* of looking */
	uint64_t signature, unchanged_ns; /* of all words */
	uint64_t last_reading_ns;
	struct thread threads[ERG_LIVE_THREADS];
	/* as of the last step's end */
	uint64_t calls[ERG_LIVE_LEVELS];
	uint64_t span_ns[ERG_LIVE_LAYERS];
	double counts[ERG_SHOW_LINES];
	bool counted[ERG_SHOW_LINES];
	uint32_t root; /* a line; ERG_SHOW_LINES: none yet */
	struct erg_top_frame frame;
};

/* ---- looking ---- */

static uint32_t threads_of(const struct erg_live_page *l)
{
	uint32_t n = l ? atomic_load_explicit(&l->next_thread, memory_order_relaxed) : 0;

	return n < ERG_LIVE_THREADS ? n : ERG_LIVE_THREADS;
}

static uint32_t place_of(uint64_t word)
{
	uint32_t place = (uint32_t)(word & ERG_LIVE_PLACE_MASK);

	return place <= ERG_LIVE_LAYERS ? place : NOWHERE;
}

/* What the threads are in; returns in how many of them a layer is open, and in *RET_PLACE one. */
static uint32_t look_threads(struct erg_top *t, uint64_t now_ns, uint32_t *ret_place)
{
	struct step *s = &t->steps[t->at];
	const uint32_t n = threads_of(t->pages->live);
	uint64_t signature = 0xcbf29ce484222325u ^ n;
	uint32_t active = 0;

	*ret_place = 0;
	for (uint32_t i = 0; i < n; i++) {
		struct thread *th = &t->threads[i];
		uint64_t word =
			atomic_load_explicit(&t->pages->live->threads[i].now, memory_order_relaxed);

		if (word != th->now)
			*th = (struct thread){.now = word, .since_ns = now_ns};
		signature = (signature ^ word) * 0x100000001b3u;
		if (!place_of(word) || th->gone)
			continue;
		*ret_place = place_of(word);
		s->places[*ret_place].looks++;
		active++;
	}
	if (signature != t->signature) {
		t->signature = signature;
		t->unchanged_ns = now_ns;
	}
	return active;
}

/* A new reading that saw nothing but what is going on now counts for it. */
static void look_reading(struct erg_top *t, uint32_t active, uint32_t place)
{
	struct place *p = &t->steps[t->at].places[place];
	const struct erg_show_line *l;
	struct erg_show_value v;
	int64_t begin_ns;

	if (t->root == ERG_SHOW_LINES)
		return;
	l = &t->pages->show->lines[t->root];
	if (!erg_show_read(l, &v) || v.time_ns == t->last_reading_ns)
		return;
	t->last_reading_ns = v.time_ns;
	begin_ns = (int64_t)v.time_ns - l->lag_ns - (int64_t)v.saw_ns;
	if (active > 1 || !t->pages->live || begin_ns < (int64_t)t->unchanged_ns)
		return;
	p->readings++;
	p->watts += v.value;
}

void erg_top_look(struct erg_top *t, uint64_t now_ns)
{
	struct step *s = &t->steps[t->at];
	uint32_t place, active = look_threads(t, now_ns, &place);

	s->looks++;
	if (!active)
		s->places[0].looks++;
	look_reading(t, active, place);
}

uint64_t erg_top_pause(struct erg_top *t)
{
	/* splitmix64 (Steele, Lea, Flood 2014), as the sampler's dither */
	uint64_t z = (t->rng += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return ERG_TOP_LOOK_NS / 2 + (z ^ (z >> 31)) % ERG_TOP_LOOK_NS;
}

/* ---- steps ---- */

static void calls_sum(const struct erg_live_page *l, uint64_t ret[ERG_LIVE_LEVELS])
{
	memset(ret, 0, ERG_LIVE_LEVELS * sizeof(*ret));
	for (uint32_t i = 0; l && i < ERG_LIVE_THREADS; i++)
		for (size_t k = 0; k < ERG_LIVE_LEVELS; k++)
			ret[k] +=
				atomic_load_explicit(&l->threads[i].calls[k], memory_order_relaxed);
}

/* What has moved on since the last step belongs to this one. */
static void step_end(struct erg_top *t, uint64_t now_ns)
{
	const struct erg_live_page *l = t->pages->live;
	struct step *s = &t->steps[t->at];
	uint64_t calls[ERG_LIVE_LEVELS];

	s->end_ns = now_ns;
	calls_sum(l, calls);
	for (size_t k = 0; k < ERG_LIVE_LEVELS; k++)
		s->calls[k] = calls[k] - t->calls[k];
	memcpy(t->calls, calls, sizeof(calls));
	for (uint32_t i = 0; l && i < ERG_LIVE_LAYERS; i++) {
		uint64_t span = atomic_load_explicit(&l->layers[i].span_ns, memory_order_relaxed);

		s->places[i + 1].span_ns = span - t->span_ns[i];
		t->span_ns[i] = span;
	}
}

static void step_begin(struct erg_top *t, uint64_t now_ns)
{
	const struct erg_show_page *p = t->pages->show;
	struct step *s = &t->steps[t->at];
	struct erg_show_value v;

	memset(s, 0, sizeof(*s));
	s->begin_ns = now_ns;
	for (uint32_t i = 0; i < p->n && i < ERG_SHOW_LINES; i++)
		if (erg_show_read(&p->lines[i], &v))
			s->marks[i] = (struct mark){v.time_ns, v.energy_j};
}

static void threads_check(struct erg_top *t, uint64_t now_ns)
{
	for (uint32_t i = 0; i < threads_of(t->pages->live); i++) {
		pid_t pid = (pid_t)atomic_load_explicit(&t->pages->live->threads[i].process,
			memory_order_relaxed);

		t->threads[i].gone = now_ns - t->threads[i].since_ns > GONE_NS && pid > 0 &&
			kill(pid, 0) < 0 && errno == ESRCH;
	}
}

/* ---- the frame ---- */

static void copy_text(char *dst, const char *src, size_t size)
{
	memcpy(dst, src, size);
	dst[size - 1] = '\0';
	erg_terminal_text(dst);
}

/* The oldest mark of line I in the window. */
static const struct mark *oldest(const struct erg_top *t, uint32_t i)
{
	for (size_t k = 1; k <= t->n_steps; k++) {
		const struct step *s = &t->steps[(t->at + k) % t->n_steps];

		if (s->end_ns && s->marks[i].time_ns)
			return &s->marks[i];
	}
	return NULL;
}

static double mean_since(const struct mark *m, const struct erg_show_value *v)
{
	if (!m || !m->time_ns || v->time_ns <= m->time_ns)
		return v->value;
	return (v->energy_j - m->energy_j) / ((double)(v->time_ns - m->time_ns) * 1e-9);
}

static bool has_parent(const struct erg_show_page *p, const struct erg_show_line *l)
{
	for (uint32_t i = 0; *l->parent && i < p->n && i < ERG_SHOW_LINES; i++)
		if (p->lines[i].quantity == ERG_Q_POWER &&
			!strncmp(p->lines[i].rail, l->parent, sizeof(l->parent)))
			return true;
	return false;
}

static void see_rail(struct erg_top *t, uint32_t i, uint64_t now_ns)
{
	const struct erg_show_line *l = &t->pages->show->lines[i];
	struct erg_top_frame *f = &t->frame;
	struct erg_top_rail *r = &f->rails[f->n_rails++];
	struct erg_show_value v;

	*r = (struct erg_top_rail){.simulated = l->simulated,
		.is_root = !has_parent(t->pages->show, l)};
	copy_text(r->rail, l->rail, sizeof(r->rail));
	r->known = erg_show_read(l, &v) && now_ns < v.time_ns + OLD_NS;
	if (!r->known)
		return;
	r->now_w = mean_since(&t->steps[t->at].marks[i], &v);
	r->mean_w = mean_since(oldest(t, i), &v);
	r->energy_j = v.energy_j;
	if (r->is_root && (!f->root || r->mean_w > f->root->mean_w)) {
		f->root = r;
		f->assumed = l->assumed;
		t->root = i;
	}
}

static void see_other(struct erg_top *t, const struct erg_show_line *l)
{
	struct erg_top_other *o = &t->frame.others[t->frame.n_others];
	struct erg_show_value v;

	if (!erg_show_read(l, &v))
		return;
	copy_text(o->rail, l->rail, sizeof(o->rail));
	o->quantity = (enum erg_quantity)l->quantity;
	o->value = v.value;
	o->simulated = l->simulated;
	t->frame.n_others++;
}

static void see_slow(struct erg_top *t, uint32_t i)
{
	const struct erg_show_line *l = &t->pages->show->lines[i];
	struct step *s = &t->steps[t->at];
	struct erg_top_frame *f = &t->frame;
	struct erg_show_value v;
	char rail[64];
	bool slow = false;

	if (!erg_show_read(l, &v))
		return;
	f->tells_throttling++;
	if (l->slow == ERG_SHOW_SLOW_COUNTS)
		s->slow[i] = t->counted[i] && v.value > t->counts[i];
	else if (l->slow == ERG_SHOW_SLOW_BITS)
		s->slow[i] = (uint64_t)v.value & ERG_SLOWING_REASONS;
	else
		s->slow[i] = v.value > 0;
	t->counts[i] = v.value;
	t->counted[i] = true;
	for (size_t k = 0; k < t->n_steps; k++)
		slow |= t->steps[k].end_ns && t->steps[k].slow[i];
	if (!slow)
		return;
	copy_text(rail, l->rail, sizeof(rail));
	if (strlen(f->throttled) + strlen(rail) + 3 < sizeof(f->throttled)) {
		strcat(f->throttled, f->n_throttled ? ", " : "");
		strcat(f->throttled, rail);
	}
	f->n_throttled++;
}

static void see_lines(struct erg_top *t, uint64_t now_ns)
{
	const struct erg_show_page *p = t->pages->show;

	t->frame.lines_left_out = p->left_out;
	for (uint32_t i = 0; i < p->n && i < ERG_SHOW_LINES; i++) {
		const struct erg_show_line *l = &p->lines[i];

		if (l->quantity == ERG_Q_POWER)
			see_rail(t, i, now_ns);
		else if (l->slow != ERG_SHOW_SLOW_NOT)
			see_slow(t, i);
		else if (l->quantity == ERG_Q_TEMPERATURE || l->quantity == ERG_Q_FREQUENCY)
			see_other(t, l);
	}
}

/* The window's sum for place I. */
static struct place place_sum(const struct erg_top *t, uint32_t i)
{
	struct place sum = {0};

	for (size_t k = 0; k < t->n_steps; k++) {
		const struct place *p = &t->steps[k].places[i];

		if (!t->steps[k].end_ns)
			continue;
		sum.looks += p->looks;
		sum.readings += p->readings;
		sum.watts += p->watts;
		sum.span_ns += p->span_ns;
	}
	return sum;
}

static void layer_name(const struct erg_top *t, uint32_t i, struct erg_top_layer *l)
{
	const struct erg_live_layer *from;

	if (i == 0 || i == NOWHERE) {
		strcpy(l->name, i ? "(layers beyond the first 4096)" : "(no layer)");
		return;
	}
	from = &t->pages->live->layers[i - 1];
	if (!atomic_load(&from->ready))
		return;
	l->level = from->level;
	copy_text(l->name, from->name, sizeof(l->name));
	copy_text(l->network, from->network, sizeof(l->network));
}

/* Spans of modules hold those of their layers: the deepest level that has spans counts. */
static uint32_t span_level(const struct erg_top *t)
{
	uint32_t level = 0;

	for (uint32_t i = 0; i < ERG_LIVE_LAYERS; i++)
		if (t->pages->live->layers[i].level > level && place_sum(t, i + 1).span_ns)
			level = t->pages->live->layers[i].level;
	return level;
}

static void see_layer(struct erg_top *t, uint32_t i, uint32_t with_spans)
{
	struct erg_top_frame *f = &t->frame;
	struct place p = place_sum(t, i);
	struct erg_top_layer l = {.mean_w = NAN, .energy_j = NAN};
	size_t at = f->n_layers;
	double looked_s = f->looks ? f->window_s * p.looks / (double)f->looks : 0;

	layer_name(t, i, &l);
	l.time_s = looked_s + (l.level == with_spans ? (double)p.span_ns * 1e-9 : 0);
	if (!(l.time_s > 0))
		return;
	l.share = l.time_s / f->window_s;
	l.readings = p.readings;
	if (p.readings >= ERG_TOP_READINGS_MIN && p.readings >= p.looks / ERG_TOP_READINGS_PART &&
		!p.span_ns && f->root) {
		l.mean_w = p.watts / p.readings;
		l.energy_j = l.mean_w * l.time_s;
	}
	/* The list is in order of time; what finds no room is counted. */
	while (at > 0 && f->layers[at - 1].time_s < l.time_s)
		at--;
	f->more_layers += f->n_layers == ERG_TOP_LAYERS;
	if (at == ERG_TOP_LAYERS)
		return;
	f->n_layers += f->n_layers < ERG_TOP_LAYERS;
	memmove(&f->layers[at + 1], &f->layers[at], (f->n_layers - 1 - at) * sizeof(l));
	f->layers[at] = l;
}

static void see_layers(struct erg_top *t)
{
	const struct erg_live_page *l = t->pages->live;
	struct erg_top_frame *f = &t->frame;
	uint64_t calls[ERG_LIVE_LEVELS] = {0};
	uint32_t with_spans;

	f->knows_layers = l;
	for (size_t k = 0; k < t->n_steps; k++) {
		if (!t->steps[k].end_ns)
			continue;
		f->looks += t->steps[k].looks;
		for (size_t i = 0; i < ERG_LIVE_LEVELS; i++)
			calls[i] += t->steps[k].calls[i];
	}
	if (!l)
		return;
	for (f->level = ERG_LIVE_LEVELS - 1; f->level && !calls[f->level]; f->level--)
		;
	f->calls_per_s = (double)calls[f->level] / f->window_s;
	f->calls = t->calls[f->level];
	f->threads = atomic_load_explicit(&l->next_thread, memory_order_relaxed);
	f->threads_sharing = f->threads > ERG_LIVE_THREADS ? f->threads - ERG_LIVE_THREADS : 0;
	with_spans = span_level(t);
	for (uint32_t i = 0; i < PLACES; i++)
		see_layer(t, i, with_spans);
	for (size_t i = 0; i < f->n_layers; i++)
		f->short_layers |= f->root && isnan(f->layers[i].mean_w);
}

const struct erg_top_frame *erg_top_see(struct erg_top *t, uint64_t now_ns)
{
	struct erg_top_frame *f = &t->frame;
	uint64_t begin_ns = now_ns;

	memset(f, 0, sizeof(*f));
	step_end(t, now_ns);
	for (size_t k = 0; k < t->n_steps; k++)
		if (t->steps[k].end_ns && t->steps[k].begin_ns < begin_ns)
			begin_ns = t->steps[k].begin_ns;
	f->window_s = (double)(now_ns - begin_ns) * 1e-9;
	f->elapsed_s = (double)(now_ns - t->pages->show->begin_ns) * 1e-9;
	if (t->pages->live)
		threads_check(t, now_ns);
	see_lines(t, now_ns);
	see_layers(t);
	t->at = t->at + 1 < t->n_steps ? t->at + 1 : 0;
	step_begin(t, now_ns);
	return f;
}

int erg_top_new(const struct erg_top_pages *pages, double window_s, double interval_s,
	struct erg_top **ret, struct erg_err *err)
{
	struct erg_top *t = calloc(1, sizeof(*t));
	uint64_t now = erg_mono_ns();

	if (t) {
		t->n_steps = (size_t)fmax(1, ceil(window_s / interval_s - 1e-9));
		t->steps = calloc(t->n_steps, sizeof(*t->steps));
	}
	if (!t || !t->steps) {
		free(t);
		return erg_fail_errno(err, -ENOMEM, "top");
	}
	t->pages = pages;
	t->root = ERG_SHOW_LINES;
	t->rng = now;
	t->unchanged_ns = now;
	calls_sum(pages->live, t->calls);
	for (uint32_t i = 0; pages->live && i < ERG_LIVE_LAYERS; i++)
		t->span_ns[i] = atomic_load(&pages->live->layers[i].span_ns);
	step_begin(t, now);
	*ret = t;
	return 0;
}

void erg_top_free(struct erg_top *t)
{
	if (!t)
		return;
	free(t->steps);
	free(t);
}
