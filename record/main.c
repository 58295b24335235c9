/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * erg-record: starts a workload, samples every sensor it finds and writes one archive. This file
 * holds the table of verbs and nothing that knows what a verb does; formats/base/program.c finds the verb and runs it.
 *
 * `run` is the verb of a command line without one: `erg-record -o a.erg -- ./infer`.
 */
#include <stdio.h>
#include <string.h>

#include "formats/base/program.h"
#include "formats/base/terminal.h"
#include "formats/base/util.h"
#include "record/verbs/verb.h"

/* One line a verb, in the order of --help. */
static const struct erg_verb *const verbs[] = {
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
static void verb_unknown(const struct erg_program *p, const char *word)
{
	const char *near = erg_program_nearest(p, word);

	if (is_of_analyzer(word))
		erg_terminal_line(stderr,
			"erg-record: '%s' is a verb of erg-analyze: erg-analyze %s --help; to record a "
			"command of that name: erg-record -- %s",
			word, word, word);
	else if (near)
		erg_terminal_line(stderr,
			"erg-record: there is no verb '%s': did you mean '%s'? To record a command of "
			"that name: erg-record -- %s",
			word, near, word);
	else
		erg_terminal_line(stderr,
			"erg-record: no verb '%s' ('erg-record --help' lists them); to record a "
			"command of that name: erg-record -- %s",
			word, word);
}

int main(int argc, char **argv)
{
	static const struct erg_program program = {
		.name = "erg-record",
		.synopsis = "erg-record [run] [options] -- COMMAND [ARG...]\n"
			    "       erg-record VERB [options]",
		.statuses = "the command's own for run; otherwise 0 done, 1 failed, "
			    "2 wrong usage, 3 warnings with import --strict.",
		.verbs = verbs,
		.implied = &erg_record_verb_run,
		.alias = "record",
		.unknown = verb_unknown,
	};

	erg_program_start();
	return erg_program_run(&program, argc, argv);
}
