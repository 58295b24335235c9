/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What of runs goes into the tests of gate.h. A run in which a row is not resolved says nothing of that
 * row and is left out of its test; how many took part stands beside each verdict.
 */
#include "analyze/experiment/gate_runs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_cdf.h>

#include "analyze/result/estimate.h"
#include "formats/base/memory.h"
#include "formats/base/util.h"

struct numbers {
	double *value, *stat, *syst;
	size_t n;
};

static void numbers_release(struct numbers *x)
{
	free(x->value);
	free(x->stat);
	free(x->syst);
}

bool erg_gate_alike(const json_t *a, const json_t *b, const char *key)
{
	const json_t *x = json_object_get(a, key), *y = json_object_get(b, key);

	return (x && y && json_equal(x, y)) ||
		(!json_array_size(x) && !json_array_size(y) && !json_is_string(x) &&
			!json_is_string(y));
}

/* The row of RUN that is of the same layers as LAYER; NULL: the run itself is meant. */
static const json_t *row_of(const json_t *run, const json_t *layer)
{
	static const char *const keys[] = {"name", "network", "module", "merged_with"};
	const json_t *row;
	size_t i, k;

	if (!layer)
		return run;
	json_array_foreach (json_object_get(run, "layers"), i, row) {
		bool same = true;

		for (k = 0; k < ERG_ARRAY_SIZE(keys); k++)
			same = same && erg_gate_alike(row, layer, keys[k]);
		if (same)
			return row;
	}
	return NULL;
}

/* KEY of the row LAYER in all RUNS in which it is resolved. */
static bool gather_numbers(const json_t *runs, const json_t *layer, const char *key,
	struct numbers *ret)
{
	const size_t room = json_array_size(runs) + 1;
	const json_t *run;
	size_t i;

	ret->value = erg_noted(calloc(room, sizeof(double)));
	ret->stat = erg_noted(calloc(room, sizeof(double)));
	ret->syst = erg_noted(calloc(room, sizeof(double)));
	if (!ret->value || !ret->stat || !ret->syst)
		return false;
	json_array_foreach ((json_t *)runs, i, run) {
		const json_t *j = json_object_get(row_of(run, layer), key);
		struct erg_est e = erg_est_from_json(j);

		if (json_is_number(j))
			e = erg_est_exact(json_number_value(j), "trace");
		if (!erg_est_resolved(&e))
			continue;
		ret->value[ret->n] = e.value;
		ret->syst[ret->n] = isnan(e.syst) ? 0 : e.syst;
		ret->stat[ret->n] = isnan(e.stat) ? fmax((e.hi - e.lo) / 2, 0) : e.stat;
		if (isnan(ret->stat[ret->n]))
			ret->stat[ret->n] = 0;
		ret->n++;
	}
	return true;
}

/* ---- repeated runs as one ---- */

static struct erg_est mean_of(const struct numbers *x)
{
	struct erg_est e = {.method = "mean"};
	double var = 0, own = 0, n = (double)x->n, half;

	for (size_t i = 0; i < x->n; i++) {
		e.value += x->value[i] / n;
		e.syst += x->syst[i] / n;
		own += x->stat[i] * x->stat[i] / n;
	}
	for (size_t i = 0; i < x->n; i++)
		var += (x->value[i] - e.value) * (x->value[i] - e.value) / (n - 1);
	half = gsl_cdf_tdist_Pinv(0.975, n - 1) * sqrt(var / n);
	e.stat = fmax(half, sqrt(own / n));
	e.lo = e.value - e.stat - e.syst;
	e.hi = e.value + e.stat + e.syst;
	return e;
}

static void set_mean(json_t *to, const json_t *runs, const json_t *layer, const char *key)
{
	struct numbers x = {0};
	struct erg_est e = erg_est_because("runs", 0);

	if (gather_numbers(runs, layer, key, &x) && x.n == json_array_size(runs))
		e = mean_of(&x);
	if (json_is_number(json_object_get(to, key)))
		json_object_set_new(to, key, erg_num_json(e.value));
	else
		json_object_set_new(to, key, erg_est_json(&e));
	numbers_release(&x);
}

json_t *erg_gate_mean_run(const json_t *runs)
{
	static const char *const whole[] = {"ets_j", "edp_js", "time_s"};
	json_t *first = json_array_get(runs, 0), *mean, *row;
	size_t i;

	if (json_array_size(runs) < 2)
		return json_incref(first);
	mean = json_deep_copy(first);
	for (i = 0; i < ERG_ARRAY_SIZE(whole); i++)
		set_mean(mean, runs, NULL, whole[i]);
	json_array_foreach (json_object_get(mean, "layers"), i, row) {
		const json_t *layer = json_array_get(json_object_get(first, "layers"), i);

		set_mean(row, runs, layer, "energy_j");
		set_mean(row, runs, layer, "time_s");
	}
	return mean;
}

/* ---- verdicts ---- */

