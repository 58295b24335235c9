/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The verdicts of a comparison for the pages of continuous integration. */
#include <math.h>
#include <string.h>

#include "analyze/render/compare.h"
#include "analyze/render/table.h"
#include "analyze/result/merged.h"
#include "formats/base/memory.h"
#include "formats/base/utf8.h"
#include "formats/base/util.h"

static const char *verdict_words(const char *verdict)
{
	static const char *const words[][2] = {{"more", "more"}, {"less", "less"},
		{"equivalent", "equivalent"}, {"not-more", "not more"},
		{"cannot-tell", "cannot tell"}};

	for (size_t i = 0; i < ERG_ARRAY_SIZE(words); i++)
		if (!strcmp(words[i][0], verdict))
			return words[i][1];
	return verdict;
}

/* "5", or, where a row is not resolved in all of them, "3 of 5" */
static void put_runs(const json_t *gate, const json_t *entry, const char *key, FILE *f)
{
	json_int_t n = json_integer_value(json_object_get(entry, key));
	json_int_t all = json_integer_value(json_object_get(gate, key));

	fprintf(f, "%lld", (long long)n);
	if (n < all)
		fprintf(f, " of %lld", (long long)all);
}

const char *erg_compare_verdict(char *buf, size_t len, const json_t *gate, const json_t *entry)
{
	const json_t *added = json_object_get(entry, "added");
	const char *verdict = erg_text_of(entry, "verdict");
	double more = erg_number_of(entry, "repetitions"), value = erg_number_of(added, "value");
	double lo = erg_number_of(added, "lo"), hi = erg_number_of(added, "hi");
	double within = erg_number_of(gate, "equivalent"),
	       above = erg_number_of(gate, "fail_above");
	FILE *f = fmemopen(buf, len, "w");

	buf[0] = '\0';
	if (!f)
		return buf;
	fputs(verdict_words(verdict), f);
	if (!strcmp(verdict, "equivalent"))
		fprintf(f, " within %.4g %%", 100 * within);
	if (above > 0 && (!strcmp(verdict, "not-more") || !strcmp(verdict, "more")))
		fprintf(f, " by %.4g %%", 100 * above);
	if (isfinite(value) && isfinite(hi))
		fprintf(f, ": %+.2f %% (90 %% interval %+.2f to %+.2f %%)", 100 * value, 100 * lo,
			100 * hi);
	else if (isfinite(value) && isfinite(lo))
		fprintf(f, ": %+.2f %% (90 %% interval from %+.2f %%, without an end)", 100 * value,
			100 * lo);
	else if (isfinite(value))
		fprintf(f, ": %+.2f %% (no interval)", 100 * value);
	else
		fputs(": not resolved on both sides", f);
	fputs(", ", f);
	put_runs(gate, entry, "base_runs", f);
	fputs(" and ", f);
	put_runs(gate, entry, "new_runs", f);
	fputs(" runs", f);
	if (!strcmp(verdict, "cannot-tell") && more > 0)
		fprintf(f, "; about %.0f a side would tell", more);
	fclose(f);
	buf[len - 1] = '\0';
	return buf;
}

/* May it be in XML 1.0, also by a reference? A reader refuses a file in which one may not. */
static bool in_xml(unsigned int c)
{
	return c == '\t' || c == '\n' || c == '\r' ||
		(c >= 0x20 && (c < 0xd800 || c > 0xdfff) && c != 0xfffe && c != 0xffff);
}

static void xml_text(FILE *out, const char *s)
{
	unsigned int c;

	for (size_t n; *s; s += n) {
		n = erg_utf8_character((const unsigned char *)s, &c);
		if (!in_xml(c)) {
			fputc('?', out);
			continue;
		}
		switch (*s) {
		case '&':
			fputs("&amp;", out);
			break;
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		default:
			fwrite(s, 1, n, out);
		}
	}
}

