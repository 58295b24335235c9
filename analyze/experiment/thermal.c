/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The document of heat: leakage by two estimators and whether they agree, the exponential form
 * where the span allows, resistance and time constants for each state of the heat sink, throttling,
 * and what each pair of runs says of it. What the data cannot identify is a warning, not a number.
 */
#include "analyze/experiment/thermal.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_cdf.h>

#include "analyze/account/runs.h"
#include "analyze/result/document.h"
#include "formats/base/util.h"

#define POINTS_MAX 4000
/* Under so many half widths of its interval (four standard uncertainties) a difference of
 * temperature is to be warned of: a ratio over it is far from normal. */
#define HARDLY 2

static json_t *layer_slopes(const struct erg_thermal_run *runs, const struct erg_thermal_pair *p)
{
	const json_t *on = json_object_get(runs[p->on].run, "layers");
	const json_t *off = json_object_get(runs[p->off].run, "layers");
	json_t *out = json_array(), *a, *b;
	size_t i, k;

	json_array_foreach ((json_t *)on, i, a)
		json_array_foreach ((json_t *)off, k, b) {
			struct erg_est pa, pb, s = ERG_EST_UNRESOLVED;

			if (!json_equal(json_object_get(a, "name"), json_object_get(b, "name")))
				continue;
			pa = erg_est_from_json(json_object_get(a, "power_w"));
			pb = erg_est_from_json(json_object_get(b, "power_w"));
			if (erg_fieller(pb.value - pa.value, hypot(pa.stat, pb.stat), p->dt_k,
				    p->half_dt_k, &s.lo, &s.hi)) {
				s.value = (pb.value - pa.value) / p->dt_k;
				s.stat = (s.hi - s.lo) / 2;
				s.method = "instrument, one pair";
			}
			json_array_append_new(out,
				json_pack("{s:O, s:o, s:o, s:o}", "name",
					json_object_get(a, "name"), "power_on_w",
					erg_num_json(pa.value), "power_off_w",
					erg_num_json(pb.value), "leakage_w_per_k",
					erg_est_json(&s)));
			break;
		}
	return out;
}

static json_t *pair_json(const struct erg_thermal_run *runs, const struct erg_thermal_pair *p)
{
	const struct erg_thermal_run *on = &runs[p->on], *off = &runs[p->off];

	return json_pack("{s:O, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:b}",
		"workload", json_object_get(on->run, "workload"), "on", on->archive, "off",
		off->archive, "difference_k", erg_num_json(p->dt_k), "difference_w",
		erg_num_json(p->dp_w), "leakage_w_per_k", erg_est_json(&p->slope), "energy_on_j",
		erg_num_json(on->energy_j), "energy_off_j", erg_num_json(off->energy_j),
		"leakage_j", erg_num_json(p->leakage_j), "throttling_j",
		erg_num_json(p->throttling_j), "throttled_share_off",
		erg_num_json(off->throttled_share), "layers", layer_slopes(runs, p), "throttled",
		p->throttled, "split_by_all", p->split_by_all);
}

static void add_leakage(const struct erg_thermal_run *runs, size_t n,
	const struct erg_thermal_pair *pairs, size_t n_pairs, json_t *doc)
{
	struct erg_est a = erg_thermal_regression(runs, n);
	struct erg_est b = erg_thermal_instrument(runs, pairs, n_pairs);
	double u = hypot(a.stat, b.stat) / 1.96, z = fabs(a.value - b.value) / u;
	double p = 2 * gsl_cdf_ugaussian_Q(z);
	json_t *list = json_array();

	json_object_set_new(doc, "leakage_w_per_k", erg_est_json(erg_est_resolved(&b) ? &b : &a));
	json_object_set_new(doc, "leakage",
		json_pack("{s:o, s:o, s:o, s:o}", "instrument", erg_est_json(&b), "regression",
			erg_est_json(&a), "p_value", erg_num_json(p), "agree",
			isnan(p) ? json_null() : json_boolean(p > 0.05)));
	if (p <= 0.05)
		erg_document_warn(doc, "disagree",
			"regression and instrument disagree (p = %.2g): the thermometer lags, or "
			"something beside the temperature changed",
			p);
	for (size_t i = 0; i < n_pairs; i++)
		json_array_append_new(list, pair_json(runs, &pairs[i]));
	json_object_set_new(doc, "pairs", list);
}

