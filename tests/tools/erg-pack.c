/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A tool for tests. `erg-pack DIR OUT.erg` makes an archive of a folder that has manifest.json and
 * trace/, and summary.json if there is one. `erg-pack --list FILE` prints the complete members with
 * their sizes, the byte where the frames of each begin and how many bytes they have, then "damage: …"
 * if there is any; `erg-pack --cat FILE MEMBER` prints one, `erg-pack --manifest FILE` the manifest
 * when this version reads it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "formats/archive/archive.h"
#include "formats/manifest.h"
#include "formats/base/util.h"

static int pack(const char *dir, const char *out, struct erg_err *err)
{
	_cleanup_(erg_archive_writer_freep) struct erg_archive_writer *w = NULL;
	struct erg_archive_options opt = {.force = true, .mtime_ns = 1234567890123456789u};
	char path[4096];
	int r = erg_archive_create(out, &opt, &w, err);

	snprintf(path, sizeof(path), "%s/manifest.json", dir);
	if (r == 0)
		r = erg_archive_add_file(w, "manifest.json", path, err);
	snprintf(path, sizeof(path), "%s/trace", dir);
	if (r == 0)
		r = erg_archive_add_tree(w, "trace", path, err);
	snprintf(path, sizeof(path), "%s/summary.json", dir);
	if (r == 0 && access(path, R_OK) == 0)
		r = erg_archive_add_file(w, "summary.json", path, err);
	return r < 0 ? r : erg_archive_commit(w, err);
}

static int list(const char *file, struct erg_err *err)
{
	_cleanup_(erg_archive_freep) struct erg_archive *a = NULL;
	const struct erg_archive_member *m;
	int r = erg_archive_open(file, &a, err);
	size_t n;

	if (r < 0)
		return r;
	n = erg_archive_members(a, &m);
	for (size_t i = 0; i < n; i++)
		printf("%s %llu %llu %llu\n", m[i].name, (unsigned long long)m[i].size,
			(unsigned long long)m[i].frame, (unsigned long long)m[i].frame_size);
	if (erg_archive_damage(a))
		printf("damage: %s\n", erg_archive_damage(a));
	return 0;
}

static int cat(const char *file, const char *member, struct erg_err *err)
{
	_cleanup_(erg_archive_freep) struct erg_archive *a = NULL;
	_cleanup_(erg_freep) char *data = NULL;
	int r = erg_archive_open(file, &a, err), i;
	size_t len;

	if (r < 0)
		return r;
	i = erg_archive_find(a, member);
	if (i < 0)
		return erg_fail(err, -ENOENT, "%s: no member %s", file, member);
	r = erg_archive_read(a, (size_t)i, (size_t)1 << 40, &data, &len, err);
	if (r == 0)
		fwrite(data, 1, len, stdout);
	return r;
}

static int manifest(const char *file, struct erg_err *err)
{
	_cleanup_(erg_archive_freep) struct erg_archive *a = NULL;
	json_t *doc;
	int r = erg_archive_open(file, &a, err);

	if (r == 0)
		r = erg_manifest_load(a, ERG_MANIFEST_FORMAT, &doc, err);
	if (r < 0)
		return erg_wrap(err, r, "%s", file);
	json_dumpf(doc, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(doc);
	return 0;
}

int main(int argc, char **argv)
{
	struct erg_err err = {0};
	int r = -EINVAL;

	if (argc == 3 && !strcmp(argv[1], "--list"))
		r = list(argv[2], &err);
	else if (argc == 3 && !strcmp(argv[1], "--manifest"))
		r = manifest(argv[2], &err);
	else if (argc == 4 && !strcmp(argv[1], "--cat"))
		r = cat(argv[2], argv[3], &err);
	else if (argc == 3)
		r = pack(argv[1], argv[2], &err);
	else
		erg_fail(&err, r,
			"usage: erg-pack DIR OUT.erg | --list FILE | --manifest FILE | "
			"--cat FILE MEMBER");
	if (r < 0)
		fprintf(stderr, "erg-pack: %s\n", err.msg);
	return r < 0;
}
