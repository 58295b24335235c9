/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Rows from the description of a network that nobody has run: what a model can be asked about
 * without any measurement.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "analyze/model/data.h"

static const char known[] = "macs, params, bytes_in, bytes_out, bytes_params";

/* Value NAME of a layer; false when a description does not have it. */
static bool lookup(const struct erg_net_layer *l, const char *name, double *ret)
{
	if (!strcmp(name, "macs"))
		*ret = (double)l->macs;
	else if (!strcmp(name, "params"))
		*ret = (double)l->params;
	else if (!strcmp(name, "bytes_in"))
		*ret = (double)l->bytes_in;
	else if (!strcmp(name, "bytes_out"))
		*ret = (double)l->bytes_out;
	else if (!strcmp(name, "bytes_params"))
		*ret = (double)l->bytes_params;
	else if (!strcmp(name, "calls"))
		*ret = 1;
	else
		return false;
	return true;
}

int erg_model_data_net(const struct erg_net *net, const struct erg_model_want *want,
	struct erg_model_data *d, struct erg_err *err)
{
	double sum[64] = {0}, v[64];
	size_t rows = 0;

	if (want->n > 64)
		return erg_fail(err, -E2BIG, "%zu columns; expected at most 64", want->n);
	for (uint32_t i = 1; i < net->n_layers; i++) {
		const struct erg_net_layer *l = &net->layers[i];

		if (want->type && strcmp(want->type, erg_net_type(l)))
			continue;
		for (size_t j = 0; j < want->n; j++) {
			v[j] = NAN;
			if (!lookup(l, want->names[j], &v[j]) && j + want->n_optional < want->n)
				return erg_fail(err, -ENOENT,
					"%s: the description of a network has no \"%s\"; it has %s",
					net->name, want->names[j], known);
			sum[j] += v[j];
		}
		rows++;
		if (!want->whole && erg_model_data_row(d, v, NAN, net->name, l->name, 0) < 0)
			return erg_fail_errno(err, -ENOMEM, "%s", net->name);
	}
	if (!rows)
		return erg_fail(err, -ENODATA, "%s: no layer of type \"%s\"", net->name,
			want->type ? want->type : "any");
	if (want->whole && erg_model_data_row(d, sum, NAN, net->name, net->name, 0) < 0)
		return erg_fail_errno(err, -ENOMEM, "%s", net->name);
	return 0;
}
