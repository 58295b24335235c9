/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_MODEL_DATA_H
#define ERG_ANALYZE_MODEL_DATA_H

/*
 * What a model is fitted to or applied to: rows (layers, networks, or lines of somebody's table)
 * and named columns of numbers, each row in a group (a network) that is left out as a whole.
 *
 * Names of columns from archives: macs, params, bytes_in, bytes_out, bytes_params, time_s,
 * energy_j, power_w, frequency_hz, temperature_degc, calls, or a counter. Everything of one call of
 * a layer, or of one inference of a whole network.
 */
#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "formats/net/net.h"
#include "formats/base/err.h"

struct erg_model_data {
	size_t n, cap;
	size_t n_names;
	char **names;
	double **col;  /* n_names columns; NaN where unknown and allowed to be */
	double *sigma; /* standard uncertainty of the response, NaN unknown; NULL: none known */
	size_t *group; /* index into groups */
	size_t n_groups;
	char **groups;                     /* in order of first appearance */
	char **label;                      /* a row's name, or NULL */
	size_t *place;                     /* line of the table; 0 elsewhere */
	size_t dropped;                    /* rows left out because a value was missing */
	json_t *machines, *rails;          /* arrays of distinct text */
	double frequency_lo, frequency_hi; /* Hz over the runs, NaN unknown */
	bool simulated;
	void *index; /* groups by name */
};

/* What is asked of a source of data. */
struct erg_model_want {
	char *const *names; /* columns; the last n_optional may be missing (NaN) */
	size_t n, n_optional;
	const char *const *group; /* columns whose values, joined by "/", name the group */
	size_t n_group;
	const char *sigma;    /* column of the response's standard uncertainty, or NULL */
	const char *response; /* one of names: where sigma comes from in an archive */
	const char *type;     /* only layers of this type, or NULL */
	bool whole;           /* rows are whole networks, not layers */
	bool by_run;          /* groups of several runs of one network are kept apart */
	bool drop;            /* leave out rows with a missing value instead of failing */
};

int erg_model_data_init(struct erg_model_data *d, char *const *names, size_t n, bool sigma);
void erg_model_data_done(struct erg_model_data *d);
/* VALUES: n_names. GROUP and LABEL are copied; LABEL may be NULL. -ENOMEM. */
int erg_model_data_row(struct erg_model_data *d, const double *values, double sigma,
	const char *group, const char *label, size_t place);

/* Rows from a table; cells that are no number are errors with line and column. */
int erg_model_data_table(const char *path, const struct erg_model_want *want,
	struct erg_model_data *ret, struct erg_err *err);

/* Rows from RUNS, the array of that name in a document of `layers`. Layers whose response is
 * unresolved are left out and counted. */
int erg_model_data_runs(const json_t *runs, const struct erg_model_want *want,
	struct erg_model_data *ret, struct erg_err *err);

/* Adds the layers of a network description; only names that follow from it are known. */
int erg_model_data_net(const struct erg_net *net, const struct erg_model_want *want,
	struct erg_model_data *d, struct erg_err *err);

/* "name" of row I for people: its label, or "line N". BUF is used when needed. */
const char *erg_model_data_label(const struct erg_model_data *d, size_t i, char *buf, size_t len);

#endif
