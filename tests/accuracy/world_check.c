/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The generator against itself by other means: every closed form against a sum over small steps,
 * the energies of the layers and the rest against the whole, the RC against its own equation.
 */
#include <math.h>
#include <stdlib.h>

#include "tests/accuracy/world.h"

#define STEP 1e-6 /* s */

static int failures;

static void expect(const char *what, const struct world *w, double found, double right,
	double tolerance)
{
	if (fabs(found - right) <= tolerance)
		return;
	failures++;
	fprintf(stderr, "worlds: %s-%llu: %s is %.12g, expected %.12g\n", w->kind,
		(unsigned long long)w->seed, what, found, right);
}

static double summed(const struct curve *c, double from, double to,
	double (*watts)(const struct curve *, double))
{
	long n = lround((to - from) / STEP);
	double sum = 0;

	for (long i = 0; i < n; i++)
		sum += watts(c, from + ((double)i + 0.5) * STEP);
	return sum * STEP;
}

static void check_curve(const struct world *w, const struct curve *c, double at)
{
	double to = at + 0.02;
	double p = curve_joules(c, to) - curve_joules(c, at);
	double y = curve_rc_joules(c, to) - curve_rc_joules(c, at);

	/* a step of power is missed by half a step of time at most, in either direction */
	expect("an integral of the power", w, p, summed(c, at, to, curve_watts), 4e-5);
	expect("an integral behind the RC", w, y, summed(c, at, to, curve_rc_watts), 4e-5);
	if (c->tau > 0)
		expect("tau y' + y", w,
			y + c->tau * (curve_rc_watts(c, to) - curve_rc_watts(c, at)), p, 1e-9);
}

/* By its instances' times and the total power, where one layer runs at a time. */
static void check_layers(const struct work *k)
{
	const struct world *w = k->w;
	double sum[WORLD_LAYERS] = {0};

	for (size_t i = 0; i < k->instances; i++) {
		const struct instance *n = &k->instance[i];

		sum[n->layer] += curve_joules(&k->total, (double)n->end_ns * 1e-9) -
			curve_joules(&k->total, (double)n->begin_ns * 1e-9);
	}
	for (int i = 0; i < w->layers && w->tracks == 1; i++)
		expect("a layer's energy", w, k->energy[i], sum[i], 1e-7);
}

static void check_total(const struct work *k)
{
	double begin = (double)k->begin_ns * 1e-9, end = (double)k->end_ns * 1e-9, sum = 0,
	       same = 0;
	double idle = 0;

	for (int i = 0; i < k->layers; i++) {
		sum += k->energy[i];
		same += k->equal[i];
	}
	/* what remains is the base while nothing runs: the gaps, at the power of the base, without drift */
	for (int i = 0; i < k->layers; i++)
		idle += k->time_s[i];
	idle = (end - begin - idle) * (k->w->idle_w + k->w->busy_w);
	if (k->w->drift_w == 0 && k->w->tail == 0 && k->w->pause_s == 0)
		expect("the energy of all layers", k->w, sum + idle,
			curve_joules(&k->total, end) - curve_joules(&k->total, begin), 1e-6);
	expect("the energy by the other convention", k->w, same, sum, 1e-6);
}

static void check_readings(const struct work *k, const struct readings *r)
{
	const struct world *w = k->w;
	double ideal = w->noise_w > 0 ? 6 * w->noise_w : 1e-9;

	for (size_t i = 20; i < r->n && i < 40; i++) {
		double t = r->r[i].t - w->is.lag_s;

		if (w->is.kind == SENSE_BOXCAR && !(w->is.period_s > 0) && !(w->rc_s > 0) &&
			!(w->lsb > 0) && w->gain == 0 && !(w->garbled > 0) && !(w->clip > 0) &&
			!(w->again > 0))
			expect("a reading", w, r->r[i].value,
				summed(&k->total, t - w->is.window_s, t, curve_watts) /
					w->is.window_s,
				ideal + 0.02);
		if (w->stamp_sd_s == 0 && w->stamp_round_s == 0 && w->late_s == 0 && w->held_s == 0)
			expect("a stamp", w, r->r[i].stamp, r->r[i].t * (1 + w->skew), 1e-9);
	}
}

int world_check(void)
{
	for (size_t i = 0; i < world_count_kinds(); i++)
		for (uint64_t seed = 1; seed <= 2; seed++) {
			struct readings r = {0};
			struct world w;
			struct work k;

			world_of_kind(world_kind(i), seed, &w);
			w.run_s = fmin(w.run_s, 3);
			work_make(&k, &w);
			sense(&k, (double)k.end_ns * 1e-9 + w.idle_s, &r);
			check_curve(&w, &k.total, w.idle_s - 0.005);
			check_curve(&w, &k.total, w.idle_s + 0.4);
			check_layers(&k);
			check_total(&k);
			check_readings(&k, &r);
			free(r.r);
			work_release(&k);
		}
	return failures;
}
