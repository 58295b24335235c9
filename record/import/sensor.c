/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Sensor models of imported channels. What the person says is believed and marked as from a
 * datasheet; a period that the readings show is marked as measured; the rest is assumed, and the
 * analyzer says so wherever a figure depends on it. Channels of one class and one model are one
 * source, as they would be when one device were read.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "formats/base/util.h"
#include "formats/samples_head.h"
#include "record/import/import.h"

#define CHANNELS_MAX 64
#define CONVERSION_NS 1000000 /* of a sensor that is only said to be sampled */

/* ---- --sensor ---- */

static int keep_word(void *data, const struct erg_sensor_word *word, const char *as_written,
	struct erg_err *err)
{
	return json_array_append_new(data, json_string(as_written)) < 0
		? erg_fail(err, -EINVAL, "--sensor: '%s': text in UTF-8 was expected", as_written)
		: 0;
}

int erg_import_sensor_parse(json_t *list, const char *text, struct erg_err *err)
{
	return erg_sensor_words(text, keep_word, list, err);
}

/* ---- what the settings mean for a channel ---- */

static void set_channel(struct erg_import_channel *c, const struct erg_sensor_word *w)
{
	switch (w->key) {
	case ERG_SENSOR_KEY_KIND:
		c->delta = c->delta_known || !strcmp(w->text, "delta");
		break;
	case ERG_SENSOR_KEY_LSB:
		c->def.lsb = w->number * pow(10, c->decimals);
		break;
	case ERG_SENSOR_KEY_OFFSET_MAX:
		c->def.offset_max = w->number;
		break;
	case ERG_SENSOR_KEY_GAIN_MAX:
		c->def.gain_max = w->number;
		break;
	case ERG_SENSOR_KEY_WRAP:
		c->def.wrap = (uint64_t)fmin(round(w->number * pow(10, c->decimals)),
			(double)ERG_IMPORT_RAW_MAX);
		break;
	case ERG_SENSOR_KEY_PARENT:
		snprintf(c->def.parent, sizeof(c->def.parent), "%s", w->text);
		break;
	case ERG_SENSOR_KEY_PROVENANCE:
		c->model.provenance = (enum erg_provenance)w->number;
		break;
	default:
		break;
	}
}

/* A setting without a name is for channels that carry energy; a kind only where it fits. */
static bool concerns(const struct erg_import_channel *c, const struct erg_sensor_word *w)
{
	enum erg_quantity q = c->def.quantity;

	if (w->for_rail)
		return !strcmp(w->rail, c->def.rail);
	if (q != ERG_Q_POWER && q != ERG_Q_ENERGY && q != ERG_Q_VOLTAGE && q != ERG_Q_CURRENT)
		return false;
	if (q == ERG_Q_ENERGY &&
		(w->key == ERG_SENSOR_KEY_WINDOW || w->key == ERG_SENSOR_KEY_ALPHA))
		return false;
	if (q != ERG_Q_ENERGY && w->key == ERG_SENSOR_KEY_WRAP)
		return false;
	return w->key != ERG_SENSOR_KEY_KIND ||
		erg_sensor_kind_fits((enum erg_sensor_kind)w->number, q);
}

int erg_import_set_word(struct erg_import_channel *c, const struct erg_sensor_word *w,
	const char *as_written, struct erg_err *err)
{
	if (w->key == ERG_SENSOR_KEY_KIND &&
		!erg_sensor_kind_fits((enum erg_sensor_kind)w->number, c->def.quantity))
		return erg_fail(err, -EINVAL,
			"--sensor: '%s' contradicts the unit [%s] of "
			"'%s', which is %s",
			as_written, c->def.unit, c->def.rail, erg_quantity_name(c->def.quantity));
	if (erg_sensor_word_set_model(w, &c->model, &c->given)) {
		c->model_given = true;
		c->model.provenance = ERG_PROVENANCE_DATASHEET;
	}
	set_channel(c, w);
	return 0;
}

