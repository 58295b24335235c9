/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rails from channels: units, V times I with interpolation, counters from zero, the choice. */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analyze/timeline/rail_sum.h"
#include "formats/base/util.h"

struct fixture {
	struct erg_timeline tl;
	struct erg_tl_source source;
	struct erg_tl_channel channels[8];
};

/* Forms the rails, of which there should be N. */
static struct erg_rail *form(struct fixture *f, size_t n)
{
	assert_int_equal(erg_rails_form(&f->tl, NULL), 0);
	assert_int_equal(f->tl.n_rails, n);
	return f->tl.rails;
}

static void release(struct fixture *f)
{
	for (size_t i = 0; i < f->tl.n_rails; i++)
		erg_rail_release(&f->tl.rails[i]);
	free(f->tl.rails);
}

static void init(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	f->tl.sources = &f->source;
	f->tl.n_sources = 1;
	f->tl.channels = f->channels;
	f->source.model.period_ns = 1000;
	f->source.simulated = true;
}

static void add(struct fixture *f, const char *rail, const char *parent, enum erg_quantity q,
	double scale, size_t n, uint64_t *t, uint32_t *half, int64_t *raw)
{
	struct erg_tl_channel *c = &f->channels[f->tl.n_channels++];

	strcpy(c->def.rail, rail);
	strcpy(c->def.parent, parent);
	c->def.quantity = q;
	c->def.scale = scale;
	c->def.lsb = 1;
	c->def.offset_max = 0.01;
	c->n = n;
	c->t = t;
	c->half = half;
	c->raw = raw;
}

static uint64_t t3[] = {100, 200, 300};
static uint32_t half3[] = {1, 1, 1};

static void test_power_in_milliwatts(void **state)
{
	int64_t mw[] = {1000, 2500, 4000};
	struct erg_rail *rails;
	struct fixture f;

	init(&f);
	add(&f, "VDD_IN", "", ERG_Q_POWER, 1e-3, 3, t3, half3, mw);
	rails = form(&f, 1);
	assert_true(rails[0].simulated);
	assert_false(rails[0].counter);
	assert_float_equal(rails[0].v[1], 2.5, 1e-12);
	assert_float_equal(rails[0].lsb_w, 1e-3, 1e-12);
	assert_float_equal(erg_rail_mean_w(&rails[0]), 2.5, 1e-12);
	release(&f);
}

/* The voltage is read at 50 and 250 only: 10 V rising to 12 V. */
static void test_voltage_times_current(void **state)
{
	int64_t ma[] = {1000, 1000, 2000}, mv[] = {10000, 12000};
	uint64_t tv[] = {50, 250};
	struct erg_rail *rails;
	struct fixture f;

	init(&f);
	add(&f, "in1", "", ERG_Q_CURRENT, 1e-3, 3, t3, half3, ma);
	add(&f, "in1", "", ERG_Q_VOLTAGE, 1e-3, 2, tv, half3, mv);
	rails = form(&f, 1);
	assert_float_equal(rails[0].v[0], 10.5, 1e-9);
	assert_float_equal(rails[0].v[1], 11.5, 1e-9);
	assert_float_equal(rails[0].v[2], 24.0, 1e-9);
	assert_true(rails[0].offset_max > 0.01 * 11);
	release(&f);
}

/* A current alone, and a voltage alone, make no rail. */
static void test_not_enough(void **state)
{
	int64_t ma[] = {1, 2, 3};
	struct erg_err err = {0};
	struct fixture f;
	size_t which;

	init(&f);
	add(&f, "a", "", ERG_Q_CURRENT, 1e-3, 3, t3, half3, ma);
	add(&f, "b", "", ERG_Q_VOLTAGE, 1e-3, 3, t3, half3, ma);
	form(&f, 0);
	assert_true(erg_rail_choose(&f.tl, NULL, &which, &err) < 0);
	assert_true(err.msg[0]);
	release(&f);
}

static void test_counter_from_zero_and_times_increase(void **state)
{
	int64_t uj[] = {5000000, 5000500, 5001000, 5001500, 5002000};
	uint64_t t[] = {100, 200, 200, 150, 300};
	uint32_t half[] = {1, 1, 1, 1, 1};
	struct erg_rail *rails;
	struct fixture f;

	init(&f);
	add(&f, "package-0", "", ERG_Q_ENERGY, 1e-6, 5, t, half, uj);
	rails = form(&f, 1);
	assert_true(rails[0].counter);
	assert_int_equal(rails[0].n, 3);
	assert_float_equal(rails[0].v[0], 0, 1e-12);
	assert_float_equal(rails[0].v[2], 2e-3, 1e-12);
	assert_int_equal(rails[0].unordered, 1);
	release(&f);
}

/* A counter of microjoules that rises by 10 mJ every ms, 10 W, and falls once. */
struct fall {
	uint64_t wrap;
	int64_t first; /* reading 0 */
	int64_t after; /* reading 5; -1: goes on, round the end */
	uint64_t resets;
};

