/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Models for people: coefficients with intervals, the folds, the comparison; and for plots: one
 * line a point. Units are what the names of columns say, so numbers are printed as they are.
 */
#include "analyze/render/model.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>

#include "analyze/result/csv.h"
#include "analyze/render/table.h"
#include "formats/base/util.h"

static const char *plain(char *buf, size_t len, double v)
{
	snprintf(buf, len, isnan(v) ? "-" : "%.4g", v);
	return buf;
}

/* "1.23e-07 ±4e-09" */
static const char *with_interval(char *buf, size_t len, const json_t *est)
{
	double v = erg_number_of(est, "value"), lo = erg_number_of(est, "lo"),
	       hi = erg_number_of(est, "hi");

	if (isnan(v))
		snprintf(buf, len, "unresolved");
	else if (isnan(lo))
		snprintf(buf, len, "%.4g", v);
	else
		snprintf(buf, len, "%.4g ±%.2g", v, (hi - lo) / 2);
	return buf;
}

static int stage_table(const json_t *stage, FILE *out, struct erg_err *err)
{
	_cleanup_(erg_rtable_freep) struct erg_rtable *t = erg_rtable_new();
	const json_t *c;
	const char *name;
	char b[64];

	erg_rtable_column(t, erg_text_of(stage, "response"), ERG_COL_LEFT | ERG_COL_SHRINK);
	erg_rtable_column(t, "coefficient", ERG_COL_RIGHT);
	erg_rtable_column(t, "unit", ERG_COL_LEFT);
	erg_rtable_column(t, "VIF", ERG_COL_RIGHT | ERG_COL_DROP);
	erg_rtable_column(t, "interval from", ERG_COL_LEFT | ERG_COL_DROP);
	json_object_foreach ((json_t *)json_object_get(stage, "coefficients"), name, c) {
		erg_rtable_cell(t, "%s", name);
		erg_rtable_cell(t, "%s", with_interval(b, sizeof(b), c));
		erg_rtable_text(t, c, "unit");
		erg_rtable_cell(t, "%s", plain(b, sizeof(b), erg_number_of(c, "vif")));
		erg_rtable_text(t, c, "method");
	}
	if (erg_rtable_print(t, out, erg_text_width(), err) < 0)
		return -ENOMEM;
	fprintf(out, "R2 %.4f, residual SD %s", erg_number_of(stage, "r2"),
		json_is_true(json_object_get(stage, "residual_relative"))
			? erg_text_percent(b, sizeof(b), erg_number_of(stage, "residual_sd"))
			: plain(b, sizeof(b), erg_number_of(stage, "residual_sd")));
	fprintf(out, ", condition number %.3g", erg_number_of(stage, "condition"));
	if (json_object_get(stage, "lambda"))
		fprintf(out, ", lambda %.3g", erg_number_of(stage, "lambda"));
	fputs("\n\n", out);
	return 0;
}

static int folds_table(const json_t *cv, FILE *out, struct erg_err *err)
{
	_cleanup_(erg_rtable_freep) struct erg_rtable *t = erg_rtable_new();
	const json_t *f;
	char b[64], c[64], d[64];
	size_t i;

	erg_rtable_column(t, "left out", ERG_COL_LEFT | ERG_COL_SHRINK);
	erg_rtable_column(t, "rows", ERG_COL_RIGHT | ERG_COL_DROP);
	erg_rtable_column(t, "measured", ERG_COL_RIGHT);
	erg_rtable_column(t, "predicted", ERG_COL_RIGHT);
	erg_rtable_column(t, "error", ERG_COL_RIGHT);
	erg_rtable_column(t, "a row", ERG_COL_RIGHT | ERG_COL_DROP);
	erg_rtable_column(t, "", ERG_COL_LEFT);
	json_array_foreach (json_object_get(cv, "folds"), i, f) {
		erg_rtable_text(t, f, "group");
		erg_rtable_cell(t, "%.0f", erg_number_of(f, "rows"));
		erg_rtable_cell(t, "%s", plain(b, sizeof(b), erg_number_of(f, "measured")));
		erg_rtable_cell(t, "%s", plain(b, sizeof(b), erg_number_of(f, "predicted")));
		erg_rtable_percent(t, f, "rel_error");
		erg_rtable_percent(t, f, "mean_row_rel_error");
		erg_rtable_cell(t, "%s",
			json_is_true(json_object_get(f, "extrapolates")) ? "extrapolates" : "");
	}
	if (erg_rtable_print(t, out, erg_text_width(), err) < 0)
		return -ENOMEM;
	fprintf(out, "leaving one out: mean error %s, SD %s, worst %s\n\n",
		erg_text_percent(b, sizeof(b), erg_number_of(cv, "mean_rel_error")),
		erg_text_percent(c, sizeof(c), erg_number_of(cv, "sd_rel_error")),
		erg_text_percent(d, sizeof(d), erg_number_of(cv, "worst_rel_error")));
	return 0;
}

