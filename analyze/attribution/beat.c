/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where the turns of the work last nearly a whole number of the times between readings, readings see some moments of
 * the turn more often than others for as long as the run goes on. Whatever the sensor, a reading is then the same
 * function of its phase in the turn, so the mean over the turn is the constant of a regression on harmonics of the
 * phase: on those in which the readings' phases have a resultant length that chance does not give (Rayleigh's test;
 * Mardia and Jupp 2000, chapter 6). Of the others the readings saw all phases alike.
 *
 * Stamps that are late at one phase look the same, while the readings were taken at all of them. So it is asked twice:
 * by the times as they are, and by those at a steady pace, which a late one is not; a beat shows in both.
 */
#include <complex.h>
#include <math.h>
#include <string.h>

#include "analyze/attribution/beat.h"
#include "analyze/attribution/cholesky.h"
#include "analyze/attribution/cycles.h"
#include "analyze/attribution/reading_time.h"
#include "analyze/attribution/state.h"

#define HARMONICS 32
#define MOST 8       /* of them in the regression */
#define RAYLEIGH 12. /* n R^2: by chance one in e^12 is greater */
#define LONG 2.      /* of the mean: a longer cycle has a pause in it */
#define PACE 4       /* readings on either side, of which a pace is made */
#define PAUSE 1.5    /* times the spacing: there is none across it */
#define SURE 3.      /* standard uncertainties: a beat that changes less than these is none */
#define COLUMNS (1 + 2 * MOST)
#define READINGS 10.     /* for each of those, at least */
#define NOISE_LEAST 1e-6 /* of the readings' variance: numbers are rounded */

/* Goes through the readings that lie in cycles, in order. */
struct walk {
	const struct erg_attr_state *st;
	struct attr_cycles cycles;
	bool paced;
	size_t m;
	double at;       /* when M was, ns since t0 */
	double from, to; /* of the cycle, ns since t0 */
	double longest;  /* ns */
	double time_s;   /* of the cycles so far */
};

static double paced_at(const struct erg_attr_state *st, size_t m)
{
	size_t n = st->readings.n, k = m < n - 1 - m ? m : n - 1 - m;
	double sum = 0;

	k = k < PACE ? k : PACE;
	if (attr_seen_at(st, m + k) - attr_seen_at(st, m - k) >
		PAUSE * 2 * (double)k * st->readings.spacing_ns)
		return attr_seen_at(st, m);
	for (size_t i = m - k; i <= m + k; i++)
		sum += attr_seen_at(st, i);
	return sum / (double)(2 * k + 1);
}

static void go_to(struct walk *w, size_t m)
{
	w->m = m;
	w->at = m >= w->st->readings.n ? INFINITY
		: w->paced             ? paced_at(w->st, m)
				       : attr_seen_at(w->st, m);
}

static bool next_cycle(struct walk *w)
{
	const uint64_t t0 = w->st->view.t0;

	do {
		if (!attr_cycles_next(&w->cycles))
			return false;
		w->from = (double)(w->cycles.from - t0);
		w->to = (double)(w->cycles.to - t0);
	} while (w->to - w->from > w->longest);
	w->time_s += (w->to - w->from) * 1e-9;
	while (w->at < w->from)
		go_to(w, w->m + 1);
	return true;
}

static struct walk walk_of(const struct erg_attr_state *st, bool paced, double longest)
{
	struct walk w = {.st = st,
		.cycles = attr_cycles_of(&st->view),
		.paced = paced,
		.longest = longest,
		.to = -INFINITY};

	go_to(&w, 0);
	return w;
}

/* The next reading, W, and its phase in the cycle. */
static bool next_reading(struct walk *w, double *ret_w, double *ret_phase)
{
	while (w->at >= w->to)
		if (!next_cycle(w))
			return false;
	*ret_phase = 2 * M_PI * (w->at - w->from) / (w->to - w->from);
	*ret_w = w->st->readings.v[w->m];
	go_to(w, w->m + 1);
	return true;
}

static double longest_of(const struct erg_attr_state *st)
{
	struct attr_cycles c = attr_cycles_of(&st->view);
	double sum = 0, n = 0;

	for (; attr_cycles_next(&c); n++)
		sum += (double)(c.to - c.from);
	return n > 0 ? LONG * sum / n : 0;
}

/* The harmonics in which the readings' phases are uneven, those that are so most: numbers into RET, how many. Mean of
 * the readings, W, and how many they are. */
static size_t uneven(struct walk w, unsigned *ret, double *ret_mean, double *ret_n)
{
	double re[HARMONICS] = {0}, im[HARMONICS] = {0}, r2[HARMONICS], n = 0, sum = 0, y, phase;
	size_t found = 0;

	for (; next_reading(&w, &y, &phase); n++) {
		const double complex turn = cos(phase) + I * sin(phase);
		double complex z = turn;

		sum += y;
		for (unsigned h = 0; h < HARMONICS; h++, z *= turn) {
			re[h] += creal(z);
			im[h] += cimag(z);
		}
	}
	for (unsigned h = 0; h < HARMONICS; h++)
		r2[h] = n > 0 ? (re[h] * re[h] + im[h] * im[h]) / n : 0;
	while (found < MOST) {
		unsigned best = 0;

		for (unsigned h = 1; h < HARMONICS; h++)
			best = r2[h] > r2[best] ? h : best;
		if (r2[best] < RAYLEIGH)
			break;
		r2[best] = 0;
		ret[found++] = best + 1;
	}
	*ret_mean = n > 0 ? sum / n : 0;
	*ret_n = n;
	return found;
}

