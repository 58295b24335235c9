/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * What the operators of examples/convnet mean, written as naively as possible and apart from them:
 * no unrolling, no bands, no sharing of memory, double precision. Only the shapes and the weights
 * come from the code under test; shapes have a test of their own.
 */
#include <math.h>
#include <stdlib.h>

#include "examples/convnet/run.h"
#include "tests/unit/convnet_reference.h"

struct tensor {
	struct erg_net_shape s;
	double *v;
};

static double at(const struct tensor *t, long c, long y, long x, double outside)
{
	if (y < 0 || x < 0 || y >= t->s.h || x >= t->s.w)
		return outside;
	return t->v[((size_t)c * t->s.h + (size_t)y) * t->s.w + (size_t)x];
}

static double activate(double v, enum erg_net_act act)
{
	if (act == ERG_NET_ACT_NONE)
		return v;
	v = fmax(v, 0);
	return act == ERG_NET_ACT_RELU6 ? fmin(v, 6) : v;
}

static double conv_at(const struct erg_net_layer *l, const struct tensor *in, const float *w,
	long o, long y, long x)
{
	long per = l->in.c / l->groups, group = o / (l->out_channels / l->groups);
	double sum = 0;

	for (long c = 0; c < per; c++)
		for (long ky = 0; ky < l->kernel[0]; ky++)
			for (long kx = 0; kx < l->kernel[1]; kx++)
				sum += w[((o * per + c) * l->kernel[0] + ky) * l->kernel[1] + kx] *
					at(in, group * per + c, y * l->stride[0] + ky - l->pad[0],
						x * l->stride[1] + kx - l->pad[1], 0);
	return sum;
}

static double fc_at(const struct erg_net_layer *l, const struct tensor *in, const float *w, long o)
{
	size_t n = erg_net_elements(l->in);
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += w[(size_t)o * n + i] * in->v[i];
	return sum;
}

static double pool_at(const struct erg_net_layer *l, const struct tensor *in, long c, long y,
	long x)
{
	double best = -HUGE_VAL, sum = 0;
	long n = 0;

	for (long ky = 0; ky < l->kernel[0]; ky++)
		for (long kx = 0; kx < l->kernel[1]; kx++) {
			double v = at(in, c, y * l->stride[0] + ky - l->pad[0],
				x * l->stride[1] + kx - l->pad[1], NAN);

			if (isnan(v))
				continue;
			best = fmax(best, v);
			sum += v;
			n++;
		}
	return l->op == ERG_NET_MAXPOOL ? best : sum / (double)n;
}

static double lrn_at(const struct erg_net_layer *l, const struct tensor *in, long c, long y, long x)
{
	long half = l->lrn_size / 2;
	double sum = 0;

	for (long j = c - half; j <= c + half; j++)
		if (j >= 0 && j < l->in.c)
			sum += pow(at(in, j, y, x, 0), 2);
	return at(in, c, y, x, 0) / pow(l->lrn_k + l->lrn_alpha / l->lrn_size * sum, l->lrn_beta);
}

static double softmax_at(const struct erg_net_layer *l, const struct tensor *in, long c, long y,
	long x)
{
	double sum = 0;

	for (long j = 0; j < l->in.c; j++)
		sum += exp(at(in, j, y, x, 0) - at(in, c, y, x, 0));
	return 1 / sum;
}

static double concat_at(const struct erg_net_layer *l, const struct tensor *t, long c, long y,
	long x)
{
	uint32_t j = 0;

	while (c >= t[l->from[j]].s.c)
		c -= t[l->from[j++]].s.c;
	return at(&t[l->from[j]], c, y, x, 0);
}

static double eltwise_at(const struct erg_net_layer *l, const struct tensor *t, long c, long y,
	long x)
{
	double v = at(&t[l->from[0]], c, y, x, 0);

	for (uint32_t j = 1; j < l->n_from; j++) {
		double u = at(&t[l->from[j]], c, y, x, 0);

		v = l->elt == ERG_NET_ELT_SUM       ? v + u
			: l->elt == ERG_NET_ELT_MUL ? v * u
						    : fmax(v, u);
	}
	return v;
}

/* Output (c, y, x) of layer L; T: the outputs of the layers before it; W, B: its weights. */
static double value(const struct erg_net_layer *l, const struct tensor *t, const float *w,
	const float *b, long c, long y, long x)
{
	const struct tensor *in = &t[l->from[0]];

	switch (l->op) {
	case ERG_NET_CONV:
		return activate(conv_at(l, in, w, c, y, x) + b[c], l->act);
	case ERG_NET_FC:
		return activate(fc_at(l, in, w, c) + b[c], l->act);
	case ERG_NET_MAXPOOL:
	case ERG_NET_AVGPOOL:
		return pool_at(l, in, c, y, x);
	case ERG_NET_LRN:
		return lrn_at(l, in, c, y, x);
	case ERG_NET_SCALE:
		return activate(at(in, c, y, x, 0) * w[c] + b[c], l->act);
	case ERG_NET_RELU:
		return fmax(at(in, c, y, x, 0), 0);
	case ERG_NET_CONCAT:
		return concat_at(l, t, c, y, x);
	case ERG_NET_ELTWISE:
		return activate(eltwise_at(l, t, c, y, x), l->act);
	case ERG_NET_SOFTMAX:
		return softmax_at(l, in, c, y, x);
	default:
		return at(in, c, y, x, 0);
	}
}

static void run_layer(const struct erg_net_layer *l, uint64_t seed, struct tensor *t, double *out)
{
	bool weighted = l->op == ERG_NET_CONV || l->op == ERG_NET_FC;
	size_t channels = weighted ? l->out_channels : l->op == ERG_NET_SCALE ? l->in.c : 0;
	size_t nb = l->nobias && !l->bn ? 0 : channels, nw = l->params - nb;
	float *w = calloc(nw + 1, sizeof(*w)), *b = calloc(channels + 1, sizeof(*b));

	erg_convnet_weights(l, seed, w, nw, b, nb);
	for (long c = 0; c < l->out.c; c++)
		for (long y = 0; y < l->out.h; y++)
			for (long x = 0; x < l->out.w; x++)
				*out++ = value(l, t, w, b, c, y, x);
	free(w);
	free(b);
}

double *erg_reference_run(const struct erg_net *net, uint64_t seed, const float *input)
{
	struct tensor *t = calloc(net->n_layers, sizeof(*t));
	double *last;

	for (uint32_t i = 0; i < net->n_layers; i++) {
		size_t n = erg_net_elements(net->layers[i].out);

		t[i].s = net->layers[i].out;
		t[i].v = calloc(n, sizeof(double));
		for (size_t j = 0; i == 0 && j < n; j++)
			t[i].v[j] = input[j];
		if (i > 0)
			run_layer(&net->layers[i], seed, t, t[i].v);
	}
	last = t[net->n_layers - 1].v;
	for (uint32_t i = 0; i + 1 < net->n_layers; i++)
		free(t[i].v);
	free(t);
	return last;
}
