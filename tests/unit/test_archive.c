/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Archives: whole or not at all, the same bytes for the same inputs, every complete member of a
 * file that was cut at any byte, every flipped bit noticed, hostile members refused.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <archive.h>
#include <archive_entry.h>
#include <zstd.h>
#include <cmocka.h>

#include "formats/archive.h"
#include "formats/util.h"

static char folder[] = "/tmp/erg-test-archive-XXXXXX";
static char run_path[64], other_path[64];

static int make_folder(void **state)
{
	if (!mkdtemp(folder))
		return -1;
	snprintf(run_path, sizeof(run_path), "%s/run.erg", folder);
	snprintf(other_path, sizeof(other_path), "%s/other.erg", folder);
	return 0;
}

static int remove_folder(void **state)
{
	unlink(run_path);
	unlink(other_path);
	return rmdir(folder); /* fails when a temporary file was left */
}

#define N_DATA 5
static const char *const names[N_DATA] = {"manifest.json", "trace/0000/a", "trace/0000/b",
	"trace/0001/empty", "summary.json"};

/* Pseudo-random, so that it does not compress to nothing. */
static void fill(char *data, size_t len, uint32_t seed)
{
	for (size_t i = 0; i < len; i++) {
		seed = seed * 1664525 + 1013904223;
		data[i] = (char)(seed >> 28);
	}
}

static size_t data_len(int i)
{
	static const size_t lens[N_DATA] = {300, 70000, 512, 0, 100};

	return lens[i];
}

static void write_archive(const char *path, bool force)
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

static char *slurp(const char *path, size_t *ret_len)
{
	FILE *f = fopen(path, "rb");
	char *data = malloc(1u << 20);

	assert_non_null(f);
	*ret_len = fread(data, 1, 1u << 20, f);
	fclose(f);
	return data;
}

static void spew(const char *path, const void *data, size_t len)
{
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, len, f), len);
	fclose(f);
}

/* The members of A are the first ones that were written, with their data; returns how many. */
static size_t check_members(const struct erg_archive *a)
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

static void count_line(void *data, const char *line)
{
	if (data)
		snprintf(data, 1024, "%s", line);
}

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

static void every_cut_yields_what_is_complete(void **state)
{
	_cleanup_(erg_freep) char *whole = NULL;
	size_t len, before = 0;
	struct erg_err err = {0};

	write_archive(run_path, false);
	whole = slurp(run_path, &len);
	for (size_t cut = 0; cut < len; cut += cut < 1200 || cut + 1200 > len ? 1 : 97) {
		_cleanup_(erg_archive_freep) struct erg_archive *a = NULL;
		size_t n = 0;
		int r;

		spew(run_path, whole, cut);
		r = erg_archive_open(run_path, &a, &err);
		if (r == 0) {
			n = check_members(a);
			assert_non_null(erg_archive_damage(a));
			assert_true(erg_archive_verify(a, count_line, NULL, &err) > 0);
		} else {
			assert_int_equal(r, cut == 0 ? -ENODATA : -EBADMSG);
		}
		assert_true(n >= before);
		before = n;
	}
	assert_int_equal(before, N_DATA + 1);
	unlink(run_path);
}

static void every_flipped_bit_is_noticed(void **state)
{
	_cleanup_(erg_freep) char *whole = NULL;
	size_t len;

	write_archive(run_path, false);
	whole = slurp(run_path, &len);
	for (size_t at = 0; at < len; at += at < 1000 || at + 1500 > len ? 1 : 53) {
		_cleanup_(erg_archive_freep) struct erg_archive *a = NULL;
		char line[1024] = "";
		struct erg_err err = {0};

		whole[at] ^= (char)(1 << at % 8);
		spew(run_path, whole, len);
		whole[at] ^= (char)(1 << at % 8);
		if (erg_archive_open(run_path, &a, &err) < 0)
			assert_true(err.msg[0] != '\0');
		else if (erg_archive_verify(a, count_line, line, &err) == 0)
			fail_msg("a flipped bit in byte %zu of %zu went unnoticed", at, len);
	}
	unlink(run_path);
}

