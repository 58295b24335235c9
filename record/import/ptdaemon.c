/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The log of SPEC's PTDaemon, as MLPerf Power submissions keep it (spl.txt). A line is a list of
 * names and values:
 *
 *	Time,11-14-2023 12:13:14.123,Watts,56.700000,Volts,229.9,Amps,0.261,PF,0.945,Mark,NAME
 *
 * Watts are the mean over the analyzer's update interval, as a rule one second; a negative number
 * is the daemon's for "not measured". Marks become phases. With several channels the names repeat
 * with a number behind them (Ch1Watts or Watts1); each is a rail.
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "formats/base/util.h"
#include "record/import/import.h"

#define DECIMALS 6

static const struct item {
	const char *name, *unit;
} items[] = {{"Watts", "W"}, {"Volts", "V"}, {"Amps", "A"}, {"Temperature", "degC"},
	{"Temp", "degC"}};

/* "Watts" is meter; "Ch2Watts" and "Watts2" are meter.2. False for what is not kept. */
static bool classify(const char *name, char rail[32], const char **ret_unit)
{
	int channel = 0, used = 0;

	if (sscanf(name, "Ch%d%n", &channel, &used) == 1)
		name += used;
	for (size_t i = 0; i < ERG_ARRAY_SIZE(items); i++) {
		size_t len = strlen(items[i].name);

		if (strncasecmp(name, items[i].name, len) ||
			name[len + strspn(name + len, "0123456789")])
			continue;
		if (name[len])
			channel = atoi(name + len);
		*ret_unit = items[i].unit;
		if (channel)
			snprintf(rail, 32, "meter.%d", channel);
		else
			snprintf(rail, 32, "meter");
		return true;
	}
	return false;
}

static int set_value(struct erg_import_log *log, const char *name, const char *value, size_t line,
	struct erg_err *err)
{
	const char *unit, *end;
	char rail[32];
	int64_t v;
	int i;

	if (!classify(name, rail, &unit))
		return 0;
	if (!erg_import_decimal(value, DECIMALS, &v, &end) || *end)
		return erg_fail(err, -EINVAL, "%s: line %zu: %s is '%.40s': a number was expected",
			log->path, line, name, value);
	i = erg_import_channel(log, rail, unit, DECIMALS, err);
	if (i < 0)
		return i;
	if (v >= 0 || !strcmp(unit, "degC"))
		log->channels[i].raw[log->n - 1] = v;
	return 0;
}

static bool is_no_mark(const char *mark)
{
	return !*mark || !strcasecmp(mark, "notset") || !strcasecmp(mark, "none");
}

/* One line; what does not begin with Time is the daemon's own talk. */
static int take_line(struct erg_import_log *log, char *text, size_t line, struct erg_err *err)
{
	char *save = NULL, *name, *value;
	const char *end, *mark = NULL;
	int64_t t;
	int r;

	text[strcspn(text, "\r\n")] = '\0';
	name = strtok_r(text, ",", &save);
	value = strtok_r(NULL, ",", &save);
	if (!name || strcmp(name, "Time") || !value)
		return 0;
	if (!erg_import_time(value, true, &t, &end))
		return erg_fail(err, -EINVAL, "%s: line %zu: '%.40s': a time like "
			"'11-14-2023 12:13:14.123' was expected", log->path, line, value);
	r = erg_import_row(log, t, line, err);
	while (r == 0 && (name = strtok_r(NULL, ",", &save))) {
		value = strtok_r(NULL, ",", &save);
		if (!strcmp(name, "Mark"))
			mark = value;
		else if (value)
			r = set_value(log, name, value, line, err);
	}
	if (r == 0 && mark && !is_no_mark(mark) && erg_import_phase(log, mark, t) < 0)
		r = erg_fail_errno(err, -ENOMEM, "%s", log->path);
	return r;
}

static int read_ptdaemon(const char *path, const struct erg_import_how *how, struct erg_import_log *ret,
	json_t *notes, struct erg_err *err)
{
	_cleanup_(erg_fclosep) FILE *f = fopen(path, "re");
	_cleanup_(erg_freep) char *text = NULL;
	size_t alloc = 0, line = 0;
	int r = 0;

	if (!f)
		return erg_fail_errno(err, -errno, "%s", path);
	ret->path = path;
	while (r == 0 && getline(&text, &alloc, f) >= 0)
		r = take_line(ret, text, ++line, err);
	if (r == 0 && ret->n == 0)
		return erg_fail(err, -EINVAL, "%s: no line 'Time,…,Watts,…' of PTDaemon in %zu lines",
			path, line);
	return r;
}

const struct erg_import_reader erg_import_ptdaemon = {
	.name = "ptdaemon",
	.about = "SPEC PTDaemon, as in MLPerf Power submissions",
	.read = read_ptdaemon,
};
