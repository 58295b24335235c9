/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The verb run: its options, all of which are checked before anything is started, since a wrong word
 * must not cost a recording.
 */
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "formats/base/number.h"
#include "formats/base/options.h"
#include "formats/base/util.h"
#include "record/run/annotate.h"
#include "record/run/run.h"
#include "record/verbs/verb.h"

/* KEY=VALUE into OBJECT. */
static int pair_take(json_t *object, const char *arg, json_t *(*value)(const char *text),
	struct erg_err *err)
{
	const char *eq = strchr(arg, '=');
	_cleanup_(erg_freep) char *key = eq ? strndup(arg, (size_t)(eq - arg)) : NULL;

	if (!key || !*key || json_object_set_new(object, key, value(eq + 1)) < 0)
		return erg_fail(err, -EINVAL, "KEY=VALUE in UTF-8");
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

static int take_factor(void *into, const char *arg, struct erg_err *err)
{
	return pair_take(((struct erg_run_options *)into)->factors, arg, factor_value, err);
}

static int take_tag(void *into, const char *arg, struct erg_err *err)
{
	return pair_take(((struct erg_run_options *)into)->tags, arg, json_string, err);
}

static int take_beside(void *into, const char *arg, struct erg_err *err)
{
	return pair_take(((struct erg_run_options *)into)->beside, arg, json_string, err);
}

static int take_output(void *into, const char *arg, struct erg_err *err)
{
	struct erg_run_options *o = into;

	free(o->output);
	o->output = strdup(arg);
	return o->output ? 0 : erg_fail(err, -ENOMEM, "memory");
}

static int take_sysfs(void *into, const char *arg, struct erg_err *err)
{
	((struct erg_run_options *)into)->sysfs = arg;
	return access(arg, X_OK) < 0 ? erg_fail(err, -EINVAL, "a directory") : 0;
}

static int take_annotate(void *into, const char *arg, struct erg_err *err)
{
	struct erg_err known = {0};

	((struct erg_run_options *)into)->annotate = arg;
	return erg_annotate_known(arg, &known) ? 0 : erg_fail(err, -EINVAL, "%s", known.msg);
}

static int take_attach(void *into, const char *arg, struct erg_err *err)
{
	const char *p = arg;
	double pid;

	((struct erg_run_options *)into)->attach = arg;
	if (!strcmp(arg, "all"))
		return 0;
	do {
		_cleanup_(erg_freep) char *one = strndup(p, strcspn(p, ","));

		if (!one || strspn(one, "0123456789") != strlen(one) ||
			!erg_number_parse(one, 1, INT_MAX, &pid))
			return erg_fail(err, -EINVAL, "all, or pids with commas between");
		p += strcspn(p, ",");
	} while (*p++);
	return 0;
}

static int take_compress(void *into, const char *arg, struct erg_err *err)
{
	if (strcmp(arg, "during") && strcmp(arg, "after"))
		return erg_fail(err, -EINVAL, "during or after");
	((struct erg_run_options *)into)->compress_during = !strcmp(arg, "during");
	return 0;
}

static int take_to(void *into, const char *arg, struct erg_err *err)
{
	((struct erg_run_options *)into)->to = arg;
	return *arg ? 0 : erg_fail(err, -EINVAL, "HOST[:PORT]");
}

/* A number in [LO, HI], in units of which SCALE make one of *RET. */
static int whole_take(const char *arg, double lo, double hi, double scale, uint64_t *ret,
	struct erg_err *err)
{
	double v;

