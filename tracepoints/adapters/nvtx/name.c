/* SPDX-License-Identifier: MIT */
/*
 * A cursor over Python's and JSON's literals: what is wanted is read, the rest is stepped over, and a
 * text that is cut off gives what came before. Nothing is allocated: this runs at every call.
 *
 * Multiply-accumulates, by the shape of the weight and of the first input:
 *
 *	weight [out, in], input […, in]		rows of the input * out * in
 *	weight [out, in/groups, window…], input [N, C, size…], with StaticParams that say stride, padding
 *	and dilation				N * output size * weight
 *
 * A weight of an embedding has two dimensions and multiplies nothing: its input is a list of
 * numbers, of one dimension, or its module says so by name.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tracepoints/adapters/nvtx/name.h"

#define NESTED_MAX 32

struct cursor {
	const char *at;
	bool broken; /* what follows is no literal, or it is cut off */
};

/* What the parts of a module's dictionary say. */
struct module {
	struct nvtx_name *to;
	bool named;
	uint8_t in_dims, weight_dims;
	uint64_t in[ERG_MAX_DIMS], weight[ERG_MAX_DIMS];
	uint64_t params;
	uint64_t stride[3], padding[3], dilation[3];
	bool is_conv, transposed, is_embedding, is_pool;
	bool odd; /* a padding by name: the size of the output is not known */
};

static void skip_space(struct cursor *c)
{
	while (isspace((unsigned char)*c->at))
		c->at++;
}

static bool take(struct cursor *c, char wanted)
{
	skip_space(c);
	if (*c->at != wanted)
		return false;
	c->at++;
	return true;
}

static bool at_string(const struct cursor *c)
{
	return *c->at == '\'' || *c->at == '"';
}

/* A string in either quotes into RET, cut where it does not fit; RET may be NULL. */
static void read_string(struct cursor *c, char *ret, size_t size)
{
	const char quote = *c->at++;
	size_t n = 0;

	for (; *c->at && *c->at != quote; c->at++) {
		if (*c->at == '\\' && c->at[1])
			c->at++;
		if (ret && n + 1 < size)
			ret[n++] = *c->at;
	}
	if (ret)
		ret[n] = '\0';
	if (*c->at)
		c->at++;
	else
		c->broken = true;
}

static bool opens(char ch)
{
	return ch == '[' || ch == '(' || ch == '{';
}

static bool closes(char ch)
{
	return ch == ']' || ch == ')' || ch == '}';
}

/* Steps over one value, up to the comma or the bracket that ends it. */
static void skip_value(struct cursor *c)
{
	int depth = 0;

	for (skip_space(c); *c->at;) {
		if (at_string(c)) {
			read_string(c, NULL, 0);
			continue;
		}
		if (!depth && (*c->at == ',' || closes(*c->at)))
			return;
		depth += opens(*c->at) - closes(*c->at);
		c->at++;
	}
	c->broken = true;
}

/* The first list that holds numbers alone, looking into lists, tuples and torch.Size(…); what follows
 * it in the value is stepped over by the caller. False: there is none. */
static bool read_shape(struct cursor c, uint64_t ret[ERG_MAX_DIMS], uint8_t *ret_dims)
{
	uint8_t n = 0;

	for (int depth = 0; depth < NESTED_MAX; depth++) {
		c.at += strspn(c.at, " torch.Size"); /* the letters, in any order, will do */
		if (!opens(*c.at) || *c.at == '{')
			return false;
		c.at++;
		skip_space(&c);
		if (isdigit((unsigned char)*c.at))
			break;
	}
	while (isdigit((unsigned char)*c.at)) {
		char *end;
		uint64_t v = strtoull(c.at, &end, 10);

		if (n == ERG_MAX_DIMS)
			return false;
		ret[n++] = v;
		c.at = end;
		skip_space(&c);
		if (*c.at == ',')
			c.at++;
		skip_space(&c);
	}
	if (!closes(*c.at))
		return false;
	*ret_dims = n;
	return n > 0;
}

