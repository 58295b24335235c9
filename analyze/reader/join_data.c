/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Readings by channel. A reading's time is the sensor's own where it has one, else the middle of the read; a reading with
 * the native time of the one before it is that one again and is left out. Cumulative values that
 * wrap are unwrapped; one that was reset falls by one unit, and goes on from there.
 */
#include "analyze/reader/join.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "formats/base/memory.h"
#include "formats/base/order.h"
#include "formats/base/util.h"

/* ---- sources and channels ---- */

static int add_source(struct erg_join *j, const json_t *def)
{
	struct erg_timeline *tl = j->tl;
	struct erg_join_entry *e = erg_join_add(j, (uint32_t)erg_join_number(def, "pid"),
		(uint32_t)erg_join_number(def, "source"), ERG_JOIN_SOURCE);
	int cls = erg_source_class_parse(erg_join_text(def, "class_name"));
	int kind = erg_sensor_kind_parse(erg_join_text(def, "sensor"));
	int provenance = erg_provenance_parse(erg_join_text(def, "provenance"));
	struct erg_tl_source *s;

	if (!e)
		return -ENOMEM;
	if (e->index != ERG_NONE)
		return 0; /* repeated */
	s = realloc(tl->sources, (tl->n_sources + 1) * sizeof(*s));
	if (!s)
		return -ENOMEM;
	tl->sources = s;
	s += tl->n_sources;
	*s = (struct erg_tl_source){.kind = strdup(erg_join_text(def, "kind")),
		.path = strdup(erg_join_text(def, "path")),
		.cls = cls < 0 ? ERG_CLASS_THERMAL : (enum erg_source_class)cls,
		.interval_ns = erg_join_number(def, "interval_ns"),
		.simulated = erg_join_number(def, "simulated")};
	s->model.kind = kind < 0 ? ERG_SENSOR_POINT : (enum erg_sensor_kind)kind;
	s->model.provenance =
		provenance < 0 ? ERG_PROVENANCE_ASSUMED : (enum erg_provenance)provenance;
	s->model.window_ns = erg_join_number(def, "window_ns");
	s->model.period_ns = erg_join_number(def, "period_ns");
	s->model.lag_ns = (int64_t)erg_join_number(def, "lag_ns");
	s->model.lag_u_ns = erg_join_number(def, "lag_u_ns");
	s->model.alpha = json_number_value(json_object_get(def, "alpha"));
	e->index = (uint32_t)tl->n_sources++;
	return s->kind && s->path ? 0 : -ENOMEM;
}

static void text_into(char *buf, size_t len, const json_t *def, const char *key)
{
	snprintf(buf, len, "%s", erg_join_text(def, key));
}

static int add_channel(struct erg_join *j, const json_t *def)
{
	struct erg_timeline *tl = j->tl;
	uint32_t pid = (uint32_t)erg_join_number(def, "pid");
	uint32_t source = (uint32_t)erg_join_number(def, "source");
	uint32_t index = (uint32_t)erg_join_number(def, "index");
	const struct erg_join_entry *s = erg_join_find(j, pid, source, ERG_JOIN_SOURCE);
	int quantity = erg_quantity_parse(erg_join_text(def, "quantity"));
	struct erg_join_entry *e;
	struct erg_tl_channel *c;

	if (!s || s->index == ERG_NONE || quantity < 0 || index >= 256)
		return 0;
	e = erg_join_add(j, pid, source << 8 | index, ERG_JOIN_CHANNEL);
	if (!e)
		return -ENOMEM;
	if (e->index != ERG_NONE)
		return 0;
	c = realloc(tl->channels, (tl->n_channels + 1) * sizeof(*c));
	if (!c)
		return -ENOMEM;
	tl->channels = c;
	c += tl->n_channels;
	*c = (struct erg_tl_channel){.source = s->index};
	text_into(c->def.rail, sizeof(c->def.rail), def, "rail");
	text_into(c->def.parent, sizeof(c->def.parent), def, "parent");
	text_into(c->def.unit, sizeof(c->def.unit), def, "unit");
	c->def.quantity = (enum erg_quantity)quantity;
	c->def.scale = json_number_value(json_object_get(def, "scale"));
	c->def.wrap = erg_join_number(def, "wrap");
	c->def.lsb = json_number_value(json_object_get(def, "lsb"));
	c->def.offset_max = json_number_value(json_object_get(def, "offset_max"));
	c->def.gain_max = json_number_value(json_object_get(def, "gain_max"));
	c->def.offset = json_number_value(json_object_get(def, "offset")); /* not in older ones */
	e->index = (uint32_t)tl->n_channels++;
	return 0;
}

