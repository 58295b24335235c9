/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * filter.erg.energy: everything passes, and behind each layer instance comes an event with its
 * energy. The energy of a layer is known only when all readings are: so the input is read twice, by
 * seeking to its beginning, and never kept. An input that cannot do that (a live stream) is refused
 * rather than buffered without bound.
 *
 * Order: an event has the time of the message that told of the instance, and comes right behind it;
 * so what was ordered stays so.
 */
#include "analyze/plugin/plugin.h"

#include <errno.h>
#include <stdlib.h>

#include "analyze/plugin/message.h"
#include "formats/base/memory.h"
#include "formats/base/terminal.h"

struct filter {
	const bt_value *params; /* the options borrow from it */
	struct erg_gather_options opt;
};

struct iterator {
	bt_self_message_iterator *self;
	struct filter *filter;
	bt_message_iterator *upstream;
	struct erg_gather *gather;
	struct erg_timeline *tl;
	struct erg_shares shares;
	struct erg_energy_stream out;
	const bt_clock_class *clock; /* the first that the input had */
	bt_message_array_const in;   /* a batch of the input, from AT on */
	uint64_t in_n, at;
	const bt_message *waiting; /* of ours, next to be given */
	size_t *given;             /* readings of each rail that were given; NULL: none wanted */
	uint64_t now;              /* of the last message that had a time */
	enum { ASKING, FIRST_PASS, BEGINNING, PASSING, ENDING, OVER } state;
	struct erg_err err;
};

static void filter_free(struct filter *f)
{
	if (!f)
		return;
	bt_value_put_ref(f->params);
	free(f);
}

bt_component_class_initialize_method_status erg_plugin_filter_init(bt_self_component_filter *self,
	bt_self_component_filter_configuration *configuration, const bt_value *params, void *data)
{
	bt_self_component *c = bt_self_component_filter_as_self_component(self);
	struct filter *f = erg_noted(calloc(1, sizeof(*f)));
	struct erg_err err = {0};

	if (!f)
		return BT_COMPONENT_CLASS_INITIALIZE_METHOD_STATUS_MEMORY_ERROR;
	bt_value_get_ref(params);
	f->params = params;
	if (erg_gather_options(params, &f->opt, &err) < 0 ||
		bt_self_component_filter_add_input_port(self, "in", NULL, NULL) !=
			BT_SELF_COMPONENT_ADD_PORT_STATUS_OK ||
		bt_self_component_filter_add_output_port(self, "out", NULL, NULL) !=
			BT_SELF_COMPONENT_ADD_PORT_STATUS_OK) {
		erg_terminal_text(err.msg); /* babeltrace2 prints it as it is */
		BT_CURRENT_THREAD_ERROR_APPEND_CAUSE_FROM_COMPONENT(c, "%s", err.msg);
		filter_free(f);
		return BT_COMPONENT_CLASS_INITIALIZE_METHOD_STATUS_ERROR;
	}
	bt_self_component_set_data(c, f);
	return BT_COMPONENT_CLASS_INITIALIZE_METHOD_STATUS_OK;
}

void erg_plugin_filter_finalize(bt_self_component_filter *self)
{
	filter_free(bt_self_component_get_data(bt_self_component_filter_as_self_component(self)));
}

static void iterator_free(struct iterator *it)
{
	for (; it->at < it->in_n; it->at++)
		bt_message_put_ref(it->in[it->at]);
	bt_message_put_ref(it->waiting);
	bt_clock_class_put_ref(it->clock);
	bt_message_iterator_put_ref(it->upstream);
	erg_energy_stream_close(&it->out);
	free(it->given);
	erg_shares_release(&it->shares);
	erg_timeline_free(it->tl);
	erg_gather_free(it->gather);
	free(it);
}

bt_message_iterator_class_initialize_method_status erg_plugin_filter_iterator_init(
	bt_self_message_iterator *self, bt_self_message_iterator_configuration *configuration,
	bt_self_component_port_output *port)
{
	bt_self_component *c = bt_self_message_iterator_borrow_component(self);
	bt_self_component_port_input *in =
		bt_self_component_filter_borrow_input_port_by_index((bt_self_component_filter *)c,
			0);
	struct iterator *it = erg_noted(calloc(1, sizeof(*it)));

	if (!it)
		return BT_MESSAGE_ITERATOR_CLASS_INITIALIZE_METHOD_STATUS_MEMORY_ERROR;
	it->self = self;
	it->filter = bt_self_component_get_data(c);
	if (erg_gather_new(&it->gather, &it->err) < 0 ||
		bt_message_iterator_create_from_message_iterator(self, in, &it->upstream) !=
			BT_MESSAGE_ITERATOR_CREATE_FROM_MESSAGE_ITERATOR_STATUS_OK) {
		iterator_free(it);
		return BT_MESSAGE_ITERATOR_CLASS_INITIALIZE_METHOD_STATUS_ERROR;
	}
	bt_self_message_iterator_set_data(self, it);
	return BT_MESSAGE_ITERATOR_CLASS_INITIALIZE_METHOD_STATUS_OK;
}

