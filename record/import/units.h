/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_IMPORT_UNITS_H
#define ERG_RECORD_IMPORT_UNITS_H

/* Units in the names of columns, and in a line below them. */
#include <stdbool.h>
#include <stddef.h>

#include "formats/base/err.h"

/* "VDD_IN [mW]", "VDD_IN (mW)" and "VDD_IN_mW" are VDD_IN, mW. -EINVAL for a COLUMN of the file PATH
 * without a unit. */
int erg_import_split_unit(const char *path, const char *column, char name[64], char unit[16],
	struct erg_err *err);
/* "P", with "W" or "(W)" in the line below, is "P [W]": the line of names as RET. False where that line is
 * none of units. Cuts the brackets of UNITS off. */
bool erg_import_add_units(char **names, size_t n, char **units, size_t n_units, char *ret,
	size_t size, char separator);
/* The unit that the end of a column's name seems to say without brackets, "mW" of "P_mW" and "P mW"; or NULL. */
const char *erg_import_unit_in(const char *column);
/* What stands behind a number, TEXT, of a column in UNIT: nothing, that unit, or another of its quantity, as "kW"
 * among watts: *ret_shift is how many digits the number's point moves by, 3. */
bool erg_import_unit_of_cell(const char *text, const char *unit, int *ret_shift);

#endif
