/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_RUN_SUMMARY_H
#define ERG_RECORD_RUN_SUMMARY_H

/* What erg-record run says at its end: what was recorded, what is missing, and what to do next. */
#include "record/run/run.h"

void erg_run_summary_say(const struct erg_run *r);

/* What would have given power and may not be read, and how that is mended, or of which nothing can be
 * made; a line each. */
void erg_run_left_out_say(const struct erg_source_list *sources);

#endif
