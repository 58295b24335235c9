/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The log of NVIDIA's tegrastats, in every form since the Jetson TX1. A line of it has its memory,
 * "RAM 2274/6834MB"; what else a terminal wrote into the file is counted and told. Behind it is a run
 * of items, recognised each by its own shape, so that new rails and zones need no new code:
 *
 *	NAME@41.5C                  temperature; since JetPack 7.2 NAME@41.5C/41.2C, now/average
 *	NAME 3203/3211              power now/average, mW, since the TX1's L4T 28
 *	NAME 3203mW/3211mW          the same with units, since L4T 32.5; since JetPack 7.2 /greatest
 *	CPU [5%@1734,off,…]         utilisation and frequency of each core, MHz
 *	cpu [0%,0%]@518             the same before L4T 27: one frequency for all
 *	NAME_FREQ 12%@1300          utilisation and frequency of a unit; also "EMC 3%@408", "GR3D 0%@76"
 *	GR3D_FREQ 0%@[305,0]        Orin: a frequency for each cluster
 *	NC 0mW/0mW                  AGX Orin: an input of a monitor that is not connected; there are several
 *
 * An item that looks like power (it has a slash between numbers) and is not understood is counted too:
 * a new syntax must not lose the power in silence. The average column is a running mean since the
 * start and is left out: the archive has better. In front of the items may be a date, "11-14-2023
 * 12:13:14", or a time of day, to the second; spread.c makes times of these. A line may also begin
 * with seconds since the epoch, as ts(1) writes, or with what else a script takes of date(1). Without either the lines are --interval apart, one
 * second by default, which is the tool's own.
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "formats/base/util.h"
#include "formats/lines.h"
#include "record/import/cells.h"
#include "record/import/import.h"

/* Rails that contain the others of their board; of boards without one, what contains which. */
static const char *const total_rails[] = {"VDD_IN", "POM_5V_IN", "VIN", NULL};
static const struct {
	const char *rail, *part;
} wholes[] = {
	{"VIN_SYS_5V0", "VDDQ_VDD2_1V8AO"}, /* AGX Orin: Jetson Linux Developer Guide r36.4.3 */
};

struct line {
	struct erg_import_log *log;
	struct erg_err *err;
	int r;
};

struct state {
	struct erg_import_log *log;
	const struct erg_import_how *how;
	uint64_t interval_ns;
	size_t timed, untimed; /* lines with a time, and without */
	size_t odd_items, odd_line;
	char odd[64];
	struct erg_import_kept before; /* what stands in front of the items and is no time */
};

static void set(struct line *l, const char *rail, const char *unit, int decimals, int64_t v)
{
	int i;

	if (l->r < 0)
		return;
	i = erg_import_channel(l->log, rail, unit, decimals, l->err);
	if (i < 0)
		l->r = i;
	else
		l->r = erg_import_put(l->log, (size_t)i, v, l->err);
}

/* "5%@1734" or "off"; the frequency may be missing. */
static void take_load(struct line *l, const char *name, const char *text)
{
	int64_t v;

	if (!erg_import_decimal(text, 0, &v, &text) || *text != '%')
		return;
	set(l, name, "%", 0, v);
	if (text[1] != '@')
		return;
	text += 2 + (text[2] == '[');
	if (erg_import_decimal(text, 0, &v, &text))
		set(l, name, "MHz", 0, v);
}

/* "[5%@1734,off]" or "[0%,0%]@518" */
static void take_cores(struct line *l, char *text)
{
	char *close = strchr(text, ']'), *save = NULL;
	int core = 0;
	int64_t all = -1;
	const char *end;

	if (!close)
		return;
	*close = '\0';
	if (close[1] == '@' && !erg_import_decimal(close + 2, 0, &all, &end))
		all = -1;
	for (char *p = strtok_r(text + 1, ",", &save); p; p = strtok_r(NULL, ",", &save), core++) {
		char name[16];

		snprintf(name, sizeof(name), "cpu%d", core);
		take_load(l, name, p);
		if (all >= 0 && strcmp(p, "off"))
			set(l, name, "MHz", 0, all);
	}
}

/* "3203/3211", "3203mW/3211mW" and "3203mW/3211mW/3300mW", and "3203mW" alone, as tools that write like it
 * have it; memory ("1766/3964MB") is told by its unit. */
static bool take_power(struct line *l, const char *name, const char *text)
{
	int64_t now, other;
	bool unit;

	if (!erg_import_decimal(text, 0, &now, &text))
		return false;
	unit = !strncmp(text, "mW", 2);
	text += unit ? 2 : 0;
	for (int n = 0; n < 2 && ((n == 0 && !unit) || *text); n++) {
		if (*text++ != '/' || !erg_import_decimal(text, 0, &other, &text))
			return false;
		text += strncmp(text, "mW", 2) ? 0 : 2;
	}
	if (*text)
		return false;
	set(l, name, "mW", 0, now);
	return true;
}

