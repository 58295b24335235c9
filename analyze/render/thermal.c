/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Heat for people: the two estimates of leakage, the way of heat, pairs, throttling. */
#include "analyze/render/thermal.h"

#include <math.h>

#include "analyze/result/csv.h"
#include "analyze/render/table.h"
#include "formats/base/util.h"

/* beta as percent a kelvin: an SI prefix before 1/K would read as a length */
static void print_beta(const json_t *doc, FILE *out)
{
	const json_t *e = json_object_get(doc, "beta_per_k");
	double v = erg_number_of(e, "value"), lo = erg_number_of(e, "lo"),
	       hi = erg_number_of(e, "hi");

	if (isnan(v))
		fputs("  exponent beta      unresolved\n", out);
	else
		fprintf(out, "  exponent beta      %.2f %%/K (%.2f to %.2f)\n", 100 * v, 100 * lo,
			100 * hi);
}

/* How it goes with the other figure, or that nobody knows how sure it is. */
static const char *beside_regression(const json_t *leakage)
{
	const struct erg_est e = erg_est_from_json(json_object_get(leakage, "regression"));
	const json_t *agree = json_object_get(leakage, "agree");

	if (json_is_boolean(agree))
		return json_is_true(agree) ? "   (they agree)" : "   (they disagree)";
	return erg_est_resolved(&e) && isnan(e.lo) ? "   (too few runs for an interval)" : "";
}

static void print_leakage(const json_t *doc, FILE *out)
{
	const json_t *l = json_object_get(doc, "leakage");
	const json_t *exponential = json_object_get(doc, "exponential");
	char a[64], b[64];

	fprintf(out, "%sleakage%s\n  by the heat sink   %s\n  by regression      %s%s\n",
		erg_text_bold(), erg_text_reset(),
		erg_text_est_json(a, sizeof(a), json_object_get(l, "instrument"), "W/K"),
		erg_text_est_json(b, sizeof(b), json_object_get(l, "regression"), "W/K"),
		beside_regression(l));
	print_beta(doc, out);
	if (!isnan(erg_value_of(exponential, "l0_w")))
		fprintf(out, "  L0 at %.1f degC     %s\n", erg_number_of(exponential, "t0_degc"),
			erg_text_est_json(a, sizeof(a), json_object_get(exponential, "l0_w"), "W"));
}

static void print_rc(const json_t *doc, FILE *out)
{
	char a[32], b[32];
	size_t i, k;
	json_t *rc, *r;

	json_array_foreach (json_object_get(doc, "rc"), i, rc) {
		const json_t *s = json_object_get(rc, "settling");

		fprintf(out, "%sheat sink %s%s (%lld runs)\n", erg_text_bold(),
			erg_text_of(rc, "heatsink"), erg_text_reset(),
			(long long)json_integer_value(json_object_get(rc, "runs")));
		json_array_foreach (json_object_get(rc, "r_th_k_per_w"), k, r)
			fprintf(out, "  R %s, tau %s\n",
				erg_text_si(a, sizeof(a), json_number_value(r), "K/W"),
				erg_text_si(b, sizeof(b),
					json_number_value(
						json_array_get(json_object_get(rc, "tau_s"), k)),
					"s"));
		if (json_is_object(s))
			fprintf(out,
				"  settles at %.1f degC in %.1f degC ambient (loop gain %.2f)\n",
				erg_number_of(s, "temperature_degc"),
				erg_number_of(s, "ambient_degc"), erg_number_of(s, "loop_gain"));
	}
}

static int print_pairs(const json_t *doc, FILE *out, struct erg_err *err)
{
	_cleanup_(erg_rtable_freep) struct erg_rtable *t = erg_rtable_new();
	bool by_all = false;
	size_t i;
	json_t *p;
	int r;

	erg_rtable_column(t, "pair", ERG_COL_LEFT | ERG_COL_SHRINK);
	erg_rtable_column(t, "hotter", ERG_COL_RIGHT | ERG_COL_DROP);
	erg_rtable_column(t, "power", ERG_COL_RIGHT | ERG_COL_DROP);
	erg_rtable_column(t, "leakage", ERG_COL_RIGHT);
	erg_rtable_column(t, "by leakage", ERG_COL_RIGHT);
	erg_rtable_column(t, "by throttling", ERG_COL_RIGHT);
	json_array_foreach (json_object_get(doc, "pairs"), i, p) {
		by_all = by_all || json_is_true(json_object_get(p, "split_by_all"));
		erg_rtable_text(t, p, "workload");
		erg_rtable_cell(t, "%.1f K", erg_number_of(p, "difference_k"));
		erg_rtable_cell(t, "%+.3f W", erg_number_of(p, "difference_w"));
		erg_rtable_est(t, p, "leakage_w_per_k", "W/K");
		erg_rtable_si(t, p, "leakage_j", "J");
		erg_rtable_si(t, p, "throttling_j", "J");
	}
	r = erg_rtable_print(t, out, erg_text_width(), err);
	if (by_all)
		fputs("by leakage, where a pair's own is unresolved: by that of all pairs\n", out);
	return r;
}

int erg_thermal_text(const json_t *doc, FILE *out, struct erg_err *err)
{
	char a[32];
	size_t i;
	json_t *r;

	erg_text_simulated(doc, out);
	print_leakage(doc, out);
	print_rc(doc, out);
	if (json_array_size(json_object_get(doc, "pairs")) && print_pairs(doc, out, err) < 0)
		return err->code;
	json_array_foreach (json_object_get(doc, "runs"), i, r)
		if (erg_number_of(r, "throttled_share") > 0)
			fprintf(out, "%s throttled %s of its time, first after %.1f s\n",
				erg_text_of(r, "archive"),
				erg_text_percent(a, sizeof(a), erg_number_of(r, "throttled_share")),
				erg_number_of(r, "time_to_throttle_s"));
	return 0;
}

int erg_thermal_csv(const json_t *doc, FILE *out, struct erg_err *err)
{
	static const char *const plain[] = {"workload", "on", "off", "difference_k", "difference_w",
		"energy_on_j", "energy_off_j", "leakage_j", "throttling_j", "throttled_share_off",
		"split_by_all"};
	struct erg_csv c = {.out = out, .label = doc};
	size_t i;
	json_t *p;

	for (size_t k = 0; k < ERG_ARRAY_SIZE(plain); k++)
		erg_csv_text(&c, plain[k]);
	erg_csv_est_titles(&c, "leakage_w_per_k");
	erg_csv_end(&c);
	json_array_foreach (json_object_get(doc, "pairs"), i, p) {
		for (size_t k = 0; k < ERG_ARRAY_SIZE(plain); k++)
			erg_csv_json(&c, json_object_get(p, plain[k]));
		erg_csv_est(&c, json_object_get(p, "leakage_w_per_k"));
		erg_csv_end(&c);
	}
	return 0;
}
