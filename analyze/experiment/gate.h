/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_GATE_H
#define ERG_ANALYZE_GATE_H

/*
 * Does NEW take more energy than BASE? One-sided tests at 5 % of the ratio of two means (the contrast
 * new - (1 + margin) base, Welch 1947), of which two make an equivalence (TOST, Schuirmann 1987). With
 * repeated runs the scatter between the runs is the error, and never less than what each run says of
 * itself; a side with one run takes the other's scatter, and two single runs have only their own
 * intervals.
 */
#include <stdbool.h>
#include <stddef.h>

/* One side: values with the half widths of their 95 % intervals' statistical and systematic parts. */
struct erg_gate_side {
	const double *value, *stat, *syst; /* n of each; parts that are not known: 0 */
	size_t n;
};

enum erg_gate_verdict {
	ERG_GATE_CANNOT_TELL,
	ERG_GATE_MORE,       /* by more than fail_above */
	ERG_GATE_LESS,       /* by anything */
	ERG_GATE_EQUIVALENT, /* within the margin, either way */
	ERG_GATE_NOT_MORE,   /* not by fail_above or more */
};

struct erg_gate_wish {
	bool has_fail_above, has_equivalent; /* neither: more and less are against no difference */
	double fail_above, equivalent;       /* fractions of base */
	bool same_sensor;                    /* systematic parts cancel but for their difference */
};

struct erg_gate_result {
	double base, added; /* mean of base; mean of new less it */
	double p;           /* two-sided, of no difference; NaN: nothing can be said */
	double p_more, p_less, p_equivalent, p_not_more; /* one-sided; NaN: not asked, or unknown */
	double lo, hi;      /* 90 % interval of new / base - 1: both one-sided bounds */
	double repetitions; /* runs a side that would decide four times in five; NaN: unknown */
};

/* False where a side is empty or base is not positive; *ret is all NaN then. */
bool erg_gate_test(const struct erg_gate_side *base, const struct erg_gate_side *added,
	const struct erg_gate_wish *w, struct erg_gate_result *ret);

/* Which of N p-values are rejected at 5 % for all of them together (Holm 1979: in order, the i-th of m while
 * p <= 5 % / (m - i)); NaN is no test. -ENOMEM. */
int erg_gate_holm(const double *p, size_t n, bool *ret);

/* Verdicts of N results, each test of a kind at 5 % for all of them together (Holm 1979). */
int erg_gate_verdicts(const struct erg_gate_result *r, size_t n, enum erg_gate_verdict *ret);

/* "more", "less", "equivalent", "not-more", "cannot-tell". */
const char *erg_gate_name(enum erg_gate_verdict v);

#endif
