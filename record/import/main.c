/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * erg-import: the verb import of erg-record, as a program of its own. It is called by erg-record,
 * speaks in its name, and needs neither LTTng nor a sensor.
 */
#include "formats/base/program.h"
#include "record/import/import.h"

int main(int argc, char **argv)
{
	static const struct erg_verb import = {.name = "import", .run = erg_import};
	static const struct erg_program recorder = {.name = "erg-record"};

	erg_program_start();
	return erg_program_run_verb(&recorder, &import, argc, argv);
}
