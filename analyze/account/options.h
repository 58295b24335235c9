/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ACCOUNT_OPTIONS_H
#define ERG_ANALYZE_ACCOUNT_OPTIONS_H

/* What a person may ask of every account: which rail, how its archive is read, how it is attributed. */
#include <stdbool.h>
#include <stdint.h>

#include "analyze/reader/reader.h"
#include "analyze/result/document.h"

struct erg_common {
	enum erg_format format;
	bool strict;
	const char *rail; /* NULL: choose */
	struct erg_reader_options reader;
	/* of the attribution; zeroes are its defaults */
	uint64_t seed;
	unsigned int rounds;
	double ci_limit; /* fraction */
	double cond_limit;
	bool simultaneous; /* intervals that hold for all rows at once */
	bool lag_given;
	double lag_s, lag_u_s;
};

#endif
