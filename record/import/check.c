/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is wrong with a log as a whole; values.c looks at the readings. Rows that are a little out of
 * order are put in order (two writers, one file); a time that goes back farther is two logs or a clock
 * that was set, and only the person knows which, so it is an error: the hour that a clock repeats
 * when summer ends must not be sorted into the hour before. Lines that were not understood are told,
 * and are an error when they are many: then it is another kind of log.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "formats/base/util.h"
#include "record/import/import.h"

#define DISORDER_ROWS_MAX 64
#define DISORDER_NS_MAX (900 * (int64_t)ERG_NSEC_PER_SEC) /* clocks are set by more */
#define TWICE_SHARE_MAX                                                                            \
	0.05 /* rows of one time with other readings: two devices, not a clock too coarse */

#define STRETCH_MAX 16 /* rows */
#define HALF_DAY_NS (43200 * (int64_t)ERG_NSEC_PER_SEC)
#define YEAR_NS (31556952 * (int64_t)ERG_NSEC_PER_SEC)

/* ---- what was not understood ---- */

/* Digits, and marks of which some are between thousands. */
static bool is_grouped(const char *text)
{
	static const char of_number[] = "0123456789.,'- \xc2\xa0\xe2\x80\xaf\x99";
	const size_t len = strlen(text);

	return len > 0 && strspn(text, of_number) == len && strspn(text, "0123456789") > 0 &&
		strspn(text, "0123456789") < len;
}

static int check_foreign(const struct erg_import_log *log, json_t *notes, struct erg_err *err)
{
	const struct erg_import_foreign *f = &log->foreign;
	double share = log->foreign_share > 0 ? log->foreign_share : 0.1;

	if (f->n == 0)
		return 0;
	if (f->has > 1 && (double)f->n > share * (double)(f->n + log->n))
		return erg_fail(err, -EINVAL,
			"%s: line %zu: '%s' has %zu cells, and %zu are named; %zu of %zu lines are no rows: are "
			"separators missing, or are decimal commas without quotes?",
			log->path, f->line, f->text, f->has, f->named, f->n, f->n + log->n);
	if ((double)f->n > share * (double)(f->n + log->n))
		return erg_fail(err, -EINVAL,
			"%s: line %zu: '%s' is not understood, as %zu of %zu lines: %s", log->path,
			f->line, f->text, f->n, f->n + log->n,
			f->cells && is_grouped(f->text)
				? "--decimal says which mark is the decimal point of a table"
				: "is it another kind of log (--from)?");
	erg_import_note(notes, "foreign",
		"%s: line %zu: '%s' is not understood; %zu such lines of %zu "
		"were left out",
		log->path, f->line, f->text, f->n, f->n + log->n);
	return 0;
}

/* The hour that the zone has twice, by its order; not when there is nothing else and it never went back. */
static int check_twice(const struct erg_import_log *log, json_t *notes, struct erg_err *err)
{
	if (log->wall.twice == 0)
		return 0;
	if (log->wall.twice >= log->n && log->n > 0 && !log->wall.fell)
		return erg_fail(err, -EINVAL,
			"%s: all times are of the hour that the zone has twice; "
			"--time-zone with an offset, like +01:00, was expected",
			log->path);
	erg_import_note(notes, "twice",
		"%s: %llu times are of the hour that the zone has twice, when "
		"clocks go back; they were taken in the order of the lines",
		log->path, (unsigned long long)log->wall.twice);
	return 0;
}

static void tell_wraps(const struct erg_import_log *log, json_t *notes)
{
	if (log->wrap.n)
		erg_import_note(notes, "clock-wrap",
			"%s: the clock of its times has 32 bits and began again from 0, %zu times; it was "
			"counted on",
			log->path, log->wrap.n);
}

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

static int fail_order(const struct erg_import_log *log, uint32_t line, int64_t back,
	struct erg_err *err)
{
	bool hour = log->clock == ERG_CLOCK_WALL &&
		llabs(back - 3600 * (int64_t)ERG_NSEC_PER_SEC) < DISORDER_NS_MAX;

