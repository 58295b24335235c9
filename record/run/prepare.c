/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Preparing a recording.
 *
 * The order matters: what can refuse for the person's reasons (no such command, an output that
 * exists, a source that is not there) comes first and costs nothing; then the daemon and the
 * session; then the spool's papers, so that from the first event on a crash leaves something that
 * can be recovered.
 */
#include "record/run/run.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

#include "formats/archive/archive.h"
#include "formats/manifest.h"
#include "formats/base/util.h"
#include "record/run/annotate.h"
#include "record/counters/counters.h"
#include "record/session/shm.h"
#include "record/session/daemon.h"
#include "record/run/describe.h"
#include "record/run/summary.h"
#include "record/session/destination.h"
#include "record/sources/attr.h"
#include "record/sources/calibration.h"
#include "record/spool/document.h"
#include "record/sampler/emit.h"
#include "record/session/hang_watch.h"
#include "formats/base/say.h"
#include "record/spool/spool.h"
#include "record/session/stale.h"
#include "tracepoints/join.h"

#define FILES_STILL 27 /* that a recording opens when it has its sources */

/* What erg_run_signals_hold() has blocked is read from a descriptor. */
static int signals_open(struct erg_run *r, struct erg_err *err)
{
	signal(SIGPIPE, SIG_IGN);
	r->signal_fd = signalfd(-1, &r->held, SFD_CLOEXEC | SFD_NONBLOCK);
	r->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (r->signal_fd < 0 || r->timer_fd < 0)
		return erg_fail_errno(err, -errno, "signals");
	return 0;
}

static int identity_make(struct erg_run *r, struct erg_err *err)
{
	uint64_t id;

	if (getrandom(&id, sizeof(id), 0) != (ssize_t)sizeof(id))
		return erg_fail_errno(err, -errno, "random numbers");
	snprintf(r->run_id, sizeof(r->run_id), "%016llx", (unsigned long long)id);
	snprintf(r->name, sizeof(r->name), "%s%d-%s", ERG_SPOOL_PREFIX, (int)getpid(), r->run_id);
	r->sampling = (struct erg_sampler_config){
		.rate_hz = r->opt.rate_hz,
		.dither = r->opt.dither,
		.seed = id,
		.cpu = r->opt.cpu,
		.sources = &r->sources,
	};
	return 0;
}

static int output_check(const struct erg_run *r, struct erg_err *err)
{
	char buf[PATH_MAX], *dir;
	int n;

	if (!r->opt.output)
		return 0;
	n = erg_archive_may_create(r->opt.output, r->opt.force, err);
	if (n < 0)
		return n;
	snprintf(buf, sizeof(buf), "%s", r->opt.output);
	dir = dirname(buf);
	if (access(dir, W_OK | X_OK) < 0)
		return erg_fail_errno(err, -errno, "%s: directory %s", r->opt.output, dir);
	return 0;
}

/* ---- sources and environment ---- */

static int sources_find(struct erg_run *r, struct erg_err *err)
{
	struct erg_source_config cfg = {
		.sysfs = r->opt.sysfs,
		.proc = "/proc",
		.interval_ns = (uint64_t)(1e9 / r->opt.rate_hz),
	};
	struct erg_hang_watch watch;
	bool power = false;
	int n;

	cfg.simulated = erg_attr_exists("%s/simulated", r->opt.sysfs);
	/* A driver may hang, and signals are held. */
	erg_hang_watch_start(&watch, "a sensor's driver", NULL, true);
	n = erg_sources_find(r->opt.sources, &cfg, &r->sources, err);
	erg_hang_watch_stop(&watch);
	for (size_t i = 0; i < r->sources.n; i++)
		power |= r->sources.sources[i]->cls == ERG_CLASS_POWER;
	if (n >= 0 && !power)
		erg_run_warn(r,
			"no power source found: this run will have times and no energy; "
			"erg-record sources says why");
	if (n >= 0 && !r->opt.quiet)
		erg_run_left_out_say(&r->sources);
	return n < 0 ? n : 0;
}

static int counters_choose(struct erg_run *r, struct erg_err *err)
{
	_cleanup_(erg_freep) char *env = NULL;
	json_t *warnings, *w;
	size_t i;
	int n;

	r->counters = json_object();
	n = erg_counters_resolve(r->opt.counters, &env, r->counters, err);
	if (n < 0)
		return n;
	warnings = json_object_get(r->counters, "warnings");
	json_array_foreach (warnings, i, w)
		erg_run_warn(r, json_string_value(w));
	n = *env ? erg_environ_set(&r->env, "ERG_COUNTERS", env) : 0;
	return n < 0 ? erg_fail_errno(err, n, "environment") : 0;
}

