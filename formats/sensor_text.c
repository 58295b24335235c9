/* SPDX-License-Identifier: MIT */
/*
 * The text of sensor models, "[RAIL:]KEY=VALUE …", for all that take one: the options --sensor of
 * import and of the analyzer, and what a meter says of itself. One table has the keys and their
 * bounds; a time may be given as _s or as _ns. What contradicts itself is refused, not mended.
 */
#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/base/number.h"
#include "formats/base/util.h"
#include "formats/sensor.h"

enum value_type { NUMBER, SECONDS, KIND, PROVENANCE, NAME };

/* In the order of enum erg_sensor_key. Bounds in seconds, for times. */
static const struct key {
	const char *name;
	enum value_type type;
	double lo, hi;
} keys[] = {
	{"kind", KIND, 0, 0},
	{"window", SECONDS, 0, 1e6},
	{"period", SECONDS, 0, 1e6},
	{"lag", SECONDS, -1e6, 1e6},
	{"lag_u", SECONDS, 0, 1e6},
	{"alpha", NUMBER, 1e-9, 1},
	{"lsb", NUMBER, 0, 1e12},
	{"offset_max", NUMBER, 0, 1e9},
	{"gain_max", NUMBER, 0, 1},
	{"wrap", NUMBER, 0, 1e18},
	{"parent", NAME, 0, 0},
	{"provenance", PROVENANCE, 0, 0},
};
_Static_assert(ERG_ARRAY_SIZE(keys) == ERG_SENSOR_KEYS, "a row for each key");

const char *erg_sensor_key_name(enum erg_sensor_key key)
{
	static const char *const names[] = {"kind", "window_s", "period_s", "lag_s", "lag_u_s",
		"alpha", "lsb", "offset_max", "gain_max", "wrap", "parent", "provenance"};

	return names[key];
}

/* The key that NAME is; *ret_scale: of its number to what is kept (ns, for times). -1: none. */
static int find_key(const char *name, size_t len, double *ret_scale)
{
	for (size_t i = 0; i < ERG_ARRAY_SIZE(keys); i++) {
		const char *rest = name + strlen(keys[i].name);
		size_t n = strlen(keys[i].name);

		*ret_scale = 1;
		if (n > len || strncmp(name, keys[i].name, n))
			continue;
		if (keys[i].type != SECONDS) {
			if (n == len)
				return (int)i;
			continue;
		}
		*ret_scale = len == n + 2 && !strncmp(rest, "_s", 2) ? 1e9 : 1;
		if (*ret_scale > 1 || (len == n + 3 && !strncmp(rest, "_ns", 3)))
			return (int)i;
	}
	return -1;
}

static int fail_word(const char *word, const char *expected, struct erg_err *err)
{
	return erg_fail(err, -EINVAL, "--sensor: '%s': %s was expected", word, expected);
}

static int parse_name(const char *word, const char *value, int value_of_name, const char *expected,
	struct erg_sensor_word *ret, struct erg_err *err)
{
	if (value_of_name < 0)
		return fail_word(word, expected, err);
	snprintf(ret->text, sizeof(ret->text), "%s", value);
	ret->number = value_of_name;
	return 0;
}

static int parse_value(const struct key *k, double scale, const char *word, const char *value,
	struct erg_sensor_word *ret, struct erg_err *err)
{
	char expected[96];
	double v;

	if (k->type == KIND && !strcmp(value, "delta"))
		return parse_name(word, value, ERG_SENSOR_COUNTER, "", ret, err);
	if (k->type == KIND)
		return parse_name(word, value, erg_sensor_kind_parse(value),
			"kind=point, boxcar, ema, counter or delta", ret, err);
	if (k->type == PROVENANCE)
		return parse_name(word, value, erg_provenance_parse(value),
			"provenance=assumed, datasheet, driver or measured", ret, err);
	if (k->type == NAME)
		return parse_name(word, value, strlen(value) < sizeof(ret->text) ? 0 : -1,
			"a rail's name of at most 63 bytes", ret, err);
	if (!erg_number_parse(value, -INFINITY, INFINITY, &v) ||
		v < k->lo * (k->type == SECONDS ? 1e9 / scale : 1) ||
		v > k->hi * (k->type == SECONDS ? 1e9 / scale : 1)) {
		snprintf(expected, sizeof(expected), "a number from %g to %g",
			k->type == SECONDS ? k->lo * 1e9 / scale : k->lo,
			k->type == SECONDS ? k->hi * 1e9 / scale : k->hi);
		return fail_word(word, expected, err);
	}
	ret->number = k->type == SECONDS ? round(v * scale) : v;
	return 0;
}

