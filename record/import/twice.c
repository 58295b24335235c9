/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What would be counted twice if all rails were added up, as the readings show it: a rail that is the sum of others,
 * one power in two columns, a power and its energy. It is told, since only the person knows; rails.c is sure, by names.
 */
#include <ctype.h>
#include <math.h>
#include <string.h>

#include "formats/base/util.h"
#include "record/import/import.h"

#define WHOLE_ROWS_MIN 8
#define WHOLE_SHARE 0.95 /* of the rows, in which it is the sum to a hundredth */

/* ---- a rail that is a sum ---- */

static bool is_root_of(const struct erg_import_channel *c, enum erg_quantity q)
{
	return c->def.quantity == q && !*c->def.parent;
}

/* What a channel says of the rows from BEFORE to I: a power at I, an energy between them. */
static double part_of(const struct erg_import_channel *c, size_t before, size_t i)
{
	const int64_t from = c->def.quantity == ERG_Q_ENERGY ? c->raw[before] : 0;

	return (double)(c->raw[i] - from) * c->def.scale;
}

/* The one of most power, or energy; *ret_n: how many there are. */
static const struct erg_import_channel *greatest_root(const struct erg_import_log *log,
	enum erg_quantity q, size_t *ret_n)
{
	const struct erg_import_channel *ret = NULL;
	double most = 0;

	*ret_n = 0;
	for (size_t c = 0; c < log->n_channels; c++) {
		const struct erg_import_channel *ch = &log->channels[c];
		size_t before = log->n;
		double sum = 0;

		if (!is_root_of(ch, q))
			continue;
		++*ret_n;
		for (size_t i = 0; erg_import_has_row(log, i); i++) {
			if (ch->raw[i] == ERG_IMPORT_MISSING)
				continue;
			if (before < log->n)
				sum += part_of(ch, before, i);
			before = i;
		}
		if (sum > most) {
			most = sum;
			ret = ch;
		}
	}
	return ret;
}

/* "total" of total_power and TOT of "Power TOT"; and what a Jetson calls what goes into it. */
static bool says_total(const char *rail)
{
	static const char *const inputs[] = {"VDD_IN", "POM_5V_IN"};
	static const char *const words[] = {"total", "tot", "sum", "combined", "overall"};

	for (size_t i = 0; i < ERG_ARRAY_SIZE(inputs); i++) {
		const size_t len = strlen(rail), end = strlen(inputs[i]);

		if (len >= end && !strcasecmp(rail + len - end, inputs[i]))
			return true;
	}
	for (rail += strcspn(rail, ERG_IMPORT_LETTERS); *rail;
		rail += strcspn(rail, ERG_IMPORT_LETTERS)) {
		const size_t len = strspn(rail, ERG_IMPORT_LETTERS);

		for (size_t i = 0; i < ERG_ARRAY_SIZE(words); i++)
			if (strlen(words[i]) == len && !strncasecmp(rail, words[i], len))
				return true;
		rail += len;
	}
	return false;
}

/* In how many rows a rail is the sum of all others, to a hundredth and the last digits of counters, and at least the
 * greatest of them. */
struct whole_rows {
	size_t n, sums, above;
};

static void look_at_row(const struct erg_import_log *log, const struct erg_import_channel *whole,
	size_t before, size_t i, struct whole_rows *ret)
{
	const enum erg_quantity q = whole->def.quantity;
	const double w = part_of(whole, before, i);
	double sum = 0, most = 0, digits = q == ERG_Q_ENERGY ? whole->def.scale : 0;

	for (size_t c = 0; c < log->n_channels; c++) {
		const struct erg_import_channel *ch = &log->channels[c];

		if (ch == whole || !is_root_of(ch, q))
			continue;
		if (ch->raw[i] == ERG_IMPORT_MISSING || ch->raw[before] == ERG_IMPORT_MISSING)
			return;
		sum += part_of(ch, before, i);
		most = fmax(most, part_of(ch, before, i));
		digits += q == ERG_Q_ENERGY ? ch->def.scale : 0;
	}
	ret->n++;
	ret->sums += fabs(w - sum) <= 0.01 * fabs(w) + digits;
	ret->above += w >= most;
}

/* A rail that is the sum of all others, as far as anybody can see, is their whole, which nobody said: to be added
 * up with them it must not be. */
