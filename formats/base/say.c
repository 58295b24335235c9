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

static void say(const char *prefix, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));

static void say(const char *prefix, const char *fmt, va_list ap)
{
	char line[2048];
	int n = snprintf(line, sizeof(line), "erg-record: %s", prefix);
	size_t len;
	ssize_t w;

	erg_terminal_progress_clear();
	vsnprintf(line + n, sizeof(line) - (size_t)n - 1, fmt, ap);
	erg_terminal_text(line);
	len = strlen(line);
	line[len++] = '\n';
	w = write(STDERR_FILENO, line, len);
	(void)w; /* nobody is left to tell */
}

void erg_say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say("", fmt, ap);
	va_end(ap);
}

void erg_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say("warning: ", fmt, ap);
	va_end(ap);
}
