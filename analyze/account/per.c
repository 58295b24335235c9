/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Counts are exact, so an energy and its interval are divided as they are. The line of energy against
 * context is weighted least squares over ranges of the context, the weights their tokens: a linear
 * combination of their energies, which has its interval from their covariance.
 */
#include "analyze/account/per.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/account/calls.h"
#include "analyze/account/counts.h"
#include "formats/base/order.h"
#include "formats/base/util.h"

int erg_per_parse(const char *text, struct erg_per *ret, struct erg_err *err)
{
	static const struct erg_per words[] = {
		{ERG_PER_ITERATION, "iteration", NULL},
		{ERG_PER_MACS, "MAC", NULL},
		{ERG_PER_COUNTER, "token", "tokens"},
		{ERG_PER_COUNTER, "request", "requests"},
	};
	static const char *const names[] = {"iteration", "macs", "token", "request"};

	for (size_t i = 0; i < ERG_ARRAY_SIZE(words); i++)
		if (!strcmp(text, names[i]))
			return *ret = words[i], 0;
	if (!strncmp(text, "counter:", 8) && text[8])
		return *ret = (struct erg_per){ERG_PER_COUNTER, text + 8, text + 8}, 0;
	return erg_fail(err, -EINVAL,
		"--per '%s': expected counter:NAME, iteration, macs, token or request", text);
}

int erg_per_check(const struct erg_per *per, const struct erg_timeline *tl, struct erg_err *err)
{
	char names[200] = "";
	size_t n = 0;

	if (per->kind != ERG_PER_COUNTER || erg_parts_counter(tl, per->counter) != ERG_NONE)
		return 0;
	for (size_t i = 0; i < tl->n_counters && n < sizeof(names); i++)
		if (erg_counts_work(&tl->counters[i]))
			n += (size_t)snprintf(names + n, sizeof(names) - n, "%s%s", n ? ", " : "",
				tl->counters[i].name);
	return erg_fail(err, -ENODATA, "%s: no counter '%s' was recorded; the application has %s",
		tl->archive, per->counter, n ? names : "none (see erg_counter in erg.3)");
}

double erg_per_count(const struct erg_per *per, const struct erg_parts *p,
	const struct erg_part *part)
{
	uint32_t c;

	switch (per->kind) {
	case ERG_PER_ITERATION:
		return part->inferences ? (double)part->inferences : NAN;
	case ERG_PER_MACS:
		return part->macs > 0 ? part->macs : NAN;
	case ERG_PER_COUNTER:
		c = erg_parts_counter(p->tl, per->counter);
		if (!strcmp(per->unit, "request"))
			part = &p->run;
		return c == ERG_NONE ? NAN : part->count[c];
	default:
		return NAN;
	}
}

/* Of an energy that is unresolved, for its reason; of nothing, or of less, because nothing was counted. */
static struct erg_est divided(const struct erg_est *e, double count)
{
	if (!erg_est_resolved(e))
		return *e;
	return count > 0 ? erg_est_scaled(e, 1 / count) : erg_est_because("no-work", 0);
}

static json_t *per_json(const struct erg_per *per, double count, const struct erg_est *energy)
{
	struct erg_est e = divided(energy, count);

	return json_pack("{s:s, s:o, s:o}", "unit", per->unit, "count", erg_num_json(count),
		"energy_j", erg_est_json(&e));
}

json_t *erg_per_json(const struct erg_per *per, const struct erg_parts *p,
	const struct erg_part *part, const struct erg_est *energy, const struct erg_est *above_idle)
{
	const double count = erg_per_count(per, p, part);
	struct erg_est above = divided(above_idle, count);
	json_t *o = per_json(per, count, energy);

	json_object_set_new(o, "above_idle_j", erg_est_json(&above));
	json_object_set_new(o, "rate_per_s", erg_num_json(count / part->time_s));
	return o;
}

/* ---- against context ---- */

#define LINE_POINTS 3