static void count(const struct fall *x, int64_t raw[10])
{
	for (int i = 0; i < 10; i++) {
		raw[i] = i == 5 && x->after >= 0 ? x->after : i ? raw[i - 1] + 10000 : x->first;
		if (x->wrap && raw[i] >= (int64_t)x->wrap)
			raw[i] -= (int64_t)x->wrap;
	}
}

static void test_counters_that_fall(void **state)
{
	static const struct fall falls[] = {
		{1ull << 32, (1ll << 32) - 45000, -1, 0},    /* 32 bits of microjoules run over */
		{262143328911, 262143328911 - 45000, -1, 0}, /* 32 bits of 61 uJ */
		{1ull << 32, 2000000000, 0, 1},              /* reset: as a wrap 2.3 MW */
		{1ull << 32, 2000000000, 1900000000, 1},     /* to what it was before, not to 0 */
		{262143328911, 100000000, 5000, 1},
		{0, 5000000000000, 0, 1}, /* 64 bits never wrap */
		{0, 5000000000000, 4000000000000, 1},
		{1ull << 62, 5000000000000, 12, 1}, /* nor do they if they say where */
	};

	for (size_t k = 0; k < ERG_ARRAY_SIZE(falls); k++) {
		uint64_t t[10];
		uint32_t half[10] = {0};
		int64_t raw[10];
		struct erg_rail *rails;
		struct fixture f;

		for (uint64_t i = 0; i < 10; i++)
			t[i] = i * 1000000;
		count(&falls[k], raw);
		init(&f);
		add(&f, "package-0", "", ERG_Q_ENERGY, 1e-6, 10, t, half, raw);
		f.channels[0].def.wrap = falls[k].wrap;
		assert_int_equal(erg_tl_unwrap(&f.channels[0]), falls[k].resets);
		rails = form(&f, 1);
		assert_true(isnan(erg_rail_power(&rails[0], 0)));
		for (size_t i = 1; i < 10; i++) {
			double w = erg_rail_power(&rails[0], i);

			if (i == 5 && falls[k].resets)
				assert_true(isnan(w));
			else
				assert_float_equal(w, 10, 1e-6);
		}
		assert_float_equal(erg_rail_mean_w(&rails[0]), 10, 1e-6);
		release(&f);
	}
}

static void test_choice(void **state)
{
	int64_t in[] = {9000, 9000, 9000}, cpu[] = {9500, 9500, 9500}, mux[] = {100, 100, 100};
	struct erg_err err = {0};
	struct erg_rail *rails;
	struct fixture f;
	size_t which;

	init(&f);
	add(&f, "VDD_MUX", "", ERG_Q_POWER, 1e-3, 3, t3, half3, mux);
	add(&f, "VDD_CPU", "VDD_IN", ERG_Q_POWER, 1e-3, 3, t3, half3, cpu);
	add(&f, "VDD_IN", "", ERG_Q_POWER, 1e-3, 3, t3, half3, in);
	rails = form(&f, 3);
	assert_int_equal(erg_rail_choose(&f.tl, NULL, &which, &err), 0);
	assert_string_equal(rails[which].name, "VDD_IN");
	assert_int_equal(erg_rail_choose(&f.tl, "VDD_CPU", &which, &err), 0);
	assert_string_equal(rails[which].name, "VDD_CPU");
	assert_true(erg_rail_choose(&f.tl, "VDD_GPU", &which, &err) < 0);
	assert_non_null(strstr(err.msg, "VDD_MUX"));
	release(&f);
}

/* ---- sums ---- */

/* 1, 2.5, 4 W and 10, 10, 20 W at the same times; a part of the first; and one read a moment later. */
static void four_rails(struct fixture *f)
{
	static int64_t a[] = {1000, 2500, 4000}, b[] = {10000, 10000, 20000},
		       part[] = {500, 500, 500};
	static uint64_t later[] = {100, 201, 300};

	init(f);
	f->source.kind = (char *)(uintptr_t) "imported:csv";
	f->source.interval_ns = 1000;
	add(f, "a", "", ERG_Q_POWER, 1e-3, 3, t3, half3, a);
	add(f, "b", "", ERG_Q_POWER, 1e-3, 3, t3, half3, b);
	add(f, "a-cpu", "a", ERG_Q_POWER, 1e-3, 3, t3, half3, part);
	add(f, "c+d", "", ERG_Q_POWER, 1e-3, 3, later, half3, b);
	f->channels[0].def.gain_max = 0.01;
	f->channels[1].def.gain_max = 0.03;
	form(f, 4);
}

