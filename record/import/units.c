/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Units in the names of columns: in brackets, or as scripts write them; and behind numbers. Beside erg_unit_parse(), which
 * takes a unit as it is written: behind a name "mw" is mW, alone it is nothing.
 */
#include "record/import/units.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "formats/base/util.h"
#include "formats/sensor.h"

/* What scripts write behind a name, in small letters or as the unit is written; of what is not power or energy
 * the name must say what it is, since it may as well end in the letter of a rail. */
static const struct ending {
	const char *small, *unit, *word;
} endings[] = {
	{"w", "W", NULL},
	{"mw", "mW", NULL},
	{"uw", "uW", NULL},
	{"kw", "kW", NULL},
	{"watt", "W", NULL},
	{"watts", "W", NULL},
	{"milliwatt", "mW", NULL},
	{"milliwatts", "mW", NULL},
	{"microwatts", "uW", NULL},
	{"j", "J", NULL},
	{"mj", "mJ", NULL},
	{"uj", "uJ", NULL},
	{"kj", "kJ", NULL},
	{"joule", "J", NULL},
	{"joules", "J", NULL},
	{"millijoules", "mJ", NULL},
	{"microjoules", "uJ", NULL},
	{"wh", "Wh", NULL},
	{"mwh", "mWh", NULL},
	{"kwh", "kWh", NULL},
	{"v", "V", "volt"},
	{"mv", "mV", "volt"},
	{"a", "A", "current"},
	{"ma", "mA", "current"},
	{"ua", "uA", "current"},
	{"c", "degC", "temp"},
	{"hz", "Hz", NULL},
	{"khz", "kHz", NULL},
	{"mhz", "MHz", NULL},
	{"ghz", "GHz", NULL},
};

#define WORD_MIN 4 /* letters of an ending that is a word, as "watt" is, and no symbol, as "kwh" */

/* "gpu_power_mw" is gpu_power, mW. */
static const char *unit_behind(const char *column, size_t *ret_len)
{
	const char *last = strrchr(column, '_');

	for (size_t i = 0; last && last > column && i < ERG_ARRAY_SIZE(endings); i++) {
		const struct ending *e = &endings[i];
		const char *word = e->word ? strcasestr(column, e->word) : column;

		if ((strcmp(last + 1, e->small) && strcmp(last + 1, e->unit)) || !word ||
			word >= last)
			continue;
		*ret_len = (size_t)(last - column);
		return e->unit;
	}
	return NULL;
}

int erg_import_split_unit(const char *path, const char *column, char name[64], char unit[16],
	struct erg_err *err)
{
	const char *square = strrchr(column, '['), *round = strrchr(column, '(');
	const char *open = square ? square : round, *close = strrchr(column, square ? ']' : ')');
	size_t len = open ? (size_t)(open - column) : 0;
	const char *behind = open ? NULL : unit_behind(column, &len);

	if (behind && len < 64) {
		snprintf(name, 64, "%.*s", (int)len, column);
		snprintf(unit, 16, "%s", behind);
		return 0;
	}
	while (len > 0 && (column[len - 1] == ' ' || column[len - 1] == '\t'))
		len--;
	if (!open || !close || close < open || close[1] || len == 0 || len >= 64 ||
		close - open - 1 >= 16 || close - open < 2)
		return erg_fail(err, -EINVAL,
			"%s: column '%s': a name and a unit, like 'VDD_IN [mW]' or 'vdd_in_mw', were "
			"expected (one of %s; --column takes some columns of a table)",
			path, column, erg_unit_names());
	snprintf(name, 64, "%.*s", (int)len, column);
	snprintf(unit, 16, "%.*s", (int)(close - open - 1), open + 1);
	return 0;
}

/* "(W)" and "[W]" are W. */
static const char *bare_unit(char *unit)
{
	size_t len = strlen(unit);

	if (len < 3 || !strchr("[(", *unit) || !strchr("])", unit[len - 1]))
		return unit;
	unit[len - 1] = '\0';
	return unit + 1;
}

bool erg_import_add_units(char **names, size_t n, char **units, size_t n_units, char *ret,
	size_t size, char separator)
{
	enum erg_quantity quantity;
	size_t len = 0;
	double scale;

	for (size_t i = 0; i < n && n == n_units && len < size; i++) {
		const char *unit = bare_unit(units[i]);
		bool known = erg_unit_parse(unit, &quantity, &scale), told = i == 0 && !*unit;

		if (!known && !told)
			return false;
		len += (size_t)snprintf(ret + len, size - len, told ? "%c%s" : "%c%s [%s]",
			i ? separator : ' ', names[i], unit);
	}
	return n == n_units && len < size;
}

const char *erg_import_unit_in(const char *column)
{
	const char *last = strrchr(column, ' ');
	enum erg_quantity quantity;
	size_t len;
	double scale;

	if (!last)
		return unit_behind(column, &len);
	last++;
	for (size_t i = 0; i < ERG_ARRAY_SIZE(endings); i++)
		if (strlen(last) >= WORD_MIN && !strcasecmp(last, endings[i].small))
			return endings[i].unit;
	return strlen(last) > 1 && erg_unit_parse(last, &quantity, &scale) ? last : NULL;
}

bool erg_import_unit_of_cell(const char *text, const char *unit, int *ret_shift)
{
	enum erg_quantity of_cell, of_column;
	double cell, column, digits;

	*ret_shift = 0;
	text += strspn(text, " ");
	if (!*text || !strcmp(text, unit))
		return true;
	if (!erg_unit_parse(text, &of_cell, &cell) || !erg_unit_parse(unit, &of_column, &column) ||
		of_cell != of_column || cell <= 0 || column <= 0)
		return false;
	digits = log10(cell / column);
	*ret_shift = (int)lround(digits);
	return fabs(digits - *ret_shift) < 1e-9; /* Wh are no number of J's digits */
}
