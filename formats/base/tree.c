/* SPDX-License-Identifier: MIT */
/* Whole directories by fts(3) for reading, by descriptors for removing. */
#include "formats/base/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <string.h>
#include <unistd.h>

#include "formats/base/util.h"

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static void fts_closep(FTS **f)
{
	if (*f)
		fts_close(*f);
}

/* Calls FN for each entry in the order of names, until it returns other than 0 or ERG_TREE_SKIP. */
static int walk_tree(const char *path, int (*fn)(void *data, const FTSENT *e), void *data)
{
	char *const roots[] = {(char *)path, NULL};
	_cleanup_(fts_closep) FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
	int r = 0;

	if (!tree)
		return -errno;
	for (FTSENT *e; r == 0 && (e = fts_read(tree));) {
		if (e->fts_level == FTS_ROOTLEVEL &&
			(e->fts_info == FTS_NS || e->fts_info == FTS_DNR))
			return -e->fts_errno;
		r = fn(data, e);
		if (r == ERG_TREE_SKIP && e->fts_info == FTS_D && fts_set(tree, e, FTS_SKIP) == 0)
			r = 0;
	}
	return r;
}

struct each {
	int (*file)(void *data, const char *path, const struct stat *st);
	int (*folder)(void *data, const char *path);
	int (*other)(void *data, const char *path, int error);
	void *data;
};

static int each(void *data, const FTSENT *e)
{
	const struct each *to = data;

	if (to->file && e->fts_info == FTS_F)
		return to->file(to->data, e->fts_path, e->fts_statp);
	if (to->other && e->fts_info != FTS_D && e->fts_info != FTS_DP)
		return to->other(to->data, e->fts_path, -e->fts_errno);
	return to->folder && e->fts_info == FTS_D ? to->folder(to->data, e->fts_path) : 0;
}

int erg_tree_each_file(const char *path,
	int (*fn)(void *data, const char *path, const struct stat *st), void *data)
{
	return walk_tree(path, each, &(struct each){.file = fn, .data = data});
}

int erg_tree_each(const char *path, int (*fn)(void *data, const char *path, const struct stat *st),
	int (*other)(void *data, const char *path, int error), void *data)
{
	return walk_tree(path, each, &(struct each){.file = fn, .other = other, .data = data});
}

int erg_tree_each_folder(const char *path, int (*fn)(void *data, const char *path), void *data)
{
	return walk_tree(path, each, &(struct each){.folder = fn, .data = data});
}

static int bytes_add(void *data, const char *path, const struct stat *st)
{
	*(uint64_t *)data += (uint64_t)st->st_blocks * 512;
	return 0;
}

uint64_t erg_tree_bytes(const char *path)
{
	uint64_t bytes = 0;

	erg_tree_each_file(path, bytes_add, &bytes);
	return bytes;
}

static void first_error(int *first, int r)
{
	if (r < 0 && *first == 0)
		*first = r;
}

static int remove_at(int dir, const char *name);

/* What is in the directory FD, which this closes. */
static int content_remove(int fd)
{
	_cleanup_(erg_closedirp) DIR *d = fdopendir(fd);
	struct dirent *e;
	int r = 0;

	if (!d) {
		r = -errno;
		close(fd);
		return r;
	}
	while ((e = readdir(d)))
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
			first_error(&r, remove_at(dirfd(d), e->d_name));
	return r;
}

int erg_tree_clear(int fd)
{
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return copy < 0 ? -errno : content_remove(copy);
}

static int remove_at(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), r = 0;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd >= 0)
		r = content_remove(fd);
	if (unlinkat(dir, name, fd >= 0 ? AT_REMOVEDIR : 0) < 0 && errno != ENOENT)
		first_error(&r, -errno);
	return r;
}

int erg_tree_remove(const char *path)
{
	return remove_at(AT_FDCWD, path);
}