/*
 * Rails of one name (two chips with the same label) are two rails: the second is NAME#2, also where its source names it as a parent.
 */
static void tell_apart(struct erg_timeline *tl, size_t which)
{
	struct erg_tl_channel *c = &tl->channels[which];
	char old[sizeof(c->def.rail)], name[sizeof(c->def.rail) + 16];
	unsigned int n = 1;

	for (size_t i = 0; i < which; i++)
		n += tl->channels[i].def.quantity == c->def.quantity &&
			!strcmp(tl->channels[i].def.rail, c->def.rail);
	if (n < 2)
		return;
	memcpy(old, c->def.rail, sizeof(old));
	snprintf(name, sizeof(name), "%.50s#%u", old, n);
	snprintf(c->def.rail, sizeof(c->def.rail), "%.63s", name);
	for (size_t i = 0; i < tl->n_channels; i++)
		if (tl->channels[i].source == c->source && !strcmp(tl->channels[i].def.parent, old))
			memcpy(tl->channels[i].def.parent, c->def.rail, sizeof(c->def.rail));
	erg_timeline_warn(tl, "twin-rails", "two rails are named %s: that of %s is called %s here",
		old, tl->sources[c->source].path, c->def.rail);
}

/* ---- readings ---- */

struct rows {
	const struct erg_chunk_source *s;
	const int64_t *data;
	size_t stride;
};

static int by_t_before(const void *a, const void *b)
{
	const int64_t *x = *(const int64_t *const *)a, *y = *(const int64_t *const *)b;

	return x[0] != y[0] ? (x[0] < y[0] ? -1 : 1) : (x > y) - (x < y);
}

/* All readings of one source over the chunks, in order of time: pointers into the chunks. */
static int gather_readings(const struct erg_join *j, const struct erg_join_entry *e,
	const int64_t ***ret, size_t *ret_n, uint32_t *ret_channels)
{
	size_t n = 0;
	bool sorted = true;

	*ret = NULL;
	*ret_n = 0;
	*ret_channels = 0;
	for (size_t c = 0; c < j->n_chunks; c++) {
		const struct erg_chunk_header *h = j->chunks[c].h;
		const struct erg_chunk_source *s =
			h ? (const void *)((const char *)h + h->sources) : NULL;

		for (uint64_t i = 0; h && i < h->n_sources; i++) {
			const int64_t **p;

			if (s[i].pid != e->key.pid || s[i].source != e->key.id ||
				(*ret_channels && *ret_channels != s[i].channels))
				continue;
			*ret_channels = s[i].channels;
			p = realloc(*ret, (n + s[i].n + 1) * sizeof(*p));
			if (!p)
				return -ENOMEM;
			*ret = p;
			for (uint64_t k = 0; k < s[i].n; k++) {
				p[n] = (const int64_t *)((const char *)h + s[i].offset) +
					k * (3 + s[i].channels);
				sorted = sorted && (!n || p[n - 1][0] <= p[n][0]);
				n++;
			}
		}
	}
	if (!sorted)
		erg_sort(*ret, n, sizeof(**ret), by_t_before);
	*ret_n = n;
	return 0;
}

static bool is_cumulative(const struct erg_channel_def *d)
{
	return d->quantity == ERG_Q_ENERGY || d->quantity == ERG_Q_TIME;
}

