/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is wrong with energies. A counter that falls has wrapped or was reset: the first is known when its modulus
 * is, the second loses what was counted since the last reading, and says so. One that falls all the time, or never
 * moves, is no counter. Joules of intervals are summed up; where some are missing, nobody knows them.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "formats/observed.h"
#include "record/import/import.h"

#define FALLS_MAX 0.2   /* of the readings, in a counter */
#define GLITCH_TIMES 10 /* the rates beside it */
#define JUMP_TOLD                                                                                  \
	50 /* times the rates beside it, and that of all others, as values.c has it for powers */
#define JUMP_LOST 1000
#define RESET_TIMES 3    /* what it counts at its fastest: a counter that was reset has no more */
#define FALLEN_SHARE 0.2 /* of what it rises, by which a counter does not fall */

/* Of rows that are evenly apart, a distance of nearly two is one that is missing. */
static bool is_regular(const struct erg_import_log *log, const struct erg_import_channel *c)
{
	const double h = (double)c->interval_ns;
	size_t n = 0, regular = 0, before = log->n;

	for (size_t i = 0; erg_import_has_row(log, i); i++) {
		if (c->raw[i] == ERG_IMPORT_MISSING)
			continue;
		n += before < log->n;
		regular += before < log->n &&
			erg_import_is_one((double)(log->t[i] - log->t[before]), h);
		before = i;
	}
	return (double)regular >= ERG_IMPORT_REGULAR_MIN * (double)n;
}

/* Energy of each interval becomes a counter; what the first row tells was before the log. Where some are missing
 * nobody knows what it was: there the counter falls by one, which is read so. */
static void sum_deltas(struct erg_import_log *log, struct erg_import_channel *c)
{
	const bool regular = is_regular(log, c);
	const double h = (double)c->interval_ns;
	int64_t sum = 0, t = 0;
	bool first = true, missing = false;

	for (size_t i = 0; erg_import_has_row(log, i); i++) {
		const double d = (double)(log->t[i] - t);

		if (c->raw[i] == ERG_IMPORT_MISSING) {
			missing |= !first;
			/* its time tells where the next one's interval begins */
			if (!first && regular && erg_import_is_one(d, h)) {
				c->raw[i] = --sum;
				t = log->t[i];
				missing = false;
			}
			continue;
		}
		missing |=
			!first && (regular ? erg_import_is_more(d, h) : erg_observed_gap(d, h, 0));
		sum += first || sum > ERG_IMPORT_RAW_MAX ? 0 : missing ? -1 : c->raw[i];
		first = missing = false;
		t = log->t[i];
		c->raw[i] = sum > ERG_IMPORT_RAW_MAX ? ERG_IMPORT_MISSING : sum;
	}
}

/* The most by which a counter rose in a second. */
static double fastest_rise(const struct erg_import_log *log, const struct erg_import_channel *c)
{
	size_t before = log->n;
	double most = 0;

	for (size_t i = 0; erg_import_has_row(log, i); i++) {
		if (c->raw[i] == ERG_IMPORT_MISSING)
			continue;
		if (before < log->n)
			most = fmax(most,
				erg_counter_rate(&c->def, c->raw[before], c->raw[i],
					(double)(log->t[i] - log->t[before]) * 1e-9));
		before = i;
	}
	return most;
}

/* Falls after which it is at more than it can have counted since, and how much these are, and the rises. */
struct falls {
	size_t n;
	double fallen, risen;
};

static struct falls find_falls(const struct erg_import_log *log, const struct erg_import_channel *c)
{
	const double fastest = fastest_rise(log, c);
	struct falls f = {0};
	size_t before = log->n;

	for (size_t i = 0; erg_import_has_row(log, i); i++) {
		double by;

		if (c->raw[i] == ERG_IMPORT_MISSING)
			continue;
		by = before < log->n ? (double)(c->raw[i] - c->raw[before]) * c->def.scale : 0;
		f.risen += by > 0 ? by : 0;
		if (by < 0 &&
			(double)c->raw[i] * c->def.scale > RESET_TIMES * fastest *
					(double)(log->t[i] - log->t[before]) * 1e-9) {
			f.n++;
			f.fallen -= by;
		}
		before = i;
	}
	return f;
}

