/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ACCOUNT_ROWS_H
#define ERG_ANALYZE_ACCOUNT_ROWS_H

/* Rows of the layers' table: which classes a row adds up, and the row's JSON. */
#include "analyze/account/account.h"
#include "analyze/account/counts.h"

struct erg_rows {
	const struct erg_account *a;
	double total_j;    /* for shares */
	uint64_t *calls;   /* per layer */
	uint64_t *span_ns; /* per layer: begin to end, inner layers included */
	uint64_t *first;   /* per layer: when it first began, UINT64_MAX of one that never did */
	struct erg_layer_counts counts;
	uint64_t *inferences; /* per layer: how often its network ran */
	uint64_t iterations;  /* the most of them */
	double *weight;       /* scratch, n_classes values: the set that a row adds up */
	uint32_t *set;        /* its n_set classes, so that a row costs what is in it */
	size_t n_set;
	double *whole; /* per class: 1 of layers that ran */
	/* per class: the first one merged under it, the next of its group, or ERG_NONE */
	uint32_t *group_first, *group_next;
	bool *done;    /* per class: in a row already */
	uint32_t *row; /* per class: the resolved row that it is in, or ERG_NONE */
	size_t n_rows; /* resolved so far */
	uint32_t *child,
		*next;  /* per layer: the first one inside of it, the next beside it, or ERG_NONE */
	uint32_t *path; /* scratch, per layer */
};

int erg_rows_init(struct erg_rows *r, const struct erg_account *a, struct erg_err *err);
void erg_rows_release(struct erg_rows *r);

/* Begins anew: no class is in a row. */
void erg_rows_restart(struct erg_rows *r);

/* Into LIST: one row a layer (merged ones share a row), a type, a module or a network. */
void erg_rows_by_layer(struct erg_rows *r, json_t *list);
void erg_rows_by_key(struct erg_rows *r, const char *by, json_t *list);
/* Into ROWS: one row a name of the phases; into REST: what is in none. */
int erg_rows_by_phase(struct erg_rows *r, json_t *rows, json_t *rest, struct erg_err *err);
/* What is in none of the rows made so far: time between layers, the own time of modules and networks,
 * idle. */
void erg_rows_rest(struct erg_rows *r, json_t *list);

#endif
