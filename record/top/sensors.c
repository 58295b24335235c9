/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reads sources for somebody who looks, some times a second, from a thread of its own: a driver that
 * takes its time makes figures late and does not hold up the keyboard.
 */
#include "record/top/sensors.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "formats/base/util.h"

struct erg_top_sensors {
	struct erg_source_list *sources;
	struct erg_show *show;
	uint64_t period_ns;
	bool *runs; /* a source */
	unsigned failed;
	pthread_t thread;
	bool started, stop;
};

static void read_all(struct erg_top_sensors *s)
{
	int64_t values[ERG_SOURCE_CHANNELS_MAX];

	for (size_t i = 0; i < s->sources->n; i++) {
		struct erg_source *src = s->sources->sources[i];
		int r = ERG_READ_MORE;

		while (s->runs[i] && r == ERG_READ_MORE &&
			!__atomic_load_n(&s->stop, __ATOMIC_ACQUIRE)) {
			uint64_t native = 0, before = erg_mono_ns();

			r = src->ops->read(src, values, &native);
			if (r == ERG_READ_OK || r == ERG_READ_MORE)
				erg_show_take(s->show, (uint32_t)i,
					native ? native : before + (erg_mono_ns() - before) / 2,
					values);
		}
	}
}

static void *sensors_main(void *data)
{
	struct erg_top_sensors *s = data;
	uint64_t due = erg_mono_ns();

	while (!__atomic_load_n(&s->stop, __ATOMIC_ACQUIRE)) {
		struct timespec ts;

		read_all(s);
		due += s->period_ns;
		if (due < erg_mono_ns())
			due = erg_mono_ns() + s->period_ns;
		ts.tv_sec = (time_t)(due / ERG_NSEC_PER_SEC);
		ts.tv_nsec = (long)(due % ERG_NSEC_PER_SEC);
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
	}
	return NULL;
}

static void start_sources(struct erg_top_sensors *s)
{
	for (size_t i = 0; i < s->sources->n; i++) {
		struct erg_source *src = s->sources->sources[i];
		struct erg_err err;

		s->runs[i] = !src->ops->start || src->ops->start(src, &err) >= 0;
		s->failed += !s->runs[i];
	}
}

int erg_top_sensors_start(struct erg_source_list *sources, double rate_hz,
	struct erg_top_sensors **ret, struct erg_err *err)
{
	struct erg_top_sensors *s = calloc(1, sizeof(*s));
	int r;

	if (!s || !(s->runs = calloc(sources->n + 1, sizeof(*s->runs)))) {
		free(s);
		return erg_fail_errno(err, -ENOMEM, "sensors");
	}
	s->sources = sources;
	s->period_ns = (uint64_t)(1e9 / rate_hz);
	start_sources(s);
	r = erg_show_new(sources, "", "", &s->show, err);
	if (!r) {
		r = -pthread_create(&s->thread, NULL, sensors_main, s);
		s->started = !r;
		if (r)
			erg_fail_errno(err, r, "sensors: a thread");
	}
	if (r) {
		erg_top_sensors_free(s);
		return r;
	}
	*ret = s;
	return 0;
}

const struct erg_show_page *erg_top_sensors_page(const struct erg_top_sensors *s)
{
	return erg_show_page(s->show);
}

unsigned erg_top_sensors_failed(const struct erg_top_sensors *s)
{
	return s->failed;
}

void erg_top_sensors_free(struct erg_top_sensors *s)
{
	if (!s)
		return;
	__atomic_store_n(&s->stop, true, __ATOMIC_RELEASE);
	if (s->started)
		pthread_join(s->thread, NULL);
	for (size_t i = 0; i < s->sources->n; i++)
		if (s->sources->sources[i]->ops->stop)
			s->sources->sources[i]->ops->stop(s->sources->sources[i]);
	erg_show_free(s->show);
	free(s->runs);
	free(s);
}