static bool falls_back(const struct erg_import_log *log, const struct erg_import_channel *c)
{
	const struct falls f = find_falls(log, c);

	return f.n > 1 && f.fallen > FALLEN_SHARE * f.risen;
}

/* What falls at every other reading, or stays the same for ever, is no counter, whatever its unit. */
static int check_is_counter(const struct erg_import_log *log, const struct erg_import_channel *c,
	struct erg_err *err)
{
	size_t n = 0, falls = 0, rises = 0;
	int64_t before = ERG_IMPORT_MISSING;
	uint32_t line = 0;

	for (size_t i = 0; erg_import_has_row(log, i); i++) {
		if (c->raw[i] == ERG_IMPORT_MISSING)
			continue;
		if (n++ > 0 && c->raw[i] < before && falls++ == 0)
			line = log->line[i];
		rises += n > 1 && c->raw[i] > before;
		before = c->raw[i];
	}
	if (n > 4 && !c->def.wrap &&
		((double)falls > FALLS_MAX * (double)n || (falls > 1 && falls_back(log, c))))
		return erg_fail(err, -EINVAL,
			"%s: line %u: the energy of '%s' falls, as %zu times in %zu "
			"readings: if it is that of each interval, say --sensor '%s:kind=delta'; if it is a counter "
			"that wraps, wrap= and where",
			log->path, line, c->def.rail, falls, n, c->def.rail);
	if (n > 2 && falls == 0 && rises == 0 && before != 0 && !c->given.kind)
		return erg_fail(err, -EINVAL,
			"%s: the energy of '%s' is %.6g J in all %zu readings: if that "
			"is of each interval, say --sensor '%s:kind=delta'; if it is a counter that stands "
			"still, kind=counter",
			log->path, c->def.rail, (double)before * c->def.scale, n, c->def.rail);
	return 0;
}

/* The modulus of a counter of 32 bits when the reading before the fall was in its last tenth. */
static uint64_t guess_wrap(int64_t before, int64_t after)
{
	const int64_t modulus = (int64_t)1 << 32;

	return before < modulus && before > modulus / 10 * 9 && after < modulus / 10
		? (uint64_t)modulus
		: 0;
}

/* An energy counter is made to count on past its end. What a reset lost is not known: there it falls
 * by one, which is read so. */
