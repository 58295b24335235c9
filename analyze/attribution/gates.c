/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What may be said about each class. A class that no reading saw, that was seen for fewer than
 * min_windows windows, or only in part (its observed share is not its share of the time), or under
 * a sampler in step with the work, is unresolved. A class whose interval is too wide is merged with
 * the neighbour it cannot be told from, the one in time whose error is most correlated with its
 * own, until the sum is known; likewise while the condition number is above the limit. The sum is
 * evaluated from the full fit with its covariance: fitting one common power to two layers that
 * have two would bias their neighbours.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "analyze/attribution/gates.h"
#include "analyze/attribution/bootstrap.h"
#include "analyze/attribution/combine.h"
#include "analyze/attribution/gram.h"
#include "analyze/attribution/judge.h"
#include "analyze/attribution/nnls.h"
#include "analyze/attribution/results.h"
#include "analyze/attribution/solve.h"
#include "analyze/attribution/state.h"
#include "analyze/attribution/view.h"
#include "analyze/attribution/warn.h"
#include "formats/base/memory.h"
#include "formats/base/util.h"

/* Correlation of the errors from which a failing class takes a passing neighbour with it. */
#define CORRELATED 0.9

struct gates {
	struct erg_attr *a;
	struct erg_attr_state *st;
	double ci_limit, cond_limit, min_windows;
	size_t n;          /* classes */
	uint32_t *group;   /* per class: head */
	bool *gone;        /* per group head: nothing more can be done */
	uint8_t *adjacent; /* n x n, of group heads: neighbours in time */
	double *dev;       /* n x rounds, of group heads: replicates less value */
	double *rel;       /* of group heads: relative half width */
	double *weight;
	double *gram; /* n x n, classes */
	/* Per group head: its partner in merge_worst, and how much their errors are each other's. */
	uint32_t *pair;
	double *pair_r;
	bool *paired;   /* the two above are up to date */
	uint32_t *step; /* merges so far, two heads each; n_steps of them */
	size_t n_steps;
};

/* Of the columns of two layers, from which on they are the same but for rounding. */
#define SAME_COLUMN (1 - 1e-7)

static void meet(struct gates *g, uint32_t x, uint32_t y)
{
	g->adjacent[x * g->n + y] = g->adjacent[y * g->n + x] = 1;
}

/* Those that run beside one. */
static void find_beside(struct gates *g, size_t i, uint32_t c)
{
	const struct attr_view *v = &g->st->view;

	for (uint32_t e = attr_first(v, i) + 1; e < attr_first(v, i + 1); e++) {
		uint32_t other = v->col_class[v->col[e]];

		if (!v->col_apart[v->col[e]] && other < v->gap_class && other != c)
			meet(g, c, other);
	}
}

/* Neighbours in time, gaps between them left out. */
static void find_neighbours(struct gates *g)
{
	const struct attr_view *v = &g->st->view;
	uint32_t last = ERG_NONE;

	for (size_t i = 0; i < v->n; i++) {
		uint16_t col = v->col[attr_first(v, i)];
		uint32_t c = v->col_class[col];

		if (v->col_apart[col]) {
			last = ERG_NONE;
			continue;
		}
		if (c >= v->gap_class)
			continue;
		if (last != ERG_NONE && last != c)
			meet(g, last, c);
		find_beside(g, i, c);
		last = c;
	}
}

/* The Gram matrix by class, all blocks: columns of a class at several levels are added up. */
static int class_gram(struct gates *g, struct erg_err *err)
{
	const struct attr_gram *gram = &g->st->gram;
	const struct attr_view *v = &g->st->view;
	_cleanup_(erg_freep) double *total = malloc(gram->stride * sizeof(double));

	if (!total)
		return erg_fail(err, -ENOMEM, "out of memory for %zu columns", gram->dim);
	attr_raw_total(gram, g->st->sigma2, g->st->tau2, total);
	for (size_t i = 0; i < v->n_cols; i++)
		for (size_t j = i; j < v->n_cols; j++) {
			double x = total[attr_tri(gram->dim, i, j)];
			uint32_t ci = v->col_class[i], cj = v->col_class[j];

			if (v->col_apart[i] || v->col_apart[j])
				continue;
			g->gram[ci * g->n + cj] += x;
			if (i != j)
				g->gram[cj * g->n + ci] += x;
		}
	return 0;
}

