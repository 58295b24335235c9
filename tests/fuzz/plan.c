/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzzes plans of sweeps, from the YAML to the list of runs. What is refused is refused in one line that
 * names the file; of what is accepted no two runs have one name, and every index is of a value.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "formats/base/util.h"
#include "record/sweep/plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define RUNS_LOOKED_AT 2000

/* libfyaml 0.7 never frees what it puts a quoted text of many pieces together in. To see that it is this, and not a
 * document of ours, takes whole stacks. */
const char *__lsan_default_suppressions(void);
const char *__asan_default_options(void);

const char *__lsan_default_suppressions(void)
{
	return "leak:fy_atom_iter_chunk_next\n";
}

const char *__asan_default_options(void)
{
	return "fast_unwind_on_malloc=0";
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* As JSON has it, and so the index of a sweep. */
static void is_text(const char *text)
{
	json_auto_t *j = json_string(text);

	if (!j)
		__builtin_trap();
}

static void look(const struct erg_plan *p, const struct erg_plan_runs *runs)
{
	const size_t n = runs->n < RUNS_LOOKED_AT ? runs->n : RUNS_LOOKED_AT;
	_cleanup_(erg_freep) char **id = calloc(n + 1, sizeof(*id));
	char name[256];

	for (size_t i = 0; id && i < n; i++) {
		const struct erg_plan_run *run = &runs->v[i];

		if (run->workload >= p->n_workloads + p->n_corunners ||
			!erg_plan_program(p, run->workload)->argv.n || run->repetition < 1 ||
			run->repetition > p->repetitions)
			__builtin_trap();
		for (size_t k = 0; k < p->n_knobs; k++)
			if (run->knob[k] >= p->knobs[k].values.n)
				__builtin_trap();
		for (size_t k = 0; k < p->n_conditions; k++)
			if (run->condition[k] >= p->conditions[k].values.n)
				__builtin_trap();
		id[i] = run->id;
		is_text(id[i]);
		erg_plan_archive_name(run, name, sizeof(name));
		is_text(name);
	}
	if (id && n == runs->n)
		qsort(id, n, sizeof(*id), by_name);
	for (size_t i = 1; id && n == runs->n && i < n; i++)
		if (!strcmp(id[i - 1], id[i]))
			__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(erg_yaml_freep) struct erg_yaml *y = NULL;
	_cleanup_(erg_plan_freep) struct erg_plan *plan = NULL;
	struct erg_plan_runs runs = {0};
	struct erg_err err = {0};
	int r = erg_yaml_parse("plan.yaml", (const char *)data, size, &y, &err);

	if (r == 0)
		r = erg_plan_from_yaml("plan.yaml", y, &plan, &err);
	if (r == 0)
		r = erg_plan_expand(plan, &runs, &err);
	if (r == 0)
		look(plan, &runs);
	else if (err.code >= 0 || strncmp(err.msg, "plan.yaml:", 10))
		__builtin_trap();
	erg_plan_runs_clear(&runs);
	return 0;
}
