/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One run of a sweep.
 *
 * Order: knobs, cool-down to the start temperature, co-runners, warm-up, recording. Children die
 * with the sweep (PR_SET_PDEATHSIG): the recorder by SIGTERM, which ends a recording cleanly,
 * co-runners by SIGKILL. A co-runner that ends before the workload is started again, so that it is
 * there all the time.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "formats/base/util.h"
#include "formats/base/terminal.h"
#include "record/knobs/state.h"
#include "record/sweep/progress.h"
#include "record/sweep/sweep.h"

struct companions {
	pid_t pid[ERG_PLAN_CORUNNERS_MAX]; /* 0: not running */
	uint64_t started_ns[ERG_PLAN_CORUNNERS_MAX];
	unsigned early[ERG_PLAN_CORUNNERS_MAX]; /* deaths right after the start, in a row */
	struct erg_progress progress[ERG_PLAN_CORUNNERS_MAX];
	int log[ERG_PLAN_CORUNNERS_MAX];
};

struct running {
	struct erg_sweep *s;
	const struct erg_plan_run *run;
	const struct erg_plan_program *program;
	struct companions with;
	struct erg_progress progress; /* of the workload itself, where a plan has co-runners */
	char log_path[4500];
	int log;
	pid_t child;
	int status;
	bool ended;
};

double erg_sweep_temperature(const struct erg_sweep *s)
{
	struct erg_texts zones = {0};
	char type[128], temp[64];
	double c = NAN;

	erg_knob_list(&s->ctx, "class/thermal", "thermal_zone", &zones);
	for (size_t i = 0; i < zones.n && isnan(c); i++) {
		if (erg_knob_text(type, sizeof(type), "%s/type", zones.v[i]) < 0 ||
			(s->plan->cooldown_zone && strcmp(type, s->plan->cooldown_zone) != 0))
			continue;
		if (erg_knob_text(temp, sizeof(temp), "%s/temp", zones.v[i]) == 0)
			c = atof(temp) / 1000;
	}
	erg_texts_clear(&zones);
	return c;
}

double erg_sweep_expected_s(const struct erg_sweep *s, const struct erg_plan_run *run)
{
	const struct erg_plan_program *p = erg_plan_program(s->plan, run->workload);
	json_t *entry;
	double sum = 0, n = 0;
	size_t i;

	json_array_foreach (json_object_get(s->index, "runs"), i, entry) {
		const char *w = json_string_value(json_object_get(entry, "workload"));
		double t = json_number_value(json_object_get(entry, "total_s"));

		if (w && strcmp(w, p->name) == 0 && t > 0) {
			sum += t;
			n++;
		}
	}
	if (n > 0)
		return sum / n;
	if (p->expected_s > 0 || p->duration_s > 0)
		return (p->expected_s > 0 ? p->expected_s : p->duration_s) + s->plan->warmup_s +
			s->plan->settle_s;
	return NAN;
}

/* In the child: becomes ARGV of PROGRAM. */
static void become(const struct running *r, const struct erg_plan_program *program, char **argv,
	int log, int death)
{
	const char *dir = program->directory;
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	erg_sweep_child_signals(death);
	dup2(null, STDIN_FILENO);
	dup2(log, STDOUT_FILENO);
	dup2(log, STDERR_FILENO);
	for (size_t i = 0; i < program->env.n; i++)
		putenv(program->env.v[i]);
	if (r->s->ctx.has_affinity && death == SIGTERM)
		sched_setaffinity(0, sizeof(r->s->ctx.affinity), &r->s->ctx.affinity);
	if (!dir || chdir(dir) == 0)
		execvp(argv[0], argv);
	erg_terminal_line(stderr, "erg-record sweep: %s: %s", dir && errno ? dir : argv[0],
		strerror(errno));
	_exit(127);
}

static pid_t start_program(const struct running *r, const struct erg_plan_program *program,
	char **argv, int log, int death)
{
	pid_t pid = fork();

	if (pid == 0)
		become(r, program, argv, log, death);
	return pid;
}

