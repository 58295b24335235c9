/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_TESTS_ACCURACY_WORLD_SCORE_H
#define ERG_TESTS_ACCURACY_WORLD_SCORE_H

/*
 * What erg-analyze says of a world against its truth, added up over worlds. Plain numbers only, so
 * that processes can share it.
 */
#include <jansson.h>

#include "tests/accuracy/world.h"

#define SCORE_REASONS 10

struct errors { /* relative */
	double n, sum, worst;
};

struct score {
	double worlds, failed;           /* failed: a program ended with an error */
	double layers, resolved;         /* members of a merged row are not resolved */
	double rows;                     /* with a figure, a merged one counts once */
	double covered, wrong;           /* rows; wrong: confidently so */
	double runs, runs_covered;       /* runs with rows; those with nine in ten covered */
	struct errors report, hold, ols; /* all three on the same rows */
	double rest, rest_wrong;         /* "(no layer)" with a figure */
	double sums, sums_wrong;         /* rows of --by type, module and phase with a figure */
	double ets, ets_covered, ets_wrong, ets_none;
	struct errors ets_error;
	double reason_n[SCORE_REASONS];
	char reason[SCORE_REASONS][24];
	double user_s;
};

void score_add(struct score *sum, const struct score *one);
void score_layers(struct score *s, const struct work *k, const struct readings *r, json_t *doc);
/* Of the further tables of layers --by layer,… */
void score_sums(struct score *s, const struct work *k, json_t *layers);
/* Of totals. */
void score_totals(struct score *s, const struct work *k, const struct readings *r, json_t *doc);
/* Of layers: what totals says as well. */
void score_ets(struct score *s, const struct work *k, const struct readings *r, json_t *doc);

#endif