/* Condition number with the groups' columns added up; the gap and direct classes left out. */
static double condition(const struct gates *g)
{
	_cleanup_(erg_freep) double *m = erg_noted(calloc(g->n * g->n + 1, sizeof(double)));

	if (!m)
		return INFINITY;
	for (size_t i = 0; i < g->n; i++)
		for (size_t j = 0; j < g->n; j++)
			if (i < g->st->view.gap_class && j < g->st->view.gap_class &&
				!g->st->is_direct[i] && !g->st->is_direct[j])
				m[g->group[i] * g->n + g->group[j]] += g->gram[i * g->n + j];
	return attr_condition(m, g->n);
}

static void group_parts(const struct gates *g, uint32_t head, struct attr_parts *ret)
{
	for (size_t c = 0; c < g->n; c++)
		g->weight[c] = g->group[c] == head ? 1 : 0;
	attr_parts_of(g->st, g->weight, false, ret);
}

static void measure(struct gates *g, uint32_t head)
{
	struct attr_parts p;

	group_parts(g, head, &p);
	g->rel[head] = p.value > 0 && isfinite(p.doubt) ? p.doubt / p.value : INFINITY;
}

/* Correlation of the replicates of two groups. */
static double correlation(const struct gates *g, uint32_t x, uint32_t y)
{
	double sx = 0, sy = 0, sxx = 0, syy = 0, sxy = 0, n = (double)g->st->rounds;
	const double *a = g->dev + x * g->st->rounds, *b = g->dev + y * g->st->rounds;

	for (size_t i = 0; i < g->st->rounds; i++) {
		sx += a[i];
		sy += b[i];
		sxx += a[i] * a[i];
		syy += b[i] * b[i];
		sxy += a[i] * b[i];
	}
	sxx -= sx * sx / n;
	syy -= sy * sy / n;
	sxy -= sx * sy / n;
	return sxx > 0 && syy > 0 ? sxy / sqrt(sxx * syy) : 0;
}

static bool mergeable(const struct gates *g, uint32_t head)
{
	enum erg_attr_gate gate = g->a->classes[head].gate;

	return g->group[head] == head && head < g->st->view.gap_class && !g->st->is_direct[head] &&
		g->a->classes[head].time_s > 0 &&
		(gate == ERG_GATE_NONE || gate == ERG_GATE_CI || gate == ERG_GATE_COND);
}

/* The neighbour whose error is most negatively correlated, or ERG_NONE. */
static uint32_t partner(const struct gates *g, uint32_t head, double *ret_corr)
{
	uint32_t best = ERG_NONE;

	*ret_corr = 0;
	for (uint32_t y = 0; y < g->n; y++) {
		double r;

		if (y == head || !g->adjacent[head * g->n + y] || !mergeable(g, y))
			continue;
		r = -correlation(g, head, y);
		if (best == ERG_NONE || r > *ret_corr) {
			best = y;
			*ret_corr = r;
		}
	}
	return best;
}

static void merge(struct gates *g, uint32_t x, uint32_t y)
{
	uint32_t head = x < y ? x : y, other = x < y ? y : x;

	for (size_t c = 0; c < g->n; c++)
		if (g->group[c] == other)
			g->group[c] = head;
	for (size_t c = 0; c < g->n; c++) {
		g->adjacent[head * g->n + c] |= g->adjacent[other * g->n + c];
		g->adjacent[c * g->n + head] |= g->adjacent[c * g->n + other];
	}
	for (size_t i = 0; i < g->st->rounds; i++)
		g->dev[head * g->st->rounds + i] += g->dev[other * g->st->rounds + i];
	for (size_t c = 0; c < g->n; c++)
		if (c == head || g->adjacent[head * g->n + c])
			g->paired[c] = false;
	g->gone[head] = false;
	measure(g, head);
}

