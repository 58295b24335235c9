/* SPDX-License-Identifier: MIT */
/*
 * How tasks ended that did not say so themselves, as far as slurmctld still knows it (MinJobAge): squeue lists
 * also those that have ended when it is asked for them.
 */
#include <stdio.h>
#include <string.h>

#include "formats/base/util.h"
#include "formats/slurm/slurm.h"

void erg_slurm_states(const char *job, const char *where,
	void (*each)(void *data, unsigned int task, const char *state), void *data)
{
	char jobs[64], state[ERG_SLURM_STATE_SIZE];
	const char *const argv[] = {"squeue", "--noheader", "--array", "--states=all", jobs,
		"--format=%K %T", erg_slurm_where(where), NULL};
	_cleanup_(erg_freep) char *out = NULL;
	struct erg_err ignored = {0};
	char *save = NULL;
	unsigned int task;

	snprintf(jobs, sizeof(jobs), "--jobs=%s", job);
	if (erg_slurm_tool(argv, NULL, &out, &ignored) < 0)
		return;
	for (char *line = strtok_r(out, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (sscanf(line, "%u %31[A-Z_]", &task, state) == 2)
			each(data, task, state);
}
