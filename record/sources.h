/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_SOURCES_H
#define ERG_RECORD_SOURCES_H

/* The verb `erg-record sources`. Returns the exit status (0, 2 for wrong usage) or a negative errno
 * with ERR set. */
#include "formats/err.h"

int erg_record_sources(int argc, char **argv, struct erg_err *err);

#endif
