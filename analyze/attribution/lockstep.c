/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A sampler in step with the work sees the same few moments of every iteration and nothing else;
 * any number for the rest would be invented. Seen as phases of the readings in the cycle of the
 * layers, step means that some harmonic has a resultant length near one (Rayleigh's test;
 * Mardia and Jupp 2000, chapter 6). The cycle runs from one call to the next of the layer that is
 * called least often but at least MIN_CYCLES times.
 */
#include <math.h>

#include "analyze/attribution/lockstep.h"
#include "analyze/attribution/readings.h"
#include "analyze/attribution/view.h"
#include "formats/base/util.h"

#define MIN_CYCLES 50
#define MAX_READINGS 20000
#define HARMONICS 16

static uint32_t reference_class(const struct attr_view *v)
{
	uint32_t best = ERG_NONE;

	for (uint32_t c = 0; c < v->gap_class; c++)
		if (v->class_calls[c] >= MIN_CYCLES &&
			(best == ERG_NONE || v->class_calls[c] < v->class_calls[best]))
			best = c;
	return best;
}

static bool starts(const struct attr_view *v, size_t i, uint32_t ref)
{
	return v->col_class[v->col[attr_first(v, i)]] == ref &&
		(!i || v->col_class[v->col[attr_first(v, i - 1)]] != ref);
}

double attr_lockstep(const struct attr_view *v, const struct attr_readings *r)
{
	double re[HARMONICS] = {0}, im[HARMONICS] = {0}, n = 0, best = 0;
	uint32_t ref = reference_class(v);
	uint64_t from = 0, to = 0;
	size_t seg = 0, m = 0, harmonics = 0;

	if (ref == ERG_NONE)
		return 0;
	for (uint32_t c = 0; c < v->gap_class; c++)
		harmonics += v->class_calls[c] >= MIN_CYCLES;
	harmonics = harmonics < HARMONICS ? harmonics : HARMONICS;
	for (; seg < v->n && n < MAX_READINGS; seg++) {
		if (!starts(v, seg, ref))
			continue;
		from = to;
		to = attr_begin(v, seg);
		if (!from)
			continue;
		while (m < r->n && r->t[m] < from)
			m++;
		for (; m < r->n && r->t[m] < to; m++, n++) {
			double phase = 2 * M_PI * (double)(r->t[m] - from) / (double)(to - from);

			for (size_t h = 0; h < harmonics; h++) {
				re[h] += cos((double)(h + 1) * phase);
				im[h] += sin((double)(h + 1) * phase);
			}
		}
	}
	for (size_t h = 0; h < harmonics && n >= MIN_CYCLES; h++)
		best = fmax(best, hypot(re[h], im[h]) / n);
	return best;
}
