/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_PLAN_H
#define ERG_RECORD_PLAN_H

/*
 * The plan of a sweep: what to run, under which settings, how often, in which order. erg-plan(5)
 * describes the file.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "formats/base/err.h"
#include "formats/base/sha256.h"
#include "formats/base/texts.h"
#include "record/yaml/yaml.h"

#define ERG_PLAN_KNOBS_MAX 16
#define ERG_PLAN_CORUNNERS_MAX 16
#define ERG_PLAN_NAME_MAX 100 /* bytes of a workload's or co-runner's */
#define ERG_PLAN_CORUN_MAX (ERG_PLAN_CORUNNERS_MAX * (ERG_PLAN_NAME_MAX + 1) + 1)
#define ERG_PLAN_RUNS_MAX 100000
#define ERG_PLAN_VALUES_MAX 10000 /* of one setting */

struct erg_plan_program {
	char *name;
	struct erg_texts argv;
	struct erg_texts env;  /* KEY=VALUE */
	struct erg_texts tags; /* KEY=VALUE, also accuracy=… */
	char *directory;       /* or NULL */
	char *progress;        /* what a line that it prints for each iteration holds, or NULL */
	double duration_s;     /* stop after; 0: until it ends */
	double expected_s;     /* 0: not known */
	int line, column;      /* of its command */
};

/* A setting and the values it takes. Conditions are settings that a person makes, or a command. */
struct erg_plan_setting {
	char *name;
	bool all;   /* every value that the hardware lists */
	bool range; /* from, from + step, … to */
	double from, to, step;
	struct erg_texts values;  /* of a list; filled in for all and range when resolved */
	struct erg_texts command; /* of a condition: makes it hold; none: a person does */
	double settle_s;          /* of a condition: pause after its command */
	struct erg_yaml at;       /* position only */
};

enum erg_plan_order { ERG_ORDER_RANDOM, ERG_ORDER_ABBA, ERG_ORDER_WRITTEN };

struct erg_plan {
	char *file, *name;
	struct erg_plan_program *workloads, *corunners;
	size_t n_workloads, n_corunners;
	struct erg_texts coruns; /* as written: none, each, pairs, all, self, or A+B */
	struct erg_plan_setting *knobs, *set, *conditions;
	size_t n_knobs, n_set, n_conditions;
	unsigned repetitions;
	enum erg_plan_order order;
	uint64_t seed;
	double warmup_s, settle_s, timeout_s; /* timeout 0: none */
	bool cooldown;
	double cooldown_within_k, cooldown_limit_s;
	char *cooldown_zone;          /* or NULL: the first */
	struct erg_texts record;      /* options for erg-record run */
	json_t *analysis;             /* for erg-analyze study, or NULL */
	char digest[ERG_SHA256_TEXT]; /* of what is recorded: one that is another has changed */
};

int erg_plan_read(const char *file, struct erg_plan **ret, struct erg_err *err);
/* From a tree; FILE is for messages. */
int erg_plan_from_yaml(const char *file, const struct erg_yaml *y, struct erg_plan **ret,
	struct erg_err *err);
void erg_plan_free(struct erg_plan *p);
void erg_plan_freep(struct erg_plan **p);

/*
 * One run. Values are indices into the settings' values; co-runners are a bit mask. Each co-runner
 * is also run alone as if it were a workload when coruns has "self": workload is then n_workloads +
 * its index.
 */
struct erg_plan_run {
	size_t workload;
	uint32_t corunners;
	uint16_t knob[ERG_PLAN_KNOBS_MAX], condition[ERG_PLAN_KNOBS_MAX];
	unsigned repetition; /* from 1 */
	char *id;            /* unique within the plan, made of the names and values */
};

struct erg_plan_runs {
	struct erg_plan_run *v;
	size_t n;
};

/* All runs in the order in which they are to be made; values of settings have been resolved. No two have
 * one id, or one name of an archive. */
int erg_plan_expand(const struct erg_plan *p, struct erg_plan_runs *ret, struct erg_err *err);
void erg_plan_runs_clear(struct erg_plan_runs *runs);

const struct erg_plan_program *erg_plan_program(const struct erg_plan *p, size_t workload);

/* File name of the archive for a run; BUF of 256 bytes holds any. */
void erg_plan_archive_name(const struct erg_plan_run *run, char *buf, size_t size);

/* "none", or names joined by "+"; ERG_PLAN_CORUN_MAX bytes hold any. */
void erg_plan_corun_name(const struct erg_plan *p, uint32_t mask, char *buf, size_t size);

#endif
