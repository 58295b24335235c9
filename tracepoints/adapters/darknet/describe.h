/* SPDX-License-Identifier: MIT */
#ifndef ERG_TRACEPOINTS_DARKNET_DESCRIBE_H
#define ERG_TRACEPOINTS_DARKNET_DESCRIBE_H

#include <darknet.h>

#include "tracepoints/erg.h"

/* Everything of INFO but its name. */
void erg_darknet_describe(const struct layer *l, struct erg_layer_info *info);

#endif
