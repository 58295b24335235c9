/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_SAMPLER_READINGS_H
#define ERG_RECORD_SAMPLER_READINGS_H

/* How many readings each channel had, from when to when, their mean, and how long a read took: for
 * the summary of the recording. */
#include <stdint.h>

#include <jansson.h>

#include "formats/base/err.h"
#include "record/sources/source.h"

struct erg_readings;

/* SOURCES are borrowed. */
int erg_readings_new(const struct erg_source_list *sources, struct erg_readings **ret,
	struct erg_err *err);
void erg_readings_free(struct erg_readings *r);

/* A reading of source SOURCE (its index) at T, which took READ_NS, from the one thread that reads it.
 * No allocation, no lock. R may be NULL. */
void erg_readings_take(struct erg_readings *r, uint32_t source, uint64_t time_ns, uint64_t read_ns,
	const int64_t *values);

/* When the sampler has stopped: puts "channels" and "read_ns" of source SOURCE into J, its element of the
 * summary's sources. R may be NULL. */
void erg_readings_describe(const struct erg_readings *r, size_t source, json_t *j);

#endif
