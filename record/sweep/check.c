/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Checks of a plan against this machine, before anything is changed.
 */
#include "record/sweep/check.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "formats/base/util.h"

static bool in_path(const char *program)
{
	const char *path = getenv("PATH");
	_cleanup_(erg_freep) char *copy = strdup(path ? path : "/usr/bin:/bin");
	char *save = NULL, *dir;

	for (dir = copy ? strtok_r(copy, ":", &save) : NULL; dir;
		dir = strtok_r(NULL, ":", &save)) {
		char full[4096];

		snprintf(full, sizeof(full), "%s/%s", dir, program);
		if (access(full, X_OK) == 0)
			return true;
	}
	return false;
}

static int check_program(const struct erg_plan *plan, const struct erg_plan_program *p,
	struct erg_err *err)
{
	const struct erg_yaml at = {.line = p->line, .column = p->column};
	const char *program = p->argv.v[0];
	char full[4096];

	if (p->directory && access(p->directory, X_OK) < 0)
		return erg_yaml_fail(err, plan->file, &at, "%s: directory %s: %s", p->name,
			p->directory, strerror(errno));
	if (!strchr(program, '/')) {
		if (in_path(program))
			return 0;
		return erg_yaml_fail(err, plan->file, &at, "%s: no command \"%s\" in PATH", p->name,
			program);
	}
	snprintf(full, sizeof(full), "%s%s%s",
		p->directory && program[0] != '/' ? p->directory : "",
		p->directory && program[0] != '/' ? "/" : "", program);
	if (access(full, X_OK) < 0)
		return erg_yaml_fail(err, plan->file, &at, "%s: %s: %s", p->name, full,
			strerror(errno));
	return 0;
}

