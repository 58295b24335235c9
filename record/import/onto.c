/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A recording and what something else measured beside it, on one clock. A recording knows the time
 * since 1970 and its own, CLOCK_MONOTONIC, at one moment; on one machine the two differ by a constant
 * (both are slewed alike) unless the clock is set. So the doubt of the join is how well the other
 * file's clock agrees with this machine's: a guess is made, said, and carried into the result.
 */
#include "record/import/onto.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "formats/base/sha256.h"
#include "formats/base/util.h"
#include "formats/manifest.h"

#define U_DEFAULT_NS 1e6  /* of one machine's clock read by two programs that print ms */
#define PID_FREE 5000000u /* Linux has at most 2^22 */
#define PIDS_EACH 10u
#define NUMBER_MAX 1000000000 /* of a chunk or a source, which counts them */

static int64_t integer_of(const json_t *o, const char *key, int64_t otherwise)
{
	const json_t *v = json_object_get(o, key);

	return json_is_integer(v) ? json_integer_value(v) : otherwise;
}

/* So that what is added and subtracted fits. */
static bool within(int64_t t)
{
	return t >= -ERG_IMPORT_TIME_MAX && t <= ERG_IMPORT_TIME_MAX;
}

static int find_times(struct erg_import_onto *o, struct erg_err *err)
{
	const json_t *clock = json_object_get(o->manifest, "clock");
	int64_t begin = integer_of(o->summary, "begin_ns", INT64_MIN);
	int64_t end = integer_of(o->summary, "end_ns", INT64_MIN);

	if (begin == INT64_MIN || end < begin)
		return erg_fail(err, -EINVAL, "%s: its summary does not say when it was recorded",
			o->path);
	o->run_begin_ns = begin;
	o->run_end_ns = end;
	o->begin_ns = integer_of(o->summary, "record_begin_ns", begin);
	o->end_ns = integer_of(o->summary, "record_end_ns", end);
	o->begin_ns = o->begin_ns < begin ? o->begin_ns : begin;
	o->end_ns = o->end_ns > end ? o->end_ns : end;
	o->imported = json_object_get(o->manifest, "import") != NULL;
	o->origin_ns = integer_of(json_object_get(o->manifest, "import"), "origin_ns", 0);
	o->real_known = json_is_integer(json_object_get(clock, "realtime_ns")) &&
		json_is_integer(json_object_get(clock, "monotonic_ns"));
	if (!within(begin) || !within(end) || !within(o->begin_ns) || !within(o->end_ns) ||
		!within(o->origin_ns) || !within(integer_of(clock, "realtime_ns", 0)) ||
		!within(integer_of(clock, "monotonic_ns", 0)))
		return erg_fail(err, -EINVAL, "%s: its times were expected within %d years",
			o->path, (int)(ERG_IMPORT_TIME_MAX / 31556952 / 1000000000));
	o->real_ns = integer_of(clock, "realtime_ns", 0) - integer_of(clock, "monotonic_ns", 0);
	return 0;
}

/* Numbers that are free, above those that the recording has. */
static int find_free_ids(struct erg_import_onto *o, struct erg_err *err)
{
	const struct erg_archive_member *m;
	size_t n = erg_archive_members(o->archive, &m), i;
	json_t *source;

	for (i = 0; i < n; i++) {
		const bool numbered = !strncmp(m[i].name, "trace/", strlen("trace/"));
		const char *number = m[i].name + strlen("trace/");
		const unsigned long chunk = numbered ? strtoul(number, NULL, 10) : 0;

		if (chunk >= NUMBER_MAX)
			return erg_fail(err, -EINVAL, "%s: %s: a number of a chunk was expected",
				o->path, m[i].name);
		if (numbered && chunk >= o->chunk)
			o->chunk = (unsigned int)chunk + 1;
	}
	json_array_foreach (json_object_get(o->manifest, "sources"), i, source) {
		const int64_t id = integer_of(source, "id", (int64_t)i);

		if (id < 0 || id >= NUMBER_MAX)
			return erg_fail(err, -EINVAL,
				"%s: manifest: sources[%zu].id: a number from 0 to %d was expected",
				o->path, i, NUMBER_MAX - 1);
		o->sources = id >= o->sources ? (uint32_t)id + 1 : o->sources;
	}
	o->pid = PID_FREE +
		PIDS_EACH * (uint32_t)json_array_size(json_object_get(o->manifest, "onto"));
	return 0;
}

int erg_import_onto_open(const char *path, struct erg_import_onto *ret, struct erg_err *err)
{
	int r;

	*ret = (struct erg_import_onto){.path = path};
	r = erg_archive_open(path, &ret->archive, err);
	if (r < 0)
		return r;
	if (erg_archive_damage(ret->archive))
		return erg_fail(err, -EINVAL,
			"%s; a whole archive was expected (erg-record recover)",
			erg_archive_damage(ret->archive));
	if (!erg_sha256_file(path, ret->sha256))
		return erg_fail_errno(err, -errno, "%s", path);
	r = erg_manifest_load(ret->archive, ERG_MANIFEST_FORMAT, &ret->manifest, err);
	if (r == 0)
		r = erg_manifest_load(ret->archive, ERG_SUMMARY_FORMAT, &ret->summary, err);
	if (r == 0)
		r = find_times(ret, err);
	if (r == 0)
		r = find_free_ids(ret, err);
	return r;
}

