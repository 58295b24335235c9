/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * erg-analyze totals: energy to solution ETS, EDP = ETS T and ED2P = ETS T^2 of a run and of each
 * of its phases. The run's is the one of erg-analyze layers; a phase's is the integral over its
 * readings. The time of a run or phase is exact, so interval ends of the products are the energy's
 * times T and T^2.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "analyze/account/account.h"
#include "analyze/account/per.h"
#include "analyze/render/totals.h"
#include "analyze/verbs/verb.h"
#include "formats/base/progress.h"

static const char help[] =
	"Usage: erg-analyze totals [options] FILE.erg...\n"
	"\n"
	"Energy to solution (ETS), EDP, ED2P, mean and peak power of a run and of its phases.\n"
	"\n"
	"      --per UNIT        phases by name, and the energy of one counter:NAME, iteration,\n"
	"                        macs, token or request in each\n" ERG_COMMON_HELP;

enum { OPT_PER = ERG_OPT_FIRST_OWN };

static const struct option longs[] = {
	ERG_COMMON_OPTIONS,
	{"per", required_argument, NULL, OPT_PER},
	{0},
};

struct options {
	struct erg_common common;
	struct erg_per per;
};

/* Above idle: independent uncertainties of the total and of the idle power over the same time. */
static struct erg_est above_idle(const struct erg_est *total, const struct erg_est *idle_w,
	double time_s)
{
	double stat = hypot(total->stat, idle_w->stat * time_s);
	double v = total->value - idle_w->value * time_s;

	if (!erg_est_resolved(total) || !erg_est_resolved(idle_w))
		return ERG_EST_UNRESOLVED;
	/* an offset is the same in both and cancels; of a gain the difference's share remains */
	return (struct erg_est){v, v - stat - fabs(v / total->value) * total->syst,
		v + stat + fabs(v / total->value) * total->syst, stat,
		fabs(v / total->value) * total->syst, total->method};
}

struct part {
	const char *name;
	uint64_t begin, end;
	bool open, whole;
};

struct power {
	double coverage, mean_w, peak_w;
};

static struct erg_est energy_of(const struct erg_account *a, const struct part *p,
	struct power *ret)
{
	struct erg_attr *own = NULL;
	const struct erg_attr *total = p->whole && a->attr->state ? a->attr : NULL;
	struct erg_est ets = ERG_EST_UNRESOLVED;

	*ret = (struct power){0, NAN, NAN};
	if (!total && p->end > p->begin &&
		erg_account_total(&a->rails[a->rail], p->begin, p->end, NULL, &own, NULL) >= 0)
		total = own;
	if (total)
		ets = erg_attr_interval(total, p->begin, p->end, &ret->coverage, &ret->peak_w);
	ret->mean_w = p->whole ? a->attr->mean_w : ets.value / ((double)(p->end - p->begin) * 1e-9);
	erg_attr_free(own);
	return p->whole ? a->attr->ets_j : ets;
}

static json_t *part_json(const struct erg_account *a, const struct part *p)
{
	double time_s = (double)(p->end - p->begin) * 1e-9;
	struct power power;
	struct erg_est ets = energy_of(a, p, &power), edp, ed2p, above;

	edp = erg_est_scaled(&ets, time_s);
	ed2p = erg_est_scaled(&edp, time_s);
	above = above_idle(&ets, &a->attr->idle_w, time_s);
	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b}", "name", p->name,
		"time_s", erg_num_json(time_s), "ets_j", erg_est_json(&ets), "edp_js",
		erg_est_json(&edp), "ed2p_js2", erg_est_json(&ed2p), "above_idle_j",
		erg_est_json(&above), "mean_w", erg_num_json(power.mean_w), "peak_w",
		erg_num_json(power.peak_w), "coverage", erg_num_json(power.coverage), "open",
		p->open);
}

/* All phases of a name, by an attribution in which phases are the classes. */
static json_t *merged_json(const struct erg_parts *p, const struct erg_part *part)
{
	struct erg_est ets = erg_parts_energy(p, part, false), above = erg_parts_energy(p, part, true);
	struct erg_est edp = erg_est_scaled(&ets, part->time_s);
	struct erg_est ed2p = erg_est_scaled(&edp, part->time_s);

	return json_pack("{s:s, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b}", "name",
		part->name, "calls", (json_int_t)part->calls, "time_s", erg_num_json(part->time_s),
		"ets_j", erg_est_json(&ets), "edp_js", erg_est_json(&edp), "ed2p_js2",
		erg_est_json(&ed2p), "above_idle_j", erg_est_json(&above), "mean_w",
		erg_num_json(ets.value / part->time_s), "peak_w", json_null(), "coverage",
		erg_num_json(p->account.attr->coverage), "open", part->open);
}

