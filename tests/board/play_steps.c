/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a workload asks of the board.
 *
 * A layer's time is additive, t = t_mem + c/f: computation does not hide memory. It is the model of
 * in-order cores that the frequency analyses fit, and with it the energy of a layer is linear in
 * its operations and transactions at a given clock, so that both can be checked against the truth.
 * Layers without multiply-accumulates compute one operation per element of their output.
 */
#include <errno.h>
#include <stdlib.h>

#include "formats/base/util.h"
#include "tests/board/play.h"

double erg_play_step_s(const struct erg_play_step *s, double hz, double slowdown, double cores)
{
	double per_cycle = s->gpu ? ERG_PLAY_GPU_MAC_PER_CYCLE : ERG_PLAY_MAC_PER_CYCLE * cores;
	double lanes = cores < 2 ? cores : 2; /* two cores saturate the memory */

	if (s->gpu)
		lanes = 2;
	return s->fixed_s + s->macs / (per_cycle * hz) +
		s->bus * slowdown / (ERG_PLAY_BUS_PER_CORE * lanes);
}

static struct erg_play_step synthetic(const struct erg_play_config *cfg)
{
	struct erg_play_step s = {0};

	/* about 10 ms at the highest clock */
	if (cfg->kind == ERG_PLAY_MEMORY)
		s = (struct erg_play_step){.macs = 7e6, .bus = 0.9e6};
	else if (cfg->kind == ERG_PLAY_COMPUTE)
		s = (struct erg_play_step){.macs = 68e6, .bus = 0.02e6};
	else
		s = (struct erg_play_step){.macs = 2e6, .bus = 0.05e6, .fixed_s = 0.0092};
	s.macs *= cfg->scale;
	s.bus *= cfg->scale;
	s.fixed_s *= cfg->scale;
	return s;
}

int erg_play_steps(const struct erg_play_config *cfg, const struct erg_net *net,
	struct erg_play_step **ret, size_t *ret_n, struct erg_err *err)
{
	size_t room = net ? net->n_layers : 2;
	struct erg_play_step *steps = calloc(room, sizeof(*steps));

	if (!steps)
		return erg_fail(err, -ENOMEM, "no memory for %zu steps", room);
	*ret = steps;
	*ret_n = 0;
	if (cfg->kind == ERG_PLAY_ROOFS) {
		steps[0] = (struct erg_play_step){.macs = ERG_PLAY_ROOF_MACS * cfg->scale,
			.gpu = cfg->gpu,
			.layer = 0};
		steps[1] = (struct erg_play_step){.bus = ERG_PLAY_ROOF_BUS * cfg->scale,
			.gpu = cfg->gpu,
			.layer = 1};
		*ret_n = 2;
		return 0;
	}
	if (!net) {
		steps[(*ret_n)++] = synthetic(cfg);
		return 0;
	}
	for (uint32_t i = 1; i < net->n_layers; i++) {
		const struct erg_net_layer *l = &net->layers[i];
		double bytes = (double)(l->bytes_in + l->bytes_out + l->bytes_params);

		if (l->op == ERG_NET_DROPOUT) /* does nothing at inference */
			continue;
		steps[(*ret_n)++] = (struct erg_play_step){
			.macs = cfg->scale *
				(l->macs ? (double)l->macs : (double)erg_net_elements(l->out)),
			.bus = cfg->scale * cfg->traffic * bytes / ERG_PLAY_BUS_BYTES,
			.gpu = cfg->gpu && (l->op == ERG_NET_CONV || l->op == ERG_NET_FC),
			.layer = i,
		};
	}
	return 0;
}