int erg_sensor_word_parse(const char *word, struct erg_sensor_word *ret, struct erg_err *err)
{
	const char *equals = strchr(word, '='), *name = word;
	char list[160] = "";
	double scale;
	int key;

	*ret = (struct erg_sensor_word){.rail = ""};
	if (!equals)
		return fail_word(word, "KEY=VALUE or NAME:KEY=VALUE", err);
	for (const char *p = word; p < equals; p++)
		name = *p == ':' ? p + 1 : name;
	if (name > word) {
		if (name - word > (ptrdiff_t)sizeof(ret->rail))
			return fail_word(word, "a rail's name of at most 63 bytes", err);
		ret->for_rail = true;
		snprintf(ret->rail, sizeof(ret->rail), "%.*s", (int)(name - 1 - word), word);
	}
	key = find_key(name, (size_t)(equals - name), &scale);
	if (key >= 0) {
		ret->key = (enum erg_sensor_key)key;
		return parse_value(&keys[key], scale, word, equals + 1, ret, err);
	}
	for (size_t i = 0, at = 0; i < ERG_ARRAY_SIZE(keys); i++)
		at += (size_t)snprintf(list + at, sizeof(list) - at, "%s%s", i ? ", " : "",
			erg_sensor_key_name((enum erg_sensor_key)i));
	return erg_fail(err, -EINVAL, "--sensor: '%s': one of %s was expected", word, list);
}

/* One setting, of a rail whose name may have blanks: "Proc Energy:kind=delta". */
static bool is_one(const char *text)
{
	const char *equals = strchr(text, '=');

	return equals && !strchr(equals + 1, '=');
}

int erg_sensor_words(const char *text,
	int (*each)(void *data, const struct erg_sensor_word *word, const char *as_written,
		struct erg_err *err),
	void *data, struct erg_err *err)
{
	static const char between[] = " ,\t\r\n";
	_cleanup_(erg_freep) char *copy = strdup(text);
	const char *apart = is_one(text) ? "" : between;
	char *save = NULL;
	int r = 0;

	if (!copy)
		return erg_fail_errno(err, -ENOMEM, "--sensor");
	for (size_t n = strlen(copy); n > 0 && strchr(between, copy[n - 1]); n--)
		copy[n - 1] = '\0';
	for (char *w = strtok_r(copy + strspn(copy, between), apart, &save); w && r >= 0;
		w = strtok_r(NULL, apart, &save)) {
		struct erg_sensor_word word;

		r = erg_sensor_word_parse(w, &word, err);
		if (r == 0)
			r = each(data, &word, w, err);
	}
	return r < 0 ? r : 0;
}

bool erg_sensor_word_set_model(const struct erg_sensor_word *w, struct erg_sensor_model *m,
	struct erg_sensor_given *given)
{
	given->kind |= w->key == ERG_SENSOR_KEY_KIND;
	given->alpha |= w->key == ERG_SENSOR_KEY_ALPHA;
	switch (w->key) {
	case ERG_SENSOR_KEY_KIND:
		m->kind = (enum erg_sensor_kind)w->number;
		break;
	case ERG_SENSOR_KEY_WINDOW:
		m->window_ns = (uint64_t)w->number;
		break;
	case ERG_SENSOR_KEY_PERIOD:
		m->period_ns = (uint64_t)w->number;
		break;
	case ERG_SENSOR_KEY_LAG:
		m->lag_ns = (int64_t)w->number;
		break;
	case ERG_SENSOR_KEY_LAG_U:
		m->lag_u_ns = (uint64_t)w->number;
		break;
	case ERG_SENSOR_KEY_ALPHA:
		m->alpha = w->number;
		break;
	default:
		return false;
	}
	return true;
}

bool erg_sensor_kind_fits(enum erg_sensor_kind kind, enum erg_quantity quantity)
{
	bool cumulative = quantity == ERG_Q_ENERGY || quantity == ERG_Q_TIME;

	return (kind == ERG_SENSOR_COUNTER) == cumulative;
}

int erg_sensor_model_complete(struct erg_sensor_model *m, const struct erg_sensor_given *given,
	const char *rail, struct erg_err *err)
{
	if (given->alpha && m->kind != ERG_SENSOR_EMA) {
		if (given->kind || m->kind == ERG_SENSOR_COUNTER)
			return erg_fail(err, -EINVAL,
				"--sensor: '%s': alpha= is for kind=ema, not for "
				"kind=%s",
				rail, erg_sensor_kind_name(m->kind));
		m->kind = ERG_SENSOR_EMA;
	}
	if (m->kind == ERG_SENSOR_EMA && m->alpha <= 0)
		return erg_fail(err, -EINVAL, "--sensor: '%s': kind=ema needs alpha=", rail);
	if (m->kind != ERG_SENSOR_EMA)
		m->alpha = 0;
	return 0;
}
