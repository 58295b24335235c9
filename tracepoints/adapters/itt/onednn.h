/* SPDX-License-Identifier: MIT */
#ifndef ERG_TRACEPOINTS_ITT_ONEDNN_H
#define ERG_TRACEPOINTS_ITT_ONEDNN_H

#include "tracepoints/adapters/common.h"

/* If the calling thread is executing a primitive of oneDNN, the id of its layer within PARENT: its
 * kind (as ITT names it) and shapes. 0 if it is not, or nothing can be found out about it. */
uint32_t erg_onednn_layer(struct erg_adapter_thread *t, uint32_t parent, const char *kind);

/* Our name of a kind of primitive: conv for convolution. */
const char *erg_onednn_type(const char *kind);

#endif
