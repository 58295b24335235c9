/* SPDX-License-Identifier: MIT */
/*
 * What a layer of darknet is, from its struct: type, shapes, multiply-accumulates of one forward
 * call with the layer's batch.
 *
 *	convolution		weights * output height * width
 *	transposed convolution	weights * input height * width
 *	local			kernel^2 * input channels * filters * output height * width
 *	connected		inputs * outputs
 *	rnn, crnn, gru, lstm	those of the layers within, for each step
 * Pooling, normalisation and what only moves data have none. 32-bit floats throughout.
 */
#include "tracepoints/adapters/darknet/describe.h"

static const char *const types[] = {
	[CONVOLUTIONAL] = "conv",
	[DECONVOLUTIONAL] = "deconv",
	[CONNECTED] = "fc",
	[MAXPOOL] = "pool",
	[SOFTMAX] = "softmax",
	[DETECTION] = "detection",
	[DROPOUT] = "dropout",
	[CROP] = "crop",
	[ROUTE] = "concat",
	[COST] = "cost",
	[NORMALIZATION] = "lrn",
	[AVGPOOL] = "pool",
	[LOCAL] = "local",
	[SHORTCUT] = "eltwise",
	[ACTIVE] = "activation",
	[RNN] = "rnn",
	[GRU] = "gru",
	[LSTM] = "lstm",
	[CRNN] = "crnn",
	[BATCHNORM] = "norm",
	[NETWORK] = "network",
	[XNOR] = "xnor",
	[REGION] = "region",
	[YOLO] = "yolo",
	[ISEG] = "iseg",
	[REORG] = "reorg",
	[UPSAMPLE] = "upsample",
	[LOGXENT] = "logistic",
	[L2NORM] = "l2norm",
	[BLANK] = "blank",
};

/* The word that erg.h uses for the type of a layer: conv, pool, fc, … */
static const char *type_of(const struct layer *l)
{
	if (l->type == CONVOLUTIONAL && l->groups > 1 && l->groups == l->c && l->groups == l->n)
		return "dwconv";
	return types[l->type];
}

static uint64_t u(int n)
{
	return n > 0 ? (uint64_t)n : 0;
}

/* The layers of which a recurrent layer consists: those that are not NULL, from INNER. */
static size_t inner_layers(const struct layer *l, const struct layer *inner[8])
{
	const struct layer *const rnn[8] = {l->input_layer, l->self_layer, l->output_layer};
	const struct layer *const gru[8] = {l->wz, l->wr, l->wh, l->uz, l->ur, l->uh};
	const struct layer *const lstm[8] = {l->wf, l->wi, l->wg, l->wo, l->uf, l->ui, l->ug,
		l->uo};
	const struct layer *const *from = l->type == LSTM ? lstm : l->type == GRU ? gru : rnn;
	size_t n = 0;

	if (l->type != RNN && l->type != CRNN && l->type != GRU && l->type != LSTM)
		return 0;
	for (size_t i = 0; i < 8; i++)
		if (from[i])
			inner[n++] = from[i];
	return n;
}

static uint64_t weights(const struct layer *l)
{
	uint64_t window = u(l->size) * u(l->size) * u(l->c) * u(l->n);

	switch (l->type) {
	case CONVOLUTIONAL:
		return window / (l->groups > 0 ? u(l->groups) : 1);
	case DECONVOLUTIONAL:
		return window;
	case LOCAL:
		return window * u(l->out_h) * u(l->out_w);
	case CONNECTED:
		return u(l->inputs) * u(l->outputs);
	default:
		return 0;
	}
}

static uint64_t places(const struct layer *l)
{
	if (l->type == CONVOLUTIONAL)
		return u(l->out_h) * u(l->out_w);
	return l->type == DECONVOLUTIONAL ? u(l->h) * u(l->w) : 1;
}

static uint64_t times(const struct layer *l)
{
	return l->steps > 0 ? u(l->steps) : 1;
}

/* Multiply-accumulates of one forward call. */
static uint64_t macs_of(const struct layer *l)
{
	const struct layer *inner[8];
	size_t n = inner_layers(l, inner);
	uint64_t macs = 0;

	if (!n)
		return u(l->batch) * weights(l) * places(l);
	for (size_t i = 0; i < n; i++)
		macs += u(l->batch) * times(l) * weights(inner[i]) * places(inner[i]);
	return macs;
}

/* Weights, biases, and scales of a batch normalisation. */
static uint64_t params(const struct layer *l)
{
	const struct layer *inner[8];
	size_t n = inner_layers(l, inner);
	uint64_t sum = 0, biases = 0;

	for (size_t i = 0; i < n; i++)
		sum += params(inner[i]);
	if (n)
		return sum;
	if (l->type == CONNECTED || l->type == LOCAL)
		biases = u(l->outputs);
	else if (weights(l))
		biases = u(l->n);
	else if (l->type == BATCHNORM)
		return 2 * u(l->c);
	return weights(l) + biases * (l->batch_normalize ? 2 : 1);
}

/* Batch, channels, height, width, where these make up all ELEMENTS; else batch, elements. */
static uint8_t shape(uint32_t to[ERG_MAX_DIMS], const struct layer *l, int c, int h, int w,
	int elements)
{
	uint64_t image = u(c) * u(h) * u(w);

	to[0] = (uint32_t)(u(l->batch) * times(l));
	if (!image || image != u(elements)) {
		to[1] = (uint32_t)u(elements);
		return 2;
	}
	to[1] = (uint32_t)c;
	to[2] = (uint32_t)h;
	to[3] = (uint32_t)w;
	return 4;
}

void erg_darknet_describe(const struct layer *l, struct erg_layer_info *info)
{
	uint64_t calls = u(l->batch) * times(l);
	int inputs = l->inputs;

	/* Not every kind of layer notes its inputs. */
	if (inputs <= 0)
		inputs = l->h > 0 && l->w > 0 ? l->h * l->w * l->c : l->outputs;
	info->type = type_of(l);
	info->macs = macs_of(l);
	info->params = params(l);
	info->bytes_in = calls * u(inputs) * sizeof(float);
	info->bytes_out = calls * u(l->outputs) * sizeof(float);
	info->bytes_params = info->params * sizeof(float);
	info->in_dims = shape(info->in_shape, l, l->c, l->h, l->w, inputs);
	info->out_dims = shape(info->out_shape, l, l->out_c, l->out_h, l->out_w, l->outputs);
	if (l->type == CONVOLUTIONAL || l->type == DECONVOLUTIONAL || l->type == LOCAL) {
		info->kernel_dims = 4;
		info->kernel_shape[0] = (uint32_t)l->n;
		info->kernel_shape[1] = (uint32_t)(l->c / (l->groups > 0 ? l->groups : 1));
		info->kernel_shape[2] = info->kernel_shape[3] = (uint32_t)l->size;
	} else if (l->type == MAXPOOL) {
		info->kernel_dims = 2;
		info->kernel_shape[0] = info->kernel_shape[1] = (uint32_t)l->size;
	}
}
