/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Waiting, without a handler and without polling: the signals of interest are blocked and taken
 * with sigtimedwait. A signal that asks to stop is remembered.
 */
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <sys/prctl.h>
#include <time.h>

#include "record/sweep/sweep.h"

static int asked;

static void waited_set(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGCHLD);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGHUP);
}

void erg_sweep_signals(void)
{
	sigset_t set;

	waited_set(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

void erg_sweep_child_signals(int sig)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGXFSZ, SIG_DFL);
	prctl(PR_SET_PDEATHSIG, sig);
}

int erg_sweep_wait(double seconds)
{
	struct timespec ts = {(time_t)seconds, (long)((seconds - floor(seconds)) * 1e9)};
	sigset_t set;
	int sig;

	if (asked)
		return asked;
	waited_set(&set);
	sig = sigtimedwait(&set, NULL, &ts);
	if (sig > 0 && sig != SIGCHLD)
		asked = sig;
	return asked;
}
