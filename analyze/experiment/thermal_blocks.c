/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A run as blocks of time with mean power, temperature and frequency. Throttling is what the
 * machine itself says (a throttle counter that moved, a cooling device that is on) or what its
 * clock shows: a frequency under 98 % of the highest of the run.
 */
#include "analyze/experiment/thermal.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/account/runs.h"
#include "formats/base/memory.h"
#include "formats/base/util.h"

/* Means of one channel or rail over the blocks; NaN where a block has no reading. */
static double *block_means(const uint64_t *t, const double *v, size_t n, uint64_t begin,
	double block_ns, size_t blocks)
{
	double *sum = erg_noted(calloc(blocks + 1, sizeof(*sum)));
	_cleanup_(erg_freep) size_t *count = erg_noted(calloc(blocks + 1, sizeof(*count)));

	if (!sum || !count) {
		free(sum);
		return NULL;
	}
	for (size_t i = 0; i < n; i++) {
		double b = ((double)t[i] - (double)begin) / block_ns;

		if (b < 0 || b >= (double)blocks)
			continue;
		sum[(size_t)b] += v[i];
		count[(size_t)b]++;
	}
	for (size_t i = 0; i < blocks; i++)
		sum[i] = count[i] ? sum[i] / (double)count[i] : NAN;
	return sum;
}

/* Cumulative energy at TIME between two readings. */
static double energy_at(const struct erg_rail *r, double time)
{
	size_t a = 0, b = r->n - 1;

	while (a < b) {
		size_t m = (a + b + 1) / 2;

		if ((double)r->t[m] <= time)
			a = m;
		else
			b = m - 1;
	}
	if (a + 1 >= r->n || (double)r->t[a] > time)
		return NAN;
	return r->v[a] +
		(r->v[a + 1] - r->v[a]) * (time - (double)r->t[a]) /
		(double)(r->t[a + 1] - r->t[a]);
}

static double *rail_means(const struct erg_rail *r, uint64_t begin, double block_ns, size_t blocks)
{
	double *p;

	if (!r->counter)
		return block_means(r->t, r->v, r->n, begin, block_ns, blocks);
	p = erg_noted(calloc(blocks + 1, sizeof(*p)));
	for (size_t i = 0; p && i < blocks; i++) {
		double a = (double)begin + (double)i * block_ns;

		p[i] = (energy_at(r, a + block_ns) - energy_at(r, a)) / (block_ns * 1e-9);
	}
	return p;
}

static double *channel_values(const struct erg_tl_channel *c)
{
	double *v = erg_noted(malloc((c->n + 1) * sizeof(*v)));

	for (size_t i = 0; v && i < c->n; i++)
		v[i] = erg_channel_si(&c->def, c->raw[i]);
	return v;
}

static double *channel_means(const struct erg_tl_channel *c, uint64_t begin, double block_ns,
	size_t blocks)
{
	_cleanup_(erg_freep) double *v = channel_values(c);

	return v ? block_means(c->t, v, c->n, begin, block_ns, blocks) : NULL;
}

static int64_t raw_range(const struct erg_tl_channel *c)
{
	int64_t lo = INT64_MAX, hi = INT64_MIN;

	for (size_t i = 0; i < c->n; i++) {
		lo = c->raw[i] < lo ? c->raw[i] : lo;
		hi = c->raw[i] > hi ? c->raw[i] : hi;
	}
	return c->n ? hi - lo : -1;
}

/* With the zones that there are. */
static int no_zone(const struct erg_timeline *tl, const char *name, struct erg_err *err)
{
	char list[512] = "";
	size_t len = 0;

	for (size_t i = 0; i < tl->n_channels && len < sizeof(list); i++)
		if (tl->channels[i].def.quantity == ERG_Q_TEMPERATURE && tl->channels[i].n)
			len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%s",
				len ? ", " : "", tl->channels[i].def.rail);
	return len
		? erg_fail(err, -ENODATA, "%s: no temperature of '%s' was recorded; there are: %s",
			  tl->archive, name, list)
		: erg_fail(err, -ENODATA, "%s: no temperature was recorded", tl->archive);
}

