/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The command line of `erg-record import`. Words after --sensor or --tag that are no options go on with
 * it: --sensor kind=boxcar window_s=0.01.
 */
#include "record/import/options.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/base/number.h"
#include "formats/base/options.h"
#include "formats/base/util.h"

static int take_from(void *into, const char *arg, struct erg_err *err)
{
	struct erg_import_options *o = into;
	char names[512];

	o->file = NULL;
	for (size_t i = 1; erg_import_layers_readers[i]; i++) {
		if (strcmp(erg_import_layers_readers[i]->name, arg))
			continue;
		o->layers_from = erg_import_layers_readers[i];
		o->file = &o->layers;
	}
	for (size_t i = 0; erg_import_readers[i]; i++) {
		if (strcmp(erg_import_readers[i]->name, arg))
			continue;
		o->from = erg_import_readers[i];
		o->file = &o->samples;
	}
	return o->file ? 0
		       : erg_fail(err, -EINVAL, "%s", erg_import_form_names(names, sizeof(names)));
}

static int take_tag(void *into, const char *arg, struct erg_err *err)
{
	struct erg_import_options *o = into;
	const char *equals = strchr(arg, '=');
	_cleanup_(erg_freep) char *key = equals ? strndup(arg, (size_t)(equals - arg)) : NULL;

	if (!key || !*key || json_object_set_new(o->tags, key, json_string(equals + 1)) < 0)
		return erg_fail(err, -EINVAL, "KEY=VALUE in UTF-8");
	return 0;
}

static int take_sensor(void *into, const char *arg, struct erg_err *err)
{
	return erg_import_sensor_parse(((struct erg_import_options *)into)->sensors, arg, err);
}

/* --time, --column and --where: what is said of a table, by what they were given. */
static int take_named(struct erg_import_options *o, const char *option, const char *arg)
{
	o->how.named = &o->named;
	return json_array_append_new(o->named_words, json_pack("[s, s]", option, arg));
}

static int take_time(void *into, const char *arg, struct erg_err *err)
{
	struct erg_import_options *o = into;

	take_named(o, "time", arg);
	return erg_import_named_time(&o->named, arg, err);
}

static int take_column(void *into, const char *arg, struct erg_err *err)
{
	struct erg_import_options *o = into;

	take_named(o, "column", arg);
	return erg_import_named_column(&o->named, arg, err);
}

static int take_where(void *into, const char *arg, struct erg_err *err)
{
	struct erg_import_options *o = into;

	take_named(o, "where", arg);
	return erg_import_named_where(&o->named, arg, err);
}

static int take_decimal(void *into, const char *arg, struct erg_err *err)
{
	if (strcmp(arg, ".") && strcmp(arg, ","))
		return erg_fail(err, -EINVAL, ". or ,");
	((struct erg_import_options *)into)->how.point = *arg;
	return 0;
}

static int take_zone(void *into, const char *arg, struct erg_err *err)
{
	((struct erg_import_options *)into)->how.zone = arg;
	return erg_import_zone_check(arg, err);
}

static int take_interval(void *into, const char *arg, struct erg_err *err)
{
	double v;

	if (!erg_number_parse(arg, 1e-6, 1e6, &v))
		return erg_fail(err, -EINVAL, "seconds, from 1e-6 to 1e6");
	((struct erg_import_options *)into)->how.interval_ns = (uint64_t)(v * 1e9 + 0.5);
	return 0;
}

static int take_offset(void *into, const char *arg, struct erg_err *err)
{
	struct erg_import_options *o = into;
	double v;

	if (!erg_number_parse(arg, -4e9, 4e9, &v))
		return erg_fail(err, -EINVAL, "seconds, at most 4e9 either way");
	o->how.offset_ns = llround(v * 1e9);
	o->how.offset_given = true;
	return 0;
}

#define AT(field) offsetof(struct erg_import_options, field)

