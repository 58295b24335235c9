/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A screen by ncurses, which writes only what has changed. The locale's characters are needed here, for
 * names in UTF-8, and nowhere else: numbers stay as they are everywhere. Signals are the caller's: it
 * has taken those that end a program before the screen is opened, and ncurses then leaves them alone.
 */
#include "record/verbs/screen.h"

#include <langinfo.h>
#include <locale.h>
#include <ncurses.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct erg_screen {
	SCREEN *term;
	int row;
	bool utf8;
};

struct erg_screen *erg_screen_open(void)
{
	struct erg_screen *s;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return NULL;
	s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	setlocale(LC_CTYPE, "");
	s->utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8");
	s->term = newterm(NULL, stdout, stdin);
	if (!s->term) {
		free(s);
		return NULL;
	}
	cbreak();
	noecho();
	curs_set(0);
	nodelay(stdscr, TRUE);
	keypad(stdscr, TRUE);
	return s;
}

void erg_screen_close(struct erg_screen *s)
{
	if (!s)
		return;
	endwin();
	delscreen(s->term);
	free(s);
}

int erg_screen_width(const struct erg_screen *s)
{
	return COLS;
}

int erg_screen_height(const struct erg_screen *s)
{
	return LINES;
}

int erg_screen_key(struct erg_screen *s)
{
	int key = getch();

	return key == ERR ? 0 : key;
}

void erg_screen_begin(struct erg_screen *s)
{
	erase();
	s->row = 0;
}

void erg_screen_line(struct erg_screen *s, bool head, const char *text)
{
	if (head)
		attron(A_BOLD);
	move(s->row++, 0);
	for (const char *p = text; *p; p++) {
		if (s->utf8 || !((unsigned char)*p & 0x80))
			addnstr(p, 1);
		else if (((unsigned char)*p & 0xc0) != 0x80)
			addch('?');
	}
	if (head)
		attroff(A_BOLD);
}

void erg_screen_end(struct erg_screen *s)
{
	refresh();
}
