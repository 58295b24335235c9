/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_EXPERIMENT_TABLE_INPUT_H
#define ERG_ANALYZE_EXPERIMENT_TABLE_INPUT_H

#include "analyze/experiment/points.h"

/*
 * Observations from a table of measurements made elsewhere: columns time_s and energy_j or
 * power_w, optionally peak_power_w and voltage_v; factors and groups are the columns named. When
 * no factor is named, every other column with more than one value that is no group is one.
 * A cell that is empty or no number where one is needed is an error with line and column.
 */
int erg_observations_from_table(const char *path, const char *const *factors, size_t n_factors,
	const char *const *groups, size_t n_groups, struct erg_observations *ret,
	struct erg_err *err);

#endif
