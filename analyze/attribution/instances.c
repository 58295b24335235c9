/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Instances of one layer that are not alike, by the trace alone: least squares weighs an instance by
 * the square of what a reading saw of it, so a class of two populations with two powers has no one
 * power that gives its energy. A class is cut where the logarithms of its instances' durations fall
 * into two clusters (two batch sizes, prefill and decode, a cold start, a clock that was not
 * recorded), or where some last far longer than the rest (stalls); and where they last longer in one phase than in
 * another, whatever their clusters. The own time of a layer that calls
 * others is three things: before the first of them, between them, and after the last.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_statistics.h>

#include "analyze/attribution/instances.h"
#include "analyze/attribution/rng.h"
#include "analyze/attribution/view.h"
#include "formats/base/memory.h"
#include "formats/base/order.h"
#include "formats/base/util.h"

#define SAMPLE_MAX 20000 /* durations of a class looked at */
#define LEAST 12         /* durations that may be cut */
#define APART 0.08       /* of the means of two clusters */
#define APART_SD 4.5     /* (halves of a uniform distribution: 3.5; of a normal one: 2.6) */
#define VALLEY 0.04      /* share of the smaller cluster in the middle third between them */
#define TWICE_MIN                                                                                  \
	0.3 /* of a layer's time that it runs on several tracks at once, to be told apart */
#define TWICE_MAX 0.98
#define APART_SE 4 /* standard errors, of the means in two phases */
#define RARE 0.003 /* share of the class's time below which a part stays */

static double sd_of(double sum, double square, double n)
{
	return n > 1 ? sqrt(fmax(square / n - sum / n * (sum / n), 0)) : 0;
}

/* The cut of sorted X that leaves the least squares within; 0: none. */
static size_t two_means(const double *x, size_t n, double *ret_within)
{
	double all = 0, all2 = 0, s = 0, s2 = 0, best = INFINITY;
	size_t cut = 0;

	for (size_t i = 0; i < n; i++) {
		all += x[i];
		all2 += x[i] * x[i];
	}
	for (size_t i = 1; i < n; i++) {
		double a = (double)i, b = (double)(n - i), within;

		s += x[i - 1];
		s2 += x[i - 1] * x[i - 1];
		within = s2 - s * s / a + (all2 - s2) - (all - s) * (all - s) / b;
		if (within < best) {
			best = within;
			cut = i;
		}
	}
	*ret_within = sqrt(fmax(best, 0) / (double)n);
	return cut;
}

/* Share of the time of sorted log durations X that lies from FROM to TO. */
static double time_share(const double *x, size_t n, size_t from, size_t to)
{
	double part = 0, all = 0;

	for (size_t i = 0; i < n; i++) {
		double d = exp(x[i] - x[n - 1]);

		all += d;
		part += i >= from && i < to ? d : 0;
	}
	return part / all;
}

static size_t tail_of(const double *x, size_t n)
{
	_cleanup_(erg_freep) double *dev = erg_noted(malloc(n * sizeof(double)));
	double median = gsl_stats_median_from_sorted_data(x, 1, n), limit;
	size_t i = n;

	if (!dev)
		return 0;
	for (size_t j = 0; j < n; j++)
		dev[j] = fabs(x[j] - median);
	erg_sort_doubles(dev, n);
	limit = median + fmax(4.5 * 1.48 * gsl_stats_median_from_sorted_data(dev, 1, n), log(3));
	while (i > 0 && x[i - 1] > limit)
		i--;
	return i < n ? i : 0;
}

/* Hardly anything lies in the middle third between the means. */
static bool valley(const double *x, size_t n, double low, double high, size_t smaller)
{
	double from = low + (high - low) / 3, to = high - (high - low) / 3;
	size_t inside = 0;

	for (size_t i = 0; i < n; i++)
		inside += x[i] > from && x[i] < to;
	return (double)inside <= VALLEY * (double)smaller;
}

