/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One run as JSON: the account of the chosen rail, the rows asked for, and what comparisons of runs
 * need to know of it.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/account/layers.h"
#include "analyze/account/apart.h"
#include "analyze/account/counts.h"
#include "analyze/account/programs.h"
#include "analyze/account/roots.h"
#include "analyze/account/rows.h"
#include "formats/base/util.h"

static json_t *rails_json(const struct erg_account *a)
{
	json_t *list = json_array();

	for (size_t i = 0; i < a->tl->n_rails; i++) {
		const struct erg_rail *rail = &a->tl->rails[i];
		double coverage, peak, time_s = (double)(a->tl->end - a->tl->begin) * 1e-9;
		struct erg_est e = erg_account_rail(a, rail, &coverage, &peak);

		json_array_append_new(list,
			json_pack("{s:s, s:s, s:b, s:o, s:o, s:o, s:o}", "rail", rail->name,
				"parent", rail->parent, "simulated", rail->simulated, "ets_j",
				erg_est_json(&e), "mean_w", erg_num_json(e.value / time_s),
				"peak_w", erg_num_json(peak), "coverage", erg_num_json(coverage)));
	}
	return list;
}

struct range {
	double mean, min, max;
	size_t n;
};

static struct range channel_range(const struct erg_timeline *tl, const struct erg_tl_channel *c)
{
	struct range r = {0, INFINITY, -INFINITY, 0};

	for (size_t i = 0; i < c->n; i++) {
		double v = erg_channel_si(&c->def, c->raw[i]);

		if (c->t[i] < tl->begin || c->t[i] > tl->end)
			continue;
		r.mean += v;
		r.min = fmin(r.min, v);
		r.max = fmax(r.max, v);
		r.n++;
	}
	r.mean /= (double)r.n;
	return r;
}

/* Busy seconds that grow are a utilization: their slope. */
static struct range busy_range(const struct erg_timeline *tl, const struct erg_tl_channel *c)
{
	struct range r = channel_range(tl, c);
	double s = c->n > 1 ? (double)(c->t[c->n - 1] - c->t[0]) * 1e-9 : 0;

	r.mean = s > 0 ? (double)(c->raw[c->n - 1] - c->raw[0]) * c->def.scale / s : NAN;
	r.min = r.max = NAN;
	return r;
}

static json_t *channels_json(const struct erg_timeline *tl)
{
	json_t *list = json_array();

	for (size_t i = 0; i < tl->n_channels; i++) {
		const struct erg_tl_channel *c = &tl->channels[i];
		enum erg_quantity q = c->def.quantity;
		struct range r;

		if (!strcmp(tl->sources[c->source].kind, "process"))
			continue; /* see programs.h */
		if (q != ERG_Q_TEMPERATURE && q != ERG_Q_FREQUENCY && q != ERG_Q_VOLTAGE &&
			q != ERG_Q_UTILIZATION && q != ERG_Q_TIME)
			continue;
		r = q == ERG_Q_TIME ? busy_range(tl, c) : channel_range(tl, c);
		if (!r.n)
			continue;
		json_array_append_new(list,
			json_pack("{s:s, s:s, s:o, s:o, s:o}", "rail", c->def.rail, "quantity",
				erg_quantity_name(q == ERG_Q_TIME ? ERG_Q_UTILIZATION : q), "mean",
				erg_num_json(r.mean), "min", erg_num_json(r.min), "max",
				erg_num_json(r.max)));
	}
	return list;
}

/* Share of the readings of throttling channels in which a count moved or a device was on; NaN when
 * nothing tells. */
static double throttled_share(const struct erg_timeline *tl)
{
	double worst = NAN;

	for (size_t i = 0; i < tl->n_channels; i++) {
		const struct erg_tl_channel *c = &tl->channels[i];
		size_t on = 0, n = 0;

		if (!erg_timeline_tells_throttling(tl, c))
			continue;
		for (size_t k = 1; k < c->n; k++) {
			if (c->t[k] < tl->begin || c->t[k] > tl->end)
				continue;
			n++;
			on += erg_timeline_throttled(tl, c, k);
		}
		if (n)
			worst = fmax(worst, (double)on / (double)n);
	}
	return worst;
}