	if (llabs(back - HALF_DAY_NS) < DISORDER_NS_MAX && log->clock != ERG_CLOCK_NUMBERS)
		return erg_fail(err, -EINVAL,
			"%s: line %u: the time goes back by %.6g s, as that of a clock of 12 hours does where "
			"AM and PM are not written; or two logs are in one file: import the parts one by one",
			log->path, line, (double)back * 1e-9);
	if (hour)
		return erg_fail(err, -EINVAL,
			"%s: line %u: the time goes back by %.6g s, as when summer "
			"time ends: --time-zone, like Europe/Berlin, tells the two hours apart",
			log->path, line, (double)back * 1e-9);
	return erg_fail(err, -EINVAL,
		"%s: line %u: the time goes back by %.6g s: two logs in one file, "
		"or a clock that was set? Import the parts one by one",
		log->path, line, (double)back * 1e-9);
}

/* Rows that go back and lie between those before, one after the other: another log, or a clock that was set. */
struct stretch {
	size_t n, at; /* where the last one was put */
	uint32_t line;
	int64_t back;
};

/* Whether row K, which came from behind, is what row K - 1 was. */
static bool is_repeat(const struct erg_import_log *log, size_t k)
{
	bool same = k > 0 && log->t[k] == log->t[k - 1];

	for (size_t c = 0; same && c < log->n_channels; c++)
		same = log->channels[c].raw[k] == log->channels[c].raw[k - 1];
	return same;
}

/* A row was put at K. False: there are too many of them. */
static bool follow_stretch(struct stretch *s, const struct erg_import_log *log, size_t k,
	int64_t back)
{
	if (s->n == 0 || k <= s->at) {
		*s = (struct stretch){.n = 1, .at = k, .line = log->line[k], .back = back};
		return true;
	}
	s->n += k > s->at + 1 && !is_repeat(log, k);
	s->at = k;
	return s->n < STRETCH_MAX;
}

/* A pause of more than a year is none: as a rule a board's clock, which began in 1970, was set. */
static int fail_jump(const struct erg_import_log *log, uint32_t line, int64_t on,
	struct erg_err *err)
{
	return erg_fail(err, -EINVAL,
		"%s: line %u: the time goes on by %.6g s, which is %.3g years, as when a clock is set, or "
		"two logs are in one file: import the parts one by one",
		log->path, line, (double)on * 1e-9, (double)on / (double)YEAR_NS);
}

/* What a home's meter or a data base gives with the newest row first is put the other way round. */
static void reverse_rows(struct erg_import_log *log, json_t *notes)
{
	for (size_t i = 1; erg_import_has_row(log, i); i++)
		if (log->t[i] > log->t[i - 1])
			return;
	if (log->n < 3 || log->t[0] == log->t[log->n - 1])
		return;
	for (size_t i = 0; i < log->n / 2; i++)
		swap_rows(log, i, log->n - 1 - i);
	erg_import_note(notes, "order",
		"%s: the newest row is the first, and so on to the last: they were put the other way round",
		log->path);
}

/* Insertion by neighbours: the disorder is small or refused. BETWEEN: of each row that was put between two
 * others of the same channel, how far these are apart. */
static int put_in_order(struct erg_import_log *log, struct erg_import_column *between,
	json_t *notes, struct erg_err *err)
{
	struct stretch stretch = {0};
	size_t moved = 0;
	uint32_t first = 0;

	for (size_t i = 1; erg_import_has_row(log, i); i++) {
		uint32_t line = log->line[i];
		int64_t back = log->t[i - 1] - log->t[i];
		const bool same = back > 0 && erg_import_rows_share(log, i, i - 1);
		size_t k = i;

		if (back < -YEAR_NS)
			return fail_jump(log, line, -back, err);
		for (; k > 0 && log->t[k] < log->t[k - 1]; k--) {
			if (i - k >= DISORDER_ROWS_MAX || back > DISORDER_NS_MAX)
				return fail_order(log, line, back, err);
			swap_rows(log, k, k - 1);
		}
		if (k == i) {
			stretch.n = 0;
			continue;
		}
		first = moved++ ? first : line;
		if (same && !follow_stretch(&stretch, log, k, back))
			return fail_order(log, stretch.line, stretch.back, err);
		if (same && k > 0) {
			int r = erg_import_column_add(between,
				&(int64_t){log->t[k + 1] - log->t[k - 1]});

			if (r < 0)
				return erg_fail_errno(err, r, "%s", log->path);
		}
	}
	if (moved)
		erg_import_note(notes, "order",
			"%s: line %u: the time goes back; %zu such rows were "
			"put in order",
			log->path, first, moved);
	return 0;
}

