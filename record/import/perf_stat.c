/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `perf stat -I MS -e power/energy-pkg/…`, as text, with -x (any separator) or with -j. A line gives
 * the joules since the line of that event before; the first begins with perf. An interval that was
 * "not counted" is not 0 J: its energy is not known. Events that count no joules are passed over.
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "formats/base/util.h"
#include "formats/lines.h"
#include "record/import/import.h"
#include "record/import/cells.h"

#define DECIMALS 9
#define CELLS_MAX 32
#define BACK_MAX 3 /* lines whose time goes back, as odd ones */

struct perf_log {
	struct erg_import_log *log;
	struct erg_lines *lines;
	char *text; /* the line */
	struct erg_import_kept other, lost, back, totals;
	size_t counted;
	size_t *last; /* row of each channel's last value, counted or not */
	size_t n_last;
	char separator; /* NUL: not known yet */
};

/* One line: when, of what, which part of the machine ("" for all of it), joules. */
struct count {
	int64_t t;
	const char *event, *part, *unit, *value;
};

/* "power/energy-pkg/" of S0 is energy-pkg-S0. */
static void rail_name(const struct count *c, char *ret, size_t size)
{
	const char *slash = strchr(c->event, '/'), *name = slash && slash[1] ? slash + 1 : c->event;

	snprintf(ret, size, "%.*s%s%s", (int)strcspn(name, "/"), name, *c->part ? "-" : "",
		c->part);
}

/* ---- rows ---- */

/* The first row is perf's own begin. */
static int row_at(struct perf_log *p, int64_t t, struct erg_err *err)
{
	int r = 0;

	if (p->log->n == 0)
		r = erg_import_row(p->log, 0, erg_lines_number(p->lines), err);
	if (r == 0 && (p->log->n == 1 || p->log->t[p->log->n - 1] != t))
		r = erg_import_row(p->log, t, erg_lines_number(p->lines), err);
	return r;
}

/* The event's channel; its first interval begins with the row before this one. */
static int channel_of(struct perf_log *p, const struct count *c, struct erg_err *err)
{
	char rail[64];
	size_t *last;
	int i;

	rail_name(c, rail, sizeof(rail));
	i = erg_import_channel(p->log, rail, "J", DECIMALS, err);
	if (i < 0 || (size_t)i < p->n_last)
		return i;
	last = reallocarray(p->last, (size_t)i + 1, sizeof(*last));
	if (!last)
		return erg_fail_errno(err, -ENOMEM, "%s", p->log->path);
	p->last = last;
	p->n_last = (size_t)i + 1;
	last[i] = p->log->n - 2;
	p->log->channels[i].delta = p->log->channels[i].delta_known = true;
	p->log->channels[i].raw[last[i]] = 0;
	return i;
}

static int add_count(struct perf_log *p, const struct count *c, struct erg_err *err)
{
	const char *end = c->value;
	int64_t v = 0;
	int digits, i, r;
	bool counted;

	if (strcmp(c->unit, "Joules")) {
		erg_import_keep(&p->other, erg_lines_number(p->lines), p->text);
		return 0;
	}
	counted = erg_import_scaled(c->value, '.', DECIMALS, &v, &digits, &end) && !*end && v >= 0;
	if (!counted && *c->value != '<') {
		erg_import_foreign(p->log, erg_lines_number(p->lines), p->text);
		return 0;
	}
	if (p->log->n > 0 && c->t < p->log->t[p->log->n - 1]) { /* perf's own clock never does */
		erg_import_keep(&p->back, erg_lines_number(p->lines), p->text);
		erg_import_foreign(p->log, erg_lines_number(p->lines), p->text);
		return p->back.n > BACK_MAX
			? erg_fail(err, -EINVAL,
				  "%s: line %zu: '%s': the time goes back, as in the lines behind it: two "
				  "logs in one file? Import the parts one by one",
				  p->log->path, p->back.line, p->back.text)
			: 0;
	}
	r = row_at(p, c->t, err);
	i = r < 0 ? r : channel_of(p, c, err);
	if (i < 0)
		return i;
	if (p->last[i] == p->log->n - 1)
		return erg_fail(err, -EINVAL,
			"%s: line %zu: a second value of '%s' at %.9g s; a column that "
			"tells the two apart (--per-socket, --per-core) was expected",
			p->log->path, erg_lines_number(p->lines), p->log->channels[i].def.rail,
			(double)c->t * 1e-9);
	if (!counted)
		erg_import_keep(&p->lost, erg_lines_number(p->lines), p->text);
	p->counted += counted;
	p->last[i] = p->log->n - 1;
	p->log->channels[i].raw[p->last[i]] = counted ? v : ERG_IMPORT_MISSING;
	return 0;
}

