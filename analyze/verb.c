/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the verbs share: common options, the frame of a result document, and its way to stdout.
 * A document is rendered into memory first, so that a renderer that fails halfway leaves nothing
 * on stdout, and a full disk or a closed pipe is noticed by the one write.
 */
#include "analyze/verb.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/render/table.h"

int erg_format_parse(const char *name)
{
	static const char *const names[] = {"text", "json", "csv"};

	for (size_t i = 0; i < ERG_ARRAY_SIZE(names); i++)
		if (!strcmp(name, names[i]))
			return (int)i;
	return -1;
}

static bool parse_jobs(const char *arg, unsigned int *ret)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(arg, &end, 10);
	if (errno || end == arg || *end || n < 1 || n > 1024 || *arg == '-')
		return false;
	*ret = (unsigned int)n;
	return true;
}

static bool parse_count(const char *name, const char *arg, uint64_t max, uint64_t *ret)
{
	char *end;

	errno = 0;
	*ret = strtoull(arg, &end, 10);
	if (!errno && end != arg && !*end && *arg != '-' && *ret <= max)
		return true;
	fprintf(stderr, "%s: '%s' is not a whole number up to %llu\n", name, arg,
		(unsigned long long)max);
	return false;
}

static bool parse_positive(const char *name, const char *arg, double *ret)
{
	char *end;

	*ret = strtod(arg, &end);
	if (end != arg && !*end && *ret > 0 && *ret < 1e12)
		return true;
	fprintf(stderr, "%s: '%s' is not a number above 0\n", name, arg);
	return false;
}

/* "0.0021" or "0.0021+-0.0001" */
static bool parse_lag(const char *arg, struct erg_common *common)
{
	char *end;

	common->lag_s = strtod(arg, &end);
	common->lag_given = true;
	common->lag_u_s = 0;
	if (end != arg && !strncmp(end, "+-", 2)) {
		arg = end + 2;
		common->lag_u_s = strtod(arg, &end);
	}
	if (end != arg && !*end && fabs(common->lag_s) < 1e6 && common->lag_u_s >= 0)
		return true;
	fprintf(stderr, "--lag: expected SECONDS or SECONDS+-UNCERTAINTY\n");
	return false;
}

static bool attribution_option(struct erg_common *common, int c, const char *arg)
{
	uint64_t n;

	switch (c) {
	case ERG_OPT_SEED:
		return parse_count("--seed", arg, UINT64_MAX - 1, &common->seed);
	case ERG_OPT_ROUNDS:
		if (!parse_count("--rounds", arg, 1000000, &n))
			return false;
		common->rounds = (unsigned int)n;
		return true;
	case ERG_OPT_CI_LIMIT:
		if (!parse_positive("--ci-limit", arg, &common->ci_limit))
			return false;
		common->ci_limit /= 100;
		return true;
	case ERG_OPT_COND_LIMIT:
		return parse_positive("--cond-limit", arg, &common->cond_limit);
	case ERG_OPT_LAG:
		return parse_lag(arg, common);
	default:
		return false;
	}
}

bool erg_common_option(struct erg_common *common, int c, const char *arg)
{
	int f;

	switch (c) {
	case ERG_OPT_FORMAT:
		f = erg_format_parse(arg);
		if (f < 0) {
			fprintf(stderr, "--format: '%s' is none of text, json, csv\n", arg);
			return false;
		}
		common->format = (enum erg_format)f;
		return true;
	case ERG_OPT_STRICT:
		common->strict = true;
		return true;
	case ERG_OPT_RAIL:
		common->rail = arg;
		return true;
	case ERG_OPT_JOBS:
		if (parse_jobs(arg, &common->reader.jobs))
			return true;
		fprintf(stderr, "--jobs: '%s' is not a number from 1 to 1024\n", arg);
		return false;
	case ERG_OPT_SENSOR:
		common->reader.sensor = arg;
		return true;
	default:
		return attribution_option(common, c, arg);
	}
}

int erg_usage(const char *verb, const char *help, bool asked)
{
	if (asked) {
		fputs(help, stdout);
		return 0;
	}
	fprintf(stderr, "'erg-analyze %s --help' tells the options\n", verb);
	return 2;
}

int erg_verb_archives(int argc, char **argv, const char *help,
	int (*fn)(int n, char *const *paths, const struct erg_common *common, struct erg_err *err),
	struct erg_err *err)
{
	static const struct option longs[] = {ERG_COMMON_OPTIONS, {0}};
	struct erg_common common = {0};
	int c;

