/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * info without decoding. The keys are those of an archive that was decoded (info.c), so that whoever
 * reads them need not care; the figures of the readings are those that the summary has of each channel.
 */
#include "analyze/verbs/info_documents.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "analyze/account/overhead.h"
#include "analyze/result/estimate.h"
#include "formats/base/util.h"
#include "formats/sensor.h"

/* The element of ARRAY whose id is ID; NULL without one. */
static const json_t *by_id(const json_t *array, const json_t *id)
{
	const json_t *e;
	size_t i;

	json_array_foreach (array, i, e)
		if (id && json_equal(json_object_get(e, "id"), id))
			return e;
	return NULL;
}

static double seconds_of(const json_t *o, const char *key)
{
	return erg_number_of(o, key) * 1e-9;
}

static void copy_key(json_t *into, const char *key, const json_t *from, const char *key_there)
{
	json_t *v = json_object_get(from, key_there);

	json_object_set_new(into, key, v ? json_incref(v) : json_null());
}

/* "NAME_s" of "NAME_ns", for each of N NAMES. */
static void put_seconds(json_t *into, const char *const *names, size_t n, const json_t *from)
{
	for (size_t i = 0; i < n; i++) {
		char there[16], here[16];

		snprintf(there, sizeof(there), "%s_ns", names[i]);
		snprintf(here, sizeof(here), "%s_s", names[i]);
		json_object_set_new(into, here, erg_num_json(seconds_of(from, there)));
	}
}

static json_t *sensor(const json_t *source)
{
	const json_t *m = json_object_get(source, "sensor");
	static const char *const times[] = {"window", "period", "lag", "lag_u"};
	json_t *j = json_object();

	copy_key(j, "kind", m, "kind");
	copy_key(j, "provenance", m, "provenance");
	put_seconds(j, times, ERG_ARRAY_SIZE(times), m);
	copy_key(j, "alpha", m, "alpha");
	return j;
}

/* SOURCE and CHANNEL of the manifest; OUTCOME and FIGURES of the summary, or NULL. */
static json_t *channel(const json_t *source, const json_t *def, const json_t *outcome,
	const json_t *figures)
{
	static const char *const of_channel[] = {"rail", "parent", "quantity", "unit"};
	double span_s = seconds_of(figures, "last_ns") - seconds_of(figures, "first_ns");
	double interval_s = seconds_of(source, "interval_ns");
	double readings = erg_number_of(figures, "readings");
	json_t *j = json_object();

	for (size_t i = 0; i < ERG_ARRAY_SIZE(of_channel); i++)
		copy_key(j, of_channel[i], def, of_channel[i]);
	copy_key(j, "source", source, "kind");
	copy_key(j, "path", source, "path");
	copy_key(j, "simulated", source, "simulated");
	copy_key(j, "readings", figures, "readings");
	copy_key(j, "failed", outcome, "errors");
	json_object_set_new(j, "rate_hz", erg_num_json(span_s > 0 ? (readings - 1) / span_s : NAN));
	json_object_set_new(j, "asked_hz", erg_num_json(interval_s > 0 ? 1 / interval_s : NAN));
	json_object_set_new(j, "read_s",
		erg_num_json(readings > 0 ? seconds_of(outcome, "read_ns") : NAN));
	json_object_set_new(j, "lsb",
		erg_num_json(erg_number_of(def, "lsb") * erg_number_of(def, "scale")));
	json_object_set_new(j, "sensor", sensor(source));
	return j;
}

/* ---- rails ---- */

/* As erg_rail_rank(), of a channel of which the summary has FIGURES: 0 where none of its readings came. */
static int rank(const char *quantity, const json_t *figures)
{
	int q = erg_quantity_parse(quantity);

	if (q < 0 || erg_number_of(figures, "readings") <= 0)
		return 0;
	if (q == ERG_Q_CURRENT && !json_object_get(figures, "mean_w"))
		return 0; /* no voltage was read with it */
	return erg_rail_rank(q);
}

static json_t *rail_named(json_t *rails, const char *name)
{
	json_t *r;
	size_t i;

	json_array_foreach (rails, i, r)
		if (!strcmp(erg_text_of(r, "rail"), name))
			return r;
	return NULL;
}

/* RANKS has, by name, how well the channel stands for it that was taken so far. */
static void take_rail(json_t *rails, json_t *ranks, const json_t *channel, const json_t *figures)
{
	const char *name = erg_text_of(channel, "rail");
	const char *quantity = erg_text_of(channel, "quantity");
	int better = rank(quantity, figures);
	json_t *r = rail_named(rails, name);

	if (better <= json_integer_value(json_object_get(ranks, name)))
		return;
	json_object_set_new(ranks, name, json_integer(better));
	if (!r) {
		r = json_object();
		json_array_append_new(rails, r);
	}
	copy_key(r, "rail", channel, "rail");
	copy_key(r, "parent", channel, "parent");
	copy_key(r, "simulated", channel, "simulated");
	json_object_set_new(r, "from",
		json_string(strcmp(quantity, "energy") ? "power" : "energy"));
	copy_key(r, "mean_w", figures, "mean_w");
}