static int apply_setting(struct erg_import_log *log, const char *text, struct erg_err *err)
{
	struct erg_sensor_word w;
	size_t hits = 0;
	int r = erg_sensor_word_parse(text, &w, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < log->n_channels; i++) {
		struct erg_import_channel *c = &log->channels[i];

		if (!concerns(c, &w))
			continue;
		hits++;
		r = erg_import_set_word(c, &w, text, err);
		if (r < 0)
			return r;
	}
	if (hits == 0)
		return erg_fail(err, -EINVAL,
			"--sensor: '%s': no channel of %s that this could be for", text, log->path);
	return 0;
}

static void set_default_kind(const struct erg_import_log *log, struct erg_import_channel *c)
{
	c->model.provenance = ERG_PROVENANCE_ASSUMED;
	c->model.alpha = 0;
	switch (c->def.quantity) {
	case ERG_Q_ENERGY:
		c->model.kind = ERG_SENSOR_COUNTER;
		break;
	case ERG_Q_POWER:
	case ERG_Q_VOLTAGE:
	case ERG_Q_CURRENT:
		c->model.kind = log->sampled ? ERG_SENSOR_POINT : ERG_SENSOR_BOXCAR;
		break;
	default:
		c->model.kind = ERG_SENSOR_POINT;
		break;
	}
}

void erg_import_default_models(struct erg_import_log *log)
{
	for (size_t i = 0; i < log->n_channels; i++)
		set_default_kind(log, &log->channels[i]);
}

int erg_import_settings(struct erg_import_log *log, const json_t *list, struct erg_err *err)
{
	const json_t *s;
	size_t i;
	int r = 0;

	json_array_foreach (list, i, s) {
		r = apply_setting(log, json_string_value(s), err);
		if (r < 0)
			return r;
	}
	for (i = 0; i < log->n_channels && r == 0; i++) {
		struct erg_import_channel *c = &log->channels[i];

		r = erg_sensor_model_complete(&c->model, &c->given, c->def.rail, err);
	}
	return r;
}

/* ---- what the readings show ---- */

struct changes {
	int64_t *t;                    /* when the value changes */
	struct erg_import_step *steps; /* from what to what */
	size_t n, readings;
	bool ramp; /* it only ever rises or only ever falls, as a slow drift does that crosses one step
			after the other */
};

static void release_changes(struct changes *c)
{
	free(c->t);
	free(c->steps);
}

static size_t count_changes(const struct erg_import_log *log, const struct erg_import_channel *c)
{
	int64_t before = ERG_IMPORT_MISSING;
	size_t n = 0;

	for (size_t i = 0; erg_import_has_row(log, i); i++) {
		if (c->raw[i] == ERG_IMPORT_MISSING)
			continue;
		n += before != ERG_IMPORT_MISSING && c->raw[i] != before;
		before = c->raw[i];
	}
	return n;
}

static int find_changes(const struct erg_import_log *log, const struct erg_import_channel *c,
	size_t most, struct changes *ret)
{
	int64_t before = ERG_IMPORT_MISSING;
	size_t n = count_changes(log, c), rises = 0;

	ret->t = calloc((n < most ? n : most) + 1, sizeof(*ret->t));
	ret->steps = calloc((n < most ? n : most) + 1, sizeof(*ret->steps));
	if (!ret->t || !ret->steps)
		return -ENOMEM;
	for (size_t i = 0; erg_import_has_row(log, i) && ret->n < most; i++) {
		if (c->raw[i] == ERG_IMPORT_MISSING)
			continue;
		if (before != ERG_IMPORT_MISSING && c->raw[i] != before) {
			rises += c->raw[i] > before;
			ret->steps[ret->n] = (struct erg_import_step){before, c->raw[i]};
			ret->t[ret->n++] = log->t[i];
		}
		before = c->raw[i];
		ret->readings++;
	}
	ret->ramp = rises == 0 || rises == ret->n;
	return 0;
}

/* The period of another rail when it is the same to 2 %: one device, not two. */
static uint64_t common_period(const struct erg_import_log *log, size_t i, uint64_t period)
{
	for (size_t k = 0; k < i; k++) {
		uint64_t other = log->channels[k].model.period_ns;

		if (log->channels[k].repeated &&
			fabs((double)other - (double)period) < 0.02 * (double)period)
			return other;
	}
	return period;
}

/* Whether a boundary of a layer lies in [FROM, TO]. */
static bool has_edge(const int64_t *edges, size_t n, int64_t from, int64_t to)
{
	size_t lo = 0, hi = n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (edges[mid] < from)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < n && edges[lo] <= to;
}

