/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Definitions: layers are one and the same when network, path, type and level agree, whatever the
 * process; counters when their names do. An instance whose layer was never defined (its definition
 * was lost) keeps a layer of its own that says so.
 */
#include "analyze/reader/join.h"

#include <errno.h>
#include <string.h>

#include "formats/base/memory.h"
#include "formats/base/util.h"

static uint8_t shape(const json_t *def, const char *key, uint32_t ret[8])
{
	const json_t *list = json_object_get(def, key);
	size_t n = json_array_size(list);

	n = n > 8 ? 8 : n;
	for (size_t i = 0; i < n; i++)
		ret[i] = (uint32_t)json_integer_value(json_array_get(list, i));
	return (uint8_t)n;
}

static int new_layer(struct erg_join *j, const json_t *def, uint32_t parent, uint32_t *ret)
{
	struct erg_timeline *tl = j->tl;
	struct erg_tl_layer *l;

	if (!erg_grow(&tl->layers, tl->n_layers, sizeof(*l)))
		return -ENOMEM;
	l = &tl->layers[tl->n_layers];
	*l = (struct erg_tl_layer){.name = strdup(erg_join_text(def, "name")),
		.type = strdup(erg_join_text(def, "type")),
		.network = strdup(erg_join_text(def, "network")),
		.parent = parent,
		.level = (enum erg_tl_level)erg_join_number(def, "level"),
		.macs = erg_join_number(def, "macs"),
		.params = erg_join_number(def, "params"),
		.bytes_in = erg_join_number(def, "bytes_in"),
		.bytes_out = erg_join_number(def, "bytes_out"),
		.bytes_params = erg_join_number(def, "bytes_params")};
	l->in_dims = shape(def, "in_shape", l->in_shape);
	l->out_dims = shape(def, "out_shape", l->out_shape);
	l->kernel_dims = shape(def, "kernel_shape", l->kernel_shape);
	if (l->level > ERG_TL_LAYER)
		l->level = ERG_TL_LAYER;
	while (parent != ERG_NONE && tl->layers[parent].level == ERG_TL_LAYER)
		parent = tl->layers[parent].parent;
	l->module = strdup(parent != ERG_NONE && tl->layers[parent].level == ERG_TL_MODULE
			? tl->layers[parent].name
			: "");
	*ret = (uint32_t)tl->n_layers++;
	return l->name && l->type && l->network && l->module ? 0 : -ENOMEM;
}

/* The layer of that key, made when it is new. */
static int intern_layer(struct erg_join *j, const json_t *def, uint32_t parent, uint32_t *ret)
{
	_cleanup_(erg_freep) char *key = NULL;
	struct erg_join_name *n;
	size_t len;
	int r;

	if (asprintf(&key, "%s\x1f%u\x1f%s\x1f%s\x1f%llu", erg_join_text(def, "network"), parent,
		    erg_join_text(def, "name"), erg_join_text(def, "type"),
		    (unsigned long long)erg_join_number(def, "level")) < 0) {
		key = NULL;
		return -ENOMEM;
	}
	len = strlen(key);
	HASH_FIND(hh, j->layers, key, (unsigned int)len, n);
	if (!n) {
		n = calloc(1, sizeof(*n) + len + 1);
		if (!n)
			return -ENOMEM;
		memcpy(n->text, key, len);
		r = new_layer(j, def, parent, &n->index);
		if (r < 0) {
			free(n);
			return r;
		}
		HASH_ADD_KEYPTR(hh, j->layers, n->text, len, n);
		if (erg_hash_lost(n)) { /* the layer is the timeline's */
			free(n);
			return -ENOMEM;
		}
	}
	*ret = n->index;
	return 0;
}

/* Parents first; a chain of more than 64 is a loop. */
static int resolve_layer(struct erg_join *j, struct erg_join_entry *e, int depth)
{
	uint32_t parent_id = (uint32_t)erg_join_number(e->def, "parent"), parent = ERG_NONE;

	if (e->index != ERG_NONE)
		return 0;
	if (parent_id && depth < 64) {
		struct erg_join_entry *p =
			erg_join_at(erg_join_find(j, e->key.pid, parent_id, ERG_JOIN_LAYER),
				erg_join_number(e->def, "time"));

		if (p && resolve_layer(j, p, depth + 1) < 0)
			return -ENOMEM;
		parent = p ? p->index : ERG_NONE;
	}
	return e->index != ERG_NONE ? 0 : intern_layer(j, e->def, parent, &e->index);
}

const struct erg_join_entry *erg_join_layer(struct erg_join *j, uint32_t pid, uint32_t id,
	uint64_t time)
{
	struct erg_join_entry *e = erg_join_at(erg_join_add(j, pid, id, ERG_JOIN_LAYER), time);
	json_auto_t *def = NULL;
	char name[48];

	if (!e || e->index != ERG_NONE)
		return e;
	snprintf(name, sizeof(name), "layer %u of process %u (undefined)", id, pid);
	def = json_pack("{s:s, s:i}", "name", name, "level", ERG_TL_LAYER);
	return intern_layer(j, def, ERG_NONE, &e->index) < 0 ? NULL : e;
}

