/* SPDX-License-Identifier: MIT */
/* Numbers of command lines: all of the text, decimal, finite, within bounds. */
#include "formats/base/number.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

bool erg_number_parse(const char *text, double lo, double hi, double *ret)
{
	char *end;
	double v = strtod(text, &end); /* the locale is "C": nobody calls setlocale */

	if (end == text || *end || strspn(text, "+-.0123456789eE") != strlen(text) ||
		!isfinite(v) || v < lo || v > hi)
		return false;
	*ret = v;
	return true;
}

/* Digits that end in END, as a number from 1 to HI; 0: there are others. */
static unsigned int count_of(const char *text, const char *end, unsigned int hi)
{
	unsigned int v = 0;

	for (; text < end; text++) {
		if (*text < '0' || *text > '9' || v > hi / 10)
			return 0;
		v = 10 * v + (unsigned int)(*text - '0');
	}
	return v <= hi ? v : 0;
}

bool erg_number_parse_part(const char *text, unsigned int *ret_i, unsigned int *ret_n)
{
	const char *slash = strchr(text, '/');
	const unsigned int n = slash ? count_of(slash + 1, strchr(text, '\0'), ERG_PARTS_MAX) : 0;
	const unsigned int i = slash ? count_of(text, slash, n) : 0;

	if (!i)
		return false;
	*ret_i = i;
	*ret_n = n;
	return true;
}
