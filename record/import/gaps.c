/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How far apart the readings of a log are, and where some are missing: pauses, which are never bridged, single
 * readings, which the next one stands for, and rails that are there in a part of the log only.
 */
#include <errno.h>
#include <math.h>

#include "formats/base/order.h"
#include "formats/base/util.h"
#include "formats/observed.h"
#include "record/import/import.h"

#define RHYTHM_MIN 3 /* distances, to tell a column's own rhythm */

/*
 * The usual distance: the mean of those up to twice the median, since a dithered reader's median is
 * not its rate and gaps are no distances. At most 10^5 of them, spread over the log.
 */
static uint64_t usual_of(int64_t *d, size_t n)
{
	size_t usual = 0;
	double sum = 0;

	erg_sort_i64(d, n);
	for (size_t i = 0; i < n && d[i] <= 2 * d[n / 2]; i++, usual++)
		sum += (double)d[i];
	return usual ? (uint64_t)llround(sum / (double)usual) : 0;
}

/* Of the rows that a device (CHANNEL NULL), or one channel of it, has a reading in; 0: too few. */
int erg_import_usual_distance(const struct erg_import_log *log, uint32_t group,
	const struct erg_import_channel *channel, uint64_t *ret, struct erg_err *err)
{
	size_t step = log->n / 100000 + 1, n = 0, seen = 0;
	_cleanup_(erg_freep) int64_t *d = calloc(log->n / step + 2, sizeof(*d));
	int64_t before = 0;

	if (!d)
		return erg_fail_errno(err, -ENOMEM, "%s", log->path);
	for (size_t i = 0; erg_import_has_row(log, i); i++) {
		if (channel ? channel->raw[i] == ERG_IMPORT_MISSING
			    : !erg_import_was_read(log, group, i))
			continue;
		if (seen > 0 && seen % step == 0)
			d[n++] = log->t[i] - before;
		before = log->t[i];
		seen++;
	}
	*ret = channel && n < RHYTHM_MIN ? 0 : usual_of(d, n);
	return 0;
}

/*
 * Each channel's interval is its device's, unless it is read in but a few of its rows (a column that
 * is filled at every tenth): some cells that are missing make no other rhythm.
 */
int erg_import_find_intervals(struct erg_import_log *log, struct erg_err *err)
{
	uint64_t of_group = 0, own;
	int r = 0;

	for (size_t i = 0; i < log->n_channels && r == 0; i++) {
		struct erg_import_channel *c = &log->channels[i];

		if (i == 0 || c->group != log->channels[i - 1].group)
			r = erg_import_usual_distance(log, c->group, NULL, &of_group, err);
		if (r == 0)
			r = erg_import_usual_distance(log, c->group, c, &own, err);
		c->interval_ns = own > of_group + of_group / 2 ? own : of_group;
		if (c->interval_ns > log->interval_ns)
			log->interval_ns = c->interval_ns;
	}
	return r;
}

static bool is_listed(const json_t *gaps, int64_t begin, int64_t end)
{
	const json_t *g;
	size_t i;

	json_array_foreach (gaps, i, g)
		if (json_integer_value(json_object_get(g, "begin_ns")) == begin &&
			json_integer_value(json_object_get(g, "end_ns")) == end)
			return true;
	return false;
}

struct gaps {
	int64_t longest, total;
	size_t n, at;
};

/*
 * Readings that are missing between others, too few to be a gap: N/A, a line that was cut. Of a sensor that
 * nobody declared the next one stands for them, which is what a meter of means does that is asked late, and is
 * wrong of one that was asked. What they were is as far from it as readings usually are from the next, and the
 * more so the more they are.
 */
struct holes {
	size_t distances, regular;
	double steps, missing; /* sums of squares */
	double sum;
};

static void add_distance(struct holes *h, double d, double interval, double from, double to)
{
	h->distances++;
	h->steps += (to - from) * (to - from);
	h->sum += to;
	if (erg_import_is_one(d, interval)) {
		h->regular++;
	} else if (erg_import_is_more(d, interval)) {
		const double k = round(d / interval) - 1;

		h->missing += pow(k * (k + 1) / 2, 2);
		h->sum += to * k;
	}
}

static void doubt_holes(const struct holes *h, struct erg_import_channel *c)
{
	if (h->missing <= 0 || h->sum <= 0 || c->def.quantity == ERG_Q_ENERGY || c->model_given ||
		(double)h->regular < ERG_IMPORT_REGULAR_MIN * (double)h->distances)
		return;
	c->doubt += fmin(1, 2 * sqrt(h->missing * h->steps / (double)h->distances) / h->sum);
}