static const struct erg_option input_rows[] = {
	{"samples", 0, "FILE", "the log; by default time_s, _ms, _us, _ns or time, and NAME [UNIT]",
		ERG_OPTION_TEXT, AT(samples)},
	{"layers", 0, "FILE",
		"begin_s,end_s,layer[,type,network,module,iteration,track,phase,macs,"
		"counter:NAME]",
		ERG_OPTION_TEXT, AT(layers)},
	{"from", 0, "TOOL", "the log, or the layers, are TOOL's own: see below", ERG_OPTION_CALL,
		.take = take_from},
	{"rules", 0, "RULES.yaml", "with --from ctf: what begins and ends a layer, erg-rules(5)",
		ERG_OPTION_TEXT, AT(rules)},
	{"onto", 0, "RUN.erg", "adds them to this recording", ERG_OPTION_TEXT, AT(onto)},
	{"output", 'o', "FILE.erg", "the archive", ERG_OPTION_TEXT, AT(output)},
	{"force", 'f', NULL, "replace it when it exists", ERG_OPTION_FLAG, AT(force)},
	{"tag", 0, "KEY=VALUE", "kept in the manifest; may be repeated", ERG_OPTION_CALL,
		.take = take_tag},
	{"strict", 0, NULL, "exit 3 after any warning about the data", ERG_OPTION_FLAG, AT(strict)},
	{0},
};
static const struct erg_option table_rows[] = {
	{"time", 0, "COL[:UNIT]",
		"the log is a table, and this its column of times; UNIT is s, ms, us, ns, "
		"iso, mdy, dmy or epoch",
		ERG_OPTION_CALL, .take = take_time},
	{"column", 0, "NAME=UNIT[:RAIL]", "a column of readings; uA*3.7V is power at 3.7 V",
		ERG_OPTION_CALL, .take = take_column},
	{"decimal", 0, "MARK",
		"the decimal point of a table's numbers, . or ,; the other may be between thousands",
		ERG_OPTION_CALL, .take = take_decimal},
	{"where", 0, "COL=VALUE", "only the rows in which it is so", ERG_OPTION_CALL,
		.take = take_where},
	{0},
};
static const struct erg_option clock_rows[] = {
	{"interval", 0, "SECONDS",
		"between two lines of a log without times, or with whole seconds", ERG_OPTION_CALL,
		.take = take_interval},
	{"time-zone", 0, "ZONE",
		"of wall clock times without one: UTC, local, +02:00, Europe/Berlin",
		ERG_OPTION_CALL, .take = take_zone},
	{"time-offset", 0, "S", "is added to the log's times, to bring them to the layers' clock",
		ERG_OPTION_CALL, .take = take_offset},
	{"clock-u", 0, "SECONDS", "how well the clocks agree (standard uncertainty)",
		ERG_OPTION_NUMBER, AT(clock_u_s), 0, 1e6},
	{0},
};
static const struct erg_option sensor_rows[] = {
	{"sensor", 0, "KEY=VALUE",
		"what is known of the sensor, for all channels that carry energy or "
		"NAME:KEY=VALUE; kind=point|boxcar|ema|counter|delta, window_s= period_s= lag_s= lag_u_s= "
		"lsb= alpha= offset_max= gain_max= wrap= parent= provenance=",
		ERG_OPTION_CALL, .take = take_sensor},
	{0},
};
static const struct erg_option_group groups[] = {{NULL, input_rows, 0, false},
	{"A table of any form", table_rows, 0, false}, {"Clocks", clock_rows, 0, false},
	{"The sensor", sensor_rows, 0, false}, {0}};

static int take_word(void *into, const struct erg_option *last, const char *word,
	struct erg_err *err)
{
	struct erg_import_options *o = into;

	if (last && last->take == take_sensor)
		return take_sensor(o, word, err);
	if (last && last->take == take_tag)
		return take_tag(o, word, err);
	if (last && last->take == take_from && !*o->file) {
		*o->file = word;
		return 0;
	}
	if (!o->samples && *word) {
		o->samples = word;
		return 0;
	}
	return erg_fail(err, -EINVAL,
		"one power log; it is --samples FILE, one of a tool that is known --from TOOL FILE");
}