/* A number, or up to three of them in brackets; one stands for all. */
static void read_window(struct cursor c, uint64_t ret[3])
{
	uint64_t shape[ERG_MAX_DIMS];
	uint8_t n = 0;

	skip_space(&c);
	if (isdigit((unsigned char)*c.at))
		ret[0] = ret[1] = ret[2] = strtoull(c.at, NULL, 10);
	else if (read_shape(c, shape, &n) && n <= 3)
		for (int i = 0; i < 3; i++)
			ret[i] = shape[i < n ? i : n - 1];
}

static uint64_t times(uint64_t a, uint64_t b)
{
	uint64_t r;

	return __builtin_mul_overflow(a, b, &r) ? 0 : r;
}

static uint64_t product(const uint64_t *v, int n)
{
	uint64_t p = 1;

	for (int i = 0; i < n; i++)
		p = times(p, v[i]);
	return p;
}

/* Calls FOR_KEY at every entry of the dictionary at the cursor, the cursor at the value, which
 * FOR_KEY need not read. */
static void each_entry(struct cursor *c, struct module *m,
	void (*for_key)(struct module *m, const char *key, struct cursor at))
{
	char key[64];

	if (!take(c, '{'))
		return;
	while (!c->broken && !take(c, '}')) {
		skip_space(c);
		if (!at_string(c)) {
			c->broken = true;
			return;
		}
		read_string(c, key, sizeof(key));
		if (!take(c, ':')) {
			c->broken = true;
			return;
		}
		skip_space(c);
		for_key(m, key, *c);
		skip_value(c);
		take(c, ',');
	}
}

static void for_param(struct module *m, const char *key, struct cursor at)
{
	uint64_t shape[ERG_MAX_DIMS];
	uint8_t dims;

	if (!read_shape(at, shape, &dims))
		return;
	m->params += product(shape, dims);
	if (strcmp(key, "weight"))
		return;
	m->weight_dims = dims;
	memcpy(m->weight, shape, sizeof(shape));
}

/* Parameters of the module that do not train, in one dictionary or one a kind ('Conv': {…}). */
static void for_static(struct module *m, const char *key, struct cursor at)
{
	if (!strncasecmp(key, "conv", 4))
		m->is_conv = true;
	if (!strncasecmp(key, "convtransp", 10) ||
		(!strcmp(key, "transposed") && !strncmp(at.at, "True", 4)))
		m->transposed = true;
	if (!strncasecmp(key, "embed", 5) || !strcmp(key, "num_embeddings"))
		m->is_embedding = true;
	if (!strncasecmp(key, "pool", 4))
		m->is_pool = true;
	if (!strcmp(key, "stride"))
		read_window(at, m->stride);
	else if (!strcmp(key, "padding") && at_string(&at))
		m->odd = strncmp(at.at + 1, "valid", 5) != 0;
	else if (!strcmp(key, "padding"))
		read_window(at, m->padding);
	else if (!strcmp(key, "dilation"))
		read_window(at, m->dilation);
	if (*at.at == '{')
		each_entry(&at, m, for_static);
}

static void for_top(struct module *m, const char *key, struct cursor at)
{
	static const char *const names[] = {"Module", "module", "Name", "name", "Layer", "layer"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && !m->named; i++)
		if (!strcmp(key, names[i]) && at_string(&at)) {
			read_string(&at, m->to->name, sizeof(m->to->name));
			m->named = *m->to->name;
		}
	if (!strcmp(key, "Inputs") && !m->in_dims)
		read_shape(at, m->in, &m->in_dims);
	else if (!strcmp(key, "TrainableParams"))
		each_entry(&at, m, for_param);
	else if (!strcmp(key, "StaticParams"))
		each_entry(&at, m, for_static);
}

/* The last part of the module's name: "embed_tokens". */
static const char *last_part(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot ? dot + 1 : name;
}

static bool is_linear(const struct module *m)
{
	return m->weight_dims == 2 && m->in_dims >= 2 && m->in[m->in_dims - 1] == m->weight[1] &&
		!m->is_embedding && !strstr(last_part(m->to->name), "embed");
}

