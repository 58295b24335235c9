/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The file of rules, from YAML. Every word of it must be one that is known: a rule that is spelled
 * wrong would be a layer that is missing.
 */
#include "record/rules/rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "formats/base/util.h"
#include "record/yaml/yaml.h"

struct reader {
	const char *file;
	bool any_name;
	struct erg_rules *rules;
	struct erg_err *err;
};

static int wrong(const struct reader *r, const struct erg_yaml *at, const char *what)
{
	return erg_yaml_fail(r->err, r->file, at, "%s", what);
}

/* Every key of MAP is one of KNOWN (ends with NULL), and MAP is a map. */
static int keys_check(const struct reader *r, const struct erg_yaml *map, const char *what,
	const char *const *known)
{
	if (map->kind != ERG_YAML_MAP)
		return erg_yaml_fail(r->err, r->file, map, "%s: a map was expected", what);
	for (size_t i = 0; i < map->n; i++) {
		size_t k = 0;

		while (known[k] && strcmp(known[k], map->keys[i]->text))
			k++;
		if (!known[k])
			return erg_yaml_fail(r->err, r->file, map->keys[i],
				"'%s' is not known in %s", map->keys[i]->text, what);
	}
	return 0;
}

/* provider:event, without the * of a pattern: a rule is of one kind of event. */
static bool is_event(const struct reader *r, const char *name)
{
	const char *colon = strchr(name, ':');

	return *name && ((colon && colon != name && colon[1]) || r->any_name) &&
		!strpbrk(name, "* \t\n,");
}

static int event_take(const struct reader *r, const struct erg_yaml *map, const char *key,
	char **ret)
{
	const struct erg_yaml *y = erg_yaml_get(map, key);

	if (!y || y->kind != ERG_YAML_SCALAR || !is_event(r, y->text))
		return erg_yaml_fail(r->err, r->file, y ? y : map,
			"'%s' was expected to be the name of an event%s", key,
			r->any_name ? "" : ", as provider:event");
	*ret = strdup(y->text);
	return *ret ? 0 : erg_fail_errno(r->err, -ENOMEM, "%s", r->file);
}

/* *RET stays NULL where MAP has no KEY and it is not WANTED. */
static int template_take(const struct reader *r, const struct erg_yaml *map, const char *key,
	bool bare, bool wanted, struct erg_rules_template **ret)
{
	const struct erg_yaml *y = erg_yaml_get(map, key);
	const char *why = "";

	if (!y && !wanted)
		return 0;
	if (!y || y->kind != ERG_YAML_SCALAR || !*y->text)
		return erg_yaml_fail(r->err, r->file, y ? y : map, "'%s' was expected, a text",
			key);
	if (erg_rules_template_new(y->text, bare, r->rules->tables, r->rules->n_tables, ret, &why) <
		0)
		return erg_yaml_fail(r->err, r->file, y, "%s: '%s': %s", key, y->text, why);
	return 0;
}

static int entry_read(const struct reader *r, size_t table, const struct erg_yaml *y)
{
	static const char *const known[] = {"event", "key", "value", NULL};
	struct erg_rules *rules = r->rules;
	struct erg_rules_entry *e = reallocarray(rules->entries, rules->n_entries + 1, sizeof(*e));
	int n = e ? keys_check(r, y, "an entry of a table", known)
		  : erg_fail_errno(r->err, -ENOMEM, "%s", r->file);

	if (e)
		rules->entries = e;
	if (n)
		return n;
	e += rules->n_entries++;
	*e = (struct erg_rules_entry){.table = table};
	n = event_take(r, y, "event", &e->event);
	if (!n)
		n = template_take(r, y, "key", true, true, &e->key);
	return n ? n : template_take(r, y, "value", true, true, &e->value);
}

/* Names first, because entries may refer to tables that come later. */
static int tables_read(const struct reader *r, const struct erg_yaml *tables)
{
	struct erg_rules *rules = r->rules;

	if (!tables)
		return 0;
	if (tables->kind != ERG_YAML_MAP)
		return wrong(r, tables, "tables: a map of names was expected");
	rules->tables = calloc(tables->n + 1, sizeof(*rules->tables));
	for (size_t i = 0; i < tables->n; i++) {
		if (!rules->tables || !(rules->tables[i] = strdup(tables->keys[i]->text)))
			return erg_fail_errno(r->err, -ENOMEM, "%s", r->file);
		rules->n_tables++;
	}
	for (size_t i = 0; i < tables->n; i++) {
		const struct erg_yaml *list = tables->items[i];

		if (list->kind != ERG_YAML_LIST)
			return wrong(r, list, "a list of {event, key, value} was expected");
		for (size_t k = 0; k < list->n; k++) {
			int n = entry_read(r, i, list->items[k]);

			if (n)
				return n;
		}
	}
	return 0;
}

