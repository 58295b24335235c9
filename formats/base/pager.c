/* SPDX-License-Identifier: MIT */
/*
 * The text is complete before the pager starts, so its width and colours are those of the terminal,
 * and what is short needs no other program. While the pager has the terminal, an interrupt is its own.
 */
#include "formats/base/pager.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "formats/base/util.h"

static bool unwanted;

void erg_pager_off(void)
{
	unwanted = true;
}

int erg_pager_option(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--"); i++)
		unwanted = unwanted || !strcmp(argv[i], "--no-pager");
	while (argc > 1 && !strcmp(argv[1], "--no-pager")) {
		argc--;
		memmove(&argv[1], &argv[2], (size_t)argc * sizeof(*argv)); /* with the NULL */
	}
	return argc;
}

/* The command, or NULL for none. */
static const char *pager_of(void)
{
	const char *pager = getenv("ERG_PAGER"), *term = getenv("TERM");

	if (!pager)
		pager = getenv("PAGER");
	if (!pager) /* small systems have none, and are not to be told so */
		pager = "command -v less >/dev/null || exit 127; exec less";
	if (unwanted || !term || !strcmp(term, "dumb") || !*pager || !strcmp(pager, "cat"))
		return NULL;
	return pager;
}

/* Bytes that begin a character, and none of our own colours. */
static bool is_cell(const char *p, bool *sequence)
{
	if (*p == '\033')
		*sequence = true;
	if (*sequence) {
		*sequence = *p != 'm';
		return false;
	}
	return ((unsigned char)*p & 0xc0) != 0x80;
}

/* Whether TEXT has more lines than a terminal of that size shows beside a prompt. */
static bool is_long(const char *text, size_t len, const struct winsize *ws)
{
	size_t rows = 0, cells = 0;
	bool sequence = false;

	for (const char *p = text; p < text + len; p++) {
		cells += *p != '\n' && is_cell(p, &sequence);
		if (*p == '\n' || cells > ws->ws_col) {
			rows++;
			cells = *p != '\n';
		}
	}
	return rows + (cells > 0) >= ws->ws_row;
}

static int write_all(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		text += n;
		len -= (size_t)n;
	}
	return 0;
}

static void pager_exec(const char *pager, int in)
{
	dup2(in, STDIN_FILENO);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGXFSZ, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	setenv("LESS", "FRX", 0);
	setenv("LV", "-c", 0);
	execl("/bin/sh", "sh", "-c", pager, (char *)NULL);
	_exit(127);
}

/* False when there is no such program: nothing was shown. */
static bool show_by(const char *pager, const char *text, size_t len)
{
	void (*on_int)(int) = signal(SIGINT, SIG_IGN), (*on_pipe)(int) = signal(SIGPIPE, SIG_IGN);
	int fds[2], status = 127 << 8;
	pid_t pid = -1;

	if (!pipe2(fds, O_CLOEXEC)) {
		pid = fork();
		if (pid == 0)
			pager_exec(pager, fds[0]);
		close(fds[0]);
		if (pid > 0)
			(void)!write_all(fds[1], text, len); /* the person may have seen enough */
		close(fds[1]);
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	signal(SIGINT, on_int);
	signal(SIGPIPE, on_pipe);
	return !WIFEXITED(status) || (WEXITSTATUS(status) != 127 && WEXITSTATUS(status) != 126);
}

int erg_pager_print(const char *text, size_t len)
{
	const char *pager = isatty(STDOUT_FILENO) ? pager_of() : NULL;
	struct winsize ws;

	if (fflush(stdout))
		return -errno;
	if (pager && !ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) && ws.ws_row && ws.ws_col &&
		is_long(text, len, &ws) && show_by(pager, text, len))
		return 0;
	if (fwrite(text, 1, len, stdout) != len || fflush(stdout))
		return errno ? -errno : -EIO;
	return 0;
}
