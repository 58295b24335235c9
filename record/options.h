/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_OPTIONS_H
#define ERG_RECORD_OPTIONS_H

/* The command line of `erg-record run`. */
#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "formats/err.h"

struct erg_run_options {
	char *output; /* owned; made up when not given, but for --to */
	bool force;
	double rate_hz;
	double dither; /* fraction of the period */
	const char *sources;
	const char *sysfs;
	const char *counters; /* or NULL */
	double idle_s;        /* 0: no baseline */
	const char *annotate; /* or NULL */
	json_t *tags;         /* owned object */
	json_t *factors;      /* owned object: what an experiment varies */
	const char *spool;    /* directory, or NULL: beside the output */
	uint64_t chunk_bytes;
	uint64_t chunk_period_ns;
	bool compress_during;
	uint64_t spool_limit_bytes; /* 0: none */
	double duration_s;          /* 0: until the command ends */
	const char *to;             /* HOST[:PORT], or NULL */
	int cpu;                    /* -1: chosen */
	bool layer_begin;
	bool quiet;
	char **argv; /* the command, NULL when there is none */
	int argc;
};

/* Returns 0, 1 when --help was printed, or 2 for wrong usage (which was said on stderr). */
int erg_run_options_parse(int argc, char **argv, struct erg_run_options *ret);
void erg_run_options_release(struct erg_run_options *o);

/* A finite number in [LO, HI]; false for anything else. Never depends on the locale. */
bool erg_number_parse(const char *text, double lo, double hi, double *ret);

#endif
