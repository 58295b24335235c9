/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One thread of the sampler.
 *
 * Deadlines are absolute: k * period + dither, so neither the cost of a reading nor a late wake-up
 * shifts those that follow. The dither is uniform and does not accumulate; without it a sampler
 * that is locked in phase with the workload's iterations sees the same part of each iteration for
 * ever, and the layers cannot be told apart (MEASUREMENT.md 2.5).
 *
 * A thread wakes only at deadlines at which something is due: where all its sources are slower than the
 * period, it sleeps through the others.
 *
 * A thread that overran its next deadlines skips them and counts them as missed: late readings in a
 * burst would carry no information. The readings' own times are in the trace, so a late reading is
 * never wrong, only late.
 *
 * When it is to stop, a thread still makes the readings of its next deadline, if that is near: what
 * ran last has readings on both sides then.
 *
 * A source that fails is counted and asked again after a pause that doubles up to a second; the
 * others go on meanwhile.
 *
 * Real-time priority keeps the wake-up latency low; it is the lowest there is, and the thread
 * sleeps for nearly all of its time, so it starves nobody. Where it is not allowed, the timer slack
 * is set to 1 ns instead.
 */
#include "record/sampler/worker.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>

#include "formats/base/util.h"
#include "record/sampler/emit.h"

#define BACKOFF_MAX_NS 1000000000u
#define LAST_NS 200000000u /* so far ahead the last deadline may lie */
#define SLICE_NS                                                                                   \
	50000000u /* while it lies further, a thread looks this often whether it is to stop */
#define JOIN_S 2  /* an end takes no longer, but for a source that answers slowly */

/* Only the thread itself adds. */
static void count_up(uint64_t *p, uint64_t v)
{
	__atomic_store_n(p, *p + v, __ATOMIC_RELAXED);
}

static bool stopping(const struct erg_worker *w)
{
	return __atomic_load_n(w->stop, __ATOMIC_ACQUIRE);
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

static void member_failed(struct erg_worker_member *m, int code, uint64_t now, uint64_t period_ns)
{
	struct erg_source *s = m->source;

	count_up(&s->errors, 1);
	__atomic_store_n(&s->last_error, code, __ATOMIC_RELAXED);
	if (!s->in_a_row++)
		s->failing_since = now;
	m->backoff_ns = m->backoff_ns ? 2 * m->backoff_ns : period_ns;
	if (m->backoff_ns > BACKOFF_MAX_NS)
		m->backoff_ns = BACKOFF_MAX_NS;
	m->due_ns = now + m->backoff_ns;
}

/* A source that has not started is started late; one that has finds its files again by itself. */
static bool member_start(struct erg_worker_member *m, uint64_t period_ns)
{
	struct erg_err err;
	int r = m->source->ops->start(m->source, &err);

	m->running = r >= 0;
	if (r < 0)
		member_failed(m, r, erg_mono_ns(), period_ns);
	return m->running;
}

/* One reading; returns as ops->read() does. */
static int member_read_one(struct erg_worker *w, struct erg_worker_member *m)
{
	int64_t values[ERG_SOURCE_CHANNELS_MAX];
	struct erg_source *s = m->source;
	uint64_t native = 0, before, after;
	int r;

	before = erg_mono_ns();
	r = s->ops->read(s, values, &native);
	after = erg_mono_ns();
	count_up(&w->reads_ns, after - before);
	count_up(&s->reads, 1);
	if (r < 0) {
		member_failed(m, r, after, w->period_ns);
		return r;
	}
	m->backoff_ns = 0;
	s->in_a_row = 0;
	if (r != ERG_READ_NOTHING) {
		uint64_t at = native ? native : before + (after - before) / 2;

		erg_emit_sample(m->id, s, before, after, native, values);
		erg_tally_take(w->tally, m->id, at, values);
		erg_show_take(w->show, m->id, at, values);
		erg_readings_take(w->readings, m->id, at, after - before, values);
	}
	if (!w->first_ns)
		__atomic_store_n(&w->first_ns, before, __ATOMIC_RELAXED);
	return r;
}

static void member_read(struct erg_worker *w, struct erg_worker_member *m)
{
	int r;

	if (!m->running && !member_start(m, w->period_ns))
		return;
	do
		r = member_read_one(w, m);
	while (r == ERG_READ_MORE && !stopping(w));
}

/* ---- the thread ---- */

/* A sandbox may refuse the call; a thread of this priority must sleep all the same. */
static void doze(uint64_t now, uint64_t until)
{
	const struct timespec ts = {(time_t)(until / ERG_NSEC_PER_SEC),
		(long)(until % ERG_NSEC_PER_SEC)};
	const struct timespec left = {(time_t)((until - now) / ERG_NSEC_PER_SEC),
		(long)((until - now) % ERG_NSEC_PER_SEC)};
	int r = clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);

	if (r && r != EINTR)
		ppoll(NULL, 0, &left, NULL);
}

