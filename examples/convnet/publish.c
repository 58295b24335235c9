/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a layer does, for the simulated board: its multiply-accumulates and the bytes of its inputs,
 * outputs and parameters, over the time that it takes: the median of its first iterations. (Its own
 * time is known only when it has passed, and the board's sensor cannot be shown the past.) In the
 * first iteration only the busy core is known. After LEARNED iterations the rates stand: a layer
 * that the machine keeps waiting is longer, and draws what it always does.
 */
#include "examples/convnet/publish.h"

#include <stdlib.h>

#include "formats/board_page.h"

#define BUS_BYTES 64.0
#define LEARNED 15

/* How long a layer took, ascending. */
struct took {
	double s[LEARNED];
	unsigned n;
};

struct erg_publish {
	const struct erg_net *net;
	struct erg_board_page *page;
	struct erg_board_ring *ring;
	uint32_t now; /* layer that runs */
	uint64_t since_ns;
	struct took *took; /* per layer */
};

struct erg_publish *erg_publish_new(const struct erg_net *net)
{
	struct erg_board_page *page = getenv("ERG_BOARD_PAGE") ? erg_board_page_open(NULL) : NULL;
	struct erg_publish *p = page ? calloc(1, sizeof(*p)) : NULL;

	if (!p)
		return NULL;
	p->net = net;
	p->page = page;
	p->ring = erg_board_ring_take(page, (uint32_t)getpid());
	p->took = calloc(net->n_layers + 1, sizeof(*p->took));
	if (p->ring && p->took)
		return p;
	erg_publish_free(p);
	return NULL;
}

void erg_publish_free(struct erg_publish *p)
{
	if (!p)
		return;
	if (p->ring)
		erg_board_ring_drop(p->ring);
	munmap(p->page, sizeof(*p->page));
	free(p->took);
	free(p);
}

static void learn(struct took *t, double s)
{
	unsigned i = t->n;

	if (t->n == LEARNED)
		return;
	for (; i > 0 && t->s[i - 1] > s; i--)
		t->s[i] = t->s[i - 1];
	t->s[i] = s;
	t->n++;
}

void erg_publish_layer(struct erg_publish *p, uint32_t i)
{
	struct erg_board_transition t = {0};
	uint64_t now;

	if (!p)
		return;
	if (i) {
		const struct erg_net_layer *l = &p->net->layers[i];
		const struct took *took = &p->took[i];

		t.cpu_activity = 1;
		if (took->n > 0) {
			double s = took->s[took->n / 2];

			t.simd_rate = (double)l->macs / s;
			t.bus_rate = (double)(l->bytes_in + l->bytes_out + l->bytes_params) /
				BUS_BYTES / s;
		}
	}
	now = erg_board_publish(p->ring, &t);
	if (p->now)
		learn(&p->took[p->now], (double)(now - p->since_ns) * 1e-9);
	p->now = i;
	p->since_ns = now;
}
