/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The line is drawn over itself ten times a second and removed when its step ends: what stays on the
 * terminal is the result. The time left assumes that the rest goes as what is done went. Part of the
 * program, not of the library, as it prints.
 */
#include "analyze/terminal.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "analyze/progress.h"
#include "formats/util.h"

#define AFTER_NS 1000000000u
#define REDRAW_NS 100000000u
#define CELLS 20

struct line {
	const char *what; /* the step; NULL: none */
	uint64_t begin_ns, drawn_ns;
	bool drawn;
};

static struct line line;

void erg_terminal_progress_clear(void)
{
	if (line.drawn)
		fputs("\r\033[K", stderr);
	line.drawn = false;
}

static void draw(uint64_t now, uint64_t done, uint64_t total)
{
	double share = (double)done / (double)total;
	double left = (double)(now - line.begin_ns) * 1e-9 * (1 - share) / share;
	int full = (int)(share * CELLS);

	fprintf(stderr, "\r%s [%.*s%*s] %3.0f %%, %.0f s left\033[K", line.what, full,
		"####################", CELLS - full, "", 100 * share, left);
	line.drawn = true;
	line.drawn_ns = now;
}

static void step(void *data, const char *what, uint64_t done, uint64_t total)
{
	uint64_t now = erg_mono_ns();

	if (!line.what || strcmp(line.what, what)) {
		erg_terminal_progress_clear();
		line = (struct line){.what = what, .begin_ns = now};
	}
	if (done >= total) {
		erg_terminal_progress_clear();
		line.what = NULL;
	} else if (done && now - line.begin_ns > AFTER_NS && now - line.drawn_ns > REDRAW_NS) {
		draw(now, done, total);
	}
}

void erg_terminal_progress_start(void)
{
	static const struct erg_progress_listener listener = {.step = step};

	if (isatty(STDERR_FILENO))
		erg_progress_listen(&listener);
}