static void test_sum_of_rails_read_together(void **state)
{
	const struct erg_rail *which;
	struct erg_rail sum;
	struct fixture f;

	four_rails(&f);
	assert_int_equal(erg_rail_pick(&f.tl, "a+b", &sum, &which, NULL), 0);
	assert_ptr_equal(which, &sum);
	assert_string_equal(sum.name, "a+b");
	assert_true(sum.simulated);
	assert_int_equal(sum.n, 3);
	assert_float_equal(sum.v[0], 11, 1e-12);
	assert_float_equal(sum.v[1], 12.5, 1e-12);
	assert_float_equal(sum.v[2], 24, 1e-12);
	assert_float_equal(sum.lsb_w, 2e-3, 1e-12);
	assert_float_equal(sum.offset_max, 0.02, 1e-12);
	assert_float_equal(sum.gain_max, 0.03, 1e-12);
	erg_rail_release(&sum);
	assert_int_equal(erg_rail_pick(&f.tl, "b", &sum, &which, NULL), 0);
	assert_ptr_equal(which, &f.tl.rails[1]);
	release(&f);
}

static void expect_refused(const char *name, int error, const char *message)
{
	struct erg_err err = {0};
	const struct erg_rail *which;
	struct erg_rail sum;
	struct fixture f;

	four_rails(&f);
	assert_int_equal(erg_rail_pick(&f.tl, name, &sum, &which, &err), error);
	assert_string_equal(err.msg, message);
	release(&f);
}

static void test_sums_that_are_refused(void **state)
{
	expect_refused("b+b", -EINVAL, "rail 'b' is there twice");
	expect_refused("a+a-cpu", -EINVAL,
		"rail 'a-cpu' is part of 'a': their sum would count it twice");
	expect_refused("a+x", -ENOENT, "no rail 'x'; there are: a, b, a-cpu, c+d");
	expect_refused("a+", -ENOENT, "no rail ''; there are: a, b, a-cpu, c+d");
	expect_refused("b+c+d", -ENOTSUP,
		"rails 'b+c+d' cannot be one series: they were not read at the same times");
	expect_refused("all-roots", -ENOTSUP,
		"rails 'all-roots' cannot be one series: they were not read at the same times");
}

static void test_which_rails_are_summed(void **state)
{
	struct erg_rail *rails;
	struct fixture f;
	size_t *which, k;

	four_rails(&f);
	rails = f.tl.rails;
	assert_int_equal(erg_rail_select(&f.tl, "all-roots", &which, &k, NULL), 0);
	assert_int_equal(k, 3); /* not the part of a */
	assert_int_equal(which[0], 0);
	assert_int_equal(which[1], 1);
	assert_int_equal(which[2], 3);
	free(which);
	assert_int_equal(erg_rail_select(&f.tl, "c+d", &which, &k, NULL), 0); /* a name with a + */
	assert_int_equal(k, 1);
	assert_int_equal(which[0], 3);
	free(which);
	rails[0].model.period_ns = rails[1].model.period_ns = 1100; /* slower than it is read */
	assert_int_equal(erg_rail_select(&f.tl, "a+b", &which, &k, NULL), 0);
	assert_string_equal(erg_rail_sum_obstacle(&f.tl, which, k),
		"each shows what it last measured, at a time of its own");
	free(which);
	rails[0].model.period_ns = rails[1].model.period_ns = 1000;
	rails[1].model.lag_ns = 5;
	assert_int_equal(erg_rail_select(&f.tl, "a+b", &which, &k, NULL), 0);
	assert_string_equal(erg_rail_sum_obstacle(&f.tl, which, k), "their sensors differ");
	free(which);
	release(&f);
}

/* Stamps that are the sensor's own say when a reading was made only if the driver says how it is made. */
static void test_own_time(void **state)
{
	static const struct {
		bool native;
		enum erg_provenance provenance;
		bool own;
	} cases[] = {{true, ERG_PROVENANCE_DRIVER, true}, {true, ERG_PROVENANCE_ASSUMED, false},
		{false, ERG_PROVENANCE_DRIVER, false}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t t[] = {100, 200, 300};
		uint32_t half[] = {1, 1, 1};
		int64_t raw[] = {1, 2, 3};
		struct fixture f;

		init(&f);
		f.source.native_time = cases[i].native;
		f.source.model.provenance = cases[i].provenance;
		add(&f, "VDD", "", ERG_Q_POWER, 1, 3, t, half, raw);
		assert_int_equal(form(&f, 1)->own_time, cases[i].own);
		release(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_power_in_milliwatts),
		cmocka_unit_test(test_voltage_times_current),
		cmocka_unit_test(test_not_enough),
		cmocka_unit_test(test_counter_from_zero_and_times_increase),
		cmocka_unit_test(test_counters_that_fall),
		cmocka_unit_test(test_choice),
		cmocka_unit_test(test_own_time),
		cmocka_unit_test(test_sum_of_rails_read_together),
		cmocka_unit_test(test_sums_that_are_refused),
		cmocka_unit_test(test_which_rails_are_summed),
	};

	return cmocka_run_group_tests_name("power", tests, NULL, NULL);
}
