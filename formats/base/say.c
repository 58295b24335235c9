/* SPDX-License-Identifier: MIT */
/*
 * The recorder's voice. A line is written by one write(), so that it is not torn when the command
 * writes to the same terminal.
 */
#include "formats/base/say.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "formats/base/terminal.h"
#include "formats/base/util.h"

static void say_line(const char *prefix, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));

/* A command that is cut would be another command: the line is as long as it is. */
static void say_line(const char *prefix, const char *fmt, va_list ap)
{
	static const char lack[] = "erg-record: (no memory for this line)\n";
	_cleanup_(erg_freep) char *text = NULL, *line = NULL;
	ssize_t w;
	int n;

	erg_terminal_progress_clear();
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	else
		erg_terminal_text(text);
	n = text ? asprintf(&line, "erg-record: %s%s\n", prefix, text) : -1;
	if (n < 0)
		line = NULL;
	w = n < 0 ? write(STDERR_FILENO, lack, sizeof(lack) - 1)
		  : write(STDERR_FILENO, line, (size_t)n);
	(void)w; /* nobody is left to tell */
}

void erg_say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say_line("", fmt, ap);
	va_end(ap);
}

void erg_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say_line("warning: ", fmt, ap);
	va_end(ap);
}
