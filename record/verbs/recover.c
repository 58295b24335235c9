/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The verb recover: options. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/base/say.h"
#include "formats/base/util.h"
#include "record/recover/recover.h"
#include "record/verbs/verb.h"

static const char help[] =
	"Usage: erg-record recover SPOOL [-o FILE.erg] [--force]\n\n"
	"Makes the archive of a recording whose recorder was killed, from its spool, an\n"
	"ergtrace-PID-ID.spool directory.\n\n"
	"  -o, --output FILE.erg   default: what the recorder was told\n"
	"      --force             replace FILE.erg if it exists\n"
	"      --keep              leave the spool where it is\n";

struct options {
	char *spool, *output;
	bool force, keep;
};

/* Returns 0, 1 for --help, 2 for wrong usage. */
static int options_parse(int argc, char **argv, struct options *r)
{
	static const struct option longopts[] = {
		{"output", required_argument, NULL, 'o'},
		{"force", no_argument, NULL, 'f'},
		{"keep", no_argument, NULL, 'k'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	int c;

	optind = 0;
	while ((c = getopt_long(argc, argv, "o:h", longopts, NULL)) >= 0) {
		if (c == 'h')
			fputs(help, stdout);
		if (c == 'h' || c == '?')
			return c == 'h' ? 1 : 2;
		if (c == 'o') {
			free(r->output);
			r->output = strdup(optarg);
		}
		r->force |= c == 'f';
		r->keep |= c == 'k';
	}
	if (optind + 1 != argc) {
		erg_say("recover: expected one SPOOL directory");
		return 2;
	}
	r->spool = realpath(argv[optind], NULL);
	if (!r->spool) {
		erg_say("recover: %s: %s", argv[optind], strerror(errno));
		return 2;
	}
	return 0;
}

static int verb_recover(int argc, char **argv, struct erg_err *err)
{
	struct options o = {0};
	int r = options_parse(argc, argv, &o);

	r = r ? (r == 1 ? 0 : r) : erg_recover(o.spool, o.output, o.force, o.keep, err);
	free(o.spool);
	free(o.output);
	return r;
}

const struct erg_record_verb erg_record_verb_recover = {
	.name = "recover",
	.about = "make the archive of a recording whose recorder was killed",
	.run = verb_recover,
};
