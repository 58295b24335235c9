/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A child hands its part over in a memfd: how it ended, then one JSON text, which is parsed when all
 * before it is in the document; numbers come back exactly (17 digits). Children end with their parent, and after a
 * failure no more are begun.
 */
#include "analyze/result/apiece.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "analyze/result/document.h"
#include "formats/base/memory.h"
#include "formats/base/progress.h"
#include "formats/base/util.h"

#define CHILDREN_MAX 64u

/* One file's part: being made while PID is that of a child. */
struct part {
	pid_t pid;
	int memfd;
	int alive; /* end of a pipe whose other end the child has */
	int status;
};

struct ending {
	struct erg_err err; /* may hold a path that is no UTF-8, and so no JSON */
	int code;
	bool starved;
};

struct pool {
	const struct erg_apiece *a;
	char *const *files;
	struct part *parts;
	size_t n, begun, running;
	unsigned int jobs, inner; /* children at a time, and what each may use */
};

static void pool_release(struct pool *pool)
{
	for (size_t i = 0; pool->parts && i < pool->begun; i++) {
		struct part *p = &pool->parts[i];

		if (p->pid > 0) {
			kill(p->pid, SIGTERM);
			waitpid(p->pid, NULL, 0);
		}
		erg_closep(&p->memfd);
		erg_closep(&p->alive);
	}
	free(pool->parts);
}

/* jansson's own functions for descriptors take a system call a byte. */
static bool write_all(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len) {
		const ssize_t n = write(fd, p, len);

		if (n <= 0)
			return false;
		p += n;
		len -= (size_t)n;
	}
	return true;
}

static json_t *get_json(int fd, off_t at)
{
	const off_t end = lseek(fd, 0, SEEK_END);
	_cleanup_(erg_freep) char *text = end > at ? malloc((size_t)(end - at)) : NULL;

	if (!text || pread(fd, text, (size_t)(end - at), at) != (ssize_t)(end - at))
		return NULL;
	return json_loadb(text, (size_t)(end - at), 0, NULL);
}

/* Returns whether all of it is in MEMFD. */
static bool make_part(const struct pool *pool, const char *file, int memfd)
{
	json_auto_t *doc = erg_document_new(""), *runs = json_array(), *part = NULL;
	_cleanup_(erg_freep) char *text = NULL;
	struct ending e = {0};

	if (!doc || !runs)
		return false;
	e.code = pool->a->fn(pool->a->data, file, pool->inner, doc, runs, &e.err);
	e.starved = erg_memory_starved();
	part = json_pack("{s:O, s:O*, s:O}", "warnings", json_object_get(doc, "warnings"),
		"simulated", json_object_get(doc, "simulated"), "runs", runs);
	text = part ? json_dumps(part, JSON_COMPACT) : NULL;
	return text && write_all(memfd, &e, sizeof(e)) && write_all(memfd, text, strlen(text));
}

/* Never returns. */
static void run_child(const struct pool *pool, const char *file, int memfd, pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(1);
	erg_progress_listen(NULL); /* the parent counts the files */
	_exit(make_part(pool, file, memfd) ? 0 : 1);
}

static int begin_one(struct pool *pool, struct erg_err *err)
{
	const char *file = pool->files[pool->begun];
	struct part *p = &pool->parts[pool->begun++];
	const pid_t parent = getpid();
	int fds[2];

	*p = (struct part){.memfd = memfd_create("erg-part", MFD_CLOEXEC), .alive = -1};
	if (p->memfd < 0 || pipe2(fds, O_CLOEXEC))
		return erg_fail_errno(err, -errno, "%s: a process for it", file);
	p->pid = fork();
	if (!p->pid)
		run_child(pool, file, p->memfd, parent);
	close(fds[1]);
	p->alive = fds[0];
	if (p->pid < 0)
		return erg_fail_errno(err, -errno, "%s: a process for it", file);
	pool->running++;
	return 0;
}

/* Until one of those that run has ended. */
static void wait_one(struct pool *pool)
{
	struct pollfd fds[CHILDREN_MAX];
	size_t of[CHILDREN_MAX], n = 0;

	for (size_t i = 0; i < pool->begun; i++)
		if (pool->parts[i].pid > 0) {
			of[n] = i;
			fds[n++] = (struct pollfd){pool->parts[i].alive, POLLIN, 0};
		}
	if (poll(fds, n, -1) < 0)
		return;
	for (size_t k = 0; k < n; k++) {
		struct part *p = &pool->parts[of[k]];

		if (!fds[k].revents)
			continue;
		waitpid(p->pid, &p->status, 0);
		p->pid = 0;
		erg_closep(&p->alive);
		p->alive = -1;
		pool->running--;
	}
}