/* Sleeps until DEADLINE, or until the sampler is to stop and DEADLINE is not near: false. */
static bool sleep_until(struct erg_worker *w, uint64_t deadline)
{
	for (;;) {
		uint64_t now = erg_mono_ns();
		uint64_t until = deadline;

		if (now >= deadline)
			return true;
		if (stopping(w) && deadline > now + LAST_NS)
			return false;
		if (deadline > now + LAST_NS)
			until = now + SLICE_NS;
		doze(now, until);
	}
}

static void worker_round(struct erg_worker *w, uint64_t now)
{
	for (size_t i = 0; i < w->n; i++) {
		struct erg_worker_member *m = &w->members[i];

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

/* From GRID to the point of the grid at which the next member is due: nothing is read before. */
static uint64_t worker_stride(const struct erg_worker *w, uint64_t grid)
{
	uint64_t due = UINT64_MAX;

	for (size_t i = 0; i < w->n; i++)
		due = w->members[i].due_ns < due ? w->members[i].due_ns : due;
	if (!w->n || due <= grid + w->period_ns)
		return w->period_ns;
	return (due - grid + w->period_ns - 1) / w->period_ns * w->period_ns;
}

static void worker_account(struct erg_worker *w)
{
	__atomic_store_n(&w->cpu_ns, erg_clock_ns(CLOCK_THREAD_CPUTIME_ID), __ATOMIC_RELAXED);
}

static void *worker_main(void *data)
{
	struct erg_worker *w = data;
	const double dither = w->dither * (double)w->period_ns / 0x1p64;
	uint64_t grid = erg_mono_ns();
	bool last = false;

	prctl(PR_SET_TIMERSLACK, 1);
	for (size_t i = 0; i < w->n; i++)
		w->members[i].due_ns = 0;
	while (!last) {
		uint64_t deadline = grid + (uint64_t)(dither * (double)rng_next(&w->rng));
		uint64_t now, behind, stride;

		if (!sleep_until(w, deadline))
			break;
		last = stopping(w);
		now = erg_mono_ns();
		erg_histogram_add(&w->late, now > deadline ? now - deadline : 0);
		worker_round(w, now);
		count_up(&w->deadlines, 1);
		stride = worker_stride(w, grid);
		grid += stride;
		now = erg_mono_ns();
		if (now > grid + stride) {
			behind = (now - grid) / stride;
			count_up(&w->missed, behind);
			count_up(&w->deadlines, behind);
			grid += behind * stride;
		}
		worker_account(w);
	}
	worker_account(w);
	return NULL;
}

/* ---- what the sampler does with it ---- */

int erg_worker_adopt(struct erg_worker *w, struct erg_source *src, uint32_t id,
	uint64_t interval_ns)
{
	struct erg_worker_member *m = realloc(w->members, (w->n + 1) * sizeof(*m));

	if (!m)
		return -ENOMEM;
	w->members = m;
	m[w->n++] = (struct erg_worker_member){.source = src, .id = id, .interval_ns = interval_ns};
	return 0;
}

void erg_worker_sources_start(struct erg_worker *w, void (*warn)(void *data, const char *line),
	void *data)
{
	for (size_t i = 0; i < w->n; i++) {
		struct erg_err err = {0};
		struct erg_worker_member *m = &w->members[i];
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

int erg_worker_start(struct erg_worker *w, int cpu, struct erg_err *err)
{
	const struct sched_param rt = {.sched_priority = sched_get_priority_min(SCHED_FIFO)};
	pthread_attr_t attr;
	cpu_set_t set;
	int r;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 512 * 1024);
	if (cpu >= 0) {
		CPU_ZERO(&set);
		CPU_SET(cpu, &set);
		pthread_attr_setaffinity_np(&attr, sizeof(set), &set);
	}
	r = pthread_create(&w->thread, &attr, worker_main, w);
	if (r == EINVAL && cpu >= 0)
		r = -erg_fail(err, -EINVAL, "--cpu %d: not a CPU that may be used", cpu);
	else if (r)
		erg_fail_errno(err, -r, "cannot start a sampling thread");
	pthread_attr_destroy(&attr);
	w->started = r == 0;
	w->realtime = w->started && pthread_setschedparam(w->thread, SCHED_FIFO, &rt) == 0;
	return -r;
}

void erg_worker_move(struct erg_worker *w, int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (w->started)
		pthread_setaffinity_np(w->thread, sizeof(set), &set);
}

/* Nothing depends on its times any more. */
static void worker_make_ordinary(struct erg_worker *w)
{
	const struct sched_param none = {0};
	cpu_set_t all;

	pthread_setschedparam(w->thread, SCHED_OTHER, &none);
	if (sched_getaffinity(0, sizeof(all), &all) == 0)
		pthread_setaffinity_np(w->thread, sizeof(all), &all);
}

void erg_worker_join(struct erg_worker *w)
{
	struct timespec until;

	if (!w->started)
		return;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += JOIN_S;
	if (pthread_timedjoin_np(w->thread, NULL, &until) == 0)
		return;
	/* A real-time thread of somebody else may have its processor, for ever. */
	worker_make_ordinary(w);
	pthread_join(w->thread, NULL);
}