	while ((c = getopt_long(argc, argv, "h", longs, NULL)) >= 0)
		if (!erg_common_option(&common, c, optarg))
			return erg_usage(argv[0], help, c == 'h');
	if (optind == argc) {
		fprintf(stderr, "no archive given\n");
		return erg_usage(argv[0], help, false);
	}
	return fn(argc - optind, argv + optind, &common, err);
}

json_t *erg_document_new(const char *verb)
{
	return json_pack("{s:s, s:{s:s, s:s, s:s}, s:[]}", "schema", "ergtrace/1", "tool", "name",
		"erg-analyze", "version", ERG_VERSION, "verb", verb, "warnings");
}

void erg_document_warn(json_t *doc, const char *code, const char *fmt, ...)
{
	_cleanup_(erg_freep) char *text = NULL;
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (r < 0) {
		text = NULL;
		return;
	}
	json_array_append_new(json_object_get(doc, "warnings"),
		json_pack("{s:s, s:s%}", "code", code, "text", text, (int)strlen(text)));
}

void erg_document_label(json_t *doc, bool simulated)
{
	simulated |= json_is_true(json_object_get(doc, "simulated"));
	json_object_set_new(doc, "simulated", json_boolean(simulated));
}

void erg_document_warn_timeline(json_t *doc, const struct erg_timeline *tl)
{
	size_t i;
	json_t *w;

	json_array_foreach (tl->warnings, i, w) {
		const char *code = json_string_value(json_object_get(w, "code"));
		const char *text = json_string_value(json_object_get(w, "text"));

		if (code && text)
			erg_document_warn(doc, code, "%s: %s", tl->archive, text);
	}
}

static int render(const json_t *doc, enum erg_format format, const struct erg_renderer *r,
	FILE *out, struct erg_err *err)
{
	if (format == ERG_FORMAT_TEXT) {
		json_auto_t *shown = erg_text_printable(doc);

		return shown ? r->text(shown, out, err) : erg_fail(err, -ENOMEM, "out of memory");
	}
	if (format == ERG_FORMAT_CSV) {
		if (!r->csv)
			return erg_fail(err, -EINVAL, "--format csv: this verb has no table to print");
		return r->csv(doc, out, err);
	}
	if (json_dumpf(doc, out, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) < 0)
		return erg_fail(err, -EIO, "the result cannot be written as JSON");
	fputc('\n', out);
	return 0;
}

static const char *warning_code(const json_t *w)
{
	const char *code = json_string_value(json_object_get(w, "code"));

	return code ? code : "";
}

/* The warnings of DOC on standard error. A directory of runs may have hundreds of a kind: then the
 * first few and their number stand for them, since the document has all. */
static void warnings_say(const json_t *doc)
{
	enum { SHOWN = 3 };
	json_auto_t *warnings = erg_text_printable(json_object_get(doc, "warnings"));
	const json_t *w, *other;
	size_t i, j;

	json_array_foreach (warnings, i, w) {
		const char *text = json_string_value(json_object_get(w, "text"));
		size_t before = 0, all = 0;

		json_array_foreach (warnings, j, other)
			if (!strcmp(warning_code(other), warning_code(w))) {
				all++;
				before += j < i;
			}
		if (before < SHOWN || all == SHOWN + 1)
			fprintf(stderr, "warning: %s\n", text ? text : "");
		else if (before == SHOWN)
			fprintf(stderr, "warning: and %zu more of the kind %s; --format json has all\n",
				all - SHOWN, warning_code(w));
	}
}

int erg_document_emit(const json_t *doc, enum erg_format format, const struct erg_renderer *r,
	int strict, struct erg_err *err)
{
	const json_t *warnings = json_object_get(doc, "warnings");
	_cleanup_(erg_freep) char *buf = NULL;
	size_t len = 0;
	FILE *mem = open_memstream(&buf, &len);
	int rc;

	if (!mem)
		return erg_fail_errno(err, -errno, "the result");
	rc = render(doc, format, r, mem, err);
	if (fclose(mem) && rc >= 0)
		rc = erg_fail_errno(err, -ENOMEM, "the result");
	if (rc < 0)
		return rc;
	warnings_say(doc);
	if (fwrite(buf, 1, len, stdout) != len || fflush(stdout))
		return erg_fail_errno(err, -errno, "standard output");
	return strict && json_array_size(warnings) ? 3 : 0;
}