/* Below the options: the forms that this program reads. */
static const char *forms(char *buf, size_t size)
{
	size_t len = (size_t)snprintf(buf, size, "Logs of --from:");

	for (size_t i = 0; erg_import_readers[i] && len < size; i++)
		len += (size_t)snprintf(buf + len, size - len, "\n  %-14s %s",
			erg_import_readers[i]->name, erg_import_readers[i]->about);
	for (size_t i = 1; erg_import_layers_readers[i] && len < size; i++)
		len += (size_t)snprintf(buf + len, size - len, "%s\n  %-14s %s",
			i == 1 ? "\nLayers of --from:" : "", erg_import_layers_readers[i]->name,
			erg_import_layers_readers[i]->about);
	return buf;
}

/* The first option of the log of readings that was given; NULL: none. */
static const char *of_samples(const struct erg_import_options *o)
{
	return json_array_size(o->sensors)        ? "--sensor"
		: json_array_size(o->named_words) ? "--time, --column or --where"
		: o->how.interval_ns              ? "--interval"
		: o->how.zone                     ? "--time-zone"
		: o->how.point                    ? "--decimal"
						  : NULL;
}

/* What belongs together is there. */
static int consistent(const struct erg_command *c, struct erg_import_options *o)
{
	if (o->samples && !strcmp(o->samples, "-"))
		o->samples = "/dev/stdin";
	if (o->rules && o->layers_from != &erg_import_ctf)
		return erg_options_wrong(c, "--rules '%s': expected --from ctf TRACE", o->rules);
	if (!o->samples && !(o->onto && o->layers))
		return erg_options_wrong(c, "expected --samples FILE, a power log%s",
			o->onto ? ", or layers" : "");
	if (!o->samples && of_samples(o))
		return erg_options_wrong(c, "%s is of readings: expected --samples FILE with it",
			of_samples(o));
	if (o->clock_u_s >= 0 && !o->onto)
		return erg_options_wrong(c,
			"--clock-u is of two clocks: expected --onto RUN.erg with it");
	if (o->how.named && o->from != &erg_import_csv)
		return erg_options_wrong(c, "--from '%s': expected csv with --time and --column",
			o->from->name);
	if (o->how.point && o->from != &erg_import_csv)
		return erg_options_wrong(c, "--from '%s': expected csv with --decimal",
			o->from->name);
	if (!o->output)
		return erg_options_wrong(c, "expected -o FILE.erg, a name for the archive");
	if (o->how.named)
		o->from = &erg_import_named_reader;
	else if (o->samples && o->from == &erg_import_csv && erg_import_is_exported(o->samples))
		o->from = &erg_import_exported;
	return 0;
}

int erg_import_options_parse(int argc, char **argv, struct erg_import_options *ret)
{
	char ending[4096];
	const struct erg_command command = {
		.program = "erg-record",
		.verb = "import",
		.synopsis = "--samples FILE [options] -o FILE.erg\n"
			    "--onto RUN.erg [--samples FILE] [--layers FILE] [options] -o FILE.erg",
		.about = "Makes an archive of a power log that something else wrote.",
		.groups = groups,
		.ending = forms(ending, sizeof(ending)),
		.word = take_word,
	};
	int first, r;

	*ret = (struct erg_import_options){.clock_u_s = -1,
		.from = &erg_import_csv,
		.layers_from = erg_import_layers_readers[0],
		.tags = json_object(),
		.sensors = json_array(),
		.named_words = json_array()};
	r = erg_options_parse(&command, argc, argv, ret, &first);
	if (!r && first < argc)
		return erg_options_wrong(&command, "'%s': expected options only", argv[first]);
	return r ? r : consistent(&command, ret);
}

void erg_import_options_release(struct erg_import_options *o)
{
	json_decref(o->tags);
	json_decref(o->sensors);
	json_decref(o->named_words);
	erg_import_named_release(&o->named);
}
