/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Adapters by name. What each needs in the environment is the table of tracepoints/adapters; here is
 * only how it is applied.
 */
#include "record/run/annotate.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "formats/base/beside.h"
#include "formats/base/util.h"
#include "record/run/rules.h"
#include "tracepoints/adapters/annotate.h"

static bool listed(const char *list, const char *name)
{
	const size_t len = strlen(name);

	for (const char *p = list; *p; p += strcspn(p, ","), p += *p == ',')
		if (strcspn(p, ",") == len && !strncmp(p, name, len))
			return true;
	return false;
}

/* The names of the table, each once, in RET. */
static void names_list(char *ret, size_t size)
{
	size_t len = (size_t)snprintf(ret, size, "auto");

	for (size_t i = 0; i < ERG_ANNOTATE_ROWS && len < size; i++)
		if (!listed(ret, erg_annotate_table[i].name))
			len += (size_t)snprintf(ret + len, size - len, ",%s",
				erg_annotate_table[i].name);
}

bool erg_annotate_known(const char *list, struct erg_err *ret)
{
	char names[256];

	names_list(names, sizeof(names));
	for (const char *p = list;; p += strcspn(p, ","), p += *p == ',') {
		_cleanup_(erg_freep) char *name = strndup(p, strcspn(p, ","));

		if (name && erg_rules_named(name)) {
			_cleanup_(erg_freep) char *file = erg_rules_file(name);

			if (!file) {
				erg_fail(ret, -ENOENT,
					"--annotate '%s': a file of rules, or one of those "
					"that are installed (ros2), was expected",
					name);
				return false;
			}
		} else if (!name || !*name || !listed(names, name)) {
			erg_fail(ret, -EINVAL,
				"--annotate '%s': expected names of %s, or "
				"lttng:RULES.yaml",
				name ? name : "", names);
			return false;
		}
		if (!p[strcspn(p, ",")])
			return true;
	}
}

static const char *folder(char *buf, size_t size)
{
	const char *env = getenv("ERG_ADAPTER_DIR");

	if (env && access(env, X_OK) == 0)
		return env;
	if (access(ERG_ADAPTER_DIR, X_OK) == 0)
		return ERG_ADAPTER_DIR;
	erg_beside("../tracepoints/adapters", X_OK, buf, size);
	return buf;
}

static bool holds(const struct erg_environ *env, const char *variable, const char *file)
{
	const char *value = erg_environ_get(env, variable);

	return value && strstr(value, file);
}

static bool installed(const char *dir, const char *file, char *ret_path, size_t size)
{
	snprintf(ret_path, size, "%s/%s", dir, file);
	return access(ret_path, R_OK) == 0;
}

/* A row that is part of a library with others is asked for by itself. */
static bool parts_asked(const char *list, const struct erg_environ *env)
{
	for (size_t i = 0; i < ERG_ANNOTATE_ROWS; i++) {
		const struct erg_annotate_row *row = &erg_annotate_table[i];

		if (row->all && (listed(list, row->name) || holds(env, row->variable, row->file)))
			return true;
	}
	return false;
}

static int row_apply(const struct erg_annotate_row *row, const char *path, struct erg_environ *env)
{
	return row->separator ? erg_environ_prepend(env, row->variable, path)
			      : erg_environ_set(env, row->variable, path);
}

int erg_annotate_apply(const char *list, struct erg_environ *env,
	void (*warn)(void *data, const char *line), void *data, struct erg_err *err)
{
	const bool automatic = listed(list, "auto"), parts = parts_asked(list, env);
	char buf[PATH_MAX], line[256], path[2 * PATH_MAX];
	const char *dir = folder(buf, sizeof(buf));

	for (size_t i = 0; i < ERG_ANNOTATE_ROWS; i++) {
		const struct erg_annotate_row *row = &erg_annotate_table[i];
		const bool named = listed(list, row->name);
		int r = 0;

		if (!named && !(automatic && row->in_auto))
			continue;
		if (row->all &&
			(holds(env, row->variable, row->all) ||
				holds(env, row->variable, row->file)))
			continue; /* it is taken already */
		if (row->all && !parts && installed(dir, row->all, path, sizeof(path)))
			r = row_apply(row, path, env);
		else if (installed(dir, row->file, path, sizeof(path)))
			r = row_apply(row, path, env);
		else if (named) {
			snprintf(line, sizeof(line), "%s: %s is not installed", row->name,
				row->file);
			warn(data, line);
		}
		if (r < 0)
			return erg_fail_errno(err, r, "--annotate");
	}
	return 0;
}
