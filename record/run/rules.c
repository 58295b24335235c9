/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Layers by rules, as the recorder sees them: which events, where they wait, and when erg-rules makes
 * layers of them. That is after the command and the last sample, so it disturbs neither; its spans
 * carry the times of the events.
 */
#include "record/run/rules.h"

#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "formats/base/beside.h"
#include "formats/base/say.h"
#include "formats/base/util.h"
#include "record/run/workload.h"
#include "tracepoints/join.h"

#define PREFIX "lttng:"
#define PROGRAM "erg-rules"
#define FOLDER ".erg-rules-"
#define EVENTS_MAX 256

bool erg_rules_named(const char *name)
{
	return !strncmp(name, PREFIX, strlen(PREFIX));
}

char *erg_rules_file(const char *name)
{
	char path[PATH_MAX], yaml[PATH_MAX / 4], built[PATH_MAX / 2];

	name += strlen(PREFIX);
	if (!*name)
		return NULL;
	if (access(name, R_OK) == 0)
		return strdup(name);
	if (strchr(name, '/'))
		return NULL;
	snprintf(yaml, sizeof(yaml), "%s.yaml", name);
	snprintf(built, sizeof(built), "rules/%s", yaml);
	if (!erg_beside(built, R_OK, path, sizeof(path)))
		snprintf(path, sizeof(path), ERG_RULES_DIR "/%s", yaml);
	return access(path, R_OK) == 0 ? strdup(path) : NULL;
}

static int program_find(char *ret, size_t size, struct erg_err *err)
{
	if (!erg_beside("rules/" PROGRAM, X_OK, ret, size))
		snprintf(ret, size, ERG_LIBEXEC_DIR "/" PROGRAM);
	if (access(ret, X_OK) < 0)
		return erg_fail(err, -ENOENT,
			"--annotate lttng: %s is not installed (package "
			"ergtrace-analyze; when building, libbabeltrace2-dev and libfyaml-dev)",
			ret);
	return 0;
}

/* ---- the events that are needed ---- */

struct events {
	char *names[EVENTS_MAX];
	size_t n;
};

static void events_release(struct events *e)
{
	for (size_t i = 0; i < e->n; i++)
		free(e->names[i]);
}

static int events_read(FILE *f, struct events *ret, const char *file, struct erg_err *err)
{
	char line[512];

	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		if (ret->n == EVENTS_MAX)
			return erg_fail(err, -E2BIG, "%s: more than %d events", file, EVENTS_MAX);
		ret->names[ret->n] = strdup(line);
		if (!ret->names[ret->n++])
			return erg_fail_errno(err, -ENOMEM, "%s", file);
	}
	return 0;
}

