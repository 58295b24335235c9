/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_PLUGIN_PLUGIN_H
#define ERG_ANALYZE_PLUGIN_PLUGIN_H

/* The methods of the plugin's component classes, which plugin.c names to babeltrace2. */
#include <babeltrace2/babeltrace.h>

bt_component_class_initialize_method_status erg_plugin_sink_init(bt_self_component_sink *self,
	bt_self_component_sink_configuration *configuration, const bt_value *params, void *data);
void erg_plugin_sink_finalize(bt_self_component_sink *self);
bt_component_class_sink_graph_is_configured_method_status erg_plugin_sink_configured(
	bt_self_component_sink *self);
bt_component_class_sink_consume_method_status erg_plugin_sink_consume(bt_self_component_sink *self);

bt_component_class_initialize_method_status erg_plugin_filter_init(bt_self_component_filter *self,
	bt_self_component_filter_configuration *configuration, const bt_value *params, void *data);
void erg_plugin_filter_finalize(bt_self_component_filter *self);
bt_message_iterator_class_initialize_method_status erg_plugin_filter_iterator_init(
	bt_self_message_iterator *self, bt_self_message_iterator_configuration *configuration,
	bt_self_component_port_output *port);
void erg_plugin_filter_iterator_finalize(bt_self_message_iterator *self);
bt_message_iterator_class_next_method_status erg_plugin_filter_next(bt_self_message_iterator *self,
	bt_message_array_const messages, uint64_t capacity, uint64_t *count);

#endif
