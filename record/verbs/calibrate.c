/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The verb calibrate: options, and what it prints. */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "formats/base/number.h"
#include "formats/base/memory.h"
#include "formats/base/options.h"
#include "formats/base/terminal.h"
#include "formats/base/terminal_json.h"
#include "formats/base/util.h"
#include "record/calibrate/against.h"
#include "record/calibrate/calibrate.h"
#include "record/sources/calibration.h"
#include "record/sources/text.h"
#include "record/verbs/verb.h"

struct options {
	struct erg_calibrate c;
	const char *format, *against, *rail;
	bool wave, roofs;
};

static const char *const formats[] = {"text", "json", NULL};

static int take_output(void *into, const char *arg, struct erg_err *err)
{
	struct options *o = into;

	snprintf(o->c.output, sizeof(o->c.output), "%s", arg);
	o->c.keep = true;
	return 0;
}

static int take_rate(void *into, const char *arg, struct erg_err *err)
{
	struct options *o = into;
	double rate;

	o->c.rate = arg;
	return erg_number_parse(arg, 0.01, 1e5, &rate)
		? 0
		: erg_fail(err, -EINVAL, "a number from 0.01 to 100000");
}

#define CHIP_MS 100 /* where --chip says nothing */
/* What the recording is made with, where no option says it. */
static const char rate_default[] = "1000", source_default[] = "auto", sysfs_default[] = "/sys";
#define AT(field) offsetof(struct options, field)

static const struct erg_option rows[] = {
	{"output", 'o', "FILE.erg", "keep the recording (it is not kept)", ERG_OPTION_CALL,
		.take = take_output},
	{"force", 0, NULL, "replace FILE.erg if it exists", ERG_OPTION_FLAG, AT(c.force)},
	{"rate", 'r', "HZ", "of the fast sources (1000)", ERG_OPTION_CALL, .take = take_rate},
	{"source", 's', "LIST", "as of run (auto)", ERG_OPTION_TEXT, AT(c.source)},
	{"sysfs", 0, "DIR", "sensors from DIR instead of /sys", ERG_OPTION_TEXT, AT(c.sysfs)},
	{"seconds", 0, "S", "length of the wave (60)", ERG_OPTION_NUMBER, AT(c.seconds), 0.1,
		86400},
	{"chip", 0, "MS", "its shortest piece: 5 windows of the sensor (100)", ERG_OPTION_NUMBER,
		AT(c.chip_ms), 0.1, 60000},
	{"threads", 0, "N", "that are busy (1)", ERG_OPTION_UNSIGNED, AT(c.threads), 1, 256},
	{"format", 0, "FORMAT", "text or json (text)", ERG_OPTION_CHOICE, AT(format),
		.choices = formats},
	{"roofs", 0, NULL,
		"instead: operations and bytes a second that this machine can do at most, for "
		"rooflines; recorded with -o, or as the command of a recording",
		ERG_OPTION_FLAG, AT(roofs)},
	{"against", 0, "RAIL",
		"instead: gain, offset, lag and window of a sensor against the meter that reads RAIL "
		"on the same supply, kept for later recordings",
		ERG_OPTION_TEXT, AT(against)},
	{"rail", 0, "RAIL", "with --against: the sensor (the only other rail of --source)",
		ERG_OPTION_TEXT, AT(rail)},
	{"wave", 0, NULL, NULL, ERG_OPTION_FLAG, AT(wave)}, /* what this verb runs itself with */
	{0},
};
static const struct erg_option_group groups[] = {{NULL, rows, 0, false}, {0}};
static const struct erg_command command = {
	.program = "erg-record",
	.verb = "calibrate",
	.synopsis = "[options]",
	.about = "Measures the cost of an event, of a reading and of the sampler, and records a "
		 "pseudo-random square wave of load, from which lag and window of a sensor "
		 "follow.",
	.groups = groups,
};

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
	json_array_foreach (list, i, r)
		erg_terminal_line(stdout, "reading of %-10s%8.1f us  (p99 %.1f us)  %s",
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
		erg_terminal_line(stdout, "the wave is in       %s",
			json_string_value(json_object_get(doc, "archive")));
}

static int wave(const struct options *o, struct erg_err *err)
{
	struct erg_calibrate_costs cost;
	int r = erg_calibrate_wave(&o->c, &cost, err);

	if (!r)
		printf("%.3f %.3f %.3f %.3f\n", cost.event_ns, cost.event_cold_ns, cost.disabled_ns,
			cost.clock_ns);
	return r;
}

