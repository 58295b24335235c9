/* SPDX-License-Identifier: MIT */
/*
 * One event of a profile. ONNX Runtime (core/common/profiler.cc) writes a JSON array with an event on
 * each line:
 *
 *	{"cat" : "Node","pid" :1,"tid" :1,"dur" :12,"ts" :345,"ph" : "X","name" :"conv1_kernel_time",
 *	 "args" : {"op_name" : "Conv", "provider" : "CPUExecutionProvider", "node_index" : "0",
 *	 "input_type_shape" : [{"float":[1,3,8,8]},{"float":[4,3,3,3]}], …}},
 *
 * Names are written as they are, so a name with a quote in it makes a line that is no JSON; such a
 * line is told from others, never guessed at.
 */
#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tracepoints/adapters/onnxruntime/profile.h"

#define DEPTH_MAX 32

struct text {
	const char *p;
	bool bad;
};

static void spaces(struct text *t)
{
	while (isspace((unsigned char)*t->p))
		t->p++;
}

/* Goes over C, which must come next. */
static void expect(struct text *t, char c)
{
	spaces(t);
	if (!t->bad && *t->p == c)
		t->p++;
	else
		t->bad = true;
}

/* True, and past it, if C comes next. */
static bool next_is(struct text *t, char c)
{
	spaces(t);
	if (t->bad || *t->p != c)
		return false;
	t->p++;
	return true;
}

/* A string, cut to SIZE with its NUL; how long it is. Escapes but \uXXXX are undone; what is none is a
 * backslash, as names are not escaped. */