size_t attr_cut_durations(const double *x, size_t n)
{
	double within, low = 0, low2 = 0, high = 0, high2 = 0;
	size_t cut, a, b;

	if (n < LEAST)
		return 0;
	cut = two_means(x, n, &within);
	for (size_t i = 0; i < n; i++) {
		*(i < cut ? &low : &high) += x[i];
		*(i < cut ? &low2 : &high2) += x[i] * x[i];
	}
	a = cut;
	b = n - cut;
	within = fmax(within, fmax(sd_of(low, low2, (double)a), sd_of(high, high2, (double)b)));
	if (!cut || high / (double)b - low / (double)a < fmax(APART, APART_SD * within) ||
		!valley(x, n, low / (double)a, high / (double)b, a < b ? a : b))
		cut = tail_of(x, n);
	if (!cut || time_share(x, n, 0, cut) < RARE || time_share(x, n, cut, n) < RARE)
		return 0;
	return cut;
}

/* Cuts of sorted X, found by cutting the parts again, into AT (log ns, ascending). */
static size_t cuts_of(const double *x, size_t n, double *at)
{
	size_t cut[ATTR_PARTS_MAX + 1] = {0, n}, parts = 1;

	for (size_t i = 0; i < parts && parts < ATTR_PARTS_MAX;) {
		size_t c = attr_cut_durations(x + cut[i], cut[i + 1] - cut[i]);

		if (!c) {
			i++;
			continue;
		}
		memmove(&cut[i + 2], &cut[i + 1], (parts - i) * sizeof(*cut));
		cut[i + 1] = cut[i] + c;
		parts++;
	}
	for (size_t i = 1; i < parts; i++)
		at[i - 1] = (x[cut[i] - 1] + x[cut[i]]) / 2;
	return parts;
}

static bool has(const struct attr_view *v, size_t i, uint16_t class_)
{
	for (uint32_t e = v->first[i]; e < v->first[i + 1]; e++)
		if (v->col[e] == class_)
			return true;
	return false;
}

bool attr_instances_next(struct attr_instances *t, size_t i, size_t e, double begin, double end)
{
	const struct attr_view *v = t->view;
	uint16_t k = v->col[e];
	bool fresh;

	if (t->phases.n > 1 && (!v->first || begin >= t->end_ns[k]))
		t->phase[k] = attr_phases_at(&t->phases,
			attr_begin(v, i) + (uint64_t)((end - begin) / 2));
	if (!v->first) {
		fresh = true;
		t->dur_ns[k] = end - begin;
	} else {
		fresh = begin >= t->end_ns[k];
		for (size_t j = i + 1; fresh; j++) {
			t->end_ns[k] = (double)(int64_t)(attr_begin(v, j) - v->t0);
			if (j >= v->n || !has(v, j, k)) {
				t->dur_ns[k] = t->end_ns[k] - begin;
				break;
			}
		}
	}
	return fresh;
}

/* Of the instance of class K that runs now: asked for where it matters, as most instances are of one kind. */
static double log_of(const struct attr_instances *t, uint32_t k)
{
	return log(fmax(t->dur_ns[k], 1));
}

static bool below(const struct attr_instances *t, uint32_t k, uint32_t top)
{
	const struct erg_timeline *tl = t->tl;
	uint32_t j = k;

	for (size_t steps = 0; k < tl->n_layers && steps <= tl->n_layers; steps++) {
		k = tl->layers[k].parent;
		if (k == top)
			return true;
	}
	for (size_t steps = 0; j < tl->n_layers && steps <= tl->n_layers; steps++) {
		j = t->up[j];
		if (j == top)
			return true;
	}
	return false;
}

#define DEPTHS 256

/*
 * What a layer runs in, by the times of the instances: what somebody else's log says of modules need not be
 * the layers in it. Only where it is the same in all instances.
 */
static int find_enclosing(struct attr_instances *t, const struct attr_source *src,
	struct erg_err *err)
{
	const struct erg_timeline *tl = src->tl;
	_cleanup_(erg_freep) uint32_t *open = malloc((tl->n_tracks + 1) * DEPTHS * sizeof(*open));
	_cleanup_(erg_freep) uint8_t *seen = calloc(tl->n_layers + 1, 1);

