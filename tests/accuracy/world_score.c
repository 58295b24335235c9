/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Scores. A row is confidently wrong when the truth is outside 1.5 times its interval's half width
 * and the figure is off by more than 1 %: no user could have known.
 */
#include <math.h>
#include <string.h>

#include "tests/accuracy/world_score.h"

struct figure {
	double value, lo, hi;
};

static bool figure_of(json_t *row, const char *key, struct figure *ret)
{
	json_t *e = json_object_get(row, key), *v = json_object_get(e, "value");

	if (!json_is_number(v))
		return false;
	ret->value = json_number_value(v);
	ret->lo = json_number_value(json_object_get(e, "lo"));
	ret->hi = json_number_value(json_object_get(e, "hi"));
	return true;
}

static bool covers(const struct figure *f, double truth)
{
	return f->lo <= truth && truth <= f->hi;
}

static bool confidently_wrong(const struct figure *f, double truth)
{
	double half = (f->hi - f->lo) / 2, mid = (f->hi + f->lo) / 2;

	return fabs(truth - mid) > 1.5 * half && fabs(f->value - truth) > 0.01 * fabs(truth);
}

static void add_error(struct errors *e, double value, double truth)
{
	double x = fabs(value / truth - 1);

	if (isnan(x))
		return;
	e->n++;
	e->sum += x;
	e->worst = fmax(e->worst, x);
}

static void sum_errors(struct errors *sum, const struct errors *one)
{
	sum->n += one->n;
	sum->sum += one->sum;
	sum->worst = fmax(sum->worst, one->worst);
}

static void add_reason(struct score *s, const char *reason, double n)
{
	for (int i = 0; i < SCORE_REASONS; i++) {
		if (s->reason_n[i] > 0 && strcmp(s->reason[i], reason))
			continue;
		snprintf(s->reason[i], sizeof(s->reason[i]), "%.23s", reason);
		s->reason_n[i] += n;
		return;
	}
}

void score_add(struct score *sum, const struct score *one)
{
	static const size_t fields[] = {offsetof(struct score, worlds),
		offsetof(struct score, failed), offsetof(struct score, layers),
		offsetof(struct score, resolved), offsetof(struct score, rows),
		offsetof(struct score, covered), offsetof(struct score, wrong),
		offsetof(struct score, runs), offsetof(struct score, runs_covered),
		offsetof(struct score, rest), offsetof(struct score, rest_wrong),
		offsetof(struct score, sums), offsetof(struct score, sums_wrong),
		offsetof(struct score, ets), offsetof(struct score, ets_covered),
		offsetof(struct score, ets_wrong), offsetof(struct score, ets_none),
		offsetof(struct score, user_s)};

	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		*(double *)((char *)sum + fields[i]) +=
			*(const double *)((const char *)one + fields[i]);
	sum_errors(&sum->report, &one->report);
	sum_errors(&sum->hold, &one->hold);
	sum_errors(&sum->ols, &one->ols);
	sum_errors(&sum->ets_error, &one->ets_error);
	for (int i = 0; i < SCORE_REASONS; i++)
		if (one->reason_n[i] > 0)
			add_reason(sum, one->reason[i], one->reason_n[i]);
}

static int layer_of(const struct work *k, const char *name)
{
	char buf[32];

	for (int i = 0; name && i < k->layers; i++) {
		layer_name(k, i, buf, sizeof(buf));
		if (!strcmp(buf, name))
			return i;
	}
	return WORLD_NONE;
}

struct peers {
	double hold[WORLD_LAYERS], ols[WORLD_LAYERS];
};

/* A row with its merged members: their sums. False for a row that is no layer of the world. */
static bool sums(const struct work *k, json_t *row, const struct peers *p, double *truth,
	double *hold, double *ols, int *ret_n)
{
	json_t *merged = json_object_get(row, "merged_with"), *name;
	int layer = layer_of(k, json_string_value(json_object_get(row, "name")));
	size_t i;

	if (layer == WORLD_NONE)
		return false;
	*truth = k->energy[layer];
	*hold = p->hold[layer];
	*ols = p->ols[layer];
	*ret_n = 1;
	json_array_foreach (merged, i, name) {
		layer = layer_of(k, json_string_value(name));
		if (layer == WORLD_NONE)
			continue;
		*truth += k->energy[layer];
		*hold += p->hold[layer];
		*ols += p->ols[layer];
		++*ret_n;
	}
	return true;
}

static void score_row(struct score *s, const struct work *k, json_t *row, const struct peers *p)
{
	const char *reason =
		json_string_value(json_object_get(json_object_get(row, "energy_j"), "reason"));
	struct figure f;
	double truth, hold, ols;
	int n;

	if (!sums(k, row, p, &truth, &hold, &ols, &n))
		return;
	s->layers += n;
	if (!figure_of(row, "energy_j", &f)) {
		add_reason(s, reason ? reason : "no reason", n);
		return;
	}
	if (n > 1)
		add_reason(s, "merged", n);
	s->resolved += n == 1;
	s->rows++;
	s->covered += covers(&f, truth);
	s->wrong += confidently_wrong(&f, truth);
	add_error(&s->report, f.value, truth);
	add_error(&s->hold, hold, truth);
	add_error(&s->ols, ols, truth);
}

