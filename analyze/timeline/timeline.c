/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The timeline's life: analyses get it whole and const; here is only how it ends and the few
 * lookups that everyone needs.
 */
#include "analyze/timeline/timeline.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/timeline/rail.h"
#include "formats/base/util.h"
#include "formats/base/warning.h"

static void free_definitions(struct erg_timeline *tl)
{
	for (size_t i = 0; i < tl->n_layers; i++) {
		free(tl->layers[i].name);
		free(tl->layers[i].type);
		free(tl->layers[i].network);
		free(tl->layers[i].module);
	}
	for (size_t i = 0; i < tl->n_tracks; i++)
		free(tl->tracks[i].name);
	for (size_t i = 0; i < tl->n_counters; i++) {
		free(tl->counters[i].name);
		free(tl->counters[i].origin);
	}
	for (size_t i = 0; i < tl->n_sources; i++) {
		free(tl->sources[i].kind);
		free(tl->sources[i].path);
	}
	free(tl->layers);
	free(tl->tracks);
	free(tl->counters);
	free(tl->sources);
}

static void free_happenings(struct erg_timeline *tl)
{
	for (size_t i = 0; i < tl->n_phases; i++)
		free(tl->phases[i].name);
	for (size_t i = 0; i < tl->n_markers; i++)
		free(tl->markers[i].text);
	for (size_t i = 0; i < tl->n_losses; i++)
		free(tl->losses[i].what);
	for (size_t i = 0; i < tl->n_statuses; i++)
		free(tl->statuses[i].detail);
	free(tl->phases);
	free(tl->markers);
	free(tl->losses);
	free(tl->statuses);
}

static void free_columns(struct erg_timeline *tl)
{
	struct erg_tl_intervals *iv = &tl->iv;

	for (size_t i = 0; i < tl->n_channels; i++) {
		free(tl->channels[i].t);
		free(tl->channels[i].half);
		free(tl->channels[i].raw);
	}
	for (size_t i = 0; iv->counter && i < tl->n_counters; i++)
		free(iv->counter[i]);
	free(iv->counter);
	free(iv->enabled);
	free(iv->running);
	free(iv->layer);
	free(iv->iteration);
	erg_times_release(&iv->begin);
	erg_times_release(&iv->end);
	free(iv->track);
	free(iv->depth);
}

void erg_timeline_free(struct erg_timeline *tl)
{
	if (!tl)
		return;
	if (tl->release)
		tl->release(tl); /* sets the pointers of what it freed to NULL */
	free_columns(tl);
	free(tl->channels);
	for (size_t i = 0; i < tl->n_rails; i++)
		erg_rail_release(&tl->rails[i]);
	free(tl->rails);
	free_definitions(tl);
	free_happenings(tl);
	json_decref(tl->manifest);
	json_decref(tl->summary);
	json_decref(tl->warnings);
	free(tl->archive);
	free(tl);
}

void erg_timeline_freep(struct erg_timeline **tl)
{
	erg_timeline_free(*tl);
}

uint32_t erg_timeline_find(const struct erg_timeline *tl, const char *rail,
	enum erg_quantity quantity)
{
	for (size_t i = 0; i < tl->n_channels; i++)
		if (tl->channels[i].def.quantity == quantity &&
			!strcmp(tl->channels[i].def.rail, rail))
			return (uint32_t)i;
	return ERG_NONE;
}

bool erg_timeline_tells_throttling(const struct erg_timeline *tl, const struct erg_tl_channel *c)
{
	return c->def.quantity == ERG_Q_COUNT && tl->sources[c->source].cls == ERG_CLASS_THERMAL &&
		(!strcmp(c->def.unit, "1") || !strcmp(c->def.unit, "bits"));
}

bool erg_timeline_throttled(const struct erg_timeline *tl, const struct erg_tl_channel *c, size_t k)
{
	if (!strcmp(c->def.unit, "bits"))
		return c->raw[k] & ERG_SLOWING_REASONS;
	if (tl->sources[c->source].model.kind == ERG_SENSOR_COUNTER)
		return k && c->raw[k] > c->raw[k - 1];
	return c->raw[k] > 0;
}

double erg_timeline_value_at(const struct erg_tl_channel *c, uint64_t t, size_t *at)
{
	size_t i = *at;
	double a, b, f;

	while (i + 1 < c->n && c->t[i + 1] <= t)
		i++;
	*at = i;
	a = erg_channel_si(&c->def, c->raw[i]);
	if (t <= c->t[i] || i + 1 == c->n)
		return a;
	b = erg_channel_si(&c->def, c->raw[i + 1]);
	f = (double)(t - c->t[i]) / (double)(c->t[i + 1] - c->t[i]);
	return a + (b - a) * f;
}

void erg_timeline_warn(struct erg_timeline *tl, const char *code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	erg_warning_add(tl->warnings, code, fmt, ap);
	va_end(ap);
}

static double seconds_before(const struct erg_tl_channel *c, size_t i)
{
	return (double)(c->t[i] - c->t[i - 1]) * 1e-9;
}

uint64_t erg_tl_unwrap(struct erg_tl_channel *c)
{
	int64_t base = 0, last = c->n ? c->raw[0] : 0;
	uint64_t resets = 0;
	double fastest = 0;

	for (size_t i = 1; i < c->n; i++)
		fastest = fmax(fastest,
			erg_counter_rate(&c->def, c->raw[i - 1], c->raw[i], seconds_before(c, i)));
	for (size_t i = 1; i < c->n; i++) {
		int64_t raw = c->raw[i];

		if (raw < last &&
			erg_counter_wrapped(&c->def, last, raw, seconds_before(c, i), fastest)) {
			base += (int64_t)c->def.wrap;
		} else if (raw < last) {
			base = c->raw[i - 1] - 1 - raw;
			resets++;
		}
		last = raw;
		c->raw[i] = base + raw;
	}
	return resets;
}
