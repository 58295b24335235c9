/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Programs as a source: see process.h. On a simulated board, whose processor counts nothing, events
 * are those of the board's file ergboard/processes ("TID busy_ms instructions cycles simd bus", a line
 * a thread that plays or has played), and so is the CPU time of programs that play.
 */
#include "record/sources/process.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "formats/base/memory.h"
#include "formats/base/util.h"
#include "record/sources/attr.h"
#include "record/sources/drivers.h"

#define BOARD_TEXT 16384
#define BOARD_COLUMNS 4

static const char *const board_columns[BOARD_COLUMNS] = {"instructions", "cycles", "simd", "bus"};

/* A thread of the board that was seen among the program's, with what it had counted last. */
struct played {
	pid_t tid;
	double busy_ms, count[BOARD_COLUMNS];
};

struct process {
	struct erg_source src;
	char proc[128], sysfs[256], *file;
	pthread_mutex_t lock;
	pid_t given;  /* by erg_process_source_follow; 0: not yet */
	pid_t opened; /* whose events are open */
	struct erg_process_perf perf;
	double before[ERG_PROCESS_EVENTS]; /* of forerunners, whose events are closed */
	int64_t cpu_ms, runs, iterations, ended_ms;
	pid_t now;
	bool told; /* by FILE */
	struct played *played;
	size_t n_played;
	char *text; /* of the board's file */
};

/* ---- who it is ---- */

/* What FILE says; what it said before, while it is being rewritten. */
static void read_file(struct process *p)
{
	long long pid, runs, ms, iterations, sum;
	char line[160];

	if (!p->file) {
		p->now = p->given;
		return;
	}
	if (erg_attr_read_line(line, sizeof(line), "%s", p->file) > 0 &&
		sscanf(line, "%lld %lld %lld %lld %lld", &pid, &runs, &ms, &iterations, &sum) ==
			5 &&
		sum == pid + runs + ms + iterations) {
		p->told = true;
		p->now = (pid_t)pid;
		p->runs = runs;
		p->ended_ms = ms;
		p->iterations = iterations;
	}
	if (!p->now)
		p->now = p->given;
}

/* ---- what it counts ---- */

static void events_open(struct process *p, pid_t pid)
{
	struct erg_process_ids threads = {0};
	int64_t ms;
	int r = erg_process_walk(p->proc, pid, &threads, &ms);

	for (size_t i = 0; r == 0 && i < threads.n; i++)
		erg_process_perf_open(&p->perf, threads.v[i]);
	erg_process_ids_release(&threads);
	p->opened = pid;
}

/* Events of the process that runs now; what its forerunner counted is kept. */
static void events_follow(struct process *p)
{
	if (p->src.simulated || !p->perf.n_events || !p->now || p->now == p->opened)
		return;
	erg_process_perf_read(&p->perf, p->before);
	erg_process_perf_close(&p->perf);
	events_open(p, p->now);
}

static struct played *played_find(struct process *p, pid_t tid)
{
	struct played *grown;

	for (size_t i = 0; i < p->n_played; i++)
		if (p->played[i].tid == tid)
			return &p->played[i];
	grown = erg_noted(reallocarray(p->played, p->n_played + 1, sizeof(*grown)));
	if (!grown)
		return NULL;
	p->played = grown;
	grown[p->n_played] = (struct played){.tid = tid};
	return &grown[p->n_played++];
}

static bool is_known(const struct process *p, const struct erg_process_ids *threads, pid_t tid)
{
	for (size_t i = 0; i < threads->n; i++)
		if (threads->v[i] == tid)
			return true;
	for (size_t i = 0; i < p->n_played; i++)
		if (p->played[i].tid == tid)
			return true;
	return false;
}

