/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The verb calibrate: options, and what it prints. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "formats/base/number.h"
#include "formats/base/say.h"
#include "formats/base/util.h"
#include "record/calibrate/calibrate.h"
#include "record/verbs/verb.h"

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

struct options {
	struct erg_calibrate c;
	bool json, wave;
};

static int wrong(const char *what)
{
	erg_say("calibrate: %s '%s' is not understood; --help tells more", what, optarg);
	return 2;
}

static int option_take(int ch, struct options *o)
{
	double rate;

	switch (ch) {
	case 'o':
		snprintf(o->c.output, sizeof(o->c.output), "%s", optarg);
		o->c.keep = true;
		return 0;
	case 'r':
		o->c.rate = optarg;
		return erg_number_parse(optarg, 0.01, 1e5, &rate) ? 0 : wrong("--rate");
	case 's':
		o->c.source = optarg;
		return 0;
	case 'y':
		o->c.sysfs = optarg;
		return 0;
	case 't':
		return erg_number_parse(optarg, 0.1, 86400, &o->c.seconds) ? 0 : wrong("--seconds");
	case 'c':
		return erg_number_parse(optarg, 0.1, 60000, &o->c.chip_ms) ? 0 : wrong("--chip");
	case 'j':
		return erg_number_parse(optarg, 1, 256, &o->c.threads) ? 0 : wrong("--threads");
	case 'F':
		o->json = !strcmp(optarg, "json");
		return o->json || !strcmp(optarg, "text") ? 0 : wrong("--format");
	case 'f':
		o->c.force = true;
		return 0;
	case 'w':
		o->wave = true;
		return 0;
	}
	return 2;
}

static int options_parse(int argc, char **argv, struct options *o)
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
		r = ch == 'h' ? 1 : ch == '?' ? 2 : option_take(ch, o);
	}
	if (!r && optind < argc) {
		erg_say("calibrate: '%s' is one word too many", argv[optind]);
		r = 2;
	}
	return r;
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

static int wave(const struct options *o, struct erg_err *err)
{
	struct erg_calibrate_costs cost;
	int r = erg_calibrate_wave(&o->c, &cost, err);

	if (!r)
		printf("%.3f %.3f %.3f %.3f\n", cost.event_ns, cost.event_cold_ns, cost.disabled_ns,
			cost.clock_ns);
	return r;
}

static int calibrate(struct options *o, struct erg_err *err)
{
	json_t *doc = NULL;
	int r = erg_calibrate(&o->c, &doc, err);

	if (r)
		return r;
	if (o->json) {
		json_dumpf(doc, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
		putchar('\n');
	} else {
		print_text(doc);
	}
	json_decref(doc);
	return 0;
}

static int verb_calibrate(int argc, char **argv, struct erg_err *err)
{
	struct options o = {.c = {.rate = "1000", .source = "auto", .sysfs = "/sys", .seconds = 60,
				    .chip_ms = 100, .threads = 1}};
	int r = options_parse(argc, argv, &o);

	if (r)
		return r == 1 ? 0 : r;
	return o.wave ? wave(&o, err) : calibrate(&o, err);
}

const struct erg_record_verb erg_record_verb_calibrate = {
	.name = "calibrate",
	.about = "cost of an event, of a reading, of the sampler; data for lag and window",
	.run = verb_calibrate,
};
