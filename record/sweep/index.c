/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * index.json: which runs of a plan are done, and how. It is rewritten whole after every run, so
 * that a sweep can go on after any interruption.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "formats/base/outfile.h"
#include "formats/base/regular.h"
#include "formats/base/util.h"
#include "record/sweep/sweep.h"

#define FORMAT "erg-sweep"

static bool has_archives(const char *dir, char *name, size_t size)
{
	_cleanup_(erg_closedirp) DIR *d = opendir(dir);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		size_t len = strlen(e->d_name);

		if (len > 4 && strcmp(e->d_name + len - 4, ".erg") == 0) {
			snprintf(name, size, "%s", e->d_name);
			return true;
		}
	}
	return false;
}

static int load_index(struct erg_sweep *s, const char *path, struct erg_err *err)
{
	const char *format, *plan;
	int r = erg_regular_json(path, &s->index, err);

	if (r < 0)
		return r;
	format = json_string_value(json_object_get(s->index, "format"));
	plan = json_string_value(json_object_get(s->index, "plan"));
	if (!format || strcmp(format, FORMAT) != 0 || !plan ||
		!json_is_array(json_object_get(s->index, "runs")))
		return erg_fail(err, -EEXIST, "%s: not the index of a sweep", path);
	if (strcmp(plan, s->plan->name) != 0)
		return erg_fail(err, -EEXIST,
			"%s: is of the plan \"%s\", not \"%s\": name another "
			"directory",
			path, plan, s->plan->name);
	if (!s->resume && !s->dry_run)
		return erg_fail(err, -EEXIST, "%s: a sweep was begun here: --resume continues it",
			path);
	return erg_sweep_shard_check(s, path, err);
}

int erg_sweep_index_open(struct erg_sweep *s, struct erg_err *err)
{
	char path[4200], name[256];

	if (s->dry_run && access(s->dir, F_OK) < 0) {
		s->index = json_pack("{s:[]}", "runs");
		return 0;
	}
	if (!s->dry_run && mkdir(s->dir, 0777) < 0 && errno != EEXIST)
		return erg_fail_errno(err, -errno, "%s", s->dir);
	if (!realpath(s->dir, s->real_dir))
		return erg_fail_errno(err, -errno, "%s", s->dir);
	snprintf(path, sizeof(path), "%s/index.json", s->dir);
	if (access(path, F_OK) == 0)
		return load_index(s, path, err);
	if (has_archives(s->dir, name, sizeof(name)))
		return erg_fail(err, -EEXIST,
			"%s: holds archives of something else (%s) and no "
			"index.json: name another directory",
			s->dir, name);
	s->index = json_pack("{s:s, s:i, s:s, s:I, s:[]}", "format", FORMAT, "version", 1, "plan",
		s->plan->name, "seed", (json_int_t)s->plan->seed, "runs");
	return s->index ? 0 : erg_fail(err, -ENOMEM, "no memory");
}

/* A file, for on NFS no folder can be locked; where a file system has no locks there are none. The lock is the
 * process's: the watchdog of one that was killed does not hold it. */
int erg_sweep_index_lock(struct erg_sweep *s, struct erg_err *err)
{
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	char path[4200];

	snprintf(path, sizeof(path), "%s/.lock", s->real_dir);
	s->dir_lock = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0666);
	if (s->dir_lock < 0)
		return erg_fail_errno(err, -errno, "%s", path);
	if (fcntl(s->dir_lock, F_SETLK, &whole) < 0 && (errno == EAGAIN || errno == EACCES))
		return erg_fail(err, -EBUSY, "%s: another sweep works in this folder", s->dir);
	return 0;
}

int erg_sweep_index_plan(struct erg_sweep *s, struct erg_err *err)
{
	const char *before = json_string_value(json_object_get(s->index, "plan_digest"));
	bool other = before && strcmp(before, s->plan->digest) != 0 &&
		json_array_size(json_object_get(s->index, "runs"));

	if (s->plan->analysis && json_object_set(s->index, "analysis", s->plan->analysis))
		return erg_fail(err, -ENOMEM, "no memory");
	if (json_object_set_new(s->index, "plan_digest", json_string(s->plan->digest)))
		return erg_fail(err, -ENOMEM, "no memory");
	return other;
}

static size_t position(const struct erg_sweep *s, const char *id)
{
	json_t *runs = json_object_get(s->index, "runs"), *run;
	size_t i;

	json_array_foreach (runs, i, run) {
		const char *other = json_string_value(json_object_get(run, "id"));

		if (other && strcmp(other, id) == 0)
			return i;
	}
	return SIZE_MAX;
}

json_t *erg_sweep_index_find(const struct erg_sweep *s, const char *id)
{
	size_t i = position(s, id);
	json_t *run = i == SIZE_MAX ? NULL : json_array_get(json_object_get(s->index, "runs"), i);
	const char *status = json_string_value(json_object_get(run, "status"));
	const char *archive = json_string_value(json_object_get(run, "archive"));
	char path[4400];

	if (!status || strcmp(status, "done") != 0 || !archive)
		return NULL;
	snprintf(path, sizeof(path), "%s/%s", s->real_dir, archive);
	return access(path, F_OK) == 0 ? run : NULL;
}

int erg_sweep_index_write(const struct erg_sweep *s, struct erg_err *err)
{
	struct erg_outfile o;
	char path[4200];
	int r;

	snprintf(path, sizeof(path), "%s/index.json", s->real_dir);
	r = erg_outfile_open(&o, path, err);
	if (r < 0)
		return r;
	json_dumpf(s->index, o.f, JSON_INDENT(2)); /* what fails is told by the commit */
	return erg_outfile_commit(&o, err);
}

int erg_sweep_index_set(struct erg_sweep *s, json_t *entry, struct erg_err *err)
{
	json_t *runs = json_object_get(s->index, "runs");
	size_t i = position(s, json_string_value(json_object_get(entry, "id")));
	int r = i == SIZE_MAX ? json_array_append_new(runs, entry)
			      : json_array_set_new(runs, i, entry);

	return r ? erg_fail(err, -ENOMEM, "no memory") : 0;
}

int erg_sweep_index_put(struct erg_sweep *s, json_t *entry, struct erg_err *err)
{
	int r = erg_sweep_index_set(s, entry, err);

	return r < 0 ? r : erg_sweep_index_write(s, err);
}