static void board_read(struct process *p, const struct erg_process_ids *threads)
{
	int n = erg_attr_read_bytes(p->text, BOARD_TEXT - 1, "%s/ergboard/processes", p->sysfs);
	char *rest = p->text, *line;

	if (n <= 0)
		return;
	p->text[n] = '\0';
	while ((line = strsep(&rest, "\n"))) {
		double c[BOARD_COLUMNS], busy_ms;
		struct played *t;
		long tid;

		if (sscanf(line, "%ld %lf %lf %lf %lf %lf", &tid, &busy_ms, &c[0], &c[1], &c[2],
			    &c[3]) != 6 ||
			!is_known(p, threads, (pid_t)tid))
			continue;
		t = played_find(p, (pid_t)tid);
		if (t)
			t->busy_ms = fmax(t->busy_ms, busy_ms);
		for (size_t k = 0; t && k < BOARD_COLUMNS; k++)
			t->count[k] = fmax(t->count[k], c[k]);
	}
}

static int64_t board_busy_ms(const struct process *p)
{
	double sum = 0;

	for (size_t i = 0; i < p->n_played; i++)
		sum += p->played[i].busy_ms;
	return llround(sum);
}

static void board_sum(const struct process *p, double *sum)
{
	for (size_t e = 0; e < p->perf.n_events; e++)
		for (size_t k = 0; k < BOARD_COLUMNS; k++)
			for (size_t i = 0;
				i < p->n_played && !strcmp(p->perf.event[e].name, board_columns[k]);
				i++)
				sum[e] += p->played[i].count[k];
}

/* ---- readings ---- */

static int read_locked(struct process *p, int64_t *values)
{
	struct erg_process_ids threads = {0};
	double sum[ERG_PROCESS_EVENTS];
	int64_t ms = 0;
	size_t c = 0;
	int r;

	read_file(p);
	if (!p->now)
		return ERG_READ_NOTHING;
	events_follow(p);
	r = erg_process_walk(p->proc, p->now, p->src.simulated ? &threads : NULL, &ms);
	if (r == 0 && p->src.simulated)
		board_read(p, &threads);
	erg_process_ids_release(&threads);
	if (r < 0)
		return r == -ESRCH ? ERG_READ_NOTHING : r; /* ended: the last reading stands */
	memcpy(sum, p->before, sizeof(sum));
	if (p->src.simulated)
		board_sum(p, sum);
	else
		erg_process_perf_read(&p->perf, sum);
	/* What was just waited for is in neither place, and what plays on a board has its time there. */
	ms = p->n_played ? board_busy_ms(p) : ms + p->ended_ms;
	if (ms > p->cpu_ms)
		p->cpu_ms = ms;
	values[c++] = p->cpu_ms;
	if (p->file) {
		values[c++] = p->runs;
		values[c++] = p->iterations;
	}
	for (size_t e = 0; e < p->perf.n_events; e++)
		values[c++] =
			p->src.simulated || p->perf.n_groups ? llround(sum[e]) : ERG_VALUE_NONE;
	return ERG_READ_OK;
}

static int process_read(struct erg_source *s, int64_t *values, uint64_t *native)
{
	struct process *p = (struct process *)s;
	int r;

	*native = 0;
	pthread_mutex_lock(&p->lock);
	r = read_locked(p, values);
	pthread_mutex_unlock(&p->lock);
	return r;
}

static int process_start(struct erg_source *s, struct erg_err *err)
{
	return 0;
}

static void process_stop(struct erg_source *s)
{
	struct process *p = (struct process *)s;

	pthread_mutex_lock(&p->lock);
	erg_process_perf_close(&p->perf);
	pthread_mutex_unlock(&p->lock);
}

static void process_free(struct erg_source *s)
{
	struct process *p = (struct process *)s;

	if (!s)
		return;
	process_stop(s);
	pthread_mutex_destroy(&p->lock);
	free(p->text);
	free(p->played);
	free(p->file);
	free(s->channels);
	free(p);
}

static const struct erg_source_ops process_ops = {
	.kind = "process",
	.about = "CPU time and counts of programs as a whole",
	.slow = true,
	.start = process_start,
	.read = process_read,
	.stop = process_stop,
	.free = process_free,
};

