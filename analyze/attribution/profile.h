/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_PROFILE_H
#define ERG_ANALYZE_ATTRIBUTION_PROFILE_H

/* Power that goes with how far an instance of a layer is. */
#include <stddef.h>
#include <stdint.h>

#include "formats/base/err.h"

struct attr_view;

enum attr_profile {
	ATTR_EVEN,   /* one power all through it */
	ATTR_RAMP,   /* a straight line from its begin to its end */
	ATTR_HALVES, /* one power for the first half and one for the second */
};
/* The columns of each class K become those of PROFILE[K]. The segments become more. WINDOW_NS: of the sensor. 1: they would
 * be too many, and V is as it was. */
int attr_profile_view(struct attr_view *v, const uint8_t *profile, double window_ns,
	struct erg_err *err);

#endif