static void check_counter(struct erg_import_log *log, struct erg_import_channel *c, json_t *notes)
{
	int64_t before = ERG_IMPORT_MISSING, base = 0, t = 0;
	double fastest = fastest_rise(log, c);
	size_t resets = 0, wraps = 0;
	uint32_t line = 0;

	for (size_t i = 0; erg_import_has_row(log, i); i++) {
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
		erg_import_note(notes, "wrap",
			"%s: line %u: the energy counter '%s' wrapped, %zu times "
			"in all; unwrapped",
			log->path, line, c->def.rail, wraps);
	if (resets && c->delta)
		erg_import_note(notes, "reset",
			"%s: line %u: the energy of the interval before is missing, or below zero, in '%s', %zu "
			"times in all: what it was is not known",
			log->path, line, c->def.rail, resets);
	else if (resets)
		erg_import_note(notes, "reset",
			"%s: line %u: the energy counter '%s' falls: it was "
			"reset, %zu times in all; the energy between the readings before and after is "
			"not known (if it wrapped, say --sensor '%s:wrap=' and where)",
			log->path, line, c->def.rail, resets, c->def.rail);
}

/* ---- readings that are none ---- */

/* The last five readings: indices of their rows, the oldest first. */
struct window {
	size_t row[5], n;
};

static double rate_between(const struct erg_import_log *log, const struct erg_import_channel *c,
	size_t from, size_t to)
{
	return (double)(c->raw[to] - c->raw[from]) / fmax(1, (double)(log->t[to] - log->t[from]));
}

/*
 * Whether the middle one is far from a line on which the others go on: the counter goes back behind it, or comes
 * back, as no counter does that was reset.
 */
static bool is_glitch(const struct erg_import_log *log, const struct erg_import_channel *c,
	const size_t *w)
{
	const int64_t *v = c->raw;
	const double before = rate_between(log, c, w[0], w[1]),
		     over = rate_between(log, c, w[1], w[3]),
		     behind = rate_between(log, c, w[3], w[4]), usual = fmax(before, behind);

	if (before < 0 || behind < 0 || over < 0 || over > GLITCH_TIMES * usual ||
		GLITCH_TIMES * over < fmin(before, behind))
		return false;
	return v[w[2]] < v[w[1]] ||
		(v[w[2]] > v[w[3]] && rate_between(log, c, w[1], w[2]) > GLITCH_TIMES * usual);
}

static void drop_glitches(struct erg_import_log *log, struct erg_import_channel *c, json_t *notes)
{
	struct window w = {0};
	size_t glitches = 0;
	uint32_t line = 0;
	double value = 0;

	for (size_t i = 0; erg_import_has_row(log, i); i++) {
		if (c->raw[i] == ERG_IMPORT_MISSING)
			continue;
		if (w.n == 5) {
			memmove(w.row, w.row + 1, 4 * sizeof(*w.row));
			w.n--;
		}
		w.row[w.n++] = i;
		if (w.n < 5 || !is_glitch(log, c, w.row))
			continue;
		if (glitches++ == 0) {
			line = log->line[w.row[2]];
			value = (double)c->raw[w.row[2]] * c->def.scale;
		}
		c->raw[w.row[2]] = ERG_IMPORT_MISSING;
		memmove(w.row + 2, w.row + 3, 2 * sizeof(*w.row));
		w.n = 4;
	}
	if (glitches)
		erg_import_note(notes, "glitch",
			"%s: line %u: the energy counter '%s' is %.6g J for one reading and goes on from the one "
			"before; %zu such readings were left out",
			log->path, line, c->def.rail, value, glitches);
}

/* What a machine does not have, RAPL's memory or graphics, it counts as nothing. */
static void drop_zeros(struct erg_import_log *log, struct erg_import_channel *c, size_t zeros,
	json_t *notes)
{
	for (size_t i = 0; erg_import_has_row(log, i); i++)
		c->raw[i] = ERG_IMPORT_MISSING;
	erg_import_note(notes, "empty",
		"%s: the energy counter '%s' is 0 J in all %zu readings, as where there is nothing that counts: it "
		"was left out (--sensor '%s:kind=counter' takes it)",
		log->path, c->def.rail, zeros, c->def.rail);
}

/* A counter that is 0 at first, and then at once far on, was not read at first. */
static void drop_begin(struct erg_import_log *log, struct erg_import_channel *c, json_t *notes)
{
	size_t zeros = 0, n = 0, before = log->n, first = log->n;
	double jump = 0, fastest = 0;

	for (size_t i = 0; erg_import_has_row(log, i); i++) {
		double rate;

		if (c->raw[i] == ERG_IMPORT_MISSING)
			continue;
		if (first == log->n && c->raw[i] == 0) {
			zeros++;
		} else {
			rate = before < log->n ? rate_between(log, c, before, i) : 0;
			if (first == log->n)
				jump = rate;
			else
				fastest = fmax(fastest, rate);
			first = first == log->n ? i : first;
			n++;
		}
		before = i;
	}
	if (n == 0 && zeros > 2 && !c->given.kind) {
		drop_zeros(log, c, zeros, notes);
		return;
	}
	if (zeros == 0 || n < 4 || fastest <= 0 || jump < GLITCH_TIMES * fastest)
		return;
	for (size_t i = 0; erg_import_has_row(log, i) && i < first; i++)
		c->raw[i] = ERG_IMPORT_MISSING;
	erg_import_note(notes, "glitch",
		"%s: line %u: the energy counter '%s' is at %.6g J all at once and 0 before, as before it is read: %zu "
		"such readings were left out",
		log->path, log->line[first], c->def.rail, (double)c->raw[first] * c->def.scale,
		zeros);
}

/* ---- jumps ---- */

#define JUMPS_MAX 64

struct jumps {
	size_t told, lost[JUMPS_MAX], n_lost; /* lost: the rows behind them */
	uint32_t line;
	double by;          /* of the first one */
	double length, sum; /* of the whole log: ns, and what it rises by */
};

/* The rates of an interval, and of those beside it; where there is none, 0. ROW: where it ends. */
static void judge_rate(const struct erg_import_log *log, const struct erg_import_channel *c,
	struct jumps *j, double before, double rate, double behind, size_t from, size_t row)
{
	const double ns = (double)(log->t[row] - log->t[from]),
		     others = (j->sum - rate * ns) / fmax(1, j->length - ns),
		     usual = fmax(others, fmax(before, behind));

	if (usual <= 0 || rate < JUMP_TOLD * usual)
		return;
	if (j->told + j->n_lost == 0) {
		j->line = log->line[row];
		j->by = rate * ns * c->def.scale;
	}
	if (rate >= JUMP_LOST * usual && j->n_lost < JUMPS_MAX)
		j->lost[j->n_lost++] = row;
	else
		j->told++;
}

static void find_jumps(const struct erg_import_log *log, const struct erg_import_channel *c,
	struct jumps *j)
{
	size_t row[3] = {log->n, log->n, log->n}; /* the last ones; the interval is from 0 to 1 */
	double before = 0, rate = -1;

	for (size_t i = 0; erg_import_has_row(log, i); i++) {
		double behind;

		if (c->raw[i] == ERG_IMPORT_MISSING)
			continue;
		row[2] = i;
		behind = row[1] < log->n ? fmax(0, rate_between(log, c, row[1], i)) : -1;
		if (rate >= 0)
			judge_rate(log, c, j, before, rate, behind, row[0], row[1]);
		before = fmax(0, rate);
		rate = behind;
		row[0] = row[1];
		row[1] = row[2];
	}
	if (rate >= 0)
		judge_rate(log, c, j, before, rate, 0, row[0], row[1]);
}

/* What a counter rises by in all, and in what time. */
static void measure_rise(const struct erg_import_log *log, const struct erg_import_channel *c,
	struct jumps *j)
{
	size_t before = log->n;

	for (size_t i = 0; erg_import_has_row(log, i); i++) {
		if (c->raw[i] == ERG_IMPORT_MISSING)
			continue;
		if (before < log->n && c->raw[i] > c->raw[before])
			j->sum += (double)(c->raw[i] - c->raw[before]);
		if (before < log->n)
			j->length += (double)(log->t[i] - log->t[before]);
		before = i;
	}
}

/* What a counter cannot have counted is not known: there it falls by one. */
static void lose_jumps(struct erg_import_log *log, struct erg_import_channel *c,
	const struct jumps *j)
{
	int64_t base = 0, last = 0;
	size_t k = 0;

	for (size_t i = 0; erg_import_has_row(log, i); i++) {
		if (c->raw[i] == ERG_IMPORT_MISSING)
			continue;
		c->raw[i] -= base;
		if (k < j->n_lost && j->lost[k] == i) {
			base += c->raw[i] - last + 1;
			c->raw[i] = last - 1;
			k++;
		}
		last = c->raw[i];
	}
}

/* A counter that rises by far more than beside it and anywhere else was set, or a driver began anew. */
static void check_jumps(struct erg_import_log *log, struct erg_import_channel *c, json_t *notes)
{
	struct jumps j = {0};

	measure_rise(log, c, &j);
	find_jumps(log, c, &j);
	lose_jumps(log, c, &j);
	if (j.n_lost + j.told)
		erg_import_note(notes, "jump",
			"%s: line %u: the energy counter '%s' rises by %.6g J at once, more than %d times as fast as "
			"beside it, %zu times in all: %zu were kept, and %zu, of more than %d times, are not known",
			log->path, j.line, c->def.rail, j.by, JUMP_TOLD, j.n_lost + j.told, j.told,
			j.n_lost, JUMP_LOST);
}

int erg_import_check_energy(struct erg_import_log *log, struct erg_import_channel *c, json_t *notes,
	struct erg_err *err)
{
	int r = 0;

	if (c->delta) {
		sum_deltas(log, c);
	} else {
		r = check_is_counter(log, c, err);
		if (r == 0) {
			drop_begin(log, c, notes);
			drop_glitches(log, c, notes);
		}
	}
	if (r == 0)
		check_counter(log, c, notes);
	if (r == 0 && !c->delta)
		check_jumps(log, c, notes);
	return r;
}