/* Merges the pair of adjacent groups that are hardest to tell apart. */
static bool merge_worst(struct gates *g)
{
	uint32_t bx = ERG_NONE;
	double best = -1;

	for (uint32_t x = 0; x < g->n; x++) {
		if (!mergeable(g, x))
			continue;
		if (!g->paired[x])
			g->pair[x] = partner(g, x, &g->pair_r[x]);
		g->paired[x] = true;
		if (g->pair[x] != ERG_NONE && g->pair_r[x] > best) {
			best = g->pair_r[x];
			bx = x;
		}
	}
	if (bx == ERG_NONE)
		return false;
	g->step[2 * g->n_steps] = bx;
	g->step[2 * g->n_steps++ + 1] = g->pair[bx];
	merge(g, bx, g->pair[bx]);
	return true;
}

/* Layers that run at the same times in all they do: whatever one of them is said to have spent, the other may have. */
static void merge_same(struct gates *g)
{
	for (uint32_t x = 0; x < g->n; x++)
		for (uint32_t y = x + 1; y < g->n && mergeable(g, x); y++) {
			double both = g->gram[x * g->n + y];

			if (!(both > 0) || !mergeable(g, y) ||
				both * both <
					SAME_COLUMN * g->gram[x * g->n + x] * g->gram[y * g->n + y])
				continue;
			g->step[2 * g->n_steps] = x;
			g->step[2 * g->n_steps++ + 1] = y;
			merge(g, x, y);
		}
}

/* Each class alone again, and the first N of the merges. */
static void replay(struct gates *g, size_t n)
{
	for (uint32_t c = 0; c < g->n; c++) {
		g->group[c] = c;
		for (size_t i = 0; i < g->st->rounds; i++)
			g->dev[c * g->st->rounds + i] = attr_rep(g->st, c)[i] - g->st->value[c];
		measure(g, c);
		g->paired[c] = g->gone[c] = false;
	}
	memset(g->adjacent, 0, g->n * g->n);
	find_neighbours(g);
	for (size_t i = 0; i < n; i++)
		merge(g, g->step[2 * i], g->step[2 * i + 1]);
}

/* Merges until the condition number is low enough. Of many classes it is looked at after ever more
 * merges, and the fewest that are enough are then found by halving, for a look costs as much as a fit. */
static void merge_conditioned(struct gates *g)
{
	size_t bad = g->n_steps, batch = 1, good, at;
	bool many = g->n > ATTR_SCORE_COLUMNS;

	for (double cond = bad ? condition(g) : g->a->diag.cond; cond > g->cond_limit;
		cond = condition(g)) {
		bad = g->n_steps;
		for (size_t i = 0; i < batch; i++)
			if (!merge_worst(g))
				break;
		if (g->n_steps == bad)
			return;
		batch *= many ? 2 : 1;
	}
	for (good = at = g->n_steps; good > bad + 1;) {
		at = bad + (good - bad) / 2;
		replay(g, at);
		if (condition(g) > g->cond_limit)
			bad = at;
		else
			good = at;
	}
	if (at != good)
		replay(g, good);
}

/*
 * Columns that are hard to tell apart by what they are, of which the condition number says nothing that the intervals do
 * not. Of layers side by side it is which of the tracks spends what they spend together: all layers of both have
 * that, also those that would not be merged. Behind a low-pass that is slower than its window all columns are much
 * alike; how slow it is is among the unknowns, or else in doubt (judge.c).
 */
static bool is_alike_by_nature(const struct erg_attr_state *st)
{
	return st->view.col_base || attr_is_low_pass(st);
}

/* The group with the widest interval above the limit that was not given up. */
static uint32_t widest(const struct gates *g, double *ret_rel)
{
	uint32_t best = ERG_NONE;

	*ret_rel = g->ci_limit;
	for (uint32_t x = 0; x < g->n; x++) {
		double rel = g->rel[x];

		if (g->gone[x] || !mergeable(g, x))
			continue;
		if (rel > *ret_rel || (rel > g->ci_limit && best == ERG_NONE)) {
			*ret_rel = rel;
			best = x;
		}
	}
	return best;
}

