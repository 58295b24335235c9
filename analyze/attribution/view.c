/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Segments as the least squares see them. A column is a class at one frequency level: a layer at
 * 600 MHz and at 1.2 GHz has two powers, and neither may hide in the residual of the other. Gaps
 * are of two kinds: short ones between layers, which are a class like any other, and the long ones
 * around the work (loading, waiting), whose power follows no class; those and idle phases are
 * integrated directly, apart from the fit.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include <gsl/gsl_sort.h>

#include "analyze/attribution/internal.h"
#include "formats/base/util.h"

/* A column must have this share of its class's time; rarer levels join the most frequent one. */
#define LEVEL_SHARE_MIN 0.02

struct builder {
	struct attr_view *v;
	const struct erg_attr_options *opt;
	double long_gap_ns;
	uint32_t n_kinds;     /* classes, outside, idle */
	double *time;         /* kinds x levels, ns */
	uint16_t *col;        /* kinds x levels: column */
};

/*
 * Levels of the frequency: sorted values cut where neighbours are more than 4 % apart; of more than
 * ATTR_LEVELS_MAX groups the widest gaps remain cuts.
 */
static size_t find_levels(const struct erg_attr_steps *f, double *cut, double *hz)
{
	_cleanup_(erg_freep) double *s = malloc((f->n + 1) * sizeof(double));
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
				return erg_fail(err, -ENOMEM, "out of memory for %zu changes", more);
			v->changes = p;
			cap = more;
		}
		seg = attr_view_find(v, f->t[i]);
		v->changes[v->n_changes].begin = f->t[i] - f->t[i - 1] < 100000000u ? f->t[i - 1]
										     : f->t[i];
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

/* The kind of an entry of class K in a segment of DUR ns about MID. */
static inline uint32_t kind_of(const struct builder *b, uint32_t k, uint64_t dur, uint64_t mid)
{
	const uint32_t gap = b->v->gap_class, outside = gap + 1, idle = gap + 2;

	if (k != gap)
		return k;
	if (b->opt->n_idle && in_idle(b->opt, mid))
		return idle;
	return (double)dur >= b->long_gap_ns ? outside : gap;
}

/* First pass: col = kind x level; times by kind and level. */
static void classify(struct builder *b, const double *cut)
{
	struct attr_view *v = b->v;
	const struct erg_attr_steps *f = &b->opt->frequency;
	const uint32_t gap = v->gap_class, outside = gap + 1, idle = gap + 2;
	const uint32_t levels = (uint32_t)v->n_levels;
	const uint32_t *first = v->first;
	const float *share = v->share;
	const size_t n = v->n;
	double *time = b->time, *class_time = v->class_time, *moment = v->class_moment;
	uint16_t *col = v->col;
	uint32_t last = ERG_NONE;
	uint64_t begin = v->t0, end;
	size_t step = 0;

	for (size_t i = 0; i < n; i++, begin = end) {
		uint64_t dur, mid;
		uint32_t level = 0;
		double at;

		end = attr_begin(v, i + 1);
		dur = end - begin;
		mid = begin + dur / 2;
		at = (double)(mid - v->t0) * 1e-9;
		while (levels > 1 && step + 1 < f->n && f->t[step + 1] <= mid)
			step++;
		if (levels > 1)
			level = (uint32_t)level_of(cut, levels, f->v[step]);
		for (size_t e = first ? first[i] : i, to = first ? first[i + 1] : i + 1; e < to;
			e++) {
			uint32_t k = kind_of(b, col[e], dur, mid);
			double t = share ? (double)dur * (double)share[e] : (double)dur;

			if (k != last && k < gap)
				v->class_calls[k]++;
			last = k;
			time[k * levels + level] += t;
			col[e] = (uint16_t)(k * levels + level);
			k = k == outside ? gap : k == idle ? v->idle_class : k;
			class_time[k] += t * 1e-9;
			moment[k] += t * 1e-9 * at;
		}
	}
}

