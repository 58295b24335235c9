/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Numbers of command lines: all of the text, finite, within bounds. */
#include <math.h>
#include <stdlib.h>

#include "record/options.h"

bool erg_number_parse(const char *text, double lo, double hi, double *ret)
{
	char *end;
	double v = strtod(text, &end); /* the locale is "C": nobody calls setlocale */

	if (end == text || *end || !isfinite(v) || v < lo || v > hi)
		return false;
	*ret = v;
	return true;
}