static void tell_whole(const struct erg_import_log *log, enum erg_quantity q, json_t *notes)
{
	struct whole_rows rows = {0};
	size_t n, before = log->n;
	const struct erg_import_channel *whole = greatest_root(log, q, &n);

	for (size_t i = 0; n >= 2 && whole && erg_import_has_row(log, i); i++) {
		if (whole->raw[i] == ERG_IMPORT_MISSING)
			continue;
		if (q == ERG_Q_POWER || before < log->n)
			look_at_row(log, whole, q == ERG_Q_POWER ? i : before, i, &rows);
		before = i;
	}
	if (rows.n < WHOLE_ROWS_MIN)
		return;
	if (n >= 3 && (double)rows.sums >= WHOLE_SHARE * (double)rows.n)
		erg_import_note(notes, "whole",
			"%s: '%s' is the sum of the other %zu rails in %zu of %zu rows: if these are its parts, "
			"--sensor 'NAME:parent=%s' says so of each; --rail all-roots counts all of them",
			log->path, whole->def.rail, n - 1, rows.sums, rows.n, whole->def.rail);
	else if (q == ERG_Q_POWER && says_total(whole->def.rail) &&
		(double)rows.above >= WHOLE_SHARE * (double)rows.n)
		erg_import_note(notes, "whole",
			"%s: '%s' is all there is by its name, and there are %zu rails beside it: of each that is its part "
			"--sensor 'NAME:parent=%s' says so; --rail all-roots counts all of them",
			log->path, whole->def.rail, n - 1, whole->def.rail);
}

/* ---- one rail in two columns ---- */

/* What a power and an energy came to over the rows that have both. */
struct both {
	size_t n; /* intervals */
	double by_power, by_energy;
};

static struct both add_up(const struct erg_import_log *log, const struct erg_import_channel *power,
	const struct erg_import_channel *energy)
{
	struct both b = {0};
	size_t before = log->n;

	for (size_t i = 0; erg_import_has_row(log, i); i++) {
		if (power->raw[i] == ERG_IMPORT_MISSING || energy->raw[i] == ERG_IMPORT_MISSING)
			continue;
		if (before < log->n && energy->raw[i] >= energy->raw[before]) {
			b.by_power += (double)power->raw[i] * power->def.scale *
				(double)(log->t[i] - log->t[before]) * 1e-9;
			b.by_energy +=
				(double)(energy->raw[i] - energy->raw[before]) * energy->def.scale;
			b.n++;
		}
		before = i;
	}
	return b;
}

#define CONTRADICTION 1.25 /* times: no noise, but a unit */

/* A rail whose power and whose energy are not of one size: one of them has another unit than it is said to have. */
static void tell_contradiction(const struct erg_import_log *log,
	const struct erg_import_channel *power, const struct erg_import_channel *energy,
	json_t *notes)
{
	const struct both b = add_up(log, power, energy);

	if (b.n < WHOLE_ROWS_MIN || b.by_power <= 0 || b.by_energy <= 0 ||
		(b.by_power < CONTRADICTION * b.by_energy &&
			b.by_energy < CONTRADICTION * b.by_power))
		return;
	erg_import_note(notes, "contradiction",
		"%s: rail '%s' has %.6g J by its power and %.6g J by its energy: the unit of one of them is "
		"another? The energy is believed",
		log->path, power->def.rail, b.by_power, b.by_energy);
}

/* What is left of a name without what it measures: "gpu" of gpu_power and of "GPU Energy". */
static void stem_of(const char *rail, char ret[static 64])
{
	static const char *const words[] = {"power", "energy", "watts", "watt", "joules", "joule",
		"cumulative", "total", "consumed", "consumption", "average", "avg", "mean",
		"instant", "inst", "current", "cur", "hours", "hrs", "integrated", "relative",
		"accumulated", "maximum", "minimum", "max", "min", "peak"};
	size_t n = 0;

	for (const char *p = rail; *p && n < 63;) {
		size_t len = 0;

		for (size_t i = 0; i < ERG_ARRAY_SIZE(words) && len == 0; i++)
			len = strncasecmp(p, words[i], strlen(words[i])) ? 0 : strlen(words[i]);
		if (len == 0 && isalnum((unsigned char)*p))
			ret[n++] = (char)tolower((unsigned char)*p);
		p += len ? len : 1;
	}
	ret[n] = '\0';
}

bool erg_import_same_stem(const char *a, const char *b)
{
	char of_a[64], of_b[64];

	stem_of(a, of_a);
	stem_of(b, of_b);
	return !strcmp(of_a, of_b);
}

