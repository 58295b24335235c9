/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_BEAT_H
#define ERG_ANALYZE_ATTRIBUTION_BEAT_H

/* What a slow beat between readings and turns of the work does to the mean of the readings. */
struct erg_attr_state;

struct attr_beat {
	double j,
		u_j; /* by how much the readings' own sum is too high, and its standard uncertainty, J; 0: no beat */
};
/* Of readings of power, of which the run has fewer than all of the time. */
struct attr_beat attr_beat(const struct erg_attr_state *st);

#endif
