/* SPDX-License-Identifier: MIT */

/*
 * Networks as objects: freeing them, and sums over their layers.
 * The text is understood in parse.c, shapes follow in shape.c, files are found and read in load.c.
 */
#include <stdlib.h>
#include <string.h>

#include "formats/net/net.h"
#include "formats/base/util.h"

void erg_net_free(struct erg_net *net)
{
	if (!net)
		return;
	for (uint32_t i = 0; i < net->n_layers; i++) {
		free(net->layers[i].name);
		free(net->layers[i].from);
	}
	for (uint32_t i = 0; i < net->n_modules; i++) {
		free(net->modules[i].name);
		free(net->modules[i].type);
	}
	free(net->layers);
	free(net->modules);
	free(net->name);
	free(net);
}

void erg_net_freep(struct erg_net **net)
{
	erg_net_free(*net);
}

bool erg_net_depthwise(const struct erg_net_layer *l)
{
	return l->op == ERG_NET_CONV && l->groups > 1 && l->groups == l->in.c &&
		l->groups == l->out_channels;
}

const char *erg_net_type(const struct erg_net_layer *l)
{
	static const char *const types[ERG_NET_N_OPS] = {
		[ERG_NET_INPUT] = "input",
		[ERG_NET_CONV] = "conv",
		[ERG_NET_FC] = "fc",
		[ERG_NET_MAXPOOL] = "pool",
		[ERG_NET_AVGPOOL] = "pool",
		[ERG_NET_LRN] = "lrn",
		[ERG_NET_SCALE] = "norm",
		[ERG_NET_RELU] = "relu",
		[ERG_NET_CONCAT] = "concat",
		[ERG_NET_ELTWISE] = "eltwise",
		[ERG_NET_SOFTMAX] = "softmax",
		[ERG_NET_DROPOUT] = "dropout",
	};

	return erg_net_depthwise(l) ? "dwconv" : types[l->op];
}

uint64_t erg_net_elements(struct erg_net_shape s)
{
	return (uint64_t)s.c * s.h * s.w;
}

uint64_t erg_net_macs(const struct erg_net *net, int op)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < net->n_layers; i++)
		if (op < 0 || (int)net->layers[i].op == op)
			sum += net->layers[i].macs;
	return sum;
}

uint64_t erg_net_params(const struct erg_net *net)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < net->n_layers; i++)
		sum += net->layers[i].params;
	return sum;
}