static int fill_range(struct erg_plan_setting *s)
{
	/* counted, so that rounding does not lose the last value */
	long n = (long)floor((s->to - s->from) / s->step + 1e-9);

	for (long i = 0; i <= n; i++) {
		char text[32];

		snprintf(text, sizeof(text), "%.12g", s->from + (double)i * s->step);
		if (erg_texts_add(&s->values, text) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int fill_all(const struct erg_plan *plan, const struct erg_knob *k,
	struct erg_plan_setting *s, struct erg_err *err)
{
	char limits[768];
	int r = k->ops->allowed(k, &s->values, limits, sizeof(limits), err);

	if (r == 0 && s->values.n == 0)
		return erg_yaml_fail(err, plan->file, &s->at,
			"%s: all: the hardware does not list its values%s%s: list some", s->name,
			limits[0] ? ", they are " : "", limits);
	return r;
}

static int check_knob(struct erg_sweep *s, struct erg_knob *k, struct erg_plan_setting *setting,
	struct erg_err *err)
{
	struct erg_err why = {0};
	int r = erg_knob_open(&s->ctx, setting->name, k, &why);

	if (r == 0 && setting->all)
		return fill_all(s->plan, k, setting, err);
	if (r == 0 && setting->range)
		r = fill_range(setting);
	for (size_t i = 0; r == 0 && i < setting->values.n; i++)
		r = erg_knob_check(k, setting->values.v[i], &why);
	return r < 0 ? erg_yaml_fail(err, s->plan->file, &setting->at, "%s", why.msg) : 0;
}

static int check_knobs(struct erg_sweep *s, struct erg_err *err)
{
	struct erg_plan *p = s->plan;
	int r = 0;

	s->knobs = calloc(p->n_set + p->n_knobs + 1, sizeof(*s->knobs));
	if (!s->knobs)
		return erg_fail(err, -ENOMEM, "no memory");
	for (size_t i = 0; i < p->n_set + p->n_knobs && r == 0; i++) {
		s->n_knobs = i + 1; /* also one that fails its check is closed */
		r = check_knob(s, &s->knobs[i], i < p->n_set ? &p->set[i] : &p->knobs[i - p->n_set],
			err);
	}
	return r;
}

static int is_given(const char *given, const char *name, const char **ret_value)
{
	size_t len = strlen(name);

	if (strncmp(given, name, len) != 0 || given[len] != '=')
		return 0;
	*ret_value = given + len + 1;
	return 1;
}

/* A condition with one value in the plan takes any other from the command line: it is a note. */
static int give_condition(struct erg_sweep *s, size_t i, const char *value, struct erg_err *err)
{
	struct erg_plan_setting *c = &s->plan->conditions[i];

	if (c->values.n == 1) {
		erg_texts_clear(&c->values);
		if (erg_texts_add(&c->values, value) < 0)
			return erg_fail(err, -ENOMEM, "no memory");
	}
	for (size_t v = 0; v < c->values.n; v++)
		if (strcmp(c->values.v[v], value) == 0) {
			s->now[i] = c->values.v[v];
			return 0;
		}
	return erg_yaml_fail(err, s->plan->file, &c->at,
		"--condition %s=%s: not a value of the plan", c->name, value);
}

static int check_conditions(struct erg_sweep *s, struct erg_err *err)
{
	struct erg_plan *p = s->plan;
	const char *value;

	for (size_t g = 0; g < s->given.n; g++) {
		size_t i = 0;
		int r;

		while (i < p->n_conditions &&
			!is_given(s->given.v[g], p->conditions[i].name, &value))
			i++;
		if (i == p->n_conditions)
			return erg_fail(err, -EINVAL,
				"--condition %s: expected KEY=VALUE with a condition "
				"of %s",
				s->given.v[g], p->file);
		r = give_condition(s, i, value, err);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < p->n_conditions; i++)
		if (p->conditions[i].values.n > 1 && !s->now[i] && !s->dry_run &&
			p->conditions[i].command.n == 0 && !isatty(STDIN_FILENO))
			return erg_yaml_fail(err, p->file, &p->conditions[i].at,
				"condition %s: nobody to ask: expected --condition %s=%s, then the others "
				"with --resume",
				p->conditions[i].name, p->conditions[i].name,
				p->conditions[i].values.v[0]);
	return 0;
}

int erg_sweep_check(struct erg_sweep *s, struct erg_err *err)
{
	struct erg_plan *p = s->plan;
	char path[4200];
	int r = 0;

	/* absolute, as workloads have directories of their own */
	if (!realpath(s->sysfs, s->real_sysfs))
		return erg_fail_errno(err, -errno, "--sysfs %s", s->sysfs);
	s->sysfs = s->real_sysfs;
	snprintf(path, sizeof(path), "%s/simulated", s->sysfs);
	s->ctx = (struct erg_knob_context){.sysfs = s->sysfs, .simulated = access(path, F_OK) == 0};
	for (size_t i = 0; i < p->n_workloads && r == 0; i++)
		r = check_program(p, &p->workloads[i], err);
	for (size_t i = 0; i < p->n_corunners && r == 0; i++)
		r = check_program(p, &p->corunners[i], err);
	if (r == 0)
		r = check_knobs(s, err);
	return r < 0 ? r : check_conditions(s, err);
}

bool erg_sweep_may_change(const struct erg_sweep *s, const struct erg_plan_setting *c)
{
	const char *value;

	for (size_t i = 0; i < s->given.n; i++)
		if (is_given(s->given.v[i], c->name, &value))
			return false;
	return c->command.n > 0 || isatty(STDIN_FILENO);
}

void erg_sweep_release(struct erg_sweep *s)
{
	for (size_t i = 0; i < s->n_knobs; i++)
		erg_knob_close(&s->knobs[i]);
	free(s->knobs);
	erg_plan_runs_clear(&s->runs);
	erg_plan_free(s->plan);
	erg_texts_clear(&s->given);
	json_decref(s->index);
	erg_closep(&s->lock_fd);
	erg_closep(&s->dir_lock);
}
