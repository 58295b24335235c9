/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * erg-analyze compare A B: what changed between two runs, in total and layer by layer. With many
 * layers some differ by chance, so significance is after Holm's correction (Holm 1979). On one rail
 * of one machine the sensor errs alike in both runs: what its gain and offset made of one energy
 * they made of the other, so of the systematic parts the difference remains. Elsewhere all of both
 * counts. Layers that were merged with others are compared where they were merged alike.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_cdf.h>

#include "analyze/account/runs.h"
#include "analyze/render/compare.h"
#include "analyze/result/estimate.h"
#include "analyze/verbs/verb.h"

static const struct erg_option_group groups[] = {ERG_GROUPS_COMMON(0)};
static const struct erg_command command = {
	.program = "erg-analyze",
	.verb = "compare",
	.synopsis = "[options] A B",
	.about =
		"Differences of two runs (archives, or results of 'erg-analyze layers --format json'): "
		"energy and time in total and for each layer, with intervals, significance corrected "
		"for the number of layers, and the settings that differ.",
	.groups = groups,
};

struct difference {
	struct erg_est a, b, d;
	double p;
	bool significant;
};

static double half_of(const struct erg_est *e, bool statistical)
{
	return statistical && !isnan(e->stat) ? e->stat : (e->hi - e->lo) / 2;
}

static struct difference difference_of(const json_t *a, const json_t *b, bool same_sensor)
{
	struct difference x = {.a = erg_est_from_json(a),
		.b = erg_est_from_json(b),
		.d = ERG_EST_UNRESOLVED,
		.p = NAN};
	double ha = half_of(&x.a, same_sensor), hb = half_of(&x.b, same_sensor), h, d;
	double syst = same_sensor ? fabs(x.b.syst - x.a.syst) : 0;

	if (!erg_est_resolved(&x.a) || !erg_est_resolved(&x.b))
		return x;
	h = hypot(ha, hb);
	d = x.b.value - x.a.value;
	syst = isnan(syst) ? 0 : syst;
	x.d = (struct erg_est){d, d - h - syst, d + h + syst, h, same_sensor ? syst : NAN,
		"difference"};
	if (h > 0)
		x.p = 2 * gsl_cdf_ugaussian_Q(fmax(fabs(d) - syst, 0) / (h / 1.959963985));
	return x;
}

static int by_p(const void *a, const void *b)
{
	const struct difference *x = *(struct difference *const *)a,
				*y = *(struct difference *const *)b;

	return (x->p > y->p) - (x->p < y->p);
}

/* Holm: in order of p, the i-th of m is rejected while p <= 5 % / (m - i). */
static int correct(struct difference *d, size_t n)
{
	_cleanup_(erg_freep) struct difference **order = calloc(n + 1, sizeof(*order));
	size_t m = 0;

	if (!order)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		if (!isnan(d[i].p))
			order[m++] = &d[i];
	qsort(order, m, sizeof(*order), by_p);
	for (size_t i = 0; i < m && order[i]->p <= 0.05 / (double)(m - i); i++)
		order[i]->significant = true;
	return 0;
}

static json_t *difference_json(const struct difference *x)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "a", erg_est_json(&x->a), "b",
		erg_est_json(&x->b), "difference", erg_est_json(&x->d), "relative",
		erg_num_json(x->d.value / x->a.value), "p_value", erg_num_json(x->p), "significant",
		isnan(x->p) ? json_null() : json_boolean(x->significant));
}

static bool same_text(const json_t *a, const json_t *b, const char *key)
{
	const json_t *x = json_object_get(a, key), *y = json_object_get(b, key);

	return x && y && json_equal(x, y);
}

/* The same in both, or in neither. */
static bool alike(const json_t *a, const json_t *b, const char *key)
{
	return same_text(a, b, key) || (!json_object_get(a, key) && !json_object_get(b, key));
}

static json_t *find_layer(const json_t *run, const json_t *layer)
{
	size_t i;
	json_t *l;

	json_array_foreach (json_object_get(run, "layers"), i, l)
		if (same_text(l, layer, "name") && same_text(l, layer, "network") &&
			alike(l, layer, "module"))
			return l;
	return NULL;
}

static void add_name(json_t *list, const json_t *layer)
{
	json_array_append(list, json_object_get(layer, "name"));
}

/* Rows of the same layers: each alone, or merged with the same others. */
static bool same_layers(const json_t *a, const json_t *b)
{
	const json_t *x = json_object_get(a, "merged_with"), *y = json_object_get(b, "merged_with");

	return json_equal(x, y) || (!json_array_size(x) && !json_array_size(y));
}

static int compare_layers(const json_t *a, const json_t *b, bool same_sensor, json_t *doc,
	struct erg_err *err)
{
	const json_t *la = json_object_get(a, "layers"), *lb = json_object_get(b, "layers");
	_cleanup_(erg_freep) struct difference *d = calloc(json_array_size(la) + 1, sizeof(*d));
	json_t *out = json_array(), *only_a = json_array(), *only_b = json_array(), *l;
	size_t i, n = 0, unlike = 0;

