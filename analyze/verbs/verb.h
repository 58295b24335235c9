/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_VERB_H
#define ERG_ANALYZE_VERB_H

/*
 * A verb of erg-analyze is one file: it parses its options into a struct of its own, makes one
 * JSON document (the result) and hands it to a renderer. main.c has the table.
 */
#include <getopt.h>
#include <stdbool.h>

#include "analyze/account/options.h"
#include "analyze/render/emit.h"
#include "analyze/result/document.h"
#include "formats/base/err.h"
#include "formats/base/util.h"

struct erg_verb {
	const char *name;
	const char *about; /* one line */
	/* argv[0] is the verb. Returns the exit status (0, 2 usage, 3 strict) or a negative errno
	 * with ERR set (exit 1). */
	int (*run)(int argc, char **argv, struct erg_err *err);
};

extern const struct erg_verb erg_verb_info, erg_verb_verify, erg_verb_layers, erg_verb_totals;
extern const struct erg_verb erg_verb_sweep, erg_verb_corun, erg_verb_thermal, erg_verb_compare;
extern const struct erg_verb erg_verb_model, erg_verb_report, erg_verb_export;

/* ---- what verbs share (verb.c) ---- */

/*
 * Options that every verb which reads archives takes. Put ERG_COMMON_OPTIONS into the table of
 * long options and call erg_common_option() for what the verb's own switch does not know:
 *
 *	while ((c = getopt_long(argc, argv, "h", longs, NULL)) >= 0)
 *		switch (c) {
 *		case OPT_BY: …
 *		default:
 *			if (!erg_common_option(&common, c, optarg))
 *				return erg_usage(argv[0], help, c == 'h');
 *		}
 */
enum {
	ERG_OPT_FORMAT = 0x1000,
	ERG_OPT_STRICT,
	ERG_OPT_RAIL,
	ERG_OPT_JOBS,
	ERG_OPT_SENSOR,
	ERG_OPT_SEED,
	ERG_OPT_ROUNDS,
	ERG_OPT_CI_LIMIT,
	ERG_OPT_COND_LIMIT,
	ERG_OPT_LAG,
	ERG_OPT_FIRST_OWN = 0x2000, /* a verb's own values start here */
};

#define ERG_COMMON_OPTIONS                                                                         \
	{"help", no_argument, NULL, 'h'}, {"format", required_argument, NULL, ERG_OPT_FORMAT},     \
		{"strict", no_argument, NULL, ERG_OPT_STRICT},                                     \
		{"rail", required_argument, NULL, ERG_OPT_RAIL},                                   \
		{"jobs", required_argument, NULL, ERG_OPT_JOBS},                                   \
		{"sensor", required_argument, NULL, ERG_OPT_SENSOR},                               \
		{"seed", required_argument, NULL, ERG_OPT_SEED},                                   \
		{"rounds", required_argument, NULL, ERG_OPT_ROUNDS},                               \
		{"ci-limit", required_argument, NULL, ERG_OPT_CI_LIMIT},                           \
		{"cond-limit", required_argument, NULL, ERG_OPT_COND_LIMIT},                       \
		{"lag", required_argument, NULL, ERG_OPT_LAG}

#define ERG_COMMON_HELP                                                                            \
	"      --rail NAME       the rail to account (default: the root with the most power)\n"        \
	"      --sensor MODEL    replace the sensor model: [RAIL:]kind=... lag_s=... (repeatable\n"    \
	"                        in one argument, separated by spaces)\n"                              \
	"      --lag SECONDS[+-U]  the sensor's lag and its standard uncertainty (default: from the\n" \
	"                        data)\n"                                                              \
	"      --ci-limit PCT    a layer whose interval is wider is not resolved (default 5) \n"       \
	"      --cond-limit X    as is one that a condition number above X hides (default 100)\n"      \
	"      --rounds N        of the bootstrap (default 1000)\n"                                     \
	"      --seed N          of the bootstrap (default 0): the same seed gives the same bytes\n"    \
	"      --jobs N          decode N chunks at a time (default: one a CPU)\n"                     \
	"      --format FORMAT   text, json or csv\n"                                                  \
	"      --strict          exit 3 when there are warnings about the data\n"                      \
	"  -h, --help            this text\n"

/* Returns true when C was one of the common options and its argument was good. A bad argument is
 * named on stderr. */
bool erg_common_option(struct erg_common *common, int c, const char *arg);

/* Prints HELP to stdout and returns 0 when ASKED, else one hint to stderr and returns 2. */
int erg_usage(const char *verb, const char *help, bool asked);

/* A verb that has the common options and takes archives: calls FN with those named. Returns what FN
 * does, 0 after --help, 2 for wrong usage. */
int erg_verb_archives(int argc, char **argv, const char *help,
	int (*fn)(int n, char *const *paths, const struct erg_common *common, struct erg_err *err),
	struct erg_err *err);

#endif
