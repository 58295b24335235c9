/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Rows from runs that were recorded: the layers of a document of `erg-analyze layers`. There,
 * energy, time and counters are sums over all calls, and macs, params and bytes are of one call;
 * here everything is of one call, so that runs of any length compare. A whole network is the sum of
 * its layers over one inference (of power, clock and temperature the mean over their time). Rows
 * whose response the data could not resolve are left out.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_sort.h>

#include "analyze/result/estimate.h"
#include "analyze/account/runs.h"
#include "analyze/model/data.h"
#include "formats/base/memory.h"
#include "formats/base/util.h"

#define NAMES_MAX 64u

static bool is_cpu(const char *rail)
{
	return !strncmp(rail, "policy", 6) || !strncmp(rail, "cpu", 3);
}

/* The mean of a channel of the run; of several, of those of the CPU where there are any. */
static double channel_mean(const json_t *run, const char *quantity)
{
	const json_t *channels = json_object_get(run, "channels"), *c;
	double sum[2] = {0}, n[2] = {0};
	size_t i;

	json_array_foreach (channels, i, c) {
		double mean = erg_value_of(c, "mean");
		bool cpu = is_cpu(erg_text_of(c, "rail"));

		if (strcmp(erg_text_of(c, "quantity"), quantity) || isnan(mean))
			continue;
		sum[cpu] += mean;
		n[cpu]++;
	}
	return n[1] > 0 ? sum[1] / n[1] : n[0] > 0 ? sum[0] / n[0] : NAN;
}

static bool is_estimate(const char *name)
{
	return !strcmp(name, "energy_j") || !strcmp(name, "time_s") || !strcmp(name, "power_w") ||
		!strcmp(name, "above_idle_j");
}

