/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a rail's power is says rail.h. Between two readings the power is linear; what a gap is
 * and what is observed says formats/observed.h, of the median distance of the readings. That is known
 * at the end only, so what lies between two readings is kept by their distance, in quarters of an
 * octave. A counter's difference needs no bridge, but after a reset there is none.
 *
 * A rail is written by the thread that reads its source and read when that has ended; begin and end
 * come from another and are read relaxed, so that at most one reading falls on the wrong side.
 */
#include "record/sampler/tally.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "formats/base/util.h"
#include "formats/observed.h"
#include "record/sources/rail_power.h"

#define BINS 160 /* of distances: quarters of an octave, to 2^40 ns */

/* Pairs of readings of about one distance. */
struct bin {
	uint64_t n; /* all */
	double ns;  /* sum of their distances */
	/* of the part of the time that counts: */
	double covered_ns, energy_j; /* as no gap */
	double pairs, ends_w;        /* as a gap: pairs, and the power at both of their ends */
};

struct rail {
	uint32_t source;
	struct erg_rail_form form;
	/* of the thread that reads */
	bool valid;
	uint64_t last_ns;
	int64_t last_raw;
	double last_w;
	double fastest; /* rise of a counter, W */
	struct bin bin[BINS];
};

struct erg_tally {
	const struct erg_source_list *sources;
	struct rail *rails;
	size_t n;
	uint64_t begin_ns, end_ns; /* atomic; UINT64_MAX: not yet */
};

int erg_tally_new(const struct erg_source_list *sources, struct erg_tally **ret,
	struct erg_err *err)
{
	struct erg_tally *t = calloc(1, sizeof(*t));
	size_t most = 1;

	for (size_t i = 0; i < sources->n; i++)
		most += sources->sources[i]->n_channels;
	if (!t || !(t->rails = calloc(most, sizeof(*t->rails)))) {
		free(t);
		return erg_fail_errno(err, -ENOMEM, "tally");
	}
	t->sources = sources;
	t->begin_ns = t->end_ns = UINT64_MAX;
	for (size_t i = 0; i < sources->n; i++)
		for (size_t k = 0; k < sources->sources[i]->n_channels; k++) {
			struct rail *r = &t->rails[t->n];

			*r = (struct rail){.source = (uint32_t)i};
			t->n += sources->sources[i]->cls == ERG_CLASS_POWER &&
				erg_rail_form(sources->sources[i], k, &r->form);
		}
	*ret = t;
	return 0;
}

void erg_tally_free(struct erg_tally *t)
{
	if (!t)
		return;
	free(t->rails);
	free(t);
}

void erg_tally_begin(struct erg_tally *t, uint64_t begin_ns)
{
	__atomic_store_n(&t->begin_ns, begin_ns, __ATOMIC_RELAXED);
}

void erg_tally_end(struct erg_tally *t, uint64_t end_ns)
{
	__atomic_store_n(&t->end_ns, end_ns, __ATOMIC_RELAXED);
}

static size_t bin_of(uint64_t distance_ns)
{
	int exponent;
	double m = frexp((double)distance_ns, &exponent); /* 0.5 <= m < 1 */
	size_t i = 4 * (size_t)(exponent - 1) + (size_t)((m - 0.5) * 8);

	return i < BINS ? i : BINS - 1;
}

/* Whether a reading of a counter goes on from the last one; after a reset nobody knows. */
static bool goes_on(struct rail *r, const struct erg_channel_def *c, uint64_t now, int64_t raw)
{
	double dt = (double)(now - r->last_ns) * 1e-9;

	r->fastest = fmax(r->fastest, erg_counter_rate(c, r->last_raw, raw, dt));
	return raw >= r->last_raw || erg_counter_wrapped(c, r->last_raw, raw, dt, r->fastest);
}

/* Joules between the last reading and this one, of which the part [F0, F1] (fractions) counts. */
static double between(const struct rail *r, const struct erg_channel_def *c, int64_t raw, double w,
	double dt_s, double f0, double f1)
{
	double mid = (f0 + f1) / 2;

	if (r->form.by == ERG_Q_ENERGY)
		return (f1 - f0) * (double)erg_rail_difference(r->last_raw, raw, c->wrap) *
			c->scale;
	return (f1 - f0) * dt_s * (r->last_w + (w - r->last_w) * mid);
}

