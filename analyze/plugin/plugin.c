/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The babeltrace2 plugin "erg": the analysis as components of anybody's graph.
 *
 *	babeltrace2 --plugin-path=DIR run/trace -c sink.erg.layers -p 'run="run"'
 *	babeltrace2 --plugin-path=DIR run/trace -c filter.erg.energy -c sink.text.details
 *
 * https://babeltrace.org/docs/v2.0/libbabeltrace2/ (plugin development)
 */
#include "analyze/plugin/plugin.h"

#define PARAMETERS                                                                                 \
	"Parameters: run (text): archive or unpacked archive that the messages come from; its\n"   \
	"manifest and summary give the run's begin and end. rail, sensor (text), seed, rounds\n"   \
	"(numbers): as of erg-analyze layers."

BT_PLUGIN_MODULE()
BT_PLUGIN(erg);
BT_PLUGIN_DESCRIPTION("Energy per neural-network layer (ergtrace)");
BT_PLUGIN_LICENSE("GPL-3.0-or-later");

BT_PLUGIN_SINK_COMPONENT_CLASS(layers, erg_plugin_sink_consume);
BT_PLUGIN_SINK_COMPONENT_CLASS_DESCRIPTION(layers, "Print energy, time and calls of each layer");
BT_PLUGIN_SINK_COMPONENT_CLASS_HELP(layers,
	"Prints what erg-analyze layers prints, when all messages have come.\n" PARAMETERS
	"\nby (text): layer, type, module, network or phase. energy (text): total or above-idle.\n"
	"format (text): text, json or csv.");
BT_PLUGIN_SINK_COMPONENT_CLASS_INITIALIZE_METHOD(layers, erg_plugin_sink_init);
BT_PLUGIN_SINK_COMPONENT_CLASS_FINALIZE_METHOD(layers, erg_plugin_sink_finalize);
BT_PLUGIN_SINK_COMPONENT_CLASS_GRAPH_IS_CONFIGURED_METHOD(layers, erg_plugin_sink_configured);

BT_PLUGIN_FILTER_COMPONENT_CLASS(energy, erg_plugin_filter_next);
BT_PLUGIN_FILTER_COMPONENT_CLASS_DESCRIPTION(energy,
	"Pass all messages and add the energy of each layer instance");
BT_PLUGIN_FILTER_COMPONENT_CLASS_HELP(energy,
	"Goes over its input twice, so that must be able to begin anew (files can, a live stream\n"
	"cannot). After each layer instance comes an event erg:layer_energy of a stream of its own:\n"
	"network, layer, iteration, energy_uj (the layer's energy by the instance's share of the\n"
	"layer's own time; NaN when resolved is 0), method, resolved, rail, simulated, tid.\n"
	"readings (boolean): also an event erg:rail_power {rail, power_w, simulated} for each reading.\n" PARAMETERS);
BT_PLUGIN_FILTER_COMPONENT_CLASS_INITIALIZE_METHOD(energy, erg_plugin_filter_init);
BT_PLUGIN_FILTER_COMPONENT_CLASS_FINALIZE_METHOD(energy, erg_plugin_filter_finalize);
BT_PLUGIN_FILTER_COMPONENT_CLASS_MESSAGE_ITERATOR_CLASS_INITIALIZE_METHOD(energy,
	erg_plugin_filter_iterator_init);
BT_PLUGIN_FILTER_COMPONENT_CLASS_MESSAGE_ITERATOR_CLASS_FINALIZE_METHOD(energy,
	erg_plugin_filter_iterator_finalize);
