/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is wrong with a log. Rows that are a little out of order are put in order (two writers, one
 * file); a time that goes back farther is two logs or a clock that was set, and only the person
 * knows which, so it is an error. A reading that no sensor gives is taken out and counted. An
 * energy counter that falls has wrapped or was reset: the first is known when its modulus is, the
 * second loses what was counted since the last reading, and says so.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "formats/base/util.h"
#include "record/import/import.h"

#define DISORDER_ROWS_MAX 64

/* ---- order ---- */

static void swap_rows(struct erg_import_log *log, size_t i, size_t k)
{
	int64_t t = log->t[i];
	uint32_t line = log->line[i];

	log->t[i] = log->t[k];
	log->t[k] = t;
	log->line[i] = log->line[k];
	log->line[k] = line;
	for (size_t c = 0; c < log->n_channels; c++) {
		int64_t v = log->channels[c].raw[i];

		log->channels[c].raw[i] = log->channels[c].raw[k];
		log->channels[c].raw[k] = v;
	}
}

/* Insertion by neighbours: the disorder is small or refused. */
static int put_in_order(struct erg_import_log *log, json_t *notes, struct erg_err *err)
{
	size_t moved = 0;
	uint32_t first = 0;

	for (size_t i = 1; i < log->n; i++) {
		uint32_t line = log->line[i];
		size_t k = i;

		for (; k > 0 && log->t[k] < log->t[k - 1]; k--) {
			if (i - k >= DISORDER_ROWS_MAX)
				return erg_fail(err, -EINVAL, "%s: line %u: the time %.9g s goes back "
					"by more than %d rows: two logs in one file, or a clock that "
					"was set? Import the parts one by one", log->path, line,
					(double)log->t[k] * 1e-9, DISORDER_ROWS_MAX);
			swap_rows(log, k, k - 1);
		}
		if (k == i)
			continue;
		first = moved++ ? first : line;
	}
	if (moved)
		erg_import_note(notes, "order", "%s: line %u: the time goes back; %zu such rows were "
			"put in order", log->path, first, moved);
	return 0;
}

static void copy_row(struct erg_import_log *log, size_t to, size_t from)
{
	log->t[to] = log->t[from];
	log->line[to] = log->line[from];
	for (size_t c = 0; c < log->n_channels; c++)
		log->channels[c].raw[to] = log->channels[c].raw[from];
}

/* Two rows of one time: the second adds what the first lacks, and its other readings are lost. */
static void drop_duplicate_times(struct erg_import_log *log, json_t *notes)
{
	size_t n = 0, dropped = 0;
	uint32_t first = 0;

	for (size_t i = 0; i < log->n; i++) {
		bool lost = false;

		if (n == 0 || log->t[i] != log->t[n - 1]) {
			copy_row(log, n++, i);
			continue;
		}
		for (size_t c = 0; c < log->n_channels; c++) {
			int64_t *have = &log->channels[c].raw[n - 1], v = log->channels[c].raw[i];

			lost |= v != ERG_IMPORT_MISSING && *have != ERG_IMPORT_MISSING;
			if (*have == ERG_IMPORT_MISSING)
				*have = v;
		}
		if (lost && dropped++ == 0)
			first = log->line[i];
	}
	log->n = n;
	if (dropped)
		erg_import_note(notes, "duplicate-time", "%s: line %u: the same time as the row "
			"before; %zu such rows were left out", log->path, first, dropped);
}

/* ---- values ---- */

/* What no sensor of the quantity reads, in SI units. */
static bool is_absurd(enum erg_quantity q, double v)
{
	switch (q) {
	case ERG_Q_POWER: return fabs(v) > 1e6;
	case ERG_Q_ENERGY: return fabs(v) > 1e15;
	case ERG_Q_VOLTAGE: return fabs(v) > 1e5;
	case ERG_Q_CURRENT: return fabs(v) > 1e5;
	case ERG_Q_TEMPERATURE: return v < -273.15 || v > 1000;
	case ERG_Q_FREQUENCY: return v < 0 || v > 1e12;
	case ERG_Q_UTILIZATION: return v < 0 || v > 1e4;
	default: return false;
	}
}

