/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The log of SPEC's PTDaemon, as MLPerf Power submissions keep it (spl.txt). A line is a list of
 * names and values:
 *
 *	Time,11-14-2023 12:13:14.123,Watts,56.700000,Volts,229.9,Amps,0.261,PF,0.945,Mark,NAME
 *
 * Watts are the mean over the analyzer's update interval, as a rule one second; a negative number
 * is the daemon's for "not measured". Marks become phases. With several channels or analyzers the
 * first Watts are the sum of all, and each follows behind its name (Ch1,Watts,…  Analyzer2,Time,…,
 * Watts,…), or has a number in its names (Ch1Watts, Watts1); each is a rail below the sum. An analyzer
 * has its own time, a part of a second before the line's: that is its lag.
 */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <string.h>

#include "formats/base/util.h"
#include "formats/lines.h"
#include "record/import/cells.h"
#include "record/import/import.h"

#define DECIMALS 6
#define CONTEXTS_MAX 32
#define SUM_TOLERANCE 0.02 /* between the first Watts and the sum of the channels' */

static const struct item {
	const char *name, *unit;
} items[] = {{"Watts", "W"}, {"Volts", "V"}, {"Amps", "A"}, {"Temperature", "degC"},
	{"Temp", "degC"}};

/* A channel or analyzer that has times of its own. */
struct context {
	char rail[32];
	double n, late, squares; /* of its time before the line's, ns */
};

struct state {
	struct erg_import_log *log;
	const struct erg_import_how *how;
	struct context contexts[CONTEXTS_MAX];
	size_t n_contexts, line;
	bool complete;                 /* this line had its Mark, which comes last */
	struct erg_import_kept unread; /* Watts that were not measured */
};

/* "Watts" is meter; "Ch2Watts" and "Watts2" are meter.2. False for what is not kept. */
static bool classify_column(const char *name, const char *context, char rail[32],
	const char **ret_unit)
{
	int channel = 0, used = 0;

	if (sscanf(name, "Ch%4d%n", &channel, &used) == 1)
		name += used;
	for (size_t i = 0; i < ERG_ARRAY_SIZE(items); i++) {
		size_t len = strlen(items[i].name);

		if (strncasecmp(name, items[i].name, len) ||
			name[len + strspn(name + len, "0123456789")] || strlen(name + len) > 4)
			continue;
		if (name[len])
			channel = atoi(name + len);
		*ret_unit = items[i].unit;
		if (*context)
			snprintf(rail, 32, "%s", context);
		else if (channel)
			snprintf(rail, 32, "meter.%d", channel);
		else
			snprintf(rail, 32, "meter");
		return true;
	}
	return false;
}

