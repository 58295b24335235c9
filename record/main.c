/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * erg-record: starts a workload, samples every sensor it finds and writes one archive. This file
 * holds the table of verbs and nothing that knows what a verb does: it finds the verb, runs it, and
 * turns the outcome into an exit status and at most one line on stderr.
 *
 * `run` is the verb of a command line without one: `erg-record -o a.erg -- ./infer`.
 *
 * The locale is never set: whatever the user's, a decimal point is a point and output is UTF-8.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "formats/base/memory.h"
#include "formats/base/options.h"
#include "formats/base/pager.h"
#include "formats/base/terminal.h"
#include "formats/base/util.h"
#include "record/verbs/verb.h"

/* One line a verb, in the order of --help. */
static const struct erg_record_verb *const verbs[] = {
	&erg_record_verb_run,
	&erg_record_verb_sources,
	&erg_record_verb_top,
	&erg_record_verb_sweep,
	&erg_record_verb_restore,
	&erg_record_verb_import,
	&erg_record_verb_recover,
	&erg_record_verb_collect,
	&erg_record_verb_calibrate,
	NULL,
};

static const struct erg_record_verb *verb_find(const char *name)
{
	if (!strcmp(name, "record"))
		name = "run";
	for (size_t i = 0; verbs[i]; i++)
		if (!strcmp(name, verbs[i]->name))
			return verbs[i];
	return NULL;
}

static bool is_of_analyzer(const char *word)
{
	static const char *const names[] = {"info", "verify", "layers", "totals", "corun",
		"thermal", "model", "compare", "report", "export", "batch", "study"};

	for (size_t i = 0; i < ERG_ARRAY_SIZE(names); i++)
		if (!strcmp(names[i], word))
			return true;
	return false;
}

/* What was meant: a verb of the other program, one that is spelled like it, or a command to record. */
static int verb_unknown(const char *word)
{
	const char *names[ERG_ARRAY_SIZE(verbs) + 1] = {NULL}, *near;

	if (is_of_analyzer(word)) {
		erg_terminal_line(stderr,
			"erg-record: '%s' is a verb of erg-analyze: erg-analyze %s --help; to record a "
			"command of that name: erg-record -- %s",
			word, word, word);
		return 2;
	}
	for (size_t i = 0; verbs[i]; i++)
		names[i] = verbs[i]->name;
	names[ERG_ARRAY_SIZE(verbs) - 1] = "record";
	near = erg_options_nearest(word, names);
	if (near)
		erg_terminal_line(stderr,
			"erg-record: there is no verb '%s': did you mean '%s'? To record a command of "
			"that name: erg-record -- %s",
			word, near, word);
	else
		erg_terminal_line(stderr,
			"erg-record: no verb '%s' ('erg-record --help' lists them); to record a "
			"command of that name: erg-record -- %s",
			word, word);
	return 2;
}

static void usage(FILE *out)
{
	fprintf(out,
		"Usage: erg-record [run] [options] -- COMMAND [ARG...]\n"
		"       erg-record VERB [options]\n\nVerbs:\n");
	for (size_t i = 0; verbs[i]; i++)
		fprintf(out, "  %-10s %s\n", verbs[i]->name, verbs[i]->about);
	fprintf(out,
		"\n'erg-record VERB --help' (or 'erg-record help VERB') tells more; so does man "
		"erg-record-VERB.\n"
		"Exit status: the command's own for run; otherwise 0 done, 1 failed, "
		"2 wrong usage, 3 warnings with import --strict.\n");
}

static int verb_run(const struct erg_record_verb *verb, int argc, char **argv)
{
	struct erg_err err = {0};
	int r;

	erg_terminal_progress_start();
	r = verb->run(argc, argv, &err);
	erg_terminal_progress_clear();
	if (r >= 0)
		return erg_stdout_done("erg-record", r);
	erg_terminal_text(err.msg);
	fprintf(stderr, "erg-record %s: %s\n", verb->name, err.msg[0] ? err.msg : strerror(-r));
	return 1;
}

int main(int argc, char **argv)
{
	static char help[] = "--help";
	const struct erg_record_verb *verb;

	erg_memory_watch();
	erg_stdio_occupy();
	signal(SIGXFSZ, SIG_IGN); /* a file beyond a limit (ulimit -f) is said, as a full disk is */
	argc = erg_pager_option(argc, argv);
	if (argc < 2) {
		usage(stderr);
		return 2;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") ||
		(!strcmp(argv[1], "help") && argc == 2)) {
		usage(stdout);
		return erg_stdout_done("erg-record", 0);
	}
	if (!strcmp(argv[1], "--version")) {
		printf("erg-record %s\n", ERG_VERSION);
		return erg_stdout_done("erg-record", 0);
	}
	if (!strcmp(argv[1], "help")) {
		argv[1] = argv[2];
		argv[2] = help;
		argc = 3;
	}
	verb = verb_find(argv[1][0] == '-' ? "run" : argv[1]);
	if (!verb)
		return verb_unknown(argv[1]);
	return argv[1][0] == '-' ? verb_run(verb, argc, argv) : verb_run(verb, argc - 1, argv + 1);
}
