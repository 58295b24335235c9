/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The verb run: its options, all of which are checked before anything is started, since a wrong word
 * must not cost a recording.
 */
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "formats/base/number.h"
#include "formats/base/say.h"
#include "formats/base/util.h"
#include "record/run/annotate.h"
#include "record/run/run.h"
#include "record/verbs/verb.h"

enum {
	OPT_DITHER = 256,
	OPT_SYSFS,
	OPT_IDLE,
	OPT_ANNOTATE,
	OPT_TAG,
	OPT_FACTOR,
	OPT_SPOOL,
	OPT_SPOOL_LIMIT,
	OPT_CHUNK,
	OPT_CHUNK_TIME,
	OPT_COMPRESS,
	OPT_DURATION,
	OPT_TO,
	OPT_FORCE,
	OPT_CPU,
	OPT_LAYER_BEGIN,
};

static const struct option longopts[] = {
	{"output", required_argument, NULL, 'o'},
	{"rate", required_argument, NULL, 'r'},
	{"dither", required_argument, NULL, OPT_DITHER},
	{"source", required_argument, NULL, 's'},
	{"sysfs", required_argument, NULL, OPT_SYSFS},
	{"counters", required_argument, NULL, 'c'},
	{"idle", required_argument, NULL, OPT_IDLE},
	{"annotate", required_argument, NULL, OPT_ANNOTATE},
	{"tag", required_argument, NULL, OPT_TAG},
	{"factor", required_argument, NULL, OPT_FACTOR},
	{"spool", required_argument, NULL, OPT_SPOOL},
	{"spool-limit", required_argument, NULL, OPT_SPOOL_LIMIT},
	{"chunk", required_argument, NULL, OPT_CHUNK},
	{"chunk-time", required_argument, NULL, OPT_CHUNK_TIME},
	{"compress", required_argument, NULL, OPT_COMPRESS},
	{"duration", required_argument, NULL, OPT_DURATION},
	{"to", required_argument, NULL, OPT_TO},
	{"force", no_argument, NULL, OPT_FORCE},
	{"cpu", required_argument, NULL, OPT_CPU},
	{"layer-begin", no_argument, NULL, OPT_LAYER_BEGIN},
	{"quiet", no_argument, NULL, 'q'},
	{"help", no_argument, NULL, 'h'},
	{0},
};

static const char help[] =
	"Usage: erg-record [run] [options] -- COMMAND [ARG...]\n"
	"       erg-record [run] [options] --duration S\n\n"
	"Runs COMMAND, samples every sensor there is, and writes one archive.\n\n"
	"  -o, --output FILE.erg    default: COMMAND-UTCTIME.erg in this directory\n"
	"      --force              replace FILE.erg if it exists\n"
	"  -r, --rate HZ            rate of the fast sources (1000)\n"
	"      --dither PCT         deadlines vary by up to PCT of the period (10)\n"
	"  -s, --source LIST        sources by name, or auto: everything found (auto);\n"
	"                           erg-record sources lists them; exec:COMMAND reads a program\n"
	"      --sysfs DIR          sensors and knobs from DIR instead of /sys\n"
	"  -c, --counters LIST      events by name: instructions,cycles,...\n"
	"      --idle SECONDS       record an idle baseline before and after\n"
	"      --annotate LIST      adapters to load for the command, or auto\n"
	"      --tag KEY=VALUE      kept in the manifest; may be repeated\n"
	"      --factor KEY=VALUE   the same for a setting that an experiment varies\n"
	"      --duration S         stop after S seconds; without COMMAND, record the machine\n"
	"      --spool DIR          where raw chunks wait (beside the output)\n"
	"      --spool-limit MIB    end the recording before the spool is larger (none)\n"
	"      --chunk MIB          size of a chunk (32)\n"
	"      --chunk-time S       longest time of a chunk (300)\n"
	"      --compress WHEN      during the run, or after it (after)\n"
	"      --to HOST[:PORT]     stream to lttng-relayd on HOST; see erg-record collect\n"
	"      --cpu N              where the sampler runs (the idlest CPU)\n"
	"      --layer-begin        record layers when they begin, too\n"
	"  -q, --quiet              no summary at the end\n\n"
	"The exit status is the command's own; 1 when the recording failed, 2 for wrong usage.\n";

static int wrong(const char *option, const char *value, const char *expected)
{
	erg_say("%s '%s': expected %s", option, value, expected);
	return 2;
}

static int number(const char *option, double lo, double hi, double *ret)
{
	char expected[64];

	if (erg_number_parse(optarg, lo, hi, ret))
		return 0;
	snprintf(expected, sizeof(expected), "a number from %g to %g", lo, hi);
	return wrong(option, optarg, expected);
}

static int mebibytes(const char *option, double lo, uint64_t *ret)
{
	double v;
	int r = number(option, lo, 1e9, &v);

	if (!r)
		*ret = (uint64_t)(v * 1048576.0);
	return r;
}

static int tag(struct erg_run_options *o)
{
	const char *eq = strchr(optarg, '=');
	_cleanup_(erg_freep) char *key = eq ? strndup(optarg, (size_t)(eq - optarg)) : NULL;

	if (!key || !*key || json_object_set_new(o->tags, key, json_string(eq + 1)) < 0)
		return wrong("--tag", optarg, "KEY=VALUE in UTF-8");
	return 0;
}

/* A number stays a number, so that analyses can order and fit it. */
static json_t *factor_value(const char *text)
{
	char *end;
	long long whole = strtoll(text, &end, 10);
	double v;

	if (end != text && !*end && llabs(whole) < (1ll << 53))
		return json_integer(whole);
	return erg_number_parse(text, -1e300, 1e300, &v) ? json_real(v) : json_string(text);
}