/* What the program wrote to FD, as the error. */
static int complaint_take(int fd, const char *file, struct erg_err *err)
{
	static const char head[] = "erg-record: ";
	char text[512];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
	size_t skip = sizeof(head) - 1;

	text[n > 0 ? n : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	if (strncmp(text, head, skip))
		skip = 0;
	return erg_fail(err, -EINVAL, "%s", text[skip] ? text + skip : file);
}

static pid_t ask_start(const char *program, const char *file, int out, int complaints)
{
	const char *const argv[] = {program, "events", file, NULL};
	posix_spawn_file_actions_t actions;
	pid_t pid;
	int r;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, complaints, STDERR_FILENO);
	r = posix_spawn(&pid, program, &actions, NULL, (char *const *)(uintptr_t)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return r ? -r : pid;
}

static int events_ask(const char *program, const char *file, struct events *ret,
	struct erg_err *err)
{
	_cleanup_(erg_closep) int out = memfd_create("events", MFD_CLOEXEC);
	_cleanup_(erg_closep) int complaints = memfd_create("complaints", MFD_CLOEXEC);
	pid_t pid = out < 0 || complaints < 0 ? -errno : ask_start(program, file, out, complaints);
	int status = 1, r;
	FILE *f;

	if (pid < 0)
		return erg_fail_errno(err, pid, "%s", program);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (status)
		return complaint_take(complaints, file, err);
	f = fdopen(out, "r");
	if (!f)
		return erg_fail_errno(err, -errno, "%s", program);
	erg_steal_fd(&out);
	rewind(f);
	r = events_read(f, ret, file, err);
	fclose(f);
	return r;
}

/* ---- recording them ---- */

static int one_start(struct erg_rules_run *one, size_t number, const char *session, const char *dir,
	struct erg_err *err)
{
	_cleanup_(erg_freep) char *absolute = realpath(dir, NULL);
	char program[PATH_MAX], name[128];
	struct events events = {.n = 0};
	int r = program_find(program, sizeof(program), err);

	if (!r)
		r = events_ask(program, one->file, &events, err);
	snprintf(name, sizeof(name), "%s-rules%zu", session, number);
	if (!r)
		r = erg_tempdir_make(absolute ? absolute : dir, FOLDER, &one->folder, err);
	if (!r)
		r = erg_foreign_start(name, one->folder.path, events.names, events.n, &one->session,
			err);
	events_release(&events);
	return r;
}

int erg_rules_start(struct erg_rules_runs *r, const char *list, const char *session,
	const char *dir, struct erg_err *err)
{
	for (const char *p = list; *p; p += strcspn(p, ","), p += *p == ',') {
		_cleanup_(erg_freep) char *name = strndup(p, strcspn(p, ","));
		struct erg_rules_run *one = &r->at[r->n];
		int n;

		if (!name || !erg_rules_named(name))
			continue;
		if (r->n == ERG_RULES_MAX)
			return erg_fail(err, -E2BIG, "--annotate: more than %d files of rules",
				ERG_RULES_MAX);
		if (!r->n)
			erg_tempdir_sweep(dir, FOLDER, 0);
		one->folder = (struct erg_tempdir)ERG_TEMPDIR_NONE;
		one->file = erg_rules_file(name);
		if (!one->file)
			return erg_fail(err, -ENOENT, "--annotate '%s': no such file", name);
		n = one_start(one, r->n++, session, dir, err);
		if (n)
			return n;
	}
	return 0;
}

/* ---- writing the layers ---- */

static int emit(const struct erg_rules_run *one, const char *run_id, const char *live,
	const char *join, const sigset_t *mask, struct erg_err *err)
{
	char program[PATH_MAX];
	const char *const argv[] = {program, "emit", one->file, one->folder.path, NULL};
	struct erg_environ env = {0};
	posix_spawnattr_t attr;
	int status = 1, r = program_find(program, sizeof(program), err);
	pid_t pid;

	if (r)
		return r;
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, mask);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	r = erg_environ_init(&env);
	if (!r)
		r = erg_environ_set(&env, "ERG_RUN_ID", run_id);
	if (!r && live)
		r = erg_environ_set(&env, "ERG_LIVE", live);
	if (!r)
		r = erg_environ_set(&env, ERG_JOIN_VARIABLE, join);
	if (!r)
		r = -posix_spawn(&pid, program, NULL, &attr, (char *const *)(uintptr_t)argv,
			env.vars);
	posix_spawnattr_destroy(&attr);
	erg_environ_release(&env);
	if (r)
		return erg_fail_errno(err, r, "%s", program);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFSIGNALED(status))
		return erg_fail(err, -EIO, "%s: ended by signal %d while it read the events",
			one->file, WTERMSIG(status));
	return status ? erg_fail(err, -EIO, "%s: its events could not be read", one->file) : 0;
}

void erg_rules_finish(struct erg_rules_runs *r, const char *run_id, const char *live,
	const char *join, const sigset_t *mask)
{
	for (size_t i = 0; i < r->n; i++) {
		struct erg_rules_run *one = &r->at[i];
		struct erg_err err = {0};
		uint64_t lost = 0;
		int n = one->session ? erg_foreign_stop(one->session, &lost, &err) : 0;

		if (!n && one->session)
			n = emit(one, run_id, live, join, mask, &err);
		if (n)
			erg_warn("%s; layers by rules are missing", err.msg);
		if (lost)
			erg_warn("%s: %llu events were lost: layers may be missing", one->file,
				(unsigned long long)lost);
	}
}

void erg_rules_release_runs(struct erg_rules_runs *r)
{
	for (size_t i = 0; i < r->n; i++) {
		erg_foreign_free(erg_steal_ptr(&r->at[i].session));
		erg_tempdir_remove(&r->at[i].folder);
		free(erg_steal_ptr(&r->at[i].file));
	}
	r->n = 0;
}
