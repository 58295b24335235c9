/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The text of `erg-record sources`.
 */
#include "record/sources/text.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "formats/base/terminal_json.h"

static const char *text(const json_t *j, const char *key)
{
	const char *s = json_string_value(json_object_get(j, key));

	return s ? s : "";
}

static double text_number(const json_t *j, const char *key)
{
	return json_number_value(json_object_get(j, key));
}

static void print_time(FILE *out, double ns)
{
	if (ns < 1e3)
		fprintf(out, "%.0f ns", ns);
	else if (ns < 1e6)
		fprintf(out, "%.1f us", ns * 1e-3);
	else if (ns < 1e9)
		fprintf(out, "%.1f ms", ns * 1e-6);
	else
		fprintf(out, "%.1f s", ns * 1e-9);
}

/* Of a recursive mean of weight ALPHA: how long a step takes to show by 63 %. */
static void print_ema(double alpha, double period_ns, FILE *out)
{
	fprintf(out, ", alpha %g", alpha);
	if (!(alpha > 0 && alpha < 1 && period_ns > 0))
		return;
	fprintf(out, " (time constant ");
	print_time(out, -period_ns / log1p(-alpha));
	fputc(')', out);
}

static void print_model(const json_t *source, FILE *out)
{
	const json_t *m = json_object_get(source, "model");

	fprintf(out, "  %s sensor (%s)", text(m, "kind"), text(m, "provenance"));
	if (text_number(m, "window_ns") > 0) {
		fprintf(out, ", window ");
		print_time(out, text_number(m, "window_ns"));
	}
	if (text_number(m, "period_ns") > 0) {
		fprintf(out, ", updates every ");
		print_time(out, text_number(m, "period_ns"));
	}
	if (!strcmp(text(m, "kind"), "ema"))
		print_ema(text_number(m, "alpha"), text_number(m, "period_ns"), out);
	if (text_number(source, "interval_ns") > 0) {
		fprintf(out, "; read every ");
		print_time(out, text_number(source, "interval_ns"));
	}
	fputc('\n', out);
}

static void print_cost(const json_t *source, FILE *out)
{
	const json_t *c = json_object_get(source, "read");

	if (!json_is_object(c))
		return;
	if (!text_number(c, "reads")) {
		fprintf(out, "  does not start: %s\n", text(c, "last_error"));
		return;
	}
	fprintf(out, "  one read: ");
	print_time(out, text_number(c, "p50_ns"));
	fprintf(out, " (p99 ");
	print_time(out, text_number(c, "p99_ns"));
	fprintf(out, "); %.1f new values a second", text_number(c, "distinct_per_s"));
	if (json_is_number(json_object_get(c, "native_period_s"))) {
		fprintf(out, ", one every ");
		print_time(out, text_number(c, "native_period_s") * 1e9);
	} else if (json_is_number(json_object_get(c, "distinct_per_s"))) {
		fprintf(out, " (too steady to tell its period)");
	}
	if (text_number(c, "errors") > 0)
		fprintf(out, "; %.0f of %.0f reads failed: %s", text_number(c, "errors"),
			text_number(c, "reads"), text(c, "last_error"));
	fputc('\n', out);
}

static const char *si_unit(const char *quantity)
{
	static const char *const units[][2] = {{"power", "W"}, {"energy", "J"}, {"voltage", "V"},
		{"current", "A"}, {"temperature", "degC"}, {"frequency", "Hz"}, {"time", "s"},
		{"speed", "rpm"}};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (!strcmp(units[i][0], quantity))
			return units[i][1];
	return "";
}

/* A rail whose parent another source has says so in words. */
static void print_channel(const json_t *channel, int depth, FILE *out)
{
	const char *parent = text(channel, "parent");
	const json_t *value = json_object_get(channel, "value");

	fprintf(out, "  %*s%-*s %-11s %-6s", depth * 2, "", 32 - depth * 2, text(channel, "rail"),
		text(channel, "quantity"), text(channel, "unit"));
	if (json_is_number(value))
		fprintf(out, " %.6g %s", json_number_value(value),
			si_unit(text(channel, "quantity")));
	if (!depth && *parent)
		fprintf(out, "  (part of %s)", parent);
	fputc('\n', out);
}

static bool has_rail(const json_t *channels, const char *rail)
{
	const json_t *c;
	size_t i;

	json_array_foreach ((json_t *)channels, i, c)
		if (!strcmp(text(c, "rail"), rail))
			return true;
	return false;
}