static int comparison_table(const json_t *models, FILE *out, struct erg_err *err)
{
	_cleanup_(erg_rtable_freep) struct erg_rtable *t = erg_rtable_new();
	const json_t *m;
	char b[64];
	size_t i;

	erg_rtable_column(t, "model", ERG_COL_LEFT | ERG_COL_SHRINK);
	erg_rtable_column(t, "coefs", ERG_COL_RIGHT | ERG_COL_DROP);
	erg_rtable_column(t, "R2", ERG_COL_RIGHT);
	erg_rtable_column(t, "cond", ERG_COL_RIGHT | ERG_COL_DROP);
	erg_rtable_column(t, "error", ERG_COL_RIGHT);
	erg_rtable_column(t, "SD", ERG_COL_RIGHT | ERG_COL_DROP);
	erg_rtable_column(t, "worst", ERG_COL_RIGHT);
	erg_rtable_column(t, "", ERG_COL_LEFT);
	json_array_foreach (models, i, m) {
		erg_rtable_text(t, m, "title");
		erg_rtable_cell(t, "%.0f", erg_number_of(m, "n_coefficients"));
		erg_rtable_cell(t, "%.4f", erg_number_of(m, "r2"));
		erg_rtable_cell(t, "%s", plain(b, sizeof(b), erg_number_of(m, "condition")));
		erg_rtable_percent(t, m, "mean_rel_error");
		erg_rtable_percent(t, m, "sd_rel_error");
		erg_rtable_percent(t, m, "worst_rel_error");
		erg_rtable_cell(t, "%s", json_is_true(json_object_get(m, "best")) ? "*" : "");
	}
	if (erg_rtable_print(t, out, erg_text_width(), err) < 0)
		return -ENOMEM;
	fputs("* the one above and in --save\n", out);
	return 0;
}

int erg_model_fit_text(const json_t *doc, FILE *out, struct erg_err *err)
{
	const json_t *models = json_object_get(doc, "models"), *s;
	size_t i;

	erg_text_simulated(doc, out);
	fprintf(out, "%s%s%s: %.0f rows", erg_text_bold(), erg_text_of(doc, "title"),
		erg_text_reset(), erg_number_of(doc, "rows"));
	if (json_array_size(json_object_get(doc, "groups")) > 1)
		fprintf(out, " in %zu groups", json_array_size(json_object_get(doc, "groups")));
	fputs("\n\n", out);
	json_array_foreach (json_object_get(doc, "stages"), i, s)
		if (stage_table(s, out, err) < 0)
			return -ENOMEM;
	if (json_is_object(json_object_get(doc, "cv")) &&
		folds_table(json_object_get(doc, "cv"), out, err) < 0)
		return -ENOMEM;
	return json_array_size(models) > 1 ? comparison_table(models, out, err) : 0;
}

