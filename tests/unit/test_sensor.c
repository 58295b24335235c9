/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The sensor vocabulary: every enum value has a name that parses back to it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
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
	assert_true(erg_unit_parse("mWh", &q, &scale));
	assert_int_equal(q, ERG_Q_ENERGY);
	assert_true(scale == 3.6);
	assert_true(erg_unit_parse("\xc2\xb5W", &q, &scale));
	assert_true(q == ERG_Q_POWER && scale == 1e-6);
}

static int count_words(void *data, const struct erg_sensor_word *word, const char *as_written,
	struct erg_err *err)
{
	*(int *)data += word->key == ERG_SENSOR_KEY_LAG;
	return 0;
}

static void words_are_parsed_and_bounded(void **state)
{
	static const char *const bad[] = {"window_s=1e15", "window_s=-1", "window_ns=1e16",
		"alpha=0", "alpha=1.5", "kind=round", "kind", "lag_s=x", "window=1", "colour=red",
		"provenance=guess", "gain_max=2", "lag_s=1e7", "=1"};
	struct erg_sensor_word w;
	struct erg_err err;
	int n = 0;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		err = (struct erg_err){0};
		if (erg_sensor_word_parse(bad[i], &w, &err) != -22 || !strstr(err.msg, bad[i]))
			fail_msg("%s: '%s'", bad[i], err.msg);
	}
	assert_int_equal(erg_sensor_word_parse("pkg:0:lag_s=-0.005", &w, &err), 0);
	assert_true(w.for_rail && w.key == ERG_SENSOR_KEY_LAG && w.number == -5e6);
	assert_string_equal(w.rail, "pkg:0");
	assert_int_equal(erg_sensor_word_parse("window_ns=5000000", &w, &err), 0);
	assert_true(!w.for_rail && w.key == ERG_SENSOR_KEY_WINDOW && w.number == 5e6);
	assert_int_equal(erg_sensor_words("kind=ema, alpha=0.5 lag_s=1", count_words, &n, &err), 0);
	assert_int_equal(n, 1);
	for (int i = 0; i < ERG_SENSOR_KEYS; i++)
		assert_non_null(erg_sensor_key_name((enum erg_sensor_key)i));
}

/* MODEL after WORDS; the result of completing it. */
static int told(struct erg_sensor_model *model, const char *const *words, struct erg_err *err)
{
	struct erg_sensor_given given = {0};
	struct erg_sensor_word w;

	for (; *words; words++) {
		assert_int_equal(erg_sensor_word_parse(*words, &w, err), 0);
		assert_true(erg_sensor_word_set_model(&w, model, &given));
	}
	return erg_sensor_model_complete(model, &given, "P", err);
}

static void what_contradicts_itself_is_refused(void **state)
{
	struct erg_sensor_model m = {.kind = ERG_SENSOR_BOXCAR};
	struct erg_err err = {0};

	assert_int_equal(told(&m, (const char *[]){"alpha=0.3", NULL}, &err), 0);
	assert_int_equal(m.kind, ERG_SENSOR_EMA); /* alone it is no word that is ignored */
	assert_int_equal(told(&m, (const char *[]){"kind=boxcar", NULL}, &err), 0);
	assert_true(m.kind == ERG_SENSOR_BOXCAR && m.alpha <= 0);
	assert_int_equal(told(&m, (const char *[]){"alpha=0.3", "kind=boxcar", NULL}, &err), -22);
	m = (struct erg_sensor_model){.kind = ERG_SENSOR_COUNTER};
	assert_int_equal(told(&m, (const char *[]){"alpha=0.3", NULL}, &err), -22);
	m = (struct erg_sensor_model){.kind = ERG_SENSOR_POINT};
	assert_int_equal(told(&m, (const char *[]){"kind=ema", NULL}, &err), -22);
	assert_true(erg_sensor_kind_fits(ERG_SENSOR_COUNTER, ERG_Q_ENERGY));
	assert_false(erg_sensor_kind_fits(ERG_SENSOR_COUNTER, ERG_Q_POWER));
	assert_false(erg_sensor_kind_fits(ERG_SENSOR_BOXCAR, ERG_Q_ENERGY));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_round_trip),
		cmocka_unit_test(units_give_quantity_and_scale),
		cmocka_unit_test(words_are_parsed_and_bounded),
		cmocka_unit_test(what_contradicts_itself_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