/* One dimension of the output of a convolution; 0 where the parts do not fit. */
static uint64_t conv_size(const struct module *m, int i)
{
	uint64_t window = m->dilation[i] * (m->weight[2 + i] - 1) + 1;
	uint64_t size = m->in[2 + i] + 2 * m->padding[i];

	return m->stride[i] && m->weight[2 + i] && size >= window
		? (size - window) / m->stride[i] + 1
		: 0;
}

static uint64_t conv_macs(const struct module *m)
{
	uint64_t macs = times(m->in[0], product(m->weight, m->weight_dims));

	if (m->transposed || m->odd)
		return 0;
	for (int i = 0; i < m->weight_dims - 2; i++)
		macs = times(macs, conv_size(m, i));
	return macs;
}

static const char *type_of(const struct module *m)
{
	const char *last = last_part(m->to->name);

	if (m->is_conv)
		return m->transposed ? "deconv" : "conv";
	if (m->is_pool)
		return "pool";
	if (m->is_embedding || (strstr(last, "embed") && m->weight_dims == 2))
		return "embedding";
	if (is_linear(m))
		return "fc";
	if (m->weight_dims == 1)
		return "norm";
	return !strcmp(last, "attn") || !strcmp(last, "attention") ? "attention" : NULL;
}

static uint8_t copy_shape(uint32_t to[ERG_MAX_DIMS], const uint64_t *from, uint8_t dims)
{
	for (uint8_t i = 0; i < dims; i++) {
		if (from[i] > UINT32_MAX)
			return 0;
		to[i] = (uint32_t)from[i];
	}
	return dims;
}

static void describe(const struct module *m)
{
	struct nvtx_name *to = m->to;

	to->type = type_of(m);
	to->info.params = m->params;
	to->info.in_dims = copy_shape(to->info.in_shape, m->in, m->in_dims);
	to->info.kernel_dims = copy_shape(to->info.kernel_shape, m->weight, m->weight_dims);
	if (m->is_conv && m->weight_dims >= 3 && m->weight_dims <= 5 &&
		m->in_dims == m->weight_dims)
		to->macs = conv_macs(m);
	else if (!m->is_conv && is_linear(m))
		to->macs = times(product(m->in, m->in_dims), m->weight[0]);
}

static bool read_dictionary(const char *text, struct nvtx_name *ret)
{
	struct module m = {.to = ret, .stride = {1, 1, 1}, .dilation = {1, 1, 1}};
	struct cursor c = {text, false};

	if (*text != '{' || !strchr("'\"", text[1 + strspn(text + 1, " \t\n")]))
		return false;
	*ret = (struct nvtx_name){0};
	each_entry(&c, &m, for_top);
	if (!m.named)
		return false;
	describe(&m);
	return true;
}

/* The operator before what emit_nvtx adds to it, in any of its versions. */
static bool read_operator(const char *text, struct nvtx_name *ret)
{
	static const char *const added[] = {", seq = ", ", op_id = ", ", sizes = ",
		", input_op_ids = ", ", stashed seq = "};
	const char *end = NULL, *sizes = strstr(text, ", sizes = ");
	uint64_t shape[ERG_MAX_DIMS];
	uint8_t dims;
	size_t n;

	for (size_t i = 0; i < sizeof(added) / sizeof(added[0]); i++) {
		const char *at = strstr(text, added[i]);

		end = at && (!end || at < end) ? at : end;
	}
	if (!end || end == text)
		return false;
	*ret = (struct nvtx_name){0};
	n = (size_t)(end - text) < sizeof(ret->name) ? (size_t)(end - text) : sizeof(ret->name) - 1;
	memcpy(ret->name, text, n);
	if (sizes && read_shape((struct cursor){sizes + strlen(", sizes = "), false}, shape, &dims))
		ret->info.in_dims = copy_shape(ret->info.in_shape, shape, dims);
	return true;
}

bool nvtx_name_read(const char *text, struct nvtx_name *ret)
{
	if (*text == '{')
		return read_dictionary(text, ret);
	return strstr(text, " = ") && read_operator(text, ret);
}
