/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The viewer is this program's verb top, told this process. It is started before the command and ended
 * before the recording is, so that what it takes of a CPU stands within the time that the summary and
 * the archive know.
 */
#include "record/run/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "formats/base/util.h"

#define END_MS 2000 /* that the viewer has to put the terminal back */

static void viewer_exec(int in, int out, const sigset_t *mask)
{
	char pid[16];
	char *const argv[] = {(char *)"erg-record", (char *)"top", (char *)"--pid", pid, NULL};

	snprintf(pid, sizeof(pid), "%d", (int)getppid());
	if (dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
		dup2(out, STDERR_FILENO) < 0)
		_exit(126);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGXFSZ, SIG_DFL);
	/* It emits nothing: it need not wait for LTTng's daemon. */
	setenv("LTTNG_UST_REGISTER_TIMEOUT", "0", 1);
	sigprocmask(SIG_SETMASK, mask, NULL);
	execv("/proc/self/exe", argv);
	_exit(127);
}

/* Descriptor FD becomes TO, and what it was is kept. */
static int replace(struct erg_watch *w, int fd, int to)
{
	w->saved[fd] = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (w->saved[fd] < 0 || dup2(to, fd) < 0)
		return -errno;
	return 0;
}

static int hold_open(const char *spool)
{
	char path[PATH_MAX];

	if (!spool)
		return open("/tmp", O_TMPFILE | O_RDWR | O_APPEND | O_CLOEXEC, 0600);
	snprintf(path, sizeof(path), "%s/terminal.txt", spool);
	return open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

/* The screen is the viewer's. */
static int terminal_take(struct erg_watch *w, const char *spool, struct erg_err *err)
{
	_cleanup_(erg_closep) int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int r = 0;

	w->hold = hold_open(spool);
	if (w->hold < 0 || null < 0)
		return erg_fail_errno(err, -errno, "--live: a file for what is written meanwhile");
	w->terminal = tcgetattr(STDIN_FILENO, &w->was) == 0;
	for (int fd = 1; !r && fd <= 2; fd++)
		if (isatty(fd))
			r = replace(w, fd, w->hold);
	if (!r)
		r = replace(w, STDIN_FILENO, null);
	return r < 0 ? erg_fail_errno(err, r, "--live") : 0;
}

int erg_watch_start(struct erg_watch *w, const char *spool, const sigset_t *mask,
	struct erg_err *err)
{
	const bool screen = isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
	int r = screen ? terminal_take(w, spool, err) : 0;
	int in = screen ? w->saved[0] : STDIN_FILENO, out = screen ? w->saved[2] : STDERR_FILENO;
	_cleanup_(erg_closep) int null = -1;

	if (!r && !screen) {
		null = in = open("/dev/null", O_RDONLY | O_CLOEXEC);
		r = in < 0 ? erg_fail_errno(err, -errno, "--live") : 0;
	}
	if (!r) {
		w->pid = fork();
		if (w->pid == 0)
			viewer_exec(in, out, mask);
		r = w->pid < 0 ? erg_fail_errno(err, -errno, "--live") : 0;
	}
	if (r < 0)
		erg_watch_stop(w);
	return r;
}

/* It may have ended by itself: somebody pressed q. */
static void viewer_end(struct erg_watch *w)
{
	int waited_ms = 0;

	if (w->pid < 0)
		return;
	kill(w->pid, SIGTERM);
	kill(w->pid, SIGCONT);
	while (waitpid(w->pid, NULL, WNOHANG) == 0) {
		if (waited_ms >= END_MS) {
			kill(w->pid, SIGKILL);
			waitpid(w->pid, NULL, 0);
			break;
		}
		poll(NULL, 0, 10);
		waited_ms += 10;
	}
	w->pid = -1;
}

static void held_show(int from, int to)
{
	char buf[65536];
	off_t at = 0;
	ssize_t n;

	while ((n = pread(from, buf, sizeof(buf), at)) > 0) {
		ssize_t done = write(to, buf, (size_t)n);

		if (done <= 0)
			return;
		at += done;
	}
}

void erg_watch_stop(struct erg_watch *w)
{
	int to = -1;

	viewer_end(w);
	for (int fd = 0; fd < 3; fd++) {
		if (w->saved[fd] < 0)
			continue;
		dup2(w->saved[fd], fd);
		close(erg_steal_fd(&w->saved[fd]));
		if (fd && to < 0)
			to = fd;
	}
	if (w->terminal)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &w->was);
	w->terminal = false;
	if (w->hold < 0)
		return;
	if (to >= 0)
		held_show(w->hold, to);
	close(erg_steal_fd(&w->hold));
}
