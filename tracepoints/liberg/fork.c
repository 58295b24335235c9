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
 * Registering takes milliseconds, and most children never call liberg: they become other programs, or
 * do work of another kind. So a child first only gives back what was locked for the fork, as its parent
 * does, and forgets the parent's threads (urcu would wait for them for ever); what it inherited stays
 * switched on but unused, until its first call into liberg finishes the fork. While one thread does that,
 * LTTng forgets what the parent had switched on, and other threads would take it for "nobody records": a
 * probe of our own keeps the layers' events on meanwhile, so that those threads come here and wait. Until the first call other
 * providers' events in the child would bear its parent's pid: with ERG_FORK_AT_ONCE=1, which the
 * recorder sets when it records such events, a child registers at once.
 *
 * Order of locks: settling, LTTng's, ours, as in the dump.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tracepoints/liberg/fork.h"
#include "tracepoints/liberg/internal.h"
#ifdef ERG_LTTNG_UST_2_12
#include <lttng/ust.h>
#include <urcu-bp.h>
#define lttng_ust_before_fork ust_before_fork
#define lttng_ust_after_fork_parent ust_after_fork_parent
#define lttng_ust_after_fork_child ust_after_fork_child
#define lttng_ust_urcu_before_fork urcu_bp_before_fork
#define lttng_ust_urcu_after_fork_child urcu_bp_after_fork_child
#else
#include <lttng/urcu/urcu-ust.h>
#include <lttng/ust-fork.h>
#endif
#include "tracepoints/liberg/join.h"

static erg_attach_fn *attach_probe;
static erg_detach_fn *detach_probe;
static bool wrapped; /* liblttng-ust-fork.so does it */
static bool at_once;
/* by prepare_fork(), read by the other two; the lock of the registry protects them */
static bool told;
static uint32_t forker;
static sigset_t mask;
/* Held while a child settles, and by a fork, so that a grandchild never finds it half done. */
static pthread_mutex_t settling = PTHREAD_MUTEX_INITIALIZER;
/* This thread settles: LTTng itself may fork then. */
static __thread bool settles __attribute__((tls_model("initial-exec")));

static bool fork_is_wrapped(void)
{
	Dl_info info;
	void *f = dlsym(RTLD_DEFAULT, "fork");

	return f && dladdr(f, &info) && info.dli_fname && strstr(info.dli_fname, "lttng-ust-fork");
}

static void prepare_fork(void)
{
	sigset_t saved;
	bool tell;

	if (settles)
		return;
	pthread_mutex_lock(&settling);
	tell = !wrapped && lttng_ust_tracepoint_enabled(ergtrace, process_define);
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

	if (settles)
		return;
	erg_registry_unlock();
	if (tell)
		lttng_ust_after_fork_parent(&saved);
	pthread_mutex_unlock(&settling);
}

/* What the child has of its parent's sessions stays until settle_child(). */
static void postpone(sigset_t *saved)
{
	lttng_ust_after_fork_parent(saved);
	lttng_ust_urcu_before_fork();
	lttng_ust_urcu_after_fork_child();
	atomic_store(&erg_state_.forked, true);
}

static void child(void)
{
	sigset_t saved = mask;
	bool tell = told;

	if (settles)
		return;
	erg_registry_threads_forked(forker, (uint32_t)gettid());
	erg_registry_unlock();
	erg_thread_forked();
	if (wrapped || (tell && at_once))
		erg_join_again();
	if (tell && at_once)
		lttng_ust_after_fork_child(&saved);
	else if (tell)
		postpone(&saved);
	pthread_mutex_unlock(&settling);
}

static void keep_on(void *data)
{
	(void)data; /* called with the event's fields behind it, which nobody reads */
}

static void layers_hold(void)
{
	ERG_PROBE_ATTACH(attach_probe, layer, keep_on);
	ERG_PROBE_ATTACH(attach_probe, layer_counted, keep_on);
}

static void layers_let_go(void)
{
	ERG_PROBE_DETACH(detach_probe, layer, keep_on);
	ERG_PROBE_DETACH(detach_probe, layer_counted, keep_on);
}

/*
 * Other threads of the child wait; LTTng's own do not come here, since what they call (dump.c) does not
 * settle. The child joins before LTTng registers it, so that its events are on when that is done.
 */
static void settle_child(void)
{
	sigset_t saved;

	if (settles)
		return;
	settles = true; /* a signal's handler that runs a layer goes on meanwhile */
	pthread_mutex_lock(&settling);
	if (atomic_load(&erg_state_.forked)) {
		layers_hold();
		lttng_ust_before_fork(&saved);
		erg_join_again();
		lttng_ust_after_fork_child(&saved);
		layers_let_go();
		atomic_store(&erg_state_.forked, false);
	}
	pthread_mutex_unlock(&settling);
	settles = false;
}

void erg_fork_init(void)
{
	const char *eager = getenv("ERG_FORK_AT_ONCE");

	*(void **)&attach_probe = erg_lttng_symbol(ERG_ATTACH_SYMBOL);
	*(void **)&detach_probe = erg_lttng_symbol(ERG_DETACH_SYMBOL);
	at_once = (eager && !strcmp(eager, "1")) || !attach_probe || !detach_probe;
	wrapped = fork_is_wrapped();
	erg_state_.settle = settle_child;
	pthread_atfork(prepare_fork, parent, child);
}
