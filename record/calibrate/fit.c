/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The fit of a sensor to a meter.
 *
 * For a given lag and window the predicted mean power of each reading comes from the meter's integral, and
 * gain and offset by least squares. So the search has two dimensions, in the centre of the window (lag and
 * half of the window) and the logarithm of its length, in which the sum of squares has hardly any
 * correlation: a scan over the centre, then a compass search from several lengths (Kolda, Lewis and Torczon,
 * Optimization by direct search, SIAM Review 2003).
 */
#include "record/calibrate/fit.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "formats/base/util.h"

#define LEAST_READINGS 50
#define CENTRE_LEAST_S (-0.25) /* the meter may be late, too */
#define CENTRE_MOST_S 3.0
#define WINDOW_LEAST_S 1e-6
#define WINDOW_MOST_S 4.0
#define SCAN_S 0.004
#define GAP 4 /* spacings of the meter */
#define BLOCKS 32
#define LEAST_R2 0.5
#define GAIN_U_MOST 0.1
#define STEEP 1e-3             /* of the steepest, squared */
#define LEAST_FLAT 10          /* readings: what they are off by is known */
#define PARAMETERS 4           /* offset, gain, lag, window */
#define PROFILE_STEP 1.0905077 /* 2^(1/8) */
#define PROFILE_SDS 3

struct fit {
	double *t, *e, *p; /* meter: s, J until there, W on the way there */
	double *gaps; /* how many there are until there: of what was in them nothing is known */
	size_t n;
	double *s, *y, *since; /* sensor: s, W; since: s of the reading before (counters) */
	double *x;             /* W, predicted; NAN where the meter does not cover it */
	size_t m;
	enum erg_sensor_kind kind;
};

/* ---- series ---- */

static void fit_release(struct fit *f)
{
	free(f->t);
	free(f->e);
	free(f->p);
	free(f->gaps);
	free(f->s);
	free(f->y);
	free(f->since);
	free(f->x);
}

static double seconds(uint64_t t_ns, uint64_t zero_ns)
{
	return 1e-9 * (double)(int64_t)(t_ns - zero_ns);
}

static int meter_take(struct fit *f, const struct erg_fit_series *meter, uint64_t zero_ns)
{
	size_t n = meter->n;
	double spacing;

	f->t = malloc((n + 1) * sizeof(double));
	f->e = malloc((n + 1) * sizeof(double));
	f->p = malloc((n + 1) * sizeof(double));
	f->gaps = malloc((n + 1) * sizeof(double));
	if (!f->t || !f->e || !f->p || !f->gaps)
		return -ENOMEM;
	spacing = seconds(meter->t_ns[n - 1], meter->t_ns[0]) / (double)n;
	for (size_t i = 0; i < n; i++) {
		double dt, v = meter->v[i];

		f->t[i] = seconds(meter->t_ns[i], zero_ns);
		f->e[i] = f->p[i] = f->gaps[i] = 0;
		if (!i)
			continue;
		dt = f->t[i] - f->t[i - 1];
		if (meter->form == ERG_FIT_ENERGY)
			f->p[i] = (v - meter->v[i - 1]) / dt;
		else
			f->p[i] = meter->form == ERG_FIT_MEAN ? v : (v + meter->v[i - 1]) / 2;
		f->e[i] = f->e[i - 1] + f->p[i] * dt;
		f->gaps[i] = f->gaps[i - 1] + (dt > GAP * spacing);
	}
	f->n = n;
	return 0;
}

static int sensor_take(struct fit *f, const struct erg_fit_series *sensor, uint64_t zero_ns)
{
	size_t n = sensor->n;

	f->s = malloc((n + 1) * sizeof(double));
	f->y = malloc((n + 1) * sizeof(double));
	f->since = malloc((n + 1) * sizeof(double));
	f->x = malloc((n + 1) * sizeof(double));
	if (!f->s || !f->y || !f->since || !f->x)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		double t = seconds(sensor->t_ns[i], zero_ns);

		if (sensor->form == ERG_FIT_ENERGY && !i)
			continue;
		f->s[f->m] = t;
		f->since[f->m] = i ? seconds(sensor->t_ns[i - 1], zero_ns) : t;
		f->y[f->m] = sensor->form == ERG_FIT_ENERGY
			? (sensor->v[i] - sensor->v[i - 1]) / (t - f->since[f->m])
			: sensor->v[i];
		f->m++;
	}
	return 0;
}

/* ---- prediction ---- */