/* Mean of what does not leak over all blocks of work: P less the fitted leakage. */
static double mean_rest(const struct erg_thermal_run *runs, size_t n,
	const struct erg_thermal_exponential *e)
{
	double sum = 0;
	size_t count = 0;

	for (size_t r = 0; r < n; r++)
		for (size_t i = 0; i < runs[r].n; i++) {
			const struct erg_thermal_block *b = &runs[r].blocks[i];

			if (!b->busy || b->throttled || !isfinite(b->power_w + b->temp_degc))
				continue;
			sum += b->power_w -
				e->l0_w.value *
					exp(e->beta_per_k.value * (b->temp_degc - e->t0_degc));
			count++;
		}
	return sum / (double)count;
}

static void add_exponential(const struct erg_thermal_run *runs, size_t n, json_t *doc)
{
	struct erg_thermal_exponential e = erg_thermal_exponential_fit(runs, n);
	double rest = mean_rest(runs, n, &e);
	json_t *fit = json_array();

	json_object_set_new(doc, "beta_per_k", erg_est_json(&e.beta_per_k));
	json_object_set_new(doc, "exponential",
		json_pack("{s:o, s:o, s:o}", "l0_w", erg_est_json(&e.l0_w), "t0_degc",
			erg_num_json(e.t0_degc), "span_k", erg_num_json(e.span_k)));
	if (erg_est_resolved(&e.beta_per_k))
		for (int i = 0; i <= 40; i++) {
			double t = e.t0_degc + e.span_k * (i / 40.0 - 0.5);
			double w = e.l0_w.value * exp(e.beta_per_k.value * (t - e.t0_degc));

			json_array_append_new(fit,
				json_pack("{s:o, s:o, s:o}", "temperature_degc", erg_num_json(t),
					"leakage_w", erg_num_json(w), "power_w",
					erg_num_json(rest + w)));
		}
	else if (!isfinite(e.span_k))
		erg_document_warn(doc, "span",
			"no block of the runs has a temperature, a power and no throttling: longer runs, or a "
			"shorter --block, were expected");
	else
		erg_document_warn(doc, "span",
			"temperatures span %.1f K: too little to tell an exponential from a line",
			e.span_k);
	json_object_set_new(doc, "fit", fit);
}

static double total_resistance(const struct erg_thermal_rc *rc)
{
	double sum = 0;

	for (size_t i = 0; i < rc->n; i++)
		sum += rc->r[i];
	return sum;
}

/* Where temperature settles at another ambient: T = ambient + R (P0 + s (T - T0)). */
static json_t *settling_json(const struct erg_thermal_run *run, const struct erg_thermal_rc *rc,
	double slope, double ambient)
{
	double p = 0, t = 0, r = total_resistance(rc), gain;
	size_t n = 0;

	for (size_t i = 0; i < run->n; i++)
		if (run->blocks[i].busy && !run->blocks[i].throttled) {
			p += run->blocks[i].power_w;
			t += run->blocks[i].temp_degc;
			n++;
		}
	if (!n || !rc->n)
		return json_null();
	p /= (double)n;
	t /= (double)n;
	slope = isfinite(slope) ? slope : 0;
	gain = slope * r;
	return json_pack("{s:o, s:o, s:o, s:b}", "ambient_degc", erg_num_json(ambient),
		"temperature_degc",
		erg_num_json(gain < 1 ? (ambient + r * (p - slope * t)) / (1 - gain) : NAN),
		"loop_gain", erg_num_json(gain), "runaway", gain >= 1);
}

static json_t *numbers(const double *v, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, erg_num_json(v[i]));
	return list;
}

