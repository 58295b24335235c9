/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A register that the sensor overwrites at a pace of its own, one conversion after the other (INA219, INA226, INA3221), and
 * that is read less often: what a reading shows is up to one such pace old. By a fit that does not know how old, layers
 * are mixed with those before them. But age is no chance: it follows from a period and a phase. What the fit says of
 * each reading at each age is asked once; then many thousand pairs of period and phase are only looked up. On a stretch of
 * a few hundred readings one of them stands out, also where the powers are off by tens of percent. From there on the phase is
 * followed to both ends of the run, as the sensor's clock drifts; and all of it once more with the powers by these times.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "analyze/attribution/left.h"
#include "analyze/attribution/own_pace.h"
#include "analyze/attribution/own_pace_parts.h"
#include "analyze/attribution/readings.h"
#include "analyze/attribution/refit.h"
#include "analyze/attribution/run.h"
#include "analyze/attribution/state.h"
#include "formats/base/memory.h"
#include "formats/base/util.h"

#define LITTLE 0.05 /* of what the readings vary by, left by the fit: it is asked for */
#define STRETCH 256 /* readings at least */
#define STRETCH_MAX 1024
#define STRETCH_EACH 12 /* of a column; of more columns it would tell too little, and take long */
#define ENOUGH 0.2      /* of what the fit leaves of the stretch: nothing else is looked for */
#define FOUND 0.7       /* of that: not by chance */
#define BETTER 0.4      /* of what it leaves of all readings */
#define KEPT 0.9        /* of the readings */
#define ROUNDS 4
#define SCANS 2          /* each with the powers of the one before */
#define WINDOW_LEAST 1e3 /* ns */

/* What the fit leaves of the stretch, W^2 in all. */
static int left_by_fit(struct attr_conversions *c, double *ret)
{
	const struct erg_attr_state *st = c->r->st;
	struct attr_kernel k;
	struct attr_row *row;
	int rc = attr_kernel_open(&k, &st->view, &st->readings, &st->shape, c->from, c->from + c->n,
		c->r->err);

	*ret = 0;
	if (rc < 0)
		return rc;
	while ((row = attr_kernel_next(&k))) {
		double e = attr_row_left(row, st->power);

		*ret += e * e;
	}
	attr_kernel_close(&k);
	return 0;
}

/* Of the spacing: the readings may be so old, which is what the first powers are by. Those are far off, and which of them shows
 * the pace is chance. */
static const double ages[] = {0.2, 0.4, 0.8, 0.1, 0};

static int first_powers(struct attr_conversions *c, double age)
{
	struct attr_shape s = c->shape;

	s.stale_ns = age * c->rd->spacing_ns;
	return attr_powers_by(c->r, &s, c->power);
}

/* The readings of the stretch at the times of PACE. */
static struct attr_readings stretch_at(struct attr_conversions *c, const struct attr_pace *p)
{
	struct attr_readings ret = *c->rd;
	size_t to = c->from + c->n;

	for (size_t i = c->from; i < to; i++)
		c->when[i] = attr_pace_latest(p, attr_since_first(c->rd, i));
	ret.n = attr_readings_put(c->rd, c->when, c->from, to, c->stretch_t, c->stretch_v);
	ret.t = c->stretch_t;
	ret.v = c->stretch_v;
	ret.stamp = NULL;
	ret.scatter = NULL;
	ret.half_ns = 0;
	return ret;
}

/* Mean square of what PACE leaves of the stretch with powers of its own, W^2; POWER, or NULL: those. */
static int left_with_own(struct attr_conversions *c, const struct attr_pace *p, double *power,
	double *ret)
{
	struct attr_run *r = c->r;
	struct attr_readings kept = r->st->readings;
	int rc;

	r->st->readings = stretch_at(c, p);
	rc = attr_left_of_all(r, &r->st->view, &c->shape, ret);
	if (!rc && power)
		rc = attr_powers_by(r, &c->shape, power);
	r->st->readings = kept;
	return rc;
}

/* The phase of PACE that leaves least with powers of its own: by those of another it may be a neighbour. */
static int own_phase(struct attr_conversions *c, struct attr_pace *p)
{
	double least = INFINITY, left;
	struct attr_pace best = *p;
	int rc = 0;

	for (int i = 0; !rc && i < 2 * ATTR_PACE_PHASES; i++) {
		struct attr_pace at = {p->when + (double)i / (2 * ATTR_PACE_PHASES) * p->period,
			p->period};

		rc = left_with_own(c, &at, NULL, &left);
		if (left < least) {
			least = left;
			best = at;
		}
	}
	*p = best;
	return rc;
}

