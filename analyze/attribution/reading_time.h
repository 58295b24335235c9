/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_READING_TIME_H
#define ERG_ANALYZE_ATTRIBUTION_READING_TIME_H

/* Which time each reading is of, by the sensor as it was fitted. Times are ns since the view's t0. */
#include <stdbool.h>
#include <stddef.h>

struct erg_attr_state;

/* From this share of time inside of windows the readings are an integral, not a sample. */
#define ATTR_WHOLE 0.9

/* How far readings are apart that are not of one update, ns. */
double attr_apart_ns(const struct erg_attr_state *st);
/* Share of the time that the windows see. */
double attr_seen_share(const struct erg_attr_state *st);
/* The middle of what reading M saw; of a counter, when it had what the reading shows. */
double attr_seen_at(const struct erg_attr_state *st, size_t m);
double attr_counted_at(const struct erg_attr_state *st, size_t m);
/* Reading by which T is seen: the first at or after it. */
size_t attr_reading_after(const struct erg_attr_state *st, double t);
/* Whether a reading is the mean of the time since the one before, however far away that is. */
bool attr_since_last(const struct erg_attr_state *st);
/* Between readings M - 1 and M of a counter, ns by the layers' clock, which the joules are of; and the power there, W:
 * below 0 when it was set back. */
double attr_counter_ns(const struct erg_attr_state *st, size_t m);
double attr_counter_w(const struct erg_attr_state *st, size_t m);
/* W; of a counter, not of the first reading. */
double attr_reading_w(const struct erg_attr_state *st, size_t m);

#endif
