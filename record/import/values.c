/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is wrong with the readings of one channel. A reading that no sensor gives is taken out and
 * counted; so is one that its neighbours contradict by orders of magnitude, which is how a counter
 * that wrapped looks once a tool has made power of it. energies.c looks at counters.
 */
#include <math.h>

#include "formats/base/util.h"
#include "record/import/import.h"

#define NEIGHBOURS 5        /* on either side, that a reading is judged by */
#define SPIKE_NEGATIVE 10   /* times the greatest of them: no load gives so much back */
#define SPIKE_POSITIVE 1000 /* a load may well rise a hundredfold */
#define SPIKE_TOLD 50       /* what rises so much for one reading alone is kept and told */

/* What no sensor of the quantity reads, in SI units. */
static bool is_absurd(enum erg_quantity q, double v)
{
	switch (q) {
	case ERG_Q_POWER:
		return fabs(v) > 1e9; /* a data centre has megawatts */
	case ERG_Q_ENERGY:
		return fabs(v) > 1e15;
	case ERG_Q_VOLTAGE:
		return fabs(v) > 1e5;
	case ERG_Q_CURRENT:
		return fabs(v) > 1e5;
	case ERG_Q_TEMPERATURE:
		return v < -273.15 || v > 1000;
	case ERG_Q_FREQUENCY:
		return v < 0 || v > 1e12;
	case ERG_Q_UTILIZATION:
		return v < 0 || v > 1e4;
	default:
		return false;
	}
}

static void drop_absurd(struct erg_import_log *log, struct erg_import_channel *c, json_t *notes)
{
	size_t absurd = 0, missing = 0;
	uint32_t line = 0;
	double value = 0;

	for (size_t i = 0; erg_import_has_row(log, i); i++) {
		double v = (double)c->raw[i] * c->def.scale;

		if (c->raw[i] == ERG_IMPORT_MISSING) {
			missing++;
			continue;
		}
		if (c->raw[i] <= ERG_IMPORT_RAW_MAX && c->raw[i] >= -ERG_IMPORT_RAW_MAX &&
			!is_absurd(c->def.quantity, v))
			continue;
		if (absurd++ == 0) {
			line = log->line[i];
			value = v;
		}
		c->raw[i] = ERG_IMPORT_MISSING;
	}
	if (absurd)
		erg_import_note(notes, "absurd",
			"%s: line %u: %s of '%s' is %.6g in SI units, which "
			"is no reading; %zu such values were left out",
			log->path, line, erg_quantity_name(c->def.quantity), c->def.rail, value,
			absurd);
	if (missing + absurd == log->n)
		erg_import_note(notes, "empty", "%s: '%s' has no readings", log->path, c->def.rail);
}

static const char *si_unit_of(const struct erg_import_channel *c)
{
	return c->def.quantity == ERG_Q_ENERGY ? "J" : "W";
}

static bool is_negative(const struct erg_import_log *log, const struct erg_import_channel *c)
{
	for (size_t i = 0; erg_import_has_row(log, i); i++)
		if (c->raw[i] < 0 && c->raw[i] != ERG_IMPORT_MISSING)
			return true;
	return false;
}

/* What drivers and scripts write for what they could not read. */
static bool is_marker(double v)
{
	static const double markers[] = {-1, -99, -255, -999, -9999, -32768, -99999, -2147483648.0,
		65535, 4294967295.0, 2147483647};

	for (size_t i = 0; i < ERG_ARRAY_SIZE(markers); i++)
		if (v == markers[i])
			return true;
	return false;
}

#define MARKER_TIMES                                                                               \
	10 /* that the others are greater, on the average; or it is below what any of them is above zero */

/* One round negative number, the only one below zero among readings of another size, is no power. */
static void drop_markers(struct erg_import_log *log, struct erg_import_channel *c, json_t *notes)
{
	const double unit = pow(10, -c->decimals);
	int64_t marker = 0, most = 0;
	size_t n = 0, others = 0;
	uint32_t line = 0;
	double sum = 0;

	for (size_t i = 0; erg_import_has_row(log, i); i++) {
		const int64_t v = c->raw[i];

		if (v == ERG_IMPORT_MISSING)
			continue;
		if (v >= 0) {
			sum += (double)v;
			most = v > most ? v : most;
			others++;
			continue;
		}
		if (n > 0 && v != marker)
			return;
		line = n++ ? line : log->line[i];
		marker = v;
	}
	if (n == 0 || n > others || !is_marker((double)marker * unit) ||
		(sum < MARKER_TIMES * -(double)marker * (double)others && marker > -most))
		return;
	for (size_t i = 0; erg_import_has_row(log, i); i++)
		c->raw[i] = c->raw[i] == marker ? ERG_IMPORT_MISSING : c->raw[i];
	erg_import_note(notes, "marker",
		"%s: line %u: %s of '%s' is %.6g %s, %zu times, and never else below zero: that is how what "
		"could not be read is marked, and was left out",
		log->path, line, erg_quantity_name(c->def.quantity), c->def.rail,
		(double)marker * unit, c->def.unit, n);
}