/* The meter's energy until T. *AT: where the last call was; NAN outside. */
static double energy_at(const struct fit *f, double t, size_t *at)
{
	size_t i = *at;

	if (!(t >= f->t[0] && t <= f->t[f->n - 1]))
		return NAN;
	while (i + 1 < f->n && f->t[i] < t)
		i++;
	while (i > 1 && f->t[i - 1] > t)
		i--;
	*at = i;
	return f->e[i] - f->p[i] * (f->t[i] - t);
}

static void predict_mean(struct fit *f, double lag, double window)
{
	size_t begin = 1, end = 1;

	for (size_t i = 0; i < f->m; i++) {
		double to = f->s[i] - lag;
		double from = f->kind == ERG_SENSOR_COUNTER ? f->since[i] - lag : to - window;

		f->x[i] = (energy_at(f, to, &end) - energy_at(f, from, &begin)) / (to - from);
		/* the one that ends in a gap, and those within */
		if (f->gaps[end] > f->gaps[begin - 1])
			f->x[i] = NAN;
	}
}

/* The exponential mean; it has forgotten what was before the meter began after some time constants. */
static void predict_ema(struct fit *f, double lag, double tau)
{
	double level = f->n > 1 ? f->p[1] : 0;
	size_t k = 1; /* level is that of t[k - 1] */
	double since = f->t[0];

	for (size_t i = 0; i < f->m; i++) {
		double t = f->s[i] - lag;

		while (k < f->n && f->t[k] <= t) {
			level += (f->p[k] - level) * -expm1(-(f->t[k] - f->t[k - 1]) / tau);
			since = f->gaps[k] > f->gaps[k - 1] ? f->t[k] : since;
			k++;
		}
		f->x[i] = k < f->n && f->gaps[k] == f->gaps[k - 1] && t > since + 5 * tau
			? level + (f->p[k] - level) * -expm1(-(t - f->t[k - 1]) / tau)
			: NAN;
	}
}

static void predict(struct fit *f, double lag, double window)
{
	if (f->kind == ERG_SENSOR_EMA)
		predict_ema(f, lag, window);
	else
		predict_mean(f, lag, window);
}

/* What a window delays by itself. */
static double centre_of(const struct fit *f, double window)
{
	return f->kind == ERG_SENSOR_EMA ? window : f->kind == ERG_SENSOR_COUNTER ? 0 : window / 2;
}

struct line {
	double offset, gain, rss, r2, low, high;
	size_t n;
};

static struct line line_fit(const struct fit *f)
{
	double sx = 0, sy = 0, sxx = 0, sxy = 0, syy = 0, mx, my;
	struct line l = {.low = INFINITY, .high = -INFINITY};

	for (size_t i = 0; i < f->m; i++)
		if (!isnan(f->x[i])) {
			sx += f->x[i];
			sy += f->y[i];
			l.n++;
		}
	mx = sx / (double)l.n;
	my = sy / (double)l.n;
	for (size_t i = 0; i < f->m; i++) {
		double x = f->x[i] - mx, y = f->y[i] - my;

		if (isnan(x))
			continue;
		sxx += x * x;
		sxy += x * y;
		syy += y * y;
		l.low = fmin(l.low, f->x[i]);
		l.high = fmax(l.high, f->x[i]);
	}
	l.gain = sxy / sxx;
	l.offset = my - l.gain * mx;
	l.rss = fmax(syy - l.gain * sxy, 0);
	l.r2 = 1 - l.rss / syy;
	return l;
}

/* The share of the sensor's variance that is not explained, with the window's centre at CENTRE. */
static double misfit(struct fit *f, double centre, double window)
{
	struct line l;

	if (window < WINDOW_LEAST_S || window > WINDOW_MOST_S)
		return INFINITY;
	predict(f, centre - centre_of(f, window), window);
	l = line_fit(f);
	if (2 * l.n < f->m || l.n < LEAST_READINGS || !(l.gain > 0) || isnan(l.r2))
		return INFINITY;
	return 1 - l.r2;
}

/* ---- search ---- */

struct place {
	double centre, window, misfit;
};

/* From BEST, whose misfit is known; the window moves, too, if HAS_WINDOW. */
static void compass(struct fit *f, struct place *best, bool has_window)
{
	double step = SCAN_S, factor = 2;

	while (step > 2e-7 || (has_window && factor > 1.0005)) {
		const struct place at[] = {{best->centre + step, best->window, 0},
			{best->centre - step, best->window, 0},
			{best->centre, best->window * factor, 0},
			{best->centre, best->window / factor, 0}};
		bool moved = false;

		for (int i = 0; i < (has_window ? 4 : 2); i++) {
			double m = misfit(f, at[i].centre, at[i].window);

			if (m < best->misfit) {
				*best = at[i];
				best->misfit = m;
				moved = true;
			}
		}
		if (!moved) {
			step /= 2;
			factor = sqrt(factor);
		}
	}
}

