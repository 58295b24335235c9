/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A loop of `ipmitool dcmi power reading`, `ipmitool sdr` or `ipmitool sensor`. The time is that of a
 * line of its own before the reading (date, date +%s, a date in ISO 8601), else the BMC's IPMI
 * timestamp, else rows are --interval apart. A sensor that comes again begins the next row.
 */
#include <errno.h>
#include <string.h>

#include "formats/base/util.h"
#include "formats/lines.h"
#include "record/import/cells.h"
#include "record/import/import.h"

#define DECIMALS 3
#define CELLS_MAX 16
#define DCMI "Instantaneous power reading:"
#define STAMP "IPMI timestamp:"
#define STATE "Power reading state is:"

struct ipmi_log {
	struct erg_import_log *log;
	const struct erg_import_how *how;
	struct erg_lines *lines;
	int64_t t;
	bool told, used; /* a line told the time; it has a row */
	bool own, bmc;   /* times are of lines of their own, or of the BMC */
	size_t polls;
	struct erg_import_kept idle;   /* readings of a BMC that does not measure */
	struct erg_import_kept limits; /* what is none by its name */
};

/* ---- times ---- */

/* 1: all of TEXT is a time. */
static int ipmi_time(struct ipmi_log *p, const char *text, int64_t *ret, struct erg_err *err)
{
	const char *end;
	char iso[64];
	int r;

	if (erg_import_epoch(p->log, text, ret, &end) && !*end)
		return 1;
	if (erg_import_unix_date(text, iso, sizeof(iso)))
		return erg_import_when(p->log, p->how, iso, ERG_DATE_YEAR_FIRST, ret, &end, err);
	r = erg_import_when(p->log, p->how, text, ERG_DATE_MONTH_FIRST, ret, &end, err);
	if (r == 0)
		r = erg_import_time_of_day(p->log, text, ret, &end);
	return r > 0 && *end ? 0 : r;
}

/* ---- readings ---- */

static bool has_reading(const struct erg_import_log *log, const char *rail)
{
	for (size_t i = 0; i < log->n_channels; i++)
		if (!strcmp(log->channels[i].def.rail, rail) &&
			log->channels[i].raw[log->n - 1] != ERG_IMPORT_MISSING)
			return true;
	return false;
}

static int ipmi_put(struct ipmi_log *p, const char *rail, const char *unit, int64_t v,
	struct erg_err *err)
{
	struct erg_import_log *log = p->log;
	bool fresh = log->n == 0 || (p->told && !p->used) || has_reading(log, rail);
	int i, r = 0;

	if (fresh) {
		p->polls++;
		p->used = true;
		log->spaced |= !p->told;
		r = erg_import_row(log,
			p->told ? p->t : (int64_t)((p->polls - 1) * p->how->interval_ns),
			erg_lines_number(p->lines), err);
	}
	i = r < 0 ? r : erg_import_channel(log, rail, unit, DECIMALS, err);
	r = i < 0 ? i : erg_import_put(log, (size_t)i, v, err);
	return r < 0 ? r : 1;
}

/* "Instantaneous power reading:   220 Watts" */
static int ipmi_dcmi(struct ipmi_log *p, const char *text, struct erg_err *err)
{
	const char *end;
	int64_t v;
	int digits;

	text += strlen(DCMI);
	text += strspn(text, " \t");
	if (!erg_import_scaled(text, '.', DECIMALS, &v, &digits, &end))
		return 0;
	end += strspn(end, " ");
	return strncmp(end, "Watt", 4) ? 0 : ipmi_put(p, "system", "W", v, err);
}

/* "Power reading state is: deactivated": what was read is no power of now. */
static void ipmi_state(struct ipmi_log *p, const char *text)
{
	struct erg_import_log *log = p->log;

	if (log->n == 0 || !strstr(text, "deactivated"))
		return;
	for (size_t i = 0; i < log->n_channels; i++) {
		int64_t *raw = &log->channels[i].raw[log->n - 1];

		if (strcmp(log->channels[i].def.rail, "system") || *raw == ERG_IMPORT_MISSING)
			continue;
		erg_import_keep(&p->idle, log->line[log->n - 1], text);
		*raw = ERG_IMPORT_MISSING;
	}
}

/* Of any case, and perhaps with the sensor's state behind it: "100 Watts, Device Enabled". */
static bool is_unit(const char *text, const char *unit)
{
	const size_t len = strlen(unit);

	return !strncasecmp(text, unit, len) && (!text[len] || text[len] == ',');
}

