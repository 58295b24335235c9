/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * erg-analyze: replays archives and prints what they show. This file holds the table of verbs and
 * nothing that knows what a verb does; formats/base/program.c finds the verb and runs it.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "analyze/verbs/verb.h"
#include "formats/base/program.h"
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
static void verb_unknown(const struct erg_program *p, const char *word)
{
	const char *near = erg_program_nearest(p, word);

	if (is_of_recorder(word))
		erg_terminal_line(stderr,
			"erg-analyze: '%s' is a verb of erg-record: erg-record %s --help", word,
			word);
	else if (!access(word, F_OK))
		erg_terminal_line(stderr,
			"erg-analyze: '%s' is a file: name a verb before it, as erg-analyze layers %s "
			"('erg-analyze --help' lists them)",
			word, word);
	else
		erg_terminal_line(stderr,
			"erg-analyze: no verb '%s'%s%s%s ('erg-analyze --help' lists them)", word,
			near ? ": did you mean '" : "", near ? near : "", near ? "'?" : "");
}

int main(int argc, char **argv)
{
	static const struct erg_program program = {
		.name = "erg-analyze",
		.synopsis = "erg-analyze VERB [options] FILE...",
		.statuses =
			"0 done, 1 failed, 2 wrong usage, 3 warnings with --strict; of compare also 4 "
			"and 5.",
		.verbs = verbs,
		.quiet_pipe = true,
		.unknown = verb_unknown,
	};

	erg_program_start();
	signal(SIGPIPE, SIG_IGN);
	return erg_program_run(&program, argc, argv);
}
