/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A guard of settings.
 *
 * Promise: whatever ends the recorder, what it changed at a sensor for the run is put back. The
 * guard is a child that waits on a pipe whose other end only the recorder holds. A byte says that
 * the recorder has put everything back itself; the end of the pipe without one, that it was killed.
 * The guard has a session of its own and ignores the signals that people send to groups.
 */
#include "record/sources/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "formats/base/pidfd.h"

bool erg_guard_add(struct erg_guard *g, const char *text, const char *fmt, ...)
{
	struct erg_guard_file *f = &g->files[g->n];
	va_list ap;
	int len;

	if (g->n == ERG_GUARD_MAX || strlen(text) >= sizeof(f->text))
		return false;
	va_start(ap, fmt);
	len = vsnprintf(f->path, sizeof(f->path), fmt, ap);
	va_end(ap);
	if (len < 0 || len >= (int)sizeof(f->path))
		return false;
	strcpy(f->text, text);
	g->n++;
	return true;
}

static void put_back(const struct erg_guard *g)
{
	for (size_t i = 0; i < g->n; i++) {
		size_t len = strlen(g->files[i].text);
		int fd = open(g->files[i].path, O_WRONLY | O_TRUNC | O_CLOEXEC);

		if (fd < 0)
			continue;
		(void)!write(fd, g->files[i].text, len);
		close(fd);
	}
}

/* In the child of a process with threads: only async-signal-safe calls. */
static void watch_parent(const struct erg_guard *g, int fd)
{
	ssize_t n;
	char c;

	setsid();
	prctl(PR_SET_NAME, "erg-guard");
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	/* Nothing of the recorder's is held open: neither its output nor another guard's pipe. */
	dup2(fd, STDIN_FILENO);
	erg_close_from(STDOUT_FILENO);
	do {
		n = read(STDIN_FILENO, &c, 1);
	} while (n < 0 && errno == EINTR);
	if (n <= 0)
		put_back(g);
	_exit(0);
}

void erg_guard_start(struct erg_guard *g)
{
	int fds[2];

	if (!g->n || g->pid || pipe2(fds, O_CLOEXEC) < 0)
		return;
	g->pid = fork();
	if (!g->pid)
		watch_parent(g, fds[0]);
	close(fds[0]);
	if (g->pid < 0) {
		g->pid = 0;
		close(fds[1]);
		return;
	}
	g->fd = fds[1];
}

void erg_guard_finish(struct erg_guard *g)
{
	put_back(g);
	g->n = 0;
	if (!g->pid)
		return;
	(void)!write(g->fd, "x", 1);
	close(g->fd);
	/* Somebody else's waitpid(-1) may have been faster. */
	while (waitpid(g->pid, NULL, 0) < 0 && errno == EINTR)
		;
	g->pid = 0;
}
