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

#include "formats/base/number.h"
#include "formats/base/util.h"
#include "record/import/import.h"

#define CHANNELS_MAX 64

/* ---- --sensor ---- */

enum value_type { NUMBER, KIND, PROVENANCE, TEXT };

static const struct key {
	const char *name;
	enum value_type type;
	double lo, hi;
} keys[] = {
	{"kind", KIND, 0, 0}, {"provenance", PROVENANCE, 0, 0}, {"parent", TEXT, 0, 0},
	{"window_s", NUMBER, 0, 1e6}, {"period_s", NUMBER, 0, 1e6}, {"lag_s", NUMBER, -1e6, 1e6},
	{"lag_u_s", NUMBER, 0, 1e6}, {"alpha", NUMBER, 1e-9, 1}, {"lsb", NUMBER, 0, 1e12},
	{"offset_max", NUMBER, 0, 1e9}, {"gain_max", NUMBER, 0, 1}, {"wrap", NUMBER, 0, 1e18},
};

static int fail_setting(const char *word, const char *expected, struct erg_err *err)
{
	return erg_fail(err, -EINVAL, "--sensor: '%s': %s was expected", word, expected);
}

static json_t *parse_value(const struct key *k, const char *text, const char *word,
	struct erg_err *err)
{
	double v;

	if (k->type == KIND && erg_sensor_kind_parse(text) < 0) {
		fail_setting(word, "kind=point, boxcar, ema or counter", err);
		return NULL;
	}
	if (k->type == PROVENANCE && erg_provenance_parse(text) < 0) {
		fail_setting(word, "provenance=assumed, datasheet, driver or measured", err);
		return NULL;
	}
	if (k->type != NUMBER)
		return json_string(text);
	if (!erg_number_parse(text, k->lo, k->hi, &v)) {
		char expected[96];

		snprintf(expected, sizeof(expected), "a number from %g to %g", k->lo, k->hi);
		fail_setting(word, expected, err);
		return NULL;
	}
	return json_real(v);
}

static int parse_word(json_t *list, char *word, struct erg_err *err)
{
	char *equals = strchr(word, '='), *colon = NULL, *name = word;
	_cleanup_(erg_freep) char *whole = strdup(word);

	if (!whole)
		return erg_fail_errno(err, -ENOMEM, "--sensor");
	if (!equals)
		return fail_setting(word, "KEY=VALUE or NAME:KEY=VALUE", err);
	*equals = '\0';
	colon = strrchr(word, ':');
	if (colon) {
		*colon = '\0';
		name = colon + 1;
	}
	for (size_t i = 0; i < ERG_ARRAY_SIZE(keys); i++) {
		json_t *v;

		if (strcmp(keys[i].name, name))
			continue;
		v = parse_value(&keys[i], equals + 1, whole, err);
		if (!v)
			return -EINVAL;
		return json_array_append_new(list, json_pack("{s:s*, s:s, s:o}", "rail",
			colon ? word : NULL, "key", keys[i].name, "value", v)) < 0 ? -ENOMEM : 0;
	}
	return fail_setting(whole, "one of kind, window_s, period_s, lag_s, lag_u_s, lsb, alpha, "
		"offset_max, gain_max, wrap, parent, provenance", err);
}

int erg_import_sensor_parse(json_t *list, const char *text, struct erg_err *err)
{
	_cleanup_(erg_freep) char *copy = strdup(text);
	char *save = NULL;
	int r = 0;

	if (!copy)
		return erg_fail_errno(err, -ENOMEM, "--sensor");
	for (char *word = strtok_r(copy, " ,\t", &save); word && r == 0;
		word = strtok_r(NULL, " ,\t", &save))
		r = parse_word(list, word, err);
	return r;
}

/* ---- what the settings mean for a channel ---- */

static bool kind_fits(enum erg_sensor_kind kind, enum erg_quantity quantity)
{
	if (quantity == ERG_Q_ENERGY)
		return kind == ERG_SENSOR_COUNTER;
	return kind != ERG_SENSOR_COUNTER;
}

static int64_t to_ns(const json_t *v)
{
	return llround(json_real_value(v) * 1e9);
}

static void set_model(struct erg_import_channel *c, const char *key, const json_t *v)
{
	if (!strcmp(key, "kind"))
		c->model.kind = (enum erg_sensor_kind)erg_sensor_kind_parse(json_string_value(v));
	else if (!strcmp(key, "window_s"))
		c->model.window_ns = (uint64_t)to_ns(v);
	else if (!strcmp(key, "period_s"))
		c->model.period_ns = (uint64_t)to_ns(v);
	else if (!strcmp(key, "lag_s"))
		c->model.lag_ns = to_ns(v);
	else if (!strcmp(key, "lag_u_s"))
		c->model.lag_u_ns = (uint64_t)to_ns(v);
	else if (!strcmp(key, "alpha"))
		c->model.alpha = json_real_value(v);
	else
		return;
	c->model_given = true;
	c->model.provenance = ERG_PROVENANCE_DATASHEET;
}

