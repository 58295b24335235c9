/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_PLUGIN_MESSAGE_H
#define ERG_ANALYZE_PLUGIN_MESSAGE_H

/* The filter's own stream of events erg:layer_energy and erg:rail_power. */
#include <babeltrace2/babeltrace.h>

#include "analyze/plugin/shares.h"

struct erg_energy_stream {
	bt_stream *stream;
	bt_event_class *event, *power;
};

/* A trace, a stream and an event class of SELF, on a clock like LIKE. 0 or -ENOMEM. */
int erg_energy_stream_open(struct erg_energy_stream *s, bt_self_component *self,
	const bt_clock_class *like);
void erg_energy_stream_close(struct erg_energy_stream *s);
/* A message at TIME (cycles of the clock) for the instance G of the layer; NULL when memory is
 * short. */
const bt_message *erg_energy_message(const struct erg_energy_stream *s,
	bt_self_message_iterator *it, uint64_t time, const struct erg_share *share,
	const struct erg_gathered *g, const struct erg_rail *rail);
/* The same for reading I of RAIL: of a counter, the mean power since the reading before. */
const bt_message *erg_power_message(const struct erg_energy_stream *s, bt_self_message_iterator *it,
	uint64_t time, const struct erg_rail *rail, size_t i);

#endif