/* "gpu@45C" and "gpu@45C/34.8C" */
static bool take_temperature(struct line *l, char *word)
{
	char *at = strchr(word, '@');
	const char *end;
	int64_t v, average;

	if (!at || at == word || !erg_import_decimal(at + 1, 3, &v, &end) || *end != 'C')
		return false;
	if (end[1] &&
		(end[1] != '/' || !erg_import_decimal(end + 2, 3, &average, &end) ||
			strcmp(end, "C")))
		return false;
	*at = '\0';
	/* A zone that is off reads -256 °C. */
	if (v > -256000)
		set(l, word, "degC", 3, v);
	return true;
}

/* What may be power in a syntax that is new: numbers with a slash between, but no memory. */
static bool is_odd(const char *word)
{
	const char *slash = strchr(word, '/');

	return slash && isdigit((unsigned char)*word) && !strchr(word, '(') && !strchr(word, ')') &&
		!strstr(word, "MB") && !strstr(word, "kB") && !strstr(word, "GB");
}

static bool is_load(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	return digits > 0 && text[digits] == '%';
}

static bool is_name(const char *word)
{
	return isalpha((unsigned char)*word) &&
		word[strspn(word,
			"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.")] ==
		'\0';
}

static void note_odd(struct state *s, const char *name, const char *word, size_t line)
{
	if (s->odd_items++ > 0)
		return;
	s->odd_line = line;
	snprintf(s->odd, sizeof(s->odd), "%.24s %.38s", name, word);
}

/* Of inputs that are not connected each is a rail of its own, NC, NC.2, …, in the order of the line. */
static void number_unconnected(char name[static 64], int *seen)
{
	if (!strcmp(name, "NC") && ++*seen > 1)
		snprintf(name, 64, "NC.%d", *seen);
}

static void take_items(struct state *s, struct line *l, char *text, size_t line)
{
	char *save = NULL, name[64] = "";
	int unconnected = 0;

	for (char *w = strtok_r(text, " \t\r\n", &save); w; w = strtok_r(NULL, " \t\r\n", &save)) {
		if (*w == '[' && !strcasecmp(name, "cpu"))
			take_cores(l, w);
		else if (*name && is_load(w))
			take_load(l, name, w);
		else if (*name && take_power(l, name, w))
			;
		else if (take_temperature(l, w))
			;
		else if (is_name(w)) {
			snprintf(name, sizeof(name), "%s", w);
			number_unconnected(name, &unconnected);
			continue;
		} else if (is_odd(w)) {
			note_odd(s, name, w, line);
		}
		name[0] = '\0';
	}
}

/* ---- times ---- */

/* ts(1) writes "Mar 05 10:20:30", a day without a year: the time of day counts on at midnight. */
static const char *behind_month(const char *text)
{
	if (erg_import_month(text) && text[3] == ' ') {
		const char *day = text + 3 + strspn(text + 3, " ");
		size_t digits = strspn(day, "0123456789");

		return digits && day[digits] == ' ' ? day + digits + 1 : text;
	}
	return text;
}

/* 1: *ret is the line's time; 0: it has none; -errno. */
static int take_time(struct state *s, const char *text, int64_t *ret, struct erg_err *err)
{
	const char *end;
	int r;

	text = behind_month(text + strspn(text, " \t["));
	r = erg_import_when(s->log, s->how, text, ERG_DATE_MONTH_FIRST, ret, &end, err);
	if (r == 0)
		r = erg_import_when(s->log, s->how, text, ERG_DATE_YEAR_FIRST, ret, &end, err);
	if (r == 0)
		r = erg_import_time_of_day(s->log, text, ret, &end);
	if (r == 0 && erg_import_epoch(s->log, text, ret, &end))
		r = 1;
	if (r == 0 && isdigit((unsigned char)*text) && erg_import_decimal(text, 9, ret, &end)) {
		s->log->clock = ERG_CLOCK_NUMBERS;
		r = 1;
	}
	return r > 0 && !strchr(" \t:],;|", *end) ? 0 : r;
}

/* The power of RAIL, or NULL. */
static struct erg_channel_def *power_of_rail(const struct erg_import_log *log, const char *rail)
{
	int i = erg_import_find_channel(log, rail, ERG_Q_POWER);

	return i < 0 ? NULL : &log->channels[i].def;
}

static void set_parents(struct erg_import_log *log)
{
	const char *total = NULL;

	for (size_t i = 0; i < ERG_ARRAY_SIZE(wholes); i++) {
		struct erg_channel_def *part = power_of_rail(log, wholes[i].part);

		if (part && power_of_rail(log, wholes[i].rail))
			snprintf(part->parent, sizeof(part->parent), "%s", wholes[i].rail);
	}
	for (size_t k = 0; total_rails[k] && !total; k++)
		total = power_of_rail(log, total_rails[k]) ? total_rails[k] : NULL;
	for (size_t i = 0; total && i < log->n_channels; i++) {
		struct erg_channel_def *d = &log->channels[i].def;

		if (d->quantity == ERG_Q_POWER && strcmp(d->rail, total))
			snprintf(d->parent, sizeof(d->parent), "%s", total);
	}
}