/* Returns how many runs are in that state of the heat sink; *ret_run is the first of them. */
static int state_rc(const struct erg_thermal_run *runs, size_t n, int heatsink, size_t *ret_run,
	struct erg_thermal_rc *ret, struct erg_err *err)
{
	_cleanup_(erg_freep) const struct erg_thermal_run **list = calloc(n + 1, sizeof(*list));
	size_t count = 0;
	int r;

	if (!list)
		return erg_fail(err, -ENOMEM, "out of memory");
	for (size_t i = n; i-- > 0;)
		if (runs[i].heatsink == heatsink)
			*ret_run = i;
	for (size_t i = 0; i < n; i++)
		if (runs[i].heatsink == heatsink)
			list[count++] = &runs[i];
	r = count ? erg_thermal_rc_fit(list, count, ret, err) : 0;
	return r < 0 ? r : (int)count;
}

static int add_rc(const struct erg_thermal_run *runs, size_t n,
	const struct erg_thermal_options *opt, json_t *doc, struct erg_err *err)
{
	static const char *const names[] = {"not said", "off", "on"};
	double slope = json_number_value(
		json_object_get(json_object_get(doc, "leakage_w_per_k"), "value"));
	json_t *list = json_array();

	json_object_set_new(doc, "r_th_k_per_w", json_array());
	json_object_set_new(doc, "tau_s", json_array());
	json_object_set_new(doc, "rc", list);
	for (int state = 1; state >= -1; state--) {
		struct erg_thermal_rc rc;
		size_t run = 0;
		json_t *j;
		int r = state_rc(runs, n, state, &run, &rc, err);

		if (r < 0)
			return r;
		if (!r)
			continue;
		if (!rc.n || !rc.identified)
			erg_document_warn(doc, "rc", "heat sink %s: %s", names[state + 1],
				rc.n ? "the run is shorter than three of its slowest time constant: "
				       "the resistance is a lower bound"
				     : rc.why);
		j = json_pack("{s:s, s:i, s:o, s:o, s:o, s:o, s:b}", "heatsink", names[state + 1],
			"runs", r, "r_th_k_per_w", numbers(rc.r, rc.n), "tau_s",
			numbers(rc.tau_s, rc.n), "base_degc",
			erg_num_json(rc.n ? rc.base_degc : NAN), "rms_k",
			erg_num_json(rc.n ? rc.rms_k : NAN), "identified", rc.identified);
		if (!isnan(opt->ambient_degc))
			json_object_set_new(j, "settling",
				settling_json(&runs[run], &rc, slope, opt->ambient_degc));
		if (rc.n && !json_array_size(json_object_get(doc, "r_th_k_per_w"))) {
			json_object_set_new(doc, "r_th_k_per_w", numbers(rc.r, rc.n));
			json_object_set_new(doc, "tau_s", numbers(rc.tau_s, rc.n));
		}
		json_array_append_new(list, j);
	}
	return 0;
}

static void add_throttling(const struct erg_thermal_run *runs, size_t n, json_t *doc)
{
	json_t *list = json_array();
	double share = 0, time = 0;

	for (size_t i = 0; i < n; i++) {
		if (isfinite(runs[i].throttled_share)) {
			share += runs[i].throttled_share * runs[i].time_s;
			time += runs[i].time_s;
		}
		json_array_append_new(list,
			json_pack("{s:s, s:s, s:o, s:o}", "archive", runs[i].archive, "heatsink",
				runs[i].heatsink < 0       ? "not said"
					: runs[i].heatsink ? "on"
							   : "off",
				"throttled_share", erg_num_json(runs[i].throttled_share),
				"time_to_throttle_s", erg_num_json(runs[i].time_to_throttle_s)));
	}
	json_object_set_new(doc, "throttled_share", erg_num_json(time > 0 ? share / time : NAN));
	json_object_set_new(doc, "runs", list);
}

