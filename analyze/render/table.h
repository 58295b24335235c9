/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_RENDER_TABLE_H
#define ERG_ANALYZE_RENDER_TABLE_H

/*
 * Text for people: aligned columns that fit the terminal's width, bars, and colour only on a
 * terminal and never with NO_COLOR (https://no-color.org).
 *
 *	struct erg_rtable *t = erg_rtable_new();
 *	erg_rtable_column(t, "layer", ERG_COL_LEFT | ERG_COL_SHRINK);
 *	erg_rtable_column(t, "energy", ERG_COL_RIGHT);
 *	erg_rtable_column(t, "", ERG_COL_BAR);
 *	erg_rtable_cell(t, "%s", name);
 *	erg_rtable_cell(t, "%s", erg_text_si(buf, sizeof(buf), 0.0123, "J"));
 *	erg_rtable_bar(t, 0.4);
 *	erg_rtable_print(t, out, erg_text_width());
 *	erg_rtable_free(t);
 *
 * Cells fill rows from left to right; a full row is followed by the next.
 */
#include <stdbool.h>
#include <stdio.h>

#include "analyze/result/estimate.h"
#include "formats/base/err.h"

enum erg_rtable_flags {
	ERG_COL_LEFT = 0,
	ERG_COL_RIGHT = 1,
	ERG_COL_BAR = 2,    /* takes what width is left, at most 40 */
	ERG_COL_SHRINK = 4, /* is cut, with an ellipsis, when the table is too wide */
	ERG_COL_DROP = 8,   /* is left out when that is not enough, the last of these first */
};
/* With ERG_COL_DROP: those of a higher rank are left out before the others. */
#define ERG_COL_RANK(n) ((unsigned int)(n) << 8)

struct erg_rtable;

struct erg_rtable *erg_rtable_new(void);
void erg_rtable_free(struct erg_rtable *t);
void erg_rtable_freep(struct erg_rtable **t);
void erg_rtable_column(struct erg_rtable *t, const char *title, unsigned int flags);
void erg_rtable_cell(struct erg_rtable *t, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* Cells from KEY of a document's object: a text; a number, or an estimate's value, with an SI prefix
 * or in percent; an estimate with its interval. */
void erg_rtable_text(struct erg_rtable *t, const json_t *o, const char *key);
void erg_rtable_si(struct erg_rtable *t, const json_t *o, const char *key, const char *unit);
void erg_rtable_percent(struct erg_rtable *t, const json_t *o, const char *key);
void erg_rtable_est(struct erg_rtable *t, const json_t *o, const char *key, const char *unit);
/* The name of a row of layers, with those that it is merged with (analyze/result/merged.h). */
void erg_rtable_layer(struct erg_rtable *t, const json_t *row);
/* share: 0..1 of a full bar; NaN for an empty cell. */
void erg_rtable_bar(struct erg_rtable *t, double share);
/* width 0: as wide as it gets. Returns -ENOMEM when a cell was lost. */
int erg_rtable_print(const struct erg_rtable *t, FILE *out, unsigned int width,
	struct erg_err *err);

/* Columns of the terminal that stdout is, or 0 when it is none. */
unsigned int erg_text_width(void);
/* Escape sequences, or "" without colour. */
const char *erg_text_bold(void);
const char *erg_text_dim(void);
const char *erg_text_reset(void);

/* "12.3 mJ": four significant digits with an SI prefix; "-" for NaN. Returns BUF. */
const char *erg_text_si(char *buf, size_t len, double v, const char *unit);
/* "12.3 ±0.4 mJ" from an estimate: digits down to two of the half width; "unresolved". */
const char *erg_text_est(char *buf, size_t len, const struct erg_est *e, const char *unit);
/* The same from the JSON of an estimate. */
const char *erg_text_est_json(char *buf, size_t len, const json_t *est, const char *unit);
/* How many times as long a run would do: "2.1", rounded up, since 1.0 is this run; "15". */
const char *erg_text_times(char *buf, size_t len, double k);
/* Why the estimate EST is unresolved, in words, and how much longer a run would do where that is known:
 * "run 3.0×: seen too little". What is cut for lack of width is the words, never the number. */
const char *erg_text_reason(char *buf, size_t len, const json_t *est);
/* Columns that S takes on a terminal. */
size_t erg_text_cells(const char *s);
/* TEXT and a newline, in lines of at most WIDTH columns (0: one line) where its words allow. */
void erg_text_wrapped(FILE *out, const char *text, unsigned int width);
/* Lines of TEXT that are wider than WIDTH columns (0: none is) are folded at their spaces; the rest of one stands
 * beneath what follows its label, or two columns in. */
void erg_text_folded(FILE *out, const char *text, unsigned int width);
/* Says of a document with simulated power that it is, for documents whose rows do not. */
void erg_text_simulated(const json_t *doc, FILE *out);
/* "cap=9 clock=1.2e+09": what is not an object itself of the object LEVELS. */
const char *erg_text_settings(char *buf, size_t len, const json_t *levels);
/* "3", or "2 of 3": the number of runs N of O, where LEFT_OUT more took no part. */
const char *erg_text_runs(char *buf, size_t len, const json_t *o, const char *n,
	const char *left_out);
/* "12.3 %", "-" for NaN. */
const char *erg_text_percent(char *buf, size_t len, double fraction);

#endif
