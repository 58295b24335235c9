/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What rails are to each other: which is within which, and what would be counted twice if all of them were added
 * up. What tools call their rails says it; otherwise the readings show it, which is told.
 */
#include <ctype.h>
#include <math.h>
#include <string.h>

#include "formats/base/util.h"
#include "record/import/import.h"

/* ---- by their names ---- */

/* From the manuals of turbostat, Power Gadget, HWiNFO and uProf. In a part's name "*" is a number. Where there is the
 * rail `unless`, nobody knows of which whole the parts are. */
static const struct whole {
	const char *whole, *parts[6], *unless;
} wholes[] = {
	{"PkgWatt", {"CorWatt", "GFXWatt"}},
	{"SysWatt", {"PkgWatt", "RAMWatt"}},
	{"Pkg_J", {"Cor_J", "GFX_J"}},
	{"Processor Power_0", {"IA Power_0", "GT Power_0"}},
	{"Cumulative Processor Energy_0", {"Cumulative IA Energy_0", "Cumulative GT Energy_0"}},
	{"CPU Package Power",
		{"IA Cores Power", "GT Cores Power", "System Agent Power", "Rest-of-Chip Power"}},
	{"socket0-package-power", {"core*-power"}, "socket1-package-power"},
};

static bool is_named(const char *rail, const char *pattern)
{
	const char *star = strchr(pattern, '*');
	const size_t len = star ? (size_t)(star - pattern) : 0;

	if (!star)
		return !strcmp(rail, pattern);
	return !strncmp(rail, pattern, len) && isdigit((unsigned char)rail[len]) &&
		!strcmp(rail + len + strspn(rail + len, "0123456789"), star + 1);
}

static bool has_rail(const struct erg_import_log *log, const char *rail)
{
	for (size_t i = 0; i < log->n_channels; i++)
		if (!strcmp(log->channels[i].def.rail, rail))
			return true;
	return false;
}

static bool is_part(const struct whole *w, const char *rail)
{
	for (size_t p = 0; p < ERG_ARRAY_SIZE(w->parts) && w->parts[p]; p++)
		if (is_named(rail, w->parts[p]))
			return true;
	return false;
}

void erg_import_known_wholes(struct erg_import_log *log, json_t *notes)
{
	const char *whole = NULL;
	size_t parts = 0;

	for (const struct whole *w = wholes; w < wholes + ERG_ARRAY_SIZE(wholes); w++) {
		if (!has_rail(log, w->whole) || (w->unless && has_rail(log, w->unless)))
			continue;
		for (size_t i = 0; i < log->n_channels; i++) {
			struct erg_channel_def *d = &log->channels[i].def;

			if (*d->parent || !is_part(w, d->rail))
				continue;
			snprintf(d->parent, sizeof(d->parent), "%s", w->whole);
			whole = w->whole;
			parts++;
		}
	}
	if (parts)
		erg_import_note(notes, "whole",
			"%s: %zu rails were taken to be within others, like '%s', by the names that a tool gives "
			"them (--sensor NAME:parent= says otherwise)",
			log->path, parts, whole);
}

/* ---- by their readings ---- */

#define WHOLE_ROWS_MIN 8
#define WHOLE_SHARE 0.95 /* of the rows, in which it is the sum to a hundredth */

/* A rail that is the sum of all others, as far as anybody can see, is their whole, which nobody said: to be added
 * up with them it must not be. */
