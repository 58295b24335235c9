/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_SWEEP_MERGE_H
#define ERG_RECORD_SWEEP_MERGE_H

#include "record/sweep/sweep.h"

struct erg_sweep_merged {
	size_t taken, there;        /* runs: put in now, in already */
	size_t missing;             /* of the shards given: planned and not made */
	size_t others;              /* shards given that were made by another text of the plan */
	unsigned int shards, found; /* shards that there are, and of which something was given */
};

/*
 * Joins shards of the plan into S's directory, whose index is open: archives are linked, or copied to
 * another file system. Nothing of the shards is changed. -EEXIST when two runs of one name differ, -EINVAL
 * for a folder that is no shard of this plan. What is missing or left out, one line a run or
 * shard, goes to TELL.
 */
int erg_sweep_merge(struct erg_sweep *s, char *const *folders, size_t n,
	void (*tell)(const char *line), struct erg_sweep_merged *ret, struct erg_err *err);

#endif
