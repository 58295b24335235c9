/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_SCREEN_H
#define ERG_RECORD_SCREEN_H

/* A screen of lines on the terminal of standard input and output (screen.c, with ncurses;
 * screen_none.c where it was built without). */
#include <stdbool.h>

struct erg_screen;

/* NULL: there is no such terminal, or nothing to draw on it with. */
struct erg_screen *erg_screen_open(void);
/* Puts the terminal back. */
void erg_screen_close(struct erg_screen *s);
int erg_screen_width(const struct erg_screen *s);
int erg_screen_height(const struct erg_screen *s);
/* A key that was pressed, 0: none. */
int erg_screen_key(struct erg_screen *s);
void erg_screen_begin(struct erg_screen *s);
void erg_screen_line(struct erg_screen *s, bool head, const char *text);
void erg_screen_end(struct erg_screen *s);

#endif
