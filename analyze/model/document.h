/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_MODEL_DOCUMENT_H
#define ERG_ANALYZE_MODEL_DOCUMENT_H

/* Results of `erg-analyze model` as JSON documents (docs: erg-analyze-model(1)). */
#include "analyze/model/model.h"

#define ERG_MODEL_POINTS_MAX 10000u

/* The one of N models whose folds err least; the first when there are no folds. */
size_t erg_model_best(struct erg_model *const *models, size_t n);

/*
 * Adds to DOC: response, rows, groups, coefficients, stages, cv, collinearity, residuals,
 * extrapolates, of the best of N models; models, the comparison; points, unless there are more
 * than ERG_MODEL_POINTS_MAX and ALL_POINTS is false. Warnings: simulated power, collinear
 * predictors, several machines or frequencies, rows left out.
 */
int erg_model_fit_document(const struct erg_model_data *d, struct erg_model *const *models,
	size_t n, bool all_points, json_t *doc, struct erg_err *err);

/*
 * Adds to DOC: model, response, coefficients, predictions (one a row), totals (one a group),
 * extrapolates. D's columns are the model's inputs by name, then the response (NaN where nothing
 * was measured), then calls. Warnings: outside the hull, another machine, frequency or rail.
 */
int erg_model_predict_document(const struct erg_model_data *d, const struct erg_model *m,
	json_t *doc, struct erg_err *err);

/* The unit that a column's name says, "mJ" for energy_mj, or the name itself. */
const char *erg_model_unit(const char *name);

#endif