static bool is_field(const char *name)
{
	return *name && !name[strspn(name, ERG_RULES_FIELD_CHARS)];
}

/* Threads that are not the same do not tell which beginning an end belongs to: then fields must. */
static int scope_read(const struct reader *r, const struct erg_yaml *y, struct erg_rules_layer *l)
{
	if (!y)
		return 0;
	l->any_thread = y->kind == ERG_YAML_SCALAR && !strcmp(y->text, "process");
	if (!l->any_thread && (y->kind != ERG_YAML_SCALAR || strcmp(y->text, "thread") != 0))
		return wrong(r, y, "scope: thread or process was expected");
	if (l->any_thread && !l->n_same)
		return wrong(r, y,
			"scope: process: 'same' was expected, the fields that tell which beginning an "
			"end belongs to");
	return 0;
}

static int same_read(const struct reader *r, const struct erg_yaml *y, struct erg_rules_layer *l)
{
	if (!y)
		return 0;
	if (y->kind != ERG_YAML_LIST)
		return wrong(r, y, "same: a list of fields was expected");
	l->same = calloc(y->n + 1, sizeof(*l->same));
	for (size_t i = 0; i < y->n; i++) {
		if (y->items[i]->kind != ERG_YAML_SCALAR || !is_field(y->items[i]->text))
			return wrong(r, y->items[i], "same: a list of fields was expected");
		if (!l->same || !(l->same[i] = strdup(y->items[i]->text)))
			return erg_fail_errno(r->err, -ENOMEM, "%s", r->file);
		l->n_same++;
	}
	return 0;
}

static int layer_read(const struct reader *r, const struct erg_yaml *y)
{
	static const char *const known[] = {"begin", "end", "same", "scope", "name", "module",
		"network", "type", NULL};
	struct erg_rules *rules = r->rules;
	struct erg_rules_layer *l = reallocarray(rules->layers, rules->n_layers + 1, sizeof(*l));
	int n = l ? keys_check(r, y, "a layer", known)
		  : erg_fail_errno(r->err, -ENOMEM, "%s", r->file);

	if (l)
		rules->layers = l;
	if (n)
		return n;
	l += rules->n_layers++;
	*l = (struct erg_rules_layer){NULL};
	n = event_take(r, y, "begin", &l->begin);
	if (!n)
		n = event_take(r, y, "end", &l->end);
	if (!n)
		n = same_read(r, erg_yaml_get(y, "same"), l);
	if (!n)
		n = scope_read(r, erg_yaml_get(y, "scope"), l);
	if (!n)
		n = template_take(r, y, "name", false, true, &l->name);
	if (!n)
		n = template_take(r, y, "module", false, false, &l->module);
	if (!n)
		n = template_take(r, y, "network", false, false, &l->network);
	return n ? n : template_take(r, y, "type", false, false, &l->type);
}

static int all_read(const struct reader *r, const struct erg_yaml *y)
{
	static const char *const known[] = {"tables", "layers", NULL};
	const struct erg_yaml *layers;
	int n = keys_check(r, y, "a file of rules", known);

	if (!n)
		n = tables_read(r, erg_yaml_get(y, "tables"));
	layers = n ? NULL : erg_yaml_get(y, "layers");
	if (!n && (!layers || layers->kind != ERG_YAML_LIST || !layers->n))
		n = wrong(r, layers ? layers : y,
			"layers: a list of {begin, end, name} was expected");
	for (size_t i = 0; !n && i < layers->n; i++)
		n = layer_read(r, layers->items[i]);
	return n;
}

int erg_rules_read(const char *file, bool any_name, struct erg_rules *ret, struct erg_err *err)
{
	_cleanup_(erg_yaml_freep) struct erg_yaml *y = NULL;
	struct reader r = {file, any_name, ret, err};
	int n = erg_yaml_read(file, &y, err);

	*ret = (struct erg_rules){NULL};
	if (!n)
		n = all_read(&r, y);
	if (n)
		erg_rules_release(ret);
	return n;
}

static void texts_free(char **texts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(texts[i]);
	free(texts);
}

void erg_rules_release(struct erg_rules *r)
{
	for (size_t i = 0; i < r->n_entries; i++) {
		free(r->entries[i].event);
		erg_rules_template_free(r->entries[i].key);
		erg_rules_template_free(r->entries[i].value);
	}
	for (size_t i = 0; i < r->n_layers; i++) {
		struct erg_rules_layer *l = &r->layers[i];

		free(l->begin);
		free(l->end);
		texts_free(l->same, l->n_same);
		erg_rules_template_free(l->name);
		erg_rules_template_free(l->module);
		erg_rules_template_free(l->network);
		erg_rules_template_free(l->type);
	}
	texts_free(r->tables, r->n_tables);
	free(r->entries);
	free(r->layers);
	*r = (struct erg_rules){NULL};
}
