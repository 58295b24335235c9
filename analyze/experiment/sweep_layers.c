/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The sweep, layer by layer: which layers wait for memory at any clock, and what a clock of its own
 * for each layer could save at most. Only layers whose energy is resolved at every frequency take
 * part in the bound; merged layers count as the one that they are.
 */
#include "analyze/experiment/sweep.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_fit.h>
#include <gsl/gsl_statistics.h>

#include "formats/base/memory.h"
#include "formats/base/util.h"

struct scan {
	const struct erg_observations *o;
	const struct erg_points *all;
	const struct erg_point *const *points;
	size_t n, dim;
	double *f;
};

static const json_t *find_layer(const json_t *layers, const json_t *like)
{
	size_t i;
	json_t *l;

	json_array_foreach ((json_t *)layers, i, l)
		if (json_equal(json_object_get(l, "name"), json_object_get(like, "name")) &&
			json_equal(json_object_get(l, "merged_with"),
				json_object_get(like, "merged_with")))
			return l;
	return NULL;
}

/* Mean over the point's runs of the layer's KEY per call; NaN when a run lacks it. */
static double per_call(const struct scan *s, const struct erg_point *p, const json_t *like,
	const char *key)
{
	double sum = 0;

	for (size_t i = 0; i < p->n; i++) {
		const struct erg_obs *b = &s->o->obs[s->all->order[p->first + i]];
		const json_t *l = b->layers ? find_layer(b->layers, like) : NULL;
		double calls = json_number_value(json_object_get(l, "calls"));

		sum += l && calls > 0 ? erg_value_of(l, key) / calls : NAN;
	}
	return sum / (double)p->n;
}

struct best {
	double *fixed_j; /* per frequency: energy of all layers that take part */
	double own_j;    /* every layer at its own best */
	size_t layers;
};

static void add_points(const struct scan *s, const double *t, const double *e, json_t *row)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->n; i++)
		json_array_append_new(list,
			json_pack("{s:o, s:o, s:o}", "frequency", erg_num_json(s->f[i]), "time_s",
				erg_num_json(t[i]), "energy_j", erg_num_json(e[i])));
	json_object_set_new(row, "points", list);
}

static json_t *layer_json(const struct scan *s, const json_t *like, double *t, double *e,
	struct best *b)
{
	struct erg_sensitivity sens;
	size_t best = 0, top = 0;
	bool resolved = true;
	json_t *row;

	for (size_t i = 0; i < s->n; i++) {
		t[i] = per_call(s, s->points[i], like, "time_s");
		e[i] = per_call(s, s->points[i], like, "energy_j");
		resolved = resolved && isfinite(e[i]);
		best = e[i] < e[best] ? i : best;
		top = s->f[i] > s->f[top] ? i : top;
	}
	sens = erg_sensitivity_fit(s->f, t, s->n);
	row = json_pack("{s:O, s:O?, s:o, s:o, s:o}", "name", json_object_get(like, "name"),
		"merged_with", json_object_get(like, "merged_with"), "sensitivity",
		erg_sensitivity_json(&sens), "best", erg_num_json(resolved ? s->f[best] : NAN),
		"saving", erg_num_json(resolved ? 1 - e[best] / e[top] : NAN));
	add_points(s, t, e, row);
	if (resolved) {
		for (size_t i = 0; i < s->n; i++)
			b->fixed_j[i] += e[i];
		b->own_j += e[best];
		b->layers++;
	}
	return row;
}

static void add_bound(const struct scan *s, const struct best *b, json_t *out)
{
	double fixed = INFINITY;

	for (size_t i = 0; i < s->n; i++)
		fixed = fmin(fixed, b->fixed_j[i]);
	if (b->layers)
		json_object_set_new(out, "per_layer_dvfs",
			json_pack("{s:o, s:o, s:o, s:I}", "energy_j", erg_num_json(b->own_j),
				"fixed_j", erg_num_json(fixed), "saving",
				erg_num_json(1 - b->own_j / fixed), "layers",
				(json_int_t)b->layers));
}

int erg_sweep_layers(const struct erg_observations *o, const struct erg_points *all,
	const struct erg_point *const *points, size_t n, size_t dim, json_t *out,
	struct erg_err *err)
{
	_cleanup_(erg_freep) double *f = erg_noted(calloc(n + 1, sizeof(*f))),
				    *t = erg_noted(calloc(n + 1, sizeof(*t)));
	_cleanup_(erg_freep) double *e = erg_noted(calloc(n + 1, sizeof(*e)));
	_cleanup_(erg_freep) double *fixed = erg_noted(calloc(n + 1, sizeof(*fixed)));
	struct scan s = {o, all, points, n, dim, f};
	struct best b = {fixed, 0, 0};
	const json_t *layers;
	json_t *list, *l;
	size_t i;

	if (!f || !t || !e || !fixed)
		return erg_fail(err, -ENOMEM, "out of memory");
	layers = n ? o->obs[all->order[points[0]->first]].layers : NULL;
	if (n < 2 || !json_array_size(layers))
		return 0;
	for (i = 0; i < n; i++)
		f[i] = o->dims[dim].values[points[i]->level[dim]];
	list = json_array();
	json_array_foreach ((json_t *)layers, i, l)
		json_array_append_new(list, layer_json(&s, l, t, e, &b));
	json_object_set_new(out, "layers", list);
	add_bound(&s, &b, out);
	return 0;
}

json_t *erg_sweep_v2f(const struct erg_observations *o, const struct erg_point *const *points,
	size_t n, size_t dim)
{
	_cleanup_(erg_freep) double *x = erg_noted(calloc(n + 1, sizeof(*x))),
				    *p = erg_noted(calloc(n + 1, sizeof(*p)));
	double c0, c1, v00, v01, v11, rss, tss;
	size_t m = 0;

	for (size_t i = 0; x && p && i < n; i++) {
		double v = points[i]->voltage_v, f = o->dims[dim].values[points[i]->level[dim]];

		if (!isfinite(v) || !isfinite(points[i]->mean_w))
			continue;
		x[m] = v * v * f;
		p[m++] = points[i]->mean_w;
	}
	if (m < 3)
		return json_null();
	gsl_fit_linear(x, 1, p, 1, m, &c0, &c1, &v00, &v01, &v11, &rss);
	tss = gsl_stats_tss(p, 1, m);
	return json_pack("{s:o, s:o, s:o}", "p0_w", erg_num_json(c0), "k", erg_num_json(c1), "r2",
		erg_num_json(tss > 0 ? 1 - rss / tss : NAN));
}