static void set_other(struct erg_import_channel *c, const char *key, const json_t *v)
{
	if (!strcmp(key, "lsb"))
		c->def.lsb = json_real_value(v) * pow(10, c->decimals);
	else if (!strcmp(key, "offset_max"))
		c->def.offset_max = json_real_value(v);
	else if (!strcmp(key, "gain_max"))
		c->def.gain_max = json_real_value(v);
	else if (!strcmp(key, "wrap"))
		c->def.wrap = (uint64_t)fmin(round(json_real_value(v) * pow(10, c->decimals)),
			(double)ERG_IMPORT_RAW_MAX);
	else if (!strcmp(key, "parent"))
		snprintf(c->def.parent, sizeof(c->def.parent), "%s", json_string_value(v));
	else if (!strcmp(key, "provenance"))
		c->model.provenance =
			(enum erg_provenance)erg_provenance_parse(json_string_value(v));
}

/* A setting without a name is for channels that carry energy; a kind only where it fits. */
static bool concerns(const struct erg_import_channel *c, const char *rail, const char *key,
	const json_t *v)
{
	enum erg_quantity q = c->def.quantity;

	if (rail)
		return !strcmp(rail, c->def.rail);
	if (q != ERG_Q_POWER && q != ERG_Q_ENERGY && q != ERG_Q_VOLTAGE && q != ERG_Q_CURRENT)
		return false;
	if (q == ERG_Q_ENERGY && (!strcmp(key, "window_s") || !strcmp(key, "alpha")))
		return false;
	if (q != ERG_Q_ENERGY && !strcmp(key, "wrap"))
		return false;
	return strcmp(key, "kind") ||
		kind_fits((enum erg_sensor_kind)erg_sensor_kind_parse(json_string_value(v)), q);
}

static int apply_setting(struct erg_import_log *log, const json_t *s, struct erg_err *err)
{
	const char *rail = json_string_value(json_object_get(s, "rail"));
	const char *key = json_string_value(json_object_get(s, "key"));
	const json_t *v = json_object_get(s, "value");
	size_t hits = 0;

	for (size_t i = 0; i < log->n_channels; i++) {
		struct erg_import_channel *c = &log->channels[i];

		if (!concerns(c, rail, key, v))
			continue;
		hits++;
		if (!strcmp(key, "kind") && !kind_fits((enum erg_sensor_kind)erg_sensor_kind_parse(
						       json_string_value(v)), c->def.quantity))
			return erg_fail(err, -EINVAL, "--sensor: '%s:kind=%s' contradicts the unit "
				"[%s] of '%s', which is %s", c->def.rail, json_string_value(v),
				c->def.unit, c->def.rail, erg_quantity_name(c->def.quantity));
		set_model(c, key, v);
		set_other(c, key, v);
	}
	if (hits == 0)
		return erg_fail(err, -EINVAL, "--sensor: %s%s%s: no channel of %s that this could be "
			"for", rail ? rail : "", rail ? ":" : "", key, log->path);
	return 0;
}

static void set_default_kind(struct erg_import_channel *c)
{
	c->model.provenance = ERG_PROVENANCE_ASSUMED;
	c->model.alpha = 0;
	switch (c->def.quantity) {
	case ERG_Q_ENERGY: c->model.kind = ERG_SENSOR_COUNTER; break;
	case ERG_Q_POWER:
	case ERG_Q_VOLTAGE:
	case ERG_Q_CURRENT: c->model.kind = ERG_SENSOR_BOXCAR; break;
	default: c->model.kind = ERG_SENSOR_POINT; break;
	}
}

int erg_import_settings(struct erg_import_log *log, const json_t *list, struct erg_err *err)
{
	const json_t *s;
	size_t i;
	int r = 0;

	for (i = 0; i < log->n_channels; i++)
		set_default_kind(&log->channels[i]);
	json_array_foreach(list, i, s) {
		r = apply_setting(log, s, err);
		if (r < 0)
			return r;
	}
	for (i = 0; i < log->n_channels; i++) {
		struct erg_import_channel *c = &log->channels[i];

		if (c->model.alpha > 0 && c->model.kind != ERG_SENSOR_EMA &&
			c->model.kind != ERG_SENSOR_COUNTER)
			c->model.kind = ERG_SENSOR_EMA;
		if (c->model.kind == ERG_SENSOR_EMA && c->model.alpha <= 0)
			return erg_fail(err, -EINVAL, "--sensor: '%s': kind=ema needs alpha=",
				c->def.rail);
	}
	return 0;
}

/* ---- what the readings show ---- */

/* The times at which the value changes. *ret_ramp: it only ever rises or only ever falls, as a slow
 * drift does that crosses one step after the other. */
