/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Runs a network. Everything that an inference touches is placed once, in one mapping: weights,
 * then activations, then the scratch of the layer that needs most. An activation lives from the
 * layer that makes it to the last that reads it, and takes the lowest place that is free for that
 * long (first fit); an operator that can work in place does, when nobody else reads its input. The
 * network's input keeps a place of its own, so that it is written once and read every time.
 *
 * The tracing costs what erg.h says it costs: two calls a layer, on ids made beforehand.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "examples/convnet/ops.h"
#include "examples/convnet/run.h"
#include "examples/convnet/publish.h"
#include "formats/base/util.h"
#include "tracepoints/erg.h"

#define ALIGN_FLOATS 16u /* a cache line */

struct place {
	size_t offset, size; /* floats; of the activations */
	uint32_t root;       /* the layer whose place it is: itself, or one it works in place of */
	uint32_t last;       /* the last layer that reads it */
};

struct erg_convnet {
	struct erg_net *net;
	uint32_t trace; /* ids from liberg */
	uint32_t *trace_layer, *trace_module;
	struct erg_op_args *args; /* one a layer */
	const float **in;         /* the inputs of all layers, one after another */
	struct erg_net_shape *in_shape;
	float *arena;
	size_t arena_bytes;
	struct erg_publish *publish; /* on a simulated board, else NULL */
};

void erg_convnet_free(struct erg_convnet *c)
{
	if (!c)
		return;
	erg_publish_free(c->publish);
	erg_net_free(c->net);
	free(c->trace_layer);
	free(c->trace_module);
	free(c->args);
	free(c->in);
	free(c->in_shape);
	if (c->arena)
		munmap(c->arena, c->arena_bytes);
	free(c);
}

void erg_convnet_freep(struct erg_convnet **c)
{
	erg_convnet_free(*c);
}

static size_t aligned(size_t n)
{
	return (n + ALIGN_FLOATS - 1) / ALIGN_FLOATS * ALIGN_FLOATS;
}

static size_t n_bias(const struct erg_net_layer *l)
{
	if (l->op == ERG_NET_SCALE)
		return l->in.c;
	return l->macs && (!l->nobias || l->bn) ? l->out_channels : 0;
}

/* The last reader of each layer's output; who works in place of whom. */
static void find_lives(const struct erg_net *net, struct place *places)
{
	uint32_t n = net->n_layers;

	for (uint32_t i = 0; i < n; i++) {
		places[i] = (struct place){.root = i,
			.last = i,
			.size = aligned(erg_net_elements(net->layers[i].out))};
		for (uint32_t j = 0; j < net->layers[i].n_from; j++)
			places[net->layers[i].from[j]].last = i;
	}
	places[0].last = places[n - 1].last = n;
	for (uint32_t i = 1; i < n; i++) {
		const struct erg_net_layer *l = &net->layers[i];
		struct place *from = &places[l->from[0]], *root = &places[from->root];

		if (!erg_op_in_place(l) || from->last != i)
			continue;
		places[i].root = from->root;
		if (root->last < places[i].last)
			root->last = places[i].last;
	}
}

/* First fit among those alive when layer I begins; returns the floats that activations need. */
static size_t place_all(const struct erg_net *net, struct place *places, uint32_t *alive)
{
	size_t n_alive = 0, need = 0;

	for (uint32_t i = 0; i < net->n_layers; i++) {
		struct place *p = &places[i];
		size_t kept = 0;

		for (size_t a = 0; a < n_alive; a++)
			if (places[alive[a]].last >= i)
				alive[kept++] = alive[a];
		n_alive = kept;
		if (p->root != i) {
			p->offset = places[p->root].offset;
			continue;
		}
		for (size_t a = 0; a < n_alive; a++) {
			const struct place *q = &places[alive[a]];

			if (p->offset < q->offset + q->size && q->offset < p->offset + p->size) {
				p->offset = q->offset + q->size;
				a = (size_t)-1; /* against all of them again */
			}
		}
		alive[n_alive++] = i;
		if (need < p->offset + p->size)
			need = p->offset + p->size;
	}
	return need;
}

