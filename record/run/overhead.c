/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * CPU time of a recording. The daemons serve every session of the user or of the machine, so theirs
 * is the most that this recording can have cost them. Each process has a clock of its CPU time that
 * others may read (clock_getcpuclockid(3)); it counts ns where /proc counts ticks.
 */
#include "record/run/overhead.h"

#include <stdio.h>
#include <string.h>
#include <sys/sysinfo.h>

#include "formats/base/util.h"
#include "record/session/daemon.h"

#define CONSUMER "lttng-consumerd"

static uint64_t process_cpu_ns(pid_t pid)
{
	clockid_t clock;

	return clock_getcpuclockid(pid, &clock) == 0 ? erg_clock_ns(clock) : 0;
}

static bool is_consumer(pid_t pid)
{
	_cleanup_(erg_fclosep) FILE *f = NULL;
	char path[64], comm[32] = "";

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	f = fopen(path, "re");
	return f && fgets(comm, sizeof(comm), f) && !strncmp(comm, CONSUMER, strlen(CONSUMER));
}

static void add_consumers(struct erg_overhead_mark *m, pid_t daemon, const char *thread)
{
	_cleanup_(erg_fclosep) FILE *f = NULL;
	char path[320];
	int child;

	snprintf(path, sizeof(path), "/proc/%d/task/%s/children", (int)daemon, thread);
	f = fopen(path, "re");
	while (f && fscanf(f, "%d", &child) == 1)
		if (is_consumer(child)) {
			m->daemons_ns += process_cpu_ns(child);
			m->daemons++;
		}
}

/* The session daemon and its consumers, which are children of some thread of it. */
static void add_daemons(struct erg_overhead_mark *m)
{
	_cleanup_(erg_closedirp) DIR *tasks = NULL;
	pid_t daemon = erg_daemon_pid();
	struct dirent *d;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task", (int)daemon);
	tasks = daemon ? opendir(path) : NULL;
	while (tasks && (d = readdir(tasks)))
		add_consumers(m, daemon, d->d_name);
	if (!m->daemons)
		return;
	m->daemons_ns += process_cpu_ns(daemon);
	m->daemons++;
}

void erg_overhead_mark(struct erg_overhead_mark *m, struct erg_sampler *s,
	const struct erg_keeper *k)
{
	struct erg_sampler_stats st;

	erg_sampler_stats(s, &st);
	*m = (struct erg_overhead_mark){
		.t_ns = erg_mono_ns(),
		.recorder_ns = erg_clock_ns(CLOCK_PROCESS_CPUTIME_ID),
		.sampler_ns = st.cpu_ns,
		.reads_ns = st.reads_ns,
		.compress_ns = erg_keeper_chore_ns(k),
	};
	add_daemons(m);
}

static json_t *spread_json(const struct erg_cost_spread *s)
{
	return json_pack("{s:f, s:f, s:f}", "min", s->min, "p50", s->p50, "p95", s->p95);
}

static json_t *event_json(const struct erg_event_cost *e)
{
	if (!e->rounds)
		return json_null();
	return json_pack("{s:i, s:o, s:o, s:f}", "rounds", (int)e->rounds, "warm_ns",
		spread_json(&e->warm), "cold_ns", spread_json(&e->cold), "clock_ns", e->clock_ns);
}

json_t *erg_overhead_json(const struct erg_overhead *o)
{
	const struct erg_overhead_mark *b = &o->begin, *e = &o->end;
	/* Fewer or other processes than at the beginning: their time cannot be told. */
	const bool daemons =
		b->daemons && e->daemons >= b->daemons && e->daemons_ns >= b->daemons_ns;

	if (!b->t_ns || !e->t_ns)
		return NULL;
	return json_pack("{s:I, s:I, s:i, s:I, s:I, s:I, s:I, s:o, s:o}", "begin_ns",
		(json_int_t)b->t_ns, "end_ns", (json_int_t)e->t_ns, "cpus", get_nprocs(),
		"recorder_cpu_ns", (json_int_t)(e->recorder_ns - b->recorder_ns), "sampler_cpu_ns",
		(json_int_t)(e->sampler_ns - b->sampler_ns), "reads_ns",
		(json_int_t)(e->reads_ns - b->reads_ns), "compress_cpu_ns",
		(json_int_t)(e->compress_ns - b->compress_ns), "daemons_cpu_ns",
		daemons ? json_integer((json_int_t)(e->daemons_ns - b->daemons_ns)) : json_null(),
		"event", event_json(&o->event));
}