static double mean_spacing(const struct fit *f)
{
	return f->m > 1 ? (f->s[f->m - 1] - f->s[0]) / (double)(f->m - 1) : 0;
}

static struct place search(struct fit *f)
{
	double window = fmin(fmax(mean_spacing(f), 1e-3), 1);
	struct place first = {0, window, INFINITY}, best = first;

	for (double c = CENTRE_LEAST_S; c <= CENTRE_MOST_S; c += SCAN_S) {
		double m = misfit(f, c, window);

		if (m < first.misfit)
			first = (struct place){c, window, m};
	}
	for (double scale = 1.0 / 64; scale <= 64; scale *= 4) {
		struct place p = first;

		p.window = fmin(fmax(window * scale, 1e-5), 2);
		p.misfit = misfit(f, p.centre, p.window);
		if (isinf(p.misfit))
			continue;
		compass(f, &p, f->kind != ERG_SENSOR_COUNTER);
		if (p.misfit < best.misfit)
			best = p;
		if (f->kind == ERG_SENSOR_COUNTER)
			break;
	}
	return best;
}

/* ---- uncertainty ---- */

/* Gauss-Jordan with pivots; false where it has no inverse. */
static bool invert(double a[PARAMETERS][PARAMETERS], double inv[PARAMETERS][PARAMETERS], int n)
{
	memset(inv, 0, sizeof(double[PARAMETERS][PARAMETERS]));
	for (int i = 0; i < n; i++)
		inv[i][i] = 1;
	for (int c = 0; c < n; c++) {
		int top = c;

		for (int r = c + 1; r < n; r++)
			if (fabs(a[r][c]) > fabs(a[top][c]))
				top = r;
		if (!(fabs(a[top][c]) > 1e-12))
			return false;
		for (int k = 0; k < n; k++) {
			double x = a[c][k], y = inv[c][k];

			a[c][k] = a[top][k];
			a[top][k] = x;
			inv[c][k] = inv[top][k];
			inv[top][k] = y;
		}
		for (int r = 0; r < n; r++) {
			double by = r == c ? 0 : a[r][c] / a[c][c];

			for (int k = 0; k < n; k++) {
				a[r][k] -= by * a[c][k];
				inv[r][k] -= by * inv[c][k];
			}
		}
		for (int k = n; k-- > 0;) {
			inv[c][k] /= a[c][c];
			a[c][k] /= k == c ? 1 : a[c][c];
		}
		a[c][c] = 1;
	}
	return true;
}

/* Derivatives of the prediction by lag and window: (m x 2) to D. */
static void derivatives(struct fit *f, double lag, double window, double (*d)[2])
{
	double h = fmax(0.25 * (f->t[f->n - 1] - f->t[0]) / (double)f->n, 1e-6);
	double hw = fmin(h, window / 2);

	for (int which = 0; which < 2; which++) {
		double dl = which ? 0 : h, dw = which ? hw : 0;

		predict(f, lag + dl, window + dw);
		for (size_t i = 0; i < f->m; i++)
			d[i][which] = f->x[i];
		predict(f, lag - dl, window - dw);
		for (size_t i = 0; i < f->m; i++)
			d[i][which] = (d[i][which] - f->x[i]) / (2 * (which ? hw : h));
	}
	predict(f, lag, window);
}

/* (J'J)^-1 (sum over blocks of s s') (J'J)^-1, s the sum of J'r in a block; columns of J scaled to 1. The
 * first N parameters; those behind are held. EXCESS: the largest variance over that of white noise. */
