/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The sampler's threads.
 *
 * Deadlines are absolute: k * period + dither, so neither the cost of a reading nor a late wake-up
 * shifts those that follow. The dither is uniform and does not accumulate; without it a sampler
 * that is locked in phase with the workload's iterations sees the same part of each iteration for
 * ever, and the layers cannot be told apart (MEASUREMENT.md 2.5).
 *
 * A thread that overran its next deadlines skips them and counts them as missed: late readings in a
 * burst would carry no information. The readings' own times are in the trace, so a late reading is
 * never wrong, only late.
 *
 * A source that fails is counted and asked again after a pause that doubles up to a second; the
 * others go on meanwhile.
 *
 * Real-time priority keeps the wake-up latency low; it is the lowest there is, and the thread
 * sleeps for nearly all of its time, so it starves nobody. Where it is not allowed, the timer slack
 * is set to 1 ns instead.
 */
#include "record/sampler.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "formats/util.h"
#include "record/emit.h"
#include "record/histogram.h"
#include "record/placement.h"

#define BACKOFF_MAX_NS 1000000000u
#define SLICE_NS 50000000u /* a thread looks this often whether it is to stop */

struct member { /* a source of a thread */
	struct erg_source *source;
	uint32_t id;
	bool running;
	uint64_t interval_ns, due_ns;
	uint64_t backoff_ns;
};

struct worker {
	struct erg_sampler *owner;
	pthread_t thread;
	bool started;
	uint64_t period_ns;
	struct member *members;
	size_t n;
	uint64_t rng;
	/* read by others, relaxed */
	uint64_t deadlines, missed, reads_ns, cpu_ns, first_ns;
	struct erg_histogram late;
};

struct erg_sampler {
	struct erg_sampler_config cfg;
	struct worker *workers;
	size_t n;
	struct erg_placement *placement; /* NULL: the CPU is fixed */
	uint64_t moves;
	int cpu;
	bool stop, stopped, realtime, locked;
};

static uint64_t load(const uint64_t *p)
{
	return __atomic_load_n(p, __ATOMIC_RELAXED);
}

static void add(uint64_t *p, uint64_t v)
{
	__atomic_store_n(p, *p + v, __ATOMIC_RELAXED);
}

/* splitmix64 (Steele, Lea, Flood 2014): small, and good enough for a dither. */
static uint64_t rng_next(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

/* ---- one source ---- */

static bool stopping(const struct erg_sampler *s)
{
	return __atomic_load_n(&s->stop, __ATOMIC_ACQUIRE);
}

static void member_failed(struct member *m, int code, uint64_t now, uint64_t period_ns)
{
	struct erg_source *s = m->source;

	add(&s->errors, 1);
	__atomic_store_n(&s->last_error, code, __ATOMIC_RELAXED);
	m->backoff_ns = m->backoff_ns ? 2 * m->backoff_ns : period_ns;
	if (m->backoff_ns > BACKOFF_MAX_NS)
		m->backoff_ns = BACKOFF_MAX_NS;
	m->due_ns = now + m->backoff_ns;
}

/* A source that has not started is started late; one that has finds its files again by itself. */
static bool member_start(struct member *m, uint64_t period_ns)
{
	struct erg_err err;
	int r = m->source->ops->start(m->source, &err);

	m->running = r >= 0;
	if (r < 0)
		member_failed(m, r, erg_mono_ns(), period_ns);
	return m->running;
}

/* One reading; returns as ops->read() does. */
static int member_read_one(struct worker *w, struct member *m)
{
	int64_t values[ERG_SOURCE_CHANNELS_MAX];
	struct erg_source *s = m->source;
	uint64_t native = 0, before, after;
	int r;

	before = erg_mono_ns();
	r = s->ops->read(s, values, &native);
	after = erg_mono_ns();
	add(&w->reads_ns, after - before);
	add(&s->reads, 1);
	if (r < 0) {
		member_failed(m, r, after, w->period_ns);
		return r;
	}
	m->backoff_ns = 0;
	if (r != ERG_READ_NOTHING) {
		erg_emit_sample(m->id, s, before, after, native, values);
		erg_tally_take(w->owner->cfg.tally, m->id,
			native ? native : before + (after - before) / 2, m->interval_ns, values);
	}
	if (!w->first_ns)
		__atomic_store_n(&w->first_ns, before, __ATOMIC_RELAXED);
	return r;
}

static void member_read(struct worker *w, struct member *m)
{
	int r;

	if (!m->running && !member_start(m, w->period_ns))
		return;
	do
		r = member_read_one(w, m);
	while (r == ERG_READ_MORE && !stopping(w->owner));
}

/* ---- one thread ---- */

/* Sleeps until DEADLINE; false when the sampler is to stop. */
static bool sleep_until(struct worker *w, uint64_t deadline)
{
	while (!stopping(w->owner)) {
		uint64_t now = erg_mono_ns();
		uint64_t until = deadline;
		struct timespec ts;

		if (now >= deadline)
			return true;
		if (until > now + SLICE_NS)
			until = now + SLICE_NS;
		ts.tv_sec = (time_t)(until / ERG_NSEC_PER_SEC);
		ts.tv_nsec = (long)(until % ERG_NSEC_PER_SEC);
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
		if (until == deadline)
			return !stopping(w->owner);
	}
	return false;
}

static void worker_round(struct worker *w, uint64_t now)
{
	for (size_t i = 0; i < w->n; i++) {
		struct member *m = &w->members[i];

		if (m->due_ns > now)
			continue;
		member_read(w, m);
		if (m->backoff_ns)
			continue;
		/* Half a period of grace: a source of the same rate is read at every deadline. */
		m->due_ns += m->interval_ns;
		if (m->due_ns <= now)
			m->due_ns = now + m->interval_ns - w->period_ns / 2;
	}
}

static void worker_account(struct worker *w)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts) == 0)
		__atomic_store_n(&w->cpu_ns,
			(uint64_t)ts.tv_sec * ERG_NSEC_PER_SEC + (uint64_t)ts.tv_nsec,
			__ATOMIC_RELAXED);
}

