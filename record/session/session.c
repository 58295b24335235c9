/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The recording session, by liblttng-ctl.
 *
 * Two channels, because layers and samples come at different rates and must not push each other
 * out: `layers` for what the workload says, `samples` for what the sampler reads. Both discard when
 * they are full: the workload never waits for the recorder, and what is discarded is counted.
 * Buffers are per user, so that a workload of many processes shares them and a process that is
 * killed leaves what it wrote.
 *
 * A timer closes each channel's current packet once a second. It bounds what is lost with the
 * daemons to that second: complete packets are on disk, an unfinished one is only in memory.
 *
 * Each channel has one event rule, a pattern with exceptions: the daemon repeats every rule to every
 * process that starts. A session that records one command is limited to the processes that were
 * included (join.c): LTTng enables nothing in any other, which then costs nothing and pays nothing.
 *
 * Reference: lttng-concepts(7), lttng-enable-channel(1), lttng-track(1).
 */
#include "record/session/session.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "formats/base/mapped.h"
#include "formats/base/util.h"
#include "record/session/shm.h"
#include "record/session/destination.h"
#include "record/session/buffers.h"
#include "record/session/lttng.h"
#include "record/spool/spool.h"

#define WAIT_MS 30000
#define REGISTER_TIMEOUT_NS (30ull * ERG_NSEC_PER_SEC)
#define LAYER_BYTES_PER_S 12e6 /* 250,000 events a second of 48 bytes on one CPU */
/* How long the buffers hold what comes while the disk makes the consumer daemon wait. The rate of the
 * samples is known and small; that of layers is the most there will be. */
#define LAYERS_HOLD_S 0.6
#define SAMPLES_HOLD_S 5

struct erg_session {
	char name[LTTNG_NAME_MAX];
	char archives[4096]; /* where rotated chunks go; "" for a relay daemon */
	struct lttng_handle *handle;
	struct lttng_health *consumer;
	struct lttng_process_attr_tracker_handle *tracker; /* NULL: records all */
	unsigned found;
	uint64_t buffer_bytes;
	bool created;
	bool shm;     /* its buffers are in a directory of ours */
	int shm_held; /* that it is in use; -1: nobody else is told */
};

/* What the channels do not record. An event that is new in the provider is in both until it is put into
 * one of these lists. */
static const char *const layer_events[] = {
	"process_define",
	"layer_define",
	"track_define",
	"thread_define",
	"layer",
	"layer_counted",
	"layer_span",
	"phase_begin",
	"phase_end",
	"marker",
	"counter_define",
	"counter_snapshot",
	"event_cost",
	"layer_begin",
};

/* The last is left out of the layers, too, unless it is asked for. */
static const char *const sample_events[] = {
	"source_define",
	"channel_define",
	"power_sample",
	"thermal_sample",
	"frequency_sample",
	"utilization_sample",
	"recorder_status",
	"document",
	"layer_begin",
};

/* ---- who is recorded ---- */

static int include_locked(struct erg_session *s, pid_t pid, struct erg_err *err)
{
	enum lttng_process_attr_tracker_handle_status st =
		erg_lttng.process_attr_virtual_process_id_tracker_handle_add_pid(s->tracker, pid);

	if (st == LTTNG_PROCESS_ATTR_TRACKER_HANDLE_STATUS_OK ||
		st == LTTNG_PROCESS_ATTR_TRACKER_HANDLE_STATUS_EXISTS)
		return 0;
	return erg_fail(err, -EIO, "LTTng: process %d cannot be recorded (status %d)", (int)pid,
		(int)st);
}

int erg_session_include(struct erg_session *s, pid_t pid, struct erg_err *err)
{
	ERG_LTTNG_LOCKED();
	return s->tracker ? include_locked(s, pid, err) : 0;
}

void erg_session_exclude(struct erg_session *s, pid_t pid)
{
	ERG_LTTNG_LOCKED();
	if (s->tracker)
		(void)erg_lttng
			.process_attr_virtual_process_id_tracker_handle_remove_pid(s->tracker, pid);
}

