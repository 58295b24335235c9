/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Occupancy behind a window and a low-pass of time constant tau. With o(t) the share of a column at t
 * and l(t) that share behind the low-pass (l' = (o - l) / tau), the mean of l over the window is the mean
 * of o over it less tau (l(end) - l(begin)) / window, exactly. So a reading takes two looks at l, each
 * of which goes on from where the last reading left it: a segment is passed twice, however long the
 * low-pass remembers.
 *
 * The levels of all columns fall alike while others run: they stand divided by a common scale, and a
 * segment changes the scale and the levels of its own columns only. Of many columns a short low-pass has
 * seen few since it was begun, and only those are looked at.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/attribution/kernel.h"
#include "analyze/attribution/view.h"
#include "formats/base/util.h"

#define MEMORY 14         /* time constants after which the rest counts to the oldest segment */
#define SCALE_LEAST 1e-90 /* before levels take it in */
#define FEW_COLUMNS 64    /* which are all looked at, seen or not */
#define LEAST 1e-9        /* of a row: less is none */
#define FALLS 65536       /* ns: segments as long as that or longer have an exponential each */
#define FALLS_FROM 16384  /* segments: of fewer each has its own */

int attr_lowpass_open(struct attr_kernel *k, struct erg_err *err)
{
	const size_t looks = 2 * ATTR_STALE_POINTS;

	if (k->shape.rc_ns <= 0 || k->shape.kind == ERG_SENSOR_EMA)
		return 0;
	k->lowpass = calloc(looks, sizeof(*k->lowpass));
	if (!k->lowpass)
		return erg_fail(err, -ENOMEM, "out of memory for a low-pass");
	k->n_lowpass = looks;
	for (size_t i = 0; i < looks; i++) {
		k->lowpass[i].level = calloc(k->view->n_cols + 1, sizeof(double));
		k->lowpass[i].touched = calloc(k->view->n_cols + 1, sizeof(uint16_t));
		if (!k->lowpass[i].level || !k->lowpass[i].touched)
			return erg_fail(err, -ENOMEM, "out of memory for %zu columns",
				k->view->n_cols);
		k->lowpass[i].all = k->view->n_cols <= FEW_COLUMNS;
		for (size_t c = 0; k->lowpass[i].all && c < k->view->n_cols; c++)
			k->lowpass[i].touched[k->lowpass[i].n++] = (uint16_t)c;
	}
	return 0;
}

void attr_lowpass_close(struct attr_kernel *k)
{
	for (size_t i = 0; k->lowpass && i < k->n_lowpass; i++) {
		free(k->lowpass[i].level);
		free(k->lowpass[i].touched);
	}
	free(k->lowpass);
	free(k->fall);
	k->lowpass = NULL;
	k->fall = NULL;
}

static double edge(const struct attr_view *v, size_t i)
{
	return (double)(int64_t)(attr_begin(v, i) - v->t0);
}

static inline void raise_level(struct attr_lowpass *l, uint16_t col, double by)
{
	if (!l->all && l->level[col] == 0 && by != 0)
		l->touched[l->n++] = col;
	l->level[col] += by;
}

static void begin(const struct attr_kernel *k, struct attr_lowpass *l, double x)
{
	const struct attr_view *v = k->view;

	for (size_t i = 0; i < l->n; i++)
		l->level[l->touched[i]] = 0;
	l->n = l->all ? l->n : 0;
	l->at = fmax(x - MEMORY * k->shape.rc_ns, 0);
	if (!l->begun || l->seg >= v->n || edge(v, l->seg) > l->at)
		l->seg = attr_view_find(v, v->t0 + (uint64_t)l->at);
	else
		l->seg = attr_skip(v, l->seg, floor(l->at));
	l->scale = 1;
	l->begun = true;
	for (size_t e = attr_first(v, l->seg); l->seg < v->n && e < attr_first(v, l->seg + 1); e++)
		raise_level(l, v->col[e], v->share ? (double)v->share[e] : 1);
}

/* What a low-pass has left after GAP: of whole ns, which layers have few different ones of. */
static double fall_after(struct attr_kernel *k, double gap)
{
	int32_t whole = gap >= 0 && gap < FALLS ? (int32_t)gap : -1;

	if (whole != gap)
		return exp(-gap / k->shape.rc_ns);
	if (!k->fall && ++k->n_falls > FALLS_FROM)
		k->fall = calloc(FALLS, sizeof(double)); /* without it works as well */
	if (!k->fall)
		return exp(-gap / k->shape.rc_ns);
	if (!(k->fall[whole] > 0))
		k->fall[whole] = exp(-gap / k->shape.rc_ns);
	return k->fall[whole];
}

/* From where it is to X, within its segment. */
static void pass(struct attr_kernel *k, struct attr_lowpass *l, double x)
{
	const struct attr_view *v = k->view;
	double fall = fall_after(k, x - l->at), rise;
	size_t kept = 0;

	l->scale *= fall;
	if (l->scale < SCALE_LEAST) {
		for (size_t i = 0; i < l->n; i++) {
			uint16_t c = l->touched[i];

			l->level[c] *= l->scale;
			if (l->all || l->level[c] != 0)
				l->touched[kept++] = c;
		}
		l->n = kept;
		l->scale = 1;
	}
	rise = (1 - fall) / l->scale;
	for (size_t e = attr_first(v, l->seg); e < attr_first(v, l->seg + 1); e++)
		raise_level(l, v->col[e], rise * (v->share ? (double)v->share[e] : 1));
	l->at = x;
}

static void look(struct attr_kernel *k, struct attr_lowpass *l, double x)
{
	const struct attr_view *v = k->view;

	if (!l->begun || x < l->at || x - l->at > MEMORY * k->shape.rc_ns)
		begin(k, l, x);
	for (; l->seg < v->n; l->seg++) {
		double end = edge(v, l->seg + 1);

		k->work += 4; /* an exponential is a few additions */
		if (end > x)
			break;
		pass(k, l, end);
	}
	if (l->seg < v->n)
		pass(k, l, x);
}

static inline void take(struct attr_kernel *k, const struct attr_lowpass *head,
	const struct attr_lowpass *tail, double by, uint16_t c)
{
	double less = by * (head->level[c] * head->scale - tail->level[c] * tail->scale);

	if (fabs(less) > LEAST)
		attr_row_add(k, c, -less);
}

void attr_lowpass_add(struct attr_kernel *k, size_t which, double end, double window, double weight)
{
	struct attr_lowpass *head = &k->lowpass[2 * which], *tail = head + 1;
	double by = weight * k->shape.rc_ns / window;

	look(k, head, end);
	look(k, tail, end - window);
	for (size_t i = 0; i < head->n; i++)
		take(k, head, tail, by, head->touched[i]);
	for (size_t i = 0; i < tail->n && !tail->all; i++)
		if (head->level[tail->touched[i]] == 0)
			take(k, head, tail, by, tail->touched[i]);
	k->work += head->n + tail->n;
}
