/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which files a command line means. A directory stands for the archives in it, or where there are none
 * for the results of `erg-analyze batch`, in the order of their names.
 */
#include "analyze/account/runs_files.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analyze/result/document.h"
#include "formats/base/util.h"

#define NAMED_MAX 5 /* folders that a warning names */

static bool ends_in(const char *name, const char *suffix)
{
	size_t n = strlen(name), m = strlen(suffix);

	return name[0] != '.' && n > m && !strcmp(name + n - m, suffix);
}

static int is_archive_name(const struct dirent *d)
{
	return ends_in(d->d_name, ".erg");
}

/* As `erg-analyze batch` names them. */
static int is_result_name(const struct dirent *d)
{
	return ends_in(d->d_name, ".layers.json");
}

/* What the directory PATH stands for. */
static int expand_directory(const char *path, struct erg_texts *ret, struct erg_err *err)
{
	struct dirent **names;
	char file[4096];
	int n, r = 0;

	n = scandir(path, &names, is_archive_name, alphasort);
	if (!n) {
		free(names);
		n = scandir(path, &names, is_result_name, alphasort);
	}
	if (n < 0)
		return erg_fail_errno(err, -errno, "%s", path);
	if (!n)
		r = erg_fail(err, -ENOENT,
			"%s: no archive (*.erg) and no result (*.layers.json) in this directory",
			path);
	for (int i = 0; i < n; i++) {
		snprintf(file, sizeof(file), "%s%s%s", path,
			path[strlen(path) - 1] == '/' ? "" : "/", names[i]->d_name);
		if (r >= 0 && erg_texts_add(ret, file) < 0)
			r = erg_fail(err, -ENOMEM, "out of memory");
		free(names[i]);
	}
	free(names);
	return r;
}

/* An unpacked archive is a directory too: it has a manifest. */
static bool is_unpacked(const char *path)
{
	char manifest[4096 + 32];

	snprintf(manifest, sizeof(manifest), "%s/manifest.json", path);
	return access(manifest, F_OK) == 0;
}

int erg_runs_files(char *const *files, size_t n, struct erg_texts *ret, struct erg_err *err)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < n; i++) {
		struct stat st;

		if (stat(files[i], &st) == 0 && S_ISDIR(st.st_mode) && !is_unpacked(files[i]))
			r = expand_directory(files[i], ret, err);
		else if (erg_texts_add(ret, files[i]) < 0)
			r = erg_fail(err, -ENOMEM, "out of memory");
	}
	return r;
}

/* Whether the directory PATH holds such files. */
static bool holds(const char *path, int (*wanted)(const struct dirent *d))
{
	_cleanup_(erg_closedirp) DIR *d = opendir(path);
	const struct dirent *e;

	while (d && (e = readdir(d)))
		if (wanted(e))
			return true;
	return false;
}

/* Names of the directories in PATH that hold such files; how many there are. */
static int name_below(const char *path, int (*wanted)(const struct dirent *d), char *buf,
	size_t len)
{
	struct dirent **names;
	int n = scandir(path, &names, NULL, alphasort), found = 0;
	size_t used = 0;

	*buf = '\0';
	for (int i = 0; i < n; i++) {
		_cleanup_(erg_freep) char *inner = NULL;

		if (names[i]->d_name[0] != '.' &&
			asprintf(&inner, "%s/%s", path, names[i]->d_name) >= 0 &&
			holds(inner, wanted) && found++ < NAMED_MAX && used < len)
			used += (size_t)snprintf(buf + used, len - used, "%s%s", used ? ", " : "",
				names[i]->d_name);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	return found;
}

void erg_runs_tell_below(char *const *files, size_t n, json_t *doc)
{
	char names[1024];

	for (size_t i = 0; i < n; i++) {
		struct stat st;
		bool archives;
		int found;

		if (stat(files[i], &st) < 0 || !S_ISDIR(st.st_mode) || is_unpacked(files[i]))
			continue;
		archives = holds(files[i], is_archive_name);
		found = name_below(files[i], archives ? is_archive_name : is_result_name, names,
			sizeof(names));
		if (found)
			erg_document_warn(doc, "below",
				"%s: %d %s more %s, which are not read: %s%s", files[i], found,
				found == 1 ? "folder in it holds" : "folders in it hold",
				archives ? "archives" : "results", names,
				found > NAMED_MAX ? ", …" : "");
	}
}
