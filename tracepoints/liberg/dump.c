/* SPDX-License-Identifier: MIT */
/*
 * Describes the process to every session, also to one that starts late: such a session gets the
 * process, all definitions, tracks, names of threads and counters again, whatever the program is
 * doing meanwhile.
 *
 * How a new session is noticed. LTTng-UST has no public call for it. But for each session that
 * starts (or is started again) its listener thread fires the tracepoint lttng_ust_statedump:start
 * after the session has become active, and anyone may attach a probe to a tracepoint by its name
 * and signature (lttng_ust_tracepoint_provider_register, <lttng/tracepoint.h>). So
 * our probe runs exactly then, in that thread. It holds LTTng's lock, and therefore must not wait:
 * the registry is read without a lock. Where the probe cannot be attached (another LTTng with
 * another signature), the list of probes of layer_define is watched from the fast path instead:
 * LTTng replaces that list whenever a session enables or disables the event. That is later, at the
 * next end of a layer, and may miss a session that is not active yet.
 *
 * The description is written for all active sessions at once; a definition that a session gets
 * twice is the same.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tracepoints/liberg/internal.h"
#include "tracepoints/liberg/join.h"

/* Sub-buffers that are filled faster than they are read lose events: after so many definitions
 * (some 60 KiB) the consumer gets time to take them. */
#define PACE 512u
#define PACE_US 2000u

struct lttng_ust_session;

static char exe[ERG_TEXT_MAX];
static char run_id[ERG_TEXT_MAX];

static void dump_counters(void)
{
	uint32_t n = erg_counters_n();

	for (uint32_t i = 0; i < n; i++) {
		const struct erg_counter_def *c = erg_counters_get(i);

		lttng_ust_tracepoint(ergtrace, counter_define, c->index, c->name, c->origin);
	}
}

static void dump_threads(void)
{
	for (uint32_t i = 0; i < ERG_THREADS; i++) {
		struct erg_thread_def said = {0}, t;

		/* again if it was renamed meanwhile: the last event must have the last name */
		while (erg_registry_thread_get(i, &t) &&
			(t.tid != said.tid || t.name != said.name)) {
			lttng_ust_tracepoint(ergtrace, thread_define, t.tid, t.name);
			said = t;
		}
	}
}

static void describe_all(void)
{
	uint32_t layers = erg_registry_layers(), tracks = erg_registry_tracks();

	lttng_ust_tracepoint(ergtrace, process_define, run_id, "app", exe);
	for (uint32_t i = 1; i <= layers; i++) {
		lttng_ust_tracepoint(ergtrace, layer_define, erg_registry_get(i));
		if (i % PACE == 0)
			usleep(PACE_US);
	}
	for (uint32_t i = 1; i <= tracks; i++) {
		const struct erg_track_def *t = erg_registry_track_get(i);

		lttng_ust_tracepoint(ergtrace, track_define, t->track, t->name, t->device);
	}
	dump_threads();
	dump_counters();
}

/* True if no more than one session records layers: the one that has just started. */
static bool first_recorder(const struct lttng_ust_tracepoint *tp)
{
	const struct lttng_ust_tracepoint_probe *p = CMM_LOAD_SHARED(tp->probes);

	return !p || !p[0].func || !p[1].func;
}

static void session_started(void *data, struct lttng_ust_session *session)
{
	(void)data;
	(void)session;
	if (first_recorder(&ERG_TRACEPOINT(layer)) &&
		first_recorder(&ERG_TRACEPOINT(layer_counted)))
		atomic_fetch_add(&erg_state_.epoch, 1);
	describe_all();
}

void erg_dump_if_changed(void)
{
	static void *_Atomic seen;
	void *now = CMM_LOAD_SHARED(ERG_TRACEPOINT(layer_define).probes);

	if (now != atomic_load_explicit(&seen, memory_order_relaxed) &&
		now != atomic_exchange(&seen, now))
		describe_all();
}

void *erg_lttng_symbol(const char *name)
{
	struct lttng_ust_tracepoint_dlopen *lib = lttng_ust_tracepoint_dlopen_ptr;

	return lib && lib->liblttngust_handle ? dlsym(lib->liblttngust_handle, name) : NULL;
}

static int attach(void)
{
	erg_attach_fn *reg = NULL;

	*(void **)&reg = erg_lttng_symbol(ERG_ATTACH_SYMBOL);
	if (!reg)
		return -1;
	return reg(ERG_PROBE("lttng_ust_statedump", "start"),
		URCU_FORCE_CAST(void (*)(void), session_started), NULL, ERG_STATEDUMP_SIGNATURE);
}

void erg_dump_init(void)
{
	const char *run = getenv("ERG_RUN_ID");
	char path[4096], joined[ERG_JOIN_RUN_ID];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	path[n > 0 ? n : 0] = '\0';
	erg_text_clean(exe, path);
	erg_join_recording(joined);
	erg_text_clean(run_id, run && *run ? run : joined);
	erg_state_.poll_sessions = attach() != 0;
	describe_all();
}
