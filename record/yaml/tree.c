/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The tree of a YAML document: what does not need the parser. */
#include "record/yaml/yaml.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int erg_yaml_fail(struct erg_err *err, const char *file, const struct erg_yaml *at, const char *fmt,
	...)
{
	char msg[768];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	if (!at || at->line == 0)
		return erg_fail(err, -EINVAL, "%s: %s", file, msg);
	return erg_fail(err, -EINVAL, "%s:%d:%d: %s", file, at->line, at->column, msg);
}

void erg_yaml_free(struct erg_yaml *y)
{
	if (!y)
		return;
	for (size_t i = 0; i < y->n; i++) {
		erg_yaml_free(y->items[i]);
		if (y->keys)
			erg_yaml_free(y->keys[i]);
	}
	free(y->items);
	free(y->keys);
	free(y->text);
	free(y);
}

void erg_yaml_freep(struct erg_yaml **y)
{
	erg_yaml_free(*y);
}

const struct erg_yaml *erg_yaml_get(const struct erg_yaml *map, const char *key)
{
	for (size_t i = 0; map && map->kind == ERG_YAML_MAP && i < map->n; i++)
		if (strcmp(map->keys[i]->text, key) == 0)
			return map->items[i];
	return NULL;
}