unsigned erg_session_found(const struct erg_session *s)
{
	return s->found;
}

/* ---- creation ---- */

#define EXCEPT_MAX 16
#define CHANNELS 2
#define SOCKETS 5 /* of LTTng in each program, and what it counts errors in */

size_t erg_session_buffers(void)
{
	return CHANNELS * (size_t)get_nprocs_conf();
}

/* Memory and a pipe for each, and a pipe for the channel. */
size_t erg_session_buffer_files(void)
{
	return 2 * erg_session_buffers() + CHANNELS;
}

size_t erg_session_files(void)
{
	return SOCKETS + erg_session_buffer_files();
}

_Static_assert(ERG_ARRAY_SIZE(layer_events) <= EXCEPT_MAX &&
		ERG_ARRAY_SIZE(sample_events) <= EXCEPT_MAX,
	"a channel leaves out at most so many");

struct channel {
	const char *name;
	double bytes_per_s, hold_s;
	const char *filter;        /* or NULL */
	const char *const *except; /* of the provider's events */
	size_t n_except;
};

static int channel_enable(struct erg_session *s, const struct channel *c, struct erg_err *err)
{
	struct lttng_domain domain = erg_lttng_domain();
	struct lttng_channel *ch = erg_lttng.channel_create(&domain);
	struct erg_session_buffers b;
	int r;

	if (!ch)
		return erg_fail_errno(err, -ENOMEM, "channel %s", c->name);
	b = erg_session_buffers_plan(c->bytes_per_s, c->hold_s, (unsigned)get_nprocs_conf(),
		erg_session_buffers_limit(), (uint64_t)sysconf(_SC_PAGESIZE));
	s->buffer_bytes += b.size * b.count * (uint64_t)get_nprocs_conf();
	snprintf(ch->name, sizeof(ch->name), "%s", c->name);
	ch->attr.overwrite = 0;
	ch->attr.subbuf_size = b.size;
	ch->attr.num_subbuf = b.count;
	ch->attr.switch_timer_interval = ERG_SPOOL_PACKET_US;
	ch->attr.read_timer_interval = 0;
	ch->attr.output = LTTNG_EVENT_MMAP;
	r = erg_lttng.enable_channel(s->handle, ch);
	erg_lttng.channel_destroy(ch);
	return r < 0 ? erg_lttng_fail(err, r, c->name) : 0;
}

static int context_add(struct erg_session *s, const char *channel, enum lttng_event_context_type c,
	struct erg_err *err)
{
	struct lttng_event_context ctx = {.ctx = c};
	int r = erg_lttng.add_context(s->handle, &ctx, NULL, channel);

	return r < 0 ? erg_lttng_fail(err, r, channel) : 0;
}

/* All events of the provider but for EXCEPT. FILTER may be NULL. */
static int events_enable(struct erg_session *s, const struct channel *c, struct erg_err *err)
{
	struct lttng_event *ev = erg_lttng.event_create();
	char full[EXCEPT_MAX][LTTNG_SYMBOL_NAME_LEN];
	char *list[EXCEPT_MAX];
	int r;

	if (!ev)
		return erg_fail_errno(err, -ENOMEM, "events of %s", c->name);
	for (size_t i = 0; i < c->n_except; i++) {
		snprintf(full[i], sizeof(full[i]), "ergtrace:%s", c->except[i]);
		list[i] = full[i];
	}
	ev->type = LTTNG_EVENT_TRACEPOINT;
	ev->loglevel_type = LTTNG_EVENT_LOGLEVEL_ALL;
	ev->loglevel = -1;
	snprintf(ev->name, sizeof(ev->name), "ergtrace:*");
	r = erg_lttng.enable_event_with_exclusions(s->handle, ev, c->name, c->filter,
		(int)c->n_except, list);
	erg_lttng.event_destroy(ev);
	return r < 0 ? erg_lttng_fail(err, r, c->name) : 0;
}

