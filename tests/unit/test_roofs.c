/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The kernels of the roofs do as much as they are said to do: a chain that multiplies by 0.999 and adds 0.001
 * comes near to 1 by 0.999 in each of its steps, which tells how many there were.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "record/calibrate/kernels.h"

#define CHAINS 8 /* of 8 floats; they begin with 0, 1, ... 7 */

static void operations_are_as_many_as_they_are_said_to_be(void **state)
{
	for (uint64_t times = 1; times <= 3; times++) {
		double steps = (double)times * ERG_KERNEL_MACS / (8 * CHAINS), want = 0;

		for (int k = 0; k < CHAINS; k++)
			want += 8 * (1 + (k - 1) * pow(0.999, steps));
		/* one step more or less of the first 1024 moves the sum by 0.06 */
		assert_true(fabs((double)erg_kernel_operations(times) - want) < 0.03);
	}
}

static void bytes_are_read_and_written_to_their_end(void **state)
{
	float a[67] = {0}, b[67], c[67];

	for (int i = 0; i < 67; i++) {
		b[i] = (float)i;
		c[i] = (float)(2 * i + 1);
	}
	erg_kernel_bytes(a, b, c, 66);
	for (int i = 0; i < 66; i++)
		assert_true(a[i] == (float)(7 * i + 3));
	assert_true(a[66] == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(operations_are_as_many_as_they_are_said_to_be),
		cmocka_unit_test(bytes_are_read_and_written_to_their_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
