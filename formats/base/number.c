/* SPDX-License-Identifier: MIT */
/* Numbers of command lines: all of the text, finite, within bounds. */
#include "formats/base/number.h"

#include <math.h>
#include <stdlib.h>

bool erg_number_parse(const char *text, double lo, double hi, double *ret)
{
	char *end;
	double v = strtod(text, &end); /* the locale is "C": nobody calls setlocale */

	if (end == text || *end || !isfinite(v) || v < lo || v > hi)
		return false;
	*ret = v;
	return true;
}
