/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What each thread that plays has executed, for the file ergboard/processes: "TID busy_ms
 * instructions cycles simd bus", a line a thread, those that ended last included. It stands for the counters of a
 * processor, which here nobody has.
 *
 * The model: a core that works has its clock's cycles, whether it waits for memory or not (the board's
 * activity of 0.5 is such a core); an instruction does two multiply-accumulates of its four lanes' worth
 * of loading and adding, a bus transaction costs two, and a tenth of the cycles holds the rest.
 */
#include "tests/board/board.h"

#include <stdio.h>
#include <string.h>

#include "formats/base/util.h"

#define BUSY_ACTIVITY 0.5
#define PER_SIMD 0.5
#define PER_BUS 2.0
#define PER_CYCLE 0.1
#define SHOW_NS 10000000u

/* The ring's thread may be another one than before: what the last one did is kept for a while. */
static void change_owner(struct erg_board *b, unsigned ring, uint32_t owner)
{
	struct erg_board_counts *c = &b->counts[ring];

	if (c->owner)
		b->counts[ERG_BOARD_RINGS + b->ended++ % (ERG_BOARD_COUNTS - ERG_BOARD_RINGS)] = *c;
	*c = (struct erg_board_counts){.owner = owner};
}

void erg_board_count(struct erg_board *b, double dt)
{
	for (unsigned i = 0; i < ERG_BOARD_RINGS; i++) {
		const struct erg_model_load *l = &b->ring_load[i];
		uint32_t owner = atomic_load(&b->page->rings[i].owner);
		struct erg_board_counts *c = &b->counts[i];
		double busy_s = l->cpu_activity / BUSY_ACTIVITY * dt;
		double cycles = busy_s * b->clocks.cpu_khz * 1e3;

		if (owner && owner != c->owner)
			change_owner(b, i, owner);
		if (!c->owner)
			continue;
		c->busy_s += busy_s;
		c->cycles += cycles;
		c->simd += l->simd_rate * dt;
		c->bus += l->bus_rate * dt;
		c->instructions += PER_SIMD * l->simd_rate * dt + PER_CYCLE * cycles;
		if (!(l->gpu_activity > 0))
			c->instructions += PER_BUS * l->bus_rate * dt;
	}
}

void erg_board_counts_show(struct erg_board *b)
{
	char text[ERG_BOARD_COUNTS * 120];
	size_t n = 0;

	if (b->t_ns < b->counts_ns)
		return;
	b->counts_ns = b->t_ns + SHOW_NS;
	for (size_t i = 0; i < ERG_BOARD_COUNTS; i++)
		if (b->counts[i].owner)
			n += (size_t)snprintf(text + n, sizeof(text) - n,
				"%u %.1f %.0f %.0f %.0f %.0f\n", b->counts[i].owner,
				b->counts[i].busy_s * 1e3, b->counts[i].instructions,
				b->counts[i].cycles, b->counts[i].simd, b->counts[i].bus);
	if (pwrite(b->processes.fd, text, n, 0) == (ssize_t)n &&
		ftruncate(b->processes.fd, (off_t)n) < 0)
		return; /* a longer file has lines of before, which say less */
}