static int channel_fill(struct erg_session *s, const struct channel *c, struct erg_err *err)
{
	int r = channel_enable(s, c, err);

	if (!r)
		r = context_add(s, c->name, LTTNG_EVENT_CONTEXT_VPID, err);
	if (!r)
		r = context_add(s, c->name, LTTNG_EVENT_CONTEXT_VTID, err);
	return r ? r : events_enable(s, c, err);
}

static int rotation_set(struct erg_session *s, bool by_size, uint64_t value, struct erg_err *err)
{
	struct lttng_rotation_schedule *sched;
	enum lttng_rotation_status st;

	if (!value)
		return 0;
	sched = by_size ? erg_lttng.rotation_schedule_size_threshold_create()
			: erg_lttng.rotation_schedule_periodic_create();
	if (!sched)
		return erg_fail_errno(err, -ENOMEM, "rotation schedule");
	st = by_size ? erg_lttng.rotation_schedule_size_threshold_set_threshold(sched, value)
		     : erg_lttng.rotation_schedule_periodic_set_period(sched, value);
	if (st == LTTNG_ROTATION_STATUS_OK)
		st = erg_lttng.session_add_rotation_schedule(s->name, sched);
	erg_lttng.rotation_schedule_destroy(sched);
	if (st != LTTNG_ROTATION_STATUS_OK)
		return erg_fail(err, -EIO, "LTTng: cannot rotate %s %s (status %d)", s->name,
			by_size ? "by size" : "by time", (int)st);
	return 0;
}

static int session_create(struct erg_session *s, const struct erg_session_config *cfg,
	struct erg_err *err)
{
	struct lttng_session_descriptor *d = cfg->url
		? erg_lttng.session_descriptor_network_create(s->name, cfg->url, NULL)
		: erg_lttng.session_descriptor_local_create(s->name, cfg->spool);
	enum lttng_error_code code;

	s->shm_held = cfg->shm ? erg_shm_hold(cfg->shm) : -1;
	if (!d)
		return erg_fail(err, -EINVAL, "LTTng: cannot write to '%s'",
			cfg->url ? cfg->url : cfg->spool);
	erg_lttng_ctf_1_8(d);
	code = erg_lttng.create_session_ext(d);
	erg_lttng.session_descriptor_destroy(d);
	if (code != LTTNG_OK)
		return erg_lttng_fail(err, -(int)code, cfg->url ? cfg->url : s->name);
	s->created = true;
	s->shm = cfg->shm;
	if (cfg->shm) {
		int r = erg_lttng.set_session_shm_path(s->name, cfg->shm);

		return r < 0 ? erg_lttng_fail(err, r, cfg->shm) : 0;
	}
	return 0;
}

static bool is_recorder(pid_t pid)
{
	char path[64], name[32] = "";
	_cleanup_(erg_fclosep) FILE *f = NULL;

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	f = fopen(path, "re");
	return f && fgets(name, sizeof(name), f) && !strncmp(name, "erg-record", 10);
}

/* Does the daemon know this process? The library registers it from a thread of its own. Counts the
 * others, too: each has the event "layer" once. */
static bool registered(struct erg_session *s)
{
	struct lttng_event *list = NULL;
	bool found = false;
	int n = erg_lttng.list_tracepoints(s->handle, &list);

	s->found = 0;
	for (int i = 0; i < n; i++)
		if (list[i].pid == getpid())
			found = true;
		else if (!strcmp(list[i].name, "ergtrace:layer") && !is_recorder(list[i].pid))
			s->found++;
	free(list);
	return found;
}

/*
 * Once a process is registered, the daemon sets up its tracepoints before it answers "start". That a
 * tracepoint is enabled proves nothing: another session may have enabled it.
 */
static int registration_wait(struct erg_session *s, struct erg_err *err)
{
	const uint64_t until = erg_mono_ns() + REGISTER_TIMEOUT_NS;

	while (!registered(s)) {
		if (erg_mono_ns() > until)
			return erg_fail(err, -ETIMEDOUT,
				"the LTTng session daemon does not see this program; is "
				"LTTNG_HOME another than the daemon's, or /dev/shm closed to it?");
		usleep(2000);
	}
	return 0;
}

