/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_CALIBRATE_AGAINST_H
#define ERG_RECORD_CALIBRATE_AGAINST_H

/* A sensor against a meter: both are read while the wave is played, without a recording. */
#include <jansson.h>

#include "formats/base/err.h"
#include "record/calibrate/calibrate.h"

/*
 * METER and RAIL are rails of C->source; RAIL NULL: the only other rail of power. *RET: the calibration, as
 * record/sources/calibration.h has it. -ENOENT: no such rail; -ENODATA: what the readings cannot tell; -EINTR:
 * a signal, which waits for the caller to end the program.
 */
int erg_calibrate_against(const struct erg_calibrate *c, const char *meter, const char *rail,
	json_t **ret, struct erg_err *err);

#endif
