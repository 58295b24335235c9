/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_SWEEP_CLUSTER_H
#define ERG_RECORD_SWEEP_CLUSTER_H

#include "record/sweep/sweep.h"

struct erg_sweep_slurm {
	unsigned int tasks, tries;
	void (*tell)(void *data, const char *line);
};

/*
 * Makes the shards of S's plan, one a task of a job array of Slurm, each on a node that it has for itself,
 * in DIR-shards/1 to N. *RET: the folders in which something was made. What failed was told; 0 also then.
 */
int erg_sweep_slurm_run(struct erg_sweep *s, const struct erg_sweep_slurm *on,
	struct erg_texts *ret, struct erg_err *err);

#endif
