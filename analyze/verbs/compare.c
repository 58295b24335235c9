/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * erg-analyze compare BASE NEW...: what changed between two runs, or between the means of repeated runs, in
 * total and layer by layer, and a verdict for continuous integration (experiment/gate.h). With many
 * layers some differ by chance, so significance is after Holm's correction (Holm 1979). On one rail
 * of one machine the sensor errs alike in both runs: what its gain and offset made of one energy
 * they made of the other, so of the systematic parts the difference remains. Elsewhere all of both
 * counts. Layers that were merged with others are compared where they were merged alike.
 */
#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_cdf.h>

#include "analyze/account/runs.h"
#include "analyze/experiment/gate_runs.h"
#include "analyze/render/compare.h"
#include "analyze/result/estimate.h"
#include "analyze/verbs/verb.h"
#include "formats/base/memory.h"

enum form { FORM_TEXT, FORM_JSON, FORM_CSV, FORM_JUNIT, FORM_MARKDOWN };
static const char *const forms[] = {"text", "json", "csv", "junit", "markdown", NULL};
static const char *const bys[] = {"total", "layer", NULL};

struct options {
	struct erg_common common;
	const char *form, *by;
	double fail_above, equivalent; /* fractions; negative: not asked */
};

#define AT(field) offsetof(struct options, field)

static const struct erg_option own[] = {
	{"fail-above", 0, "PCT", "exit 4 when NEW takes more than PCT % more than BASE",
		ERG_OPTION_NUMBER, AT(fail_above), 0, 1e6, .01},
	{"equivalent", 0, "PCT", "is NEW within PCT % of BASE, either way? (two one-sided tests)",
		ERG_OPTION_NUMBER, AT(equivalent), 1e-6, 1e6, .01},
	{"by", 0, "WHAT", "total, or layer: each layer is tested too (default total)",
		ERG_OPTION_CHOICE, AT(by), .choices = bys},
	{0},
};
static const struct erg_option output[] = {
	{"format", 0, "FORMAT", "text, json, csv, junit or markdown (default text)",
		ERG_OPTION_CHOICE, AT(form), .choices = forms},
	{"strict", 0, NULL, "exit 3 when there are warnings about the data", ERG_OPTION_FLAG,
		AT(common.strict)},
	{0},
};
static const struct erg_option_group groups[] = {{NULL, own, 0, false},
	{"Rail, sensor and attribution", erg_rows_account, AT(common), true},
	{"Output", output, 0, false}, {0}};
