/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From a rail to fresh readings. A sensor that updates every 100 ms and is read every 10 ms repeats
 * itself nine times; a repetition is no new information and its window did not end at its time. So
 * where the native period is longer than the sampling, only readings that changed are kept, and one
 * per period where the value stood still. The period comes from the model, or from the readings
 * when changes come at regular distances (equal neighbours alone prove nothing: a coarse quantum
 * repeats as well, but irregularly).
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "analyze/attribution/readings.h"
#include "analyze/attribution/repeats.h"
#include "analyze/attribution/step.h"
#include "analyze/attribution/updates.h"
#include "formats/base/memory.h"
#include "formats/base/order.h"
#include "formats/base/util.h"

#define SAMPLE_MAX 8191 /* readings looked at for a median */

static double median_spacing(const uint64_t *t, size_t n)
{
	_cleanup_(erg_freep) uint64_t *d = NULL;
	size_t m = n - 1 < SAMPLE_MAX ? n - 1 : SAMPLE_MAX;

	d = erg_noted(malloc((m + 1) * sizeof(*d)));
	if (!d || !m)
		return 0;
	for (size_t i = 0; i < m; i++) {
		size_t at = (size_t)((double)i * (double)(n - 1) / (double)m);

		d[i] = t[at + 1] - t[at];
	}
	erg_sort(d, m, sizeof(*d), erg_order_u64);
	return (double)d[m / 2];
}

/* Mean half width of the readings that are not WIDER, of some. */
static double mean_half(const struct erg_rail *rail, double wider)
{
	double sum = 0;
	size_t m = rail->n < 256 ? rail->n : 256, n = 0;

	for (size_t i = 0; i < m && rail->half; i++) {
		double half = (double)rail->half[i * rail->n / m];

		sum += half <= wider ? half : 0;
		n += half <= wider;
	}
	return n ? sum / (double)n : 0;
}

/*
 * A reading that took much longer than the others: the reader was interrupted between the two times, or the
 * driver waited, and when the value is of is not known. On a busy machine that happens while the work runs, and
 * a few such readings, each at the middle of its two times, move energy from one layer to the next.
 */
#define WIDE 5         /* half widths of the usual reading */
#define WIDE_LEAST 2e5 /* ns, of half of it */

static double widest_half(const struct erg_rail *rail)
{
	_cleanup_(erg_freep) uint64_t *half = NULL;
	size_t m = rail->n < SAMPLE_MAX ? rail->n : SAMPLE_MAX;

	half = erg_noted(malloc((m + 1) * sizeof(*half)));
	if (!half || !rail->half)
		return INFINITY;
	for (size_t i = 0; i < m; i++)
		half[i] = rail->half[(size_t)((double)i * (double)rail->n / (double)m)];
	erg_sort(half, m, sizeof(*half), erg_order_u64);
	return fmax(WIDE * (double)half[m / 2], WIDE_LEAST);
}

/*
 * What the times of all readings are multiples of, from some first one on, in ns, if that shows: they
 * come at distances that are not all alike, as those of a meter that goes its own way and whose log
 * rounds. A meter that keeps its period has one distance, whatever it is, or multiples of the period that
 * it is known to have, where readings were missed. 0: nothing.
 */
#define GRID_LEAST 100000u /* ns: finer does not matter to any layer */
#define GRID_ODD 0.05      /* share of the distances that are not the median one */

static double stamp_grid(const struct erg_rail *rail, double spacing)
{
	uint64_t grid = 0;
	size_t odd = 0;

	for (size_t i = 1; i < rail->n; i++) {
		uint64_t d = rail->t[i] - rail->t[i - 1];

		odd += (double)d != spacing;
		grid = attr_common_step(grid, d);
		if (grid && grid < GRID_LEAST)
			return 0;
	}
	if (rail->model.provenance != ERG_PROVENANCE_ASSUMED && grid == rail->model.period_ns)
		return 0;
	return (double)odd > GRID_ODD * (double)rail->n ? (double)grid : 0;
}