/* "PS1 Input Power | 120 Watts | ok" of sdr, "PS1 Input Power | 120.000 | Watts | ok | na" of sensor. */
static int ipmi_sensor(struct ipmi_log *p, char *text, struct erg_err *err)
{
	char *cells[CELLS_MAX];
	size_t n = erg_lines_split(text, '|', cells, CELLS_MAX), value = 1;
	const char *end, *unit;
	int64_t v;
	int digits;

	if (n < 3 || n > CELLS_MAX)
		return 0;
	if (n == 5 &&
		!strncmp(cells[4], "no reading",
			10)) /* sdr elist: name, id, state, entity, value */
		return 1;
	value = n == 5 ? 4 : 1;
	if (!erg_import_scaled(cells[value], '.', DECIMALS, &v, &digits, &end))
		return 1; /* no reading, disabled, a state in hexadecimal */
	end += strspn(end, " ");
	unit = *end ? end : n > 5 ? cells[2] : "";
	if ((is_unit(unit, "Watts") || is_unit(unit, "W")) &&
		(erg_import_says_limit(cells[0]) || erg_import_says_extreme(cells[0]))) {
		erg_import_keep(&p->limits, erg_lines_number(p->lines), cells[0]);
		return 1;
	}
	if (is_unit(unit, "Watts") || is_unit(unit, "W"))
		return ipmi_put(p, cells[0], "W", v, err);
	if (is_unit(unit, "degrees C"))
		return ipmi_put(p, cells[0], "degC", v, err);
	return 1; /* volts, fans */
}

/* ---- lines ---- */

/* Readings in front of the first line that tells a time, of a log whose begin was cut. */
static void drop_untimed(struct ipmi_log *p)
{
	for (size_t i = 0; i < p->log->n; i++)
		erg_import_foreign(p->log, p->log->line[i], "(a reading before the first time)");
	p->log->n = 0;
}

static int take_ipmi_time(struct ipmi_log *p, const char *text, bool bmc, struct erg_err *err)
{
	int64_t t;
	int r;

	if (bmc && p->own)
		return 1;
	r = ipmi_time(p, text, &t, err);
	if (r <= 0)
		return r;
	if (!bmc && !p->own && !p->bmc && p->how->interval_ns == 0)
		drop_untimed(p);
	p->own |= !bmc;
	p->bmc |= bmc;
	p->told = true;
	if (bmc && p->log->n > 0) { /* it stands below its reading */
		p->log->t[p->log->n - 1] = t;
		p->used = false;
	} else {
		p->t = t;
		p->used = false;
	}
	return 1;
}

/* Some versions end the line without a line's end where the clock has a zone. */
static int take_stamp(struct ipmi_log *p, char *text, struct erg_err *err)
{
	char *behind = strstr(text, "Sampling period:");

	text += strspn(text, " \t");
	if (behind) {
		while (behind > text && strchr(" \t", behind[-1]))
			behind--;
		*behind = '\0';
	}
	return take_ipmi_time(p, text, true, err);
}

/* "1715000000 Instantaneous power reading: …", as a script writes that has the time on the same line;
 * *text becomes what is behind the time. */
static int take_time_before(struct ipmi_log *p, char **text, struct erg_err *err)
{
	char *reading = strstr(*text, DCMI), *end;
	size_t len;
	int r = 0;

	if (!reading && strchr(*text, '|')) { /* a sensor, whose name may have any words */
		const size_t digits = strspn(*text, "0123456789.");
		const char *behind = *text + digits;
		int64_t t;

		if (erg_import_time(*text, ERG_DATE_YEAR_FIRST, &t, &behind) || digits >= 10)
			reading = *text + (behind - *text) + strspn(behind, " \t,;|");
	}
	if (!reading || reading == *text)
		return 0;
	for (end = reading; end > *text && strchr(" \t,;:|", end[-1]); end--)
		;
	len = (size_t)(end - *text);
	if (len > 0 && len < 64) {
		char time[64];

		snprintf(time, sizeof(time), "%.*s", (int)len, *text);
		r = take_ipmi_time(p, time, false, err);
	}
	if (r > 0)
		*text = reading;
	return r < 0 ? r : 0;
}

static int take_ipmi_line(struct ipmi_log *p, char *text, struct erg_err *err)
{
	static const char *const known[] = {"Minimum during", "Maximum during",
		"Average power reading", "Sampling period"};
	_cleanup_(erg_freep) char *copy = strdup(text);
	char *s = text + strspn(text, " \t");
	int r = 0;

	if (!copy)
		return erg_fail_errno(err, -ENOMEM, "%s", p->log->path);
	for (size_t i = 0; i < ERG_ARRAY_SIZE(known); i++)
		if (!strncmp(s, known[i], strlen(known[i])))
			return 0;
	if (!strncmp(s, STATE, strlen(STATE))) {
		ipmi_state(p, s);
		return 0;
	}
	if (!erg_lines_cut(p->lines)) {
		r = take_time_before(p, &s, err);
		if (r < 0)
			return r;
	}
	if (erg_lines_cut(p->lines))
		r = 0;
	else if (!strncmp(s, DCMI, strlen(DCMI)))
		r = ipmi_dcmi(p, s, err);
	else if (!strncmp(s, STAMP, strlen(STAMP)))
		r = take_stamp(p, s + strlen(STAMP), err);
	else if (strchr(s, '|'))
		r = ipmi_sensor(p, s, err);
	else
		r = take_ipmi_time(p, s, false, err);
	if (r == 0)
		erg_import_foreign(p->log, erg_lines_number(p->lines), copy);
	return r < 0 ? r : 0;
}