	json_object_set_new(doc, "layers", out);
	json_object_set_new(doc, "only_a", only_a);
	json_object_set_new(doc, "only_b", only_b);
	if (!d)
		return erg_fail(err, -ENOMEM, "out of memory");
	json_array_foreach (la, i, l) {
		json_t *other = find_layer(b, l);

		if (!other) {
			add_name(only_a, l);
			continue;
		}
		if (!same_layers(l, other)) {
			unlike++;
			continue;
		}
		d[n++] = difference_of(json_object_get(l, "energy_j"),
			json_object_get(other, "energy_j"), same_sensor);
		json_array_append_new(out,
			json_pack("{s:O, s:O*, s:O, s:O}", "name", json_object_get(l, "name"),
				"merged_with", json_object_get(l, "merged_with"), "time_a_s",
				json_object_get(l, "time_s"), "time_b_s",
				json_object_get(other, "time_s")));
	}
	if (unlike)
		erg_document_warn(doc, "merged",
			"%zu layers are merged with others in one run and "
			"not in the other: their energies are of different things, and left out",
			unlike);
	json_array_foreach (lb, i, l)
		if (!find_layer(a, l))
			add_name(only_b, l);
	if (correct(d, n) < 0)
		return erg_fail(err, -ENOMEM, "out of memory");
	for (i = 0; i < n; i++)
		json_object_set_new(json_array_get(out, i), "energy_j", difference_json(&d[i]));
	return 0;
}

static void compare_totals(const json_t *a, const json_t *b, bool same_sensor, json_t *doc)
{
	static const char *const keys[] = {"ets_j", "edp_js"};
	json_t *total = json_object();
	double ta = json_number_value(json_object_get(a, "time_s"));
	double tb = json_number_value(json_object_get(b, "time_s"));

	for (size_t i = 0; i < ERG_ARRAY_SIZE(keys); i++) {
		struct difference x = difference_of(json_object_get(a, keys[i]),
			json_object_get(b, keys[i]), same_sensor);

		x.significant = x.p <= 0.05;
		json_object_set_new(total, keys[i], difference_json(&x));
	}
	json_object_set_new(total, "time_s",
		json_pack("{s:o, s:o, s:o, s:o}", "a", erg_num_json(ta), "b", erg_num_json(tb),
			"difference", erg_num_json(tb - ta), "relative",
			erg_num_json(tb / ta - 1)));
	json_object_set_new(doc, "total", total);
}

/* Two runs of different length differ by that already. */
static void compare_lengths(const json_t *a, const json_t *b, json_t *doc)
{
	json_int_t na = json_integer_value(json_object_get(a, "iterations"));
	json_int_t nb = json_integer_value(json_object_get(b, "iterations"));

	if (na != nb)
		erg_document_warn(doc, "iterations",
			"A has %lld iterations and B %lld: energies and "
			"times are of all of them",
			(long long)na, (long long)nb);
}

static void compare_objects(const char *prefix, const json_t *a, const json_t *b, json_t *out)
{
	const json_t *both[2] = {a, b};
	const char *name;
	json_t *v;

	for (int side = 0; side < 2; side++)
		json_object_foreach ((json_t *)both[side], name, v) {
			json_t *other = json_object_get(both[!side], name);

			if ((side && other) || (other && json_equal(v, other)))
				continue;
			json_array_append_new(out,
				json_pack("{s:s+, s:O, s:O}", "name", prefix, name, "a",
					side ? json_null() : v, "b",
					side            ? v
						: other ? other
							: json_null()));
		}
}

static void compare_settings(const json_t *a, const json_t *b, json_t *doc)
{
	static const char *const keys[] = {"workload", "machine", "host", "rail", "simulated"};
	json_t *out = json_array();

	compare_objects("factors.", json_object_get(a, "factors"), json_object_get(b, "factors"),
		out);
	compare_objects("tags.", json_object_get(a, "tags"), json_object_get(b, "tags"), out);
	for (size_t i = 0; i < ERG_ARRAY_SIZE(keys); i++)
		if (json_object_get(a, keys[i]) && json_object_get(b, keys[i]) &&
			!same_text(a, b, keys[i]))
			json_array_append_new(out,
				json_pack("{s:s, s:O, s:O}", "name", keys[i], "a",
					json_object_get(a, keys[i]), "b",
					json_object_get(b, keys[i])));
	json_object_set_new(doc, "settings", out);
}

static int compare(const struct erg_common *common, char *const *files, struct erg_err *err)
{
	static const struct erg_renderer renderer = {erg_compare_text, erg_compare_csv};
	json_auto_t *doc = erg_document_new("compare"), *runs = NULL;
	json_t *a, *b;
	bool same_sensor;
	int r = erg_runs_load(files, 2, common, doc, &runs, err);

	if (r < 0)
		return r;
	if (json_array_size(runs) != 2)
		return erg_fail(err, -EINVAL, "%s and %s hold %zu runs: expected one each",
			files[0], files[1], json_array_size(runs));
	a = json_array_get(runs, 0);
	b = json_array_get(runs, 1);
	same_sensor = same_text(a, b, "machine") && same_text(a, b, "rail") && alike(a, b, "host");
	if (!same_text(a, b, "rail"))
		erg_document_warn(doc, "rails", "the runs are of different rails: %s and %s",
			json_string_value(json_object_get(a, "rail")),
			json_string_value(json_object_get(b, "rail")));
	json_object_set(doc, "a", json_object_get(a, "archive"));
	json_object_set(doc, "b", json_object_get(b, "archive"));
	json_object_set_new(doc, "same_sensor", json_boolean(same_sensor));
	compare_totals(a, b, same_sensor, doc);
	compare_lengths(a, b, doc);
	compare_settings(a, b, doc);
	r = compare_layers(a, b, same_sensor, doc, err);
	return r < 0 ? r : erg_document_emit(doc, common->format, &renderer, common->strict, err);
}

static int run(int argc, char **argv, struct erg_err *err)
{
	struct erg_common common = {0};
	int first, r = erg_options_parse(&command, argc, argv, &common, &first);

	if (r)
		return r == 1 ? 0 : r;
	if (argc - first != 2)
		return erg_options_wrong(&command, "expected two runs, got %d", argc - first);
	return compare(&common, argv + first, err);
}

const struct erg_verb erg_verb_compare = {"compare", "what changed between two runs", run};
