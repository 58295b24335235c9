/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Tables made elsewhere (the digitised figures of a paper, a wall meter's log) with the same
 * standing as archives: times and energies must be positive finite numbers, settings are text.
 */
#include "analyze/experiment/table_input.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "formats/table.h"
#include "formats/base/util.h"

struct columns {
	int time, energy, power, peak, voltage;
};

static const char *const measures[] = {"time_s", "energy_j", "power_w", "peak_power_w",
	"voltage_v"};

static int find_measures(const struct erg_table *t, const char *path, struct columns *c,
	struct erg_err *err)
{
	c->time = erg_table_find(t, "time_s", err);
	if (c->time < 0)
		return c->time;
	c->energy = erg_table_find(t, "energy_j", NULL);
	c->power = erg_table_find(t, "power_w", NULL);
	c->peak = erg_table_find(t, "peak_power_w", NULL);
	c->voltage = erg_table_find(t, "voltage_v", NULL);
	if (c->energy < 0 && c->power < 0)
		return erg_fail(err, -EINVAL,
			"%s: no column energy_j and no column power_w: one of them is needed",
			path);
	return 0;
}

static int optional(const struct erg_table *t, size_t row, int column, double *ret,
	struct erg_err *err)
{
	if (column < 0 || !*erg_table_cell(t, row, (size_t)column))
		return 0;
	return erg_table_number(t, row, (size_t)column, ret, err);
}

static int positive(const struct erg_table *t, const char *path, size_t row, int column,
	double *ret, struct erg_err *err)
{
	int r = erg_table_number(t, row, (size_t)column, ret, err);

	if (r < 0)
		return r;
	if (!(*ret > 0))
		return erg_fail(err, -EINVAL, "%s: line %zu, column %s: %g: expected more than 0",
			path, erg_table_line(t, row), erg_table_column_name(t, (size_t)column),
			*ret);
	return 0;
}

static int fill_observation(const struct erg_table *t, const char *path, size_t row,
	const struct columns *c, struct erg_obs *b, struct erg_err *err)
{
	int r = positive(t, path, row, c->time, &b->time_s, err);

	if (r >= 0)
		r = positive(t, path, row, c->energy >= 0 ? c->energy : c->power, &b->energy_j,
			err);
	if (r < 0)
		return r;
	if (c->energy < 0)
		b->energy_j *= b->time_s;
	b->mean_w = b->energy_j / b->time_s;
	b->time = b->ets = (struct erg_est){NAN, NAN, NAN, NAN, NAN, "table"};
	b->time.value = b->time_s;
	b->ets.value = b->energy_j;
	r = optional(t, row, c->peak, &b->peak_w, err);
	return r < 0 ? r : optional(t, row, c->voltage, &b->voltage_v, err);
}

static bool is_named(const char *name, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(list[i], name))
			return true;
	return false;
}

static bool varies(const struct erg_table *t, size_t column)
{
	size_t rows = erg_table_rows(t);

	for (size_t i = 1; i < rows; i++)
		if (strcmp(erg_table_cell(t, i, column), erg_table_cell(t, 0, column)))
			return true;
	return false;
}

/* The columns that are neither measures nor groups and take more than one value. */
static size_t guess_factors(const struct erg_table *t, const char *const *groups, size_t n_groups,
	const char **ret)
{
	size_t n = 0;

	for (size_t c = 0; c < erg_table_columns(t); c++) {
		const char *name = erg_table_column_name(t, c);

		if (!is_named(name, measures, ERG_ARRAY_SIZE(measures)) &&
			!is_named(name, groups, n_groups) && strcmp(name, "repetition") &&
			varies(t, c))
			ret[n++] = name;
	}
	return n;
}

static int read_rows(const struct erg_table *t, const char *path, const struct columns *c,
	struct erg_observations *o, struct erg_err *err)
{
	_cleanup_(erg_freep) int *dims = calloc(o->n_dims + 1, sizeof(*dims));
	_cleanup_(erg_freep) const char **cells = calloc(o->n_dims + 1, sizeof(*cells));

	if (!dims || !cells)
		return erg_fail(err, -ENOMEM, "out of memory");
	for (size_t d = 0; d < o->n_dims; d++) {
		dims[d] = erg_table_find(t, o->dims[d].name, err);
		if (dims[d] < 0)
			return dims[d];
	}
	for (size_t row = 0; row < erg_table_rows(t); row++) {
		struct erg_obs *b;
		int r;

		for (size_t d = 0; d < o->n_dims; d++) {
			cells[d] = erg_table_cell(t, row, (size_t)dims[d]);
			if (!*cells[d])
				return erg_fail(err, -EINVAL,
					"%s: line %zu, column %s: empty: expected a setting", path,
					erg_table_line(t, row), o->dims[d].name);
		}
		b = erg_observations_add(o, cells);
		r = b ? fill_observation(t, path, row, c, b, err)
		      : erg_fail(err, -ENOMEM, "out of memory");
		if (r < 0)
			return r;
	}
	return 0;
}

int erg_observations_from_table(const char *path, const char *const *factors, size_t n_factors,
	const char *const *groups, size_t n_groups, struct erg_observations *ret,
	struct erg_err *err)
{
	_cleanup_(erg_table_freep) struct erg_table *t = NULL;
	_cleanup_(erg_freep) const char **guessed = NULL;
	struct columns c = {-1, -1, -1, -1, -1};
	int r = erg_table_read(path, &t, err);

	if (r < 0)
		return r;
	r = find_measures(t, path, &c, err);
	if (r < 0)
		return r;
	if (!erg_table_rows(t))
		return erg_fail(err, -ENODATA, "%s: no rows below the header", path);
	guessed = calloc(erg_table_columns(t) + 1, sizeof(*guessed));
	if (!guessed)
		return erg_fail(err, -ENOMEM, "out of memory");
	if (!n_factors) {
		n_factors = guess_factors(t, groups, n_groups, guessed);
		factors = guessed;
	}
	if (!n_factors)
		return erg_fail(err, -EINVAL, "%s: no column varies that could be a factor", path);
	r = erg_observations_init(ret, factors, n_factors, groups, n_groups, err);
	if (r >= 0)
		r = read_rows(t, path, &c, ret, err);
	return r < 0 ? r : erg_observations_finish(ret, err);
}
