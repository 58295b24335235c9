/* SPDX-License-Identifier: MIT */
#ifndef ERG_SAY_H
#define ERG_SAY_H

/* What a verb of erg-record tells the person: one line each on stderr, never on stdout, which is
 * the command's. */
void erg_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* The same behind "warning: ". */
void erg_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