static void tell_whole(const struct erg_import_log *log, json_t *notes)
{
	const struct erg_import_channel *whole = NULL;
	size_t n = 0, rows = 0, sums = 0;
	double most = 0;

	for (size_t c = 0; c < log->n_channels; c++) {
		const struct erg_import_channel *ch = &log->channels[c];

		if (ch->def.quantity != ERG_Q_POWER || *ch->def.parent)
			continue;
		n++;
		if (log->n > 0 && ch->raw[0] != ERG_IMPORT_MISSING &&
			(double)ch->raw[0] * ch->def.scale > most) {
			most = (double)ch->raw[0] * ch->def.scale;
			whole = ch;
		}
	}
	for (size_t i = 0; n >= 3 && whole && erg_import_has_row(log, i); i++) {
		const double w = (double)whole->raw[i] * whole->def.scale;
		double sum = 0;
		bool all = true;

		for (size_t c = 0; c < log->n_channels; c++) {
			const struct erg_import_channel *ch = &log->channels[c];

			if (ch->def.quantity != ERG_Q_POWER || *ch->def.parent)
				continue;
			all &= ch->raw[i] != ERG_IMPORT_MISSING;
			sum += ch == whole ? 0 : (double)ch->raw[i] * ch->def.scale;
		}
		rows += all;
		sums += all && fabs(w - sum) <= 0.01 * fabs(w);
	}
	if (rows >= WHOLE_ROWS_MIN && (double)sums >= WHOLE_SHARE * (double)rows)
		erg_import_note(notes, "whole",
			"%s: '%s' is the sum of the other %zu rails in %zu of %zu rows: if these are its parts, "
			"--sensor NAME:parent=%s says so of each; --rail all-roots counts all of them",
			log->path, whole->def.rail, n - 1, sums, rows, whole->def.rail);
}

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
		"instant", "inst", "current", "cur", "hours", "hrs"};
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

static bool same_stem(const char *a, const char *b)
{
	char of_a[64], of_b[64];

	stem_of(a, of_a);
	stem_of(b, of_b);
	return !strcmp(of_a, of_b);
}

/* A power and an energy of rails that are called alike, which come to the same: a meter gives both, in columns of
 * their own. */
static void tell_twice(const struct erg_import_log *log, const struct erg_import_channel *power,
	const struct erg_import_channel *energy, json_t *notes)
{
	struct both b;

	if (*power->def.parent || *energy->def.parent ||
		!same_stem(power->def.rail, energy->def.rail) ||
		erg_import_find_channel(log, power->def.rail, ERG_Q_ENERGY) >= 0 ||
		erg_import_find_channel(log, energy->def.rail, ERG_Q_POWER) >= 0)
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

/* Two powers that are called alike, but for what is told of each: one is the other's mean, or the like. */
static void tell_alike(const struct erg_import_log *log, const struct erg_import_channel *a,
	const struct erg_import_channel *b, json_t *notes)
{
	double of_a = 0, of_b = 0;
	size_t n = 0;

	if (*a->def.parent || *b->def.parent || !same_stem(a->def.rail, b->def.rail))
		return;
	for (size_t i = 0; erg_import_has_row(log, i); i++) {
		if (a->raw[i] == ERG_IMPORT_MISSING || b->raw[i] == ERG_IMPORT_MISSING)
			continue;
		of_a += (double)a->raw[i] * a->def.scale;
		of_b += (double)b->raw[i] * b->def.scale;
		n++;
	}
	if (n < WHOLE_ROWS_MIN || of_a <= 0 || of_b <= 0 || of_a > CONTRADICTION * of_b ||
		of_b > CONTRADICTION * of_a)
		return;
	erg_import_note(notes, "twice",
		"%s: '%s' has %.6g W in the mean, and '%s' %.6g W: if these are one power, --sensor '%s:parent=%s' "
		"says so; --rail all-roots counts both",
		log->path, a->def.rail, of_a / (double)n, b->def.rail, of_b / (double)n,
		b->def.rail, a->def.rail);
}

static void compare_powers(const struct erg_import_log *log, json_t *notes)
{
	for (size_t a = 0; a < log->n_channels; a++)
		for (size_t b = a + 1; b < log->n_channels; b++)
			if (log->channels[a].def.quantity == ERG_Q_POWER &&
				log->channels[b].def.quantity == ERG_Q_POWER)
				tell_alike(log, &log->channels[a], &log->channels[b], notes);
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
	tell_whole(log, notes);
	tell_greater_parts(log, notes);
	compare_powers(log, notes);
	compare_powers_with_energies(log, notes);
}