static int start_companion(struct running *r, size_t i, struct erg_err *err)
{
	const struct erg_plan_program *p = &r->s->plan->corunners[i];
	uint64_t now = erg_mono_ns();

	if (r->with.started_ns[i] && now - r->with.started_ns[i] < 100000000u)
		r->with.early[i]++;
	else
		r->with.early[i] = 0;
	if (r->with.early[i] > 10)
		return erg_fail(err, -ECHILD,
			"co-runner %s ends at once, again and again: see its log", p->name);
	r->with.started_ns[i] = now;
	r->with.pid[i] = start_program(r, p, p->argv.v, r->with.log[i], SIGKILL);
	if (r->with.pid[i] < 0)
		return erg_fail_errno(err, -errno, "co-runner %s: fork", p->name);
	erg_progress_begin(&r->with.progress[i], r->with.pid[i]);
	return 0;
}

static void stop_companions(struct running *r)
{
	for (size_t i = 0; i < r->s->plan->n_corunners; i++)
		if (r->with.pid[i] > 0)
			kill(r->with.pid[i], SIGKILL);
	for (size_t i = 0; i < r->s->plan->n_corunners; i++) {
		if (r->with.pid[i] > 0)
			waitpid(r->with.pid[i], NULL, 0);
		r->with.pid[i] = 0;
		erg_progress_close(&r->with.progress[i]);
		erg_closep(&r->with.log[i]);
		r->with.log[i] = -1;
	}
	erg_progress_close(&r->progress);
}

static int64_t cpu_ms(const struct rusage *used)
{
	return (used->ru_utime.tv_sec + used->ru_stime.tv_sec) * 1000 +
		(used->ru_utime.tv_usec + used->ru_stime.tv_usec) / 1000;
}

/* What the programs have printed. */
static void look_at_output(struct running *r)
{
	erg_progress_look(&r->progress);
	for (size_t i = 0; i < r->s->plan->n_corunners; i++)
		erg_progress_look(&r->with.progress[i]);
}

/* Takes note of every child that has ended. */
static int reap(struct running *r, struct erg_err *err)
{
	struct rusage used;
	int status;
	pid_t pid;

	look_at_output(r);
	while ((pid = wait4(-1, &status, WNOHANG, &used)) > 0) {
		if (pid == r->s->watchdog) {
			r->s->watchdog = 0;
			return erg_fail(err, -ECHILD,
				"the process that would restore the knobs was killed");
		}
		if (pid == r->child) {
			r->status = status;
			r->ended = true;
		}
		for (size_t i = 0; i < r->s->plan->n_corunners; i++)
			if (pid == r->with.pid[i]) {
				int e;

				erg_progress_end(&r->with.progress[i], cpu_ms(&used));
				e = start_companion(r, i, err);

				if (e < 0)
					return e;
			}
	}
	return 0;
}

/* Waits till the child ends. LIMIT_S > 0: then sends SIGTERM, and later SIGKILL. */
static int wait_child(struct running *r, double limit_s, bool *timed_out, struct erg_err *err)
{
	uint64_t begin = erg_mono_ns();
	int sig = 0, terms = 0;

	for (;;) {
		double s = (double)(erg_mono_ns() - begin) * 1e-9;
		int e = reap(r, err);

		if (e < 0 && !r->ended)
			kill(r->child, SIGTERM);
		if (e < 0)
			return e;
		if (r->ended)
			return sig;
		if ((sig && terms == 0) || (limit_s > 0 && s > limit_s + 10 * terms)) {
			if (timed_out && !sig)
				*timed_out = true;
			kill(r->child, terms++ < 3 ? SIGTERM : SIGKILL);
		}
		if (sig) { /* remembered: wait by the clock until the child has ended */
			struct timespec pause = {0, 20000000};

			nanosleep(&pause, NULL);
			if (terms == 1 && s > 30)
				kill(r->child, SIGKILL);
		} else {
			sig = erg_sweep_wait(limit_s > 0 && limit_s - s < 1 ? 0.05
					: r->s->plan->n_corunners           ? 0.1
									    : 1);
		}
	}
}

/* Waits SECONDS with co-runners kept alive. */
static int pause_for(struct running *r, double seconds, struct erg_err *err)
{
	uint64_t end = erg_mono_ns() + (uint64_t)(seconds * 1e9), now;
	int sig = 0, e = 0;

	while (!sig && e == 0 && (now = erg_mono_ns()) < end) {
		sig = erg_sweep_wait((double)(end - now) * 1e-9);
		e = reap(r, err);
	}
	return e < 0 ? e : sig;
}