static void merge_wide(struct gates *g)
{
	uint32_t x;
	double rel, r;

	while ((x = widest(g, &rel)) != ERG_NONE) {
		uint32_t y = partner(g, x, &r);

		if (y == ERG_NONE || (g->rel[y] <= g->ci_limit && r < CORRELATED))
			g->gone[x] = true;
		else
			merge(g, x, y);
	}
}

/* Long layers are integrated from readings that lie wholly inside of them, whatever the kernel is:
 * where a wrong window can move under a hundredth of it. */
#define SAFE_WINDOWS 200

static bool spared(const struct gates *g, size_t c)
{
	const struct attr_view *v = &g->st->view;

	if (!g->st->is_direct[c])
		return false;
	return c >= v->gap_class ||
		v->class_time[c] * 1e9 >=
		SAFE_WINDOWS * g->st->memory_ns * (double)v->class_calls[c];
}

/* No lag makes much of a difference to it. */
static bool holds_at_any_lag(const struct gates *g, uint32_t c)
{
	struct attr_parts p;

	if (!g->st->any_lag[c])
		return false;
	group_parts(g, c, &p);
	return p.value > 0 && p.doubt <= g->ci_limit * p.value;
}

static enum erg_attr_gate gate_of_run(const struct gates *g, size_t c)
{
	const struct erg_attr_class *k = &g->a->classes[c];

	if (!g->st->is_direct[c] && (k->time_s <= 0 || k->windows <= 0))
		return ERG_GATE_NO_DATA;
	if (g->st->clipped.sure)
		return ERG_GATE_CLIPPED;
	if (g->a->misfit && !spared(g, c) && !holds_at_any_lag(g, (uint32_t)c))
		return ERG_GATE_MISFIT;
	return g->st->is_direct[c] && k->coverage < ATTR_ENOUGH ? ERG_GATE_UNSEEN : ERG_GATE_NONE;
}

/* Fewer windows than min_windows will do where they are unlike: long windows hold a bit of each layer, about
 * the same in all, and many are needed; of short ones each tells a layer from the others. What counts then
 * is how many readings the layer is spread over, (sum a)^2 / sum a^2 (Kish 1965), of which at least half of
 * sum a^2 must be the difference to the others. */
#define SHARP_WINDOWS 1.5
#define SHARP_CONTRAST 0.5

static int find_sharp(struct gates *g)
{
	struct erg_attr_state *st = g->st;
	_cleanup_(erg_freep) double *square = erg_noted(calloc(g->n + 1, sizeof(double)));
	_cleanup_(erg_freep) double *alike = erg_noted(calloc(g->n + 1, sizeof(double)));
	_cleanup_(erg_freep) double *windows = erg_noted(calloc(g->n + 1, sizeof(double)));
	double fresh = attr_fresh(st);

	if (!square || !alike || !windows)
		return -ENOMEM;
	for (size_t c = 0; c < st->view.n_cols && st->gram.rows; c++) {
		uint32_t k = st->view.col_class[c];
		double w = st->gram.windows[c];

		windows[k] += w;
		square[k] += st->gram.square[c];
		alike[k] += w * w / (double)st->gram.rows;
	}
	for (size_t k = 0; k < g->n; k++) {
		st->spread[k] = square[k] > 0 ? fresh * windows[k] * windows[k] / square[k] : 0;
		st->sharp[k] = windows[k] >= SHARP_WINDOWS && st->spread[k] >= ATTR_SPREAD &&
			alike[k] <= (1 - SHARP_CONTRAST) * square[k];
	}
	return 0;
}

/* Whether class C was seen for another share of the readings than its share of the time, where EXPECT windows
 * would have been its own. */
static bool seen_unfairly(const struct gates *g, size_t c, double expect)
{
	double slack = 6 * sqrt(expect + 1) + 0.15 * expect;

	return c < g->st->view.gap_class && !g->st->is_direct[c] && g->a->classes[c].windows > 0 &&
		fabs(g->a->classes[c].windows - expect) > slack;
}

