/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Segments as the least squares see them. A column is a class at one frequency level: a layer at
 * 600 MHz and at 1.2 GHz has two powers, and neither may hide in the residual of the other. Gaps
 * are of three kinds: short ones between layers, which are a class like any other; those longer by far (gaps.c: between
 * iterations, until the next request), with columns of their own; and the long ones
 * around the work (loading, waiting), whose power follows no class; those and idle phases are
 * integrated directly, apart from the fit.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include <gsl/gsl_sort.h>

#include "analyze/attribution/view.h"
#include "analyze/attribution/instances.h"
#include "formats/base/memory.h"
#include "formats/base/util.h"

/* A column must have this share of its class's time; rarer levels join the most frequent one. */
#define LEVEL_SHARE_MIN 0.02

struct builder {
	struct attr_view *v;
	const struct erg_attr_options *opt;
	const struct attr_gap_rules *rules;
	struct attr_instances inst;
	uint32_t gap, n_kinds; /* kinds: parts of classes, then gaps, outside, idle */
	double *time;          /* kinds x levels, ns */
	double *share;         /* of them, ns: as they share the time */
	uint16_t *col;         /* kinds x levels: column */
};

/*
 * Levels of the frequency: sorted values cut where neighbours are more than 4 % apart; of more than
 * ATTR_LEVELS_MAX groups the widest gaps remain cuts.
 */
static size_t find_levels(const struct erg_attr_steps *f, double *cut, double *hz)
{
	_cleanup_(erg_freep) double *s = erg_noted(malloc((f->n + 1) * sizeof(double)));
	size_t n = 1, from = 0;

	if (!f->n || !s)
		return 1;
	memcpy(s, f->v, f->n * sizeof(double));
	gsl_sort(s, 1, f->n);
	for (; n < ATTR_LEVELS_MAX; n++) {
		double widest = log(1.04);
		size_t where = 0;

		for (size_t i = 1; i < f->n; i++) {
			double ratio = s[i - 1] > 0 ? log(s[i] / s[i - 1]) : s[i] > 0 ? 1 : 0;
			bool used = false;

			for (size_t k = 0; k + 1 < n; k++)
				used |= cut[k] > s[i - 1] && cut[k] <= s[i];
			if (!used && ratio > widest) {
				widest = ratio;
				where = i;
			}
		}
		if (!where)
			break;
		cut[n - 1] = (s[where - 1] + s[where]) / 2;
		gsl_sort(cut, 1, n);
	}
	for (size_t k = 0; k < n; k++) {
		size_t to = from;

		while (to < f->n && (k + 1 == n || s[to] < cut[k]))
			to++;
		hz[k] = to > from ? s[(from + to) / 2] : s[from < f->n ? from : f->n - 1];
		from = to;
	}
	return n;
}

static size_t level_of(const double *cut, size_t n_levels, double hz)
{
	size_t k = 0;

	while (k + 1 < n_levels && hz >= cut[k])
		k++;
	return k;
}

/* A clock that changes all the time has no levels: no rows would be left. */
static void drop_unsteady(struct attr_view *v)
{
	double all = (double)(attr_begin(v, v->n) - v->t0), sum = 0;

	for (size_t i = 0; i < v->n_changes; i++)
		sum += (double)(v->changes[i].end - v->changes[i].begin);
	if (sum < 0.25 * all)
		return;
	v->n_changes = 0;
	v->n_levels = 1;
}

/* When the level changes: somewhere between the reading before and the one that shows it, and on
 * until whatever ran then is over. */
