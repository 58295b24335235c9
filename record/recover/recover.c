/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Makes the archive that a recorder could not make any more.
 *
 * Whatever ended the recording (SIGKILL, the daemons' death, a full disk, a power failure), the
 * spool has the manifest, raw chunks up to the last complete packet, and, with --compress during,
 * the path of the unfinished archive. A session that still records into the spool is ended first,
 * which brings what is in memory to the disk too.
 *
 * The archive says that it was recovered and what had to be cut. The spool is removed only when
 * all of it is in the archive.
 */
#include "record/recover/recover.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/manifest.h"
#include "formats/base/tree.h"
#include "formats/base/util.h"
#include "record/session/shm.h"
#include "record/session/daemon.h"
#include "record/run/describe.h"
#include "record/spool/arrived.h"
#include "record/spool/finish.h"
#include "record/spool/provenance.h"
#include "formats/base/say.h"
#include "record/session/session.h"
#include "record/session/stale.h"
#include "record/spool/spool.h"

struct recover {
	const char *spool;
	bool force, keep;
	char *output;
	char *part; /* the unfinished archive, which holds the first CHUNKS; NULL: there is none */
	size_t chunks;
	char missing[PATH_MAX + 128]; /* what there is no more, for the archive */
	struct erg_arrived arrived;
	json_t *state, *manifest, *summary;
};

static void recover_release(struct recover *r)
{
	json_decref(r->state);
	json_decref(r->manifest);
	json_decref(r->summary);
	free(r->output);
	free(r->part);
}

/* Where the recorder was told to write, from its directory. */
static char *output_of(const json_t *state)
{
	const char *cwd = json_string_value(json_object_get(state, "cwd"));
	const char *output = json_string_value(json_object_get(state, "output"));
	char *ret;

	if (!output || (*output != '/' && !cwd))
		return NULL;
	if (*output == '/')
		return strdup(output);
	return asprintf(&ret, "%s/%s", cwd, output) < 0 ? NULL : ret;
}

static int papers_read(struct recover *r, struct erg_err *err)
{
	struct erg_spool_chunks chunks = {0};
	int n = erg_spool_read_json(r->spool, "state.json", &r->state, err);

	if (n >= 0)
		n = erg_spool_read_json(r->spool, "manifest.json", &r->manifest, err);
	if (n >= 0)
		n = erg_spool_chunks(r->spool, false, 0, &chunks, err);
	if (n < 0)
		return n;
	n = (int)chunks.n;
	erg_spool_chunks_release(&chunks);
	if (!n && !r->state)
		return erg_fail(err, -EINVAL,
			"%s: no spool of erg-record: expected state.json or chunks in it",
			r->spool);
	if (!r->output)
		r->output = output_of(r->state);
	return r->output ? 0 : erg_fail(err, -EINVAL, "%s: expected -o FILE.erg", r->spool);
}

/* Without a manifest the trace still says what was measured. */
static void papers_complete(struct recover *r)
{
	const char *run = "";

	json_unpack(r->state, "{s:s}", "run_id", &run);
	if (!r->manifest) {
		r->manifest = erg_manifest_new(ERG_MANIFEST_FORMAT, "erg-record");
		json_object_set_new(r->manifest, "run_id", json_string(run));
		json_object_set_new(r->manifest, "machine", erg_provenance_machine("/sys"));
	}
	json_object_set_new(r->manifest, "origin", json_string("recovered"));
}

/* Returns a time before which everything of the recording was, or 0 when nobody ended it. */
static uint64_t session_end(const struct recover *r)
{
	const uint64_t now = erg_mono_ns();
	const char *name = NULL;
	struct erg_err err;
	int ended;

	json_unpack(r->state, "{s:s}", "session", &name);
	if (!name || erg_spool_name_pid(name) < 0)
		return 0; /* not a session of ours */
	ended = erg_session_end_by_name(name, &err);
	if (ended == 0)
		erg_daemon_release();
	else if (ended < 0 && erg_daemon_pid())
		erg_warn("%s: the session that wrote it may go on: %s", r->spool, err.msg);
	erg_shm_remove(name);
	return ended == 0 ? now : 0;
}

/* Before anything is cut: how far each stream goes. */
static int streams_judge(struct recover *r, uint64_t until_ns, struct erg_err *err)
{
	struct erg_spool_chunks chunks = {0};
	int n = erg_spool_chunks(r->spool, false, 0, &chunks, err);

	if (!n)
		n = erg_arrived_check(&chunks, until_ns, &r->arrived, err);
	erg_spool_chunks_release(&chunks);
	return n < 0 ? n : 0;
}

/* What of the end is left out of the run, for the archive's reason; "" for nothing. */
static void streams_tell(const struct recover *r, char *buf, size_t size)
{
	const struct erg_arrived *a = &r->arrived;

	buf[0] = '\0';
	if (a->first[0])
		snprintf(buf, size,
			"; its last %.6f s are no part of the run, since streams end before it, %s "
			"first",
			(double)(a->last_ns - a->whole_ns) / 1e9, a->first);
}

/* The unfinished archive is where state.json says or, when both were moved, beside the spool.
 * What is still in the spool does not need it, but is then kept there: it may be found yet. */
static void part_find(struct recover *r)
{
	const char *path = NULL, *name;
	json_int_t chunks = 0;

	json_unpack(r->state, "{s:{s:s, s:I}}", "part", "path", &path, "chunks", &chunks);
	name = path ? strrchr(path, '/') : NULL;
	/* what it names is removed at the end: nothing else than such a file */
	if (!name || chunks <= 0 || !erg_stale_is_part(name + 1))
		return;
	if (access(path, F_OK) == 0)
		r->part = strdup(path);
	else if (asprintf(&r->part, "%s/..%s", r->spool, name) < 0)
		r->part = NULL;
	if (r->part && access(r->part, F_OK) == 0) {
		r->chunks = (size_t)chunks;
		return;
	}
	free(erg_steal_ptr(&r->part));
	r->keep = true;
	snprintf(r->missing, sizeof(r->missing),
		"; its first %lld chunks were in %s, which is missing", (long long)chunks, path);
}

static json_t *summary_make(const struct recover *r, const struct erg_packets_report *rep)
{
	char reason[sizeof(r->missing) + 128 + 2 * ERG_ARRIVED_TEXT], cut[128 + ERG_ARRIVED_TEXT];
	const uint64_t whole = r->arrived.whole_ns ? r->arrived.whole_ns : rep->end_ns;
	json_int_t begin = 0, command = 0;
	struct erg_workload work = {.pid = -1, .end_ns = whole};
	struct erg_summary_facts f = {
		.run_id = json_string_value(json_object_get(r->manifest, "run_id")),
		.end_ns = rep->end_ns,
		.repair = rep,
		.reason = reason,
	};

	streams_tell(r, cut, sizeof(cut));
	snprintf(reason, sizeof(reason),
		"recovered from the spool of a recorder that was killed%s%s", r->missing, cut);
	json_unpack(r->state, "{s:I, s:I}", "record_begin_ns", &begin, "begin_ns", &command);
	f.begin_ns = begin ? (uint64_t)begin : rep->begin_ns;
	work.begin_ns = (uint64_t)command;
	f.workload = &work;
	return erg_describe_summary(&f);
}

static int archive_make(struct recover *r, struct erg_packets_report *rep, struct erg_err *err)
{
	_cleanup_(erg_finish_freep) struct erg_finish *f = NULL;
	int n = erg_finish_open(r->output, r->force, r->manifest, &f, err);

	part_find(r);
	if (!n && r->part)
		n = erg_finish_part(f, r->part, r->chunks, err);
	if (!n)
		n = erg_finish_rest(f, r->spool, rep, err);
	if (n)
		return n;
	r->summary = summary_make(r, rep);
	n = erg_finish_close(f, r->summary, err);
	if (n)
		return n;
	if (r->part && !r->keep)
		unlink(r->part);
	erg_say("%llu chunks, %llu packets, %llu bytes of incomplete packets cut: %s",
		(unsigned long long)erg_finish_chunks(f), (unsigned long long)rep->packets,
		(unsigned long long)rep->cut_bytes, r->output);
	return 0;
}

static int recover(struct recover *r, struct erg_err *err)
{
	struct erg_packets_report rep = {0};
	struct stat st;
	int n;

	/* its papers say which session ends and which file goes */
	if (stat(r->spool, &st) == 0 && st.st_uid != geteuid())
		return erg_fail(err, -EPERM,
			"%s: belongs to another user (%u): expected a spool of yours, or a copy of it "
			"(cp -r)",
			r->spool, (unsigned)st.st_uid);
	if (erg_spool_in_use(r->spool))
		return erg_fail(err, -EBUSY, "%s: its recorder still runs", r->spool);
	n = papers_read(r, err);
	if (n)
		return n;
	papers_complete(r);
	n = streams_judge(r, session_end(r), err);
	if (!n)
		n = archive_make(r, &rep, err);
	if (n)
		return erg_wrap(err, n, "%s", r->spool);
	if (r->missing[0])
		erg_warn("%s: the spool is kept%s", r->output, r->missing);
	if (rep.unreadable)
		erg_warn("%s: %llu traces have no metadata and cannot be read", r->output,
			(unsigned long long)rep.unreadable);
	if (!r->keep)
		erg_tree_remove(r->spool);
	return 0;
}

int erg_recover(const char *spool, const char *output, bool force, bool keep, struct erg_err *err)
{
	struct recover r = {.spool = spool, .force = force, .keep = keep};
	int n = 0;

	if (output && !(r.output = strdup(output)))
		n = erg_fail_errno(err, -ENOMEM, "%s", output);
	if (!n)
		n = recover(&r, err);
	recover_release(&r);
	return n;
}
