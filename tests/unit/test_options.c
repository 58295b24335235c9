/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Command lines by tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "formats/base/options.h"
#include "formats/base/util.h"

struct inner {
	double share;
	uint64_t seed;
};

struct all {
	bool force;
	const char *out, *by;
	unsigned int jobs;
	int calls;
	struct inner inner;
};

static int take_call(void *into, const char *value, struct erg_err *err)
{
	struct all *a = into;

	if (strcmp(value, "yes"))
		return erg_fail(err, -1, "yes");
	a->calls++;
	return 0;
}

static int take_any(void *into, const char *value, struct erg_err *err)
{
	((struct all *)into)->calls++;
	return 0;
}

static const char *const bys[] = {"layer", "type", NULL};
static const struct erg_option own[] = {
	{"force", 'f', NULL, "replace it", ERG_OPTION_FLAG, offsetof(struct all, force)},
	{"output", 'o', "FILE", "where it goes", ERG_OPTION_TEXT, offsetof(struct all, out)},
	{"by", 0, "WHAT", "what a row is", ERG_OPTION_CHOICE, offsetof(struct all, by),
		.choices = bys},
	{"jobs", 'j', "N", "how many", ERG_OPTION_UNSIGNED, offsetof(struct all, jobs), 1, 1024},
	{"call", 0, "WORD", "yes", ERG_OPTION_CALL, .take = take_call},
	{"any", 0, "NAME", "any", ERG_OPTION_CALL, .take = take_any},
	{0},
};
static const struct erg_option shared[] = {
	{"limit", 0, "PCT", "of the interval", ERG_OPTION_NUMBER, offsetof(struct inner, share), 0,
		100, .01},
	{"seed", 0, "N", "of the bootstrap", ERG_OPTION_U64, offsetof(struct inner, seed), 0,
		1.8446744073709550e19},
	{0},
};
static const struct erg_option_group groups[] = {
	{NULL, own, 0, false},
	{"Of every verb", shared, offsetof(struct all, inner), true},
	{0},
};
static const struct erg_command command = {.program = "prog",
	.verb = "verb",
	.synopsis = "[options] FILE",
	.about = "Does what it says.",
	.groups = groups};

/* Parses the words of LINE; what was said on stderr and stdout is in said. */
static char said[4096];
static int parse(const struct erg_command *c, const char *line, struct all *a, int *first,
	char **argv)
{
	static char words[512];
	char *save = NULL;
	FILE *f = tmpfile();
	int argc = 0, r, err = dup(2), out = dup(1);
	size_t n;

	snprintf(words, sizeof(words), "verb %s", line);
	for (char *w = strtok_r(words, " ", &save); w; w = strtok_r(NULL, " ", &save))
		argv[argc++] = w;
	argv[argc] = NULL;
	fflush(NULL);
	dup2(fileno(f), 2);
	dup2(fileno(f), 1);
	r = erg_options_parse(c, argc, argv, a, first);
	fflush(NULL);
	dup2(err, 2);
	dup2(out, 1);
	close(err);
	close(out);
	rewind(f);
	n = fread(said, 1, sizeof(said) - 1, f);
	said[n] = '\0';
	fclose(f);
	return r;
}

static void values_go_where_the_rows_say(void **state)
{
	struct all a = {0};
	char *argv[32];
	int first;

	assert_int_equal(
		parse(&command,
			"-f one --output=x.erg --by type -j 7 --limit 5 --seed 18446744073709549568 --call yes "
			"--call yes two",
			&a, &first, argv),
		0);
	assert_true(a.force);
	assert_string_equal(a.out, "x.erg");
	assert_string_equal(a.by, "type");
	assert_int_equal(a.jobs, 7);
	assert_int_equal(a.calls, 2);
	assert_true(a.inner.share == 5 * .01);
	assert_true(a.inner.seed == 18446744073709549568u);
	assert_string_equal(argv[first], "one");
	assert_string_equal(argv[first + 1], "two");
	assert_null(argv[first + 2]);
}

