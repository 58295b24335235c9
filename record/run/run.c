/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The verb run: one recording from the first sample to the archive.
 *
 * Sampling begins before the command and ends after it, so that the first and the last layer have
 * readings on both sides. Once the command runs it runs to its end, whatever happens to the
 * recording: a failed recording must not cost a result. Its exit status is ours, unless the
 * recording failed.
 */
#include "record/run/run.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

#include "formats/manifest.h"
#include "formats/base/open_files.h"
#include "formats/base/tree.h"
#include "formats/base/terminal.h"
#include "formats/base/memory.h"
#include "formats/base/util.h"
#include "record/session/daemon.h"
#include "record/run/describe.h"
#include "record/run/summary.h"
#include "record/spool/document.h"
#include "record/sources/process.h"
#include "record/sampler/emit.h"
#include "record/spool/finish.h"
#include "record/session/hang_watch.h"
#include "formats/base/say.h"
#include "record/spool/spool.h"

#define EVENT_COST_ROUNDS 32        /* about 3 ms, and 10 kB of the trace */
#define FILES_AT_ALL 32             /* that a recording has open at a time, and its least source */
#define FIRST_READING_NS 200000000u /* a source may need so long; the command waits no longer */

/* ---- waiting ---- */

static void timer_set(const struct erg_run *r, double seconds)
{
	struct itimerspec t = {0};

	t.it_value.tv_sec = (time_t)seconds;
	t.it_value.tv_nsec = (long)((seconds - (double)t.it_value.tv_sec) * 1e9);
	timerfd_settime(r->timer_fd, 0, &t, NULL);
}

static bool ends_recording(int sig)
{
	return sig == SIGINT || sig == SIGTERM || sig == SIGHUP || sig == SIGQUIT;
}

static void signals_read(struct erg_run *r)
{
	struct signalfd_siginfo si;

	while (read(r->signal_fd, &si, sizeof(si)) == (ssize_t)sizeof(si)) {
		int sig = (int)si.ssi_signo;

		if (r->work.pid < 0 || r->work.ended) {
			if (ends_recording(sig))
				r->interrupted = sig;
			continue;
		}
		erg_workload_signal(&r->work, sig, si.ssi_code == SI_KERNEL);
	}
}

/* The recording cannot go on, or did not end well: say it once, and let the command run. */
static void recording_failed(struct erg_run *r, const struct erg_err *why)
{
	const bool runs = r->work.pid > 0 && !r->work.ended;

	if (r->failure.code)
		return;
	r->failure = *why;
	if (r->url)
		erg_wrap(&r->failure, why->code, "streaming to lttng-relayd at %s", r->url);
	erg_warn("%s; %s%s", r->failure.msg,
		r->end_ns ? "the recording is not complete" : "recording ends here",
		runs ? ", the command goes on" : "");
	erg_sampler_stop(r->sampler);
	r->end_ns = erg_mono_ns();
}

enum wake { WAKE_ENDED, WAKE_TIMER, WAKE_SIGNAL, WAKE_FAILED };

/* Waits until the command ends (if there is one and it is WATCHed), the timer runs out, a signal
 * came that ends a recording without command, or the recording failed. */
static enum wake wait_for(struct erg_run *r, bool watch)
{
	struct pollfd p[] = {
		{.fd = r->signal_fd, .events = POLLIN},
		{.fd = r->timer_fd, .events = POLLIN},
		{.fd = watch ? r->work.pidfd : -1, .events = POLLIN},
		{.fd = r->failure.code ? -1 : erg_keeper_fd(r->keeper), .events = POLLIN},
	};
	uint64_t ticks;

	for (;;) {
		if (poll(p, ERG_ARRAY_SIZE(p), -1) < 0)
			continue;
		if (p[0].revents)
			signals_read(r);
		if (r->interrupted)
			return WAKE_SIGNAL;
		if (p[2].revents && erg_workload_reap(&r->work))
			return WAKE_ENDED;
		if (p[1].revents && read(r->timer_fd, &ticks, sizeof(ticks)) > 0)
			return WAKE_TIMER;
		if (p[3].revents) {
			recording_failed(r, erg_keeper_failure(r->keeper));
			return WAKE_FAILED;
		}
	}
}

