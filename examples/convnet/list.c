/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * A network as a table: for people, and as CSV with the columns that a prediction from MACs needs.
 */
#include <inttypes.h>

#include "examples/convnet/options.h"

static void shape(struct erg_net_shape s, char *buf, size_t size)
{
	snprintf(buf, size, "%" PRIu32 "x%" PRIu32 "x%" PRIu32, s.c, s.h, s.w);
}

void erg_convnet_list_text(const struct erg_net *net, FILE *out)
{
	uint64_t macs = erg_net_macs(net, -1);
	char in[40], to[40];

	fprintf(out, "%s\n%-28s %-8s %13s %13s %15s %6s %12s\n", net->name, "layer", "type",
		"input", "output", "MACs", "%", "parameters");
	for (uint32_t i = 1; i < net->n_layers; i++) {
		const struct erg_net_layer *l = &net->layers[i];

		shape(l->in, in, sizeof(in));
		shape(l->out, to, sizeof(to));
		fprintf(out, "%-28s %-8s %13s %13s %15" PRIu64 " %6.2f %12" PRIu64 "\n", l->name,
			erg_net_type(l), in, to, l->macs,
			macs ? 100.0 * (double)l->macs / (double)macs : 0.0, l->params);
	}
	fprintf(out, "%-28s %-8s %13s %13s %15" PRIu64 " %6.2f %12" PRIu64 "\n\n", "total", "", "",
		"", macs, macs ? 100.0 : 0.0, erg_net_params(net));
}

void erg_convnet_list_csv(const struct erg_net *net, bool first, FILE *out)
{
	if (first)
		fputs("network,module,layer,type,macs,params,bytes_in,bytes_out,bytes_params\n",
			out);
	for (uint32_t i = 1; i < net->n_layers; i++) {
		const struct erg_net_layer *l = &net->layers[i];

		fprintf(out,
			"%s,%s,%s,%s,%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 "\n",
			net->name, l->module == ERG_NET_NONE ? "" : net->modules[l->module].name,
			l->name, erg_net_type(l), l->macs, l->params, l->bytes_in, l->bytes_out,
			l->bytes_params);
	}
}