void erg_plugin_filter_iterator_finalize(bt_self_message_iterator *self)
{
	iterator_free(bt_self_message_iterator_get_data(self));
}

/* Outcomes of the steps below besides a negative errno. */
enum { DONE, MORE, AGAIN };

/* Another batch of the input: MORE, AGAIN, or DONE at its end. */
static int pull(struct iterator *it)
{
	it->at = it->in_n = 0;
	switch (bt_message_iterator_next(it->upstream, &it->in, &it->in_n)) {
	case BT_MESSAGE_ITERATOR_NEXT_STATUS_OK:
		return MORE;
	case BT_MESSAGE_ITERATOR_NEXT_STATUS_END:
		it->in_n = 0;
		return DONE;
	case BT_MESSAGE_ITERATOR_NEXT_STATUS_AGAIN:
		it->in_n = 0;
		return AGAIN;
	default:
		it->in_n = 0;
		return erg_fail(&it->err, -EIO, "the messages cannot be read to their end");
	}
}

/* ---- the first time ---- */

/* Asked before anything is read, as a live stream may have no end to wait for. */
static int ask(struct iterator *it)
{
	bt_bool can = BT_FALSE;

	switch (bt_message_iterator_can_seek_beginning(it->upstream, &can)) {
	case BT_MESSAGE_ITERATOR_CAN_SEEK_BEGINNING_STATUS_AGAIN:
		return AGAIN;
	case BT_MESSAGE_ITERATOR_CAN_SEEK_BEGINNING_STATUS_OK:
		break;
	default:
		can = BT_FALSE;
	}
	if (!can)
		return erg_fail(&it->err, -ESPIPE,
			"the input cannot begin anew: expected traces in files, not a live stream");
	it->state = FIRST_PASS;
	return DONE;
}

static void note_clock(struct iterator *it, const bt_message *m)
{
	const bt_stream *s;

	if (it->clock || bt_message_get_type(m) != BT_MESSAGE_TYPE_STREAM_BEGINNING)
		return;
	s = bt_message_stream_beginning_borrow_stream_const(m);
	it->clock =
		bt_stream_class_borrow_default_clock_class_const(bt_stream_borrow_class_const(s));
	if (it->clock)
		bt_clock_class_get_ref(it->clock);
}

static int analyse(struct iterator *it)
{
	const struct erg_gather_options *opt = &it->filter->opt;
	int r = erg_gather_timeline(it->gather, opt, &it->tl, &it->err);

	if (r >= 0)
		r = erg_shares_open(&it->shares, it->tl, &opt->common, &it->err);
	if (r < 0)
		return r;
	if (opt->readings && !(it->given = calloc(it->tl->n_rails + 1, sizeof(*it->given))))
		return erg_fail(&it->err, -ENOMEM, "out of memory");
	if (bt_message_iterator_seek_beginning(it->upstream) !=
		BT_MESSAGE_ITERATOR_SEEK_BEGINNING_STATUS_OK)
		return erg_fail(&it->err, -ESPIPE, "the input cannot be read a second time");
	if (it->clock &&
		erg_energy_stream_open(&it->out,
			bt_self_message_iterator_borrow_component(it->self), it->clock) < 0)
		return erg_fail(&it->err, -ENOMEM, "out of memory");
	it->state = it->clock ? BEGINNING : PASSING;
	return DONE;
}

static int first_pass(struct iterator *it)
{
	int r;

	while ((r = pull(it)) == MORE)
		for (; it->at < it->in_n; it->at++) {
			note_clock(it, it->in[it->at]);
			r = erg_gather_message(it->gather, it->in[it->at], NULL, &it->err);
			bt_message_put_ref(it->in[it->at]);
			if (r < 0) {
				it->at++;
				return r;
			}
		}
	return r == DONE ? analyse(it) : r;
}

/* ---- the second time ---- */

/* An event's time, or LAST for one of a stream without a clock. */
static uint64_t time_of(const bt_message *m, uint64_t last)
{
	const bt_stream *s = bt_event_borrow_stream_const(bt_message_event_borrow_event_const(m));

	if (!bt_stream_class_borrow_default_clock_class_const(bt_stream_borrow_class_const(s)))
		return last;
	return bt_clock_snapshot_get_value(bt_message_event_borrow_default_clock_snapshot_const(m));
}

