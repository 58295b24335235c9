/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The plan of a sweep as a structure: made with its defaults, filled by plan_read.c, freed.
 */
#include "record/sweep/plan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/base/util.h"
#include "record/sweep/plan_digest.h"
#include "record/sweep/plan_read.h"

static struct erg_plan *plan_new(const char *file)
{
	struct erg_plan *p = calloc(1, sizeof(*p));
	const char *base = erg_base_name(file);

	if (!p)
		return NULL;
	p->file = strdup(file);
	p->name = strndup(base, strcspn(base, "."));
	p->repetitions = 1;
	p->seed = 1;
	p->settle_s = 0.2;
	p->cooldown_within_k = 1;
	p->cooldown_limit_s = 300;
	if (!p->file || !p->name) {
		erg_plan_free(p);
		return NULL;
	}
	return p;
}

int erg_plan_from_yaml(const char *file, const struct erg_yaml *y, struct erg_plan **ret,
	struct erg_err *err)
{
	_cleanup_(erg_plan_freep) struct erg_plan *plan = plan_new(file);
	int e;

	if (!plan)
		return erg_fail(err, -ENOMEM, "%s: no memory", file);
	e = erg_plan_fill(plan, y, err);
	erg_plan_digest(y, plan->digest);
	if (e == 0)
		*ret = erg_steal_ptr(&plan);
	return e;
}

int erg_plan_read(const char *file, struct erg_plan **ret, struct erg_err *err)
{
	_cleanup_(erg_yaml_freep) struct erg_yaml *y = NULL;
	int r = erg_yaml_read(file, &y, err);

	return r < 0 ? r : erg_plan_from_yaml(file, y, ret, err);
}

static void programs_free(struct erg_plan_program *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(p[i].name);
		free(p[i].directory);
		free(p[i].progress);
		erg_texts_clear(&p[i].argv);
		erg_texts_clear(&p[i].env);
		erg_texts_clear(&p[i].tags);
	}
	free(p);
}

static void settings_free(struct erg_plan_setting *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(s[i].name);
		erg_texts_clear(&s[i].values);
		erg_texts_clear(&s[i].command);
	}
	free(s);
}

void erg_plan_free(struct erg_plan *p)
{
	if (!p)
		return;
	programs_free(p->workloads, p->n_workloads);
	programs_free(p->corunners, p->n_corunners);
	settings_free(p->knobs, p->n_knobs);
	settings_free(p->set, p->n_set);
	settings_free(p->conditions, p->n_conditions);
	erg_texts_clear(&p->coruns);
	erg_texts_clear(&p->record);
	json_decref(p->analysis);
	free(p->cooldown_zone);
	free(p->file);
	free(p->name);
	free(p);
}

void erg_plan_freep(struct erg_plan **p)
{
	erg_plan_free(*p);
}