static void check_values(struct erg_import_log *log, struct erg_import_channel *c, json_t *notes)
{
	size_t absurd = 0, negative = 0, missing = 0;
	uint32_t absurd_line = 0, negative_line = 0;
	double absurd_value = 0;

	for (size_t i = 0; i < log->n; i++) {
		double v = (double)c->raw[i] * c->def.scale;

		if (c->raw[i] == ERG_IMPORT_MISSING) {
			missing++;
		} else if (c->raw[i] > ERG_IMPORT_RAW_MAX || c->raw[i] < -ERG_IMPORT_RAW_MAX ||
			is_absurd(c->def.quantity, v)) {
			if (absurd++ == 0) {
				absurd_line = log->line[i];
				absurd_value = v;
			}
			c->raw[i] = ERG_IMPORT_MISSING;
		} else if (v < 0 && c->def.quantity == ERG_Q_POWER && negative++ == 0) {
			negative_line = log->line[i];
		}
	}
	if (absurd)
		erg_import_note(notes, "absurd", "%s: line %u: %s of '%s' is %.6g in SI units, which "
			"is no reading; %zu such values were left out", log->path, absurd_line,
			erg_quantity_name(c->def.quantity), c->def.rail, absurd_value, absurd);
	if (negative)
		erg_import_note(notes, "negative", "%s: line %u: power of '%s' is negative, %zu times "
			"in all; kept (a battery that is charged, or an offset of the sensor)",
			log->path, negative_line, c->def.rail, negative);
	if (missing + absurd == log->n)
		erg_import_note(notes, "empty", "%s: '%s' has no readings", log->path, c->def.rail);
}

/* The modulus of a counter of 32 bits when the reading before the fall was in its last tenth. */
static uint64_t guess_wrap(int64_t before, int64_t after)
{
	const int64_t modulus = (int64_t)1 << 32;

	return before < modulus && before > modulus / 10 * 9 && after < modulus / 10 ?
		(uint64_t)modulus : 0;
}

/* The most by which a counter rose in a second. */
static double fastest_rise(const struct erg_import_log *log, const struct erg_import_channel *c)
{
	size_t before = log->n;
	double most = 0;

	for (size_t i = 0; i < log->n; i++) {
		if (c->raw[i] == ERG_IMPORT_MISSING)
			continue;
		if (before < log->n)
			most = fmax(most, erg_counter_rate(&c->def, c->raw[before], c->raw[i],
				(double)(log->t[i] - log->t[before]) * 1e-9));
		before = i;
	}
	return most;
}

/* An energy counter is made to count on past its end. What a reset lost is not known: there it falls
 * by one, which is read so. */
static void check_counter(struct erg_import_log *log, struct erg_import_channel *c, json_t *notes)
{
	int64_t before = ERG_IMPORT_MISSING, base = 0, t = 0;
	double fastest = fastest_rise(log, c);
	size_t resets = 0, wraps = 0;
	uint32_t line = 0;

	for (size_t i = 0; i < log->n; i++) {
		struct erg_channel_def def = c->def;
		int64_t v = c->raw[i];

		if (v == ERG_IMPORT_MISSING)
			continue;
		if (before != ERG_IMPORT_MISSING && v < before) {
			def.wrap = def.wrap ? def.wrap : guess_wrap(before, v);
			line = resets + wraps ? line : log->line[i];
			if (erg_counter_wrapped(&def, before, v, (double)(log->t[i] - t) * 1e-9,
				    fastest)) {
				base += base > ERG_IMPORT_RAW_MAX ? 0 : (int64_t)def.wrap;
				wraps++;
			} else {
				base += before - 1 - v;
				resets++;
			}
		}
		before = v;
		t = log->t[i];
		c->raw[i] = base > ERG_IMPORT_RAW_MAX ? ERG_IMPORT_MISSING : base + v;
	}
	c->def.wrap = 0; /* what is written counts on */
	if (wraps)
		erg_import_note(notes, "wrap", "%s: line %u: the energy counter '%s' wrapped, %zu times "
			"in all; unwrapped", log->path, line, c->def.rail, wraps);
	if (resets)
		erg_import_note(notes, "reset", "%s: line %u: the energy counter '%s' falls: it was "
			"reset, %zu times in all; the energy between the readings before and after is "
			"not known (if it wrapped, say --sensor '%s:wrap=' and where)",
			log->path, line, c->def.rail, resets, c->def.rail);
}

