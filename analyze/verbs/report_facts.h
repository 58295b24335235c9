/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_VERBS_REPORT_FACTS_H
#define ERG_ANALYZE_VERBS_REPORT_FACTS_H

#include <jansson.h>

#include "analyze/timeline/timeline.h"

/* [[name, text]]: the archive, the machine and its settings, the sensors, the sampler. */
json_t *erg_report_facts(const struct erg_timeline *tl);

#endif