static int set_knobs(struct running *r, json_t *factors, struct erg_err *err)
{
	struct erg_sweep *s = r->s;

	for (size_t i = 0; i < s->n_knobs; i++) {
		size_t k = i - s->plan->n_set;
		const char *value = i < s->plan->n_set
			? s->plan->set[i].values.v[0]
			: s->plan->knobs[k].values.v[r->run->knob[k]];
		char applied[ERG_KNOB_TEXT_MAX];
		int e = erg_knob_apply(&s->knobs[i], value, applied, sizeof(applied), err);

		if (e < 0)
			return e;
		json_object_set_new(factors, s->knobs[i].name, json_string(applied));
	}
	return 0;
}

static int cool_down(struct running *r, json_t *entry, struct erg_err *err)
{
	struct erg_sweep *s = r->s;
	uint64_t begin = erg_mono_ns();
	double c = erg_sweep_temperature(s), waited = 0;
	bool limit = false;
	int sig = 0;

	while (s->plan->cooldown && !isnan(c) && !isnan(s->start_c) &&
		c > s->start_c + s->plan->cooldown_within_k && sig == 0 && !limit) {
		sig = pause_for(r, 0.2, err);
		waited = (double)(erg_mono_ns() - begin) * 1e-9;
		limit = waited >= s->plan->cooldown_limit_s;
		c = erg_sweep_temperature(s);
	}
	json_object_set_new(entry, "begin_degc", isnan(c) ? json_null() : json_real(c));
	if (s->plan->cooldown) {
		json_object_set_new(entry, "cooldown_s", json_real(waited));
		json_object_set_new(entry, "cooled", json_boolean(!limit));
	}
	return sig;
}

/* The files of co-runner I: what it prints, and how far it is. */
static int open_companion(struct running *r, size_t i, struct erg_err *err)
{
	const struct erg_plan_program *p = &r->s->plan->corunners[i];
	int stem = (int)strlen(r->log_path) - 4;
	char log[4700], progress[4500];

	snprintf(log, sizeof(log), "%.*s.%s.log", stem, r->log_path, p->name);
	snprintf(progress, sizeof(progress), "%.*s.%s.progress", stem, r->log_path, p->name);
	r->with.log[i] = open(log,
		O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
		0666);
	if (r->with.log[i] < 0)
		return erg_fail_errno(err, -errno, "%s", log);
	return erg_progress_open(&r->with.progress[i], progress, log, p->progress, err);
}

static int start_companions(struct running *r, struct erg_err *err)
{
	int e = 0;

	for (size_t i = 0; i < r->s->plan->n_corunners && e == 0; i++) {
		if (!(r->run->corunners >> i & 1))
			continue;
		e = open_companion(r, i, err);
		if (e == 0)
			e = start_companion(r, i, err);
	}
	return e;
}

/* Of the workload: the recorder counts it as it does its co-runners, which may be workloads, too. */
static int open_progress(struct running *r, struct erg_err *err)
{
	char path[4500];

	if (!r->s->plan->n_corunners)
		return 0;
	snprintf(path, sizeof(path), "%.*s.progress", (int)strlen(r->log_path) - 4, r->log_path);
	return erg_progress_open(&r->progress, path, r->log_path, r->program->progress, err);
}

static int warm_up(struct running *r, struct erg_err *err)
{
	uint64_t end = erg_mono_ns() + (uint64_t)(r->s->plan->warmup_s * 1e9);
	int e = 0;

	while (e == 0 && erg_mono_ns() < end) {
		r->ended = false;
		r->child = start_program(r, r->program, r->program->argv.v, r->log, SIGTERM);
		if (r->child < 0)
			return erg_fail_errno(err, -errno, "%s: fork", r->program->name);
		e = wait_child(r, (double)(end - erg_mono_ns()) * 1e-9, NULL, err);
		if (e == 0 && WIFEXITED(r->status) && WEXITSTATUS(r->status) == 127)
			return erg_fail(err, -ENOENT, "%s: cannot be started", r->program->name);
	}
	return e;
}

