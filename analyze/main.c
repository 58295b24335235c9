/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * erg-analyze: replays archives and prints what they show. This file holds the table of verbs and
 * nothing that knows what a verb does: it finds the verb, runs it, and turns the outcome into an
 * exit status and at most one line on stderr. It is the only file of analyze/ that prints an error.
 *
 * The locale is never set: whatever the user's, a decimal point is a point and output is UTF-8.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "analyze/verbs/verb.h"
#include "formats/base/memory.h"
#include "formats/base/options.h"
#include "formats/base/pager.h"
#include "formats/base/terminal.h"
#include "formats/base/util.h"

/* One line a verb, in the order of --help. */
static const struct erg_verb *const verbs[] = {
	&erg_verb_info,
	&erg_verb_verify,
	&erg_verb_layers,
	&erg_verb_totals,
	&erg_verb_sweep,
	&erg_verb_corun,
	&erg_verb_thermal,
	&erg_verb_model,
	&erg_verb_compare,
	&erg_verb_report,
	&erg_verb_export,
	&erg_verb_batch,
	&erg_verb_study,
	NULL,
};

static void usage(FILE *out)
{
	fprintf(out, "Usage: erg-analyze VERB [options] FILE...\n\nVerbs:\n");
	for (size_t i = 0; verbs[i]; i++)
		fprintf(out, "  %-10s %s\n", verbs[i]->name, verbs[i]->about);
	fprintf(out,
		"\n'erg-analyze VERB --help' (or 'erg-analyze help VERB') tells more; so does man "
		"erg-analyze-VERB.\n"
		"Exit status: 0 done, 1 failed, 2 wrong usage, 3 warnings with --strict; of compare also 4 and 5.\n");
}

static int run_verb(const struct erg_verb *verb, int argc, char **argv)
{
	struct erg_err err = {0};
	int r;

	erg_terminal_progress_start();
	r = verb->run(argc, argv, &err);
	erg_terminal_progress_clear();

	if (r >= 0)
		return erg_stdout_done("erg-analyze", r);
	if (r == -EPIPE)
		return 1;
	erg_terminal_text(err.msg);
	fprintf(stderr, "erg-analyze %s: %s\n", verb->name, err.msg[0] ? err.msg : strerror(-r));
	return 1;
}

static bool is_of_recorder(const char *word)
{
	static const char *const names[] = {"run", "record", "sources", "top", "restore", "import",
		"recover", "collect", "calibrate"};

	for (size_t i = 0; i < ERG_ARRAY_SIZE(names); i++)
		if (!strcmp(names[i], word))
			return true;
	return false;
}

/* What was meant: a verb of the other program, one that is spelled like it, or a file without a verb. */
static int verb_unknown(const char *word)
{
	const char *names[ERG_ARRAY_SIZE(verbs)] = {NULL}, *near;

	if (is_of_recorder(word)) {
		erg_terminal_line(stderr,
			"erg-analyze: '%s' is a verb of erg-record: erg-record %s --help", word,
			word);
		return 2;
	}
	if (!access(word, F_OK)) {
		erg_terminal_line(stderr,
			"erg-analyze: '%s' is a file: name a verb before it, as erg-analyze layers %s "
			"('erg-analyze --help' lists them)",
			word, word);
		return 2;
	}
	for (size_t i = 0; verbs[i]; i++)
		names[i] = verbs[i]->name;
	near = erg_options_nearest(word, names);
	erg_terminal_line(stderr,
		"erg-analyze: no verb '%s'%s%s%s ('erg-analyze --help' lists them)", word,
		near ? ": did you mean '" : "", near ? near : "", near ? "'?" : "");
	return 2;
}

int main(int argc, char **argv)
{
	static char help[] = "--help";

	erg_stdio_occupy();
	erg_memory_watch();
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a file beyond a limit (ulimit -f) is said, as a full disk is */
	argc = erg_pager_option(argc, argv);
	if (argc < 2) {
		usage(stderr);
		return 2;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") ||
		(!strcmp(argv[1], "help") && argc == 2)) {
		usage(stdout);
		return erg_stdout_done("erg-analyze", 0);
	}
	if (!strcmp(argv[1], "--version")) {
		printf("erg-analyze %s\n", ERG_VERSION);
		return erg_stdout_done("erg-analyze", 0);
	}
	if (!strcmp(argv[1], "help")) {
		argv[1] = argv[2];
		argv[2] = help;
		argc = 3;
	}
	for (size_t i = 0; verbs[i]; i++)
		if (!strcmp(argv[1], verbs[i]->name))
			return run_verb(verbs[i], argc - 1, argv + 1);
	return verb_unknown(argv[1]);
}
