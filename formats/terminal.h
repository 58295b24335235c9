/* SPDX-License-Identifier: MIT */
#ifndef ERG_FORMATS_TERMINAL_H
#define ERG_FORMATS_TERMINAL_H

/* Progress for a person: one line on stderr, when that is a terminal and a step has taken more than a
 * second, with the time that is left. Nothing otherwise. */
void erg_terminal_progress_start(void);
/* Removes the line, so that something else can be printed. */
void erg_terminal_progress_clear(void);

#endif
