/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_EXAMPLES_CONVNET_PUBLISH_H
#define ERG_EXAMPLES_CONVNET_PUBLISH_H

/*
 * On the simulated board (ERG_BOARD_PAGE is set) the network tells it what it does, layer by layer,
 * so that the board's power follows the real program. Elsewhere all of this does nothing.
 */
#include "formats/net/net.h"

struct erg_publish;

/* NULL where there is no board. */
struct erg_publish *erg_publish_new(const struct erg_net *net);
void erg_publish_free(struct erg_publish *p);
/* Layer I begins now; I of 0: idle. P may be NULL. */
void erg_publish_layer(struct erg_publish *p, uint32_t i);

#endif