static bool covariance(struct fit *f, const struct line *l, double (*d)[2], int n, double *u,
	double *excess)
{
	double a[PARAMETERS][PARAMETERS] = {{0}}, inv[PARAMETERS][PARAMETERS];
	double s[BLOCKS][PARAMETERS] = {{0}}, scale[PARAMETERS] = {0};
	double from = f->s[0], span = f->s[f->m - 1] - from;

	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < f->m; i++) {
			double j[PARAMETERS] = {1, f->x[i], l->gain * d[i][0], l->gain * d[i][1]};
			double rest = f->y[i] - l->offset - l->gain * f->x[i];
			int b = (int)fmin(BLOCKS * (f->s[i] - from) / span, BLOCKS - 1);

			if (isnan(j[1] + j[2] + j[3]))
				continue;
			for (int k = 0; k < n; k++) {
				if (!pass) {
					scale[k] += j[k] * j[k];
					continue;
				}
				s[b][k] += rest * j[k] / sqrt(scale[k]);
				for (int q = 0; q < n; q++)
					a[k][q] += j[k] * j[q] / sqrt(scale[k] * scale[q]);
			}
		}
	for (int k = 0; k < n; k++)
		if (!(scale[k] > 0))
			return false;
	if (!invert(a, inv, n))
		return false;
	*excess = 1;
	for (int k = 0; k < n; k++) {
		double var = 0;

		for (int b = 0; b < BLOCKS; b++) {
			double g = 0;

			for (int q = 0; q < n; q++)
				g += inv[k][q] * s[b][q];
			var += g * g;
		}
		var *= BLOCKS / (BLOCKS - 1.0);
		*excess = fmax(*excess, var / (inv[k][k] * l->rss / (double)l->n));
		u[k] = sqrt(var / scale[k]);
	}
	return true;
}

/*
 * How far the times of readings are off, s (SD): what the readings at an edge of the power are off by beyond
 * those where it stood still, over how steep it is there.
 */
static double time_scatter(const struct fit *f, const struct line *l, double (*d)[2])
{
	double most = 0, flat = 0, steep = 0, slopes = 0;
	size_t n_flat = 0, n_steep = 0;

	for (size_t i = 0; i < f->m; i++)
		if (!isnan(f->x[i] + d[i][0]))
			most = fmax(most, d[i][0] * d[i][0]);
	for (size_t i = 0; i < f->m; i++) {
		double rest = f->y[i] - l->offset - l->gain * f->x[i];

		if (isnan(rest + d[i][0]))
			continue;
		if (d[i][0] * d[i][0] < STEEP * most) {
			flat += rest * rest;
			n_flat++;
		} else {
			steep += rest * rest;
			slopes += l->gain * l->gain * d[i][0] * d[i][0];
			n_steep++;
		}
	}
	if (!(slopes > 0))
		return 0;
	flat = n_flat >= LEAST_FLAT ? flat / (double)n_flat * (double)n_steep : 0;
	return sqrt(fmax(steep - flat, 0) / slopes);
}

/* ---- all of it ---- */

static int check_r2(const struct erg_fit *r, struct erg_err *err)
{
	if (!(r->r2 >= LEAST_R2))
		return erg_fail(err, -ENODATA,
			"the sensor does not follow the meter (r2 %.2f; expected %.1f or more): is it on "
			"the same supply, and did the load vary?",
			r->r2, LEAST_R2);
	return 0;
}

static int check_gain(const struct erg_fit *r, struct erg_err *err)
{
	if (!(r->gain.u < GAIN_U_MOST * r->gain.value))
		return erg_fail(err, -ENODATA,
			"gain %.3g +- %.2g: the meter's power varied too little (%.3g to %.3g W), or "
			"too short",
			r->gain.value, r->gain.u, r->low_w, r->high_w);
	return 0;
}

/*
 * How far lag and window are from BEST where the data fit as well: windows from there on in one direction,
 * each with its best centre. LIMIT: of the misfit, above the best one, at one standard uncertainty. Where the
 * load keeps step with the sensor there is a valley that slopes at BEST and hardly beyond; so places of up
 * to PROFILE_SDS count by their share. False where a place is better than BEST, which becomes that.
 */
static bool profile(struct fit *f, struct place *best, double limit, double factor, double *lag_s,
	double *window_s)
{
	struct place p = *best;

	for (;;) {
		double sds, lag, window;

		p.window *= factor;
		p.misfit = misfit(f, p.centre, p.window);
		if (isinf(p.misfit))
			return true;
		compass(f, &p, false);
		if (p.misfit < best->misfit) {
			compass(f, &p, true);
			*best = p;
			return false;
		}
		sds = sqrt((p.misfit - best->misfit) / limit);
		if (sds > PROFILE_SDS)
			return true;
		window = fabs(p.window - best->window);
		lag = fabs(p.centre - centre_of(f, p.window) - best->centre +
			centre_of(f, best->window));
		*lag_s = fmax(*lag_s, lag / fmax(sds, 1));
		*window_s = fmax(*window_s, window / fmax(sds, 1));
	}
}

