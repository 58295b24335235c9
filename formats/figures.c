/* SPDX-License-Identifier: MIT */
/* Sums over the readings of a channel, and what summary.json has of them. */
#include "formats/figures.h"

#include <math.h>

/* What a cumulative channel counted since the last reading; nobody knows that over a reset. */
static void count_up(struct erg_figures *f, const struct erg_channel_def *d, uint64_t time_ns,
	int64_t raw)
{
	double dt_s = (double)(time_ns - f->last_ns) * 1e-9;
	double rise = (double)raw - (double)f->last;

	if (raw < f->last) {
		if (!erg_counter_wrapped(d, f->last, raw, dt_s, f->fastest))
			return;
		rise += (double)d->wrap;
	}
	f->fastest = fmax(f->fastest, erg_counter_rate(d, f->last, raw, dt_s));
	f->counted += rise;
	f->counted_s += dt_s;
}

void erg_figures_take(struct erg_figures *f, const struct erg_channel_def *d, uint64_t time_ns,
	int64_t raw)
{
	if (!f->readings++) {
		f->first_ns = time_ns;
		f->first = raw;
	} else if (time_ns <= f->last_ns) {
		f->above += (double)raw - (double)f->first;
		return; /* a clock that was set back, or one time twice: a value, and no time */
	} else {
		count_up(f, d, time_ns, raw);
	}
	f->above += (double)raw - (double)f->first;
	f->last_ns = time_ns;
	f->last = raw;
}

void erg_figures_take_watts(struct erg_figures *f, double watts)
{
	f->watts += watts;
	f->n_watts++;
}

/* Of the mean. Speeds are of several kinds, none of which is the others': theirs is the channel's own. */
static const char *unit_of(const struct erg_channel_def *d)
{
	static const char *const units[ERG_Q_N] = {"W", "J", "V", "A", "degC", "Hz", "1", "s", "1"};

	return d->quantity == ERG_Q_SPEED ? d->unit : units[d->quantity];
}

static void put_number(json_t *j, const char *key, double value)
{
	if (isfinite(value))
		json_object_set_new(j, key, json_real(value));
}

static void put_means(const struct erg_figures *f, const struct erg_channel_def *d,
	enum erg_sensor_kind kind, json_t *j)
{
	const double n = (double)f->readings;
	const double mean = erg_channel_si(d, f->first) + f->above / n * d->scale;

	if (kind != ERG_SENSOR_COUNTER && d->quantity != ERG_Q_ENERGY)
		put_number(j, "mean", mean);
	if (d->quantity == ERG_Q_POWER)
		put_number(j, "mean_w", mean);
	else if (d->quantity == ERG_Q_ENERGY && f->counted_s > 0)
		put_number(j, "mean_w", f->counted * d->scale / f->counted_s);
	else if (f->n_watts)
		put_number(j, "mean_w", f->watts / (double)f->n_watts);
}

json_t *erg_figures_json(const struct erg_figures *f, const struct erg_channel_def *d,
	enum erg_sensor_kind kind)
{
	json_t *j = json_pack("{s:s, s:s, s:s, s:I}", "rail", d->rail, "quantity",
		erg_quantity_name(d->quantity), "unit", unit_of(d), "readings",
		(json_int_t)f->readings);

	if (!j || !f->readings)
		return j;
	json_object_set_new(j, "first_ns", json_integer((json_int_t)f->first_ns));
	json_object_set_new(j, "last_ns", json_integer((json_int_t)f->last_ns));
	put_means(f, d, kind, j);
	return j;
}
