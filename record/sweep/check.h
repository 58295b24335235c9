/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_SWEEP_CHECK_H
#define ERG_RECORD_SWEEP_CHECK_H

#include "record/sweep/sweep.h"

/*
 * What can be wrong with a plan on this machine: programs that do not exist, knobs that are not
 * there, values that they do not take, conditions that are not the plan's. Opens the knobs and
 * fills in the values of "all" and of ranges. Messages have the plan's line and column.
 */
int erg_sweep_check(struct erg_sweep *s, struct erg_err *err);

/* Whether condition C can be changed now: the command line did not fix it, and it has a command or
 * standard input is a terminal, where a person can be asked. */
bool erg_sweep_may_change(const struct erg_sweep *s, const struct erg_plan_setting *c);

void erg_sweep_release(struct erg_sweep *s);

#endif