/* Limits the session to the processes that are included, of which this is the first. */
static int tracker_open(struct erg_session *s, struct erg_err *err)
{
	enum lttng_error_code code = erg_lttng.session_get_tracker_handle(s->name, LTTNG_DOMAIN_UST,
		LTTNG_PROCESS_ATTR_VIRTUAL_PROCESS_ID, &s->tracker);

	if (code != LTTNG_OK)
		return erg_lttng_fail(err, -(int)code, "track processes");
	if (erg_lttng.process_attr_tracker_handle_set_tracking_policy(s->tracker,
		    LTTNG_TRACKING_POLICY_INCLUDE_SET) !=
		LTTNG_PROCESS_ATTR_TRACKER_HANDLE_STATUS_OK)
		return erg_fail(err, -EIO, "LTTng: the session cannot be limited to processes");
	return include_locked(s, getpid(), err);
}

static int channels_fill(struct erg_session *s, const struct erg_session_config *cfg,
	struct erg_err *err)
{
	const size_t n = ERG_ARRAY_SIZE(sample_events);
	char own[64];
	const struct channel layers = {"layers", LAYER_BYTES_PER_S, LAYERS_HOLD_S, NULL,
		sample_events, cfg->layer_begin ? n - 1 : n};
	/* Of another recorder, among the command's programs too, samples are not ours. */
	const struct channel samples = {"samples", cfg->sample_bytes_per_s, SAMPLES_HOLD_S, own,
		layer_events, ERG_ARRAY_SIZE(layer_events)};
	int r = channel_fill(s, &layers, err);

	snprintf(own, sizeof(own), "$ctx.vpid == %d", (int)getpid());
	return r ? r : channel_fill(s, &samples, err);
}

uint64_t erg_session_buffer_bytes(const struct erg_session *s)
{
	return s->buffer_bytes;
}

bool erg_session_mapped(const struct erg_session *s, pid_t pid)
{
	/* without a directory of ours, LTTng's consumer names the memory */
	int n = erg_mapped_like(pid, s->shm ? s->name : "/ust-shm-consumer-");

	return n < 0 || (size_t)n >= erg_session_buffers();
}

static int session_fill(struct erg_session *s, const struct erg_session_config *cfg,
	struct erg_err *err)
{
	struct lttng_domain domain = erg_lttng_domain();
	int r;

	s->handle = erg_lttng.create_handle(s->name, &domain);
	if (!s->handle)
		return erg_fail_errno(err, -ENOMEM, "%s", s->name);
	r = cfg->joined_only ? tracker_open(s, err) : 0;
	if (!r)
		r = channels_fill(s, cfg, err);
	if (!r)
		r = rotation_set(s, true, cfg->chunk_bytes, err);
	if (!r)
		r = rotation_set(s, false, cfg->chunk_period_ns / 1000, err);
	if (!r)
		r = registration_wait(s, err);
	if (!r) {
		r = erg_lttng.start_tracing(s->name);
		r = r < 0 ? erg_lttng_fail(err, r, "start") : 0;
	}
	if (!r && !erg_session_mapped(s, getpid()))
		r = erg_fail(err, -ENOMEM,
			"LTTng's buffers cannot be mapped into this program: is its memory limited "
			"(ulimit -v, ulimit -f), /dev/shm read-only, or a call denied (seccomp)?");
	return r;
}

/* LTTng has no word for it that nobody listens. */
static int stream_fail(const char *url, int r, struct erg_err *err)
{
	const int why = erg_destination_answers(url);

	if (why < 0)
		return erg_fail(err, why, "streaming to %s: no lttng-relayd answers there: %s", url,
			strerror(-why));
	return erg_wrap(err, r, "streaming to lttng-relayd at %s", url);
}