static void wrong_values_are_named_with_what_was_expected(void **state)
{
	static const char *const cases[][2] = {
		{"--by layers", "prog verb: --by 'layers': expected one of layer, type"},
		{"-j 0", "--jobs '0': expected a whole number from 1 to 1024"},
		{"-j 1.5", "--jobs '1.5': expected a whole number from 1 to 1024"},
		{"-j -1", "--jobs '-1': expected a whole number from 1 to 1024"},
		{"--limit nan", "--limit 'nan': expected a number from 0 to 100"},
		{"--limit 100.5", "--limit '100.5': expected a number from 0 to 100"},
		{"--seed -3", "--seed '-3': expected a whole number"},
		{"--call no", "--call 'no': expected yes"},
		{"--output", "--output: expected FILE"},
		{"--output=", "--output '': expected FILE"},
		{"--any=", "--any '': expected NAME"},
		{"--limit=", "--limit '': expected a number from 0 to 100"},
		{"--limit 0x10", "--limit '0x10': expected a number from 0 to 100"},
		{"--limit 1e400", "--limit '1e400': expected a number from 0 to 100"},
		{"-o", "--output: expected FILE"},
		{"--limti 3", "there is no option --limti; did you mean --limit?"},
		{"--xyzzy", "there is no option --xyzzy ("},
		{"-q", "there is no option -q ("},
	};
	char *argv[32];
	int first;

	for (size_t i = 0; i < ERG_ARRAY_SIZE(cases); i++) {
		struct all a = {0};

		assert_int_equal(parse(&command, cases[i][0], &a, &first, argv), 2);
		if (!strstr(said, cases[i][1]))
			fail_msg("%s: said '%s', expected '%s'", cases[i][0], said, cases[i][1]);
		assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1); /* one line */
	}
}

static void help_has_every_option_and_the_short_one_names_what_is_shared(void **state)
{
	struct all a = {0};
	char *argv[32];
	int first;

	assert_int_equal(parse(&command, "--help", &a, &first, argv), 1);
	for (const struct erg_option *o = own; o->name; o++)
		assert_non_null(strstr(said, o->name));
	assert_non_null(strstr(said, "      --limit PCT"));
	assert_non_null(strstr(said, "Usage: prog verb [options] FILE\n"));
	assert_int_equal(parse(&command, "-h", &a, &first, argv), 1);
	assert_null(strstr(said, "--limit"));
	assert_non_null(strstr(said, "Of every verb: see --help"));
	assert_int_equal(parse(&command, "--version", &a, &first, argv), 1);
	assert_string_equal(said, "prog " ERG_VERSION "\n");
}

static void what_follows_is_anothers_where_options_stop(void **state)
{
	struct erg_command stops = command;
	struct all a = {0};
	char *argv[32];
	int first;

	stops.stops = true;
	assert_int_equal(parse(&stops, "-f ./infer --by nothing", &a, &first, argv), 0);
	assert_string_equal(argv[first], "./infer");
	assert_string_equal(argv[first + 1], "--by");
	assert_null(a.by);
	assert_int_equal(parse(&stops, "-f -- -o x", &a, &first, argv), 0);
	assert_string_equal(argv[first], "-o");
	assert_int_equal(parse(&stops, "--no-pager -f ./infer --no-pager", &a, &first, argv), 0);
	assert_string_equal(argv[first + 1], "--no-pager");
}

static void a_near_word_is_found_and_a_far_one_is_not(void **state)
{
	static const char *const verbs[] = {"run", "record", "sources", "sweep", "restore", NULL};

	assert_string_equal(erg_options_nearest("recrod", verbs), "record");
	assert_string_equal(erg_options_nearest("swep", verbs), "sweep");
	assert_string_equal(erg_options_nearest("surces", verbs), "sources");
	assert_null(erg_options_nearest("python3", verbs));
	assert_null(erg_options_nearest("ls", verbs));
	assert_string_equal(erg_options_nearest("souce", verbs), "sources");
	/* two of four letters are others */
	assert_null(erg_options_nearest("nope", (const char *const[]){"top", NULL}));
	assert_string_equal(erg_options_nearest("ru", (const char *const[]){"top", "run", NULL}),
		"run");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_go_where_the_rows_say),
		cmocka_unit_test(wrong_values_are_named_with_what_was_expected),
		cmocka_unit_test(help_has_every_option_and_the_short_one_names_what_is_shared),
		cmocka_unit_test(what_follows_is_anothers_where_options_stop),
		cmocka_unit_test(a_near_word_is_found_and_a_far_one_is_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
