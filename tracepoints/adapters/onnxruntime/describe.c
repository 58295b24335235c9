/* SPDX-License-Identifier: MIT */
/*
 * What a node of ONNX Runtime is, from its operator and the shapes of its inputs and outputs:
 *
 *	Conv			elements of the output * elements of a filter (C/groups, kernel)
 *	ConvTranspose		elements of the input * elements of a filter (M/groups, kernel)
 *	MatMul, Gemm		elements of the output * the dimension that is summed over
 *	LSTM, GRU, RNN		steps * batch * gates * directions * hidden * (input + hidden); one
 *				direction's hidden state is the last dimension of the output
 *	Attention		the projection (as many columns as the bias has elements), and twice
 *				sequence * sequence * width
 *	MultiHeadAttention	twice queries * keys * width
 * Operators: https://onnx.ai/onnx/operators/ and, for those of com.microsoft,
 * docs/ContribOperators.md of ONNX Runtime. The names of fused and quantized forms contain those of
 * the plain ones. A weight's place among the inputs is 1, or 3 where each tensor is followed by its
 * scale and zero point (QLinear…). Pooling, normalisation and what only moves data have none.
 */
#include "tracepoints/adapters/onnxruntime/describe.h"

#include <stdbool.h>
#include <string.h>

/* The first row that fits holds. */
static const struct {
	const char *part; /* of the operator's name; = in front: all of it */
	const char *type;
} types[] = {
	{"ConvTranspose", "deconv"},
	{"Conv", "conv"},
	{"Attention", "attention"},
	{"MatMul", "fc"},
	{"Gemm", "fc"},
	{"Pool", "pool"},
	{"BatchNormalization", "norm"},
	{"LayerNorm", "norm"},
	{"GroupNorm", "norm"},
	{"InstanceNorm", "norm"},
	{"LpNormalization", "norm"},
	{"=LRN", "lrn"},
	{"Softmax", "softmax"},
	{"Concat", "concat"},
	{"=LSTM", "lstm"},
	{"=GRU", "gru"},
	{"=RNN", "rnn"},
	{"Gather", "embedding"},
	{"=Add", "eltwise"},
	{"=Mul", "eltwise"},
	{"=Sub", "eltwise"},
	{"=Div", "eltwise"},
	{"=Sum", "eltwise"},
	{"QLinearAdd", "eltwise"},
	{"QLinearMul", "eltwise"},
	{"=Relu", "relu"},
	{"=LeakyRelu", "relu"},
	{"=PRelu", "relu"},
	{"=Clip", "activation"},
	{"=Elu", "activation"},
	{"=Selu", "activation"},
	{"Gelu", "activation"},
	{"Sigmoid", "activation"},
	{"HardSwish", "activation"},
	{"=Tanh", "activation"},
	{"Upsample", "upsample"},
	{"Resize", "upsample"},
	{"Reorder", "reorder"},
};

static bool fits(const char *op, const char *part)
{
	return *part == '=' ? !strcmp(op, part + 1) : strstr(op, part) != NULL;
}

static uint64_t tensor_elements(const struct erg_ort_tensor *t)
{
	uint64_t n = 1;

	for (uint8_t i = 0; i < t->dims; i++)
		n *= t->shape[i];
	return n;
}

/* Of a recurrent operator; 0 of others. */
static uint64_t gates(const char *op)
{
	return !strcmp(op, "LSTM") ? 4 : !strcmp(op, "GRU") ? 3 : !strcmp(op, "RNN") ? 1 : 0;
}

/* The weight, NULL where the node has none, or where its profile does not tell: a weight that was
 * packed when the session was made is left out, and what follows it moves up. */
static const struct erg_ort_tensor *weight(const struct erg_ort_node *n)
{
	size_t at = !strncmp(n->op, "QLinear", 7) ? 3 : 1;
	/* what else may move up to its place: a bias of each direction; keys are no weight */
	uint8_t dims = gates(n->op) ? 3 : 2;

	if (strstr(n->op, "Attention") && strcmp(n->op, "Attention"))
		return NULL;
	return at < n->n_in && n->in[at].dims >= dims ? &n->in[at] : NULL;
}

/* Channels of the input: the second dimension or, where the output shows that channels come last, the last;
 * 0 where neither shows. */
static uint64_t channels(const struct erg_ort_node *n, const struct erg_ort_tensor *w)
{
	const struct erg_ort_tensor *x = &n->in[0], *y = &n->out[0];

	if (!n->n_out || x->dims < 3 || y->dims != x->dims)
		return 0;
	if (y->shape[1] == w->shape[0])
		return x->shape[1];
	return y->shape[y->dims - 1] == w->shape[0] ? x->shape[x->dims - 1] : 0;
}

static bool depthwise(const struct erg_ort_node *n)
{
	const struct erg_ort_tensor *w = weight(n);
	uint64_t c = w && w->dims > 2 && w->shape[1] == 1 ? channels(n, w) : 0;

	return c > 1 && w->shape[0] % c == 0;
}

/* The word that erg.h uses for the operator of a node, or the operator's own name. */
static const char *type_of(const struct erg_ort_node *n)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (fits(n->op, types[i].part))
			return !strcmp(types[i].type, "conv") && depthwise(n) ? "dwconv"
									      : types[i].type;
	return n->op;
}

/* Elements of the weight without its first dimension; 0 where there is no such weight. */
static uint64_t filter(const struct erg_ort_node *n)
{
	const struct erg_ort_tensor *w = weight(n);

	return w && w->shape[0] ? tensor_elements(w) / w->shape[0] : 0;
}