static int choose_zone(const struct erg_timeline *tl, const char *name,
	const struct erg_tl_channel **ret, struct erg_err *err)
{
	const struct erg_tl_channel *best = NULL;
	double widest = -1;

	for (size_t i = 0; i < tl->n_channels; i++) {
		const struct erg_tl_channel *c = &tl->channels[i];
		double range = (double)raw_range(c) * c->def.scale;

		if (c->def.quantity != ERG_Q_TEMPERATURE || !c->n ||
			(name && strcmp(name, c->def.rail)) || range <= widest)
			continue;
		best = c;
		widest = range;
	}
	if (!best)
		return no_zone(tl, name, err);
	*ret = best;
	return 0;
}

/* The frequency that throttles: the channel with the widest relative range, or the first. */
static const struct erg_tl_channel *choose_clock(const struct erg_timeline *tl)
{
	const struct erg_tl_channel *best = NULL;
	int64_t widest = -1;

	for (size_t i = 0; i < tl->n_channels; i++) {
		const struct erg_tl_channel *c = &tl->channels[i];

		if (c->def.quantity == ERG_Q_FREQUENCY && c->n && raw_range(c) > widest) {
			best = c;
			widest = raw_range(c);
		}
	}
	return best;
}

/* Blocks in which a count moved or a cooling device was on. */
static void mark_counts(const struct erg_timeline *tl, struct erg_thermal_run *r)
{
	for (size_t i = 0; i < tl->n_channels; i++) {
		const struct erg_tl_channel *c = &tl->channels[i];

		if (!erg_timeline_tells_throttling(tl, c))
			continue;
		for (size_t k = 0; k < c->n; k++) {
			double b = ((double)c->t[k] - (double)tl->begin) * 1e-9 / r->block_s;

			if (b >= 0 && b < (double)r->n && erg_timeline_throttled(tl, c, k))
				r->blocks[(size_t)b].throttled = true;
		}
	}
}

static void mark_clock(struct erg_thermal_run *r, double below)
{
	double top = 0;

	for (size_t i = 0; i < r->n; i++)
		if (r->blocks[i].busy)
			top = fmax(top, r->blocks[i].freq_hz);
	for (size_t i = 0; i < r->n; i++)
		if (r->blocks[i].busy && r->blocks[i].freq_hz < below * top)
			r->blocks[i].throttled = true;
}

static void work_span(const struct erg_timeline *tl, uint64_t *ret_begin, uint64_t *ret_end)
{
	*ret_begin = tl->begin;
	*ret_end = tl->end;
	if (!tl->iv.n)
		return;
	*ret_begin = erg_tl_begin(&tl->iv, 0);
	*ret_end = 0;
	for (size_t i = 0; i < tl->iv.n; i++)
		*ret_end = erg_tl_end(&tl->iv, i) > *ret_end ? erg_tl_end(&tl->iv, i) : *ret_end;
}

static int fill_blocks(const struct erg_timeline *tl, const struct erg_rail *rail,
	const struct erg_tl_channel *zone, struct erg_thermal_run *r)
{
	const struct erg_tl_channel *clock = choose_clock(tl);
	double ns = r->block_s * 1e9;
	_cleanup_(erg_freep) double *p = rail_means(rail, tl->begin, ns, r->n);
	_cleanup_(erg_freep) double *t = channel_means(zone, tl->begin, ns, r->n);
	_cleanup_(erg_freep) double *f = clock ? channel_means(clock, tl->begin, ns, r->n) : NULL;
	uint64_t begin, end;

	if (!p || !t || (clock && !f))
		return -ENOMEM;
	work_span(tl, &begin, &end);
	for (size_t i = 0; i < r->n; i++) {
		double a = (double)tl->begin + (double)i * ns;

		r->blocks[i] = (struct erg_thermal_block){
			.t_s = ((double)i + 0.5) * r->block_s,
			.power_w = p[i],
			.temp_degc = t[i],
			.freq_hz = f ? f[i] : NAN,
			.busy = a >= (double)begin && a + ns <= (double)end,
		};
	}
	return 0;
}