/* Of the readings alone at BEST to U; 0 where a better place was found, which BEST is then. */
static int readings_u(struct fit *f, const struct line *l, struct place *best, double (*d)[2],
	double cell, double *u, struct erg_err *err)
{
	bool counter = f->kind == ERG_SENSOR_COUNTER, held = counter || best->window < 2 * cell;
	double excess, limit;

	derivatives(f, best->centre - centre_of(f, best->window),
		fmax(best->window, WINDOW_LEAST_S), d);
	if (!covariance(f, l, d, held ? 3 : 4, u, &excess))
		return erg_fail(err, -ENODATA,
			"the readings do not tell gain, offset and lag apart");
	if (counter)
		return 1;
	/* a window that is shorter than two of the meter's means is not told from 0, nor its end from its lag */
	if (held) {
		u[3] = 2 * cell / sqrt(3);
		u[2] = hypot(u[2], u[3] / 2);
	}
	limit = excess * best->misfit / (double)l->n;
	return profile(f, best, limit, PROFILE_STEP, &u[2], &u[3]) &&
		profile(f, best, limit, 1 / PROFILE_STEP, &u[2], &u[3]);
}

static struct line line_at(struct fit *f, const struct place *p)
{
	predict(f, p->centre - centre_of(f, p->window), p->window);
	return line_fit(f);
}

static void values(const struct fit *f, const struct place *best, const struct line *l,
	struct erg_fit *ret)
{
	ret->lag_s.value = best->centre - centre_of(f, best->window);
	ret->window_s.value = f->kind == ERG_SENSOR_COUNTER ? 0 : best->window;
	ret->offset_w.value = l->offset;
	ret->gain.value = l->gain;
	ret->low_w = l->low;
	ret->high_w = l->high;
	ret->r2 = l->r2;
	ret->rms_w = sqrt(l->rss / (double)l->n);
	ret->n = l->n;
}

static void uncertainties(struct fit *f, const struct line *l, double (*d)[2], double cell,
	const double *u, struct erg_fit *ret)
{
	/* of times that are off it is not known that they are so by chance: a busy machine is late */
	ret->scatter_s = time_scatter(f, l, d);
	ret->offset_w.u = u[0];
	ret->gain.u = u[1];
	/* where in one of its means the meter's power changed is not known: one edge for the lag, two for
	 * the window */
	ret->lag_s.u = hypot(hypot(u[2], ret->scatter_s), cell / sqrt(12));
	if (f->kind != ERG_SENSOR_COUNTER)
		ret->window_s.u = hypot(hypot(u[3], 2 * ret->scatter_s), cell / sqrt(6));
}

static int fit_all(struct fit *f, struct erg_fit *ret, struct erg_err *err)
{
	_cleanup_(erg_freep) double(*d)[2] = malloc((f->m + 1) * sizeof(*d));
	double cell = (f->t[f->n - 1] - f->t[0]) / (double)f->n, u[PARAMETERS];
	struct place best = search(f);
	struct line l;
	int r;

	if (!d)
		return erg_fail_errno(err, -ENOMEM, "calibrate");
	if (isinf(best.misfit))
		return erg_fail(err, -ENODATA,
			"no lag of up to %g s at which the sensor rises with the meter: is it on the same "
			"supply, and did the load vary?",
			CENTRE_MOST_S);
	for (r = 0; !r;) {
		memset(u, 0, sizeof(u));
		l = line_at(f, &best);
		values(f, &best, &l, ret);
		r = check_r2(ret, err);
		if (!r)
			r = readings_u(f, &l, &best, d, cell, u, err);
	}
	if (r < 0)
		return r;
	l = line_at(f, &best);
	uncertainties(f, &l, d, cell, u, ret);
	return check_gain(ret, err);
}

int erg_fit_sensor(const struct erg_fit_series *meter, const struct erg_fit_series *sensor,
	enum erg_sensor_kind kind, struct erg_fit *ret, struct erg_err *err)
{
	_cleanup_(fit_release) struct fit f = {
		.kind = sensor->form == ERG_FIT_ENERGY ? ERG_SENSOR_COUNTER : kind};
	int r;

	*ret = (struct erg_fit){0};
	if (meter->n < LEAST_READINGS || sensor->n < LEAST_READINGS)
		return erg_fail(err, -ENODATA,
			"%zu readings of the meter and %zu of the sensor: expected %d of each",
			meter->n, sensor->n, LEAST_READINGS);
	r = meter_take(&f, meter, meter->t_ns[0]);
	if (!r)
		r = sensor_take(&f, sensor, meter->t_ns[0]);
	return r ? erg_fail_errno(err, r, "calibrate") : fit_all(&f, ret, err);
}
