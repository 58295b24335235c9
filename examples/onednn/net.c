/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A small ConvNet on oneDNN's C API (version 2), without a word of ergtrace: convolution with ReLU,
 * pooling, a depthwise and a pointwise convolution, a fully connected layer, softmax. Random
 * weights.
 *
 *	onednn-net [IMAGES]	default 50; prints the largest class of the last image
 */
#include <oneapi/dnnl/dnnl.h>
#include <stdio.h>
#include <stdlib.h>

#define MAX_STEPS 16

struct step {
	dnnl_primitive_t primitive;
	dnnl_exec_arg_t args[8];
	int n_args;
};

static dnnl_engine_t engine;
static struct step steps[MAX_STEPS];
static int n_steps;
static uint32_t seed = 1;

static void check(dnnl_status_t s, const char *what)
{
	if (s != dnnl_success) {
		fprintf(stderr, "onednn-net: %s: status %d\n", what, (int)s);
		exit(1);
	}
}

/* A tensor in the plain order of its dimensions (or, for weights, the order given). */
static dnnl_memory_desc_t desc(int n, const dnnl_dims_t dims, dnnl_format_tag_t tag)
{
	dnnl_memory_desc_t md;

	check(dnnl_memory_desc_init_by_tag(&md, n, dims, dnnl_f32, tag), "memory descriptor");
	return md;
}

static dnnl_memory_t memory(const dnnl_memory_desc_t *md, float scale)
{
	size_t n = dnnl_memory_desc_get_size(md) / sizeof(float);
	dnnl_memory_t m;
	float *v;

	check(dnnl_memory_create(&m, md, engine, DNNL_MEMORY_ALLOCATE), "memory");
	check(dnnl_memory_get_data_handle(m, (void **)&v), "memory handle");
	for (size_t i = 0; i < n; i++) {
		seed = seed * 1664525u + 1013904223u;
		v[i] = scale * ((float)(seed >> 8) / (float)(1 << 24) - 0.5f);
	}
	return m;
}

static struct step *add(const void *op, const char *what)
{
	struct step *s = &steps[n_steps++];
	dnnl_primitive_desc_t pd;

	check(dnnl_primitive_desc_create(&pd, op, NULL, engine, NULL), what);
	check(dnnl_primitive_create(&s->primitive, pd), what);
	dnnl_primitive_desc_destroy(pd);
	return s;
}

static void arg(struct step *s, int index, dnnl_memory_t m)
{
	s->args[s->n_args++] = (dnnl_exec_arg_t){index, m};
}

/* Convolution with a square kernel, "same" padding; groups > 1 have weights of five dimensions. */
static dnnl_memory_t conv(dnnl_memory_t src, int ic, int hw, int oc, int k, int stride, int groups)
{
	dnnl_dim_t o = (hw + stride - 1) / stride;
	dnnl_dims_t s = {1, ic, hw, hw}, d = {1, oc, o, o};
	dnnl_dims_t w4 = {oc, ic, k, k}, w5 = {groups, oc / groups, ic / groups, k, k};
	dnnl_dims_t st = {stride, stride}, pad = {k / 2, k / 2};
	dnnl_dims_t pad_r = {(o - 1) * stride + k - hw - k / 2, (o - 1) * stride + k - hw - k / 2};
	dnnl_memory_desc_t smd = desc(4, s, dnnl_nchw), dmd = desc(4, d, dnnl_nchw);
	dnnl_memory_desc_t wmd = groups > 1 ? desc(5, w5, dnnl_goihw) : desc(4, w4, dnnl_oihw);
	dnnl_memory_t dst = memory(&dmd, 0);
	dnnl_convolution_desc_t op;
	struct step *step;

	check(dnnl_convolution_forward_desc_init(&op, dnnl_forward_inference,
		      dnnl_convolution_direct, &smd, &wmd, NULL, &dmd, st, pad, pad_r),
		"convolution");
	step = add(&op, "convolution");
	arg(step, DNNL_ARG_SRC, src);
	arg(step, DNNL_ARG_WEIGHTS, memory(&wmd, 0.3f));
	arg(step, DNNL_ARG_DST, dst);
	return dst;
}

