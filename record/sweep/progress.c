/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The file is one line that is rewritten in its place; its last number is the sum of the others, so that
 * who reads it between two halves of a write sees that.
 */
#include "record/sweep/progress.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "formats/base/util.h"

static void show(const struct erg_progress *p)
{
	char line[128];
	int n;

	if (p->fd < 0)
		return;
	n = snprintf(line, sizeof(line), "%20lld %20lld %20lld %20lld %20lld\n", (long long)p->pid,
		(long long)p->runs, (long long)p->cpu_ms, (long long)p->iterations,
		(long long)(p->pid + p->runs + p->cpu_ms + p->iterations));
	if (pwrite(p->fd, line, (size_t)n, 0) != n)
		return; /* a full disk: what stood there stays */
}

int erg_progress_open(struct erg_progress *p, const char *path, const char *log, const char *needle,
	struct erg_err *err)
{
	snprintf(p->path, sizeof(p->path), "%s", path);
	p->needle = needle;
	p->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
		0666);
	if (p->fd < 0)
		return erg_fail_errno(err, -errno, "%s", path);
	p->log = open(log, O_RDONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0666);
	if (p->log < 0 || lseek(p->log, 0, SEEK_END) < 0)
		return erg_fail_errno(err, -errno, "%s", log);
	show(p);
	return 0;
}

void erg_progress_begin(struct erg_progress *p, pid_t pid)
{
	p->pid = pid;
	show(p);
}

void erg_progress_end(struct erg_progress *p, int64_t cpu_ms)
{
	p->runs++;
	p->cpu_ms += cpu_ms;
	show(p);
}

static void take_char(struct erg_progress *p, char c)
{
	if (c != '\n') {
		if (p->len + 1 < sizeof(p->line))
			p->line[p->len++] = c;
		return;
	}
	p->line[p->len] = '\0';
	p->len = 0;
	p->iterations += strstr(p->line, p->needle) != NULL;
}

void erg_progress_look(struct erg_progress *p)
{
	const int64_t before = p->iterations;
	char buf[8192];
	ssize_t n;

	if (p->log < 0 || !p->needle)
		return;
	while ((n = read(p->log, buf, sizeof(buf))) > 0)
		for (ssize_t i = 0; i < n; i++)
			take_char(p, buf[i]);
	if (p->iterations != before)
		show(p);
}

void erg_progress_close(struct erg_progress *p)
{
	if (p->fd >= 0)
		unlink(p->path);
	erg_closep(&p->fd);
	erg_closep(&p->log);
	p->fd = p->log = -1;
}
