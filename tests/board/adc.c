/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A simulated sensor.
 *
 * Energy is accumulated piece by piece, and noted exactly where a conversion begins and ends, so a
 * conversion's mean is exact whatever the pieces. The recursive average is the INA3221's:
 * out += alpha (new - out) at every conversion (datasheet SBOS576, 8.4.1). Noise is added before
 * the average and the quantisation comes last, as the chip's result register has the resolution of
 * the converter. A counter's edge shows the energy at the edge.
 */
#include "tests/board/adc.h"

#include <errno.h>
#include <math.h>

static double uniform(uint64_t *rng)
{
	/* xorshift64*, Vigna 2016 */
	*rng ^= *rng >> 12;
	*rng ^= *rng << 25;
	*rng ^= *rng >> 27;
	return (double)((*rng * 2685821657736338717ull) >> 11) / 9007199254740992.0;
}

static double gauss(uint64_t *rng)
{
	double u = uniform(rng), v = uniform(rng);

	return sqrt(-2 * log(1 - u)) * cos(2 * M_PI * v);
}

int erg_adc_init(struct erg_adc *a, const struct erg_adc_params *p, uint64_t t_ns, uint64_t seed)
{
	if (p->period_ns == 0 || (p->window_ns + p->lag_ns) / p->period_ns + 4 > ERG_ADC_QUEUE)
		return -EINVAL;
	*a = (struct erg_adc){.p = *p,
		.t_ns = t_ns,
		.rng = seed * 2654435761u + 88172645463325252ull};
	a->close_ns = (t_ns / p->period_ns + 1) * p->period_ns;
	while (a->close_ns < t_ns + p->window_ns)
		a->close_ns += p->period_ns;
	a->open_ns = a->close_ns - p->window_ns;
	return 0;
}

static double quantise(const struct erg_adc_params *p, double value)
{
	if (p->lsb <= 0)
		return value;
	/* a counter has counted whole quanta; a converter rounds to the nearest */
	return p->lsb *
		(p->kind == ERG_SENSOR_COUNTER ? floor(value / p->lsb)
					       : floor(value / p->lsb + 0.5));
}

static void close_conversion(struct erg_adc *a)
{
	const struct erg_adc_params *p = &a->p;
	struct erg_adc_shown *s = &a->shown[a->shown_head++ % ERG_ADC_QUEUE];
	double value;

	s->time_ns = a->close_ns + p->lag_ns;
	if (p->kind == ERG_SENSOR_COUNTER) {
		s->value = quantise(p, a->energy_j * p->scale * p->gain);
		return;
	}
	value = (a->energy_j - a->opened[a->open_tail++ % ERG_ADC_QUEUE]) * 1e9 /
		(double)p->window_ns;
	value = value * p->scale * p->gain + p->offset;
	if (p->noise > 0)
		value += p->noise * gauss(&a->rng);
	if (p->kind == ERG_SENSOR_EMA) {
		a->ema = a->filled ? a->ema + p->alpha * (value - a->ema) : value;
		a->filled = true;
		value = a->ema;
	}
	s->value = quantise(p, value);
}

void erg_adc_feed(struct erg_adc *a, uint64_t to_ns, double p_w)
{
	bool counter = a->p.kind == ERG_SENSOR_COUNTER;

	while (a->t_ns < to_ns) {
		uint64_t edge = to_ns;
		bool open, close;

		if (!counter && a->open_ns < edge)
			edge = a->open_ns;
		if (a->close_ns < edge)
			edge = a->close_ns;
		a->energy_j += p_w * (double)(edge - a->t_ns) * 1e-9;
		a->t_ns = edge;
		close = edge == a->close_ns;
		open = !counter && edge == a->open_ns;
		if (close) {
			close_conversion(a);
			a->close_ns += a->p.period_ns;
		}
		if (open) {
			a->opened[a->open_head++ % ERG_ADC_QUEUE] = a->energy_j;
			a->open_ns += a->p.period_ns;
		}
	}
}

bool erg_adc_read(struct erg_adc *a, uint64_t now_ns, struct erg_adc_shown *ret)
{
	while (a->shown_tail < a->shown_head &&
		a->shown[a->shown_tail % ERG_ADC_QUEUE].time_ns <= now_ns)
		a->last = a->shown[a->shown_tail++ % ERG_ADC_QUEUE];
	*ret = a->last;
	return a->last.time_ns != 0;
}
