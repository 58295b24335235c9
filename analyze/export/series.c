/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Series for a page. Decimation keeps the minimum and the maximum of every bucket (as drawing
 * programs do for waveforms), since the mean alone hides the peaks one looks for. Values are
 * quantised to 1/65535 of their range, which is finer than a screen; times to 2^-32 of the run.
 */
#include "analyze/export/series.h"

#include <errno.h>
#include <math.h>
#include <resolv.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/timeline/rail.h"
#include "formats/base/memory.h"
#include "formats/base/util.h"

#define GAP_PERIODS 3

struct curve {
	const char *name, *quantity, *unit;
	size_t n;
	const uint64_t *t;
	const double *v;
};

struct packed {
	size_t n;
	uint32_t *t;
	uint16_t *lo, *mean, *hi;
};

static void packed_release(struct packed *p)
{
	free(p->t);
	free(p->lo);
	free(p->mean);
	free(p->hi);
}

static json_t *base64(const void *data, size_t len)
{
	size_t size = len * 4 / 3 + 8;
	_cleanup_(erg_freep) char *text = erg_noted(malloc(size));

	if (!text || b64_ntop(data, len, text, size) < 0)
		return NULL;
	return json_string_nocheck(text);
}

static int set_column(json_t *o, const char *key, const void *data, size_t len)
{
	return json_object_set_new(o, key, base64(data, len));
}

static uint64_t typical_period(const struct curve *c)
{
	return c->n > 1 ? (c->t[c->n - 1] - c->t[0]) / (c->n - 1) : UINT64_MAX / GAP_PERIODS;
}

static void value_range(const struct curve *c, double *ret_min, double *ret_step)
{
	double lo = INFINITY, hi = -INFINITY;

	for (size_t i = 0; i < c->n; i++) {
		lo = fmin(lo, c->v[i]);
		hi = fmax(hi, c->v[i]);
	}
	*ret_min = lo;
	*ret_step = hi > lo ? (hi - lo) / 65535 : 1;
}

static uint16_t quantise(double v, double min, double step)
{
	return (uint16_t)fmin(fmax(lround((v - min) / step), 0), 65535);
}

static uint32_t time_step(uint64_t t, uint64_t begin, double step_ns)
{
	return t <= begin ? 0 : (uint32_t)fmin((double)(t - begin) / step_ns, UINT32_MAX);
}

static void add_gap(struct packed *p, uint32_t t)
{
	p->t[p->n] = t;
	p->lo[p->n] = 65535;
	p->hi[p->n] = 0;
	p->mean[p->n++] = 0;
}

static void add_bucket(struct packed *p, const struct curve *c, size_t from, size_t to, uint32_t t,
	double min, double step)
{
	double lo = INFINITY, hi = -INFINITY, sum = 0;

	for (size_t i = from; i < to; i++) {
		lo = fmin(lo, c->v[i]);
		hi = fmax(hi, c->v[i]);
		sum += c->v[i];
	}
	p->t[p->n] = t;
	p->lo[p->n] = quantise(lo, min, step);
	p->hi[p->n] = quantise(hi, min, step);
	p->mean[p->n++] = quantise(sum / (double)(to - from), min, step);
}

/* Before point I nobody looked for long, or what was seen is not known. */
static bool gap_before(const struct curve *c, size_t i, uint64_t gap)
{
	return c->t[i] - c->t[i - 1] > gap || isnan(c->v[i]);
}

/* Buckets end early at a gap, so that a line is never drawn over time nobody looked at. */
static int pack(const struct curve *c, size_t buckets, uint64_t begin, double step_ns, double min,
	double step, struct packed *p)
{
	size_t per = (c->n + buckets - 1) / buckets, cap = 2 * (c->n / (per ? per : 1) + 2);
	uint64_t gap = GAP_PERIODS * typical_period(c);
	size_t gaps = 0;

	for (size_t i = 1; i < c->n; i++)
		gaps += gap_before(c, i, gap);
	cap += 2 * gaps;
	p->t = calloc(cap, sizeof(*p->t));
	p->lo = calloc(cap, sizeof(*p->lo));
	p->mean = calloc(cap, sizeof(*p->mean));
	p->hi = calloc(cap, sizeof(*p->hi));
	if (!p->t || !p->lo || !p->mean || !p->hi)
		return -ENOMEM;
	for (size_t i = 0; i < c->n;) {
		size_t k = i + 1;

		while (k < c->n && k < i + per && !gap_before(c, k, gap))
			k++;
		if (!isnan(c->v[i]))
			add_bucket(p, c, i, k, time_step(c->t[i], begin, step_ns), min, step);
		if (k < c->n && gap_before(c, k, gap))
			add_gap(p, time_step(c->t[k - 1], begin, step_ns) + 1);
		i = k;
	}
	return 0;
}

