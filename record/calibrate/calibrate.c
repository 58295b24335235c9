/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The verb calibrate: what recording costs on this machine, and the data from which erg-analyze
 * estimates lag and window of its sensors.
 *
 * It records itself: `erg-record run … -- erg-record calibrate --wave …` plays the square wave and
 * times its own events in that recording, so costs are those of a real session. The sampler's cost
 * and lateness come from the archive's summary, the cost of a reading from the sources themselves.
 */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "formats/archive/archive.h"
#include "formats/manifest.h"
#include "formats/base/number.h"
#include "formats/base/util.h"
#include "record/run/event_cost.h"
#include "record/run/options.h"
#include "formats/base/say.h"
#include "record/sources/measure.h"
#include "record/verbs/verb.h"
#include "record/calibrate/wave.h"

#define ROUNDS 1000 /* of events: 0.1 s */
#define READS 200

static const char help[] =
	"Usage: erg-record calibrate [options]\n\n"
	"Measures the cost of an event, of a reading and of the sampler, and records a\n"
	"pseudo-random square wave of load, from which lag and window of a sensor follow.\n\n"
	"  -o, --output FILE.erg   keep the recording (it is not kept)\n"
	"      --force             replace FILE.erg if it exists\n"
	"  -r, --rate HZ           of the fast sources (1000)\n"
	"  -s, --source LIST       as of run (auto)\n"
	"      --sysfs DIR         sensors from DIR instead of /sys\n"
	"      --seconds S         length of the wave (60)\n"
	"      --chip MS           its shortest piece: 5 windows of the sensor (100)\n"
	"      --threads N         that are busy (1)\n"
	"      --format FORMAT     text or json (text)\n";

struct costs {
	double event_ns, event_cold_ns, disabled_ns, clock_ns;
};

struct calibrate {
	char output[PATH_MAX];
	bool keep, force, json, wave;
	const char *rate, *source, *sysfs;
	double seconds, chip_ms, threads;
};

static int wrong(const char *what)
{
	erg_say("calibrate: %s '%s' is not understood; --help tells more", what, optarg);
	return 2;
}

static int option_take(int ch, struct calibrate *c)
{
	double rate;

	switch (ch) {
	case 'o':
		snprintf(c->output, sizeof(c->output), "%s", optarg);
		c->keep = true;
		return 0;
	case 'r':
		c->rate = optarg;
		return erg_number_parse(optarg, 0.01, 1e5, &rate) ? 0 : wrong("--rate");
	case 's':
		c->source = optarg;
		return 0;
	case 'y':
		c->sysfs = optarg;
		return 0;
	case 't':
		return erg_number_parse(optarg, 0.1, 86400, &c->seconds) ? 0 : wrong("--seconds");
	case 'c':
		return erg_number_parse(optarg, 0.1, 60000, &c->chip_ms) ? 0 : wrong("--chip");
	case 'j':
		return erg_number_parse(optarg, 1, 256, &c->threads) ? 0 : wrong("--threads");
	case 'F':
		c->json = !strcmp(optarg, "json");
		return c->json || !strcmp(optarg, "text") ? 0 : wrong("--format");
	case 'f':
		c->force = true;
		return 0;
	case 'w':
		c->wave = true;
		return 0;
	}
	return 2;
}

static int options_parse(int argc, char **argv, struct calibrate *c)
{
	static const struct option longopts[] = {
		{"output", required_argument, NULL, 'o'}, {"rate", required_argument, NULL, 'r'},
		{"source", required_argument, NULL, 's'}, {"sysfs", required_argument, NULL, 'y'},
		{"seconds", required_argument, NULL, 't'}, {"chip", required_argument, NULL, 'c'},
		{"threads", required_argument, NULL, 'j'}, {"format", required_argument, NULL, 'F'},
		{"force", no_argument, NULL, 'f'}, {"wave", no_argument, NULL, 'w'},
		{"help", no_argument, NULL, 'h'}, {0},
	};
	int ch, r = 0;

	optind = 0;
	while (!r && (ch = getopt_long(argc, argv, "o:r:s:h", longopts, NULL)) >= 0) {
		if (ch == 'h')
			fputs(help, stdout);
		r = ch == 'h' ? 1 : ch == '?' ? 2 : option_take(ch, c);
	}
	if (!r && optind < argc) {
		erg_say("calibrate: '%s' is one word too many", argv[optind]);
		r = 2;
	}
	return r;
}

