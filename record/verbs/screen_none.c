/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Without ncurses there is no screen: erg-record top prints lines. */
#include "record/verbs/screen.h"

#include <stddef.h>

struct erg_screen *erg_screen_open(void)
{
	return NULL;
}

void erg_screen_close(struct erg_screen *s)
{
}

int erg_screen_width(const struct erg_screen *s)
{
	return 0;
}

int erg_screen_height(const struct erg_screen *s)
{
	return 0;
}

int erg_screen_key(struct erg_screen *s)
{
	return 0;
}

void erg_screen_begin(struct erg_screen *s)
{
}

void erg_screen_line(struct erg_screen *s, bool head, const char *text)
{
}

void erg_screen_end(struct erg_screen *s)
{
}
