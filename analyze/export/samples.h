/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_EXPORT_SAMPLES_H
#define ERG_EXPORT_SAMPLES_H

/* Both halves of a run as files that erg-record import takes, --samples and --layers. */
#include <stdio.h>

#include "analyze/timeline/timeline.h"
#include "formats/base/err.h"

/* All readings, with the sensors' models and what is part of what. *ret_left: channels that no table can have, of
 * bits that mean something. -ENODATA when nothing was read. */
int erg_export_samples(const struct erg_timeline *tl, FILE *out, size_t *ret_left,
	struct erg_err *err);
/* When what ran: layers, modules and networks, their tracks and counters. -ENODATA when there are none. */
int erg_export_layers(const struct erg_timeline *tl, FILE *out, struct erg_err *err);

#endif