/* "power_max" beside "power_avg": whatever its readings are. */
bool erg_import_says_extreme(const char *rail)
{
	static const char *const words[] = {"max", "min", "peak"};

	for (size_t i = 0; i < ERG_ARRAY_SIZE(words); i++)
		if (strcasestr(rail, words[i]))
			return true;
	return false;
}

/* ---- by their readings ---- */

#define SAME_SHARE 0.9 /* of the readings */
#define SAME 0.01      /* to so much */
#define LAST_DIGITS 20 /* of an energy that says anything */
#define LOOK 64        /* readings, of which most are the same where it is worth to look at all */

static bool is_other(size_t same, size_t n)
{
	return n == LOOK && 2 * same < n;
}

static bool is_same(double a, double b, double digits)
{
	return fabs(a - b) <= SAME * fmax(fabs(a), fabs(b)) + digits;
}

/*
 * Whether an energy is that of a power: it grows by what the power says at one end of the interval, at the other,
 * or between them, to its last digits, nearly everywhere.
 */
static bool is_its_energy(const struct erg_import_log *log, const struct erg_import_channel *power,
	const struct erg_import_channel *energy)
{
	const double digits = energy->def.scale * 1.01;
	size_t n = 0, same[3] = {0}, before = log->n;
	double sum[3] = {0}, grown = 0;

	for (size_t i = 0; erg_import_has_row(log, i); i++) {
		if (power->raw[i] == ERG_IMPORT_MISSING || energy->raw[i] == ERG_IMPORT_MISSING)
			continue;
		if (before < log->n && energy->raw[i] >= energy->raw[before]) {
			const double s = (double)(log->t[i] - log->t[before]) * 1e-9,
				     e = part_of(energy, before, i),
				     from = part_of(power, before, before) * s,
				     to = part_of(power, i, i) * s;
			const double by[3] = {to, from, (from + to) / 2};

			for (size_t k = 0; k < 3; k++) {
				same[k] += is_same(by[k], e, digits);
				sum[k] += by[k];
			}
			grown += e;
			n++;
			if (is_other(same[0], n) && is_other(same[1], n) && is_other(same[2], n))
				return false;
		}
		before = i;
	}
	if (n < WHOLE_ROWS_MIN || grown < LAST_DIGITS * energy->def.scale)
		return false;
	for (size_t k = 0; k < 3; k++)
		if ((double)same[k] >= SAME_SHARE * (double)n && is_same(sum[k], grown, 0))
			return true;
	return false;
}

/* A power in W of each row: that of a channel, or of a current and a voltage of one rail. */
struct watts {
	const struct erg_import_channel *a, *b; /* b: NULL, or the voltage */
};

static bool watts_at(const struct watts *w, size_t i, double *ret, double *ret_digits)
{
	if (w->a->raw[i] == ERG_IMPORT_MISSING || (w->b && w->b->raw[i] == ERG_IMPORT_MISSING))
		return false;
	*ret = part_of(w->a, i, i) * (w->b ? part_of(w->b, i, i) : 1);
	*ret_digits = w->b ? w->a->def.scale * fabs(part_of(w->b, i, i)) +
			w->b->def.scale * fabs(part_of(w->a, i, i))
			   : w->a->def.scale;
	return true;
}

/* Whether two powers are the same in nearly all rows, to half of their last digits; of powers that do not change
 * nobody can say that they are one. */
static bool is_one_power(const struct erg_import_log *log, const struct watts *a,
	const struct watts *b)
{
	double x, y, of_x = 0, of_y = 0, least = INFINITY, most = -INFINITY;
	size_t n = 0, same = 0;

	for (size_t i = 0; erg_import_has_row(log, i); i++) {
		if (!watts_at(a, i, &x, &of_x) || !watts_at(b, i, &y, &of_y))
			continue;
		n++;
		same += is_same(x, y, fmax(of_x, of_y) / 2);
		least = fmin(least, x - of_x);
		most = fmax(most, x + of_x);
		if (is_other(same, n))
			return false;
	}
	return n >= WHOLE_ROWS_MIN && (double)same >= SAME_SHARE * (double)n &&
		most - least > 2 * SAME * fabs(most) + 2 * fmin(of_x, of_y);
}

/* ---- what is told ---- */

/* A power and an energy of rails that are called alike and come to the same, or of any of which one is the other's:
 * a meter gives both, in columns of their own. */