/* Steps fine enough for the fastest time constant that a thermometer could show. */
static int fill_fine(const struct erg_timeline *tl, const struct erg_rail *rail,
	const struct erg_tl_channel *zone, struct erg_thermal_run *r)
{
	r->fine_s = fmax(fmax(r->time_s / 20000, 0.005), (double)rail->interval_ns * 1e-9);
	r->n_fine = (size_t)(r->time_s / r->fine_s);
	r->fine_w = rail_means(rail, tl->begin, r->fine_s * 1e9, r->n_fine);
	r->temp_t_s = calloc(zone->n + 1, sizeof(*r->temp_t_s));
	r->temp_degc = calloc(zone->n + 1, sizeof(*r->temp_degc));
	if (!r->fine_w || !r->temp_t_s || !r->temp_degc)
		return -ENOMEM;
	for (size_t i = 0; i < zone->n; i++) {
		if (zone->t[i] < tl->begin || zone->t[i] > tl->end)
			continue;
		r->temp_t_s[r->n_temps] = (double)(zone->t[i] - tl->begin) * 1e-9;
		r->temp_degc[r->n_temps++] = erg_channel_si(&zone->def, zone->raw[i]);
	}
	return 0;
}

static void note_throttling(struct erg_thermal_run *r)
{
	size_t throttled = 0, busy = 0;

	r->time_to_throttle_s = NAN;
	for (size_t i = 0; i < r->n; i++) {
		if (!r->blocks[i].busy)
			continue;
		busy++;
		throttled += r->blocks[i].throttled;
		if (r->blocks[i].throttled && isnan(r->time_to_throttle_s))
			r->time_to_throttle_s = r->blocks[i].t_s;
	}
	r->throttled_share = busy ? (double)throttled / (double)busy : NAN;
}

static int heatsink_of(const json_t *run)
{
	const json_t *v = json_object_get(json_object_get(run, "factors"), "heatsink");
	const char *s;

	if (!v)
		v = json_object_get(json_object_get(run, "tags"), "heatsink");
	if (json_is_boolean(v))
		return json_is_true(v);
	s = json_string_value(v);
	return !s                                          ? -1
		: !strcmp(s, "on") || !strcmp(s, "true")   ? 1
		: !strcmp(s, "off") || !strcmp(s, "false") ? 0
							   : -1;
}

/* Text that is equal for runs which may be compared. */
static char *match_of(const json_t *run)
{
	json_auto_t *key = json_object();
	const char *name;
	json_t *v;

	json_object_set(key, "workload", json_object_get(run, "workload"));
	json_object_foreach (json_object_get(run, "factors"), name, v)
		if (strcmp(name, "heatsink") && !erg_run_names_no_setting(name))
			json_object_set(key, name, v);
	return json_dumps(key, JSON_SORT_KEYS | JSON_COMPACT);
}

static double tag_number(const json_t *run, const char *name)
{
	const json_t *v = json_object_get(json_object_get(run, "tags"), name);

	if (json_is_number(v))
		return json_number_value(v);
	return json_is_string(v) ? strtod(json_string_value(v), NULL) : NAN;
}

int erg_thermal_run_build(const struct erg_timeline *tl, const struct erg_rail *rail, json_t *run,
	const struct erg_thermal_options *opt, struct erg_thermal_run *ret, struct erg_err *err)
{
	const struct erg_tl_channel *zone = NULL;
	double duration = (double)(tl->end - tl->begin) * 1e-9;
	int r = choose_zone(tl, opt->zone, &zone, err);

	*ret = (struct erg_thermal_run){.run = run,
		.heatsink = heatsink_of(run),
		.ambient_degc = tag_number(run, "ambient_c"),
		.gain_max = rail->gain_max};
	if (r < 0)
		return r;
	json_object_set_new(run, "zone", json_string(zone->def.rail));
	ret->block_s = opt->block_s > 0 ? opt->block_s : fmax(duration / 100, 0.02);
	ret->n = (size_t)(duration / ret->block_s);
	ret->archive = strdup(tl->archive);
	ret->match = match_of(run);
	ret->blocks = calloc(ret->n + 1, sizeof(*ret->blocks));
	ret->time_s = duration;
	ret->energy_j = json_number_value(json_object_get(json_object_get(run, "ets_j"), "value"));
	if (!ret->archive || !ret->match || !ret->blocks || fill_blocks(tl, rail, zone, ret) < 0 ||
		fill_fine(tl, rail, zone, ret) < 0)
		return erg_fail(err, -ENOMEM, "%s: out of memory", tl->archive);
	mark_counts(tl, ret);
	mark_clock(ret, opt->throttle_below);
	note_throttling(ret);
	return 0;
}

void erg_thermal_run_release(struct erg_thermal_run *r)
{
	free(r->archive);
	free(r->match);
	free(r->blocks);
	free(r->fine_w);
	free(r->temp_t_s);
	free(r->temp_degc);
	json_decref(r->run);
	*r = (struct erg_thermal_run){0};
}