	if (!open || !seen)
		return erg_fail(err, -ENOMEM, "out of memory for %zu tracks", tl->n_tracks);
	memset(open, 0xff, (tl->n_tracks + 1) * DEPTHS * sizeof(*open)); /* ERG_NONE */
	for (size_t k = 0; k < tl->n_layers; k++)
		t->up[k] = ERG_NONE;
	for (size_t i = 0; i < tl->iv.n && tl->iv.depth; i++) {
		uint32_t k = src->map ? src->map[tl->iv.layer[i]] : tl->iv.layer[i], in = ERG_NONE;
		uint32_t *at = open + (size_t)tl->iv.track[i] * DEPTHS + tl->iv.depth[i];

		*at = k;
		if (tl->iv.depth[i])
			in = at[-1];
		if (k >= tl->n_layers)
			continue;
		t->up[k] = !seen[k] || t->up[k] == in ? in : ERG_NONE;
		if (in < tl->n_layers)
			t->parent[in] = 1;
		seen[k] = 1;
	}
	return 0;
}

/* On how many tracks class K runs in segment I. */
static size_t tracks_of(const struct attr_view *v, size_t i, uint32_t k)
{
	size_t n = 0;

	for (uint32_t e = v->first[i]; e < v->first[i + 1]; e++)
		n += v->col[e] == k;
	return n;
}

/* Where in its layer a segment of own time lies: 0, of a layer that encloses none, or alone; 1 before
 * the layers inside, 2 between, 3 after them, or held up. Or 1, where the layer runs on several tracks at
 * once. */
static size_t position(const struct attr_instances *t, size_t i, uint32_t k)
{
	const struct attr_view *v = t->view;
	bool after, before;

	if (v->tail && v->tail[i])
		return 3;
	if (v->first)
		return t->twice[k] && tracks_of(v, i, k) > 1;
	if (!t->parent[k])
		return 0;
	after = t->last != ERG_NONE && below(t, t->last, k);
	before = i + 1 < v->n && below(t, v->col[i + 1], k);
	return after && before ? 2 : before ? 1 : after ? 3 : 0;
}

/* Of the present instance of class K in segment I, in its own phase. */
static size_t slot_of(const struct attr_instances *t, size_t i, uint32_t k)
{
	return (k * ATTR_POSITIONS + position(t, i, k)) * t->phases.n + t->phase[k];
}

/* Of the phase whose kinds that has. */
static size_t told_slot(const struct attr_instances *t, size_t slot)
{
	return slot - slot % t->phases.n + t->as[slot];
}

uint32_t attr_instances_kind(struct attr_instances *t, size_t i, size_t e)
{
	uint32_t k = t->view->col[e];
	size_t slot = told_slot(t, slot_of(t, i, k)), part = 0;
	double log_ns = t->parts[slot] > 1 ? log_of(t, k) : 0;

	while (part + 1 < t->parts[slot] && log_ns > t->at[slot * (ATTR_PARTS_MAX - 1) + part])
		part++;
	return t->kind[slot] + (uint32_t)part;
}

struct sample {
	uint32_t slot;
	float log_ns;
};

static int by_slot(const void *a, const void *b)
{
	const struct sample *x = a, *y = b;

	if (x->slot != y->slot)
		return x->slot < y->slot ? -1 : 1;
	return (x->log_ns > y->log_ns) - (x->log_ns < y->log_ns);
}

/* Layers that run on several tracks at once for a good part of their time, not by chance and not always: what
 * they spend then is not twice what they spend on one. */
static int find_twice(struct attr_instances *t, struct erg_err *err)
{
	const struct attr_view *v = t->view;
	_cleanup_(erg_freep) double *time = calloc(2 * (v->gap_class + 1), sizeof(*time));

	if (!time)
		return erg_fail(err, -ENOMEM, "out of memory for %u classes", v->gap_class);
	for (size_t i = 0; v->first && i < v->n; i++) {
		double d = (double)(attr_begin(v, i + 1) - attr_begin(v, i));

		for (uint32_t e = v->first[i]; e < v->first[i + 1]; e++)
			if (v->col[e] < v->gap_class) {
				double n = (double)tracks_of(v, i, v->col[e]);

				time[2 * v->col[e]] += d / n;
				time[2 * v->col[e] + 1] += n > 1 ? d / n : 0;
			}
	}
	for (size_t k = 0; k < v->gap_class; k++)
		t->twice[k] = time[2 * k + 1] > TWICE_MIN * time[2 * k] &&
			time[2 * k + 1] < TWICE_MAX * time[2 * k];
	return 0;
}

