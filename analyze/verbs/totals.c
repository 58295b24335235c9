/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * erg-analyze totals: energy to solution ETS, EDP = ETS T and ED2P = ETS T^2 of a run and of each
 * of its phases. The run's is the one of erg-analyze layers; a phase's is the integral over its
 * readings, brought to the scale of the run's. The time of a run or phase is exact, so interval ends of the products are the energy's
 * times T and T^2.
 */
#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "analyze/account/account.h"
#include "analyze/account/apart.h"
#include "analyze/account/per.h"
#include "analyze/account/phases.h"
#include "analyze/account/roots.h"
#include "analyze/experiment/joined.h"
#include "analyze/render/totals.h"
#include "analyze/result/apiece.h"
#include "analyze/verbs/verb.h"

struct options {
	struct erg_common common;
	struct erg_per per;
	struct erg_select select;
	const char *join;
};

static int take_per(void *into, const char *arg, struct erg_err *err)
{
	return erg_per_parse(arg, &((struct options *)into)->per, err);
}

static const struct erg_option own[] = {
	{"per", 0, "UNIT",
		"phases by name, and the energy of one counter:NAME, iteration, macs, token or "
		"request in each",
		ERG_OPTION_CALL, .take = take_per},
	{"join", 0, "TAG",
		"also the archives with the same value of this tag as one run of several nodes: the sum "
		"of their energies, and the time from the first begin to the last end by their clocks",
		ERG_OPTION_TEXT, offsetof(struct options, join)},
	{0},
};
static const struct erg_option_group groups[] = {{NULL, own, 0, false},
	{"Phases", erg_rows_select, offsetof(struct options, select), false},
	ERG_GROUPS_COMMON(offsetof(struct options, common))};
static const struct erg_command command = {
	.program = "erg-analyze",
	.verb = "totals",
	.synopsis = "[options] [FILE.erg...]",
	.about =
		"Energy to solution (ETS), EDP, ED2P, mean and peak power of a run and of its phases. " ERG_NEWEST_HELP,
	.groups = groups,
};

struct part {
	const char *name;
	const struct erg_phase_time *time;
	size_t count;
	bool open;
	const struct erg_est
		*ets; /* of the run, which the layers help to tell; NULL: by the readings */
	const struct erg_part *work; /* what was done in it, or NULL */
};

/* Energies by an attribution in which phases are the classes, where they say more than the readings
 * alone: of phases that are short against the sensor's window, and of many. */
static void by_classes(const struct erg_parts *p, const struct erg_part *part,
	struct erg_attr_over *o)
{
	struct erg_est e = erg_parts_energy(p, part, false);

	if (!erg_est_resolved(&e) ||
		(erg_est_resolved(&o->energy_j) && o->energy_j.hi - o->energy_j.lo <= e.hi - e.lo))
		return;
	o->energy_j = e;
	o->above_idle_j = erg_parts_energy(p, part, true);
}

static void add_work(const struct erg_per *per, const struct erg_parts *p,
	const struct erg_part *part, const struct erg_est *ets, const struct erg_est *above,
	json_t *row)
{
	json_object_set_new(row, "counters", erg_per_counters_json(p, part));
	if (per->kind != ERG_PER_NONE)
		json_object_set_new(row, "per", erg_per_json(per, p, part, ets, above));
}

/* COUNT occurrences of a phase are one row: their energies, with what is common in their errors. */
static json_t *part_json(const struct erg_account *a, const struct part *p,
	const struct erg_parts *parts, const struct erg_per *per)
{
	double time_s = p->time->time_s;
	struct erg_attr_over o;
	struct erg_est ets, edp, ed2p, mean;
	json_t *row;

	erg_attr_over(a->attr, p->time->at, p->time->n, &o);
	if (p->work && !p->ets && parts->account.attr)
		by_classes(parts, p->work, &o);
	ets = p->ets ? *p->ets : o.energy_j;
	edp = erg_est_scaled(&ets, time_s);
	ed2p = erg_est_scaled(&edp, time_s);
	mean = erg_est_scaled(&ets, 1 / (double)p->count);
	row = json_pack("{s:s, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b}", "name",
		p->name, "count", (json_int_t)p->count, "time_s", erg_num_json(time_s), "ets_j",
		erg_est_json(&ets), "edp_js", erg_est_json(&edp), "ed2p_js2", erg_est_json(&ed2p),
		"above_idle_j", erg_est_json(&o.above_idle_j), "mean_w",
		erg_num_json(ets.value / time_s), "peak_w", erg_num_json(o.peak_w), "coverage",
		erg_num_json(p->ets ? a->attr->coverage : o.coverage), "mean_time_s",
		erg_num_json(time_s / (double)p->count), "mean_j", erg_est_json(&mean), "open",
		p->open);
	if (p->work)
		add_work(per, parts, p->work, &ets, &o.above_idle_j, row);
	return row;
}

