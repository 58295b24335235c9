/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The log of NVIDIA's tegrastats, in every form since the Jetson TX1. A line is a run of items,
 * recognised each by its own shape, so that new rails and zones need no new code:
 *
 *	NAME@41.5C                  temperature
 *	NAME 3203/3211              power now/average, mW, since the TX1's L4T 28
 *	NAME 3203mW/3211mW          the same with units, since L4T 32.5
 *	CPU [5%@1734,off,…]         utilisation and frequency of each core, MHz
 *	cpu [0%,0%]@518             the same before L4T 27: one frequency for all
 *	NAME_FREQ 12%@1300          utilisation and frequency of a unit; also "EMC 3%@408", "GR3D 0%@76"
 *	GR3D_FREQ 0%@[305,0]        Orin: a frequency for each cluster
 *
 * The average column is a running mean since the start and is left out: the archive has better. In
 * front of the items may be a date, "11-14-2023 12:13:14", to the second; lines of one second are
 * then spread evenly over it. A line may also begin with seconds since the epoch, as ts(1) writes.
 * Without either the lines are --interval apart, one second by default, which is the tool's own.
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "formats/base/util.h"
#include "record/import/import.h"

/* Rails that contain the others of their board. */
static const char *const total_rails[] = {"VDD_IN", "POM_5V_IN", "VIN", NULL};

struct line {
	struct erg_import_log *log;
	struct erg_err *err;
	int r;
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
		l->log->channels[i].raw[l->log->n - 1] = v;
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

/* "3203/3211" and "3203mW/3211mW"; memory ("1766/3964MB") is told by its unit. */
static bool take_power(struct line *l, const char *name, const char *text)
{
	int64_t now, average;

	if (!erg_import_decimal(text, 0, &now, &text))
		return false;
	text += strncmp(text, "mW", 2) ? 0 : 2;
	if (*text++ != '/' || !erg_import_decimal(text, 0, &average, &text))
		return false;
	text += strncmp(text, "mW", 2) ? 0 : 2;
	if (*text)
		return false;
	set(l, name, "mW", 0, now);
	return true;
}

static bool take_temperature(struct line *l, char *word)
{
	char *at = strchr(word, '@');
	const char *end;
	int64_t v;

	if (!at || at == word || !erg_import_decimal(at + 1, 3, &v, &end) || strcmp(end, "C"))
		return false;
	*at = '\0';
	/* A zone that is off reads -256 °C. */
	if (v > -256000)
		set(l, word, "degC", 3, v);
	return true;
}

static bool is_load(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	return digits > 0 && text[digits] == '%';
}

static bool is_name(const char *word)
{
	return isalpha((unsigned char)*word) &&
		word[strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.")] ==
			'\0';
}

static void take_items(struct line *l, char *text)
{
	char *save = NULL, name[64] = "";

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
			continue;
		}
		name[0] = '\0';
	}
}

/* ---- times ---- */

/* 1: *ret is the line's time; 0: it has none. *text moves behind it. */
static int take_time(char **text, int64_t *ret)
{
	const char *end;

	while (isspace((unsigned char)**text))
		(*text)++;
	if (erg_import_time(*text, true, ret, &end) || erg_import_time(*text, false, ret, &end) ||
		(isdigit((unsigned char)**text) && erg_import_decimal(*text, 9, ret, &end) &&
			(*end == ' ' || *end == '\t' || *end == ':'))) {
		*text += end - *text;
		*text += **text == ':';
		return 1;
	}
	return 0;
}

/* Rows of the same second are spread over the time until the next one. */
static void spread_seconds(struct erg_import_log *log, json_t *notes)
{
	const int64_t second = ERG_NSEC_PER_SEC;
	size_t spread = 0;

	for (size_t i = 0, n; i < log->n; i += n) {
		int64_t t = log->t[i];

		for (n = 1; i + n < log->n && log->t[i + n] == t; n++)
			;
		for (size_t k = 1; k < n; k++)
			log->t[i + k] = t + second * (int64_t)k / (int64_t)n;
		spread += n - 1;
	}
	if (spread)
		erg_import_note(notes, "times", "%s: the times have whole seconds; %zu lines of the "
			"same second were spread over it", log->path, spread);
}

static void set_parents(struct erg_import_log *log)
{
	const char *total = NULL;

	for (size_t i = 0; i < log->n_channels && !total; i++)
		for (size_t k = 0; total_rails[k]; k++)
			if (log->channels[i].def.quantity == ERG_Q_POWER &&
				!strcmp(log->channels[i].def.rail, total_rails[k]))
				total = total_rails[k];
	for (size_t i = 0; total && i < log->n_channels; i++) {
		struct erg_channel_def *d = &log->channels[i].def;

		if (d->quantity == ERG_Q_POWER && strcmp(d->rail, total))
			snprintf(d->parent, sizeof(d->parent), "%s", total);
	}
}

static int take_line(struct erg_import_log *log, char *text, size_t number, uint64_t interval_ns,
	size_t *timed, struct erg_err *err)
{
	struct line l = {.log = log, .err = err};
	int64_t t = (int64_t)(log->n * interval_ns);
	size_t channels = log->n_channels;
	int r;

	if (take_time(&text, &t))
		(*timed)++;
	else if (*timed > 0)
		return 0; /* a line between others that has no time: a message, half a line */
	if (!strstr(text, "RAM ") && !strchr(text, '@') && !strchr(text, '/'))
		return 0;
	r = erg_import_row(log, t, number, err);
	if (r < 0)
		return r;
	take_items(&l, text);
	if (l.r == 0 && log->n_channels == channels) {
		bool any = false;

		for (size_t i = 0; i < channels; i++)
			any |= log->channels[i].raw[log->n - 1] != ERG_IMPORT_MISSING;
		log->n -= !any;
	}
	return l.r;
}

static int read_tegrastats(const char *path, const struct erg_import_how *how, struct erg_import_log *ret,
	json_t *notes, struct erg_err *err)
{
	_cleanup_(erg_fclosep) FILE *f = fopen(path, "re");
	_cleanup_(erg_freep) char *text = NULL;
	size_t alloc = 0, number = 0, timed = 0;
	int r = 0;

	if (!f)
		return erg_fail_errno(err, -errno, "%s", path);
	ret->path = path;
	while (r == 0 && getline(&text, &alloc, f) >= 0)
		r = take_line(ret, text, ++number, how->interval_ns ? how->interval_ns : ERG_NSEC_PER_SEC, &timed,
			err);
	if (r < 0)
		return r;
	if (ret->n == 0)
		return erg_fail(err, -EINVAL, "%s: no line of tegrastats in %zu lines", path, number);
	if (timed == 0)
		erg_import_note(notes, "times", "%s: the lines have no times; they were taken to be "
			"%.6g s apart%s", path,
			(double)(how->interval_ns ? how->interval_ns : ERG_NSEC_PER_SEC) * 1e-9,
			how->interval_ns ? "" : " (the tool's default; --interval says otherwise)");
	else
		spread_seconds(ret, notes);
	set_parents(ret);
	return 0;
}

const struct erg_import_reader erg_import_tegrastats = {
	.name = "tegrastats",
	.about = "NVIDIA Jetson, all forms since the TX1",
	.read = read_tegrastats,
};