int erg_session_start(const struct erg_session_config *cfg, struct erg_session **ret,
	struct erg_err *err)
{
	struct erg_session *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return erg_fail_errno(err, -ENOMEM, "%s", cfg->name);
	s->shm_held = -1;
	snprintf(s->name, sizeof(s->name), "%s", cfg->name);
	if (!cfg->url)
		snprintf(s->archives, sizeof(s->archives), "%s/archives", cfg->spool);
	erg_lttng_lock();
	r = erg_lttng_load(err);
	if (!r)
		r = session_create(s, cfg, err);
	if (!r)
		r = session_fill(s, cfg, err);
	if (!r)
		s->consumer = erg_lttng.health_create_consumerd(LTTNG_HEALTH_CONSUMERD_UST_64);
	erg_lttng_unlock(NULL);
	if (r) {
		erg_session_free(s);
		return cfg->url ? stream_fail(cfg->url, r, err) : r;
	}
	*ret = s;
	return 0;
}

/* ---- life ---- */

/* That a daemon cannot be reached may be a moment without files or memory, too: it is asked twice. */
static bool daemon_answers(void)
{
	return erg_lttng.session_daemon_alive() == 1 || erg_lttng.session_daemon_alive() == 1;
}

bool erg_session_daemon_alive(void)
{
	ERG_LTTNG_LOCKED();
	return erg_lttng_load(NULL) == 0 && erg_lttng.session_daemon_alive() == 1;
}

int erg_session_count(struct erg_err *err)
{
	struct lttng_session *list = NULL;
	int n;

	ERG_LTTNG_LOCKED();
	n = erg_lttng_load(err);
	if (n < 0)
		return n;
	n = erg_lttng.list_sessions(&list);
	free(list);
	return n < 0 ? erg_lttng_fail(err, n, "list sessions") : n;
}

int erg_session_check(struct erg_session *s, struct erg_err *err)
{
	ERG_LTTNG_LOCKED();
	if (!daemon_answers())
		return erg_fail(err, -EPIPE, "the LTTng session daemon is gone");
	if (s->consumer && erg_lttng.health_query(s->consumer) < 0)
		return erg_fail(err, -EPIPE, "the LTTng consumer daemon is gone");
	return 0;
}

static int losses_count(struct erg_session *s, struct erg_session_losses *ret, struct erg_err *err)
{
	struct lttng_channel *channels = NULL;
	int n = erg_lttng.list_channels(s->handle, &channels);

	if (n < 0)
		return erg_lttng_fail(err, n, "count losses");
	for (int i = 0; i < n; i++) {
		uint64_t events = 0, packets = 0;

		erg_lttng.channel_get_discarded_event_count(&channels[i], &events);
		erg_lttng.channel_get_lost_packet_count(&channels[i], &packets);
		if (!strcmp(channels[i].name, "layers"))
			ret->layer_events += events;
		else
			ret->sample_events += events;
		ret->packets += packets;
	}
	free(channels);
	return 0;
}

/* Waiting is bounded: a relay daemon that was cut off must not hold a recording up for ever. */
static int destroy_and_wait(const char *name)
{
	struct lttng_destruction_handle *handle = NULL;
	enum lttng_error_code code = erg_lttng.destroy_session_ext(name, &handle),
			      result = LTTNG_OK;
	enum lttng_destruction_handle_status st;

	if (code != LTTNG_OK)
		return -(int)code;
	st = erg_lttng.destruction_handle_wait_for_completion(handle, WAIT_MS);
	if (st == LTTNG_DESTRUCTION_HANDLE_STATUS_COMPLETED)
		erg_lttng.destruction_handle_get_result(handle, &result);
	erg_lttng.destruction_handle_destroy(handle);
	if (st != LTTNG_DESTRUCTION_HANDLE_STATUS_COMPLETED)
		return -LTTNG_ERR_UNK;
	return result == LTTNG_OK ? 0 : -(int)result;
}

/* Stops and waits until what is in memory has been written. */
static int stop_and_wait(const char *name)
{
	const uint64_t until = erg_mono_ns() + WAIT_MS * 1000000ull;
	int r = erg_lttng.stop_tracing_no_wait(name);

	if (r < 0 && r != -LTTNG_ERR_TRACE_ALREADY_STOPPED)
		return r;
	while ((r = erg_lttng.data_pending(name)) == 1) {
		if (erg_mono_ns() > until)
			return -LTTNG_ERR_UNK;
		usleep(5000);
	}
	return r;
}

