/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From channels to rails. What was recorded is raw; here raw becomes watts or joules, once, so that
 * every attribution starts from the same numbers. Of one rail's channels the best is taken: an
 * energy counter (its integral is exact), else power, else current times voltage. The voltage of a
 * regulated rail hardly moves, so it may be read ten times less often than the current; it is
 * interpolated linearly at the current's times (MEASUREMENT 1.2).
 */
#include "analyze/timeline/rail.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/timeline/counter_period.h"
#include "formats/base/memory.h"
#include "formats/base/order.h"
#include "formats/base/util.h"
#include "formats/samples_head.h"

static const struct erg_tl_channel *channel_read(const struct erg_timeline *tl, const char *rail,
	enum erg_quantity q)
{
	uint32_t i = erg_timeline_find(tl, rail, q);

	return i == ERG_NONE || !tl->channels[i].n ? NULL : &tl->channels[i];
}

/* What the power of the rail NAME is taken from; NULL: its channels are not enough. */
static const struct erg_tl_channel *best_channel(const struct erg_timeline *tl, const char *name,
	const struct erg_tl_channel *volts)
{
	const struct erg_tl_channel *c, *best = NULL;
	int rank = 0;

	for (enum erg_quantity q = 0; q < ERG_Q_N; q++) {
		c = q == ERG_Q_CURRENT && !volts ? NULL : channel_read(tl, name, q);
		if (!c || erg_rail_rank(q) <= rank)
			continue;
		rank = erg_rail_rank(q);
		best = c;
	}
	return best;
}

/* Keeps the readings of C whose time increases. */
static int copy_readings(const struct erg_tl_channel *c, struct erg_rail *r)
{
	r->t = malloc((c->n + 1) * sizeof(*r->t));
	r->half = malloc((c->n + 1) * sizeof(*r->half));
	r->v = malloc((c->n + 1) * sizeof(*r->v));
	if (!r->t || !r->half || !r->v)
		return -ENOMEM;
	for (size_t i = 0; i < c->n; i++) {
		if (r->n && c->t[i] <= r->t[r->n - 1]) {
			r->unordered += c->t[i] < r->t[r->n - 1]; /* the same: a repetition */
			continue;
		}
		r->t[r->n] = c->t[i];
		r->half[r->n] = c->half[i];
		r->v[r->n] = erg_channel_si(&c->def, c->raw[i]);
		r->n++;
	}
	return 0;
}

static double mean(const double *v, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += v[i];
	return n ? sum / (double)n : 0;
}

static void times_voltage(struct erg_rail *r, const struct erg_tl_channel *amps,
	const struct erg_tl_channel *volts)
{
	double mean_a = mean(r->v, r->n), mean_v = 0;
	size_t at = 0;

	for (size_t i = 0; i < r->n; i++) {
		double v = erg_timeline_value_at(volts, r->t[i], &at);

		r->v[i] *= v;
		mean_v += v;
	}
	mean_v /= (double)(r->n ? r->n : 1);
	/* Bounds of a product of two measured factors, to first order. */
	r->lsb_w = amps->def.lsb * amps->def.scale * mean_v;
	r->offset_max = amps->def.offset_max * mean_v + volts->def.offset_max * fabs(mean_a);
	r->gain_max = amps->def.gain_max + volts->def.gain_max;
}

#define REPEATS 1.2 /* readings from change to change, in the middle: no value is there twice */

/* The native update period where the driver does not know it: the median time between changes of
 * the value, at least the median time between readings (a constant value says nothing); of a counter whose values all
 * differ what these tell of it. */
static uint64_t estimate_period(const struct erg_rail *r)
{
	_cleanup_(erg_freep) uint64_t *d = erg_noted(malloc((r->n + 1) * sizeof(*d)));
	uint64_t last = 0, reading, change = 0, found;
	size_t n = 0;

	if (!d || r->n < 3)
		return r->interval_ns;
	for (size_t i = 1; i < r->n; i++)
		d[n++] = r->t[i] - r->t[i - 1];
	erg_sort(d, n, sizeof(*d), erg_order_u64);
	reading = d[n / 2];
	n = 0;
	for (size_t i = 1; i < r->n; i++) {
		if (r->v[i] == r->v[i - 1])
			continue;
		if (last)
			d[n++] = r->t[i] - last;
		last = r->t[i];
	}
	if (n >= 10) {
		erg_sort(d, n, sizeof(*d), erg_order_u64);
		change = d[n / 2];
	}
	found = r->counter && (double)change < REPEATS * (double)reading
		? erg_counter_period(r->t, r->v, r->n, reading)
		: 0;
	if (found)
		return found;
	return change > reading ? change : reading;
}

static void from_zero(struct erg_rail *r)
{
	double base = r->n ? r->v[0] : 0;

	for (size_t i = 0; i < r->n; i++)
		r->v[i] -= base;
}

/* Power of a log that was imported, of a sensor that is not known to stand still between its readings.
 * A counter is one that does: what was logged is what its register held. */
