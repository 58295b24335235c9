/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A sampler in step with the work sees the same few moments of every iteration and nothing else;
 * any number for the rest would be invented. Seen as phases of the readings in the cycle of the
 * layers (cycles.h), step means that some harmonic has a resultant length near one (Rayleigh's test;
 * Mardia and Jupp 2000, chapter 6).
 */
#include <math.h>

#include "analyze/attribution/lockstep.h"
#include "analyze/attribution/cycles.h"
#include "analyze/attribution/readings.h"
#include "analyze/attribution/view.h"
#include "formats/base/util.h"

#define MAX_READINGS 20000
#define HARMONICS 16

double attr_lockstep(const struct attr_view *v, const struct attr_readings *r)
{
	double re[HARMONICS] = {0}, im[HARMONICS] = {0}, n = 0, best = 0;
	struct attr_cycles c = attr_cycles_of(v);
	size_t m = 0, harmonics = 0;

	for (uint32_t k = 0; k < v->gap_class; k++)
		harmonics += v->class_calls[k] >= ATTR_CYCLES_MIN;
	harmonics = harmonics < HARMONICS ? harmonics : HARMONICS;
	while (n < MAX_READINGS && attr_cycles_next(&c)) {
		while (m < r->n && r->t[m] < c.from)
			m++;
		for (; m < r->n && r->t[m] < c.to; m++, n++) {
			double phase =
				2 * M_PI * (double)(r->t[m] - c.from) / (double)(c.to - c.from);

			for (size_t h = 0; h < harmonics; h++) {
				re[h] += cos((double)(h + 1) * phase);
				im[h] += sin((double)(h + 1) * phase);
			}
		}
	}
	for (size_t h = 0; h < harmonics && n >= ATTR_CYCLES_MIN; h++)
		best = fmax(best, hypot(re[h], im[h]) / n);
	return best;
}
