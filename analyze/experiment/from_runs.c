/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Observations from the runs of archives and result documents. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "analyze/account/runs.h"
#include "analyze/experiment/nodes.h"
#include "analyze/experiment/points.h"
#include "analyze/result/document.h"
#include "formats/base/util.h"

#define NAMES_MAX 64

struct names {
	const char *v[NAMES_MAX];
	size_t n;
};

/* Factors that take more than one value, or are missing from some runs. */
static void varying_factors(const json_t *runs, struct names *ret)
{
	size_t i, k;
	json_t *run, *v, *other;
	const char *name;

	json_array_foreach ((json_t *)runs, i, run) {
		json_object_foreach (json_object_get(run, "factors"), name, v) {
			bool known = erg_run_names_no_setting(name);

			for (size_t f = 0; f < ret->n; f++)
				known = known || !strcmp(ret->v[f], name);
			json_array_foreach ((json_t *)runs, k, other) {
				json_t *w =
					json_object_get(json_object_get(other, "factors"), name);

				if (known || ret->n == NAMES_MAX || (w && json_equal(v, w)))
					continue;
				ret->v[ret->n++] = name;
				known = true;
			}
		}
	}
}

/* Mean of a voltage that is no power rail's: a regulator of the clock that was varied. */
static double core_voltage(const json_t *run)
{
	size_t i, k;
	json_t *c, *rail;

	json_array_foreach (json_object_get(run, "channels"), i, c) {
		const char *q = json_string_value(json_object_get(c, "quantity"));
		bool is_rail = false;

		if (!q || strcmp(q, "voltage"))
			continue;
		json_array_foreach (json_object_get(run, "rails"), k, rail)
			is_rail = is_rail ||
				json_equal(json_object_get(rail, "rail"),
					json_object_get(c, "rail"));
		if (!is_rail)
			return erg_number_of(c, "mean");
	}
	return NAN;
}

/* "phase-locked": why the energy of RUN is not known. */
static const char *reason_of(const json_t *run)
{
	const char *reason = erg_text_of(json_object_get(run, "ets_j"), "reason");

	if (*reason)
		return reason;
	return strcmp(erg_text_of(run, "rail"), "none") ? "no reason given" : "no power was read";
}

static void fill_run(const json_t *run, struct erg_obs *b, json_t *doc)
{
	b->run = run;
	b->ets = erg_est_from_json(json_object_get(run, "ets_j"));
	b->time_s = erg_number_of(run, "time_s");
	b->energy_j = b->ets.value;
	b->time = erg_est_exact(b->time_s, "single run");
	b->mean_w = erg_number_of(run, "mean_w");
	b->peak_w = erg_number_of(run, "peak_w");
	b->voltage_v = core_voltage(run);
	b->throttled = erg_number_of(run, "throttled_share") > 0;
	b->layers = json_object_get(run, "layers");
	b->unresolved = !(b->time_s > 0) || isnan(b->energy_j);
	if (b->unresolved && doc)
		erg_document_warn(doc, "left-out", "%s: its energy is unresolved (%s): left out",
			erg_text_of(run, "archive"), reason_of(run));
}

static int some_are_resolved(const struct erg_observations *o, struct erg_err *err)
{
	char others[64];

	for (size_t i = 0; i < o->n; i++)
		if (!o->obs[i].unresolved)
			return 0;
	if (!o->n)
		return erg_fail(err, -ENODATA, "no runs");
	snprintf(others, sizeof(others), ", as is that of all %zu runs", o->n);
	return erg_fail(err, -ENODATA,
		"%s: its energy is unresolved (%s)%s: expected one that is not",
		erg_text_of(o->obs[0].run, "archive"), reason_of(o->obs[0].run),
		o->n > 1 ? others : "");
}

/* With the settings that the run has. */
static int no_setting(const json_t *run, const char *name, struct erg_err *err)
{
	static const char *const kinds[] = {"factors", "tags"};
	char list[512] = "none";
	const char *one;
	size_t len = 0;
	json_t *v;

	for (size_t k = 0; k < ERG_ARRAY_SIZE(kinds); k++)
		json_object_foreach (json_object_get(run, kinds[k]), one, v)
			if (len < sizeof(list))
				len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%s",
					len ? ", " : "", one);
	return erg_fail(err, -EINVAL, "%s: no factor or tag '%s'; there are: %s",
		erg_text_of(run, "archive"), name, list);
}

