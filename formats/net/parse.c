/* SPDX-License-Identifier: MIT */

/*
 * Reads a network description: one statement a line, words separated by blanks, "#" to the end of
 * the line is a comment. networks/README.md is the normative text. Operators and their attributes
 * are rows of the two tables below; shapes are inferred line by line, so that an impossible shape
 * is reported where it was written.
 */
#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/net/net.h"
#include "formats/base/memory.h"
#include "formats/net/text.h"
#include "formats/base/util.h"

#define OP(x) (1u << ERG_NET_##x)
#define POOLS (OP(MAXPOOL) | OP(AVGPOOL))

static const struct {
	const char *word;
	enum erg_net_op op;
} ops[] = {
	{"conv", ERG_NET_CONV},
	{"fc", ERG_NET_FC},
	{"maxpool", ERG_NET_MAXPOOL},
	{"avgpool", ERG_NET_AVGPOOL},
	{"lrn", ERG_NET_LRN},
	{"scale", ERG_NET_SCALE},
	{"relu", ERG_NET_RELU},
	{"concat", ERG_NET_CONCAT},
	{"eltwise", ERG_NET_ELTWISE},
	{"softmax", ERG_NET_SOFTMAX},
	{"dropout", ERG_NET_DROPOUT},
};

enum kind { FLAG, COUNT, PAIR, REAL, ACT, ELT };

static const struct attribute {
	const char *name;
	enum kind kind;
	size_t offset;
	uint32_t ops, min;
	int value; /* ACT: what the flag means */
} attributes[] = {
#define AT(field) offsetof(struct erg_net_layer, field)
	{"out", COUNT, AT(out_channels), OP(CONV) | OP(FC), 1, 0},
	{"k", PAIR, AT(kernel), OP(CONV) | POOLS, 1, 0},
	{"s", PAIR, AT(stride), OP(CONV) | POOLS, 1, 0},
	{"p", PAIR, AT(pad), OP(CONV) | POOLS, 0, 0},
	{"groups", COUNT, AT(groups), OP(CONV), 1, 0},
	{"nobias", FLAG, AT(nobias), OP(CONV) | OP(FC), 0, 0},
	{"bn", FLAG, AT(bn), OP(CONV), 0, 0},
	{"ceil", FLAG, AT(ceil), POOLS, 0, 0},
	{"global", FLAG, AT(global), POOLS, 0, 0},
	{"relu", ACT, AT(act), OP(CONV) | OP(FC) | OP(ELTWISE) | OP(SCALE), 0, ERG_NET_ACT_RELU},
	{"relu6", ACT, AT(act), OP(CONV) | OP(FC) | OP(ELTWISE) | OP(SCALE), 0, ERG_NET_ACT_RELU6},
	{"op", ELT, AT(elt), OP(ELTWISE), 0, 0},
	{"size", COUNT, AT(lrn_size), OP(LRN), 1, 0},
	{"alpha", REAL, AT(lrn_alpha), OP(LRN), 0, 0},
	{"beta", REAL, AT(lrn_beta), OP(LRN), 0, 0},
	{"bias", REAL, AT(lrn_k), OP(LRN), 0, 0},
#undef AT
};

static int parse_elt(struct erg_net_parser *p, const struct erg_net_word *w, enum erg_net_elt *ret)
{
	if (erg_net_text_is(w, "sum"))
		*ret = ERG_NET_ELT_SUM;
	else if (erg_net_text_is(w, "mul"))
		*ret = ERG_NET_ELT_MUL;
	else if (erg_net_text_is(w, "max"))
		*ret = ERG_NET_ELT_MAX;
	else
		return bad(p, w, "\"%.*s\": expected sum, mul or max", (int)w->n, w->s);
	return 0;
}

static int set_attribute(struct erg_net_parser *p, struct erg_net_layer *l,
	const struct attribute *a, const struct erg_net_word *value)
{
	void *field = (char *)l + a->offset;

	switch (a->kind) {
	case FLAG:
		*(bool *)field = true;
		return 0;
	case ACT:
		*(enum erg_net_act *)field = (enum erg_net_act)a->value;
		return 0;
	case COUNT:
		return erg_net_text_numbers(p, value, a->min, field, 1, false);
	case PAIR:
		return erg_net_text_numbers(p, value, a->min, field, 2, true);
	case REAL:
		return erg_net_text_real(p, value, field);
	case ELT:
		return parse_elt(p, value, field);
	}
	return 0;
}