/* --wave: for the recorder of itself, which reads two numbers. */
static int roofs(const struct options *o, struct erg_err *err)
{
	json_t *doc = NULL;
	int r = erg_calibrate_roofs(&o->c, &doc, err);
	double ops = json_number_value(json_object_get(doc, "ops_per_s"));
	double bytes = json_number_value(json_object_get(doc, "bytes_per_s"));

	if (r)
		return r;
	if (o->wave)
		printf("%.9g %.9g\n", ops, bytes);
	else if (!strcmp(o->format, "json"))
		json_dumpf(doc, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
	else
		printf("operations           %8.3f Gop/s  (32-bit floats, %u threads)\n"
		       "bytes                %8.3f GB/s\n",
			ops * 1e-9, o->c.threads, bytes * 1e-9);
	if (!o->wave && !strcmp(o->format, "json"))
		putchar('\n');
	else if (!o->wave && json_object_get(doc, "archive"))
		erg_terminal_line(stdout, "the roofs are in     %s",
			json_string_value(json_object_get(doc, "archive")));
	json_decref(doc);
	return 0;
}

static int calibrate(struct options *o, struct erg_err *err)
{
	json_t *doc = NULL;
	int r = erg_calibrate(&o->c, &doc, err);

	if (r)
		return r;
	if (!strcmp(o->format, "json")) {
		json_dumpf(doc, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
		putchar('\n');
	} else {
		json_auto_t *shown = erg_terminal_json(doc);

		print_text(shown);
	}
	json_decref(doc);
	return 0;
}

static int against(const struct options *o, struct erg_err *err)
{
	json_auto_t *found = NULL;
	char path[PATH_MAX];
	int r = erg_calibrate_against(&o->c, o->against, o->rail, &found, err);

	if (!r)
		r = erg_calibration_store(found, path, sizeof(path), err);
	if (r < 0)
		return r;
	if (!strcmp(o->format, "json")) {
		json_auto_t *doc = json_pack("{s:s, s:{s:s, s:s, s:s}, s:[], s:O, s:s}", "schema",
			"ergtrace/1", "tool", "name", "erg-record", "version", ERG_VERSION, "verb",
			"calibrate", "warnings", "calibration", found, "file", path);

		json_dumpf(doc, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
		putchar('\n');
	} else {
		json_auto_t *shown = erg_terminal_json(found);

		erg_calibration_print_text(shown, stdout);
		erg_terminal_line(stdout, "kept in              %s", path);
	}
	return 0;
}

static int wrong_together(const struct options *o)
{
	if (o->rail && !o->against)
		return erg_options_wrong(&command, "--rail is for --against");
	if (o->against && o->roofs)
		return erg_options_wrong(&command, "--against and --roofs are two measurements");
	if (o->roofs && !o->wave && o->c.chip_ms)
		return erg_options_wrong(&command,
			"--chip is of the wave of load, and --roofs has none");
	if (o->roofs && !o->wave && !o->c.keep &&
		(o->c.rate != rate_default || o->c.source != source_default ||
			o->c.sysfs != sysfs_default))
		return erg_options_wrong(&command,
			"--rate, --source and --sysfs are of a recording: expected -o FILE.erg beside --roofs");
	if (o->against && o->c.keep)
		return erg_options_wrong(&command,
			"--against records no archive: -o is for the others");
	if (o->c.force && !o->c.keep)
		return erg_options_wrong(&command, "--force: expected -o FILE.erg with it");
	return 0;
}

static int verb_calibrate(int argc, char **argv, struct erg_err *err)
{
	struct options o = {.c = {.rate = rate_default,
				    .source = source_default,
				    .sysfs = sysfs_default,
				    .seconds = 60,
				    .threads = 1},
		.format = "text"};
	int first, r = erg_options_parse(&command, argc, argv, &o, &first);

	if (r)
		return r == 1 ? 0 : r;
	if (first < argc)
		return erg_options_wrong(&command, "'%s' is one word too many", argv[first]);
	if (erg_sources_check(o.c.source, err) < 0)
		return erg_options_wrong(&command, "%s", err->msg);
	r = wrong_together(&o);
	if (r)
		return r;
	if (!o.c.chip_ms)
		o.c.chip_ms = CHIP_MS;
	if (o.against)
		r = against(&o, err);
	else if (o.roofs)
		r = roofs(&o, err);
	else
		r = o.wave ? wave(&o, err) : calibrate(&o, err);
	return !r && erg_memory_starved()
		? erg_fail_errno(err, -ENOMEM, "what was printed lacks parts")
		: r;
}

const struct erg_verb erg_record_verb_calibrate = {
	.name = "calibrate",
	.about = "cost of an event, of a reading, of the sampler; data for lag and window",
	.run = verb_calibrate,
};
