/* SPDX-License-Identifier: MIT */
/*
 * A cursor over Python's and JSON's literals: what is wanted is read, the rest is stepped over, and a
 * text that is cut off gives what came before. Nothing is allocated: this runs at every call.
 *
 * Multiply-accumulates, by the shape of the weight and of the first input:
 *
 *	weight [out, in] or [in, out], input […, in]	rows of the input * out * in
 *	weight [out, in/groups, window…], input [N, C, size…], with StaticParams that say stride, padding
 *	and dilation				N * output size * weight; of a transposed one,
 *						N * input size * weight
 *
 * A weight of an embedding has two dimensions and multiplies nothing: its input is a list of
 * numbers, of one dimension, or its module says so by name. Weights that are packed (of AWQ, GPTQ, …) have
 * another shape than they stand for: then it is StaticParams that say in_features and out_features.
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
	uint64_t in_features, out_features;
	bool is_conv, transposed, is_embedding, is_pool, is_norm;
	bool packed, has_inputs, has_outputs;
	bool same; /* padding: the output has the size of the input */
	bool odd;  /* a padding by another name: the size of the output is not known */
};

static void skip_space(struct cursor *c)
{
	while (isspace((unsigned char)*c->at))
		c->at++;
}

static bool take_char(struct cursor *c, char wanted)
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

/* N hexadecimal digits at AT; -1: there are fewer. */
static long hex(const char *at, int n)
{
	long v = 0;

	for (int i = 0; i < n; i++) {
		if (!isxdigit((unsigned char)at[i]))
			return -1;
		v = v * 16 +
			(isdigit((unsigned char)at[i]) ? at[i] - '0' : (at[i] | 32) - 'a' + 10);
	}
	return v;
}

static size_t utf8(char to[4], unsigned long v)
{
	static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
	size_t n = v < 0x80 ? 1 : v < 0x800 ? 2 : v < 0x10000 ? 3 : 4;

	for (size_t i = n; i-- > 1; v >>= 6)
		to[i] = (char)(0x80 | (v & 0x3f));
	to[0] = (char)(lead[n] | v);
	return n;
}

/* One character that is escaped, the cursor behind its backslash and then at its last: in UTF-8 how long
 * it is. */
static size_t read_escape(struct cursor *c, char to[4])
{
	static const char codes[] = "bfnrt", meant[] = "\b\f\n\r\t";
	const int digits = *c->at == 'x' ? 2 : *c->at == 'u' ? 4 : *c->at == 'U' ? 8 : 0;
	const char *code = strchr(codes, *c->at);
	long v = digits ? hex(c->at + 1, digits) : -1, low;

	to[0] = code ? meant[code - codes] : *c->at;
	if (v < 0 || v > 0x10ffff)
		return 1;
	c->at += digits;
	/* half a character, of JSON: the other half follows */
	if (v >= 0xd800 && v < 0xdc00 && c->at[1] == '\\' && c->at[2] == 'u' &&
		(low = hex(c->at + 3, 4)) >= 0xdc00 && low < 0xe000) {
		c->at += 6;
		v = 0x10000 + ((v - 0xd800) << 10) + (low - 0xdc00);
	}
	return utf8(to, (unsigned long)v);
}

