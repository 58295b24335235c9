/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From a timeline and options to an attribution. A rail of a GPU is attributed by the time of device
 * tracks when the run has any, every other rail by the host's threads (two occupancies, one
 * solver). A clock that changes during the run splits the classes.
 */
#include "analyze/account/account.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "analyze/attribution/warn.h"
#include "analyze/timeline/gpus.h"
#include "analyze/timeline/nesting.h"
#include "analyze/timeline/rail_sum.h"
#include "formats/base/util.h"

/* The frequency channel that changed the most, as steps; none when no clock moved. */
static int frequency_steps(const struct erg_timeline *tl, struct erg_attr_steps *ret,
	double **ret_v)
{
	const struct erg_tl_channel *best = NULL;
	double widest = 0;

	*ret = (struct erg_attr_steps){0};
	*ret_v = NULL;
	for (size_t i = 0; i < tl->n_channels; i++) {
		const struct erg_tl_channel *c = &tl->channels[i];
		int64_t lo = INT64_MAX, hi = INT64_MIN;

		if (c->def.quantity != ERG_Q_FREQUENCY)
			continue;
		for (size_t k = 0; k < c->n; k++) {
			lo = c->raw[k] < lo ? c->raw[k] : lo;
			hi = c->raw[k] > hi ? c->raw[k] : hi;
		}
		if (c->n && hi > 0 && (double)(hi - lo) / (double)hi > widest) {
			widest = (double)(hi - lo) / (double)hi;
			best = c;
		}
	}
	if (!best || widest < 0.01)
		return 0;
	*ret_v = malloc(best->n * sizeof(**ret_v));
	if (!*ret_v)
		return -ENOMEM;
	for (size_t k = 0; k < best->n; k++)
		(*ret_v)[k] = erg_channel_si(&best->def, best->raw[k]);
	*ret = (struct erg_attr_steps){best->n, best->t, *ret_v};
	return 0;
}

void erg_account_idle(const struct erg_timeline *tl, struct erg_account_idle *ret)
{
	ret->n = ret->left_out = 0;
	ret->time_s = 0;
	for (size_t i = 0; i < tl->n_phases; i++) {
		const struct erg_tl_phase *p = &tl->phases[i];

		if (strcmp(p->name, "idle") || p->open || p->end <= p->begin)
			continue;
		if (ret->n == ERG_ACCOUNT_IDLE_MAX) {
			ret->left_out++;
			continue;
		}
		ret->span[ret->n++] = (struct erg_attr_span){p->begin, p->end};
		ret->time_s += (double)(p->end - p->begin) * 1e-9;
	}
}

static void set_options(const struct erg_common *common, struct erg_attr_options *opt)
{
	erg_attr_options_init(opt);
	opt->seed = common->seed;
	opt->jobs = common->reader.jobs;
	if (common->rounds)
		opt->rounds = common->rounds;
	if (common->ci_limit > 0) {
		opt->ci_limit = common->ci_limit;
		opt->ci_whole = true;
	}
	if (common->cond_limit > 0)
		opt->cond_limit = common->cond_limit;
	if (common->lag_given) {
		opt->lag = ERG_LAG_OVERRIDE;
		opt->lag_ns = common->lag_s * 1e9;
		opt->lag_u_ns = common->lag_u_s * 1e9;
	}
}

static bool has_device_work(const struct erg_timeline *tl)
{
	for (size_t i = 0; i < tl->iv.n; i++)
		if (erg_tl_track_is(&tl->tracks[tl->iv.track[i]], true))
			return true;
	return false;
}

/* Time of each layer that is not that of layers inside it, ns, all tracks together. */
static int own_times(const struct erg_timeline *tl, bool device, double *time)
{
	const struct erg_tl_intervals *iv = &tl->iv;
	_cleanup_(erg_nesting_freep) struct erg_nesting *nesting = NULL;

	if (erg_nesting_new(tl, &nesting) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < iv->n; i++) {
		double t = (double)erg_tl_duration(iv, i);
		size_t around;

		if (!erg_tl_track_is(&tl->tracks[iv->track[i]], device))
			continue;
		around = erg_nesting_around(nesting, i);
		time[iv->layer[i]] += t;
		if (around != SIZE_MAX)
			time[iv->layer[around]] -= t;
	}
	return 0;
}

/* Layers with time that is not folded: what the attribution would have to tell apart. */
static size_t layers_of(const struct erg_account *a, const double *time, const uint32_t *map)
{
	size_t n = 0;

	for (size_t k = 0; k < a->tl->n_layers; k++)
		n += time[k] > 0 && map[k] == k;
	return n;
}

