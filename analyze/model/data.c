/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Rows and columns of a model, growing a row at a time; groups are found by name.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/model/data.h"
#include "formats/base/hash.h"
#include "formats/base/util.h"

#define GROUPS_MAX 100000u

struct group {
	size_t number;
	UT_hash_handle hh;
	char name[];
};

int erg_model_data_init(struct erg_model_data *d, char *const *names, size_t n, bool sigma)
{
	*d = (struct erg_model_data){.n_names = n, .frequency_lo = NAN, .frequency_hi = NAN};
	d->names = calloc(n, sizeof(*d->names));
	d->col = calloc(n, sizeof(*d->col));
	d->machines = json_array();
	d->rails = json_array();
	if (!d->names || !d->col || !d->machines || !d->rails)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		if (!(d->names[i] = strdup(names[i])))
			return -ENOMEM;
	if (sigma)
		d->sigma = calloc(1, sizeof(double));
	return sigma && !d->sigma ? -ENOMEM : 0;
}

void erg_model_data_done(struct erg_model_data *d)
{
	struct group *head = d->index, *g, *next;

	HASH_ITER(hh, head, g, next)
	{
		HASH_DEL(head, g);
		free(g);
	}
	for (size_t i = 0; i < d->n_names; i++) {
		free(d->names ? d->names[i] : NULL);
		free(d->col ? d->col[i] : NULL);
	}
	for (size_t i = 0; d->label && i < d->n; i++)
		free(d->label[i]);
	free(d->names);
	free(d->col);
	free(d->sigma);
	free(d->group);
	free(d->groups);
	free(d->label);
	free(d->place);
	json_decref(d->machines);
	json_decref(d->rails);
	*d = (struct erg_model_data){0};
}

static int resize(void *pp, size_t n, size_t size)
{
	void *p = reallocarray(*(void **)pp, n, size);

	if (!p)
		return -ENOMEM;
	*(void **)pp = p;
	return 0;
}

static int grow_rows(struct erg_model_data *d)
{
	size_t cap = d->cap ? 2 * d->cap : 256;
	int r = resize(&d->group, cap, sizeof(*d->group));

	if (r >= 0)
		r = resize(&d->label, cap, sizeof(*d->label));
	if (r >= 0)
		r = resize(&d->place, cap, sizeof(*d->place));
	if (r >= 0 && d->sigma)
		r = resize(&d->sigma, cap, sizeof(*d->sigma));
	for (size_t i = 0; r >= 0 && i < d->n_names; i++)
		r = resize(&d->col[i], cap, sizeof(**d->col));
	if (r >= 0)
		d->cap = cap;
	return r;
}

/* The number of the group NAME, a new one where there is none. */
static int find_group(struct erg_model_data *d, const char *name, size_t *ret)
{
	struct group *head = d->index, *g;
	size_t len = strlen(name);

	if (d->n && !strcmp(d->groups[d->group[d->n - 1]], name)) {
		*ret = d->group[d->n - 1]; /* rows of a group mostly follow each other */
		return 0;
	}
	HASH_FIND(hh, head, name, len, g);
	if (!g) {
		if (d->n_groups == GROUPS_MAX)
			return -E2BIG;
		g = calloc(1, sizeof(*g) + len + 1);
		if (!g || resize(&d->groups, d->n_groups + 1, sizeof(*d->groups)) < 0) {
			free(g);
			return -ENOMEM;
		}
		memcpy(g->name, name, len + 1);
		g->number = d->n_groups;
		HASH_ADD(hh, head, name, len, g);
		if (erg_hash_lost(g)) {
			free(g);
			return -ENOMEM;
		}
		d->index = head;
		d->groups[d->n_groups++] = g->name;
	}
	*ret = g->number;
	return 0;
}

int erg_model_data_row(struct erg_model_data *d, const double *values, double sigma,
	const char *group, const char *label, size_t place)
{
	size_t number;
	char *copy = NULL;
	int r = find_group(d, group, &number);

	if (r >= 0 && d->n == d->cap)
		r = grow_rows(d);
	if (r < 0)
		return r;
	if (label && !(copy = strdup(label)))
		return -ENOMEM;
	for (size_t i = 0; i < d->n_names; i++)
		d->col[i][d->n] = values[i];
	if (d->sigma)
		d->sigma[d->n] = sigma;
	d->group[d->n] = number;
	d->label[d->n] = copy;
	d->place[d->n++] = place;
	return 0;
}

const char *erg_model_data_label(const struct erg_model_data *d, size_t i, char *buf, size_t len)
{
	if (d->label[i])
		return d->label[i];
	snprintf(buf, len, d->place[i] ? "line %zu" : "%zu", d->place[i] ? d->place[i] : i + 1);
	return buf;
}