static void add_points(const struct erg_thermal_run *runs, size_t n, json_t *doc)
{
	json_t *list = json_array();
	size_t total = 0, step, k = 0;

	for (size_t r = 0; r < n; r++)
		total += runs[r].n;
	step = total / POINTS_MAX + 1;
	for (size_t r = 0; r < n; r++)
		for (size_t i = 0; i < runs[r].n; i++) {
			const struct erg_thermal_block *b = &runs[r].blocks[i];

			if (!b->busy || k++ % step)
				continue;
			json_array_append_new(list,
				json_pack("{s:o, s:o, s:o, s:b}", "temperature_degc",
					erg_num_json(b->temp_degc), "power_w",
					erg_num_json(b->power_w), "heatsink",
					runs[r].heatsink < 0 ? json_null()
							     : json_boolean(runs[r].heatsink),
					"throttled", b->throttled));
		}
	json_object_set_new(doc, "points", list);
}

static void warn_alike(const struct erg_thermal_pair *pairs, size_t n, json_t *doc)
{
	size_t alike = 0, worst = 0;

	for (size_t i = 0; i < n; i++) {
		if (fabs(pairs[i].dt_k) >= HARDLY * pairs[i].half_dt_k)
			continue;
		if (!alike++ || fabs(pairs[i].dt_k) < fabs(pairs[worst].dt_k))
			worst = i;
	}
	if (alike)
		erg_document_warn(doc, "alike",
			"%zu of %zu pairs: the temperatures hardly differ (by %.2g K, known to "
			"+-%.2g K): what the heat sink says of leakage is wide, or nothing",
			alike, n, fabs(pairs[worst].dt_k), pairs[worst].half_dt_k);
}

static void warn_missing(const struct erg_thermal_run *runs, size_t n, size_t n_pairs, json_t *doc)
{
	size_t on = 0, off = 0;

	for (size_t i = 0; i < n; i++) {
		on += runs[i].heatsink == 1;
		off += runs[i].heatsink == 0;
	}
	if (!on || !off)
		erg_document_warn(doc, "unpaired",
			"%zu runs with the heat sink on, %zu off: the instrument needs both (tag or "
			"factor heatsink=on, heatsink=off)",
			on, off);
	else if (!n_pairs)
		erg_document_warn(doc, "unpaired",
			"no on-run matches an off-run in workload and factors, unthrottled");
	else if (n_pairs < 3)
		erg_document_warn(doc, "pairs", "%zu pair%s only: three or more are advised",
			n_pairs, n_pairs == 1 ? "" : "s");
}

/* Runs are compared by one temperature and one supply; what was chosen for each run by itself may be another. */
static void warn_unlike(const struct erg_thermal_run *runs, size_t n, const char *key,
	const char *what, json_t *doc)
{
	for (size_t i = 1; i < n; i++) {
		const char *first = erg_text_of(runs[0].run, key);
		const char *other = erg_text_of(runs[i].run, key);

		if (!strcmp(first, other))
			continue;
		erg_document_warn(doc, what,
			"runs of different %s are compared: %s by %s, and %s by %s: expected the same "
			"of each (--%s)",
			what, runs[0].archive, first, runs[i].archive, other, key);
		return;
	}
}

static void warn_copies(const struct erg_thermal_run *runs, size_t n, json_t *doc)
{
	json_auto_t *all = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append(all, runs[i].run);
	erg_runs_tell_copies(all, doc);
}

int erg_thermal_document(const struct erg_thermal_run *runs, size_t n,
	const struct erg_thermal_options *opt, json_t *doc, struct erg_err *err)
{
	_cleanup_(erg_freep) struct erg_thermal_pair *pairs = NULL;
	size_t n_pairs;
	int r = erg_thermal_pairs(runs, n, &pairs, &n_pairs, err);

	if (r < 0)
		return r;
	warn_unlike(runs, n, "rail", "rails", doc);
	warn_unlike(runs, n, "zone", "zones", doc);
	warn_copies(runs, n, doc);
	warn_missing(runs, n, n_pairs, doc);
	warn_alike(pairs, n_pairs, doc);
	add_leakage(runs, n, pairs, n_pairs, doc);
	add_exponential(runs, n, doc);
	add_throttling(runs, n, doc);
	add_points(runs, n, doc);
	return add_rc(runs, n, opt, doc, err);
}
