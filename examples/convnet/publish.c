/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a layer does, for the simulated board: its multiply-accumulates and the bytes of its inputs,
 * outputs and parameters, over the time that it took in the iteration before. (Its own time is
 * known only when it has passed, and the board's sensor cannot be shown the past.) In the first
 * iteration only the busy core is known.
 */
#include "examples/convnet/publish.h"

#include <stdlib.h>

#include "formats/board_page.h"

#define BUS_BYTES 64.0

struct erg_publish {
	const struct erg_net *net;
	struct erg_board_page *page;
	struct erg_board_ring *ring;
	uint32_t now; /* layer that runs */
	uint64_t since_ns;
	double *took_s; /* per layer, smoothed; 0 unknown */
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
	p->took_s = calloc(net->n_layers + 1, sizeof(*p->took_s));
	if (p->ring && p->took_s)
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
	free(p->took_s);
	free(p);
}

static void learn(struct erg_publish *p, uint64_t now_ns)
{
	double took = (double)(now_ns - p->since_ns) * 1e-9, *known = &p->took_s[p->now];

	if (p->now)
		*known = *known > 0 ? 0.8 * *known + 0.2 * took : took;
}

void erg_publish_layer(struct erg_publish *p, uint32_t i)
{
	struct erg_board_transition t = {0};
	uint64_t now;

	if (!p)
		return;
	if (i) {
		const struct erg_net_layer *l = &p->net->layers[i];

		t.cpu_activity = 1;
		if (p->took_s[i] > 0) {
			t.simd_rate = (double)l->macs / p->took_s[i];
			t.bus_rate = (double)(l->bytes_in + l->bytes_out + l->bytes_params) /
				BUS_BYTES / p->took_s[i];
		}
	}
	now = erg_board_publish(p->ring, &t);
	learn(p, now);
	p->now = i;
	p->since_ns = now;
}