int erg_model_fit_csv(const json_t *doc, FILE *out, struct erg_err *err)
{
	static const char *const keys[] = {"group", "label", "measured", "fitted", "predicted",
		"residual"};
	struct erg_csv c = {.out = out, .label = doc};
	const json_t *p;
	size_t i;

	for (size_t k = 0; k < ERG_ARRAY_SIZE(keys); k++)
		erg_csv_text(&c, keys[k]);
	erg_csv_end(&c);
	json_array_foreach (json_object_get(doc, "points"), i, p) {
		for (size_t k = 0; k < ERG_ARRAY_SIZE(keys); k++)
			erg_csv_json(&c, json_object_get(p, keys[k]));
		erg_csv_end(&c);
	}
	return 0;
}

static void prediction_row(struct erg_rtable *t, const json_t *p, const char *first,
	const char *second)
{
	char b[64];

	erg_rtable_cell(t, "%s", first);
	erg_rtable_cell(t, "%s", second);
	erg_rtable_cell(t, "%s", with_interval(b, sizeof(b), json_object_get(p, "predicted")));
	erg_rtable_cell(t, "%s", plain(b, sizeof(b), erg_number_of(p, "measured")));
	erg_rtable_percent(t, p, "rel_error");
	erg_rtable_cell(t, "%s",
		json_is_true(json_object_get(p, "extrapolates")) ? "extrapolates" : "");
}

int erg_model_predict_text(const json_t *doc, FILE *out, struct erg_err *err)
{
	_cleanup_(erg_rtable_freep) struct erg_rtable *t = erg_rtable_new();
	const json_t *response = json_object_get(doc, "response"), *p;
	char title[128];
	size_t i;

	erg_text_simulated(doc, out);
	fprintf(out, "%s%s%s\n\n", erg_text_bold(), erg_text_of(doc, "title"), erg_text_reset());
	snprintf(title, sizeof(title), "predicted %s", erg_text_of(response, "unit"));
	erg_rtable_column(t, "network", ERG_COL_LEFT | ERG_COL_SHRINK);
	erg_rtable_column(t, "layer", ERG_COL_LEFT | ERG_COL_SHRINK);
	erg_rtable_column(t, title, ERG_COL_RIGHT);
	erg_rtable_column(t, "measured", ERG_COL_RIGHT);
	erg_rtable_column(t, "error", ERG_COL_RIGHT);
	erg_rtable_column(t, "", ERG_COL_LEFT);
	json_array_foreach (json_object_get(doc, "predictions"), i, p)
		prediction_row(t, p, erg_text_of(p, "group"), erg_text_of(p, "label"));
	json_array_foreach (json_object_get(doc, "totals"), i, p)
		prediction_row(t, p, erg_text_of(p, "group"), "total");
	return erg_rtable_print(t, out, erg_text_width(), err);
}

static void predict_line(struct erg_csv *c, const json_t *p, const char *label)
{
	erg_csv_json(c, json_object_get(p, "group"));
	erg_csv_text(c, label);
	erg_csv_json(c, json_object_get(p, "measured"));
	erg_csv_est(c, json_object_get(p, "predicted"));
	erg_csv_json(c, json_object_get(p, "rel_error"));
	erg_csv_json(c, json_object_get(p, "extrapolates"));
	erg_csv_end(c);
}

int erg_model_predict_csv(const json_t *doc, FILE *out, struct erg_err *err)
{
	struct erg_csv c = {.out = out, .label = doc};
	const json_t *p;
	size_t i;

	erg_csv_text(&c, "group");
	erg_csv_text(&c, "label");
	erg_csv_text(&c, "measured");
	erg_csv_est_titles(&c, "predicted");
	erg_csv_text(&c, "rel_error");
	erg_csv_text(&c, "extrapolates");
	erg_csv_end(&c);
	json_array_foreach (json_object_get(doc, "predictions"), i, p)
		predict_line(&c, p, erg_text_of(p, "label"));
	json_array_foreach (json_object_get(doc, "totals"), i, p)
		predict_line(&c, p, "total");
	return 0;
}