static int environment_make(struct erg_run *r, struct erg_err *err)
{
	const char *plugin = getenv("LTTNG_UST_CLOCK_PLUGIN");
	int n = erg_environ_init(&r->env);

	if (plugin && *plugin)
		erg_run_warn(r,
			"LTTNG_UST_CLOCK_PLUGIN is set: layers may be timed by another "
			"clock than the sensors; unset it");
	if (!n)
		n = erg_environ_set(&r->env, "ERG_RUN_ID", r->run_id);
	if (!n && r->opt.layer_begin)
		n = erg_environ_set(&r->env, "ERG_LAYER_BEGIN", "1");
	if (!n && r->opt.keep_fds)
		n = erg_environ_prepend(&r->env, "LD_PRELOAD", ERG_UST_FD);
	if (!n && r->opt.annotate && strstr(r->opt.annotate, "lttng:"))
		n = erg_environ_set(&r->env, "ERG_FORK_AT_ONCE", "1");
	if (n < 0)
		return erg_fail_errno(err, n, "environment");
	n = erg_live_open(&r->live, &r->env, err);
	if (!n && r->opt.counters)
		n = counters_choose(r, err);
	if (!n && r->opt.annotate)
		n = erg_annotate_apply(r->opt.annotate, &r->env, erg_run_warn, r, err);
	return n;
}

/* ---- session ---- */

/* What the sampler will write: header, context, times and a value a channel (see provider.h). */
static double sample_bytes_per_s(const struct erg_run *r)
{
	double sum = 4096;

	for (size_t i = 0; i < r->sources.n; i++) {
		const struct erg_source *s = r->sources.sources[i];
		double hz = 1e9 / (double)erg_sampler_interval(&r->sampling, s);

		sum += hz * (48.0 + 8.0 * (double)s->n_channels);
	}
	return sum;
}

static const char *spool_dir(const struct erg_run *r, char *buf, size_t size)
{
	char tmp[PATH_MAX];

	if (r->opt.spool)
		return r->opt.spool;
	if (!r->opt.output)
		return "/tmp"; /* --to: nothing but the events that rules need */
	snprintf(tmp, sizeof(tmp), "%s", r->opt.output);
	snprintf(buf, size, "%s", dirname(tmp));
	return buf;
}

static int spool_open(struct erg_run *r, struct erg_err *err)
{
	char buf[PATH_MAX];
	int n;

	erg_shm_dir(r->name, r->shm, sizeof(r->shm));
	if (r->opt.to) {
		r->url = erg_destination_url(r->opt.to);
		return r->url ? 0 : erg_fail_errno(err, -ENOMEM, "--to");
	}
	n = erg_spool_create(spool_dir(r, buf, sizeof(buf)), r->run_id, &r->spool, err);
	if (!n)
		n = erg_spool_identify(r->spool, &r->spool_id, err);
	if (!n)
		r->spool_held = erg_spool_hold(r->spool);
	return n ? n : erg_run_state_write(r, err);
}

/* Programs that run already and that were named; they count as recorded. */
static int attach(struct erg_run *r, struct erg_err *err)
{
	int n = 0;

	for (const char *p = r->opt.attach; !n && *p; p += strcspn(p, ","), p += *p == ',') {
		n = erg_join_take(r->join, (pid_t)atoi(p), err);
		r->session_found -= r->session_found > 0;
	}
	return n;
}

/* From here on who belongs to the recording is let in. */
static int processes_take(struct erg_run *r, struct erg_err *err)
{
	int n;

	if (!r->join)
		return 0;
	r->session_found = erg_session_found(r->session);
	if (erg_environ_set(&r->env, ERG_JOIN_VARIABLE, erg_join_variable(r->join)) < 0)
		return erg_fail_errno(err, -ENOMEM, "environment");
	n = erg_join_serve(r->join, r->session, err);
	return !n && r->opt.attach ? attach(r, err) : n;
}

/* liblttng-ctl says that there is no daemon also of one that does not understand it. */
static int daemon_doubted(int result, struct erg_err *err)
{
	pid_t daemon = result == -EPIPE ? erg_daemon_pid() : 0;
	struct erg_err was = *err;
	struct rlimit files;

	if (result == -EIO && getrlimit(RLIMIT_FSIZE, &files) == 0 &&
		files.rlim_cur != RLIM_INFINITY)
		return erg_fail(err, result,
			"%s: are its buffers larger than files may be here (ulimit -f)?", was.msg);
	return daemon
		? erg_fail(err, result,
			  "%s, though one runs (process %d): is it of another version of "
			  "LTTng than liblttng-ctl, or can no more files be opened (ulimit -n)?",
			  was.msg, (int)daemon)
		: result;
}