/* "Ch1" and "Analyzer2", which stand alone in front of their values: meter.1, meter.analyzer2. */
static bool is_context(const char *name, char rail[32])
{
	size_t letters = strcspn(name, "0123456789"), digits = strspn(name + letters, "0123456789");

	if (letters < 2 || letters > 12 || digits == 0 || digits > 4 || name[letters + digits])
		return false;
	for (size_t i = 0; i < letters; i++)
		if (!isalpha((unsigned char)name[i]))
			return false;
	for (size_t i = 0; i < ERG_ARRAY_SIZE(items); i++)
		if (!strncasecmp(name, items[i].name, letters) && !items[i].name[letters])
			return false;
	if (!strncmp(name, "Ch", 2) && letters == 2) {
		snprintf(rail, 32, "meter.%s", name + 2);
		return true;
	}
	snprintf(rail, 32, "meter.%s", name);
	for (char *p = rail; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	return true;
}

static void take_own_time(struct state *s, const char *rail, int64_t line_t, const char *value)
{
	struct context *c = NULL;
	const char *end;
	double late;
	int64_t t;

	if (!erg_import_time(value, ERG_DATE_MONTH_FIRST, &t, &end))
		return;
	for (size_t i = 0; i < s->n_contexts && !c; i++)
		c = strcmp(s->contexts[i].rail, rail) ? NULL : &s->contexts[i];
	if (!c && s->n_contexts == CONTEXTS_MAX)
		return;
	if (!c) {
		c = &s->contexts[s->n_contexts++];
		*c = (struct context){0};
		snprintf(c->rail, sizeof(c->rail), "%s", rail);
	}
	late = (double)(line_t - t);
	c->n++;
	c->late += late;
	c->squares += late * late;
}

/* 1; 0: no number; or an error. */
static int set_value(struct state *s, const char *context, const char *name, const char *value,
	struct erg_err *err)
{
	const char *unit, *end;
	char rail[32];
	int64_t v;
	int i;

	if (!classify_column(name, context, rail, &unit))
		return 1;
	if (!erg_import_decimal(value, DECIMALS, &v, &end) || *end)
		return 0;
	if (v < 0 && *unit == 'W')
		erg_import_keep(&s->unread, s->line, value);
	if (v < 0 && strcmp(unit, "degC"))
		return 1;
	i = erg_import_channel(s->log, rail, unit, DECIMALS, err);
	if (i < 0)
		return i;
	i = erg_import_put(s->log, (size_t)i, v, err);
	return i < 0 ? i : 1;
}

static bool is_no_mark(const char *mark)
{
	return !*mark || !strcasecmp(mark, "notset") || !strcasecmp(mark, "none");
}

/* The pairs behind the time; T_WALL: the time as it is written, to compare analyzers' with. */
static int take_pairs(struct state *s, char **save, int64_t t_wall, const char **mark,
	struct erg_err *err)
{
	char context[32] = "", *name, *value;
	int r = 1;

	s->complete = false;
	while (r > 0 && (name = strtok_r(NULL, ",", save))) {
		if (is_context(name, context))
			continue;
		if (isdigit((unsigned char)*name) || *name == '-')
			return 0; /* the second half of a number with a decimal comma */
		value = strtok_r(NULL, ",", save);
		if (!strcmp(name, "Mark")) {
			*mark = value;
			s->complete = true;
		} else if (!strcmp(name, "Time") && value) {
			take_own_time(s, context, t_wall, value);
		} else if (value) {
			r = set_value(s, context, name, value, err);
		}
	}
	return r;
}

/* 1: a line of the tool's; 0: none. */
static int take_line(struct state *s, char *text, size_t line, bool cut, struct erg_err *err)
{
	char *save = NULL, *name = strtok_r(text, ",", &save), *value = strtok_r(NULL, ",", &save);
	const char *end, *mark = NULL;
	int64_t t, wall;
	int r;

	if (!name || strcmp(name, "Time") || !value ||
		!erg_import_time(value, ERG_DATE_MONTH_FIRST, &wall, &end))
		return 0;
	r = erg_import_when(s->log, s->how, value, ERG_DATE_MONTH_FIRST, &t, &end, err);
	if (r <= 0 || *end)
		return r < 0 ? r : 0;
	r = erg_import_row(s->log, t, line, err);
	if (r < 0)
		return r;
	r = take_pairs(s, &save, wall, &mark, err);
	if (r <= 0 || (cut && !s->complete)) { /* of half a line nothing is kept */
		s->log->n--;
		return r < 0 ? r : 0;
	}
	s->log->n -= !erg_import_has_reading(s->log);
	if (mark && !is_no_mark(mark) && erg_import_phase(s->log, mark, t) < 0)
		return erg_fail_errno(err, -ENOMEM, "%s", s->log->path);
	return 1;
}

/* ---- the sum and its parts ---- */

static double mean_of(const struct erg_import_log *log, const struct erg_import_channel *c)
{
	double sum = 0, n = 0;

	for (size_t i = 0; erg_import_has_row(log, i); i++) {
		if (c->raw[i] == ERG_IMPORT_MISSING)
			continue;
		sum += (double)c->raw[i];
		n++;
	}
	return n > 0 ? sum / n : 0;
}

/* The first Watts contain the others when they are their sum. */
static void set_parents(struct erg_import_log *log, json_t *notes)
{
	double sum = 0, parts = 0;
	size_t n = 0;

	for (size_t i = 0; i < log->n_channels; i++) {
		const struct erg_import_channel *c = &log->channels[i];

		if (c->def.quantity != ERG_Q_POWER)
			continue;
		n += strcmp(c->def.rail, "meter") != 0;
		*(strcmp(c->def.rail, "meter") ? &parts : &sum) += mean_of(log, c);
	}
	if (n == 0 || sum <= 0)
		return;
	if (fabs(sum - parts) > SUM_TOLERANCE * sum) {
		erg_import_note(notes, "sum",
			"%s: the first Watts are %.6g W in the mean and those of the "
			"channels %.6g W together: they were taken to be apart",
			log->path, sum * 1e-6, parts * 1e-6);
		return;
	}
	for (size_t i = 0; i < log->n_channels; i++) {
		struct erg_channel_def *d = &log->channels[i].def;

		if (d->quantity == ERG_Q_POWER && strcmp(d->rail, "meter"))
			snprintf(d->parent, sizeof(d->parent), "meter");
	}
}

static void set_lags(struct state *s)
{
	for (size_t i = 0; i < s->log->n_channels; i++) {
		struct erg_import_channel *c = &s->log->channels[i];

		for (size_t k = 0; k < s->n_contexts; k++) {
			const struct context *x = &s->contexts[k];

			if (strcmp(x->rail, c->def.rail))
				continue;
			c->model.lag_ns = llround(x->late / x->n);
			c->model.lag_u_ns = (uint64_t)llround(
				sqrt(fmax(x->squares / x->n - pow(x->late / x->n, 2), 0)));
		}
	}
}

static int read_lines(struct state *s, struct erg_lines *lines, struct erg_err *err)
{
	char *text, kept[sizeof(s->log->foreign.text)];
	int r;

	while ((r = erg_lines_next(lines, &text, err)) > 0) {
		snprintf(kept, sizeof(kept), "%.*s", (int)sizeof(kept) - 1, text);
		s->line = erg_lines_number(lines);
		r = take_line(s, text, erg_lines_number(lines), erg_lines_cut(lines), err);
		if (r < 0)
			return r;
		if (r == 0)
			erg_import_foreign(s->log, erg_lines_number(lines), kept);
	}
	return r < 0 ? r : erg_lines_sha256(lines, s->log->sha256, err);
}

static int read_ptdaemon(const char *path, const struct erg_import_how *how,
	struct erg_import_log *ret, json_t *notes, struct erg_err *err)
{
	_cleanup_(erg_lines_freep) struct erg_lines *lines = NULL;
	struct state s = {.log = ret, .how = how};
	int r = erg_lines_open(path, &lines, err);

	if (r < 0)
		return r;
	ret->path = path;
	ret->apart = "a name or number of its channel before a second Watts";
	ret->foreign_share = 0.5; /* a line is known by itself, so others do no harm */
	r = read_lines(&s, lines, err);
	if (r == 0 && ret->n == 0)
		return erg_fail(err, -EINVAL,
			"%s: no line 'Time,…,Watts,…' of PTDaemon in %zu lines", path,
			erg_lines_number(lines));
	if (r == 0 && s.unread.n)
		erg_import_note(notes, "no-reading",
			"%s: line %zu: Watts,%s is what was not measured; %zu such values were left out",
			path, s.unread.line, s.unread.text, s.unread.n);
	if (r == 0) {
		set_lags(&s);
		set_parents(ret, notes);
	}
	return r;
}

const struct erg_import_reader erg_import_ptdaemon = {
	.name = "ptdaemon",
	.about = "SPEC PTDaemon, as in MLPerf Power submissions",
	.read = read_ptdaemon,
};