static bool meets(const struct erg_import_onto *o, int64_t first, int64_t last, int64_t shift)
{
	return last + shift > o->begin_ns && first + shift < o->end_ns;
}

static int fail_apart(const struct erg_import_onto *o, const char *file, int64_t first,
	int64_t last, struct erg_err *err)
{
	const double s = 1e-9;
	char since[96] = "";

	if (o->real_known && !o->imported)
		snprintf(since, sizeof(since), ", since 1970 from %.12g to %.12g s",
			(double)(o->begin_ns + o->real_ns) * s,
			(double)(o->end_ns + o->real_ns) * s);
	return erg_fail(err, -EINVAL,
		"%s: its times, %.12g to %.12g s, do not meet those of %s: on its own "
		"clock from %.12g to %.12g s%s; --time-offset or --time-zone brings them there",
		file, (double)first * s, (double)last * s, o->path,
		(double)(o->begin_ns + o->origin_ns) * s, (double)(o->end_ns + o->origin_ns) * s,
		since);
}

int erg_import_onto_join(const struct erg_import_onto *o, const char *file, int64_t first,
	int64_t last, double u_s, struct erg_import_join *ret, struct erg_err *err)
{
	ret->u_ns = u_s >= 0 ? u_s * 1e9 : 0;
	if (meets(o, first, last, -o->origin_ns)) {
		ret->clock = o->imported ? "log" : "monotonic";
		ret->shift_ns = -o->origin_ns;
		return 0;
	}
	if (o->imported || !o->real_known || !meets(o, first, last, -o->real_ns))
		return fail_apart(o, file, first, last, err);
	ret->clock = "realtime";
	ret->shift_ns = -o->real_ns;
	ret->u_ns = u_s >= 0 ? u_s * 1e9 : U_DEFAULT_NS;
	return 0;
}

int erg_import_onto_extract(const struct erg_import_onto *o, const char *dir, struct erg_err *err)
{
	_cleanup_(erg_closep) int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct erg_archive_member *m;
	size_t n = erg_archive_members(o->archive, &m);
	int r = fd < 0 ? erg_fail_errno(err, -errno, "%s", dir) : 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		if (!strncmp(m[i].name, "trace/", 6))
			r = erg_archive_extract(o->archive, i, fd, m[i].name, err);
	return r;
}

int erg_import_onto_place(const struct erg_import_onto *o, const char *dir, struct erg_err *err)
{
	for (unsigned int i = 0;; i++) {
		char from[4200], to[4200];
		struct stat st;

		snprintf(from, sizeof(from), "%s/new/%04u", dir, i);
		if (stat(from, &st) < 0)
			return i > 0 ? 0 : erg_fail_errno(err, -errno, "%s", from);
		snprintf(to, sizeof(to), "%s/trace", dir);
		if (mkdir(to, 0777) < 0 && errno != EEXIST)
			return erg_fail_errno(err, -errno, "%s", to);
		snprintf(to, sizeof(to), "%s/trace/%04u", dir, o->chunk + i);
		if (rename(from, to) < 0)
			return erg_fail_errno(err, -errno, "%s", to);
	}
}

static int extend(json_t *m, const char *key, const json_t *more)
{
	json_t *list = json_object_get(m, key);

	if (!json_is_array(list)) {
		list = json_array();
		if (json_object_set_new(m, key, list) < 0)
			return -ENOMEM;
	}
	return json_array_extend(list, (json_t *)more) < 0 ? -ENOMEM : 0;
}

/* Beside those of the recording, which they replace where a key is the same. */
static int add_tags(json_t *m, const json_t *tags)
{
	json_t *old = json_object_get(m, "tags");

	if (json_is_object(old))
		return json_object_update(old, (json_t *)tags);
	return json_object_set(m, "tags", (json_t *)tags);
}

json_t *erg_import_onto_manifest(const struct erg_import_onto *o, json_t *sources, json_t *entry,
	const json_t *tags, const json_t *notes)
{
	json_t *m = json_deep_copy(o->manifest), *list = json_pack("[o]", entry);

	if (m && list &&
		(extend(m, "sources", sources) < 0 || extend(m, "onto", list) < 0 ||
			extend(m, "warnings", notes) < 0 || add_tags(m, tags) < 0)) {
		json_decref(m);
		m = NULL;
	}
	json_decref(list);
	json_decref(sources);
	return m;
}

void erg_import_onto_release(struct erg_import_onto *o)
{
	erg_archive_free(o->archive);
	json_decref(o->manifest);
	json_decref(o->summary);
	*o = (struct erg_import_onto){0};
}
