/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Governors, throttle and cap of the simulated board.
 *
 * Throttle and cap each take clocks off the top of both tables, one step a tick, and give them back
 * one by one when it is cool (hysteresis), or when the next clock is predicted to stay under the
 * cap. The cap looks at a mean over about 50 ms, as RAPL's time window does, so single layers do
 * not trip it.
 */
#include "tests/board/control.h"

#include <string.h>
#include <stdio.h>

static size_t index_at_least(const struct erg_clock_table *t, double khz)
{
	size_t i = 0;

	while (i + 1 < t->n && t->khz[i] < khz)
		i++;
	return i;
}

static size_t index_at_most(const struct erg_clock_table *t, double khz)
{
	size_t i = t->n - 1;

	while (i > 0 && t->khz[i] > khz)
		i--;
	return i;
}

bool erg_clock_valid(const struct erg_clock_table *t, uint32_t khz)
{
	return t->khz[index_at_least(t, khz)] == khz;
}

unsigned erg_control_cpus(const struct erg_control *c)
{
	return (unsigned)__builtin_popcount(c->online);
}

static void governor_init(struct erg_governor *g, const struct erg_clock_table *t, const char *name)
{
	*g = (struct erg_governor){.table = t,
		.min_khz = t->khz[0],
		.max_khz = t->khz[t->n - 1],
		.set_khz = t->khz[t->n - 1],
		.cur_khz = t->khz[t->n - 1]};
	snprintf(g->name, sizeof(g->name), "%s", name);
}

void erg_control_init(struct erg_control *c, const struct erg_model_params *p)
{
	*c = (struct erg_control){.sink = true,
		.ambient_c = p->ambient_c,
		.online = (1u << p->cpus) - 1};
	governor_init(&c->cpu, &erg_model_cpu_clocks, "performance");
	governor_init(&c->gpu, &erg_model_gpu_clocks, "performance");
}

/* The clock that the governor would choose if nothing took any away. */
static size_t governor_wish(const struct erg_governor *g, double util)
{
	const struct erg_clock_table *t = g->table;
	double top = t->khz[t->n - 1], want;
	size_t lo = index_at_least(t, g->min_khz), hi = index_at_most(t, g->max_khz), i;

	if (strcmp(g->name, "powersave") == 0)
		want = 0;
	else if (strcmp(g->name, "userspace") == 0)
		want = g->set_khz;
	else if (strcmp(g->name, "performance") == 0)
		want = top;
	else
		want = 1.25 * util * top; /* schedutil's headroom */
	i = index_at_least(t, want);
	if (i > hi)
		i = hi;
	return i < lo ? lo : i;
}

static double dynamic_scale(const struct erg_clock_table *t, size_t i)
{
	double v = erg_clock_volt(t, t->khz[i]);

	return v * v * t->khz[i];
}

static void tick_cap(struct erg_control *c, const struct erg_control_seen *seen)
{
	const struct erg_clock_table *t = c->cpu.table;
	size_t at = index_at_least(t, c->cpu.cur_khz);
	double next_w;

	c->cap_mean_w += 0.2 * (seen->power_w - c->cap_mean_w);
	if (c->cap_w <= 0) {
		c->cap_steps = 0;
		return;
	}
	if (c->cap_mean_w > c->cap_w && seen->power_w > c->cap_w) {
		if (at > 0 && c->cap_steps + 1 < t->n) {
			if (c->cap_steps == 0)
				c->cap_events++;
			/* from where the clock is, not from a top that nobody asked for */
			c->cap_steps = t->n - 1 - at + 1;
		}
		return;
	}
	if (c->cap_steps == 0)
		return;
	if (at + 1 >= t->n)
		next_w = 0;
	else
		next_w = seen->power_w +
			seen->dynamic_cpu_w * (dynamic_scale(t, at + 1) / dynamic_scale(t, at) - 1);
	if (next_w < 0.98 * c->cap_w && c->cap_mean_w < c->cap_w)
		c->cap_steps--;
}

static void tick_thermal(struct erg_control *c, const struct erg_model_params *p, double temp_c)
{
	if (temp_c >= p->trip_c) {
		if (c->thermal_steps == 0)
			c->throttle_events++;
		if (c->thermal_steps + 1 < c->cpu.table->n)
			c->thermal_steps++;
	} else if (temp_c < p->trip_c - p->trip_hysteresis_c && c->thermal_steps > 0) {
		c->thermal_steps--;
	}
}

/* Takes STEPS clocks off the top; returns whether that lowers index *i. */
static bool lower(const struct erg_governor *g, size_t steps, size_t *i)
{
	size_t top = g->table->n - 1, ceiling = steps < top ? top - steps : 0;

	if (*i <= ceiling)
		return false;
	*i = ceiling;
	return true;
}

static uint32_t apply(const struct erg_control *c, struct erg_governor *g, double util)
{
	size_t wish = governor_wish(g, util), capped = wish, cooled = wish;
	uint32_t throttled = 0;

	if (lower(g, c->thermal_steps, &cooled))
		throttled |= 1;
	if (lower(g, c->cap_steps, &capped))
		throttled |= 2;
	g->cur_khz = g->table->khz[capped < cooled ? capped : cooled];
	return throttled;
}

void erg_control_tick(struct erg_control *c, const struct erg_model_params *p,
	const struct erg_control_seen *seen)
{
	tick_cap(c, seen);
	tick_thermal(c, p, seen->temp_c);
	c->throttled = apply(c, &c->cpu, seen->cpu_util) | apply(c, &c->gpu, seen->gpu_util);
}
