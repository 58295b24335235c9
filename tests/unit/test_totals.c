/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Phases by name and the energy of stretches of time, against values by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analyze/account/account.h"
#include "analyze/account/phases.h"
#include "formats/base/util.h"

#define S UINT64_C(1000000000)

/* ---- phases ---- */

struct row {
	const char *name;
	uint32_t tid;
	uint64_t begin, end; /* s */
};

static void phases_of(struct erg_timeline *tl, struct erg_tl_phase *p, const struct row *rows,
	size_t n, struct erg_phases *ret)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (struct erg_tl_phase){(char *)(uintptr_t)rows[i].name, 1, rows[i].tid,
			rows[i].begin * S, rows[i].end * S, false};
	*tl = (struct erg_timeline){.begin = 10 * S, .end = 30 * S, .phases = p, .n_phases = n};
	assert_int_equal(erg_phases_find(tl, ret, NULL), 0);
}

static const struct erg_phase *named(const struct erg_phases *p, const char *name)
{
	for (size_t i = 0; i <= p->n; i++)
		if (!strcmp(p->phase[i].name, name))
			return &p->phase[i];
	fail_msg("no phase '%s'", name);
	return NULL;
}

static double own_of_all(const struct erg_phases *p)
{
	double t = 0;

	for (size_t i = 0; i <= p->n; i++)
		t += p->phase[i].own.time_s;
	return t;
}

/* The run is 10 to 30 s. A request of 12 to 20 holds a decode of 14 to 16 and one of 17 to 18; another
 * decode is outside of it, and an idle phase ends as the run begins. */
static void nested(void **state)
{
	static const struct row rows[] = {{"request", 1, 12, 20}, {"decode", 1, 14, 16},
		{"decode", 1, 17, 18}, {"decode", 1, 25, 26}, {"idle", 1, 5, 10}};
	struct erg_tl_phase p[ERG_ARRAY_SIZE(rows)];
	struct erg_timeline tl;
	struct erg_phases f;

	phases_of(&tl, p, rows, ERG_ARRAY_SIZE(rows), &f);
	assert_int_equal(f.n, 3);
	assert_string_equal(f.phase[0].name, "idle"); /* by their beginnings */
	assert_int_equal(named(&f, "decode")->count, 3);
	assert_int_equal(named(&f, "decode")->own.n, 3);
	assert_float_equal(named(&f, "decode")->own.time_s, 4, 1e-9);
	assert_float_equal(named(&f, "decode")->whole.time_s, 4, 1e-9);
	assert_float_equal(named(&f, "request")->own.time_s, 5, 1e-9);
	assert_float_equal(named(&f, "request")->whole.time_s, 8, 1e-9);
	assert_int_equal(named(&f, "request")->whole.n, 1);
	assert_float_equal(named(&f, "idle")->whole.time_s, 5, 1e-9);
	assert_false(named(&f, "idle")->inside);
	assert_int_equal(named(&f, "idle")->own.n, 0);
	assert_float_equal(named(&f, "")->own.time_s, 20 - 8 - 1, 1e-9);
	assert_float_equal(own_of_all(&f), 20, 1e-9);
	erg_phases_release(&f);
}

/* Two threads at once: each has half of the time that both are in a phase; of one name on both it is
 * one phase. A phase that goes on behind the run counts to its end there. */
static void at_once(void **state)
{
	static const struct row rows[] = {{"a", 1, 12, 16}, {"b", 2, 14, 18}, {"c", 1, 20, 24},
		{"c", 2, 22, 26}, {"d", 1, 28, 40}, {"none", 1, 29, 29}};
	struct erg_tl_phase p[ERG_ARRAY_SIZE(rows)];
	struct erg_timeline tl;
	struct erg_phases f;

	phases_of(&tl, p, rows, ERG_ARRAY_SIZE(rows), &f);
	assert_float_equal(named(&f, "a")->own.time_s, 2 + 1, 1e-9);
	assert_float_equal(named(&f, "b")->own.time_s, 1 + 2, 1e-9);
	assert_float_equal(named(&f, "a")->own.at[1].weight, 0.5, 0);
	assert_float_equal(named(&f, "a")->whole.time_s, 4, 1e-9);
	assert_int_equal(named(&f, "c")->count, 2);
	assert_float_equal(named(&f, "c")->own.time_s, 6, 1e-9);
	assert_float_equal(named(&f, "c")->whole.time_s, 6, 1e-9);
	assert_int_equal(named(&f, "c")->own.n, 1);
	assert_float_equal(named(&f, "d")->own.time_s, 2, 1e-9);
	assert_float_equal(named(&f, "d")->whole.time_s, 12, 1e-9);
	assert_int_equal(named(&f, "none")->count, 1); /* counted, though it has no time */
	assert_int_equal(named(&f, "none")->whole.n, 0);
	assert_float_equal(own_of_all(&f), 20, 1e-9);
	erg_phases_release(&f);
}