static json_t *points_json(const struct erg_parts *p, const struct erg_part *part)
{
	json_t *points = json_array();

	for (size_t b = 0; b < part->n_bins; b++) {
		const struct erg_part_bin *bin = &part->bin[b];
		double weight[ERG_PARTS_BINS] = {0};
		struct erg_est e;

		weight[b] = 1 / bin->tokens;
		e = erg_parts_bins(p, part, weight);
		json_array_append_new(points,
			json_pack("{s:o, s:o, s:o, s:o}", "context", erg_num_json(bin->context),
				"count", erg_num_json(bin->tokens), "energy_j", erg_est_json(&e),
				"seconds", erg_num_json(bin->time_s / bin->tokens)));
	}
	return points;
}

static size_t resolved_bins(const struct erg_parts *p, const struct erg_part *part)
{
	size_t n = 0;

	for (size_t b = 0; b < part->n_bins; b++) {
		double weight[ERG_PARTS_BINS] = {0};
		struct erg_est e;

		weight[b] = 1;
		e = erg_parts_bins(p, part, weight);
		n += erg_est_resolved(&e);
	}
	return n;
}

static json_t *line_json(const struct erg_per *per, const struct erg_parts *p,
	const struct erg_part *part)
{
	double n = 0, mean = 0, spread = 0, slope[ERG_PARTS_BINS], zero[ERG_PARTS_BINS];
	struct erg_est per_context, at_zero;

	for (size_t b = 0; b < part->n_bins; b++) {
		n += part->bin[b].tokens;
		mean += part->bin[b].tokens * part->bin[b].context;
	}
	mean /= n;
	for (size_t b = 0; b < part->n_bins; b++)
		spread += part->bin[b].tokens * pow(part->bin[b].context - mean, 2);
	for (size_t b = 0; b < part->n_bins; b++) {
		slope[b] = (part->bin[b].context - mean) / spread;
		zero[b] = 1 / n - mean * slope[b];
	}
	/* A line through points of which hardly one is known says nothing. */
	per_context = at_zero = ERG_EST_UNRESOLVED;
	if (resolved_bins(p, part) >= LINE_POINTS) {
		per_context = erg_parts_bins(p, part, slope);
		at_zero = erg_parts_bins(p, part, zero);
	}
	return json_pack("{s:s, s:s, s:o, s:o, s:o}", "phase", part->name, "unit", per->unit,
		"points", points_json(p, part), "at_zero_j", erg_est_json(&at_zero),
		"per_context_j", erg_est_json(&per_context));
}

json_t *erg_per_context_json(const struct erg_per *per, const struct erg_parts *p)
{
	json_t *list = json_array();

	for (size_t k = 0; !strcmp(per->unit, "token") && k < p->n; k++)
		if (p->part[k].n_bins)
			json_array_append_new(list, line_json(per, p, &p->part[k]));
	return list;
}

json_t *erg_per_latency_json(const struct erg_parts *p)
{
	const size_t n = p->n_latency;
	double sum = 0, median = NAN, p90 = NAN, max = NAN;

	if (!n && !p->n_untimed && !p->n_unanswered)
		return json_null();
	erg_sort(p->latency_s, n, sizeof(*p->latency_s), erg_order_double);
	for (size_t i = 0; i < n; i++)
		sum += p->latency_s[i];
	if (n) {
		median = (p->latency_s[(n - 1) / 2] + p->latency_s[n / 2]) / 2;
		p90 = p->latency_s[(size_t)ceil(0.9 * (double)n) - 1];
		max = p->latency_s[n - 1];
	}
	return json_pack("{s:I, s:I, s:I, s:o, s:o, s:o, s:o}", "n", (json_int_t)n, "untimed",
		(json_int_t)p->n_untimed, "unanswered", (json_int_t)p->n_unanswered, "mean_s",
		erg_num_json(n ? sum / (double)n : NAN), "median_s", erg_num_json(median), "p90_s",
		erg_num_json(p90), "max_s", erg_num_json(max));
}

json_t *erg_per_counters_json(const struct erg_parts *p, const struct erg_part *part)
{
	json_t *o = json_object();

	for (size_t c = 0; c < p->tl->n_counters; c++)
		if (erg_counts_work(&p->tl->counters[c]) && !isnan(part->count[c]))
			json_object_set_new(o, p->tl->counters[c].name,
				json_integer((json_int_t)llround(part->count[c])));
	return o;
}