/* A string in either quotes into RET, cut where it does not fit; RET may be NULL. */
static void read_string(struct cursor *c, char *ret, size_t size)
{
	const char quote = *c->at++;
	size_t n = 0;

	for (; *c->at && *c->at != quote; c->at++) {
		char one[4] = {*c->at};
		size_t len = 1;

		if (*c->at == '\\' && c->at[1]) {
			c->at++;
			len = read_escape(c, one);
		}
		for (size_t i = 0; ret && i < len && n + len - i < size; i++)
			ret[n++] = one[i];
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

/* Steps over one value, up to the comma or the bracket that ends it; or a key, up to its colon. */
static void skip_value(struct cursor *c, bool is_key)
{
	int depth = 0;

	for (skip_space(c); *c->at;) {
		if (at_string(c)) {
			read_string(c, NULL, 0);
			continue;
		}
		if (!depth && (*c->at == ',' || closes(*c->at) || (is_key && *c->at == ':')))
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

	if (!take_char(c, '{'))
		return;
	while (!c->broken && !take_char(c, '}')) {
		skip_space(c);
		key[0] = '\0';
		if (at_string(c))
			read_string(c, key, sizeof(key));
		else
			skip_value(c, true);
		if (!take_char(c, ':')) {
			c->broken = true;
			return;
		}
		skip_space(c);
		for_key(m, key, *c);
		skip_value(c, false);
		take_char(c, ',');
	}
}

static void for_param(struct module *m, const char *key, struct cursor at)
{
	uint64_t shape[ERG_MAX_DIMS];
	uint8_t dims;

	if (!read_shape(at, shape, &dims))
		return;
	m->params += product(shape, dims);
	if (!strcmp(key, "qweight") || !strcmp(key, "weight_packed"))
		m->packed = true;
	if (strcmp(key, "weight"))
		return;
	m->weight_dims = dims;
	memcpy(m->weight, shape, sizeof(shape));
}

/* A padding by name. */
static void read_padding(struct module *m, struct cursor c)
{
	char name[8];

	read_string(&c, name, sizeof(name));
	m->same = !strcmp(name, "same");
	m->odd = !m->same && strcmp(name, "valid") != 0;
}

/* What kind of module the key says that it is, of those that vLLM and SGLang write. */
static void read_kind(struct module *m, const char *key)
{
	m->is_conv |= !strncasecmp(key, "conv", 4) || !strcmp(key, "in_chan");
	m->is_embedding |= !strncasecmp(key, "embed", 5) || !strcmp(key, "num_embeddings");
	m->is_pool |= !strncasecmp(key, "pool", 4) || !strcmp(key, "filter_dim") ||
		!strcmp(key, "output_size");
	m->is_norm |= !strcmp(key, "num_features");
}

/* Parameters of the module that do not train, in one dictionary or one a kind ('Conv': {…}). */
static void for_static(struct module *m, const char *key, struct cursor at)
{
	read_kind(m, key);
	if (!strncasecmp(key, "convtransp", 10) ||
		(!strcmp(key, "transposed") && !strncmp(at.at, "True", 4)))
		m->transposed = true;
	if (!strcmp(key, "in_features"))
		m->in_features = strtoull(at.at, NULL, 10);
	else if (!strcmp(key, "out_features"))
		m->out_features = strtoull(at.at, NULL, 10);
	else if (!strcmp(key, "stride"))
		read_window(at, m->stride);
	else if (!strcmp(key, "padding") && at_string(&at))
		read_padding(m, at);
	else if (!strcmp(key, "padding"))
		read_window(at, m->padding);
	else if (!strcmp(key, "dilation"))
		read_window(at, m->dilation);
	if (*at.at == '{')
		each_entry(&at, m, for_static);
}

/* The module's place, or else the first other name. */
static void read_name(struct module *m, const char *key, struct cursor at)
{
	static const char *const names[] = {"Module", "module", "Name", "name", "Layer", "layer"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const bool is_path = i < 2;

		if (strcmp(key, names[i]) || !at_string(&at) || at.at[1] == *at.at ||
			(m->named && m->to->is_path >= is_path))
			continue;
		read_string(&at, m->to->name, sizeof(m->to->name));
		m->named = !at.broken;
		m->to->is_path = is_path;
		return;
	}
}

static void for_top(struct module *m, const char *key, struct cursor at)
{
	read_name(m, key, at);
	m->has_inputs |= !strcmp(key, "Inputs");
	m->has_outputs |= !strcmp(key, "Outputs");
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

/* Outputs a row of the input; 0 where it is no matrix that multiplies it. */
static uint64_t linear_outputs(const struct module *m)
{
	if (m->in_dims < 2 || m->is_embedding || strstr(last_part(m->to->name), "embed"))
		return 0;
	if (m->weight_dims == 2 && m->in[m->in_dims - 1] == m->weight[1])
		return m->weight[0];
	if (m->weight_dims == 2 && m->in[m->in_dims - 1] == m->weight[0])
		return m->weight[1];
	return !m->weight_dims && m->in[m->in_dims - 1] == m->in_features ? m->out_features : 0;
}

/* One dimension of the output of a convolution; 0 where the parts do not fit. */
static uint64_t conv_size(const struct module *m, int i)
{
	uint64_t window = m->dilation[i] * (m->weight[2 + i] - 1) + 1;
	uint64_t size = m->in[2 + i] + 2 * m->padding[i];

	if (m->same)
		return m->in[2 + i];
	return m->stride[i] && m->weight[2 + i] && size >= window
		? (size - window) / m->stride[i] + 1
		: 0;
}

static uint64_t conv_macs(const struct module *m)
{
	uint64_t macs = times(m->in[0], product(m->weight, m->weight_dims));

	if (m->odd && !m->transposed)
		return 0;
	for (int i = 0; i < m->weight_dims - 2; i++)
		macs = times(macs, m->transposed ? m->in[2 + i] : conv_size(m, i));
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
	if (linear_outputs(m))
		return "fc";
	if (m->weight_dims == 1 || m->is_norm)
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

static void describe_module(const struct module *m)
{
	struct nvtx_name *to = m->to;

	to->type = type_of(m);
	to->info.params = m->packed ? times(m->in_features, m->out_features) : m->params;
	to->info.in_dims = copy_shape(to->info.in_shape, m->in, m->in_dims);
	to->info.kernel_dims = copy_shape(to->info.kernel_shape, m->weight, m->weight_dims);
	if (m->is_conv && m->weight_dims >= 3 && m->weight_dims <= 5 &&
		m->in_dims == m->weight_dims)
		to->macs = conv_macs(m);
	else if (!m->is_conv)
		to->macs = times(product(m->in, m->in_dims), linear_outputs(m));
}

static bool read_dictionary(const char *text, struct nvtx_name *ret)
{
	struct module m = {.to = ret, .stride = {1, 1, 1}, .dilation = {1, 1, 1}};
	struct cursor c = {text, false};

	*ret = (struct nvtx_name){0};
	each_entry(&c, &m, for_top);
	if (!m.named)
		return false;
	ret->is_note = m.has_outputs && !m.has_inputs;
	describe_module(&m);
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
