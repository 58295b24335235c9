/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_MODEL_FIT_H
#define ERG_ANALYZE_MODEL_FIT_H

/* Between fit.c, fit-stage.c and fit-folds.c. */
#include "analyze/model/model.h"

struct erg_model_fitting {
	const struct erg_model_data *d;
	const struct erg_model_spec *spec;
	size_t column[ERG_MODEL_VARS]; /* of d, by variable */
	size_t *order;                 /* rows by group */
	size_t *first;                 /* n_groups + 1: where a group's rows begin in order */
	size_t n_folds;                /* groups, or 0 when nothing is left out */
	size_t stride;                 /* of fold_b: stages × ERG_LSQ_MAX */
	double *fold_b;                /* n_folds × stride, NaN where no fit */
};

/* Fits stage S of M, with all groups and without each. */
int erg_model_fit_stage(struct erg_model_fitting *f, struct erg_model *m, size_t s,
	struct erg_err *err);

/* Fills in fitted, held_out, fold, cv_…, r2, se_group, once all stages are fitted. */
int erg_model_fit_folds(struct erg_model_fitting *f, struct erg_model *m);

/* The variables of row I; computed ones as measured. */
void erg_model_row_values(const struct erg_model_fitting *f, const struct erg_model *m, size_t i,
	double *values);

#endif
