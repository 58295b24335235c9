/* SPDX-License-Identifier: MIT */
/*
 * The line is drawn over itself ten times a second and removed when its step ends: what stays on the
 * terminal is the result. The time left assumes that the rest goes as what is done went. Of steps
 * within steps the outermost that is no longer at its beginning is shown, since it knows most about
 * the time left. Both programs start it; what links this library otherwise prints nothing.
 */
#include "formats/base/terminal.h"

#include <stdbool.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "formats/base/number.h"
#include "formats/base/progress.h"
#include "formats/base/utf8.h"
#include "formats/base/util.h"

#define AFTER_S 1.0
#define REDRAW_NS 100000000u
#define CELLS 20
#define DEPTH 4

struct step {
	const char *what;
	uint64_t begin_ns, done, total;
};

/* The steps that are open, outermost first, and what is on the terminal. */
static struct {
	struct step open[DEPTH];
	size_t n;
	const char *drawn; /* whose line is there; NULL: none */
	uint64_t drawn_ns;
	uint64_t after_ns,
		redraw_ns; /* how old a step is that is shown, and its line that is drawn anew */
} line;

void erg_terminal_progress_clear(void)
{
	if (line.drawn)
		fputs("\r\033[K", stderr);
	line.drawn = NULL;
}

static void draw(const struct step *s, uint64_t now)
{
	double share = (double)s->done / (double)s->total;
	double left = (double)(now - s->begin_ns) * 1e-9 * (1 - share) / share;
	int full = (int)(share * CELLS);

	fprintf(stderr, "\r%s [%.*s%*s] %3d %%, %.0f s left\033[K", s->what, full,
		"####################", CELLS - full, "", (int)(100 * share), left);
	line.drawn = s->what;
	line.drawn_ns = now;
}

/* The open step WHAT, begun now when there is none; steps within it have ended. NULL: too deep. */
static struct step *step_of(const char *what, uint64_t now)
{
	size_t i = 0;

	while (i < line.n && strcmp(line.open[i].what, what))
		i++;
	if (i == DEPTH)
		return NULL;
	if (i == line.n)
		line.open[i] = (struct step){.what = what, .begin_ns = now};
	line.n = i + 1;
	return &line.open[i];
}

static void step(void *data, const char *what, uint64_t done, uint64_t total)
{
	uint64_t now = erg_mono_ns();
	struct step *s = step_of(what, now);
	size_t shown = 0;

	if (!s)
		return;
	s->done = done;
	s->total = total;
	if (done >= total) {
		line.n--;
		if (line.drawn && !strcmp(line.drawn, what))
			erg_terminal_progress_clear();
		return;
	}
	while (shown < line.n && !line.open[shown].done)
		shown++;
	if (shown < line.n && now - line.open[shown].begin_ns >= line.after_ns &&
		now - line.drawn_ns >= line.redraw_ns)
		draw(&line.open[shown], now);
}

void erg_terminal_progress_start(void)
{
	static const struct erg_progress_listener listener = {.step = step};

	const char *text = getenv("ERG_PROGRESS_AFTER_S");
	double after_s = AFTER_S;

	if (!isatty(STDERR_FILENO))
		return;
	if (text)
		erg_number_parse(text, 0, 86400, &after_s);
	line.after_ns = (uint64_t)(after_s * 1e9);
	line.redraw_ns = line.after_ns < REDRAW_NS ? line.after_ns : REDRAW_NS;
	erg_progress_listen(&listener);
}

/* Whether a terminal would take character C for a command. */
static bool commands(unsigned int c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x2028 && c <= 0x202e) ||
		(c >= 0x2066 && c <= 0x2069);
}

void erg_terminal_text(char *text)
{
	for (unsigned char *p = (unsigned char *)text; *p;) {
		unsigned int c;
		size_t n = erg_utf8_character(p, &c);

		if (commands(c))
			memset(p, '?', n);
		p += n;
	}
}

void erg_terminal_lines(char *text)
{
	for (char end = 1; end;) {
		char *to = text + strcspn(text, "\n\t");

		end = *to;
		*to = '\0';
		erg_terminal_text(text);
		*to = end;
		text = to + 1;
	}
}

char *erg_terminal_copy(const char *text)
{
	char *copy = strdup(text ? text : "");

	if (copy)
		erg_terminal_text(copy);
	return copy;
}

/* The bytes of TEXT as printf(1) makes them again: '?' would be another file's name. */
static char *word_of_bytes(const char *text, bool option)
{
	const size_t len = strlen(text);
	char *word = malloc(4 * len + sizeof("\"$(printf './/')\"")), *to = word;

	if (!word)
		return NULL;
	to += sprintf(to, "\"$(printf '%s", option ? "./" : "");
	for (const unsigned char *p = (const unsigned char *)text; *p;) {
		unsigned int c;
		const size_t n = erg_utf8_character(p, &c);

		for (size_t i = 0; i < n; i++)
			if (commands(c) || strchr("\\'!%", p[i]))
				to += sprintf(to, "\\%03o", (unsigned int)p[i]);
			else
				*to++ = (char)p[i];
		p += n;
	}
	/* a shell takes line ends from the end */
	sprintf(to, "%s')\"", text[len - 1] == '\n' ? "/" : "");
	return word;
}

static char *word_quoted(const char *text, bool option)
{
	char *word = malloc(4 * strlen(text) + sizeof("./''")), *to = word;

	if (!word)
		return NULL;
	to += sprintf(to, "%s'", option ? "./" : "");
	for (; *text; text++)
		if (*text == '\'') /* ends the quotes, stands alone, begins them again */
			to += sprintf(to, "'\\''");
		else
			*to++ = *text;
	strcpy(to, "'");
	return word;
}

char *erg_terminal_word(const char *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_./-+,:@%";
	_cleanup_(erg_freep) char *shown = erg_terminal_copy(text);
	const bool option = *text == '-';
	char *word;

	if (!shown)
		return NULL;
	if (strcmp(shown, text))
		return word_of_bytes(text, option);
	if (!*text || strspn(text, plain) != strlen(text))
		return word_quoted(text, option);
	return asprintf(&word, "%s%s", option ? "./" : "", text) < 0 ? NULL : word;
}

void erg_terminal_line(FILE *out, const char *fmt, ...)
{
	_cleanup_(erg_freep) char *text = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0) {
		text = NULL;
		fputs("(no memory for this line)\n", out);
		return;
	}
	erg_terminal_text(text);
	fprintf(out, "%s\n", text);
}

int erg_stdout_done(const char *program, int status)
{
	if (!fflush(stdout) && !ferror(stdout))
		return status;
	if (errno != EPIPE) /* who reads no further knows */
		fprintf(stderr, "%s: standard output: %s\n", program, strerror(errno));
	return status ? status : 1;
}
