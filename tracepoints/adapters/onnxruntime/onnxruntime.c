/* SPDX-License-Identifier: MIT */
/*
 * Layers of programs that are linked with a shared ONNX Runtime, or open it. When this library is preloaded
 * they get some of its functions from here (base.c), those around a session:
 *
 * - a session that is made while something records gets profiling enabled on its options, which are
 *   put back when it is made (options.c);
 * - when it is released, and at exit, the profile is read and written as spans (profile.c): names,
 *   operators and shapes as ONNX Runtime has them after fusion;
 * - runs are counted, and the clock is noted at each.
 *
 * A session that the application profiles itself is left as it is: we read the file that it gets.
 *
 * A session's profile ends but once, and must not end while it runs: ONNX Runtime's profiler refuses
 * then (ORT_ENFORCE) and the run fails. So the end waits for the runs, and runs that come meanwhile
 * wait for the end.
 *
 * A child of fork that goes on with a session of its parent has the rest of it for itself (inherit.c).
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tracepoints/adapters/common.h"
#include "tracepoints/adapters/onnxruntime/clock.h"
#include "tracepoints/adapters/onnxruntime/ending.h"
#include "tracepoints/adapters/onnxruntime/onnxruntime.h"
#include "tracepoints/adapters/onnxruntime/options.h"
#include "tracepoints/adapters/onnxruntime/original.h"
#include "tracepoints/adapters/onnxruntime/folder.h"
#include "tracepoints/adapters/onnxruntime/session.h"

#define EXIT_WAIT_S 1 /* for runs that go on in other threads while the program ends */

struct session {
	struct session *next;
	void *session;
	struct erg_ort_network *network;
	FILE *f; /* NULL: the application's own profile */
	uint64_t start_ns;
	uint64_t runs; /* that went well */
	uint32_t running;
	bool ending, ended;
	bool inherited;   /* from the parent, whose profile it still has */
	uint32_t process; /* that has it from its parent; 0: the one that made it */
};

static void end_all(void);

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct session *sessions;

/* ---- the end of a session ---- */

/* The file that ONNX Runtime has written is PATH, where it is not ours. */
static void take_profile(struct session *s, const char *path)
{
	FILE *f = s->f ? s->f : path && *path ? fopen(path, "re") : NULL;

	s->f = NULL;
	if (f)
		erg_ort_profile_finish(f, s->network, s->start_ns, s->runs, s->process);
	else
		erg_ort_say(s->network->name, "its profile cannot be opened: no layers");
}

/* Waits until nothing runs in S, at most until UNTIL if that is not NULL; with the lock. */
static bool quiet_wait(struct session *s, const struct timespec *until)
{
	int r = 0;

	s->ending = true;
	while (s->running && !r)
		r = until ? pthread_cond_timedwait(&changed, &lock, until)
			  : pthread_cond_wait(&changed, &lock);
	return !s->running;
}