static void wait_timer(struct erg_run *r, double seconds)
{
	timer_set(r, seconds);
	while (!r->failure.code && wait_for(r, false) == WAKE_FAILED)
		;
	timer_set(r, 0);
}

static void idle_baseline(struct erg_run *r)
{
	if (!r->opt.idle_s || r->interrupted || r->failure.code)
		return;
	erg_emit_phase("idle", true);
	wait_timer(r, r->opt.idle_s);
	erg_emit_phase("idle", false);
}

/* ---- the command ---- */

static void command_wait(struct erg_run *r)
{
	const bool limited = r->opt.duration_s > 0;
	bool told = false;

	if (limited)
		timer_set(r, r->opt.duration_s);
	while (!r->work.ended) {
		if (wait_for(r, true) != WAKE_TIMER)
			continue;
		/* Its time is over: ask it to end, then make it. */
		erg_workload_signal(&r->work, told ? SIGKILL : SIGTERM, false);
		timer_set(r, told ? 0 : 10);
		told = true;
	}
	timer_set(r, 0);
}

/* The command's events are on before it runs; what it starts joins. */
static void command_join(void *data, pid_t pid)
{
	struct erg_run *r = data;
	struct erg_err err;

	if (r->join && erg_join_take(r->join, pid, &err) < 0)
		erg_warn("%s", err.msg);
	if (r->command)
		erg_process_source_follow(r->command, pid);
}

static int command_run(struct erg_run *r, struct erg_err *err)
{
	const struct erg_workload_start start = {
		.path = r->exe,
		.argv = r->opt.argv,
		.env = &r->env,
		.mask = &r->mask,
		.before = command_join,
		.data = r,
	};
	int n;

	if (!r->opt.argv) {
		erg_tally_begin(r->tally, r->begin_ns);
		wait_timer(r, r->opt.duration_s);
		r->interrupted = 0; /* an early end is an end */
		return 0;
	}
	if (r->interrupted)
		return 0;
	n = erg_workload_start(&r->work, &start, err);
	if (n < 0)
		return n;
	erg_tally_begin(r->tally, r->work.begin_ns);
	erg_run_state_write(r, NULL);
	command_wait(r);
	erg_tally_end(r->tally, r->work.end_ns);
	return 0;
}

/* ---- the end ---- */

static json_t *summary_make(struct erg_run *r, const struct erg_packets_report *repair)
{
	struct erg_sampler_stats st;
	struct erg_join_report processes;
	const struct erg_summary_facts facts = {
		.run_id = r->run_id,
		.workload = r->work.begin_ns ? &r->work : NULL,
		.begin_ns = r->begin_ns,
		.end_ns = r->end_ns,
		.losses = r->losses_known ? &r->losses : NULL,
		.processes = r->join ? &processes : NULL,
		.not_attached = r->session_found,
		.sampler = &st,
		.overhead = &r->overhead,
		.sources = &r->sources,
		.readings = r->readings,
		.repair = r->failure.code ? repair : NULL,
		.reason = r->failure.code ? r->failure.msg : NULL,
	};

	erg_sampler_stats(r->sampler, &st);
	erg_join_reported(r->join, &processes);
	return erg_describe_summary(&facts);
}

/* A summary without a part is no whole one: once memory was refused, nobody knows what is missing. */
static json_t *summary_whole(struct erg_run *r, const struct erg_packets_report *repair)
{
	const struct erg_err why = {-ENOMEM,
		"memory was refused: what the recording says of itself may lack parts"};
	json_t *summary = erg_memory_starved() ? NULL : summary_make(r, repair);

	if (summary && !erg_memory_starved())
		return summary;
	json_decref(summary);
	recording_failed(r, &why);
	return summary_make(r, repair);
}