static json_t *run_json(const struct erg_account *a, const struct erg_phases *phases,
	const struct erg_parts *parts, const struct erg_per *per)
{
	const struct erg_timeline *tl = a->tl;
	struct erg_attr_stretch all = {tl->begin, tl->end, 1};
	struct erg_phase_time time = {&all, tl->end > tl->begin,
		(double)(tl->end - tl->begin) * 1e-9};
	struct part whole = {"run", &time, 1, false, &a->attr->ets_j, &parts->run};
	json_t *list = json_array();

	json_array_append_new(list, part_json(a, &whole, parts, per));
	for (size_t i = 0; i < phases->n; i++) {
		const struct erg_phase *f = &phases->phase[i];
		struct part p = {f->name, &f->whole, f->count, f->open, NULL,
			erg_parts_named(parts, f->name)};

		json_array_append_new(list, part_json(a, &p, parts, per));
	}
	return json_pack("{s:s, s:s, s:b, s:o, s:o, s:o, s:I, s:o}", "archive", tl->archive, "rail",
		a->rail->name, "simulated", a->rail->simulated, "coverage",
		erg_num_json(a->attr->coverage), "idle_w", erg_est_json(&a->attr->idle_w), "model",
		erg_attr_model_json(a->attr), "lost_events", (json_int_t)erg_account_lost(tl),
		"phases", list);
}

/* Of the attribution's warnings those that totals depend on. */
static void pass_warnings(const struct erg_account *a, json_t *doc)
{
	static const char *const codes[] = {"no-power", "too-many-layers", "gaps", "phase-locked",
		"idle-phases", "outlying-readings", "clipped"};
	size_t i;
	json_t *w;

	json_array_foreach (a->attr->warnings, i, w) {
		const char *code = json_string_value(json_object_get(w, "code"));

		for (size_t k = 0; k < ERG_ARRAY_SIZE(codes); k++)
			if (!strcmp(code, codes[k]))
				erg_document_warn(doc, code, "%s: %s", a->tl->archive,
					json_string_value(json_object_get(w, "text")));
	}
}

/* What was done, and the phases by name where that is asked for, or they are too many to be told
 * one by one. */
static int open_parts(const struct options *o, const struct erg_common *common,
	const struct erg_timeline *tl, struct erg_parts *ret, struct erg_err *err)
{
	int r = erg_per_check(&o->per, tl, err);

	if (r >= 0)
		r = erg_parts_open(ret, tl, err);
	if (r >= 0 && (o->per.kind != ERG_PER_NONE || tl->n_phases > ERG_PHASES_APART))
		r = erg_parts_attribute(ret, common, err);
	return r;
}

struct wish {
	const struct options *o;
	const struct erg_timeline *tl;
	json_t *doc;
};

static int run_of_rail(void *ctx, const struct erg_common *common, json_t **ret_run,
	struct erg_err *err)
{
	const struct wish *w = ctx;
	const struct erg_timeline *tl = w->tl;
	_cleanup_(erg_account_release) struct erg_account a = {0};
	_cleanup_(erg_parts_release) struct erg_parts parts = {0};
	_cleanup_(erg_phases_release) struct erg_phases phases = {0};
	json_t *run;
	int r = erg_account_open(&a, tl, common, err);

	if (r >= 0)
		r = erg_phases_find(tl, &phases, err);
	if (r < 0)
		return erg_wrap(err, r, "%s", tl->archive);
	r = open_parts(w->o, common, tl, &parts, err);
	if (r < 0)
		return r;
	erg_document_warn_timeline(w->doc, tl);
	pass_warnings(&a, w->doc);
	erg_parts_warn(&parts, w->doc);
	run = run_json(&a, &phases, &parts, &w->o->per);
	erg_roots_note(&a, common, run);
	if (w->o->per.kind != ERG_PER_NONE) {
		json_object_set_new(run, "context", erg_per_context_json(&w->o->per, &parts));
		json_object_set_new(run, "first_token", erg_per_latency_json(&parts));
	}
	*ret_run = run;
	return 0;
}

static int add_run(void *data, const char *path, unsigned int jobs, json_t *doc, json_t *runs,
	struct erg_err *err)
{
	struct options with = *(const struct options *)data;
	const struct options *o = &with;
	_cleanup_(erg_timeline_freep) struct erg_timeline *tl = NULL;
	json_t *run = NULL;
	int r;

	with.common.reader.jobs = jobs;
	r = erg_timeline_read(path, &o->common.reader, &tl, err);
	if (r >= 0) {
		struct wish w = {o, tl, doc};

		r = erg_apart_run(tl, &o->common, run_of_rail, &w, doc, &run, err);
	}
	if (r >= 0 && o->join) {
		r = erg_joined_note(tl, o->join, run, err);
		if (r < 0)
			json_decref(run);
	}
	if (r >= 0) {
		/* the whole run stays first */
		size_t left = erg_select_rows(&o->select, json_object_get(run, "phases"), 1,
			"ets_j", "mean_w");

		if (left)
			json_object_set_new(run, "left_out", json_integer((json_int_t)left));
		json_array_append_new(runs, run);
	}
	return r;
}

static int totals_verb(int argc, char **argv, struct erg_err *err)
{
	static const struct erg_renderer renderer = {erg_totals_text, erg_totals_csv};
	struct options o = {0};
	json_auto_t *doc = erg_document_new("totals");
	char *const *files;
	int first, n, r = erg_options_parse(&command, argc, argv, &o, &first);

	if (r)
		return r == 1 ? 0 : r;
	n = erg_verb_files(&command, argc - first, argv + first, &files);
	if (!n)
		return 2;
	json_object_set_new(doc, "runs", json_array());
	r = erg_apiece_run(&(struct erg_apiece){add_run, NULL, &o, o.common.reader.jobs}, files,
		(size_t)n, doc, json_object_get(doc, "runs"), err);
	if (r >= 0 && o.join)
		r = erg_joined_add(doc, err);
	return r < 0 ? r : erg_document_emit(doc, o.common.format, &renderer, o.common.strict, err);
}

const struct erg_verb erg_verb_totals = {"totals", "ETS, EDP, ED2P, mean and peak power",
	totals_verb};