static void add_pair(struct erg_texts *argv, const char *option, const char *key, const char *value)
{
	_cleanup_(erg_freep) char *text = NULL;

	if (asprintf(&text, "%s=%s", key, value) < 0) {
		text = NULL;
		return;
	}
	erg_texts_add(argv, option);
	erg_texts_add(argv, text);
}

static void add_settings(const struct running *r, json_t *factors, struct erg_texts *argv)
{
	const struct erg_plan *p = r->s->plan;
	char text[ERG_PLAN_CORUN_MAX];
	const char *key;
	json_t *v;

	json_object_foreach (factors, key, v)
		add_pair(argv, "--factor", key, json_string_value(v));
	for (size_t i = 0; i < p->n_conditions; i++)
		add_pair(argv, p->conditions[i].values.n > 1 ? "--factor" : "--tag",
			p->conditions[i].name, p->conditions[i].values.v[r->run->condition[i]]);
	if (p->n_corunners) {
		erg_plan_corun_name(p, r->run->corunners, text, sizeof(text));
		add_pair(argv, "--factor", "corun", text);
	}
	if (r->progress.fd >= 0) {
		erg_texts_add(argv, "--progress");
		erg_texts_add(argv, r->progress.path);
	}
	for (size_t i = 0; i < p->n_corunners; i++)
		if (r->with.progress[i].fd >= 0)
			add_pair(argv, "--beside", p->corunners[i].name, r->with.progress[i].path);
	add_pair(argv, "--tag", "workload", r->program->name);
	add_pair(argv, "--tag", "plan", p->name);
	if (r->s->shards)
		add_pair(argv, "--tag", "node", r->s->node);
	for (size_t i = 0; i < r->program->tags.n; i++) {
		erg_texts_add(argv, "--tag");
		erg_texts_add(argv, r->program->tags.v[i]);
	}
	snprintf(text, sizeof(text), "%u", r->run->repetition);
	add_pair(argv, "--tag", "repetition", text);
}

static void recorder_argv(const struct running *r, const char *archive, json_t *factors,
	struct erg_texts *argv)
{
	const struct erg_sweep *s = r->s;
	char path[4400], seconds[32];

	snprintf(path, sizeof(path), "%s/%s", s->real_dir, archive);
	erg_texts_add(argv, "/proc/self/exe");
	erg_texts_add(argv, "run");
	erg_texts_add(argv, "--force");
	erg_texts_add(argv, "-o");
	erg_texts_add(argv, path);
	if (strcmp(s->sysfs, "/sys") != 0) {
		erg_texts_add(argv, "--sysfs");
		erg_texts_add(argv, s->sysfs);
	}
	for (size_t i = 0; i < s->plan->record.n; i++)
		erg_texts_add(argv, s->plan->record.v[i]);
	if (r->program->duration_s > 0) {
		snprintf(seconds, sizeof(seconds), "%.9g", r->program->duration_s);
		erg_texts_add(argv, "--duration");
		erg_texts_add(argv, seconds);
	}
	add_settings(r, factors, argv);
	erg_texts_add(argv, "--");
	for (size_t i = 0; i < r->program->argv.n; i++)
		erg_texts_add(argv, r->program->argv.v[i]);
}

static int record(struct running *r, const char *archive, json_t *factors, json_t *entry,
	struct erg_err *err)
{
	struct erg_texts argv = {0};
	uint64_t begin = erg_mono_ns();
	bool timed_out = false, held = true, ok, exists;
	char path[4400];
	int e;

	recorder_argv(r, archive, factors, &argv);
	r->ended = false;
	r->child = start_program(r, r->program, argv.v, r->log, SIGTERM);
	erg_texts_clear(&argv);
	if (r->child < 0)
		return erg_fail_errno(err, -errno, "%s: fork", r->program->name);
	e = wait_child(r, r->s->plan->timeout_s, &timed_out, err);
	if (e != 0)
		return e;
	for (size_t i = 0; i < r->s->n_knobs; i++)
		held = held && erg_knob_holds(&r->s->knobs[i]);
	snprintf(path, sizeof(path), "%s/%s", r->s->real_dir, archive);
	exists = access(path, F_OK) == 0;
	/* a workload that was told to stop after its duration may say so in its status */
	ok = exists && !timed_out &&
		((WIFEXITED(r->status) && WEXITSTATUS(r->status) == 0) ||
			(r->program->duration_s > 0 && WIFEXITED(r->status) &&
				WEXITSTATUS(r->status) >= 128));
	json_object_set_new(entry, "status",
		json_string(ok              ? "done"
				: timed_out ? "timeout"
					    : "failed"));
	json_object_set_new(entry, "exit_status",
		json_integer(
			WIFEXITED(r->status) ? WEXITSTATUS(r->status) : 128 + WTERMSIG(r->status)));
	json_object_set_new(entry, "recorded_s", json_real((double)(erg_mono_ns() - begin) * 1e-9));
	json_object_set_new(entry, "knobs_held", json_boolean(held));
	return 0;
}

