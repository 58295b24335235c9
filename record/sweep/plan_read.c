/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The plan of a sweep, read from YAML.
 *
 * Every key is known or an error that says where it stands: a misspelt "repetition" that was
 * silently ignored would cost a night. Tables of keys take the place of a schema: what a key's value is
 * read by, and which member of the struct at hand it goes into.
 */
#include "record/sweep/plan.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/base/util.h"
#include "record/sweep/plan_analysis.h"
#include "record/sweep/plan_read.h"

struct reader {
	const char *file;
	struct erg_plan *plan;
	struct erg_err *err;
};

/* A key that a map may have. READ puts the value into INTO, what the map is about: a plan, a program or
 * a condition. */
struct key {
	const char *name;
	int (*read)(struct reader *r, const struct key *k, const struct erg_yaml *key,
		const struct erg_yaml *value, void *into);
	size_t at;       /* offset of the member, where READ is of any */
	double min, max; /* of a number */
};

#define MEMBER(type, member) offsetof(struct type, member)

static int no_memory(const struct reader *r)
{
	return erg_fail(r->err, -ENOMEM, "%s: no memory", r->file);
}

static void known_keys(const struct key *keys, char *buf, size_t size)
{
	size_t n = 0;

	buf[0] = 0;
	for (; keys->name && n < size; keys++)
		n += (size_t)snprintf(buf + n, size - n, "%s%s", n ? ", " : "", keys->name);
}

/* Reads a map by its table of keys into INTO. WHAT is for messages. */
static int read_map(struct reader *r, const struct erg_yaml *map, const struct erg_yaml *at,
	const char *what, const struct key *keys, void *into)
{
	char known[512];

	if (map->kind != ERG_YAML_MAP)
		return erg_yaml_fail(r->err, r->file, at ? at : map,
			"%s: expected \"key: value\" lines", what);
	for (size_t i = 0; i < map->n; i++) {
		const struct key *k = keys;
		int e;

		while (k->name && strcmp(k->name, map->keys[i]->text) != 0)
			k++;
		if (!k->name) {
			known_keys(keys, known, sizeof(known));
			return erg_yaml_fail(r->err, r->file, map->keys[i],
				"%s: unknown key \"%s\": expected one of %s", what,
				map->keys[i]->text, known);
		}
		e = k->read(r, k, map->keys[i], map->items[i], into);
		if (e < 0)
			return e;
	}
	return 0;
}

static int read_number(const struct reader *r, const struct erg_yaml *key, const struct erg_yaml *v,
	double min, double max, double *ret)
{
	char *end;

	if (v->kind == ERG_YAML_SCALAR && v->text[0]) {
		*ret = strtod(v->text, &end);
		if (!*end && isfinite(*ret) && *ret >= min && *ret <= max)
			return 0;
	}
	return erg_yaml_fail(r->err, r->file, v, "%s: \"%s\": expected a number from %g to %g",
		key->text, v->text ? v->text : "(a list or map)", min, max);
}

static int read_text(const struct reader *r, const struct erg_yaml *key, const struct erg_yaml *v,
	char **ret)
{
	if (v->kind != ERG_YAML_SCALAR || !v->text[0])
		return erg_yaml_fail(r->err, r->file, v, "%s: expected text", key->text);
	free(*ret);
	*ret = strdup(v->text);
	return *ret ? 0 : no_memory(r);
}