const char *erg_compare_apart(char *buf, size_t len, const json_t *layer, bool in_new)
{
	char energy[64];

	snprintf(buf, len, "only in %s (%s): no verdict of its own, it counts in ETS",
		in_new ? "NEW" : "BASE",
		erg_text_est_json(energy, sizeof(energy), json_object_get(layer, "energy_j"), "J"));
	return buf;
}

/* "ergtrace.energy.NETWORK.MODULE": what pages of tests group by */
static void junit_class(const json_t *entry, FILE *out)
{
	static const char *const keys[] = {"network", "module"};

	fputs("    <testcase classname=\"ergtrace.energy", out);
	for (size_t i = 0; i < ERG_ARRAY_SIZE(keys); i++)
		if (*erg_text_of(entry, keys[i])) {
			fputc('.', out);
			xml_text(out, erg_text_of(entry, keys[i]));
		}
	fputc('"', out);
}

/* All of a merged row's: a page of tests keeps a case by its name. */
static void junit_name(const json_t *layer, FILE *out)
{
	_cleanup_(erg_freep) char *name = erg_noted(erg_merged_name(layer, SIZE_MAX));

	fputs(" name=\"", out);
	xml_text(out, name ? name : "");
	fputs("\">\n", out);
}

/* What one side alone has is skipped: there is no test of it. */
static void junit_apart(const json_t *layers, bool in_new, FILE *out)
{
	const json_t *l;
	char text[256];
	size_t i;

	json_array_foreach ((json_t *)layers, i, l) {
		junit_class(l, out);
		junit_name(l, out);
		fputs("      <skipped message=\"", out);
		xml_text(out, erg_compare_apart(text, sizeof(text), l, in_new));
		fputs("\"/>\n    </testcase>\n", out);
	}
}

/* LAYER: what it is called after; NULL of the whole. */
static void junit_case(const json_t *gate, const json_t *layer, const json_t *entry, FILE *out)
{
	const char *verdict = erg_text_of(entry, "verdict");
	char text[256];

	erg_compare_verdict(text, sizeof(text), gate, entry);
	junit_class(entry, out);
	if (layer)
		junit_name(layer, out);
	else
		fputs(" name=\"ETS\">\n", out);
	if (!strcmp(verdict, "more") || !strcmp(verdict, "cannot-tell")) {
		/* what is not known has not failed, and has not passed */
		bool failed = !strcmp(verdict, "more");

		fprintf(out, "      <%s message=\"", failed ? "failure" : "skipped");
		xml_text(out, text);
		fputs("\"/>\n", out);
	}
	fputs("      <system-out>", out);
	xml_text(out, text);
	fputs("</system-out>\n    </testcase>\n", out);
}

static size_t count_of(const json_t *gate, const char *verdict)
{
	const json_t *l;
	size_t i, n = !strcmp(erg_text_of(json_object_get(gate, "total"), "verdict"), verdict);

	json_array_foreach (json_object_get(gate, "layers"), i, l)
		n += !strcmp(erg_text_of(l, "verdict"), verdict);
	return n;
}

int erg_compare_junit(const json_t *doc, FILE *out, struct erg_err *err)
{
	const json_t *gate = json_object_get(doc, "gate"), *l;
	const size_t apart = json_array_size(json_object_get(gate, "only_base")) +
		json_array_size(json_object_get(gate, "only_new"));
	size_t i, n = 1 + json_array_size(json_object_get(gate, "layers")) + apart;
	size_t failed = count_of(gate, "more"), skipped = count_of(gate, "cannot-tell") + apart;

	(void)err;
	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n", out);
	fprintf(out, "<testsuites tests=\"%zu\" failures=\"%zu\" skipped=\"%zu\">\n", n, failed,
		skipped);
	fprintf(out,
		"  <testsuite name=\"energy%s\" tests=\"%zu\" failures=\"%zu\" errors=\"0\" "
		"skipped=\"%zu\">\n",
		json_is_true(json_object_get(doc, "simulated")) ? " (SIMULATED power)" : "", n,
		failed, skipped);
	junit_case(gate, NULL, json_object_get(gate, "total"), out);
	json_array_foreach (json_object_get(gate, "layers"), i, l)
		junit_case(gate, l, l, out);
	junit_apart(json_object_get(gate, "only_base"), false, out);
	junit_apart(json_object_get(gate, "only_new"), true, out);
	fputs("  </testsuite>\n</testsuites>\n", out);
	return 0;
}

