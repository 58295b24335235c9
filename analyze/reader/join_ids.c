/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Ids of a process or a source, and what they stand for in the whole run. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/reader/join.h"
#include "formats/base/memory.h"
#include "formats/base/util.h"

struct erg_join_entry *erg_join_find(const struct erg_join *j, uint32_t pid, uint32_t id,
	enum erg_join_kind kind)
{
	struct erg_join_key key = {pid, id, kind};
	struct erg_join_entry *e;

	HASH_FIND(hh, j->entries, &key, sizeof(key), e);
	return e;
}

struct erg_join_entry *erg_join_add(struct erg_join *j, uint32_t pid, uint32_t id,
	enum erg_join_kind kind)
{
	struct erg_join_entry *e = erg_join_find(j, pid, id, kind);

	if (e)
		return e;
	e = erg_noted(calloc(1, sizeof(*e)));
	if (!e)
		return NULL;
	e->key = (struct erg_join_key){pid, id, kind};
	e->index = ERG_NONE;
	HASH_ADD(hh, j->entries, key, sizeof(e->key), e);
	if (!erg_hash_lost(e))
		return e;
	free(e);
	return NULL;
}

/* But for when and by whom they were emitted. */
static bool same_definition(const json_t *a, const json_t *b)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)a, key, value)
		if (strcmp(key, "time") && strcmp(key, "tid") &&
			!json_equal(value, json_object_get(b, key)))
			return false;
	return true;
}

struct erg_join_entry *erg_join_define(struct erg_join *j, uint32_t id, enum erg_join_kind kind,
	const json_t *def)
{
	struct erg_join_entry *e =
		erg_join_at(erg_join_add(j, (uint32_t)erg_join_number(def, "pid"), id, kind),
			UINT64_MAX);

	if (!e || (e->def && same_definition(e->def, def)))
		return e;
	if (e->def) {
		e->later = erg_noted(calloc(1, sizeof(*e)));
		if (!e->later)
			return NULL;
		*e->later = (struct erg_join_entry){.key = e->key,
			.index = ERG_NONE,
			.since = erg_join_number(def, "time")};
		e = e->later;
	}
	e->def = def;
	return e;
}

struct erg_join_entry *erg_join_at(struct erg_join_entry *e, uint64_t time)
{
	while (e && e->later && e->later->since <= time)
		e = e->later;
	return e;
}

const char *erg_join_text(const json_t *event, const char *key)
{
	const char *s = json_string_value(json_object_get(event, key));

	return s ? s : "";
}

uint64_t erg_join_number(const json_t *event, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(event, key));
}

/* A process that never said who it is, or a run that records whoever runs: ours. */
bool erg_join_ours(const struct erg_join *j, uint32_t pid)
{
	const struct erg_join_entry *e = erg_join_find(j, pid, 0, ERG_JOIN_PROCESS);
	const char *run = e ? erg_join_text(e->def, "run") : "";

	return !j->run || !e || !strcmp(run, j->run) || (j->attached && !*run);
}
