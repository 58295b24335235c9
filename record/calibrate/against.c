/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A sensor against a meter.
 *
 * Both are read by threads of their own while the wave is played, and what they have read goes to the fit. What
 * the meter itself may be wrong by (the bounds of its gain and offset, the uncertainty of its time) is added to
 * what the readings leave open.
 *
 * Sources may have changed settings that must be put back: signals that end the program wait.
 */
#include "record/calibrate/against.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "formats/base/say.h"
#include "formats/base/util.h"
#include "record/calibrate/fit.h"
#include "record/calibrate/readings.h"
#include "record/calibrate/wave.h"
#include "record/sources/attr.h"
#include "record/sources/calibration.h"

#define LOOK_NS 50000000
#define SCATTER_TOLD_S 1e-3
#define BEFORE_NS 500000000u /* the sensor's window reaches back before the wave */

struct against {
	const struct erg_calibrate *c;
	struct erg_source_list list;
	struct erg_readings meter, sensor;
	struct erg_reader readers[2];
	bool stop, played;
	int result;
};

/* ---- who ---- */

static void rails_text(const struct erg_source_list *l, const char *but, char *buf, size_t size,
	size_t *ret_n, const char **ret_only)
{
	size_t len = 0;

	*ret_n = 0;
	*buf = '\0';
	for (size_t i = 0; i < l->n; i++) {
		const struct erg_source *s = l->sources[i];
		struct erg_rail_form form;

		for (size_t k = 0; s->cls == ERG_CLASS_POWER && k < s->n_channels; k++) {
			const char *rail = s->channels[k].rail;

			if (!erg_rail_form(s, k, &form) || (but && !strcmp(rail, but)))
				continue;
			(*ret_n)++;
			*ret_only = rail;
			if (len < size)
				len += (size_t)snprintf(buf + len, size - len, "%s%s",
					len ? ", " : "", rail);
		}
	}
}

static int choose_channel(struct against *a, const char *meter, const char *rail,
	struct erg_err *err)
{
	const char *only = NULL;
	char rails[600];
	size_t n;

	if (erg_readings_find(&a->list, meter, &a->meter) < 0) {
		rails_text(&a->list, NULL, rails, sizeof(rails), &n, &only);
		return erg_fail(err, -ENOENT, "--against %s: no such rail of power: %s%s", meter,
			n ? "there are " : "there is none", rails);
	}
	rails_text(&a->list, meter, rails, sizeof(rails), &n, &only);
	if (!rail && n != 1)
		return erg_fail(err, -EINVAL,
			"--against %s: of which sensor? expected --rail with one of: %s", meter,
			n ? rails : "none, for there is no other rail of power");
	if (rail && !strcmp(rail, meter))
		return erg_fail(err, -EINVAL, "--rail %s is the meter itself", rail);
	if (erg_readings_find(&a->list, rail ? rail : only, &a->sensor) < 0)
		return erg_fail(err, -ENOENT, "--rail %s: no such rail of power: there are %s",
			rail, rails);
	return 0;
}

/* ---- reading ---- */

/* Those that end the program: one that is ignored, as nohup(1) does, would be taken while it is blocked. */
static sigset_t ending_signals(void)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction act;
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < ERG_ARRAY_SIZE(signals); i++)
		if (sigaction(signals[i], NULL, &act) < 0 || act.sa_handler != SIG_IGN)
			sigaddset(&set, signals[i]);
	return set;
}

static void *play(void *data)
{
	struct against *a = data;

	a->result =
		erg_wave_play("", a->c->seconds, (uint64_t)(a->c->chip_ms * 1e6), a->c->threads);
	__atomic_store_n(&a->played, true, __ATOMIC_RELEASE);
	return NULL;
}

static void pause_for(long ns)
{
	nanosleep(&(struct timespec){.tv_nsec = ns}, NULL);
}