/* ---- the child ---- */

static int wave(const struct calibrate *c, struct erg_err *err)
{
	const char *run = getenv("ERG_RUN_ID");
	struct erg_event_cost cost;
	int r = erg_wave_play(run ? run : "", c->seconds, (uint64_t)(c->chip_ms * 1e6),
		(unsigned)c->threads);

	if (r)
		return erg_fail_errno(err, r, "--threads %g", c->threads);
	if (!erg_event_cost_measure(ROUNDS, &cost))
		return erg_fail(err, -EIO, "no session records the events whose cost is measured");
	printf("%.3f %.3f %.3f %.3f\n", cost.warm.p50, cost.cold.p50, erg_event_cost_disabled_ns(),
		cost.clock_ns);
	return 0;
}

/* ---- the parent ---- */

static char *command_line(const struct calibrate *c)
{
	char *ret;

	/* popen() takes a line for the shell: words from outside come by the environment */
	setenv("ERG_CAL_OUTPUT", c->output, 1);
	setenv("ERG_CAL_SOURCE", c->source, 1);
	setenv("ERG_CAL_SYSFS", c->sysfs, 1);
	setenv("ERG_CAL_RATE", c->rate, 1);
	if (asprintf(&ret,
		    "exe=$(readlink /proc/%d/exe); exec \"$exe\" run -q %s -o \"$ERG_CAL_OUTPUT\" "
		    "-r \"$ERG_CAL_RATE\" -s \"$ERG_CAL_SOURCE\" --sysfs \"$ERG_CAL_SYSFS\" "
		    "--tag calibration=wave -- \"$exe\" calibrate --wave --seconds %.6f --chip %.6f "
		    "--threads %.0f",
		    (int)getpid(), c->force || !c->keep ? "--force" : "", c->seconds, c->chip_ms,
		    c->threads) < 0)
		return NULL;
	return ret;
}

static int record(const struct calibrate *c, struct costs *ret, struct erg_err *err)
{
	_cleanup_(erg_freep) char *line = command_line(c);
	FILE *f = line ? popen(line, "re") : NULL;
	int n, status;

	if (!f)
		return erg_fail_errno(err, -errno, "calibrate");
	n = fscanf(f, "%lf %lf %lf %lf", &ret->event_ns, &ret->event_cold_ns, &ret->disabled_ns,
		&ret->clock_ns);
	status = pclose(f);
	if (n != 4 || status)
		return erg_fail(err, -EIO, "the recording of the wave failed");
	return 0;
}

static json_t *summary_of(const char *path, struct erg_err *err)
{
	_cleanup_(erg_archive_freep) struct erg_archive *a = NULL;
	json_t *summary = NULL;

	if (erg_archive_open(path, &a, err) < 0 ||
		erg_manifest_load(a, ERG_SUMMARY_FORMAT, &summary, err) < 0)
		return NULL;
	return summary;
}

static json_t *reads(const struct calibrate *c, struct erg_err *err)
{
	const struct erg_source_config cfg = {.sysfs = c->sysfs, .proc = "/proc",
		.interval_ns = 1000000};
	struct erg_source_list list = {0};
	struct erg_source_cost *costs;
	json_t *a = json_array();

	if (erg_sources_find(c->source, &cfg, &list, err) < 0) {
		json_decref(a);
		return NULL;
	}
	costs = calloc(list.n + 1, sizeof(*costs));
	if (costs && erg_sources_measure(&list, READS, 0, costs, err) >= 0)
		for (size_t i = 0; i < list.n; i++)
			json_array_append_new(a,
				json_pack("{s:s, s:s, s:I, s:I}", "kind",
					list.sources[i]->ops->kind, "path", list.sources[i]->path,
					"p50_ns", (json_int_t)costs[i].p50_ns, "p99_ns",
					(json_int_t)costs[i].p99_ns));
	free(costs);
	erg_source_list_release(&list);
	return a;
}

