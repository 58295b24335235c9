/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The sampler: which thread reads which source, where they run, and what they report.
 */
#include "record/sampler/sampler.h"

#include <errno.h>
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "formats/base/util.h"
#include "record/sampler/emit.h"
#include "record/sampler/placement.h"
#include "record/sampler/worker.h"

struct erg_sampler {
	struct erg_sampler_config cfg;
	struct erg_worker *workers;
	size_t n;
	struct erg_placement *placement; /* NULL: the CPU is fixed */
	int not_placed; /* errno: threads may not choose where they run, as behind seccomp */
	uint64_t moves;
	int cpu;
	bool stop, stopped, locked;
};

uint64_t erg_sampler_interval(const struct erg_sampler_config *cfg, const struct erg_source *s)
{
	const uint64_t period = (uint64_t)llround(1e9 / cfg->rate_hz);

	if (!s->interval_ns)
		return period;
	if (s->rate_fixed || s->ops->slow)
		return s->interval_ns;
	return s->interval_ns > period ? s->interval_ns : period;
}

static int last_cpu_of(const cpu_set_t *set)
{
	for (int cpu = CPU_SETSIZE - 1; cpu >= 0; cpu--)
		if (CPU_ISSET(cpu, set))
			return cpu;
	return -1;
}

/* The CPU that was asked for, or one to begin with. */
static void cpu_choose(struct erg_sampler *s)
{
	cpu_set_t allowed;
	struct erg_err err;

	s->cpu = s->cfg.cpu;
	if (s->cpu >= 0 || sched_getaffinity(0, sizeof(allowed), &allowed) < 0 ||
		CPU_COUNT(&allowed) < 2)
		return;
	if (sched_setaffinity(0, sizeof(allowed), &allowed) < 0) { /* as it is: whether it may */
		s->not_placed = errno;
		return;
	}
	s->cpu = last_cpu_of(&allowed);
	/* Without /proc it stays there. */
	(void)!erg_placement_open("/proc", &allowed, &s->placement, &err);
}

/* Locking what is mapped later too needs a limit that is no limit, or every later mmap fails. Only what was
 * used once is locked: whole stacks and the tables of libraries would be 60 MB more, and the kernel ends
 * the largest first where recorder and command share a limit of memory. */
static bool memory_lock(void)
{
	struct rlimit lim;
	bool unlimited = getrlimit(RLIMIT_MEMLOCK, &lim) == 0 && lim.rlim_cur == RLIM_INFINITY;
	int what = unlimited || geteuid() == 0 ? MCL_CURRENT | MCL_FUTURE : MCL_CURRENT;

	/* Linux before 4.4 does not know the last. */
	return mlockall(what | MCL_ONFAULT) == 0 || (errno == EINVAL && mlockall(what) == 0);
}

/* Worker 0 has the fast sources; each slow one gets a worker behind it. */
static int workers_make(struct erg_sampler *s)
{
	const struct erg_source_list *l = s->cfg.sources;
	int r = 0;

	s->workers = calloc(l->n + 1, sizeof(*s->workers));
	if (!s->workers)
		return -ENOMEM;
	s->n = 1;
	for (size_t i = 0; !r && i < l->n; i++) {
		struct erg_worker *w = &s->workers[l->sources[i]->ops->slow ? s->n++ : 0];

		r = erg_worker_adopt(w, l->sources[i], (uint32_t)i,
			erg_sampler_interval(&s->cfg, l->sources[i]));
		w->period_ns = w->members ? w->members[0].interval_ns : 0;
	}
	s->workers[0].period_ns = (uint64_t)llround(1e9 / s->cfg.rate_hz);
	/* A source may be faster than --rate. */
	for (size_t i = 0; i < s->workers[0].n; i++)
		if (s->workers[0].members[i].interval_ns < s->workers[0].period_ns)
			s->workers[0].period_ns = s->workers[0].members[i].interval_ns;
	for (size_t i = 0; i < s->n; i++) {
		s->workers[i].stop = &s->stop;
		s->workers[i].tally = s->cfg.tally;
		s->workers[i].show = s->cfg.show;
		s->workers[i].readings = s->cfg.readings;
		s->workers[i].dither = s->cfg.dither;
		s->workers[i].rng = s->cfg.seed + i * 0x632be59bd9b4e019u;
	}
	return r;
}

static void say_not_placed(const struct erg_sampler *s, void (*warn)(void *data, const char *line),
	void *data)
{
	char line[256];

	if (!s->not_placed)
		return;
	snprintf(line, sizeof(line),
		"threads may not choose where they run (sched_setaffinity: %s): the sampler runs where "
		"the command does",
		strerror(s->not_placed));
	warn(data, line);
}

int erg_sampler_prepare(const struct erg_sampler_config *cfg,
	void (*warn)(void *data, const char *line), void *data, struct erg_sampler **ret,
	struct erg_err *err)
{
	_cleanup_(erg_sampler_freep) struct erg_sampler *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return erg_fail_errno(err, -ENOMEM, "sampler");
	s->cfg = *cfg;
	cpu_choose(s);
	say_not_placed(s, warn, data);
	r = workers_make(s);
	if (r < 0)
		return erg_fail_errno(err, r, "sampler");
	for (size_t i = 0; i < s->n; i++)
		erg_worker_sources_start(&s->workers[i], warn, data);
	*ret = erg_steal_ptr(&s);
	return 0;
}

