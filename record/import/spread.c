/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Stamps of whole seconds, several lines to each. The lines are taken to be evenly apart, by
 * --interval or by what the stamps allow: line i of stamp s_i was written at t_0 + i h with
 * s_i <= t_0 + i h < s_i + 1, which bounds h from both sides. The first and the last second are not
 * full, so they are filled from their inner ends. What h may be otherwise is a doubt of every energy
 * that the log gives, and becomes a bound of the channels' gain: power times a wrong interval is
 * wrong by the same share.
 */
#include <errno.h>
#include <math.h>

#include "formats/base/util.h"
#include "record/import/import.h"

#define SECOND ((int64_t)ERG_NSEC_PER_SEC)
#define MINUTE (60 * SECOND) /* what a spreadsheet makes of times */
#define SHARED_MAX                                                                                 \
	0.25 /* rows of the second of the one before, of one device that is a little faster */
#define CENTURY (946684800 * SECOND) /* a number beyond it is a time since 1970 */
#define PAIRED 64u /* seconds at either end that are paired: the longest distances bound the most */

struct seconds {
	size_t *first; /* row of each second's first line; [n]: behind the last */
	size_t n;
	int64_t tick; /* a second, or a minute where all stamps have but these */
};

static bool find_seconds(const struct erg_import_column *times, struct seconds *ret)
{
	const int64_t *t = times->rows;
	size_t n = 0;

	ret->tick = MINUTE;
	for (size_t i = 0; erg_import_column_has(times, i); i++) {
		n += i == 0 || t[i] != t[i - 1];
		ret->tick = t[i] % MINUTE ? SECOND : ret->tick;
	}
	if (n < 2)
		ret->tick = SECOND;
	ret->first = calloc(n + 1, sizeof(*ret->first));
	if (!ret->first)
		return false;
	for (size_t i = 0; erg_import_column_has(times, i); i++)
		if (i == 0 || t[i] != t[i - 1])
			ret->first[ret->n++] = i;
	ret->first[ret->n] = times->n;
	return true;
}

/* The bounds of h from lines I < K. */
static void bound(const int64_t *t, const struct seconds *s, size_t i, size_t k, double *lo,
	double *hi)
{
	double rows = (double)(k - i), d = (double)(t[k] - t[i]);

	*lo = fmax(*lo, (d - (double)s->tick) / rows);
	*hi = fmin(*hi, (d + (double)s->tick) / rows);
}

static void bound_interval(const int64_t *t, const struct seconds *s, double *lo, double *hi)
{
	for (size_t a = 0; a < s->n && a < PAIRED; a++)
		for (size_t b = s->n > PAIRED && s->n - PAIRED > a ? s->n - PAIRED : a; b < s->n;
			b++) {
			size_t last_a = s->first[a + 1] - 1, last_b = s->first[b + 1] - 1;

			if (last_b > s->first[a])
				bound(t, s, s->first[a], last_b, lo, hi);
			if (b > a)
				bound(t, s, last_a, s->first[b], lo, hi);
		}
}

/* By the lines of the seconds that are full, or else of the fuller one. */
static double usual_interval(const int64_t *t, const struct seconds *s)
{
	size_t most = 1;

	if (s->n > 2)
		return (double)(t[s->first[s->n - 1]] - t[s->first[1]]) /
			(double)(s->first[s->n - 1] - s->first[1]);
	for (size_t i = 0; i < s->n; i++)
		most = s->first[i + 1] - s->first[i] > most ? s->first[i + 1] - s->first[i] : most;
	return (double)s->tick / (double)most;
}

/* Evenly over all; false when no t_0 fits all stamps. */
static bool place_evenly(struct erg_import_column *times, int64_t tick, double h)
{
	double lo = -INFINITY, hi = INFINITY, t0;
	int64_t *t = times->rows, begin = t[0];

	for (size_t i = 0; erg_import_column_has(times, i); i++) {
		double at = (double)(t[i] - t[0]) - (double)i * h;

		lo = fmax(lo, at);
		hi = fmin(hi, at + (double)tick);
	}
	if (lo >= hi)
		return false;
	t0 = lo; /* the first line of a second is close to its begin, as tools wait for it */
	for (size_t i = 0; erg_import_column_has(times, i); i++)
		t[i] = begin + llround(t0 + (double)i * h);
	return true;
}

/* Evenly over each second; the first one is filled from its end, the last one from its begin. */
static void place_by_second(struct erg_import_column *times, const struct seconds *s, double h)
{
	int64_t *t = times->rows;

	for (size_t a = 0; a < s->n; a++) {
		size_t first = s->first[a], n = s->first[a + 1] - first;
		int64_t begin = t[first];
		double step = a > 0 && a + 1 < s->n ? (double)s->tick / (double)n
						    : fmin(h, (double)s->tick / (double)n);

		for (size_t k = 0; k < n && erg_import_column_has(times, first + k); k++)
			t[first + k] = begin +
				llround(a == 0 && s->n > 1
						? (double)s->tick - step * (double)(n - k)
						: step * (double)k);
	}
}

bool erg_import_whole_seconds(const struct erg_import_column *times, size_t *ret_same)
{
	const int64_t *t = times->rows;

	*ret_same = 0;
	for (size_t i = 0; erg_import_column_has(times, i); i++) {
		if (t[i] % SECOND)
			return false;
		*ret_same += i > 0 && t[i] == t[i - 1];
	}
	return times->n > 0;
}

