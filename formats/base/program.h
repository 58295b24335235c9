/* SPDX-License-Identifier: MIT */
#ifndef ERG_FORMATS_PROGRAM_H
#define ERG_FORMATS_PROGRAM_H

/*
 * What programs of verbs have in common: the verb is found by its name and run, and the outcome becomes an exit
 * status and at most one line on stderr. Nothing here knows what a verb does.
 */
#include <stdbool.h>

#include "formats/base/err.h"

struct erg_verb {
	const char *name;
	const char *about; /* one line of --help */
	/* argv[0] is the verb's name. Returns the exit status (0 done, 2 wrong usage, others as --help says) or a
	 * negative errno with ERR set (exit 1). */
	int (*run)(int argc, char **argv, struct erg_err *err);
};

struct erg_program {
	const char *name;
	const char *synopsis, *statuses; /* of --help: what comes behind "Usage:", "Exit status:" */
	const struct erg_verb *const *verbs; /* in the order of --help; ends with NULL */
	const struct erg_verb *implied;      /* where an option comes first; NULL: there is none */
	const char *alias;                   /* the implied one's second name */
	bool quiet_pipe;                     /* a verb whose reader has gone says nothing of it */
	/* Says what WORD, which is no verb, was probably meant to be. */
	void (*unknown)(const struct erg_program *p, const char *word);
};

/* The first thing in main(): what holds for all of the program. */
void erg_program_start(void);
/* Does what the command line says; returns the exit status. */
int erg_program_run(const struct erg_program *p, int argc, char **argv);
/* The same of one verb, with its own words. */
int erg_program_run_verb(const struct erg_program *p, const struct erg_verb *v, int argc,
	char **argv);
/* The verb that WORD was probably meant to be (options.h); NULL if none is near. */
const char *erg_program_nearest(const struct erg_program *p, const char *word);

#endif
