/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A stamp that was rounded says that the time lies within half a step of it. What lies between two such times is off by
 * up to a step, but times of one kind (a layer, a gap between two) take about as long each time, often to a small part
 * of a step: so the stamps around one tell where in its step it was. A fit to occupancies that are off is wrong (errors in the
 * regressors: neighbouring powers are pulled towards each other); one to the mean of what they may have been is not
 * (regression calibration: Carroll, Ruppert, Stefanski and Crainiceanu 2006, chapter 4).
 *
 * Lengths of a kind are normal about their mean nearby; a stamp is that its time lies in a cell. The mean of each time by
 * all stamps: expectation propagation (Minka 2001) forwards and backwards along the chain.
 *
 * Of a length d, in steps, the stamps differ by one of the two whole numbers beside it, on average by d, with a variance of f
 * (1 - f), f what it is over the lower: by that follows from the lengths of a kind what they truly scatter by.
 */
#include "analyze/attribution/unround.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_sort.h>

#include "formats/base/util.h"

#define KIND_LEAST 20 /* lengths, of which a mean and a scatter are known */
#define NEARBY 256    /* lengths, that a mean is of */
#define ODD 6         /* robust SDs; and */
#define ODD_STEPS 3   /* steps: farther off the median is none of the others' kind */
#define LEAST_SD 0.1  /* steps */
#define ANYTHING 1e8  /* squared steps: variance of what nothing is known of */
#define SWEEPS 40
#define DAMPING 0.6
#define SETTLED 0.003 /* steps */
#define FAR 5         /* SDs */

struct link {
	double mean, var; /* of the length, steps */
};

struct site { /* what a stamp says of its time, as if normal: mean times precision, precision */
	double pull, tau;
};

struct work {
	struct attr_chain *c;
	struct link *link;    /* n - 1 */
	struct site *site;    /* n */
	struct link *forward; /* n: the time by all stamps before it */
	size_t *order;        /* n - 1: links by kind, in order of time */
	double *sorted;
};

/* Variance that rounding adds to lengths of mean MEAN and SD sd: of f (1 - f) by its Fourier series. */
static double added(double mean, double sd)
{
	double sum = 1. / 6;

	for (int k = 1; k <= 8; k++)
		sum -= cos(2 * M_PI * k * mean) * exp(-2 * pow(M_PI * k * sd, 2)) /
			(k * k * M_PI * M_PI);
	return sum;
}

/* The SD of lengths whose stamps have variance VAR. */
static double true_sd(double mean, double var)
{
	double lo = 0, hi = sqrt(var);

	for (int i = 0; i < 40; i++) {
		double mid = (lo + hi) / 2;

		if (mid * mid + added(mean, mid) < var)
			lo = mid;
		else
			hi = mid;
	}
	return lo;
}

static double length(const struct work *w, size_t i)
{
	return w->c->stamp[w->order[i] + 1] - w->c->stamp[w->order[i]];
}

/* Lengths FROM .. TO - 1 of one kind about their own mean; those that are not of it stay what they are. Returns the
 * sum of squares. */
static double means_nearby(struct work *w, const size_t *of, size_t from, size_t to)
{
	double mean = 0, sum = 0;

	for (size_t i = from; i < to; i++)
		mean += length(w, of[i]) / (double)(to - from);
	for (size_t i = from; i < to; i++) {
		double d = length(w, of[i]) - mean;

		w->link[w->order[of[i]]].mean = mean;
		sum += d * d;
	}
	return sum;
}

/* The usual ones of N lengths from FIRST on, in *RET: those near the median. */
static size_t usual(struct work *w, size_t first, size_t n, size_t *ret)
{
	double median, reach;
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		w->sorted[i] = length(w, first + i);
	gsl_sort(w->sorted, 1, n);
	median = w->sorted[n / 2];
	reach = fmax(ODD *
			(w->sorted[(size_t)(.84 * (double)n)] -
				w->sorted[(size_t)(.16 * (double)n)]) /
			2,
		ODD_STEPS);
	for (size_t i = 0; i < n; i++)
		if (fabs(length(w, first + i) - median) <= reach)
			ret[kept++] = first + i;
	return kept;
}

static void fill_kind(struct work *w, size_t first, size_t n, size_t *of)
{
	uint32_t kind = w->c->kind[w->order[first]];
	double sum = 0, mean = 0, sd;
	size_t kept = n < KIND_LEAST ? 0 : usual(w, first, n, of), parts = kept / NEARBY;

	w->c->between[kind] = 1. / 6;
	w->c->length[kind] = 0;
	for (size_t i = first; i < first + n; i++) {
		w->link[w->order[i]] = (struct link){length(w, i), ANYTHING};
		w->c->length[kind] += length(w, i) / (double)n;
	}
	if (kept < KIND_LEAST)
		return;
	parts = parts ? parts : 1;
	for (size_t p = 0; p < parts; p++)
		sum += means_nearby(w, of, p * kept / parts, (p + 1) * kept / parts);
	for (size_t i = 0; i < kept; i++)
		mean += length(w, of[i]) / (double)kept;
	sd = true_sd(mean, sum / (double)(kept - parts));
	w->c->between[kind] = fmax(added(mean, sd), 0);
	sd = fmax(sd, LEAST_SD);
	for (size_t i = 0; i < kept; i++)
		w->link[w->order[of[i]]].var = sd * sd;
}