	if (!erg_number_parse(arg, lo, hi, &v))
		return erg_fail(err, -EINVAL, "a number from %g to %g", lo, hi);
	*ret = (uint64_t)(v * scale);
	return 0;
}

#define MIB 1048576.
#define CPU_MAX 4095

static int take_spool_limit(void *into, const char *arg, struct erg_err *err)
{
	return whole_take(arg, 1, 1e9, MIB, &((struct erg_run_options *)into)->spool_limit_bytes,
		err);
}

static int take_chunk(void *into, const char *arg, struct erg_err *err)
{
	return whole_take(arg, 0.0625, 1e9, MIB, &((struct erg_run_options *)into)->chunk_bytes,
		err);
}

static int take_chunk_time(void *into, const char *arg, struct erg_err *err)
{
	return whole_take(arg, 0.1, 1e6, 1e9, &((struct erg_run_options *)into)->chunk_period_ns,
		err);
}

static int take_cpu(void *into, const char *arg, struct erg_err *err)
{
	double cpu;

	if (!erg_number_parse(arg, 0, CPU_MAX, &cpu) || cpu != floor(cpu))
		return erg_fail(err, -EINVAL, "a whole number from 0 to %d", CPU_MAX);
	((struct erg_run_options *)into)->cpu = (int)cpu;
	return 0;
}

#define AT(field) offsetof(struct erg_run_options, field)

static const struct erg_option what[] = {
	{"output", 'o', "FILE.erg", "default: COMMAND-UTCTIME.erg in this directory",
		ERG_OPTION_CALL, .take = take_output},
	{"force", 0, NULL, "replace FILE.erg if it exists", ERG_OPTION_FLAG, AT(force)},
	{"annotate", 0, "LIST", "adapters to load for the command, auto, or lttng:RULES.yaml",
		ERG_OPTION_CALL, .take = take_annotate},
	{"attach", 0, "PID,...|all",
		"record these running programs, too, or every annotated program", ERG_OPTION_CALL,
		.take = take_attach},
	{"counters", 'c', "LIST", "events by name: instructions,cycles,...", ERG_OPTION_TEXT,
		AT(counters)},
	{"process-counters", 0, "LIST",
		"the command as a whole, with all that it starts: its CPU time, and events by name, "
		"read ten times a second; none: the CPU time alone",
		ERG_OPTION_TEXT, AT(process_counters)},
	{"beside", 0, "NAME=FILE",
		"a program that runs beside, counted likewise; FILE says which process it is (see the "
		"manual); may be repeated",
		ERG_OPTION_CALL, .take = take_beside},
	{"progress", 0, "FILE", "such a file of the command: how far its work is", ERG_OPTION_TEXT,
		AT(progress)},
	{"idle", 0, "SECONDS", "record an idle baseline before and after", ERG_OPTION_NUMBER,
		AT(idle_s), 0, 86400},
	{"duration", 0, "S", "stop after S seconds; without COMMAND, record the machine",
		ERG_OPTION_NUMBER, AT(duration_s), 0.001, 1e8},
	{"tag", 0, "KEY=VALUE", "kept in the manifest; may be repeated", ERG_OPTION_CALL,
		.take = take_tag},
	{"factor", 0, "KEY=VALUE", "the same for a setting that an experiment varies",
		ERG_OPTION_CALL, .take = take_factor},
	{"keep-fds", 0, NULL, "a command that closes all its descriptors keeps LTTng's",
		ERG_OPTION_FLAG, AT(keep_fds)},
	{"no-command", 0, NULL, "keep the command's name and not its arguments", ERG_OPTION_FLAG,
		AT(no_command)},
	{"live", 0, NULL,
		"show it while it goes on, as erg-record top does: a screen on a terminal, which "
		"holds back what the command prints; lines on standard error elsewhere",
		ERG_OPTION_FLAG, AT(live)},
	{"quiet", 'q', NULL, "no summary at the end", ERG_OPTION_FLAG, AT(quiet)},
	{0},
};
static const struct erg_option sensors[] = {
	{"rate", 'r', "HZ", "rate of the fast sources (1000)", ERG_OPTION_NUMBER, AT(rate_hz), 0.01,
		100000},
	{"dither", 0, "PCT", "deadlines vary by up to PCT of the period (10)", ERG_OPTION_NUMBER,
		AT(dither), 0, 100, .01},
	{"source", 's', "LIST",
		"sources by name, or auto: everything found (auto); erg-record sources "
		"lists them; exec:COMMAND reads a program",
		ERG_OPTION_TEXT, AT(sources)},
	{"sysfs", 0, "DIR", "sensors and knobs from DIR instead of /sys", ERG_OPTION_CALL,
		.take = take_sysfs},
	{"cpu", 0, "N", "where the sampler runs (the idlest CPU)", ERG_OPTION_CALL,
		.take = take_cpu},
	{0},
};
static const struct erg_option data[] = {
	{"spool", 0, "DIR", "where raw chunks wait (beside the output)", ERG_OPTION_TEXT,
		AT(spool)},
	{"spool-limit", 0, "MIB", "end the recording before the spool is larger (none)",
		ERG_OPTION_CALL, .take = take_spool_limit},
	{"chunk", 0, "MIB", "size of a chunk (32)", ERG_OPTION_CALL, .take = take_chunk},
	{"chunk-time", 0, "S", "longest time of a chunk (300)", ERG_OPTION_CALL,
		.take = take_chunk_time},
	{"compress", 0, "WHEN", "during the run, or after it (after)", ERG_OPTION_CALL,
		.take = take_compress},
	{"to", 0, "HOST[:PORT]", "stream to lttng-relayd on HOST; see erg-record collect",
		ERG_OPTION_CALL, .take = take_to},
	{"layer-begin", 0, NULL, "record layers when they begin, too", ERG_OPTION_FLAG,
		AT(layer_begin)},
	{0},
};
static const struct erg_option_group groups[] = {{NULL, what, 0, false},
	{"Sensors", sensors, 0, false}, {"What becomes of the data", data, 0, false}, {0}};
static const struct erg_command command = {
	.program = "erg-record",
	.verb = "run",
	.synopsis = "[options] -- COMMAND [ARG...]\n[options] --duration S",
	.about =
		"Runs COMMAND, samples every sensor there is, and writes one archive. The word run may be "
		"left out.",
	.groups = groups,
	.ending =
		"The exit status is the command's own; 1 when the recording failed, 2 for wrong usage.",
	.stops = true,
};

/* COMMAND-UTCTIME.erg; without a command machine-UTCTIME.erg. */
static char *output_default(const struct erg_run_options *o)
{
	const char *name = o->argv ? o->argv[0] : "machine";
	time_t now = time(NULL);
	char stamp[32], *ret;
	struct tm tm;

	name = erg_base_name(name);
	gmtime_r(&now, &tm);
	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &tm);
	return asprintf(&ret, "%s-%s.erg", *name ? name : "run", stamp) < 0 ? NULL : ret;
}

