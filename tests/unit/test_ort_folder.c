/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Folders of profiles in a place that all users share: only one's own are removed, and never one in use. */
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "formats/base/tree.h"
#include "tests/unit/left_folders.h"
#include "tracepoints/adapters/onnxruntime/folder.h"

/* The process looks for what others left once, so all of it is in one test. */
static void what_others_left_is_removed_and_no_more(void **state)
{
	struct erg_ort_folder f;
	int held;

	base_make("ort");
	folder("precious", 0700);
	assert_int_equal(symlink(in_base("precious"), in_base(ERG_ORT_FOLDER "999999-link")), 0);
	folder(ERG_ORT_FOLDER "999999-open", 0755); /* no folder of mkdtemp() */
	folder(ERG_ORT_FOLDER "999999-left", 0700);
	folder(ERG_ORT_FOLDER "999999-planted", 0700);
	if (geteuid() == 0)
		assert_int_equal(chown(in_base(ERG_ORT_FOLDER "999999-planted"), 65534, 65534), 0);
	/* of a process of another container, where no process here has its number */
	held = folder_open(ERG_ORT_FOLDER "999999-held", 0700);
	assert_int_equal(flock(held, LOCK_SH), 0);

	erg_ort_folder_make(&f);
	assert_true(f.lock >= 0);
	assert_true(there("precious/kept"));
	assert_true(there(ERG_ORT_FOLDER "999999-open/kept"));
	assert_true(there(ERG_ORT_FOLDER "999999-held/kept"));
	assert_int_equal(there(ERG_ORT_FOLDER "999999-planted/kept"), geteuid() == 0);
	assert_false(there(ERG_ORT_FOLDER "999999-left"));
	close(held);
	erg_ort_folder_remove(&f);
	unsetenv("TMPDIR");
	assert_int_equal(erg_tree_remove(base), 0);
}

static void the_file_is_taken_and_nothing_is_left(void **state)
{
	struct erg_ort_folder f;
	char path[PATH_MAX + 16], text[8] = "";
	FILE *got;
	int other;

	base_make("ort");
	erg_ort_folder_make(&f);
	assert_true(f.lock >= 0);
	/* nobody gets the lock for removing it */
	snprintf(path, sizeof(path), "%.*s", (int)(strrchr(f.prefix, '/') - f.prefix), f.prefix);
	other = open(path, O_RDONLY | O_DIRECTORY);
	assert_true(other >= 0);
	assert_int_equal(flock(other, LOCK_EX | LOCK_NB), -1);
	close(other);
	snprintf(path, sizeof(path), "%s_1.json", f.prefix);
	got = fopen(path, "w");
	assert_non_null(got);
	fputs("text", got);
	fclose(got);
	got = erg_ort_folder_take(&f);
	assert_non_null(got);
	assert_non_null(fgets(text, sizeof(text), got));
	assert_string_equal(text, "text");
	fclose(got);
	assert_int_equal(f.lock, -1);
	unsetenv("TMPDIR");
	assert_int_equal(rmdir(base), 0); /* it is empty */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_others_left_is_removed_and_no_more),
		cmocka_unit_test(the_file_is_taken_and_nothing_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