/* A scalar or a list of scalars. */
static int read_texts(const struct reader *r, const struct erg_yaml *key, const struct erg_yaml *v,
	struct erg_texts *ret)
{
	erg_texts_clear(ret);
	if (v->kind == ERG_YAML_SCALAR && v->text[0])
		return erg_texts_add(ret, v->text) < 0 ? no_memory(r) : 0;
	if (v->kind != ERG_YAML_LIST || v->n == 0)
		return erg_yaml_fail(r->err, r->file, v->line ? v : key,
			"%s: expected a value or a list of values", key->text);
	if (v->n > ERG_PLAN_VALUES_MAX)
		return erg_yaml_fail(r->err, r->file, v, "%s: %zu values: expected at most %d",
			key->text, v->n, ERG_PLAN_VALUES_MAX);
	for (size_t i = 0; i < v->n; i++) {
		if (v->items[i]->kind != ERG_YAML_SCALAR)
			return erg_yaml_fail(r->err, r->file, v->items[i],
				"%s: expected a plain value in the list", key->text);
		for (size_t j = 0; j < i; j++)
			if (strcmp(key->text, "command") != 0 &&
				strcmp(ret->v[j], v->items[i]->text) == 0)
				return erg_yaml_fail(r->err, r->file, v->items[i],
					"%s: \"%s\" is listed twice", key->text, ret->v[j]);
		if (erg_texts_add(ret, v->items[i]->text) < 0)
			return no_memory(r);
	}
	return 0;
}

/* A line for the shell, or a list of words. */
static int read_argv(const struct reader *r, const struct erg_yaml *key, const struct erg_yaml *v,
	struct erg_texts *ret)
{
	if (v->kind != ERG_YAML_SCALAR || !v->text[0])
		return read_texts(r, key, v, ret);
	if (erg_texts_add(ret, "/bin/sh") < 0 || erg_texts_add(ret, "-c") < 0 ||
		erg_texts_add(ret, v->text) < 0)
		return no_memory(r);
	return 0;
}

/* ---- for tables of keys: members of any struct ---- */

static int number_key(struct reader *r, const struct key *k, const struct erg_yaml *key,
	const struct erg_yaml *v, void *into)
{
	return read_number(r, key, v, k->min, k->max, (double *)((char *)into + k->at));
}

static int text_key(struct reader *r, const struct key *k, const struct erg_yaml *key,
	const struct erg_yaml *v, void *into)
{
	return read_text(r, key, v, (char **)((char *)into + k->at));
}

static int texts_key(struct reader *r, const struct key *k, const struct erg_yaml *key,
	const struct erg_yaml *v, void *into)
{
	return read_texts(r, key, v, (struct erg_texts *)((char *)into + k->at));
}

static int argv_key(struct reader *r, const struct key *k, const struct erg_yaml *key,
	const struct erg_yaml *v, void *into)
{
	return read_argv(r, key, v, (struct erg_texts *)((char *)into + k->at));
}

/* ---- workloads and co-runners ---- */

static int read_command(struct reader *r, const struct erg_yaml *key, const struct erg_yaml *v,
	struct erg_plan_program *p)
{
	p->line = v->line;
	p->column = v->column;
	return read_argv(r, key, v, &p->argv);
}

static int command_key(struct reader *r, const struct key *k, const struct erg_yaml *key,
	const struct erg_yaml *v, void *into)
{
	return read_command(r, key, v, into);
}

static int add_pair(struct reader *r, struct erg_texts *to, const char *name, const char *value)
{
	_cleanup_(erg_freep) char *pair = NULL;

	if (asprintf(&pair, "%s=%s", name, value) < 0) {
		pair = NULL;
		return no_memory(r);
	}
	return erg_texts_add(to, pair) < 0 ? no_memory(r) : 0;
}