/* With powers of its own PACE is another, and with that they are. */
static int settle_pace(struct attr_conversions *c, struct attr_pace *p, double *ret_left)
{
	int rc = own_phase(c, p);

	if (!rc)
		rc = left_with_own(c, p, c->power, ret_left);
	if (!rc)
		rc = attr_pace_power(c);
	if (rc < 0)
		return rc;
	attr_pace_refine(c, p);
	return left_with_own(c, p, NULL, ret_left);
}

/* Of the paces BEST the one that leaves least with powers of its own, which are taken. */
static int choose_pace(struct attr_conversions *c, struct attr_pace_tried best[ATTR_PACES],
	double *ret_left)
{
	double left;
	int rc = 0;

	*ret_left = INFINITY;
	for (size_t i = 0; !rc && i < ATTR_PACES && isfinite(best[i].left); i++) {
		rc = settle_pace(c, &best[i].pace, &left);
		if (left < *ret_left) {
			*ret_left = left;
			c->pace = best[i].pace;
		}
	}
	return rc || !isfinite(*ret_left) ? rc : left_with_own(c, &c->pace, c->power, &left);
}

/* The pace on the stretch, from the powers as they are, if it leaves less than C->variance. */
static int find_from(struct attr_conversions *c, double enough)
{
	struct attr_pace_tried best[ATTR_PACES];
	struct attr_pace found = c->pace;
	double left;
	int rc = 0;

	for (int i = 0; !rc && c->variance > enough && i < SCANS; i++) {
		rc = attr_pace_power(c);
		if (rc < 0)
			break;
		attr_pace_scan(c, best);
		rc = choose_pace(c, best, &left);
		if (left < c->variance) {
			c->variance = left;
			found = c->pace;
		}
	}
	c->pace = found;
	return rc;
}

/* The pace on the stretch; *RET: there is one. */
static int find_pace(struct attr_conversions *c, bool *ret)
{
	double plain;
	int rc = left_by_fit(c, &plain);

	c->variance = INFINITY;
	plain /= (double)c->n;
	for (size_t i = 0; !rc && c->variance > ENOUGH * plain && i < ERG_ARRAY_SIZE(ages); i++) {
		rc = first_powers(c, ages[i]);
		if (!rc)
			rc = find_from(c, ENOUGH * plain);
	}
	*ret = !rc && c->variance < FOUND * plain;
	return rc;
}

/* Of the window, which may be another than was said. */
static const double factors[] = {0.6, 0.8, 0.9, 0.95, 1, 1.05, 1.1, 1.25, 1.6};

/* The window that leaves least at the times as they are, and the powers by it. */
static int best_window(struct attr_conversions *c)
{
	struct attr_run *r = c->r;
	struct attr_shape s = c->shape;
	double least = INFINITY, left;
	int rc = 0;

	for (size_t i = 0; !rc && i < ERG_ARRAY_SIZE(factors); i++) {
		struct attr_shape other = s;

		other.window_ns *= factors[i];
		rc = attr_left_of_all(r, &r->st->view, &other, &left);
		if (left < least) {
			least = left;
			c->shape = other;
		}
	}
	return rc ? rc : attr_powers_by(r, &c->shape, c->power);
}

/* The times of all readings, and again with the window and the powers by those. BEFORE: the readings as they were. */
static int find_times(struct attr_conversions *c, const struct attr_readings *before)
{
	struct attr_readings *rd = &c->r->st->readings;
	int rc = 0;

	for (int i = 0; !rc && i < ROUNDS; i++) {
		rc = i ? best_window(c) : left_with_own(c, &c->pace, c->power, &c->variance);
		if (!rc)
			rc = attr_pace_power(c);
		if (rc < 0)
			return rc;
		c->variance = fmax(attr_pace_refine(c, &c->pace) / (double)c->n,
			pow(c->r->st->rail.lsb_w, 2) / 12);
		attr_pace_follow(c);
		attr_readings_back(rd, before);
		rc = attr_readings_at(rd, c->when, c->r->err);
	}
	return rc;
}

static bool asked(const struct attr_run *r)
{
	const struct erg_attr_state *st = r->st;
	enum erg_sensor_kind kind = r->first.kind;

	return (kind == ERG_SENSOR_BOXCAR || kind == ERG_SENSOR_POINT) && !st->readings.stale &&
		!st->readings.at_updates && !(st->readings.grid_ns > 0) && !st->locked &&
		r->opt.lag == ERG_LAG_AUTO && st->view.gap_class && st->readings.n >= STRETCH &&
		st->view.n_cols * STRETCH_EACH <= STRETCH_MAX;
}