/* What the first input sums over: its last dimension, or the one before where it is transposed. */
static uint64_t summed(const struct erg_ort_node *n)
{
	const struct erg_ort_tensor *a = &n->in[0], *y = &n->out[0];
	uint64_t rows;

	if (a->dims < 2 || y->dims < 2)
		return a->dims ? a->shape[a->dims - 1] : 0;
	rows = y->shape[y->dims - 2];
	/* B is a vector: the output has no rows of its own */
	if (!rows || y->dims < a->dims || (a->shape[a->dims - 1] * a->shape[a->dims - 2]) % rows)
		return a->shape[a->dims - 1];
	return a->shape[a->dims - 1] * a->shape[a->dims - 2] / rows;
}

/* The output is [steps, directions, batch, hidden] or, of the last step alone, without the first. */
static uint64_t recurrent_macs(const struct erg_ort_node *n)
{
	const struct erg_ort_tensor *x = &n->in[0], *y = &n->out[0];
	uint64_t hidden, directions;

	if (x->dims != 3 || (y->dims != 4 && y->dims != 3))
		return 0;
	hidden = y->shape[y->dims - 1];
	directions = y->shape[y->dims - 3];
	return x->shape[0] * x->shape[1] * gates(n->op) * directions * hidden *
		(x->shape[2] + hidden);
}

/* Without a past: that of a cache is not told by the shapes of all forms. */
static uint64_t attention_macs(const struct erg_ort_node *n)
{
	const struct erg_ort_tensor *q = &n->in[0], *k = &n->in[1];
	uint64_t columns;

	if (n->n_in < 2 || q->dims != 3)
		return 0;
	for (uint8_t i = 0; i < n->n_in; i++)
		if (n->in[i].dims == 5) /* a past */
			return 0;
	/* com.microsoft: input, weights, bias; of queries, keys (as wide) and values, which may be
	 * narrower */
	columns = k->dims && k->dims < 3 ? k->shape[k->dims - 1] : 0;
	if (!strcmp(n->op, "Attention") && n->out[0].dims == 3 && columns >= n->out[0].shape[2])
		return tensor_elements(q) * columns +
			q->shape[0] * q->shape[1] * q->shape[1] *
			((columns - n->out[0].shape[2]) / 2 + n->out[0].shape[2]);
	if (!strcmp(n->op, "MultiHeadAttention") && k->dims == 3)
		return 2 * tensor_elements(q) * k->shape[1];
	return 0;
}

uint64_t erg_ort_macs(const struct erg_ort_node *n)
{
	const char *type = type_of(n);

	if (!n->n_in || !n->n_out)
		return 0;
	if (!strcmp(type, "conv") || !strcmp(type, "dwconv"))
		return tensor_elements(&n->out[0]) * filter(n);
	if (!strcmp(type, "deconv"))
		return tensor_elements(&n->in[0]) * filter(n);
	if (!strcmp(type, "fc"))
		return tensor_elements(&n->out[0]) * summed(n);
	if (!strcmp(type, "attention"))
		return attention_macs(n);
	if (!strcmp(type, "lstm") || !strcmp(type, "gru") || !strcmp(type, "rnn"))
		return recurrent_macs(n);
	return 0;
}

/* Bytes of an element; 0 where they are not whole. */
static uint64_t size_of(const char *type)
{
	static const struct {
		const char *type;
		uint8_t size;
	} sizes[] = {{"float", 4}, {"double", 8}, {"float16", 2}, {"bfloat16", 2}, {"int8", 1},
		{"uint8", 1}, {"int16", 2}, {"uint16", 2}, {"int32", 4}, {"uint32", 4},
		{"int64", 8}, {"uint64", 8}, {"bool", 1}};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		if (!strcmp(sizes[i].type, type))
			return sizes[i].size;
	return 0;
}

/* The profile tells the bytes of all constant inputs. In a quantized node they are of several types:
 * then the weight alone counts. */
static uint64_t params(const struct erg_ort_node *n)
{
	const struct erg_ort_tensor *w = weight(n);
	uint64_t size = w ? size_of(w->type) : 0;

	if (!n->parameter_bytes || !size)
		return 0;
	if (n->parameter_bytes < tensor_elements(w) * size)
		return n->parameter_bytes / size;
	for (uint8_t i = 1; i < n->n_in; i++)
		if (strcmp(n->in[i].type, w->type))
			return tensor_elements(w);
	return n->parameter_bytes / size;
}

static uint8_t shape(uint32_t to[ERG_MAX_DIMS], const struct erg_ort_tensor *t)
{
	for (uint8_t i = 0; i < t->dims; i++)
		to[i] = t->shape[i] < UINT32_MAX ? (uint32_t)t->shape[i] : UINT32_MAX;
	return t->dims;
}

void erg_ort_describe(const struct erg_ort_node *n, struct erg_layer_info *info)
{
	const struct erg_ort_tensor *w = weight(n);

	info->type = type_of(n);
	info->macs = erg_ort_macs(n);
	info->params = params(n);
	info->bytes_in = n->activation_bytes;
	info->bytes_out = n->output_bytes;
	/* those of a bias alone would be wrong */
	info->bytes_params = w || !info->macs ? n->parameter_bytes : 0;
	if (n->n_in)
		info->in_dims = shape(info->in_shape, &n->in[0]);
	if (n->n_out)
		info->out_dims = shape(info->out_shape, &n->out[0]);
	if (w && info->macs)
		info->kernel_dims = shape(info->kernel_shape, w);
}