/*
 * The own time of modules and networks (calls between layers) is usually microseconds, for which no
 * power can be told and which would only widen the layers' intervals: under 1 % of the run it
 * counts as time in no layer. *ret_map is for the segments, *ret_layers how many are left apart.
 */
static int fold_small(struct erg_account *a, uint32_t **ret_map, size_t *ret_layers,
	struct erg_err *err)
{
	const struct erg_timeline *tl = a->tl;
	_cleanup_(erg_freep) double *time = calloc(tl->n_layers + 1, sizeof(*time));
	_cleanup_(erg_freep) uint32_t *map = calloc(tl->n_layers + 1, sizeof(*map));
	uint32_t gap = (uint32_t)tl->n_layers;
	double total = (double)(tl->end - tl->begin);
	bool layers = false;

	if (!time || !map || own_times(tl, a->device, time) < 0)
		return erg_fail(err, -ENOMEM, "out of memory");
	for (size_t k = 0; k < tl->n_layers; k++)
		layers = layers || (tl->layers[k].level == ERG_TL_LAYER && time[k] > 0);
	a->folded_s = 0;
	for (uint32_t k = 0; k <= gap; k++) {
		map[k] = layers && k < gap && tl->layers[k].level != ERG_TL_LAYER &&
				time[k] < 0.01 * total
			? gap
			: k;
		if (map[k] != k && time[k] > 0)
			a->folded_s += time[k] * 1e-9;
	}
	*ret_layers = layers_of(a, time, map);
	*ret_map = erg_steal_ptr(&map);
	return 0;
}

static int attribute(struct erg_account *a, const struct erg_common *common, struct erg_err *err)
{
	struct erg_account_idle idle;
	struct erg_attr_options opt;
	_cleanup_(erg_freep) double *levels = NULL;
	_cleanup_(erg_freep) uint32_t *map = NULL;
	size_t layers = 0;
	int r = fold_small(a, &map, &layers, err);

	if (r < 0)
		return r;
	if (layers > ERG_ACCOUNT_LAYERS_MAX)
		return erg_fail(err, -EOVERFLOW,
			"%zu layers ran: energy is attributed to at most %u; all are unresolved",
			layers, ERG_ACCOUNT_LAYERS_MAX);
	set_options(common, &opt);
	erg_account_idle(a->tl, &idle);
	opt.idle = idle.span;
	opt.n_idle = idle.n;
	a->idle_s = idle.time_s;
	if (frequency_steps(a->tl, &opt.frequency, &levels) < 0)
		return erg_fail(err, -ENOMEM, "out of memory");
	r = erg_attr_run_timeline(a->rail, a->tl, a->device, map, &opt, &a->attr, err);
	if (r >= 0 && idle.left_out)
		attr_warn(a->attr, "idle-phases",
			"%zu phases are named idle, of which the first %d count as idle: the time of the "
			"others is that of no layer",
			idle.n + idle.left_out, ERG_ACCOUNT_IDLE_MAX);
	return r;
}

const char *erg_account_sum_obstacle(const struct erg_timeline *tl, const size_t *which, size_t n)
{
	const char *why = erg_rail_sum_obstacle(tl, which, n);

	for (size_t k = 0; k < n && !why; k++)
		if (strcasestr(tl->rails[which[k]].name, "gpu") && has_device_work(tl))
			why = "GPUs go by the time of their own tracks";
	return why;
}

/* a->rail, which may be a sum. */
static int choose_rail(struct erg_account *a, const char *name, struct erg_err *err)
{
	_cleanup_(erg_freep) size_t *which = NULL;
	const char *why;
	size_t n;
	int r = erg_rail_select(a->tl, name, &which, &n, err);

	if (r < 0)
		return r;
	a->rail = &a->tl->rails[which[0]];
	if (n == 1)
		return 0;
	why = erg_account_sum_obstacle(a->tl, which, n);
	if (why)
		return erg_fail(err, -ENOTSUP,
			"rails '%s' have no account together here: %s; expected "
			"one of them",
			name, why);
	r = erg_rail_sum(a->tl, which, n, &a->none_or_sum, err);
	a->rail = &a->none_or_sum;
	a->summed = r >= 0;
	return r;
}

/* Times, and the energy of the run as a whole; of no layer. */
static int without_layers(struct erg_account *a, const char *why, struct erg_err *err)
{
	_cleanup_(erg_attr_freep) struct erg_attr *whole = NULL;
	struct erg_account_idle idle;
	int r;

	erg_account_idle(a->tl, &idle);
	a->idle_s = idle.time_s;
	r = erg_account_total(a->rail, a->tl->begin, a->tl->end, &idle, &whole, err);
	if (r >= 0)
		r = erg_account_times(a, ERG_GATE_MANY, "too-many-layers", why, err);
	if (r < 0)
		return r;
	a->attr->coverage = whole->coverage;
	a->attr->ets_j = whole->ets_j;
	a->attr->edp_js = whole->edp_js;
	a->attr->ed2p_js2 = whole->ed2p_js2;
	a->attr->mean_w = whole->mean_w;
	a->attr->idle_w = whole->idle_w;
	return 0;
}