static void *worker_main(void *data)
{
	struct worker *w = data;
	const double dither = w->owner->cfg.dither * (double)w->period_ns / 0x1p64;
	uint64_t grid = erg_mono_ns();

	prctl(PR_SET_TIMERSLACK, 1);
	for (size_t i = 0; i < w->n; i++)
		w->members[i].due_ns = 0;
	for (;;) {
		uint64_t deadline = grid + (uint64_t)(dither * (double)rng_next(&w->rng));
		uint64_t now, behind;

		if (!sleep_until(w, deadline))
			break;
		now = erg_mono_ns();
		erg_histogram_add(&w->late, now > deadline ? now - deadline : 0);
		worker_round(w, now);
		add(&w->deadlines, 1);
		grid += w->period_ns;
		now = erg_mono_ns();
		if (now > grid + w->period_ns) {
			behind = (now - grid) / w->period_ns;
			add(&w->missed, behind);
			add(&w->deadlines, behind);
			grid += behind * w->period_ns;
		}
		worker_account(w);
	}
	worker_account(w);
	return NULL;
}

/* ---- all threads ---- */

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
	if (s->cpu >= 0 || sched_getaffinity(0, sizeof(allowed), &allowed) < 0
		|| CPU_COUNT(&allowed) < 2)
		return;
	s->cpu = last_cpu_of(&allowed);
	/* Without /proc it stays there. */
	(void)!erg_placement_open("/proc", &allowed, &s->placement, &err);
}

/* Locking what is mapped later too needs a limit that is no limit, or every later mmap fails. */
static bool memory_lock(void)
{
	struct rlimit lim;
	bool unlimited = getrlimit(RLIMIT_MEMLOCK, &lim) == 0 && lim.rlim_cur == RLIM_INFINITY;

	return mlockall(unlimited || geteuid() == 0 ? MCL_CURRENT | MCL_FUTURE : MCL_CURRENT) == 0;
}

static int worker_start(struct worker *w, struct erg_err *err)
{
	const struct sched_param rt = {.sched_priority = sched_get_priority_min(SCHED_FIFO)};
	struct erg_sampler *s = w->owner;
	pthread_attr_t attr;
	cpu_set_t set;
	int r;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 512 * 1024);
	if (s->cpu >= 0) {
		CPU_ZERO(&set);
		CPU_SET(s->cpu, &set);
		pthread_attr_setaffinity_np(&attr, sizeof(set), &set);
	}
	r = pthread_create(&w->thread, &attr, worker_main, w);
	if (r == EINVAL && s->cpu >= 0)
		r = -erg_fail(err, -EINVAL, "--cpu %d: not a CPU that may be used", s->cpu);
	else if (r)
		erg_fail_errno(err, -r, "cannot start a sampling thread");
	pthread_attr_destroy(&attr);
	w->started = r == 0;
	if (!r && pthread_setschedparam(w->thread, SCHED_FIFO, &rt) == 0)
		s->realtime = true;
	return -r;
}