/* Plays the wave to its end, or to a signal: then its thread ends with the program. */
static int play_wave(struct against *a, struct erg_err *err)
{
	sigset_t ending = ending_signals();
	pthread_t thread;
	int r;

	pause_for(BEFORE_NS);
	r = -pthread_create(&thread, NULL, play, a);
	if (r < 0)
		return erg_fail_errno(err, r, "a thread");
	while (!__atomic_load_n(&a->played, __ATOMIC_ACQUIRE)) {
		const struct timespec wait = {.tv_nsec = LOOK_NS};
		int sig = sigtimedwait(&ending, NULL, &wait);

		if (sig > 0) {
			raise(sig); /* waits, blocked, until the settings are back */
			pthread_detach(thread);
			return erg_fail(err, -EINTR, "ended by a signal");
		}
	}
	pthread_join(thread, NULL);
	pause_for(BEFORE_NS);
	return a->result ? erg_fail_errno(err, a->result, "--threads %u", a->c->threads) : 0;
}

static uint64_t interval_of(const struct against *a, const struct erg_source *s)
{
	return s->interval_ns ? s->interval_ns : (uint64_t)(1e9 / strtod(a->c->rate, NULL));
}

static void readers_set(struct against *a)
{
	bool shared = a->meter.source == a->sensor.source;

	a->readers[0] = (struct erg_reader){.source = a->sensor.source,
		.of = {&a->sensor, shared ? &a->meter : NULL}};
	a->readers[1] =
		(struct erg_reader){.source = shared ? NULL : a->meter.source, .of = {&a->meter}};
	for (int i = 0; i < 2; i++)
		if (a->readers[i].source) {
			a->readers[i].stop = &a->stop;
			a->readers[i].interval_ns = interval_of(a, a->readers[i].source);
		}
}

static int read_both(struct against *a, struct erg_err *err)
{
	int r = 0;

	for (int i = 0; i < 2 && !r; i++) {
		struct erg_source *s = a->readers[i].source;

		if (s && s->ops->start)
			r = s->ops->start(s, err);
		if (s && r >= 0) {
			r = erg_reader_start(&a->readers[i]);
			if (r < 0)
				erg_fail_errno(err, r, "a thread");
		}
		r = r > 0 ? 0 : r;
	}
	if (!r)
		r = play_wave(a, err);
	__atomic_store_n(&a->stop, true, __ATOMIC_RELAXED);
	for (int i = 0; i < 2; i++)
		erg_reader_join(&a->readers[i]);
	for (int i = 0; i < 2; i++)
		if (a->readers[i].source && a->readers[i].source->ops->stop)
			a->readers[i].source->ops->stop(a->readers[i].source);
	for (int i = 0; i < 2 && !r; i++) {
		if (a->readers[i].short_of_memory)
			r = erg_fail_errno(err, -ENOMEM, "readings");
		else if (a->readers[i].errors && !a->readers[i].of[0]->series.n)
			r = erg_fail_errno(err, a->readers[i].error, "%s",
				a->readers[i].source->path);
	}
	return r;
}

/* ---- the result ---- */

static json_t *value_json(const struct erg_fit_value *v, double also_u)
{
	return json_pack("{s:f, s:f}", "value", v->value, "u", hypot(v->u, also_u));
}

/* The time of a reading that does not say it is that when its news was first seen. */
static double time_u_s(const struct erg_readings *r, uint64_t interval_ns)
{
	if (r->native || !r->series.n)
		return 0;
	return 1e-9 * hypot((double)interval_ns, r->half_ns / (double)r->series.n) / sqrt(12);
}

