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
#include "analyze/timeline/timeline.h"
#include "formats/base/err.h"

/*
 * One segment at a time and without memory for all. DEVICE: tracks of the device instead of the
 * host's threads. The arrays of a segment are valid until the next call.
 *
 * MAP, when not NULL, has tl->n_layers + 1 values and gives the class to use instead of each
 * layer's own (and of the gap's). Neighbouring segments of one layer that belong to the same
 * class are one segment then: with layers mapped to their network, a whole inference is one.
 */
struct erg_segment {
	uint64_t begin, end;
	size_t n;
	const uint32_t *class_, *iteration;
	const uint16_t *track; /* index into tl->tracks; of a gap none */
	const float *share;
};

struct erg_segment_iter;

int erg_segment_iter_new(const struct erg_timeline *tl, bool device, const uint32_t *map,
	struct erg_segment_iter **ret, struct erg_err *err);
/* 1 and *ret, 0 at the end, or a negative errno. */
int erg_segment_next(struct erg_segment_iter *it, struct erg_segment *ret, struct erg_err *err);
void erg_segment_iter_free(struct erg_segment_iter *it);
void erg_segment_iter_freep(struct erg_segment_iter **it);

#endif