/* ---- distances ---- */

static int compare_int64(const void *a, const void *b)
{
	const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/*
 * The usual distance: the mean of those up to twice the median, since a dithered reader's median is
 * not its rate and gaps are no distances. At most 10^5 of them, spread over the log.
 */
static int usual_distance(struct erg_import_log *log, struct erg_err *err)
{
	size_t step = log->n / 100000 + 1, n = 0, usual = 0;
	_cleanup_(erg_freep) int64_t *d = calloc(log->n / step + 1, sizeof(*d));
	double sum = 0;

	if (!d)
		return erg_fail_errno(err, -ENOMEM, "%s", log->path);
	for (size_t i = 1; i < log->n; i += step)
		d[n++] = log->t[i] - log->t[i - 1];
	qsort(d, n, sizeof(*d), compare_int64);
	for (size_t i = 0; i < n && d[i] <= 2 * d[n / 2]; i++, usual++)
		sum += (double)d[i];
	log->interval_ns = usual ? (uint64_t)llround(sum / (double)usual) : 0;
	return 0;
}

static void find_gaps(struct erg_import_log *log, json_t *notes)
{
	const int64_t limit = 5 * (int64_t)log->interval_ns;
	int64_t longest = 0, total = 0;
	size_t gaps = 0, at = 0;

	for (size_t i = 1; i < log->n; i++) {
		int64_t d = log->t[i] - log->t[i - 1];

		if (d <= limit)
			continue;
		gaps++;
		total += d;
		at = d > longest ? i : at;
		longest = d > longest ? d : longest;
		if (json_array_size(log->gaps) < 1000)
			json_array_append_new(log->gaps, json_pack("{s:I, s:I}", "begin_ns",
				(json_int_t)log->t[i - 1], "end_ns", (json_int_t)log->t[i]));
	}
	if (gaps)
		erg_import_note(notes, "gap", "%s: line %u: no reading for %.6g s; %zu gaps of more "
			"than 5 times the usual %.6g s, %.6g s in all", log->path, log->line[at],
			(double)longest * 1e-9, gaps, (double)log->interval_ns * 1e-9,
			(double)total * 1e-9);
}

int erg_import_check(struct erg_import_log *log, json_t *notes, struct erg_err *err)
{
	int r;

	if (log->n == 0)
		return erg_fail(err, -ENODATA, "%s: no reading in the whole file", log->path);
	log->gaps = json_array();
	r = put_in_order(log, notes, err);
	if (r < 0)
		return r;
	drop_duplicate_times(log, notes);
	for (size_t i = 0; i < log->n_channels; i++) {
		check_values(log, &log->channels[i], notes);
		if (log->channels[i].def.quantity == ERG_Q_ENERGY)
			check_counter(log, &log->channels[i], notes);
	}
	if (log->n == 1)
		erg_import_note(notes, "one-sample", "%s: line %u: one row only: nothing lies between "
			"readings, no energy can be computed", log->path, log->line[0]);
	r = usual_distance(log, err);
	if (r == 0)
		find_gaps(log, notes);
	return r;
}
