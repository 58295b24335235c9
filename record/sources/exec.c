/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Readings from any meter's program: `exec:COMMAND` runs COMMAND, whose lines are
 *
 *	time_ns name value unit
 *
 * time_ns on CLOCK_MONOTONIC, or 0 for now; name of the rail; a decimal number; a unit as in
 * samples.csv (W mW uW J mJ uJ V mV A mA degC Hz kHz MHz % …). Empty lines and lines that begin
 * with # are ignored, but for "# sensor kind=boxcar window_ns=1000000 …" before the first reading,
 * by which a meter says what its readings mean. The channels are learnt from the first lines: until a name comes again, or
 * the start-up time is over. Lines of one time and different names are one reading.
 *
 * The values are kept as integers of a fine unit of their quantity (uW, uJ, uV, …), for a number
 * with a point has no native integer. One child may report several classes and both energy and
 * power, and a source has one class and one model; so the child is shared by up to a source for
 * each class and for energy. Each has a queue, filled by whichever source reads first.
 */
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "formats/base/util.h"
#include "record/sources/attr.h"
#include "record/sources/drivers.h"
#include "record/sources/exec_child.h"

#define START_NS 5000000000u /* for the first line */
#define LEARN_NS 2000000000u /* for the first of each channel, from the first line */
#define INTERVAL_NS 1000000u /* how often the queue is looked at */
#define QUEUE 512
#define SOURCES_MAX 8
#define SENSOR_LINE "# sensor "
#define FUTURE_NS 1000000000u /* a time beyond this from now is not CLOCK_MONOTONIC's */

struct reading {
	uint64_t t_ns;
	int64_t values[ERG_SOURCE_CHANNELS_MAX];
};

struct shared;

struct exec_source {
	struct erg_source src;
	struct shared *shared;
	enum erg_sensor_kind kind; /* of its quantities; the meter's model may differ */
	bool started;
	double to_raw[ERG_SOURCE_CHANNELS_MAX]; /* SI to raw */
	struct reading building;
	size_t filled; /* values in building */
	struct reading *queue;
	size_t head, n;
	uint64_t dropped;
};

struct shared {
	pthread_mutex_t lock;
	unsigned int users, started; /* sources that exist, that are started */
	struct erg_child *child;
	locale_t c_locale;
	struct exec_source *sources[SOURCES_MAX];
	size_t n_sources;
	struct erg_sensor_model model; /* as the meter says */
};

struct line {
	uint64_t t_ns;
	char name[64];
	double si;
	enum erg_quantity quantity;
};

static const struct fine_unit {
	const char *unit;
	double scale;
} fine_units[ERG_Q_N] = {
	[ERG_Q_POWER] = {"uW", 1e-6},
	[ERG_Q_ENERGY] = {"uJ", 1e-6},
	[ERG_Q_VOLTAGE] = {"uV", 1e-6},
	[ERG_Q_CURRENT] = {"uA", 1e-6},
	[ERG_Q_TEMPERATURE] = {"mdegC", 1e-3},
	[ERG_Q_FREQUENCY] = {"Hz", 1},
	[ERG_Q_UTILIZATION] = {"ppm", 1e-6},
	[ERG_Q_TIME] = {"ns", 1e-9},
	[ERG_Q_COUNT] = {"1", 1},
	[ERG_Q_SPEED] = {"rpm", 1},
};

static enum erg_source_class class_of(enum erg_quantity q)
{
	switch (q) {
	case ERG_Q_TEMPERATURE:
	case ERG_Q_COUNT:
	case ERG_Q_SPEED:
		return ERG_CLASS_THERMAL;
	case ERG_Q_FREQUENCY:
		return ERG_CLASS_FREQUENCY;
	case ERG_Q_UTILIZATION:
	case ERG_Q_TIME:
		return ERG_CLASS_UTILIZATION;
	default:
		return ERG_CLASS_POWER;
	}
}

static enum erg_sensor_kind kind_of(enum erg_quantity q)
{
	return q == ERG_Q_ENERGY || q == ERG_Q_TIME ? ERG_SENSOR_COUNTER : ERG_SENSOR_POINT;
}