/* Adds those of C that no channel before had; the gaps of a device are gaps of all of its channels. */
static void add_gaps(struct erg_import_log *log, struct erg_import_channel *c, struct gaps *g)
{
	const size_t first = json_array_size(log->gaps);
	const bool is_power = erg_import_class(c) == ERG_CLASS_POWER;
	struct holes holes = {0};
	size_t before = log->n;

	for (size_t i = 0; erg_import_has_row(log, i); i++) {
		int64_t d;

		if (c->raw[i] == ERG_IMPORT_MISSING)
			continue;
		d = before < log->n ? log->t[i] - log->t[before] : 0;
		if (!erg_observed_gap((double)d, (double)c->interval_ns, 0)) {
			if (is_power && d > 0 && c->interval_ns > 0)
				add_distance(&holes, (double)d, (double)c->interval_ns,
					(double)c->raw[before], (double)c->raw[i]);
		} else if ((first == 0 || !is_listed(log->gaps, log->t[before], log->t[i]))) {
			g->n++;
			g->total += d;
			g->at = d > g->longest ? i : g->at;
			g->longest = d > g->longest ? d : g->longest;
			if (json_array_size(log->gaps) < 1000)
				json_array_append_new(log->gaps,
					json_pack("{s:I, s:I}", "begin_ns",
						(json_int_t)log->t[before], "end_ns",
						(json_int_t)log->t[i]));
		}
		before = i;
	}
	doubt_holes(&holes, c);
}

/* A gap as where summer time begins: an hour more than the usual distance, by a clock without a zone. */
static bool is_summer(const struct erg_import_log *log, const struct gaps *g, uint64_t interval)
{
	return log->clock == ERG_CLOCK_WALL &&
		llabs(g->longest - (3600 * (int64_t)ERG_NSEC_PER_SEC + (int64_t)interval)) <
		(int64_t)interval;
}

void erg_import_find_gaps(struct erg_import_log *log, json_t *notes)
{
	struct gaps g = {0};
	uint64_t interval = 0;
	double hour = 3600e9 / (double)(log->t[log->n - 1] - log->t[0]);
	bool summer;

	for (size_t i = 0; i < log->n_channels; i++) {
		size_t n = g.n;

		add_gaps(log, &log->channels[i], &g);
		interval = n == 0 && g.n > 0 ? log->channels[i].interval_ns : interval;
	}
	if (g.n == 0)
		return;
	summer = is_summer(log, &g, interval);
	if (summer) /* the hour may never have been */
		erg_import_doubt(log, fmin(1, hour));
	erg_import_note(notes, "gap",
		"%s: line %u: no reading for %.6g s; %zu gaps of more "
		"than 3 times the usual %.6g s, %.6g s in all%s",
		log->path, log->line[g.at], (double)g.longest * 1e-9, g.n, (double)interval * 1e-9,
		(double)g.total * 1e-9,
		summer ? " (an hour: summer time began? --time-zone tells; energies are uncertain by "
			 "that hour)"
		       : "");
}

/* Power or energy that is there only in a part of the log: a device that was lost, or that came later. */
void erg_import_tell_ends(const struct erg_import_log *log, json_t *notes)
{
	const struct erg_import_channel *first = NULL;
	size_t n = 0, row = 0;
	bool ends = false;
	double pause = 0;

	for (size_t c = 0; c < log->n_channels; c++) {
		const struct erg_import_channel *ch = &log->channels[c];
		size_t begin = 0, end = log->n;

		if (erg_import_class(ch) != ERG_CLASS_POWER)
			continue;
		while (begin < end && ch->raw[begin] == ERG_IMPORT_MISSING)
			begin++;
		while (end > begin && ch->raw[end - 1] == ERG_IMPORT_MISSING)
			end--;
		for (int side = 0; side < 2 && begin < end; side++) {
			const int64_t d = side ? log->t[log->n - 1] - log->t[end - 1]
					       : log->t[begin] - log->t[0];

			if (!erg_observed_gap((double)d, (double)ch->interval_ns, 0) || n++ > 0)
				continue;
			first = ch;
			ends = side;
			row = side ? end - 1 : begin;
			pause = (double)d * 1e-9;
		}
	}
	if (first)
		erg_import_note(notes, "partial",
			"%s: line %u: %s of '%s' has no reading %s this line, for %.6g s of the log, where what "
			"it was is not known; %zu such in all",
			log->path, log->line[row], erg_quantity_name(first->def.quantity),
			first->def.rail, ends ? "behind" : "before", pause, n);
}