static json_t *new_entry(const struct running *r, const char *archive, const char *log)
{
	const struct erg_plan *p = r->s->plan;
	json_t *conditions = json_object();
	char utc[32], corun[ERG_PLAN_CORUN_MAX];
	time_t now = time(NULL);
	struct tm tm;

	strftime(utc, sizeof(utc), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
	for (size_t i = 0; i < p->n_conditions; i++)
		json_object_set_new(conditions, p->conditions[i].name,
			json_string(p->conditions[i].values.v[r->run->condition[i]]));
	erg_plan_corun_name(p, r->run->corunners, corun, sizeof(corun));
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:i, s:s, s:b, s:s*}", "id", r->run->id,
		"archive", archive, "log", log, "workload", r->program->name, "corun", corun,
		"conditions", conditions, "repetition", (int)r->run->repetition, "begin_utc", utc,
		"simulated", (int)r->s->ctx.simulated, "node", r->s->shards ? r->s->node : NULL);
}

static int steps(struct running *r, const char *archive, json_t *entry, struct erg_err *err)
{
	json_t *factors = json_object();
	int e = set_knobs(r, factors, err);

	json_object_set_new(entry, "factors", factors);
	if (e == 0)
		e = pause_for(r, r->s->plan->settle_s, err);
	if (e == 0)
		e = cool_down(r, entry, err);
	if (e == 0)
		e = start_companions(r, err);
	if (e == 0 && r->s->plan->warmup_s > 0)
		e = warm_up(r, err);
	if (e == 0)
		e = open_progress(r, err);
	if (e == 0)
		e = record(r, archive, factors, entry, err);
	stop_companions(r);
	return e;
}

int erg_sweep_run(struct erg_sweep *s, const struct erg_plan_run *run, json_t **ret_entry,
	struct erg_err *err)
{
	struct running r = {.s = s,
		.run = run,
		.program = erg_plan_program(s->plan, run->workload),
		.progress = ERG_PROGRESS_NONE};
	char archive[256], log[300], path[4500];
	uint64_t begin = erg_mono_ns();
	json_t *entry;
	int e;

	erg_plan_archive_name(run, archive, sizeof(archive));
	snprintf(path, sizeof(path), "%s/logs", s->real_dir);
	if (mkdir(path, 0777) < 0 && errno != EEXIST)
		return erg_fail_errno(err, -errno, "%s", path);
	snprintf(log, sizeof(log), "logs/%.*s.log", (int)(strlen(archive) - 4), archive);
	snprintf(path, sizeof(path), "%s/%s", s->real_dir, log);
	snprintf(r.log_path, sizeof(r.log_path), "%s", path);
	for (size_t i = 0; i < ERG_PLAN_CORUNNERS_MAX; i++) {
		r.with.progress[i] = (struct erg_progress)ERG_PROGRESS_NONE;
		r.with.log[i] = -1;
	}
	r.log = open(path,
		O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
		0666);
	if (r.log < 0)
		return erg_fail_errno(err, -errno, "%s", path);
	entry = new_entry(&r, archive, log);
	e = entry ? steps(&r, archive, entry, err) : erg_fail(err, -ENOMEM, "no memory");
	close(r.log);
	if (e != 0) { /* what an interrupted run recorded is not the run */
		snprintf(path, sizeof(path), "%s/%s", s->real_dir, archive);
		unlink(path);
		json_decref(entry);
		return e;
	}
	json_object_set_new(entry, "total_s", json_real((double)(erg_mono_ns() - begin) * 1e-9));
	*ret_entry = entry;
	return 0;
}
