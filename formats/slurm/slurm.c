/* SPDX-License-Identifier: MIT */
/* The array: submitted, waited for, its failures submitted again. */
#include "formats/slurm/slurm.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "formats/base/progress.h"
#include "formats/base/regular.h"
#include "formats/base/util.h"

#define NOT_ENDED (-1)
#define WAIT_FIRST_S 0.2
#define WAIT_MOST_S 15.0
#define SETTLE_S 2.0 /* a file of another node may be seen later than its job's end */
#define DEAF_MAX 40  /* answers that squeue may fail to give, in a row */

struct array {
	struct erg_slurm *s;
	char job[32];
	char where[96]; /* "--clusters=NAME" of a job that went to another cluster, else "" */
	int *status;    /* of each task: of its exit, or NOT_ENDED */
	bool *asked;    /* it is of the job that runs now */
	char (*state)[ERG_SLURM_STATE_SIZE]; /* what Slurm says of one that said nothing itself */
	char mark[48];                       /* behind each status of this array, and of no other */
	sigset_t signals;
	char waits[128]; /* why a task waits that has not begun, as last told */
};

__attribute__((format(printf, 2, 3))) static void say_job(const struct erg_slurm *s,
	const char *fmt, ...)
{
	char line[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	s->tell(s->data, line);
}

int erg_slurm_program(char *ret, size_t size, struct erg_err *err)
{
	ssize_t n = readlink("/proc/self/exe", ret, size - 1);

	if (n < 0)
		return erg_fail_errno(err, -errno, "/proc/self/exe");
	ret[n] = '\0';
	return 0;
}

int erg_slurm_absolute(const char *path, char *ret, size_t size, struct erg_err *err)
{
	char cwd[PATH_MAX];
	int n;

	if (path[0] != '/' && !getcwd(cwd, sizeof(cwd)))
		return erg_fail_errno(err, -errno, "the folder of this process");
	n = path[0] == '/' ? snprintf(ret, size, "%s", path)
			   : snprintf(ret, size, "%s/%s", cwd, path);
	return n < 0 || (size_t)n >= size ? erg_fail(err, -ENAMETOOLONG, "%s: too long", path) : 0;
}

static bool is_good(const struct erg_slurm *s, int status)
{
	const int *g = s->good;

	while (*g && *g != status)
		g++;
	return *g == status;
}

/* "1-4", or "2,7": the tasks asked for. */
static char *task_list(const struct array *a)
{
	char *list = NULL;
	size_t len;
	FILE *f = open_memstream(&list, &len);
	bool any = false;

	for (unsigned int i = 0; f && i < a->s->tasks; i++) {
		unsigned int to = i;

		if (!a->asked[i])
			continue;
		while (to + 1 < a->s->tasks && a->asked[to + 1])
			to++;
		fprintf(f, any ? ",%u" : "%u", i + 1);
		if (to > i)
			fprintf(f, "-%u", to + 1);
		any = true;
		i = to;
	}
	return f && fclose(f) == 0 ? list : NULL;
}

/* "17", or "17;cluster", in a line of its own: a site's sbatch may greet first. */
static bool take_number(struct array *a, const char *said)
{
	size_t n;

	for (; said; said = strchr(said, '\n'), said = said ? said + 1 : NULL) {
		n = strspn(said, "0123456789");
		if (!n || n >= sizeof(a->job) || !strchr(";\n", said[n]))
			continue;
		snprintf(a->job, sizeof(a->job), "%.*s", (int)n, said);
		a->where[0] = '\0';
		if (said[n] == ';')
			snprintf(a->where, sizeof(a->where), "--clusters=%.*s",
				(int)strcspn(said + n + 1, "\n"), said + n + 1);
		return true;
	}
	return false;
}

static int submit(struct array *a, struct erg_err *err)
{
	_cleanup_(erg_freep) char *script = erg_slurm_script(a->s, a->mark), *list = task_list(a);
	_cleanup_(erg_freep) char *out = NULL;
	char name[128], cpus[64];
	const char *argv[12] = {"sbatch", "--parsable", "--array", list, name, "--chdir=/",
		"--output=/dev/null", "--requeue", "--nodes=1", "--ntasks=1"};
	size_t n = 10;
	int r;

	if (!script || !list)
		return erg_fail(err, -ENOMEM, "out of memory");
	if (mkdir(a->s->dir, 0777) < 0 && errno != EEXIST) /* also when it is gone meanwhile */
		return erg_fail_errno(err, -errno, "%s", a->s->dir);
	snprintf(name, sizeof(name), "--job-name=%s", a->s->name);
	snprintf(cpus, sizeof(cpus), "--cpus-per-task=%u", a->s->cpus);
	if (a->s->exclusive)
		argv[n] = "--exclusive";
	else if (a->s->cpus)
		argv[n] = cpus;
	r = erg_slurm_tool(argv, script, &out, err);
	if (r < 0)
		return r;
	if (!take_number(a, out))
		return erg_fail(err, -EPROTO,
			"sbatch: expected a job's number, found '%.40s'; the job may run", out);
	say_job(a->s, "job %s: tasks %s; what they print is in %s; scancel %s ends it", a->job,
		list, a->s->dir, a->job);
	return 0;
}

static void take_status(struct array *a, unsigned int i)
{
	char path[PATH_MAX];
	_cleanup_(erg_fclosep) FILE *f = NULL;
	char mark[sizeof(a->mark)];
	int status;

	snprintf(path, sizeof(path), "%s/%s_%u.status", a->s->dir, a->job, i + 1);
	f = erg_regular_open(path);
	if (f && fscanf(f, "%d %47s", &status, mark) == 2 && !strcmp(mark, a->mark))
		a->status[i] = status;
}

/* Tasks of this job that have said how they ended. */
static unsigned int take_statuses(struct array *a)
{
	unsigned int ended = 0, all = 0;

	for (unsigned int i = 0; i < a->s->tasks; i++) {
		if (a->asked[i] && a->status[i] == NOT_ENDED)
			take_status(a, i);
		all += a->asked[i];
		ended += a->asked[i] && a->status[i] != NOT_ENDED;
	}
	erg_progress("tasks", ended, all);
	return all - ended;
}

/* Tasks that Slurm has not done with; -1: it does not answer. A job that it has forgotten has ended. */
static int left_in_queue(struct array *a)
{
	char jobs[64];
	const char *const argv[] = {"squeue", "--noheader", "--array", jobs, "--format=%T %r",
		erg_slurm_where(a->where), NULL};
	_cleanup_(erg_freep) char *out = NULL;
	struct erg_err why = {0};
	char reason[sizeof(a->waits)] = "";
	int n = 0, running = 0;
	char *line, *save = NULL;

	snprintf(jobs, sizeof(jobs), "--jobs=%s", a->job);
	if (erg_slurm_tool(argv, NULL, &out, &why) < 0)
		return strstr(why.msg, "Invalid job id") ? 0 : -1;
	for (line = strtok_r(out, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (!strncmp(line, "CLUSTER: ", 9))
			continue;
		n++;
		if (!strncmp(line, "PENDING ", 8))
			snprintf(reason, sizeof(reason), "%s", line + 8);
		else
			running++;
	}
	if (n && !running && strcmp(a->waits, reason)) {
		memcpy(a->waits, reason, sizeof(reason));
		if (strcmp(reason, "None") && strcmp(reason, "Priority"))
			say_job(a->s, "job %s: %d tasks wait: %s", a->job, n, reason);
	}
	return n;
}

/* 0, or the signal that came. */
static int pause_for(const struct array *a, double s)
{
	struct timespec ts = {(time_t)s, (long)((s - floor(s)) * 1e9)};
	int sig = sigtimedwait(&a->signals, NULL, &ts);

	return sig > 0 ? sig : 0;
}

static int cancel(const struct array *a, int sig, struct erg_err *err)
{
	const char *const argv[] = {"scancel", a->job, erg_slurm_where(a->where), NULL};
	_cleanup_(erg_freep) char *out = NULL;
	struct erg_err why = {0};

	if (erg_slurm_tool(argv, NULL, &out, &why) < 0)
		return erg_fail(err, -EINTR, "stopped by signal %d; job %s goes on: %s", sig,
			a->job, why.msg);
	return erg_fail(err, -EINTR, "stopped by signal %d; job %s was cancelled", sig, a->job);
}

/* Until Slurm has done with the job. */
static int wait_job(struct array *a, struct erg_err *err)
{
	double pause = WAIT_FIRST_S;
	unsigned int deaf = 0;
	int left, sig;

	for (;;) {
		left = left_in_queue(a);
		take_statuses(a);
		deaf = left < 0 ? deaf + 1 : 0;
		if (deaf > DEAF_MAX)
			return erg_fail(err, -ETIMEDOUT,
				"squeue has not answered %d times; job %s may go on", DEAF_MAX,
				a->job);
		if (!left)
			break;
		sig = pause_for(a, pause);
		if (sig)
			return cancel(a, sig, err);
		pause = fmin(pause * 1.5, WAIT_MOST_S);
	}
	if (take_statuses(a) && (sig = pause_for(a, SETTLE_S)))
		return cancel(a, sig, err);
	take_statuses(a);
	erg_progress("tasks", 1, 1);
	return 0;
}

static void note_state(void *data, unsigned int task, const char *state)
{
	struct array *a = data;

	if (task >= 1 && task <= a->s->tasks && a->asked[task - 1] &&
		a->status[task - 1] == NOT_ENDED)
		snprintf(a->state[task - 1], sizeof(*a->state), "%s", state);
}

static void tell_silent(const struct array *a, unsigned int i, const char *then)
{
	if (a->state[i][0])
		say_job(a->s, "failed: task %u of job %s did not end: Slurm says %s%s", i + 1,
			a->job, a->state[i], then);
	else
		say_job(a->s, "failed: task %u of job %s did not end: it or its node was killed%s",
			i + 1, a->job, then);
}

/* Task I failed: it is told, and whether it is submitted again. */
static bool take_failure(struct array *a, unsigned int i, unsigned int try)
{
	const bool cancelled = !strcmp(a->state[i], ERG_SLURM_CANCELLED);
	const char *then = cancelled ? "; it is not submitted again"
		: try < a->s->tries  ? "; it is submitted again"
				     : "";

	if (a->status[i] == NOT_ENDED)
		tell_silent(a, i, then);
	else
		say_job(a->s, "failed: task %u of job %s, status %d: see %s/%s_%u.log%s", i + 1,
			a->job, a->status[i], a->s->dir, a->job, i + 1, then);
	a->status[i] = NOT_ENDED;
	return !cancelled;
}

/* Tasks that failed and are asked for again. */
static unsigned int take_failures(struct array *a, unsigned int try)
{
	unsigned int n = 0;

	memset(a->state, 0, a->s->tasks * sizeof(*a->state));
	if (take_statuses(a))
		erg_slurm_states(a->job, a->where, note_state, a);
	for (unsigned int i = 0; i < a->s->tasks; i++) {
		a->asked[i] = a->asked[i] &&
			(a->status[i] == NOT_ENDED || !is_good(a->s, a->status[i])) &&
			take_failure(a, i, try);
		n += a->asked[i];
	}
	return n;
}

/* No other array has it: not one of the past whose job had the same number, as after Slurm has lost its state. */
static void make_mark(struct array *a)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	snprintf(a->mark, sizeof(a->mark), "%llx-%lx-%d", (unsigned long long)now.tv_sec,
		(unsigned long)now.tv_nsec, (int)getpid());
}

static int run_all(struct array *a, struct erg_err *err)
{
	unsigned int left = a->s->tasks;
	int r = 0;

	make_mark(a);

	for (unsigned int i = 0; i < a->s->tasks; i++) {
		a->status[i] = NOT_ENDED;
		a->asked[i] = true;
	}
	for (unsigned int try = 1; left && r >= 0 && try <= a->s->tries; try++) {
		r = submit(a, err);
		if (r >= 0)
			r = wait_job(a, err);
		if (r >= 0)
			left = take_failures(a, try);
	}
	return r;
}

int erg_slurm_run(struct erg_slurm *s, struct erg_err *err)
{
	_cleanup_(erg_freep) int *status = calloc(s->tasks, sizeof(*status));
	_cleanup_(erg_freep) bool *asked = calloc(s->tasks, sizeof(*asked));
	_cleanup_(erg_freep) char(*state)[ERG_SLURM_STATE_SIZE] = calloc(s->tasks, sizeof(*state));
	struct array a = {.s = s, .status = status, .asked = asked, .state = state};
	sigset_t before;
	int r;

	if (!status || !asked || !state)
		return erg_fail(err, -ENOMEM, "out of memory");
	sigemptyset(&a.signals);
	sigaddset(&a.signals, SIGINT);
	sigaddset(&a.signals, SIGTERM);
	sigaddset(&a.signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &a.signals, &before);
	r = run_all(&a, err);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return r;
}