static void gate_alone(struct gates *g, const struct erg_attr_options *opt)
{
	struct erg_attr_state *st = g->st;
	double rows = 0, time = 0;

	st->unfair_s = 0;
	for (size_t c = 0; c < g->n; c++) {
		rows += c < st->view.gap_class ? g->a->classes[c].windows : 0;
		time += c < st->view.gap_class ? st->class_covered[c] : 0;
	}
	for (size_t c = 0; c < g->n; c++) {
		struct erg_attr_class *k = &g->a->classes[c];
		double expect = time > 0 ? rows * st->class_covered[c] / time : 0;
		bool unfair = seen_unfairly(g, c, expect);

		/* the readings are no less unfair where the model is refused as well */
		st->unfair_s += unfair ? k->time_s : 0;
		k->gate = gate_of_run(g, c);
		if (st->is_direct[c] || k->gate != ERG_GATE_NONE)
			continue;
		if (st->locked)
			k->gate = ERG_GATE_LOCKED;
		else if (st->short_run)
			k->gate = ERG_GATE_BLOCKS;
		else if (unfair)
			k->gate = ERG_GATE_UNFAIR;
		else if (k->coverage < ATTR_ENOUGH)
			k->gate = ERG_GATE_UNSEEN;
		else if (k->windows < opt->min_windows && !st->sharp[c])
			k->gate = ERG_GATE_WINDOWS;
		else if (c < st->view.gap_class && attr_rounded_away(st, c))
			k->gate = ERG_GATE_MISFIT;
	}
}

/* How many times as long a run would resolve class C: the statistical part of its interval falls with
 * the root of the time, what is seen grows with it; what coarse digits leave open does neither. */
static double longer(const struct gates *g, const struct erg_attr_class *k, size_t c)
{
	struct attr_parts p;
	double room, stat;

	if (k->gate == ERG_GATE_WINDOWS)
		return k->windows > 0 ? g->min_windows / k->windows : 0;
	if (k->gate == ERG_GATE_BLOCKS)
		return g->st->gram.n ? (double)ATTR_MIN_BLOCKS / (double)g->st->gram.n : 0;
	if ((k->gate != ERG_GATE_CI && k->gate != ERG_GATE_COND) || g->st->rounded_w > 0)
		return 0;
	memset(g->weight, 0, g->n * sizeof(*g->weight));
	g->weight[c] = 1;
	attr_parts_of(g->st, g->weight, false, &p);
	stat = (p.hi - p.lo) / 2;
	room = g->ci_limit * p.value - (p.doubt - stat);
	return room > 0 && stat > room ? stat / room * (stat / room) : 0;
}

static void publish(struct gates *g, uint32_t head)
{
	struct erg_attr *a = g->a;
	const char *method = g->st->is_direct[head]
		? g->st->shape.kind == ERG_SENSOR_COUNTER ? "counter" : "direct"
		: "nnls";
	struct erg_est e = ERG_EST_UNRESOLVED, p = ERG_EST_UNRESOLVED, e1, p1;
	struct attr_parts parts;
	uint32_t members = 0;
	double time = 0, dur = INFINITY; /* of one instance: the shortest */
	bool ok;

	for (size_t c = 0; c < g->n; c++)
		if (g->group[c] == head) {
			members++;
			time += a->classes[c].time_s;
			if (a->classes[c].time_s > 0)
				dur = fmin(dur, a->classes[c].time_s / (double)a->classes[c].calls);
		}
	group_parts(g, head, &parts);
	ok = time > 0 && parts.value > 0 && isfinite(parts.doubt) &&
		((g->st->is_direct[head] && !g->st->opt->ci_whole) ||
			parts.doubt <= g->ci_limit * parts.value);
	if (ok && head < g->st->view.gap_class && a->classes[head].gate == ERG_GATE_NONE &&
		parts.value - parts.doubt > time * attr_power_limit(g->st, dur))
		a->classes[head].gate = ERG_GATE_IMPOSSIBLE;
	if (a->classes[head].gate == ERG_GATE_NONE && ok) {
		e = attr_parts_est(&parts, 1, method);
		p = attr_parts_est(&parts, time, method);
	}
	for (size_t c = 0; c < g->n; c++) {
		struct erg_attr_class *k = &a->classes[c];

		if (g->group[c] != head)
			continue;
		k->group = head;
		k->group_n = members;
		k->group_time_s = time;
		k->group_energy_j = e;
		k->group_power_w = p;
		if (k->gate == ERG_GATE_NONE && (members > 1 || !ok) && time > 0)
			k->gate = parts.value > 0 ? ERG_GATE_CI : ERG_GATE_IMPOSSIBLE;
		if (members > 1 || !erg_est_resolved(&e))
			e1 = p1 = erg_est_because(erg_attr_class_reason(a, c), longer(g, k, c));
		else
			e1 = e, p1 = p;
		k->energy_j = e1;
		k->power_w = p1;
	}
}