int erg_import_spread_times(struct erg_import_column *times, uint64_t interval_ns,
	double *ret_doubt, double *ret_interval_ns)
{
	const int64_t *t = times->rows;
	struct seconds s = {0};
	double lo = 0, hi = INFINITY, h;

	if (!find_seconds(times, &s))
		return -ENOMEM;
	bound_interval(t, &s, &lo, &hi);
	h = interval_ns ? (double)interval_ns : usual_interval(t, &s);
	*ret_interval_ns = h;
	if (lo <= hi)
		*ret_doubt = interval_ns ? 0 : fmin(fmax(hi - h, h - lo) / h, 1);
	else /* the lines are not evenly apart: an interval is not known at either end */
		*ret_doubt = fmin(2 * h / (double)(t[times->n - 1] - t[0] + s.tick), 1);
	if (lo > hi || !place_evenly(times, s.tick, h))
		place_by_second(times, &s, h);
	free(s.first);
	return 0;
}

void erg_import_doubt(struct erg_import_log *log, double doubt)
{
	for (size_t i = 0; i < log->n_channels; i++)
		if (log->channels[i].def.quantity != ERG_Q_ENERGY)
			log->channels[i].doubt += doubt;
}

/* How many rows have the time of the row before, and a reading of a channel that has one there, too. */
static size_t rows_that_share(const struct erg_import_log *log)
{
	size_t n = 0;

	for (size_t i = 1; erg_import_has_row(log, i); i++)
		n += log->t[i] == log->t[i - 1] && erg_import_rows_share(log, i, i - 1);
	return n;
}

static struct erg_import_column times_of(const struct erg_import_log *log)
{
	return (struct erg_import_column){.rows = log->t,
		.n = log->n,
		.size = sizeof(*log->t),
		.store = log->t_store};
}

/*
 * One device that is read a little faster than once a second has two rows in some of them, which fit even
 * distances: 1, and *ret_doubt is what these may be otherwise. 0: they do not fit, and nothing was changed.
 */
static int spread_few(struct erg_import_log *log, double *ret_doubt, double *ret_h)
{
	struct erg_import_column times = times_of(log);
	struct seconds s = {0};
	double lo = 0, hi = INFINITY;
	bool fits;

	if (!find_seconds(&times, &s))
		return -ENOMEM;
	bound_interval(log->t, &s, &lo, &hi);
	*ret_h = (lo + hi) / 2;
	*ret_doubt = (hi - lo) / 2 / *ret_h;
	fits = s.tick == SECOND && lo < hi && place_evenly(&times, s.tick, *ret_h);
	free(s.first);
	return fits;
}

/* Whether rows are as many whole seconds apart everywhere: then that is what the writer waits for. */
static bool are_regular(const struct erg_import_log *log)
{
	for (size_t i = 2; erg_import_has_row(log, i); i++)
		if (log->t[i] - log->t[i - 1] != log->t[1] - log->t[0])
			return false;
	return true;
}

/* Clocks that are read to the second are up to one late at both ends of a log. */
static int doubt_seconds(struct erg_import_log *log, json_t *notes, struct erg_err *err)
{
	struct erg_import_column times = times_of(log);
	const bool numbers = log->clock == ERG_CLOCK_NUMBERS && log->n > 0 && log->t[0] < CENTURY;
	size_t same, shared;
	double doubt, h;
	int r;

	if (log->clock == ERG_CLOCK_NONE || numbers || log->wall.fraction || log->n < 3 ||
		!erg_import_whole_seconds(&times, &same) || log->t[log->n - 1] <= log->t[0])
		return 0;
	if (are_regular(log))
		return 0;
	doubt = fmin(1, (double)SECOND / (double)(log->t[log->n - 1] - log->t[0]));
	shared = same ? rows_that_share(log) : 0;
	if (shared > 0 && shared == same && (double)shared <= SHARED_MAX * (double)log->n) {
		r = spread_few(log, &doubt, &h);
		if (r < 0)
			return erg_fail_errno(err, r, "%s", log->path);
		if (r > 0)
			erg_import_note(notes, "times",
				"%s: the times have whole seconds; %zu lines of the same second as the one "
				"before show that they are %.6g s apart, to %.3g %%",
				log->path, shared, h * 1e-9, 100 * doubt);
	}
	erg_import_doubt(log, doubt);
	return 0;
}

int erg_import_spread_told(struct erg_import_log *log, const struct erg_import_how *how,
	json_t *notes, struct erg_err *err)
{
	return how->interval_ns && log->clock != ERG_CLOCK_NONE && rows_that_share(log)
		? erg_import_spread(log, how, notes, err)
		: doubt_seconds(log, notes, err);
}

int erg_import_spread(struct erg_import_log *log, const struct erg_import_how *how, json_t *notes,
	struct erg_err *err)
{
	struct erg_import_column times = times_of(log);
	bool minutes = log->n > 0 && log->t[0] != log->t[log->n - 1];
	double doubt, h;
	size_t same;

	if (!erg_import_whole_seconds(&times, &same) || same == 0)
		return 0;
	for (size_t i = 0; minutes && erg_import_has_row(log, i); i++)
		minutes = log->t[i] % MINUTE == 0;
	if (log->t[0] == log->t[log->n - 1] && !how->interval_ns)
		return erg_fail(err, -EINVAL,
			"%s: all %zu lines are of one second: --interval, the seconds "
			"between two of them, was expected",
			log->path, log->n);
	if (erg_import_spread_times(&times, how->interval_ns, &doubt, &h) < 0)
		return erg_fail_errno(err, -ENOMEM, "%s", log->path);
	log->spaced = true;
	erg_import_doubt(log, doubt);
	erg_import_note(notes, "times",
		"%s: the times have whole %s; %zu lines of the same one "
		"were spread over it, %.6g s apart; energies are uncertain by %.3g %%%s",
		log->path, minutes ? "minutes" : "seconds", same, h * 1e-9, 100 * doubt,
		how->interval_ns ? "" : " (--interval says what it is)");
	return 0;
}
