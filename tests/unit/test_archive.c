/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Archives as they are written: whole or not at all, the same bytes for the same inputs, and read
 * back as they were. test_archive_damage.c has those that are cut, damaged or hostile.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "tests/unit/archive_fixture.h"

static void what_is_written_is_read(void **state)
{
	_cleanup_(erg_archive_freep) struct erg_archive *a = NULL;
	struct erg_err err = {0};
	char *data = NULL;
	size_t len;

	write_archive(run_path, false);
	assert_int_equal(erg_archive_open(run_path, &a, &err), 0);
	assert_null(erg_archive_damage(a));
	assert_int_equal(check_members(a), N_DATA + 1);
	assert_int_equal(erg_archive_verify(a, count_line, NULL, &err), 0);
	assert_int_equal(erg_archive_find(a, "trace"), -ENOENT);
	assert_int_equal(erg_archive_read(a, 1, 69999, &data, &len, &err), -E2BIG);
	unlink(run_path);
}

static void same_inputs_same_bytes(void **state)
{
	_cleanup_(erg_freep) char *first = NULL, *second = NULL;
	size_t n1, n2;

	write_archive(run_path, false);
	first = slurp(run_path, &n1);
	write_archive(run_path, true);
	second = slurp(run_path, &n2);
	assert_int_equal(n1, n2);
	assert_memory_equal(first, second, n1);
	unlink(run_path);
}

static void a_renamed_archive_reads_the_same(void **state)
{
	_cleanup_(erg_archive_freep) struct erg_archive *a = NULL;
	struct erg_err err = {0};

	write_archive(run_path, false);
	assert_int_equal(rename(run_path, other_path), 0);
	assert_int_equal(erg_archive_open(other_path, &a, &err), 0);
	assert_int_equal(check_members(a), N_DATA + 1);
	unlink(other_path);
}

static void an_existing_file_is_not_replaced(void **state)
{
	_cleanup_(erg_archive_writer_freep) struct erg_archive_writer *w = NULL;
	struct erg_archive_options opt = {0};
	struct erg_err err = {0};
	char *data;
	size_t len;

	spew(run_path, "mine", 4);
	assert_int_equal(erg_archive_create(run_path, &opt, &w, &err), -EEXIST);
	unlink(run_path);

	/* it appears between create and commit */
	assert_int_equal(erg_archive_create(run_path, &opt, &w, &err), 0);
	assert_int_equal(erg_archive_add_mem(w, "manifest.json", "{}", 2, &err), 0);
	spew(run_path, "mine", 4);
	assert_int_equal(erg_archive_commit(w, &err), -EEXIST);
	data = slurp(run_path, &len);
	assert_int_equal(len, 4);
	assert_memory_equal(data, "mine", 4);
	free(data);
	unlink(run_path);
}

static void nothing_appears_before_commit(void **state)
{
	struct erg_archive_writer *w = NULL;
	struct erg_archive_options opt = {0};
	struct erg_err err = {0};

	assert_int_equal(erg_archive_create(run_path, &opt, &w, &err), 0);
	assert_int_equal(erg_archive_add_mem(w, "manifest.json", "{}", 2, &err), 0);
	assert_int_equal(access(run_path, F_OK), -1);
	erg_archive_writer_free(w);
	assert_int_equal(access(run_path, F_OK), -1);
}