static void damage_is_read_around(void **state)
{
	_cleanup_(erg_freep) char *whole = NULL;
	_cleanup_(erg_archive_freep) struct erg_archive *a = NULL, *b = NULL;
	const struct erg_archive_member *m;
	char line[1024] = "", *data = NULL;
	struct erg_err err = {0};
	size_t len, got;

	write_archive(run_path, false);
	whole = slurp(run_path, &len);
	assert_int_equal(erg_archive_open(run_path, &a, &err), 0);
	erg_archive_members(a, &m);
	whole[m[1].frame + m[1].frame_size / 2] ^= 1;
	spew(other_path, whole, len);
	assert_int_equal(erg_archive_open(other_path, &b, &err), 0);
	assert_int_equal(erg_archive_read(b, 1, 1u << 20, &data, &got, &err), -EBADMSG);
	assert_non_null(strstr(err.msg, "other.erg: trace/0000/a: "));
	assert_non_null(strstr(err.msg, "frame at byte"));
	assert_int_equal(erg_archive_verify(b, count_line, line, &err), 2);
	assert_int_equal(erg_archive_read(b, 2, 1u << 20, &data, &got, &err), 0);
	free(data);
	erg_archive_free(b);
	b = NULL;

	/* and without the seek table */
	spew(other_path, whole, len - 1);
	assert_int_equal(erg_archive_open(other_path, &b, &err), 0);
	assert_int_equal(erg_archive_find(b, "trace/0000/a"), -ENOENT);
	assert_true(erg_archive_find(b, "summary.json") > 0);
	unlink(run_path);
	unlink(other_path);
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

/* ---- archives that our writer does not make ---- */

struct foreign {
	char tar[1u << 16];
	size_t len;
};

static void add_foreign(struct foreign *f, const char *path, int type, const char *link,
	const char *data)
{
	struct archive *a = archive_write_new();
	struct archive_entry *e = archive_entry_new();
	size_t used = 0;

	archive_write_set_format_pax(a);
	archive_write_set_bytes_per_block(a, 0);
	assert_int_equal(archive_write_open_memory(a, f->tar + f->len, sizeof(f->tar) - f->len,
		&used), ARCHIVE_OK);
	archive_entry_set_pathname(e, path);
	archive_entry_set_filetype(e, (unsigned)type);
	archive_entry_set_perm(e, 0644);
	archive_entry_set_size(e, type == AE_IFREG && !link ? (la_int64_t)strlen(data) : 0);
	if (link && type == AE_IFLNK)
		archive_entry_set_symlink(e, link);
	else if (link)
		archive_entry_set_hardlink(e, link);
	assert_int_equal(archive_write_header(a, e), ARCHIVE_OK);
	if (type == AE_IFREG && !link)
		archive_write_data(a, data, strlen(data));
	archive_write_finish_entry(a);
	f->len += used;
	archive_entry_free(e);
	archive_write_free(a); /* the end that it writes is not counted */
}

/* Each call of add_foreign becomes a frame of its own here. */
static size_t add_frame(char *out, size_t at, size_t room, const struct foreign *f)
{
	ZSTD_CCtx *c = ZSTD_createCCtx();
	size_t n;

	ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, 1);
	n = ZSTD_compress2(c, out + at, room - at, f->tar, f->len);
	ZSTD_freeCCtx(c);
	assert_false(ZSTD_isError(n));
	return at + n;
}