static int plan(const struct erg_net *net, struct place **ret, size_t *ret_floats)
{
	_cleanup_(erg_freep) struct place *places = calloc(net->n_layers, sizeof(*places));
	_cleanup_(erg_freep) uint32_t *alive = calloc(net->n_layers, sizeof(*alive));

	if (!places || !alive)
		return -ENOMEM;
	find_lives(net, places);
	*ret_floats = place_all(net, places, alive);
	*ret = erg_steal_ptr(&places);
	return 0;
}

static size_t weights_floats(const struct erg_net *net)
{
	size_t sum = 0;

	for (uint32_t i = 0; i < net->n_layers; i++) {
		const struct erg_net_layer *l = &net->layers[i];

		sum += aligned(l->params - n_bias(l)) + aligned(n_bias(l));
	}
	return sum;
}

static size_t scratch_floats(const struct erg_net *net)
{
	size_t most = 0;

	for (uint32_t i = 0; i < net->n_layers; i++) {
		size_t n = erg_op_scratch(&net->layers[i]);

		most = n > most ? n : most;
	}
	return aligned(most);
}

static int map_arena(struct erg_convnet *c, size_t floats, struct erg_err *err)
{
	c->arena_bytes = floats * sizeof(float);
	c->arena = mmap(NULL, c->arena_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		-1, 0);
	if (c->arena == MAP_FAILED) {
		c->arena = NULL;
		return erg_fail_errno(err, -ENOMEM, "%s: %zu bytes for weights and activations",
			c->net->name, c->arena_bytes);
	}
	(void)madvise(c->arena, c->arena_bytes, MADV_HUGEPAGE); /* only faster */
	return 0;
}

/* Fills the arguments of layer I; *weights moves behind its parameters. */
static void bind(struct erg_convnet *c, uint32_t i, const struct place *places, uint64_t seed,
	float **weights, float *activations, const float ***in, struct erg_net_shape **shape)
{
	const struct erg_net_layer *l = &c->net->layers[i];
	size_t nb = n_bias(l), nw = l->params - nb;
	float *w = *weights, *b = w + aligned(nw);

	erg_convnet_weights(l, seed, w, nw, b, nb);
	*weights = b + aligned(nb);
	c->args[i] = (struct erg_op_args){.layer = l,
		.in = *in,
		.in_shape = *shape,
		.out = activations + places[i].offset,
		.weights = w,
		.bias = nb ? b : NULL};
	for (uint32_t j = 0; j < l->n_from; j++) {
		*(*in)++ = activations + places[l->from[j]].offset;
		*(*shape)++ = c->net->layers[l->from[j]].out;
	}
}

static int build(struct erg_convnet *c, uint64_t seed, struct erg_err *err)
{
	struct erg_net *net = c->net;
	_cleanup_(erg_freep) struct place *places = NULL;
	size_t n_in = 0, activations = 0, weights = weights_floats(net);
	struct erg_net_shape *shape;
	const float **in;
	float *w;
	int r;

	for (uint32_t i = 0; i < net->n_layers; i++)
		n_in += net->layers[i].n_from;
	c->args = calloc(net->n_layers, sizeof(*c->args));
	in = c->in = calloc(n_in, sizeof(*c->in));
	shape = c->in_shape = calloc(n_in, sizeof(*c->in_shape));
	if (!c->args || !in || !shape || plan(net, &places, &activations) < 0)
		return erg_fail_errno(err, -ENOMEM, "%s", net->name);
	r = map_arena(c, weights + activations + scratch_floats(net), err);
	if (r < 0)
		return r;
	w = c->arena;
	for (uint32_t i = 0; i < net->n_layers; i++) {
		bind(c, i, places, seed, &w, c->arena + weights, &in, &shape);
		c->args[i].scratch = c->arena + weights + activations;
	}
	return 0;
}

