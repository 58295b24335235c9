/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * erg-import: the verb import of erg-record, as a program of its own. It is called by erg-record,
 * speaks in its name, and needs neither LTTng nor a sensor.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "formats/base/memory.h"
#include "formats/base/terminal.h"
#include "formats/base/util.h"
#include "record/import/import.h"

int main(int argc, char **argv)
{
	struct erg_err err = {0};
	int r;

	erg_stdio_occupy();
	signal(SIGXFSZ, SIG_IGN); /* a file beyond a limit (ulimit -f) is said, as a full disk is */
	erg_memory_watch();
	erg_terminal_progress_start();
	r = erg_import(argc, argv, &err);
	erg_terminal_progress_clear();
	if (r >= 0)
		return erg_stdout_done("erg-record", r);
	erg_terminal_text(err.msg);
	fprintf(stderr, "erg-record import: %s\n", err.msg[0] ? err.msg : strerror(-r));
	return 1;
}