/* Mean distance of changes in ns, and the share of distances within one spacing of it. */
static double change_period(const struct attr_readings *r, double spacing, double *ret_regular)
{
	double mean, regular = 0;
	size_t changes = 0, first = 0, last = 0;

	*ret_regular = 0;
	for (size_t i = 1; i < r->n; i++)
		if (r->v[i] != r->v[i - 1]) {
			first = changes++ ? first : i;
			last = i;
		}
	if (changes < 10)
		return 0;
	mean = (double)(r->t[last] - r->t[first]) / (double)(changes - 1);
	for (size_t i = first + 1, prev = first; i <= last; i++)
		if (r->v[i] != r->v[i - 1]) {
			regular += fabs((double)(r->t[i] - r->t[prev]) - mean) <= spacing;
			prev = i;
		}
	*ret_regular = regular / (double)(changes - 1);
	return mean;
}

/* The model's period, unless it is only assumed and the readings change more often than that. */
static double model_period(const struct erg_rail *rail, const struct attr_readings *r,
	double spacing)
{
	double regular, mean, known = (double)rail->model.period_ns;

	if (rail->model.provenance != ERG_PROVENANCE_ASSUMED || rail->model.kind == ERG_SENSOR_EMA)
		return known;
	mean = change_period(r, spacing, &regular);
	return mean > 0 && mean < 0.75 * known ? mean : known;
}

/* The native period when readings repeat it, else 0; known: that of the model. */
static double stale_period(const struct erg_rail *rail, const struct attr_readings *r,
	double spacing, double known)
{
	double regular, mean = change_period(r, spacing, &regular);

	if (rail->model.kind == ERG_SENSOR_EMA && known > 0)
		return 0; /* the filter's own conversions, which the kernel models */
	if (known > 1.5 * spacing)
		return known;
	if (known > 0 || mean <= 0)
		return 0;
	if (rail->counter)
		return mean > 1.2 * spacing && regular > 0.6 ? mean : 0;
	return mean > 2.9 * spacing && regular > 0.8 ? mean : 0;
}

static int own_columns(const struct erg_rail *rail, struct attr_readings *ret, struct erg_err *err)
{
	ret->own_t = malloc(rail->n * sizeof(*ret->own_t));
	ret->own_v = malloc(rail->n * sizeof(*ret->own_v));
	if (!ret->own_t || !ret->own_v)
		return erg_fail(err, -ENOMEM, "out of memory for %zu readings", rail->n);
	memcpy(ret->own_t, ret->t, ret->n * sizeof(*ret->own_t));
	memcpy(ret->own_v, ret->v, ret->n * sizeof(*ret->own_v));
	ret->t = ret->own_t;
	ret->v = ret->own_v;
	return 0;
}

static int leave_out_wide(const struct erg_rail *rail, double wider, struct attr_readings *ret,
	struct erg_err *err)
{
	size_t n = 0;
	int r;

	for (size_t i = 0; i < rail->n && rail->half; i++)
		ret->wide += (double)rail->half[i] > wider;
	if (!ret->wide)
		return 0;
	r = own_columns(rail, ret, err);
	for (size_t i = 0; !r && i < rail->n; i++)
		if ((double)rail->half[i] <= wider) {
			ret->own_t[n] = rail->t[i];
			ret->own_v[n++] = rail->v[i];
		}
	ret->n = n;
	return r;
}

/* One reading for each update that was seen. */
struct fresh {
	const struct attr_readings *r;
	const struct attr_updates *u;
	uint64_t *t;
	double *v;
	size_t n;
	double last; /* the number of the latest */
};

static double since_first(const struct attr_readings *r, size_t i)
{
	return (double)(r->t[i] - r->t[0]);
}

static void add_update(struct fresh *f, double number, double v)
{
	if (number <= f->last)
		return;
	f->last = number;
	f->t[f->n] = f->r->t[0] + (uint64_t)llround(attr_updates_at(f->u, number));
	f->v[f->n++] = v;
}

/* Readings FROM .. TO - 1 are of the same value as the one before, and update NEXT is of another: those that are behind an
 * update between them by so much that they are of that. */
#define SURELY_DUE 0.25 /* of a period */

static void add_same(struct fresh *f, size_t from, size_t to, double next)
{
	for (size_t i = from; i < to; i++) {
		double when = since_first(f->r, i) - SURELY_DUE * f->u->period_ns;

		add_update(f, fmin(attr_updates_number(f->u, when), next - 1), f->r->v[i]);
	}
}

