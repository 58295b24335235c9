/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Many pieces of work that do not depend on each other, by several threads. What comes out is put where the
 * piece says, never added up here, so that it is the same for any number of threads.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "analyze/attribution/pool.h"
#include "formats/base/err.h"
#include "formats/base/memory.h"
#include "formats/base/progress.h"
#include "formats/base/util.h"

struct pool {
	int (*work)(void *data, size_t i);
	void *data;
	size_t n;
	atomic_size_t next, done;
	atomic_bool failed;
	int *rc; /* per piece */
};

static bool pool_take(struct pool *p)
{
	size_t i = atomic_fetch_add(&p->next, 1);

	if (i >= p->n || atomic_load(&p->failed))
		return false;
	p->rc[i] = p->work(p->data, i);
	if (p->rc[i] < 0)
		atomic_store(&p->failed, true);
	atomic_fetch_add(&p->done, 1);
	return true;
}

static void *pool_thread(void *data)
{
	while (pool_take(data))
		;
	return NULL;
}

static size_t pool_size(unsigned int jobs, size_t n)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	size_t size = jobs ? jobs : cpus > 0 ? (size_t)cpus : 1;

	return size < n ? size : n;
}

int attr_pool_run(unsigned int jobs, size_t n, const char *what, int (*work)(void *data, size_t i),
	void *data, struct erg_err *err)
{
	size_t size = pool_size(jobs, n), started = 0;
	_cleanup_(erg_freep) int *rc = erg_noted(calloc(n + 1, sizeof(*rc)));
	_cleanup_(erg_freep) pthread_t *thread = erg_noted(calloc(size + 1, sizeof(*thread)));
	struct pool p = {.work = work, .data = data, .n = n, .rc = rc};

	if (!rc || !thread)
		return erg_fail(err, -ENOMEM, "out of memory for %zu pieces of work", n);
	/* where no thread can be had this one does it all */
	while (started + 1 < size && !pthread_create(&thread[started], NULL, pool_thread, &p))
		started++;
	do {
		if (what)
			erg_progress(what, atomic_load(&p.done), n);
	} while (pool_take(&p));
	for (size_t i = 0; i < started; i++)
		pthread_join(thread[i], NULL);
	for (size_t i = 0; i < n; i++)
		if (rc[i] < 0)
			return rc[i];
	return 0;
}
