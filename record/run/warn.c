/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Warnings of a recording: said at once, and kept for the manifest. */
#include "formats/base/say.h"
#include "formats/base/utf8.h"
#include "record/run/run.h"

void erg_run_warn(void *data, const char *line)
{
	struct erg_run *r = data;

	erg_warn("%s", line);
	json_array_append_new(r->warnings, erg_utf8_json(line));
}
