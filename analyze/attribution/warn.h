/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_WARN_H
#define ERG_ANALYZE_ATTRIBUTION_WARN_H

/* What an attribution warns of. */
#include "analyze/attribution/attribution.h"

void attr_warn(struct erg_attr *a, const char *code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
