/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_IMPORT_OPTIONS_H
#define ERG_RECORD_IMPORT_OPTIONS_H

/* The command line of `erg-record import`. */
#include <stdbool.h>

#include <jansson.h>

#include "record/import/import.h"
#include "record/import/named.h"

struct erg_import_options {
	const char *samples, *layers, *rules, *output, *onto;
	double clock_u_s; /* negative: not said */
	const struct erg_import_reader *from;
	const struct erg_import_layers_reader *layers_from;
	const char **file; /* of the form that --from named last */
	struct erg_import_how how;
	struct erg_import_named named;
	bool force, strict;
	json_t *tags, *sensors;
	json_t *named_words; /* --time, --column and --where as they were given */
};

/* Returns 0, 1 when --help was printed, or 2 for wrong usage (which was said on stderr). Release in any
 * case. */
int erg_import_options_parse(int argc, char **argv, struct erg_import_options *ret);
void erg_import_options_release(struct erg_import_options *o);

#endif