static int find_changes(struct builder *b, const double *cut, struct erg_err *err)
{
	const struct erg_attr_steps *f = &b->opt->frequency;
	struct attr_view *v = b->v;
	size_t cap = 0;

	for (size_t i = 1; i < f->n && v->n_levels > 1; i++) {
		size_t seg;

		if (f->t[i] < v->t0 || f->t[i] >= attr_begin(v, v->n) ||
			level_of(cut, v->n_levels, f->v[i]) ==
				level_of(cut, v->n_levels, f->v[i - 1]))
			continue;
		if (v->n_changes == cap) {
			size_t more = cap ? 2 * cap : 64;
			struct erg_attr_span *p = realloc(v->changes, more * sizeof(*p));

			if (!p)
				return erg_fail(err, -ENOMEM, "out of memory for %zu changes",
					more);
			v->changes = p;
			cap = more;
		}
		seg = attr_view_find(v, f->t[i]);
		v->changes[v->n_changes].begin =
			f->t[i] - f->t[i - 1] < 100000000u ? f->t[i - 1] : f->t[i];
		seg = seg + 1 < v->n ? seg + 1 : seg;
		v->changes[v->n_changes++].end = attr_begin(v, seg + 1);
	}
	drop_unsteady(v);
	return 0;
}

static bool in_idle(const struct erg_attr_options *opt, uint64_t mid)
{
	for (size_t i = 0; i < opt->n_idle; i++)
		if (mid >= opt->idle[i].begin && mid < opt->idle[i].end)
			return true;
	return false;
}

/* The kind of a gap of DUR ns about MID in segment I. Before the first layer and after the last there is no work to
 * be between of. */
static inline uint32_t kind_of_gap(const struct builder *b, size_t i, uint64_t dur, uint64_t mid)
{
	bool edge = i == 0 || i + 1 == b->v->n;

	if (b->opt->n_idle && in_idle(b->opt, mid))
		return b->gap + b->v->gaps.n + 1;
	if ((double)dur >= (edge ? b->rules->edge_ns : b->rules->outside_ns))
		return b->gap + b->v->gaps.n;
	return b->gap + attr_gaps_part(&b->v->gaps, (double)dur);
}

static uint32_t class_of(const struct builder *b, uint32_t kind)
{
	return kind < b->gap                        ? b->inst.kind_class[kind]
		: kind == b->gap + b->v->gaps.n + 1 ? b->v->idle_class
						    : b->v->gap_class;
}

/* Entry E of segment I: its kind, and the times of that. */
static void classify_entry(struct builder *b, size_t i, size_t e, uint64_t begin, uint64_t end,
	uint32_t level)
{
	struct attr_view *v = b->v;
	uint64_t dur = end - begin, mid = begin + dur / 2;
	bool base = v->first && v->share[e] == 0, work = v->col[e] < v->gap_class;
	double t = v->share ? (double)dur * (double)v->share[e] : (double)dur;
	uint32_t kind = b->gap, k;

	if (work) {
		bool fresh = attr_instances_next(&b->inst, i, e, (double)(begin - v->t0),
			(double)(end - v->t0));

		v->class_calls[v->col[e]] += v->first ? fresh : v->col[e] != b->inst.last;
		kind = attr_instances_kind(&b->inst, i, e);
	} else if (!base) {
		kind = kind_of_gap(b, i, dur, mid);
	}
	b->time[kind * v->n_levels + level] += (double)dur;
	b->share[kind * v->n_levels + level] += t;
	k = class_of(b, kind);
	v->class_time[k] += t * 1e-9;
	v->class_moment[k] += t * 1e-9 * (double)(mid - v->t0) * 1e-9;
	if (!v->first)
		b->inst.last = v->col[e];
	v->col[e] = (uint16_t)(kind * v->n_levels + level);
}

/* First pass: col = kind x level; times by kind and level. */
static void classify(struct builder *b, const double *cut)
{
	struct attr_view *v = b->v;
	const struct erg_attr_steps *f = &b->opt->frequency;
	uint64_t begin = v->t0, end;
	size_t step = 0;

	for (size_t i = 0; i < v->n; i++, begin = end) {
		uint32_t level = 0;

		end = attr_begin(v, i + 1);
		while (v->n_levels > 1 && step + 1 < f->n &&
			f->t[step + 1] <= begin + (end - begin) / 2)
			step++;
		if (v->n_levels > 1)
			level = (uint32_t)level_of(cut, v->n_levels, f->v[step]);
		for (size_t e = attr_first(v, i); e < attr_first(v, i + 1); e++)
			classify_entry(b, i, e, begin, end, level);
	}
	for (size_t e = 0; v->first && e < v->first[v->n]; e++)
		v->share[e] = 1;
}