static json_t *curve_json(const struct curve *c, size_t buckets, uint64_t begin, double step_ns)
{
	_cleanup_(packed_release) struct packed p = {0};
	double min, step;
	json_t *o;

	value_range(c, &min, &step);
	if (pack(c, buckets, begin, step_ns, min, step, &p) < 0)
		return NULL;
	o = json_pack("{s:s, s:s, s:s, s:f, s:f, s:f, s:f, s:I}", "name", c->name, "quantity",
		c->quantity, "unit", c->unit, "t0_s", 0.0, "t_step_s", step_ns * 1e-9, "v_min", min,
		"v_step", step, "samples", (json_int_t)c->n);
	if (!o || set_column(o, "t", p.t, p.n * sizeof(*p.t)) ||
		set_column(o, "lo", p.lo, p.n * sizeof(*p.lo)) ||
		set_column(o, "mean", p.mean, p.n * sizeof(*p.mean)) ||
		set_column(o, "hi", p.hi, p.n * sizeof(*p.hi))) {
		json_decref(o);
		return NULL;
	}
	return o;
}

/* Power between the readings of an energy counter, at the later reading. */
static double *counter_power(const struct erg_rail *r)
{
	double *p = erg_noted(calloc(r->n ? r->n : 1, sizeof(*p)));

	for (size_t i = 1; p && i < r->n; i++)
		p[i] = erg_rail_power(r, i);
	if (p && r->n > 1)
		p[0] = p[1];
	return p;
}

static double time_quantum(const struct erg_timeline *tl)
{
	uint64_t span = tl->end > tl->begin ? tl->end - tl->begin : 1;

	for (size_t i = 0; i < tl->n_channels; i++) {
		const struct erg_tl_channel *c = &tl->channels[i];

		if (c->n && c->t[c->n - 1] > tl->begin && c->t[c->n - 1] - tl->begin > span)
			span = c->t[c->n - 1] - tl->begin;
	}
	return (double)span / 4294967295.0;
}

static int add_rails(const struct erg_timeline *tl, size_t buckets, double step_ns, json_t *list,
	struct erg_err *err)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < tl->n_rails; i++) {
		const struct erg_rail *rail = &tl->rails[i];
		_cleanup_(erg_freep) double *power = NULL;
		struct curve c = {rail->name, "power", "W", rail->n, rail->t, rail->v};

		if (rail->counter) {
			power = counter_power(rail);
			c.v = power;
		}
		if (c.n &&
			json_array_append_new(list,
				c.v ? curve_json(&c, buckets, tl->begin, step_ns) : NULL))
			r = erg_fail(err, -ENOMEM, "out of memory for the series of %s", c.name);
	}
	return r;
}

static int add_channels(const struct erg_timeline *tl, enum erg_quantity q, const char *unit,
	size_t buckets, double step_ns, json_t *list, struct erg_err *err)
{
	for (size_t i = 0; i < tl->n_channels; i++) {
		const struct erg_tl_channel *ch = &tl->channels[i];
		_cleanup_(erg_freep) double *v = NULL;
		struct curve c = {ch->def.rail, erg_quantity_name(q), unit, ch->n, ch->t, NULL};

		if (ch->def.quantity != q || !ch->n)
			continue;
		c.v = v = malloc(ch->n * sizeof(*v));
		for (size_t k = 0; v && k < ch->n; k++)
			v[k] = erg_channel_si(&ch->def, ch->raw[k]);
		if (json_array_append_new(list,
			    v ? curve_json(&c, buckets, tl->begin, step_ns) : NULL))
			return erg_fail(err, -ENOMEM, "out of memory for the series of %s", c.name);
	}
	return 0;
}

int erg_series_json(const struct erg_timeline *tl, size_t buckets, json_t **ret,
	struct erg_err *err)
{
	size_t each = buckets / (tl->n_channels ? tl->n_channels : 1);
	double step_ns = time_quantum(tl);
	json_t *list = json_array();
	int r;

