/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The cost of an event, by events `event_cost`: they have the fields of `layer` and go the same way
 * into the same buffers, but are no layers, so an archive may contain them.
 *
 * Events in a row find code, buffer and time page in the caches and show the least that an event
 * costs. A layer of a network displaces what was there, so its event is dearer: that one is timed
 * alone, after a walk over more memory than the first caches hold.
 */
#include "record/run/event_cost.h"

#include <stdlib.h>

#include "formats/base/order.h"
#include "formats/base/util.h"
#include "tracepoints/provider.h"

#define ROW 8
#define WALK_BYTES (1u << 20)
#define LINE_BYTES 64

static double clock_cost(void)
{
	const int n = 1000;
	uint64_t begin = erg_mono_ns();

	for (int i = 0; i < n; i++)
		(void)erg_mono_ns();
	return (double)(erg_mono_ns() - begin) / (n + 1);
}

/* ns of each of N events, of which the clock's own time has been taken. */
static double events(uint32_t n, double clock_ns)
{
	uint64_t begin = erg_mono_ns(), end;
	double cost;

	for (uint32_t i = 0; i < n; i++)
		lttng_ust_tracepoint(ergtrace, event_cost, 0, i, begin);
	end = erg_mono_ns();
	cost = ((double)(end - begin) - clock_ns) / n;
	return cost > 0 ? cost : 0;
}

static void walk(volatile unsigned char *memory)
{
	for (size_t i = 0; i < WALK_BYTES; i += LINE_BYTES)
		memory[i]++;
}

static struct erg_cost_spread spread(double *x, unsigned n)
{
	erg_sort(x, n, sizeof(*x), erg_order_double);
	return (struct erg_cost_spread){x[0], x[n / 2], x[n * 95 / 100]};
}

bool erg_event_cost_measure(unsigned rounds, struct erg_event_cost *ret)
{
	_cleanup_(erg_freep) unsigned char *memory = calloc(1, WALK_BYTES);
	double warm[ERG_EVENT_COST_ROUNDS_MAX], cold[ERG_EVENT_COST_ROUNDS_MAX], clock_ns;

	if (rounds > ERG_EVENT_COST_ROUNDS_MAX)
		rounds = ERG_EVENT_COST_ROUNDS_MAX;
	if (!memory || !rounds || !lttng_ust_tracepoint_enabled(ergtrace, event_cost))
		return false;
	clock_ns = clock_cost();
	for (unsigned i = 0; i < rounds; i++) {
		walk(memory);
		cold[i] = events(1, clock_ns);
		warm[i] = events(ROW, clock_ns);
	}
	*ret = (struct erg_event_cost){
		.rounds = rounds,
		.warm = spread(warm, rounds),
		.cold = spread(cold, rounds),
		.clock_ns = clock_ns,
	};
	return true;
}

double erg_event_cost_disabled_ns(void)
{
	const int n = 20000;
	uint64_t begin = erg_mono_ns();

	for (int i = 0; i < n; i++)
		lttng_ust_tracepoint(ergtrace, layer_begin, 0, (uint32_t)i);
	return (double)(erg_mono_ns() - begin) / n;
}