static uint32_t find_layer(const struct erg_net *net, const char *s, size_t n)
{
	for (uint32_t i = net->n_layers; i-- > 0;)
		if (strlen(net->layers[i].name) == n && memcmp(net->layers[i].name, s, n) == 0)
			return i;
	return ERG_NET_NONE;
}

static int parse_from(struct erg_net_parser *p, struct erg_net_layer *l,
	const struct erg_net_word *value)
{
	uint32_t from[FROM_MAX], n = 0;
	const char *s = value->s, *end = value->s + value->n;

	for (;;) {
		const char *comma = memchr(s, ',', (size_t)(end - s));
		size_t len = (size_t)((comma ? comma : end) - s);
		struct erg_net_word w = {s, len, value->column + (unsigned int)(s - value->s)};

		if (n == FROM_MAX)
			return bad(p, &w, "more than %d inputs", FROM_MAX);
		from[n] = find_layer(p->net, s, len);
		if (from[n++] == ERG_NET_NONE)
			return bad(p, &w, "no layer \"%.*s\" before this line", (int)len, s);
		if (!comma)
			break;
		s = comma + 1;
	}
	free(l->from);
	l->from = erg_noted(malloc(n * sizeof(*from)));
	if (!l->from)
		return erg_net_text_oom(p);
	memcpy(l->from, from, n * sizeof(*from));
	l->n_from = n;
	return 0;
}

/* One "name=value" or flag of a layer of kind KEYWORD. */
static int parse_attribute(struct erg_net_parser *p, struct erg_net_layer *l,
	const struct erg_net_word *keyword, const struct erg_net_word *w)
{
	const char *eq = memchr(w->s, '=', w->n);
	struct erg_net_word name = {w->s, eq ? (size_t)(eq - w->s) : w->n, w->column};
	struct erg_net_word value = {eq ? eq + 1 : w->s + w->n, eq ? w->n - name.n - 1 : 0,
		w->column + (unsigned int)name.n + (eq != NULL)};

	if (erg_net_text_is(&name, "from"))
		return parse_from(p, l, &value);
	for (size_t i = 0; i < ERG_ARRAY_SIZE(attributes); i++) {
		const struct attribute *a = &attributes[i];
		bool wants = a->kind != FLAG && a->kind != ACT;

		if (!erg_net_text_is(&name, a->name) || !(a->ops & (1u << l->op)))
			continue;
		if (wants != (eq != NULL))
			return bad(p, w, "\"%s\" %s", a->name,
				wants ? "needs a value: "
					"name=value"
				      : "takes no value");
		return set_attribute(p, l, a, &value);
	}
	return bad(p, w, "%.*s has no attribute \"%.*s\"", (int)keyword->n, keyword->s, (int)name.n,
		name.s);
}

static int check_complete(struct erg_net_parser *p, const struct erg_net_layer *l)
{
	const struct erg_net_word *w = &p->word[0];

	if ((l->op == ERG_NET_CONV || l->op == ERG_NET_FC) && !l->out_channels)
		return bad(p, w, "%s: expected out=N, its output channels", l->name);
	if (!l->kernel[0] &&
		(l->op == ERG_NET_CONV ||
			((l->op == ERG_NET_MAXPOOL || l->op == ERG_NET_AVGPOOL) && !l->global)))
		return bad(p, w, "%s: expected k=N, the size of its kernel", l->name);
	if (l->n_from > 1 && l->op != ERG_NET_CONCAT && l->op != ERG_NET_ELTWISE)
		return bad(p, w, "%s: %u inputs; expected one", l->name, l->n_from);
	if (l->op == ERG_NET_LRN && l->lrn_size % 2 == 0)
		return bad(p, w, "%s: size=%u; expected an odd number of channels", l->name,
			l->lrn_size);
	return 0;
}

/* Room for one more layer; the new one is zeroed and counted, so that freeing the net frees it. */
static struct erg_net_layer *new_layer(struct erg_net_parser *p)
{
	struct erg_net *net = p->net;