/* What liberg is told about layer I. */
static struct erg_layer_info describe(const struct erg_net_layer *l)
{
	struct erg_layer_info info = {.size = sizeof(info),
		.name = l->name,
		.type = erg_net_type(l),
		.macs = l->macs,
		.params = l->params,
		.bytes_in = l->bytes_in,
		.bytes_out = l->bytes_out,
		.bytes_params = l->bytes_params,
		.in_dims = 3,
		.out_dims = 3,
		.in_shape = {l->in.c, l->in.h, l->in.w},
		.out_shape = {l->out.c, l->out.h, l->out.w}};
	uint32_t kernel[4] = {l->out_channels, l->in.c, l->kernel[0], l->kernel[1]};

	if (l->op == ERG_NET_CONV) {
		kernel[1] /= l->groups;
		info.kernel_dims = 4;
		memcpy(info.kernel_shape, kernel, sizeof(kernel));
	} else if (l->op == ERG_NET_FC) {
		info.kernel_dims = 2;
		info.kernel_shape[0] = l->out_channels;
		info.kernel_shape[1] = (uint32_t)erg_net_elements(l->in);
	} else if (l->kernel[0]) {
		info.kernel_dims = 2;
		memcpy(info.kernel_shape, l->kernel, sizeof(l->kernel));
	}
	return info;
}

static int define(struct erg_convnet *c, struct erg_err *err)
{
	const struct erg_net *net = c->net;

	c->trace_layer = calloc(net->n_layers, sizeof(*c->trace_layer));
	c->trace_module = calloc(net->n_modules + 1, sizeof(*c->trace_module));
	if (!c->trace_layer || !c->trace_module)
		return erg_fail_errno(err, -ENOMEM, "%s", net->name);
	c->trace = erg_network(net->name);
	for (uint32_t m = 0; m < net->n_modules; m++) {
		const struct erg_net_module *mod = &net->modules[m];

		c->trace_module[m] =
			erg_module(mod->parent == ERG_NET_NONE ? c->trace
							       : c->trace_module[mod->parent],
				mod->name, mod->type);
	}
	for (uint32_t i = 1; i < net->n_layers; i++) {
		const struct erg_net_layer *l = &net->layers[i];
		struct erg_layer_info info = describe(l);

		c->trace_layer[i] =
			erg_layer(l->module == ERG_NET_NONE ? c->trace : c->trace_module[l->module],
				&info);
	}
	return 0;
}

int erg_convnet_new(struct erg_net **net, uint64_t seed, struct erg_convnet **ret,
	struct erg_err *err)
{
	_cleanup_(erg_convnet_freep) struct erg_convnet *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return erg_fail_errno(err, -ENOMEM, "%s", (*net)->name);
	c->net = *net;
	r = build(c, seed, err);
	if (r >= 0)
		r = define(c, err);
	if (r < 0) {
		c->net = NULL; /* still the caller's */
		return r;
	}
	c->publish = erg_publish_new(c->net);
	*net = NULL;
	*ret = erg_steal_ptr(&c);
	return 0;
}

void erg_convnet_run(struct erg_convnet *c, uint32_t iteration)
{
	const struct erg_net *net = c->net;
	uint32_t next = 0; /* module to begin */

	erg_iteration(iteration);
	erg_begin(c->trace);
	for (uint32_t i = 1; i < net->n_layers; i++) {
		const struct erg_net_layer *l = &net->layers[i];

		for (; next < net->n_modules && net->modules[next].first == i; next++)
			erg_begin(c->trace_module[next]);
		erg_publish_layer(c->publish, i);
		erg_begin(c->trace_layer[i]);
		erg_ops[l->op](&c->args[i]);
		erg_end(c->trace_layer[i]);
		for (uint32_t m = l->module; m != ERG_NET_NONE && net->modules[m].end == i + 1;
			m = net->modules[m].parent)
			erg_end(c->trace_module[m]);
	}
	erg_end(c->trace);
	erg_publish_layer(c->publish, 0);
}

const struct erg_net *erg_convnet_net(const struct erg_convnet *c)
{
	return c->net;
}

uint64_t erg_convnet_bytes(const struct erg_convnet *c)
{
	return c->arena_bytes;
}

float *erg_convnet_input(struct erg_convnet *c)
{
	return c->args[0].out;
}

const float *erg_convnet_output(const struct erg_convnet *c)
{
	return c->args[c->net->n_layers - 1].out;
}
