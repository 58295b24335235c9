/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * --sensor: what the user knows better than the recording. A model that was replaced counts as
 * from a datasheet. formats/sensor_text.c knows the words; what a recording cannot be told
 * afterwards (where a counter wrapped, that readings were of intervals) is refused.
 */
#include "analyze/reader/sensor.h"

#include <errno.h>
#include <string.h>

#include "formats/base/util.h"

static bool is_electric(enum erg_quantity q)
{
	return q <= ERG_Q_CURRENT;
}

static bool is_for_import(const struct erg_sensor_word *w)
{
	return w->key == ERG_SENSOR_KEY_WRAP || w->key == ERG_SENSOR_KEY_PARENT ||
		(w->key == ERG_SENSOR_KEY_KIND && !strcmp(w->text, "delta"));
}

static void set_channel(struct erg_channel_def *d, const struct erg_sensor_word *w)
{
	if (w->key == ERG_SENSOR_KEY_LSB)
		d->lsb = d->scale > 0 ? w->number / d->scale : w->number;
	else if (w->key == ERG_SENSOR_KEY_OFFSET_MAX)
		d->offset_max = w->number;
	else if (w->key == ERG_SENSOR_KEY_GAIN_MAX)
		d->gain_max = w->number;
}

/* Without a rail's name a kind or an alpha is for the channels that it fits. */
static bool concerns(const struct erg_tl_channel *c, const struct erg_sensor_word *w)
{
	enum erg_quantity q = c->def.quantity;

	if (!is_electric(q) || (w->for_rail && strcmp(w->rail, c->def.rail)))
		return false;
	if (w->for_rail)
		return true;
	if (w->key == ERG_SENSOR_KEY_ALPHA || w->key == ERG_SENSOR_KEY_WINDOW)
		return q != ERG_Q_ENERGY;
	return w->key != ERG_SENSOR_KEY_KIND ||
		erg_sensor_kind_fits((enum erg_sensor_kind)w->number, q);
}

struct setting {
	struct erg_timeline *tl;
	struct erg_sensor_given *given; /* by source */
};

static int check_word(void *data, const struct erg_sensor_word *w, const char *word,
	struct erg_err *err)
{
	(void)data;
	return is_for_import(w) ? erg_fail(err, -EINVAL,
					  "--sensor: '%s': this is for erg-record import; a "
					  "recording cannot be told it afterwards",
					  word)
				: 0;
}

static int apply_word(void *data, const struct erg_sensor_word *w, const char *word,
	struct erg_err *err)
{
	const struct setting *s = data;
	size_t n = 0;
	int r = check_word(NULL, w, word, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < s->tl->n_channels; i++) {
		struct erg_tl_channel *c = &s->tl->channels[i];
		struct erg_sensor_model *m = &s->tl->sources[c->source].model;

		if (!concerns(c, w))
			continue;
		if (w->key == ERG_SENSOR_KEY_KIND &&
			!erg_sensor_kind_fits((enum erg_sensor_kind)w->number, c->def.quantity))
			return erg_fail(err, -EINVAL,
				"--sensor: '%s' contradicts '%s', which is %s", word, c->def.rail,
				erg_quantity_name(c->def.quantity));
		if (!erg_sensor_word_set_model(w, m, &s->given[c->source]))
			set_channel(&c->def, w);
		m->provenance = w->key == ERG_SENSOR_KEY_PROVENANCE ? (enum erg_provenance)w->number
								    : ERG_PROVENANCE_DATASHEET;
		n++;
	}
	if (n)
		return 0;
	if (!*w->rail)
		return erg_fail(err, -ENOENT,
			"--sensor: '%s': no rail of power was recorded that this could be for",
			word);
	return erg_fail(err, -ENOENT,
		"--sensor: '%s': no rail of power '%s' was recorded that this could be for", word,
		w->rail);
}

static const char *rail_of(const struct erg_timeline *tl, size_t source)
{
	for (size_t i = 0; i < tl->n_channels; i++)
		if (tl->channels[i].source == source)
			return tl->channels[i].def.rail;
	return "";
}

int erg_reader_sensor_check(const char *text, struct erg_err *err)
{
	return erg_sensor_words(text, check_word, NULL, err);
}

int erg_reader_sensor(struct erg_timeline *tl, const char *text, struct erg_err *err)
{
	_cleanup_(erg_freep) struct erg_sensor_given *given =
		calloc(tl->n_sources + 1, sizeof(*given));
	struct setting s = {tl, given};
	int r = given ? erg_sensor_words(text, apply_word, &s, err)
		      : erg_fail(err, -ENOMEM, "--sensor: out of memory");

	for (size_t i = 0; i < tl->n_sources && r == 0; i++)
		if (given[i].kind || given[i].alpha)
			r = erg_sensor_model_complete(&tl->sources[i].model, &given[i],
				rail_of(tl, i), err);
	return r;
}