static void expect_refused(const char *path, int type, const char *link, const char *words)
{
	_cleanup_(erg_archive_freep) struct erg_archive *a = NULL;
	struct foreign *f = calloc(1, sizeof(*f));
	struct erg_err err = {0};
	char out[65536];
	size_t len;

	add_foreign(f, "run/manifest.json", AE_IFREG, NULL, "{}");
	len = add_frame(out, 0, sizeof(out), f);
	f->len = 0;
	add_foreign(f, path, type, link, "data");
	len = add_frame(out, len, sizeof(out), f);
	spew(run_path, out, len);
	assert_int_equal(erg_archive_open(run_path, &a, &err), -EPERM);
	if (!strstr(err.msg, words))
		fail_msg("'%s' lacks '%s'", err.msg, words);
	unlink(run_path);
	free(f);
}

static void hostile_members_are_refused(void **state)
{
	expect_refused("/etc/passwd", AE_IFREG, NULL, "is not safe");
	expect_refused("run/../../x", AE_IFREG, NULL, "is not safe");
	expect_refused("..", AE_IFREG, NULL, "is not safe");
	expect_refused("run//x", AE_IFREG, NULL, "is not safe");
	expect_refused("run/a\nb", AE_IFREG, NULL, "is not safe");
	expect_refused("x", AE_IFREG, NULL, "in no folder");
	expect_refused("other/x", AE_IFREG, NULL, "outside folder 'run'");
	expect_refused("run/x", AE_IFLNK, "/etc/passwd", "is a link");
	expect_refused("run/x", AE_IFREG, "run/manifest.json", "is a link");
	expect_refused("run/x", AE_IFCHR, NULL, "not a regular file");
	expect_refused("run/x", AE_IFIFO, NULL, "not a regular file");
	expect_refused("run/x", AE_IFDIR, NULL, "not a regular file");
	expect_refused("run/manifest.json", AE_IFREG, NULL, "two members are named");
}

/* The size field of the only header says 8 GiB - 1 (all octal digits 7). */
static void impossible_sizes_are_refused(void **state)
{
	_cleanup_(erg_archive_freep) struct erg_archive *a = NULL;
	struct foreign *f = calloc(1, sizeof(*f));
	struct erg_err err = {0};
	unsigned int sum = 0;
	char out[65536];

	add_foreign(f, "run/manifest.json", AE_IFREG, NULL, "{}");
	memcpy(f->tar + 124, "77777777777", 11);
	memset(f->tar + 148, ' ', 8);
	for (int i = 0; i < 512; i++)
		sum += (unsigned char)f->tar[i];
	snprintf(f->tar + 148, 8, "%06o", sum);
	spew(run_path, out, add_frame(out, 0, sizeof(out), f));
	assert_int_equal(erg_archive_open(run_path, &a, &err), -EPERM);
	assert_non_null(strstr(err.msg, "claims 8589934591 bytes"));
	unlink(run_path);
	free(f);
}

static void what_is_no_archive_is_refused(void **state)
{
	struct erg_archive *a = NULL;
	struct erg_err err = {0};
	char noise[3000];

	fill(noise, sizeof(noise), 7);
	spew(run_path, noise, sizeof(noise));
	assert_int_equal(erg_archive_open(run_path, &a, &err), -EBADMSG);
	assert_non_null(strstr(err.msg, "run.erg: not an archive"));
	spew(run_path, "", 0);
	assert_int_equal(erg_archive_open(run_path, &a, &err), -ENODATA);
	unlink(run_path);
	assert_int_equal(erg_archive_open(run_path, &a, &err), -ENOENT);
	assert_int_equal(erg_archive_open(folder, &a, &err), -EINVAL);
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
		cmocka_unit_test(every_cut_yields_what_is_complete),
		cmocka_unit_test(every_flipped_bit_is_noticed),
		cmocka_unit_test(damage_is_read_around),
		cmocka_unit_test(members_are_unpacked_where_asked),
		cmocka_unit_test(hostile_members_are_refused),
		cmocka_unit_test(impossible_sizes_are_refused),
		cmocka_unit_test(what_is_no_archive_is_refused),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
