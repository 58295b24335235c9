/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_PLACEMENT_H
#define ERG_RECORD_PLACEMENT_H

/*
 * Where the sampler disturbs the workload least: on the CPU that has been idlest since the last
 * look. A sampler of real-time priority takes the CPU it wakes on from whoever runs there, and the
 * kernel never moves it to an idle one beside it; a workload of one thread that shares its CPU with
 * a 1 kHz sampler is slowed down by all that the sampler takes, beside it by nothing.
 */
#include <sched.h>
#include <stdint.h>

#include "formats/base/err.h"

struct erg_placement;

/* PROC: where /proc is. ALLOWED: the CPUs to choose from. */
int erg_placement_open(const char *proc, const cpu_set_t *allowed, struct erg_placement **ret,
	struct erg_err *err);
/* The CPU to be on from NOW_NS (any clock in ns) on; CURRENT (0 .. CPU_SETSIZE - 1) where none is
 * clearly better, at the first look, and when the file cannot be read. OWN_NS: the CPU time that the caller itself has
 * taken since it began, which does not count against CURRENT. */
int erg_placement_look(struct erg_placement *p, int current, uint64_t own_ns, uint64_t now_ns);
void erg_placement_free(struct erg_placement *p);
void erg_placement_freep(struct erg_placement **p);

#endif
