/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Templates of rules: "{node[of_timer[callback]]|'no node'}". A text is cut into pieces once; an
 * expression is a chain of alternatives, each a literal, a field, or a table with the expression
 * inside its brackets.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/base/util.h"
#include "record/rules/rules.h"

#define DEPTH_MAX 16

struct expression {
	enum { LITERAL, FIELD, TABLE } kind;
	char *text;
	size_t table;
	struct expression *inner; /* of a table */
	struct expression *other; /* if this one has no value */
};

struct erg_rules_template {
	struct piece {
		char *text; /* NULL: an expression */
		struct expression *what;
	} * pieces;
	size_t n;
};

struct parser {
	const char *p;
	char *const *tables;
	size_t n_tables;
	const char *why;
};

static void expression_free(struct expression *x)
{
	while (x) {
		struct expression *other = x->other;

		expression_free(x->inner);
		free(x->text);
		free(x);
		x = other;
	}
}

static void *failed(struct parser *ps, const char *why)
{
	if (!ps->why)
		ps->why = why;
	return NULL;
}

static void blanks(struct parser *ps)
{
	while (isspace((unsigned char)*ps->p))
		ps->p++;
}

static struct expression *parse(struct parser *ps, int depth);

static struct expression *parse_one(struct parser *ps, int depth)
{
	struct expression *x = calloc(1, sizeof(*x));
	const char *from;
	bool quoted;

	blanks(ps);
	quoted = *ps->p == '\'';
	from = ps->p += quoted;
	ps->p += quoted ? strcspn(ps->p, "'") : strspn(ps->p, ERG_RULES_FIELD_CHARS);
	if (!x || !(x->text = strndup(from, (size_t)(ps->p - from)))) {
		expression_free(x);
		return failed(ps, "out of memory");
	}
	if (quoted ? *ps->p != '\'' : ps->p == from) {
		expression_free(x);
		return failed(ps,
			quoted ? "a literal without an end"
			       : "the name of a field or table was expected");
	}
	x->kind = quoted ? LITERAL : FIELD;
	ps->p += quoted;
	blanks(ps);
	if (quoted || *ps->p != '[')
		return x;
	x->kind = TABLE;
	while (x->table < ps->n_tables && strcmp(ps->tables[x->table], x->text))
		x->table++;
	ps->p++;
	x->inner = x->table < ps->n_tables ? parse(ps, depth + 1)
					   : failed(ps, "a table that is not under tables");
	blanks(ps);
	if (x->inner && *ps->p == ']') {
		ps->p++;
		return x;
	}
	expression_free(x);
	return failed(ps, "']' was expected");
}

static struct expression *parse(struct parser *ps, int depth)
{
	struct expression *first = NULL, **at = &first;

	if (depth > DEPTH_MAX)
		return failed(ps, "too many brackets");
	do {
		*at = parse_one(ps, depth);
		if (!*at) {
			expression_free(first);
			return NULL;
		}
		at = &(*at)->other;
		blanks(ps);
	} while (*ps->p == '|' && ps->p++);
	return first;
}

static struct piece *add_piece(struct erg_rules_template *t)
{
	struct piece *p = reallocarray(t->pieces, t->n + 1, sizeof(*p));

	if (!p)
		return NULL;
	t->pieces = p;
	p += t->n++;
	*p = (struct piece){NULL, NULL};
	return p;
}

static bool add_text(struct erg_rules_template *t, struct parser *ps)
{
	size_t len = strcspn(ps->p, "{}");
	struct piece *p = add_piece(t);

	if (!p || !(p->text = strndup(ps->p, len)))
		return failed(ps, "out of memory") != NULL;
	ps->p += len;
	return *ps->p != '}' || failed(ps, "'}' without '{'") != NULL;
}

static bool add_expression(struct erg_rules_template *t, struct parser *ps, bool bare)
{
	struct piece *p = add_piece(t);

	if (!p)
		return failed(ps, "out of memory") != NULL;
	ps->p += !bare;
	p->what = parse(ps, 0);
	if (!p->what)
		return false;
	if (*ps->p != (bare ? '\0' : '}'))
		return failed(ps, bare ? "one expression was expected" : "'}' was expected") !=
			NULL;
	ps->p += !bare;
	return true;
}

int erg_rules_template_new(const char *text, bool bare, char *const *tables, size_t n_tables,
	struct erg_rules_template **ret, const char **ret_why)
{
	struct parser ps = {text, tables, n_tables, NULL};
	struct erg_rules_template *t = calloc(1, sizeof(*t));
	bool good = t != NULL;

	bare = bare && !strchr(text, '{');
	if (bare && good)
		good = add_expression(t, &ps, true);
	while (good && *ps.p)
		good = *ps.p == '{' ? add_expression(t, &ps, false) : add_text(t, &ps);
	if (good) {
		*ret = t;
		return 0;
	}
	erg_rules_template_free(t);
	*ret_why = ps.why ? ps.why : "out of memory";
	return -EINVAL;
}

static bool eval(const struct expression *x, const struct erg_rules_event *e,
	const struct erg_rules_lookup *lookup, struct erg_rules_value *ret)
{
	struct erg_rules_value inner;

	for (; x; x = x->other) {
		if (x->kind == LITERAL) {
			snprintf(ret->text, sizeof(ret->text), "%s", x->text);
			memcpy(ret->key, ret->text, sizeof(ret->key));
			return true;
		}
		if (x->kind == FIELD && e->field(e, x->text, ret))
			return true;
		if (x->kind == TABLE && eval(x->inner, e, lookup, &inner) &&
			lookup->find(lookup->data, e->pid, x->table, inner.key, ret))
			return true;
	}
	return false;
}

bool erg_rules_template_eval(const struct erg_rules_template *t, const struct erg_rules_event *e,
	const struct erg_rules_lookup *lookup, struct erg_rules_value *ret)
{
	size_t len = 0;

	if (t->n == 1 && t->pieces[0].what)
		return eval(t->pieces[0].what, e, lookup, ret);
	ret->text[0] = '\0';
	for (size_t i = 0; i < t->n; i++) {
		const char *text = t->pieces[i].text;
		struct erg_rules_value v;

		if (!text && !eval(t->pieces[i].what, e, lookup, &v))
			return false;
		text = text ? text : v.text;
		/* of a path of which a part is the root */
		if (len && ret->text[len - 1] == '/' && *text == '/')
			text++;
		len += (size_t)snprintf(ret->text + len, sizeof(ret->text) - len, "%s", text);
		if (len >= sizeof(ret->text))
			len = sizeof(ret->text) - 1;
	}
	memcpy(ret->key, ret->text, sizeof(ret->key));
	return true;
}

void erg_rules_template_free(struct erg_rules_template *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->n; i++) {
		free(t->pieces[i].text);
		expression_free(t->pieces[i].what);
	}
	free(t->pieces);
	free(t);
}
