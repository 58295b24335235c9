/* SPDX-License-Identifier: MIT */
/*
 * What belongs to a thread: the stack of its open layers, its counters, its iteration. Made at the
 * first use and freed when the thread ends; a thread that only runs without a session costs
 * nothing. The thread-local variable is one pointer, so that the library can still be loaded late
 * (dlopen) although it uses the fast model of thread-local storage.
 */
#include <pthread.h>
#include <stdlib.h>

#include "tracepoints/liberg/internal.h"

__thread struct erg_thread *erg_self_ __attribute__((tls_model("initial-exec")));

static pthread_key_t key;
static bool key_made;

static void free_thread(void *p)
{
	struct erg_thread *t = p;

	erg_self_ = NULL;
	erg_deferred_leave(t);
	erg_live_leave(t);
	erg_perf_close(t->perf);
	free(t->readings);
	free(t);
}

void erg_thread_init(void)
{
	key_made = pthread_key_create(&key, free_thread) == 0;
}

struct erg_thread *erg_thread_make(void)
{
	struct erg_thread *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	if (key_made && pthread_setspecific(key, t)) {
		free(t);
		return NULL;
	}
	erg_self_ = t;
	return t;
}

void erg_thread_forked(void)
{
	struct erg_thread *t = erg_self_;

	if (!t)
		return;
	erg_perf_close(t->perf);
	t->perf = NULL;
	t->perf_tried = false;
	t->depth = 0;
	erg_deferred_forked(t);
	t->live = NULL; /* the parent's */
	if (t->readings)
		t->readings->last_ns = 0;
}