/*
 * The daemon ends a session with a directory for its buffers by waiting until that directory is gone,
 * and answers no other client meanwhile (cmd_destroy_session() of lttng-tools 2.13). The directory
 * goes when all of the session's trace is written, which may need another recording's command to be
 * answered: two that end at once then wait for ever. All that the directory is for is over when
 * tracing has stopped, or cannot be stopped, so it goes before every end of a session; who has the
 * files mapped keeps them.
 *
 * A session that was rotated moves its last chunk to the others while it is destroyed, which must be
 * waited for. One that never was has nothing to move, and waiting costs half a second.
 */
static int session_destroy(struct erg_session *s)
{
	const bool wait = !s->archives[0] || access(s->archives, F_OK) == 0;
	int r;

	if (s->shm)
		erg_shm_remove(s->name);
	r = wait ? destroy_and_wait(s->name) : erg_lttng.destroy_session_no_wait(s->name);
	if (r == -LTTNG_ERR_NO_SESSIOND && daemon_answers()) /* else it would record for ever */
		r = wait ? destroy_and_wait(s->name) : erg_lttng.destroy_session_no_wait(s->name);
	if (r >= 0 || r == -LTTNG_ERR_NO_SESSIOND || r == -LTTNG_ERR_SESS_NOT_FOUND)
		s->created = false;
	return r;
}

void erg_session_halt(struct erg_session *s)
{
	ERG_LTTNG_LOCKED();
	(void)erg_lttng.stop_tracing_no_wait(s->name);
}

int erg_session_stop(struct erg_session *s, struct erg_session_losses *ret, struct erg_err *err)
{
	int r, d;

	*ret = (struct erg_session_losses){0};
	ERG_LTTNG_LOCKED();
	r = stop_and_wait(s->name);
	r = r < 0 ? erg_lttng_fail(err, r, "stop") : losses_count(s, ret, err);
	d = session_destroy(s);
	return !r && d < 0 ? erg_lttng_fail(err, d, "destroy") : r;
}

void erg_session_abandon(struct erg_session *s)
{
	s->created = false;
}

void erg_session_free(struct erg_session *s)
{
	if (!s)
		return;
	erg_lttng_lock();
	if (s->created)
		session_destroy(s);
	if (s->handle)
		erg_lttng.destroy_handle(s->handle);
	if (s->tracker)
		erg_lttng.process_attr_tracker_handle_destroy(s->tracker);
	if (s->consumer)
		erg_lttng.health_destroy(s->consumer);
	erg_lttng_unlock(NULL);
	erg_closep(&s->shm_held);
	free(s);
}

int erg_session_end_by_name(const char *name, struct erg_err *err)
{
	int r;

	ERG_LTTNG_LOCKED();
	r = erg_lttng_load(err);
	if (r < 0)
		return r;
	r = stop_and_wait(name);
	if (r == -LTTNG_ERR_SESS_NOT_FOUND || r == -LTTNG_ERR_NO_SESSIOND ||
		r == -LTTNG_ERR_NO_SESSION)
		return 1;
	erg_shm_remove(name); /* as session_destroy() */
	r = destroy_and_wait(name);
	return r < 0 ? erg_lttng_fail(err, r, name) : 0;
}

int erg_session_each(void (*fn)(void *data, const char *name, const char *path), void *data,
	struct erg_err *err)
{
	struct lttng_session *list = NULL;
	int n = erg_lttng_load(err);

	if (n < 0)
		return n;
	erg_lttng_lock();
	n = erg_lttng.list_sessions(&list);
	erg_lttng_unlock(NULL);
	if (n < 0)
		return erg_lttng_fail(err, n, "list sessions");
	for (int i = 0; i < n; i++)
		fn(data, list[i].name, list[i].path);
	free(list);
	return 0;
}
