/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The verb collect: options, and the list that it prints. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/base/say.h"
#include "formats/base/util.h"
#include "record/recover/recover.h"
#include "record/verbs/verb.h"

static const char help[] =
	"Usage: erg-record collect [options] -o FILE.erg|DIR\n\n"
	"Makes archives of what erg-record --to has streamed to lttng-relayd here.\n\n"
	"  -o, --output PATH    the archive; a directory for several streams\n"
	"      --from DIR       output of lttng-relayd (~/lttng-traces)\n"
	"      --run ID         only the recording of this id, or of this host\n"
	"      --list           list the streams, and make nothing\n"
	"      --now            also those that are not at their end yet\n"
	"      --force          replace archives that exist\n";

struct options {
	struct erg_collect_options c;
	char *from;
};

static void print_stream(const char *run, const char *host, const char *created, const char *state,
	const char *path)
{
	printf("%s\t%s\t%s\t%s\t%s\n", run, host, created, state, path);
}

static int options_parse(int argc, char **argv, struct options *o)
{
	static const struct option longopts[] = {
		{"output", required_argument, NULL, 'o'}, {"from", required_argument, NULL, 'd'},
		{"run", required_argument, NULL, 'r'}, {"list", no_argument, NULL, 'l'},
		{"now", no_argument, NULL, 'n'}, {"force", no_argument, NULL, 'f'},
		{"help", no_argument, NULL, 'h'}, {0},
	};
	const char *home = getenv("LTTNG_HOME") ? getenv("LTTNG_HOME") : getenv("HOME");
	const char *from = NULL;
	int ch;

	optind = 0;
	while ((ch = getopt_long(argc, argv, "o:h", longopts, NULL)) >= 0) {
		if (ch == 'h')
			fputs(help, stdout);
		if (ch == 'h' || ch == '?')
			return ch == 'h' ? 1 : 2;
		o->c.output = ch == 'o' ? optarg : o->c.output;
		from = ch == 'd' ? optarg : from;
		o->c.run = ch == 'r' ? optarg : o->c.run;
		o->c.list = ch == 'l' ? print_stream : o->c.list;
		o->c.now |= ch == 'n';
		o->c.force |= ch == 'f';
	}
	if (optind < argc || (!o->c.output && !o->c.list)) {
		erg_say("collect: expected -o FILE.erg or -o DIR");
		return 2;
	}
	if (from)
		o->from = strdup(from);
	else if (asprintf(&o->from, "%s/lttng-traces", home ? home : "") < 0)
		o->from = NULL;
	return o->from ? 0 : 2;
}

static int verb_collect(int argc, char **argv, struct erg_err *err)
{
	struct options o = {0};
	int r = options_parse(argc, argv, &o);

	o.c.from = o.from;
	r = r ? (r == 1 ? 0 : r) : erg_collect(&o.c, err);
	free(o.from);
	return r;
}

const struct erg_record_verb erg_record_verb_collect = {
	.name = "collect",
	.about = "make archives of what was streamed to lttng-relayd here",
	.run = verb_collect,
};
