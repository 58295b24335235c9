/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `erg-record import`: a power log that something else wrote, and when which layer ran, as an
 * archive with the same standing as one that was recorded. The same inputs and options give the
 * same bytes: the run's id is a hash of them, and no time but the log's own is kept.
 */
#include "record/import/import.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#include "formats/archive/archive.h"
#include "formats/manifest.h"
#include "formats/base/memory.h"
#include "formats/base/tree.h"
#include "formats/base/util.h"
#include "formats/base/say.h"
#include "formats/base/terminal.h"
#include "record/import/job.h"

/* Of readings of a few channels: 6 saves a hundredth and takes more than twice as long. */
#define ZSTD_LEVEL 3

static volatile int interrupted;

static void on_signal(int sig)
{
	interrupted = sig;
}

/* Where many rows are kept too: the trace of them will need more. */
static char *folder_of(const char *output)
{
	const char *slash = strrchr(output, '/');

	return slash ? strndup(output, (size_t)(slash - output) + 1) : strdup(".");
}

/* A folder for the trace beside the output: the space is needed there anyway. */
static char *make_folder(const char *output)
{
	const char *slash = strrchr(output, '/');
	char *dir = NULL;

	if (asprintf(&dir, "%.*s.erg-import-XXXXXX", slash ? (int)(slash - output) + 1 : 0,
		    output) < 0)
		return NULL;
	if (!mkdtemp(dir)) {
		free(dir);
		return NULL;
	}
	return dir;
}

static uint64_t mtime_of(const char *path)
{
	struct stat st;

	/* a pipe's is the time of this run, which the same input would not give again */
	return stat(path, &st) < 0 || !S_ISREG(st.st_mode)
		? 0
		: (uint64_t)st.st_mtim.tv_sec * ERG_NSEC_PER_SEC;
}

static int add_traces(struct erg_archive_writer *w, const char *dir, struct erg_err *err)
{
	_cleanup_(erg_freep) char *traces = NULL;

	if (asprintf(&traces, "%s/trace", dir) < 0) {
		traces = NULL;
		return erg_fail_errno(err, -ENOMEM, "%s", dir);
	}
	erg_archive_expect(w, erg_tree_bytes(traces));
	return erg_archive_add_tree(w, "trace", traces, err);
}

struct chunks {
	const struct erg_import_job *j;
	const char *dir; /* of the chunks */
	struct erg_archive_writer *w;
};

/* Archives a chunk while the next one is written; what goes onto a recording has its place behind that. */
static int take_chunk(void *data, unsigned int chunk, bool last, struct erg_err *err)
{
	const struct chunks *c = data;
	_cleanup_(erg_freep) char *path = NULL;
	char member[32];
	int r = erg_import_set_uuid(c->dir, chunk, c->j->uuid, err);

	if (r < 0 || c->j->o->onto)
		return r;
	snprintf(member, sizeof(member), "trace/%04u", chunk);
	if (asprintf(&path, "%s/%04u", c->dir, chunk) < 0) {
		path = NULL;
		return erg_fail_errno(err, -ENOMEM, "%s", c->dir);
	}
	if (last) /* nothing else is told meanwhile */
		erg_archive_expect(c->w, erg_tree_bytes(path));
	r = erg_archive_add_tree(c->w, member, path, err);
	erg_tree_remove(path);
	return r;
}

static int write_traces(const struct erg_import_job *j, const char *dir, const char *traces,
	struct erg_archive_writer *w, struct erg_err *err)
{
	struct chunks chunks = {.j = j, .dir = traces, .w = w};
	struct erg_import_trace trace = {.run_id = j->run_id,
		.kind = j->kind,
		.log = &j->log,
		.layers = j->o->layers ? &j->layers : NULL,
		.origin_ns = j->origin_ns,
		.first_source = j->onto.sources,
		.pid = j->onto.pid,
		.interrupted = &interrupted,
		.chunk = take_chunk,
		.data = &chunks};
	int r = j->o->onto ? erg_import_onto_extract(&j->onto, dir, err) : 0;

	if (r == 0 && mkdir(traces, 0777) < 0)
		r = erg_fail_errno(err, -errno, "%s", traces);
	if (r == 0)
		r = erg_import_write(&trace, traces, err);
	if (r == 0 && j->o->onto)
		r = erg_import_onto_place(&j->onto, dir, err);
	return r == 0 && j->o->onto ? add_traces(w, dir, err) : r;
}