	if (each < 100)
		each = 100;
	r = list ? add_rails(tl, each, step_ns, list, err) : -ENOMEM;
	if (r >= 0)
		r = add_channels(tl, ERG_Q_TEMPERATURE, "°C", each, step_ns, list, err);
	if (r >= 0)
		r = add_channels(tl, ERG_Q_FREQUENCY, "Hz", each, step_ns, list, err);
	if (r < 0) {
		json_decref(list);
		return r;
	}
	*ret = list;
	return 0;
}

struct bands {
	size_t n, total, stretch;
	uint32_t *begin, *duration;
	uint16_t *layer, *track;
};

/* Of more instances than a page may hold, as many stretches are kept all over the run. */
#define BAND_STRETCHES 64

static void bands_release(struct bands *b)
{
	free(b->begin);
	free(b->duration);
	free(b->layer);
	free(b->track);
}

static bool is_band(const struct erg_timeline *tl, size_t i)
{
	uint32_t l = tl->iv.layer[i];

	return tl->layers[l].level == ERG_TL_LAYER && l <= UINT16_MAX;
}

static int collect_bands(const struct erg_timeline *tl, size_t max, double step_ns, struct bands *b)
{
	const struct erg_tl_intervals *iv = &tl->iv;
	size_t cap = iv->n < max ? iv->n : max, every, k = 0;

	b->begin = calloc(cap + 1, sizeof(*b->begin));
	b->duration = calloc(cap + 1, sizeof(*b->duration));
	b->layer = calloc(cap + 1, sizeof(*b->layer));
	b->track = calloc(cap + 1, sizeof(*b->track));
	if (!b->begin || !b->duration || !b->layer || !b->track)
		return -ENOMEM;
	for (size_t i = 0; i < iv->n; i++)
		b->total += is_band(tl, i);
	every = b->total / BAND_STRETCHES + 1;
	b->stretch = b->total > max ? max / BAND_STRETCHES : every;
	for (size_t i = 0; i < iv->n; i++) {
		if (!is_band(tl, i) || k++ % every >= b->stretch)
			continue;
		b->begin[b->n] = time_step(erg_tl_begin(iv, i), tl->begin, step_ns);
		b->duration[b->n] = (uint32_t)((double)erg_tl_duration(iv, i) / step_ns);
		b->track[b->n] = iv->track[i];
		b->layer[b->n++] = (uint16_t)iv->layer[i];
	}
	return 0;
}

static int name_layers(const struct erg_timeline *tl, json_t *o)
{
	json_t *names = json_array(), *types = json_array(), *tracks = json_array();
	int r = 0;

	for (size_t i = 0; i < tl->n_layers && i <= UINT16_MAX; i++) {
		r |= json_array_append_new(names, json_string(tl->layers[i].name));
		r |= json_array_append_new(types, json_string(tl->layers[i].type));
	}
	for (size_t i = 0; i < tl->n_tracks; i++)
		r |= json_array_append_new(tracks, json_string(tl->tracks[i].name));
	r |= json_object_set_new(o, "tracks", tracks);
	r |= json_object_set_new(o, "names", names);
	r |= json_object_set_new(o, "types", types);
	return r;
}

int erg_bands_json(const struct erg_timeline *tl, size_t max, json_t **ret, struct erg_err *err)
{
	_cleanup_(bands_release) struct bands b = {0};
	double step_ns = time_quantum(tl);
	json_t *o = json_object();

	if (!o || collect_bands(tl, max, step_ns, &b) < 0 || name_layers(tl, o) ||
		json_object_set_new(o, "t0_s", json_real(0)) ||
		json_object_set_new(o, "t_step_s", json_real(step_ns * 1e-9)) ||
		json_object_set_new(o, "total", json_integer((json_int_t)b.total)) ||
		json_object_set_new(o, "stretch", json_integer((json_int_t)b.stretch)) ||
		set_column(o, "begin", b.begin, b.n * sizeof(*b.begin)) ||
		set_column(o, "duration", b.duration, b.n * sizeof(*b.duration)) ||
		set_column(o, "layer", b.layer, b.n * sizeof(*b.layer)) ||
		set_column(o, "track", b.track, b.n * sizeof(*b.track))) {
		json_decref(o);
		return erg_fail(err, -ENOMEM, "out of memory for the bands of layers");
	}
	*ret = o;
	return 0;
}