/* ---- lines ---- */

static const char *text_of(const json_t *line, const char *key)
{
	const char *text = json_string_value(json_object_get(line, key));

	return text ? text : "";
}

/*
 * perf writes the time with a point and other numbers as the locale has them: "1,234.50", "1.234,50",
 * "1 234,50". Of two kinds of marks the last is the decimal point; a comma alone is one too, since joules
 * have two digits behind it.
 */
static void make_plain(char *value)
{
	char *last = strrchr(value, '.'), *comma = strrchr(value, ','), *w = value;

	last = comma > last ? comma : last;
	for (char *p = value; *p; p++)
		if (p == last)
			*w++ = '.';
		else if (!strchr(".,'", *p) && (unsigned char)*p < 0x80)
			*w++ = *p;
	*w = '\0';
}

/* Seconds that fit as nanoseconds. */
static bool is_time(const json_t *t)
{
	return json_is_number(t) && json_number_value(t) >= 0 &&
		json_number_value(t) <= ERG_IMPORT_TIME_MAX * 1e-9;
}

/* -j: an object a line. */
static int take_object(struct perf_log *p, struct erg_err *err)
{
	static const char *const parts[] = {"socket", "die", "core", "cpu", "node", "cache",
		"cluster"};
	json_auto_t *line = json_loads(p->text, 0, NULL);
	const json_t *value = json_object_get(line, "counter-value");
	const json_t *t = json_object_get(line, "interval");
	struct count c = {.event = text_of(line, "event"),
		.part = "",
		.unit = text_of(line, "unit"),
		.value = text_of(line, "counter-value")};
	char number[64];

	if (json_is_number(value)) {
		snprintf(number, sizeof(number), "%.9f", json_number_value(value));
		c.value = number;
	} else if (*c.value != '<') {
		snprintf(number, sizeof(number), "%.60s", c.value);
		make_plain(number);
		c.value = number;
	}
	if (!is_time(t) || !*c.event) {
		if (json_is_string(json_object_get(line, "metric-value")))
			erg_import_keep(&p->other, erg_lines_number(p->lines), p->text);
		else
			erg_import_foreign(p->log, erg_lines_number(p->lines), p->text);
		return 0;
	}
	for (size_t i = 0; i < ERG_ARRAY_SIZE(parts) && !*c.part; i++)
		c.part = text_of(line, parts[i]);
	c.t = (int64_t)(json_number_value(t) * 1e9 + 0.5);
	return add_count(p, &c, err);
}

/* The separator of -x is what follows the time; NUL: the line does not begin with one. */
static char separator_of(const char *text)
{
	const char *s = text + strspn(text, " ");
	const size_t len = strspn(s, "0123456789.");

	s += len;
	if (len == 0 || isalnum((unsigned char)*s))
		return '\0';
	return *s == '\t' || (*s == ' ' && strspn(s, " ") > 1) ? ' ' : *s;
}

static bool is_digits(const char *cell)
{
	return *cell && !cell[strspn(cell, "0123456789")];
}

/* Where the unit is. In a locale with decimal commas, cells that are apart by commas have "50,00" in two,
 * which become one in JOINED. */
static size_t find_unit(char **cells, size_t *n, char separator, char joined[64])
{
	size_t at = 2;

	while (at + 1 < *n && strcmp(cells[at], "Joules"))
		at++;
	if (separator != ',' || at + 1 >= *n || (at != 3 && at != 5) || !is_digits(cells[at - 1]) ||
		!is_digits(cells[at - 2]))
		return at;
	snprintf(joined, 64, "%.30s.%.30s", cells[at - 2], cells[at - 1]);
	cells[at - 2] = joined;
	memmove(cells + at - 1, cells + at, (*n - at) * sizeof(*cells));
	(*n)--;
	return at - 1;
}

/* "30.00 Joules power/energy-pkg/", what a run came to: perf writes such lines without -I, and with it once more in
 * the end, which are left out. "18,50,Joules,…" has a decimal comma. */
static bool is_total(char **cells, size_t n)
{
	return !strcmp(cells[1], "Joules") ||
		(n > 3 && !strcmp(cells[2], "Joules") && is_digits(cells[0]) &&
			is_digits(cells[1]));
}

