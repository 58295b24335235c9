/* SPDX-License-Identifier: MIT */
#ifndef ERG_FORMATS_TERMINAL_H
#define ERG_FORMATS_TERMINAL_H

#include <stdio.h>

/* Progress for a person: one line on stderr, when that is a terminal and a step has taken more than a
 * second (or ERG_PROGRESS_AFTER_S seconds of the environment), with the time that is left. Nothing
 * otherwise. */
void erg_terminal_progress_start(void);
/* Removes the line, so that something else can be printed. */
void erg_terminal_progress_clear(void);

/* Puts '?' for each byte of TEXT that a terminal would take for a command: control characters, U+0080 to
 * U+009F, what turns the direction of writing (U+202A to U+202E, U+2066 to U+2069) or ends a line (U+2028,
 * U+2029), and bytes that are no UTF-8. Names may come from elsewhere: from a file, or another machine. */
void erg_terminal_text(char *text);
/* The same of each line of TEXT: line ends and tabs stay. */
void erg_terminal_lines(char *text);

/* A copy of TEXT (NULL counts as "") that may be printed, to be freed; NULL when memory runs out. */
char *erg_terminal_copy(const char *text);
/* The same as one word of a shell's command, for what is to be copied and pasted: TEXT to the byte, quoted
 * where it holds more than letters, digits and the plain characters of a path. Of a folder whose name ends
 * in a line end, with a slash. */
char *erg_terminal_word(const char *text);

/* One line on OUT, in which names are shown so: what FMT makes, and the end of the line. */
void erg_terminal_line(FILE *out, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* For main(): flushes stdout. STATUS when all that was printed has been written, else that of a
 * failure, which is said in the name of PROGRAM, but for a reader that has gone. */
int erg_stdout_done(const char *program, int status);

#endif