/* A tag by which A and B differ and that makes them runs of unlike settings, or NULL. */
static const char *differing_tag(const json_t *a, const json_t *b)
{
	const json_t *of_b = json_object_get(b, "tags");
	const char *name;
	json_t *v, *w;

	json_object_foreach (json_object_get(a, "tags"), name, v) {
		/* nodes are told apart by themselves, and what calibrate records is for calibrate */
		bool other = erg_run_names_no_setting(name) || !strcmp(name, "node") ||
			!strcmp(name, "calibration");

		w = json_object_get(of_b, name);
		if (!other && w && !json_equal(v, w))
			return name;
	}
	return NULL;
}

/* Runs that are compared, and are of unlike supplies: what they differ in is not the setting's. */
static void tell_rails(const struct erg_observations *o, json_t *doc)
{
	for (size_t i = 1; i < o->n; i++)
		for (size_t j = 0; j < i; j++) {
			const json_t *a = o->obs[j].run, *b = o->obs[i].run;

			if (!erg_points_same_group(o, o->obs[j].level, o->obs[i].level))
				continue;
			if (json_equal(json_object_get(a, "rail"), json_object_get(b, "rail")))
				break; /* with what this one was compared with already */
			erg_document_warn(doc, "rails",
				"runs of different rails are compared: %s is of %s, and %s of %s: "
				"expected the same of each (--rail), or groups that hold them apart "
				"(--group)",
				erg_text_of(a, "archive"), erg_text_of(a, "rail"),
				erg_text_of(b, "archive"), erg_text_of(b, "rail"));
			return;
		}
}

/* Runs that are taken for repetitions, and are tagged as something else. */
static void tell_tags(const struct erg_observations *o, json_t *doc)
{
	for (size_t i = 1; i < o->n; i++)
		for (size_t j = 0; j < i; j++) {
			const char *tag;

			if (memcmp(o->obs[i].level, o->obs[j].level,
				    o->n_dims * sizeof(*o->obs[i].level)) != 0)
				continue;
			tag = differing_tag(o->obs[i].run, o->obs[j].run);
			if (tag) {
				erg_document_warn(doc, "tags",
					"%s and %s are taken for repetitions and differ by the tag %s: "
					"--factor %s tells them apart",
					erg_text_of(o->obs[j].run, "archive"),
					erg_text_of(o->obs[i].run, "archive"), tag, tag);
				return;
			}
		}
}

int erg_observations_from_runs(const json_t *runs, const char *const *factors, size_t n_factors,
	const char *const *groups, size_t n_groups, json_t *doc, struct erg_observations *ret,
	struct erg_err *err)
{
	static const char *const workload[] = {"workload"};
	const char *cells[2 * NAMES_MAX];
	char text[2 * NAMES_MAX][32];
	struct names found = {.n = 0};
	size_t i;
	json_t *run;
	int r;

	if (!n_factors) {
		varying_factors(runs, &found);
		factors = found.v;
		n_factors = found.n;
	}
	if (!n_groups) {
		groups = workload;
		n_groups = 1;
	}
	r = erg_observations_init(ret, factors, n_factors, groups, n_groups, err);
	json_array_foreach ((json_t *)runs, i, run) {
		struct erg_obs *b;

		for (size_t d = 0; r >= 0 && d < ret->n_dims; d++) {
			cells[d] =
				erg_run_setting(run, ret->dims[d].name, text[d], sizeof(text[d]));
			if (!cells[d])
				r = no_setting(run, ret->dims[d].name, err);
		}
		if (r < 0)
			return r;
		b = erg_observations_add(ret, cells);
		if (!b)
			return erg_fail(err, -ENOMEM, "out of memory");
		fill_run(run, b, doc);
	}
	if (r >= 0)
		r = some_are_resolved(ret, err);
	if (r >= 0)
		r = erg_observations_finish(ret, err);
	if (r >= 0 && doc)
		tell_rails(ret, doc);
	if (r >= 0 && doc && factors == found.v)
		tell_tags(ret, doc);
	return r < 0 ? r : erg_nodes_block(ret, doc, err);
}
