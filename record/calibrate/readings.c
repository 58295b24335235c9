/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads sensors into memory, as record/sampler does into a trace. */
#include "record/calibrate/readings.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "formats/base/util.h"

int erg_readings_find(const struct erg_source_list *l, const char *name, struct erg_readings *ret)
{
	for (size_t i = 0; i < l->n; i++) {
		struct erg_source *s = l->sources[i];

		if (s->cls != ERG_CLASS_POWER || !erg_rail_find(s, name, &ret->form))
			continue;
		ret->source = s;
		ret->series.form = ret->form.by == ERG_Q_ENERGY ? ERG_FIT_ENERGY
			: s->model.kind == ERG_SENSOR_BOXCAR    ? ERG_FIT_MEAN
								: ERG_FIT_POWER;
		ret->last_raw = ret->last_mv = ERG_VALUE_NONE;
		return 0;
	}
	return -ENOENT;
}

static bool grow_readings(struct erg_readings *r)
{
	size_t room = r->room ? 2 * r->room : 4096;
	uint64_t *t = reallocarray(r->series.t_ns, room, sizeof(*t));
	double *v = t ? reallocarray(r->series.v, room, sizeof(*v)) : NULL;

	r->series.t_ns = t ? t : r->series.t_ns;
	r->series.v = v ? v : r->series.v;
	r->room = v ? room : r->room;
	return v;
}

/* W, or J since the first reading. */
static bool value_of(struct erg_readings *r, int64_t *values, double *ret)
{
	const struct erg_channel_def *d = &r->source->channels[r->form.value];
	int64_t raw = values[r->form.value];

	if (raw == ERG_VALUE_NONE)
		return false;
	if (r->form.by == ERG_Q_ENERGY) {
		if (r->last_raw != ERG_VALUE_NONE)
			r->energy_j +=
				d->scale * (double)erg_rail_difference(r->last_raw, raw, d->wrap);
		r->last_raw = raw;
		*ret = r->energy_j;
		return true;
	}
	/* a voltage may be read less often than the current */
	if (r->form.by == ERG_Q_CURRENT && values[r->form.volts] == ERG_VALUE_NONE)
		values[r->form.volts] = r->last_mv;
	if (!erg_rail_watts(r->source, &r->form, values, ret))
		return false;
	if (r->form.by == ERG_Q_CURRENT) {
		r->last_mv = values[r->form.volts];
		r->sum_v += erg_channel_si(&r->source->channels[r->form.volts], r->last_mv);
		r->n_v++;
	}
	return true;
}

static void take_reading(struct erg_reader *reader, struct erg_readings *r, uint64_t before,
	uint64_t after, uint64_t native, int64_t *values)
{
	uint64_t t = native ? native : before + (after - before) / 2;
	double v;

	if (r->series.n && t <= r->series.t_ns[r->series.n - 1])
		return; /* the same reading again */
	if (!value_of(r, values, &v))
		return;
	if (r->series.n == r->room && !grow_readings(r)) {
		reader->short_of_memory = true;
		return;
	}
	r->native = native != 0;
	r->half_ns += native ? 0 : 0.5 * (double)(after - before);
	r->series.t_ns[r->series.n] = t;
	r->series.v[r->series.n++] = v;
}

static void *reader_main(void *data)
{
	struct erg_reader *r = data;
	int64_t values[ERG_SOURCE_CHANNELS_MAX];
	uint64_t due = erg_mono_ns();

	while (!__atomic_load_n(r->stop, __ATOMIC_RELAXED)) {
		uint64_t native = 0, before = erg_mono_ns();
		int n = r->source->ops->read(r->source, values, &native);
		uint64_t after = erg_mono_ns();
		struct timespec ts;

		if (n < 0) {
			r->error = n;
			r->errors++;
		}
		for (size_t i = 0; i < 2 && n >= 0 && n != ERG_READ_NOTHING; i++)
			if (r->of[i])
				take_reading(r, r->of[i], before, after, native, values);
		if (n == ERG_READ_MORE)
			continue;
		due = due + r->interval_ns > after ? due + r->interval_ns : after;
		ts = (struct timespec){(time_t)(due / ERG_NSEC_PER_SEC),
			(long)(due % ERG_NSEC_PER_SEC)};
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
	}
	return NULL;
}

int erg_reader_start(struct erg_reader *r)
{
	const struct sched_param rt = {.sched_priority = sched_get_priority_min(SCHED_FIFO)};
	int n = -pthread_create(&r->thread, NULL, reader_main, r);

	r->running = n == 0;
	if (!n)
		(void)pthread_setschedparam(r->thread, SCHED_FIFO, &rt); /* where it may */
	return n;
}

void erg_reader_join(struct erg_reader *r)
{
	if (r->running)
		pthread_join(r->thread, NULL);
	r->running = false;
}

/* How often the value changes, ns. */
static double change_spacing(const struct erg_fit_series *s)
{
	size_t changes = 0;

	for (size_t i = 1; i < s->n; i++)
		changes += s->v[i] != s->v[i - 1];
	return changes ? (double)(s->t_ns[s->n - 1] - s->t_ns[0]) / (double)changes : 0;
}

void erg_readings_freshen(struct erg_readings *r)
{
	struct erg_fit_series *s = &r->series;
	double spacing = s->n > 1 ? (double)(s->t_ns[s->n - 1] - s->t_ns[0]) / (double)s->n : 0;
	double period = (double)r->source->model.period_ns;
	double before = s->n ? s->v[0] : 0;
	size_t n = 0;

	if (r->native || s->n < 2)
		return;
	if (period <= 0)
		period = change_spacing(s);
	if (s->form != ERG_FIT_ENERGY && period < 1.5 * spacing)
		return;
	for (size_t i = 1; i < s->n; i++) {
		bool fresh = s->v[i] != before;

		before = s->v[i];
		if (!fresh && s->form != ERG_FIT_ENERGY && n)
			fresh = (double)(s->t_ns[i] - s->t_ns[n - 1]) >= 1.5 * period;
		if (!fresh)
			continue;
		s->t_ns[n] = s->t_ns[i];
		s->v[n++] = s->v[i];
	}
	s->n = n;
}

void erg_readings_release(struct erg_readings *r)
{
	free(r->series.t_ns);
	free(r->series.v);
	r->series = (struct erg_fit_series){0};
}
