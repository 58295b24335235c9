/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Rules at work: events fill tables, begin layers and end them.
 *
 * Tables and layers are of a process: an address means nothing in another. An end belongs to the last
 * open beginning of its rule in its thread whose fields are the same. One that does not end the
 * innermost open layer of its thread crosses the others, which a thread's own track cannot show: it
 * goes to a track beside it.
 *
 * Layers whose end may come in another thread belong to none: each is on the first track of its process
 * that is free while it lasts.
 */
#include "record/rules/apply.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/base/hash.h"
#include "formats/base/util.h"

#define NO_THREAD UINT64_MAX /* in the place of a tid */

struct cell {
	UT_hash_handle hh;
	char *value, *value_key;
	char key[];
};

struct open {
	size_t rule;
	uint64_t begin_ns;
	uint32_t lane; /* of those that belong to no thread: which track, from 0 */
	char *same;    /* the values of the fields, joined */
	char *network, *module, *name, *type;
};

struct thread {
	UT_hash_handle hh;
	uint64_t id[2]; /* pid, tid; NO_THREAD */
	char track[96];
	struct open *open;
	size_t n;
};

struct counted {
	UT_hash_handle hh;
	uint32_t n;
	char key[];
};

struct erg_rules_state {
	const struct erg_rules *rules;
	struct erg_rules_output out;
	struct cell *cells;
	struct thread *threads;
	struct counted *counted;
	struct erg_rules_report report;
};

struct erg_rules_state *erg_rules_state_new(const struct erg_rules *rules,
	const struct erg_rules_output *out)
{
	struct erg_rules_state *s = calloc(1, sizeof(*s));

	if (s) {
		s->rules = rules;
		s->out = *out;
	}
	return s;
}

/* ---- tables ---- */

static struct cell *cell_find(const struct erg_rules_state *s, uint64_t pid, size_t table,
	const char *key)
{
	char full[ERG_RULES_TEXT + 64];
	struct cell *c;

	snprintf(full, sizeof(full), "%" PRIu64 " %zu %s", pid, table, key);
	HASH_FIND_STR(s->cells, full, c);
	return c;
}

static bool find_in_state(void *data, uint64_t pid, size_t table, const char *key,
	struct erg_rules_value *ret)
{
	const struct cell *c = cell_find(data, pid, table, key);

	if (!c)
		return false;
	snprintf(ret->text, sizeof(ret->text), "%s", c->value);
	snprintf(ret->key, sizeof(ret->key), "%s", c->value_key);
	return true;
}

static struct erg_rules_lookup lookup(struct erg_rules_state *s)
{
	return (struct erg_rules_lookup){find_in_state, s};
}

static int put_value(struct erg_rules_state *s, uint64_t pid, size_t table, const char *key,
	const struct erg_rules_value *value)
{
	struct cell *c = cell_find(s, pid, table, key);
	char *text = strdup(value->text), *value_key = strdup(value->key);

	if (!c) {
		size_t size = strlen(key) + 64;

		c = calloc(1, sizeof(*c) + size);
		if (c) {
			snprintf(c->key, size, "%" PRIu64 " %zu %s", pid, table, key);
			HASH_ADD_STR(s->cells, key, c);
			if (erg_hash_lost(c))
				free(erg_steal_ptr(&c));
		}
	}
	if (!c || !text || !value_key) {
		free(text);
		free(value_key);
		return -ENOMEM;
	}
	free(c->value);
	free(c->value_key);
	c->value = text;
	c->value_key = value_key;
	return 0;
}

