/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sink.erg.layers: takes all messages, and at their end prints what erg-analyze layers prints. The
 * attribution needs the whole run, so nothing is printed before. This is the one place of the plugin
 * that writes to standard output, as a sink is asked to.
 */
#include "analyze/plugin/plugin.h"

#include <errno.h>
#include <stdlib.h>

#include "analyze/account/layers.h"
#include "analyze/plugin/gather.h"
#include "analyze/render/emit.h"
#include "analyze/render/layers.h"
#include "formats/base/memory.h"
#include "formats/base/terminal.h"
#include "formats/base/util.h"

struct sink {
	const bt_value *params; /* the options borrow from it */
	struct erg_gather_options opt;
	struct erg_gather *gather;
	bt_message_iterator *upstream;
};

static void sink_free(struct sink *s)
{
	if (!s)
		return;
	if (s->upstream)
		bt_message_iterator_put_ref(s->upstream);
	erg_gather_free(s->gather);
	bt_value_put_ref(s->params);
	free(s);
}

bt_component_class_initialize_method_status erg_plugin_sink_init(bt_self_component_sink *self,
	bt_self_component_sink_configuration *configuration, const bt_value *params, void *data)
{
	bt_self_component *c = bt_self_component_sink_as_self_component(self);
	struct sink *s = erg_noted(calloc(1, sizeof(*s)));
	struct erg_err err = {0};

	if (!s)
		return BT_COMPONENT_CLASS_INITIALIZE_METHOD_STATUS_MEMORY_ERROR;
	bt_value_get_ref(params);
	s->params = params;
	if (erg_gather_options(params, &s->opt, &err) < 0 || erg_gather_new(&s->gather, &err) < 0 ||
		bt_self_component_sink_add_input_port(self, "in", NULL, NULL) !=
			BT_SELF_COMPONENT_ADD_PORT_STATUS_OK) {
		erg_terminal_text(err.msg); /* babeltrace2 prints it as it is */
		BT_CURRENT_THREAD_ERROR_APPEND_CAUSE_FROM_COMPONENT(c, "%s", err.msg);
		sink_free(s);
		return BT_COMPONENT_CLASS_INITIALIZE_METHOD_STATUS_ERROR;
	}
	bt_self_component_set_data(c, s);
	return BT_COMPONENT_CLASS_INITIALIZE_METHOD_STATUS_OK;
}

void erg_plugin_sink_finalize(bt_self_component_sink *self)
{
	sink_free(bt_self_component_get_data(bt_self_component_sink_as_self_component(self)));
}

bt_component_class_sink_graph_is_configured_method_status erg_plugin_sink_configured(
	bt_self_component_sink *self)
{
	struct sink *s = bt_self_component_get_data(bt_self_component_sink_as_self_component(self));
	bt_self_component_port_input *in =
		bt_self_component_sink_borrow_input_port_by_index(self, 0);

	return bt_message_iterator_create_from_sink_component(self, in, &s->upstream) ==
			BT_MESSAGE_ITERATOR_CREATE_FROM_SINK_COMPONENT_STATUS_OK
		? BT_COMPONENT_CLASS_SINK_GRAPH_IS_CONFIGURED_METHOD_STATUS_OK
		: BT_COMPONENT_CLASS_SINK_GRAPH_IS_CONFIGURED_METHOD_STATUS_ERROR;
}

static int print(struct sink *s, struct erg_err *err)
{
	static const struct erg_renderer renderer = {erg_layers_text, erg_layers_csv};
	_cleanup_(erg_timeline_freep) struct erg_timeline *tl = NULL;
	json_auto_t *doc = erg_document_new("layers");
	json_t *run = NULL;
	int r = erg_gather_timeline(s->gather, &s->opt, &tl, err);

	if (r < 0)
		return r;
	json_object_set_new(doc, "energy", json_string(s->opt.energy));
	json_object_set_new(doc, "runs", json_array());
	r = erg_layers_run(tl, &s->opt.common, s->opt.by, doc, &run, err);
	if (r < 0)
		return r;
	json_array_append_new(json_object_get(doc, "runs"), run);
	return erg_document_emit(doc, s->opt.common.format, &renderer, false, err);
}

static int take_messages(struct sink *s, bt_message_array_const messages, uint64_t count,
	struct erg_err *err)
{
	int r = 0;

	for (uint64_t i = 0; i < count; i++) {
		if (r >= 0)
			r = erg_gather_message(s->gather, messages[i], NULL, err);
		bt_message_put_ref(messages[i]);
	}
	return r;
}

bt_component_class_sink_consume_method_status erg_plugin_sink_consume(bt_self_component_sink *self)
{
	bt_self_component *c = bt_self_component_sink_as_self_component(self);
	struct sink *s = bt_self_component_get_data(c);
	bt_message_array_const messages;
	struct erg_err err = {0};
	uint64_t count;
	bt_message_iterator_next_status st =
		bt_message_iterator_next(s->upstream, &messages, &count);

	if (st == BT_MESSAGE_ITERATOR_NEXT_STATUS_OK &&
		take_messages(s, messages, count, &err) >= 0)
		return BT_COMPONENT_CLASS_SINK_CONSUME_METHOD_STATUS_OK;
	if (st == BT_MESSAGE_ITERATOR_NEXT_STATUS_END && print(s, &err) >= 0)
		return BT_COMPONENT_CLASS_SINK_CONSUME_METHOD_STATUS_END;
	if (st == BT_MESSAGE_ITERATOR_NEXT_STATUS_AGAIN)
		return BT_COMPONENT_CLASS_SINK_CONSUME_METHOD_STATUS_AGAIN;
	erg_terminal_text(err.msg);
	BT_CURRENT_THREAD_ERROR_APPEND_CAUSE_FROM_COMPONENT(c, "%s",
		err.msg[0] ? err.msg : "the messages cannot be read to their end");
	return BT_COMPONENT_CLASS_SINK_CONSUME_METHOD_STATUS_ERROR;
}
