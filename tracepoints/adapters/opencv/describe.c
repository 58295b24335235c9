/* SPDX-License-Identifier: MIT */
/*
 * What a layer of OpenCV is, from its LayerData: name and type as the importer gave them, the shapes
 * of its first input and output, the weights. Multiply-accumulates of one call:
 *
 *	Convolution	elements of the output * elements of a filter (weights / output channels)
 *	Deconvolution	elements of the input * elements of a filter (weights / input channels)
 *	InnerProduct	elements of the output * columns of the weights
 * Pooling, normalisation and what only moves data have none. Layers of 8-bit integers have the names
 * of the plain ones with Int8 behind.
 */
#include "tracepoints/adapters/opencv/describe.h"

#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define BLOBS_MAX 64
#define DIMS_MAX 32 /* CV_MAX_DIM */

static const struct {
	const char *theirs; /* the beginning of it */
	const char *type;
} types[] = {
	{"Convolution", "conv"},
	{"Deconvolution", "deconv"},
	{"InnerProduct", "fc"},
	{"MatMul", "fc"},
	{"Gemm", "fc"},
	{"Pooling", "pool"},
	{"ReLU", "relu"},
	{"PReLU", "relu"},
	{"ChannelsPReLU", "relu"},
	{"Softmax", "softmax"},
	{"LRN", "lrn"},
	{"Concat", "concat"},
	{"Eltwise", "eltwise"},
	{"NaryEltwise", "eltwise"},
	{"BatchNorm", "norm"},
	{"MVN", "norm"},
	{"Normalize", "norm"},
	{"LayerNorm", "norm"},
	{"LSTM", "lstm"},
	{"GRU", "gru"},
	{"RNN", "rnn"},
	{"Dropout", "dropout"},
	{"Region", "region"},
	{"Sigmoid", "activation"},
	{"TanH", "activation"},
	{"ELU", "activation"},
	{"Swish", "activation"},
	{"Mish", "activation"},
	{"Gelu", "activation"},
	{"Attention", "attention"},
	{"Resize", "upsample"},
	{"__NetInputLayer__", "input"},
};

struct shape {
	uint8_t dims;
	uint64_t at[DIMS_MAX];
};

static bool readable(const void *from, void *to, size_t size)
{
	struct iovec remote = {(void *)(uintptr_t)from, size}, local = {to, size};

	return from && process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == (ssize_t)size;
}

static bool text(const struct erg_opencv_string *s, char *to, size_t size)
{
	size_t n = s->size < size ? s->size : size - 1;

	to[n] = '\0';
	return s->size < 1u << 20 && (!n || readable(s->text, to, n)) && !memchr(to, 0, n);
}

/* How many elements of SIZE bytes V has; -1 where it is no vector. */
static long count_elements(const struct erg_opencv_vector *v, size_t size)
{
	uintptr_t begin = (uintptr_t)v->begin, end = (uintptr_t)v->end;

	return end < begin || (uintptr_t)v->room < end || (end - begin) % size ||
			(end - begin) / size > 4096
		? -1
		: (long)((end - begin) / size);
}

static bool shape_of(const struct erg_opencv_mat *m, struct shape *ret)
{
	int dims[DIMS_MAX];

	*ret = (struct shape){0};
	if (m->dims < 0 || m->dims > DIMS_MAX)
		return false;
	if (m->dims && !readable(m->shape, dims, (size_t)m->dims * sizeof(*dims)))
		return false;
	for (int i = 0; i < m->dims; i++) {
		if (dims[i] < 0)
			return false;
		ret->at[i] = (uint64_t)dims[i];
	}
	ret->dims = (uint8_t)m->dims;
	return true;
}

static uint64_t shape_elements(const struct shape *s)
{
	uint64_t n = s->dims > 0;

	for (uint8_t i = 0; i < s->dims; i++)
		n *= s->at[i];
	return n;
}

/* CV_32F 5, CV_64F 6, CV_16F 7: the lowest three bits of the flags are the depth. */
static uint64_t bytes(const struct erg_opencv_mat *m, const struct shape *s)
{
	static const uint8_t sizes[8] = {1, 1, 2, 2, 4, 4, 8, 2};

	return shape_elements(s) * sizes[m->flags & 7];
}

