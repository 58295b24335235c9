/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names by number: in the order in which they were new. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "formats/base/numbered.h"

#define MANY 5000

static void names_have_the_number_of_their_first_time(void **state)
{
	static char text[MANY][8];
	struct erg_numbered names = {0};
	size_t at;

	(void)state;
	assert_false(erg_numbered_find(&names, "0", &at));
	for (int again = 0; again < 2; again++)
		for (size_t i = 0; i < MANY; i++) {
			snprintf(text[i], sizeof(text[i]), "%zu", i);
			assert_int_equal(erg_numbered_put(&names, text[i], &at), 0);
			assert_int_equal(at, i);
			assert_int_equal(names.n, again ? MANY : i + 1);
		}
	assert_true(erg_numbered_find(&names, "4999", &at));
	assert_int_equal(at, 4999);
	assert_false(erg_numbered_find(&names, "499 ", &at));
	assert_int_equal(erg_numbered_put(&names, "", &at), 0);
	assert_int_equal(at, MANY);
	erg_numbered_release(&names);
	assert_int_equal(names.n, 0);
	assert_false(erg_numbered_find(&names, "0", &at));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_have_the_number_of_their_first_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
