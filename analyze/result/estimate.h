/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ESTIMATE_H
#define ERG_ANALYZE_ESTIMATE_H

/*
 * A number that was estimated: never without its interval and its method. lo..hi is the 95 %
 * interval, statistical and systematic parts added linearly; the parts are kept beside it.
 */
#include <stdbool.h>

#include <jansson.h>

struct erg_est {
	double value;       /* NaN: unresolved */
	double lo, hi;      /* NaN: no interval could be formed */
	double stat;        /* half width of the statistical part, NaN if unknown */
	double syst;        /* half width of the systematic part (offset, gain, quantum, lag) */
	const char *method; /* static text: "direct", "nnls", "counter", "unresolved", … */
	/* Of an unresolved one: */
	const char *reason; /* static text: why, or NULL */
	double longer;      /* how many times as long a run would do, > 1; 0: not known */
};

#define ERG_EST_UNRESOLVED                                                                         \
	((struct erg_est){__builtin_nan(""), __builtin_nan(""), __builtin_nan(""),                 \
		__builtin_nan(""), __builtin_nan(""), "unresolved"})

/* Unresolved, and why; LONGER: how many times as long a run would do, 0: not known. */
static inline struct erg_est erg_est_because(const char *reason, double longer)
{
	struct erg_est e = ERG_EST_UNRESOLVED;

	e.reason = reason;
	e.longer = longer > 1 ? longer : 0;
	return e;
}

static inline bool erg_est_resolved(const struct erg_est *e)
{
	return e->value == e->value;
}

/* A number known exactly (to the data's resolution): lo = hi = value. */
struct erg_est erg_est_exact(double value, const char *method);
/* The same in another unit, or times an exact number. */
struct erg_est erg_est_scaled(const struct erg_est *e, double factor);

/* Interval of NUM / DEN from half widths of the same confidence, independent of each other (Fieller
 * 1954). False where the interval of DEN has 0 in it, or a half width is unknown (NaN). */
bool erg_fieller(double num, double num_half, double den, double den_half, double *ret_lo,
	double *ret_hi);

/* {"value", "lo", "hi", "method"} and, where known, "stat", "syst", of an unresolved one "reason"
 * and "longer"; NaN becomes null. Numbers are
 * rounded to 9 significant digits, so that the text does not depend on the order of sums. */
json_t *erg_est_json(const struct erg_est *e);
/* The way back; unresolved when J is no estimate. The method is borrowed from J. */
struct erg_est erg_est_from_json(const json_t *j);
/* A plain number rounded the same way; null for NaN and infinities. */
json_t *erg_num_json(double v);

/* What a document's object has under KEY: a text ("" where it is none), a number, or a number or
 * the value of an estimate (NaN where it is neither). */
const char *erg_text_of(const json_t *o, const char *key);
double erg_number_of(const json_t *o, const char *key);
double erg_value_of(const json_t *o, const char *key);

#endif