/* Links by kind (counting). */
static int order_links(struct work *w)
{
	const struct attr_chain *c = w->c;
	_cleanup_(erg_freep) size_t *at = calloc(c->kinds + 2, sizeof(*at));

	if (!at)
		return -ENOMEM;
	for (size_t i = 0; i + 1 < c->n; i++)
		at[c->kind[i] + 1]++;
	for (size_t k = 0; k < c->kinds; k++)
		at[k + 1] += at[k];
	for (size_t i = 0; i + 1 < c->n; i++)
		w->order[at[c->kind[i]]++] = i;
	return 0;
}

static int fill_links(struct work *w)
{
	const struct attr_chain *c = w->c;
	_cleanup_(erg_freep) size_t *of = malloc(c->n * sizeof(*of));

	if (!of || order_links(w) < 0)
		return -ENOMEM;
	for (size_t i = 0, next; i + 1 < c->n; i = next) {
		for (next = i + 1;
			next + 1 < c->n && c->kind[w->order[next]] == c->kind[w->order[i]]; next++)
			;
		fill_kind(w, i, next - i, of);
	}
	return 0;
}

static struct link join(struct link a, struct site s)
{
	double tau = 1 / a.var + s.tau;

	return (struct link){(a.mean / a.var + s.pull) / tau, 1 / tau};
}

static double bell(double x)
{
	return exp(-x * x / 2) / sqrt(2 * M_PI);
}

/* A normal time of which it is known that it lies within half a step of STAMP. */
static struct link cut(struct link a, double stamp)
{
	double sd = sqrt(a.var), u = fabs(a.mean - stamp), side = a.mean < stamp ? -1 : 1;
	double lo = (-.5 - u) / sd, hi = (.5 - u) / sd, z, t, var;

	if (hi < -FAR)
		return (struct link){stamp + side * (.5 + sd / hi), a.var / (hi * hi)};
	z = .5 * (erfc(-hi / M_SQRT2) - erfc(-lo / M_SQRT2));
	t = (bell(hi) - bell(lo)) / z;
	var = a.var * (1 - (hi * bell(hi) - lo * bell(lo)) / z - t * t);
	return (struct link){stamp + side * (u - sd * t), fmin(fmax(var, 1e-6), a.var)};
}

static void sweep_forwards(struct work *w)
{
	struct link at = {w->c->stamp[0], ANYTHING};

	for (size_t i = 0; i < w->c->n; i++) {
		w->forward[i] = at;
		at = join(at, w->site[i]);
		if (i + 1 < w->c->n) {
			at.mean += w->link[i].mean;
			at.var += w->link[i].var;
		}
	}
}

/* The site of time I anew, by all other stamps; returns by how much the time moves. */
static double update_site(struct work *w, size_t i, struct link behind)
{
	struct link others =
		join(w->forward[i], (struct site){behind.mean / behind.var, 1 / behind.var});
	struct link now = cut(others, w->c->stamp[i]);
	double tau = fmax(1 / now.var - 1 / others.var, 1e-9), moved;

	moved = fabs(now.mean - join(others, w->site[i]).mean);
	w->c->time[i] = now.mean;
	w->site[i].pull +=
		DAMPING * (now.mean / now.var - others.mean / others.var - w->site[i].pull);
	w->site[i].tau += DAMPING * (tau - w->site[i].tau);
	return moved;
}

static double sweep_backwards(struct work *w)
{
	struct link at = {w->c->stamp[w->c->n - 1], ANYTHING};
	double most = 0;

	for (size_t i = w->c->n; i-- > 0;) {
		most = fmax(most, update_site(w, i, at));
		at = join(at, w->site[i]);
		if (i) {
			at.mean -= w->link[i - 1].mean;
			at.var += w->link[i - 1].var;
		}
	}
	return most;
}

/* No time leaves its cell, nor comes before the one before. */
static void hold(struct attr_chain *c)
{
	for (size_t i = 0; i < c->n; i++) {
		c->time[i] = fmin(fmax(c->time[i], c->stamp[i] - .5), c->stamp[i] + .5);
		if (i)
			c->time[i] = fmax(c->time[i], c->time[i - 1]);
	}
}

int attr_unround(struct attr_chain *c)
{
	_cleanup_(erg_freep) struct link *link = calloc(c->n + 1, sizeof(*link));
	_cleanup_(erg_freep) struct site *site = calloc(c->n + 1, sizeof(*site));
	_cleanup_(erg_freep) struct link *forward = calloc(c->n + 1, sizeof(*forward));
	_cleanup_(erg_freep) size_t *order = calloc(c->n + 1, sizeof(*order));
	_cleanup_(erg_freep) double *sorted = calloc(c->n + 1, sizeof(*sorted));
	struct work w = {c, link, site, forward, order, sorted};

	if (!link || !site || !forward || !order || !sorted || fill_links(&w) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < c->n; i++)
		site[i] = (struct site){12 * c->stamp[i], 12};
	for (int i = 0; i < SWEEPS; i++) {
		sweep_forwards(&w);
		if (sweep_backwards(&w) < SETTLED)
			break;
	}
	hold(c);
	return 0;
}
