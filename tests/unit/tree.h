/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_TESTS_UNIT_TREE_H
#define ERG_TESTS_UNIT_TREE_H

/* A temporary tree of small files, as sysfs has them, for tests of sources. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct tree {
	char dir[64];
};

static inline void tree_new(struct tree *t)
{
	strcpy(t->dir, "/tmp/erg-tree-XXXXXX");
	if (!mkdtemp(t->dir))
		abort();
}

/* Writes SIZE bytes to DIR/PATH in place (the inode stays), making directories. */
static inline void tree_bytes(const struct tree *t, const char *path, const void *data, size_t size)
{
	char full[512];
	int fd;

	snprintf(full, sizeof(full), "%s/%s", t->dir, path);
	for (char *p = full + strlen(t->dir) + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		if (mkdir(full, 0755) < 0 && errno != EEXIST)
			abort();
		*p = '/';
	}
	fd = open(full, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size || ftruncate(fd, (off_t)size) < 0)
		abort();
	close(fd);
}

/* The same with a formatted text and a newline. */
__attribute__((format(printf, 3, 4))) static inline void tree_put(const struct tree *t,
	const char *path, const char *fmt, ...)
{
	char text[4096];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text) - 1, fmt, ap);
	va_end(ap);
	strcat(text, "\n");
	tree_bytes(t, path, text, strlen(text));
}

static inline void tree_remove(const struct tree *t, const char *path)
{
	char full[512];

	snprintf(full, sizeof(full), "%s/%s", t->dir, path);
	unlink(full);
}

static inline int tree_unlink_one(const char *path, const struct stat *st, int flag,
	struct FTW *ftw)
{
	return remove(path);
}

static inline void tree_free(struct tree *t)
{
	nftw(t->dir, tree_unlink_one, 16, FTW_DEPTH | FTW_PHYS);
}

#endif
