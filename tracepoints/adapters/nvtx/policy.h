/* SPDX-License-Identifier: MIT */
#ifndef ERG_TRACEPOINTS_NVTX_POLICY_H
#define ERG_TRACEPOINTS_NVTX_POLICY_H

/*
 * Which range is a network, a module or a layer: ERG_NVTX_LAYERS, a list of
 *
 *	[DOMAIN:]DEPTH=network|module|layer|skip
 *
 * separated by commas; the first that matches holds. DOMAIN is the name of an NVTX domain,
 * "default" the one without a name, "*" or nothing any. DEPTH is the number of ranges of the domain
 * that are open around it in the thread, or "*". What nothing matches is a layer.
 *
 *	0=network,*=layer		the outermost range is the network
 *	TensorRT:*=layer,*:*=skip	one domain only
 */
#include "tracepoints/adapters/common.h"

struct nvtx_policy;

/* NULL for NULL, an empty or an unusable text: every range is a layer. A rule that cannot be read
 * is named in a marker and skipped. It is read once a process and stays until its end. */
struct nvtx_policy *nvtx_policy_parse(const char *text);
enum erg_range_level nvtx_policy_level(const struct nvtx_policy *p, const char *domain, int depth);

#endif