/* Where the items begin, or NULL: "RAM 2274/6834MB" is in every line of the tool. */
static char *find_items(char *text)
{
	char *ram = strstr(text, "RAM ");
	int used, total, n = 0;

	return ram && (ram == text || isspace((unsigned char)ram[-1]) || strchr(":,;|", ram[-1])) &&
			sscanf(ram, "RAM %d/%dMB%n", &used, &total, &n) == 2 && n > 0
		? ram
		: NULL;
}

/* A line that was cut shows the rails in front of the cut, of which the last may have lost digits. */
static void cut_last_item(char *text)
{
	char *blank = strrchr(text, ' ');

	if (blank)
		*blank = '\0';
}

static int take_line(struct state *s, char *text, size_t number, bool cut, struct erg_err *err)
{
	struct line l = {.log = s->log, .err = err};
	char *items = find_items(text), kept[sizeof(s->log->foreign.text)];
	int64_t t = (int64_t)(s->log->n * s->interval_ns);
	int r;

	if (!items) {
		erg_import_foreign(s->log, number, text);
		return 0;
	}
	if (cut)
		cut_last_item(items);
	r = take_time(s, text, &t, err);
	if (r < 0)
		return r;
	s->timed += r == 1;
	s->untimed += r == 0;
	s->log->spaced |= r == 0;
	if (r == 0 && text + strspn(text, " \t") < items)
		erg_import_keep(&s->before, number, text);
	if (s->timed > 0 &&
		s->untimed > 0) { /* half a line, or one without the time of the others */
		s->untimed = 0;
		erg_import_foreign(s->log, number, text);
		return s->timed == 1 && s->log->n > 0 ? erg_fail(err, -EINVAL,
								"%s: line %zu: has a time, and "
								"the lines before have none",
								s->log->path, number)
						      : 0;
	}
	r = erg_import_row(s->log, t, number, err);
	if (r < 0)
		return r;
	snprintf(kept, sizeof(kept), "%s", text);
	take_items(s, &l, items, number);
	if (l.r == -EINVAL) { /* an item twice: two lines that run into each other */
		s->log->n--;
		erg_import_foreign(s->log, number, kept);
		return 0;
	}
	s->log->n -= !erg_import_has_reading(s->log);
	return l.r;
}

static int finish(struct state *s, json_t *notes, struct erg_err *err)
{
	struct erg_import_log *log = s->log;

	if (s->odd_items)
		erg_import_note(notes, "unknown",
			"%s: line %zu: '%s' is not understood; %zu such items were "
			"left out",
			log->path, s->odd_line, s->odd, s->odd_items);
	if (s->timed > 0)
		return erg_import_spread(log, s->how, notes, err);
	log->clock = ERG_CLOCK_NONE;
	if (s->before.n)
		erg_import_note(notes, "unknown",
			"%s: line %zu: what is before RAM in '%.40s' is not understood as a time, in %zu "
			"lines",
			log->path, s->before.line, s->before.text, s->before.n);
	erg_import_note(notes, "times",
		"%s: the lines have no times; they were taken to be "
		"%.6g s apart%s",
		log->path, (double)s->interval_ns * 1e-9,
		s->how->interval_ns ? "" : " (the tool's default; --interval says otherwise)");
	return 0;
}

static int read_tegrastats(const char *path, const struct erg_import_how *how,
	struct erg_import_log *ret, json_t *notes, struct erg_err *err)
{
	struct state s = {.log = ret,
		.how = how,
		.interval_ns = how->interval_ns ? how->interval_ns : ERG_NSEC_PER_SEC};
	_cleanup_(erg_lines_freep) struct erg_lines *lines = NULL;
	char *text;
	int r = erg_lines_open(path, &lines, err);

	if (r < 0)
		return r;
	ret->path = path;
	ret->sampled = true;      /* the INA3221's conversion, of milliseconds */
	ret->foreign_share = 0.5; /* a line is known by itself, so others do no harm */
	while ((r = erg_lines_next(lines, &text, err)) > 0) {
		r = take_line(&s, text, erg_lines_number(lines), erg_lines_cut(lines), err);
		if (r < 0)
			return r;
	}
	if (r == 0)
		r = erg_lines_sha256(lines, ret->sha256, err);
	if (r < 0)
		return r;
	if (ret->n == 0)
		return erg_fail(err, -EINVAL, "%s: no line of tegrastats in %zu lines", path,
			erg_lines_number(lines));
	r = finish(&s, notes, err);
	set_parents(ret);
	return r;
}

const struct erg_import_reader erg_import_tegrastats = {
	.name = "tegrastats",
	.about = "NVIDIA Jetson, all forms since the TX1",
	.read = read_tegrastats,
};