/* The root of the largest mean power, as erg_rail_choose() takes it; NULL where none is known. */
static const json_t *largest_root(json_t *rails)
{
	const json_t *r, *best = NULL;
	size_t i;

	json_array_foreach (rails, i, r)
		if (!rail_named(rails, erg_text_of(r, "parent")) &&
			isfinite(erg_number_of(r, "mean_w")) &&
			(!best || erg_number_of(r, "mean_w") > erg_number_of(best, "mean_w")))
			best = r;
	return best;
}

static int choose_rail(json_t *rails, const char *name, json_t *file, struct erg_err *err)
{
	const json_t *r = name ? rail_named(rails, name) : largest_root(rails);
	char list[512] = "";
	size_t i, len = 0;

	json_object_set_new(file, "rail",
		r ? json_incref(json_object_get(r, "rail")) : json_null());
	if (r || !name || strchr(name, '+') || !strcmp(name, "all-roots"))
		return 0;
	json_array_foreach (rails, i, r)
		if (len < sizeof(list) - 1)
			len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%s",
				i ? ", " : "", erg_text_of(r, "rail"));
	return erg_fail(err, -ENOENT, "no rail '%s'; there are: %s", name, list);
}

static int put_channels(const struct erg_timeline *tl, const char *rail, json_t *file,
	struct erg_err *err)
{
	json_t *channels = json_array(), *rails = json_array();
	json_auto_t *ranks = json_object();
	const json_t *source, *def;
	size_t i, k;

	json_array_foreach (json_object_get(tl->manifest, "sources"), i, source) {
		const json_t *outcome = by_id(json_object_get(tl->summary, "sources"),
			json_object_get(source, "id"));

		json_array_foreach (json_object_get(source, "channels"), k, def) {
			const json_t *figures =
				json_array_get(json_object_get(outcome, "channels"), k);
			json_t *c = channel(source, def, outcome, figures);

			json_array_append_new(channels, c);
			take_rail(rails, ranks, c, figures);
		}
	}
	json_object_set_new(file, "channels", channels);
	json_object_set_new(file, "rails", rails);
	return choose_rail(rails, rail, file, err);
}

/* ---- what else the summary has ---- */

/* Of a log, which has no such key, nothing is lost. */
static void put_losses(const json_t *summary, json_t *file)
{
	json_auto_t *nothing = json_pack("{s:i, s:i}", "layer_events", 0, "sample_events", 0);
	const json_t *lost = json_object_get(summary, "lost");

	lost = lost ? lost : nothing;
	copy_key(file, "lost_events", lost, "layer_events");
	copy_key(file, "lost_samples", lost, "sample_events");
	json_object_set_new(file, "losses", json_null());
}

/* "hwmon /sys/…: Input/output error x12; …" of the sources that could not be read. */
static json_t *failures(const json_t *summary, double *ret_errors)
{
	char text[1024] = "";
	size_t i, len = 0;
	const json_t *s;

	*ret_errors = 0;
	json_array_foreach (json_object_get(summary, "sources"), i, s) {
		double n = erg_number_of(s, "errors");

		if (!(n > 0))
			continue;
		*ret_errors += n;
		if (len < sizeof(text) - 1)
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s %s: %s x%.0f",
				len ? "; " : "", erg_text_of(s, "kind"), erg_text_of(s, "path"),
				erg_text_of(s, "last_error"), n);
	}
	return json_string(text);
}

static void put_sampler(const json_t *summary, json_t *file)
{
	static const char *const late[] = {"late_p50", "late_p99", "late_max", "cpu"};
	const json_t *s = json_object_get(summary, "sampler");
	json_t *j;
	double errors;

	if (!json_is_object(s))
		return;
	j = json_object();
	copy_key(j, "deadlines", s, "deadlines");
	copy_key(j, "missed", s, "missed");
	put_seconds(j, late, ERG_ARRAY_SIZE(late), s);
	copy_key(j, "cpu_share", s, "cpu_share");
	json_object_set_new(j, "detail", failures(summary, &errors));
	json_object_set_new(j, "errors", json_integer((json_int_t)errors));
	json_object_set_new(file, "overhead", j);
}

/* What only the chunks tell. */
static void put_unknown(json_t *file)
{
	static const char *const keys[] = {"networks", "layers", "layer_events", "tracks",
		"processes", "layer_counters", "markers", "phases"};

	for (size_t i = 0; i < ERG_ARRAY_SIZE(keys); i++)
		json_object_set_new(file, keys[i], json_null());
}

int erg_info_documents(const struct erg_timeline *tl, const char *rail, json_t *file,
	struct erg_err *err)
{
	int r = put_channels(tl, rail, file, err);

	if (r < 0)
		return r;
	json_object_set_new(file, "recorder", erg_overhead_result(tl, NULL));
	put_losses(tl->summary, file);
	put_sampler(tl->summary, file);
	put_unknown(file);
	return 0;
}
