/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_SWEEP_H
#define ERG_RECORD_SWEEP_H

/*
 * A sweep in progress: the plan, its runs, the knobs, the index of what is done. Each run is
 * `erg-record run` in a process of its own.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <jansson.h>

#include "record/knobs/knobs.h"
#include "record/sweep/plan.h"

struct erg_sweep {
	const char *plan_file, *dir, *sysfs;
	bool resume, dry_run;
	unsigned int shard, shards; /* this node's part, from 1; 0: all */
	char node[256];             /* the name of this node, when it makes a part */
	const char *redo;           /* --redo: "unresolved", or NULL */
	struct erg_texts given;     /* --condition KEY=VALUE */

	char real_dir[4096], real_sysfs[4096];
	struct erg_plan *plan;
	struct erg_plan_runs runs;
	struct erg_knob_context ctx;
	struct erg_knob *knobs; /* n_set of the plan's set, then n_knobs of its knobs */
	size_t n_knobs;
	const char *now[ERG_PLAN_KNOBS_MAX]; /* the condition that is known to hold, or NULL */
	json_t *index;

	char state[4200];
	pid_t watchdog;
	int watch_fd, lock_fd;
	int dir_lock; /* -1: not held */

	double start_c;               /* temperature to cool down to; NAN: not known */
	size_t done, failed, waiting; /* runs of this invocation */
	size_t asked, redone;         /* runs made before: looked at, and to be made again */
};

/* ---- index.c ---- */

/* Makes or opens DIR and its index.json. -EEXIST where something else, or another sweep, is. */
int erg_sweep_index_open(struct erg_sweep *s, struct erg_err *err);
/* Writes index.json, whole or not at all. */
int erg_sweep_index_write(const struct erg_sweep *s, struct erg_err *err);
/* The entry of a run that was finished, or NULL. */
json_t *erg_sweep_index_find(const struct erg_sweep *s, const char *id);
/* Holds DIR, which is there, until the sweep is released. -EBUSY: another sweep works in it, be it on another node,
 * as the task of a job whose submitter was killed. */
int erg_sweep_index_lock(struct erg_sweep *s, struct erg_err *err);
/* Writes the plan as it is now into the index; 1 when runs are there that were made by another. */
int erg_sweep_index_plan(struct erg_sweep *s, struct erg_err *err);
/* Puts ENTRY (stolen) in the place of an older one of its id. */
int erg_sweep_index_set(struct erg_sweep *s, json_t *entry, struct erg_err *err);
/* The same, and writes the file. */
int erg_sweep_index_put(struct erg_sweep *s, json_t *entry, struct erg_err *err);

/* ---- shard.c ---- */

/* Leaves of the runs those of this node. -EINVAL when there are more shards than can be compared. */
int erg_sweep_shard(struct erg_sweep *s, struct erg_err *err);
/* -EINVAL when N shards are more than the plan P has sets of settings. */
int erg_sweep_shards_check(const struct erg_plan *p, unsigned int n, struct erg_err *err);
/* Writes which shard it is, and of which runs of the plan as it is now, into the index. */
int erg_sweep_shard_note(struct erg_sweep *s, struct erg_err *err);
/* -EEXIST when the index that is at PATH is of another shard. */
int erg_sweep_shard_check(const struct erg_sweep *s, const char *path, struct erg_err *err);

/* ---- wait.c: signals and children ---- */

/* Blocks the signals that are waited for below. */
void erg_sweep_signals(void);
/* Makes a child take signals again, and die with its parent by SIG. */
void erg_sweep_child_signals(int sig);
/* Waits for SECONDS at most, or a child, or a signal to stop. Returns 0, or the signal that asks to
 * stop (SIGINT, SIGTERM, SIGHUP), which from then on is returned at once. */
int erg_sweep_wait(double seconds);

/* ---- condition.c ---- */

/*
 * Makes condition C hold VALUE by its command, whose output goes to standard error, and waits its
 * settle_s. Returns 0, the signal that interrupted it, or a negative errno when the command failed.
 */
int erg_sweep_make_condition(const struct erg_plan_setting *c, const char *value,
	struct erg_err *err);

/* ---- run.c ---- */

/*
 * Makes one run: knobs, cool-down, co-runners, warm-up, recording. Its entry for the index is
 * *RET_ENTRY, also when it failed ("status"). Returns 0, the signal that interrupted it (no entry),
 * or a negative errno for what makes going on useless.
 */
int erg_sweep_run(struct erg_sweep *s, const struct erg_plan_run *run, json_t **ret_entry,
	struct erg_err *err);

/* The temperature that the cool-down rule looks at, degC; NAN where there is none. */
double erg_sweep_temperature(const struct erg_sweep *s);

/* Seconds a run of this program took on average so far, else what the plan says; NAN: unknown. */
double erg_sweep_expected_s(const struct erg_sweep *s, const struct erg_plan_run *run);

#endif
