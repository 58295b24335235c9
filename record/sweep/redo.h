/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_SWEEP_REDO_H
#define ERG_RECORD_SWEEP_REDO_H

#include "record/sweep/sweep.h"

/* Gives each run that was made but has no resolved energy the status "unresolved" in the index in
 * memory, so that it is made again; counts in S those asked about and found. */
int erg_sweep_redo_unresolved(struct erg_sweep *s, struct erg_err *err);

#endif
