/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What erg-analyze export --to samples says above its table (formats/samples_head.h): when the command ran, phases, and of
 * each column what its sensor is.
 */
#include <errno.h>
#include <string.h>

#include "formats/base/util.h"
#include "formats/samples_head.h"
#include "record/import/import.h"

static int keep_column(struct erg_import_log *log, const char *text)
{
	char **p = reallocarray(log->head, log->n_head + 1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	log->head = p;
	p[log->n_head] = strdup(text);
	return p[log->n_head] ? (log->n_head++, 0) : -ENOMEM;
}

static bool are_times(long long begin, long long end)
{
	return begin >= -ERG_IMPORT_TIME_MAX && end <= ERG_IMPORT_TIME_MAX && begin <= end;
}

int erg_import_samples_head(struct erg_import_log *log, const char *text, size_t line,
	struct erg_err *err)
{
	long long begin, end;
	int name = 0, n = 0, r = 0;

	text += strlen(ERG_SAMPLES_HEAD);
	if (sscanf(text, "run %lld %lld%n", &begin, &end, &n) == 2 && n && !text[n] &&
		are_times(begin, end)) {
		log->run_begin = begin;
		log->run_end = end;
	} else if (sscanf(text, "phase %lld %lld %n", &begin, &end, &name) == 2 && name &&
		text[name] && are_times(begin, end)) {
		r = erg_import_phase_add(&log->phases, &log->n_phases, text + name, begin, end);
	} else if (!strncmp(text, "column ", 7)) {
		r = keep_column(log, text + 7);
	} else {
		return erg_fail(err, -EINVAL,
			"%s: line %zu: '%.60s': run BEGIN END, phase BEGIN END NAME or column N …, as "
			"erg-analyze export writes them, was expected",
			log->path, line, text);
	}
	return r < 0 ? erg_fail_errno(err, r, "%s", log->path) : 0;
}

/* 1 for what no --sensor says; 0: another word. */
static int set_flag(struct erg_import_channel *c, const char *word)
{
	c->simulated |= !strcmp(word, "simulated=1");
	c->held |= !strcmp(word, "held=1");
	c->own_time |= !strcmp(word, "own_time=1");
	return !strcmp(word, "simulated=1") || !strcmp(word, "held=1") ||
		!strcmp(word, "own_time=1");
}

static int apply_column(struct erg_import_log *log, char *text, struct erg_err *err)
{
	char *save = NULL, *number = strtok_r(text, "\t", &save), *end = text;
	unsigned long column = number ? strtoul(number, &end, 10) : 0;
	int r = 0;

	if (column < 1 || column > log->n_channels || *end)
		return erg_fail(err, -EINVAL,
			"%s: '%scolumn %.20s': one of the %zu columns was expected", log->path,
			ERG_SAMPLES_HEAD, number ? number : "", log->n_channels);
	for (char *w = strtok_r(NULL, "\t", &save); w && r == 0; w = strtok_r(NULL, "\t", &save)) {
		struct erg_import_channel *c = &log->channels[column - 1];
		struct erg_sensor_word word;

		if (set_flag(c, w))
			continue;
		r = erg_sensor_word_parse(w, &word, err);
		if (r < 0)
			return erg_wrap(err, r, "%s: column %lu", log->path, column);
		if (word.key == ERG_SENSOR_KEY_LSB)
			c->def.lsb = word.number / c->def.scale;
		else
			r = erg_import_set_word(c, &word, w, err);
	}
	return r;
}

int erg_import_apply_samples_head(struct erg_import_log *log, struct erg_err *err)
{
	int r = 0;

	for (size_t i = 0; i < log->n_head && r == 0; i++)
		r = apply_column(log, log->head[i], err);
	return r;
}
