/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The processes of a batch. Each is this program with the analysis's verb on one archive; what it prints
 * goes into memory (memfd), and into the folder of results only when it is a whole document and the
 * process ended well. So a batch that is killed leaves finished documents, and of one that was being
 * written a file under a temporary name, which nobody reads.
 */
#include "analyze/batch/batch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <jansson.h>

#include "analyze/batch/process.h"
#include "analyze/batch/key.h"
#include "formats/base/outfile.h"
#include "formats/base/progress.h"
#include "formats/base/util.h"

#define JOBS_MAX 1024u
#define STATUS_USAGE 2
#define STATUS_STRICT 3

struct slot {
	struct erg_process child; /* pid 0: free */
	struct erg_batch_item *item;
	json_t *origin;
};

struct pool {
	struct erg_batch *b;
	struct slot *slots;
	unsigned int n, busy;
	char threads[16]; /* --jobs of each process */
	struct erg_err *err;
};

/* ORIGIN: what the document would have been made of; NULL where the archive could not be read, which says
 * nothing against the document that is there. */
static void failed(struct erg_batch *b, const struct erg_batch_item *item, const json_t *origin,
	const char *why)
{
	b->failed++;
	if (origin)
		erg_batch_forget(b->results, item->name, origin);
	b->tell(b->data, item->archive, why);
}

/* The verb with --jobs in front of its own options (the last one holds), --format json behind them. */
static int start_process(const struct pool *p, struct slot *s)
{
	_cleanup_(erg_freep) const char **argv = NULL;
	size_t n = 0, at = 0;

	while (p->b->analysis[n])
		n++;
	argv = calloc(n + 7, sizeof(*argv));
	if (!argv)
		return -ENOMEM;
	argv[at++] = "erg-analyze";
	argv[at++] = p->b->analysis[0];
	argv[at++] = "--jobs";
	argv[at++] = p->threads;
	for (size_t i = 1; i < n; i++)
		argv[at++] = p->b->analysis[i];
	argv[at++] = "--format=json";
	argv[at++] = s->item->archive;
	return erg_process_start(&s->child, argv);
}

static void slot_release(struct slot *s)
{
	erg_process_release(&s->child);
	json_decref(s->origin);
	*s = (struct slot){.child = ERG_PROCESS_NONE};
}

static int document_write(const struct pool *p, const struct slot *s, const json_t *doc)
{
	_cleanup_(erg_outfile_discard) struct erg_outfile out = {0};
	char path[4096];
	int r;

	snprintf(path, sizeof(path), "%s/%s", p->b->results, s->item->name);
	r = erg_outfile_open(&out, path, p->err);
	if (r < 0)
		return r;
	errno = 0;
	if (json_dumpf(doc, out.f, JSON_COMPACT | JSON_REAL_PRECISION(9)) < 0)
		return erg_fail_errno(p->err, errno ? -errno : -EIO, "%s: cannot be written", path);
	fputc('\n', out.f);
	return erg_outfile_commit(&out, p->err);
}

#define CHANGED "the archive changed while it was analysed"

/* What the archive is now: what its key was made of, or another one, which somebody has put in its place and the process
 * may have read. */
enum now { UNKNOWN, THE_SAME, ANOTHER };

static enum now archive_now(const struct pool *p, const struct slot *s)
{
	json_auto_t *now = NULL;

	if (erg_batch_origin(s->item->archive, p->b->analysis, &now, NULL) < 0)
		return UNKNOWN;
	return json_equal(now, s->origin) ? THE_SAME : ANOTHER;
}

/* An analysis that tells of something else than the archive does so of every archive. */
static int document_load(const struct pool *p, const struct slot *s, json_t **ret)
{
	json_error_t e;

	lseek(s->child.out, 0, SEEK_SET);
	*ret = json_loadfd(s->child.out, 0, &e);
	if (json_array_size(json_object_get(*ret, "runs")) == 1)
		return 0;
	return erg_fail(p->err, -EINVAL, "%s: %s%s: expected options alone, and one run of it",
		p->b->analysis[0], s->item->archive,
		*ret ? " and others were analysed" : ": it printed no document");
}