static const char *workload_of(const struct erg_timeline *tl)
{
	const json_t *m = tl->manifest;
	const char *s =
		json_string_value(json_object_get(json_object_get(m, "factors"), "workload"));

	if (!s)
		s = json_string_value(json_object_get(json_object_get(m, "tags"), "workload"));
	if (!s)
		s = json_string_value(json_object_get(m, "network"));
	for (size_t i = 0; !s && i < tl->n_layers; i++)
		if (tl->layers[i].level == ERG_TL_NETWORK)
			s = tl->layers[i].name;
	if (!s)
		s = json_string_value(json_array_get(json_object_get(m, "command"), 0));
	return s ? erg_base_name(s) : "run";
}

static void set_or_empty(json_t *run, const char *key, const json_t *manifest)
{
	json_t *v = json_object_get(manifest, key);

	if (json_is_object(v))
		json_object_set(run, key, v);
	else
		json_object_set_new(run, key, json_object());
}

/* Where the period that a rail's readings are of comes from: they may have contradicted what was said, or made it more
 * exact. */
static const char *period_source(const struct erg_rail *rail, const struct erg_attr_diag *d)
{
	bool as_said = !rail->period_found && d->period_ns == (double)rail->model.period_ns;

	return as_said ? "model" : "readings";
}

static json_t *sensor_json(const struct erg_account *a)
{
	const struct erg_rail *rail = a->rail;
	const struct erg_sensor_model *m = &rail->model;
	const struct erg_attr_diag *d = &a->attr->diag;

	return json_pack("{s:s, s:s, s:o, s:o, s:s, s:o, s:o, s:s, s:o, s:o}", "kind",
		erg_sensor_kind_name(m->kind), "provenance", erg_provenance_name(m->provenance),
		"window_s", erg_num_json(d->window_ns * 1e-9), "period_s",
		erg_num_json(d->period_ns * 1e-9), "period_source", period_source(rail, d), "lag_s",
		erg_num_json(d->lag_ns * 1e-9), "lag_u_s", erg_num_json(d->lag_u_ns * 1e-9),
		"lag_source", d->lag_source ? d->lag_source : "model", "alpha",
		erg_num_json(m->alpha), "interval_s",
		erg_num_json((double)rail->interval_ns * 1e-9));
}

static json_t *diag_json(const struct erg_attr_diag *d)
{
	return json_pack("{s:o, s:I, s:I, s:I, s:o, s:o, s:o, s:b, s:b, s:I}", "cond",
		erg_num_json(d->cond), "readings", (json_int_t)d->readings, "rows",
		(json_int_t)d->rows, "blocks", (json_int_t)d->blocks, "block_s",
		erg_num_json(d->block_s), "residual_w", erg_num_json(d->residual_w), "drift_w",
		erg_num_json(d->drift_w), "phase_locked", d->locked, "stale_readings",
		d->stale_readings, "frequency_levels", (json_int_t)d->levels);
}

static void add_totals(const struct erg_account *a, json_t *run)
{
	const struct erg_attr *attr = a->attr;
	double peak = NAN;

	if (attr->state)
		erg_attr_interval(attr, a->tl->begin, a->tl->end, NULL, &peak);
	json_object_set_new(run, "time_s", erg_num_json(attr->time_s));
	json_object_set_new(run, "ets_j", erg_est_json(&attr->ets_j));
	json_object_set_new(run, "edp_js", erg_est_json(&attr->edp_js));
	json_object_set_new(run, "ed2p_js2", erg_est_json(&attr->ed2p_js2));
	json_object_set_new(run, "model", erg_attr_model_json(attr));
	json_object_set_new(run, "idle_w", erg_est_json(&attr->idle_w));
	json_object_set_new(run, "coverage", erg_num_json(attr->coverage));
	json_object_set_new(run, "mean_w", erg_num_json(attr->mean_w));
	json_object_set_new(run, "peak_w", erg_num_json(peak));
	json_object_set_new(run, "lost_events", json_integer((json_int_t)erg_account_lost(a->tl)));
	json_object_set_new(run, "throttled_share", erg_num_json(throttled_share(a->tl)));
}

