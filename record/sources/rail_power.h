/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_SOURCES_RAIL_POWER_H
#define ERG_RECORD_SOURCES_RAIL_POWER_H

/*
 * Which channels of a source make the power of a rail, as analyze/timeline/rail.c does it later: an energy
 * counter, else power, else current times voltage, the last of channels that are read together.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record/sources/source.h"

struct erg_rail_form {
	size_t value, volts;  /* channels */
	enum erg_quantity by; /* energy, power or current */
};

/* The rail that channel I stands for; false when another channel does, or none can. */
bool erg_rail_form(const struct erg_source *s, size_t i, struct erg_rail_form *ret);
/* The same by current I and the voltage that is read with it, whatever else the source has of the rail. */
bool erg_rail_by_current(const struct erg_source *s, size_t i, struct erg_rail_form *ret);
/* The form of RAIL; false where the source has none. */
bool erg_rail_find(const struct erg_source *s, const char *rail, struct erg_rail_form *ret);
/* Power of a reading, W; false where it is not known, or the rail is by energy. */
bool erg_rail_watts(const struct erg_source *s, const struct erg_rail_form *f,
	const int64_t *values, double *ret_w);
/* Raw difference of a cumulative value that runs 0..wrap-1. */
uint64_t erg_rail_difference(int64_t from, int64_t to, uint64_t wrap);

#endif
