/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The readings of record/sources/process.c: channels NAME (CPU time), NAME:runs, NAME:iterations and
 * NAME:EVENT, all of them growing. What the command did is counted from its beginning, where all are 0;
 * of what ran before, from the first reading on.
 */
#include "analyze/account/programs.h"

#include <math.h>
#include <string.h>

#include "analyze/result/estimate.h"
#include "formats/base/util.h"

struct program {
	const struct erg_timeline *tl;
	uint32_t source;
	const char *name;
	bool recorded;
	double span_s, cpu_s;
};

/* How much C grew within the run, and the time between its first and last reading. */
static double growth(const struct program *p, const struct erg_tl_channel *c, double *ret_span_s)
{
	uint64_t from = p->tl->begin;
	int64_t base = 0;
	size_t first = 0, last;

	while (first < c->n && c->t[first] < p->tl->begin)
		first++;
	last = first;
	while (last + 1 < c->n && c->t[last + 1] <= p->tl->end)
		last++;
	if (last >= c->n)
		return NAN;
	if (!p->recorded) {
		base = c->raw[first];
		from = c->t[first];
	}
	*ret_span_s = (double)(c->t[last] - from) * 1e-9;
	return *ret_span_s > 0 ? (double)(c->raw[last] - base) * c->def.scale : NAN;
}

/* Growth a second between the first reading that is not 0 (a program has to start) and the last one. */
static double rate(const struct erg_timeline *tl, const struct erg_tl_channel *c)
{
	size_t first = 0, last;

	while (first < c->n && (c->t[first] < tl->begin || c->raw[first] <= 0))
		first++;
	last = first;
	while (last + 1 < c->n && c->t[last + 1] <= tl->end)
		last++;
	return last < c->n && last > first ? (double)(c->raw[last] - c->raw[first]) * c->def.scale /
			((double)(c->t[last] - c->t[first]) * 1e-9)
					   : NAN;
}

/* Whether the command ran to its end, and was not told to stop. */
static double whole_runs(const struct erg_timeline *tl)
{
	const json_t *status = json_object_get(tl->summary, "exit_status");
	const json_t *options = json_object_get(tl->manifest, "options");
	double limit = erg_number_of(options, "duration_s");
	double time_s = (double)(tl->end - tl->begin) * 1e-9;

	if (!json_is_integer(status) || json_integer_value(status))
		return NAN;
	return time_s < limit || isnan(limit) ? 1 : NAN;
}

static void add_count(const struct program *p, const struct erg_tl_channel *c, const char *what,
	json_t *entry, json_t *counters, json_t *rates)
{
	double span_s, n = growth(p, c, &span_s);
	bool runs = !strcmp(what, "runs");

	if (runs && p->recorded)
		n = whole_runs(p->tl);
	if (runs || !strcmp(what, "iterations"))
		json_object_set_new(entry, what, erg_num_json(n));
	if (!runs)
		json_object_set_new(rates, what, erg_num_json(rate(p->tl, c)));
	if (!runs && strcmp(what, "iterations"))
		json_object_set_new(counters, what, erg_num_json(n));
}

static json_t *program_json(struct program *p, const struct erg_tl_channel *time)
{
	size_t len = strlen(p->name);
	json_t *entry, *counters = json_object(), *rates = json_object();

	p->cpu_s = growth(p, time, &p->span_s);
	entry = json_pack("{s:s, s:b, s:b, s:o, s:o, s:o, s:n, s:n, s:o, s:o}", "name", p->name,
		"recorded", p->recorded, "simulated", p->tl->sources[p->source].simulated, "span_s",
		erg_num_json(p->span_s), "cpu_s", erg_num_json(p->cpu_s), "utilization",
		erg_num_json(p->cpu_s / p->span_s), "runs", "iterations", "counters", counters,
		"per_s", rates);
	for (size_t i = 0; i < p->tl->n_channels; i++) {
		const struct erg_tl_channel *c = &p->tl->channels[i];

		if (c->source == p->source && !strncmp(c->def.rail, p->name, len) &&
			c->def.rail[len] == ':')
			add_count(p, c, c->def.rail + len + 1, entry, counters, rates);
	}
	json_object_set_new(entry, "ipc",
		erg_num_json(erg_number_of(counters, "instructions") /
			erg_number_of(counters, "cycles")));
	return entry;
}

json_t *erg_programs_of_run(const struct erg_timeline *tl)
{
	json_t *list = json_array();

	for (size_t i = 0; i < tl->n_channels; i++) {
		const struct erg_tl_channel *c = &tl->channels[i];
		struct program p = {tl, c->source, c->def.rail,
			!strcmp(tl->sources[c->source].path, "the command"), NAN, NAN};

		if (!strcmp(tl->sources[c->source].kind, "process") &&
			c->def.quantity == ERG_Q_TIME)
			json_array_append_new(list, program_json(&p, c));
	}
	if (json_array_size(list))
		return list;
	json_decref(list);
	return NULL;
}
