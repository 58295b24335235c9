/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ACCOUNT_CALLS_H
#define ERG_ANALYZE_ACCOUNT_CALLS_H

#include <stdbool.h>

#include "analyze/timeline/timeline.h"

/* The network that L belongs to, or is; "" when the application named none. */
const char *erg_layer_network(const struct erg_tl_layer *l);

/*
 * How often each layer was called, and how often its network ran: calls of the most called of the
 * network's outermost layers. Both have n_layers values and are 0 at first. Of a DEVICE the calls of
 * the host that launched its work, where there are any. -ENOMEM.
 */
int erg_layer_calls(const struct erg_timeline *tl, bool device, uint64_t *calls,
	uint64_t *inferences);

#endif
