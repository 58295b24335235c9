/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Observations and their dimensions. Levels are interned text, so that a table of 10^5 rows costs
 * one hash lookup a cell; when all are in, a dimension whose levels are all numbers is renumbered
 * in the order of its values (900 before 1000), others keep the order in which they appeared.
 */
#include "analyze/experiment/points.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "formats/base/hash.h"
#include "formats/base/memory.h"
#include "formats/base/order.h"
#include "formats/base/util.h"

struct level_entry {
	UT_hash_handle hh;
	uint32_t level;
	char text[];
};

static void index_free(struct erg_dim *d)
{
	struct level_entry *head = d->index, *e, *next;

	HASH_ITER(hh, head, e, next)
	{
		HASH_DEL(head, e);
		free(e);
	}
	d->index = NULL;
}

int erg_observations_init(struct erg_observations *o, const char *const *factors, size_t n_factors,
	const char *const *groups, size_t n_groups, struct erg_err *err)
{
	*o = (struct erg_observations){.n_dims = n_factors + n_groups};
	o->dims = calloc(o->n_dims + 1, sizeof(*o->dims));
	for (size_t i = 0; o->dims && i < o->n_dims; i++) {
		o->dims[i].group = i < n_groups;
		o->dims[i].name = strdup(i < n_groups ? groups[i] : factors[i - n_groups]);
		if (!o->dims[i].name)
			return erg_fail(err, -ENOMEM, "out of memory");
	}
	return o->dims ? 0 : erg_fail(err, -ENOMEM, "out of memory");
}

void erg_observations_release(struct erg_observations *o)
{
	for (size_t i = 0; o->dims && i < o->n_dims; i++) {
		struct erg_dim *d = &o->dims[i];

		index_free(d);
		for (size_t k = 0; k < d->n; k++)
			free(d->levels[k]);
		free(d->levels);
		free(d->values);
		free(d->name);
	}
	free(o->dims);
	free(o->obs);
	free(o->levels);
	*o = (struct erg_observations){0};
}

static int intern(struct erg_dim *d, const char *text, uint32_t *ret)
{
	struct level_entry *head = d->index, *e;
	size_t len = strlen(text);

	HASH_FIND(hh, head, text, (unsigned int)len, e);
	if (!e) {
		e = calloc(1, sizeof(*e) + len + 1);
		if (!e || !erg_grow(&d->levels, d->n, sizeof(*d->levels)) ||
			!(d->levels[d->n] = strdup(text))) {
			free(e);
			return -ENOMEM;
		}
		memcpy(e->text, text, len + 1);
		e->level = (uint32_t)d->n++;
		HASH_ADD_KEYPTR(hh, head, e->text, len, e);
		if (erg_hash_lost(e)) {
			free(d->levels[--d->n]);
			free(e);
			return -ENOMEM;
		}
		d->index = head;
	}
	*ret = e->level;
	return 0;
}

static bool reserve(struct erg_observations *o)
{
	size_t cap = o->cap ? 2 * o->cap : 64;
	struct erg_obs *obs;
	uint32_t *levels;

	if (o->n < o->cap)
		return true;
	obs = erg_noted(realloc(o->obs, cap * sizeof(*obs)));
	if (obs)
		o->obs = obs;
	levels = erg_noted(realloc(o->levels, cap * (o->n_dims + 1) * sizeof(*levels)));
	if (levels)
		o->levels = levels;
	if (!obs || !levels)
		return false;
	o->cap = cap;
	return true;
}

struct erg_obs *erg_observations_add(struct erg_observations *o, const char *const *levels)
{
	struct erg_obs *b;

	if (!reserve(o))
		return NULL;
	for (size_t d = 0; d < o->n_dims; d++)
		if (intern(&o->dims[d], levels[d], &o->levels[o->n * o->n_dims + d]) < 0)
			return NULL;
	b = &o->obs[o->n++];
	*b = (struct erg_obs){.time_s = NAN,
		.energy_j = NAN,
		.mean_w = NAN,
		.peak_w = NAN,
		.voltage_v = NAN,
		.time = ERG_EST_UNRESOLVED,
		.ets = ERG_EST_UNRESOLVED};
	return b;
}

static int by_value(const void *a, const void *b, void *data)
{
	const double *v = data;
	double x = v[*(const uint32_t *)a], y = v[*(const uint32_t *)b];

	return (x > y) - (x < y);
}

/* Renumbers the levels of a numeric dimension; to[old] = new. */
static int order_levels(struct erg_dim *d, uint32_t *to)
{
	_cleanup_(erg_freep) uint32_t *order = calloc(d->n + 1, sizeof(*order));
	_cleanup_(erg_freep) char **levels = calloc(d->n + 1, sizeof(*levels));
	_cleanup_(erg_freep) double *values = calloc(d->n + 1, sizeof(*values));

	if (!order || !levels || !values)
		return -ENOMEM;
	for (uint32_t i = 0; i < d->n; i++)
		order[i] = i;
	if (d->numeric)
		erg_sort_by(order, d->n, sizeof(*order), by_value, d->values);
	for (uint32_t i = 0; i < d->n; i++) {
		to[order[i]] = i;
		levels[i] = d->levels[order[i]];
		values[i] = d->values[order[i]];
	}
	free(d->levels);
	d->levels = erg_steal_ptr(&levels);
	free(d->values);
	d->values = erg_steal_ptr(&values);
	return 0;
}

static int finish_dim(struct erg_observations *o, size_t d)
{
	struct erg_dim *dim = &o->dims[d];
	_cleanup_(erg_freep) uint32_t *to = calloc(dim->n + 1, sizeof(*to));

	index_free(dim);
	dim->values = calloc(dim->n + 1, sizeof(*dim->values));
	if (!to || !dim->values)
		return -ENOMEM;
	dim->numeric = dim->n > 0;
	for (size_t i = 0; i < dim->n; i++) {
		char *end;

		dim->values[i] = strtod(dim->levels[i], &end);
		if (end == dim->levels[i] || *end || !isfinite(dim->values[i]))
			dim->numeric = false;
	}
	if (order_levels(dim, to) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < o->n; i++)
		o->levels[i * o->n_dims + d] = to[o->levels[i * o->n_dims + d]];
	return 0;
}

int erg_observations_finish(struct erg_observations *o, struct erg_err *err)
{
	for (size_t d = 0; d < o->n_dims; d++)
		if (finish_dim(o, d) < 0)
			return erg_fail(err, -ENOMEM, "out of memory for the levels of %s",
				o->dims[d].name);
	for (size_t i = 0; i < o->n; i++)
		o->obs[i].level = &o->levels[i * o->n_dims];
	return 0;
}
