/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_SOURCES_PERF_H
#define ERG_RECORD_SOURCES_PERF_H

#include <linux/perf_event.h>

/* Opens an event that counts on CPU for every process; returns the descriptor or a negative errno.
 * The kernel's, unless a test puts its own here. */
extern int (*erg_perf_open_cpu)(const struct perf_event_attr *attr, int cpu);

#endif
