/* SPDX-License-Identifier: MIT */
/* See options.h. */
#include <pthread.h>
#include <stdlib.h>

#include "tracepoints/adapters/onnxruntime/options.h"
#include "tracepoints/adapters/onnxruntime/original.h"

struct options {
	struct options *next;
	const void *options;
	bool profiled, busy;
};

static struct options *all;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t given = PTHREAD_COND_INITIALIZER;

static struct options *find_options(const void *options)
{
	struct options *o = all;

	while (o && o->options != options)
		o = o->next;
	return o;
}

/* With the lock. NULL when memory runs out. */
static struct options *get_options(const void *options)
{
	struct options *o = find_options(options);

	if (o || !(o = calloc(1, sizeof(*o))))
		return o;
	o->options = options;
	o->next = all;
	all = o;
	return o;
}

static void set_profiled(const void *options, bool profiled)
{
	struct options *o;

	pthread_mutex_lock(&lock);
	o = profiled ? get_options(options) : find_options(options);
	if (o)
		o->profiled = profiled;
	pthread_mutex_unlock(&lock);
}

bool erg_ort_options_take(const void *options)
{
	struct options *o;
	bool profiled;

	pthread_mutex_lock(&lock);
	while ((o = get_options(options)) && o->busy)
		pthread_cond_wait(&given, &lock);
	profiled = o && o->profiled;
	if (o && !profiled)
		o->busy = true;
	pthread_mutex_unlock(&lock);
	return profiled;
}

void erg_ort_options_give(const void *options)
{
	struct options *o;

	pthread_mutex_lock(&lock);
	o = find_options(options);
	if (o)
		o->busy = false;
	pthread_cond_broadcast(&given);
	pthread_mutex_unlock(&lock);
}

void *erg_ort_options_enable(void *options, const char *prefix)
{
	void *status = ORIGINAL(ORT_ENABLE_PROFILING, erg_ort_enable_profiling)(options, prefix);

	if (!status)
		set_profiled(options, true);
	return status;
}

void *erg_ort_options_disable(void *options)
{
	set_profiled(options, false);
	return ORIGINAL(ORT_DISABLE_PROFILING, erg_ort_disable_profiling)(options);
}

void *erg_ort_options_clone(const void *options, void **ret)
{
	void *status = ORIGINAL(ORT_CLONE_SESSION_OPTIONS, erg_ort_clone_options)(options, ret);
	const struct options *o;
	bool profiled;

	pthread_mutex_lock(&lock);
	o = find_options(options);
	profiled = o && o->profiled;
	pthread_mutex_unlock(&lock);
	if (!status && profiled)
		set_profiled(*ret, true);
	return status;
}

void erg_ort_options_release(void *options)
{
	struct options **at, *gone = NULL;

	pthread_mutex_lock(&lock);
	for (at = &all; *at && (*at)->options != options; at = &(*at)->next)
		;
	if (*at) {
		gone = *at;
		*at = gone->next;
	}
	pthread_mutex_unlock(&lock);
	free(gone);
	ORIGINAL(ORT_RELEASE_SESSION_OPTIONS, erg_ort_release)(options);
}

static void fork_prepare(void)
{
	pthread_mutex_lock(&lock);
}

static void fork_parent(void)
{
	pthread_mutex_unlock(&lock);
}

/* The sessions that other threads were making are not made here, and who waited for that is not here. */
static void fork_child(void)
{
	given = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
	for (struct options *o = all; o; o = o->next)
		o->busy = false;
	pthread_mutex_unlock(&lock);
}

static __attribute__((constructor)) void follow_forks(void)
{
	pthread_atfork(fork_prepare, fork_parent, fork_child);
}
