/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_TESTS_BOARD_TRUTH_H
#define ERG_TESTS_BOARD_TRUTH_H

/*
 * The log of the truth: cumulative energy of every rail at every instant where a power changed. As
 * power is constant between two records, interpolating linearly between them is exact, so the true
 * energy between any two instants can be had.
 *
 * File: struct erg_truth_header, then records of struct erg_truth_record, native byte order.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "formats/base/err.h"

#define ERG_TRUTH_MAGIC "ergtrut1"

/* Columns of energy: the rails, and the leakage that they contain. */
enum erg_truth_column {
	ERG_TRUTH_IN,
	ERG_TRUTH_CPU,
	ERG_TRUTH_GPU,
	ERG_TRUTH_LEAK,
	ERG_TRUTH_COLUMNS,
};

extern const char *const erg_truth_names[ERG_TRUTH_COLUMNS]; /* VDD_IN, …, leakage */

struct erg_truth_header {
	char magic[8];
	uint32_t record_size;
	uint32_t columns;
	uint8_t simulated; /* always 1 */
	uint8_t reserved[15];
};

struct erg_truth_record {
	uint64_t time_ns;
	double energy_j[ERG_TRUTH_COLUMNS]; /* since the log's beginning */
	float temp_c;                       /* of the die */
	uint32_t cpu_khz, gpu_khz;          /* in force from here on */
	uint32_t throttled;                 /* bits as in the page */
};

/* Writer: a FILE with the header written. NULL with errno set. */
FILE *erg_truth_create(const char *path);

struct erg_truth {
	struct erg_truth_record *r; /* mapped */
	size_t n;
	void *map;
	size_t map_size;
};

/* Opens a log, also one that is still being written. Bad files: -EPROTO. */
int erg_truth_open(const char *path, struct erg_truth *ret, struct erg_err *err);
void erg_truth_close(struct erg_truth *t);

/* Joules of COLUMN between two instants; -ERANGE when the log does not cover them. */
int erg_truth_energy(const struct erg_truth *t, enum erg_truth_column column, uint64_t begin_ns,
	uint64_t end_ns, double *ret_j, struct erg_err *err);

/* The record in force at TIME_NS, or NULL when the log does not cover it. */
const struct erg_truth_record *erg_truth_at(const struct erg_truth *t, uint64_t time_ns);

/* Seconds between two instants in which any of the BITS of throttled was set. */
double erg_truth_throttled_s(const struct erg_truth *t, uint64_t begin_ns, uint64_t end_ns,
	uint32_t bits);

/* Mean temperature of the die between two instants, degC. */
double erg_truth_temperature(const struct erg_truth *t, uint64_t begin_ns, uint64_t end_ns);

/* Column by name ("VDD_CPU", "leakage"; "package-0", "core", "uncore" for the energy counters), or
 * -1. */
int erg_truth_column(const char *name);

#endif
