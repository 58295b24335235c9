/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_KNOWN_H
#define ERG_ANALYZE_ATTRIBUTION_KNOWN_H

/* What is likely beforehand, of the sensor and of the power between the layers. */
struct attr_run;

/* Moves the energies towards what they are if the sensor's delay and clock are as declared, and the power
 * between the layers that outside of the work, as far as the run does not say otherwise. */
int attr_known(struct attr_run *r);

#endif
