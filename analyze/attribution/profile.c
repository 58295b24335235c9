/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Power that is not the same all through a layer, as the tests have found it (halves.c). The power of such a layer
 * is a straight line over how far its instance is: a column that falls from 1 to 0 between its begin and its end, and
 * one that rises; or one column for each half. Within a segment a column has one share. So each instance is cut into
 * many segments, short beside what the sensor sees at once.
 *
 * Lines of several corners, which could be more than these (bursts at the begin, tails), fitted such worlds of
 * tests/accuracy well and were sure and wrong in every tenth row: there the layers stay refused.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/attribution/profile.h"
#include "analyze/attribution/split_columns.h"
#include "analyze/attribution/view.h"
#include "formats/base/memory.h"
#include "formats/base/util.h"

#define ENTRIES_MAX 60000000 /* more take too much memory */
#define PARTS_MIN 16         /* of an instance */
#define PARTS_MAX 64
#define PARTS_WINDOW 8 /* in a window */
#define COLUMNS 2      /* of a class that is not even */

struct form {
	bool uneven, halves; /* halves: two columns, and no line */
	uint64_t parts;      /* of an instance */
};

struct cutter {
	const struct attr_view *v;
	struct form *form;   /* per class */
	uint64_t *from, *to; /* per class: its present instance */
	double *sum, *n; /* per class: of the lengths of its instances, ns; how many those are */
	uint64_t *cut;   /* of the present segment: where its parts begin */
	size_t cuts, room;
};

/* The instances that run in segment I. */
static void follow(struct cutter *c, size_t i)
{
	const struct attr_view *v = c->v;

	for (uint32_t e = attr_first(v, i); e < attr_first(v, i + 1); e++) {
		uint32_t k = v->col_class[v->col[e]];
		size_t j = i + 1;

		if (!c->form[k].uneven || attr_begin(v, i) < c->to[k])
			continue;
		while (j < v->n && attr_runs_in(v, j, k))
			j++;
		c->from[k] = attr_begin(v, i);
		c->to[k] = attr_begin(v, j);
		c->sum[k] += (double)(c->to[k] - c->from[k]);
		c->n[k]++;
	}
}

static void begin_anew(struct cutter *c)
{
	for (size_t k = 0; k < c->v->n_classes; k++)
		c->from[k] = c->to[k] = 0;
}

/* Of a class whose instances take D ns. */
static void make_form(struct form *f, enum attr_profile profile, double d, double window_ns)
{
	double parts = fmin(fmax(PARTS_WINDOW * d / window_ns, PARTS_MIN), PARTS_MAX);

	*f = (struct form){true, profile == ATTR_HALVES,
		profile == ATTR_HALVES ? 2 : (uint64_t)round(parts)};
}

static int more_cuts(struct cutter *c, uint64_t t)
{
	uint64_t *p = c->cut;
	size_t i = c->cuts;

	if (c->cuts == c->room) {
		c->room = 2 * c->room + 64;
		p = realloc(c->cut, c->room * sizeof(*p));
		if (!p)
			return -ENOMEM;
		c->cut = p;
	}
	for (; i && p[i - 1] > t; i--)
		;
	if (i && p[i - 1] == t)
		return 0;
	memmove(p + i + 1, p + i, (c->cuts++ - i) * sizeof(*p));
	p[i] = t;
	return 0;
}

/* Where the parts of the present instance of class K begin after BEGIN and before END. */
static int cut_by(struct cutter *c, uint32_t k, uint64_t begin, uint64_t end)
{
	const struct form *f = &c->form[k];
	double length = (double)(c->to[k] - c->from[k]);
	int rc = 0;

	for (uint64_t p = 0; !rc && f->uneven && p < f->parts; p++) {
		uint64_t t = c->from[k] + (uint64_t)((double)p / (double)f->parts * length);

		if (t > begin && t < end)
			rc = more_cuts(c, t);
	}
	return rc;
}

/* Where the parts of segment I begin. */
static int find_cuts(struct cutter *c, size_t i)
{
	const struct attr_view *v = c->v;
	uint64_t begin = attr_begin(v, i), end = attr_begin(v, i + 1);
	int rc;

	follow(c, i);
	c->cuts = 0;
	rc = more_cuts(c, begin);
	for (uint32_t e = attr_first(v, i); !rc && e < attr_first(v, i + 1); e++)
		rc = cut_by(c, v->col_class[v->col[e]], begin, end);
	return rc;
}

/* The columns of class K that lie over T; COL is the first of its two. Returns how many. */
static size_t columns_over(const struct cutter *c, uint32_t k, double t, uint16_t *col,
	float *share)
{
	const struct form *f = &c->form[k];
	double u = (t - (double)c->from[k]) / fmax((double)(c->to[k] - c->from[k]), 1);

	if (!f->uneven)
		return 1;
	u = fmin(fmax(u, 0), 1);
	if (f->halves) {
		col[0] = (uint16_t)(col[0] + (u > 0.5));
		return 1;
	}
	col[1] = (uint16_t)(col[0] + 1);
	share[1] = (float)(share[0] * (float)u);
	share[0] *= (float)(1 - u);
	return 2;
}

/* What becomes of the view. */
struct made {
	struct attr_columns n;
	struct erg_times begin;
	uint8_t *tail;
	size_t segments, cols;
	uint32_t entries;
};