static void add_work(const struct erg_per *per, const struct erg_parts *p, const struct erg_part *part,
	json_t *row)
{
	struct erg_est ets = erg_est_from_json(json_object_get(row, "ets_j"));
	struct erg_est above = erg_est_from_json(json_object_get(row, "above_idle_j"));

	json_object_set_new(row, "counters", erg_per_counters_json(p, part));
	if (per->kind != ERG_PER_NONE)
		json_object_set_new(row, "per", erg_per_json(per, p, part, &ets, &above));
}

static json_t *run_json(const struct erg_account *a, const struct erg_parts *parts,
	const struct erg_per *per)
{
	const struct erg_timeline *tl = a->tl;
	struct part whole = {"run", tl->begin, tl->end, false, true};
	json_t *phases = json_array(), *run = part_json(a, &whole);

	add_work(per, parts, &parts->run, run);
	json_array_append_new(phases, run);
	for (size_t i = 0; parts->attributed && i < parts->n; i++) {
		json_t *row = merged_json(parts, &parts->part[i]);

		add_work(per, parts, &parts->part[i], row);
		json_array_append_new(phases, row);
	}
	for (size_t i = 0; !parts->attributed && i < tl->n_phases; i++) {
		struct part p = {tl->phases[i].name, tl->phases[i].begin, tl->phases[i].end,
			tl->phases[i].open, false};

		json_array_append_new(phases, part_json(a, &p));
	}
	return json_pack("{s:s, s:s, s:b, s:o, s:o, s:I, s:o}", "archive", tl->archive, "rail",
		a->rails[a->rail].name, "simulated", a->rails[a->rail].simulated, "coverage",
		erg_num_json(a->attr->coverage), "idle_w", erg_est_json(&a->attr->idle_w),
		"lost_events", (json_int_t)erg_account_lost(tl), "phases", phases);
}

/* Of the attribution's warnings those that totals depend on. */
static void pass_warnings(const struct erg_account *a, json_t *doc)
{
	static const char *const codes[] = {"no-power", "gaps", "phase-locked"};
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
static int open_parts(const struct options *o, const struct erg_timeline *tl, struct erg_parts *ret,
	struct erg_err *err)
{
	int r = erg_per_check(&o->per, tl, err);

	if (r >= 0)
		r = erg_parts_open(ret, tl, err);
	if (r >= 0 && (o->per.kind != ERG_PER_NONE || tl->n_phases > ERG_PHASES_APART))
		r = erg_parts_attribute(ret, &o->common, err);
	return r;
}

static int add_run(const struct options *o, const char *path, json_t *doc, struct erg_err *err)
{
	_cleanup_(erg_timeline_freep) struct erg_timeline *tl = NULL;
	_cleanup_(erg_account_release) struct erg_account a = {0};
	_cleanup_(erg_parts_release) struct erg_parts parts = {0};
	json_t *run;
	int r = erg_timeline_read(path, &o->common.reader, &tl, err);

	if (r < 0)
		return r;
	r = erg_account_open(&a, tl, &o->common, err);
	if (r < 0)
		return erg_wrap(err, r, "%s", path);
	r = open_parts(o, tl, &parts, err);
	if (r < 0)
		return r;
	erg_document_warn_timeline(doc, tl);
	pass_warnings(&a, doc);
	run = run_json(&a, &parts, &o->per);
	if (o->per.kind != ERG_PER_NONE) {
		json_object_set_new(run, "context", erg_per_context_json(&o->per, &parts));
		json_object_set_new(run, "first_token", erg_per_latency_json(&parts));
	}
	json_array_append_new(json_object_get(doc, "runs"), run);
	return 0;
}

static bool per_option(struct erg_per *per, const char *arg)
{
	struct erg_err err = {0};

	if (erg_per_parse(arg, per, &err) >= 0)
		return true;
	fprintf(stderr, "%s\n", err.msg);
	return false;
}

static int run(int argc, char **argv, struct erg_err *err)
{
	static const struct erg_renderer renderer = {erg_totals_text, erg_totals_csv};
	struct options o = {0};
	json_auto_t *doc = erg_document_new("totals");
	int c, r = 0;

	while ((c = getopt_long(argc, argv, "h", longs, NULL)) >= 0)
		if (c == OPT_PER ? !per_option(&o.per, optarg)
				 : !erg_common_option(&o.common, c, optarg))
			return erg_usage(argv[0], help, c == 'h');
	if (optind == argc) {
		fprintf(stderr, "expected an archive\n");
		return erg_usage(argv[0], help, false);
	}
	json_object_set_new(doc, "runs", json_array());
	for (int i = optind; r >= 0 && i < argc; i++) {
		erg_progress("archives", (uint64_t)(i - optind), (uint64_t)(argc - optind));
		r = add_run(&o, argv[i], doc, err);
	}
	erg_progress("archives", 1, 1);
	return r < 0 ? r : erg_document_emit(doc, o.common.format, &renderer, o.common.strict, err);
}

const struct erg_verb erg_verb_totals = {"totals", "ETS, EDP, ED2P, mean and peak power", run};