/* The next reading that lies before now, as an event; NULL when all are given. */
static const bt_message *reading(struct iterator *it, int *ret)
{
	const bt_message *m;

	for (size_t i = 0; it->given && i < it->tl->n_rails; i++) {
		const struct erg_rail *rail = &it->tl->rails[i];

		if (it->given[i] == rail->n || rail->t[it->given[i]] > it->now)
			continue;
		m = erg_power_message(&it->out, it->self, it->now, rail, it->given[i]++);
		*ret = m ? MORE : erg_fail(&it->err, -ENOMEM, "out of memory for an event");
		return m;
	}
	return NULL;
}

/* Makes the event that follows M, when M is a layer instance. */
static int follow(struct iterator *it, const bt_message *m)
{
	struct erg_gathered g;
	struct erg_share share;
	int r = erg_gather_message(it->gather, m, &g, &it->err);

	if (r >= 0 && bt_message_get_type(m) == BT_MESSAGE_TYPE_EVENT && it->clock)
		it->now = time_of(m, it->now);
	if (r > 0 && erg_shares_find(&it->shares, &g, &share)) {
		it->waiting = erg_energy_message(&it->out, it->self, it->now, &share, &g,
			it->shares.account.rail);
		if (!it->waiting)
			r = erg_fail(&it->err, -ENOMEM, "out of memory for an event");
	}
	erg_gather_forget(it->gather);
	return r < 0 ? r : 0;
}

static const bt_message *stream_mark(struct iterator *it, int *ret)
{
	const bt_message *m = it->state == BEGINNING
		? bt_message_stream_beginning_create(it->self, it->out.stream)
		: bt_message_stream_end_create(it->self, it->out.stream);

	it->state = it->state == BEGINNING ? PASSING : OVER;
	*ret = m ? MORE : erg_fail(&it->err, -ENOMEM, "out of memory");
	return m;
}

/* The next message to give: *ret is MORE, AGAIN, DONE or a negative errno. */
static const bt_message *next_message(struct iterator *it, int *ret)
{
	const bt_message *m = it->waiting;

	*ret = MORE;
	it->waiting = NULL;
	if (m || (it->state == PASSING && (m = reading(it, ret))) || *ret < 0)
		return m;
	if (it->state == BEGINNING)
		return stream_mark(it, ret);
	while (it->state == PASSING && it->at == it->in_n) {
		*ret = pull(it);
		if (*ret == AGAIN || *ret < 0)
			return NULL;
		if (*ret == DONE)
			it->state = it->clock ? ENDING : OVER;
	}
	if (it->state == ENDING)
		return stream_mark(it, ret);
	if (it->state == OVER) {
		*ret = DONE;
		return NULL;
	}
	m = it->in[it->at++];
	*ret = follow(it, m) < 0 ? it->err.code : MORE;
	return m; /* ours to give on even then: it is released with the others */
}

static bt_message_iterator_class_next_method_status status_of(struct iterator *it, int r)
{
	if (r == AGAIN)
		return BT_MESSAGE_ITERATOR_CLASS_NEXT_METHOD_STATUS_AGAIN;
	if (r == DONE)
		return BT_MESSAGE_ITERATOR_CLASS_NEXT_METHOD_STATUS_END;
	erg_terminal_text(it->err.msg);
	BT_CURRENT_THREAD_ERROR_APPEND_CAUSE_FROM_MESSAGE_ITERATOR(it->self, "%s", it->err.msg);
	return BT_MESSAGE_ITERATOR_CLASS_NEXT_METHOD_STATUS_ERROR;
}

bt_message_iterator_class_next_method_status erg_plugin_filter_next(bt_self_message_iterator *self,
	bt_message_array_const messages, uint64_t capacity, uint64_t *count)
{
	struct iterator *it = bt_self_message_iterator_get_data(self);
	int r = it->state == ASKING ? ask(it) : DONE;
	uint64_t n = 0;

	if (r == DONE && it->state == FIRST_PASS)
		r = first_pass(it);
	if (r != DONE)
		return status_of(it, r);
	for (r = MORE; n < capacity && r == MORE;) {
		const bt_message *m = next_message(it, &r);

		if (m)
			messages[n++] = m;
	}
	if (r < 0) {
		while (n)
			bt_message_put_ref(messages[--n]);
		return status_of(it, r);
	}
	*count = n;
	return n ? BT_MESSAGE_ITERATOR_CLASS_NEXT_METHOD_STATUS_OK : status_of(it, r);
}
