/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The first moments of a recording: signals, how many files may be open, and a daemon that has to be started first.
 *
 * Signals are held from the beginning, so that nothing is left behind whenever they come: a daemon
 * that has been started and not yet written down would stay for ever, and the next recorder would
 * start another beside it. A signal that comes before the recording does is found by it, also in
 * the program anew, for pending signals and the mask outlive exec. The mask that the command is to
 * have travels in a variable.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/base/open_files.h"
#include "formats/base/util.h"
#include "record/session/daemon.h"
#include "record/run/run.h"
#include "record/session/hang_watch.h"

#define AGAIN "ERG_RECORD_AGAIN"

static const int held[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH, SIGTSTP,
	SIGCONT};

/* Signals 1 to 31 as bits; those held are all among them. */
static uint32_t mask_to_bits(const sigset_t *mask)
{
	uint32_t bits = 0;

	for (int sig = 1; sig < 32; sig++)
		bits |= (uint32_t)(sigismember(mask, sig) == 1) << sig;
	return bits;
}

static void mask_from_bits(uint32_t bits, sigset_t *mask)
{
	for (size_t i = 0; i < ERG_ARRAY_SIZE(held); i++)
		if (!(bits >> held[i] & 1))
			sigdelset(mask, held[i]);
}

int erg_run_signals_hold(struct erg_run *r, struct erg_err *err)
{
	const char *before = getenv(AGAIN);

	sigemptyset(&r->held);
	for (size_t i = 0; i < ERG_ARRAY_SIZE(held); i++)
		sigaddset(&r->held, held[i]);
	if (sigprocmask(SIG_BLOCK, &r->held, &r->mask) < 0)
		return erg_fail_errno(err, -errno, "signals");
	if (before)
		mask_from_bits((uint32_t)strtoul(before, NULL, 16), &r->mask);
	return 0;
}

int erg_run_files_check(size_t beyond, struct erg_err *err)
{
	const size_t need = beyond + erg_session_buffer_files();
	size_t left, limit;

	if (erg_open_files_of(getpid(), &left, &limit) < 0) {
		if (errno != EMFILE)
			return 0; /* no /proc: nobody knows */
		return erg_fail(err, -EMFILE, "no more files can be opened (ulimit -n)");
	}
	if (left >= need)
		return 0;
	return erg_fail(err, -EMFILE,
		"%zu files may be open (ulimit -n), and a recording needs %zu on this machine",
		limit, limit - left + need);
}

static int daemon_start(struct erg_err *err)
{
	struct erg_daemon_lock lock = ERG_DAEMON_LOCK_INIT;
	struct erg_hang_watch watch;
	int n;

	erg_hang_watch_start(&watch, "the LTTng session daemon", NULL, true);
	erg_daemon_lock_take(&lock);
	n = erg_daemon_ensure(&lock, err);
	erg_daemon_lock_drop(&lock);
	erg_hang_watch_stop(&watch);
	return n;
}

int erg_run_daemon_first(const struct erg_run *r, int argc, char **argv, struct erg_err *err)
{
	_cleanup_(erg_freep) char **again = NULL;
	char bits[16];
	int n;

	if (getenv(AGAIN) || erg_session_daemon_alive()) {
		unsetenv(AGAIN);
		return 0;
	}
	n = daemon_start(err);
	if (n)
		return n;
	again = calloc((size_t)argc + 2, sizeof(*again));
	if (!again)
		return erg_fail_errno(err, -ENOMEM, "run");
	again[0] = (char *)"erg-record";
	again[1] = (char *)"run";
	memcpy(again + 2, argv + 1, (size_t)(argc - 1) * sizeof(*again));
	snprintf(bits, sizeof(bits), "%" PRIx32, mask_to_bits(&r->mask));
	setenv(AGAIN, bits, 1);
	erg_open_files_restore();
	execv("/proc/self/exe", again);
	erg_open_files_raise();
	unsetenv(AGAIN); /* it works without, only later */
	return 0;
}