static void tell_negative(const struct erg_import_log *log, const struct erg_import_channel *c,
	json_t *notes)
{
	size_t negative = 0;
	uint32_t line = 0;

	for (size_t i = 0; erg_import_has_row(log, i); i++)
		if (c->raw[i] < 0 && c->raw[i] != ERG_IMPORT_MISSING && negative++ == 0)
			line = log->line[i];
	if (negative)
		erg_import_note(notes, "negative",
			"%s: line %u: %s of '%s' is negative, %zu times "
			"in all; kept (a battery that is charged, or an offset of the sensor)",
			log->path, line, erg_quantity_name(c->def.quantity), c->def.rail, negative);
}

/* ---- spikes ---- */

/* How many times the reading of row I, in a channel of power, is the greatest of its neighbours and of
 * MEAN; 0 where too few are known. */
static double times_neighbours(const struct erg_import_log *log, const struct erg_import_channel *c,
	size_t i, double mean)
{
	double most = mean, v = fabs((double)c->raw[i]);
	size_t n = 0;

	for (int side = -1; side <= 1; side += 2) {
		size_t seen = 0, k = i;

		while (seen < NEIGHBOURS && (side < 0 ? k > 0 : k + 1 < log->n)) {
			k = side < 0 ? k - 1 : k + 1;
			if (c->raw[k] == ERG_IMPORT_MISSING)
				continue;
			most = fmax(most, fabs((double)c->raw[k]));
			seen++;
		}
		n += seen;
	}
	return n >= 2 && most > 0 ? v / most : 0;
}

/* Of the sizes of all readings. */
static double mean_size(const struct erg_import_log *log, const struct erg_import_channel *c,
	size_t *ret_n)
{
	double sum = 0;
	size_t n = 0;

	for (size_t i = 0; erg_import_has_row(log, i); i++) {
		if (c->raw[i] == ERG_IMPORT_MISSING)
			continue;
		sum += fabs((double)c->raw[i]);
		n++;
	}
	*ret_n = n;
	return n ? sum / (double)n : 0;
}

struct spikes {
	size_t n;
	uint32_t line; /* of the first one */
	double value;
};

static void add_spike(struct spikes *s, uint32_t line, double value)
{
	if (s->n++ > 0)
		return;
	s->line = line;
	s->value = value;
}

static void drop_spikes(struct erg_import_log *log, struct erg_import_channel *c, json_t *notes)
{
	struct spikes out = {0}, kept = {0};
	const double scale = c->def.scale, unit = pow(10, -c->decimals);
	size_t all;
	const double mean = mean_size(log, c, &all);
	double before = 0;

	for (size_t i = 0; erg_import_has_row(log, i) && all > 2; i++) {
		double v = (double)c->raw[i], times = 0;

		if (c->raw[i] == ERG_IMPORT_MISSING)
			continue;
		/* the mean of the others, and quickly past what is no spike */
		if (v < 0 || v > SPIKE_TOLD * before)
			times = times_neighbours(log, c, i,
				(mean * (double)all - fabs(v)) / (double)(all - 1));
		if (times > (v < 0 ? SPIKE_NEGATIVE : SPIKE_POSITIVE) ||
			(times > MARKER_TIMES && is_marker(v * unit))) {
			add_spike(&out, log->line[i], v * scale);
			c->raw[i] = ERG_IMPORT_MISSING;
			continue;
		}
		if (v > 0 && times > SPIKE_TOLD)
			add_spike(&kept, log->line[i], v * scale);
		before = fabs(v);
	}
	if (out.n)
		erg_import_note(notes, "spike",
			"%s: line %u: %s of '%s' is %.6g %s among readings of "
			"another size, as when a counter wraps or nothing could be read; %zu such readings were left out",
			log->path, out.line, erg_quantity_name(c->def.quantity), c->def.rail,
			out.value, si_unit_of(c), out.n);
	if (kept.n)
		erg_import_note(notes, "outlier",
			"%s: line %u: %s of '%s' is %.6g %s for one reading, more than %d times those "
			"beside it; %zu such readings were kept",
			log->path, kept.line, erg_quantity_name(c->def.quantity), c->def.rail,
			kept.value, si_unit_of(c), SPIKE_TOLD, kept.n);
}

int erg_import_check_values(struct erg_import_log *log, struct erg_import_channel *c, json_t *notes,
	struct erg_err *err)
{
	drop_absurd(log, c, notes);
	if (c->def.quantity == ERG_Q_POWER || (c->delta && c->def.quantity == ERG_Q_ENERGY)) {
		const bool negative = is_negative(log, c);

		if (negative)
			drop_markers(log, c, notes);
		drop_spikes(log, c, notes);
		if (negative && !c->delta)
			tell_negative(log, c, notes);
	}
	return c->def.quantity == ERG_Q_ENERGY ? erg_import_check_energy(log, c, notes, err) : 0;
}
