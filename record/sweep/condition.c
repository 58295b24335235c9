/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Conditions that a command makes: a relay that switches a fan, a climate chamber, the heat sink of the
 * simulated board. What the command leaves is as a person would leave it: nothing is put back.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "formats/base/util.h"
#include "formats/base/terminal.h"
#include "record/sweep/sweep.h"

#define ENDING_S 10 /* for a command that is told to stop */

/* In the child. Standard input is of the person who is asked for other conditions: ssh(1) would take it. */
static void become(const struct erg_plan_setting *c, const char *value)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	erg_sweep_child_signals(SIGTERM);
	dup2(null, STDIN_FILENO);
	dup2(STDERR_FILENO, STDOUT_FILENO);
	if (setenv("ERG_CONDITION", c->name, 1) == 0 && setenv("ERG_VALUE", value, 1) == 0)
		execvp(c->command.v[0], c->command.v);
	erg_terminal_line(stderr, "erg-record sweep: %s: %s", c->command.v[0], strerror(errno));
	_exit(127);
}

static void end_command(pid_t pid, int *ret_status)
{
	const struct timespec pause = {0, 20000000};
	const uint64_t end = erg_mono_ns() + (uint64_t)ENDING_S * ERG_NSEC_PER_SEC;

	kill(pid, SIGTERM);
	while (erg_mono_ns() < end) {
		if (waitpid(pid, ret_status, WNOHANG) != 0)
			return;
		nanosleep(&pause, NULL); /* by the clock: the signal that asked is remembered */
	}
	kill(pid, SIGKILL);
	waitpid(pid, ret_status, 0);
}

/* Until the child has ended: 0, or the signal that asked to stop, of which the child gets SIGTERM, and
 * SIGKILL where that does not end it. */
static int wait_command(pid_t pid, int *ret_status)
{
	int sig = 0;
	pid_t got;

	while ((got = waitpid(pid, ret_status, WNOHANG)) == 0 && sig == 0)
		sig = erg_sweep_wait(1);
	if (got == 0)
		end_command(pid, ret_status);
	return sig;
}

static int settle_for(double seconds)
{
	uint64_t end = erg_mono_ns() + (uint64_t)(seconds * 1e9);
	int sig = 0;

	for (uint64_t now = erg_mono_ns(); now < end && sig == 0; now = erg_mono_ns())
		sig = erg_sweep_wait((double)(end - now) * 1e-9);
	return sig;
}

int erg_sweep_make_condition(const struct erg_plan_setting *c, const char *value,
	struct erg_err *err)
{
	pid_t pid = fork();
	int status = 0, sig;

	if (pid < 0)
		return erg_fail_errno(err, -errno, "condition %s: fork", c->name);
	if (pid == 0)
		become(c, value);
	sig = wait_command(pid, &status);
	if (sig)
		return sig;
	if (!WIFEXITED(status))
		return erg_fail(err, -ECHILD,
			"condition %s=%s: its command was killed by signal %d", c->name, value,
			WTERMSIG(status));
	if (WEXITSTATUS(status) != 0)
		return erg_fail(err, -ECHILD,
			"condition %s=%s: its command ended with status %d: expected 0", c->name,
			value, WEXITSTATUS(status));
	return settle_for(c->settle_s);
}
