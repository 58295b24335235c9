/* SPDX-License-Identifier: MIT */
#ifndef ERG_FORMATS_PAGER_H
#define ERG_FORMATS_PAGER_H

/*
 * Text for a person that may be longer than the terminal. When standard output is a terminal and TEXT does
 * not fit on it, $ERG_PAGER, $PAGER or less shows it (with LESS=FRX unless that is set); else, or where
 * that is empty, "cat" or not there, it is written as it is.
 */
#include <stddef.h>

/* Returns 0, also when the person ends the pager early, or a negative errno of standard output. */
int erg_pager_print(const char *text, size_t len);
/* With the word --no-pager before "--" there is no pager. It is taken out of ARGV before the verb alone:
 * behind it, it is an option (options.c), or a word of the command that is recorded. Returns the new
 * number of words. */
int erg_pager_option(int argc, char **argv);
/* From here on there is no pager. */
void erg_pager_off(void);

#endif