/* The first option that is of a command, or of an archive here, and that was given; NULL: none. Rules
 * (lttng:) are also of programs that run. */
static const char *of_command(const struct erg_run_options *o)
{
	return o->progress                                      ? "--progress"
		: o->counters                                   ? "--counters"
		: o->keep_fds                                   ? "--keep-fds"
		: o->no_command                                 ? "--no-command"
		: o->annotate && !strstr(o->annotate, "lttng:") ? "--annotate"
								: NULL;
}

static const char *of_archive(const struct erg_run_options *o)
{
	return o->force                ? "--force"
		: o->spool_limit_bytes ? "--spool-limit"
		: o->compress_during   ? "--compress during"
				       : NULL;
}

static int complete(struct erg_run_options *o, int argc, char **argv, int first)
{
	struct erg_err err = {0};

	if (first < argc) {
		o->argv = argv + first;
		o->argc = argc - first;
	}
	if (erg_sources_check(o->sources, &err) < 0)
		return erg_options_wrong(&command, "%s", err.msg);
	if (!o->argv && !o->duration_s)
		return erg_options_wrong(&command,
			"nothing to record: expected -- COMMAND or --duration S");
	if (!o->argv && of_command(o))
		return erg_options_wrong(&command, "%s is of a command: expected -- COMMAND",
			of_command(o));
	if (o->to && of_archive(o))
		return erg_options_wrong(&command, "%s is of an archive: --to makes none here",
			of_archive(o));
	if (!o->argv && o->process_counters && !json_object_size(o->beside))
		return erg_options_wrong(&command,
			"--process-counters: nothing to count: expected -- COMMAND or --beside");
	if (o->to && o->output)
		return erg_options_wrong(&command,
			"--to and --output exclude each other: erg-record collect "
			"writes the archive");
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
		.beside = json_object(),
		.factors = json_object(),
	};
	int first, r = erg_options_parse(&command, argc, argv, &o, &first);

	if (!r)
		r = complete(&o, argc, argv, first);
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

const struct erg_verb erg_record_verb_run = {
	.name = "run",
	.about = "record a command, or the machine for some time",
	.run = verb_run,
};