static bool test_row(const json_t *base, const json_t *added, const json_t *layer,
	const struct erg_gate_wish *w, struct erg_gate_result *ret, json_t *entry)
{
	struct numbers b = {0}, a = {0};
	const char *key = layer ? "energy_j" : "ets_j";
	bool ok = gather_numbers(base, layer, key, &b) && gather_numbers(added, layer, key, &a);

	if (ok) {
		const struct erg_gate_side sb = {b.value, b.stat, b.syst, b.n};
		const struct erg_gate_side sa = {a.value, a.stat, a.syst, a.n};

		erg_gate_test(&sb, &sa, w, ret);
		json_object_set_new(entry, "base_runs", json_integer((json_int_t)b.n));
		json_object_set_new(entry, "new_runs", json_integer((json_int_t)a.n));
		json_object_set_new(entry, "added",
			json_pack("{s:o, s:o, s:o}", "value", erg_num_json(ret->added / ret->base),
				"lo", erg_num_json(ret->lo), "hi", erg_num_json(ret->hi)));
		json_object_set_new(entry, "p_value", erg_num_json(ret->p));
		json_object_set_new(entry, "repetitions", erg_num_json(ret->repetitions));
	}
	numbers_release(&b);
	numbers_release(&a);
	return ok;
}

static void set_verdict(json_t *entry, enum erg_gate_verdict v)
{
	json_object_set_new(entry, "verdict", json_string(erg_gate_name(v)));
}

/* More is worse than not to know, and that is worse than the others. */
static enum erg_gate_verdict worse(enum erg_gate_verdict a, enum erg_gate_verdict b)
{
	if (a == ERG_GATE_MORE || b == ERG_GATE_MORE)
		return ERG_GATE_MORE;
	if (a == ERG_GATE_CANNOT_TELL || b == ERG_GATE_CANNOT_TELL)
		return ERG_GATE_CANNOT_TELL;
	return a;
}

static bool has_row(const json_t *runs, const json_t *layer)
{
	const json_t *run;
	size_t i;

	json_array_foreach ((json_t *)runs, i, run)
		if (row_of(run, layer))
			return true;
	return false;
}

/* The layers of RUNS that OTHERS have in no run, as rows: there is nothing to compare them with. */
static json_t *rows_apart(const json_t *runs, const json_t *others)
{
	json_t *list = json_array();
	const json_t *layer;
	size_t i;

	json_array_foreach (json_object_get(json_array_get(runs, 0), "layers"), i, layer)
		if (!has_row(others, layer))
			json_array_append_new(list,
				json_pack("{s:O, s:O*, s:O*, s:O*, s:O}", "name",
					json_object_get(layer, "name"), "network",
					json_object_get(layer, "network"), "module",
					json_object_get(layer, "module"), "merged_with",
					json_object_get(layer, "merged_with"), "energy_j",
					json_object_get(layer, "energy_j")));
	return list;
}

static json_t *rows_shared(const json_t *layers, const json_t *others)
{
	json_t *list = json_array(), *layer;
	size_t i;

	json_array_foreach ((json_t *)layers, i, layer)
		if (has_row(others, layer))
			json_array_append(list, layer);
	return list;
}

/* Of the layers that both have, as the first run of base names them. */
static bool test_layers(const json_t *base, const json_t *added, const struct erg_gate_wish *w,
	json_t *list, enum erg_gate_verdict *worst)
{
	const json_t *all = json_object_get(json_array_get(base, 0), "layers"), *layer;
	json_auto_t *layers = rows_shared(all, added);
	const size_t n = json_array_size(layers);
	_cleanup_(erg_freep) struct erg_gate_result *r = erg_noted(calloc(n + 1, sizeof(*r)));
	_cleanup_(erg_freep) enum erg_gate_verdict *v = erg_noted(calloc(n + 1, sizeof(*v)));
	size_t i;
	bool ok = r && v;

	json_array_foreach (layers, i, layer) {
		json_t *entry =
			json_pack("{s:O, s:O*, s:O*, s:O*}", "name", json_object_get(layer, "name"),
				"network", json_object_get(layer, "network"), "module",
				json_object_get(layer, "module"), "merged_with",
				json_object_get(layer, "merged_with"));

		ok = ok && test_row(base, added, layer, w, &r[i], entry);
		json_array_append_new(list, entry);
	}
	if (!ok || erg_gate_verdicts(r, n, v) < 0)
		return false;
	for (i = 0; i < n; i++) {
		set_verdict(json_array_get(list, i), v[i]);
		*worst = worse(*worst, v[i]);
	}
	return true;
}

json_t *erg_gate_json(const json_t *base, const json_t *added, const struct erg_gate_wish *w,
	bool by_layer)
{
	json_auto_t *gate = json_object();
	json_t *total = json_object(), *list = json_array();
	struct erg_gate_result r;
	enum erg_gate_verdict v, worst;

	json_object_set_new(gate, "fail_above",
		w->has_fail_above ? erg_num_json(w->fail_above) : json_null());
	json_object_set_new(gate, "equivalent",
		w->has_equivalent ? erg_num_json(w->equivalent) : json_null());
	json_object_set_new(gate, "base_runs", json_integer((json_int_t)json_array_size(base)));
	json_object_set_new(gate, "new_runs", json_integer((json_int_t)json_array_size(added)));
	json_object_set_new(gate, "total", total);
	json_object_set_new(gate, "layers", list);
	if (!test_row(base, added, NULL, w, &r, total) || erg_gate_verdicts(&r, 1, &v) < 0)
		return NULL;
	set_verdict(total, v);
	worst = v;
	if (by_layer && !test_layers(base, added, w, list, &worst))
		return NULL;
	if (by_layer) {
		json_object_set_new(gate, "only_base", rows_apart(base, added));
		json_object_set_new(gate, "only_new", rows_apart(added, base));
	} else {
		json_object_del(gate, "layers");
	}
	set_verdict(gate, worst);
	return json_incref(gate);
}
