/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Power as a function of time and its exact integrals. On a piece it is a + b s + c e^(-s/theta);
 * energy is its antiderivative, and an RC in front of the sensor, tau y' + y = P, has on each piece
 * the response a + b (s - tau) + c theta/(theta - tau) e^(-s/theta) + K e^(-s/tau), integrated in
 * closed form as well. No time step anywhere.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/accuracy/world.h"

void curve_add(struct curve *c, double t, double a, double b, double exp_w)
{
	if (c->n == c->room) {
		c->room = c->room ? 2 * c->room : 1024;
		c->p = must(realloc(c->p, c->room * sizeof(*c->p)));
	}
	c->p[c->n++] = (struct piece){t, a, b, exp_w};
}

/* Integral of e^(-s/x) from 0 to s. */
static double exp_integral(double s, double x)
{
	return x > 0 ? -x * expm1(-s / x) : 0;
}

double piece_joules(const struct piece *p, double theta, double from, double to)
{
	double d = to - from, c = p->c != 0 ? p->c * exp(-from / theta) : 0;

	return d * (p->a + p->b * (from + to) / 2) + (c != 0 ? c * exp_integral(d, theta) : 0);
}

/* Of the RC's output after s of the piece i, and its integral over these s. */
static void rc_step(const struct curve *c, size_t i, double s, double *ret_w, double *ret_j)
{
	const struct piece *p = &c->p[i];
	double tau = c->tau, k_exp = p->c != 0 ? p->c * c->theta / (c->theta - tau) : 0;
	double k = c->rc_w[i] - (p->a - p->b * tau + k_exp);

	*ret_w = p->a + p->b * (s - tau) + k * exp(-s / tau);
	*ret_j = p->a * s + p->b * s * (s / 2 - tau) + k * exp_integral(s, tau);
	if (p->c != 0) {
		*ret_w += k_exp * exp(-s / c->theta);
		*ret_j += k_exp * exp_integral(s, c->theta);
	}
}

void curve_finish(struct curve *c)
{
	c->joules = must(calloc(c->n, sizeof(double)));
	for (size_t i = 0; i + 1 < c->n; i++)
		c->joules[i + 1] = c->joules[i] +
			piece_joules(&c->p[i], c->theta, 0, c->p[i + 1].t - c->p[i].t);
	if (!(c->tau > 0))
		return;
	if (c->theta == c->tau)
		c->theta *= 1 + 1e-9;
	c->rc_w = must(calloc(c->n, sizeof(double)));
	c->rc_j = must(calloc(c->n, sizeof(double)));
	c->rc_w[0] = c->p[0].a;
	for (size_t i = 0; i + 1 < c->n; i++) {
		rc_step(c, i, c->p[i + 1].t - c->p[i].t, &c->rc_w[i + 1], &c->rc_j[i + 1]);
		c->rc_j[i + 1] += c->rc_j[i];
	}
}

static size_t piece_at(const struct curve *c, double t)
{
	size_t lo = 0, hi = c->n;

	while (hi - lo > 1) {
		size_t mid = (lo + hi) / 2;

		*(c->p[mid].t <= t ? &lo : &hi) = mid;
	}
	return lo;
}

double curve_watts(const struct curve *c, double t)
{
	size_t i = piece_at(c, t);
	double s = t - c->p[i].t;

	return c->p[i].a + c->p[i].b * s + (c->p[i].c != 0 ? c->p[i].c * exp(-s / c->theta) : 0);
}

double curve_joules(const struct curve *c, double t)
{
	size_t i = piece_at(c, t);

	return c->joules[i] + piece_joules(&c->p[i], c->theta, 0, t - c->p[i].t);
}

double curve_rc_watts(const struct curve *c, double t)
{
	size_t i = piece_at(c, t);
	double w, j;

	if (!(c->tau > 0))
		return curve_watts(c, t);
	rc_step(c, i, t - c->p[i].t, &w, &j);
	return w;
}

double curve_rc_joules(const struct curve *c, double t)
{
	size_t i = piece_at(c, t);
	double w, j;

	if (!(c->tau > 0))
		return curve_joules(c, t);
	rc_step(c, i, t - c->p[i].t, &w, &j);
	return c->rc_j[i] + j;
}

void curve_release(struct curve *c)
{
	free(c->p);
	free(c->joules);
	free(c->rc_w);
	free(c->rc_j);
	memset(c, 0, sizeof(*c));
}
