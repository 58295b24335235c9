/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_SEGMENTS_H
#define ERG_ANALYZE_SEGMENTS_H

/*
 * Who runs when. The run is cut into segments that do not overlap and cover [begin, end]; in each
 * one the set of innermost layers that run on the chosen tracks does not change, and each has a
 * share; shares of a segment sum to 1. A segment in which nothing runs belongs to the class
 * "gap". Layers that run at the same time on several threads share it by CPU time where that is
 * known (the counter task-clock) and equally otherwise.
 *
 * Classes are indices into tl->layers; the class of gaps is tl->n_layers.
 */
#include "analyze/timeline.h"
#include "formats/err.h"

struct erg_segments {
	size_t n;
	uint64_t *begin;   /* n + 1 values: segment i is [begin[i], begin[i+1]) */
	uint32_t *first;   /* n + 1 values: entries of segment i are first[i] .. first[i+1]-1 */
	uint32_t *class_;  /* per entry */
	uint32_t *iteration; /* per entry */
	float *share;      /* per entry; NULL when every segment has one entry of share 1 */
	size_t n_classes;  /* tl->n_layers + 1 */
};

/* DEVICE: tracks of the device instead of the host's threads. */
int erg_segments_build(const struct erg_timeline *tl, bool device, struct erg_segments *ret,
	struct erg_err *err);
void erg_segments_release(struct erg_segments *s);

#endif