static void markdown_text(FILE *out, const char *s)
{
	for (; *s; s++) {
		if (strchr("|\\`*_<>[]", *s))
			fputc('\\', out);
		fputc(*s, out);
	}
}

static void markdown_name(FILE *out, const json_t *layer)
{
	_cleanup_(erg_freep) char *name = erg_noted(erg_merged_name(layer, ERG_MERGED_SHOWN));

	markdown_text(out, name ? name : "");
}

/* LAYER: what it is called after; NULL of the whole. */
static void markdown_row(const json_t *layer, const json_t *x, const json_t *gate,
	const json_t *entry, FILE *out)
{
	char a[64], b[64], c[64], text[256];

	fputs("| ", out);
	if (layer)
		markdown_name(out, layer);
	else
		fputs("ETS", out);
	fprintf(out, " | %s | %s | %s | %s |\n",
		erg_text_est_json(a, sizeof(a), json_object_get(x, "a"), "J"),
		erg_text_est_json(b, sizeof(b), json_object_get(x, "b"), "J"),
		erg_text_percent(c, sizeof(c), erg_number_of(x, "relative")),
		entry ? erg_compare_verdict(text, sizeof(text), gate, entry)
			: json_is_true(json_object_get(x, "significant")) ? "significant at 5 %"
									  : "");
}

static bool is_of(const json_t *entry, const json_t *layer)
{
	static const char *const keys[] = {"name", "network", "module"};
	bool same = true;

	for (size_t i = 0; i < ERG_ARRAY_SIZE(keys); i++)
		same = same && !strcmp(erg_text_of(entry, keys[i]), erg_text_of(layer, keys[i]));
	return same;
}

const json_t *erg_compare_entry(const json_t *gate, const json_t *layer)
{
	const json_t *l;
	size_t i;

	json_array_foreach (json_object_get(gate, "layers"), i, l)
		if (is_of(l, layer))
			return l;
	return NULL;
}

static void markdown_apart(const json_t *layers, bool in_new, FILE *out)
{
	const json_t *l;
	char text[256];
	size_t i;

	json_array_foreach ((json_t *)layers, i, l) {
		fputs(i ? "- " : "\n- ", out);
		markdown_name(out, l);
		fprintf(out, ": %s\n", erg_compare_apart(text, sizeof(text), l, in_new));
	}
}

int erg_compare_markdown(const json_t *doc, FILE *out, struct erg_err *err)
{
	const json_t *gate = json_object_get(doc, "gate"), *l;
	size_t i;

	(void)err;
	fprintf(out, "### Energy: %s%s\n\n", verdict_words(erg_text_of(gate, "verdict")),
		json_is_true(json_object_get(doc, "simulated")) ? " (SIMULATED power)" : "");
	fputs("| | base | new | change | verdict |\n|---|---:|---:|---:|---|\n", out);
	markdown_row(NULL, json_object_get(json_object_get(doc, "total"), "ets_j"), gate,
		json_object_get(gate, "total"), out);
	json_array_foreach (json_object_get(doc, "layers"), i, l)
		markdown_row(l, json_object_get(l, "energy_j"), gate, erg_compare_entry(gate, l),
			out);
	markdown_apart(json_object_get(gate, "only_base"), false, out);
	markdown_apart(json_object_get(gate, "only_new"), true, out);
	return 0;
}
