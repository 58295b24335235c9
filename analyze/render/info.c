/* SPDX-License-Identifier: GPL-3.0-or-later */
/* info for people: a few "what: value" lines, then the channels and the phases as tables. */
#include "analyze/render/info.h"

#include <math.h>
#include <string.h>

#include "analyze/result/csv.h"
#include "analyze/render/table.h"
#include "formats/base/util.h"

static void label(FILE *out, const char *what)
{
	fprintf(out, "%s%-10s%s ", erg_text_dim(), what, erg_text_reset());
}

static void line(FILE *out, const char *what, const char *value)
{
	if (!*value)
		return;
	label(out, what);
	fprintf(out, "%s\n", value);
}

static void print_value(const json_t *v, FILE *out)
{
	if (json_is_string(v))
		fputs(json_string_value(v), out);
	else
		json_dumpf(v, out, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(9));
}

/* {"heatsink": "off"} as "heatsink=off". */
static void object(FILE *out, const char *what, const json_t *o)
{
	const char *key, *sep = "";
	json_t *v;

	if (!json_object_size(o))
		return;
	label(out, what);
	json_object_foreach ((json_t *)o, key, v) {
		fprintf(out, "%s%s=", sep, key);
		print_value(v, out);
		sep = "  ";
	}
	fputc('\n', out);
}

#define COMMAND_SHOWN 1000 /* bytes of a command line: it may be a whole script */

/* LIMIT bytes of TEXT at most, and no part of a character. */
static size_t text_cut(const char *text, size_t limit)
{
	while (limit && ((unsigned char)text[limit] & 0xc0) == 0x80)
		limit--;
	return limit;
}

static void command(FILE *out, const json_t *f)
{
	const json_t *argv = json_object_get(f, "command");
	size_t i, n = json_array_size(argv), room = COMMAND_SHOWN;

	if (!n)
		return;
	label(out, "command");
	for (i = 0; i < n && room; i++) {
		const json_t *arg = json_array_get(argv, i);
		const char *text = json_string_value(arg);
		size_t len = text ? strlen(text) : 0;

		fputs(i ? " " : "", out);
		if (len > room) {
			fprintf(out, "%.*s…", (int)text_cut(text, room), text);
			room = 0;
			continue;
		}
		print_value(arg, out);
		room -= len;
	}
	if (!room)
		fprintf(out, "   (cut; --format json has all %zu words)", n);
	if (json_object_get(f, "signal"))
		fprintf(out, "   (killed by signal %.0f)", erg_number_of(f, "signal"));
	else if (erg_number_of(f, "exit_status") > 0)
		fprintf(out, "   (exit status %.0f)", erg_number_of(f, "exit_status"));
	fputc('\n', out);
}

static void machine(FILE *out, const json_t *m)
{
	static const char *const keys[] = {"hostname", "board", "cpu_model", "arch", "kernel"};
	const char *sep = "";

	if (!json_object_size(m))
		return;
	label(out, "machine");
	for (size_t i = 0; i < ERG_ARRAY_SIZE(keys); i++) {
		if (!*erg_text_of(m, keys[i]))
			continue;
		fprintf(out, "%s%s", sep, erg_text_of(m, keys[i]));
		sep = ", ";
	}
	fputc('\n', out);
}

static void when(FILE *out, const json_t *f)
{
	const json_t *by = json_object_get(f, "generator");
	char buf[48];

	label(out, "recorded");
	fprintf(out, "%s%s%s", erg_text_of(f, "created_utc"),
		*erg_text_of(f, "created_utc") ? ", " : "",
		erg_text_si(buf, sizeof(buf), erg_number_of(f, "time_s"), "s"));
	if (*erg_text_of(f, "origin"))
		fprintf(out, ", %s", erg_text_of(f, "origin"));
	if (by)
		fprintf(out, ", by %s %s", erg_text_of(by, "name"), erg_text_of(by, "version"));
	if (json_is_false(json_object_get(f, "complete")))
		fprintf(out, ", INCOMPLETE%s%s", *erg_text_of(f, "reason") ? ": " : "",
			erg_text_of(f, "reason"));
	fputc('\n', out);
}

static void layers(FILE *out, const json_t *f)
{
	const json_t *nets = json_object_get(f, "networks");
	json_t *n;
	size_t i;

	label(out, "layers");
	if (json_is_null(json_object_get(f, "layer_events"))) {
		fputs("not counted: a large archive, of which no chunk was read (--decode does)\n",
			out);
		return;
	}
	fprintf(out, "%.0f instances of %.0f definitions, %zu tracks",
		erg_number_of(f, "layer_events"), erg_number_of(f, "layers"),
		json_array_size(json_object_get(f, "tracks")));
	json_array_foreach (nets, i, n)
		fprintf(out, "%s%s", i ? ", " : "; networks: ", json_string_value(n));
	fputc('\n', out);
}

