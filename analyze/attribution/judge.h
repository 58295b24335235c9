/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_JUDGE_H
#define ERG_ANALYZE_ATTRIBUTION_JUDGE_H

/* What the tests of the fit mean: whether the model is right, and what is wrong with it. */
#include <stdbool.h>
#include <stddef.h>

#include "analyze/attribution/attribution.h"
#include "analyze/attribution/misfit.h"

struct attr_run;
struct erg_attr_state;

struct attr_misfit {
	struct attr_tests declared, fitted;
	struct attr_tests given; /* of a lag that the user gave */
	bool stopped;            /* the search for another sensor was given up */
	bool declared_right;
	const char *reason; /* clock, late, varying, unknown; NULL: the model is right */
};
/* The tests of the fit, and r->misfit.reason. */
int attr_judge(struct attr_run *r);
/* The sensor as it was fitted is far from the one declared, and a test of it nearly fails: not to be believed. */
bool attr_far_and_doubtful(const struct attr_run *r);
/* Whether the readings' times scatter by more than the kernel of these layers can be known with. */
bool attr_scatters(const struct attr_run *r);
/* The same of times that were rounded to a grid, however small the scatter looks that is left over. */
bool attr_rounded(const struct attr_run *r);
/* The same of class C alone, whose instances are shorter than those of most of the time. */
bool attr_rounded_away(const struct erg_attr_state *st, size_t c);
/* Whether the sensor as it was fitted is a low-pass that is slower than its window. */
bool attr_is_low_pass(const struct erg_attr_state *st);
/* Of consequence: not one that widens instead. */
bool attr_test_fails(const struct attr_test *t);

#endif
