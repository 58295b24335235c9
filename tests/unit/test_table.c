/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tables to import: what is accepted, what is refused and with which words, exact numbers. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "formats/table.h"
#include "formats/base/util.h"

static int read_text(const char *text, size_t len, struct erg_table **ret, struct erg_err *err)
{
	char path[] = "/tmp/erg-test-table-XXXXXX";
	int fd = mkstemp(path), r;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), len);
	close(fd);
	r = erg_table_read(path, ret, err);
	unlink(path);
	return r;
}

static struct erg_table *table(const char *text)
{
	struct erg_table *t = NULL;
	struct erg_err err = {0};

	if (read_text(text, strlen(text), &t, &err) < 0)
		fail_msg("%s", err.msg);
	return t;
}

static void expect_failure(const char *text, int code, const char *words)
{
	struct erg_table *t = NULL;
	struct erg_err err = {0};

	assert_int_equal(read_text(text, strlen(text), &t, &err), code);
	if (!strstr(err.msg, words))
		fail_msg("'%s' lacks '%s'", err.msg, words);
}

static void cells_are_found(void **state)
{
	struct erg_table *t = table("\xef\xbb\xbf\r\ntime_s, VDD [mW] ,\"a \"\"b\"\", c\"\r\n"
				    "1.5,2,\"x,\ny\"\r\n\r\n  2 ,,z");

	assert_int_equal(erg_table_columns(t), 3);
	assert_string_equal(erg_table_column_name(t, 1), "VDD [mW]");
	assert_string_equal(erg_table_column_name(t, 2), "a \"b\", c");
	assert_int_equal(erg_table_rows(t), 2);
	assert_string_equal(erg_table_cell(t, 0, 2), "x,\ny");
	assert_string_equal(erg_table_cell(t, 1, 0), "2");
	assert_string_equal(erg_table_cell(t, 1, 1), "");
	assert_string_equal(erg_table_cell(t, 1, 2), "z");
	assert_int_equal(erg_table_line(t, 0), 3);
	assert_int_equal(erg_table_line(t, 1), 6);
	assert_int_equal(erg_table_find(t, "VDD [mW]", NULL), 1);
	erg_table_free(t);
}

static void many_rows_keep_their_lines(void **state)
{
	char *text = malloc(1000000);
	size_t len = (size_t)sprintf(text, "a,b\n");
	struct erg_table *t;

	for (int i = 0; i < 50000; i++)
		len += (size_t)sprintf(text + len, "%s%d,%d\n", i == 40000 ? "\n" : "", i, 2 * i);
	t = table(text);
	assert_int_equal(erg_table_rows(t), 50000);
	for (size_t i = 0; i < 50000; i++) {
		double v;

		assert_int_equal(erg_table_line(t, i), i + 2 + (i >= 40000));
		assert_int_equal(erg_table_number(t, i, 1, &v, NULL), 0);
		assert_true(v == 2.0 * (double)i);
	}
	erg_table_free(t);
	free(text);
}

static void numbers_are_those_of_strtod(void **state)
{
	static const char *const cells[] = {"0", "-0.0", "1", "3.14159", "1e22",
		"123456789012345e22", "0.1", "1.7976931348623157e308", "5e-324", "9007199254740993",
		"+2.50", ".5", "5.", "1234567890.123456789", "-1e-7", "4.35", "0.000001"};

	for (size_t i = 0; i < ERG_ARRAY_SIZE(cells); i++) {
		char text[64];
		struct erg_table *t;
		double v;

		snprintf(text, sizeof(text), "x\n%s\n", cells[i]);
		t = table(text);
		assert_int_equal(erg_table_number(t, 0, 0, &v, NULL), 0);
		assert_true(v == strtod(cells[i], NULL));
		erg_table_free(t);
	}
}

static void what_is_no_number_is_refused(void **state)
{
	static const char *const cells[] = {"-", "nan", "inf", "0x10", "1,5", "1e", "1e999", ".",
		"1 2", "--1", "1.2.3", "5W"};

	for (size_t i = 0; i < ERG_ARRAY_SIZE(cells); i++) {
		struct erg_err err = {0};
		struct erg_table *t;
		char text[64];
		double v;

		snprintf(text, sizeof(text), "power [W]\n\"%s\"\n", cells[i]);
		t = table(text);
		assert_int_equal(erg_table_number(t, 0, 0, &v, &err), -EINVAL);
		assert_non_null(strstr(err.msg, "line 2, column 'power [W]'"));
		erg_table_free(t);
	}
}

static void scaling_is_exact(void **state)
{
	static const struct {
		const char *cell;
		int decimals;
		int64_t want;
	} cases[] = {{"12.3456789", 9, 12345678900},
		{"1700000000.123456789", 9, 1700000000123456789}, {"0.0000000005", 9, 1},
		{"0.00000000049", 9, 0}, {"-1.5", 0, -2}, {"1.5e3", 0, 1500}, {"25e-1", 1, 25},
		{"0.1e-3", 9, 100000}, {"42", 9, 42000000000},
		{"9223372036854775807", 0, INT64_MAX}, {"0", 18, 0}, {"1e-100", 9, 0}};
	struct erg_table *t;
	int64_t v;

	for (size_t i = 0; i < ERG_ARRAY_SIZE(cases); i++) {
		char text[64];

		snprintf(text, sizeof(text), "x\n%s\n", cases[i].cell);
		t = table(text);
		assert_int_equal(erg_table_scaled(t, 0, 0, cases[i].decimals, &v, NULL), 0);
		assert_int_equal(v, cases[i].want);
		erg_table_free(t);
	}
	t = table("x\n9223372036854775808\n1e30\nabc\n");
	assert_int_equal(erg_table_scaled(t, 0, 0, 0, &v, NULL), -ERANGE);
	assert_int_equal(erg_table_scaled(t, 1, 0, 0, &v, NULL), -ERANGE);
	assert_int_equal(erg_table_scaled(t, 2, 0, 0, &v, NULL), -EINVAL);
	erg_table_free(t);
}

static void bad_tables_are_refused_with_the_line(void **state)
{
	struct erg_table *t = NULL;
	struct erg_err err = {0};

	expect_failure("", -ENODATA, "empty");
	expect_failure("\n\n", -ENODATA, "empty");
	expect_failure("a,b\n1,2\n3\n", -EINVAL, "line 3: 1 cells");
	expect_failure("a,b\n1,2,3\n", -EINVAL, "line 2: 3 cells");
	expect_failure("a,b\n1,\"2\n", -EINVAL, "line 2: a quote is not closed");
	expect_failure("a,b\n\"1\"x,2\n", -EINVAL, "line 2: text behind");
	expect_failure("a,b,a\n", -EINVAL, "two columns are named 'a'");
	expect_failure("x,a,b,b,a,,\n", -EINVAL, "two columns are named 'b'"); /* the first */
	assert_int_equal(read_text("a\0b\n", 4, &t, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "NUL"));
	assert_int_equal(erg_table_read("/nonexistent.csv", &t, &err), -ENOENT);
	t = table("a,b\n");
	assert_int_equal(erg_table_find(t, "c", &err), -ENOENT);
	assert_non_null(strstr(err.msg, "no column 'c'; there are: a, b"));
	assert_int_equal(erg_table_rows(t), 0);
	erg_table_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cells_are_found),
		cmocka_unit_test(many_rows_keep_their_lines),
		cmocka_unit_test(numbers_are_those_of_strtod),
		cmocka_unit_test(what_is_no_number_is_refused),
		cmocka_unit_test(scaling_is_exact),
		cmocka_unit_test(bad_tables_are_refused_with_the_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