/* Time, perhaps a part of the machine and how many CPUs it has, value, unit, event. */
static int take_cells(struct perf_log *p, struct erg_err *err)
{
	_cleanup_(erg_freep) char *copy = strdup(p->text);
	struct count c = {.part = ""};
	char *cells[CELLS_MAX], joined[64];
	const char *end;
	size_t n, at;
	int digits;

	if (!copy)
		return erg_fail_errno(err, -ENOMEM, "%s", p->log->path);
	if (!p->separator)
		p->separator = separator_of(copy);
	n = p->separator ? erg_import_cells(copy, p->separator, cells, CELLS_MAX) : 0;
	n = n < CELLS_MAX ? n : CELLS_MAX;
	if (n >= 3 && is_total(cells, n)) {
		erg_import_keep(&p->totals, erg_lines_number(p->lines), p->text);
		return 0;
	}
	if (n < 3 || !erg_import_scaled(cells[0], '.', 9, &c.t, &digits, &end) || *end || c.t < 0) {
		if (strstr(p->text, " Joules "))
			erg_import_keep(&p->totals, erg_lines_number(p->lines), p->text);
		erg_import_foreign(p->log, erg_lines_number(p->lines), p->text);
		return 0;
	}
	if (n == 3) { /* a count without a unit: time, cycles, their name */
		erg_import_keep(&p->other, erg_lines_number(p->lines), p->text);
		return 0;
	}
	at = find_unit(cells, &n, p->separator, joined);
	if (at + 1 >= n || at > 4) {
		erg_import_keep(&p->other, erg_lines_number(p->lines), p->text);
		return 0;
	}
	if (*cells[at - 1] != '<')
		make_plain(cells[at - 1]);
	c.value = cells[at - 1];
	c.unit = cells[at];
	c.event = cells[at + 1];
	c.part = at > 2 ? cells[1] : "";
	return add_count(p, &c, err);
}

static int take_perf_line(struct perf_log *p, struct erg_err *err)
{
	const char *text = p->text + strspn(p->text, " \t");

	if (!*text || *text == '#')
		return 0;
	return *text == '{' ? take_object(p, err) : take_cells(p, err);
}

/* ---- the end ---- */

/* A log whose beginning was cut does not begin with perf: its first joules are of an interval of
 * which only the end is known. */
static void drop_begin(struct erg_import_log *log, json_t *notes)
{
	if (log->n < 3 || log->t[1] - log->t[0] <= 2 * (log->t[2] - log->t[1]))
		return;
	for (size_t i = 0; erg_import_has_row(log, i + 1); i++) {
		log->t[i] = log->t[i + 1];
		log->line[i] = log->line[i + 1];
		for (size_t c = 0; c < log->n_channels; c++)
			log->channels[c].raw[i] = log->channels[c].raw[i + 1];
	}
	log->n--;
	erg_import_note(notes, "begin",
		"%s: line %u: the log begins %.9g s after perf; the energy before "
		"its first line was left out",
		log->path, log->line[0], (double)log->t[0] * 1e-9);
}

/* The package that a core of "-S0-D0-C3" is in: that of "-S0-D0-C0", as --per-core calls it, since it is counted
 * on one core; or the only one that there is. */
static const char *package_of(const struct erg_import_log *log, const char *part)
{
	const char *core = strstr(part, "-C"), *found = NULL;
	const size_t len = core ? (size_t)(core - part) : strlen(part);
	size_t packages = 0;

	for (size_t i = 0; i < log->n_channels; i++) {
		const char *rail = log->channels[i].def.rail;
		const char *of = strncmp(rail, "energy-pkg", 10) ? NULL : rail + 10;

		if (!of)
			continue;
		if (len > 0 && !strncmp(of, part, len) && (!of[len] || of[len] == '-'))
			return rail;
		packages++;
		found = rail;
	}
	return packages == 1 ? found : NULL;
}

static bool has_package(const struct erg_import_log *log)
{
	for (size_t i = 0; i < log->n_channels; i++)
		if (!strncmp(log->channels[i].def.rail, "energy-pkg", 10))
			return true;
	return false;
}

/* "-S0" of "energy-cores-S0", and of what else is within a package; NULL: it is none. AMD's cores are counted one by
 * one, by power_core/energy-core/. */
