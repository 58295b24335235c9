/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reading result documents. What an analysis computes of figures are differences, ratios and squares: of 1e308
 * joules they are no numbers, and a comparison with those is neither true nor false.
 */
#include "analyze/result/load.h"

#include <errno.h>
#include <math.h>

#include "formats/base/regular.h"
#include "formats/base/util.h"

#define FIGURE_MAX 1e60

/* The first figure of J that is too large, or 0. */
static double too_large(const json_t *j)
{
	double bad = 0;
	const char *key;
	json_t *v;
	size_t i;

	if (json_is_real(j))
		return fabs(json_real_value(j)) > FIGURE_MAX ? json_real_value(j) : 0;
	json_object_foreach ((json_t *)j, key, v)
		if ((bad = too_large(v)))
			return bad;
	json_array_foreach (j, i, v)
		if ((bad = too_large(v)))
			return bad;
	return 0;
}

int erg_result_load(const char *path, json_t **ret, struct erg_err *err)
{
	json_t *j;
	double bad;
	int r = erg_regular_json(path, &j, err);

	if (r < 0)
		return r;
	bad = too_large(j);
	if (bad) {
		json_decref(j);
		return erg_fail(err, -ERANGE, "%s: a figure is %g: at most %g was expected", path,
			bad, FIGURE_MAX);
	}
	*ret = j;
	return 0;
}
