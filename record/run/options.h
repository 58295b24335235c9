/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_OPTIONS_H
#define ERG_RECORD_OPTIONS_H

/* What a recording is asked to do, as the command line of `erg-record run` says it. */
#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

struct erg_run_options {
	char *output; /* owned; made up when not given, but for --to */
	bool force;
	double rate_hz;
	double dither; /* fraction of the period */
	const char *sources;
	const char *sysfs;
	const char *counters;         /* or NULL */
	const char *process_counters; /* of programs as a whole: names, "none", or NULL */
	json_t *beside;       /* owned object: programs beside, NAME: FILE (sources/process.h) */
	const char *progress; /* such a file of the command, or NULL */
	double idle_s;        /* 0: no baseline */
	const char *annotate; /* or NULL */
	const char *attach;   /* "all", pids with commas between, or NULL */
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
	bool keep_fds;   /* a command that closes all descriptors keeps LTTng's */
	bool no_command; /* the arguments of the command are not kept */
	bool quiet;
	bool live;   /* erg-record top shows it */
	char **argv; /* the command, NULL when there is none */
	int argc;
};

/* Only the command, what it starts and what is attached is recorded, not every annotated program. */
bool erg_run_joined_only(const struct erg_run_options *o);
void erg_run_options_release(struct erg_run_options *o);

#endif