int erg_account_open(struct erg_account *a, const struct erg_timeline *tl,
	const struct erg_common *common, struct erg_err *err)
{
	struct erg_err why = {0};
	int r;

	*a = (struct erg_account){.tl = tl};
	a->rail = &a->none_or_sum;
	r = choose_rail(a, common->rail, &why);
	if (r == -ENODATA)
		return erg_account_times(a, ERG_GATE_NO_DATA, "no-power", why.msg, err);
	if (r < 0)
		return erg_fail(err, r, "%s", why.msg);
	a->device = !a->summed && strcasestr(a->rail->name, "gpu") && has_device_work(tl);
	if (a->device && erg_gpus_of_rail(tl, a->rail, &a->own) < 0)
		return erg_fail(err, -ENOMEM, "out of memory");
	if (a->own)
		a->tl = a->own;
	r = attribute(a, common, &why);
	if (r == -ENODATA)
		return erg_account_times(a, ERG_GATE_NO_DATA, "no-power", why.msg, err);
	if (r == -EOVERFLOW)
		return without_layers(a, why.msg, err);
	return r < 0 ? erg_fail(err, r, "%s", why.msg) : 0;
}

void erg_account_release(struct erg_account *a)
{
	erg_attr_free(a->attr);
	erg_gpus_release(a->own);
	erg_rail_release(&a->none_or_sum);
	*a = (struct erg_account){0};
}

int erg_account_total(const struct erg_rail *rail, uint64_t begin, uint64_t end,
	const struct erg_account_idle *idle, struct erg_attr **ret, struct erg_err *err)
{
	const struct erg_timeline tl = {.archive = (char *)rail->name, .begin = begin, .end = end};
	struct erg_attr_options opt;

	erg_attr_options_init(&opt);
	opt.lag = ERG_LAG_MODEL;
	opt.rounds = 40; /* there are no layers to tell apart */
	opt.idle = idle ? idle->span : NULL;
	opt.n_idle = idle ? idle->n : 0;
	return erg_attr_run_timeline(rail, &tl, false, NULL, &opt, ret, err);
}

struct erg_est erg_account_rail(const struct erg_account *a, const struct erg_rail *rail,
	double *ret_coverage, double *ret_peak_w)
{
	_cleanup_(erg_attr_freep) struct erg_attr *own = NULL;
	const struct erg_attr *attr = rail == a->rail ? a->attr : NULL;
	struct erg_est e;

	*ret_coverage = *ret_peak_w = NAN;
	if (!attr && erg_account_total(rail, a->tl->begin, a->tl->end, NULL, &own, NULL) < 0)
		return erg_est_because(erg_attr_gate_name(ERG_GATE_NO_DATA), 0);
	if (own && erg_attr_in_step(a->attr))
		erg_attr_set_in_step(own);
	e = erg_attr_interval(attr ? attr : own, a->tl->begin, a->tl->end, ret_coverage,
		ret_peak_w);
	return attr ? attr->ets_j : e;
}

uint64_t erg_account_lost(const struct erg_timeline *tl)
{
	uint64_t n = 0;

	const json_t *lost = json_object_get(tl->summary, "lost");
	uint64_t told = (uint64_t)(json_integer_value(json_object_get(lost, "layer_events")) +
		json_integer_value(json_object_get(lost, "sample_events")));

	for (size_t i = 0; i < tl->n_losses; i++)
		n += tl->losses[i].events;
	return n > told ? n
			: told; /* the trace cannot tell of what was lost before its first packet */
}

/* Errors of reading name the archive themselves. */
static bool names(const char *text, const char *archive)
{
	size_t n = strlen(archive);

	return !strncmp(text, archive, n) && text[n] == ':';
}

void erg_document_warn_timeline(json_t *doc, const struct erg_timeline *tl)
{
	size_t i;
	json_t *w;

	json_array_foreach (tl->warnings, i, w) {
		const char *code = json_string_value(json_object_get(w, "code"));
		const char *text = json_string_value(json_object_get(w, "text"));

		if (code && text && names(text, tl->archive))
			erg_document_warn(doc, code, "%s", text);
		else if (code && text)
			erg_document_warn(doc, code, "%s: %s", tl->archive, text);
	}
}