static int write_archive(const struct erg_import_job *j, const json_t *manifest, const char *dir,
	struct erg_archive_writer *w, struct erg_err *err)
{
	json_auto_t *summary = erg_import_summary(j);
	_cleanup_(erg_freep) char *traces = NULL;
	int r;

	if (asprintf(&traces, "%s/%s", dir, j->o->onto ? "new" : "trace") < 0) {
		traces = NULL;
		return erg_fail_errno(err, -ENOMEM, "%s", j->o->output);
	}
	if (!summary)
		return erg_fail_errno(err, -ENOMEM, "%s", j->o->output);
	r = erg_manifest_store(w, manifest, err);
	if (r == 0)
		r = write_traces(j, dir, traces, w, err);
	if (r == 0)
		r = erg_manifest_store(w, summary, err);
	if (r == 0 && interrupted)
		r = erg_fail(err, -EINTR, "interrupted");
	if (r == 0)
		r = erg_memory_starved() ? erg_fail_errno(err, -ENOMEM, "%s", j->o->output)
					 : erg_archive_commit(w, err);
	return r;
}

static int write_output(struct erg_import_job *j, struct erg_err *err)
{
	_cleanup_(erg_archive_writer_freep) struct erg_archive_writer *w = NULL;
	struct erg_archive_options opt = {.force = j->o->force,
		.level = ZSTD_LEVEL,
		.mtime_ns = mtime_of(j->log.path)};
	_cleanup_(erg_freep) char *dir = NULL;
	json_t *manifest = erg_import_manifest(j);
	int r = manifest ? erg_archive_create(j->o->output, &opt, &w, err)
			 : erg_fail_errno(err, -ENOMEM, "%s", j->o->output);

	if (r == 0) {
		dir = make_folder(j->o->output);
		r = dir ? write_archive(j, manifest, dir, w, err)
			: erg_fail_errno(err, -errno, "%s: a folder beside it", j->o->output);
	}
	if (dir)
		erg_tree_remove(dir);
	json_decref(manifest);
	return r;
}

static void tell_notes(const struct erg_import_job *j)
{
	const json_t *note;
	size_t i;

	json_array_foreach (j->notes, i, note)
		erg_warn("%s", json_string_value(json_object_get(note, "text")));
}

/* What the archive has, and what to do with it; layers may be those of the recording that it was added to. */
static void say_done(const struct erg_import_job *j)
{
	_cleanup_(erg_freep) char *file = erg_terminal_word(j->o->output);

	erg_say("%s: %zu readings of %zu channels over %.9g s, %zu layers; next: erg-analyze %s %s",
		j->o->output, j->log.n, j->log.n_channels,
		(double)(erg_import_last_time(j) - erg_import_first_time(j)) * 1e-9,
		j->layers.n_spans, j->layers.n_spans || j->o->onto ? "layers" : "totals",
		file ? file : "FILE.erg");
}

static int import(const struct erg_import_options *o, struct erg_err *err)
{
	struct erg_import_job j = {.o = o, .notes = json_array(), .stale = json_array()};
	struct sigaction act = {.sa_handler = on_signal}, old_int, old_term;
	int r;

	sigaction(SIGINT, &act, &old_int);
	sigaction(SIGTERM, &act, &old_term);
	j.folder = folder_of(o->output);
	j.log.folder = j.folder;
	r = j.folder ? erg_import_inputs(&j, err) : erg_fail_errno(err, -ENOMEM, "%s", o->output);
	tell_notes(&j);
	if (r == 0)
		r = write_output(&j, err);
	if (r == 0)
		say_done(&j);
	if (r == 0 && o->strict && json_array_size(j.notes) > 0)
		r = 3;
	erg_import_log_release(&j.log);
	free(j.folder);
	erg_import_layers_release(&j.layers);
	erg_import_onto_release(&j.onto);
	json_decref(j.notes);
	json_decref(j.stale);
	sigaction(SIGINT, &old_int, NULL);
	sigaction(SIGTERM, &old_term, NULL);
	return r;
}

int erg_import(int argc, char **argv, struct erg_err *err)
{
	struct erg_import_options o;
	int r = erg_import_options_parse(argc, argv, &o);

	r = r == 0 ? import(&o, err) : r == 1 ? 0 : r;
	erg_import_options_release(&o);
	return r;
}