/* The channels whose parent is PARENT, each followed by its own children. A parent that this source
 * does not have makes a root. Depth is bounded against circles. */
static void print_tree(const json_t *channels, const char *parent, int depth, FILE *out)
{
	const json_t *c;
	size_t i;

	json_array_foreach ((json_t *)channels, i, c) {
		const char *p = text(c, "parent");
		bool root = !*p || !has_rail(channels, p);
		bool last = true;

		if (parent ? root || strcmp(p, parent) : !root)
			continue;
		print_channel(c, depth, out);
		/* Children come after the last channel of their rail (current, then voltage). */
		for (size_t k = i + 1; k < json_array_size(channels); k++)
			if (!strcmp(text(json_array_get(channels, k), "rail"), text(c, "rail")))
				last = false;
		if (last && depth < 8)
			print_tree(channels, text(c, "rail"), depth + 1, out);
	}
}

static void print_source(const json_t *s, FILE *out)
{
	fprintf(out, "%s  %s  %s%s\n", text(s, "kind"), text(s, "class"), text(s, "path"),
		json_is_true(json_object_get(s, "simulated")) ? "  [simulated]" : "");
	print_tree(json_object_get(s, "channels"), NULL, 0, out);
	print_model(s, out);
	print_cost(s, out);
	fputc('\n', out);
}

static double estimate(const json_t *c, const char *key, const char *which)
{
	return text_number(json_object_get(c, key), which);
}

/* Half of a 95 % interval, as everywhere. */
void erg_calibration_print_text(const json_t *c, FILE *out)
{
	const json_t *watts = json_object_get(c, "watts");

	fprintf(out, "%s (%s%s) against %s, %s, on %s\n", text(c, "rail"), text(c, "kind"),
		json_is_true(json_object_get(c, "simulated")) ? ", simulated" : "",
		text(c, "against"), text(c, "date"), text(c, "host"));
	fprintf(out, "  gain %.5g +-%.2g, offset %.4g +-%.2g W\n", estimate(c, "gain", "value"),
		2 * estimate(c, "gain", "u"), estimate(c, "offset_w", "value"),
		2 * estimate(c, "offset_w", "u"));
	fprintf(out, "  lag %.4g +-%.2g ms, window %.4g +-%.2g ms\n",
		1e3 * estimate(c, "lag_s", "value"), 2e3 * estimate(c, "lag_s", "u"),
		1e3 * estimate(c, "window_s", "value"), 2e3 * estimate(c, "window_s", "u"));
	fprintf(out, "  from %.0f readings in %g s, %.4g to %.4g W, r2 %.4f\n",
		text_number(c, "readings"), text_number(c, "seconds"),
		json_number_value(json_array_get(watts, 0)),
		json_number_value(json_array_get(watts, 1)), text_number(c, "r2"));
}

static void print_calibrations(const json_t *list, FILE *out)
{
	const json_t *c;
	size_t i;

	if (json_array_size(list))
		fprintf(out,
			"Calibrations, of which recordings apply those of their host and sensor:\n");
	json_array_foreach ((json_t *)list, i, c)
		erg_calibration_print_text(c, out);
	if (json_array_size(list))
		fputc('\n', out);
}

void erg_sources_print_text(const json_t *doc, FILE *out)
{
	json_auto_t *shown = erg_terminal_json(doc); /* names of rails and files are the kernel's */
	const json_t *sources = json_object_get(shown, "sources");
	const json_t *missing = json_object_get(shown, "missing");
	const json_t *j;
	bool power = false;
	size_t i;

	json_array_foreach ((json_t *)sources, i, j) {
		print_source(j, out);
		power |= !strcmp(text(j, "class"), "power");
	}
	if (!power)
		fprintf(out, "No source of power or energy: a recording will hold times only.\n\n");
	print_calibrations(json_object_get(shown, "calibrations"), out);
	json_array_foreach (json_object_get(shown, "warnings"), i, j)
		fprintf(out, "%s\n\n", json_string_value(j));
	if (json_array_size(missing))
		fprintf(out, "Missing or noteworthy:\n");
	json_array_foreach ((json_t *)missing, i, j) {
		fprintf(out, "  %s: %s%s%s\n", text(j, "kind"), text(j, "path"),
			*text(j, "path") ? ": " : "", text(j, "reason"));
		if (*text(j, "mend"))
			fprintf(out, "      mend: %s\n", text(j, "mend"));
	}
}