/* One instance in STRIDE of each class, by a count of its own: the same for any order of classes. */
static int sample_durations(struct attr_instances *t, size_t n_classes, struct sample **ret,
	size_t *ret_n, struct erg_err *err)
{
	const struct attr_view *v = t->view;
	_cleanup_(erg_freep) uint32_t *count = calloc(n_classes + 1, sizeof(*count));
	size_t cap = 0, n = 0, stride = v->n / (SAMPLE_MAX * (size_t)8) + 1;
	struct sample *s = NULL;
	double begin = 0, end;

	if (!count)
		return erg_fail(err, -ENOMEM, "out of memory for %zu classes", n_classes);
	t->last = ERG_NONE;
	for (size_t i = 0; i < v->n; i++, begin = end) {
		end = (double)(int64_t)(attr_begin(v, i + 1) - v->t0);
		for (size_t e = attr_first(v, i); e < attr_first(v, i + 1); e++) {
			uint32_t k = v->col[e];

			if (k >= v->gap_class || !attr_instances_next(t, i, e, begin, end) ||
				!attr_sampled(count[k]++, stride))
				continue;
			if (n == cap) {
				struct sample *p = realloc(s, (cap = 2 * cap + 4096) * sizeof(*s));

				if (!p) {
					free(s);
					return erg_fail(err, -ENOMEM,
						"out of memory for durations");
				}
				s = p;
			}
			s[n++] = (struct sample){(uint32_t)slot_of(t, i, k), (float)log_of(t, k)};
		}
		t->last = v->col[attr_first(v, i)];
	}
	erg_sort(s, n, sizeof(*s), by_slot);
	*ret = s;
	*ret_n = n;
	return 0;
}

/* The durations of a class and position in one phase. */
struct in_phase {
	double n, sum, square, time;
};

static double variance_of_mean(const struct in_phase *p)
{
	double sd = sd_of(p->sum, p->square, p->n);

	return sd * sd / p->n;
}

static bool unlike(const struct in_phase *a, const struct in_phase *b)
{
	double se = sqrt(variance_of_mean(a) + variance_of_mean(b));

	return fabs(a->sum / a->n - b->sum / b->n) > fmax(APART, APART_SE * se);
}

/* Of the phases AT: those that are told apart, into AS; those with too little join the one with the most time. */
static void tell_phases(const struct in_phase *at, size_t n, uint8_t *as)
{
	size_t most = 0;
	double time = 0;
	bool apart = false;

	for (size_t i = 0; i < n; i++) {
		time += at[i].time;
		most = at[i].time > at[most].time ? i : most;
	}
	for (size_t i = 0; i < n; i++)
		as[i] = (uint8_t)(at[i].n < LEAST || at[i].time < RARE * time ? most : i);
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < i && as[i] == i; j++)
			apart = apart || (as[j] == j && unlike(&at[i], &at[j]));
	for (size_t i = 0; i < n && !apart; i++)
		as[i] = 0;
}

/* Which phases are told apart; S, in order of its slots, becomes that of those. */
static void tell_all_phases(struct attr_instances *t, struct sample *s, size_t n)
{
	size_t each = t->phases.n;

	for (size_t i = 0, j; i < n && each > 1; i = j) {
		struct in_phase at[ATTR_PHASES_MAX + 1] = {0};
		size_t first = s[i].slot - s[i].slot % each;

		for (j = i; j < n && s[j].slot < first + each; j++) {
			struct in_phase *p = &at[s[j].slot - first];
			double x = (double)s[j].log_ns;

			p->n++;
			p->sum += x;
			p->square += x * x;
			p->time += exp(x);
		}
		tell_phases(at, each, t->as + first);
		for (size_t k = i; k < j; k++)
			s[k].slot = (uint32_t)told_slot(t, s[k].slot);
	}
	if (each > 1)
		erg_sort(s, n, sizeof(*s), by_slot);
}

