/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Archives that are opened without memory for a text; linked with --wrap=strdup. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "formats/base/memory.h"
#include "tests/unit/archive_fixture.h"

static const char *refused; /* texts that have this in them are not copied; NULL: all are */

char *__real_strdup(const char *s);
char *__wrap_strdup(const char *s);

char *__wrap_strdup(const char *s)
{
	return refused && strstr(s, refused) ? NULL : __real_strdup(s);
}

/* First: memory that was short once is so for ever. */
static void damage_that_cannot_be_kept_is_known_to_be_missing(void **state)
{
	_cleanup_(erg_freep) char *whole = NULL;
	_cleanup_(erg_archive_freep) struct erg_archive *a = NULL;
	struct erg_err err = {0};
	size_t len;

	write_archive(run_path, true);
	whole = slurp(run_path, &len);
	spew(run_path, whole, len - 200);
	assert_false(erg_memory_starved());
	refused = ".erg: "; /* what a finding begins with */
	assert_int_equal(erg_archive_open(run_path, &a, &err), 0);
	refused = NULL;
	assert_null(erg_archive_damage(a));
	assert_true(erg_memory_starved());
}

static void standard_input_stays_open(void **state)
{
	struct erg_archive *a = NULL;
	struct erg_err err = {0};
	int null = open("/dev/null", O_RDONLY);

	assert_true(null >= 0 && dup2(null, STDIN_FILENO) == STDIN_FILENO);
	refused = run_path;
	assert_int_equal(erg_archive_open(run_path, &a, &err), -ENOMEM);
	refused = NULL;
	assert_true(fcntl(STDIN_FILENO, F_GETFD) >= 0);
	close(null);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(damage_that_cannot_be_kept_is_known_to_be_missing),
		cmocka_unit_test(standard_input_stays_open),
	};

	erg_memory_watch();
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