static int new_track(struct erg_join *j, const struct erg_chunk_thread *t, const char *name,
	bool device, uint32_t *ret)
{
	struct erg_timeline *tl = j->tl;
	char text[48];

	if (tl->n_tracks >= UINT16_MAX || !erg_grow(&tl->tracks, tl->n_tracks, sizeof(*tl->tracks)))
		return -ENOMEM;
	snprintf(text, sizeof(text), t->span ? "track %u of process %u" : "thread %u", t->tid,
		t->pid);
	tl->tracks[tl->n_tracks] = (struct erg_tl_track){.name = strdup(name ? name : text),
		.pid = t->span ? 0 : t->pid,
		.tid = t->span ? 0 : t->tid,
		.place = device ? ERG_TL_DEVICE : ERG_TL_HOST};
	if (!tl->tracks[tl->n_tracks].name)
		return -ENOMEM;
	*ret = (uint32_t)tl->n_tracks++;
	return 0;
}

uint32_t erg_join_track(struct erg_join *j, const struct erg_chunk_thread *t)
{
	/* threads and tracks have ids of their own; bit 31 keeps them apart */
	uint32_t id = t->span ? t->tid | 0x80000000u : t->tid;
	struct erg_join_entry *e = erg_join_add(j, t->pid, id, ERG_JOIN_TRACK);
	const char *name;

	if (!e)
		return ERG_NONE;
	if (e->index != ERG_NONE)
		return e->index;
	name = e->def ? erg_join_text(e->def, "name") : NULL;
	if (new_track(j, t, name && *name ? name : NULL,
		    e->def && erg_join_number(e->def, "device"), &e->index) < 0)
		return ERG_NONE;
	return e->index;
}

static int add_counter(struct erg_join *j, const json_t *def)
{
	struct erg_timeline *tl = j->tl;
	struct erg_join_entry *e =
		erg_join_define(j, (uint32_t)erg_join_number(def, "index"), ERG_JOIN_COUNTER, def);
	const char *name = erg_join_text(def, "name");
	size_t i = 0;

	if (!e)
		return -ENOMEM;
	while (i < tl->n_counters && strcmp(tl->counters[i].name, name))
		i++;
	e->index = (uint32_t)i;
	if (i < tl->n_counters)
		return 0;
	if (!erg_grow(&tl->counters, tl->n_counters, sizeof(*tl->counters)))
		return -ENOMEM;
	tl->counters[tl->n_counters++] = (struct erg_tl_counter){.name = strdup(name),
		.origin = strdup(erg_join_text(def, "origin"))};
	return tl->counters[i].name && tl->counters[i].origin ? 0 : -ENOMEM;
}

/* First those that others refer to, in the order of time, so that ids are the same in every run. */
static int keep_definition(struct erg_join *j, const json_t *e)
{
	const char *event = erg_join_text(e, "event");
	uint32_t pid = (uint32_t)erg_join_number(e, "pid");
	struct erg_join_entry *entry;

	if (!erg_join_ours(j, pid))
		return 0;
	if (!strcmp(event, "counter_define"))
		return add_counter(j, e);
	if (!strcmp(event, "layer_define")) {
		entry = erg_join_define(j, (uint32_t)erg_join_number(e, "id"), ERG_JOIN_LAYER, e);
		return entry ? 0 : -ENOMEM;
	}
	if (!strcmp(event, "track_define"))
		entry = erg_join_add(j, pid, (uint32_t)erg_join_number(e, "track") | 0x80000000u,
			ERG_JOIN_TRACK);
	else if (!strcmp(event, "thread_define")) /* "tid" is the event's own: another thread's */
		entry = erg_join_add(j, pid, (uint32_t)erg_join_number(e, "tid"), ERG_JOIN_TRACK);
	else
		return 0;
	if (!entry)
		return -ENOMEM;
	entry->def = e; /* the last name holds */
	return 0;
}

int erg_join_definitions(struct erg_join *j, struct erg_err *err)
{
	size_t i;
	json_t *e;
	int r = 0;

	json_array_foreach (j->events, i, e)
		if (!r)
			r = keep_definition(j, e);
	json_array_foreach (j->events, i, e) {
		uint32_t pid = (uint32_t)erg_join_number(e, "pid");
		uint32_t id = (uint32_t)erg_join_number(e, "id");

		if (r || strcmp(erg_join_text(e, "event"), "layer_define") ||
			!erg_join_ours(j, pid))
			continue;
		r = resolve_layer(j,
			erg_join_at(erg_join_find(j, pid, id, ERG_JOIN_LAYER),
				erg_join_number(e, "time")),
			0);
	}
	return r ? erg_fail(err, r, "out of memory for definitions") : 0;
}