static size_t string(struct text *t, char *to, size_t size)
{
	static const char codes[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
	size_t n = 0, len = 0;

	expect(t, '"');
	while (!t->bad && *t->p && *t->p != '"') {
		char c = *t->p++;

		if (c == '\\') {
			const char *at = *t->p ? strchr(codes, *t->p) : NULL;

			if (!*t->p)
				break;
			if (at)
				c = meant[at - codes];
			t->p += at != NULL;
		}
		if (n + 1 < size)
			to[n++] = c;
		len++;
	}
	if (size)
		to[n] = '\0';
	expect(t, '"');
	return len;
}

static void skip(struct text *t, int depth);

static void skip_members(struct text *t, char end, int depth)
{
	if (next_is(t, end))
		return;
	do {
		if (end == '}') {
			string(t, NULL, 0);
			expect(t, ':');
		}
		skip(t, depth + 1);
	} while (next_is(t, ','));
	expect(t, end);
}

/* Any value. */
static void skip(struct text *t, int depth)
{
	spaces(t);
	if (t->bad || depth > DEPTH_MAX) {
		t->bad = true;
	} else if (*t->p == '"') {
		string(t, NULL, 0);
	} else if (next_is(t, '{')) {
		skip_members(t, '}', depth);
	} else if (next_is(t, '[')) {
		skip_members(t, ']', depth);
	} else {
		const char *from = t->p;

		t->p += strcspn(t->p, ",]} \t\n");
		t->bad = t->p == from;
	}
}

/* A whole number, in quotes or not. */
static int64_t take_number(struct text *t)
{
	bool quoted = next_is(t, '"');
	char *end;
	long long v;

	spaces(t);
	v = strtoll(t->p, &end, 10);
	t->bad |= end == t->p;
	t->p = end;
	if (quoted)
		expect(t, '"');
	return v;
}

static uint64_t natural(struct text *t)
{
	int64_t v = take_number(t);

	return v > 0 ? (uint64_t)v : 0;
}

/* {"float":[1,3,8,8]} */
static void tensor(struct text *t, struct erg_ort_tensor *ret)
{
	*ret = (struct erg_ort_tensor){0};
	expect(t, '{');
	string(t, ret->type, sizeof(ret->type));
	expect(t, ':');
	expect(t, '[');
	if (!next_is(t, ']')) {
		do {
			uint64_t v = natural(t);

			if (ret->dims < ERG_MAX_DIMS)
				ret->shape[ret->dims++] = v;
		} while (next_is(t, ','));
		expect(t, ']');
	}
	expect(t, '}');
}

static uint8_t tensors(struct text *t, struct erg_ort_tensor *to)
{
	struct erg_ort_tensor beyond;
	uint8_t n = 0;

	expect(t, '[');
	if (next_is(t, ']'))
		return 0;
	do {
		tensor(t, n < ERG_ORT_TENSORS ? &to[n] : &beyond);
		n += n < ERG_ORT_TENSORS;
	} while (next_is(t, ','));
	expect(t, ']');
	return n;
}

static void argument(struct text *t, const char *key, struct erg_ort_node *n)
{
	if (!strcmp(key, "op_name"))
		string(t, n->op, sizeof(n->op));
	else if (!strcmp(key, "provider"))
		string(t, n->provider, sizeof(n->provider));
	else if (!strcmp(key, "node_index") || !strcmp(key, "graph_index"))
		n->index = take_number(t);
	else if (!strcmp(key, "activation_size"))
		n->activation_bytes = natural(t);
	else if (!strcmp(key, "parameter_size"))
		n->parameter_bytes = natural(t);
	else if (!strcmp(key, "output_size"))
		n->output_bytes = natural(t);
	else if (!strcmp(key, "input_type_shape"))
		n->n_in = tensors(t, n->in);
	else if (!strcmp(key, "output_type_shape"))
		n->n_out = tensors(t, n->out);
	else
		skip(t, 0);
}

static void arguments(struct text *t, struct erg_ort_node *n)
{
	char key[32];

	expect(t, '{');
	if (next_is(t, '}'))
		return;
	do {
		string(t, key, sizeof(key));
		expect(t, ':');
		argument(t, key, n);
	} while (next_is(t, ','));
	expect(t, '}');
}

static void member(struct text *t, const char *key, char cat[16], struct erg_ort_event *e)
{
	if (!strcmp(key, "cat"))
		string(t, cat, 16);
	else if (!strcmp(key, "pid"))
		e->pid = (uint32_t)natural(t);
	else if (!strcmp(key, "tid"))
		e->tid = (uint32_t)natural(t);
	else if (!strcmp(key, "dur"))
		e->dur_us = natural(t);
	else if (!strcmp(key, "ts"))
		e->begin_us = natural(t);
	else if (!strcmp(key, "name")) /* its ending tells what it is the name of */
		t->bad |= string(t, e->node.name, sizeof(e->node.name)) >= sizeof(e->node.name);
	else if (!strcmp(key, "args"))
		arguments(t, &e->node);
	else
		skip(t, 0);
}

/* Nodes have an event for their kernel and, in older releases, two around it. */
static void classify_event(const char *cat, struct erg_ort_event *e)
{
	static const char kernel[] = "_kernel_time";
	size_t len = strlen(e->node.name), end = sizeof(kernel) - 1;

	e->kind = ORT_EVENT_OTHER;
	if (!strcmp(cat, "Session") && !strcmp(e->node.name, "model_run"))
		e->kind = ORT_EVENT_RUN;
	if (strcmp(cat, "Node") || len <= end || strcmp(e->node.name + len - end, kernel))
		return;
	e->kind = ORT_EVENT_NODE;
	e->node.name[len - end] = '\0';
}

int erg_ort_event_read(const char *line, struct erg_ort_event *ret)
{
	struct text t = {line, false};
	char key[32], cat[16] = "";

	ret->kind = ORT_EVENT_OTHER;
	ret->pid = ret->tid = 0;
	ret->begin_us = ret->dur_us = 0;
	ret->node.name[0] = ret->node.op[0] = ret->node.provider[0] = '\0';
	ret->node.index = -1;
	ret->node.activation_bytes = ret->node.parameter_bytes = ret->node.output_bytes = 0;
	ret->node.n_in = ret->node.n_out = 0;
	spaces(&t);
	if (!*t.p || *t.p == '[' || *t.p == ']')
		return 0;
	expect(&t, '{');
	do {
		string(&t, key, sizeof(key));
		expect(&t, ':');
		member(&t, key, cat, ret);
	} while (next_is(&t, ','));
	expect(&t, '}');
	next_is(&t, ',');
	spaces(&t);
	if (t.bad || *t.p)
		return -1;
	classify_event(cat, ret);
	return 1;
}
