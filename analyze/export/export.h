/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_EXPORT_H
#define ERG_ANALYZE_EXPORT_H

/* Timelines for other tools. Each writes one whole document to OUT; errors of writing show in
 * ferror(OUT). */
#include <stdio.h>

#include "analyze/timeline/timeline.h"
#include "formats/base/err.h"

/*
 * Trace Event Format (JSON) as https://ui.perfetto.dev and its trace processor read it: layers as
 * complete events ("X") on a track for each thread or device stream, phases likewise, markers as
 * instants, rails, temperatures and frequencies as counters. Times in microseconds since the run
 * began, with three decimals.
 */
int erg_export_perfetto_json(const struct erg_timeline *tl, FILE *out, struct erg_err *err);

/* The same as Perfetto's own packets (Protocol Buffers), in bundles that zlib compressed where this program
 * was built with it. */
int erg_export_perfetto(const struct erg_timeline *tl, FILE *out, struct erg_err *err);

/*
 * Comma-separated: one row for each reading of RAIL (one of the timeline's, or a sum, which is a column
 * of its own): time_s, the power of each rail, each temperature and frequency (the last value known), then network, module, layer and
 * iteration that ran at that moment on the first thread that ran one, the phase, and that thread.
 * PHASE (NULL: all): rows within phases of that name alone; -ENOENT when there is none.
 */
int erg_export_csv(const struct erg_timeline *tl, const struct erg_rail *rail, const char *phase,
	FILE *out, struct erg_err *err);

/* Folded stacks "network;module;layer N", N in microjoules, from one run of the layers' document; merged layers are one
 * frame "a + b", below what they have in common. */
int erg_export_folded(const json_t *run, FILE *out, size_t *ret_unresolved, struct erg_err *err);

#endif
