/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Archives that are not whole: every complete member of a file that was cut at any byte, every
 * flipped bit noticed, hostile members refused.
 */
#include <errno.h>
#include <archive.h>
#include <archive_entry.h>
#include <zstd.h>

#include "tests/unit/archive_fixture.h"

static void every_cut_yields_what_is_complete(void **state)
{
	_cleanup_(erg_freep) char *whole = NULL;
	size_t len, before = 0;
	struct erg_err err = {0};

	write_archive(run_path, false);
	whole = slurp(run_path, &len);
	for (size_t cut = 0; cut < len; cut += cut < 1200 || cut + 1200 > len ? STEP : 97) {
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
	for (size_t at = 0; at < len; at += at < 1000 || at + 1500 > len ? STEP : 53) {
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
				 &used),
		ARCHIVE_OK);
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
		cmocka_unit_test(every_cut_yields_what_is_complete),
		cmocka_unit_test(every_flipped_bit_is_noticed),
		cmocka_unit_test(damage_is_read_around),
		cmocka_unit_test(hostile_members_are_refused),
		cmocka_unit_test(impossible_sizes_are_refused),
		cmocka_unit_test(what_is_no_archive_is_refused),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
