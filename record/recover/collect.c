/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Makes archives of what devices have streamed to this machine's lttng-relayd.
 *
 * The relay daemon keeps each session in a directory HOST/SESSION-DATE below its output, laid out as
 * a spool. Manifest and summary are in the trace. A stream that was cut has no summary, or has one and
 * lacks the end of another stream: what is there is made into an archive that says so. The relay
 * daemon's files are left alone, since it may still write them: what has no end is repaired in a copy.
 */
#include "record/recover/recover.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "formats/manifest.h"
#include "formats/base/order.h"
#include "formats/base/texts.h"
#include "formats/base/tree.h"
#include "formats/base/util.h"
#include "record/run/describe.h"
#include "record/spool/arrived.h"
#include "record/spool/document.h"
#include "record/spool/finish.h"
#include "formats/base/say.h"
#include "record/sources/attr.h"
#include "record/spool/spool.h"

#define CUT_TEXT 512
#define QUIET_S 5 /* a stream without an end that has not grown for so long was cut */

/* Why a recording did not arrive as a whole ("": it did), and to what time it did. */
struct cut {
	char why[CUT_TEXT];
	uint64_t whole_ns;
};

struct collect {
	const struct erg_collect_options *o;
	struct erg_texts streams;
};

static int stream_take(void *data, const char *path)
{
	struct collect *c = data;

	if (erg_spool_name_pid(erg_base_name(path)) < 0)
		return 0;
	if ((!c->o->run || strstr(path, c->o->run)) && erg_texts_add(&c->streams, path) < 0)
		return -ENOMEM;
	return ERG_TREE_SKIP;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int streams_find(struct collect *c, struct erg_err *err)
{
	struct stat st;
	int r = erg_tree_each_folder(c->o->from, stream_take, c);

	if (r >= 0 && stat(c->o->from, &st) == 0 && !S_ISDIR(st.st_mode))
		r = -ENOTDIR;
	if (r < 0)
		return erg_fail_errno(err, r, "%s: expected the output of lttng-relayd",
			c->o->from);
	erg_sort(c->streams.v, c->streams.n, sizeof(*c->streams.v), by_name);
	if (!c->streams.n)
		return erg_fail(err, -ENOENT, "%s: no stream of erg-record%s%s", c->o->from,
			c->o->run ? " of " : "", c->o->run ? c->o->run : "");
	return 0;
}

/* ---- one stream ---- */

/* The id of the recording, of DIR …/ergtrace-PID-ID-DATE-TIME, in RET[17]. */
static const char *run_of(const char *dir, char *ret)
{
	const char *base = strrchr(dir, '/') + 1;
	const char *id = strchr(base + strlen(ERG_SPOOL_PREFIX), '-');

	snprintf(ret, 17, "%s", id ? id + 1 : "");
	return ret;
}

static int newest_take(void *data, const char *path, const struct stat *st)
{
	time_t *newest = data;

	if (st->st_mtim.tv_sec > *newest)
		*newest = st->st_mtim.tv_sec;
	return 0;
}

static bool grows(const char *dir)
{
	time_t newest = 0;
	struct stat st;

	if (stat(dir, &st) == 0)
		newest = st.st_mtim.tv_sec;
	erg_tree_each_file(dir, newest_take, &newest);
	return time(NULL) - newest < QUIET_S;
}

static json_t *manifest_missing(void)
{
	json_t *m = erg_manifest_new(ERG_MANIFEST_FORMAT, "erg-record");

	json_object_set_new(m, "warnings",
		json_pack("[{s:s, s:s}]", "code", "collect", "text",
			"the stream had no manifest: it was cut at its beginning"));
	return m;
}

static json_t *summary_missing(const json_t *manifest, const struct erg_packets_report *rep,
	const struct cut *cut)
{
	const struct erg_workload work = {.pid = -1, .end_ns = cut->whole_ns};
	const struct erg_summary_facts f = {
		.run_id = json_string_value(json_object_get(manifest, "run_id")),
		.begin_ns = rep->begin_ns,
		.end_ns = rep->end_ns,
		.workload = &work,
		.repair = rep,
		.reason = cut->why,
	};

	return erg_describe_summary(&f);
}

/* Where LTTng had not sent a trace's metadata yet, the recorder had. REL: uid/UID/BITS-bit. */
static int metadata_restore(const char *dir, const char *rel, struct erg_err *err)
{
	char name[64], run[17], tmp[PATH_MAX], to[PATH_MAX];
	_cleanup_(erg_fclosep) FILE *f = NULL;
	json_t *doc = NULL;
	const char *text;
	int r;

	snprintf(name, sizeof(name), "%s/metadata", rel);
	r = erg_document_find(dir, run_of(dir, run), name, &doc, err);
	text = json_string_value(json_object_get(doc, "text"));
	if (r || !text) {
		json_decref(doc);
		return r < 0 ? r : 0;
	}
	snprintf(tmp, sizeof(tmp), "%s/metadata.text", dir);
	snprintf(to, sizeof(to), "%s/metadata/%s", dir, name);
	f = fopen(tmp, "we");
	if (!f || fputs(text, f) < 0 || fflush(f))
		r = erg_fail_errno(err, -errno, "%s", tmp);
	else
		r = erg_spool_copy(tmp, dir, to, err);
	unlink(tmp);
	json_decref(doc);
	return r;
}

struct restore {
	const char *dir;
	struct erg_err *err;
};

static int trace_restore(void *data, const char *path)
{
	const struct restore *restore = data;
	const char *rel = strstr(path + strlen(restore->dir), "/ust/");

	return rel && strstr(erg_base_name(path), "-bit")
		? metadata_restore(restore->dir, rel + strlen("/ust/"), restore->err)
		: 0;
}

static int metadata_restore_all(const char *dir, struct erg_err *err)
{
	struct erg_err own = {0};
	struct restore restore = {dir, &own};

	if (erg_tree_each_folder(dir, trace_restore, &restore) < 0 && own.code)
		return erg_fail(err, own.code, "%s", own.msg);
	return 0;
}

struct copy {
	const char *from, *to;
	struct erg_err *err;
};

static int file_copy(void *data, const char *path, const struct stat *st)
{
	const struct copy *copy = data;
	struct erg_err own = {0};
	char to[PATH_MAX];
	int r;

	snprintf(to, sizeof(to), "%s%s", copy->to, path + strlen(copy->from));
	r = erg_spool_copy(path, copy->to, to, &own);
	if (r == -ENOENT) /* the relay daemon has put it elsewhere */
		return 0;
	return r ? erg_fail(copy->err, r, "%s", own.msg) : 0;
}

/* Copies DIR into a new directory beside OUTPUT, which the caller removes with what is in it. RET: the
 * copy, of the same name; "" when there is nothing to remove. */
static int working_copy(const char *dir, const char *output, char *ret, size_t size,
	struct erg_err *err)
{
	struct erg_err own = {0};
	struct copy copy = {dir, ret, &own};
	char top[PATH_MAX];
	int r;

	ret[0] = '\0';
	snprintf(top, sizeof(top), "%s.XXXXXX", output);
	if (!mkdtemp(top))
		return erg_fail_errno(err, -errno, "%s", top);
	snprintf(ret, size, "%s%s", top, strrchr(dir, '/'));
	if (mkdir(ret, 0700) < 0)
		return erg_fail_errno(err, -errno, "%s", ret);
	r = erg_tree_each_file(dir, file_copy, &copy);
	if (r < 0 && own.code)
		return erg_fail(err, own.code, "%s", own.msg);
	return r < 0 ? erg_fail_errno(err, r, "%s", dir) : 0;
}

static int archive_make(const struct collect *c, const char *dir, const char *output,
	json_t *manifest, json_t **summary, const struct cut *cut, struct erg_err *err)
{
	_cleanup_(erg_finish_freep) struct erg_finish *f = NULL;
	struct erg_packets_report rep = {0};
	char work[PATH_MAX] = "";
	int r;

	json_object_set_new(manifest, "origin", json_string("collected"));
	r = erg_finish_open(output, c->o->force, manifest, &f, err);
	if (!r && cut->why[0])
		r = working_copy(dir, output, work, sizeof(work), err);
	if (!r && *work)
		r = metadata_restore_all(work, err);
	if (!r)
		r = erg_finish_rest(f, *work ? work : dir, *work ? &rep : NULL, err);
	if (*work)
		erg_tree_remove(dirname(work));
	if (r)
		return r;
	if (!*summary)
		*summary = summary_missing(manifest, &rep, cut);
	else if (cut->why[0])
		erg_describe_cut(*summary, cut->why, cut->whole_ns, &rep);
	r = erg_finish_close(f, *summary, err);
	if (!r)
		erg_say("%s: %s%s", dir, output,
			json_is_true(json_object_get(*summary, "complete")) ? "" : " (incomplete)");
	return r;
}

/* What another machine says of itself, for a terminal and as part of a file's name. */
static void text_of(const json_t *j, const char *fallback, char *buf, size_t size)
{
	const char *text = json_string_value(j);

	erg_text_set(buf, size, "%s", text && *text ? text : fallback);
	for (char *p = buf; (p = strchr(p, '/'));)
		*p = '_';
}

static void list_one(const struct collect *c, const char *dir, const json_t *manifest, bool whole)
{
	const json_t *machine = json_object_get(manifest, "machine");
	char host[256], run[64], created[64], path[PATH_MAX];

	erg_text_set(path, sizeof(path), "%s", dir);
	text_of(json_object_get(machine, "hostname"), "-", host, sizeof(host));
	text_of(json_object_get(manifest, "run_id"), "-", run, sizeof(run));
	text_of(json_object_get(manifest, "created_utc"), "-", created, sizeof(created));
	c->o->list(run, host, created, whole ? "complete" : grows(dir) ? "streaming" : "cut", path);
}

/* DIR/HOST-RUN.erg when the output is a directory. */
static char *output_name(const struct collect *c, const json_t *manifest)
{
	const json_t *machine = json_object_get(manifest, "machine");
	char host[128], run[64];
	struct stat st;
	char *ret;

	if (stat(c->o->output, &st) < 0 || !S_ISDIR(st.st_mode))
		return strdup(c->o->output);
	text_of(json_object_get(machine, "hostname"), "host", host, sizeof(host));
	text_of(json_object_get(manifest, "run_id"), "run", run, sizeof(run));
	return asprintf(&ret, "%s/%s-%s.erg", c->o->output, host, run) < 0 ? NULL : ret;
}

/* SUMMARY: of the recording, or NULL when it has not arrived. */
static int cut_find(const char *dir, const json_t *summary, struct cut *ret, struct erg_err *err)
{
	const json_t *until = json_object_get(summary, "streamed_ns");
	struct erg_spool_chunks chunks = {0};
	struct erg_arrived arrived;
	int r;

	if (summary && !until) /* of an earlier recorder */
		until = json_object_get(summary, "record_end_ns");
	r = erg_spool_chunks(dir, false, 0, &chunks, err);
	if (!r)
		r = erg_arrived_check(&chunks, (uint64_t)json_integer_value(until), &arrived, err);
	erg_spool_chunks_release(&chunks);
	if (r < 0)
		return r;
	ret->whole_ns = arrived.whole_ns;
	if (r == 1 || !summary)
		snprintf(ret->why, sizeof(ret->why),
			"the stream ended before the recording did%s%s", summary ? ": " : "",
			summary ? arrived.why : "");
	return 0;
}

/* Root reads what others cannot: who owns a stream could put links to that into it, and get an archive of it. */
static int owner_check(const char *dir, struct erg_err *err)
{
	struct stat st;

	if (lstat(dir, &st) < 0)
		return erg_fail_errno(err, -errno, "%s", dir);
	if (geteuid() || !st.st_uid)
		return 0;
	return erg_fail(err, -EPERM, "%s: belongs to user %u: collect it as that user", dir,
		(unsigned int)st.st_uid);
}

static int stream_collect(const struct collect *c, const char *dir, struct erg_err *err)
{
	_cleanup_(erg_freep) char *output = NULL;
	json_t *manifest = NULL, *summary = NULL;
	char run[17];
	struct cut cut = {0};
	int r = owner_check(dir, err);

	if (r >= 0)
		r = erg_document_find(dir, run_of(dir, run), ERG_MANIFEST_NAME, &manifest, err);
	if (r >= 0)
		r = erg_document_find(dir, run, ERG_SUMMARY_NAME, &summary, err);
	if (r >= 0)
		r = cut_find(dir, summary, &cut, err);
	if (r >= 0 && c->o->list) {
		list_one(c, dir, manifest, !cut.why[0]);
	} else if (r >= 0 && cut.why[0] && !c->o->now && grows(dir)) {
		r = erg_fail(err, -EBUSY, "%s: still streams; --now takes what is there", dir);
	} else if (r >= 0) {
		manifest = manifest ? manifest : manifest_missing();
		output = output_name(c, manifest);
		r = archive_make(c, dir, output, manifest, &summary, &cut, err);
	}
	json_decref(manifest);
	json_decref(summary);
	return r < 0 ? r : 0;
}

static int collect(struct collect *c, struct erg_err *err)
{
	struct stat st;
	int r = streams_find(c, err);

	if (r)
		return r;
	if (!c->o->list && c->streams.n > 1 &&
		(stat(c->o->output, &st) < 0 || !S_ISDIR(st.st_mode)))
		return erg_fail(err, -EINVAL,
			"%s: %zu streams; choose one by --run, or give a directory with -o",
			c->o->from, c->streams.n);
	for (size_t i = 0; i < c->streams.n; i++) {
		int one = stream_collect(c, c->streams.v[i], err);

		if (one < 0 && i + 1 < c->streams.n)
			erg_warn("%s", err->msg);
		r = one < 0 ? one : r;
	}
	return r;
}

int erg_collect(const struct erg_collect_options *o, struct erg_err *err)
{
	struct collect c = {.o = o};
	int r = collect(&c, err);

	erg_texts_clear(&c.streams);
	return r;
}