static void ended(struct session *s)
{
	pthread_mutex_lock(&lock);
	s->ending = false;
	s->ended = true;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

/* Ends the profile of S, of which nobody else holds the end, and writes its layers. */
static void end_profile(struct session *s, const struct timespec *until)
{
	struct erg_ort_allocator *allocator = NULL;
	char *path = NULL;
	bool quiet;

	pthread_mutex_lock(&lock);
	quiet = quiet_wait(s, until);
	pthread_mutex_unlock(&lock);
	if (!quiet)
		erg_ort_say(s->network->name, "runs while the program ends: no layers");
	else if (!erg_ort_well(ORIGINAL(ORT_GET_DEFAULT_ALLOCATOR, erg_ort_default_allocator)(
			 &allocator)) ||
		!erg_ort_well(ORIGINAL(ORT_SESSION_END_PROFILING, erg_ort_end_profiling)(s->session,
			allocator, &path)))
		erg_ort_say(s->network->name, "its profile could not be ended: no layers");
	else
		take_profile(s, path);
	if (path)
		allocator->free(allocator, path);
	ended(s);
}

/* With the lock, in a child of fork: from here on S writes a file of its own. An application's own profile
 * is not touched. */
static void disinherit(struct session *s)
{
	int fd = s->f ? erg_ort_file_part(fileno(s->f)) : -1;

	s->inherited = false;
	if (s->f)
		fclose(s->f);
	s->f = fd < 0 ? NULL : fdopen(fd, "r");
	if (!s->f && fd >= 0)
		close(fd);
}

/* The same, of one that is run: its profile goes on. */
static void go_on(struct session *s)
{
	disinherit(s);
	if (!s->f) {
		erg_ort_say(s->network->name,
			"goes on in a child of fork, where its profile cannot be parted from that of the "
			"parent: no layers there");
		return;
	}
	s->ended = false;
	s->runs = 0;
	s->process = (uint32_t)getpid();
	erg_ort_at_end(end_all);
}

/* With the lock: the session, if it is one of ours whose profile goes on. */
static struct session *session_find(const void *session)
{
	struct session *s = sessions;

	while (s && s->session != session)
		s = s->next;
	return s;
}

/* Takes S from the list. */
static void session_forget(struct session *gone)
{
	struct session **at;

	pthread_mutex_lock(&lock);
	for (at = &sessions; *at && *at != gone; at = &(*at)->next)
		;
	if (*at)
		*at = gone->next;
	pthread_mutex_unlock(&lock);
	if (gone->f)
		fclose(gone->f);
	free(gone);
}

static void release_session(void *session)
{
	struct session *s;
	bool over = true;

	pthread_mutex_lock(&lock);
	s = session_find(session);
	if (s && s->inherited)
		disinherit(s); /* ONNX Runtime writes the profile then */
	if (s)
		over = s->ended || s->ending;
	pthread_mutex_unlock(&lock);
	if (s && !over)
		end_profile(s, NULL);
	if (s)
		session_forget(s);
	ORIGINAL(ORT_RELEASE_SESSION, erg_ort_release)(session);
}

/* What ONNX Runtime answers where no profile was enabled: an empty name. */
static void *no_profile(struct erg_ort_allocator *allocator, char **ret)
{
	*ret = allocator->alloc(allocator, 1);
	if (*ret)
		**ret = '\0';
	return NULL;
}

/* The application ends the profile. If that is ours, there is none as far as it knows. */
static void *end_profiling(void *session, struct erg_ort_allocator *allocator, char **ret)
{
	struct session *s;
	bool own;
	void *status;

	pthread_mutex_lock(&lock);
	s = session_find(session);
	own = s && s->f;
	pthread_mutex_unlock(&lock);
	if (own)
		return no_profile(allocator, ret);
	status =
		ORIGINAL(ORT_SESSION_END_PROFILING, erg_ort_end_profiling)(session, allocator, ret);
	if (s && !s->ended && !status) {
		take_profile(s, *ret);
		ended(s);
	}
	return status;
}

/* At exit, before ONNX Runtime's own objects go: ours was registered later. In one thread only, but
 * a signal and exit may come together: what one has taken the other leaves. */
static void end_all(void)
{
	struct timespec until;
	struct session *s;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += EXIT_WAIT_S;
	do {
		pthread_mutex_lock(&lock);
		for (s = sessions; s && (s->ended || s->ending); s = s->next)
			;
		if (s)
			s->ending = true;
		pthread_mutex_unlock(&lock);
		if (s)
			end_profile(s, &until);
	} while (s);
}

/* ---- runs ---- */

static struct session *run_begin(const void *session)
{
	struct session *s;

	pthread_mutex_lock(&lock);
	s = session_find(session);
	while (s && s->ending)
		pthread_cond_wait(&changed, &lock);
	if (s && s->inherited)
		go_on(s);
	if (s && s->ended)
		s = NULL;
	if (s)
		s->running++;
	pthread_mutex_unlock(&lock);
	if (s)
		erg_ort_clock_note();
	return s;
}

static void run_end(struct session *s, const void *status)
{
	if (!s)
		return;
	pthread_mutex_lock(&lock);
	s->runs += !status;
	s->running--;
	if (s->ending)
		pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

static void *ort_run(void *session, const void *run_options, const char *const *input_names,
	const void *const *inputs, size_t n_inputs, const char *const *output_names,
	size_t n_outputs, void **outputs)
{
	struct session *s = run_begin(session);
	void *status = ORIGINAL(ORT_RUN, erg_ort_run)(session, run_options, input_names, inputs,
		n_inputs, output_names, n_outputs, outputs);

	run_end(s, status);
	return status;
}

static void *run_with_binding(void *session, const void *run_options, const void *binding)
{
	struct session *s = run_begin(session);
	void *status = ORIGINAL(ORT_RUN_WITH_BINDING, erg_ort_run_with_binding)(session,
		run_options, binding);

	run_end(s, status);
	return status;
}

/* ---- making a session ---- */

struct making {
	const void *options; /* what the session is made with */
	void *made;          /* options that are ours */
	bool own;            /* the profile is ours */
	bool theirs;         /* the application's */
	struct erg_ort_folder folder;
};

/* With a PATH that nobody can read ONNX Runtime would write, besides its error, that there is no profile. */
static void making_begin(struct making *m, const void *options, const char *path)
{
	void *writable;

	*m = (struct making){.options = options, .folder.lock = -1};
	if (!erg_enabled() || (path && access(path, R_OK) < 0))
		return;
	if (!options &&
		!erg_ort_well(
			ORIGINAL(ORT_CREATE_SESSION_OPTIONS, erg_ort_create_options)(&m->made)))
		return;
	if (!options)
		m->options = m->made;
	m->theirs = erg_ort_options_take(m->options);
	if (m->theirs)
		return;
	erg_ort_clock_note();
	memcpy(&writable, &m->options, sizeof(writable));
	erg_ort_folder_make(&m->folder);
	m->own = m->folder.lock >= 0;
	if (m->own &&
		!erg_ort_well(ORIGINAL(ORT_ENABLE_PROFILING, erg_ort_enable_profiling)(writable,
			m->folder.prefix))) {
		erg_ort_folder_remove(&m->folder);
		m->own = false;
	}
	if (!m->own)
		erg_ort_say(NULL, "no folder for a profile can be made: no layers");
}

/* The graph's name, where the session comes from memory. */
static struct erg_ort_network *network_of_graph(void *session, size_t size)
{
	struct erg_ort_allocator *allocator = NULL;
	struct erg_ort_network *network;
	void *metadata = NULL;
	char *name = NULL;

	if (erg_ort_well(
		    ORIGINAL(ORT_GET_DEFAULT_ALLOCATOR, erg_ort_default_allocator)(&allocator)) &&
		erg_ort_well(ORIGINAL(ORT_SESSION_GET_MODEL_METADATA,
			erg_ort_model_metadata)(session, &metadata)))
		erg_ort_well(ORIGINAL(ORT_MODEL_METADATA_GET_GRAPH_NAME,
			erg_ort_graph_name)(metadata, allocator, &name));
	network = erg_ort_network(name && *name ? name : erg_adapter_program(), size);
	if (name)
		allocator->free(allocator, name);
	if (metadata)
		ORIGINAL(ORT_RELEASE_MODEL_METADATA, erg_ort_release)(metadata);
	return network;
}

static uint64_t path_key(const char *path)
{
	char *full = realpath(path, NULL);
	uint64_t key = erg_ort_key(full ? full : path);

	free(full);
	return key;
}

static void session_add(void *session, FILE *f, struct erg_ort_network *network)
{
	struct session *s = network ? calloc(1, sizeof(*s)) : NULL;

	if (!s) {
		if (f)
			fclose(f);
		return;
	}
	s->session = session;
	s->f = f;
	s->network = network;
	if (!erg_ort_well(ORIGINAL(ORT_SESSION_GET_PROFILING_START,
		    erg_ort_profiling_start)(session, &s->start_ns)))
		s->start_ns = 0;
	pthread_mutex_lock(&lock);
	s->next = sessions;
	sessions = s;
	erg_ort_at_end(end_all);
	pthread_mutex_unlock(&lock);
}

/* SESSION was made, from PATH or from SIZE bytes; NULL: it was not. */
static void making_end(struct making *m, void *session, const char *path, size_t size)
{
	FILE *f = NULL;
	void *writable;

	memcpy(&writable, &m->options, sizeof(writable));
	if (m->own) {
		erg_ort_well(ORIGINAL(ORT_DISABLE_PROFILING, erg_ort_disable_profiling)(writable));
		f = erg_ort_folder_take(&m->folder);
	}
	if (m->options && !m->theirs)
		erg_ort_options_give(m->options);
	if (m->made)
		erg_ort_options_release(m->made);
	if (session && (f || m->theirs))
		session_add(session, f,
			path ? erg_ort_network(path, path_key(path))
			     : network_of_graph(session, size));
	else if (f)
		fclose(f);
	else if (session && m->own)
		erg_ort_say(path, "it wrote no profile: no layers");
}

static void *create(const void *env, const char *path, const void *options, void **ret)
{
	struct making m;
	void *status;

	making_begin(&m, options, path);
	status = ORIGINAL(ORT_CREATE_SESSION, erg_ort_create)(env, path, m.options, ret);
	making_end(&m, status ? NULL : *ret, path, 0);
	return status;
}

static void *create_from_array(const void *env, const void *model, size_t size, const void *options,
	void **ret)
{
	struct making m;
	void *status;

	making_begin(&m, options, NULL);
	status = ORIGINAL(ORT_CREATE_SESSION_FROM_ARRAY, erg_ort_create_from_array)(env, model,
		size, m.options, ret);
	making_end(&m, status ? NULL : *ret, NULL, size);
	return status;
}

static void *create_prepacked(const void *env, const char *path, const void *options,
	void *container, void **ret)
{
	struct making m;
	void *status;

	making_begin(&m, options, path);
	status = ORIGINAL(ORT_CREATE_SESSION_PREPACKED, erg_ort_create_prepacked)(env, path,
		m.options, container, ret);
	making_end(&m, status ? NULL : *ret, path, 0);
	return status;
}

static void *create_from_array_prepacked(const void *env, const void *model, size_t size,
	const void *options, void *container, void **ret)
{
	struct making m;
	void *status;

	making_begin(&m, options, NULL);
	status = ORIGINAL(ORT_CREATE_SESSION_FROM_ARRAY_PREPACKED,
		erg_ort_create_from_array_prepacked)(env, model, size, m.options, container, ret);
	making_end(&m, status ? NULL : *ret, NULL, size);
	return status;
}

/* ---- the table ---- */

const struct erg_ort_ours erg_ort_ours[] = {
	{ORT_CREATE_SESSION, (void (*)(void))create},
	{ORT_CREATE_SESSION_FROM_ARRAY, (void (*)(void))create_from_array},
	{ORT_CREATE_SESSION_PREPACKED, (void (*)(void))create_prepacked},
	{ORT_CREATE_SESSION_FROM_ARRAY_PREPACKED, (void (*)(void))create_from_array_prepacked},
	{ORT_RUN, (void (*)(void))ort_run},
	{ORT_RUN_WITH_BINDING, (void (*)(void))run_with_binding},
	{ORT_ENABLE_PROFILING, (void (*)(void))erg_ort_options_enable},
	{ORT_DISABLE_PROFILING, (void (*)(void))erg_ort_options_disable},
	{ORT_CLONE_SESSION_OPTIONS, (void (*)(void))erg_ort_options_clone},
	{ORT_RELEASE_SESSION_OPTIONS, (void (*)(void))erg_ort_options_release},
	{ORT_RELEASE_SESSION, (void (*)(void))release_session},
	{ORT_SESSION_END_PROFILING, (void (*)(void))end_profiling},
	{0, NULL},
};

static void fork_prepare(void)
{
	pthread_mutex_lock(&lock);
}

static void fork_parent(void)
{
	pthread_mutex_unlock(&lock);
}

/* The profiles are the parent's until they are run here, and so are the threads that end one or wait for an end. */
static void fork_child(void)
{
	changed = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
	for (struct session *s = sessions; s; s = s->next) {
		s->inherited |= !s->ended;
		s->ending = false;
		s->ended = true;
		s->running = 0;
	}
	pthread_mutex_unlock(&lock);
}

static __attribute__((constructor)) void follow_forks(void)
{
	pthread_atfork(fork_prepare, fork_parent, fork_child);
}