int erg_sampler_start(struct erg_sampler *s, struct erg_err *err)
{
	const struct erg_source_list *l = s->cfg.sources;
	int r = 0;

	for (size_t i = 0; i < l->n; i++)
		erg_emit_source((uint32_t)i, l->sources[i],
			erg_sampler_interval(&s->cfg, l->sources[i]));
	s->locked = memory_lock();
	for (size_t i = 0; !r && i < s->n; i++)
		r = s->workers[i].n ? erg_worker_start(&s->workers[i], s->cpu, err) : 0;
	return r;
}

void erg_sampler_await_first(struct erg_sampler *s, uint64_t limit_ns)
{
	const uint64_t until = erg_mono_ns() + limit_ns;

	for (size_t i = 0; i < s->n; i++)
		while (s->workers[i].started && !erg_worker_load(&s->workers[i].first_ns) &&
			erg_mono_ns() < until)
			usleep(500);
}

void erg_sampler_stats(struct erg_sampler *s, struct erg_sampler_stats *ret)
{
	struct erg_sampler_stats st = {
		.cpu = __atomic_load_n(&s->cpu, __ATOMIC_RELAXED),
		.moves = erg_worker_load(&s->moves),
		.locked = s->locked,
	};
	struct erg_histogram late = {.n = 0};

	for (size_t i = 0; i < s->n; i++) {
		uint64_t first = erg_worker_load(&s->workers[i].first_ns);

		st.realtime |= s->workers[i].realtime;
		st.deadlines += erg_worker_load(&s->workers[i].deadlines);
		st.missed += erg_worker_load(&s->workers[i].missed);
		erg_histogram_merge(&late, &s->workers[i].late);
		st.cpu_ns += erg_worker_load(&s->workers[i].cpu_ns);
		st.reads_ns += erg_worker_load(&s->workers[i].reads_ns);
		if (first && (!st.first_ns || first < st.first_ns))
			st.first_ns = first;
	}
	st.late_p50_ns = erg_histogram_quantile(&late, 0.50);
	st.late_p99_ns = erg_histogram_quantile(&late, 0.99);
	st.late_max_ns = late.max;
	for (size_t i = 0; i < s->cfg.sources->n; i++) {
		st.reads += erg_worker_load(&s->cfg.sources->sources[i]->reads);
		st.errors += erg_worker_load(&s->cfg.sources->sources[i]->errors);
	}
	*ret = st;
}

void erg_sampler_place(struct erg_sampler *s)
{
	uint64_t own_ns = 0;
	int cpu;

	if (!s->placement)
		return;
	for (size_t i = 0; i < s->n; i++)
		own_ns += erg_worker_load(&s->workers[i].cpu_ns);
	cpu = erg_placement_look(s->placement, s->cpu, own_ns, erg_mono_ns());
	if (cpu == s->cpu)
		return;
	for (size_t i = 0; i < s->n; i++)
		erg_worker_move(&s->workers[i], cpu);
	__atomic_store_n(&s->cpu, cpu, __ATOMIC_RELAXED);
	__atomic_store_n(&s->moves, s->moves + 1, __ATOMIC_RELAXED);
}

/* "hwmon /sys/…: Input/output error x12; …": what went wrong so far, "" for nothing. */
static void say_errors(struct erg_sampler *s, char *buf, size_t size)
{
	size_t len = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < s->cfg.sources->n && len < size; i++) {
		const struct erg_source *src = s->cfg.sources->sources[i];
		uint64_t errors = erg_worker_load(&src->errors);
		int code = __atomic_load_n(&src->last_error, __ATOMIC_RELAXED);

		if (errors)
			len += (size_t)snprintf(buf + len, size - len, "%s%s %s: %s x%llu",
				len ? "; " : "", src->ops->kind, src->path, strerror(-code),
				(unsigned long long)errors);
	}
}

void erg_sampler_emit_status(struct erg_sampler *s)
{
	struct erg_sampler_stats st;
	char detail[1024];

	erg_sampler_stats(s, &st);
	say_errors(s, detail, sizeof(detail));
	erg_emit_status(&(struct erg_recorder_status){
		.deadlines = st.deadlines,
		.missed = st.missed,
		.late_p50_ns = st.late_p50_ns,
		.late_p99_ns = st.late_p99_ns,
		.late_max_ns = st.late_max_ns,
		.cpu_ns = st.cpu_ns,
		.errors = st.errors,
		.detail = detail,
	});
}

void erg_sampler_stop(struct erg_sampler *s)
{
	if (s->stopped)
		return;
	__atomic_store_n(&s->stop, true, __ATOMIC_RELEASE);
	for (size_t i = 0; i < s->n; i++)
		erg_worker_join(&s->workers[i]);
	for (size_t i = 0; i < s->cfg.sources->n; i++) {
		struct erg_source *src = s->cfg.sources->sources[i];

		if (src->ops->stop)
			src->ops->stop(src);
	}
	munlockall();
	s->stopped = true;
}

void erg_sampler_free(struct erg_sampler *s)
{
	if (!s)
		return;
	if (s->workers)
		erg_sampler_stop(s);
	for (size_t i = 0; i < s->n; i++)
		free(s->workers[i].members);
	free(s->workers);
	erg_placement_free(s->placement);
	free(s);
}

void erg_sampler_freep(struct erg_sampler **s)
{
	erg_sampler_free(*s);
}