static int fill_channel(struct erg_timeline *tl, struct erg_tl_channel *c, uint32_t index,
	const int64_t *const *rows, size_t n)
{
	struct erg_tl_source *s = &tl->sources[c->source];
	int64_t last_native = 0;
	uint64_t resets;

	c->t = malloc((n + 1) * sizeof(*c->t));
	c->half = malloc((n + 1) * sizeof(*c->half));
	c->raw = malloc((n + 1) * sizeof(*c->raw));
	if (!c->t || !c->half || !c->raw)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		const int64_t *r = rows[i];
		uint64_t half = r[1] > r[0] ? (uint64_t)(r[1] - r[0]) / 2 : 0;

		if (r[3 + index] == INT64_MIN) {
			s->failed++;
			continue;
		}
		if (r[2] && r[2] == last_native)
			continue;
		last_native = r[2];
		s->native_time = s->native_time || r[2];
		c->t[c->n] = r[2] ? (uint64_t)r[2] : (uint64_t)r[0] + half;
		c->half[c->n] = r[2] ? 0 : half > UINT32_MAX ? UINT32_MAX : (uint32_t)half;
		if (c->n && c->t[c->n] <= c->t[c->n - 1])
			continue; /* the clock of the sensor stepped back */
		c->raw[c->n++] = r[3 + index];
	}
	resets = is_cumulative(&c->def) ? erg_tl_unwrap(c) : 0;
	if (resets)
		erg_timeline_warn(tl, "reset",
			"%s: the counter was reset %llu times: the energy between the readings "
			"before and after is not known",
			c->def.rail, (unsigned long long)resets);
	return 0;
}

static int fill_source(struct erg_join *j, const struct erg_join_entry *e)
{
	const int64_t **rows;
	uint32_t channels;
	size_t n;
	int r = gather_readings(j, e, &rows, &n, &channels);

	for (uint32_t i = 0; !r && i < channels; i++) {
		const struct erg_join_entry *c =
			erg_join_find(j, e->key.pid, e->key.id << 8 | i, ERG_JOIN_CHANNEL);

		if (c && c->index != ERG_NONE)
			r = fill_channel(j->tl, &j->tl->channels[c->index], i, rows, n);
	}
	free(rows);
	return r;
}

/*
 * Layers that were added to a recording from another clock (erg-record import --onto) are where they
 * are to the doubt of that join, which for attribution is a doubt of the sensors' lag.
 */
static void add_clock_doubt(struct erg_timeline *tl)
{
	double square = 0;
	const json_t *entry;
	size_t i;

	json_array_foreach (json_object_get(tl->manifest, "onto"), i, entry) {
		double u = json_number_value(
			json_object_get(json_object_get(entry, "layers"), "clock_u_ns"));

		square += u * u;
	}
	for (i = 0; square > 0 && i < tl->n_sources; i++) {
		struct erg_sensor_model *m = &tl->sources[i].model;

		if (tl->sources[i].cls == ERG_CLASS_POWER)
			m->lag_u_ns = (uint64_t)llround(
				sqrt((double)m->lag_u_ns * (double)m->lag_u_ns + square));
	}
}

int erg_join_readings(struct erg_join *j, struct erg_err *err)
{
	static const struct {
		const char *event;
		int (*add)(struct erg_join *, const json_t *);
	} steps[] = {{"source_define", add_source}, {"channel_define", add_channel}};
	struct erg_join_entry *e, *next;
	size_t i;
	json_t *ev;
	int r = 0;

	for (size_t s = 0; s < ERG_ARRAY_SIZE(steps); s++)
		json_array_foreach (j->events, i, ev)
			if (!r && !strcmp(erg_join_text(ev, "event"), steps[s].event) &&
				erg_join_ours(j, (uint32_t)erg_join_number(ev, "pid")))
				r = steps[s].add(j, ev);
	add_clock_doubt(j->tl);
	for (size_t k = j->tl->n_channels; k-- > 0;)
		tell_apart(j->tl, k); /* the last first: earlier names are still as recorded */
	HASH_ITER(hh, j->entries, e, next)
	{
		if (!r && e->key.kind == ERG_JOIN_SOURCE && e->index != ERG_NONE)
			r = fill_source(j, e);
	}
	return r ? erg_fail(err, r, "out of memory for readings") : 0;
}