/* 1: a reading; 0: nothing to read here; -EBADMSG: not of the form. */
static int parse_line(char *text, locale_t c_locale, struct line *ret)
{
	char *save = NULL, *end, *t = strtok_r(text, " \t\r", &save);
	char *name = strtok_r(NULL, " \t\r", &save), *value = strtok_r(NULL, " \t\r", &save);
	char *unit = strtok_r(NULL, " \t\r", &save);
	double scale;
	int64_t t_ns;

	if (!t || *t == '#')
		return 0;
	if (!unit || erg_attr_parse(t, &t_ns) || t_ns < 0 ||
		(uint64_t)t_ns > erg_mono_ns() + FUTURE_NS || strlen(name) >= sizeof(ret->name))
		return -EBADMSG;
	ret->si = strtod_l(value, &end, c_locale);
	if (end == value || *end || !isfinite(ret->si) ||
		!erg_unit_parse(unit, &ret->quantity, &scale))
		return -EBADMSG;
	ret->si *= scale;
	if (!(fabs(ret->si / fine_units[ret->quantity].scale) < 0x1p63))
		return -EBADMSG;
	ret->t_ns = (uint64_t)t_ns;
	erg_text_set(ret->name, sizeof(ret->name), "%s", name);
	return 1;
}

static int find_channel(const struct exec_source *s, const struct line *l)
{
	for (size_t i = 0; i < s->src.n_channels; i++)
		if (s->src.channels[i].quantity == l->quantity &&
			!strcmp(s->src.channels[i].rail, l->name))
			return (int)i;
	return -ENOENT;
}

/* ---- queues ---- */

static void building_reset(struct exec_source *s)
{
	s->filled = 0;
	for (size_t i = 0; i < s->src.n_channels; i++)
		s->building.values[i] = ERG_VALUE_NONE;
}

static void building_flush(struct exec_source *s)
{
	if (!s->filled)
		return;
	if (s->n == QUEUE) {
		s->head = (s->head + 1) % QUEUE;
		s->n--;
		s->dropped++;
	}
	s->queue[(s->head + s->n++) % QUEUE] = s->building;
	building_reset(s);
}

static void put_line(struct exec_source *s, size_t channel, const struct line *l, uint64_t now_ns)
{
	uint64_t t_ns = l->t_ns ? l->t_ns : now_ns;

	if (s->filled &&
		((l->t_ns && s->building.t_ns != t_ns) ||
			s->building.values[channel] != ERG_VALUE_NONE))
		building_flush(s);
	if (!s->filled)
		s->building.t_ns = t_ns;
	s->building.values[channel] = llround(l->si * s->to_raw[channel]);
	if (++s->filled == s->src.n_channels)
		building_flush(s);
}

/* Deals out the lines that wait. -EBADMSG: some were not understood. */
static int deal(struct shared *sh)
{
	uint64_t now_ns = erg_mono_ns();
	char *text;
	int r = 0;

	while ((text = erg_child_line(sh->child))) {
		struct line l;
		int p = parse_line(text, sh->c_locale, &l), c = -ENOENT;

		for (size_t i = 0; p > 0 && i < sh->n_sources && c < 0; i++) {
			c = find_channel(sh->sources[i], &l);
			if (c >= 0)
				put_line(sh->sources[i], (size_t)c, &l, now_ns);
		}
		if (p < 0 || (p > 0 && c < 0))
			r = -EBADMSG;
	}
	return r;
}

static int pump(struct shared *sh)
{
	int r = erg_child_pump(sh->child, 0);

	if (r == -EPIPE) /* what it said before it died counts */
		for (size_t i = 0; i < sh->n_sources; i++)
			building_flush(sh->sources[i]);
	return r > 0 ? deal(sh) : r;
}