static void relu(dnnl_memory_t m)
{
	const dnnl_memory_desc_t *md;
	dnnl_eltwise_desc_t op;
	struct step *step;

	check(dnnl_memory_get_memory_desc(m, &md), "descriptor");
	check(dnnl_eltwise_forward_desc_init(&op, dnnl_forward_inference, dnnl_eltwise_relu, md, 0,
		      0),
		"relu");
	step = add(&op, "relu");
	arg(step, DNNL_ARG_SRC, m);
	arg(step, DNNL_ARG_DST, m);
}

static dnnl_memory_t pool(dnnl_memory_t src, int c, int hw, int k)
{
	dnnl_dims_t s = {1, c, hw, hw}, d = {1, c, hw / k, hw / k};
	dnnl_dims_t kernel = {k, k}, pad = {0, 0};
	dnnl_memory_desc_t smd = desc(4, s, dnnl_nchw), dmd = desc(4, d, dnnl_nchw);
	dnnl_memory_t dst = memory(&dmd, 0);
	dnnl_pooling_desc_t op;
	struct step *step;

	check(dnnl_pooling_forward_desc_init(&op, dnnl_forward_inference, dnnl_pooling_max, &smd,
		      &dmd, kernel, kernel, pad, pad),
		"pooling");
	step = add(&op, "pooling");
	arg(step, DNNL_ARG_SRC, src);
	arg(step, DNNL_ARG_DST, dst);
	return dst;
}

static dnnl_memory_t fc(dnnl_memory_t src, int c, int hw, int oc)
{
	dnnl_dims_t s = {1, c, hw, hw}, w = {oc, c, hw, hw}, d = {1, oc};
	dnnl_memory_desc_t smd = desc(4, s, dnnl_nchw), wmd = desc(4, w, dnnl_oihw);
	dnnl_memory_desc_t dmd = desc(2, d, dnnl_nc);
	dnnl_memory_t dst = memory(&dmd, 0);
	dnnl_inner_product_desc_t op;
	struct step *step;

	check(dnnl_inner_product_forward_desc_init(&op, dnnl_forward_inference, &smd, &wmd, NULL,
		      &dmd),
		"inner product");
	step = add(&op, "inner product");
	arg(step, DNNL_ARG_SRC, src);
	arg(step, DNNL_ARG_WEIGHTS, memory(&wmd, 0.1f));
	arg(step, DNNL_ARG_DST, dst);
	return dst;
}

static void softmax(dnnl_memory_t m)
{
	const dnnl_memory_desc_t *md;
	dnnl_softmax_desc_t op;
	struct step *step;

	check(dnnl_memory_get_memory_desc(m, &md), "descriptor");
	check(dnnl_softmax_forward_desc_init(&op, dnnl_forward_inference, md, 1), "softmax");
	step = add(&op, "softmax");
	arg(step, DNNL_ARG_SRC, m);
	arg(step, DNNL_ARG_DST, m);
}

static int largest(dnnl_memory_t m, int n)
{
	int best = 0;
	float *v;

	check(dnnl_memory_get_data_handle(m, (void **)&v), "memory handle");
	for (int i = 1; i < n; i++)
		best = v[i] > v[best] ? i : best;
	return best;
}

int main(int argc, char **argv)
{
	int images = argc > 1 ? atoi(argv[1]) : 50;
	dnnl_dims_t image = {1, 3, 112, 112};
	dnnl_memory_desc_t md = desc(4, image, dnnl_nchw);
	dnnl_stream_t stream;
	dnnl_memory_t m;

	check(dnnl_engine_create(&engine, dnnl_cpu, 0), "engine");
	check(dnnl_stream_create(&stream, engine, dnnl_stream_default_flags), "stream");
	m = conv(memory(&md, 1), 3, 112, 64, 3, 2, 1);
	relu(m);
	m = pool(m, 64, 56, 2);
	m = conv(m, 64, 28, 64, 3, 1, 64);
	m = conv(m, 64, 28, 128, 1, 1, 1);
	relu(m);
	m = pool(m, 128, 28, 4);
	m = fc(m, 128, 7, 100);
	softmax(m);
	for (int n = 0; n < images; n++) {
		for (int i = 0; i < n_steps; i++)
			check(dnnl_primitive_execute(steps[i].primitive, stream, steps[i].n_args,
				      steps[i].args),
				"execute");
		check(dnnl_stream_wait(stream), "wait");
	}
	printf("class %d\n", largest(m, 100));
	return 0;
}