static const struct erg_command command = {
	.program = "erg-analyze",
	.verb = "compare",
	.synopsis = "[options] BASE NEW...",
	.about =
		"Differences of two runs, or of repeated runs (archives, folders of them, or results of "
		"'erg-analyze layers --format json'): energy and time in total and for each layer, "
		"with intervals, significance corrected for the number of layers, and the settings "
		"that differ; a verdict with an exit status for continuous integration.",
	.groups = groups,
	.ending =
		"With --fail-above or --equivalent the exit status is 0 when NEW does not take more (or is "
		"equivalent), 4 when it takes more, 5 when these runs cannot tell.",
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

/* Which differences are significant, for all of them together. */
static int correct(struct difference *d, size_t n)
{
	_cleanup_(erg_freep) double *p = erg_noted(calloc(n + 1, sizeof(*p)));
	_cleanup_(erg_freep) bool *rejected = erg_noted(calloc(n + 1, sizeof(*rejected)));

	if (!p || !rejected)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		p[i] = d[i].p;
	if (erg_gate_holm(p, n, rejected) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		d[i].significant = rejected[i];
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

static json_t *find_layer(const json_t *run, const json_t *layer)
{
	size_t i;
	json_t *l;

	json_array_foreach (json_object_get(run, "layers"), i, l)
		if (same_text(l, layer, "name") && same_text(l, layer, "network") &&
			erg_gate_alike(l, layer, "module"))
			return l;
	return NULL;
}

static void add_name(json_t *list, const json_t *layer)
{
	json_array_append(list, json_object_get(layer, "name"));
}

static int compare_layers(const json_t *a, const json_t *b, bool same_sensor, json_t *doc,
	struct erg_err *err)
{
	const json_t *la = json_object_get(a, "layers"), *lb = json_object_get(b, "layers");
	_cleanup_(erg_freep) struct difference *d =
		erg_noted(calloc(json_array_size(la) + 1, sizeof(*d)));
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
		/* alone in both, or merged with the same others */
		if (!erg_gate_alike(l, other, "merged_with")) {
			unlike++;
			continue;
		}
		d[n++] = difference_of(json_object_get(l, "energy_j"),
			json_object_get(other, "energy_j"), same_sensor);
		json_array_append_new(out,
			json_pack("{s:O, s:O*, s:O*, s:O*, s:O, s:O}", "name",
				json_object_get(l, "name"), "network",
				json_object_get(l, "network"), "module",
				json_object_get(l, "module"), "merged_with",
				json_object_get(l, "merged_with"), "time_a_s",
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

/* The least and the most iterations of RUNS. */
struct lengths {
	long long least, most;
};

static struct lengths lengths_of(const json_t *runs)
{
	struct lengths l = {0};
	const json_t *run;
	size_t i;

	json_array_foreach ((json_t *)runs, i, run) {
		long long n = json_integer_value(json_object_get(run, "iterations"));

		l.least = !i || n < l.least ? n : l.least;
		l.most = !i || n > l.most ? n : l.most;
	}
	return l;
}

/* "8 iterations", or "8 to 9 iterations" */
static const char *lengths_text(const struct lengths *l, char *buf, size_t size)
{
	if (l->least == l->most)
		snprintf(buf, size, "%lld iterations", l->most);
	else
		snprintf(buf, size, "%lld to %lld iterations", l->least, l->most);
	return buf;
}

/* Runs of different length differ by that already. */
static void compare_lengths(const json_t *base, const json_t *added, json_t *doc)
{
	struct lengths a = lengths_of(base), b = lengths_of(added);
	char ta[64], tb[64];

	if (a.least == b.most && a.most == b.least)
		return;
	erg_document_warn(doc, "iterations",
		"A has %s and B %s: energies and times are of all of them",
		lengths_text(&a, ta, sizeof(ta)), lengths_text(&b, tb, sizeof(tb)));
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

/* KEY (factors or tags) of the runs of a side, of which all but the first may differ from that one. */
static void compare_repetitions(const char *side, const json_t *runs, const char *key, json_t *doc)
{
	const json_t *first = json_object_get(json_array_get(runs, 0), key), *run;
	size_t i;

	json_array_foreach ((json_t *)runs, i, run) {
		json_auto_t *differ = json_array();

		compare_objects("", first, json_object_get(run, key), differ);
		if (!json_array_size(differ))
			continue;
		erg_document_warn(doc, key,
			"the runs of %s differ in the %s %s: %s and %s are no repetitions of each "
			"other",
			side, strcmp(key, "tags") ? "factor" : "tag",
			erg_text_of(json_array_get(differ, 0), "name"),
			erg_text_of(json_array_get(runs, 0), "archive"),
			erg_text_of(run, "archive"));
		return;
	}
}

/* Runs of different rails are no repetitions of each other. */
static void compare_sides(const json_t *base, const json_t *added, json_t *doc)
{
	const json_t *sides[2] = {base, added}, *run;
	const char *rail = json_string_value(json_object_get(json_array_get(base, 0), "rail"));
	size_t i;

	for (int k = 0; k < 2; k++)
		json_array_foreach ((json_t *)sides[k], i, run) {
			const char *other = json_string_value(json_object_get(run, "rail"));

			if (!rail || !other || !strcmp(rail, other))
				continue;
			erg_document_warn(doc, "rails",
				"the runs are of different rails: %s and %s", rail, other);
			return;
		}
}

static json_t *archives_of(const json_t *runs)
{
	json_t *list = json_array(), *run;
	size_t i;

	json_array_foreach ((json_t *)runs, i, run)
		json_array_append(list, json_object_get(run, "archive"));
	return list;
}

/* With repetitions, significance is by their scatter. */
static void use_scatter(json_t *doc, const json_t *gate)
{
	const double p = erg_number_of(json_object_get(gate, "total"), "p_value");
	json_t *ets = json_object_get(json_object_get(doc, "total"), "ets_j");

	json_object_set_new(ets, "p_value", erg_num_json(p));
	json_object_set_new(ets, "significant", isnan(p) ? json_null() : json_boolean(p <= 0.05));
}

static bool one_sensor(const json_t *a, const json_t *b)
{
	return same_text(a, b, "machine") && same_text(a, b, "rail") &&
		erg_gate_alike(a, b, "host");
}

static bool is_one_sensor(const json_t *runs)
{
	const json_t *run;
	size_t i;

	json_array_foreach ((json_t *)runs, i, run)
		if (i && !one_sensor(json_array_get(runs, 0), run))
			return false;
	return true;
}

static int compare_runs(const struct options *o, const json_t *base, const json_t *added,
	json_t *doc, struct erg_err *err)
{
	json_auto_t *a = erg_gate_mean_run(base), *b = erg_gate_mean_run(added);
	const bool same_sensor = is_one_sensor(base) && is_one_sensor(added) && one_sensor(a, b);
	const struct erg_gate_wish w = {
		.has_fail_above = o->fail_above >= 0,
		.has_equivalent = o->equivalent >= 0,
		.fail_above = o->fail_above,
		.equivalent = o->equivalent,
		.same_sensor = same_sensor,
	};
	json_t *gate = erg_gate_json(base, added, &w, !strcmp(o->by, "layer"));
	int r;

	if (!a || !b || !gate)
		return erg_fail(err, -ENOMEM, "out of memory");
	compare_sides(base, added, doc);
	json_object_set(doc, "a", json_object_get(a, "archive"));
	json_object_set(doc, "b", json_object_get(b, "archive"));
	json_object_set_new(doc, "base", archives_of(base));
	json_object_set_new(doc, "new", archives_of(added));
	json_object_set_new(doc, "same_sensor", json_boolean(same_sensor));
	compare_totals(a, b, same_sensor, doc);
	compare_lengths(base, added, doc);
	compare_repetitions("A", base, "factors", doc);
	compare_repetitions("B", added, "factors", doc);
	compare_settings(a, b, doc);
	r = compare_layers(a, b, same_sensor, doc, err);
	if (json_array_size(base) > 1 || json_array_size(added) > 1)
		use_scatter(doc, gate);
	json_object_set_new(doc, "gate", gate);
	return r;
}

static int status_of(const json_t *doc, int emitted)
{
	const json_t *gate = json_object_get(doc, "gate");
	const char *verdict = erg_text_of(gate, "verdict");

	if (emitted ||
		(json_is_null(json_object_get(gate, "fail_above")) &&
			json_is_null(json_object_get(gate, "equivalent"))))
		return emitted;
	return !strcmp(verdict, "more") ? 4 : !strcmp(verdict, "cannot-tell") ? 5 : 0;
}

static int emit_document(const struct options *o, const json_t *doc, struct erg_err *err)
{
	static const struct erg_renderer plain = {erg_compare_text, erg_compare_csv};
	static const struct erg_renderer junit = {erg_compare_junit, NULL};
	static const struct erg_renderer markdown = {erg_compare_markdown, NULL};
	const struct erg_renderer *renderer = !strcmp(o->form, forms[FORM_JUNIT]) ? &junit
		: !strcmp(o->form, forms[FORM_MARKDOWN])                          ? &markdown
										  : &plain;
	int format = erg_format_parse(o->form);

	return erg_document_emit(doc, format < 0 ? ERG_FORMAT_TEXT : (enum erg_format)format,
		renderer, o->common.strict, err);
}

/* BASE is the first word, which may be a folder; NEW the others. */
static int compare(const struct options *o, char *const *files, size_t n, struct erg_err *err)
{
	json_auto_t *doc = erg_document_new("compare"), *base = NULL, *added = NULL;
	const struct erg_runs_how how = {.common = &o->common};
	int r = erg_runs_load(files, 1, &how, doc, &base, err);

	if (r >= 0)
		r = erg_runs_load(files + 1, n - 1, &how, doc, &added, err);
	if (r < 0)
		return r;
	if (!json_array_size(base) || !json_array_size(added))
		return erg_fail(err, -EINVAL, "%s: expected a run on either side", files[0]);
	r = compare_runs(o, base, added, doc, err);
	if (r >= 0)
		r = emit_document(o, doc, err);
	return r < 0 ? r : status_of(doc, r);
}

static int compare_verb(int argc, char **argv, struct erg_err *err)
{
	struct options o = {.form = forms[FORM_TEXT],
		.by = bys[0],
		.fail_above = -1,
		.equivalent = -1};
	int first, r = erg_options_parse(&command, argc, argv, &o, &first);

	if (r)
		return r == 1 ? 0 : r;
	if (argc - first < 2)
		return erg_options_wrong(&command,
			"expected BASE and NEW (archives, folders or results), got %d",
			argc - first);
	r = erg_verb_check_account(&command, &o.common, argv + first, (size_t)(argc - first));
	return r ? r : compare(&o, argv + first, (size_t)(argc - first), err);
}

const struct erg_verb erg_verb_compare = {"compare", "what changed between runs; a gate for CI",
	compare_verb};
