/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_GPUS_H
#define ERG_ANALYZE_GPUS_H

/*
 * Which GPU. CUDA and NVML count GPUs in different orders, and CUDA_VISIBLE_DEVICES changes CUDA's;
 * what they share is the UUID, "GPU-" and 36 characters: the recorder has it in the path of an NVML
 * source, an imported log may have it in the rail's name, the adapter for CUDA in the name of a track. A rail
 * without one that is called gpu1 goes by that number, if there are tracks of several, and of it: in what
 * profilers write, "GPU 1 stream 7".
 */
#include "analyze/timeline/rail.h"
#include "analyze/timeline/timeline.h"

/*
 * A timeline for the account of RAIL: TL, or a copy in which tracks of other GPUs than the rail's
 * are elsewhere. A rail or a track that does not tell its GPU may be of any. *ret_own: NULL, or what
 * erg_gpus_release() must free before TL. -ENOMEM.
 */
int erg_gpus_of_rail(const struct erg_timeline *tl, const struct erg_rail *rail,
	struct erg_timeline **ret_own);
void erg_gpus_release(struct erg_timeline *own);

#endif
