/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * analysis: of a plan, for erg-analyze study. The sweep does nothing with it but keep it, as JSON in the
 * index beside the archives: {"sweep": {"slack": "5"}, "model": {"predictors": ["simd", "bus"]}}.
 */
#include "record/sweep/plan_analysis.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

static const char *const verbs[] = {"sweep", "corun", "thermal", "model", "predict", "report",
	NULL};

#define VERBS "sweep, corun, thermal, model, predict or report"

static bool is_verb(const char *name)
{
	for (size_t i = 0; verbs[i]; i++)
		if (!strcmp(verbs[i], name))
			return true;
	return false;
}

/* A scalar as text, a list of scalars as an array of texts. */
static json_t *value_json(const struct erg_yaml *v)
{
	json_t *list;

	if (v->kind == ERG_YAML_SCALAR)
		return json_string(v->text);
	if (v->kind != ERG_YAML_LIST)
		return NULL;
	list = json_array();
	for (size_t i = 0; list && i < v->n; i++)
		if (v->items[i]->kind != ERG_YAML_SCALAR ||
			json_array_append_new(list, json_string(v->items[i]->text))) {
			json_decref(list);
			return NULL;
		}
	return list;
}

static int options_json(const char *file, const struct erg_yaml *key, const struct erg_yaml *v,
	json_t *ret, struct erg_err *err)
{
	if (v->kind == ERG_YAML_SCALAR && !v->text[0])
		return 0; /* "sweep:" alone */
	if (v->kind != ERG_YAML_MAP)
		return erg_yaml_fail(err, file, v->line ? v : key,
			"analysis: %s: expected OPTION: value", key->text);
	for (size_t i = 0; i < v->n; i++) {
		const char *name = v->keys[i]->text;
		json_t *value = value_json(v->items[i]);

		if (!name[0] || strspn(name, "abcdefghijklmnopqrstuvwxyz_-") != strlen(name) ||
			!value) {
			json_decref(value);
			return erg_yaml_fail(err, file, v->keys[i],
				"analysis: %s: \"%s\": expected a long option of erg-analyze %s, and "
				"a value or a list",
				key->text, name, key->text);
		}
		json_object_set_new(ret, name, value);
	}
	return 0;
}

int erg_plan_analysis(const char *file, const struct erg_yaml *key, const struct erg_yaml *v,
	json_t **ret, struct erg_err *err)
{
	json_auto_t *all = json_object();
	int e = 0;

	if (v->kind != ERG_YAML_MAP)
		return erg_yaml_fail(err, file, v->line ? v : key,
			"analysis: expected lines \"VERB: {OPTION: value}\" of " VERBS);
	for (size_t i = 0; e == 0 && i < v->n; i++) {
		json_t *options = json_object();

		json_object_set_new(all, v->keys[i]->text, options);
		if (!is_verb(v->keys[i]->text))
			return erg_yaml_fail(err, file, v->keys[i],
				"analysis: unknown \"%s\": expected " VERBS, v->keys[i]->text);
		e = options_json(file, v->keys[i], v->items[i], options, err);
	}
	if (e == 0)
		*ret = json_incref(all);
	return e;
}