static int exec_read(struct erg_source *source, int64_t *values, uint64_t *native)
{
	struct exec_source *s = (struct exec_source *)source;
	int r;

	pthread_mutex_lock(&s->shared->lock);
	r = s->n ? 0 : pump(s->shared);
	if (s->n) {
		const struct reading *q = &s->queue[s->head];

		memcpy(values, q->values, source->n_channels * sizeof(*values));
		*native = q->t_ns;
		s->head = (s->head + 1) % QUEUE;
		r = --s->n ? ERG_READ_MORE : ERG_READ_OK;
	} else if (r >= 0) {
		r = ERG_READ_NOTHING;
	}
	pthread_mutex_unlock(&s->shared->lock);
	return r;
}

/* What was said before the recording began is not of it. */
static int exec_start(struct erg_source *source, struct erg_err *err)
{
	struct exec_source *s = (struct exec_source *)source;
	int r = 0;

	pthread_mutex_lock(&s->shared->lock);
	if (s->shared->child->fd < 0)
		r = erg_child_start(s->shared->child, err);
	else
		while (erg_child_pump(s->shared->child, 0) > 0 && erg_child_line(s->shared->child))
			while (erg_child_line(s->shared->child))
				;
	if (r >= 0 && !s->started) {
		s->started = true;
		s->shared->started++;
	}
	s->n = 0;
	building_reset(s);
	pthread_mutex_unlock(&s->shared->lock);
	return r;
}

static void exec_stop(struct erg_source *source)
{
	struct exec_source *s = (struct exec_source *)source;

	if (!s->shared)
		return;
	pthread_mutex_lock(&s->shared->lock);
	if (s->started && !--s->shared->started)
		erg_child_end(s->shared->child);
	s->started = false;
	pthread_mutex_unlock(&s->shared->lock);
}

static void shared_unref(struct shared *sh)
{
	if (!sh || --sh->users)
		return;
	erg_child_free(sh->child);
	if (sh->c_locale)
		freelocale(sh->c_locale);
	pthread_mutex_destroy(&sh->lock);
	free(sh);
}

static void exec_free(struct erg_source *source)
{
	struct exec_source *s = (struct exec_source *)source;

	if (!s)
		return;
	shared_unref(s->shared);
	free(s->queue);
	free(source->channels);
	free(s);
}

/* ---- learning ---- */

static struct exec_source *source_for(struct shared *sh, const struct line *l)
{
	enum erg_source_class cls = class_of(l->quantity);
	enum erg_sensor_kind kind = kind_of(l->quantity);
	struct exec_source *s;

	for (size_t i = 0; i < sh->n_sources; i++)
		if (sh->sources[i]->src.cls == cls && sh->sources[i]->kind == kind)
			return sh->sources[i];
	if (sh->n_sources == SOURCES_MAX)
		return NULL;
	s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	s->src.ops = &erg_source_exec;
	s->src.cls = cls;
	s->kind = kind;
	s->src.model = sh->model;
	if (kind == ERG_SENSOR_COUNTER || cls != ERG_CLASS_POWER)
		s->src.model = (struct erg_sensor_model){.kind = kind};
	s->src.model.lag_u_ns += INTERVAL_NS;
	s->src.rate_fixed = true;
	s->src.interval_ns = INTERVAL_NS;
	erg_text_set(s->src.path, sizeof(s->src.path), "exec:%s", sh->child->shown);
	erg_text_set(s->src.device, sizeof(s->src.device), "%s", s->src.path);
	s->src.channels = calloc(ERG_SOURCE_CHANNELS_MAX, sizeof(*s->src.channels));
	s->queue = calloc(QUEUE, sizeof(*s->queue));
	if (!s->src.channels || !s->queue) {
		exec_free(&s->src);
		return NULL;
	}
	s->shared = sh;
	sh->users++;
	sh->sources[sh->n_sources++] = s;
	return s;
}