static void fill(double *x, const unsigned *harmonic, size_t n, double phase)
{
	x[0] = 1;
	for (size_t i = 0; i < n; i++) {
		x[1 + 2 * i] = cos(harmonic[i] * phase);
		x[2 + 2 * i] = sin(harmonic[i] * phase);
	}
}

/* Sums over the readings, whose mean is taken off, and what comes of them. */
struct sums {
	unsigned harmonic[MOST];
	size_t columns;
	double mean, n, yy;
	double g[COLUMNS * COLUMNS], h[COLUMNS], x[COLUMNS];
	double u2; /* of the constant x[0], less the mean; by readings that know nothing of each other */
};

static void add_readings(struct walk w, struct sums *s)
{
	double x[COLUMNS], y, phase;
	size_t q = s->columns;

	while (next_reading(&w, &y, &phase)) {
		fill(x, s->harmonic, q / 2, phase);
		y -= s->mean;
		s->yy += y * y;
		for (size_t i = 0; i < q; i++) {
			s->h[i] += x[i] * y;
			for (size_t j = 0; j <= i; j++)
				s->g[i * q + j] += x[i] * x[j];
		}
	}
}

/*
 * Solves with amplitudes of which NOISE (W^2, of a reading) makes as much as the readings vary by, less the higher
 * the harmonic: where hardly a reading was, harmonics could be anything. Returns the variance that is left, W^2.
 */
static double solve(struct sums *s, double noise)
{
	double g[COLUMNS * COLUMNS], copy[COLUMNS * COLUMNS], c[COLUMNS] = {0}, x[COLUMNS];
	double amplitude2 = s->yy / s->n, left;
	size_t q = s->columns;

	memcpy(g, s->g, sizeof(g));
	for (size_t i = 1; i < q; i++) {
		double h = (double)s->harmonic[(i - 1) / 2] / s->harmonic[0];

		c[i] = g[i * q] / s->n;
		g[i * q + i] += noise * fmax(h * h, 1) / amplitude2;
	}
	memcpy(copy, g, sizeof(copy));
	left = s->yy - attr_cholesky_solve(g, q, s->h, s->x);
	s->u2 = noise * fmax(attr_cholesky_solve(copy, q, c, x), 0);
	return fmax(left / (s->n - (double)q), NOISE_LEAST * amplitude2);
}

/* Readings that know of each other are worth fewer: by how much more the variance is, by what neighbours leave. */
static double alike(struct walk w, const struct sums *s)
{
	double x[COLUMNS], y, phase, before = 0, square = 0, product = 0, r;

	while (next_reading(&w, &y, &phase)) {
		fill(x, s->harmonic, s->columns / 2, phase);
		y -= s->mean;
		for (size_t i = 0; i < s->columns; i++)
			y -= s->x[i] * x[i];
		square += y * y;
		product += y * before;
		before = y;
	}
	r = square > 0 ? fmin(fmax(product / square, 0), 1 - 1 / s->n) : 0;
	return (1 + r) / (1 - r);
}

static double time_of(struct walk w)
{
	while (next_cycle(&w))
		;
	return w.time_s;
}

static struct attr_beat beat_by(struct walk w)
{
	struct sums s = {0};
	double time;

	s.columns = 1 + 2 * uneven(w, s.harmonic, &s.mean, &s.n);
	if (s.columns == 1 || s.n < READINGS * (double)s.columns)
		return (struct attr_beat){0};
	add_readings(w, &s);
	if (!(s.yy > 0))
		return (struct attr_beat){0};
	solve(&s, solve(&s, NOISE_LEAST * s.yy / s.n));
	time = time_of(w);
	return (struct attr_beat){-s.x[0] * time, sqrt(s.u2 * alike(w, &s)) * time};
}

struct attr_beat attr_beat(const struct erg_attr_state *st)
{
	struct attr_beat stamped, paced, less;
	double longest = longest_of(st);

	if (st->shape.kind == ERG_SENSOR_COUNTER || attr_since_last(st) || !st->readings.n)
		return (struct attr_beat){0};
	stamped = beat_by(walk_of(st, false, longest));
	paced = beat_by(walk_of(st, true, longest));
	less = fabs(stamped.j) < fabs(paced.j) ? stamped : paced;
	if (stamped.j * paced.j <= 0 || fabs(less.j) < SURE * less.u_j)
		return (struct attr_beat){0};
	less.u_j = hypot(less.u_j, (stamped.j - paced.j) / 2);
	return less;
}
