/* SPDX-License-Identifier: MIT */
/* Folders into archives: every file by the order of names as bytes, which no locale changes. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "formats/archive/archive.h"
#include "formats/base/util.h"

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int not_dots(const struct dirent *d)
{
	return strcmp(d->d_name, ".") && strcmp(d->d_name, "..");
}

static int add_node(struct erg_archive_writer *w, const char *prefix, const char *dir,
	const char *base, struct erg_err *err)
{
	_cleanup_(erg_freep) char *name = NULL, *path = NULL;
	struct stat st;

	if (asprintf(&name, "%s/%s", prefix, base) < 0 || asprintf(&path, "%s/%s", dir, base) < 0)
		return erg_fail_errno(err, -ENOMEM, "%s", dir);
	if (lstat(path, &st) < 0)
		return erg_fail_errno(err, -errno, "%s", path);
	if (S_ISDIR(st.st_mode))
		return erg_archive_add_tree(w, name, path, err);
	return erg_archive_add_file(w, name, path, err);
}

int erg_archive_add_tree(struct erg_archive_writer *w, const char *prefix, const char *dir,
	struct erg_err *err)
{
	struct dirent **list = NULL;
	int n = scandir(dir, &list, not_dots, by_bytes), r = 0;

	if (n < 0)
		return erg_fail_errno(err, -errno, "%s", dir);
	for (int i = 0; i < n; i++) {
		if (r == 0)
			r = add_node(w, prefix, dir, list[i]->d_name, err);
		free(list[i]);
	}
	free(list);
	return r;
}
