/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * --time, --column and --where: what a person says of a table that no program of ours wrote.
 */
#include <errno.h>
#include <string.h>

#include "formats/base/number.h"
#include "formats/base/util.h"
#include "formats/sensor.h"
#include "record/import/named.h"

static const struct {
	const char *word;
	enum erg_import_time_kind kind;
	enum erg_import_date date;
} kinds[] = {{"s", ERG_TIME_S, ERG_DATE_YEAR_FIRST}, {"ms", ERG_TIME_MS, ERG_DATE_YEAR_FIRST},
	{"us", ERG_TIME_US, ERG_DATE_YEAR_FIRST}, {"ns", ERG_TIME_NS, ERG_DATE_YEAR_FIRST},
	{"iso", ERG_TIME_ISO, ERG_DATE_YEAR_FIRST}, {"mdy", ERG_TIME_ISO, ERG_DATE_MONTH_FIRST},
	{"dmy", ERG_TIME_ISO, ERG_DATE_DAY_FIRST}, {"epoch", ERG_TIME_EPOCH, ERG_DATE_YEAR_FIRST}};

int erg_import_named_time(struct erg_import_named *n, const char *text, struct erg_err *err)
{
	const char *colon = strrchr(text, ':');
	size_t len = strlen(text);

	n->kind = ERG_TIME_GUESS;
	for (size_t i = 0; colon && i < ERG_ARRAY_SIZE(kinds); i++) {
		if (strcmp(colon + 1, kinds[i].word))
			continue;
		n->kind = kinds[i].kind;
		n->date = kinds[i].date;
		len = (size_t)(colon - text);
	}
	if (len == 0)
		return erg_fail(err, -EINVAL,
			"--time: '%s': COLUMN[:s|ms|us|ns|iso|mdy|dmy|epoch] was expected", text);
	free(n->time);
	n->time = strndup(text, len);
	return n->time ? 0 : erg_fail_errno(err, -ENOMEM, "--time");
}

/* "Main power (W)" is rail "Main power". */
static char *rail_of(const char *name)
{
	size_t len = strlen(name);
	char close = len > 0 ? name[len - 1] : '\0';
	const char *open = close == ')' ? strrchr(name, '(')
		: close == ']'          ? strrchr(name, '[')
					: NULL;

	if (open && open > name)
		len = (size_t)(open - name);
	while (len > 0 && name[len - 1] == ' ')
		len--;
	return strndup(name, len);
}

/* "uA*3.7V" is uW at 3.7 V. */
static int take_volts(struct erg_import_named_column *c, const char *text, struct erg_err *err)
{
	char *times = strchr(c->unit, '*');
	size_t len = times ? strlen(times) : 0;

	if (!times)
		return 0;
	if (len < 3 || times[len - 1] != 'V')
		return erg_fail(err, -EINVAL,
			"--column: '%s': a current and a voltage, like uA*3.7V, were "
			"expected",
			text);
	times[len - 1] = '\0';
	*times = '\0';
	if (!erg_number_parse(times + 1, 1e-3, 1e5, &c->volts) || times == c->unit ||
		times[-1] != 'A')
		return erg_fail(err, -EINVAL,
			"--column: '%s': a current and a voltage from 0.001 to 100000 "
			"V, like uA*3.7V, were expected",
			text);
	times[-1] = 'W';
	return 0;
}

int erg_import_named_column(struct erg_import_named *n, const char *text, struct erg_err *err)
{
	const char *equals = strrchr(text, '='), *colon = equals ? strchr(equals, ':') : NULL;
	struct erg_import_named_column *c = reallocarray(n->columns, n->n_columns + 1, sizeof(*c));
	enum erg_quantity quantity;
	double scale;
	int r;

	if (!c)
		return erg_fail_errno(err, -ENOMEM, "--column");
	n->columns = c;
	if (!equals || equals == text || !equals[1] || colon == equals + 1 || (colon && !colon[1]))
		return erg_fail(err, -EINVAL,
			"--column: '%s': NAME=UNIT or NAME=UNIT:RAIL, like "
			"'Main power (W)=W', was expected",
			text);
	c += n->n_columns++;
	*c = (struct erg_import_named_column){.name = strndup(text, (size_t)(equals - text)),
		.unit = colon ? strndup(equals + 1, (size_t)(colon - equals - 1))
			      : strdup(equals + 1)};
	c->rail = colon ? strdup(colon + 1) : c->name ? rail_of(c->name) : NULL;
	if (!c->name || !c->unit || !c->rail)
		return erg_fail_errno(err, -ENOMEM, "--column");
	r = take_volts(c, text, err);
	if (r == 0 && !erg_unit_parse(c->unit, &quantity, &scale))
		return erg_fail(err, -EINVAL,
			"--column: '%s': unit '%s' is not known; one of %s, or a current at a voltage, like "
			"uA*3.7V, was expected",
			text, c->unit, erg_unit_names());
	return r;
}

int erg_import_named_where(struct erg_import_named *n, const char *text, struct erg_err *err)
{
	const char *equals = strchr(text, '=');
	struct erg_import_where *w = reallocarray(n->where, n->n_where + 1, sizeof(*w));

	if (!w)
		return erg_fail_errno(err, -ENOMEM, "--where");
	n->where = w;
	if (!equals || equals == text)
		return erg_fail(err, -EINVAL, "--where: '%s': COLUMN=VALUE was expected", text);
	w += n->n_where++;
	*w = (struct erg_import_where){strndup(text, (size_t)(equals - text)), strdup(equals + 1)};
	return w->name && w->value ? 0 : erg_fail_errno(err, -ENOMEM, "--where");
}

void erg_import_named_release(struct erg_import_named *n)
{
	for (size_t i = 0; i < n->n_columns; i++) {
		free(n->columns[i].name);
		free(n->columns[i].unit);
		free(n->columns[i].rail);
	}
	for (size_t i = 0; i < n->n_where; i++) {
		free(n->where[i].name);
		free(n->where[i].value);
	}
	free(n->columns);
	free(n->where);
	free(n->time);
	*n = (struct erg_import_named){0};
}