static int put(const struct cutter *c, const struct attr_split *s, size_t i, uint64_t begin,
	uint64_t end, struct made *m)
{
	const struct attr_view *v = c->v;
	double mid = (double)begin + (double)(end - begin) / 2;

	m->n.first[m->segments] = m->entries;
	if (m->tail)
		m->tail[m->segments] = v->tail[i];
	m->segments++;
	for (uint32_t e = attr_first(v, i); e < attr_first(v, i + 1); e++) {
		uint16_t *col = m->n.col + m->entries;
		float *share = m->n.share + m->entries;
		size_t n;

		col[0] = s[v->col[e]].first;
		share[0] = v->share ? v->share[e] : 1;
		n = columns_over(c, v->col_class[v->col[e]], mid, col, share);
		for (size_t j = 0; j < n; j++)
			m->n.col_time[col[j]] += (double)(end - begin) * 1e-9 * (double)share[j];
		m->entries += (uint32_t)n;
	}
	return erg_times_push(&m->begin, begin);
}

static int fill(struct cutter *c, const struct attr_split *s, struct made *m)
{
	const struct attr_view *v = c->v;
	int rc = 0;

	begin_anew(c);
	for (size_t i = 0; !rc && i < v->n; i++) {
		rc = find_cuts(c, i);
		for (size_t j = 0; !rc && j < c->cuts; j++)
			rc = put(c, s, i, c->cut[j],
				j + 1 < c->cuts ? c->cut[j + 1] : attr_begin(v, i + 1), m);
	}
	m->n.first[m->segments] = m->entries;
	return rc ? rc : erg_times_push(&m->begin, attr_begin(v, v->n));
}

/* Forms by the lengths of instances; how many segments and entries at most they make. */
static int plan(struct cutter *c, const uint8_t *profile, double window_ns, size_t *ret_segments,
	size_t *ret_entries)
{
	const struct attr_view *v = c->v;
	int rc = 0;

	*ret_segments = *ret_entries = 0;
	for (size_t k = 0; k < v->gap_class; k++)
		c->form[k].uneven = profile[k] != ATTR_EVEN;
	begin_anew(c);
	for (size_t i = 0; i < v->n; i++)
		follow(c, i);
	for (size_t k = 0; k < v->gap_class; k++)
		if (c->form[k].uneven && c->n[k] > 0)
			make_form(&c->form[k], profile[k], c->sum[k] / c->n[k], window_ns);
		else
			c->form[k].uneven = false;
	begin_anew(c);
	for (size_t i = 0; !rc && i < v->n; i++) {
		rc = find_cuts(c, i);
		*ret_segments += c->cuts;
		*ret_entries += c->cuts * 2 * (attr_first(v, i + 1) - attr_first(v, i));
	}
	return rc;
}

static void install(struct attr_view *v, const struct attr_split *s, struct made *m)
{
	attr_columns_install(v, s, &m->n, m->cols);
	free(v->z); /* of columns that are no more */
	v->z = NULL;
	free(v->tail);
	v->tail = erg_steal_ptr(&m->tail);
	erg_times_release(&v->begin);
	v->begin = m->begin;
	memset(&m->begin, 0, sizeof(m->begin));
	v->n = m->segments;
}

static int alloc(struct cutter *c)
{
	size_t n = c->v->n_classes + 1;

	c->form = calloc(n, sizeof(*c->form));
	c->from = calloc(n, sizeof(*c->from));
	c->to = calloc(n, sizeof(*c->to));
	c->sum = calloc(n, sizeof(*c->sum));
	c->n = calloc(n, sizeof(*c->n));
	return c->form && c->from && c->to && c->sum && c->n ? 0 : -ENOMEM;
}

static void release(struct cutter *c)
{
	free(c->form);
	free(c->from);
	free(c->to);
	free(c->sum);
	free(c->n);
	free(c->cut);
}

static size_t plan_columns(const struct cutter *c, struct attr_split *s)
{
	size_t cols = 0;

	for (size_t i = 0; i < c->v->n_cols; i++) {
		s[i].first = (uint16_t)cols;
		s[i].n = c->form[c->v->col_class[i]].uneven ? COLUMNS : 1;
		cols += s[i].n;
	}
	return cols;
}

int attr_profile_view(struct attr_view *v, const uint8_t *profile, double window_ns,
	struct erg_err *err)
{
	struct cutter c = {.v = v};
	struct made m = {0};
	_cleanup_(erg_freep) struct attr_split *s = calloc(v->n_cols + 1, sizeof(*s));
	size_t segments = 0, entries = 0;
	int rc = s ? alloc(&c) : -ENOMEM;

	if (!rc)
		rc = plan(&c, profile, fmax(window_ns, 1000), &segments, &entries);
	if (!rc)
		m.cols = plan_columns(&c, s);
	if (!rc && (entries > ENTRIES_MAX || m.cols >= UINT16_MAX))
		rc = 1;
	if (!rc && v->tail && !(m.tail = calloc(segments + 1, 1)))
		rc = -ENOMEM;
	if (!rc && !attr_columns_alloc(v, segments, entries, m.cols, &m.n))
		rc = -ENOMEM;
	if (!rc)
		rc = fill(&c, s, &m);
	if (!rc)
		install(v, s, &m);
	attr_columns_free(&m.n);
	erg_times_release(&m.begin);
	free(m.tail);
	release(&c);
	return rc < 0 ? erg_fail(err, rc, "out of memory for %zu segments", segments) : rc;
}
