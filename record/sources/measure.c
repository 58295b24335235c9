/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Two measurements. The cost of a read is timed back to back, because that is what a sampler
 * pays; its p99 shows a busy bus. The native rate is found by watching: readings that differ from
 * the one before mark an update, as long as we read at least twice as often as it updates. A
 * signal that stands still gives no updates, so the rate is a lower bound.
 *
 * Sources may have changed settings that must be put back, so Ctrl-C and SIGTERM wait while they
 * run: they end the measurement at once, and then the process.
 */
#include "record/sources/measure.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "formats/base/order.h"
#include "formats/base/util.h"

#define PAUSE_NS 200000           /* between two looks while watching */
#define COST_BUDGET_NS 500000000u /* of timing one source: slow ones are read less often */

/* The signals that wait. */
static sigset_t ending_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	return set;
}

static bool is_ending(void)
{
	sigset_t pending;

	sigpending(&pending);
	return sigismember(&pending, SIGINT) == 1 || sigismember(&pending, SIGTERM) == 1 ||
		sigismember(&pending, SIGHUP) == 1;
}

/* What reading S came to: R, and VALUES where it gave any. */
static void note_result(struct erg_source_cost *c, const struct erg_source *s, int r,
	const int64_t *values)
{
	c->reads++;
	if (r < 0) {
		c->errors++;
		c->last_error = r;
	}
	for (size_t i = 0; i < s->n_channels && (r == ERG_READ_OK || r == ERG_READ_MORE); i++)
		if (values[i] != ERG_VALUE_NONE)
			c->last[i] = values[i];
}

static int time_reads(struct erg_source *s, unsigned int reads, struct erg_source_cost *c)
{
	_cleanup_(erg_freep) uint64_t *t = calloc(reads ? reads : 1, sizeof(*t));
	int64_t values[ERG_SOURCE_CHANNELS_MAX];
	uint64_t begin = erg_mono_ns(), native;
	unsigned int n = 0;

	if (!t)
		return -ENOMEM;
	while (n < reads && erg_mono_ns() - begin < COST_BUDGET_NS && !is_ending()) {
		uint64_t before = erg_mono_ns();
		int r = s->ops->read(s, values, &native);

		t[n++] = erg_mono_ns() - before;
		note_result(c, s, r, values);
	}
	if (!n)
		return 0;
	erg_sort(t, n, sizeof(*t), erg_order_u64);
	c->p50_ns = t[n / 2];
	c->p99_ns = t[(size_t)n * 99 / 100];
	return 0;
}

/* ---- watching ---- */

struct watch {
	struct erg_source *s;
	struct erg_source_cost *cost;
	uint64_t watch_ns;
	pthread_t thread;
	bool running;
};

static void *watch_thread(void *arg)
{
	struct watch *w = arg;
	unsigned int changes[ERG_SOURCE_CHANNELS_MAX] = {0};
	int64_t values[ERG_SOURCE_CHANNELS_MAX], last[ERG_SOURCE_CHANNELS_MAX];
	uint64_t begin = erg_mono_ns(), native = 0, last_native = 0;
	unsigned int natives = 0;
	bool waited = false;

	for (size_t i = 0; i < w->s->n_channels; i++)
		last[i] = ERG_VALUE_NONE;
	while (erg_mono_ns() - begin < w->watch_ns && !is_ending()) {
		int r = w->s->ops->read(w->s, values, &native);

		note_result(w->cost, w->s, r, values);
		for (size_t i = 0; i < w->s->n_channels && (r == ERG_READ_OK || r == ERG_READ_MORE);
			i++) {
			if (values[i] == ERG_VALUE_NONE)
				continue;
			changes[i] += last[i] != ERG_VALUE_NONE && values[i] != last[i];
			last[i] = values[i];
		}
		/* Where some readings are nothing new, the others are updates even of a steady
		 * signal. */
		waited |= r == ERG_READ_NOTHING;
		natives += r >= 0 && r != ERG_READ_NOTHING && native != last_native;
		last_native = native;
		if (r != ERG_READ_MORE)
			nanosleep(&(struct timespec){.tv_nsec = PAUSE_NS}, NULL);
	}
	w->cost->watched_ns = erg_mono_ns() - begin;
	w->cost->changes = waited ? natives : 0;
	for (size_t i = 0; i < w->s->n_channels; i++)
		if (changes[i] > w->cost->changes)
			w->cost->changes = changes[i];
	return NULL;
}

static int watch_all(struct watch *w, size_t n, struct erg_err *err)
{
	int r = 0;

	for (size_t i = 0; i < n; i++) {
		if (!w[i].s)
			continue;
		r = -pthread_create(&w[i].thread, NULL, watch_thread, &w[i]);
		if (r < 0)
			break;
		w[i].running = true;
	}
	for (size_t i = 0; i < n; i++)
		if (w[i].running)
			pthread_join(w[i].thread, NULL);
	return r < 0 ? erg_fail_errno(err, r, "sources: a thread") : 0;
}

static int measure_costs(struct erg_source_list *list, unsigned int reads, uint64_t watch_ns,
	struct erg_source_cost *costs, struct erg_err *err)
{
	_cleanup_(erg_freep) struct watch *w = calloc(list->n ? list->n : 1, sizeof(*w));
	int r = 0;

	if (!w)
		return erg_fail(err, -ENOMEM, "sources: out of memory");
	for (size_t i = 0; i < list->n && r >= 0; i++) {
		struct erg_source *s = list->sources[i];
		int started = s->ops->start ? s->ops->start(s, NULL) : 0;

		costs[i] = (struct erg_source_cost){.last_error = started < 0 ? started : 0};
		for (size_t c = 0; c < ERG_SOURCE_CHANNELS_MAX; c++)
			costs[i].last[c] = ERG_VALUE_NONE;
		if (started < 0)
			continue;
		w[i] = (struct watch){.s = s, .cost = &costs[i], .watch_ns = watch_ns};
		r = time_reads(s, reads, &costs[i]);
		if (r < 0)
			erg_fail_errno(err, r, "%s", s->path);
	}
	if (r >= 0)
		r = watch_all(w, list->n, err);
	for (size_t i = 0; i < list->n; i++)
		if (w[i].s && w[i].s->ops->stop)
			w[i].s->ops->stop(w[i].s);
	return r;
}

int erg_sources_measure(struct erg_source_list *list, unsigned int reads, uint64_t watch_ns,
	struct erg_source_cost *costs, struct erg_err *err)
{
	sigset_t ending = ending_signals(), before;
	int r;

	pthread_sigmask(SIG_BLOCK, &ending, &before);
	r = measure_costs(list, reads, watch_ns, costs, err);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return r;
}