static int session_open(struct erg_run *r, struct erg_err *err)
{
	const struct erg_session_config cfg = {
		.name = r->name,
		.spool = r->spool,
		.url = r->url,
		.shm = r->shm[0] ? r->shm : NULL,
		.sample_bytes_per_s = sample_bytes_per_s(r),
		.layer_begin = r->opt.layer_begin,
		.joined_only = erg_run_joined_only(&r->opt),
		.chunk_bytes = r->opt.chunk_bytes,
		.chunk_period_ns = r->opt.chunk_period_ns,
	};
	struct erg_daemon_lock lock = ERG_DAEMON_LOCK_INIT;
	struct erg_hang_watch watch;
	int n;

	erg_hang_watch_start(&watch, "the LTTng session daemon", r->spool, true);
	erg_daemon_lock_take(&lock);
	n = erg_daemon_ensure(&lock, err);
	if (!n) {
		erg_stale_sessions_end();
		erg_stale_buffers_remove();
	}
	if (!n && cfg.joined_only)
		n = erg_join_open(r->run_id, &r->join, err);
	if (!n)
		n = daemon_doubted(erg_session_start(&cfg, &r->session, err), err);
	if (!n)
		n = processes_take(r, err);
	erg_daemon_lock_drop(&lock);
	erg_hang_watch_stop(&watch);
	return n;
}

/* The keeper writes it too, and changes what it says. */
static pthread_mutex_t state_lock = PTHREAD_MUTEX_INITIALIZER;

/* Paths that are not UTF-8 are left out: erg-record recover then asks for them. */
static json_t *state_json(const struct erg_run *r)
{
	_cleanup_(erg_freep) char *cwd = getcwd(NULL, 0);
	json_t *j = json_pack("{s:o, s:s, s:s, s:I, s:I}", "recorder", erg_spool_identity(),
		"run_id", r->run_id, "session", r->name, "record_begin_ns", (json_int_t)r->begin_ns,
		"begin_ns", (json_int_t)r->work.begin_ns);

	json_object_set_new(j, "cwd", json_string(cwd ? cwd : "/"));
	json_object_set_new(j, "output", json_string(r->opt.output));
	if (r->part)
		json_object_set_new(j, "part",
			json_pack("{s:s, s:I}", "path", r->part, "chunks",
				(json_int_t)r->part_chunks));
	return j;
}

static int state_write_locked(const struct erg_run *r, struct erg_err *err)
{
	json_t *j = state_json(r);
	int n = erg_spool_write_json(r->spool, "state.json", j, err);

	json_decref(j);
	return n;
}

int erg_run_state_write(const struct erg_run *r, struct erg_err *err)
{
	int n;

	if (!r->spool)
		return 0;
	pthread_mutex_lock(&state_lock);
	n = state_write_locked(r, err);
	pthread_mutex_unlock(&state_lock);
	return n;
}

int erg_run_part_saved(void *data, const char *part, size_t chunks, struct erg_err *err)
{
	struct erg_run *r = data;
	char *path = realpath(part, NULL);

	int n;

	if (!path)
		return erg_fail_errno(err, -errno, "%s", part);
	pthread_mutex_lock(&state_lock);
	free(r->part);
	r->part = path;
	r->part_chunks = chunks;
	n = state_write_locked(r, err);
	pthread_mutex_unlock(&state_lock);
	return n;
}

static int manifest_write(struct erg_run *r, struct erg_err *err)
{
	const struct erg_manifest_facts facts = {
		.run_id = r->run_id,
		.options = &r->opt,
		.executable = r->exe,
		.env = &r->env,
		.sources = &r->sources,
		.sampling = &r->sampling,
		.counters = r->counters,
		.process_counters = r->process_counters,
		.calibrations = r->calibrations,
		.warnings = r->warnings,
	};

	r->manifest = erg_describe_manifest(&facts);
	if (!r->manifest)
		return erg_fail_errno(err, -ENOMEM, "manifest");
	if (!r->spool)
		return erg_document_emit_pieces(r->run_id, ERG_MANIFEST_NAME, r->manifest, err);
	return erg_spool_write_json(r->spool, ERG_MANIFEST_NAME, r->manifest, err);
}

/* ---- all of it ---- */

static void say_unless_quiet(void *data, const char *line)
{
	const struct erg_run *r = data;

	if (!r->opt.quiet)
		erg_say("%s", line);
}

/* A file that cannot be read does not end a recording: its readings can be calibrated later. */
static void calibrate(struct erg_run *r)
{
	struct erg_err err = {0};
	json_auto_t *all = NULL;

	r->calibrations = json_array();
	if (erg_calibrations_load(&all, &err) < 0) {
		erg_run_warn(r, err.msg);
		erg_run_warn(r, "no calibration is applied to this recording's sensors");
		return;
	}
	erg_calibrations_apply(&r->sources, all, r->calibrations, say_unless_quiet, r);
}

