/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Direct integration, without a model: only readings whose whole window lies inside one instance
 * of a layer, the trapezoid between them, the first and the last held to the layer's edges. So no
 * reading across an edge leaks energy from one layer into the next. Instances that no reading hit
 * get the mean power of those that were hit.
 *
 * The uncertainty is that of sampling in two stages (Cochran 1977, chapter 10): readings within an
 * instance, by the differences of neighbours; and, for the part of the time that is not
 * represented, instances among instances. An instance that was seen whole adds nothing to the
 * second part, however much instances differ.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "analyze/attribution/direct.h"
#include "analyze/attribution/kernel.h"
#include "analyze/attribution/readings.h"
#include "analyze/attribution/view.h"
#include "formats/base/util.h"

#define NEIGHBOURS 5 /* in one instance, that tell what readings differ by there */

struct moments {
	double squares;      /* sum of D_i^2 */
	double shares;       /* sum of D_i^2 / m_i */
	double inverse;      /* sum of 1 / m_i */
	double power2;       /* sum of D_i P_i^2 */
	double diff2, diffs; /* neighbours inside an instance */
	double y, y2;        /* readings */
};

struct pass {
	const struct attr_view *v;
	struct attr_direct *ret;
	struct moments *m;
	double hold_ns; /* how far a reading is held */
	double spacing_ns;
	size_t seg; /* current instance, SIZE_MAX none */
	double first_t, last_t, first_y, last_y;
	double energy, time; /* W ns, ns */
	double count;
};

static void flush(struct pass *p)
{
	const struct attr_view *v = p->v;
	double begin, end, head, tail, d, e;
	uint16_t c;

	if (p->seg == SIZE_MAX)
		return;
	c = v->col[attr_first(v, p->seg)];
	begin = (double)(attr_begin(v, p->seg) - v->t0);
	end = (double)(attr_begin(v, p->seg + 1) - v->t0);
	head = fmin(p->first_t - begin, p->hold_ns);
	tail = fmin(end - p->last_t, p->hold_ns);
	d = (p->time + head + tail) * 1e-9;
	e = (p->energy + head * p->first_y + tail * p->last_y) * 1e-9;
	p->ret->energy[c] += e;
	p->ret->time[c] += d;
	p->ret->readings[c] += p->count;
	p->ret->instances[c] += 1;
	p->m[c].squares += d * d;
	p->m[c].shares += d * d / p->count;
	p->m[c].inverse += 1 / p->count;
	p->m[c].power2 += e * e / d;
	p->seg = SIZE_MAX;
}

/* A reading Y about T (middle of its window) that lies wholly inside segment SEG. */
static void direct_add(struct pass *p, size_t seg, double t, double y)
{
	struct moments *m = &p->m[p->v->col[attr_first(p->v, seg)]];

	m->y += y;
	m->y2 += y * y;
	if (seg != p->seg) {
		flush(p);
		p->seg = seg;
		p->first_t = t;
		p->first_y = y;
		p->energy = p->time = p->count = 0;
	} else {
		double dt = t - p->last_t;

		if (dt > 2 * p->hold_ns) {
			p->energy += p->hold_ns * (p->last_y + y);
			p->time += 2 * p->hold_ns;
		} else {
			p->energy += dt * (p->last_y + y) / 2;
			p->time += dt;
		}
		m->diff2 += (y - p->last_y) * (y - p->last_y);
		m->diffs += 1;
	}
	p->last_t = t;
	p->last_y = y;
	p->count += 1;
}

