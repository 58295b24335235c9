/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_PLAN_ANALYSIS_H
#define ERG_RECORD_PLAN_ANALYSIS_H

#include <jansson.h>

#include "record/yaml/yaml.h"

/* The plan's analysis: in V as a JSON object; *RET is a new reference. */
int erg_plan_analysis(const char *file, const struct erg_yaml *key, const struct erg_yaml *v,
	json_t **ret, struct erg_err *err);

#endif
