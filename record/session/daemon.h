/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_DAEMON_H
#define ERG_RECORD_DAEMON_H

/*
 * The LTTng session daemon: used when one is there, started when none is, and stopped afterwards
 * only if some erg-record started it and nobody has a session in it any more.
 */
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "formats/base/err.h"

/* Held while a daemon is looked for, started or stopped, and until the session that needs it
 * exists: so that no recorder stops the daemon that another one has just found. */
struct erg_daemon_lock {
	int fd;
};

#define ERG_DAEMON_LOCK_INIT                                                                       \
	{                                                                                          \
		-1                                                                                 \
	}

void erg_daemon_lock_take(struct erg_daemon_lock *l);
void erg_daemon_lock_drop(struct erg_daemon_lock *l);

/* Starts a session daemon unless one answers. Call with the lock held. -ELIBACC without liblttng-ctl. */
int erg_daemon_ensure(struct erg_daemon_lock *l, struct erg_err *err);

/* The folder of the session daemon of this user; false when it does not fit. */
bool erg_daemon_dir(char *buf, size_t size);
/* The process of the session daemon; 0 where it is not to be found. */
pid_t erg_daemon_pid(void);

/* Stops the daemon if an erg-record started it and it has no session. Takes the lock itself. */
void erg_daemon_release(void);

#endif
