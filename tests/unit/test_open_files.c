/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The limit of open files: raised and given back, and what is left of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "formats/base/open_files.h"

static struct rlimit limit(void)
{
	struct rlimit l;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &l), 0);
	return l;
}

static void what_is_left_can_be_opened_and_no_more(void **state)
{
	const struct rlimit was = limit(), few = {40, was.rlim_max};
	size_t left, may;
	int fds[64], n = 0;

	(void)state;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	assert_int_equal(erg_open_files_of(getpid(), &left, &may), 0);
	assert_int_equal(may, 40);
	while ((fds[n] = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0)
		n++;
	assert_int_equal(n, left);
	assert_int_equal(erg_open_files_of(getpid(), &left, &may), -1);
	assert_int_equal(errno, EMFILE);
	close(fds[--n]);
	assert_int_equal(erg_open_files_of(getpid(), &left, &may), 0);
	assert_int_equal(left, 1);
	while (n > 0)
		close(fds[--n]);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
}

static void files_that_were_opened_before_it_was_lowered_take_none(void **state)
{
	const struct rlimit was = limit(), few = {40, was.rlim_max};
	int high = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 100);
	size_t left, with, may;

	(void)state;
	assert_true(high >= 100);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	assert_int_equal(erg_open_files_of(getpid(), &with, &may), 0);
	close(high);
	assert_int_equal(erg_open_files_of(getpid(), &left, &may), 0);
	assert_int_equal(left, with);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
}

static void numbers_near_the_limit_are_none_to_spare(void **state)
{
	const struct rlimit was = limit(), few = {100, was.rlim_max};

	(void)state;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	assert_true(erg_open_files_spare(3));
	assert_false(erg_open_files_spare(90));
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
}

static void a_path_is_found_among_the_open_ones(void **state)
{
	int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_int_equal(erg_open_files_like(getpid(), "/dev/zero"), 1);
	close(fd);
	assert_int_equal(erg_open_files_like(getpid(), "/dev/zero"), 0);
}

/* The last: what is raised is raised once. */
static void the_soft_limit_is_raised_and_given_back(void **state)
{
	const struct rlimit was = limit(), low = {50, was.rlim_max};

	(void)state;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	erg_open_files_restore(); /* nothing was raised */
	assert_int_equal(limit().rlim_cur, 50);
	erg_open_files_raise();
	assert_true(limit().rlim_cur > 50 || was.rlim_max <= 50);
	assert_int_equal(limit().rlim_max, was.rlim_max);
	erg_open_files_restore();
	assert_int_equal(limit().rlim_cur, 50);
	erg_open_files_raise();
	erg_open_files_raise();
	assert_true(limit().rlim_cur > 50 || was.rlim_max <= 50);
	erg_open_files_restore();
	assert_int_equal(limit().rlim_cur, 50);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_left_can_be_opened_and_no_more),
		cmocka_unit_test(files_that_were_opened_before_it_was_lowered_take_none),
		cmocka_unit_test(numbers_near_the_limit_are_none_to_spare),
		cmocka_unit_test(a_path_is_found_among_the_open_ones),
		cmocka_unit_test(the_soft_limit_is_raised_and_given_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
