/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Text for people: numbers, tables that fit, names that cannot play the terminal. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "analyze/render/table.h"
#include "formats/base/terminal.h"
#include "formats/base/terminal_json.h"
#include "formats/base/util.h"

static void test_numbers_for_people(void **state)
{
	struct erg_est e = {0.0123456, 0.0119, 0.0127, 0, 0, "direct"};
	struct erg_est none = ERG_EST_UNRESOLVED;
	char buf[64];

	assert_string_equal(erg_text_si(buf, sizeof(buf), 0.0123456, "J"), "12.35 mJ");
	assert_string_equal(erg_text_si(buf, sizeof(buf), 1234567, "Hz"), "1.235 MHz");
	assert_string_equal(erg_text_si(buf, sizeof(buf), 0, "s"), "0 s");
	assert_string_equal(erg_text_si(buf, sizeof(buf), __builtin_nan(""), "s"), "-");
	assert_string_equal(erg_text_est(buf, sizeof(buf), &e, "J"), "12.35 ±0.40 mJ");
	assert_string_equal(erg_text_est(buf, sizeof(buf), &none, "J"), "unresolved");
	assert_string_equal(erg_text_percent(buf, sizeof(buf), 0.123), "12.3 %");
	/* ratios and units that stand apart have no prefix */
	assert_string_equal(erg_text_si(buf, sizeof(buf), 1234.5, ""), "1234");
	assert_string_equal(erg_text_si(buf, sizeof(buf), 0.00125, ""), "0.001250");
	e = (struct erg_est){0, -2, 2, 0, 0, "direct"};
	assert_string_equal(erg_text_est(buf, sizeof(buf), &e, " ppm"), "0 ±2 ppm");
	/* never ±0 of what is not, and no prefix that only the smaller of the two has */
	e = (struct erg_est){5, 5 - 1e-8, 5 + 1e-8, 0, 0, "direct"};
	assert_string_equal(erg_text_est(buf, sizeof(buf), &e, "J"), "5.000 J");
	e = (struct erg_est){-2e-6, -2e-6 - .04, -2e-6 + .04, 0, 0, "direct"};
	assert_string_equal(erg_text_est(buf, sizeof(buf), &e, "s"), "0 ±40 ms");
}

static void test_table_fits_its_width(void **state)
{
	_cleanup_(erg_rtable_freep) struct erg_rtable *t = erg_rtable_new();
	_cleanup_(erg_freep) char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	erg_rtable_column(t, "layer", ERG_COL_SHRINK);
	erg_rtable_column(t, "energy", ERG_COL_RIGHT);
	erg_rtable_column(t, "", ERG_COL_BAR);
	erg_rtable_cell(t, "%s", "a/name/that is much longer than the terminal is wide");
	erg_rtable_cell(t, "%s", "1 µJ");
	erg_rtable_bar(t, 0.5);
	assert_int_equal(erg_rtable_print(t, out, 40, NULL), 0);
	fclose(out);
	assert_non_null(strstr(text, "a/name/that"));
	assert_non_null(strstr(text, "…"));
	for (const char *p = text; *p;) {
		size_t width = 0;

		for (; *p && *p != '\n'; p++)
			width += ((unsigned char)*p & 0xc0) != 0x80;
		assert_true(width <= 40);
		p += *p == '\n';
	}
}

/* A column that may go goes; what is wide is counted as wide. */
static void test_table_leaves_out(void **state)
{
	_cleanup_(erg_rtable_freep) struct erg_rtable *t = erg_rtable_new();
	_cleanup_(erg_freep) char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	erg_rtable_column(t, "layer", ERG_COL_SHRINK);
	erg_rtable_column(t, "energy", ERG_COL_RIGHT);
	erg_rtable_column(t, "share", ERG_COL_RIGHT | ERG_COL_DROP);
	erg_rtable_cell(t, "%s", "畳み込み");
	erg_rtable_cell(t, "%s", "1 µJ");
	erg_rtable_cell(t, "%s", "3 %");
	assert_int_equal(erg_rtable_print(t, out, 20, NULL), 0);
	fclose(out);
	assert_string_equal(text,
		"layer     energy\n畳み込み    1 µJ\n"
		"not shown for lack\n  of width: share\n");
}

static void test_names_without_control_characters(void **state)
{
	json_auto_t *doc = json_pack("{s:[s], s:i}", "a\033", "x\ny\xc2\x9bz é", "n", 1);
	json_auto_t *want = json_pack("{s:[s], s:i}", "a?", "x?y??z é", "n", 1);
	json_auto_t *got = erg_terminal_json(doc);

	assert_true(json_equal(got, want));
}

/* Sequences of escape, with and without UTF-8, and what turns the direction of writing. */
static void test_bytes_that_a_terminal_obeys(void **state)
{
	static const struct {
		const char *from, *to;
	} cases[] = {
		{"plain \xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80",
			"plain \xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"},
		{"\x1b[31m\a\n\t\x7f", "?[31m????"},
		{"\x9b"
		 "31m",
			"?31m"}, /* no UTF-8: a terminal may take the byte for ESC [ */
		{"\xc2\x9b"
		 "31m",
			"??31m"},
		{"\xc3", "?"},
		{"\xe2\x82", "??"},
		{"\xc0\x9b\xe0\x80\x9b", "?????"}, /* longer than it needs to be */
		{"\xed\xa0\x80", "???"},           /* half a surrogate pair */
		{"gpj.\xe2\x80\xae"
		 "exe",
			"gpj.???exe"},
		{"\xe2\x81\xa6x\xe2\x80\xa8", "???x???"},
	};

	for (size_t i = 0; i < ERG_ARRAY_SIZE(cases); i++) {
		_cleanup_(erg_freep) char *got = erg_terminal_copy(cases[i].from);

		assert_string_equal(got, cases[i].to);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers_for_people),
		cmocka_unit_test(test_table_fits_its_width),
		cmocka_unit_test(test_table_leaves_out),
		cmocka_unit_test(test_names_without_control_characters),
		cmocka_unit_test(test_bytes_that_a_terminal_obeys),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
