/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Rows from anybody's table of measurements. Every cell that is used must be a number; an empty one
 * is an error too, unless rows with missing values are to be left out.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "analyze/model/data.h"
#include "formats/table.h"

#define COLUMNS_MAX 64u
#define GROUP_COLUMNS_MAX 8u

struct columns {
	size_t value[COLUMNS_MAX];
	bool have[COLUMNS_MAX];
	size_t group[GROUP_COLUMNS_MAX];
	int sigma, label, type; /* < 0: none */
};

static int optional(const struct erg_table *t, const char *name)
{
	return name ? erg_table_find(t, name, NULL) : -1;
}

static int find_columns(const struct erg_table *t, const struct erg_model_want *want,
	struct columns *c, struct erg_err *err)
{
	int r;

	if (want->n > COLUMNS_MAX || want->n_group > GROUP_COLUMNS_MAX)
		return erg_fail(err, -E2BIG, "more than %u columns", COLUMNS_MAX);
	for (size_t j = 0; j < want->n; j++) {
		bool must = j + want->n_optional < want->n;

		r = erg_table_find(t, want->names[j], must ? err : NULL);
		if (r < 0 && must)
			return r;
		c->have[j] = r >= 0;
		c->value[j] = r >= 0 ? (size_t)r : 0;
	}
	for (size_t j = 0; j < want->n_group; j++) {
		r = erg_table_find(t, want->group[j], err);
		if (r < 0)
			return r;
		c->group[j] = (size_t)r;
	}
	c->sigma = -1;
	if (want->sigma) {
		c->sigma = erg_table_find(t, want->sigma, err);
		if (c->sigma < 0)
			return c->sigma;
	}
	c->label = optional(t, "layer");
	c->type = -1;
	if (want->type) {
		c->type = erg_table_find(t, "type", err);
		if (c->type < 0)
			return c->type;
	}
	return 0;
}

/* The values of row I; 1 when one is missing and such rows are left out. */
static int read_values(const struct erg_table *t, size_t i, const struct erg_model_want *want,
	const struct columns *c, double *v, double *sigma, struct erg_err *err)
{
	int r;

	for (size_t j = 0; j < want->n; j++) {
		v[j] = NAN;
		if (!c->have[j])
			continue;
		if (want->drop && !*erg_table_cell(t, i, c->value[j]))
			return 1;
		r = erg_table_number(t, i, c->value[j], &v[j], err);
		if (r < 0)
			return r;
	}
	*sigma = NAN;
	if (c->sigma < 0)
		return 0;
	r = erg_table_number(t, i, (size_t)c->sigma, sigma, err);
	if (r >= 0 && !(*sigma > 0))
		return erg_fail(err, -EINVAL,
			"line %zu, column %s: %g; expected a standard uncertainty above 0",
			erg_table_line(t, i), want->sigma, *sigma);
	return r;
}

static const char *group_name(const struct erg_table *t, size_t i,
	const struct erg_model_want *want, const struct columns *c, char *buf, size_t size)
{
	size_t len = 0;

	if (want->n_group == 1)
		return erg_table_cell(t, i, c->group[0]);
	buf[0] = '\0';
	for (size_t j = 0; j < want->n_group && len < size; j++)
		len += (size_t)snprintf(buf + len, size - len, "%s%s", j ? "/" : "",
			erg_table_cell(t, i, c->group[j]));
	return buf;
}

static int read_rows(const struct erg_table *t, const struct erg_model_want *want,
	const struct columns *c, struct erg_model_data *d, struct erg_err *err)
{
	char name[256];

	for (size_t i = 0; i < erg_table_rows(t); i++) {
		double v[COLUMNS_MAX], sigma;
		int r;

		if (c->type >= 0 && strcmp(erg_table_cell(t, i, (size_t)c->type), want->type))
			continue;
		r = read_values(t, i, want, c, v, &sigma, err);
		if (r < 0)
			return r;
		if (r > 0) {
			d->dropped++;
			continue;
		}
		r = erg_model_data_row(d, v, sigma, group_name(t, i, want, c, name, sizeof(name)),
			c->label >= 0 ? erg_table_cell(t, i, (size_t)c->label) : NULL,
			erg_table_line(t, i));
		if (r == -E2BIG)
			return erg_fail(err, r, "more than 100000 groups");
		if (r < 0)
			return erg_fail_errno(err, r, "%zu rows", i);
	}
	return 0;
}

int erg_model_data_table(const char *path, const struct erg_model_want *want,
	struct erg_model_data *ret, struct erg_err *err)
{
	__attribute__((cleanup(erg_table_freep))) struct erg_table *t = NULL;
	struct columns c = {0};
	int r = erg_table_read(path, &t, err);

	if (r < 0)
		return r;
	r = find_columns(t, want, &c, err);
	if (r < 0)
		return r;
	r = erg_model_data_init(ret, want->names, want->n, want->sigma != NULL);
	if (r < 0)
		erg_fail_errno(err, r, "%s", path);
	else
		r = read_rows(t, want, &c, ret, err);
	if (r >= 0 && !ret->n)
		r = erg_fail(err, -ENODATA, "%s: no row%s%s%s", path,
			want->type ? " of type \"" : "", want->type ? want->type : "",
			want->type ? "\"" : "");
	if (r < 0)
		erg_model_data_done(ret);
	return r;
}