static void losses(FILE *out, const json_t *f)
{
	const json_t *list = json_object_get(f, "losses"), *l;
	size_t i, unknown = 0;

	label(out, "lost");
	if (erg_number_of(f, "lost_events") + erg_number_of(f, "lost_samples") > 0 &&
		!json_is_array(list)) {
		fprintf(out, "%.0f layer events, %.0f samples\n", erg_number_of(f, "lost_events"),
			erg_number_of(f, "lost_samples"));
		return;
	}
	if (!json_array_size(list)) {
		/* the daemon's count, where the recorder could ask for it */
		fputs(json_is_null(json_object_get(f, "lost")) ? "unknown\n" : "nothing\n", out);
		return;
	}
	json_array_foreach (list, i, l)
		unknown += !json_integer_value(json_object_get(l, "events"));
	fprintf(out, "%.0f layer events, %.0f samples, in %zu places",
		erg_number_of(f, "lost_events"), erg_number_of(f, "lost_samples"),
		json_array_size(list));
	if (unknown)
		fprintf(out, "; an unknown number in %zu of them", unknown);
	fputc('\n', out);
}

static void overhead(FILE *out, const json_t *o)
{
	char p50[48], p99[48], max[48], share[32];

	if (!o)
		return;
	label(out, "sampler");
	fprintf(out,
		"%.0f times to read, %.0f left out; late by %s (median), %s (p99), %s (max); %s of a "
		"CPU; %.0f failed reads\n",
		erg_number_of(o, "deadlines"), erg_number_of(o, "missed"),
		erg_text_si(p50, sizeof(p50), erg_number_of(o, "late_p50_s"), "s"),
		erg_text_si(p99, sizeof(p99), erg_number_of(o, "late_p99_s"), "s"),
		erg_text_si(max, sizeof(max), erg_number_of(o, "late_max_s"), "s"),
		erg_text_percent(share, sizeof(share), erg_number_of(o, "cpu_share")),
		erg_number_of(o, "errors"));
	line(out, "", erg_text_of(o, "detail"));
}

/* "0.42 % (0.31 to 1.9 %)", and what is known where that is less. */
static const char *share(char *buf, size_t size, const json_t *est)
{
	double value = 100 * erg_number_of(est, "value"), lo = 100 * erg_number_of(est, "lo");
	double hi = 100 * erg_number_of(est, "hi");

	if (isfinite(value) && lo < hi)
		snprintf(buf, size, "%.3g %% (%.3g to %.3g %%)", value, lo, hi);
	else if (isfinite(value))
		snprintf(buf, size, "%.3g %%", value);
	else if (isfinite(hi))
		snprintf(buf, size, "at most %.3g %%", hi);
	else if (lo > 0)
		snprintf(buf, size, "at least %.3g %%", lo);
	else
		snprintf(buf, size, "an unknown part");
	return buf;
}

static void recorder_costs(FILE *out, const json_t *r)
{
	const json_t *event = json_object_get(r, "event_s");
	char buf[48], lo[48], hi[48];

	label(out, "");
	fprintf(out, "CPU time: erg-record %s",
		erg_text_si(buf, sizeof(buf), erg_number_of(r, "recorder_cpu_s"), "s"));
	if (isfinite(erg_number_of(r, "daemons_cpu_s")))
		fprintf(out, ", LTTng's daemons at most %s",
			erg_text_si(buf, sizeof(buf), erg_number_of(r, "daemons_cpu_s"), "s"));
	if (isfinite(erg_number_of(event, "value")))
		fprintf(out, "; an event %s (%s to %s)",
			erg_text_si(buf, sizeof(buf), erg_number_of(event, "value"), "s"),
			erg_text_si(lo, sizeof(lo), erg_number_of(event, "lo"), "s"),
			erg_text_si(hi, sizeof(hi), erg_number_of(event, "hi"), "s"));
	fputc('\n', out);
}

static void recorder(FILE *out, const json_t *r)
{
	char time[64], threads[64], beside[64];

	if (!json_is_object(r)) {
		line(out, "recorder", "its share of time and energy was not recorded");
		return;
	}
	label(out, "recorder");
	fprintf(out,
		"took %s of the time: %s by events in the threads, %s by what ran beside them\n",
		share(time, sizeof(time), json_object_get(r, "time_share")),
		share(threads, sizeof(threads), json_object_get(r, "time_share_threads")),
		share(beside, sizeof(beside), json_object_get(r, "time_share_beside")));
	if (*erg_text_of(r, "rail")) {
		label(out, "");
		fprintf(out, "and %s of the energy of %s%s\n",
			share(time, sizeof(time), json_object_get(r, "energy_share")),
			erg_text_of(r, "rail"),
			json_is_true(json_object_get(r, "simulated")) ? " (SIMULATED)" : "");
	}
	recorder_costs(out, r);
}