	if (net->n_layers == p->layers_cap) {
		uint32_t cap = p->layers_cap ? 2 * p->layers_cap : 64;
		void *m = erg_noted(reallocarray(net->layers, cap, sizeof(*net->layers)));

		if (!m)
			return NULL;
		net->layers = m;
		p->layers_cap = cap;
	}
	return &net->layers[net->n_layers];
}

/* LAYER becomes layer n_layers of the network; shapes follow. */
static int add_layer(struct erg_net_parser *p, struct erg_net_layer *layer)
{
	struct erg_net_layer *l = new_layer(p);
	struct erg_err err = {0};

	if (!l || !layer->name)
		return erg_net_text_oom(p);
	layer->line = p->line;
	layer->module = p->depth ? p->open[p->depth - 1] : ERG_NET_NONE;
	*l = *layer;
	*layer = (struct erg_net_layer){0};
	p->net->n_layers++;
	if (erg_net_infer(p->net, p->net->n_layers - 1, &err) < 0)
		return bad(p, &p->word[0], "%s", err.msg);
	return 0;
}

static int default_from(struct erg_net_parser *p, struct erg_net_layer *l)
{
	if (l->n_from)
		return 0;
	l->from = erg_noted(malloc(sizeof(*l->from)));
	if (!l->from)
		return erg_net_text_oom(p);
	l->from[0] = p->net->n_layers - 1;
	l->n_from = 1;
	return 0;
}

static void free_layer(struct erg_net_layer *l)
{
	free(l->name);
	free(l->from);
}

static int parse_layer(struct erg_net_parser *p, enum erg_net_op op)
{
	_cleanup_(free_layer) struct erg_net_layer l = {
		.op = op,
		.stride = {1, 1},
		.groups = 1,
		.lrn_size = 5,
		.lrn_alpha = 1e-4,
		.lrn_beta = 0.75,
		.lrn_k = 1.0,
	};
	const struct erg_net_word *name = &p->word[1];
	int r;

	if (p->n_words < 2)
		return bad(p, &p->word[0], "expected a name after %.*s", (int)p->word[0].n,
			p->word[0].s);
	r = erg_net_text_name(p, name, "layer name");
	if (r < 0)
		return r;
	if (!p->net->n_layers)
		return bad(p, &p->word[0], "expected \"input CxHxW\" before the first layer");
	if (p->net->n_layers >= ERG_NET_LAYERS_MAX)
		return bad(p, &p->word[0], "more than %u layers", ERG_NET_LAYERS_MAX);
	if (find_layer(p->net, name->s, name->n) != ERG_NET_NONE)
		return bad(p, name, "a second layer \"%.*s\"", (int)name->n, name->s);
	l.name = strndup(name->s, name->n);
	if (!l.name)
		return erg_net_text_oom(p);
	for (size_t i = 2; i < p->n_words && r >= 0; i++)
		r = parse_attribute(p, &l, &p->word[0], &p->word[i]);
	if (r >= 0)
		r = default_from(p, &l);
	if (r >= 0)
		r = check_complete(p, &l);
	return r < 0 ? r : add_layer(p, &l);
}

static int expect_words(struct erg_net_parser *p, size_t n, const char *form)
{
	if (p->n_words == n)
		return 0;
	return bad(p, &p->word[p->n_words > n ? n : 0], "expected \"%s\"", form);
}

static int parse_network(struct erg_net_parser *p)
{
	int r = expect_words(p, 2, "network NAME");

	if (r >= 0)
		r = erg_net_text_name(p, &p->word[1], "network name");
	if (r < 0)
		return r;
	if (p->net->name)
		return bad(p, &p->word[0], "a second \"network\"");
	p->net->name = strndup(p->word[1].s, p->word[1].n);
	return p->net->name ? 0 : erg_net_text_oom(p);
}

static int parse_input(struct erg_net_parser *p)
{
	_cleanup_(free_layer) struct erg_net_layer l = {.op = ERG_NET_INPUT};
	uint32_t v[3];
	int r = expect_words(p, 2, "input CHANNELSxHEIGHTxWIDTH");

	if (r >= 0)
		r = erg_net_text_numbers(p, &p->word[1], 1, v, 3, false);
	if (r < 0)
		return r;
	if (p->net->n_layers)
		return bad(p, &p->word[0], "a second \"input\"");
	l.name = strdup("input");
	l.in = l.out = (struct erg_net_shape){v[0], v[1], v[2]};
	return add_layer(p, &l);
}

