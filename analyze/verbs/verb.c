/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The options that verbs share. */
#include "analyze/verbs/verb.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