/* Whether a sensor's name has one of the words that say the whole, of which the blanks may be anything. */
static bool says_whole(const char *rail)
{
	static const char *const words[] = {"system", "sys power", "sys pwr", "consumption",
		"total", "power meter", "power usage", "chassis"};
	char name[64];
	size_t n = 0;

	for (; rail[n] && n + 1 < sizeof(name); n++)
		name[n] = rail[n] == '_' || rail[n] == '-' ? ' ' : rail[n];
	name[n] = '\0';
	for (size_t w = 0; w < ERG_ARRAY_SIZE(words); w++)
		if (strcasestr(name, words[w]))
			return true;
	return false;
}

/* Supplies and parts are within what the whole system takes, where one sensor says that by its name; else what a
 * supply gives is within what it takes. */
static void set_whole(struct erg_import_log *log, json_t *notes)
{
	const char *whole = NULL, *other = NULL;
	size_t found = 0, parts = 0;

	log->unknown = true; /* every maker of boards calls them otherwise */
	for (size_t i = 0; i < log->n_channels; i++) {
		const struct erg_channel_def *d = &log->channels[i].def;

		if (d->quantity != ERG_Q_POWER || !says_whole(d->rail))
			continue;
		other = whole;
		whole = d->rail;
		found++;
	}
	for (size_t i = 0; found == 1 && i < log->n_channels; i++) {
		struct erg_channel_def *d = &log->channels[i].def;

		if (d->quantity != ERG_Q_POWER || d->rail == whole)
			continue;
		snprintf(d->parent, sizeof(d->parent), "%s", whole);
		parts++;
	}
	if (found > 1)
		erg_import_note(notes, "whole",
			"%s: %zu powers are of all there is by their names, like '%s' and '%s': none was taken to be within "
			"another; --rail all-roots counts all of them (--sensor NAME:parent= says what is)",
			log->path, found, other, whole);
	else if (found == 0)
		parts = erg_import_set_outputs(log, &whole);
	if (parts)
		erg_import_note(notes, "whole",
			"%s: %s%zu powers were taken to be within %s'%s', by %s (--sensor "
			"NAME:parent= says otherwise)",
			log->path, found ? "the other " : "", parts, found ? "" : "others, like ",
			whole, found ? "its name" : "their names");
}

static int read_ipmi(const char *path, const struct erg_import_how *how, struct erg_import_log *ret,
	json_t *notes, struct erg_err *err)
{
	struct ipmi_log p = {.log = ret, .how = how};
	char *text;
	int r, got = 0;

	ret->path = path;
	ret->foreign_share = 0.5;
	ret->clock = ERG_CLOCK_NONE;
	r = erg_lines_open(path, &p.lines, err);
	while (r == 0 && (got = erg_lines_next(p.lines, &text, err)) > 0)
		r = take_ipmi_line(&p, text, err);
	r = r == 0 && got < 0 ? got : r;
	if (r == 0 && ret->n == 0)
		r = erg_fail(err, -EINVAL,
			"%s: no 'Instantaneous power reading' and no sensor in Watts; what ipmitool "
			"dcmi power reading, sdr or sensor prints was expected",
			path);
	if (r == 0 && !p.own && !p.bmc && how->interval_ns == 0)
		r = erg_fail(err, -EINVAL,
			"%s: nothing tells the time of a reading: --interval, or a line of date +%%s "
			"before each, was expected",
			path);
	if (r == 0 && p.idle.n == p.polls && p.polls)
		r = erg_fail(err, -ENODATA,
			"%s: line %zu: the BMC measures no power, in any of %zu readings: "
			"'Power reading state is: activated' was expected below them",
			path, p.idle.line, p.idle.n);
	if (r == 0 && p.idle.n)
		erg_import_note(notes, "deactivated",
			"%s: line %zu: the BMC did not measure when it was asked ('%.60s'): %zu readings were "
			"left out",
			path, p.idle.line, p.idle.text, p.idle.n);
	if (r == 0 && p.limits.n)
		erg_import_note(notes, "limit",
			"%s: line %zu: '%s' is a limit or an extreme by its name, and no reading: %zu such lines were left "
			"out",
			path, p.limits.line, p.limits.text, p.limits.n);
	if (r == 0)
		set_whole(ret, notes);
	if (r == 0)
		r = erg_lines_sha256(p.lines, ret->sha256, err);
	erg_lines_free(p.lines);
	return r;
}

const struct erg_import_reader erg_import_ipmi = {
	.name = "ipmi",
	.about = "ipmitool dcmi power reading, sdr or sensor, in a loop",
	.read = read_ipmi,
};