/*
 * A workload of constant powers changes where its layers do, as regularly as they run, and is no
 * stale meter. It is told by the layers: nearly every change follows a boundary within a reading,
 * though fewer than half of the readings do.
 */
static bool changes_are_layers(const struct erg_import_log *log,
	const struct erg_import_layers *layers, const int64_t *changes, size_t n)
{
	_cleanup_(erg_freep) int64_t *edges = erg_import_edges(layers);
	const int64_t back = (int64_t)log->interval_ns * 5 / 4;
	size_t n_edges = 2 * layers->n_spans, explained = 0, by_chance = 0;

	for (size_t i = 0; edges && i < n; i++)
		explained += has_edge(edges, n_edges, changes[i] - back, changes[i]);
	for (size_t i = 0; edges && erg_import_has_row(log, i); i++)
		by_chance += has_edge(edges, n_edges, log->t[i] - back, log->t[i]);
	return explained * 5 > n * 4 && by_chance * 2 < log->n;
}

#define CHANGES_SEEN 200000 /* more tell nothing new */

/* Of readings every INTERVAL of a meter of PERIOD the share 1 - interval / period repeat the one before.
 * Where hardly half as many do, the times at which readings came are regular, not the meter. */
static bool too_few_repeat(size_t repeated, size_t readings, uint64_t interval_ns,
	uint64_t period_ns)
{
	double expected = 1 - (double)interval_ns / (double)period_ns;

	return (double)repeated < 0.5 * expected * (double)readings;
}

/* The period of a stale meter, 0 where the channel is none; *ret_repeated readings repeat themselves. */
static int find_stale(const struct erg_import_log *log, const struct erg_import_layers *layers,
	const struct erg_import_channel *c, uint64_t *ret, struct changes *changes)
{
	if (find_changes(log, c, CHANGES_SEEN, changes) < 0)
		return -ENOMEM;
	*ret = 0;
	if (changes->ramp && c->def.quantity != ERG_Q_ENERGY)
		return 0;
	*ret = erg_import_period(changes->t, changes->n, c->interval_ns);
	if (*ret && c->def.quantity != ERG_Q_ENERGY &&
		erg_import_is_load(changes->t, changes->steps, changes->n, *ret))
		*ret = 0;
	if (*ret &&
		too_few_repeat(changes->readings - changes->n, changes->readings, c->interval_ns,
			*ret))
		*ret = 0;
	if (*ret && layers && changes_are_layers(log, layers, changes->t, changes->n))
		*ret = 0;
	return 0;
}

/* A given period, of the one that is measured. */
#define CONTRADICTED 0.75

static int measure_period(struct erg_import_log *log, const struct erg_import_layers *layers,
	size_t i, json_t *stale, json_t *notes)
{
	struct erg_import_channel *c = &log->channels[i];
	struct changes changes = {0};
	uint64_t period;
	int r = find_stale(log, layers, c, &period, &changes);

	release_changes(&changes);
	if (r < 0 || period == 0)
		return r;
	c->repeated = changes.readings - changes.n;
	period = common_period(log, i, period);
	json_array_append_new(stale,
		json_pack("{s:s, s:s, s:I, s:I}", "rail", c->def.rail, "quantity",
			erg_quantity_name(c->def.quantity), "repeated", (json_int_t)c->repeated,
			"period_ns", (json_int_t)period));
	erg_import_note(notes, "stale",
		"%s: %s of '%s' was read every %.6g s and changes every %.6g s: "
		"%zu of %zu readings repeat the one before",
		log->path, erg_quantity_name(c->def.quantity), c->def.rail,
		(double)c->interval_ns * 1e-9, (double)period * 1e-9, (size_t)c->repeated,
		changes.readings);
	if (c->model.period_ns && (double)c->model.period_ns < CONTRADICTED * (double)period) {
		erg_import_note(notes, "period",
			"%s: period_s=%.6g that was given for '%s' is not what the readings do: it is taken "
			"to be %.6g s",
			log->path, (double)c->model.period_ns * 1e-9, c->def.rail,
			(double)period * 1e-9);
		c->model.period_ns = period;
	} else if (c->model.period_ns == 0) {
		c->model.period_ns = period;
		if (!c->model_given)
			c->model.provenance = ERG_PROVENANCE_MEASURED;
	}
	return 0;
}