/* Layers whose intervals are too wide by the readings' step alone: in an imported log without lsb= that is
 * what all differences are multiples of, and so that of a load of a few round powers. */
static void warn_step(struct erg_attr *a, size_t n_layers)
{
	const struct erg_attr_state *st = a->state;
	size_t n = 0;

	for (size_t c = 0; c < n_layers; c++)
		n += a->classes[c].time_s > 0 &&
			st->quantum_w[c] > st->ci_limit * a->classes[c].group_power_w.value;
	if (n)
		attr_warn(a, "step",
			"rail %s: its readings are taken to be in steps of %.4g W, too coarse for %zu layer%s "
			"(erg-record import: --sensor lsb= says otherwise)",
			st->rail.name, st->rail.lsb_w, n, n == 1 ? "" : "s");
}

static int alloc(struct gates *g, struct erg_err *err)
{
	g->group = erg_noted(calloc(g->n + 1, sizeof(*g->group)));
	g->gone = calloc(g->n + 1, sizeof(*g->gone));
	g->adjacent = calloc(g->n * g->n + 1, 1);
	g->weight = calloc(g->n + 1, sizeof(*g->weight));
	g->gram = calloc(g->n * g->n + 1, sizeof(*g->gram));
	g->dev = calloc(g->n * g->st->rounds + 1, sizeof(*g->dev));
	g->rel = calloc(g->n + 1, sizeof(*g->rel));
	g->pair = calloc(g->n + 1, sizeof(*g->pair));
	g->pair_r = calloc(g->n + 1, sizeof(*g->pair_r));
	g->paired = calloc(g->n + 1, sizeof(*g->paired));
	g->step = calloc(2 * g->n + 2, sizeof(*g->step));
	if (!g->group || !g->gone || !g->adjacent || !g->weight || !g->gram || !g->dev || !g->rel ||
		!g->pair || !g->pair_r || !g->paired || !g->step)
		return erg_fail(err, -ENOMEM, "out of memory for %zu classes", g->n);
	for (uint32_t c = 0; c < g->n; c++) {
		g->group[c] = c;
		for (size_t i = 0; i < g->st->rounds; i++)
			g->dev[c * g->st->rounds + i] = attr_rep(g->st, c)[i] - g->st->value[c];
	}
	for (uint32_t c = 0; c < g->n; c++)
		measure(g, c);
	return class_gram(g, err);
}

int attr_gates(struct erg_attr *a, const struct erg_attr_options *opt, struct erg_err *err)
{
	struct gates g = {.a = a,
		.st = a->state,
		.ci_limit = opt->ci_limit,
		.cond_limit = opt->cond_limit,
		.min_windows = opt->min_windows,
		.n = a->n_classes};
	int r = find_sharp(&g) < 0 ? erg_fail(err, -ENOMEM, "out of memory for %zu classes", g.n)
				   : alloc(&g, err);

	if (!r) {
		find_neighbours(&g);
		gate_alone(&g, opt);
		a->diag.cond = condition(&g);
		if (!a->state->locked && !a->state->short_run && !a->misfit &&
			!a->state->clipped.sure) {
			merge_same(&g);
			if (!is_alike_by_nature(a->state))
				merge_conditioned(&g);
			merge_wide(&g);
		}
		for (uint32_t c = 0; c < g.n; c++)
			if (g.group[c] == c)
				publish(&g, c);
		warn_step(a, a->state->view.gap_class);
	}
	free(g.group);
	free(g.gone);
	free(g.adjacent);
	free(g.weight);
	free(g.gram);
	free(g.dev);
	free(g.rel);
	free(g.pair);
	free(g.pair_r);
	free(g.paired);
	free(g.step);
	return r;
}