/* ---- energy over stretches ---- */

#define N 1200

/* Means of 10 ms, side by side, from -1 to 11 s: 1 W, from 5 s on 3 W; the run is 0 to 10 s. */
struct meter {
	struct erg_rail rail;
	uint64_t t[N];
	uint32_t half[N];
	double v[N];
	struct erg_attr *attr;
};

static void meter_open(struct meter *m, size_t from, size_t to)
{
	size_t n = 0;

	memset(m, 0, sizeof(*m));
	for (size_t i = 0; i < N; i++) {
		if (i >= from && i < to)
			continue; /* not read */
		m->t[n] = 9 * S + (i + 1) * 10000000u;
		m->v[n++] = i < 600 ? 1 : 3;
	}
	m->rail = (struct erg_rail){.name = "VDD",
		.model = {.kind = ERG_SENSOR_BOXCAR,
			.provenance = ERG_PROVENANCE_DATASHEET,
			.window_ns = 10000000},
		.interval_ns = 10000000,
		.n = n,
		.t = m->t,
		.half = m->half,
		.v = m->v};
	assert_int_equal(erg_account_total(&m->rail, 10 * S, 20 * S, NULL, &m->attr, NULL), 0);
}

static struct erg_attr_over over(const struct meter *m, const double (*at)[3], size_t n)
{
	struct erg_attr_stretch s[4];
	struct erg_attr_over o;

	for (size_t i = 0; i < n; i++)
		s[i] = (struct erg_attr_stretch){(uint64_t)((10 + at[i][0]) * S),
			(uint64_t)((10 + at[i][1]) * S), at[i][2]};
	erg_attr_over(m->attr, s, n, &o);
	return o;
}

static void expect(const struct erg_attr_over *o, double joules, double slack)
{
	assert_true(erg_est_resolved(&o->energy_j));
	assert_true(fabs(o->energy_j.value - joules) <= slack);
	assert_true(o->energy_j.lo <= joules + 1e-9 && joules - 1e-9 <= o->energy_j.hi);
}

static void stretches(void **state)
{
	struct erg_attr_over o;
	struct meter m;

	meter_open(&m, 0, 0);
	o = over(&m, (const double[][3]){{0, 10, 1}}, 1);
	expect(&o, 20, 1e-6);
	assert_float_equal(o.coverage, 1, 1e-9);
	assert_float_equal(o.peak_w, 3, 0);
	o = over(&m, (const double[][3]){{1, 2, 1}, {6, 8, 1}}, 2);
	expect(&o, 7, 1e-6);
	o = over(&m, (const double[][3]){{1, 2, 1}, {6, 8, 0.5}}, 2);
	expect(&o, 4, 1e-6);
	/* both sides of the step, each within the eighth of a window that may be on the wrong side */
	o = over(&m, (const double[][3]){{4, 5, 1}}, 1);
	expect(&o, 1, 2 * 0.01 / 8 + 1e-6);
	o = over(&m, (const double[][3]){{5, 6, 1}}, 1);
	expect(&o, 3, 2 * 0.01 / 8 + 1e-6);
	/* before the run */
	o = over(&m, (const double[][3]){{-0.9, -0.1, 1}}, 1);
	expect(&o, 0.8, 1e-6);
	assert_false(erg_est_resolved(&o.above_idle_j));
	assert_string_equal(o.above_idle_j.reason, "no-idle");
	erg_attr_free(m.attr);
}

/* Readings from 1 to 3 s of the run are missing: each end stands for half a reading of it. */
static void gap(void **state)
{
	struct erg_attr_over o;
	struct meter m;

	meter_open(&m, 200, 400);
	o = over(&m, (const double[][3]){{0, 10, 1}}, 1);
	assert_float_equal(o.coverage, 0.8, 0.002);
	o = over(&m, (const double[][3]){{0.5, 3.5, 1}}, 1);
	assert_false(erg_est_resolved(&o.energy_j));
	assert_float_equal(o.coverage, 1. / 3, 0.005);
	assert_string_equal(o.energy_j.reason, "unobserved");
	o = over(&m, (const double[][3]){{0, 3.5, 1}}, 1); /* 3/7 */
	assert_false(erg_est_resolved(&o.energy_j));
	o = over(&m, (const double[][3]){{0, 4.5, 1}},
		1); /* 5/9: the gap at the mean of the rest */
	expect(&o, 4.5, 1e-3);
	erg_attr_free(m.attr);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(nested),
		cmocka_unit_test(at_once),
		cmocka_unit_test(stretches),
		cmocka_unit_test(gap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
