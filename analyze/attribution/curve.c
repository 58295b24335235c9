/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The power that the layers' powers make of a timeline, and its integral: with F(x) the energy up to
 * x and y the power behind a low-pass of time constant tau (y' = (P - y) / tau), the integral of y is
 * F(x) - tau y(x), exactly, from one update at each edge. So what any window of any lag would have
 * read costs two looks, and the derivatives by lag, window, time constant and clock are differences
 * of such looks instead of further columns of occupancies.
 *
 * Only a stretch of the timeline is kept, which moves on with the readings: a low-pass goes on from where it
 * was, for warming it up again takes many time constants.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "analyze/attribution/curve.h"
#include "analyze/attribution/kernel.h"
#include "analyze/attribution/view.h"
#include "formats/base/memory.h"
#include "formats/base/util.h"

#define CHUNK                                                                                      \
	4096     /* segments that are kept at least, before those that are done with are left out */
#define BATCH 32 /* segments made ready at once */
#define WARM 20  /* time constants before the stretch, after which a wrong start is forgotten */
#define DECAYS 65536      /* ns: segments as long as that or longer have an exponential each */
#define DECAYS_FROM 16384 /* segments: of fewer each has its own */

int attr_curve_open(struct attr_curve *c, const struct attr_view *v, const double *power,
	const double *tau, size_t n_tau)
{
	memset(c, 0, sizeof(*c));
	c->view = v;
	c->power = power;
	c->n_tau = n_tau;
	c->apart = -1;
	memcpy(c->tau, tau, n_tau * sizeof(*tau));
	for (size_t j = 0; j < n_tau; j++)
		c->warm = fmax(c->warm, WARM * tau[j]);
	c->each = 1 + 4 * n_tau; /* an exponential is a few additions */
	return 0;
}

void attr_curve_close(struct attr_curve *c)
{
	free(c->edge);
	free(c->sum);
	free(c->p);
	for (size_t j = 0; j < ATTR_TAUS; j++) {
		free(c->y[j]);
		free(c->decay[j]);
	}
	for (size_t j = 0; j < ATTR_GROUPS; j++)
		free(c->group[j]);
	memset(c, 0, sizeof(*c));
}

static bool more(double **p, size_t n)
{
	double *q = erg_noted(realloc(*p, n * sizeof(double)));

	if (q)
		*p = q;
	return q;
}

static int curve_room(struct attr_curve *c, size_t n)
{
	bool ok;

	if (n + 2 <= c->cap)
		return 0;
	n += n / 2 + 2;
	ok = more(&c->edge, n) && more(&c->sum, n) && more(&c->p, n);
	for (size_t j = 0; j < c->n_tau; j++)
		ok = ok && (c->tau[j] <= 0 || more(&c->y[j], n));
	for (size_t j = 0; j < c->n_groups; j++)
		ok = ok && more(&c->group[j], n);
	c->cap = ok ? n : c->cap;
	return ok ? 0 : -ENOMEM;
}

static double power_of(const struct attr_curve *c, size_t i)
{
	const struct attr_view *v = c->view;
	double p = 0;

	if (!v->first)
		return c->power[v->col[i]];
	for (uint32_t e = v->first[i]; e < v->first[i + 1]; e++)
		p += c->power[v->col[e]] * (double)v->share[e];
	return p;
}

static void append_groups(struct attr_curve *c, size_t i, size_t n)
{
	const struct attr_view *v = c->view;
	double d = c->edge[n + 1] - c->edge[n];

	for (size_t g = 0; g < ATTR_GROUPS; g++)
		c->group[g][n + 1] = c->group[g][n];
	for (size_t e = attr_first(v, i); e < attr_first(v, i + 1); e++) {
		double z = (double)v->z[e];
		double energy = d * c->power[v->col[e]] * (v->share ? (double)v->share[e] : 1);

		if (z == 0)
			continue;
		c->group[v->col_class[v->col[e]] % (ATTR_GROUPS - 1)][n + 1] += energy * z;
		c->group[ATTR_GROUPS - 1][n + 1] += energy * (z * z - 1);
	}
}

/* The ends and powers of the segments FROM .. TO - 1 of the stretch. */
static void append_edges(struct attr_curve *c, size_t from, size_t to)
{
	const struct attr_view *v = c->view;
	const double *restrict power = c->power;
	double *restrict p = c->p + from;

	for (size_t n = from; n < to;) {
		const int32_t *offset;
		int64_t base;
		size_t k = attr_ends(v, c->next + n - from, &base, &offset);
		double *restrict edge = c->edge + n + 1;

		k = k < to - n ? k : to - n;
		for (size_t j = 0; j < k; j++)
			edge[j] = (double)base + (double)offset[j];
		n += k;
	}
	if (v->first) {
		for (size_t n = from; n < to; n++)
			p[n - from] = power_of(c, c->next + n - from);
	} else {
		const uint16_t *restrict col = v->col + c->next;

		for (size_t n = 0; n < to - from; n++)
			p[n] = power[col[n]];
	}
}

/* The integral up to the ends of the segments, and how long these are. */
static void append_sums(struct attr_curve *c, size_t from, size_t to, double *restrict ret_gap)
{
	double *restrict sum = c->sum, now = sum[from];
	const double *restrict edge = c->edge, *restrict p = c->p;

	for (size_t n = from; n < to; n++) {
		double gap = edge[n + 1] - edge[n];

		ret_gap[n - from] = gap;
		sum[n + 1] = now += p[n] * gap;
	}
}

/* What is left behind low-pass J after a segment of GAP: of whole ns, which layers have few different ones of. */
static inline double decay_of(double *kept, double gap, double tau)
{
	double left = kept && gap < DECAYS ? kept[(int32_t)gap] : 0;

	if (left > 0)
		return left;
	left = exp(-gap / tau);
	if (kept && gap < DECAYS)
		kept[(int32_t)gap] = left;
	return left;
}

static void append_lowpass(struct attr_curve *c, size_t j, size_t from, size_t to,
	const double *restrict gap)
{
	double *restrict y = c->y[j] + from, now = y[0], tau = c->tau[j];
	const double *restrict p = c->p + from;
	double *restrict kept;

	if (!c->decay[j] && c->made > DECAYS_FROM)
		c->decay[j] = calloc(DECAYS, sizeof(double)); /* without it works as well */
	kept = c->decay[j];
	for (size_t n = 0; n < to - from; n++)
		y[n + 1] = now = p[n] + (now - p[n]) * decay_of(kept, gap[n], tau);
}

/* The next segments, BATCH of them or fewer at the end. */
static void append(struct attr_curve *c)
{
	const struct attr_view *v = c->view;
	size_t from = c->n, m = v->n - c->next < BATCH ? v->n - c->next : BATCH, to = from + m;
	double gap[BATCH];

	append_edges(c, from, to);
	append_sums(c, from, to, gap);
	for (size_t j = 0; j < c->n_tau; j++)
		if (c->tau[j] > 0)
			append_lowpass(c, j, from, to, gap);
	for (size_t n = from; n < to && c->n_groups; n++)
		append_groups(c, c->next + n - from, n);
	c->n = to;
	c->next += m;
	c->made += m;
	c->work += m * c->each;
}

/* The last of the edges LO .. HI - 1 that is not after X, which that at LO is not. */
static size_t last_before(const struct attr_curve *c, double x, size_t lo, size_t hi)
{
	while (hi - lo > 1) {
		size_t mid = lo + (hi - lo) / 2;

		if (c->edge[mid] <= x)
			lo = mid;
		else
			hi = mid;
	}
	return lo;
}

/* Segments that end before X are done with; what is left moves to the front. Its sums begin anew, for a
 * difference of long sums is rounded more. */
void attr_curve_drop(struct attr_curve *c, double x)
{
	size_t k = c->n && c->edge[0] <= x ? last_before(c, x, 0, c->n + 1) : 0;
	double sum = 0;

	if (!k)
		return;
	c->n -= k;
	c->from = fmax(c->from, c->edge[k]);
	memmove(c->edge, c->edge + k, (c->n + 1) * sizeof(double));
	memmove(c->p, c->p + k, c->n * sizeof(double));
	for (size_t j = 0; j < c->n_tau; j++)
		if (c->tau[j] > 0)
			memmove(c->y[j], c->y[j] + k, (c->n + 1) * sizeof(double));
	c->sum[0] = 0;
	for (size_t i = 0; i < c->n; i++)
		c->sum[i + 1] = sum += c->p[i] * (c->edge[i + 1] - c->edge[i]);
	for (size_t j = 0; j < c->n_groups; j++) {
		const double base = c->group[j][k];

		for (size_t i = 0; i <= c->n; i++)
			c->group[j][i] = c->group[j][i + k] - base;
	}
}

/* An empty stretch at segment I. */
static int curve_begin(struct attr_curve *c, size_t i)
{
	const struct attr_view *v = c->view;

	c->n = 0;
	c->next = i;
	if (curve_room(c, 1) < 0)
		return -ENOMEM;
	c->edge[0] = i < v->n ? (double)(int64_t)(attr_begin(v, i) - v->t0) : 0;
	c->sum[0] = 0;
	for (size_t j = 0; j < c->n_tau; j++)
		if (c->tau[j] > 0)
			c->y[j][0] = i < v->n ? power_of(c, i) : 0;
	for (size_t j = 0; j < c->n_groups; j++)
		c->group[j][0] = 0;
	return 0;
}

/* A stretch from FROM on, and before that so much that the low-passes are warm there. */
static int begin_at(struct attr_curve *c, double from, double warm)
{
	const struct attr_view *v = c->view;
	double start = fmax(from - warm, 0);
	bool on = c->n && start > c->edge[c->n];

	c->from = from;
	c->most = CHUNK;
	return curve_begin(c,
		on ? attr_skip(v, c->next, start) : attr_view_find(v, v->t0 + (uint64_t)start));
}

int attr_curve_cover(struct attr_curve *c, double from, double to)
{
	const struct attr_view *v = c->view;

	if (c->n && from >= c->from && (to <= c->edge[c->n] || c->at_end))
		return 0;
	c->span = fmax(c->span, to - from);
	if (!c->n || from < c->from || from - c->warm > c->edge[c->n]) {
		if (begin_at(c, from, c->warm) < 0)
			return -ENOMEM;
	} else if (c->n >= c->most) {
		/* it goes on where it was, and as far back as was ever asked for; half as much again as there
		 * is, so that what stays moves but seldom */
		attr_curve_drop(c, to - c->span);
		c->most = c->n + (c->n > 2 * (size_t)CHUNK ? c->n / 2 : CHUNK);
	}
	while (c->next < v->n && (!c->n || c->edge[c->n] < to)) {
		if (curve_room(c, c->n + BATCH) < 0)
			return -ENOMEM;
		append(c);
	}
	c->at_end = c->next == v->n;
	return c->n ? 0 : -ENODATA;
}

/* The segment of the stretch that contains X, looked for from I on in strides that double. */
static size_t curve_find(const struct attr_curve *c, double x, size_t i)
{
	size_t stride = 1, lo;

	if (c->edge[i] <= x) {
		for (; i + stride < c->n && c->edge[i + stride] <= x; stride *= 2)
			i += stride;
		return last_before(c, x, i, i + stride < c->n ? i + stride : c->n);
	}
	for (lo = i; lo && c->edge[lo] > x; stride *= 2) {
		i = lo;
		lo = lo > stride ? lo - stride : 0;
	}
	return last_before(c, x, lo, i ? i : 1);
}

/* A hint is a segment of the whole timeline, as the stretch moves on. */
static size_t from_hint(const struct attr_curve *c, size_t hint)
{
	size_t i = hint - (c->next - c->n);

	return i < c->n ? i : hint < c->next ? 0 : c->n - 1;
}

static size_t to_hint(const struct attr_curve *c, size_t i)
{
	return c->next - c->n + i;
}

/* How many of at most N points, each BY before the one before, from X on lie in segment I. */
static size_t points_in(const struct attr_curve *c, size_t i, double x, double by, size_t n)
{
	double steps = i && by > 0 ? (x - c->edge[i]) / by : (double)n;

	return steps < (double)n - 1 ? (size_t)steps + 1 : n;
}

/* Sum of the integrals up to N points, each BY before the one before, from X on. Those that lie in one segment are
 * one sum, and their exponentials a geometric series. */
static double curve_sums(struct attr_curve *c, size_t j, double x, double by, size_t n,
	size_t *hint)
{
	double tau = c->tau[j], sum = 0;
	size_t i = from_hint(c, *hint);

	for (size_t m; n; n -= m, x -= (double)m * by) {
		double d, p, more;

		i = curve_find(c, x, i);
		d = x - c->edge[i];
		p = c->p[i];
		m = points_in(c, i, x, by, n);
		more = (double)m * (c->sum[i] + p * d) - p * by * (double)(m * (m - 1)) / 2;
		if (tau > 0)
			more -= tau *
				((double)m * p +
					(c->y[j][i] - p) * c->series[j][m] *
						exp(((double)(m - 1) * by - d) / tau));
		sum += more;
	}
	*hint = to_hint(c, i);
	return sum;
}

/* Sums of exponentials of points that are BY apart. */
static void set_series(struct attr_curve *c, double by)
{
	for (size_t j = 0; j < c->n_tau && !(by == c->apart); j++) {
		double q = c->tau[j] > 0 ? exp(-by / c->tau[j]) : 0, power = 1;

		c->series[j][0] = 0;
		for (size_t m = 1; m <= ATTR_STALE_POINTS; m++, power *= q)
			c->series[j][m] = c->series[j][m - 1] + power;
	}
	c->apart = by;
}

static double group_sum(const struct attr_curve *c, size_t g, double x, size_t *hint)
{
	size_t i = curve_find(c, x, from_hint(c, *hint));
	double d = c->edge[i + 1] - c->edge[i], from = c->group[g][i];

	*hint = to_hint(c, i);
	return from + (d > 0 ? (x - c->edge[i]) / d * (c->group[g][i + 1] - from) : 0);
}

double attr_curve_group(const struct attr_curve *c, size_t g, double end, double window,
	size_t hint[2])
{
	return (group_sum(c, g, end, &hint[0]) - group_sum(c, g, end - window, &hint[1])) / window;
}

double attr_curve_mean(struct attr_curve *c, size_t j, double end, double window, double stale,
	size_t hint[2])
{
	size_t n = stale > 0 ? ATTR_STALE_POINTS : 1;
	double by = stale > 0 ? stale / (double)n : 0, x = end - by / 2;

	set_series(c, by);
	return (curve_sums(c, j, x, by, n, &hint[0]) -
		       curve_sums(c, j, x - window, by, n, &hint[1])) /
		(double)n / window;
}