static void copy_row(struct erg_import_log *log, size_t to, size_t from)
{
	if (to == from)
		return;
	log->t[to] = log->t[from];
	log->line[to] = log->line[from];
	for (size_t c = 0; c < log->n_channels; c++)
		log->channels[c].raw[to] = log->channels[c].raw[from];
}

/* Adds the readings of row FROM to those of row TO, of the same time. *ret_lost: it had some already;
 * *ret_other: and they were not the same. */
static void merge_row(struct erg_import_log *log, size_t to, size_t from, bool *ret_lost,
	bool *ret_other)
{
	for (size_t c = 0; c < log->n_channels; c++) {
		int64_t *have = &log->channels[c].raw[to], v = log->channels[c].raw[from];

		*ret_lost |= v != ERG_IMPORT_MISSING && *have != ERG_IMPORT_MISSING;
		*ret_other |= v != ERG_IMPORT_MISSING && *have != ERG_IMPORT_MISSING && v != *have;
		if (*have == ERG_IMPORT_MISSING)
			*have = v;
	}
}

/* Two rows of one time: the second adds what the first lacks, and its other readings are lost. Where
 * that happens often there are two devices, and half of the energy would be lost. */
static int drop_duplicate_times(struct erg_import_log *log, json_t *notes, struct erg_err *err)
{
	size_t n = 0, dropped = 0, others = 0;
	uint32_t first = 0, first_other = 0;

	for (size_t i = 0; erg_import_has_row(log, i); i++) {
		bool lost = false, other = false;

		if (n == 0 || log->t[i] != log->t[n - 1]) {
			copy_row(log, n++, i);
			continue;
		}
		merge_row(log, n - 1, i, &lost, &other);
		if (lost && dropped++ == 0)
			first = log->line[i];
		if (other && others++ == 0)
			first_other = log->line[i];
	}
	if ((double)others > TWICE_SHARE_MAX * (double)log->n)
		return erg_fail(err, -EINVAL,
			"%s: line %u: other readings of the time of the line before, "
			"as in %zu of %zu lines: several devices? A column that tells them apart (index, "
			"uuid, pci.bus_id), or a file for each, was expected; of one device that is read "
			"more often than its stamps change, --interval",
			log->path, first_other, others, log->n);
	log->n = n;
	if (dropped)
		erg_import_note(notes, "duplicate-time",
			"%s: line %u: the same time as the row "
			"before; %zu such rows were left out",
			log->path, first, dropped);
	return 0;
}

/* ---- all of it ---- */

static bool is_read(const struct erg_import_log *log, size_t channel)
{
	for (size_t k = 0; erg_import_has_row(log, k); k++)
		if (log->channels[channel].raw[k] != ERG_IMPORT_MISSING)
			return true;
	return false;
}

/* The rail of a channel of this quantity that was read, of RAIL unless that is NULL; NULL: there is none. */
static const char *read_rail(const struct erg_import_log *log, enum erg_quantity q,
	const char *rail)
{
	for (size_t i = 0; i < log->n_channels; i++) {
		const struct erg_channel_def *d = &log->channels[i].def;

		if (d->quantity == q && (!rail || !strcmp(d->rail, rail)) && is_read(log, i))
			return d->rail;
	}
	return NULL;
}

/* Whether a rail has both a current and a voltage, whose product is power. */
static bool has_product(const struct erg_import_log *log)
{
	for (size_t i = 0; i < log->n_channels; i++) {
		const struct erg_channel_def *d = &log->channels[i].def;

		if (d->quantity == ERG_Q_CURRENT && is_read(log, i) &&
			read_rail(log, ERG_Q_VOLTAGE, d->rail))
			return true;
	}
	return false;
}

