/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Files that behave like sysfs attributes.
 *
 * Two things differ from the kernel's. A write is noticed only when the board looks, some
 * milliseconds later; and a value that the kernel would refuse with EINVAL is taken by the file
 * and then put back by the board, so whoever writes must read back, as one should on real hardware.
 * Values that are read often have a fixed width: rewriting them never changes the file's length,
 * and a reader never meets half a number.
 */
#include "tests/board/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "formats/base/util.h"

static int make_dirs(int root_fd, const char *path)
{
	char part[256];

	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		snprintf(part, sizeof(part), "%.*s", (int)(slash - path), path);
		if (mkdirat(root_fd, part, 0755) < 0 && errno != EEXIST)
			return -errno;
	}
	return 0;
}

/* What a board wrote here before may be read-only, also for the user whose it is. */
static int open_fresh(int root_fd, const char *path, unsigned mode)
{
	const int flags = O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC;
	int fd = openat(root_fd, path, flags, mode);

	if (fd < 0 && errno == EACCES) {
		if (unlinkat(root_fd, path, 0) == 0)
			return openat(root_fd, path, flags, mode);
		errno = EACCES;
	}
	return fd;
}

int erg_tree_make(int root_fd, const char *path, unsigned mode, int width, const char *text,
	struct erg_tree_file *ret, struct erg_err *err)
{
	int r = make_dirs(root_fd, path);

	*ret = (struct erg_tree_file){.fd = -1, .width = width};
	if (r < 0)
		return erg_fail_errno(err, r, "%s: making its directory", path);
	ret->fd = open_fresh(root_fd, path, mode);
	if (ret->fd < 0)
		return erg_fail_errno(err, -errno, "%s", path);
	if (fchmod(ret->fd, mode) < 0)
		return erg_fail_errno(err, -errno, "%s: chmod", path);
	erg_tree_put(ret, text);
	return 0;
}

int erg_tree_static(int root_fd, const char *path, const char *text, struct erg_err *err)
{
	struct erg_tree_file f;
	int r = erg_tree_make(root_fd, path, 0444, 0, text, &f, err);

	erg_tree_close(&f);
	return r;
}

void erg_tree_put(struct erg_tree_file *f, const char *text)
{
	char line[ERG_TREE_TEXT_MAX + 1];
	int n;

	if (f->fd < 0 || (f->text[0] && strcmp(text, f->text) == 0))
		return;
	n = snprintf(line, sizeof(line), "%*s\n", f->width, text);
	if (n >= (int)sizeof(line))
		n = (int)sizeof(line) - 1;
	if (pwrite(f->fd, line, (size_t)n, 0) != n)
		return; /* disk full: the old value stays, and is tried again */
	if (f->width == 0 && ftruncate(f->fd, n) < 0)
		return;
	snprintf(f->text, sizeof(f->text), "%s", text);
}

void erg_tree_put_int(struct erg_tree_file *f, int64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)value);
	erg_tree_put(f, text);
}

bool erg_tree_poll(struct erg_tree_file *f, char ret_text[ERG_TREE_TEXT_MAX])
{
	char buf[ERG_TREE_TEXT_MAX], *p = buf;
	ssize_t n = pread(f->fd, buf, sizeof(buf) - 1, 0);

	if (n <= 0)
		return false; /* truncated by a shell that is about to write */
	buf[n] = 0;
	p += strspn(p, " \t\n");
	for (size_t len = strlen(p); len > 0 && strchr(" \t\n", p[len - 1]); len--)
		p[len - 1] = 0;
	if (!*p || strcmp(p, f->text) == 0)
		return false;
	snprintf(ret_text, ERG_TREE_TEXT_MAX, "%s", p);
	f->text[0] = 0;
	return true;
}

void erg_tree_close(struct erg_tree_file *f)
{
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
}
