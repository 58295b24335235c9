/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_RUN_WATCH_H
#define ERG_RECORD_RUN_WATCH_H

/*
 * Somebody watches the recording (--live): erg-record top, as a process of its own, which reads what
 * is there anyway. It cannot hold up the recording, and its death costs nothing but the view.
 *
 * On a terminal the screen is its own from start to stop, and so is the keyboard: what the command and
 * the recorder write to the terminal meanwhile is held in a file and shown at the end; the command's
 * standard input is empty, if it was the terminal.
 */
#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>
#include <termios.h>

#include "formats/base/err.h"

struct erg_watch {
	pid_t pid;     /* of the viewer; -1: none */
	int hold;      /* what is held; -1: nothing is */
	int saved[3];  /* the terminal, in place of which descriptors 0 to 2 are others; -1 */
	bool terminal; /* and how it was: */
	struct termios was;
};

#define ERG_WATCH_INIT                                                                             \
	{                                                                                          \
		.pid = -1, .hold = -1, .saved = { -1, -1, -1 }                                     \
	}

/* SPOOL, or NULL: where what is held lies, so that it is found when the recorder is killed. MASK: the
 * signal mask that a program is to have. */
int erg_watch_start(struct erg_watch *w, const char *spool, const sigset_t *mask,
	struct erg_err *err);
/* The viewer ends, the terminal is as it was, and what was held is shown. May be called twice. */
void erg_watch_stop(struct erg_watch *w);

#endif
