/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The running sum of energy: trapezoid, current times voltage, counters that wrap, gaps, edges. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "formats/base/util.h"
#include "record/sampler/tally.h"

#define MS 1000000u

static const struct erg_source_ops ops = {.kind = "test"};

struct fixture {
	struct erg_channel_def channels[4];
	struct erg_source source;
	struct erg_source *list[1];
	struct erg_source_list sources;
	struct erg_tally *tally;
};

static void channel(struct fixture *f, const char *rail, enum erg_quantity q, double scale)
{
	struct erg_channel_def *c = &f->channels[f->source.n_channels++];

	snprintf(c->rail, sizeof(c->rail), "%s", rail);
	c->quantity = q;
	c->scale = scale;
}

static void begin(struct fixture *f)
{
	f->source.ops = &ops;
	f->source.cls = ERG_CLASS_POWER;
	f->source.channels = f->channels;
	f->list[0] = &f->source;
	f->sources = (struct erg_source_list){.sources = f->list, .n = 1};
	assert_int_equal(erg_tally_new(&f->sources, &f->tally, NULL), 0);
}

static void take(struct fixture *f, uint64_t ms, int64_t a, int64_t b)
{
	const int64_t values[4] = {a, b, 0, 0};

	erg_tally_take(f->tally, 0, ms * MS, values);
}

static void expect(struct fixture *f, const char *rail, double joules, double coverage)
{
	struct erg_tally_report r;

	assert_true(erg_tally_report(f->tally, &r));
	assert_string_equal(r.rail, rail);
	assert_true(fabs(r.energy_j - joules) < 1e-9 * fabs(joules));
	assert_true(fabs(r.coverage - coverage) < 1e-9);
	erg_tally_free(f->tally);
}

/* A ramp from 0 to 100 W in 100 ms; of it 10.5 to 60.25 ms counts, whose ends lie between readings. */
static void ramp_between_edges(void **state)
{
	struct fixture f = {0};

	channel(&f, "VDD", ERG_Q_POWER, 1e-3);
	begin(&f);
	take(&f, 0, 0, 0);
	erg_tally_begin(f.tally, 10500000);
	for (uint64_t t = 1; t <= 50; t++)
		take(&f, t, (int64_t)t * 1000, 0);
	erg_tally_end(f.tally, 60250000);
	for (uint64_t t = 51; t <= 100; t++)
		take(&f, t, (int64_t)t * 1000, 0);
	/* integral of 1000 t dt: W per s */
	expect(&f, "VDD", 500 * (0.06025 * 0.06025 - 0.0105 * 0.0105), 1);
}

/* 3 W; that it ended at 9.5 ms is told after the reading at 10 ms. */
static void the_end_is_told_late(void **state)
{
	struct fixture f = {0};

	channel(&f, "VDD", ERG_Q_POWER, 1e-3);
	begin(&f);
	erg_tally_begin(f.tally, 0);
	for (uint64_t t = 0; t <= 10; t++)
		take(&f, t, 3000, 0);
	erg_tally_end(f.tally, 9500000);
	expect(&f, "VDD", 3 * 0.0095, 1);
}

static void current_times_voltage(void **state)
{
	struct fixture f = {0};

	channel(&f, "VDD", ERG_Q_CURRENT, 1e-3);
	channel(&f, "VDD", ERG_Q_VOLTAGE, 1e-3);
	begin(&f);
	erg_tally_begin(f.tally, 0);
	for (uint64_t t = 0; t <= 10; t++)
		take(&f, t, 2000, 5000);
	erg_tally_end(f.tally, 10 * MS);
	expect(&f, "VDD", 0.1, 1);
}

/* 32 bits of microjoules run over; a long pause and a failed reading lose nothing. */
static void counter_wraps(void **state)
{
	struct fixture f = {0};

	channel(&f, "package-0", ERG_Q_ENERGY, 1e-6);
	f.channels[0].wrap = 1ull << 32;
	begin(&f);
	erg_tally_begin(f.tally, 0);
	take(&f, 0, (1ll << 32) - 1000000, 0);
	take(&f, 1, ERG_VALUE_NONE, 0);
	take(&f, 500, 2000000, 0);
	erg_tally_end(f.tally, 500 * MS);
	expect(&f, "package-0", 3, 1);
}

