/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The kinds of worlds, each with one thing that differs, and the bounds that are asked of each (the
 * table "What can be reached" of the design notes). A kind without bounds cannot be resolved by
 * anyone, or only partly: of these it is asked that no row be confidently wrong.
 */
#include <math.h>
#include <string.h>

#include "tests/accuracy/world_kinds.h"

/* 6 to 15 layers of 0.3 to 4 ms at 3 to 12 W, a boxcar of 2.2 ms every 10 ms, rightly declared. */
static void defaults(struct world *w)
{
	w->layers = 6 + (int)(w->seed * 7 % 10);
	w->tracks = 1;
	w->layer_min_s = 0.3 * MS;
	w->layer_max_s = 4 * MS;
	w->power_min_w = 3;
	w->power_max_w = 12;
	w->jitter = 0.03;
	w->run_s = 40;
	w->idle_s = 1;
	w->idle_w = 2;
	w->gap_s = 50 * US;
	w->is = (struct sensor){.kind = SENSE_BOXCAR, .window_s = 2.2 * MS};
	w->spacing_s = 10 * MS;
	w->dither = 0.1;
	w->noise_w = 0.02;
	w->declared = true;
}

/* Several things at once, each by chance: what an unknown board does. */
static void set_mixed(struct world *w, double x)
{
	struct draw d;

	draw_seed(&d, w->seed ^ 0x6d69786564);
	if (draw_uniform(&d) < x)
		w->is.lag_s = 0.1 * draw_uniform(&d) * draw_uniform(&d);
	if (draw_uniform(&d) < x)
		w->skew = 200 * PPM * (2 * draw_uniform(&d) - 1);
	if (draw_uniform(&d) < x)
		set_duration(w, -0.8 * draw_uniform(&d));
	if (draw_uniform(&d) < x)
		w->rc_s = 3 * MS * draw_uniform(&d);
	if (draw_uniform(&d) < x)
		set_drift(w, 2 * draw_uniform(&d) - 0.5);
	if (draw_uniform(&d) < x)
		w->variation = 0.1 * draw_uniform(&d);
	if (draw_uniform(&d) < x)
		set_quantum(w, 0.076);
	if (draw_uniform(&d) < x)
		w->stamp_sd_s = 100 * US * draw_uniform(&d);
	w->is.window_s = 2.2 * MS * exp(draw_normal(&d) / 2);
	w->says.window_s = draw_uniform(&d) < x ? 2.2 * MS : w->is.window_s;
	w->declared = draw_uniform(&d) < 0.8;
}

static const struct kind mixed_kinds[] = {
	{"mixed", "several of these at once", set_mixed, .3, {0}, "mixed"},
};

static const size_t n_mixed_kinds = sizeof(mixed_kinds) / sizeof(*mixed_kinds);

/* In the order of the table. */
static const struct {
	const struct kind *kind;
	const size_t *n;
} groups[] = {
	{sensor_kinds, &n_sensor_kinds},
	{instance_kinds, &n_instance_kinds},
	{reading_kinds, &n_reading_kinds},
	{short_kinds, &n_short_kinds},
	{mixed_kinds, &n_mixed_kinds},
	{around_kinds, &n_around_kinds},
	{shape_kinds, &n_shape_kinds},
	{gain_kinds, &n_gain_kinds},
};

const struct kind *world_kind(size_t i)
{
	for (size_t g = 0; g < sizeof(groups) / sizeof(*groups); i -= *groups[g++].n)
		if (i < *groups[g].n)
			return &groups[g].kind[i];
	return NULL;
}

size_t world_count_kinds(void)
{
	size_t n = 0;

	while (world_kind(n))
		n++;
	return n;
}

void world_of_kind(const struct kind *k, uint64_t seed, struct world *ret)
{
	struct sensor says;

	memset(ret, 0, sizeof(*ret));
	ret->kind = k->name;
	ret->seed = seed;
	defaults(ret);
	ret->says = (struct sensor){.kind = (enum sense_kind) - 1,
		.window_s = -1,
		.period_s = -1,
		.lag_s = NAN};
	k->set(ret, k->x);
	/* what no kind declares otherwise is declared as it is, but for the lag */
	says = ret->says;
	ret->says = ret->is;
	ret->says.lag_s = says.lag_s;
	if (says.kind != (enum sense_kind) - 1)
		ret->says.kind = says.kind;
	if (says.window_s >= 0)
		ret->says.window_s = says.window_s;
	if (says.period_s >= 0)
		ret->says.period_s = says.period_s;
}