static int channels(FILE *out, const json_t *f, struct erg_err *err)
{
	_cleanup_(erg_rtable_freep) struct erg_rtable *t = erg_rtable_new();
	static const char *const titles[] = {"rail", "part of", "quantity", "source", "readings",
		"rate", "one read", "sensor", "window", "lag", "known from"};
	json_t *c;
	size_t i;

	for (i = 0; i < ERG_ARRAY_SIZE(titles); i++)
		erg_rtable_column(t, titles[i],
			((i >= 4 && i <= 6) || i == 8 || i == 9 ? ERG_COL_RIGHT
					: i == 3                ? ERG_COL_SHRINK
								: 0) |
				(i ? ERG_COL_DROP : 0));
	json_array_foreach (json_object_get(f, "channels"), i, c) {
		const json_t *s = json_object_get(c, "sensor");

		erg_rtable_text(t, c, "rail");
		erg_rtable_text(t, c, "parent");
		erg_rtable_cell(t, "%s [%s]", erg_text_of(c, "quantity"), erg_text_of(c, "unit"));
		erg_rtable_cell(t, "%s%s", erg_text_of(c, "source"),
			json_is_true(json_object_get(c, "simulated")) ? " (simulated)" : "");
		if (json_is_null(json_object_get(c, "readings")))
			erg_rtable_cell(t, "not counted"); /* nor does an old summary say it */
		else
			erg_rtable_cell(t, "%.0f", erg_number_of(c, "readings"));
		erg_rtable_si(t, c, "rate_hz", "Hz");
		erg_rtable_si(t, c, "read_s", "s");
		erg_rtable_text(t, s, "kind");
		erg_rtable_si(t, s, "window_s", "s");
		erg_rtable_si(t, s, "lag_s", "s");
		erg_rtable_text(t, s, "provenance");
	}
	if (!i && json_is_false(json_object_get(f, "decoded")))
		line(out, "channels",
			"the manifest names none (--decode finds those of the chunks)");
	fputc('\n', out);
	return i ? erg_rtable_print(t, out, erg_text_width(), err) : 0;
}

static int phases(FILE *out, const json_t *f, struct erg_err *err)
{
	_cleanup_(erg_rtable_freep) struct erg_rtable *t = erg_rtable_new();
	json_t *p;
	size_t i;

	erg_rtable_column(t, "phase", 0);
	erg_rtable_column(t, "from", ERG_COL_RIGHT);
	erg_rtable_column(t, "for", ERG_COL_RIGHT);
	json_array_foreach (json_object_get(f, "phases"), i, p) {
		erg_rtable_cell(t, "%s%s", erg_text_of(p, "name"),
			json_is_true(json_object_get(p, "open")) ? " (never ended)" : "");
		erg_rtable_si(t, p, "begin_s", "s");
		erg_rtable_si(t, p, "time_s", "s");
	}
	if (!i)
		return 0;
	fputc('\n', out);
	return erg_rtable_print(t, out, erg_text_width(), err);
}

int erg_info_text(const json_t *doc, FILE *out, struct erg_err *err)
{
	json_t *f;
	size_t i;
	int r;

	json_array_foreach (json_object_get(doc, "files"), i, f) {
		fprintf(out, "%s%s%s%s\n", i ? "\n" : "", erg_text_bold(),
			erg_text_of(f, "archive"), erg_text_reset());
		if (json_is_true(json_object_get(f, "simulated")))
			line(out, "power", "SIMULATED: it comes from a model, not from a sensor");
		command(out, f);
		when(out, f);
		machine(out, json_object_get(f, "machine"));
		object(out, "tags", json_object_get(f, "tags"));
		object(out, "knobs", json_object_get(f, "knobs"));
		layers(out, f);
		losses(out, f);
		overhead(out, json_object_get(f, "overhead"));
		recorder(out, json_object_get(f, "recorder"));
		r = channels(out, f, err);
		if (r >= 0)
			r = phases(out, f, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int erg_info_csv(const json_t *doc, FILE *out, struct erg_err *err)
{
	static const char *const keys[] = {"rail", "parent", "quantity", "unit", "source", "path",
		"simulated", "readings", "failed", "rate_hz", "asked_hz", "read_s", "lsb"};
	struct erg_csv c = {out, 0};
	size_t i, k;
	json_t *f, *ch;

	erg_csv_text(&c, "archive");
	for (size_t n = 0; n < ERG_ARRAY_SIZE(keys); n++)
		erg_csv_text(&c, keys[n]);
	erg_csv_end(&c);
	json_array_foreach (json_object_get(doc, "files"), i, f)
		json_array_foreach (json_object_get(f, "channels"), k, ch) {
			erg_csv_json(&c, json_object_get(f, "archive"));
			for (size_t n = 0; n < ERG_ARRAY_SIZE(keys); n++)
				erg_csv_json(&c, json_object_get(ch, keys[n]));
			erg_csv_end(&c);
		}
	return 0;
}
