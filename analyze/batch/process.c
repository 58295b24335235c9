/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A process of this program's: started, waited for, its last words. */
#include "analyze/batch/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "formats/base/util.h"

/* Never returns. It ends with its parent: of one that is killed nobody would take what it prints. */
static void run_child(const struct erg_process *c, const char *const *argv, pid_t parent)
{
	int in = open("/dev/null", O_RDONLY | O_CLOEXEC);

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() == parent && dup2(in, STDIN_FILENO) >= 0 &&
		dup2(c->out, STDOUT_FILENO) >= 0 && dup2(c->said, STDERR_FILENO) >= 0)
		execv("/proc/self/exe", (char *const *)argv);
	_exit(127);
}

int erg_process_start(struct erg_process *c, const char *const *argv)
{
	const pid_t parent = getpid();
	pid_t pid;

	c->out = memfd_create("output", MFD_CLOEXEC);
	c->said = memfd_create("messages", MFD_CLOEXEC);
	if (c->out < 0 || c->said < 0)
		return -errno;
	pid = fork();
	if (!pid)
		run_child(c, argv, parent);
	if (pid < 0)
		return -errno;
	c->pid = pid;
	return 0;
}

int erg_process_status(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int erg_process_wait(struct erg_process *c)
{
	int status;

	while (waitpid(c->pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	c->status = erg_process_status(status);
	return 0;
}

void erg_process_last_line(const struct erg_process *c, char *ret, size_t size)
{
	FILE *f = fdopen(dup(c->said), "r");
	char line[1024];

	if (c->status > 128)
		snprintf(ret, size, "killed by signal %d", c->status - 128);
	else
		snprintf(ret, size, "status %d, and it said nothing", c->status);
	if (!f)
		return;
	rewind(f);
	while (c->status <= 128 && fgets(line, sizeof(line), f)) {
		const char *colon = strncmp(line, "erg-analyze", 11) ? NULL : strstr(line, ": ");

		line[strcspn(line, "\n")] = '\0';
		if (*line)
			snprintf(ret, size, "%s", colon ? colon + 2 : line);
	}
	fclose(f);
}

void erg_process_release(struct erg_process *c)
{
	erg_closep(&c->out);
	erg_closep(&c->said);
	*c = ERG_PROCESS_NONE;
}