/* The levels of KIND that have a column of their own; the rest joins the most frequent. */
static void columns_of_kind(struct builder *b, uint32_t kind)
{
	struct attr_view *v = b->v;
	size_t l = v->n_levels, most = 0;
	double *t = b->time + kind * l, sum = 0;

	for (size_t j = 0; j < l; j++) {
		sum += t[j];
		most = t[j] > t[most] ? j : most;
	}
	for (size_t pass = 0; pass < 2; pass++)
		for (size_t j = 0; j < l; j++) {
			bool own = j == most || t[j] >= LEVEL_SHARE_MIN * sum;
			uint16_t *col = &b->col[kind * l + j];

			if (sum <= 0 || own == (pass == 1))
				continue;
			*col = b->col[kind * l + most];
			if (own) {
				*col = (uint16_t)v->n_cols++;
				v->col_class[*col] = class_of(b, kind);
				v->col_apart[*col] = kind >= b->gap + b->v->gaps.n;
			}
			v->col_time[*col] +=
				(kind == b->gap ? b->share[kind * l + j] : t[j]) * 1e-9;
			if (!v->col_share)
				continue;
			v->col_share[*col] += b->share[kind * l + j] * 1e-9;
			v->col_on[*col] += t[j] * 1e-9;
			v->col_base[*col] = ATTR_NO_BASE;
		}
}

/* Second pass: the kinds and levels that occur become columns. */
static int compress(struct builder *b, struct erg_err *err)
{
	struct attr_view *v = b->v;
	size_t l = v->n_levels, all = b->n_kinds * l;

	v->col_class = erg_noted(calloc(all + 1, sizeof(*v->col_class)));
	v->col_apart = calloc(all + 1, sizeof(*v->col_apart));
	v->col_time = calloc(all + 1, sizeof(*v->col_time));
	v->col_base = v->first ? calloc(all + 1, sizeof(*v->col_base)) : NULL;
	v->col_share = v->first ? calloc(all + 1, sizeof(*v->col_share)) : NULL;
	v->col_on = v->first ? calloc(all + 1, sizeof(*v->col_on)) : NULL;
	if (!v->col_class || !v->col_apart || !v->col_time ||
		(v->first && (!v->col_base || !v->col_share || !v->col_on)))
		return erg_fail(err, -ENOMEM, "out of memory for %zu columns", all);
	for (uint32_t k = 0; k < b->n_kinds; k++)
		columns_of_kind(b, k);
	for (uint32_t k = 0; k < b->gap && v->col_base; k++)
		for (size_t j = 0; j < l; j++)
			if (b->time[k * l + j] > 0)
				v->col_base[b->col[k * l + j]] = b->col[b->gap * l + j];
	for (size_t e = 0; e < attr_first(v, v->n); e++)
		v->col[e] = b->col[v->col[e]];
	return 0;
}

static int columns(struct builder *b, struct erg_err *err)
{
	struct attr_view *v = b->v;
	double cut[ATTR_LEVELS_MAX];
	int r;

	v->n_levels = find_levels(&b->opt->frequency, cut, v->level_hz);
	if (b->n_kinds * v->n_levels > UINT16_MAX)
		return erg_fail(err, -E2BIG, "%u classes: at most %u can be attributed", b->gap,
			UINT16_MAX / ATTR_LEVELS_MAX - 2);
	v->class_time = erg_noted(calloc(v->n_classes + 1, sizeof(double)));
	v->class_moment = calloc(v->n_classes + 1, sizeof(double));
	v->class_calls = calloc(v->n_classes + 1, sizeof(uint64_t));
	b->time = calloc(b->n_kinds * v->n_levels, sizeof(double));
	b->share = calloc(b->n_kinds * v->n_levels, sizeof(double));
	b->col = calloc(b->n_kinds * v->n_levels, sizeof(uint16_t));
	if (!v->class_time || !v->class_moment || !v->class_calls || !b->time || !b->share ||
		!b->col)
		return erg_fail(err, -ENOMEM, "out of memory for %u classes", b->n_kinds);
	r = find_changes(b, cut, err);
	if (r < 0)
		return r;
	classify(b, cut);
	return compress(b, err);
}