static void print_text(const json_t *doc)
{
	const json_t *s = json_object_get(doc, "sampler"), *r;
	json_t *list = json_object_get(doc, "reads");
	size_t i;

	printf("event recorded       %8.1f ns  (after other work %.1f ns)\n"
	       "event not recorded   %8.1f ns\nclock                %8.1f ns\n",
		json_number_value(json_object_get(doc, "event_ns")),
		json_number_value(json_object_get(doc, "event_cold_ns")),
		json_number_value(json_object_get(doc, "disabled_ns")),
		json_number_value(json_object_get(doc, "clock_ns")));
	json_array_foreach(list, i, r)
		printf("reading of %-10s%8.1f us  (p99 %.1f us)  %s\n",
			json_string_value(json_object_get(r, "kind")),
			json_number_value(json_object_get(r, "p50_ns")) / 1e3,
			json_number_value(json_object_get(r, "p99_ns")) / 1e3,
			json_string_value(json_object_get(r, "path")));
	printf("sampler              %8.3f %% of a core, readings %.3f %%\n"
	       "                     %lld deadlines, %lld missed, p99 %.1f us late\n",
		100 * json_number_value(json_object_get(s, "cpu_share")),
		100 * json_number_value(json_object_get(s, "reads_share")),
		(long long)json_integer_value(json_object_get(s, "deadlines")),
		(long long)json_integer_value(json_object_get(s, "missed")),
		json_number_value(json_object_get(s, "late_p99_ns")) / 1e3);
	if (json_object_get(doc, "archive"))
		printf("the wave is in       %s\n",
			json_string_value(json_object_get(doc, "archive")));
}

static int report(const struct calibrate *c, const struct costs *cost, struct erg_err *err)
{
	json_t *summary = summary_of(c->output, err), *list = summary ? reads(c, err) : NULL, *doc;

	if (!list) {
		json_decref(summary);
		return err->code;
	}
	doc = json_pack("{s:s, s:{s:s, s:s, s:s}, s:[], s:f, s:f, s:f, s:f, s:o, s:O}", "schema",
		"ergtrace/1", "tool", "name", "erg-record", "version", ERG_VERSION, "verb",
		"calibrate", "warnings", "event_ns", cost->event_ns, "event_cold_ns",
		cost->event_cold_ns, "disabled_ns", cost->disabled_ns, "clock_ns", cost->clock_ns,
		"reads", list, "sampler", json_object_get(summary, "sampler"));
	if (c->keep)
		json_object_set_new(doc, "archive", json_string(c->output));
	if (c->json) {
		json_dumpf(doc, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
		putchar('\n');
	} else {
		print_text(doc);
	}
	json_decref(doc);
	json_decref(summary);
	return fflush(stdout) ? erg_fail_errno(err, -errno, "standard output") : 0;
}

static int calibrate(struct calibrate *c, struct erg_err *err)
{
	const char *tmp = getenv("TMPDIR");
	struct costs cost;
	int r;

	if (!c->keep)
		snprintf(c->output, sizeof(c->output), "%s/erg-calibrate-%d.erg",
			tmp && *tmp ? tmp : "/tmp", (int)getpid());
	r = record(c, &cost, err);
	if (!r)
		r = report(c, &cost, err);
	if (!c->keep)
		unlink(c->output);
	return r;
}

static int verb_calibrate(int argc, char **argv, struct erg_err *err)
{
	struct calibrate c = {.rate = "1000", .source = "auto", .sysfs = "/sys", .seconds = 60,
		.chip_ms = 100, .threads = 1};
	int r = options_parse(argc, argv, &c);

	if (r)
		return r == 1 ? 0 : r;
	return c.wave ? wave(&c, err) : calibrate(&c, err);
}

const struct erg_record_verb erg_record_verb_calibrate = {
	.name = "calibrate",
	.about = "cost of an event, of a reading, of the sampler; data for lag and window",
	.run = verb_calibrate,
};
