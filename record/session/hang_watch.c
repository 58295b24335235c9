/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A watch beside calls into LTTng's control library, which cannot be cancelled. When the person
 * interrupts while one hangs, all that is left is to end the program; the session that may stay is
 * ended by the next recorder, as after SIGKILL.
 *
 * Signals stay pending: the main loop reads them, if it is ever reached.
 */
#include "record/session/hang_watch.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "formats/base/tree.h"
#include "formats/base/terminal.h"
#include "formats/base/util.h"
#include "formats/base/say.h"
#include "record/spool/spool.h"

#define TICK_MS 250
#define SAY_TICKS 40  /* 10 s */
#define GRACE_TICKS 8 /* 2 s between the signal and the end */

static int interrupted(void)
{
	static const int ends[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
	sigset_t pending;

	sigpending(&pending);
	for (size_t i = 0; i < ERG_ARRAY_SIZE(ends); i++)
		if (sigismember(&pending, ends[i]) == 1)
			return ends[i];
	return 0;
}

static void give_up(const struct erg_hang_watch *g, int sig)
{
	_cleanup_(erg_freep) char *word = g->spool ? erg_terminal_word(g->spool) : NULL;

	erg_say("interrupted while waiting for %s", g->what);
	if (g->spool && g->drop)
		erg_tree_remove(g->spool);
	else if (g->spool)
		erg_say("the recording is kept; erg-record recover %s -o FILE.erg makes an archive "
			"of it",
			word ? word : "SPOOL");
	_exit(128 + sig);
}

static void *watch_main(void *data)
{
	struct erg_hang_watch *g = data;
	struct pollfd p = {.fd = g->stop_fd, .events = POLLIN};
	int since = 0;

	for (int tick = 1; poll(&p, 1, TICK_MS) == 0; tick++) {
		int sig = interrupted();

		since = sig ? since + 1 : 0;
		if (since > GRACE_TICKS)
			give_up(g, sig);
		if (tick == SAY_TICKS)
			erg_say("waiting for %s", g->what);
	}
	return NULL;
}

void erg_hang_watch_start(struct erg_hang_watch *g, const char *what, const char *spool, bool drop)
{
	*g = (struct erg_hang_watch){.what = what, .spool = spool, .drop = drop};
	g->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	g->started = g->stop_fd >= 0 && pthread_create(&g->thread, NULL, watch_main, g) == 0;
}

void erg_hang_watch_stop(struct erg_hang_watch *g)
{
	if (g->started) {
		eventfd_write(g->stop_fd, 1);
		pthread_join(g->thread, NULL);
	}
	erg_closep(&g->stop_fd);
	g->started = false;
}
