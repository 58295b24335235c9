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
static bool is_low_marker(double v)
{
	static const double markers[] = {-1, -99, -255, -999, -9999, -32768, -99999, -2147483648.0};

	for (size_t i = 0; i < ERG_ARRAY_SIZE(markers); i++)
		if (v == markers[i])
			return true;
	return false;
}

/* All ones of a register, in whatever unit it was made one of: 65535, 65.535 and 655350. */
static bool is_high_marker(int64_t raw)
{
	while (raw > 0 && raw % 10 == 0)
		raw /= 10;
	return raw == 65535 || raw == 32767 || raw == 4294967295 || raw == 2147483647;
}

#define MARKER_TIMES                                                                               \
	10 /* that the others are greater, on the average; or it is below what any of them is above zero */

/* What a channel reads at its lowest and highest, and how often it reads just that. */
struct ends {
	int64_t low, high, next; /* next: the highest of the others */
	size_t n, of_low, of_high, negative;
	uint32_t line_low, line_high;
	double sum; /* of what is not below zero */
};

static struct ends find_ends(const struct erg_import_log *log, const struct erg_import_channel *c)
{
	struct ends e = {.low = INT64_MAX, .high = INT64_MIN, .next = INT64_MIN};

	for (size_t i = 0; erg_import_has_row(log, i); i++) {
		const int64_t v = c->raw[i];

		if (v == ERG_IMPORT_MISSING)
			continue;
		e.n++;
		e.negative += v < 0;
		e.sum += v < 0 ? 0 : (double)v;
		if (v < e.low) {
			e.low = v;
			e.of_low = 0;
			e.line_low = log->line[i];
		}
		if (v > e.high) {
			e.next = e.high;
			e.high = v;
			e.of_high = 0;
			e.line_high = log->line[i];
		} else if (v < e.high && v > e.next) {
			e.next = v;
		}
		e.of_low += v == e.low;
		e.of_high += v == e.high;
	}
	return e;
}

/* One round negative number, the only one below zero among readings of another size, or all there is. */
static bool is_marked_low(const struct ends *e, double unit)
{
	const size_t others = e->n - e->of_low;

	return e->n > 0 && e->low < 0 && e->of_low == e->negative &&
		is_low_marker((double)e->low * unit) &&
		(others == 0 || e->sum >= MARKER_TIMES * -(double)e->low * (double)others ||
			e->low <= -e->high);
}

/* All ones, if all else is far below; of one alone its neighbours are asked (drop_spikes()). */
static bool is_marked_high(const struct ends *e)
{
	return e->of_high > 1 && is_high_marker(e->high) &&
		(e->of_high == e->n || e->high / MARKER_TIMES >= e->next);
}

static void drop_marker(struct erg_import_log *log, struct erg_import_channel *c, int64_t marker,
	size_t n, uint32_t line, json_t *notes)
{
	for (size_t i = 0; erg_import_has_row(log, i); i++)
		c->raw[i] = c->raw[i] == marker ? ERG_IMPORT_MISSING : c->raw[i];
	erg_import_note(notes, "marker",
		"%s: line %u: %s of '%s' is %.10g %s, %zu times, and never else %s: that is how what "
		"could not be read is marked, and was left out",
		log->path, line, erg_quantity_name(c->def.quantity), c->def.rail,
		(double)marker * pow(10, -c->decimals), c->def.unit, n,
		marker < 0 ? "below zero" : "of that size");
}

/* What marks a reading that could not be had is no power. */
static void drop_markers(struct erg_import_log *log, struct erg_import_channel *c, json_t *notes)
{
	const struct ends e = find_ends(log, c);

	if (is_marked_low(&e, pow(10, -c->decimals)))
		drop_marker(log, c, e.low, e.of_low, e.line_low, notes);
	if (is_marked_high(&e))
		drop_marker(log, c, e.high, e.of_high, e.line_high, notes);
}

#define ZERO_SHARE 0.05 /* of the readings, that may be failures */
#define ZERO_FAR 0.2    /* of the mean of the others, above which all of these are */

/* Single readings of exactly nothing, of what else is never near it: as likely as not they failed. */
static void tell_zeros(const struct erg_import_log *log, const struct erg_import_channel *c,
	json_t *notes)
{
	int64_t before = 0, at = 0, low = INT64_MAX;
	size_t n = 0, zeros = 0, single = 0;
	uint32_t line = 0, line_at = 0;
	double sum = 0;

	for (size_t i = 0; erg_import_has_row(log, i); i++) {
		const int64_t v = c->raw[i];

		if (v == ERG_IMPORT_MISSING)
			continue;
		if (before > 0 && at == 0 && v > 0 && n > 1 && single++ == 0)
			line = line_at;
		before = at;
		at = v;
		line_at = log->line[i];
		n++;
		zeros += v == 0;
		sum += (double)v;
		low = v != 0 && v < low ? v : low;
	}
	if (single > 0 && single == zeros && (double)zeros <= ZERO_SHARE * (double)n &&
		(double)low >= ZERO_FAR * sum / (double)(n - zeros))
		erg_import_note(notes, "zero",
			"%s: line %u: power of '%s' is 0 W for one reading among others that are never near it, %zu "
			"times in all; kept, though it may be that nothing could be read",
			log->path, line, c->def.rail, zeros);
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

#define GREAT_W 2e4 /* what no rail of one machine takes, and a room's meter shows in kW */

/* Powers that are as great as in a unit a thousand times less. */
static void tell_great(const struct erg_import_log *log, const struct erg_import_channel *c,
	json_t *notes)
{
	size_t n;
	const double mean = mean_size(log, c, &n) * c->def.scale;
	const bool small = c->def.scale * pow(10, c->decimals) < 10; /* W, mW, uW */

	if (n > 0 && small && mean > GREAT_W)
		erg_import_note(notes, "unit", "%s: '%s' is %.6g W on the average: is %s its unit?",
			log->path, c->def.rail, mean, c->def.unit);
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
	const double scale = c->def.scale;
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
			(times > MARKER_TIMES && is_high_marker(c->raw[i]))) {
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

		drop_markers(log, c, notes);
		drop_spikes(log, c, notes);
		if (negative && !c->delta)
			tell_negative(log, c, notes);
		if (!c->delta) {
			tell_zeros(log, c, notes);
			tell_great(log, c, notes);
		}
	}
	return c->def.quantity == ERG_Q_ENERGY ? erg_import_check_energy(log, c, notes, err) : 0;
}
