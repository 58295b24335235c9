/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Shards of a sweep into one: their archives and logs by hard links, their entries into one index. Which
 * node made a run stays in its archive (tag node) and in its entry. Merging again takes what is new.
 */
#include "record/sweep/merge.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "formats/base/outfile.h"
#include "formats/base/regular.h"
#include "formats/base/util.h"

#define SHARDS_MAX 100000u

struct merge {
	struct erg_sweep *s;
	struct erg_sweep_merged *ret;
	void (*tell)(const char *line);
	bool *seen; /* which shards */
	struct erg_err *err;
};

static int copy_archive(const char *from, const char *to, struct erg_err *err)
{
	_cleanup_(erg_outfile_discard) struct erg_outfile out = {0};
	_cleanup_(erg_fclosep) FILE *in = erg_regular_open(from);
	char buf[65536];
	size_t n;
	int r;

	if (!in)
		return erg_fail_errno(err, -errno, "%s", from);
	r = erg_outfile_open(&out, to, err);
	if (r < 0)
		return r;
	while ((n = fread(buf, 1, sizeof(buf), in)) > 0)
		fwrite(buf, 1, n, out.f); /* what fails is told by the commit */
	if (ferror(in))
		return erg_fail_errno(err, -EIO, "%s", from);
	return erg_outfile_commit(&out, err);
}

/* TO may be what a merge that was killed put there: no entry knows of it. A link would be hard-linked itself,
 * and name in TO's folder another file than in FROM's. */
