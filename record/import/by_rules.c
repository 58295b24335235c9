/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Layers of a CTF trace, by rules: the program erg-rules (record/rules) makes layers.csv of it, which is
 * read as any other. What it has to say of the trace becomes notes.
 */
#include <errno.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "formats/base/beside.h"
#include "formats/base/util.h"
#include "record/import/import.h"

#define PROGRAM "erg-rules"
#define WARNING "erg-record: warning: "
#define ERROR "erg-record: "

/* Beside this program, or in its build folder. */
static int program_find(char *ret, size_t size, struct erg_err *err)
{
	if (erg_beside("../rules/" PROGRAM, X_OK, ret, size) ||
		erg_beside(PROGRAM, X_OK, ret, size))
		return 0;
	return erg_fail(err, -ENOENT, "--from ctf: %s is not installed", ret);
}

/* The notes in FD; the last other line in SAID. */
static void notes_take(int fd, json_t *notes, char *said, size_t size)
{
	FILE *f = fdopen(fd, "r");
	char line[1024];

	said[0] = '\0';
	if (!f)
		return;
	rewind(f);
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		if (!strncmp(line, WARNING, strlen(WARNING)))
			erg_import_note(notes, "rules", "%s", line + strlen(WARNING));
		else
			snprintf(said, size, "%s",
				line + (strncmp(line, ERROR, strlen(ERROR)) ? 0 : strlen(ERROR)));
	}
	fclose(f);
}

static int run_rules(const char *trace, const char *rules, int out, int complaints,
	struct erg_err *err)
{
	char program[PATH_MAX];
	const char *const argv[] = {program, "csv", rules, trace, NULL};
	posix_spawn_file_actions_t actions;
	int status = 1, r = program_find(program, sizeof(program), err);
	pid_t pid;

	if (r)
		return r;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, complaints, STDERR_FILENO);
	r = posix_spawn(&pid, program, &actions, NULL, (char *const *)(uintptr_t)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (r)
		return erg_fail_errno(err, -r, "%s", program);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFSIGNALED(status))
		return erg_fail(err, -EIO, "%s: reading it ended by signal %d", trace,
			WTERMSIG(status));
	return status ? -EINVAL : 0;
}

int erg_import_layers_by_rules(const char *trace, const char *rules, struct erg_import_layers *ret,
	json_t *notes, struct erg_err *err)
{
	_cleanup_(erg_closep) int out = memfd_create("layers", MFD_CLOEXEC);
	int complaints = memfd_create("complaints", MFD_CLOEXEC), r;
	char path[64], said[1024] = "";

	if (out < 0 || complaints < 0)
		r = erg_fail_errno(err, -errno, "%s", trace);
	else
		r = run_rules(trace, rules, out, complaints, err);
	if (complaints >= 0)
		notes_take(complaints, notes, said, sizeof(said));
	if (r == -EINVAL)
		return erg_fail(err, r, "%s", *said ? said : trace);
	if (r)
		return r;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", out);
	r = erg_import_layers_read(path, ret, notes, err);
	return r == -ENODATA ? erg_fail(err, r, "%s: no layer by the rules of %s", trace, rules)
			     : r;
}

static int read_without(const char *path, struct erg_import_layers *ret, json_t *notes,
	struct erg_err *err)
{
	(void)ret;
	(void)notes;
	return erg_fail(err, -EDOM,
		"%s: --rules RULES.yaml was expected, which says what begins and ends a "
		"layer",
		path);
}

const struct erg_import_layers_reader erg_import_ctf = {
	.name = "ctf",
	.about = "a CTF trace (LTTng's), by --rules",
	.read = read_without,
};