static int tell_tables(struct erg_rules_state *s, const struct erg_rules_event *e)
{
	const struct erg_rules_lookup look = lookup(s);
	struct erg_rules_value key, value;

	for (size_t i = 0; i < s->rules->n_entries; i++) {
		const struct erg_rules_entry *entry = &s->rules->entries[i];

		if (strcmp(entry->event, e->name) ||
			!erg_rules_template_eval(entry->key, e, &look, &key) ||
			!erg_rules_template_eval(entry->value, e, &look, &value))
			continue;
		if (put_value(s, e->pid, entry->table, key.key, &value) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* ---- threads ---- */

static void track_name(const struct erg_rules_event *e, uint64_t tid, char *to, size_t size)
{
	struct erg_rules_value v;
	const char *process = e->field(e, "procname", &v) ? v.text : "process";

	if (tid == NO_THREAD)
		snprintf(to, size, "%.40s, process %" PRIu64, process, e->pid);
	else
		snprintf(to, size, "%.40s thread %" PRIu64, process, tid);
}

/* Where the layers of rule L are open that E begins or ends. */
static struct thread *thread_of(struct erg_rules_state *s, const struct erg_rules_layer *l,
	const struct erg_rules_event *e)
{
	const uint64_t id[2] = {e->pid, l->any_thread ? NO_THREAD : e->tid};
	struct thread *t;

	HASH_FIND(hh, s->threads, id, sizeof(id), t);
	if (t)
		return t;
	t = calloc(1, sizeof(*t));
	if (!t)
		return NULL;
	memcpy(t->id, id, sizeof(id));
	track_name(e, id[1], t->track, sizeof(t->track));
	HASH_ADD(hh, s->threads, id, sizeof(t->id), t);
	if (!erg_hash_lost(t))
		return t;
	free(t);
	return NULL;
}

static void open_release(struct open *o)
{
	free(o->same);
	free(o->network);
	free(o->module);
	free(o->name);
	free(o->type);
}

/* The values of the fields that begin and end have both; NULL when memory is short. An event that lacks one
 * is counted: its layers are told apart by less than was asked for. */
static char *same_of(struct erg_rules_state *s, const struct erg_rules_layer *l,
	const struct erg_rules_event *e)
{
	struct erg_rules_value v;
	char *all = strdup("");
	bool lacks = false;

	for (size_t i = 0; all && i < l->n_same; i++) {
		bool there = e->field(e, l->same[i], &v);
		char *longer;

		if (asprintf(&longer, "%s\x1f%s", all, there ? v.key : "") < 0)
			longer = NULL;
		lacks |= !there;
		free(all);
		all = longer;
	}
	s->report.no_same += lacks;
	return all;
}

/* The text of TEMPLATE; *unnamed when it has none. */
static char *text_of(struct erg_rules_state *s, const struct erg_rules_template *t,
	const struct erg_rules_event *e, const char *otherwise, bool *unnamed)
{
	const struct erg_rules_lookup look = lookup(s);
	struct erg_rules_value v;

	if (!t)
		return strdup("");
	if (erg_rules_template_eval(t, e, &look, &v) && *v.text)
		return strdup(v.text);
	*unnamed = true;
	return strdup(otherwise);
}

/* The first that no other open layer of T has. */
static uint32_t lane_find(const struct thread *t)
{
	_cleanup_(erg_freep) char *taken = calloc(t->n + 1, 1);
	uint32_t lane = 0;

	if (!taken)
		return (uint32_t)t->n;
	for (size_t i = 0; i < t->n; i++)
		if (t->open[i].lane < t->n)
			taken[t->open[i].lane] = 1;
	while (taken[lane])
		lane++;
	return lane;
}

static int begin_layer(struct erg_rules_state *s, size_t rule, const struct erg_rules_event *e)
{
	const struct erg_rules_layer *l = &s->rules->layers[rule];
	struct thread *t = thread_of(s, l, e);
	struct open *o = t ? reallocarray(t->open, t->n + 1, sizeof(*o)) : NULL;
	bool unnamed = false;

	if (!o)
		return -ENOMEM;
	t->open = o;
	o += t->n;
	*o = (struct open){.rule = rule, .begin_ns = e->time_ns};
	o->lane = l->any_thread ? lane_find(t) : 0;
	t->n++;
	o->same = same_of(s, l, e);
	o->network = text_of(s, l->network, e, "", &unnamed);
	o->module = text_of(s, l->module, e, "", &unnamed);
	o->name = text_of(s, l->name, e, e->name, &unnamed);
	o->type = text_of(s, l->type, e, "", &unnamed);
	s->report.unnamed += unnamed;
	return o->same && o->network && o->module && o->name && o->type ? 0 : -ENOMEM;
}

static uint32_t count_calls(struct erg_rules_state *s, const struct open *o)
{
	_cleanup_(erg_freep) char *key = NULL;
	struct counted *c;

	if (asprintf(&key, "%s\x1f%s\x1f%s\x1f%s", o->network, o->module, o->name, o->type) < 0) {
		key = NULL;
		return 0;
	}
	HASH_FIND_STR(s->counted, key, c);
	if (!c) {
		c = calloc(1, sizeof(*c) + strlen(key) + 1);
		if (!c)
			return 0;
		strcpy(c->key, key);
		HASH_ADD_STR(s->counted, key, c);
		if (erg_hash_lost(c)) {
			free(c);
			return 0;
		}
	}
	return c->n++;
}

/* The track of the layer at I, which ends. */
static void track_of(const struct thread *t, size_t i, char *to, size_t size)
{
	const char *beside = t->id[1] != NO_THREAD && i + 1 < t->n ? ", overlapping" : "";

	if (t->open[i].lane)
		snprintf(to, size, "%s, %" PRIu32, t->track, t->open[i].lane + 1);
	else
		snprintf(to, size, "%s%s", t->track, beside);
}

static int end_layer(struct erg_rules_state *s, size_t rule, const struct erg_rules_event *e,
	struct erg_err *err)
{
	const struct erg_rules_layer *l = &s->rules->layers[rule];
	struct thread *t = thread_of(s, l, e);
	_cleanup_(erg_freep) char *same = same_of(s, l, e);
	size_t i = t ? t->n : 0;
	char track[128];
	struct open o;
	int r;

	if (!t || !same)
		return erg_fail_errno(err, -ENOMEM, "rules");
	while (i > 0 && (t->open[i - 1].rule != rule || strcmp(t->open[i - 1].same, same)))
		i--;
	if (!i) {
		s->report.no_begin++;
		return 0;
	}
	o = t->open[i - 1];
	track_of(t, i - 1, track, sizeof(track));
	memmove(&t->open[i - 1], &t->open[i], (t->n - i) * sizeof(o));
	t->n--;
	s->report.spans++;
	r = s->out.span(s->out.data,
		&(struct erg_rules_span){o.network, o.module, o.name, o.type, track,
			count_calls(s, &o), o.begin_ns, e->time_ns},
		err);
	open_release(&o);
	return r;
}

int erg_rules_event(struct erg_rules_state *s, const struct erg_rules_event *e, struct erg_err *err)
{
	int r = tell_tables(s, e);

	/* an event may end one layer and begin the next */
	for (size_t i = 0; !r && i < s->rules->n_layers; i++)
		if (!strcmp(s->rules->layers[i].end, e->name))
			r = end_layer(s, i, e, err);
	for (size_t i = 0; !r && i < s->rules->n_layers; i++)
		if (!strcmp(s->rules->layers[i].begin, e->name))
			r = begin_layer(s, i, e);
	return r == -ENOMEM ? erg_fail_errno(err, r, "rules") : r;
}

void erg_rules_loss(struct erg_rules_state *s)
{
	for (struct thread *t = s->threads; t; t = t->hh.next) {
		for (size_t i = 0; i < t->n; i++)
			open_release(&t->open[i]);
		s->report.cut += t->n;
		t->n = 0;
	}
}

void erg_rules_report(const struct erg_rules_state *s, struct erg_rules_report *ret)
{
	*ret = s->report;
	for (const struct thread *t = s->threads; t; t = t->hh.next)
		ret->no_end += t->n;
}

void erg_rules_state_free(struct erg_rules_state *s)
{
	struct counted *c, *c_next;
	struct thread *t, *t_next;
	struct cell *x, *x_next;

	if (!s)
		return;
	HASH_ITER(hh, s->cells, x, x_next)
	{
		HASH_DEL(s->cells, x);
		free(x->value);
		free(x->value_key);
		free(x);
	}
	HASH_ITER(hh, s->threads, t, t_next)
	{
		HASH_DEL(s->threads, t);
		for (size_t i = 0; i < t->n; i++)
			open_release(&t->open[i]);
		free(t->open);
		free(t);
	}
	HASH_ITER(hh, s->counted, c, c_next)
	{
		HASH_DEL(s->counted, c);
		free(c);
	}
	free(s);
}