/* What a person can do about it: a log's sensor is not here to be calibrated. */
static const char *mend_of(const struct erg_account *a, const char *code)
{
	if (strcmp(code, "assumed-sensor"))
		return "";
	return json_object_get(a->tl->manifest, "import")
		? "; --sensor says what it is"
		: "; erg-record calibrate measures it, --sensor says what it is";
}

static void pass_warnings(const struct erg_account *a, json_t *doc)
{
	size_t i;
	json_t *w;

	erg_document_warn_timeline(doc, a->tl);
	json_array_foreach (a->attr->warnings, i, w) {
		const char *code = json_string_value(json_object_get(w, "code"));

		erg_document_warn(doc, code, "%s: %s%s", a->tl->archive,
			json_string_value(json_object_get(w, "text")), mend_of(a, code));
	}
}

/* Layers of threads alone have no time on a GPU's tracks, and no row beside those that have. */
static int warn_threads(const struct erg_account *a, json_t *doc)
{
	const struct erg_timeline *tl = a->tl;
	_cleanup_(erg_freep) uint64_t *calls = calloc(tl->n_layers + 1, sizeof(*calls));
	_cleanup_(erg_freep) bool *device = calloc(tl->n_layers + 1, sizeof(*device));
	uint64_t all = 0;
	char names[256];
	size_t n = 0, len = 0;

	if (!calls || !device)
		return -ENOMEM;
	for (size_t i = 0; a->device && i < tl->iv.n; i++) {
		calls[tl->iv.layer[i]] += erg_tl_track_is(&tl->tracks[tl->iv.track[i]], false);
		device[tl->iv.layer[i]] |= erg_tl_track_is(&tl->tracks[tl->iv.track[i]], true);
	}
	for (size_t k = 0; k < tl->n_layers; k++) {
		if (!calls[k] || device[k] || tl->layers[k].level != ERG_TL_LAYER)
			continue;
		if (n < 3 && len < sizeof(names))
			len += (size_t)snprintf(names + len, sizeof(names) - len, "%s%.60s",
				n ? ", " : "", tl->layers[k].name);
		all += calls[k];
		n++;
	}
	if (n)
		erg_document_warn(doc, "threads",
			"%s: rail %s goes by what ran on the GPU itself: %zu layers of threads alone (%s%s), "
			"with %llu calls, have no row",
			tl->archive, a->rail->name, n, names, n > 3 ? ", ..." : "",
			(unsigned long long)all);
	return 0;
}

static int make_rows(struct erg_rows *rows, const char *by, json_t *list, json_t *rest,
	struct erg_err *err)
{
	erg_rows_restart(rows);
	if (!strcmp(by, "phase"))
		return erg_rows_by_phase(rows, list, rest, err);
	if (!strcmp(by, "layer"))
		erg_rows_by_layer(rows, list);
	else
		erg_rows_by_key(rows, by, list);
	erg_rows_rest(rows, rest);
	return 0;
}

/* What rows there are is known when they are made. */
static int widen(struct erg_rows *rows, const char *by, struct erg_err *err)
{
	json_auto_t *list = json_array(), *rest = json_array();
	bool phases = !strcmp(by, "phase");
	int r = erg_attr_simultaneous(rows->a->attr, NULL, 1, err); /* as if no table was before */

	if (r >= 0)
		r = make_rows(rows, by, list, rest, err);
	if (r < 0)
		return r;
	return erg_attr_simultaneous(rows->a->attr, phases ? NULL : rows->row,
		phases ? json_array_size(list) + json_array_size(rest) : rows->n_rows, err);
}

/* "layers" and "rest" of INTO. */
static int add_rows(struct erg_rows *rows, const char *by, bool simultaneous, json_t *into,
	struct erg_err *err)
{
	json_t *list = json_array(), *rest = json_array();
	int r = simultaneous ? widen(rows, by, err) : 0;

	json_object_set_new(into, "by", json_string(by));
	json_object_set_new(into, "simultaneous", json_boolean(simultaneous));
	json_object_set_new(into, "layers", list);
	json_object_set_new(into, "rest", rest);
	return r < 0 ? r : make_rows(rows, by, list, rest, err);
}