static void complete_model(struct erg_import_channel *c)
{
	struct erg_sensor_model *m = &c->model;

	if (m->period_ns == 0 && m->kind != ERG_SENSOR_COUNTER)
		m->period_ns = c->interval_ns;
	if (m->kind == ERG_SENSOR_BOXCAR && m->window_ns == 0)
		m->window_ns = m->period_ns;
	if (m->kind == ERG_SENSOR_POINT && m->window_ns == 0 && !c->model_given &&
		erg_import_class(c) == ERG_CLASS_POWER)
		m->window_ns =
			c->interval_ns / 100 < CONVERSION_NS ? c->interval_ns / 100 : CONVERSION_NS;
}

/* ---- sources ---- */

static enum erg_source_class class_of(enum erg_quantity q)
{
	switch (q) {
	case ERG_Q_TEMPERATURE:
		return ERG_CLASS_THERMAL;
	case ERG_Q_FREQUENCY:
		return ERG_CLASS_FREQUENCY;
	case ERG_Q_UTILIZATION:
		return ERG_CLASS_UTILIZATION;
	default:
		return ERG_CLASS_POWER;
	}
}

static bool same_source(const struct erg_import_channel *a, const struct erg_import_channel *b)
{
	const struct erg_sensor_model *x = &a->model, *y = &b->model;

	return a->group == b->group && a->held == b->held && a->own_time == b->own_time &&
		a->simulated == b->simulated &&
		class_of(a->def.quantity) == class_of(b->def.quantity) && x->kind == y->kind &&
		x->provenance == y->provenance && x->window_ns == y->window_ns &&
		x->period_ns == y->period_ns && x->lag_ns == y->lag_ns &&
		x->lag_u_ns == y->lag_u_ns && x->alpha == y->alpha;
}

static void sort_into_sources(struct erg_import_log *log)
{
	uint32_t n = 0;

	for (size_t i = 0; i < log->n_channels; i++) {
		struct erg_import_channel *c = &log->channels[i];

		c->source = n;
		for (size_t k = 0; k < i && c->source == n; k++) {
			size_t members = 0;

			for (size_t m = 0; m < i; m++)
				members += log->channels[m].source == log->channels[k].source;
			if (same_source(c, &log->channels[k]) && members < CHANNELS_MAX)
				c->source = log->channels[k].source;
		}
		n += c->source == n;
	}
}

const char *erg_import_kind(const struct erg_import_channel *c, const char *kind)
{
	return c->held && c->own_time ? ERG_EXPORTED_OWN_TIME : c->held ? ERG_EXPORTED_HELD : kind;
}

size_t erg_import_sources(const struct erg_import_log *log)
{
	size_t n = 0;

	for (size_t i = 0; i < log->n_channels; i++)
		n = log->channels[i].source >= n ? log->channels[i].source + 1 : n;
	return n;
}

enum erg_source_class erg_import_class(const struct erg_import_channel *c)
{
	return class_of(c->def.quantity);
}

/* Nobody says whether the log's digits were rounded or cut off: the mean may be off by half a step. */
static void find_step(const struct erg_import_log *log, struct erg_import_channel *c)
{
	bool mean = c->def.quantity == ERG_Q_POWER || c->def.quantity == ERG_Q_CURRENT ||
		c->def.quantity == ERG_Q_VOLTAGE;

	c->def.lsb = erg_import_lsb(log, c->raw);
	if (mean && c->def.offset_max <= 0)
		c->def.offset_max = erg_import_cut(log, c->raw, c->def.lsb) * c->def.scale / 2;
}

int erg_import_models(struct erg_import_log *log, const struct erg_import_layers *layers,
	json_t *stale, json_t *notes, struct erg_err *err)
{
	for (size_t i = 0; i < log->n_channels; i++) {
		struct erg_import_channel *c = &log->channels[i];

		if (measure_period(log, layers, i, stale, notes) < 0)
			return erg_fail_errno(err, -ENOMEM, "%s", log->path);
		complete_model(c);
		if (c->def.lsb <= 0)
			find_step(log, c);
	}
	sort_into_sources(log);
	return 0;
}