/* The other machine makes the archive: what is known before the session ends is all it gets. */
static void summary_stream(struct erg_run *r)
{
	json_t *summary = summary_whole(r, NULL);
	struct erg_err err;
	int n;

	/* All that is recorded was said before. */
	n = json_object_set_new(summary, "streamed_ns", json_integer((json_int_t)erg_mono_ns())) < 0
		? erg_fail_errno(&err, -ENOMEM, ERG_SUMMARY_NAME)
		: erg_document_emit_pieces(r->run_id, ERG_SUMMARY_NAME, summary, &err);
	if (n < 0)
		recording_failed(r, &err);
	json_decref(summary);
}

static void recording_end(struct erg_run *r)
{
	struct erg_hang_watch watch;
	struct erg_err err;

	erg_keeper_stop(r->keeper);
	if (!r->failure.code && erg_keeper_failure(r->keeper))
		recording_failed(r, erg_keeper_failure(r->keeper));
	if (!r->end_ns)
		r->end_ns = erg_mono_ns();
	if (!r->work.end_ns)
		erg_tally_end(r->tally, r->end_ns);
	erg_sampler_stop(r->sampler);
	erg_sampler_emit_status(r->sampler);
	if (!r->failure.code)
		erg_rules_finish(&r->rules, r->run_id, erg_environ_get(&r->env, "ERG_LIVE"),
			r->join ? erg_join_variable(r->join) : "", &r->mask);
	erg_join_stop(r->join);
	if (r->url)
		summary_stream(r);
	if (r->spool && erg_spool_check(r->spool, &r->spool_id, &err) < 0)
		recording_failed(r, &err);
	erg_hang_watch_start(&watch, "the LTTng session daemon", r->spool, false);
	if (r->failure.code == -EPIPE)
		erg_session_abandon(r->session);
	else if (erg_session_stop(r->session, &r->losses, &err) == 0)
		r->losses_known = true;
	else if (!r->failure.code)
		recording_failed(r, &err);
	erg_session_free(r->session);
	r->session = NULL;
	erg_daemon_release();
	erg_hang_watch_stop(&watch);
}

static int archive_fill(struct erg_run *r, struct erg_err *err)
{
	struct erg_packets_report repair = {0};
	json_t *summary;
	int n = 0;

	if (!r->finish)
		n = erg_finish_open(r->opt.output, r->opt.force, r->manifest, &r->finish, err);
	if (!n)
		n = erg_finish_rest(r->finish, r->spool, r->failure.code ? &repair : NULL, err);
	if (n)
		return n;
	summary = summary_whole(r, &repair);
	n = erg_finish_close(r->finish, summary, err);
	json_decref(summary);
	return n;
}

/* LTTng's daemon may still be making files in it, where a session could not be ended in order. */
static void spool_remove(const char *spool)
{
	const struct timespec pause = {.tv_nsec = 50000000};
	int n = erg_tree_remove(spool);

	for (int i = 0; i < 20 && n == -ENOTEMPTY; i++) {
		nanosleep(&pause, NULL);
		n = erg_tree_remove(spool);
	}
	if (n < 0)
		erg_warn("%s is left: %s", spool, strerror(-n));
}

static int archive_make(struct erg_run *r, struct erg_err *err)
{
	int n;

	setpriority(PRIO_PROCESS, 0, 19);
	n = archive_fill(r, err);
	if (n < 0 && erg_spool_check(r->spool, &r->spool_id, NULL) < 0)
		return erg_wrap(err, n, "nothing of the recording is left");
	if (n < 0) {
		_cleanup_(erg_freep) char *word = erg_terminal_word(r->spool);

		erg_say("the recording is kept; erg-record recover %s -o FILE.erg makes an archive "
			"of it",
			word ? word : "SPOOL");
		return n;
	}
	spool_remove(r->spool);
	return 0;
}

