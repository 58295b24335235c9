/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * erg-record restore: puts back the knobs that a killed sweep, whose watchdog was killed as well,
 * left changed.
 */
#include <dirent.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "formats/base/options.h"
#include "formats/base/terminal.h"
#include "formats/base/util.h"
#include "record/knobs/state.h"
#include "record/verbs/verb.h"

struct options {
	const char *file;
	bool force;
};

static const struct erg_option rows[] = {
	{"force", 0, NULL, "also those of a sweep that seems to run", ERG_OPTION_FLAG,
		offsetof(struct options, force)},
	{"file", 0, "FILE", "only what this file has saved", ERG_OPTION_TEXT,
		offsetof(struct options, file)},
	{0},
};
static const struct erg_option_group groups[] = {{NULL, rows, 0, false}, {0}};
static const struct erg_command command = {
	.program = "erg-record",
	.verb = "restore",
	.synopsis = "[options]",
	.about = "Puts back the knobs that a sweep left changed, and says which. Nothing is to "
		 "be done after a sweep that ended or was killed: its watchdog restores; this is "
		 "for a power loss.",
	.groups = groups,
};

static int restore_file(const char *path, bool force, struct erg_err *err)
{
	int r = erg_state_restore(path, force, stdout, err);

	if (r >= 0)
		erg_terminal_line(stdout, "%s: %d knobs put back", path, r);
	return r < 0 ? r : 0;
}

static int restore_all(const char *dir, bool force, struct erg_err *err)
{
	_cleanup_(erg_closedirp) DIR *d = opendir(dir);
	struct dirent *e;
	int files = 0, worst = 0;

	while (d && (e = readdir(d))) {
		size_t len = strlen(e->d_name);
		char path[4500];
		int r;

		if (strncmp(e->d_name, "knobs-", 6) != 0 || len < 5 ||
			strcmp(e->d_name + len - 5, ".json") != 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		files++;
		if (worst < 0) /* one line of error; the others are tried all the same */
			erg_terminal_line(stderr, "erg-record restore: %s", err->msg);
		r = restore_file(path, force, err);
		if (r < 0)
			worst = r;
	}
	if (files == 0)
		printf("nothing to restore\n");
	return worst;
}

static int restore_verb(int argc, char **argv, struct erg_err *err)
{
	struct options o = {0};
	char dir[3000];
	int first, r = erg_options_parse(&command, argc, argv, &o, &first);

	if (r)
		return r == 1 ? 0 : r;
	if (first != argc)
		return erg_options_wrong(&command, "'%s': expected no argument", argv[first]);
	if (o.file)
		return restore_file(o.file, o.force, err);
	r = erg_state_dir(dir, sizeof(dir), err);
	return r < 0 ? r : restore_all(dir, o.force, err);
}

const struct erg_verb erg_record_verb_restore = {
	.name = "restore",
	.about = "put back the knobs that a killed sweep left changed",
	.run = restore_verb,
};