/* The first of BY is RUN's own table, the others are beside it. */
static int add_tables(struct erg_rows *rows, const char *const *by, size_t n, bool simultaneous,
	json_t *run, struct erg_err *err)
{
	json_t *tables = n > 1 ? json_array() : NULL;
	int r = add_rows(rows, by[0], simultaneous, run, err);

	if (tables)
		json_object_set_new(run, "tables", tables);
	for (size_t i = 1; i < n && r >= 0; i++) {
		json_t *table = json_object();

		json_array_append_new(tables, table);
		r = add_rows(rows, by[i], simultaneous, table, err);
	}
	return r;
}

static json_t *run_json(const struct erg_account *a, const struct erg_rows *rows)
{
	const struct erg_rail *rail = a->rail;
	const json_t *machine = json_object_get(a->tl->manifest, "machine");
	const char *cpu = json_string_value(json_object_get(machine, "cpu_model"));
	const char *host = json_string_value(json_object_get(machine, "hostname"));
	json_t *run = json_pack("{s:s, s:s, s:b, s:b, s:s, s:s, s:s}", "archive", a->tl->archive,
		"rail", rail->name, "simulated", rail->simulated, "device_time", a->device,
		"workload", workload_of(a->tl), "machine", cpu ? cpu : "", "host",
		host ? host : "");

	set_or_empty(run, "factors", a->tl->manifest);
	set_or_empty(run, "tags", a->tl->manifest);
	add_totals(a, run);
	json_object_set_new(run, "iterations", json_integer((json_int_t)rows->iterations));
	json_object_set_new(run, "counters", erg_counts_of_run(a->tl));
	json_object_set_new(run, "sensor", sensor_json(a));
	json_object_set_new(run, "attribution", diag_json(&a->attr->diag));
	json_object_set_new(run, "rails", rails_json(a));
	json_object_set_new(run, "channels", channels_json(a->tl));
	json_object_set_new(run, "programs", erg_programs_of_run(a->tl));
	return run;
}

struct wish {
	const struct erg_timeline *tl;
	const char *const *by;
	size_t n_by;
	json_t *doc;
};

static int run_of_rail(void *ctx, const struct erg_common *common, json_t **ret_run,
	struct erg_err *err)
{
	const struct wish *w = ctx;
	const struct erg_timeline *tl = w->tl;
	_cleanup_(erg_account_release) struct erg_account a = {0};
	_cleanup_(erg_rows_release) struct erg_rows rows = {0};
	json_auto_t *run = NULL;
	int r = erg_account_open(&a, tl, common, err);

	if (r >= 0)
		r = erg_rows_init(&rows, &a, err);
	if (r < 0)
		return erg_wrap(err, r, "%s", tl->archive);
	run = run_json(&a, &rows);
	if (run)
		erg_roots_note(&a, common, run);
	r = run ? add_tables(&rows, w->by, w->n_by, common->simultaneous, run, err)
		: erg_fail(err, -ENOMEM, "out of memory");
	if (r < 0)
		return erg_wrap(err, r, "%s", tl->archive);
	*ret_run = json_incref(run);
	erg_document_label(w->doc, a.rail->simulated);
	pass_warnings(&a, w->doc);
	return warn_threads(&a, w->doc) < 0 ? erg_fail(err, -ENOMEM, "out of memory") : 0;
}

int erg_layers_tables(const struct erg_timeline *tl, const struct erg_common *common,
	const char *const *by, size_t n, json_t *doc, json_t **ret_run, struct erg_err *err)
{
	struct wish w = {tl, by, n, doc};

	return erg_apart_run(tl, common, run_of_rail, &w, doc, ret_run, err);
}

int erg_layers_run(const struct erg_timeline *tl, const struct erg_common *common, const char *by,
	json_t *doc, json_t **ret_run, struct erg_err *err)
{
	int r = erg_layers_tables(tl, common, &by, 1, doc, ret_run, err);

	if (r >= 0)
		erg_layers_warn_unresolved(*ret_run, "energy_j", doc);
	return r;
}