static int put_file(const char *from, const char *to, struct erg_err *err)
{
	struct stat a, b;

	if (lstat(from, &a) < 0)
		return erg_fail_errno(err, -errno, "%s", from);
	if (!S_ISREG(a.st_mode))
		return erg_fail(err, -EINVAL, "%s: a regular file was expected", from);
	if (link(from, to) == 0)
		return 0;
	if (stat(to, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino)
		return 0;
	return copy_archive(from, to, err);
}

/* The same node made the run once more, as --redo does. */
static bool is_redone(const json_t *before, const json_t *entry)
{
	const char *a = json_string_value(json_object_get(before, "begin_utc"));
	const char *b = json_string_value(json_object_get(entry, "begin_utc"));

	return a && b && strcmp(a, b) < 0 &&
		json_equal(json_object_get(before, "node"), json_object_get(entry, "node"));
}

static int put_run(const struct merge *m, const char *folder, const json_t *entry)
{
	static const char *const files[] = {"log", "archive"};
	const char *id = json_string_value(json_object_get(entry, "id"));
	char from[2 * PATH_MAX], to[2 * PATH_MAX];
	json_t *there = erg_sweep_index_find(m->s, id);
	int r = 0;

	if (there && json_equal(there, entry)) {
		m->ret->there++;
		return 0;
	}
	if (there && !is_redone(there, entry))
		return erg_fail(m->err, -EEXIST, "%s: the run %s is in %s already, and another one",
			folder, id, m->s->dir);
	for (size_t i = 0; r >= 0 && i < ERG_ARRAY_SIZE(files); i++) {
		const char *name = json_string_value(json_object_get(entry, files[i]));

		if (!name || strstr(name, "../"))
			return erg_fail(m->err, -EINVAL, "%s/index.json: %s: no %s", folder, id,
				files[i]);
		snprintf(from, sizeof(from), "%s/%s", folder, name);
		snprintf(to, sizeof(to), "%s/%s", m->s->real_dir, name);
		if (i == 0 && access(from, F_OK) < 0)
			continue; /* a log that is gone is no loss of a run */
		r = put_file(from, to, m->err);
	}
	if (r < 0)
		return r;
	m->ret->taken++;
	return erg_sweep_index_set(m->s, json_incref((json_t *)entry), m->err);
}

__attribute__((format(printf, 2, 3))) static void say(const struct merge *m, const char *fmt, ...)
{
	char line[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	m->tell(line);
}

/* Which shard it is, from "2/4"; the shards of one sweep are of one number. */
static int take_shard(const struct merge *m, const char *folder, const json_t *index)
{
	const char *shard = json_string_value(json_object_get(index, "shard"));
	unsigned int i, n;

	if (!shard || sscanf(shard, "%u/%u", &i, &n) != 2 || !i || i > n || n > SHARDS_MAX)
		return erg_fail(m->err, -EINVAL, "%s/index.json: expected one of a shard (--shard)",
			folder);
	if (m->ret->shards && m->ret->shards != n)
		return erg_fail(m->err, -EINVAL, "%s: is shard %s, others are of %u", folder, shard,
			m->ret->shards);
	if (m->seen[i - 1])
		return erg_fail(m->err, -EEXIST, "%s: shard %s was given already", folder, shard);
	m->ret->shards = n;
	m->ret->found++;
	m->seen[i - 1] = true;
	return 0;
}

static int load_shard(const struct merge *m, const char *folder, json_t **ret)
{
	char path[PATH_MAX];
	const char *format, *plan;
	int r;

	snprintf(path, sizeof(path), "%s/index.json", folder);
	r = erg_regular_json(path, ret, m->err);
	if (r < 0)
		return r;
	format = json_string_value(json_object_get(*ret, "format"));
	plan = json_string_value(json_object_get(*ret, "plan"));
	if (!format || strcmp(format, "erg-sweep") || !plan)
		return erg_fail(m->err, -EINVAL, "%s: not the index of a sweep", path);
	if (strcmp(plan, m->s->plan->name) ||
		!json_equal(json_object_get(*ret, "seed"), json_object_get(m->s->index, "seed")))
		return erg_fail(m->err, -EINVAL,
			"%s: is of the plan \"%s\", not \"%s\" of this seed", path, plan,
			m->s->plan->name);
	return take_shard(m, folder, *ret);
}

static const json_t *made_of(const json_t *index, const char *id)
{
	json_t *run;
	size_t i;

	json_array_foreach (json_object_get(index, "runs"), i, run) {
		const char *other = json_string_value(json_object_get(run, "id"));
		const char *status = json_string_value(json_object_get(run, "status"));

		if (other && status && !strcmp(other, id) && !strcmp(status, "done"))
			return run;
	}
	return NULL;
}

static bool is_planned(const json_t *index, const char *id)
{
	json_t *planned;
	size_t i;

	json_array_foreach (json_object_get(index, "planned"), i, planned)
		if (json_is_string(planned) && !strcmp(json_string_value(planned), id))
			return true;
	return false;
}

/* What the shard has of another plan, or of other conditions: it was made before these were changed. */
static void tell_others(const struct merge *m, const char *folder, const json_t *index)
{
	const char *digest = json_string_value(json_object_get(index, "plan_digest"));
	json_t *run;
	size_t i;

	if (digest && strcmp(digest, m->s->plan->digest) != 0) {
		m->ret->others++;
		say(m,
			"other plan: %s: what is asked for is not what %s asks for now: which of its runs "
			"are missing is not known",
			folder, m->s->plan_file);
	}
	json_array_foreach (json_object_get(index, "runs"), i, run) {
		const char *id = json_string_value(json_object_get(run, "id"));

		if (id && made_of(index, id) == run && !is_planned(index, id))
			say(m, "left out: %s: %s is not asked for any more", folder, id);
	}
}

static int put_shard(const struct merge *m, const char *folder)
{
	json_auto_t *index = NULL;
	json_t *planned;
	size_t i;
	int r = load_shard(m, folder, &index);

	json_array_foreach (json_object_get(index, "planned"), i, planned) {
		const char *id = json_string_value(planned);
		const json_t *entry = id && r >= 0 ? made_of(index, id) : NULL;

		if (entry)
			r = put_run(m, folder, entry);
		if (entry || r < 0 || !id)
			continue;
		m->ret->missing++;
		say(m, "missing: %s: %s was not made", folder, id);
	}
	if (r >= 0)
		tell_others(m, folder, index);
	return r;
}

int erg_sweep_merge(struct erg_sweep *s, char *const *folders, size_t n,
	void (*tell)(const char *line), struct erg_sweep_merged *ret, struct erg_err *err)
{
	_cleanup_(erg_freep) bool *seen = calloc(SHARDS_MAX, sizeof(*seen));
	const struct merge m = {s, ret, tell, seen, err};
	char path[PATH_MAX + 16];
	int r;

	*ret = (struct erg_sweep_merged){0};
	snprintf(path, sizeof(path), "%s/logs", s->real_dir);
	if (!seen)
		return erg_fail(err, -ENOMEM, "no memory");
	if (mkdir(path, 0777) < 0 && errno != EEXIST)
		return erg_fail_errno(err, -errno, "%s", path);
	r = erg_sweep_index_write(s, err); /* so that what is put there has an owner */
	for (size_t i = 0; r >= 0 && i < n; i++)
		r = put_shard(&m, folders[i]);
	for (unsigned int i = 0; r >= 0 && i < ret->shards; i++)
		if (!seen[i])
			say(&m, "missing: shard %u/%u", i + 1, ret->shards);
	return r < 0 ? r : erg_sweep_index_write(s, err);
}