/* 10 W; after 4 of 10 ms the counter begins again: nobody knows what it counted in the fifth. */
static void counter_is_reset(void **state)
{
	static const uint64_t wraps[] = {0, 1ull << 32};

	for (int k = 0; k < 2; k++) {
		struct fixture f = {0};

		channel(&f, "package-0", ERG_Q_ENERGY, 1e-6);
		f.channels[0].wrap = wraps[k];
		begin(&f);
		erg_tally_begin(f.tally, 0);
		for (int t = 0; t <= 10; t++)
			take(&f, (uint64_t)t, t < 5 ? 2000000000 + 10000 * t : 10000 * t, 0);
		erg_tally_end(f.tally, 10 * MS);
		expect(&f, "package-0", 0.09, 0.9);
	}
}

/* Ten of twenty ms have no readings, which are a millisecond apart: those beside the gap stand for half
 * of one of it each. 10 W over 11 ms. */
static void gap_is_not_bridged(void **state)
{
	struct fixture f = {0};

	channel(&f, "VDD", ERG_Q_POWER, 1);
	begin(&f);
	erg_tally_begin(f.tally, 0);
	for (uint64_t t = 0; t <= 20; t++)
		if (t <= 5 || t >= 15)
			take(&f, t, 10, 0);
	erg_tally_end(f.tally, 20 * MS);
	expect(&f, "VDD", 0.11, 0.55);
}

/* Of every 8 ms three readings, of a sensor whose window is 1 ms: 3 of 8 ms. What was asked of the sampler
 * does not matter, only what came. */
static void bursts(void **state)
{
	struct fixture f = {0};

	f.source.model.window_ns = MS;
	channel(&f, "VDD", ERG_Q_POWER, 1);
	begin(&f);
	erg_tally_begin(f.tally, 0);
	for (uint64_t k = 0; k < 100; k++)
		for (uint64_t i = 0; i < 3; i++)
			take(&f, 8 * k + i, 10, 0);
	erg_tally_end(f.tally, 800 * MS);
	take(&f, 800, 10, 0);
	expect(&f, "VDD", 10 * 0.3, 0.375);
}

/* A sampler that only came round every 20 ms, every time, leaves no gap. */
static void slow_but_steady(void **state)
{
	struct fixture f = {0};

	channel(&f, "VDD", ERG_Q_POWER, 1);
	begin(&f);
	erg_tally_begin(f.tally, 0);
	for (uint64_t t = 0; t <= 200; t += 20)
		take(&f, t, 10, 0);
	erg_tally_end(f.tally, 200 * MS);
	expect(&f, "VDD", 2, 1);
}

/* A part of a rail is not the root, however it reads; and a failed reading is one less. */
static void root_is_chosen(void **state)
{
	struct fixture f = {0};

	channel(&f, "CPU", ERG_Q_POWER, 1);
	channel(&f, "IN", ERG_Q_POWER, 1);
	snprintf(f.channels[0].parent, sizeof(f.channels[0].parent), "IN");
	begin(&f);
	erg_tally_begin(f.tally, 0);
	for (uint64_t t = 0; t <= 10; t++)
		take(&f, t, 9, t == 5 ? ERG_VALUE_NONE : 4);
	erg_tally_end(f.tally, 10 * MS);
	expect(&f, "IN", 0.04, 1);
}

static void nothing_read_is_no_figure(void **state)
{
	struct fixture f = {0};
	struct erg_tally_report r;

	channel(&f, "VDD", ERG_Q_VOLTAGE, 1);
	begin(&f);
	erg_tally_begin(f.tally, 0);
	take(&f, 0, 5, 0);
	take(&f, 1, 5, 0);
	erg_tally_end(f.tally, MS);
	assert_false(erg_tally_report(f.tally, &r));
	erg_tally_free(f.tally);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ramp_between_edges),
		cmocka_unit_test(the_end_is_told_late),
		cmocka_unit_test(current_times_voltage),
		cmocka_unit_test(counter_wraps),
		cmocka_unit_test(counter_is_reset),
		cmocka_unit_test(gap_is_not_bridged),
		cmocka_unit_test(bursts),
		cmocka_unit_test(slow_but_steady),
		cmocka_unit_test(root_is_chosen),
		cmocka_unit_test(nothing_read_is_no_figure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
