/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * erg-record restore: puts back the knobs that a killed sweep, whose watchdog was killed as well,
 * left changed.
 */
#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "formats/base/util.h"
#include "record/knobs/state.h"
#include "record/verbs/verb.h"

static const char help[] =
	"Usage: erg-record restore [--force] [--file FILE]\n\n"
	"Puts back the knobs that a sweep left changed, and says which. Nothing is to be done after\n"
	"a sweep that ended or was killed: its watchdog restores; this is for a power loss.\n\n"
	"      --force       also those of a sweep that seems to run\n"
	"      --file FILE   only what this file has saved\n";

static int restore_file(const char *path, bool force, struct erg_err *err)
{
	int r = erg_state_restore(path, force, stdout, err);

	if (r >= 0)
		printf("%s: %d knobs put back\n", path, r);
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
			fprintf(stderr, "erg-record restore: %s\n", err->msg);
		r = restore_file(path, force, err);
		if (r < 0)
			worst = r;
	}
	if (files == 0)
		printf("nothing to restore\n");
	return worst;
}

static int run(int argc, char **argv, struct erg_err *err)
{
	static const struct option longs[] = {
		{"force", 0, NULL, 'f'}, {"file", 1, NULL, 'F'}, {"help", 0, NULL, 'h'}, {0}};
	const char *file = NULL;
	char dir[3000];
	bool force = false;
	int c, r;

	while ((c = getopt_long(argc, argv, "h", longs, NULL)) != -1) {
		if (c == 'h') {
			fputs(help, stdout);
			return 0;
		}
		if (c == 'F')
			file = optarg;
		else if (c == 'f')
			force = true;
		else
			return 2;
	}
	if (optind != argc) {
		fprintf(stderr, "erg-record restore: %s: expected no argument\n", argv[optind]);
		return 2;
	}
	if (file)
		return restore_file(file, force, err);
	r = erg_state_dir(dir, sizeof(dir), err);
	return r < 0 ? r : restore_all(dir, force, err);
}

const struct erg_record_verb erg_record_verb_restore = {
	.name = "restore",
	.about = "put back the knobs that a killed sweep left changed",
	.run = run,
};
