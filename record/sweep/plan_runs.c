/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From a plan to the list of its runs.
 *
 * Conditions come outermost, as a person has to change them. Within a condition every repetition is
 * a complete block, shuffled by itself (randomised complete blocks) or, for abba, run forwards and
 * backwards in turn, so that a slow drift of temperature or ambient hits all settings alike.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/base/order.h"
#include "formats/base/util.h"
#include "record/sweep/plan.h"

/* One point of the grid that is a block: what varies within a repetition. */
struct grid {
	const struct erg_plan *plan;
	uint32_t masks[1 << 9];
	size_t n_masks;
	bool self;     /* co-runners alone, as workloads */
	size_t knobs;  /* combinations of knob values */
	size_t points; /* of a block */
};

const struct erg_plan_program *erg_plan_program(const struct erg_plan *p, size_t workload)
{
	return workload < p->n_workloads ? &p->workloads[workload]
					 : &p->corunners[workload - p->n_workloads];
}

void erg_plan_corun_name(const struct erg_plan *p, uint32_t mask, char *buf, size_t size)
{
	size_t n = 0;

	snprintf(buf, size, "none");
	for (size_t i = 0; i < p->n_corunners && n < size; i++)
		if (mask >> i & 1)
			n += (size_t)snprintf(buf + n, size - n, "%s%s", n ? "+" : "",
				p->corunners[i].name);
}

static int add_mask(struct grid *g, uint32_t mask)
{
	for (size_t i = 0; i < g->n_masks; i++)
		if (g->masks[i] == mask)
			return 0;
	if (g->n_masks == ERG_ARRAY_SIZE(g->masks))
		return -E2BIG;
	g->masks[g->n_masks++] = mask;
	return 0;
}

static long corunner_index(const struct erg_plan *p, const char *name, size_t len)
{
	for (size_t i = 0; i < p->n_corunners; i++)
		if (strlen(p->corunners[i].name) == len &&
			strncmp(p->corunners[i].name, name, len) == 0)
			return (long)i;
	return -1;
}

static int add_named(struct grid *g, const char *word, struct erg_err *err)
{
	const struct erg_plan *p = g->plan;
	uint32_t mask = 0;

	for (const char *at = word; *at;) {
		size_t len = strcspn(at, "+");
		long i = corunner_index(p, at, len);

		if (i < 0)
			return erg_fail(err, -EINVAL,
				"%s: coruns: \"%s\": expected none, each, pairs, all, self, or names of "
				"co-runners joined by +",
				p->file, word);
		mask |= 1u << i;
		at += len;
		at += *at == '+';
	}
	return add_mask(g, mask) < 0 ? erg_fail(err, -E2BIG, "%s: coruns: too many", p->file) : 0;
}

static int add_word(struct grid *g, const char *word, struct erg_err *err)
{
	size_t n = g->plan->n_corunners;
	int r = 0;

	if (strcmp(word, "self") == 0) {
		g->self = true;
	} else if (strcmp(word, "none") == 0) {
		r = add_mask(g, 0);
	} else if (strcmp(word, "each") == 0) {
		for (size_t i = 0; i < n && r == 0; i++)
			r = add_mask(g, 1u << i);
	} else if (strcmp(word, "pairs") == 0) {
		for (size_t i = 0; i < n; i++)
			for (size_t j = i + 1; j < n && r == 0; j++)
				r = add_mask(g, 1u << i | 1u << j);
	} else if (strcmp(word, "all") == 0) {
		r = n ? add_mask(g, (1u << n) - 1) : 0;
	} else {
		return add_named(g, word, err);
	}
	return r < 0 ? erg_fail(err, r, "%s: coruns: too many", g->plan->file) : 0;
}

static int grid_init(struct grid *g, const struct erg_plan *p, struct erg_err *err)
{
	int r = 0;

	*g = (struct grid){.plan = p, .knobs = 1};
	for (size_t i = 0; i < p->coruns.n && r == 0; i++)
		r = add_word(g, p->coruns.v[i], err);
	if (r == 0 && g->n_masks == 0)
		r = add_mask(g, 0);
	for (size_t i = 0; i < p->n_knobs && r == 0; i++) {
		g->knobs *= p->knobs[i].values.n;
		if (g->knobs == 0 || g->knobs > ERG_PLAN_RUNS_MAX)
			r = erg_fail(err, -E2BIG, "%s: knobs: %s: no values, or over %d runs",
				p->file, p->knobs[i].name, ERG_PLAN_RUNS_MAX);
	}
	g->points = g->knobs * (p->n_workloads * g->n_masks + (g->self ? p->n_corunners : 0));
	return r;
}

/* Splits INDEX into an index for each setting, the last one varying fastest. */
static void split_index(size_t index, const struct erg_plan_setting *s, size_t n, uint16_t *ret)
{
	for (size_t i = n; i-- > 0;) {
		ret[i] = (uint16_t)(index % s[i].values.n);
		index /= s[i].values.n;
	}
}

static void point(const struct grid *g, size_t index, struct erg_plan_run *ret)
{
	size_t program = index / g->knobs, pairs = g->plan->n_workloads * g->n_masks;

	split_index(index % g->knobs, g->plan->knobs, g->plan->n_knobs, ret->knob);
	if (program < pairs) {
		ret->workload = program / g->n_masks;
		ret->corunners = g->masks[program % g->n_masks];
	} else {
		ret->workload = g->plan->n_workloads + program - pairs;
		ret->corunners = 0;
	}
}

