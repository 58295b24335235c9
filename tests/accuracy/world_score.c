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
	static const size_t fields[] = {offsetof(struct score, worlds), offsetof(struct score, failed),
		offsetof(struct score, layers), offsetof(struct score, resolved),
		offsetof(struct score, rows), offsetof(struct score, covered),
		offsetof(struct score, wrong), offsetof(struct score, runs),
		offsetof(struct score, runs_covered), offsetof(struct score, rest),
		offsetof(struct score, rest_wrong), offsetof(struct score, types),
		offsetof(struct score, types_wrong), offsetof(struct score, ets),
		offsetof(struct score, ets_covered), offsetof(struct score, ets_wrong),
		offsetof(struct score, ets_none), offsetof(struct score, user_s)};

	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		*(double *)((char *)sum + fields[i]) += *(const double *)((const char *)one + fields[i]);
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
static bool sums(const struct work *k, json_t *row, const struct peers *p, double *truth, double *hold,
	double *ols, int *ret_n)
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
	json_array_foreach(merged, i, name) {
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
	const char *gate = json_string_value(json_object_get(row, "gate"));
	struct figure f;
	double truth, hold, ols;
	int n;

	if (!sums(k, row, p, &truth, &hold, &ols, &n))
		return;
	s->layers += n;
	if (!figure_of(row, "energy_j", &f)) {
		add_reason(s, gate ? gate : "?", n);
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
	json_array_foreach(layers, i, row) {
		const char *name = json_string_value(json_object_get(row, "name"));

		score_row(s, k, row, &p);
		if (!name || strcmp(name, "(no layer)") || !figure_of(row, "energy_j", &f) ||
			json_array_size(json_object_get(row, "merged_with")))
			continue;
		s->rest++;
		s->rest_wrong += confidently_wrong(&f, truth_rest(k, r));
	}
	s->runs = s->rows > 0;
	s->runs_covered = s->rows > 0 && s->covered >= 0.9 * s->rows - 1e-9;
}

void score_types(struct score *s, const struct work *k, json_t *doc)
{
	json_t *layers = json_object_get(run_of(doc), "layers"), *row;
	struct figure f;
	size_t i;

	json_array_foreach(layers, i, row) {
		const char *name = json_string_value(json_object_get(row, "name"));
		double truth = 0;

		for (int j = 0; name && j < k->layers; j++)
			truth += strcmp(name, layer_type(j)) ? 0 : k->energy[j];
		if (truth == 0 || !figure_of(row, "energy_j", &f))
			continue;
		s->types++;
		s->types_wrong += confidently_wrong(&f, truth);
	}
}

void score_totals(struct score *s, const struct work *k, const struct readings *r, json_t *doc)
{
	json_t *run = json_array_get(json_object_get(run_of(doc), "phases"), 0);
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
