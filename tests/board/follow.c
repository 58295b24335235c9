/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Activity from CPU time.
 *
 * A process's CPU clock can be read by others (clock_getcpuclockid) with the resolution of the
 * scheduler and the cost of one system call, so it is asked every millisecond; descendants are
 * looked for ten times a second. The whole machine is only known in ticks, from /proc/stat.
 */
#include "tests/board/follow.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "formats/base/util.h"

void erg_follow_init(struct erg_follow *f, enum erg_follow_mode mode, pid_t root)
{
	*f = (struct erg_follow){.mode = mode, .root = root};
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec ts;

	if (clock_gettime(clock, &ts) < 0)
		return 0;
	return (uint64_t)ts.tv_sec * ERG_NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

static void add_process(struct erg_follow *f, pid_t pid, bool first)
{
	struct erg_follow_process *p = &f->p[f->n];

	for (size_t i = 0; i < f->n; i++)
		if (f->p[i].pid == pid)
			return;
	if (f->n == ERG_FOLLOW_MAX || clock_getcpuclockid(pid, &p->clock) != 0)
		return;
	p->pid = pid;
	/* a child that is new has spent its time since the last look; the root has a past */
	p->cpu_ns = first ? clock_ns(p->clock) : 0;
	f->n++;
}

static void scan(struct erg_follow *f)
{
	add_process(f, f->root, true);
	for (size_t i = 0; i < f->n; i++) {
		char path[64];
		_cleanup_(erg_fclosep) FILE *file = NULL;
		int pid;

		snprintf(path, sizeof(path), "/proc/%d/task/%d/children", f->p[i].pid, f->p[i].pid);
		file = fopen(path, "re");
		while (file && fscanf(file, "%d", &pid) == 1)
			add_process(f, pid, false);
	}
}

static uint64_t processes_delta(struct erg_follow *f)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < f->n; i++) {
		uint64_t cpu = clock_ns(f->p[i].clock);

		if (cpu == 0) { /* gone */
			f->p[i--] = f->p[--f->n];
			continue;
		}
		if (cpu > f->p[i].cpu_ns)
			sum += cpu - f->p[i].cpu_ns;
		f->p[i].cpu_ns = cpu;
	}
	return sum;
}

static uint64_t machine_busy_ns(void)
{
	unsigned long long user, nice, system, idle, iowait, irq, softirq;
	_cleanup_(erg_fclosep) FILE *file = fopen("/proc/stat", "re");

	if (!file ||
		fscanf(file, "cpu %llu %llu %llu %llu %llu %llu %llu", &user, &nice, &system, &idle,
			&iowait, &irq, &softirq) != 7)
		return 0;
	return (user + nice + system + irq + softirq) * ERG_NSEC_PER_SEC /
		(uint64_t)sysconf(_SC_CLK_TCK);
}

/* Busy cores over SINCE. A child that is found late brings all its time with it: what is more than
 * all cores can do counts in the calls that follow. */
static double busy_cores(struct erg_follow *f, uint64_t busy, uint64_t since)
{
	uint64_t most = since * (uint64_t)sysconf(_SC_NPROCESSORS_ONLN);

	busy += f->owed_ns;
	f->owed_ns = busy > most ? busy - most : 0;
	return (double)(busy - f->owed_ns) / (double)since;
}

double erg_follow_activity(struct erg_follow *f, uint64_t now_ns)
{
	uint64_t since = now_ns - f->asked_ns, busy;
	bool first = f->asked_ns == 0;

	if (f->mode == ERG_FOLLOW_NONE)
		return 0;
	if (f->mode == ERG_FOLLOW_ALL) {
		if (since < 50000000u)
			return f->activity;
		busy = machine_busy_ns();
		f->activity = first ? 0 : busy_cores(f, busy - f->all_ns, since);
		f->all_ns = busy;
	} else {
		if (now_ns - f->scanned_ns > 100000000u) {
			scan(f);
			f->scanned_ns = now_ns;
		}
		busy = processes_delta(f);
		f->activity = first ? 0 : busy_cores(f, busy, since);
	}
	f->asked_ns = now_ns;
	return f->activity;
}
