/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whether two files are one plan: the names of runs do not say it, a command or a rate may have changed. */
#include "record/sweep/plan_digest.h"

#include <string.h>

static void add_text(struct erg_sha256 *sha, const char *text)
{
	erg_sha256_add(sha, text, strlen(text) + 1); /* its NUL ends it */
}

/* Each node between marks of its kind, so that no two trees have the same bytes. */
static void add_node(struct erg_sha256 *sha, const struct erg_yaml *y, const char *skip)
{
	static const char *const begin[] =
		{[ERG_YAML_SCALAR] = "=", [ERG_YAML_LIST] = "[", [ERG_YAML_MAP] = "{"};

	add_text(sha, begin[y->kind]);
	if (y->kind == ERG_YAML_SCALAR) {
		add_text(sha, y->text);
		return;
	}
	for (size_t i = 0; i < y->n; i++) {
		if (skip && y->kind == ERG_YAML_MAP && !strcmp(y->keys[i]->text, skip))
			continue;
		if (y->kind == ERG_YAML_MAP)
			add_node(sha, y->keys[i], NULL);
		add_node(sha, y->items[i], NULL);
	}
	add_text(sha, "]");
}

void erg_plan_digest(const struct erg_yaml *y, char ret[ERG_SHA256_TEXT])
{
	struct erg_sha256 sha;

	erg_sha256_init(&sha);
	add_node(&sha, y, "analysis");
	erg_sha256_end_text(&sha, ret);
}