static int parse_module(struct erg_net_parser *p)
{
	struct erg_net *net = p->net;
	struct erg_net_module m = {.parent = p->depth ? p->open[p->depth - 1] : ERG_NET_NONE,
		.first = net->n_layers};
	void *grown;
	int r = expect_words(p, 3, "module NAME TYPE");

	if (r >= 0)
		r = erg_net_text_name(p, &p->word[1], "module name");
	if (r >= 0)
		r = erg_net_text_name(p, &p->word[2], "module type");
	if (r < 0)
		return r;
	if (!net->n_layers)
		return bad(p, &p->word[0], "expected \"input CxHxW\" before the first module");
	if (p->depth == DEPTH_MAX)
		return bad(p, &p->word[0], "more than %d modules inside each other", DEPTH_MAX);
	for (uint32_t i = 0; i < net->n_modules; i++)
		if (erg_net_text_is(&p->word[1], net->modules[i].name))
			return bad(p, &p->word[1], "a second module \"%s\"", net->modules[i].name);
	if (net->n_modules == p->modules_cap) {
		grown = erg_noted(reallocarray(net->modules, p->modules_cap + 64, sizeof(m)));
		if (!grown)
			return erg_net_text_oom(p);
		net->modules = grown;
		p->modules_cap += 64;
	}
	m.name = strndup(p->word[1].s, p->word[1].n);
	m.type = strndup(p->word[2].s, p->word[2].n);
	p->open[p->depth++] = net->n_modules;
	net->modules[net->n_modules++] = m;
	return m.name && m.type ? 0 : erg_net_text_oom(p);
}

static int parse_end(struct erg_net_parser *p)
{
	int r = expect_words(p, 1, "end");
	struct erg_net_module *m;

	if (r < 0)
		return r;
	if (!p->depth)
		return bad(p, &p->word[0], "\"end\" without a module");
	m = &p->net->modules[p->open[--p->depth]];
	m->end = p->net->n_layers;
	if (m->end == m->first)
		return bad(p, &p->word[0], "module %s has no layer", m->name);
	return 0;
}

static int parse_statement(struct erg_net_parser *p)
{
	const struct erg_net_word *w = &p->word[0];

	if (erg_net_text_is(w, "network"))
		return parse_network(p);
	if (erg_net_text_is(w, "input"))
		return parse_input(p);
	if (erg_net_text_is(w, "module"))
		return parse_module(p);
	if (erg_net_text_is(w, "end"))
		return parse_end(p);
	for (size_t i = 0; i < ERG_ARRAY_SIZE(ops); i++)
		if (erg_net_text_is(w, ops[i].word))
			return parse_layer(p, ops[i].op);
	return bad(p, w,
		"\"%.*s\": expected network, input, module, end, conv, fc, maxpool, avgpool, lrn, "
		"scale, relu, concat, eltwise, softmax or dropout",
		(int)(w->n > 64 ? 64 : w->n), w->s);
}

int erg_net_parse(const char *source, const char *text, size_t len, struct erg_net **ret,
	struct erg_err *err)
{
	_cleanup_(erg_net_freep) struct erg_net *net = calloc(1, sizeof(*net));
	struct erg_net_parser p = {.source = source, .net = net, .err = err};
	const char *end = text + len;

	if (!net)
		return erg_fail_errno(err, -ENOMEM, "%s", source);
	for (const char *s = text; s < end;) {
		const char *eol = memchr(s, '\n', (size_t)(end - s));
		int r;

		p.line++;
		r = erg_net_text_split(&p, s, eol ? eol : end);
		if (r >= 0 && p.n_words)
			r = parse_statement(&p);
		if (r < 0)
			return r;
		s = eol ? eol + 1 : end;
	}
	if (!net->name)
		return erg_fail(err, -EINVAL, "%s: no \"network NAME\" line", source);
	if (net->n_layers < 2)
		return erg_fail(err, -EINVAL, "%s: no layer; expected at least one", source);
	if (p.depth)
		return erg_fail(err, -EINVAL, "%s:%u: module %s has no \"end\"", source, p.line,
			net->modules[p.open[p.depth - 1]].name);
	*ret = erg_steal_ptr(&net);
	return 0;
}
