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
	if (getppid() == parent && in >= 0 && dup2(in, STDIN_FILENO) >= 0 &&
		dup2(c->out, STDOUT_FILENO) >= 0 && dup2(c->said, STDERR_FILENO) >= 0)
		execv("/proc/self/exe", (char *const *)argv);
	dprintf(c->said, "cannot be started: %s\n", strerror(errno));
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

/* Without a descriptor more: there may be none left, which is what it says. */
void erg_process_last_line(const struct erg_process *c, char *ret, size_t size)
{
	char text[8192], *save = NULL;
	const off_t end = lseek(c->said, 0, SEEK_END);
	const off_t from = end >= (off_t)sizeof(text) ? end - (off_t)sizeof(text) + 1 : 0;
	ssize_t n = c->status > 128 ? 0 : pread(c->said, text, sizeof(text) - 1, from);

	if (c->status > 128)
		snprintf(ret, size, "killed by signal %d", c->status - 128);
	else
		snprintf(ret, size, "status %d, and it said nothing", c->status);
	text[n > 0 ? n : 0] = '\0';
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		const char *colon = strncmp(line, "erg-analyze", 11) ? NULL : strstr(line, ": ");

		snprintf(ret, size, "%s", colon ? colon + 2 : line);
	}
}

void erg_process_release(struct erg_process *c)
{
	erg_closep(&c->out);
	erg_closep(&c->said);
	*c = ERG_PROCESS_NONE;
}