static int start_sampling(struct erg_run *r, struct erg_err *err)
{
	char exe[PATH_MAX];
	struct erg_err unseen;
	ssize_t len = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	int n = erg_tally_new(&r->sources, &r->tally, err);

	if (!n)
		n = erg_readings_new(&r->sources, &r->readings, err);
	r->sampling.tally = r->tally;
	r->sampling.readings = r->readings;
	/* Where there is no memory for it nobody can look, and the recording goes on. */
	if (!n &&
		erg_show_new(&r->sources, r->run_id, r->opt.argv ? r->opt.argv[0] : "", &r->show,
			&unseen) == 0)
		r->sampling.show = r->show;
	if (!n)
		n = erg_sampler_prepare(&r->sampling, erg_run_warn, r, &r->sampler, err);
	if (n)
		return n;
	calibrate(r); /* starting a source may have set its model */
	exe[len > 0 ? len : 0] = '\0';
	erg_emit_process(r->run_id, exe);
	r->begin_ns = erg_mono_ns();
	return erg_sampler_start(r->sampler, err);
}

static int attach_check(const char *list, struct erg_err *err)
{
	if (!strcmp(list, "all"))
		return 0;
	for (const char *p = list; *p; p += strcspn(p, ","), p += *p == ',')
		if (kill((pid_t)atoi(p), 0) < 0)
			return erg_fail_errno(err, -errno, "--attach: process %d", atoi(p));
	return 0;
}

int erg_run_refuse_early(struct erg_run *r, struct erg_err *err)
{
	int n = output_check(r, err);

	if (!n && access("/proc/self/fd", X_OK) < 0) /* LTTng's daemon would wait for ever */
		n = erg_fail(err, -ENOENT, "/proc is not there: it was expected, mounted");
	if (!n && r->opt.to)
		n = erg_destination_check(r->opt.to, err);
	if (!n && r->opt.argv)
		n = erg_workload_resolve(r->opt.argv[0], &r->exe, err);
	if (!n && r->opt.attach)
		n = attach_check(r->opt.attach, err);
	return n;
}

int erg_run_prepare(struct erg_run *r, struct erg_err *err)
{
	char dir[PATH_MAX];
	int n;

	r->warnings = json_array();
	n = signals_open(r, err);
	if (!n)
		n = identity_make(r, err);
	if (!n)
		n = sources_find(r, err);
	if (!n)
		n = erg_run_files_check(FILES_STILL, err);
	if (!n)
		n = erg_run_programs_add(r, err);
	if (!n)
		n = environment_make(r, err);
	if (!n && !r->opt.to) {
		erg_stale_parts_remove(r->opt.output);
		erg_stale_spools_announce(spool_dir(r, dir, sizeof(dir)));
	}
	if (!n)
		n = spool_open(r, err);
	if (!n)
		n = session_open(r, err);
	if (!n && r->opt.annotate)
		n = erg_rules_start(&r->rules, r->opt.annotate, r->name,
			spool_dir(r, dir, sizeof(dir)), err);
	if (!n)
		n = start_sampling(r, err);
	if (!n && r->shm[0])
		n = r->spool ? erg_shm_save_metadata(r->shm, r->spool, err)
			     : erg_shm_stream_metadata(r->shm, r->run_id, err);
	if (!n)
		n = manifest_write(r, err);
	if (!n)
		n = erg_run_state_write(r, err);
	return n;
}

void erg_run_release(struct erg_run *r)
{
	erg_rules_release_runs(&r->rules);
	erg_keeper_free(r->keeper);
	erg_join_stop(r->join);
	erg_sampler_free(r->sampler);
	erg_tally_free(r->tally);
	erg_readings_free(r->readings);
	erg_show_free(r->show);
	if (r->session) {
		erg_session_free(r->session);
		erg_daemon_release();
	}
	erg_join_free(r->join);
	if (r->shm[0])
		erg_shm_remove(r->name);
	erg_source_list_release(&r->sources);
	erg_environ_release(&r->env);
	erg_live_release(&r->live);
	erg_workload_release(&r->work);
	erg_closep(&r->spool_held);
	erg_closep(&r->signal_fd);
	erg_closep(&r->timer_fd);
	json_decref(r->manifest);
	json_decref(r->counters);
	json_decref(r->process_counters);
	json_decref(r->calibrations);
	json_decref(r->warnings);
	erg_finish_free(r->finish);
	free(r->part);
	free(r->exe);
	free(r->url);
	free(r->spool);
	erg_run_options_release(&r->opt);
}
