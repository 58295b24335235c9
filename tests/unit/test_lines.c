/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lines of text files: encodings, ends, what is cut, cells, the digest of what was read. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "formats/base/util.h"
#include "formats/lines.h"

static struct erg_lines *open_text(const void *text, size_t len)
{
	char path[] = "/tmp/erg-test-lines-XXXXXX";
	struct erg_lines *l = NULL;
	struct erg_err err = {0};
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), len);
	close(fd);
	if (erg_lines_open(path, &l, &err) < 0)
		fail_msg("%s", err.msg);
	unlink(path);
	return l;
}

static void expect(struct erg_lines *l, size_t number, const char *text)
{
	struct erg_err err = {0};
	char *line;

	assert_int_equal(erg_lines_next(l, &line, &err), 1);
	assert_string_equal(line, text);
	assert_int_equal(erg_lines_number(l), number);
}

static void expect_end(struct erg_lines *l)
{
	struct erg_err err = {0};
	char *line;

	assert_int_equal(erg_lines_next(l, &line, &err), 0);
	erg_lines_free(l);
}

static void lines_of_every_encoding(void **state)
{
	static const char utf8[] = "\xef\xbb\xbf"
				   "a\r\n\r\n  \nb\n";
	static const char le[] = "\xff\xfe"
				 "a\0\r\0\n\0\r\0\n\0 \0\n\0b\0\n";
	static const char be[] = "\xfe\xff\0a\0\n\0\n\0\n\0b\0\n";
	struct erg_lines *l = open_text(utf8, sizeof(utf8) - 1);

	expect(l, 1, "a");
	expect(l, 4, "b");
	assert_false(erg_lines_cut(l));
	expect_end(l);
	l = open_text(le, sizeof(le)); /* with the zero of the last line end */
	expect(l, 1, "a");
	expect(l, 4, "b");
	expect_end(l);
	l = open_text(be, sizeof(be) - 1);
	expect(l, 1, "a");
	expect(l, 4, "b");
	expect_end(l);
	/* without a mark, as some redirections write it; and a micro sign */
	l = open_text("a\0b\0\xb5\0W\0\n\0", 10);
	expect(l, 1, "ab\xc2\xb5W");
	expect_end(l);
}

static void a_line_without_an_end_is_told(void **state)
{
	struct erg_lines *l = open_text("1\n2", 3);

	expect(l, 1, "1");
	assert_false(erg_lines_cut(l));
	expect(l, 2, "2");
	assert_true(erg_lines_cut(l));
	expect_end(l);
	expect_end(open_text("", 0));
	expect_end(open_text(" \n\n", 3));
	l = open_text("1\0"
		      "2\n",
		4);
	expect(l, 1, "1?2");
	expect_end(l);
}

static void long_lines_and_longer_ones(void **state)
{
	const size_t n = 700000;
	_cleanup_(erg_freep) char *text = malloc(2 * n + 2);
	struct erg_err err = {0};
	struct erg_lines *l;
	char *line;

	memset(text, 'x', 2 * n + 2);
	text[n] = '\n';
	l = open_text(text, 2 * n + 2);
	assert_int_equal(erg_lines_next(l, &line, &err), 1);
	assert_int_equal(strlen(line), n);
	assert_int_equal(erg_lines_next(l, &line, &err), 1);
	assert_int_equal(strlen(line), n + 1);
	erg_lines_free(l);
	memset(text, 'x', 2 * n + 2);
	l = open_text(text, 2 * n + 2);
	assert_int_equal(erg_lines_next(l, &line, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "line 1"));
	erg_lines_free(l);
}

/* As sha256sum(1) gives it for "a\nb\n", also when not all was read. */
static void the_digest_is_of_all_bytes(void **state)
{
	char hex[ERG_INPUT_SHA256_SIZE];
	struct erg_err err = {0};
	struct erg_lines *l = open_text("a\nb\n", 4);

	expect(l, 1, "a");
	assert_int_equal(erg_lines_sha256(l, hex, &err), 0);
	assert_string_equal(hex,
		"911169ddaaf146aff539f58c26c489af3b892dff0fe283c1c264c65ae5aa59a2");
	erg_lines_free(l);
}

static void cells_are_split_in_place(void **state)
{
	char a[] = " time_s , \"a \"\"b\"\", c\" ,,x y\t", b[] = "1;;\"2", c[] = "1\t 2 \t",
	     d[] = "";
	char *cells[4];

	assert_int_equal(erg_lines_split(a, ',', cells, 4), 4);
	assert_string_equal(cells[0], "time_s");
	assert_string_equal(cells[1], "a \"b\", c");
	assert_string_equal(cells[2], "");
	assert_string_equal(cells[3], "x y");
	assert_int_equal(erg_lines_split(b, ';', cells, 4), 0);
	assert_int_equal(erg_lines_split(c, '\t', cells, 2), 3);
	assert_string_equal(cells[1], "2");
	assert_int_equal(erg_lines_split(d, ',', cells, 4), 1);
	assert_string_equal(cells[0], "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_of_every_encoding),
		cmocka_unit_test(a_line_without_an_end_is_told),
		cmocka_unit_test(long_lines_and_longer_ones),
		cmocka_unit_test(the_digest_is_of_all_bytes),
		cmocka_unit_test(cells_are_split_in_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
