/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The readings as they were recorded, as a table that erg-record import takes: a column for each channel, a row for
 * each time at which any was read, and above it what is known of the sensors (formats/samples_head.h). A number has as many
 * digits behind the point as its raw value is exact to.
 */
#include "analyze/export/samples.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/result/csv.h"
#include "analyze/timeline/rail.h"
#include "formats/base/util.h"
#include "formats/samples_head.h"

#define DECIMALS_MAX 9

/* How a channel's raw values become cells. */
struct column {
	const struct erg_tl_channel *c;
	const char *unit;
	double unit_si; /* one of it, in SI units */
	int decimals;   /* raw is in 10^-decimals of it; -1: it is converted */
	size_t at;
};

/* The unit that a converted value is in: without a prefix. */
static const char *plain_unit(enum erg_quantity q)
{
	static const char *const units[ERG_Q_N] = {[ERG_Q_POWER] = "W",
		[ERG_Q_ENERGY] = "J",
		[ERG_Q_VOLTAGE] = "V",
		[ERG_Q_CURRENT] = "A",
		[ERG_Q_TEMPERATURE] = "degC",
		[ERG_Q_FREQUENCY] = "Hz",
		[ERG_Q_UTILIZATION] = "%",
		[ERG_Q_TIME] = "s",
		[ERG_Q_COUNT] = "1",
		[ERG_Q_SPEED] = "rpm"};

	return units[q];
}

static struct column column_of(const struct erg_tl_channel *c)
{
	struct column col = {.c = c, .unit = c->def.unit, .decimals = -1};
	enum erg_quantity q;
	double power = 1;

	if (erg_unit_parse(c->def.unit, &q, &col.unit_si) && q == c->def.quantity &&
		c->def.offset == 0)
		for (int d = 0; d <= DECIMALS_MAX && col.decimals < 0; d++, power *= 10)
			if (fabs(c->def.scale * power / col.unit_si - 1) < 1e-12)
				col.decimals = d;
	if (col.decimals < 0) {
		col.unit = plain_unit(c->def.quantity);
		erg_unit_parse(col.unit, &q, &col.unit_si);
	}
	return col;
}

/* ---- what is told ---- */

static void put_column(const struct erg_timeline *tl, const struct column *col, size_t number,
	FILE *out)
{
	const struct erg_channel_def *d = &col->c->def;
	const struct erg_tl_source *s = &tl->sources[col->c->source];
	const struct erg_sensor_model *m = &s->model;
	enum erg_sensor_kind kind = erg_sensor_kind_fits(m->kind, d->quantity) ? m->kind
		: erg_sensor_kind_fits(ERG_SENSOR_COUNTER, d->quantity)        ? ERG_SENSOR_COUNTER
									       : ERG_SENSOR_POINT;

	fprintf(out,
		ERG_SAMPLES_HEAD "column %zu\tkind=%s\tperiod_ns=%llu\tlag_ns=%lld\tlag_u_ns=%llu",
		number, erg_sensor_kind_name(kind), (unsigned long long)m->period_ns,
		(long long)m->lag_ns, (unsigned long long)m->lag_u_ns);
	if (kind != ERG_SENSOR_COUNTER)
		fprintf(out, "\twindow_ns=%llu", (unsigned long long)m->window_ns);
	if (kind == ERG_SENSOR_EMA)
		fprintf(out, "\talpha=%.17g", m->alpha);
	fprintf(out, "\tlsb=%.17g\toffset_max=%.17g\tgain_max=%.17g\tprovenance=%s",
		d->lsb * d->scale, d->offset_max, d->gain_max, erg_provenance_name(m->provenance));
	if (*d->parent)
		fprintf(out, "\tparent=%s", d->parent);
	if (s->simulated)
		fputs("\tsimulated=1", out);
	if (!s->kind || strncmp(s->kind, "imported:", 9) != 0)
		fputs("\theld=1", out);
	if (erg_rail_own_time(s))
		fputs("\town_time=1", out);
	fputc('\n', out);
}

static void put_told(const struct erg_timeline *tl, const struct column *cols, size_t n, FILE *out)
{
	fprintf(out, ERG_SAMPLES_HEAD "run %llu %llu\n", (unsigned long long)tl->begin,
		(unsigned long long)tl->end);
	for (size_t i = 0; i < tl->n_phases; i++)
		if (!strpbrk(tl->phases[i].name, "\r\n"))
			fprintf(out, ERG_SAMPLES_HEAD "phase %llu %llu %s\n",
				(unsigned long long)tl->phases[i].begin,
				(unsigned long long)tl->phases[i].end, tl->phases[i].name);
	for (size_t i = 0; i < n; i++)
		put_column(tl, &cols[i], i + 1, out);
}

/* ---- rows ---- */

static void put_cell(const struct column *col, int64_t raw, FILE *out)
{
	uint64_t size = raw < 0 ? 0 - (uint64_t)raw : (uint64_t)raw, by = 1;

	if (col->decimals < 0) {
		fprintf(out, "%.9f", erg_channel_si(&col->c->def, raw) / col->unit_si);
		return;
	}
	for (int d = 0; d < col->decimals; d++)
		by *= 10;
	fprintf(out, "%s%llu", raw < 0 ? "-" : "", (unsigned long long)(size / by));
	if (col->decimals)
		fprintf(out, ".%0*llu", col->decimals, (unsigned long long)(size % by));
}

/* The next time at which a channel was read; false behind the last. */
static bool next_time(const struct column *cols, size_t n, uint64_t *ret)
{
	bool any = false;

	for (size_t i = 0; i < n; i++) {
		const struct erg_tl_channel *c = cols[i].c;

		if (cols[i].at >= c->n || (any && c->t[cols[i].at] >= *ret))
			continue;
		*ret = c->t[cols[i].at];
		any = true;
	}
	return any;
}

static void put_rows(struct column *cols, size_t n, FILE *out)
{
	uint64_t t = 0;

	while (next_time(cols, n, &t)) {
		fprintf(out, "%llu", (unsigned long long)t);
		for (size_t i = 0; i < n; i++) {
			const struct erg_tl_channel *c = cols[i].c;

			fputc(',', out);
			if (cols[i].at < c->n && c->t[cols[i].at] == t)
				put_cell(&cols[i], c->raw[cols[i].at++], out);
		}
		fputc('\n', out);
	}
}

int erg_export_samples(const struct erg_timeline *tl, FILE *out, size_t *ret_left,
	struct erg_err *err)
{
	_cleanup_(erg_freep) struct column *cols = calloc(tl->n_channels + 1, sizeof(*cols));
	struct erg_csv csv = {out, 0};
	char title[128];
	size_t n = 0;

	*ret_left = 0;
	if (!cols)
		return erg_fail(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < tl->n_channels; i++) {
		const struct erg_channel_def *d = &tl->channels[i].def;
		bool bits = d->quantity == ERG_Q_COUNT && strcmp(d->unit, "1") != 0;

		*ret_left += bits && tl->channels[i].n;
		if (tl->channels[i].n && !bits)
			cols[n++] = column_of(&tl->channels[i]);
	}
	if (n == 0)
		return erg_fail(err, -ENODATA, "%s: nothing was read", tl->archive);
	put_told(tl, cols, n, out);
	erg_csv_text(&csv, "time_ns");
	for (size_t i = 0; i < n; i++) {
		snprintf(title, sizeof(title), "%s [%s]", cols[i].c->def.rail, cols[i].unit);
		erg_csv_text(&csv, title);
	}
	erg_csv_end(&csv);
	put_rows(cols, n, out);
	return 0;
}
