/* SPDX-License-Identifier: MIT */
/*
 * A child that is forked and does not exec keeps the definitions, is a process of its own in the
 * trace, and has no open layers: those are its parent's.
 *
 * LTTng-UST must be told of a fork, or the child would write into its parent's buffers under its
 * parent's pid. LTTng's way is to preload liblttng-ust-fork.so, which wraps fork(); but it loads all
 * of LTTng-UST into every program that a script starts, about 20 ms each. We make the same calls
 * (<lttng/ust-fork.h>) from the handlers of pthread_atfork, only while something records, and leave
 * it to the library where somebody has preloaded it. The child then registers with the session
 * daemon, gets its sessions, and each of them starts with the dump of dump.c.
 *
 * Order of locks: LTTng's before ours, as in the dump.
 */
#include <dlfcn.h>
#include <lttng/ust-fork.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "tracepoints/liberg/fork.h"
#include "tracepoints/liberg/internal.h"

static bool wrapped; /* liblttng-ust-fork.so does it */
/* by prepare(), read by the other two; the lock of the registry protects them */
static bool told;
static uint32_t forker;
static sigset_t mask;

static bool fork_is_wrapped(void)
{
	Dl_info info;
	void *f = dlsym(RTLD_DEFAULT, "fork");

	return f && dladdr(f, &info) && info.dli_fname && strstr(info.dli_fname, "lttng-ust-fork");
}

static void prepare(void)
{
	sigset_t saved;
	bool tell = !wrapped && lttng_ust_tracepoint_enabled(ergtrace, process_define);

	if (tell)
		lttng_ust_before_fork(&saved);
	erg_registry_lock();
	told = tell;
	forker = (uint32_t)gettid();
	if (tell)
		mask = saved;
}

static void parent(void)
{
	sigset_t saved = mask;
	bool tell = told;

	erg_registry_unlock();
	if (tell)
		lttng_ust_after_fork_parent(&saved);
}

static void child(void)
{
	sigset_t saved = mask;
	bool tell = told;

	erg_registry_threads_forked(forker, (uint32_t)gettid());
	erg_registry_unlock();
	erg_thread_forked();
	if (tell)
		lttng_ust_after_fork_child(&saved);
}

void erg_fork_init(void)
{
	wrapped = fork_is_wrapped();
	pthread_atfork(prepare, parent, child);
}
