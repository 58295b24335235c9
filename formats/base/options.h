/* SPDX-License-Identifier: MIT */
#ifndef ERG_OPTIONS_H
#define ERG_OPTIONS_H

/*
 * The command line of a verb, as tables: an option is one row, which says its names, its bounds, where
 * its value goes and what --help tells of it. So help cannot drift from what is accepted, a bound
 * stands once, and every verb complains in the same words with exit status 2.
 *
 *	static const struct erg_option own[] = {
 *		{"by", 0, "WHAT", "what a row is (default layer)", ERG_OPTION_CHOICE,
 *			offsetof(struct options, by), .choices = bys},
 *		{0},
 *	};
 *
 * Every command also has -h, --help (all options), --version and --no-pager (pager.h).
 */
#include <stdbool.h>
#include <stddef.h>

#include "formats/base/err.h"

enum erg_option_kind {
	ERG_OPTION_FLAG,     /* bool: true */
	ERG_OPTION_TEXT,     /* const char *: the argument itself */
	ERG_OPTION_NUMBER,   /* double in [lo, hi], times scale */
	ERG_OPTION_UNSIGNED, /* unsigned int in [lo, hi] */
	ERG_OPTION_U64,      /* uint64_t in [lo, hi]: digits only */
	ERG_OPTION_CHOICE,   /* const char *: one of choices, as written there */
	ERG_OPTION_CALL,     /* take() */
};

struct erg_option {
	const char *name;  /* of the long form, without its dashes */
	char letter;       /* of the short form; 0: none */
	const char *value; /* what --help calls the argument; NULL: there is none */
	const char *
		help; /* plain sentences, broken into lines when they are printed; NULL: not shown */
	enum erg_option_kind kind;
	size_t at; /* offset of the field in the group's struct */
	double lo, hi;
	double scale;               /* NUMBER: what the argument is multiplied by; 0: 1 */
	const char *const *choices; /* CHOICE: ends with NULL */
	/* CALL: INTO is the group's struct, VALUE the argument (NULL for an option without one). Returns
	 * 0, or negative with ERR set: what was expected, or a whole line that begins with "--". */
	int (*take)(void *into, const char *value, struct erg_err *err);
};

struct erg_option_group {
	const char *title;             /* above its rows in --help; NULL: none */
	const struct erg_option *rows; /* ends with a NULL name */
	size_t at;                     /* offset of the struct that the rows fill */
	bool shared;                   /* the same for many verbs: -h only names the title */
};

struct erg_command {
	const char *program, *verb; /* verb NULL: the program itself */
	const char *synopsis;       /* one or more lines, each behind "Usage: PROGRAM VERB " */
	const char *about;          /* what it does; broken into lines */
	const struct erg_option_group *groups; /* ends with NULL rows */
	const char *ending; /* below the options, or NULL; broken into lines if it has none */
	bool stops; /* the first word that is no option ends them: what follows is another's */
	/* Takes each word that is no option, where it stands; LAST is the option before it, or NULL. Returns
	 * 0, or negative with ERR set: what was expected. NULL: they are left to the caller. */
	int (*word)(void *into, const struct erg_option *last, const char *word,
		struct erg_err *err);
};

/*
 * Fills INTO. Returns 0 and in *RET_FIRST the index of the first word that is no option (they are
 * brought to the end of ARGV); 1 when help or the version was printed; 2 for wrong usage, which was
 * said on stderr in one line.
 */
int erg_options_parse(const struct erg_command *c, int argc, char **argv, void *into,
	int *ret_first);

/* Says what is wrong with a command line, in the same form, and returns 2. */
int erg_options_wrong(const struct erg_command *c, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* The word of NAMES (which ends with NULL) that WORD was probably meant to be: a distance of at most a
 * third of the longer one's letters (Damerau 1964: a letter more, less, another, or two swapped); NULL if none is
 * near. */
const char *erg_options_nearest(const char *word, const char *const *names);

#endif
