/* SPDX-License-Identifier: MIT */
/* Slurm's own programs, with their output and their last words. */
#include <errno.h>
#include <spawn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "formats/base/util.h"
#include "formats/slurm/slurm.h"

extern char **environ;

struct pipes {
	int in, out, said; /* files in memory */
};

static void pipes_close(struct pipes *p)
{
	erg_closep(&p->in);
	erg_closep(&p->out);
	erg_closep(&p->said);
}

static int pipes_open(struct pipes *p, const char *input)
{
	size_t n = input ? strlen(input) : 0;

	p->in = memfd_create("input", MFD_CLOEXEC);
	p->out = memfd_create("output", MFD_CLOEXEC);
	p->said = memfd_create("messages", MFD_CLOEXEC);
	if (p->in < 0 || p->out < 0 || p->said < 0)
		return -errno;
	for (size_t at = 0; at < n;) {
		ssize_t w = write(p->in, input + at, n - at);

		if (w <= 0)
			return w < 0 ? -errno : -EIO;
		at += (size_t)w;
	}
	return lseek(p->in, 0, SEEK_SET) < 0 ? -errno : 0;
}

/* All of the file FD as a text. */
static char *text_of(int fd)
{
	struct stat st;
	char *text;
	ssize_t n;

	if (fstat(fd, &st) < 0 || !(text = malloc((size_t)st.st_size + 1)))
		return NULL;
	n = pread(fd, text, (size_t)st.st_size, 0);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

/* "sbatch: error: Invalid partition" without who says so. */
static const char *last_line(char *text)
{
	char *last = NULL, *save = NULL;

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (line[strspn(line, " \t")])
			last = line;
	if (last && strstr(last, "error: "))
		last = strstr(last, "error: ") + strlen("error: ");
	return last ? last : "it said nothing";
}

/* The child has the signals that the caller may hold back. */
static int spawn(const char *const *argv, const struct pipes *p, pid_t *ret)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none;
	int r;

	sigemptyset(&none);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, p->in, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, p->out, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, p->said, STDERR_FILENO);
	r = posix_spawnp(ret, argv[0], &actions, &attr, (char *const *)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attr);
	return r;
}

int erg_slurm_tool(const char *const *argv, const char *input, char **ret, struct erg_err *err)
{
	_cleanup_(pipes_close) struct pipes p = {-1, -1, -1};
	_cleanup_(erg_freep) char *said = NULL;
	int r = pipes_open(&p, input), status;
	pid_t pid;

	if (r < 0)
		return erg_fail_errno(err, r, "%s: a file in memory", argv[0]);
	r = spawn(argv, &p, &pid);
	if (r == ENOENT)
		return erg_fail(err, -ENOENT,
			"%s: there is no such program in PATH: expected Slurm's", argv[0]);
	if (r)
		return erg_fail_errno(err, -r, "%s", argv[0]);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return erg_fail_errno(err, -errno, "%s", argv[0]);
	if (status != 0) {
		said = text_of(p.said);
		return erg_fail(err, -EIO, "%s: %s", argv[0], said ? last_line(said) : "failed");
	}
	*ret = text_of(p.out);
	return *ret ? 0 : erg_fail(err, -ENOMEM, "out of memory");
}