int attr_view_build(const struct attr_source *src, const struct erg_attr_options *opt,
	const struct attr_gap_rules *rules, struct attr_view *ret, struct erg_err *err)
{
	size_t n = src->tl->n_layers + 1;
	struct builder b = {.v = ret, .opt = opt, .rules = rules, .gap = 0};
	int r;

	memset(ret, 0, sizeof(*ret));
	ret->gap_class = (uint32_t)n - 1;
	ret->idle_class = opt->n_idle ? (uint32_t)n : ERG_NONE;
	ret->n_classes = n + (opt->n_idle ? 1 : 0);
	r = attr_view_fill(ret, src, opt, &rules->ends, err);
	if (!r)
		r = attr_instances_find(&b.inst, ret, src, opt->stall, err);
	b.gap = b.inst.n_kinds;
	if (!r)
		r = attr_gaps_find(&ret->gaps, ret, rules->outside_ns, err);
	b.n_kinds = b.gap + ret->gaps.n + 2;
	if (!r)
		r = columns(&b, err);
	attr_instances_release(&b.inst);
	free(b.time);
	free(b.share);
	free(b.col);
	if (r < 0)
		attr_view_release(ret);
	return r;
}

void attr_view_release(struct attr_view *v)
{
	free(v->col);
	free(v->col_class);
	free(v->col_apart);
	free(v->col_time);
	free(v->col_base);
	free(v->col_share);
	free(v->col_on);
	free(v->class_time);
	free(v->class_moment);
	free(v->class_calls);
	free(v->changes);
	erg_times_release(&v->begin);
	free(v->first);
	free(v->share);
	free(v->z);
	free(v->tail);
	memset(v, 0, sizeof(*v));
}

double attr_col_energy(const struct attr_view *v, const double *power, size_t c)
{
	double e = power[c] * v->col_time[c];

	if (v->col_base && v->col_base[c] != ATTR_NO_BASE)
		e += power[v->col_base[c]] * v->col_share[c];
	return e;
}

size_t attr_view_find(const struct attr_view *v, uint64_t t)
{
	size_t lo = 0, hi = v->n;

	while (hi - lo > 1) {
		size_t mid = lo + (hi - lo) / 2;

		if (attr_begin(v, mid) <= t)
			lo = mid;
		else
			hi = mid;
	}
	return lo;
}

bool attr_runs_in(const struct attr_view *v, size_t i, uint32_t k)
{
	for (uint32_t e = attr_first(v, i); e < attr_first(v, i + 1); e++)
		if (v->col_class[v->col[e]] == k)
			return true;
	return false;
}

size_t attr_skip(const struct attr_view *v, size_t i, double start)
{
	while (i + 1 < v->n) {
		const int32_t *offset;
		int64_t base;
		size_t n = attr_ends(v, i, &base, &offset), lo = 0, hi = n - 1;

		if (i + n < v->n && (double)(base + offset[hi]) <= start) {
			i += n;
			continue;
		}
		while (lo < hi) {
			size_t mid = lo + (hi - lo) / 2;

			if ((double)(base + offset[mid]) > start)
				hi = mid;
			else
				lo = mid + 1;
		}
		return i + lo;
	}
	return i;
}

double attr_view_typical_ns(const struct attr_view *v, size_t from)
{
	double sum = 0, square = 0;

	for (size_t i = from, k = 0; i < v->n && k < 20000; i++, k++) {
		double d = (double)(attr_begin(v, i + 1) - attr_begin(v, i));

		if (v->col_apart[v->col[attr_first(v, i)]])
			continue;
		sum += d;
		square += d * d;
	}
	return sum > 0 ? square / sum : 1e6;
}
