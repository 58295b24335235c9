/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * --sensor: what the user knows better than the recording. A model that was replaced counts as
 * from a datasheet. The rail's name may hold colons; keys never do.
 */
#include "analyze/reader/sensor.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "formats/base/util.h"

#define KEYS "kind, window_s, period_s, lag_s, lag_u_s, alpha, lsb, offset_max, gain_max"

static bool set_time(struct erg_sensor_model *m, const char *key, double v)
{
	double ns = round(v * 1e9);

	if (!strcmp(key, "lag_s"))
		m->lag_ns = (int64_t)ns;
	else if (v < 0)
		return false;
	else if (!strcmp(key, "window_s"))
		m->window_ns = (uint64_t)ns;
	else if (!strcmp(key, "period_s"))
		m->period_ns = (uint64_t)ns;
	else if (!strcmp(key, "lag_u_s"))
		m->lag_u_ns = (uint64_t)ns;
	else if (!strcmp(key, "alpha") && v > 0 && v <= 1)
		m->alpha = v;
	else
		return false;
	return true;
}

static bool set_bound(struct erg_channel_def *d, const char *key, double v)
{
	if (v < 0)
		return false;
	if (!strcmp(key, "lsb"))
		d->lsb = d->scale > 0 ? v / d->scale : v;
	else if (!strcmp(key, "offset_max"))
		d->offset_max = v;
	else if (!strcmp(key, "gain_max"))
		d->gain_max = v;
	else
		return false;
	return true;
}

static bool set_kind(struct erg_sensor_model *m, const char *text)
{
	int kind = erg_sensor_kind_parse(text);

	if (kind >= 0)
		m->kind = (enum erg_sensor_kind)kind;
	return kind >= 0;
}

static bool is_electric(enum erg_quantity q)
{
	return q <= ERG_Q_CURRENT;
}

/* Returns how many channels the setting was for, or -EINVAL for a bad key or value. */
static int apply(struct erg_timeline *tl, const char *rail, const char *key, const char *text)
{
	char *end;
	double v = strtod(text, &end);
	bool number = end != text && !*end && isfinite(v);
	int n = 0;

	for (size_t i = 0; i < tl->n_channels; i++) {
		struct erg_tl_channel *c = &tl->channels[i];
		struct erg_tl_source *s = &tl->sources[c->source];

		if (!is_electric(c->def.quantity) || (rail && strcmp(rail, c->def.rail)))
			continue;
		if (!strcmp(key, "kind") ? !set_kind(&s->model, text)
		    : !number || !(set_time(&s->model, key, v) || set_bound(&c->def, key, v)))
			return -EINVAL;
		s->model.provenance = ERG_PROVENANCE_DATASHEET;
		n++;
	}
	return n;
}

static int apply_word(struct erg_timeline *tl, const char *word, struct erg_err *err)
{
	_cleanup_(erg_freep) char *copy = strdup(word);
	char *equals = copy ? strchr(copy, '=') : NULL, *colon;
	int n;

	if (!copy)
		return erg_fail(err, -ENOMEM, "--sensor: out of memory");
	if (!equals)
		return erg_fail(err, -EINVAL, "--sensor: '%s': expected KEY=VALUE or RAIL:KEY=VALUE",
			word);
	*equals = '\0';
	colon = strrchr(copy, ':');
	if (colon)
		*colon = '\0';
	n = apply(tl, colon ? copy : NULL, colon ? colon + 1 : copy, equals + 1);
	if (n < 0)
		return erg_fail(err, -EINVAL, "--sensor: '%s': expected one of " KEYS
			" with a value that fits it", word);
	if (!n)
		return erg_fail(err, -ENOENT, "--sensor: '%s': no rail of power '%s' was recorded",
			word, colon ? copy : "");
	return 0;
}

int erg_reader_sensor(struct erg_timeline *tl, const char *text, struct erg_err *err)
{
	_cleanup_(erg_freep) char *copy = strdup(text);
	char *save = NULL;
	int r = 0;

	if (!copy)
		return erg_fail(err, -ENOMEM, "--sensor: out of memory");
	for (char *w = strtok_r(copy, " ,\t", &save); w && r >= 0; w = strtok_r(NULL, " ,\t", &save))
		r = apply_word(tl, w, err);
	return r;
}
