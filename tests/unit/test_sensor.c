/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The sensor vocabulary: every enum value has a name that parses back to it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "formats/sensor.h"

static void names_round_trip(void **state)
{
	for (int i = 0; i <= ERG_SENSOR_COUNTER; i++)
		assert_int_equal(erg_sensor_kind_parse(erg_sensor_kind_name(i)), i);
	for (int i = 0; i <= ERG_PROVENANCE_MEASURED; i++)
		assert_int_equal(erg_provenance_parse(erg_provenance_name(i)), i);
	for (int i = 0; i < ERG_Q_N; i++)
		assert_int_equal(erg_quantity_parse(erg_quantity_name(i)), i);
	for (int i = 0; i < ERG_CLASS_N; i++)
		assert_int_equal(erg_source_class_parse(erg_source_class_name(i)), i);
	assert_int_equal(erg_quantity_parse("joules"), -1);
	assert_string_equal(erg_quantity_name(ERG_Q_N), "?");
}

static void units_give_quantity_and_scale(void **state)
{
	enum erg_quantity q;
	double scale;

	assert_true(erg_unit_parse("mW", &q, &scale));
	assert_int_equal(q, ERG_Q_POWER);
	assert_true(scale == 1e-3);
	assert_true(erg_unit_parse("%", &q, &scale));
	assert_int_equal(q, ERG_Q_UTILIZATION);
	assert_true(scale == 1e-2);
	assert_false(erg_unit_parse("mw", &q, &scale));
	assert_false(erg_unit_parse("", &q, &scale));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_round_trip),
		cmocka_unit_test(units_give_quantity_and_scale),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