static int environment_key(struct reader *r, const struct key *k, const struct erg_yaml *key,
	const struct erg_yaml *v, void *into)
{
	struct erg_plan_program *p = into;

	if (v->kind != ERG_YAML_MAP)
		return erg_yaml_fail(r->err, r->file, v, "environment: expected NAME: value");
	for (size_t i = 0; i < v->n; i++) {
		if (v->items[i]->kind != ERG_YAML_SCALAR)
			return erg_yaml_fail(r->err, r->file, v->items[i], "%s: expected a value",
				v->keys[i]->text);
		if (add_pair(r, &p->env, v->keys[i]->text, v->items[i]->text) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* What the sweep itself says of each run, and what has a key of its own. */
static bool is_taken(const char *tag)
{
	static const char *const taken[] = {"workload", "plan", "repetition", "accuracy", "node"};

	for (size_t i = 0; i < ERG_ARRAY_SIZE(taken); i++)
		if (!strcmp(tag, taken[i]))
			return true;
	return strchr(tag, '=');
}

static int tags_key(struct reader *r, const struct key *k, const struct erg_yaml *key,
	const struct erg_yaml *v, void *into)
{
	struct erg_plan_program *p = into;
	int e = 0;

	if (v->kind != ERG_YAML_MAP)
		return erg_yaml_fail(r->err, r->file, v->line ? v : key,
			"tags: expected KEY: value");
	for (size_t i = 0; e == 0 && i < v->n; i++)
		e = is_taken(v->keys[i]->text)
			? erg_yaml_fail(r->err, r->file, v->keys[i],
				  "tags: %s: expected another name: this one has a meaning of its own",
				  v->keys[i]->text)
			: v->items[i]->kind == ERG_YAML_SCALAR
			? add_pair(r, &p->tags, v->keys[i]->text, v->items[i]->text)
			: erg_yaml_fail(r->err, r->file, v->items[i], "tags: %s: expected a value",
				  v->keys[i]->text);
	return e;
}

/* Of the network's answers: for the page, beside energy and time. */
static int accuracy_key(struct reader *r, const struct key *k, const struct erg_yaml *key,
	const struct erg_yaml *v, void *into)
{
	struct erg_plan_program *p = into;
	double share;
	int e = read_number(r, key, v, 0, 1, &share);

	return e < 0 ? e : add_pair(r, &p->tags, "accuracy", v->text);
}

static const struct key program_keys[] = {
	{"command", command_key},
	{"directory", text_key, MEMBER(erg_plan_program, directory)},
	{"environment", environment_key},
	{"duration_s", number_key, MEMBER(erg_plan_program, duration_s), 0, 1e7},
	{"expected_s", number_key, MEMBER(erg_plan_program, expected_s), 0, 1e7},
	{"progress", text_key, MEMBER(erg_plan_program, progress)},
	{"tags", tags_key},
	{"accuracy", accuracy_key},
	{0},
};

static int read_programs(struct reader *r, const struct erg_yaml *key, const struct erg_yaml *v,
	struct erg_plan_program **ret, size_t *ret_n)
{
	if (v->kind != ERG_YAML_MAP || v->n == 0)
		return erg_yaml_fail(r->err, r->file, v->line ? v : key,
			"%s: expected NAME: {command: …}", key->text);
	*ret = calloc(v->n, sizeof(**ret));
	if (!*ret)
		return no_memory(r);
	for (size_t i = 0; i < v->n; i++) {
		struct erg_plan_program *p = &(*ret)[(*ret_n)++];
		const char *name = v->keys[i]->text;
		int e;

		p->name = strdup(name);
		if (!p->name)
			return no_memory(r);
		if (strpbrk(name, "+/= \t") || !name[0] || strlen(name) > ERG_PLAN_NAME_MAX)
			return erg_yaml_fail(r->err, r->file, v->keys[i],
				"%s: \"%s\": a name has no spaces, none of + / =, and at most %d "
				"bytes",
				key->text, name, ERG_PLAN_NAME_MAX);
		if (v->items[i]->kind == ERG_YAML_MAP)
			e = read_map(r, v->items[i], v->keys[i], name, program_keys, p);
		else
			e = read_command(r, v->keys[i], v->items[i], p);
		if (e < 0)
			return e;
		if (p->argv.n == 0)
			return erg_yaml_fail(r->err, r->file, v->keys[i], "%s: no command", name);
	}
	return 0;
}

static int workloads_key(struct reader *r, const struct key *k, const struct erg_yaml *key,
	const struct erg_yaml *v, void *into)
{
	return read_programs(r, key, v, &r->plan->workloads, &r->plan->n_workloads);
}

static int corunners_key(struct reader *r, const struct key *k, const struct erg_yaml *key,
	const struct erg_yaml *v, void *into)
{
	if (v->kind == ERG_YAML_MAP && v->n > ERG_PLAN_CORUNNERS_MAX)
		return erg_yaml_fail(r->err, r->file, key, "corunners: more than %d",
			ERG_PLAN_CORUNNERS_MAX);
	return read_programs(r, key, v, &r->plan->corunners, &r->plan->n_corunners);
}

/* ---- settings ---- */

static int read_range(struct reader *r, const struct erg_yaml *v, struct erg_plan_setting *s)
{
	static const char *const parts[] = {"from", "to", "step"};
	double *const to[] = {&s->from, &s->to, &s->step};

	for (size_t i = 0; i < v->n; i++)
		if (strcmp(v->keys[i]->text, "from") && strcmp(v->keys[i]->text, "to") &&
			strcmp(v->keys[i]->text, "step"))
			return erg_yaml_fail(r->err, r->file, v->keys[i],
				"%s: unknown key \"%s\": expected from, to and step", s->name,
				v->keys[i]->text);
	for (int i = 0; i < 3; i++) {
		const struct erg_yaml *part = erg_yaml_get(v, parts[i]);
		struct erg_yaml key = {.text = s->name};
		int e;

		if (!part)
			return erg_yaml_fail(r->err, r->file, v,
				"%s: a range needs from, to and step: "
				"no %s",
				s->name, parts[i]);
		e = read_number(r, &key, part, -1e15, 1e15, to[i]);
		if (e < 0)
			return e;
	}
	if (s->step <= 0 || s->to < s->from || (s->to - s->from) / s->step > 10000)
		return erg_yaml_fail(r->err, r->file, v,
			"%s: expected from <= to, a step above 0 and at most 10000 values",
			s->name);
	s->range = true;
	return 0;
}

static int read_setting(struct reader *r, const struct erg_yaml *key, const struct erg_yaml *v,
	struct erg_plan_setting *s)
{
	s->name = strdup(key->text);
	s->at = (struct erg_yaml){.line = v->line, .column = v->column};
	if (!s->name)
		return no_memory(r);
	if (v->kind == ERG_YAML_MAP)
		return read_range(r, v, s);
	if (v->kind == ERG_YAML_SCALAR && strcmp(v->text, "all") == 0) {
		s->all = true;
		return 0;
	}
	return read_texts(r, key, v, &s->values);
}

static int values_key(struct reader *r, const struct key *k, const struct erg_yaml *key,
	const struct erg_yaml *v, void *into)
{
	struct erg_plan_setting *s = into;

	s->at = (struct erg_yaml){.line = v->line, .column = v->column};
	return read_texts(r, key, v, &s->values);
}

/* {values: [on, off], command: …, settle_s: 15}, or values alone. */
static int read_condition(struct reader *r, const struct erg_yaml *key, const struct erg_yaml *v,
	struct erg_plan_setting *s)
{
	static const struct key keys[] = {
		{"values", values_key},
		{"command", argv_key, MEMBER(erg_plan_setting, command)},
		{"settle_s", number_key, MEMBER(erg_plan_setting, settle_s), 0, 86400},
		{0},
	};
	int e;

	if (v->kind != ERG_YAML_MAP || erg_yaml_get(v, "from"))
		return read_setting(r, key, v, s);
	s->name = strdup(key->text);
	if (!s->name)
		return no_memory(r);
	e = read_map(r, v, key, s->name, keys, s);
	if (e == 0 && (s->values.n == 0 || s->command.n == 0))
		return erg_yaml_fail(r->err, r->file, v, "conditions: %s: expected %s", s->name,
			s->values.n == 0 ? "values" : "a command that makes it hold");
	return e;
}

static int read_settings(struct reader *r, const struct erg_yaml *key, const struct erg_yaml *v,
	int (*read)(struct reader *r, const struct erg_yaml *key, const struct erg_yaml *v,
		struct erg_plan_setting *s),
	struct erg_plan_setting **ret, size_t *ret_n)
{
	if (v->kind != ERG_YAML_MAP || v->n > ERG_PLAN_KNOBS_MAX)
		return erg_yaml_fail(r->err, r->file, v->line ? v : key,
			"%s: expected up to %d lines \"NAME: values\"", key->text,
			ERG_PLAN_KNOBS_MAX);
	*ret = calloc(v->n + 1, sizeof(**ret));
	if (!*ret)
		return no_memory(r);
	for (size_t i = 0; i < v->n; i++) {
		int e = read(r, v->keys[i], v->items[i], &(*ret)[(*ret_n)++]);

		if (e < 0)
			return e;
	}
	return 0;
}

static int knobs_key(struct reader *r, const struct key *k, const struct erg_yaml *key,
	const struct erg_yaml *v, void *into)
{
	return read_settings(r, key, v, read_setting, &r->plan->knobs, &r->plan->n_knobs);
}

static int set_key(struct reader *r, const struct key *k, const struct erg_yaml *key,
	const struct erg_yaml *v, void *into)
{
	int e = read_settings(r, key, v, read_setting, &r->plan->set, &r->plan->n_set);

	for (size_t i = 0; e == 0 && i < r->plan->n_set; i++)
		if (r->plan->set[i].all || r->plan->set[i].range || r->plan->set[i].values.n != 1)
			return erg_yaml_fail(r->err, r->file, &r->plan->set[i].at,
				"set: %s: expected one value; values to vary belong under knobs",
				r->plan->set[i].name);
	return e;
}

static int conditions_key(struct reader *r, const struct key *k, const struct erg_yaml *key,
	const struct erg_yaml *v, void *into)
{
	int e = read_settings(r, key, v, read_condition, &r->plan->conditions,
		&r->plan->n_conditions);

	for (size_t i = 0; e == 0 && i < r->plan->n_conditions; i++)
		if (r->plan->conditions[i].all || r->plan->conditions[i].range)
			return erg_yaml_fail(r->err, r->file, &r->plan->conditions[i].at,
				"conditions: %s: expected a value or a list of values",
				r->plan->conditions[i].name);
	return e;
}

/* ---- the rest ---- */

static int read_whole(struct reader *r, const struct erg_yaml *key, const struct erg_yaml *v,
	double min, double max, double *ret)
{
	int e = read_number(r, key, v, min, max, ret);

	if (e == 0 && *ret != floor(*ret))
		return erg_yaml_fail(r->err, r->file, v, "%s: \"%s\": expected a whole number",
			key->text, v->text);
	return e;
}

static int repetitions_key(struct reader *r, const struct key *k, const struct erg_yaml *key,
	const struct erg_yaml *v, void *into)
{
	double n = 0;
	int e = read_whole(r, key, v, 1, 10000, &n);

	if (!e)
		r->plan->repetitions = (unsigned)n;
	return e;
}

static int seed_key(struct reader *r, const struct key *k, const struct erg_yaml *key,
	const struct erg_yaml *v, void *into)
{
	double n = 0;
	int e = read_whole(r, key, v, 0, 9e15, &n);

	if (!e)
		r->plan->seed = (uint64_t)n;
	return e;
}

static int order_key(struct reader *r, const struct key *k, const struct erg_yaml *key,
	const struct erg_yaml *v, void *into)
{
	static const char *const names[] = {"random", "abba", "as-written"};

	for (int i = 0; v->kind == ERG_YAML_SCALAR && i < 3; i++)
		if (strcmp(v->text, names[i]) == 0) {
			r->plan->order = (enum erg_plan_order)i;
			return 0;
		}
	return erg_yaml_fail(r->err, r->file, v, "order: expected random, abba or as-written");
}

static int cooldown_key(struct reader *r, const struct key *k, const struct erg_yaml *key,
	const struct erg_yaml *v, void *into)
{
	static const struct key keys[] = {
		{"within_k", number_key, MEMBER(erg_plan, cooldown_within_k), 0.01, 100},
		{"limit_s", number_key, MEMBER(erg_plan, cooldown_limit_s), 0, 86400},
		{"zone", text_key, MEMBER(erg_plan, cooldown_zone)},
		{0},
	};

	r->plan->cooldown = true;
	return read_map(r, v, key, "cooldown", keys, r->plan);
}

/* Options of erg-record run by their long names; "no value" is an empty one. */
static int record_key(struct reader *r, const struct key *k, const struct erg_yaml *key,
	const struct erg_yaml *v, void *into)
{
	static const char *const known[] = {"rate", "dither", "source", "sysfs", "counters", "idle",
		"annotate", "spool", "chunk", "compress", "cpu", "process-counters", NULL};

	if (v->kind != ERG_YAML_MAP)
		return erg_yaml_fail(r->err, r->file, v->line ? v : key,
			"record: expected OPTION: value");
	for (size_t i = 0; i < v->n; i++) {
		char option[64];
		size_t o = 0;

		while (known[o] && strcmp(known[o], v->keys[i]->text) != 0)
			o++;
		if (!known[o])
			return erg_yaml_fail(r->err, r->file, v->keys[i],
				"record: unknown option \"%s\": expected rate, dither, source, sysfs, "
				"counters, idle, annotate, spool, chunk, compress, cpu or "
				"process-counters",
				v->keys[i]->text);
		if (v->items[i]->kind != ERG_YAML_SCALAR)
			return erg_yaml_fail(r->err, r->file, v->items[i],
				"record: %s: expected a value", known[o]);
		snprintf(option, sizeof(option), "--%s", known[o]);
		if (erg_texts_add(&r->plan->record, option) < 0 ||
			erg_texts_add(&r->plan->record, v->items[i]->text) < 0)
			return no_memory(r);
	}
	return 0;
}

static int analysis_key(struct reader *r, const struct key *k, const struct erg_yaml *key,
	const struct erg_yaml *v, void *into)
{
	return erg_plan_analysis(r->file, key, v, &r->plan->analysis, r->err);
}

static const struct key plan_keys[] = {
	{"name", text_key, MEMBER(erg_plan, name)},
	{"workloads", workloads_key},
	{"corunners", corunners_key},
	{"coruns", texts_key, MEMBER(erg_plan, coruns)},
	{"knobs", knobs_key},
	{"set", set_key},
	{"conditions", conditions_key},
	{"repetitions", repetitions_key},
	{"order", order_key},
	{"seed", seed_key},
	{"warmup_s", number_key, MEMBER(erg_plan, warmup_s), 0, 86400},
	{"settle_s", number_key, MEMBER(erg_plan, settle_s), 0, 3600},
	{"timeout_s", number_key, MEMBER(erg_plan, timeout_s), 0, 1e7},
	{"cooldown", cooldown_key},
	{"record", record_key},
	{"analysis", analysis_key},
	{0},
};

static int check_whole(struct reader *r, const struct erg_yaml *y)
{
	struct erg_plan *p = r->plan;

	if (p->n_workloads == 0)
		return erg_yaml_fail(r->err, r->file, y, "no workloads: expected \"workloads:\"");
	if (p->n_corunners > 0 && p->coruns.n == 0 &&
		(erg_texts_add(&p->coruns, "none") < 0 || erg_texts_add(&p->coruns, "each") < 0))
		return no_memory(r);
	for (size_t i = 0; i < p->n_workloads; i++)
		for (size_t j = 0; j < p->n_corunners; j++)
			if (strcmp(p->workloads[i].name, p->corunners[j].name) == 0)
				return erg_yaml_fail(r->err, r->file, erg_yaml_get(y, "corunners"),
					"\"%s\" names a workload and a co-runner",
					p->workloads[i].name);
	for (size_t i = 0; i < p->n_set; i++)
		for (size_t j = 0; j < p->n_knobs; j++)
			if (strcmp(p->set[i].name, p->knobs[j].name) == 0)
				return erg_yaml_fail(r->err, r->file, &p->set[i].at,
					"%s stands under set and under knobs", p->set[i].name);
	return 0;
}

int erg_plan_fill(struct erg_plan *plan, const struct erg_yaml *y, struct erg_err *err)
{
	struct reader r = {.file = plan->file, .plan = plan, .err = err};
	int e = read_map(&r, y, NULL, "plan", plan_keys, plan);

	return e < 0 ? e : check_whole(&r, y);
}