static void find_fresh(struct fresh *f, bool counter)
{
	const struct attr_readings *r = f->r;
	size_t from = 0; /* the first after the latest change */

	for (size_t i = 1; i < r->n; i++) {
		double number;

		if (r->v[i] == r->v[i - 1])
			continue;
		number = attr_updates_between(f->u, since_first(r, i - 1), since_first(r, i));
		if (from && !counter)
			add_same(f, from, i, number);
		add_update(f, number, r->v[i]);
		from = i + 1;
	}
	if (from && !counter)
		add_same(f, from, r->n, INFINITY);
}

static int keep_updates(const struct erg_rail *rail, const struct attr_updates *u,
	struct attr_readings *ret, struct erg_err *err)
{
	_cleanup_(erg_freep) uint64_t *t = malloc(ret->n * sizeof(*t));
	_cleanup_(erg_freep) double *v = malloc(ret->n * sizeof(*v));
	struct fresh f = {.r = ret, .u = u, .t = t, .v = v, .last = -INFINITY};

	if (!t || !v)
		return erg_fail(err, -ENOMEM, "out of memory for %zu readings", ret->n);
	find_fresh(&f, rail->counter);
	free(ret->own_t);
	free(ret->own_v);
	ret->t = ret->own_t = erg_steal_ptr(&t);
	ret->v = ret->own_v = erg_steal_ptr(&v);
	ret->n = f.n;
	ret->stale = ret->at_updates = true;
	ret->spacing_ns = u->period_ns;
	ret->room_ns = u->room_ns;
	ret->half_ns = ret->grid_ns = 0;
	return 0;
}

static int keep_fresh(const struct erg_rail *rail, double period, struct attr_readings *ret,
	struct erg_err *err)
{
	size_t n = 0;
	double before;
	int r = ret->own_t ? 0 : own_columns(rail, ret, err);

	if (r < 0)
		return r;
	before = ret->n ? ret->v[0] : 0;
	for (size_t i = 1; i < ret->n; i++) {
		uint64_t t = ret->t[i];
		double v = ret->v[i];
		bool fresh = v != before;

		before = v;
		if (!fresh && !rail->counter && n) {
			/* an update of the same value as the one before: it was due a period after that */
			fresh = (double)(t - ret->own_t[n - 1]) >= period + 0.5 * ret->spacing_ns;
			t = fresh ? ret->own_t[n - 1] + (uint64_t)llround(period) : t;
		}
		if (!fresh)
			continue;
		ret->own_t[n] = t; /* n < i: what is read has been */
		ret->own_v[n++] = v;
	}
	ret->n = n;
	ret->stale = true;
	return 0;
}

/* When a sensor whose period is about PERIOD ns did update: 1; 0: not like clockwork. */
static int find_updates(const struct attr_readings *r, double period, struct attr_updates *ret,
	struct erg_err *err)
{
	int found = attr_updates_find(r->t, r->v, r->n, period, ret);

	return found < 0 ? erg_fail(err, found, "out of memory for %zu readings", r->n) : found;
}

/* Of a sensor that updates every PERIOD ns and was read more often: what each update said. */
static int drop_repetitions(const struct erg_rail *rail, double period, struct attr_readings *ret,
	struct erg_err *err)
{
	struct attr_updates u;
	int r = rail->at_stamp ? 0 : find_updates(ret, period, &u, err);

	if (r < 0)
		return r;
	ret->period_ns = r ? u.period_ns : period;
	return r ? keep_updates(rail, &u, ret, err) : keep_fresh(rail, period, ret, err);
}

/* Without those that are the one before once more. */
static int keep_first(const struct erg_rail *rail, struct attr_readings *ret, struct erg_err *err)
{
	double before = NAN;
	size_t n = 0;
	int r = ret->own_t ? 0 : own_columns(rail, ret, err);

	for (size_t i = 0; !r && i < ret->n; i++) {
		bool again = ret->v[i] == before;

		before = ret->v[i];
		ret->repeated += again;
		if (again)
			continue;
		ret->own_t[n] = ret->t[i]; /* n <= i: what is read has been */
		ret->own_v[n++] = before;
	}
	ret->n = r ? ret->n : n;
	return r;
}