static void tell_twice(const struct erg_import_log *log, const struct erg_import_channel *power,
	const struct erg_import_channel *energy, json_t *notes)
{
	struct both b;

	if (*power->def.parent || *energy->def.parent ||
		erg_import_find_channel(log, power->def.rail, ERG_Q_ENERGY) >= 0 ||
		erg_import_find_channel(log, energy->def.rail, ERG_Q_POWER) >= 0 ||
		(!erg_import_same_stem(power->def.rail, energy->def.rail) &&
			!is_its_energy(log, power, energy)))
		return;
	b = add_up(log, power, energy);
	if (b.n < WHOLE_ROWS_MIN || b.by_power <= 0 || b.by_energy <= 0 ||
		b.by_power > CONTRADICTION * b.by_energy ||
		b.by_energy > CONTRADICTION * b.by_power)
		return;
	erg_import_note(notes, "twice",
		"%s: '%s' has %.6g J by its power, and '%s' %.6g J by its energy: if one meter gives both, "
		"--sensor '%s:parent=%s' says so, and --column NAME=UNIT:RAIL makes them one rail; --rail all-roots "
		"counts both",
		log->path, power->def.rail, b.by_power, energy->def.rail, b.by_energy,
		energy->def.rail, power->def.rail);
}

/* Two powers that are called alike, but for what is told of each: one is the other's mean, or the like; or any two of
 * a table that are the same all the time. */
static void tell_alike(const struct erg_import_log *log, const struct erg_import_channel *a,
	const struct erg_import_channel *b, json_t *notes)
{
	const bool alike = erg_import_same_stem(a->def.rail, b->def.rail),
		   extreme = erg_import_says_extreme(a->def.rail) ||
		erg_import_says_extreme(b->def.rail);
	double of_a = 0, of_b = 0;
	size_t n = 0;

	if (*a->def.parent || *b->def.parent ||
		(!alike &&
			(!log->unknown ||
				!is_one_power(log, &(struct watts){a}, &(struct watts){b}))))
		return;
	for (size_t i = 0; erg_import_has_row(log, i); i++) {
		if (a->raw[i] == ERG_IMPORT_MISSING || b->raw[i] == ERG_IMPORT_MISSING)
			continue;
		of_a += (double)a->raw[i] * a->def.scale;
		of_b += (double)b->raw[i] * b->def.scale;
		n++;
	}
	if (n < WHOLE_ROWS_MIN || of_a <= 0 || of_b <= 0 ||
		(!extreme && (of_a > CONTRADICTION * of_b || of_b > CONTRADICTION * of_a)))
		return;
	erg_import_note(notes, "twice",
		"%s: '%s' has %.6g W in the mean, and '%s' %.6g W: if these are one power, --sensor '%s:parent=%s' "
		"says so; --rail all-roots counts both",
		log->path, a->def.rail, of_a / (double)n, b->def.rail, of_b / (double)n,
		b->def.rail, a->def.rail);
}

/* Two energies that grow by the same: one meter's, since it was made and since it was reset. */
static void tell_energies(const struct erg_import_log *log, const struct erg_import_channel *a,
	const struct erg_import_channel *b, json_t *notes)
{
	const double digits = (a->def.scale + b->def.scale) * 1.01;
	double of_a = 0, of_b = 0;
	size_t n = 0, same = 0, before = log->n;

	if (*a->def.parent || *b->def.parent || !log->unknown)
		return;
	for (size_t i = 0; erg_import_has_row(log, i); i++) {
		if (a->raw[i] == ERG_IMPORT_MISSING || b->raw[i] == ERG_IMPORT_MISSING)
			continue;
		if (before < log->n && a->raw[i] >= a->raw[before] && b->raw[i] >= b->raw[before]) {
			same += is_same(part_of(a, before, i), part_of(b, before, i), digits);
			of_a += part_of(a, before, i);
			of_b += part_of(b, before, i);
			n++;
			if (is_other(same, n))
				return;
		}
		before = i;
	}
	if (n < WHOLE_ROWS_MIN || (double)same < SAME_SHARE * (double)n ||
		!is_same(of_a, of_b, digits) ||
		of_a < LAST_DIGITS * fmax(a->def.scale, b->def.scale))
		return;
	erg_import_note(notes, "twice",
		"%s: '%s' rises by %.6g J, and '%s' by %.6g J: if these are one energy, --sensor '%s:parent=%s' says "
		"so; --rail all-roots counts both",
		log->path, a->def.rail, of_a, b->def.rail, of_b, b->def.rail, a->def.rail);
}