/* The document of a process that ended well becomes the result. */
static int document_take(const struct pool *p, const struct slot *s)
{
	const bool warned = s->child.status == STATUS_STRICT;
	json_auto_t *doc = NULL, *whole = json_object();
	int r;

	if (archive_now(p, s) != THE_SAME) {
		failed(p->b, s->item, s->origin, CHANGED);
		return 0;
	}
	r = document_load(p, s, &doc);
	if (r < 0)
		return r;
	json_object_set_new(s->origin, ERG_BATCH_WARNED, json_boolean(warned));
	json_object_set(whole, ERG_BATCH_ORIGIN, s->origin); /* first: it is looked for again */
	if (!whole || json_object_update(whole, doc))
		return erg_fail(p->err, -ENOMEM, "out of memory");
	r = document_write(p, s, whole);
	if (r < 0)
		return r;
	s->item->there = true;
	p->b->made++;
	p->b->warned += warned;
	p->b->tell(p->b->data, s->item->archive, NULL);
	return 0;
}

static int ended(const struct pool *p, struct slot *s)
{
	int code = s->child.status, r = 0;
	char line[1024];

	if (code == 0 || code == STATUS_STRICT) {
		r = document_take(p, s);
		slot_release(s);
		return r;
	}
	erg_process_last_line(&s->child, line, sizeof(line));
	if (code == STATUS_USAGE)
		r = erg_fail(p->err, -EINVAL, "%s: %s", p->b->analysis[0], line);
	else /* what the analysis says of an archive that is another by now helps nobody */
		failed(p->b, s->item, s->origin, archive_now(p, s) == ANOTHER ? CHANGED : line);
	slot_release(s);
	return r;
}

static int wait_one(struct pool *p)
{
	int status;
	pid_t pid = waitpid(-1, &status, 0);

	if (pid < 0)
		return errno == EINTR ? 0 : erg_fail_errno(p->err, -errno, "waiting");
	for (unsigned int i = 0; i < p->n; i++)
		if (p->slots[i].child.pid == pid) {
			p->busy--;
			p->slots[i].child.status = erg_process_status(status);
			return ended(p, &p->slots[i]);
		}
	return 0;
}

static struct slot *free_slot(struct pool *p)
{
	for (unsigned int i = 0; i < p->n; i++)
		if (!p->slots[i].child.pid)
			return &p->slots[i];
	return NULL;
}

/* 0: its document is there, or the archive cannot be read; 1: a process works on it. */
static int begin_item(struct pool *p, struct erg_batch_item *item)
{
	struct erg_err why = {0};
	struct slot *s = free_slot(p);
	bool warned = false;
	int r;

	s->item = item;
	r = erg_batch_origin(item->archive, p->b->analysis, &s->origin, &why);
	if (r < 0) {
		failed(p->b, item, NULL, why.msg);
		return 0;
	}
	r = erg_batch_is_made(p->b->results, item->name, s->origin, &warned, p->err);
	if (r != 0) {
		item->there = r > 0;
		p->b->kept += r > 0;
		p->b->warned += warned;
		slot_release(s);
		return r < 0 ? r : 0;
	}
	r = start_process(p, s);
	if (r < 0) {
		slot_release(s);
		return erg_fail_errno(p->err, r, "%s: a process for it", item->archive);
	}
	p->busy++;
	return 1;
}

static int pool_init(struct pool *p)
{
	unsigned int cpus = (unsigned int)sysconf(_SC_NPROCESSORS_ONLN);

	p->n = p->b->jobs ? p->b->jobs : cpus ? cpus : 1;
	p->n = p->n < p->b->n ? p->n : p->b->n ? (unsigned int)p->b->n : 1;
	p->n = p->n < JOBS_MAX ? p->n : JOBS_MAX;
	snprintf(p->threads, sizeof(p->threads), "%u", cpus / p->n ? cpus / p->n : 1);
	p->slots = calloc(p->n, sizeof(*p->slots));
	for (unsigned int i = 0; p->slots && i < p->n; i++)
		p->slots[i].child = ERG_PROCESS_NONE;
	return p->slots ? 0 : erg_fail(p->err, -ENOMEM, "out of memory");
}

int erg_batch_run(struct erg_batch *b, struct erg_err *err)
{
	struct pool p = {.b = b, .err = err};
	int r = pool_init(&p);

	if (r >= 0 && mkdir(b->results, 0777) < 0 && errno != EEXIST)
		r = erg_fail_errno(err, -errno, "%s", b->results);
	for (size_t i = 0; r >= 0 && i < b->n; i++) {
		erg_progress("archives", i, b->n);
		while (r >= 0 && p.busy == p.n)
			r = wait_one(&p);
		if (r >= 0)
			r = begin_item(&p, &b->items[i]);
	}
	p.err = r < 0 ? NULL : err; /* the first error stays */
	while (p.busy) {
		int e = wait_one(&p);

		r = r < 0 ? r : e;
		p.err = r < 0 ? NULL : err;
	}
	erg_progress("archives", 1, 1);
	free(p.slots);
	return r < 0 ? r : 0;
}