static void add_energy(struct rail *r, const struct erg_channel_def *c, uint64_t now, int64_t raw,
	double w, uint64_t begin, uint64_t end)
{
	uint64_t from = r->last_ns > begin ? r->last_ns : begin;
	uint64_t to = now < end ? now : end;
	double dt = (double)(now - r->last_ns);
	struct bin *bin = &r->bin[bin_of(now - r->last_ns)];

	bin->n++;
	bin->ns += dt;
	if (from >= to)
		return;
	bin->energy_j += between(r, c, raw, w, dt * 1e-9, (double)(from - r->last_ns) / dt,
		(double)(to - r->last_ns) / dt);
	bin->covered_ns += (double)(to - from);
	bin->pairs += (double)(to - from) / dt;
	bin->ends_w += (r->last_w + w) * (double)(to - from) / dt;
}

void erg_tally_take(struct erg_tally *t, uint32_t source, uint64_t time_ns, const int64_t *values)
{
	for (size_t i = 0; t && i < t->n; i++) {
		struct rail *r = &t->rails[i];
		const struct erg_source *s = t->sources->sources[r->source];
		const struct erg_rail_form *f = &r->form;
		int64_t raw;
		double w = 0;

		if (r->source != source || (r->valid && time_ns <= r->last_ns))
			continue;
		raw = values[f->value];
		if (raw == ERG_VALUE_NONE ||
			(f->by != ERG_Q_ENERGY && !erg_rail_watts(s, f, values, &w)))
			continue; /* as if it had not been read */
		if (r->valid &&
			(f->by != ERG_Q_ENERGY || goes_on(r, &s->channels[f->value], time_ns, raw)))
			add_energy(r, &s->channels[f->value], time_ns, raw, w,
				__atomic_load_n(&t->begin_ns, __ATOMIC_RELAXED),
				__atomic_load_n(&t->end_ns, __ATOMIC_RELAXED));
		r->valid = true;
		r->last_ns = time_ns;
		r->last_raw = raw;
		r->last_w = w;
	}
}

static const struct erg_channel_def *channel(const struct erg_tally *t, const struct rail *r)
{
	return &t->sources->sources[r->source]->channels[r->form.value];
}

/* Of rail R: what was observed, and its energy. */
struct observed {
	double time_ns, energy_j;
};

/* The median distance of two readings, or the sensor's own period, ns; as erg-analyze takes it. */
static double period_of(const struct erg_tally *t, const struct rail *r)
{
	double own = (double)t->sources->sources[r->source]->model.period_ns;
	uint64_t n = 0, below = 0;
	size_t i = 0;

	for (size_t k = 0; k < BINS; k++)
		n += r->bin[k].n;
	while (i < BINS - 1 && 2 * (below + r->bin[i].n) < n)
		below += r->bin[i++].n;
	return n ? fmax(own, r->bin[i].ns / (double)r->bin[i].n) : own;
}

static struct observed observe(const struct erg_tally *t, const struct rail *r)
{
	double period = period_of(t, r);
	double window = (double)t->sources->sources[r->source]->model.window_ns;
	double half = erg_observed_half(period, window);
	struct observed o = {0};

	for (size_t i = 0; i < BINS; i++) {
		const struct bin *b = &r->bin[i];

		if (r->form.by != ERG_Q_ENERGY && b->n &&
			erg_observed_gap(b->ns / (double)b->n, period, window)) {
			o.time_ns += 2 * half * b->pairs;
			o.energy_j += half * 1e-9 * b->ends_w;
		} else {
			o.time_ns += b->covered_ns;
			o.energy_j += b->energy_j;
		}
	}
	return o;
}

/* A parent that is itself no rail here is none. */
static bool is_root(const struct erg_tally *t, const struct rail *r)
{
	const char *parent = channel(t, r)->parent;

	for (size_t i = 0; *parent && i < t->n; i++)
		if (observe(t, &t->rails[i]).time_ns > 0 &&
			!strcmp(channel(t, &t->rails[i])->rail, parent))
			return false;
	return true;
}

bool erg_tally_report(const struct erg_tally *t, struct erg_tally_report *ret)
{
	const struct rail *best = NULL;
	struct observed of_best = {0};
	double all;

	for (size_t i = 0; t && i < t->n; i++) {
		const struct rail *r = &t->rails[i];
		struct observed o = observe(t, r);

		if (!(o.time_ns > 0) || !is_root(t, r) ||
			(best && o.energy_j / o.time_ns <= of_best.energy_j / of_best.time_ns))
			continue;
		best = r;
		of_best = o;
	}
	if (!best || t->end_ns <= t->begin_ns)
		return false;
	/* a reading that was made before the end was told may be of a time after it */
	all = fmin(1, (double)(t->end_ns - t->begin_ns) / of_best.time_ns);
	*ret = (struct erg_tally_report){.rail = channel(t, best)->rail,
		.simulated = t->sources->sources[best->source]->simulated,
		.energy_j = of_best.energy_j * all,
		.coverage = of_best.time_ns * all / (double)(t->end_ns - t->begin_ns)};
	return true;
}
