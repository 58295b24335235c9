/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which runs that were made tell nothing: --redo unresolved asks erg-analyze, a program of its own, for
 * the energy of each archive. One whose energy is unresolved counts as not made, so that the sweep makes
 * it again in the place of the old one.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "formats/base/beside.h"
#include "formats/base/progress.h"
#include "formats/base/util.h"
#include "record/sweep/redo.h"

#define PROGRAM "erg-analyze"

extern char **environ;

/* Beside this program, in the folder of its build, or wherever the shell finds it. */
static void program_find(char *ret, size_t size)
{
	if (!erg_beside(PROGRAM, X_OK, ret, size) &&
		!erg_beside("../analyze/" PROGRAM, X_OK, ret, size))
		snprintf(ret, size, PROGRAM);
}

/* Starts it on ARCHIVE; its standard output becomes *RET. */
static int start_analysis(const char *program, const char *archive, pid_t *ret_pid, FILE **ret,
	struct erg_err *err)
{
	const char *const argv[] = {program, "totals", "--format", "json", archive, NULL};
	posix_spawn_file_actions_t actions;
	int ends[2], r;

	if (pipe(ends) < 0)
		return erg_fail_errno(err, -errno, "--redo: a pipe");
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	posix_spawn_file_actions_addclose(&actions, ends[0]);
	posix_spawn_file_actions_addclose(&actions, ends[1]);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	r = posix_spawnp(ret_pid, program, &actions, NULL, (char *const *)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	*ret = r ? NULL : fdopen(ends[0], "r");
	if (*ret)
		return 0;
	close(ends[0]);
	return erg_fail_errno(err, r ? -r : -ENOMEM,
		"--redo unresolved: %s, which tells whether an energy is known", program);
}

/* 1 when the energy of the whole run is known, 0 when it is not. */
static int resolved_read(FILE *f, const char *archive, struct erg_err *err)
{
	json_error_t error;
	json_auto_t *doc = json_loadf(f, 0, &error);
	const json_t *runs = json_object_get(doc, "runs"), *run;
	size_t i;

	if (!json_array_size(runs))
		return erg_fail(err, -EIO,
			"--redo unresolved: " PROGRAM " totals %s failed: see there", archive);
	json_array_foreach (runs, i, run) {
		const json_t *whole = json_array_get(json_object_get(run, "phases"), 0);
		const json_t *ets = json_object_get(whole, "ets_j");

		if (!json_is_number(json_object_get(ets, "value")))
			return 0;
	}
	return 1;
}

static int is_resolved(const char *program, const char *archive, struct erg_err *err)
{
	FILE *f;
	pid_t pid;
	int r = start_analysis(program, archive, &pid, &f, err);

	if (r < 0)
		return r;
	r = resolved_read(f, archive, err);
	fclose(f);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return r;
}

int erg_sweep_redo_unresolved(struct erg_sweep *s, struct erg_err *err)
{
	char program[PATH_MAX], path[4400];
	size_t found = 0, asked = 0;

	program_find(program, sizeof(program));
	for (size_t i = 0; i < s->runs.n; i++) {
		json_t *entry = erg_sweep_index_find(s, s->runs.v[i].id);
		int r;

		erg_progress("energy of the runs made", i, s->runs.n);
		if (!entry)
			continue;
		snprintf(path, sizeof(path), "%s/%s", s->real_dir,
			json_string_value(json_object_get(entry, "archive")));
		r = is_resolved(program, path, err);
		if (r < 0)
			return r;
		asked++;
		found += r == 0;
		if (r == 0)
			json_object_set_new(entry, "status", json_string("unresolved"));
	}
	erg_progress("energy of the runs made", 1, 1);
	s->redone = found;
	s->asked = asked;
	return 0;
}
