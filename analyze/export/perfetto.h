/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_EXPORT_PERFETTO_H
#define ERG_ANALYZE_EXPORT_PERFETTO_H

/* What both forms of a trace for Perfetto take from a timeline. */
#include "analyze/timeline/timeline.h"

/* Time zero of the trace, ns: the first event of all. Readings may come before the command, as an idle
 * baseline does. */
uint64_t erg_perfetto_zero(const struct erg_timeline *tl);

/* How the process PID is called: as its first thread is, if that has a name; or as the command, if it is the
 * only one. */
void erg_perfetto_process(const struct erg_timeline *tl, uint32_t pid, char *buf, size_t size);

/* The phases by their begin, the longer first; to be freed. NULL: no memory. */
const struct erg_tl_phase **erg_perfetto_phases(const struct erg_timeline *tl);

#endif
