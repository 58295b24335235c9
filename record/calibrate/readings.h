/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_CALIBRATE_READINGS_H
#define ERG_RECORD_CALIBRATE_READINGS_H

/* Readings of two rails in memory, as a fit takes them. */
#include <pthread.h>
#include <stdbool.h>

#include "record/calibrate/fit.h"
#include "record/sources/rail_power.h"
#include "record/sources/source.h"

struct erg_readings {
	struct erg_source *source;
	struct erg_rail_form form;
	struct erg_fit_series series;
	size_t room;
	bool native;    /* the sensor says when each was taken */
	double half_ns; /* sum of half the durations of reading */
	double sum_v;   /* of n_v voltages */
	size_t n_v;
	int64_t last_raw, last_mv;
	double energy_j; /* of a counter, since the first */
};

/* One thread reads SOURCE for one or two rails of it. */
struct erg_reader {
	struct erg_source *source;
	struct erg_readings *of[2];
	uint64_t interval_ns;
	const bool *stop;
	int error; /* the last */
	size_t errors;
	bool short_of_memory, running;
	pthread_t thread;
};

/* The rail NAME among the sources of power; -ENOENT. */
int erg_readings_find(const struct erg_source_list *l, const char *name, struct erg_readings *ret);
int erg_reader_start(struct erg_reader *r);
void erg_reader_join(struct erg_reader *r);

/* Readings that are repetitions of the one before, for the sensor had no news, are taken out: their windows
 * did not end when they were read. */
void erg_readings_freshen(struct erg_readings *r);
void erg_readings_release(struct erg_readings *r);

#endif
