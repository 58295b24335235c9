/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_HANG_WATCH_H
#define ERG_RECORD_HANG_WATCH_H

/*
 * Watches over a call that may hang (a session daemon that waits for a stopped program): says after
 * some seconds what is waited for, and lets the person interrupt, although signals are blocked.
 */
#include <pthread.h>
#include <stdbool.h>

struct erg_hang_watch {
	pthread_t thread;
	bool started;
	int stop_fd;
	const char *what;  /* "the LTTng session daemon" */
	const char *spool; /* NULL, or removed (DROP) or announced when interrupted */
	bool drop;
};

void erg_hang_watch_start(struct erg_hang_watch *g, const char *what, const char *spool, bool drop);
void erg_hang_watch_stop(struct erg_hang_watch *g);

#endif
