/* SPDX-License-Identifier: MIT */
#ifndef ERG_TRACEPOINTS_DARKNET_DESCRIBE_H
#define ERG_TRACEPOINTS_DARKNET_DESCRIBE_H

#include <darknet.h>

#include "tracepoints/erg.h"

/* The word that erg.h uses for the type of a layer: conv, pool, fc, … */
const char *erg_darknet_type(const struct layer *l);

/* Multiply-accumulates of one forward call. */
uint64_t erg_darknet_macs(const struct layer *l);

/* Everything of INFO but its name. */
void erg_darknet_describe(const struct layer *l, struct erg_layer_info *info);

#endif
