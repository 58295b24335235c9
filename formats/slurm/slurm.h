/* SPDX-License-Identifier: MIT */
#ifndef ERG_FORMATS_SLURM_H
#define ERG_FORMATS_SLURM_H

/*
 * One command as the tasks of a job array of Slurm. Slurm schedules; here the array is submitted (sbatch),
 * looked after (squeue), and the tasks that failed are submitted again. A task says how it ended in a file,
 * so that one whose node died is known by having said nothing; nothing is believed of the accounting, which
 * many clusters have not. The command must bear to be run again: it goes on where it was.
 */
#include <stdbool.h>
#include <stddef.h>

#include "formats/base/err.h"

#define ERG_SLURM_TASK "\001" /* in a word of the command: the task's number, from 1 */

struct erg_slurm {
	const char *name; /* of the job */
	const char *dir;  /* absolute, seen by all nodes: what the tasks print and how they end */
	const char *cwd;  /* where the command runs, or NULL: where it does not matter */
	const char *const
		*command; /* ends with NULL; [0] is an absolute path, as PATH may be empty there */
	unsigned int tasks; /* 1 to … */
	unsigned int tries; /* of a task; 1: none is submitted again */
	unsigned int cpus;  /* of a task; 0: as Slurm gives */
	bool exclusive;     /* a task has its node for itself */
	const int *good;    /* exit statuses that are no failure, the last of them 0 */

	/* What a person is to know while it lasts, one line without its end. */
	void (*tell)(void *data, const char *line);
	void *data;
};

/*
 * Makes DIR, runs all tasks and returns when none is left. Fails for what concerns all: no sbatch, a
 * submission that Slurm refuses, a file that cannot be written; -EINTR by SIGINT, SIGTERM or SIGHUP, when
 * the job has been cancelled.
 */
int erg_slurm_run(struct erg_slurm *s, struct erg_err *err);

/* The absolute path of this program, as a task's command. */
int erg_slurm_program(char *ret, size_t size, struct erg_err *err);

/* PATH from the root, for another machine: links stay, since names are made of it. */
int erg_slurm_absolute(const char *path, char *ret, size_t size, struct erg_err *err);

/* ---- script.c ---- */

/* The script of the array; to be freed. NULL: no memory. Behind a task's status it writes MARK, so that what an
 * earlier job of the same number left is not taken for this one's. */
char *erg_slurm_script(const struct erg_slurm *s, const char *mark);

/* ---- states.c ---- */

#define ERG_SLURM_STATE_SIZE 32
#define ERG_SLURM_CANCELLED "CANCELLED" /* somebody wants it not to run */

/* Tells EACH in what state Slurm keeps the tasks of JOB ("NODE_FAIL", "TIMEOUT"); nothing where it has forgotten
 * them or does not answer. WHERE: "--clusters=NAME", or "". */
void erg_slurm_states(const char *job, const char *where,
	void (*each)(void *data, unsigned int task, const char *state), void *data);

/* ---- tool.c ---- */

/* The last of a command's options: NULL where it is "". */
static inline const char *erg_slurm_where(const char *where)
{
	return *where ? where : NULL;
}

/* Runs ARGV with INPUT (or NULL) as its standard input. 0 when it exits with 0: RET has what it printed, to
 * be freed. Else the last line that it said is the error. */
int erg_slurm_tool(const char *const *argv, const char *input, char **ret, struct erg_err *err);

#endif
