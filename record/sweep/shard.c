/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A part of a plan for one of several nodes. No two nodes are alike: what is compared must be measured on
 * one. So a node takes whole sets of settings, those of a workload in a repetition and under all conditions;
 * where co-runners are also run alone, whole repetitions. Settings are then compared within nodes, and a
 * node is a block.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "record/sweep/sweep.h"

static bool has_self(const struct erg_plan *p)
{
	for (size_t i = 0; i < p->coruns.n; i++)
		if (!strcmp(p->coruns.v[i], "self"))
			return true;
	return false;
}

static void node_name(char *ret, size_t size)
{
	const char *slurm = getenv("SLURMD_NODENAME");

	if (slurm && *slurm)
		snprintf(ret, size, "%s", slurm);
	else if (gethostname(ret, size) < 0)
		snprintf(ret, size, "unknown");
	ret[size - 1] = '\0';
}

int erg_sweep_shards_check(const struct erg_plan *p, unsigned int n, struct erg_err *err)
{
	const size_t sets = (has_self(p) ? 1 : p->n_workloads) * p->repetitions;

	if (n <= sets)
		return 0;
	return erg_fail(err, -EINVAL,
		"%s: %u shards: a node makes all settings of a workload in a repetition, so that they "
		"can be compared: expected at most %zu shards, or more repetitions",
		p->file, n, sets);
}

int erg_sweep_shard(struct erg_sweep *s, struct erg_err *err)
{
	const size_t workloads = has_self(s->plan) ? 1 : s->plan->n_workloads;
	size_t kept = 0;
	int r = erg_sweep_shards_check(s->plan, s->shards, err);

	if (r < 0 || !s->shards)
		return r;
	node_name(s->node, sizeof(s->node));
	for (size_t i = 0; i < s->runs.n; i++) {
		struct erg_plan_run *run = &s->runs.v[i];
		size_t set = (run->repetition - 1) * workloads + run->workload % workloads;

		if (set % s->shards == s->shard - 1)
			s->runs.v[kept++] = *run;
		else
			free(run->id);
	}
	s->runs.n = kept;
	return 0;
}

static void shard_name(const struct erg_sweep *s, char *ret, size_t size)
{
	snprintf(ret, size, "%u/%u", s->shard, s->shards);
}

int erg_sweep_shard_note(struct erg_sweep *s, struct erg_err *err)
{
	json_t *ids = json_array();
	char name[32];
	int r = 0;

	shard_name(s, name, sizeof(name));
	for (size_t i = 0; s->shards && i < s->runs.n; i++)
		r |= json_array_append_new(ids, json_string(s->runs.v[i].id));
	if (s->shards)
		r |= json_object_set_new(s->index, "shard", json_string(name)) |
			json_object_set(s->index, "planned", ids);
	json_decref(ids);
	return r ? erg_fail(err, -ENOMEM, "no memory") : 0;
}

int erg_sweep_shard_check(const struct erg_sweep *s, const char *path, struct erg_err *err)
{
	const char *there = json_string_value(json_object_get(s->index, "shard"));
	char name[32] = "";

	if (s->shards)
		shard_name(s, name, sizeof(name));
	if (!strcmp(there ? there : "", name))
		return 0;
	return erg_fail(err, -EEXIST, "%s: is of %s%s, not of %s%s: name another directory", path,
		there ? "shard " : "the whole plan", there ? there : "",
		s->shards ? "shard " : "the whole plan", name);
}