static void bad_names_are_not_written(void **state)
{
	static const char *const bad[] = {"", "/etc/passwd", "../x", "a/../b", "a//b", "a/", "./a",
		"a\nb", "a\\b", ".."};
	_cleanup_(erg_archive_writer_freep) struct erg_archive_writer *w = NULL;
	struct erg_archive_options opt = {0};
	struct erg_err err = {0};

	assert_int_equal(erg_archive_create(run_path, &opt, &w, &err), 0);
	for (size_t i = 0; i < ERG_ARRAY_SIZE(bad); i++)
		assert_int_equal(erg_archive_add_mem(w, bad[i], "x", 1, &err), -EINVAL);
	assert_int_equal(erg_archive_add_mem(w, "x", "x", 1, &err), 0);
	assert_int_equal(erg_archive_add_mem(w, "x", "x", 1, &err), -EEXIST);
	assert_int_equal(erg_archive_add_file(w, "y", "/nonexistent", &err), -ENOENT);
	assert_int_equal(erg_archive_add_file(w, "y", "/dev/null", &err), -EINVAL);
	assert_int_equal(erg_archive_create("/dev/null", &opt, &w, &err), -EINVAL);
	assert_int_equal(erg_archive_create("/nonexistent/run.erg", &opt, &w, &err), -ENOENT);
}

static void a_full_disk_leaves_nothing(void **state)
{
	struct erg_archive_writer *w = NULL;
	struct erg_archive_options opt = {0};
	struct erg_err err = {0};
	char *data = malloc(1u << 20);
	int r = 0;

	if (access("/dev/full", W_OK) < 0)
		skip();
	assert_int_equal(erg_archive_create(run_path, &opt, &w, &err), 0);
	/* every open file with a temporary name becomes the full device */
	for (int fd = 3; fd < 64; fd++) {
		char link[64], target[256];
		ssize_t n;

		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		n = readlink(link, target, sizeof(target) - 1);
		target[n > 0 ? n : 0] = '\0';
		if (n > 0 && strstr(target, ".part")) {
			int full = open("/dev/full", O_WRONLY);

			dup2(full, fd);
			close(full);
		}
	}
	fill(data, 1u << 20, 1);
	for (int i = 0; i < 8 && r == 0; i++) {
		char name[8];

		snprintf(name, sizeof(name), "m%d", i);
		r = erg_archive_add_mem(w, name, data, 1u << 20, &err);
	}
	assert_int_equal(r, -ENOSPC);
	assert_non_null(strstr(err.msg, "No space left"));
	assert_int_equal(erg_archive_commit(w, &err), -ENOSPC);
	erg_archive_writer_free(w);
	assert_int_equal(access(run_path, F_OK), -1);
	free(data);
}

static void members_are_unpacked_where_asked(void **state)
{
	_cleanup_(erg_archive_freep) struct erg_archive *a = NULL;
	_cleanup_(erg_closep) int dirfd = open(folder, O_RDONLY | O_DIRECTORY);
	struct erg_err err = {0};
	char path[96];
	struct stat st;

	write_archive(run_path, false);
	assert_int_equal(erg_archive_open(run_path, &a, &err), 0);
	assert_int_equal(erg_archive_extract(a, 1, dirfd, "x/y/a", &err), 0);
	snprintf(path, sizeof(path), "%s/x/y/a", folder);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, data_len(1));
	assert_int_equal(erg_archive_extract(a, 1, dirfd, "x/y/a", &err), -EEXIST);
	assert_int_equal(erg_archive_extract(a, 1, dirfd, "../a", &err), -EINVAL);
	unlink(path);
	assert_int_equal(symlink("/tmp", path), 0);
	assert_int_equal(erg_archive_extract(a, 1, dirfd, "x/y/a/b", &err), -ENOTDIR);
	unlink(path);
	snprintf(path, sizeof(path), "%s/x/y", folder);
	rmdir(path);
	snprintf(path, sizeof(path), "%s/x", folder);
	rmdir(path);
	unlink(run_path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(same_inputs_same_bytes),
		cmocka_unit_test(a_renamed_archive_reads_the_same),
		cmocka_unit_test(an_existing_file_is_not_replaced),
		cmocka_unit_test(nothing_appears_before_commit),
		cmocka_unit_test(bad_names_are_not_written),
		cmocka_unit_test(a_full_disk_leaves_nothing),
		cmocka_unit_test(members_are_unpacked_where_asked),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