static int died(const char *file, int status, struct erg_err *err)
{
	if (WIFSIGNALED(status))
		return erg_fail(err, -ECHILD, "%s: its analysis died: %s", file,
			strsignal(WTERMSIG(status)));
	return erg_fail(err, -ENOMEM, "%s: out of memory", file);
}

static int merge_part(const json_t *part, json_t *doc, json_t *runs, struct erg_err *err)
{
	const json_t *simulated = json_object_get(part, "simulated");

	if (simulated)
		erg_document_label(doc, json_is_true(simulated));
	if (json_array_extend(json_object_get(doc, "warnings"),
		    json_object_get(part, "warnings")) ||
		json_array_extend(runs, json_object_get(part, "runs")))
		return erg_fail(err, -ENOMEM, "out of memory");
	return 0;
}

/* The part of file I, whose child has ended, to the document. */
static int take_part(struct pool *pool, size_t i, json_t *doc, json_t *runs, struct erg_err *err)
{
	const int memfd = pool->parts[i].memfd, status = pool->parts[i].status;
	json_auto_t *part = NULL;
	struct ending e;

	if (status || pread(memfd, &e, sizeof(e), 0) != (ssize_t)sizeof(e))
		return died(pool->files[i], status, err);
	if (e.starved)
		erg_memory_note();
	if (e.code < 0) {
		if (err)
			*err = e.err;
		return e.code;
	}
	part = get_json(memfd, sizeof(e));
	close(memfd);
	pool->parts[i].memfd = -1;
	return part ? merge_part(part, doc, runs, err) : died(pool->files[i], 0, err);
}

/* Tells of the runs from FROM on. */
static int tell_taken(const struct erg_apiece *a, const json_t *runs, size_t from,
	struct erg_err *err)
{
	int r = 0;

	for (size_t i = from; r >= 0 && a->taken && i < json_array_size(runs); i++)
		r = a->taken(a->data, json_array_get(runs, i), err);
	return r;
}

#define AHEAD 4u /* times as many as run may wait to be taken: each is an open file */

static int run_pool(struct pool *pool, json_t *doc, json_t *runs, struct erg_err *err)
{
	size_t taken = 0;
	int r = 0;

	while (!r && taken < pool->n) {
		while (!r && pool->running < pool->jobs && pool->begun < pool->n &&
			pool->begun < taken + AHEAD * pool->jobs)
			r = begin_one(pool, err);
		if (!r && pool->parts[taken].pid > 0)
			wait_one(pool);
		while (!r && taken < pool->begun && pool->parts[taken].pid == 0) {
			const size_t before = json_array_size(runs);

			r = take_part(pool, taken++, doc, runs, err);
			if (!r)
				r = tell_taken(pool->a, runs, before, err);
			erg_progress("archives", taken, pool->n);
		}
	}
	return r;
}

static int run_here(const struct erg_apiece *a, char *const *files, size_t n, json_t *doc,
	json_t *runs, struct erg_err *err)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < n; i++) {
		const size_t before = json_array_size(runs);

		erg_progress("archives", i, n);
		r = a->fn(a->data, files[i], a->jobs, doc, runs, err);
		if (r >= 0)
			r = tell_taken(a, runs, before, err);
	}
	erg_progress("archives", 1, 1);
	return r;
}

int erg_apiece_run(const struct erg_apiece *a, char *const *files, size_t n, json_t *doc,
	json_t *runs, struct erg_err *err)
{
	_cleanup_(pool_release) struct pool pool = {.a = a, .files = files, .n = n};
	const long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	const unsigned int all = a->jobs ? a->jobs : cpus > 0 ? (unsigned int)cpus : 1;

	pool.jobs = all < CHILDREN_MAX ? all : CHILDREN_MAX;
	if (n < pool.jobs)
		pool.jobs = (unsigned int)n;
	if (pool.jobs < 2)
		return run_here(a, files, n, doc, runs, err);
	pool.inner = all / pool.jobs;
	pool.parts = calloc(n, sizeof(*pool.parts));
	if (!pool.parts)
		return erg_fail(err, -ENOMEM, "out of memory");
	return run_pool(&pool, doc, runs, err);
}
