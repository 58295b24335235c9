/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_TESTS_UNIT_ARCHIVE_FIXTURE_H
#define ERG_TESTS_UNIT_ARCHIVE_FIXTURE_H

/* A folder of its own and an archive of known members in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "formats/archive/archive.h"
#include "formats/base/util.h"

static char folder[] = "/tmp/erg-test-archive-XXXXXX";
static char run_path[64], other_path[64];

static inline int make_folder(void **state)
{
	if (!mkdtemp(folder))
		return -1;
	snprintf(run_path, sizeof(run_path), "%s/run.erg", folder);
	snprintf(other_path, sizeof(other_path), "%s/other.erg", folder);
	return 0;
}

static inline int remove_folder(void **state)
{
	unlink(run_path);
	unlink(other_path);
	return rmdir(folder); /* fails when a temporary file was left */
}

#define N_DATA 5
static const char *const names[N_DATA] = {"manifest.json", "trace/0000/a", "trace/0000/b",
	"trace/0001/empty", "summary.json"};

/* Pseudo-random, so that it does not compress to nothing. */
static inline void fill(char *data, size_t len, uint32_t seed)
{
	for (size_t i = 0; i < len; i++) {
		seed = seed * 1664525 + 1013904223;
		data[i] = (char)(seed >> 28);
	}
}

static inline size_t data_len(int i)
{
	static const size_t lens[N_DATA] = {300, 70000, 512, 0, 100};

	return lens[i];
}

static inline void write_archive(const char *path, bool force)
{
	_cleanup_(erg_archive_writer_freep) struct erg_archive_writer *w = NULL;
	struct erg_archive_options opt = {.force = force, .mtime_ns = 1700000000123456789u};
	struct erg_err err = {0};
	char *data = malloc(70000);

	if (erg_archive_create(path, &opt, &w, &err) < 0)
		fail_msg("%s", err.msg);
	for (int i = 0; i < N_DATA; i++) {
		fill(data, data_len(i), (uint32_t)i);
		if (erg_archive_add_mem(w, names[i], data, data_len(i), &err) < 0)
			fail_msg("%s", err.msg);
	}
	if (erg_archive_commit(w, &err) < 0)
		fail_msg("%s", err.msg);
	free(data);
}

static inline char *slurp(const char *path, size_t *ret_len)
{
	FILE *f = fopen(path, "rb");
	char *data = malloc(1u << 20);

	assert_non_null(f);
	*ret_len = fread(data, 1, 1u << 20, f);
	fclose(f);
	return data;
}

static inline void spew(const char *path, const void *data, size_t len)
{
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, len, f), len);
	fclose(f);
}

/* The members of A are the first ones that were written, with their data; returns how many. */
static inline size_t check_members(const struct erg_archive *a)
{
	const struct erg_archive_member *m;
	size_t n = erg_archive_members(a, &m);

	for (size_t i = 0; i < n && i < N_DATA; i++) {
		_cleanup_(erg_freep) char *data = NULL;
		char *want = malloc(70000);
		struct erg_err err = {0};
		size_t len;

		assert_string_equal(m[i].name, names[i]);
		assert_int_equal(erg_archive_find(a, names[i]), i);
		if (erg_archive_read(a, i, 1u << 20, &data, &len, &err) < 0)
			fail_msg("%s", err.msg);
		fill(want, data_len((int)i), (uint32_t)i);
		assert_int_equal(len, data_len((int)i));
		assert_memory_equal(data, want, len);
		free(want);
	}
	return n;
}

static inline void count_line(void *data, const char *line)
{
	if (data)
		snprintf(data, 1024, "%s", line);
}

#endif