/* Second pass: the kinds and levels that occur become columns. */
static int compress(struct builder *b, struct erg_err *err)
{
	struct attr_view *v = b->v;
	size_t l = v->n_levels, all = b->n_kinds * l;
	uint32_t gap = v->gap_class;

	v->col_class = calloc(all + 1, sizeof(*v->col_class));
	v->col_apart = calloc(all + 1, sizeof(*v->col_apart));
	v->col_time = calloc(all + 1, sizeof(*v->col_time));
	if (!v->col_class || !v->col_apart || !v->col_time)
		return erg_fail(err, -ENOMEM, "out of memory for %zu columns", all);
	for (uint32_t k = 0; k < b->n_kinds; k++) {
		double *t = b->time + k * l, sum = 0;
		size_t most = 0;

		for (size_t j = 0; j < l; j++) {
			sum += t[j];
			most = t[j] > t[most] ? j : most;
		}
		for (size_t pass = 0; pass < 2; pass++)
			for (size_t j = 0; j < l; j++) {
				bool own = j == most || t[j] >= LEVEL_SHARE_MIN * sum;

				if (sum <= 0 || own == (pass == 1))
					continue;
				if (own) {
					b->col[k * l + j] = (uint16_t)v->n_cols;
					v->col_class[v->n_cols] = k <= gap ? k :
						k == gap + 1 ? gap : v->idle_class;
					v->col_apart[v->n_cols++] = k > gap;
				} else {
					b->col[k * l + j] = b->col[k * l + most];
				}
				v->col_time[b->col[k * l + j]] += t[j] * 1e-9;
			}
	}
	for (uint16_t *c = v->col, *end = c + attr_first(v, v->n); c < end; c++)
		*c = b->col[*c];
	return 0;
}

static int columns(struct builder *b, struct erg_err *err)
{
	struct attr_view *v = b->v;
	double cut[ATTR_LEVELS_MAX];
	int r;

	v->n_levels = find_levels(&b->opt->frequency, cut, v->level_hz);
	if (b->n_kinds * v->n_levels > UINT16_MAX)
		return erg_fail(err, -E2BIG, "%u classes: at most %u can be attributed",
			b->n_kinds - 2, UINT16_MAX / ATTR_LEVELS_MAX - 2);
	v->class_time = calloc(v->n_classes + 1, sizeof(double));
	v->class_moment = calloc(v->n_classes + 1, sizeof(double));
	v->class_calls = calloc(v->n_classes + 1, sizeof(uint64_t));
	b->time = calloc(b->n_kinds * v->n_levels, sizeof(double));
	b->col = calloc(b->n_kinds * v->n_levels, sizeof(uint16_t));
	if (!v->class_time || !v->class_moment || !v->class_calls || !b->time || !b->col)
		return erg_fail(err, -ENOMEM, "out of memory for %u classes", b->n_kinds);
	r = find_changes(b, cut, err);
	if (r < 0)
		return r;
	classify(b, cut);
	return compress(b, err);
}

int attr_view_build(const struct attr_source *src, const struct erg_attr_options *opt,
	double long_gap_ns, struct attr_view *ret, struct erg_err *err)
{
	size_t n = src->tl->n_layers + 1;
	struct builder b = {.v = ret, .opt = opt, .long_gap_ns = long_gap_ns,
		.n_kinds = (uint32_t)n + 2};
	int r;

	memset(ret, 0, sizeof(*ret));
	ret->gap_class = (uint32_t)n - 1;
	ret->idle_class = opt->n_idle ? (uint32_t)n : ERG_NONE;
	ret->n_classes = n + (opt->n_idle ? 1 : 0);
	r = attr_view_fill(ret, src, opt, err);
	if (!r)
		r = columns(&b, err);
	free(b.time);
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
	free(v->class_time);
	free(v->class_moment);
	free(v->class_calls);
	free(v->changes);
	erg_times_release(&v->begin);
	free(v->first);
	free(v->share);
	memset(v, 0, sizeof(*v));
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