static bool is_at_stamp(const struct erg_tl_source *src)
{
	return src->kind && !strncmp(src->kind, "imported:", 9) &&
		src->model.period_ns <= src->interval_ns + src->interval_ns / 20;
}

bool erg_rail_own_time(const struct erg_tl_source *src)
{
	return src->native_time || (src->kind && !strcmp(src->kind, ERG_EXPORTED_OWN_TIME));
}

/* 1: formed, 0: the channels are not enough for a rail. */
static int form_rail(const struct erg_timeline *tl, const char *name, struct erg_rail *r)
{
	const struct erg_tl_channel *volts = channel_read(tl, name, ERG_Q_VOLTAGE);
	const struct erg_tl_channel *c = best_channel(tl, name, volts);
	const struct erg_tl_source *src;

	if (!c)
		return 0;
	src = &tl->sources[c->source];
	snprintf(r->name, sizeof(r->name), "%s", c->def.rail);
	snprintf(r->parent, sizeof(r->parent), "%s", c->def.parent);
	r->simulated = src->simulated;
	r->model = src->model;
	r->interval_ns = src->interval_ns;
	r->at_stamp = c->def.quantity != ERG_Q_ENERGY && is_at_stamp(src);
	r->own_time = erg_rail_own_time(src) && src->model.provenance == ERG_PROVENANCE_DRIVER;
	r->lsb_w = c->def.lsb * c->def.scale;
	r->offset_max = c->def.offset_max;
	r->gain_max = c->def.gain_max;
	if (copy_readings(c, r) < 0)
		return -ENOMEM;
	if (c->def.quantity == ERG_Q_ENERGY) {
		r->counter = true;
		r->model.kind = ERG_SENSOR_COUNTER;
		from_zero(r);
	} else if (c->def.quantity == ERG_Q_CURRENT) {
		r->simulated |= tl->sources[volts->source].simulated;
		times_voltage(r, c, volts);
	}
	r->period_found = !r->model.period_ns;
	if (r->period_found)
		r->model.period_ns = estimate_period(r);
	return 1;
}

static bool is_formed(const struct erg_timeline *tl, const char *name)
{
	for (size_t i = 0; i < tl->n_rails; i++)
		if (!strcmp(tl->rails[i].name, name))
			return true;
	return false;
}

int erg_rails_form(struct erg_timeline *tl, struct erg_err *err)
{
	tl->rails = calloc(tl->n_channels + 1, sizeof(*tl->rails));
	if (!tl->rails)
		return erg_fail_errno(err, -ENOMEM, "rails");
	for (size_t i = 0; i < tl->n_channels; i++) {
		const struct erg_channel_def *def = &tl->channels[i].def;
		int r;

		if (!erg_rail_rank(def->quantity) || is_formed(tl, def->rail))
			continue;
		r = form_rail(tl, def->rail, &tl->rails[tl->n_rails]);
		if (r < 0) {
			erg_rail_release(&tl->rails[tl->n_rails]);
			return erg_fail_errno(err, r, "rail %s", def->rail);
		}
		tl->n_rails += (size_t)r;
	}
	return 0;
}

double erg_rail_power(const struct erg_rail *r, size_t i)
{
	if (!r->counter)
		return r->v[i];
	if (!i || r->v[i] < r->v[i - 1])
		return NAN;
	return (r->v[i] - r->v[i - 1]) / ((double)(r->t[i] - r->t[i - 1]) * 1e-9);
}

double erg_rail_mean_w(const struct erg_rail *r)
{
	double energy = 0, time = 0;

	if (!r->counter)
		return r->n ? mean(r->v, r->n) : NAN;
	for (size_t i = 1; i < r->n; i++)
		if (r->v[i] >= r->v[i - 1]) {
			energy += r->v[i] - r->v[i - 1];
			time += (double)(r->t[i] - r->t[i - 1]) * 1e-9;
		}
	return energy / time;
}

static int no_such_rail(const struct erg_timeline *tl, const char *name, struct erg_err *err)
{
	char list[512] = "";
	size_t len = 0;

	for (size_t i = 0; i < tl->n_rails && len < sizeof(list) - 1; i++)
		len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%s", i ? ", " : "",
			tl->rails[i].name);
	return erg_fail(err, -ENOENT, "no rail '%s'; there are: %s", name, list);
}

int erg_rail_choose(const struct erg_timeline *tl, const char *name, size_t *ret,
	struct erg_err *err)
{
	const struct erg_rail *rails = tl->rails;
	size_t n = tl->n_rails, best = n;

	if (!n)
		return erg_fail(err, -ENODATA, "no rail's power was recorded");
	for (size_t i = 0; name && i < n; i++)
		if (!strcmp(rails[i].name, name)) {
			*ret = i;
			return 0;
		}
	if (name)
		return no_such_rail(tl, name, err);
	for (size_t i = 0; i < n; i++) {
		if (rails[i].parent[0] && is_formed(tl, rails[i].parent))
			continue;
		if (best == n || erg_rail_mean_w(&rails[i]) > erg_rail_mean_w(&rails[best]))
			best = i;
	}
	*ret = best < n ? best : 0; /* parents in a circle: the first */
	return 0;
}