static void channel_add(struct process *p, const char *name, const char *what)
{
	struct erg_channel_def *d = &p->src.channels[p->src.n_channels++];

	*d = (struct erg_channel_def){.quantity = ERG_Q_COUNT, .unit = "1", .scale = 1, .lsb = 1};
	if (!what)
		*d = (struct erg_channel_def){.quantity = ERG_Q_TIME,
			.unit = "ms",
			.scale = 1e-3,
			.lsb = 1000.0 / (double)sysconf(_SC_CLK_TCK)};
	if (what)
		erg_text_set(d->rail, sizeof(d->rail), "%.31s:%.31s", name, what);
	else
		erg_text_set(d->rail, sizeof(d->rail), "%.31s", name);
}

static bool is_of_board(const char *name)
{
	for (size_t k = 0; k < BOARD_COLUMNS; k++)
		if (!strcmp(name, board_columns[k]))
			return true;
	return false;
}

static int describe_process(struct process *p, const struct erg_process_config *cfg,
	struct erg_err *err)
{
	int r = cfg->events ? erg_process_perf_parse(cfg->events, &p->perf, err) : 0;

	for (size_t e = 0; r == 0 && cfg->simulated && e < p->perf.n_events; e++)
		if (!is_of_board(p->perf.event[e].name))
			r = erg_fail(err, -EINVAL,
				"a simulated board counts instructions, cycles, simd and bus, not \"%s\"",
				p->perf.event[e].name);
	if (r < 0)
		return r;
	channel_add(p, cfg->name, NULL);
	if (cfg->file) {
		channel_add(p, cfg->name, "runs");
		channel_add(p, cfg->name, "iterations");
	}
	for (size_t e = 0; e < p->perf.n_events; e++)
		channel_add(p, cfg->name, p->perf.event[e].name);
	return 0;
}

int erg_process_source_new(const struct erg_process_config *cfg, struct erg_source **ret,
	struct erg_err *err)
{
	struct process *p = erg_noted(calloc(1, sizeof(*p)));
	int r;

	if (!p)
		return erg_fail(err, -ENOMEM, "out of memory");
	pthread_mutex_init(&p->lock, NULL);
	p->src.ops = &process_ops;
	p->src.cls = ERG_CLASS_UTILIZATION;
	p->src.model = (struct erg_sensor_model){.kind = ERG_SENSOR_COUNTER,
		.provenance = ERG_PROVENANCE_DRIVER,
		.period_ns = 10000000};
	p->src.simulated = cfg->simulated;
	p->src.rate_fixed = true;
	p->src.interval_ns = ERG_UTILIZATION_INTERVAL_NS;
	p->src.channels = erg_noted(calloc(ERG_SOURCE_CHANNELS_MAX, sizeof(*p->src.channels)));
	p->text = erg_noted(malloc(BOARD_TEXT));
	p->file = cfg->file ? erg_noted(strdup(cfg->file)) : NULL;
	snprintf(p->proc, sizeof(p->proc), "%s", cfg->proc);
	snprintf(p->sysfs, sizeof(p->sysfs), "%s", cfg->sysfs);
	erg_text_set(p->src.path, sizeof(p->src.path), "the command");
	r = !p->src.channels || !p->text || (cfg->file && !p->file)
		? erg_fail(err, -ENOMEM, "out of memory")
		: describe_process(p, cfg, err);
	if (r < 0) {
		process_free(&p->src);
		return r;
	}
	*ret = &p->src;
	return 0;
}

const char *erg_process_source_untold(struct erg_source *s)
{
	struct process *p = (struct process *)s;
	bool told;

	pthread_mutex_lock(&p->lock);
	told = p->told;
	pthread_mutex_unlock(&p->lock);
	return told ? NULL : p->file;
}

void erg_process_source_follow(struct erg_source *s, pid_t pid)
{
	struct process *p = (struct process *)s;

	pthread_mutex_lock(&p->lock);
	p->given = pid;
	read_file(p);
	events_follow(p);
	pthread_mutex_unlock(&p->lock);
}
