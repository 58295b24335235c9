/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Folders for unpacked chunks in places that all users share: only one's own, and never one in use. */
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "analyze/reader/scratch.h"
#include "formats/base/tree.h"
#include "formats/base/util.h"
#include "tests/unit/left_folders.h"

#define ROUNDS 300

static int setup(void **state)
{
	base_make("scratch");
	return 0;
}

static int teardown(void **state)
{
	unsetenv("TMPDIR");
	return erg_tree_remove(base);
}

static void one_in_use_stays_and_a_left_one_goes(void **state)
{
	struct erg_tempdir s = ERG_TEMPDIR_NONE;
	struct erg_err err = {0};
	char path[PATH_MAX];

	assert_int_equal(erg_scratch_make(1, &s, &err), 0);
	memcpy(path, s.path, sizeof(path));
	assert_int_equal(erg_scratch_sweep(getpid()), 1); /* held, as by a sibling in a container */
	assert_int_equal(access(path, F_OK), 0);
	close(s.lock); /* its holder died */
	assert_int_equal(erg_scratch_sweep(getpid()), 0);
	assert_int_equal(access(path, F_OK), -1);
}

static void what_was_made_is_removed(void **state)
{
	struct erg_tempdir s = ERG_TEMPDIR_NONE;
	struct erg_err err = {0};
	char path[PATH_MAX + 8];

	assert_int_equal(erg_scratch_make(1, &s, &err), 0);
	snprintf(path, sizeof(path), "%s/deep", s.path);
	assert_int_equal(mkdir(path, 0700), 0);
	erg_tempdir_remove(&s);
	assert_int_equal(access(path, F_OK), -1);
	assert_string_equal(s.path, "");
}

static void what_is_not_ours_stays(void **state)
{
	folder("precious", 0700);
	folder("erg-analyze-999999-open", 0755); /* no folder of mkdtemp() */
	assert_int_equal(symlink(in_base("precious"), in_base("erg-analyze-999999-link")), 0);
	close(open(in_base("erg-analyze-999999-file"), O_CREAT | O_WRONLY, 0600));
	folder("erg-analyze-999998-other", 0700);
	folder("erg-analyze-999999-mine", 0700);
	assert_int_equal(erg_scratch_sweep(999999), 0);
	assert_true(there("precious/kept") && there("erg-analyze-999999-open/kept"));
	assert_true(there("erg-analyze-999999-file") && there("erg-analyze-999998-other/kept"));
	assert_false(there("erg-analyze-999999-mine"));
}

static void another_users_stays_for_root_too(void **state)
{
	if (geteuid())
		skip();
	folder("erg-analyze-999999-planted", 0700);
	assert_int_equal(chown(in_base("erg-analyze-999999-planted"), 65534, 65534), 0);
	assert_int_equal(erg_scratch_sweep(999999), 0);
	assert_true(there("erg-analyze-999999-planted/kept"));
}

static void one_that_is_just_being_made_stays(void **state)
{
	folder("erg-analyze-999999-young", 0700);
	erg_scratch_sweep(0);
	assert_true(there("erg-analyze-999999-young/kept"));
}

/* What a link names is untouched. */
static void a_link_inside_is_removed_and_not_followed(void **state)
{
	folder("precious", 0700);
	folder("erg-analyze-999999-mine", 0700);
	assert_int_equal(symlink(in_base("precious"), in_base("erg-analyze-999999-mine/link")), 0);
	assert_int_equal(erg_scratch_sweep(999999), 0);
	assert_false(there("erg-analyze-999999-mine"));
	assert_true(there("precious/kept"));
}

/* Somebody exchanges a folder in one that is removed for a link to PRECIOUS, again and again; in the
 * loop that finds what goes by paths. */
static pid_t exchange_for_ever(void)
{
	const pid_t pid = fork();

	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		renameat2(AT_FDCWD, in_base("erg-analyze-999999-mine/deep"), AT_FDCWD,
			in_base("link"), RENAME_EXCHANGE);
}

static void one_that_is_swapped_all_the_time_leads_nowhere(void **state)
{
	pid_t pid;
	int status;

	folder("precious", 0700);
	assert_int_equal(symlink(in_base("precious"), in_base("link")), 0);
	pid = exchange_for_ever();
	assert_true(pid > 0);
	for (int i = 0; i < ROUNDS; i++) {
		folder("erg-analyze-999999-mine", 0700);
		folder("erg-analyze-999999-mine/deep", 0700);
		erg_scratch_sweep(999999);
		assert_true(there("precious/kept"));
		/* what the other has taken away or put back too late */
		while (there("erg-analyze-999999-mine"))
			erg_tree_remove(in_base("erg-analyze-999999-mine"));
		assert_int_equal(erg_tree_remove(in_base("link")), 0);
		assert_int_equal(symlink(in_base("precious"), in_base("link")), 0);
	}
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(there("precious/kept"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_in_use_stays_and_a_left_one_goes, setup,
			teardown),
		cmocka_unit_test_setup_teardown(what_was_made_is_removed, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_not_ours_stays, setup, teardown),
		cmocka_unit_test_setup_teardown(another_users_stays_for_root_too, setup, teardown),
		cmocka_unit_test_setup_teardown(one_that_is_just_being_made_stays, setup, teardown),
		cmocka_unit_test_setup_teardown(a_link_inside_is_removed_and_not_followed, setup,
			teardown),
		cmocka_unit_test_setup_teardown(one_that_is_swapped_all_the_time_leads_nowhere,
			setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