/* Without it nothing can be computed: as a rule the form was not understood. */
static int check_power(const struct erg_import_log *log, struct erg_err *err)
{
	const char *amps, *volts;

	if (read_rail(log, ERG_Q_POWER, NULL) || read_rail(log, ERG_Q_ENERGY, NULL) ||
		has_product(log))
		return 0;
	amps = read_rail(log, ERG_Q_CURRENT, NULL);
	volts = read_rail(log, ERG_Q_VOLTAGE, NULL);
	if (amps && volts)
		return erg_fail(err, -ENODATA,
			"%s: no power: the current is of rail '%s', the voltage of rail '%s'; if they are of "
			"one, name it for both: --column NAME=UNIT:RAIL",
			log->path, amps, volts);
	if (amps)
		return erg_fail(err, -ENODATA,
			"%s: no power: rail '%s' has a current and no voltage; one that does not change is "
			"said by --column NAME=UNIT*VOLTSV, like uA*3.7V",
			log->path, amps);
	return erg_fail(err, -ENODATA,
		"%s: no reading of power or energy in %zu rows: was power logged, "
		"or is it written in a form that is not known here?",
		log->path, log->n);
}

/*
 * Rows that were late, and rows of a clock that was set back, both lie between others. The late one fills
 * the place that it left; the others are more than the time has place for: an interval was lost for each,
 * which the result cannot know of.
 */
static int doubt_moved(struct erg_import_log *log, const struct erg_import_column *between,
	json_t *notes, struct erg_err *err)
{
	const int64_t *distance = between->rows;
	const double length = (double)(log->t[log->n - 1] - log->t[0]);
	size_t more = 0;
	uint64_t h;
	int r = between->n ? erg_import_usual_distance(log, 0, NULL, &h, err) : 0;
	double doubt;

	for (size_t i = 0; r == 0 && erg_import_column_has(between, i); i++)
		more += (double)distance[i] < 1.5 * (double)h;
	if (r < 0 || more == 0)
		return r;
	doubt = fmin(1, (double)(more + 1) * (double)h / length);
	erg_import_doubt(log, doubt);
	erg_import_note(notes, "clock",
		"%s: of the rows whose time goes back %zu lie between others, as when a clock is set "
		"back: energies are uncertain by %.3g %%",
		log->path, more, 100 * doubt);
	return 0;
}

static int order_rows(struct erg_import_log *log, json_t *notes, struct erg_err *err)
{
	struct erg_import_column between = {.size = sizeof(int64_t), .folder = log->folder};
	int r;

	reverse_rows(log, notes);
	r = put_in_order(log, &between, notes, err);

	if (r == 0)
		r = drop_duplicate_times(log, notes, err);
	if (r == 0)
		r = doubt_moved(log, &between, notes, err);
	erg_import_column_release(&between);
	return r;
}

int erg_import_check(struct erg_import_log *log, json_t *notes, struct erg_err *err)
{
	int r = check_foreign(log, notes, err);

	if (r == 0 && log->n == 0)
		r = erg_fail(err, -ENODATA, "%s: no reading in the whole file", log->path);
	if (r == 0)
		r = check_twice(log, notes, err);
	tell_wraps(log, notes);
	if (r < 0)
		return r;
	log->gaps = json_array();
	r = order_rows(log, notes, err);
	if (r == 0)
		r = erg_import_find_intervals(log, err);
	for (size_t i = 0; r == 0 && i < log->n_channels; i++)
		r = erg_import_check_values(log, &log->channels[i], notes, err);
	if (r == 0)
		r = check_power(log, err);
	if (r < 0)
		return r;
	if (log->n == 1)
		erg_import_note(notes, "one-sample",
			"%s: line %u: one row only: nothing lies between "
			"readings, no energy can be computed",
			log->path, log->line[0]);
	erg_import_find_gaps(log, notes);
	erg_import_tell_ends(log, notes);
	erg_import_check_rails(log, notes);
	return 0;
}
