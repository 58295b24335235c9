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
/* Takes the words --no-pager that stand before "--" out of ARGV; with one of them there is no pager.
 * Returns the new number of words. */
int erg_pager_option(int argc, char **argv);

#endif
