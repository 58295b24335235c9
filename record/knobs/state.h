/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_KNOBS_STATE_H
#define ERG_RECORD_KNOBS_STATE_H

/*
 * The old values of all cells that a sweep may write, in a file that outlives it: written and
 * synced before the first write, removed when everything is back.
 */
#include <stdio.h>
#include <sys/types.h>

#include "formats/base/err.h"
#include "record/knobs/knobs.h"

/* Where state files are: $ERG_STATE_DIR, else /var/lib/ergtrace for root and
 * $XDG_STATE_HOME/ergtrace (~/.local/state/ergtrace) for others. Made when missing. */
int erg_state_dir(char *buf, size_t size, struct erg_err *err);

/* The file for this tree of SYSFS. */
int erg_state_path(const char *sysfs, char *buf, size_t size, struct erg_err *err);

/* Saves the present values of the cells of all knobs, and locks them: *RET_LOCK is to be closed when
 * they have been put back. -EBUSY when another sweep, or its watchdog, has them; what a dead one
 * left is restored first. */
int erg_state_save(const struct erg_knob_context *ctx, const struct erg_knob *knobs, size_t n,
	char *path, size_t size, int *ret_lock, struct erg_err *err);

/*
 * Puts back what the file PATH says and removes it. Returns the number of cells that were changed;
 * -EIO, keeping the file, when some cannot be put back, and names them. LOG (may be NULL) gets one
 * line for each cell that was changed. -EBUSY when somebody has the lock, unless FORCE.
 */
int erg_state_restore(const char *path, bool force, FILE *log, struct erg_err *err);

/*
 * Starts a process that restores PATH when the caller dies or closes *RET_FD, and keeps LOCK until
 * then. It has a session of its own and ignores signals that people send to groups.
 */
int erg_watchdog_start(const char *path, int lock, pid_t *ret_pid, int *ret_fd,
	struct erg_err *err);

/* Lets it restore; waits. PID 0: it is dead, and the caller restores. -EIO when it could not put everything back. */
int erg_watchdog_finish(pid_t pid, int *fd, const char *path, struct erg_err *err);

#endif