static int worker_adopt(struct worker *w, struct erg_source *src, uint32_t id)
{
	struct member *m = realloc(w->members, (w->n + 1) * sizeof(*m));

	if (!m)
		return -ENOMEM;
	w->members = m;
	m[w->n++] = (struct member){
		.source = src,
		.id = id,
		.interval_ns = erg_sampler_interval(&w->owner->cfg, src),
	};
	return 0;
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
		struct worker *w = &s->workers[l->sources[i]->ops->slow ? s->n++ : 0];

		w->owner = s;
		r = worker_adopt(w, l->sources[i], (uint32_t)i);
		w->period_ns = w->members ? w->members[0].interval_ns : 0;
	}
	s->workers[0].owner = s;
	s->workers[0].period_ns = (uint64_t)llround(1e9 / s->cfg.rate_hz);
	for (size_t i = 0; i < s->n; i++)
		s->workers[i].rng = s->cfg.seed + i * 0x632be59bd9b4e019u;
	return r;
}

static void sources_start(struct erg_sampler *s, void (*warn)(void *, const char *), void *data)
{
	for (size_t i = 0; i < s->n; i++) {
		struct worker *w = &s->workers[i];

		for (size_t k = 0; k < w->n; k++) {
			struct erg_err err = {0};
			struct member *m = &w->members[k];
			int r = m->source->ops->start ? m->source->ops->start(m->source, &err) : 0;

			m->running = r >= 0;
			if (r >= 0)
				continue;
			warn(data, err.msg);
			m->backoff_ns = BACKOFF_MAX_NS;
			m->source->errors++;
			m->source->last_error = r;
		}
	}
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
	r = workers_make(s);
	if (r < 0)
		return erg_fail_errno(err, r, "sampler");
	sources_start(s, warn, data);
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
		r = s->workers[i].n ? worker_start(&s->workers[i], err) : 0;
	return r;
}

void erg_sampler_stats(struct erg_sampler *s, struct erg_sampler_stats *ret)
{
	struct erg_sampler_stats st = {
		.cpu = __atomic_load_n(&s->cpu, __ATOMIC_RELAXED),
		.moves = load(&s->moves),
		.realtime = s->realtime,
		.locked = s->locked,
	};
	struct erg_histogram late = {.n = 0};

	for (size_t i = 0; i < s->n; i++) {
		uint64_t first = load(&s->workers[i].first_ns);

		st.deadlines += load(&s->workers[i].deadlines);
		st.missed += load(&s->workers[i].missed);
		erg_histogram_merge(&late, &s->workers[i].late);
		st.cpu_ns += load(&s->workers[i].cpu_ns);
		st.reads_ns += load(&s->workers[i].reads_ns);
		if (first && (!st.first_ns || first < st.first_ns))
			st.first_ns = first;
	}
	st.late_p50_ns = erg_histogram_quantile(&late, 0.50);
	st.late_p99_ns = erg_histogram_quantile(&late, 0.99);
	st.late_max_ns = late.max;
	for (size_t i = 0; i < s->cfg.sources->n; i++) {
		st.reads += load(&s->cfg.sources->sources[i]->reads);
		st.errors += load(&s->cfg.sources->sources[i]->errors);
	}
	*ret = st;
}

void erg_sampler_place(struct erg_sampler *s)
{
	uint64_t own_ns = 0;
	cpu_set_t set;
	int cpu;

	if (!s->placement)
		return;
	for (size_t i = 0; i < s->n; i++)
		own_ns += load(&s->workers[i].cpu_ns);
	cpu = erg_placement_look(s->placement, s->cpu, own_ns, erg_mono_ns());
	if (cpu == s->cpu)
		return;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	for (size_t i = 0; i < s->n; i++)
		if (s->workers[i].started)
			pthread_setaffinity_np(s->workers[i].thread, sizeof(set), &set);
	__atomic_store_n(&s->cpu, cpu, __ATOMIC_RELAXED);
	add(&s->moves, 1);
}

void erg_sampler_detail(struct erg_sampler *s, char *buf, size_t size)
{
	size_t len = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < s->cfg.sources->n && len < size; i++) {
		const struct erg_source *src = s->cfg.sources->sources[i];
		uint64_t errors = load(&src->errors);
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
	erg_sampler_detail(s, detail, sizeof(detail));
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
		if (s->workers[i].started)
			pthread_join(s->workers[i].thread, NULL);
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
