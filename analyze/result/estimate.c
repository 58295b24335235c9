/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Estimates and plain numbers on their way into a document. Nine significant digits: more than any
 * sensor has, fewer than the last bits that the order of a sum disturbs.
 */
#include "analyze/result/estimate.h"

#include <math.h>
#include <stdio.h>
#include <stddef.h>
#include <stdlib.h>

#include "formats/base/util.h"

struct erg_est erg_est_exact(double value, const char *method)
{
	return (struct erg_est){value, value, value, 0, 0, method};
}

struct erg_est erg_est_scaled(const struct erg_est *e, double factor)
{
	double lo = e->lo * factor, hi = e->hi * factor;

	return (struct erg_est){
		.value = e->value * factor,
		.lo = factor < 0 ? hi : lo,
		.hi = factor < 0 ? lo : hi,
		.stat = e->stat * fabs(factor),
		.syst = e->syst * fabs(factor),
		.method = e->method,
		.reason = e->reason,
		.longer = e->longer,
	};
}

bool erg_fieller(double num, double num_half, double den, double den_half, double *ret_lo,
	double *ret_hi)
{
	double a = den * den - den_half * den_half, middle = num * den / a, half;

	if (!(a > 0))
		return false;
	half = sqrt(den * den * num_half * num_half + num * num * den_half * den_half -
		       num_half * num_half * den_half * den_half) /
		a;
	*ret_lo = middle - half;
	*ret_hi = middle + half;
	return isfinite(middle) && isfinite(half);
}

static double round9(double v)
{
	char buf[32];

	snprintf(buf, sizeof(buf), "%.9g", v);
	return strtod(buf, NULL);
}

json_t *erg_num_json(double v)
{
	if (!isfinite(v))
		return json_null();
	return json_real(v == 0 ? 0.0 : round9(v)); /* no -0.0 */
}

json_t *erg_est_json(const struct erg_est *e)
{
	json_t *j = json_pack("{s:o, s:o, s:o, s:s}", "value", erg_num_json(e->value), "lo",
		erg_num_json(e->lo), "hi", erg_num_json(e->hi), "method",
		e->method ? e->method : "unresolved");

	if (!isfinite(e->value) && e->reason)
		json_object_set_new(j, "reason", json_string(e->reason));
	if (!isfinite(e->value) && e->longer > 0)
		json_object_set_new(j, "longer", erg_num_json(e->longer));
	if (isfinite(e->value) && isfinite(e->stat))
		json_object_set_new(j, "stat", erg_num_json(e->stat));
	if (isfinite(e->value) && isfinite(e->syst))
		json_object_set_new(j, "syst", erg_num_json(e->syst));
	return j;
}

struct erg_est erg_est_from_json(const json_t *j)
{
	const json_t *v = json_object_get(j, "value"), *method = json_object_get(j, "method");
	struct erg_est e = ERG_EST_UNRESOLVED;
	static const struct {
		const char *key;
		size_t offset;
	} parts[] = {
		{"lo", offsetof(struct erg_est, lo)},
		{"hi", offsetof(struct erg_est, hi)},
		{"stat", offsetof(struct erg_est, stat)},
		{"syst", offsetof(struct erg_est, syst)},
	};

	if (!json_is_number(v)) {
		e.reason = json_string_value(json_object_get(j, "reason"));
		e.longer = json_number_value(json_object_get(j, "longer"));
		return e;
	}
	e.value = json_number_value(v);
	e.method = method && json_string_value(method) ? json_string_value(method) : "result";
	for (size_t i = 0; i < ERG_ARRAY_SIZE(parts); i++) {
		const json_t *p = json_object_get(j, parts[i].key);

		if (json_is_number(p))
			*(double *)((char *)&e + parts[i].offset) = json_number_value(p);
	}
	return e;
}

const char *erg_text_of(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

double erg_number_of(const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);

	return json_is_number(v) ? json_number_value(v) : NAN;
}

double erg_value_of(const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);

	return json_is_object(v) ? erg_number_of(v, "value") : erg_number_of(o, key);
}