static int find_changes(const struct erg_import_log *log, struct erg_import_channel *c,
	int64_t **ret, size_t *ret_n, size_t *ret_readings, bool *ret_ramp)
{
	int64_t *t = calloc(log->n, sizeof(*t)), before = ERG_IMPORT_MISSING;
	size_t n = 0, readings = 0, rises = 0;

	if (!t)
		return -ENOMEM;
	for (size_t i = 0; i < log->n; i++) {
		if (c->raw[i] == ERG_IMPORT_MISSING)
			continue;
		if (before != ERG_IMPORT_MISSING && c->raw[i] != before) {
			rises += c->raw[i] > before;
			t[n++] = log->t[i];
		}
		before = c->raw[i];
		readings++;
	}
	*ret = t;
	*ret_n = n;
	*ret_readings = readings;
	*ret_ramp = rises == 0 || rises == n;
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
	for (size_t i = 0; edges && i < log->n; i++)
		by_chance += has_edge(edges, n_edges, log->t[i] - back, log->t[i]);
	return explained * 5 > n * 4 && by_chance * 2 < log->n;
}

static int measure_period(struct erg_import_log *log, const struct erg_import_layers *layers, size_t i,
	json_t *stale, json_t *notes)
{
	struct erg_import_channel *c = &log->channels[i];
	_cleanup_(erg_freep) int64_t *changes = NULL;
	size_t n, readings;
	uint64_t period;
	bool ramp;

	if (find_changes(log, c, &changes, &n, &readings, &ramp) < 0)
		return -ENOMEM;
	if (ramp && c->def.quantity != ERG_Q_ENERGY)
		return 0;
	period = erg_import_period(changes, n, log->interval_ns);
	if (period == 0 || (layers && changes_are_layers(log, layers, changes, n)))
		return 0;
	c->repeated = readings - n;
	period = common_period(log, i, period);
	json_array_append_new(stale, json_pack("{s:s, s:s, s:I, s:I}", "rail", c->def.rail, "quantity",
		erg_quantity_name(c->def.quantity), "repeated", (json_int_t)c->repeated, "period_ns",
		(json_int_t)period));
	erg_import_note(notes, "stale", "%s: %s of '%s' was read every %.6g s and changes every %.6g s: "
		"%zu of %zu readings repeat the one before", log->path,
		erg_quantity_name(c->def.quantity), c->def.rail, (double)log->interval_ns * 1e-9,
		(double)period * 1e-9, (size_t)c->repeated, readings);
	if (c->model.period_ns == 0) {
		c->model.period_ns = period;
		if (!c->model_given)
			c->model.provenance = ERG_PROVENANCE_MEASURED;
	}
	return 0;
}

static void complete_model(const struct erg_import_log *log, struct erg_import_channel *c)
{
	struct erg_sensor_model *m = &c->model;

	if (m->period_ns == 0 && m->kind != ERG_SENSOR_COUNTER)
		m->period_ns = log->interval_ns;
	if (m->kind == ERG_SENSOR_BOXCAR && m->window_ns == 0)
		m->window_ns = m->period_ns;
}

/* The greatest integer that all differences are multiples of: the step of the readings; one unit of
 * the last digit when there are too few changes to tell. */
#define CHANGES_MIN 16

static double step_of(const struct erg_import_log *log, const struct erg_import_channel *c)
{
	int64_t before = ERG_IMPORT_MISSING;
	size_t changes = 0;
	uint64_t g = 0;

	for (size_t i = 0; i < log->n && g != 1; i++) {
		uint64_t d, r;

		if (c->raw[i] == ERG_IMPORT_MISSING)
			continue;
		d = before == ERG_IMPORT_MISSING ? 0 : (uint64_t)llabs(c->raw[i] - before);
		changes += d > 0;
		for (; d; d = r) {
			r = g ? g % d : 0;
			g = d;
		}
		before = c->raw[i];
	}
	return changes >= CHANGES_MIN ? (double)g : 1;
}

/* ---- sources ---- */

static enum erg_source_class class_of(enum erg_quantity q)
{
	switch (q) {
	case ERG_Q_TEMPERATURE: return ERG_CLASS_THERMAL;
	case ERG_Q_FREQUENCY: return ERG_CLASS_FREQUENCY;
	case ERG_Q_UTILIZATION: return ERG_CLASS_UTILIZATION;
	default: return ERG_CLASS_POWER;
	}
}

static bool same_source(const struct erg_import_channel *a, const struct erg_import_channel *b)
{
	const struct erg_sensor_model *x = &a->model, *y = &b->model;

	return class_of(a->def.quantity) == class_of(b->def.quantity) && x->kind == y->kind &&
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

int erg_import_models(struct erg_import_log *log, const struct erg_import_layers *layers,
	json_t *stale, json_t *notes, struct erg_err *err)
{
	for (size_t i = 0; i < log->n_channels; i++) {
		struct erg_import_channel *c = &log->channels[i];

		if (measure_period(log, layers, i, stale, notes) < 0)
			return erg_fail_errno(err, -ENOMEM, "%s", log->path);
		complete_model(log, c);
		if (c->def.lsb <= 0)
			c->def.lsb = step_of(log, c);
	}
	sort_into_sources(log);
	return 0;
}
