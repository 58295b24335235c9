/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the readings of a channel came to: means, times, counters that wrap and that are reset. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "formats/base/util.h"
#include "formats/figures.h"

#define S 1000000000u

static double number(const json_t *j, const char *key)
{
	assert_non_null(json_object_get(j, key));
	return json_number_value(json_object_get(j, key));
}

struct reading {
	unsigned int at_s;
	int64_t raw;
};

/* What N readings of the channel D come to. */
static json_t *figures_of(const struct erg_channel_def *d, enum erg_sensor_kind kind,
	const struct reading *readings, size_t n)
{
	struct erg_figures f = {0};

	for (size_t i = 0; i < n; i++)
		erg_figures_take(&f, d, readings[i].at_s * (uint64_t)S, readings[i].raw);
	return erg_figures_json(&f, d, kind);
}

/* 10, 20 and 60 in mW at 1, 2 and 4 s, with an offset of 1 W: mean 30 mW and 1 W. */
static void test_mean(void **state)
{
	const struct erg_channel_def d = {.rail = "VDD",
		.quantity = ERG_Q_POWER,
		.scale = 1e-3,
		.offset = 1};
	const struct reading readings[] = {{1, 10}, {2, 20}, {4, 60}};
	json_auto_t *j = figures_of(&d, ERG_SENSOR_POINT, readings, ERG_ARRAY_SIZE(readings));

	(void)state;
	assert_int_equal(json_integer_value(json_object_get(j, "readings")), 3);
	assert_int_equal(json_integer_value(json_object_get(j, "first_ns")), 1000000000);
	assert_int_equal(json_integer_value(json_object_get(j, "last_ns")), 4000000000);
	assert_float_equal(number(j, "mean"), 1.03, 1e-12);
	assert_float_equal(number(j, "mean_w"), 1.03, 1e-12);
	assert_string_equal(json_string_value(json_object_get(j, "unit")), "W");
}

/* Values near the end of what a double can tell apart differ by little: the mean keeps the difference. */
static void test_mean_of_large(void **state)
{
	const struct erg_channel_def d = {.quantity = ERG_Q_FREQUENCY, .scale = 1};
	const int64_t base = (int64_t)1 << 50;
	struct erg_figures f = {0};
	json_auto_t *j = NULL;
	double above;

	(void)state;
	for (int i = 0; i < 1000; i++)
		erg_figures_take(&f, &d, (uint64_t)i * S, base + i % 2);
	j = erg_figures_json(&f, &d, ERG_SENSOR_POINT);
	above = number(j, "mean") - (double)base; /* cmocka compares floats */
	assert_float_equal(above, 0.5, 1e-6);
	assert_null(json_object_get(j, "mean_w"));
}

/* A counter of 1 mJ up to 1 kJ: 3 J in each of three seconds, over its end. */
static void test_wrap(void **state)
{
	const struct erg_channel_def d = {.quantity = ERG_Q_ENERGY, .scale = 1e-3, .wrap = 1000000};
	const struct reading readings[] = {{1, 996000}, {2, 999000}, {3, 2000}, {4, 5000}};
	json_auto_t *j = figures_of(&d, ERG_SENSOR_COUNTER, readings, ERG_ARRAY_SIZE(readings));

	(void)state;
	assert_float_equal(number(j, "mean_w"), 3, 1e-9);
	assert_null(json_object_get(j, "mean"));
}

/* A counter that never wraps falls: 2 J in one second, a reset, 4 J in two. */
static void test_reset(void **state)
{
	const struct erg_channel_def d = {.quantity = ERG_Q_ENERGY, .scale = 1};
	const struct reading readings[] = {{1, 100}, {2, 102}, {3, 0}, {5, 4}};
	json_auto_t *j = figures_of(&d, ERG_SENSOR_COUNTER, readings, ERG_ARRAY_SIZE(readings));

	(void)state;
	assert_float_equal(number(j, "mean_w"), 2, 1e-9);
}

/* The clock of a device that goes back or stands still. */
static void test_time_goes_back(void **state)
{
	const struct erg_channel_def d = {.quantity = ERG_Q_ENERGY, .scale = 1};
	const struct reading readings[] = {{5, 10}, {4, 11}, {5, 12}};
	json_auto_t *j = figures_of(&d, ERG_SENSOR_COUNTER, readings, ERG_ARRAY_SIZE(readings));

	(void)state;
	assert_int_equal(json_integer_value(json_object_get(j, "readings")), 3);
	assert_int_equal(json_integer_value(json_object_get(j, "last_ns")), 5000000000);
	assert_null(json_object_get(j, "mean_w"));
}

/* 2 A at 5 V and 4 A at 10 V: 25 W, which no product of means is. */
static void test_current(void **state)
{
	const struct erg_channel_def d = {.quantity = ERG_Q_CURRENT, .scale = 1};
	struct erg_figures f = {0};
	json_auto_t *j = NULL;

	(void)state;
	erg_figures_take(&f, &d, 1, 2);
	erg_figures_take_watts(&f, 10);
	erg_figures_take(&f, &d, 2, 4);
	erg_figures_take_watts(&f, 40);
	j = erg_figures_json(&f, &d, ERG_SENSOR_POINT);
	assert_float_equal(number(j, "mean"), 3, 1e-12);
	assert_float_equal(number(j, "mean_w"), 25, 1e-12);
}

/* Means of speeds: rpm of one fan, the level of another. */
static void test_unit_of_speed(void **state)
{
	static const char *const units[] = {"rpm", "level"};
	const struct reading readings[] = {{1, 2400}, {2, 2500}};

	(void)state;
	for (size_t i = 0; i < ERG_ARRAY_SIZE(units); i++) {
		struct erg_channel_def d = {.quantity = ERG_Q_SPEED, .scale = 1};
		json_auto_t *j = NULL;

		strcpy(d.unit, units[i]);
		j = figures_of(&d, ERG_SENSOR_POINT, readings, ERG_ARRAY_SIZE(readings));
		assert_string_equal(json_string_value(json_object_get(j, "unit")), units[i]);
		assert_float_equal(number(j, "mean"), 2450, 1e-9);
	}
}

static void test_none(void **state)
{
	const struct erg_channel_def d = {.quantity = ERG_Q_POWER, .scale = 1};
	struct erg_figures f = {0};
	json_auto_t *j = erg_figures_json(&f, &d, ERG_SENSOR_POINT);

	(void)state;
	assert_int_equal(json_integer_value(json_object_get(j, "readings")), 0);
	assert_null(json_object_get(j, "mean"));
	assert_null(json_object_get(j, "first_ns"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mean),
		cmocka_unit_test(test_mean_of_large),
		cmocka_unit_test(test_wrap),
		cmocka_unit_test(test_reset),
		cmocka_unit_test(test_time_goes_back),
		cmocka_unit_test(test_current),
		cmocka_unit_test(test_unit_of_speed),
		cmocka_unit_test(test_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