static int factor(struct erg_run_options *o)
{
	const char *eq = strchr(optarg, '=');
	_cleanup_(erg_freep) char *key = eq ? strndup(optarg, (size_t)(eq - optarg)) : NULL;

	if (!key || !*key || json_object_set_new(o->factors, key, factor_value(eq + 1)) < 0)
		return wrong("--factor", optarg, "KEY=VALUE in UTF-8");
	return 0;
}

static int annotate(const char *list)
{
	struct erg_err err;

	if (erg_annotate_known(list, &err))
		return 0;
	erg_say("%s", err.msg);
	return 2;
}

static int compress(struct erg_run_options *o)
{
	if (strcmp(optarg, "during") && strcmp(optarg, "after"))
		return wrong("--compress", optarg, "during or after");
	o->compress_during = !strcmp(optarg, "during");
	return 0;
}

/* Options that take a number. Returns -1 for another option. */
static int parse_number(int c, struct erg_run_options *o)
{
	double v = 0;
	int r;

	switch (c) {
	case 'r':
		return number("--rate", 0.01, 100000, &o->rate_hz);
	case OPT_DITHER:
		r = number("--dither", 0, 100, &v);
		o->dither = v / 100;
		return r;
	case OPT_IDLE:
		return number("--idle", 0, 86400, &o->idle_s);
	case OPT_DURATION:
		return number("--duration", 0.001, 1e8, &o->duration_s);
	case OPT_SPOOL_LIMIT:
		return mebibytes("--spool-limit", 1, &o->spool_limit_bytes);
	case OPT_CHUNK:
		return mebibytes("--chunk", 0.0625, &o->chunk_bytes);
	case OPT_CHUNK_TIME:
		r = number("--chunk-time", 0.1, 1e6, &v);
		o->chunk_period_ns = (uint64_t)(v * 1e9);
		return r;
	case OPT_CPU:
		r = number("--cpu", 0, 4095, &v);
		o->cpu = (int)v;
		return r;
	}
	return -1;
}

static int parse_one(int c, struct erg_run_options *o)
{
	switch (c) {
	case 'o':
		free(o->output);
		o->output = strdup(optarg);
		return o->output ? 0 : 2;
	case 's':
		o->sources = optarg;
		return 0;
	case OPT_SYSFS:
		o->sysfs = optarg;
		return access(optarg, X_OK) < 0 ? wrong("--sysfs", optarg, "a directory") : 0;
	case 'c':
		o->counters = optarg;
		return 0;
	case OPT_ANNOTATE:
		o->annotate = optarg;
		return annotate(optarg);
	case OPT_FACTOR:
		return factor(o);
	case OPT_TAG:
		return tag(o);
	case OPT_SPOOL:
		o->spool = optarg;
		return 0;
	case OPT_COMPRESS:
		return compress(o);
	case OPT_TO:
		o->to = optarg;
		return *optarg ? 0 : wrong("--to", optarg, "HOST[:PORT]");
	case OPT_FORCE:
		o->force = true;
		return 0;
	case OPT_LAYER_BEGIN:
		o->layer_begin = true;
		return 0;
	case 'q':
		o->quiet = true;
		return 0;
	}
	return parse_number(c, o);
}

/* COMMAND-UTCTIME.erg; without a command machine-UTCTIME.erg. */
static char *output_default(const struct erg_run_options *o)
{
	const char *name = o->argv ? o->argv[0] : "machine";
	time_t now = time(NULL);
	char stamp[32], *ret;
	struct tm tm;

	if (strrchr(name, '/'))
		name = strrchr(name, '/') + 1;
	gmtime_r(&now, &tm);
	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &tm);
	return asprintf(&ret, "%s-%s.erg", *name ? name : "run", stamp) < 0 ? NULL : ret;
}

static int complete(struct erg_run_options *o, int argc, char **argv)
{
	if (optind < argc) {
		o->argv = argv + optind;
		o->argc = argc - optind;
	}
	if (!o->argv && !o->duration_s) {
		erg_say("nothing to record: expected -- COMMAND or --duration S");
		return 2;
	}
	if (o->to && o->output) {
		erg_say("--to and --output exclude each other: "
			"erg-record collect writes the archive");
		return 2;
	}
	if (!o->to && !o->output) {
		o->output = output_default(o);
		return o->output ? 0 : 2;
	}
	return 0;
}

/* Returns 0, 1 when --help was printed, or 2 for wrong usage (which was said on stderr). */
static int options_parse(int argc, char **argv, struct erg_run_options *ret)
{
	struct erg_run_options o = {
		.rate_hz = 1000,
		.dither = 0.1,
		.sources = "auto",
		.sysfs = "/sys",
		.chunk_bytes = 32u << 20,
		.chunk_period_ns = 300ull * ERG_NSEC_PER_SEC,
		.cpu = -1,
		.tags = json_object(),
		.factors = json_object(),
	};
	int c, r = 0;

	optind = 0;
	while (!r && (c = getopt_long(argc, argv, "+o:r:s:c:qh", longopts, NULL)) >= 0) {
		if (c == 'h') {
			fputs(help, stdout);
			r = 1;
		} else {
			r = c == '?' ? 2 : parse_one(c, &o);
		}
	}
	if (!r)
		r = complete(&o, argc, argv);
	if (r)
		erg_run_options_release(&o);
	else
		*ret = o;
	return r;
}

static int verb_run(int argc, char **argv, struct erg_err *err)
{
	struct erg_run_options options;
	int r = options_parse(argc, argv, &options);

	return r == 1 ? 0 : r ? r : erg_run(&options, argc, argv, err);
}

const struct erg_record_verb erg_record_verb_run = {
	.name = "run",
	.about = "record a command, or the machine for some time",
	.run = verb_run,
};