/* Of a sensor of whose period nobody knows that it is longer than the readings' own: repetitions that chance does not
 * make. Updates that come like clockwork are of a sensor that is a little slower than its reader; others are a logger's. */
static int look_for_repeats(const struct erg_rail *rail, struct attr_readings *ret,
	struct erg_err *err)
{
	size_t again = rail->counter ? 0 : attr_repeats(ret->v, ret->n);
	struct attr_updates u;
	double period;
	int r;

	if (!again || (rail->model.kind == ERG_SENSOR_EMA && ret->period_ns > 0))
		return 0;
	period = (double)(ret->t[ret->n - 1] - ret->t[0]) / (double)(ret->n - 1 - again);
	r = find_updates(ret, period, &u, err);
	if (r <= 0)
		return r < 0 ? r : keep_first(rail, ret, err);
	ret->period_ns = u.period_ns;
	return keep_updates(rail, &u, ret, err);
}

int attr_readings_build(const struct erg_rail *rail, uint64_t begin, uint64_t end,
	struct attr_readings *ret, struct erg_err *err)
{
	double period, wider;
	int r;

	memset(ret, 0, sizeof(*ret));
	if (rail->n < 2 || rail->t[rail->n - 1] <= begin || rail->t[0] >= end)
		return erg_fail(err, -ENODATA,
			"rail %s: %zu readings, none of them during the "
			"run; expected at least two",
			rail->name, rail->n);
	ret->n = rail->n;
	ret->t = rail->t;
	ret->v = rail->v;
	wider = widest_half(rail);
	r = leave_out_wide(rail, wider, ret, err);
	if (r < 0)
		return r;
	ret->half_ns = mean_half(rail, wider);
	ret->spacing_ns = median_spacing(rail->t, rail->n);
	ret->grid_ns = stamp_grid(rail, ret->spacing_ns);
	ret->period_ns = model_period(rail, ret, ret->spacing_ns);
	period = stale_period(rail, ret, ret->spacing_ns, ret->period_ns);
	if (period > 0) {
		r = drop_repetitions(rail, period, ret, err);
		if (r < 0)
			return r;
		if (ret->n < 2)
			return erg_fail(err, -ENODATA,
				"rail %s: all %zu readings are the same; "
				"expected a sensor that updates",
				rail->name, rail->n);
	}
	return period > 0 ? 0 : look_for_repeats(rail, ret, err);
}

#define CLOCKS_NS 2e5 /* that clocks are off by */

double attr_least_lag(const struct attr_readings *r)
{
	return r->stale && !r->at_updates ? -2 * r->spacing_ns : -CLOCKS_NS - r->room_ns / 2;
}

size_t attr_readings_put(const struct attr_readings *r, const double *when, size_t from, size_t to,
	uint64_t *ret_t, double *ret_v)
{
	uint64_t last = 0;
	size_t n = 0;

	for (size_t i = from; i < to; i++) {
		uint64_t at = r->t[0] + (uint64_t)(int64_t)llround(when[i]);

		if (at <= last)
			continue;
		ret_t[n] = last = at;
		ret_v[n++] = r->v[i];
	}
	return n;
}

int attr_readings_at(struct attr_readings *r, const double *when, struct erg_err *err)
{
	uint64_t *t = malloc((r->n + 1) * sizeof(*t));
	double *v = malloc((r->n + 1) * sizeof(*v));

	if (!t || !v) {
		free(t);
		free(v);
		return erg_fail(err, -ENOMEM, "out of memory for %zu readings", r->n);
	}
	r->n = attr_readings_put(r, when, 0, r->n, t, v);
	r->t = r->own_t = t;
	r->v = r->own_v = v;
	r->at_updates = true;
	r->stamp = NULL;
	r->off = r->update = r->scatter = NULL;
	r->half_ns = r->room_ns = r->steadied = r->late_from_ns = r->stray_ns = 0;
	r->n_late = 0;
	return 0;
}

void attr_readings_back(struct attr_readings *r, const struct attr_readings *before)
{
	if (r->t != before->t)
		attr_readings_release(r);
	*r = *before;
}

void attr_readings_release(struct attr_readings *r)
{
	free(r->own_t);
	free(r->own_v);
	free(r->stamp);
	free(r->update);
	free(r->off);
	free(r->scatter);
	memset(r, 0, sizeof(*r));
}