static void finish(struct pass *p, size_t c)
{
	struct attr_direct *d = p->ret;
	struct moments *m = &p->m[c];
	double n = d->instances[c], mean = m->y / d->readings[c], within, between = 0, unseen;

	if (d->time[c] <= 0)
		return;
	d->spread[c] = sqrt(fmax(m->y2 / d->readings[c] - mean * mean, 0));
	mean = d->energy[c] / d->time[c];
	/* of instances with one reading each, what these differ by is the sensor's noise, or theirs */
	within = m->diffs >= NEIGHBOURS
		? m->diff2 / (2 * m->diffs)
		: d->spread[c] * d->spread[c] * d->readings[c] / fmax(d->readings[c] - 1, 1);
	if (n > 1) {
		between = fmax(m->power2 / d->time[c] - mean * mean, 0) * n / (n - 1);
		between = fmax(between - within * m->inverse / n, 0);
	}
	unseen = fmax(1 - d->time[c] / p->v->col_time[c], 0);
	d->var[c] =
		(within * m->shares + between * m->squares * unseen) / (d->time[c] * d->time[c]);
}

static int alloc(struct attr_direct *d, size_t n, struct erg_err *err)
{
	double **all[] = {&d->energy, &d->time, &d->readings, &d->instances, &d->var, &d->spread};

	memset(d, 0, sizeof(*d));
	for (size_t i = 0; i < ERG_ARRAY_SIZE(all); i++) {
		*all[i] = calloc(n + 1, sizeof(double));
		if (!*all[i])
			return erg_fail(err, -ENOMEM, "out of memory for %zu columns", n);
	}
	return 0;
}

void attr_direct_release(struct attr_direct *d)
{
	free(d->energy);
	free(d->time);
	free(d->readings);
	free(d->instances);
	free(d->var);
	free(d->spread);
	memset(d, 0, sizeof(*d));
}

/* The power of reading M and the length of its window; false: no such reading. */
static bool reading(const struct attr_readings *r, const struct attr_shape *shape, double memory,
	size_t m, double *ret_y, double *ret_window)
{
	double span;

	*ret_y = r->v[m];
	*ret_window = memory;
	if (shape->kind != ERG_SENSOR_COUNTER)
		return true;
	if (!m)
		return false;
	span = (double)(r->t[m] - r->t[m - 1]);
	*ret_y = (r->v[m] - r->v[m - 1]) / span * 1e9;
	*ret_window = span + shape->stale_ns;
	return *ret_y >= 0;
}

static void direct_pass(struct pass *p, const struct attr_readings *r,
	const struct attr_shape *shape, double memory)
{
	const struct attr_view *v = p->v;
	double middle = shape->kind == ERG_SENSOR_EMA ? 0.25 : 0.5;
	size_t i = 0;

	for (size_t m = 0; m < r->n; m++) {
		double end = attr_lagged(v, shape, r->t[m]), y, w;

		if (!reading(r, shape, memory, m, &y, &w) || end - w < 0)
			continue;
		i = attr_skip(v, i, end - w);
		if ((double)(attr_begin(v, i + 1) - v->t0) < end ||
			end - w < (double)(attr_begin(v, i) - v->t0) ||
			attr_first(v, i + 1) - attr_first(v, i) != 1)
			continue;
		direct_add(p, i, end - middle * w, y);
	}
	flush(p);
}

int attr_direct_run(const struct attr_view *v, const struct attr_readings *r,
	const struct attr_shape *shape, struct attr_direct *ret, struct erg_err *err)
{
	double memory = attr_kernel_ops_of(shape->kind)->memory(shape, r);
	double spacing = r->stale ? fmax(r->period_ns, r->spacing_ns) : r->spacing_ns;
	struct pass p = {.v = v,
		.ret = ret,
		.seg = SIZE_MAX,
		.spacing_ns = spacing,
		.hold_ns = 1.5 * spacing + memory / 2};
	int rc = alloc(ret, v->n_cols, err);

	if (rc < 0)
		return rc;
	p.m = calloc(v->n_cols + 1, sizeof(*p.m));
	if (!p.m)
		return erg_fail(err, -ENOMEM, "out of memory for %zu columns", v->n_cols);
	direct_pass(&p, r, shape, memory);
	for (size_t c = 0; c < v->n_cols; c++)
		finish(&p, c);
	free(p.m);
	return 0;
}