static const char *part_behind(const char *rail)
{
	static const char *const parts[] = {"energy-cores", "energy-core", "energy-gpu"};

	for (size_t i = 0; i < ERG_ARRAY_SIZE(parts); i++) {
		const char *behind = rail + strlen(parts[i]);

		if (!strncmp(rail, parts[i], strlen(parts[i])) && (!*behind || *behind == '-'))
			return behind;
	}
	return NULL;
}

/* Cores and graphics are in the package, of which there may be several; the platform has all in it. */
static void set_packages(struct erg_import_log *log, json_t *notes)
{
	const char *platform = NULL, *apart = NULL;
	size_t n = 0;

	for (size_t i = 0; i < log->n_channels; i++)
		if (!strncmp(log->channels[i].def.rail, "energy-psys", 11))
			platform = log->channels[i].def.rail;
	for (size_t i = 0; i < log->n_channels; i++) {
		struct erg_channel_def *d = &log->channels[i].def;
		const char *part = part_behind(d->rail), *package;

		if (!part) {
			if (platform && d->rail != platform)
				snprintf(d->parent, sizeof(d->parent), "%s", platform);
			continue;
		}
		package = package_of(log, part);
		if (package) {
			snprintf(d->parent, sizeof(d->parent), "%s", package);
			continue;
		}
		apart = apart ? apart : d->rail;
		n++;
	}
	if (n > 0 && has_package(log))
		erg_import_note(notes, "whole",
			"%s: which package '%s' is in is not told, as of %zu rails: --rail all-roots counts them beside "
			"the packages (--per-core or --per-socket tells it, and so does --sensor NAME:parent=)",
			log->path, apart, n);
}

static int judge_perf(struct perf_log *p, json_t *notes, struct erg_err *err)
{
	if (p->log->n == 0 && p->totals.n)
		return erg_fail(err, -ENODATA,
			"%s: line %zu: '%s': joules of a whole run, without times: perf stat -I MS, which has "
			"them for each interval, was expected",
			p->log->path, p->totals.line, p->totals.text);
	if (p->log->n == 0 && p->other.n > p->log->foreign.n)
		return erg_fail(err, -ENODATA,
			"%s: line %zu: '%s': no event counts Joules; perf stat -I MS -e "
			"power/energy-pkg/ was expected",
			p->log->path, p->other.line, p->other.text);
	if (p->log->n == 0)
		return erg_fail(err, -EINVAL,
			"%s: line %zu: '%s' is no line of perf stat -I, with or without -x "
			"or -j",
			p->log->path, p->log->foreign.n ? p->log->foreign.line : 1,
			p->log->foreign.text);
	if (p->counted == 0)
		return erg_fail(err, -ENODATA,
			"%s: line %zu: '%s': no event that counts Joules was counted, in %zu lines",
			p->log->path, p->lost.line, p->lost.text, p->lost.n);
	if (p->lost.n)
		erg_import_note(notes, "not-counted",
			"%s: line %zu: '%s': %zu values were not counted; their "
			"energy is not known",
			p->log->path, p->lost.line, p->lost.text, p->lost.n);
	return 0;
}

static int read_perf_lines(struct perf_log *p, struct erg_err *err)
{
	int got, r = 0;

	while (r == 0 && (got = erg_lines_next(p->lines, &p->text, err)) != 0) {
		r = got < 0 ? got : 0;
		if (r == 0 && erg_lines_cut(p->lines)) {
			erg_import_foreign(p->log, erg_lines_number(p->lines), p->text);
			break;
		}
		r = r < 0 ? r : take_perf_line(p, err);
	}
	return r;
}

static int read_perf_stat(const char *path, const struct erg_import_how *how,
	struct erg_import_log *ret, json_t *notes, struct erg_err *err)
{
	struct perf_log p = {.log = ret};
	int r;

	ret->path = path;
	ret->foreign_share = 0.5;
	r = erg_lines_open(path, &p.lines, err);
	if (r == 0)
		r = read_perf_lines(&p, err);
	if (r == 0)
		r = judge_perf(&p, notes, err);
	if (r == 0) {
		drop_begin(ret, notes);
		set_packages(ret, notes);
		r = erg_lines_sha256(p.lines, ret->sha256, err);
	}
	erg_lines_free(p.lines);
	free(p.last);
	return r;
}

const struct erg_import_reader erg_import_perf_stat = {
	.name = "perf",
	.about = "perf stat -I MS -e power/energy-pkg/, also with -x or -j",
	.json = true,
	.read = read_perf_stat,
};