static json_t *run_of(json_t *doc)
{
	return json_array_get(json_object_get(doc, "runs"), 0);
}

void score_layers(struct score *s, const struct work *k, const struct readings *r, json_t *doc)
{
	json_t *layers = json_object_get(run_of(doc), "layers"), *row;
	struct peers p;
	struct figure f;
	size_t i;

	peer_hold(k, r, p.hold);
	peer_ols(k, r, p.ols);
	json_array_foreach (layers, i, row)
		score_row(s, k, row, &p);
	json_array_foreach (json_object_get(run_of(doc), "rest"), i, row) {
		if (!figure_of(row, "energy_j", &f))
			continue;
		s->rest++;
		s->rest_wrong += confidently_wrong(&f, truth_rest(k, r));
	}
	s->runs = s->rows > 0;
	s->runs_covered = s->rows > 0 && s->covered >= 0.9 * s->rows - 1e-9;
}

/* Of the layers whose type or module has the name; NAN where none has. */
static double truth_of_set(const struct work *k, const char *what, const char *name)
{
	double sum = NAN;

	for (int i = 0; i < k->layers; i++) {
		char module[32] = "";

		if (k->is_module[i])
			layer_name(k, i, module, sizeof(module));
		else if (k->module[i] != WORLD_NONE)
			layer_name(k, k->module[i], module, sizeof(module));
		if (!strcmp(name, !strcmp(what, "type") ? layer_type(i) : module))
			sum = (isnan(sum) ? 0 : sum) + k->energy[i];
	}
	return sum;
}

/* Of the N-th occurrence of a phase, from 0; of all where N is negative. */
static double truth_of_phase(const struct work *k, const char *name, int n)
{
	double sum = NAN;
	int seen = 0;

	for (size_t i = 0; i < k->spans; i++) {
		const struct span *p = &k->span[i];

		if (strcmp(name, phase_names[p->phase]) || (n >= 0 && seen++ != n))
			continue;
		sum = (isnan(sum) ? 0 : sum) + curve_joules(&k->total, (double)p->end_ns * 1e-9) -
			curve_joules(&k->total, (double)p->begin_ns * 1e-9);
	}
	return sum;
}

static int rows_called(json_t *rows, const char *name, size_t before)
{
	json_t *row;
	size_t i;
	int n = 0;

	json_array_foreach (rows, i, row) {
		const char *its = json_string_value(json_object_get(row, "name"));

		n += i < before && its && !strcmp(its, name);
	}
	return n;
}

/* A phase that came often is one row, or a row each time. */
static double truth_of_row(const struct work *k, const char *what, json_t *rows, size_t i,
	const char *name)
{
	if (strcmp(what, "phase"))
		return truth_of_set(k, what, name);
	return truth_of_phase(k, name,
		rows_called(rows, name, SIZE_MAX) > 1 ? rows_called(rows, name, i) : -1);
}

static void score_table(struct score *s, const struct work *k, json_t *table)
{
	const char *what = json_string_value(json_object_get(table, "by"));
	json_t *rows = json_object_get(table, "layers"), *row;
	struct figure f;
	size_t i;

	json_array_foreach (rows, i, row) {
		const char *name = json_string_value(json_object_get(row, "name"));
		double truth = name ? truth_of_row(k, what, rows, i, name) : NAN;

		if (isnan(truth) || !figure_of(row, "energy_j", &f))
			continue;
		s->sums++;
		s->sums_wrong += confidently_wrong(&f, truth);
	}
}

void score_sums(struct score *s, const struct work *k, json_t *layers)
{
	json_t *tables = json_object_get(run_of(layers), "tables"), *table;
	size_t i;

	s->failed += json_array_size(tables) == 0;
	json_array_foreach (tables, i, table)
		score_table(s, k, table);
}

static void score_total(struct score *s, const struct work *k, const struct readings *r,
	json_t *run)
{
	double truth = truth_total(k, r);
	struct figure f;

	if (!figure_of(run, "ets_j", &f)) {
		s->ets_none++;
		return;
	}
	s->ets++;
	s->ets_covered += covers(&f, truth);
	s->ets_wrong += confidently_wrong(&f, truth);
	add_error(&s->ets_error, f.value, truth);
}

void score_totals(struct score *s, const struct work *k, const struct readings *r, json_t *doc)
{
	score_total(s, k, r, json_array_get(json_object_get(run_of(doc), "phases"), 0));
}

void score_ets(struct score *s, const struct work *k, const struct readings *r, json_t *doc)
{
	score_total(s, k, r, run_of(doc));
}