static char *run_id(const struct erg_plan *p, const struct erg_plan_run *run)
{
	char *id = NULL, name[ERG_PLAN_CORUN_MAX];
	size_t size;
	FILE *f = open_memstream(&id, &size);

	if (!f)
		return NULL;
	fputs(erg_plan_program(p, run->workload)->name, f);
	erg_plan_corun_name(p, run->corunners, name, sizeof(name));
	if (p->n_corunners)
		fprintf(f, ",corun=%s", name);
	for (size_t i = 0; i < p->n_knobs; i++)
		fprintf(f, ",%s=%s", p->knobs[i].name, p->knobs[i].values.v[run->knob[i]]);
	for (size_t i = 0; i < p->n_conditions; i++)
		fprintf(f, ",%s=%s", p->conditions[i].name,
			p->conditions[i].values.v[run->condition[i]]);
	fprintf(f, ",r%u", run->repetition);
	return fclose(f) == 0 ? id : NULL;
}

static uint64_t next_random(uint64_t *state)
{
	/* splitmix64: Steele, Lea, Flood 2014 */
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static void arrange(const struct erg_plan *p, struct erg_plan_run *block, size_t n,
	unsigned repetition, uint64_t *rng)
{
	for (size_t i = n; i > 1; i--) {
		size_t j;
		struct erg_plan_run swap;

		if (p->order == ERG_ORDER_RANDOM)
			j = next_random(rng) % i;
		else if (p->order == ERG_ORDER_ABBA && repetition % 2 == 0 && i > n / 2)
			j = n - i;
		else
			continue;
		swap = block[i - 1];
		block[i - 1] = block[j];
		block[j] = swap;
	}
}

static int fill_block(const struct grid *g, struct erg_plan_run *block, size_t condition,
	unsigned repetition)
{
	for (size_t i = 0; i < g->points; i++) {
		struct erg_plan_run *run = &block[i];

		point(g, i, run);
		split_index(condition, g->plan->conditions, g->plan->n_conditions, run->condition);
		run->repetition = repetition;
		run->id = run_id(g->plan, run);
		if (!run->id)
			return -ENOMEM;
	}
	return 0;
}

void erg_plan_archive_name(const struct erg_plan_run *run, char *buf, size_t size)
{
	uint64_t hash = 14695981039346656037u; /* FNV-1a, for ids that are too long for a name */
	size_t n;

	for (const char *p = run->id; *p; p++)
		hash = (hash ^ (unsigned char)*p) * 1099511628211u;
	n = (size_t)snprintf(buf, size, "%.180s", run->id);
	for (char *p = buf; *p; p++)
		if (strchr("/ <>", *p) || (unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '_';
	if (n >= 180) {
		for (n = 160; ((unsigned char)buf[n] & 0xc0) == 0x80; n--)
			; /* not within a character: the index is UTF-8 */
		n += (size_t)snprintf(buf + n, size - n, "-%016llx", (unsigned long long)hash);
	}
	snprintf(buf + n, size - n, ".erg");
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* An archive is called after its run: of two with one name the second would take the first's place. */
static int names_differ(const struct erg_plan *p, const struct erg_plan_runs *runs,
	struct erg_err *err)
{
	_cleanup_(erg_texts_clear) struct erg_texts names = {0};
	int r = 0;

	for (size_t i = 0; i < runs->n && r == 0; i++) {
		char name[256];

		erg_plan_archive_name(&runs->v[i], name, sizeof(name));
		r = erg_texts_add(&names, name);
	}
	if (r < 0)
		return erg_fail(err, -ENOMEM, "%s: no memory", p->file);
	erg_sort(names.v, names.n, sizeof(*names.v), by_text);
	for (size_t i = 1; i < names.n; i++)
		if (!strcmp(names.v[i - 1], names.v[i]))
			return erg_fail(err, -EINVAL,
				"%s: two runs would both write %s: expected values and names that "
				"differ in more than / < >, blanks and control characters",
				p->file, names.v[i]);
	return 0;
}

int erg_plan_expand(const struct erg_plan *p, struct erg_plan_runs *ret, struct erg_err *err)
{
	uint64_t rng = p->seed;
	size_t conditions = 1, total;
	struct grid g;
	int r = grid_init(&g, p, err);

	*ret = (struct erg_plan_runs){0};
	if (r < 0)
		return r;
	total = p->repetitions * g.points; /* 10^4 * 10^5 * 10^6 at most */
	for (size_t i = 0; i < p->n_conditions && total <= ERG_PLAN_RUNS_MAX; i++) {
		conditions *= p->conditions[i].values.n;
		total *= p->conditions[i].values.n;
	}
	if (total == 0 || total > ERG_PLAN_RUNS_MAX)
		return erg_fail(err, -E2BIG, "%s: %zu runs or more: expected 1 to %d", p->file,
			total, ERG_PLAN_RUNS_MAX);
	ret->v = calloc(total, sizeof(*ret->v));
	if (!ret->v)
		return erg_fail(err, -ENOMEM, "%s: no memory for %zu runs", p->file, total);
	for (size_t c = 0; c < conditions; c++) {
		for (unsigned rep = 1; rep <= p->repetitions; rep++) {
			struct erg_plan_run *block = ret->v + ret->n;

			ret->n += g.points;
			if (fill_block(&g, block, c, rep) < 0) {
				erg_plan_runs_clear(ret);
				return erg_fail(err, -ENOMEM, "%s: no memory", p->file);
			}
			arrange(p, block, g.points, rep, &rng);
		}
	}
	r = names_differ(p, ret, err);
	if (r < 0)
		erg_plan_runs_clear(ret);
	return r;
}

void erg_plan_runs_clear(struct erg_plan_runs *runs)
{
	for (size_t i = 0; i < runs->n; i++)
		free(runs->v[i].id);
	free(runs->v);
	*runs = (struct erg_plan_runs){0};
}
