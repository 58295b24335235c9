/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A meter's program as a child.
 *
 * It runs as `sh -c COMMAND` in a process group of its own, so that a Ctrl-C at the terminal
 * reaches the recorder alone, which then ends the group. It dies with us: the kernel kills the
 * shell when the thread that started it ends (prctl(2), PR_SET_PDEATHSIG), and what the shell
 * started meets a closed pipe at its next line. A child that dies is started again after 0.1 s,
 * then 0.2 s, … up to 10 s; a line resets the pause.
 */
#include "record/sources/exec_child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "formats/base/open_files.h"
#include "formats/base/secrets.h"
#include "formats/base/util.h"

#define BACKOFF_MIN_NS 100000000u
#define BACKOFF_MAX_NS 10000000000u

struct erg_child *erg_child_new(const char *command)
{
	struct erg_child *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->fd = -1;
	c->backoff_ns = BACKOFF_MIN_NS;
	c->command = strdup(command);
	c->shown = erg_secrets_mask(command, ERG_SECRET_COMMAND);
	if (c->command && c->shown)
		return c;
	erg_child_free(c);
	return NULL;
}

/* Between fork and exec in a process with threads: only async-signal-safe calls. */
static void become(const struct erg_child *c, int out, pid_t parent)
{
	struct sched_param ordinary = {0};
	int null = open("/dev/null", O_RDONLY);
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127); /* it ended before the call above */
	setpgid(0, 0);
	sched_setscheduler(0, SCHED_OTHER, &ordinary);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGXFSZ, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	erg_open_files_restore();
	if (null >= 0)
		dup2(null, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	execl("/bin/sh", "sh", "-c", c->command, (char *)NULL);
	_exit(127);
}

int erg_child_start(struct erg_child *c, struct erg_err *err)
{
	pid_t parent = getpid();
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return erg_fail_errno(err, -errno, "exec:%s: pipe", c->shown);
	pid = fork();
	if (pid < 0) {
		int r = -errno;

		close(fds[0]);
		close(fds[1]);
		return erg_fail_errno(err, r, "exec:%s: fork", c->shown);
	}
	if (!pid)
		become(c, fds[1], parent);
	setpgid(pid, pid);
	close(fds[1]);
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	c->fd = fds[0];
	c->pid = pid;
	c->len = c->skip = 0;
	c->spoke = false;
	return 0;
}

static void reap(struct erg_child *c)
{
	/* 200 ms to end by itself, then by force. Somebody else's waitpid(-1) may be faster. */
	for (int i = 0; i < 20; i++) {
		pid_t r = waitpid(c->pid, NULL, WNOHANG);

		if (r == c->pid || (r < 0 && errno == ECHILD))
			break;
		if (i == 19) {
			kill(-c->pid, SIGKILL);
			while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
				;
			break;
		}
		nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
	}
	c->pid = 0;
}

void erg_child_end(struct erg_child *c)
{
	erg_closep(&c->fd);
	c->fd = -1;
	if (c->pid) {
		kill(-c->pid, SIGTERM);
		reap(c);
	}
	c->restart_ns = 0;
	c->backoff_ns = BACKOFF_MIN_NS;
}

void erg_child_free(struct erg_child *c)
{
	if (!c)
		return;
	erg_child_end(c);
	free(c->command);
	free(c->shown);
	free(c);
}

static int died(struct erg_child *c)
{
	uint64_t pause = c->spoke ? BACKOFF_MIN_NS : c->backoff_ns;

	erg_child_end(c);
	c->restart_ns = erg_mono_ns() + pause;
	c->backoff_ns = pause * 2 < BACKOFF_MAX_NS ? pause * 2 : BACKOFF_MAX_NS;
	return -EPIPE;
}

static int revive(struct erg_child *c)
{
	if (c->restart_ns && erg_mono_ns() < c->restart_ns)
		return 0;
	return erg_child_start(c, NULL);
}

int erg_child_pump(struct erg_child *c, int timeout_ms)
{
	ssize_t n;

	if (c->fd < 0)
		return revive(c);
	memmove(c->buf, c->buf + c->skip, c->len - c->skip);
	c->len -= c->skip;
	c->skip = 0;
	if (c->len == sizeof(c->buf))
		c->len = 0; /* 64 KiB without a newline is no line of a meter */
	if (timeout_ms) {
		struct pollfd p = {.fd = c->fd, .events = POLLIN};

		poll(&p, 1, timeout_ms);
	}
	n = read(c->fd, c->buf + c->len, sizeof(c->buf) - c->len);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? c->len > 0 : died(c);
	if (!n)
		return died(c);
	c->len += (size_t)n;
	return 1;
}

char *erg_child_line(struct erg_child *c)
{
	char *line = c->buf + c->skip;
	char *end = memchr(line, '\n', c->len - c->skip);

	if (!end)
		return NULL;
	*end = '\0';
	c->skip = (size_t)(end + 1 - c->buf);
	c->spoke = true;
	return line;
}