static int cut_all(struct attr_instances *t, const struct sample *s, size_t n, struct erg_err *err)
{
	_cleanup_(erg_freep) double *x = malloc((n + 1) * sizeof(double));

	if (!x)
		return erg_fail(err, -ENOMEM, "out of memory for %zu durations", n);
	for (size_t i = 0, j; i < n; i = j) {
		for (j = i; j < n && s[j].slot == s[i].slot; j++)
			x[j - i] = (double)s[j].log_ns;
		t->parts[s[i].slot] =
			(uint8_t)cuts_of(x, j - i, t->at + s[i].slot * (ATTR_PARTS_MAX - 1));
	}
	return 0;
}

static void number_kinds(struct attr_instances *t, size_t n_classes)
{
	size_t each = ATTR_POSITIONS * t->phases.n;

	for (size_t slot = 0; slot < n_classes * each; slot++) {
		size_t first = slot % each ? 0 : 1;

		t->kind[slot] = t->n_kinds;
		for (size_t i = 0; i < (t->parts[slot] ? t->parts[slot] : first); i++)
			t->kind_class[t->n_kinds++] = (uint32_t)(slot / each);
	}
}

int attr_instances_find(struct attr_instances *t, struct attr_view *v,
	const struct attr_source *src, enum erg_attr_stall stall, struct erg_err *err)
{
	size_t n = v->gap_class + 1, slots;
	struct sample *s = NULL;
	size_t samples = 0;
	int r;

	memset(t, 0, sizeof(*t));
	t->view = v;
	t->tl = src->tl;
	r = attr_phases_find(src->tl, &t->phases, err);
	if (r < 0)
		return r;
	slots = n * ATTR_POSITIONS * t->phases.n;
	t->phase = erg_noted(calloc(n, 1));
	t->as = calloc(slots, 1);
	t->end_ns = erg_noted(calloc(n, sizeof(double)));
	t->dur_ns = erg_noted(calloc(n, sizeof(double)));
	t->parent = erg_noted(calloc(n, 1));
	t->twice = calloc(n, 1);
	t->up = calloc(n, sizeof(*t->up));
	t->parts = calloc(slots, 1);
	t->kind = calloc(slots, sizeof(*t->kind));
	t->at = calloc(slots * (ATTR_PARTS_MAX - 1), sizeof(double));
	t->kind_class = calloc(slots * ATTR_PARTS_MAX, sizeof(*t->kind_class));
	if (!t->phase || !t->as || !t->end_ns || !t->dur_ns || !t->parent || !t->up || !t->twice ||
		!t->parts || !t->kind || !t->at || !t->kind_class)
		return erg_fail(err, -ENOMEM, "out of memory for %zu classes", n);
	for (size_t k = 0; k < src->tl->n_layers; k++)
		if (src->tl->layers[k].parent < src->tl->n_layers)
			t->parent[src->tl->layers[k].parent] = 1;
	r = find_enclosing(t, src, err);
	if (!r)
		r = find_twice(t, err);
	if (!r)
		r = attr_cut_stalls(v, t->parent, &t->phases, stall, err);
	if (!r)
		r = sample_durations(t, n, &s, &samples, err);
	if (!r)
		tell_all_phases(t, s, samples);
	if (!r)
		r = cut_all(t, s, samples, err);
	free(s);
	if (r < 0)
		return r;
	number_kinds(t, v->gap_class);
	memset(t->end_ns, 0, n * sizeof(double));
	t->last = ERG_NONE;
	return 0;
}

void attr_instances_release(struct attr_instances *t)
{
	free(t->end_ns);
	free(t->dur_ns);
	free(t->parent);
	free(t->up);
	free(t->twice);
	free(t->phase);
	free(t->as);
	attr_phases_release(&t->phases);
	free(t->parts);
	free(t->kind);
	free(t->at);
	free(t->kind_class);
	memset(t, 0, sizeof(*t));
}