static bool is_per_call(const char *name)
{
	static const char *const names[] = {"macs", "params", "bytes_in", "bytes_out",
		"bytes_params"};

	for (size_t i = 0; i < ERG_ARRAY_SIZE(names); i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

/* Value NAME of one call of a layer; NaN when it is not there. */
static double value(const json_t *run, const json_t *layer, const char *name)
{
	double calls = erg_value_of(layer, "calls");
	double v;

	if (!strcmp(name, "calls"))
		return calls;
	if (!strcmp(name, "frequency_hz"))
		return channel_mean(run, "frequency");
	if (!strcmp(name, "temperature_degc"))
		return channel_mean(run, "temperature");
	if (!strcmp(name, "power_w"))
		return erg_value_of(layer, name);
	if (is_estimate(name))
		return erg_value_of(layer, name) / calls;
	if (is_per_call(name)) {
		const json_t *merged = json_object_get(layer, "merged");

		return erg_value_of(merged ? merged : layer, name);
	}
	v = erg_value_of(json_object_get(layer, "counters"), name);
	return v / calls;
}

/* Half the width of an estimate's interval is 1.96 standard uncertainties. */
static double uncertainty(const json_t *layer, const char *response)
{
	struct erg_est e = erg_est_from_json(json_object_get(layer, response));
	double calls = strcmp(response, "power_w") ? erg_value_of(layer, "calls") : 1;

	return (e.hi - e.lo) / (2 * 1.959963985) / calls;
}

/* "L2, cycles": the counters of a run's layers. */
static void list_counters(const json_t *run, char *buf, size_t size)
{
	const json_t *layers = json_object_get(run, "layers"), *l;
	size_t i, len = 0;

	buf[0] = '\0';
	json_array_foreach (layers, i, l) {
		const json_t *counters = json_object_get(l, "counters");
		const char *key;
		json_t *v;

		json_object_foreach ((json_t *)counters, key, v)
			if (len < size)
				len += (size_t)snprintf(buf + len, size - len, "%s%s",
					len ? ", " : "", key);
		if (len)
			return;
	}
}

static int missing(const json_t *run, const json_t *layer, const char *name, struct erg_err *err)
{
	char have[512];

	list_counters(run, have, sizeof(have));
	return erg_fail(err, -ENODATA,
		"%s: layer %s has no \"%s\"; counters here: %s (--drop-missing leaves such rows out)",
		erg_text_of(run, "archive"), erg_text_of(layer, "name"), name,
		have[0] ? have : "none");
}

/* The layers of a network together. */
struct whole {
	char *name;
	double sum[NAMES_MAX], variance; /* weighted by calls, or by time */
	double time_s;
	double *calls; /* of each layer */
	size_t n;
	bool broken; /* a layer's value is not known */
	struct whole *next;
};

static void wholes_free(struct whole **list)
{
	while (*list) {
		struct whole *w = *list;

		*list = w->next;
		free(w->name);
		free(w->calls);
		free(w);
	}
}

static struct whole *find_whole(struct whole **list, const char *name)
{
	struct whole **end = list;

	for (; *end; end = &(*end)->next)
		if (!strcmp((*end)->name, name))
			return *end;
	*end = erg_noted(calloc(1, sizeof(**end)));
	if (*end && !((*end)->name = strdup(name))) {
		free(*end);
		*end = NULL;
	}
	return *end;
}

struct reader {
	const json_t *run;
	const struct erg_model_want *want;
	struct erg_model_data *d;
	struct whole *wholes;
	size_t n_runs;
	struct erg_err *err;
};

/* Of a whole network the sum over its layers' calls is asked for; of what does not add up the mean
 * over their time. */
static bool adds_up(const char *name)
{
	return strcmp(name, "frequency_hz") && strcmp(name, "temperature_degc") &&
		strcmp(name, "power_w");
}

/* Most layers run once an inference, one that is used in several places (an activation) more often:
 * the median of the calls. */
static double inferences(struct whole *w)
{
	gsl_sort(w->calls, 1, w->n);
	return w->calls[w->n / 2];
}

static int add_to_whole(struct reader *r, const json_t *layer, const double *v, double sigma)
{
	struct whole *w = find_whole(&r->wholes, erg_text_of(layer, "network"));
	double calls = erg_value_of(layer, "calls");
	double time_s = erg_value_of(layer, "time_s"), weight, *more;

	more = w ? reallocarray(w->calls, w->n + 1, sizeof(*more)) : NULL;
	if (!more)
		return -ENOMEM;
	w->calls = more;
	w->calls[w->n++] = calls;
	w->time_s += time_s;
	for (size_t j = 0; j < r->want->n; j++) {
		const char *name = r->want->names[j];

		weight = !adds_up(name) ? time_s : strcmp(name, "calls") ? calls : 1;
		w->sum[j] += weight * v[j];
	}
	weight = r->want->response && !adds_up(r->want->response) ? time_s : calls;
	w->variance += weight * weight * sigma * sigma;
	return 0;
}

/* "resnet50/openblas": the keys of --group of this run, its network where none was given. -EINVAL
 * when the run has no such factor or tag. */
static int group_keys(const struct reader *r, const char *network, char *buf, size_t size)
{
	const struct erg_model_want *want = r->want;
	size_t len = 0;

	if (!want->n_group)
		snprintf(buf, size, "%s", network);
	for (size_t i = 0; i < want->n_group && len < size; i++) {
		char number[32];
		const char *key = want->group[i], *text = network;

		if (strcmp(key, "network"))
			text = erg_run_setting(r->run, key, number, sizeof(number));
		if (!text)
			return erg_fail(r->err, -EINVAL,
				"%s: no factor or tag '%s' (--group; known to every run: network, "
				"workload, machine)",
				erg_text_of(r->run, "archive"), key);
		len += (size_t)snprintf(buf + len, size - len, "%s%s", i ? "/" : "", text);
	}
	return 0;
}

/* The group of a row, and "resnet50 (a.erg)" where runs are kept apart. */
static int group_name(const struct reader *r, const char *network, char *buf, size_t size)
{
	int e;

	if (!*network)
		network = erg_text_of(r->run, "workload");
	e = group_keys(r, network, buf, size);
	if (e >= 0 && r->want->by_run && r->n_runs > 1) {
		size_t len = strlen(buf);

		snprintf(buf + len, size - len, " (%s)", erg_text_of(r->run, "archive"));
	}
	return e;
}

/* Rows of the networks of one run. */
static int finish_wholes(struct reader *r)
{
	const char *response = r->want->response;

	for (struct whole *w = r->wholes; w; w = w->next) {
		double v[NAMES_MAX], n;
		char name[512];
		int e;

		if (w->broken) {
			r->d->dropped++;
			continue;
		}
		n = inferences(w);
		for (size_t j = 0; j < r->want->n; j++)
			v[j] = w->sum[j] / (adds_up(r->want->names[j]) ? n : w->time_s);
		e = group_name(r, w->name, name, sizeof(name));
		if (e < 0)
			return e;
		e = erg_model_data_row(r->d, v,
			sqrt(w->variance) / (response && !adds_up(response) ? w->time_s : n), name,
			w->name, 0);
		if (e < 0)
			return erg_fail_errno(r->err, e, "rows");
	}
	wholes_free(&r->wholes);
	return 0;
}

/* Fills V; 1 when the row cannot be used (and that is allowed). */
static int layer_values(struct reader *r, const json_t *layer, double *v)
{
	const struct erg_model_want *want = r->want;

	for (size_t j = 0; j < want->n; j++) {
		bool must = j + want->n_optional < want->n;

		v[j] = value(r->run, layer, want->names[j]);
		if (!isnan(v[j]) || !must)
			continue;
		if (want->drop || is_estimate(want->names[j]))
			return 1;
		return missing(r->run, layer, want->names[j], r->err);
	}
	return 0;
}

/* Measured but not resolved: the response of a row that cannot be used to fit. */
static bool unresolved(const struct reader *r, const json_t *layer)
{
	return r->want->n_optional == 0 && is_estimate(r->want->response) &&
		isnan(erg_value_of(layer, r->want->response));
}

/* A row of layers that only their sum is known of has the type that all of them have, or none. */
static bool of_type(const json_t *layer, const char *type)
{
	const json_t *types = json_object_get(json_object_get(layer, "merged"), "types"), *t;
	size_t i;

	json_array_foreach (types, i, t)
		if (strcmp(json_string_value(t), type))
			return false;
	return strcmp(erg_text_of(layer, "type"), type) == 0;
}

static int add_layer(struct reader *r, const json_t *layer)
{
	const struct erg_model_want *want = r->want;
	double v[NAMES_MAX], sigma;
	struct whole *w;
	char name[512];
	int e;

	if (want->type && !of_type(layer, want->type))
		return 0;
	e = unresolved(r, layer) ? 1 : layer_values(r, layer, v);
	if (e < 0)
		return e;
	if (e > 0 && want->whole) {
		w = find_whole(&r->wholes, erg_text_of(layer, "network"));
		if (!w)
			return erg_fail_errno(r->err, -ENOMEM, "rows");
		w->broken = true;
		return 0;
	}
	if (e > 0) {
		r->d->dropped++;
		return 0;
	}
	sigma = want->response ? uncertainty(layer, want->response) : NAN;
	if (want->whole) {
		e = add_to_whole(r, layer, v, sigma);
	} else {
		e = group_name(r, erg_text_of(layer, "network"), name, sizeof(name));
		if (e < 0)
			return e;
		e = erg_model_data_row(r->d, v, sigma, name, erg_text_of(layer, "name"), 0);
	}
	return e < 0 ? erg_fail_errno(r->err, e, "rows") : 0;
}

/*
 * A row of `layers --by network` is the sum over the run already: as one call of a layer of that
 * name it is one inference.
 */
static int add_network(struct reader *r, const json_t *row)
{
	double own = erg_number_of(row, "inferences");
	double n = own > 0 ? own : erg_number_of(r->run, "iterations"); /* of older results */
	json_auto_t *one = json_copy((json_t *)row);
	const struct erg_model_want *saved = r->want;
	struct erg_model_want layers = *saved;
	int e;

	if (!one || json_object_set(one, "network", json_object_get(row, "name")) ||
		json_object_set_new(one, "calls", erg_num_json(n)) ||
		json_object_set_new(one, "macs", erg_num_json(erg_value_of(row, "macs") / n)))
		return erg_fail_errno(r->err, -ENOMEM, "rows");
	layers.whole = false;
	layers.type = NULL;
	r->want = &layers;
	e = add_layer(r, one);
	r->want = saved;
	return e;
}

static void add_distinct(json_t *list, const char *s)
{
	const json_t *v;
	size_t i;

	if (!*s)
		return;
	json_array_foreach (list, i, v)
		if (!strcmp(json_string_value(v), s))
			return;
	json_array_append_new(list, json_string(s));
}

static void note_origin(const json_t *run, struct erg_model_data *d)
{
	double f = channel_mean(run, "frequency");

	add_distinct(d->machines, erg_text_of(run, "machine"));
	add_distinct(d->rails, erg_text_of(run, "rail"));
	d->simulated |= json_is_true(json_object_get(run, "simulated"));
	d->frequency_lo = fmin(d->frequency_lo, f);
	d->frequency_hi = fmax(d->frequency_hi, f);
}

int erg_model_data_runs(const json_t *runs, const struct erg_model_want *want,
	struct erg_model_data *ret, struct erg_err *err)
{
	struct reader r = {.want = want, .d = ret, .n_runs = json_array_size(runs), .err = err};
	const json_t *run, *layer;
	size_t i, k;
	int e;

	if (want->n > NAMES_MAX)
		return erg_fail(err, -E2BIG, "%zu columns; expected at most %u", want->n,
			NAMES_MAX);
	e = erg_model_data_init(ret, want->names, want->n, want->response != NULL);
	if (e < 0)
		erg_fail_errno(err, e, "rows");
	json_array_foreach (runs, i, run) {
		r.run = run;
		note_origin(run, ret);
		json_array_foreach (json_object_get(run, "layers"), k, layer)
			if (e >= 0)
				e = want->whole && !strcmp(erg_text_of(run, "by"), "network")
					? add_network(&r, layer)
					: add_layer(&r, layer);
		if (e >= 0)
			e = finish_wholes(&r);
	}
	wholes_free(&r.wholes);
	if (e >= 0 && !ret->n)
		e = erg_fail(err, -ENODATA,
			"%s%s: no layer%s%s%s with a resolved %s (%zu left out)",
			erg_text_of(json_array_get(runs, 0), "archive"),
			json_array_size(runs) > 1 ? " and the other runs" : "",
			want->type ? " of type \"" : "", want->type ? want->type : "",
			want->type ? "\"" : "", want->response ? want->response : "value",
			ret->dropped);
	if (e < 0)
		erg_model_data_done(ret);
	return e;
}