/* What the keeper does with --compress during. */
static int pack(void *data, struct erg_err *err)
{
	struct erg_run *r = data;

	return erg_finish_rotated(r->finish, r->spool, erg_run_part_saved, r, err);
}

static int keeper_start(struct erg_run *r, struct erg_err *err)
{
	const struct erg_keeper_config keep = {
		.session = r->session,
		.sampler = r->sampler,
		.spool = r->spool,
		.spool_id = r->spool_id,
		.run_id = r->run_id,
		.shm = r->shm[0] ? r->shm : NULL,
		.spool_limit_bytes = r->opt.spool_limit_bytes,
		.chore = r->finish ? pack : NULL,
		.data = r,
	};

	return erg_keeper_start(&keep, &r->keeper, err);
}

/* The command between two baselines. */
static int command_record(struct erg_run *r, struct erg_err *err)
{
	int n;

	idle_baseline(r);
	erg_overhead_mark(&r->overhead.begin, r->sampler, r->keeper);
	n = command_run(r, err);
	if (n < 0)
		return n;
	erg_overhead_mark(&r->overhead.end, r->sampler, r->keeper);
	idle_baseline(r);
	return n;
}

static int recording_run(struct erg_run *r, struct erg_err *err)
{
	int n = 0;

	if (r->opt.compress_during && r->spool)
		n = erg_finish_open(r->opt.output, r->opt.force, r->manifest, &r->finish, err);
	if (!n)
		n = keeper_start(r, err);
	if (n)
		return n;
	erg_event_cost_measure(EVENT_COST_ROUNDS, &r->overhead.event);
	erg_sampler_await_first(r->sampler, FIRST_READING_NS);
	if (r->opt.live)
		n = erg_watch_start(&r->watch, r->spool, &r->mask, err);
	if (!n)
		n = command_record(r, err);
	erg_show_end(r->show);
	erg_watch_stop(&r->watch);
	if (n < 0)
		return n;
	recording_end(r);
	if (r->work.pid < 0 && r->interrupted)
		return erg_fail(err, -EINTR, "interrupted before the command started");
	r->recorded = true;
	n = r->spool ? archive_make(r, err) : 0;
	return n < 0 ? n : 1;
}

/* A recording that never began leaves nothing. */
static void undo(struct erg_run *r)
{
	erg_keeper_free(erg_steal_ptr(&r->keeper));
	erg_sampler_free(erg_steal_ptr(&r->sampler));
	erg_rules_release_runs(&r->rules);
	erg_join_stop(r->join);
	erg_session_free(erg_steal_ptr(&r->session));
	erg_daemon_release();
	erg_finish_free(erg_steal_ptr(&r->finish));
	if (r->part)
		unlink(r->part);
	if (r->spool)
		spool_remove(r->spool);
}

int erg_run(const struct erg_run_options *options, int argc, char **argv, struct erg_err *err)
{
	struct erg_run r = {.opt = *options,
		.spool_held = -1,
		.signal_fd = -1,
		.timer_fd = -1,
		.live = ERG_LIVE_INIT,
		.watch = ERG_WATCH_INIT,
		.work = ERG_WORKLOAD_INIT};
	int n = erg_run_signals_hold(&r, err);
	int status = 1;

	erg_open_files_raise();
	if (!n)
		n = erg_run_files_check(FILES_AT_ALL, err);
	if (!n)
		n = erg_run_refuse_early(&r, err);
	if (!n)
		n = erg_run_daemon_first(&r, argc, argv, err);
	if (!n)
		n = erg_run_prepare(&r, err);
	if (!n)
		n = recording_run(&r, err);
	if (n < 0 && !r.recorded)
		undo(&r);
	if (n == 1) {
		erg_run_summary_say(&r);
		status = r.failure.code ? 1 : r.opt.argv ? erg_workload_exit_status(&r.work) : 0;
	}
	erg_run_release(&r);
	return n < 0 ? n : status;
}