/* A power that is the product of another rail's current and voltage. */
static void tell_product(const struct erg_import_log *log, const struct erg_import_channel *power,
	const struct erg_import_channel *amps, json_t *notes)
{
	const int volts = erg_import_find_channel(log, amps->def.rail, ERG_Q_VOLTAGE);
	const char *rail = amps->def.rail;

	if (volts < 0 || *power->def.parent || *amps->def.parent ||
		erg_import_find_channel(log, rail, ERG_Q_POWER) >= 0 ||
		erg_import_find_channel(log, rail, ERG_Q_ENERGY) >= 0 ||
		!is_one_power(log, &(struct watts){power},
			&(struct watts){amps, &log->channels[volts]}))
		return;
	erg_import_note(notes, "twice",
		"%s: '%s' is the current of '%s' times its voltage: if these are one power, --column NAME=UNIT:%s makes "
		"them one rail; --rail all-roots counts both",
		log->path, power->def.rail, rail, rail);
}

static void compare_pair(const struct erg_import_log *log, const struct erg_import_channel *a,
	const struct erg_import_channel *b, json_t *notes)
{
	if (a->def.quantity == ERG_Q_POWER && b->def.quantity == ERG_Q_POWER)
		tell_alike(log, a, b, notes);
	else if (a->def.quantity == ERG_Q_ENERGY && b->def.quantity == ERG_Q_ENERGY)
		tell_energies(log, a, b, notes);
	else if (a->def.quantity == ERG_Q_POWER && b->def.quantity == ERG_Q_CURRENT)
		tell_product(log, a, b, notes);
	else if (a->def.quantity == ERG_Q_CURRENT && b->def.quantity == ERG_Q_POWER)
		tell_product(log, b, a, notes);
}

static void compare_pairs(const struct erg_import_log *log, json_t *notes)
{
	for (size_t a = 0; a < log->n_channels; a++)
		for (size_t b = a + 1; b < log->n_channels; b++)
			compare_pair(log, &log->channels[a], &log->channels[b], notes);
}

static void compare_powers_with_energies(const struct erg_import_log *log, json_t *notes)
{
	for (size_t p = 0; p < log->n_channels; p++)
		for (size_t e = 0; e < log->n_channels; e++) {
			const struct erg_import_channel *power = &log->channels[p],
							*energy = &log->channels[e];

			if (power->def.quantity != ERG_Q_POWER ||
				energy->def.quantity != ERG_Q_ENERGY)
				continue;
			if (strcmp(power->def.rail, energy->def.rail))
				tell_twice(log, power, energy, notes);
			else
				tell_contradiction(log, power, energy, notes);
		}
}

/* Rows in which a power is more than the power of the rail that it is said to be within. */
static size_t rows_above(const struct erg_import_log *log, const struct erg_import_channel *part,
	const struct erg_import_channel *whole, size_t *ret_rows)
{
	size_t above = 0;

	*ret_rows = 0;
	for (size_t i = 0; erg_import_has_row(log, i); i++) {
		if (part->raw[i] == ERG_IMPORT_MISSING || whole->raw[i] == ERG_IMPORT_MISSING)
			continue;
		++*ret_rows;
		above += (double)part->raw[i] * part->def.scale >
			1.1 * fabs((double)whole->raw[i] * whole->def.scale);
	}
	return above;
}

static void tell_greater_parts(const struct erg_import_log *log, json_t *notes)
{
	for (size_t p = 0; p < log->n_channels; p++)
		for (size_t w = 0; w < log->n_channels; w++) {
			const struct erg_import_channel *part = &log->channels[p],
							*whole = &log->channels[w];
			size_t rows, above;

			if (part->def.quantity != ERG_Q_POWER ||
				whole->def.quantity != ERG_Q_POWER ||
				strcmp(part->def.parent, whole->def.rail))
				continue;
			above = rows_above(log, part, whole, &rows);
			if (rows >= WHOLE_ROWS_MIN && 2 * above > rows)
				erg_import_note(notes, "part",
					"%s: '%s' is more than '%s', which it is taken to be within, in %zu of "
					"%zu rows: it is not, or one of them is no power",
					log->path, part->def.rail, whole->def.rail, above, rows);
		}
}

void erg_import_check_rails(const struct erg_import_log *log, json_t *notes)
{
	tell_whole(log, ERG_Q_POWER, notes);
	tell_whole(log, ERG_Q_ENERGY, notes);
	tell_greater_parts(log, notes);
	compare_pairs(log, notes);
	compare_powers_with_energies(log, notes);
}