/* E for a run that has SCALE times the energy: by so much one of the two is wrong. */
static struct erg_est scaled_to(const struct erg_est *e, double scale)
{
	struct erg_est ret = erg_est_scaled(e, scale);
	double off = fabs(scale - 1) * fabs(e->value);

	if (!erg_est_resolved(e))
		return ret;
	ret.lo -= off;
	ret.hi += off;
	ret.syst += off;
	return ret;
}

/* Energy of ROW by the attribution of the parts, to the scale of the run's. */
static void set_energies(const struct erg_parts *p, const char *name, double scale, json_t *row)
{
	double time_s = erg_value_of(row, "time_s");
	struct erg_est e = erg_parts_own(p, name, false), above = erg_parts_own(p, name, true);
	struct erg_est all = p->account.attr->ets_j, power, share;

	e = scaled_to(&e, scale);
	power = erg_est_scaled(&e, 1 / time_s);
	share = erg_est_scaled(&e, 1 / (scale * all.value));
	json_object_set_new(row, "energy_j", erg_est_json(&e));
	json_object_set_new(row, "above_idle_j", erg_est_json(&above));
	json_object_set_new(row, "power_w", erg_est_json(&power));
	json_object_set_new(row, "share", erg_est_json(&share));
}

static const char *const lists[] = {"layers", "rest"};

/* How wide a row's interval is, J; of one that is unresolved nothing is known but its time. */
static double width_of(const struct erg_est *e, const json_t *row, double mean_w)
{
	return erg_est_resolved(e) ? e->hi - e->lo : 2 * mean_w * erg_value_of(row, "time_s");
}

/* Whether the attribution of the parts says more of the rows than the readings alone did. One way for all rows,
 * which then make up the run. */
static bool says_more(const struct erg_parts *p, const json_t *run, double scale)
{
	double ets = erg_value_of(run, "ets_j"), mean_w = ets / erg_number_of(run, "time_s");
	double width = 2 * fabs(scale - 1) * ets;

	for (size_t l = 0; l < ERG_ARRAY_SIZE(lists); l++) {
		size_t i;
		json_t *row;

		json_array_foreach (json_object_get(run, lists[l]), i, row) {
			struct erg_est a = erg_est_from_json(json_object_get(row, "energy_j"));
			struct erg_est b =
				erg_parts_own(p, l ? "" : erg_text_of(row, "name"), false);

			width += width_of(&b, row, mean_w) - width_of(&a, row, mean_w);
		}
	}
	return width < 0;
}

static void set_work(const struct erg_per *per, const struct erg_parts *p,
	const struct erg_part *part, json_t *row)
{
	struct erg_est e = erg_est_from_json(json_object_get(row, "inclusive_j")), above, whole;

	whole = erg_parts_energy(p, part, false);
	above = erg_parts_energy(p, part, true);
	if (erg_est_resolved(&whole)) {
		e = whole;
		json_object_set_new(row, "inclusive_j", erg_est_json(&e));
	}
	json_object_set_new(row, "counters", erg_per_counters_json(p, part));
	if (per->kind != ERG_PER_NONE)
		json_object_set_new(row, "per", erg_per_json(per, p, part, &e, &above));
}

void erg_per_phase_rows(const struct erg_per *per, const struct erg_parts *p, json_t *run)
{
	double ets = erg_value_of(run, "ets_j"), scale = 1;
	struct erg_est all = ERG_EST_UNRESOLVED;

	if (p->account.attr)
		all = p->account.attr->ets_j;
	if (erg_est_resolved(&all) && isfinite(ets))
		scale = ets / all.value;
	if (!erg_est_resolved(&all) || !says_more(p, run, scale))
		all = ERG_EST_UNRESOLVED;
	for (size_t l = 0; l < ERG_ARRAY_SIZE(lists); l++) {
		size_t i;
		json_t *row;

		json_array_foreach (json_object_get(run, lists[l]), i, row) {
			const char *name = l ? "" : erg_text_of(row, "name");
			const struct erg_part *part = erg_parts_named(p, name);

			if (erg_est_resolved(&all))
				set_energies(p, name, scale, row);
			if (part)
				set_work(per, p, part, row);
		}
	}
}