static uint8_t put_shape(uint32_t to[ERG_MAX_DIMS], const struct shape *s)
{
	uint8_t n = s->dims < ERG_MAX_DIMS ? s->dims : ERG_MAX_DIMS;

	for (uint8_t i = 0; i < n; i++)
		to[i] = (uint32_t)s->at[i];
	return n;
}

static bool first_output(const struct erg_opencv_data *d, struct shape *ret, uint64_t *ret_bytes)
{
	struct erg_opencv_mat m;
	long n = count_elements(&d->outputs, sizeof(m));

	if (n < 0)
		return false;
	if (n && (!readable(d->outputs.begin, &m, sizeof(m)) || !shape_of(&m, ret)))
		return false;
	*ret_bytes = n ? bytes(&m, ret) : 0;
	return true;
}

static bool first_input(const struct erg_opencv_data *d, struct shape *ret, uint64_t *ret_bytes)
{
	struct erg_opencv_mat m;
	const void *at;
	long n = count_elements(&d->inputs, sizeof(at));

	if (n < 0)
		return false;
	if (n &&
		(!readable(d->inputs.begin, &at, sizeof(at)) || !readable(at, &m, sizeof(m)) ||
			!shape_of(&m, ret)))
		return false;
	*ret_bytes = n ? bytes(&m, ret) : 0;
	return true;
}

/* The weights' shape in *RET; all parameters in INFO. */
static bool weights(const struct erg_opencv_data *d, struct shape *ret, struct erg_layer_info *info)
{
	struct erg_opencv_layer layer;
	struct erg_opencv_mat m;
	struct shape s;
	long n;

	if (!d->layer)
		return true;
	if (!readable(d->layer, &layer, sizeof(layer)))
		return false;
	n = count_elements(&layer.blobs, sizeof(m));
	for (long i = 0; i < n && i < BLOBS_MAX; i++) {
		if (!readable((const char *)layer.blobs.begin + (size_t)i * sizeof(m), &m,
			    sizeof(m)) ||
			!shape_of(&m, &s))
			return false;
		if (i == 0)
			*ret = s;
		info->params += shape_elements(&s);
		info->bytes_params += bytes(&m, &s);
	}
	return n >= 0;
}

static const char *type_of(const char *theirs, const struct shape *w, const struct shape *in)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (!strncmp(theirs, types[i].theirs, strlen(types[i].theirs)))
			return i == 0 && w->dims > 2 && w->at[1] == 1 && in->dims > 1 &&
					in->at[1] > 1
				? "dwconv"
				: types[i].type;
	return theirs;
}

static uint64_t macs(const char *type, const struct shape *w, const struct shape *in,
	const struct shape *out)
{
	uint64_t filter = w->dims > 1 && w->at[0] ? shape_elements(w) / w->at[0] : 0;

	if (!strcmp(type, "conv") || !strcmp(type, "dwconv") || !strcmp(type, "fc"))
		return shape_elements(out) * filter;
	if (!strcmp(type, "deconv"))
		return shape_elements(in) * filter;
	return 0;
}

bool erg_opencv_describe(const struct erg_opencv_data *data, struct erg_opencv_text *ret,
	struct erg_layer_info *info)
{
	static const char onnx[] = "onnx_node!";
	struct shape in = {0}, out = {0}, w = {0};
	struct erg_opencv_data d;

	*info = (struct erg_layer_info){.size = sizeof(*info)};
	if (!readable(data, &d, sizeof(d)) || d.id < 0 ||
		!text(&d.name, ret->name, sizeof(ret->name)) ||
		!text(&d.type, ret->type, sizeof(ret->type)) || !*ret->type)
		return false;
	if (!first_output(&d, &out, &info->bytes_out) || !first_input(&d, &in, &info->bytes_in) ||
		!weights(&d, &w, info))
		return false;
	info->name = ret->name;
	if (!strncmp(ret->name, onnx, sizeof(onnx) - 1))
		info->name += sizeof(onnx) - 1;
	info->type = type_of(ret->type, &w, &in);
	info->macs = macs(info->type, &w, &in, &out);
	info->in_dims = put_shape(info->in_shape, &in);
	info->out_dims = put_shape(info->out_shape, &out);
	info->kernel_dims = info->macs ? put_shape(info->kernel_shape, &w) : 0;
	return true;
}