/* The sensor as it was declared, of conversions that ended at the times of the readings. */
static struct attr_shape of_conversions(const struct attr_run *r, double window)
{
	struct attr_shape s = r->first;

	s.kind = ERG_SENSOR_BOXCAR;
	s.window_ns = fmax(window, WINDOW_LEAST);
	s.stale_ns = 0;
	return s;
}

/* Of a sensor that nobody declared: the window that was fitted has the ages in it. */
static const double windows[] = {0.7, 0.35, 1};

/* The window and the pace that leave least of the stretch. */
static int find_any(struct attr_conversions *c, bool *ret)
{
	const struct attr_run *r = c->r;
	bool assumed = r->st->rail.model.provenance == ERG_PROVENANCE_ASSUMED, found = false;
	struct attr_conversions best = {.variance = INFINITY};
	int rc = 0;

	for (size_t i = 0; !rc && i < (assumed ? ERG_ARRAY_SIZE(windows) : 1); i++) {
		c->shape = of_conversions(r,
			assumed ? windows[i] * r->st->shape.window_ns : r->first.window_ns);
		rc = find_pace(c, &found);
		if (found && c->variance < best.variance)
			best = (struct attr_conversions){.shape = c->shape,
				.pace = c->pace,
				.variance = c->variance};
	}
	*ret = isfinite(best.variance);
	c->shape = best.shape;
	c->pace = best.pace;
	return rc;
}

/* Whether the readings follow better from the layers at the times that were found. */
static int compare(struct attr_conversions *c, struct attr_readings *before, bool *ret)
{
	struct attr_run *r = c->r;
	struct attr_readings *rd = &r->st->readings, found = *rd;
	double here, there;
	int rc = attr_left_of_all(r, &r->st->view, &c->shape, &there);

	*rd = *before;
	if (!rc)
		rc = attr_left_of_all(r, &r->st->view, &r->st->shape, &here);
	*rd = found;
	/* no two readings in ten are of one conversion */
	*ret = !rc && there < BETTER * here && (double)rd->n > KEPT * (double)before->n;
	return rc;
}

static int look(struct attr_conversions *c, struct attr_readings *before, bool *ret)
{
	struct attr_run *r = c->r;
	int rc;

	attr_pace_stretch(c);
	rc = find_any(c, ret);
	if (rc < 0 || !*ret)
		return rc;
	rc = find_times(c, before);
	if (!rc)
		rc = compare(c, before, ret);
	if (rc < 0 || !*ret) {
		attr_readings_back(&r->st->readings, before);
		return rc;
	}
	attr_readings_release(before);
	r->st->readings.period_ns = r->first.period_ns = c->pace.period;
	r->first.stale_ns = 0;
	if (r->st->rail.model.provenance == ERG_PROVENANCE_ASSUMED)
		r->first.window_ns = c->shape.window_ns;
	return 0;
}

/* Readings of the stretch, of COLS powers that they are to tell. */
static size_t stretch_of(size_t readings, size_t cols)
{
	size_t n = STRETCH_EACH * cols < STRETCH ? STRETCH : STRETCH_EACH * cols;

	n = n < STRETCH_MAX ? n : STRETCH_MAX;
	return n < readings ? n : readings;
}

int attr_own_pace(struct attr_run *r, bool *ret_found)
{
	struct attr_readings before = r->st->readings, stamped = before;
	size_t cols = r->st->view.n_cols, n = stretch_of(before.n, cols);
	_cleanup_(erg_freep) double *room =
		erg_noted(malloc((n * (ATTR_PACE_AGES + 2) + before.n + cols + 2) * sizeof(*room)));
	_cleanup_(erg_freep) uint64_t *stretch_t = erg_noted(malloc((n + 1) * sizeof(*stretch_t)));
	struct attr_conversions c = {.r = r, .rd = &stamped, .n = n, .stretch_t = stretch_t};
	bool little = false;
	int rc = 0;

	*ret_found = false;
	if (asked(r))
		rc = attr_explains_little(r, LITTLE, &little);
	if (rc < 0 || !little)
		return rc;
	if (!room || !stretch_t)
		return erg_fail(r->err, -ENOMEM, "out of memory for %zu readings", before.n);
	stamped.t = before.stamp ? before.stamp : before.t;
	c.says = room;
	c.at = c.says + n * ATTR_PACE_AGES;
	c.stretch_v = c.at + n;
	c.when = c.stretch_v + n;
	c.power = c.when + before.n;
	rc = look(&c, &before, ret_found);
	attr_curve_close(&c.curve);
	return rc;
}