/* A bound of an error of which no more is known is a uniform distribution. */
static json_t *calibration_json(const struct against *a, const struct erg_fit *fit)
{
	const struct erg_source *s = a->sensor.source, *m = a->meter.source;
	const struct erg_channel_def *by = &m->channels[a->meter.form.value];
	double gain_u = by->gain_max / sqrt(3) * fit->gain.value;
	double offset_u = by->quantity == ERG_Q_POWER ? by->offset_max / sqrt(3) : 0;
	double lag_u = hypot(hypot(time_u_s(&a->sensor, interval_of(a, s)),
				     time_u_s(&a->meter, interval_of(a, m))),
		1e-9 * (double)m->model.lag_u_ns);
	char host[256] = "", date[32], against[400];
	time_t now = time(NULL);
	struct tm tm;
	json_t *j;

	gethostname(host, sizeof(host) - 1);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
	snprintf(against, sizeof(against), "%s (%s %s)", by->rail, m->ops->kind, m->path);
	j = json_pack("{s:s, s:s, s:s, s:s, s:b, s:s, s:s}", "host", host, "kind", s->ops->kind,
		"path", s->path, "rail", s->channels[a->sensor.form.value].rail, "simulated",
		(int)s->simulated, "date", date, "against", against);
	if (*s->device)
		json_object_set_new(j, "device", json_string(s->device));
	json_object_set_new(j, "seconds", json_real(a->c->seconds));
	json_object_set_new(j, "readings", json_integer((json_int_t)fit->n));
	json_object_set_new(j, "r2", json_real(fit->r2));
	json_object_set_new(j, "watts", json_pack("[f, f]", fit->low_w, fit->high_w));
	json_object_set_new(j, "rms_w", json_real(fit->rms_w));
	json_object_set_new(j, "time_scatter_s", json_real(fit->scatter_s));
	json_object_set_new(j, "gain", value_json(&fit->gain, gain_u));
	json_object_set_new(j, "offset_w", value_json(&fit->offset_w, offset_u * fit->gain.value));
	json_object_set_new(j, "lag_s", value_json(&fit->lag_s, lag_u));
	json_object_set_new(j, "window_s", value_json(&fit->window_s, 0));
	if (a->sensor.form.by == ERG_Q_CURRENT)
		json_object_set_new(j, "mean_v",
			json_real(a->sensor.sum_v / (double)a->sensor.n_v));
	json_object_set_new(j, "model", erg_calibration_model(&s->model));
	return j;
}

static int measure_against(struct against *a, json_t **ret, struct erg_err *err)
{
	struct erg_fit fit;
	int r;

	readers_set(a);
	r = read_both(a, err);
	if (r < 0)
		return r;
	erg_readings_freshen(&a->meter);
	erg_readings_freshen(&a->sensor);
	for (size_t i = 0; i < a->meter.series.n; i++)
		a->meter.series.t_ns[i] -= (uint64_t)a->meter.source->model.lag_ns;
	r = erg_fit_sensor(&a->meter.series, &a->sensor.series, a->sensor.source->model.kind, &fit,
		err);
	if (r < 0)
		return r;
	if (fit.scatter_s > SCATTER_TOLD_S)
		erg_warn(
			"the times of the readings are off by %.3g ms (SD): lag and window are known no "
			"better than that; was the machine busy?",
			1e3 * fit.scatter_s);
	*ret = calibration_json(a, &fit);
	return *ret ? 0 : erg_fail_errno(err, -ENOMEM, "calibrate");
}

int erg_calibrate_against(const struct erg_calibrate *c, const char *meter, const char *rail,
	json_t **ret, struct erg_err *err)
{
	const struct erg_source_config cfg = {.sysfs = c->sysfs,
		.proc = "/proc",
		.simulated = erg_attr_exists("%s/simulated", c->sysfs),
		.interval_ns = (uint64_t)(1e9 / strtod(c->rate, NULL))};
	sigset_t ending = ending_signals(), before;
	struct against a = {.c = c};
	int r = erg_sources_find(c->source, &cfg, &a.list, err);

	if (r < 0)
		return r;
	r = choose_channel(&a, meter, rail, err);
	if (!r) {
		pthread_sigmask(SIG_BLOCK, &ending, &before);
		r = measure_against(&a, ret, err);
		pthread_sigmask(SIG_SETMASK, &before, NULL);
	}
	erg_readings_release(&a.meter);
	erg_readings_release(&a.sensor);
	erg_source_list_release(&a.list);
	return r;
}