/* ---- rows of layers ---- */

static bool same(const json_t *row, const char *key, const char *value)
{
	return !strcmp(erg_text_of(row, key), value);
}

/* Whether layer L is in ROW, a row by BY. */
static bool is_in_row(const struct erg_tl_layer *l, const char *by, const json_t *row)
{
	if (!strcmp(by, "layer"))
		return same(row, "name", l->name) && same(row, "network", l->network) &&
			same(row, "module", l->module);
	if (!strcmp(by, "type"))
		return same(row, "name", l->type);
	if (!strcmp(by, "module"))
		return same(row, "name", l->module) ||
			(l->level == ERG_TL_MODULE && same(row, "name", l->name));
	return same(row, "name", erg_layer_network(l));
}

/* The part that holds all calls of all layers in ROW, else the run. */
static const struct erg_part *part_of_row(const struct erg_parts *p, const char *by,
	const json_t *row)
{
	uint32_t part = ERG_NONE;
	bool any = false;

	for (size_t k = 0; k < p->tl->n_layers; k++) {
		if (!p->layer_calls[k] || !is_in_row(&p->tl->layers[k], by, row))
			continue;
		if (any && p->layer_part[k] != part)
			return &p->run;
		part = p->layer_part[k];
		any = true;
	}
	return part == ERG_NONE ? &p->run : &p->part[part];
}

/* A row's own count: what its layers counted themselves, if they did. */
static double own_count(const struct erg_per *per, const json_t *row)
{
	if (per->kind == ERG_PER_MACS)
		return erg_number_of(row, "macs") *
			(json_object_get(row, "type") ? erg_number_of(row, "calls") : 1);
	if (per->kind == ERG_PER_ITERATION)
		return erg_number_of(row, "inferences");
	if (!strcmp(per->unit, "request"))
		return NAN;
	return erg_number_of(json_object_get(row, "counters"), per->counter);
}

void erg_per_rows(const struct erg_per *per, const struct erg_parts *p, const char *by, json_t *run)
{
	for (size_t l = 0; l < ERG_ARRAY_SIZE(lists); l++) {
		size_t i;
		json_t *row;

		json_array_foreach (json_object_get(run, lists[l]), i, row) {
			struct erg_est e = erg_est_from_json(json_object_get(row, "energy_j"));
			double count = own_count(per, row);

			if (!(count > 0) && per->kind != ERG_PER_MACS)
				count = erg_per_count(per, p,
					l ? &p->run : part_of_row(p, by, row));
			json_object_set_new(row, "per", per_json(per, count, &e));
		}
	}
}

static double count_of_run(const struct erg_per *per, const json_t *run)
{
	double macs = 0;
	size_t i;
	json_t *row;

	if (per->kind == ERG_PER_ITERATION)
		return erg_number_of(run, "iterations");
	if (per->kind == ERG_PER_COUNTER)
		return erg_number_of(json_object_get(run, "counters"), per->counter);
	json_array_foreach (json_object_get(run, "layers"), i, row)
		macs += erg_number_of(row, "macs") * erg_number_of(row, "calls");
	return macs;
}

static void divide(json_t *o, const char *key, double by)
{
	json_t *old = json_object_get(o, key);
	struct erg_est e;

	if (json_is_number(old)) {
		json_object_set_new(o, key, erg_num_json(json_number_value(old) / by));
	} else if (old) {
		e = erg_est_from_json(old);
		e = erg_est_scaled(&e, 1 / by);
		json_object_set_new(o, key, erg_est_json(&e));
	}
}

int erg_per_divide_run(const struct erg_per *per, json_t *run, struct erg_err *err)
{
	const double n = count_of_run(per, run);

	if (!(n > 0))
		return erg_fail(err, -ENODATA, "%s: nothing counted any %s",
			erg_text_of(run, "archive"), per->unit);
	divide(run, "time_s", n);
	divide(run, "ets_j", n);
	return 0;
}