/* 1: one more channel; 0: it is known already. */
static int learn_line(struct shared *sh, const struct line *l)
{
	const struct fine_unit *fine = &fine_units[l->quantity];
	struct exec_source *s = source_for(sh, l);
	struct erg_channel_def *d;

	if (!s)
		return -ENOMEM;
	if (find_channel(s, l) >= 0)
		return 0;
	if (s->src.n_channels == ERG_SOURCE_CHANNELS_MAX)
		return -ENOSPC;
	s->to_raw[s->src.n_channels] = 1 / fine->scale;
	d = &s->src.channels[s->src.n_channels++];
	*d = (struct erg_channel_def){.quantity = l->quantity, .scale = fine->scale, .lsb = 1};
	strcpy(d->rail, l->name);
	strcpy(d->unit, fine->unit);
	return 1;
}

static int learn(struct shared *sh, struct erg_err *err)
{
	uint64_t now = erg_mono_ns(), deadline = now + START_NS;
	const char *command = sh->child->shown;
	char *text, copy[128];

	for (; now < deadline; now = erg_mono_ns()) {
		int r = erg_child_pump(sh->child, (int)((deadline - now) / 1000000u) + 1);

		if (r < 0)
			return sh->n_sources
				? 0
				: erg_fail(err, r, "exec:%s: ended without a reading", command);
		while ((text = erg_child_line(sh->child))) {
			struct line l;
			bool first = !sh->n_sources;

			erg_text_set(copy, sizeof(copy), "%s", text);
			if (!strncmp(text, SENSOR_LINE, strlen(SENSOR_LINE)) && first)
				erg_model_set(&sh->model, text + strlen(SENSOR_LINE));
			r = parse_line(text, sh->c_locale, &l);
			if (r > 0)
				r = learn_line(sh, &l);
			else if (!r)
				continue;
			if (r == -EBADMSG)
				return erg_fail(err, r,
					"exec:%s: line \"%s\": expected \"time_ns name value "
					"unit\", as in \"0 VDD_IN 3.25 W\", with a time of "
					"CLOCK_MONOTONIC or 0",
					command, copy);
			if (r < 0)
				return erg_fail(err, r, "exec:%s: more than %d channels", command,
					ERG_SOURCE_CHANNELS_MAX);
			if (!r)
				return 0;
			if (first)
				deadline = erg_mono_ns() + LEARN_NS;
		}
	}
	return sh->n_sources ? 0
			     : erg_fail(err, -ETIMEDOUT,
				       "exec:%s: no line \"time_ns name value unit\" within %u s",
				       command, (unsigned int)(START_NS / ERG_NSEC_PER_SEC));
}

static struct shared *shared_new(const char *command)
{
	struct shared *sh = calloc(1, sizeof(*sh));

	if (!sh)
		return NULL;
	sh->users = 1;
	pthread_mutex_init(&sh->lock, NULL);
	sh->child = erg_child_new(command);
	sh->c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	if (!sh->child || !sh->c_locale) {
		shared_unref(sh);
		return NULL;
	}
	return sh;
}

static int exec_find(const struct erg_source_config *cfg, struct erg_source_list *list,
	struct erg_err *err)
{
	struct shared *sh;
	size_t i = 0;
	int r;

	if (!cfg->arg || !*cfg->arg)
		return erg_fail(err, -EINVAL,
			"--source exec: expected exec:COMMAND, a program that prints lines "
			"\"time_ns name value unit\"");
	sh = shared_new(cfg->arg);
	if (!sh)
		return erg_fail(err, -ENOMEM, "exec: out of memory");
	r = erg_child_start(sh->child, err);
	if (r >= 0)
		r = learn(sh, err);
	for (; r >= 0 && i < sh->n_sources; i++)
		if (erg_source_list_add(list, &sh->sources[i]->src) < 0)
			r = erg_fail(err, -ENOMEM, "exec: out of memory");
	for (; i < sh->n_sources; i++)
		exec_free(&sh->sources[i]->src);
	shared_unref(sh);
	return r;
}

const struct erg_source_ops erg_source_exec = {
	.kind = "exec",
	.about = "lines \"time_ns name value unit\" of a program: exec:COMMAND",
	.arg = "COMMAND",
	.slow = true,
	.find = exec_find,
	.start = exec_start,
	.read = exec_read,
	.stop = exec_stop,
	.free = exec_free,
};
