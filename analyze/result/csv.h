/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_RESULT_CSV_H
#define ERG_ANALYZE_RESULT_CSV_H

/*
 * Comma-separated values as RFC 4180 has them, with LF: one header line, quotes where a cell needs
 * them, numbers with nine digits and a point, an empty cell for what is not known.
 */
#include <stdbool.h>
#include <stdio.h>

#include <jansson.h>

struct erg_csv {
	FILE *out;
	int column; /* start with 0 */
	/* Of a document whose lines do not say it by themselves: a last column, simulated. NULL: none. */
	const json_t *label;
	bool titled; /* the header line is out */
};

void erg_csv_text(struct erg_csv *c, const char *s);
void erg_csv_number(struct erg_csv *c, double v);
void erg_csv_integer(struct erg_csv *c, long long v);
/* A string, number, boolean or null. */
void erg_csv_json(struct erg_csv *c, const json_t *v);
/* Texts with semicolons between. */
void erg_csv_names(struct erg_csv *c, const json_t *list);
/* Titles of an estimate's columns, and its cells: KEY, KEY_lo, KEY_hi, KEY_method. */
void erg_csv_est_titles(struct erg_csv *c, const char *key);
void erg_csv_est(struct erg_csv *c, const json_t *est);
void erg_csv_end(struct erg_csv *c);

#endif
