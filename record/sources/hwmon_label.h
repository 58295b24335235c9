/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_SOURCES_HWMON_LABEL_H
#define ERG_RECORD_SOURCES_HWMON_LABEL_H

/* Which sensors of one chip of hwmon tell of one supply, and which of its rails lie within which. */
#include "record/sources/source.h"

/* N of "PREFIX<N>SUFFIX", or -1. */
int erg_hwmon_index(const char *name, const char *prefix, const char *suffix);

/* The number of the voltage that makes a power with current N, or -1: there is none. */
int erg_hwmon_voltage_of(const char *chip, const char *dir, int n);

/* Whether the chip itself tells the power of current N and voltage V. */
bool erg_hwmon_tells_power(const char *dir, int n, int v);

/* Whether sensors N of kinds A and B ("power", "energy") are of one supply: labels that differ say no. */
bool erg_hwmon_is_same(const char *dir, const char *a, const char *b, int n);

/* Gives the rails of LIST's sources from FROM on, which are all of one chip, the parents that they have
 * within it. */
void erg_hwmon_set_parents(const char *chip, const char *dir, struct erg_source_list *list,
	size_t from);

#endif
