/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_MODEL_MODEL_H
#define ERG_ANALYZE_MODEL_MODEL_H

/*
 * A model of energy (or of anything) from a few predictors, as SyNERGY has them: one regression, or
 * a chain of regressions where what one predicts is a predictor of the next.
 *
 * A model has variables, named; a stage computes one of them from others by a polynomial of degree
 * 1 or 2. Variables that no stage computes are its inputs. The last stage computes the response.
 * Everything that is needed to predict, with intervals, and to say that an input lies outside what
 * the model was fitted to, is in struct erg_model, and in the file of --save.
 */
#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "analyze/model/data.h"
#include "analyze/model/lsq.h"
#include "formats/base/err.h"

#define ERG_MODEL_VARS 32u /* of one model */
#define ERG_MODEL_STAGES 8u

enum erg_model_weights {
	ERG_MODEL_EQUAL,    /* every row the same variance */
	ERG_MODEL_SIGMA,    /* inverse variance of the measured response */
	ERG_MODEL_RELATIVE, /* the standard deviation is proportional to the response */
};

struct erg_model_spec {
	size_t n_vars, n_stages;
	const char *vars[ERG_MODEL_VARS]; /* inputs, then computed ones, the response last */
	struct {
		size_t response; /* index into vars */
		size_t input[ERG_MODEL_VARS], n_inputs;
	} stage[ERG_MODEL_STAGES];
	unsigned int degree;
	bool intercept;
	enum erg_lsq_method method;
	double lambda; /* of ridge; < 0: chosen */
	enum erg_model_weights weights;
};

struct erg_model_stage {
	size_t response, input[ERG_MODEL_VARS], n_inputs;
	unsigned int degree;
	bool intercept;
	size_t p; /* coefficients: terms, then the intercept if there is one */
	struct erg_lsq_fit fit;
	double *vif;      /* of each coefficient; NaN for the intercept */
	double *se_group; /* leave-one-group-out jackknife; NaN where there are no groups */
	double condition;
	double r2;
	double noise_sd; /* of one new row: absolute, or a fraction of the prediction */
	bool noise_relative;
	struct erg_lsq hull; /* triangle of the rows, unweighted */
	double leverage_max;
};

struct erg_model {
	char *title;
	size_t n_vars, n_stages;
	char *vars[ERG_MODEL_VARS];
	double lo[ERG_MODEL_VARS], hi[ERG_MODEL_VARS]; /* of the training rows */
	struct erg_model_stage stage[ERG_MODEL_STAGES];
	enum erg_lsq_method method;
	enum erg_model_weights weights;
	size_t n, n_groups;

	/* Leave one group out. */
	struct erg_model_fold {
		char *group;
		size_t rows;
		double measured, predicted; /* sums over the group */
		double rel_error;           /* |predicted - measured| / |measured| */
		double row_error;           /* mean of the same over its rows */
		bool extrapolates;          /* a row lies outside the hull of the others */
	} * fold;
	size_t n_folds;
	size_t cv_folds; /* the same, also of a model that was read from a file */
	double cv_mean, cv_sd, cv_worst, cv_row; /* NaN without groups */
	double *fitted, *held_out;               /* of each row: by all rows, by the other groups */

	/* Where it comes from and may be applied. */
	json_t *machines, *rails;
	double frequency_lo, frequency_hi;
	bool simulated;
};

void erg_model_free(struct erg_model *m);
void erg_model_freep(struct erg_model **m);

/*
 * Fits SPEC to D, whose columns include all its variables; with groups when GROUPED. The messages
 * of -EDOM and -ENODATA say which predictors are constant or identical, and how many groups or
 * rows there are against coefficients.
 */
int erg_model_fit(const struct erg_model_data *d, const struct erg_model_spec *spec, bool grouped,
	struct erg_model **ret, struct erg_err *err);

/* The number of coefficients of a stage; the terms of VALUES (by variable) into X. */
size_t erg_model_terms(const struct erg_model_stage *s);
void erg_model_expand(const struct erg_model_stage *s, const double *values, double *x);
/* "macs", "macs^2", "macs*bus", "intercept". */
const char *erg_model_term_name(const struct erg_model *m, const struct erg_model_stage *s,
	size_t term, char *buf, size_t len);
/* True when a stage computes variable V. */
bool erg_model_computes(const struct erg_model *m, size_t v);

#define ERG_MODEL_COEFFICIENTS (ERG_MODEL_STAGES * ERG_LSQ_MAX)

/* What is predicted for one row, or for a sum of rows. */
struct erg_model_prediction {
	double value;
	double gradient[ERG_MODEL_COEFFICIENTS]; /* by the coefficients of all stages in order */
	double noise;                            /* variance of what the model leaves unexplained */
	size_t n;                                /* rows summed */
	bool extrapolates;
};

/* VALUES: by variable; those that stages compute are filled in. */
void erg_model_predict(const struct erg_model *m, double *values, struct erg_model_prediction *ret);
/* SUM += WEIGHT × ONE; start with a zeroed SUM. */
void erg_model_accumulate(struct erg_model_prediction *sum, double weight,
	const struct erg_model_prediction *one);
/* Half width of the 95 % prediction interval: coefficients' uncertainty and noise. For a sum of
 * rows not less than what the folds of the cross-validation say about whole groups. */
double erg_model_half_width(const struct erg_model *m, const struct erg_model_prediction *p,
	bool group);

/* Is it outside the hull of the training data? WHY (may be NULL) gets the first reason. */
bool erg_model_outside(const struct erg_model *m, const double *values, char *why, size_t len);

/* Student's t: half width of a 95 % interval in standard errors. */
double erg_model_t95(double dof);

/* The saved form, and back. */
json_t *erg_model_to_json(const struct erg_model *m);
int erg_model_from_json(const json_t *j, const char *source, struct erg_model **ret,
	struct erg_err *err);

#endif
