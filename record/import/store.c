/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Columns of rows beyond what should be held in memory. The file is unlinked from the beginning, so
 * nothing is left behind whatever ends the program, and its blocks are taken before they are mapped: a
 * full disk is an error where the column grows, not a SIGBUS where it is written.
 */
#include "record/import/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "formats/base/util.h"

#define PAGE_MAX ((size_t)64 << 10)  /* no machine has larger ones */
#define FILE_MIN ((size_t)256 << 10) /* bytes; as many columns as a log may have are no burden */

/* -1 where the folder cannot have one. */
static int store_file(const char *folder)
{
	int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	_cleanup_(erg_freep) char *path = NULL;

	if (fd >= 0)
		return fd;
	/* a file system, or a kernel, without files that have no name */
	if (asprintf(&path, "%s/.erg-import-XXXXXX", folder) < 0) {
		path = NULL;
		return -1;
	}
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		unlink(path);
	return fd;
}

static int store_map(int fd, size_t bytes, void **ret)
{
	int r;

	while ((r = posix_fallocate(fd, 0, (off_t)bytes)) == EINTR)
		;
	if (r)
		return -r;
	*ret = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return *ret == MAP_FAILED ? -errno : 0;
}

static int grow_in_memory(struct erg_import_store *s, void **column, size_t bytes)
{
	void *p = realloc(*column, bytes);

	if (!p)
		return -ENOMEM;
	*column = p;
	s->bytes = bytes;
	return 0;
}

static bool is_full(int r)
{
	return r == -ENOSPC || r == -EDQUOT || r == -EFBIG;
}

int erg_import_store_grow(struct erg_import_store *s, const char *folder, void **column,
	size_t bytes)
{
	int fd = s->mapped ? s->fd : folder && bytes >= FILE_MIN ? store_file(folder) : -1;
	void *p;
	int r;

	if (fd < 0 && s->mapped)
		return -EBADF;
	if (fd < 0)
		return grow_in_memory(s, column, bytes);
	r = store_map(fd, bytes, &p);
	if (r < 0 && s->mapped)
		return r;
	if (r < 0) {
		close(fd);
		return is_full(r) ? r : grow_in_memory(s, column, bytes);
	}
	if (!s->mapped && s->bytes)
		memcpy(p, *column, s->bytes);
	if (s->mapped)
		munmap(*column, s->bytes);
	else
		free(*column);
	*s = (struct erg_import_store){.bytes = bytes, .mapped = true, .fd = fd};
	*column = p;
	return 0;
}

/* Twice the rows, since the system also maps what is before the first of them when that is asked for. */
void erg_import_store_let_go(const struct erg_import_store *s, void *column, size_t row,
	size_t size)
{
	const size_t from = row < 2 * ERG_IMPORT_ROWS_HELD ? 0 : row - 2 * ERG_IMPORT_ROWS_HELD;
	const size_t begin = from * size / PAGE_MAX * PAGE_MAX;
	const size_t end = row && row * size < s->bytes ? row * size : s->bytes;

	if (s->mapped && begin < end)
		madvise((char *)column + begin, end - begin, MADV_DONTNEED);
}

void erg_import_store_close(struct erg_import_store *s, size_t bytes)
{
	if (s->mapped && s->fd >= 0) {
		if (ftruncate(s->fd, (off_t)bytes) < 0)
			errno = 0; /* nothing but room on the disk is lost */
		close(s->fd);
	}
	s->fd = -1;
}

void erg_import_store_release(struct erg_import_store *s, void *column)
{
	if (s->mapped) {
		munmap(column, s->bytes);
		erg_import_store_close(s, 0);
	} else {
		free(column);
	}
	*s = (struct erg_import_store){0};
}

/* ---- columns beside a log ---- */

/* Room for N rows in all. */
static int column_room(struct erg_import_column *c, size_t n)
{
	size_t alloc = c->alloc ? c->alloc : 1024;
	int r;

	if (n <= c->alloc)
		return 0;
	while (alloc < n)
		alloc *= 2;
	r = erg_import_store_grow(&c->store, c->folder, &c->rows, alloc * c->size);
	if (r == 0)
		c->alloc = alloc;
	return r;
}

int erg_import_column_add(struct erg_import_column *c, const void *row)
{
	int r = column_room(c, c->n + 1);

	if (r < 0)
		return r;
	if (c->n % ERG_IMPORT_ROWS_HELD == 0)
		erg_import_store_let_go(&c->store, c->rows, c->n, c->size);
	memcpy((char *)c->rows + c->n++ * c->size, row, c->size);
	return 0;
}

void erg_import_column_release(struct erg_import_column *c)
{
	erg_import_store_release(&c->store, c->rows);
	c->rows = NULL;
	c->n = c->alloc = 0;
}
