/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_CALIBRATE_H
#define ERG_RECORD_CALIBRATE_H

/*
 * erg-record calibrate: records a wave of load that it plays itself, and says what an event, a reading and the
 * sampler cost on this machine.
 */
#include <limits.h>
#include <stdbool.h>

#include <jansson.h>

#include "formats/base/err.h"

struct erg_calibrate {
	char output[PATH_MAX];
	bool keep, force;
	const char *rate, *source, *sysfs;
	double seconds, chip_ms; /* of the wave, or the roofs */
	unsigned int threads;
};

struct erg_calibrate_costs {
	double event_ns, event_cold_ns, disabled_ns, clock_ns; /* of one */
};

/* Records the wave and measures. *RET: the document, owned by the caller. */
int erg_calibrate(struct erg_calibrate *c, json_t **ret, struct erg_err *err);
/* Plays the wave, in a recording that erg_calibrate() has started, and times events in it. */
int erg_calibrate_wave(const struct erg_calibrate *c, struct erg_calibrate_costs *ret,
	struct erg_err *err);

/*
 * The roofs of this machine, to *RET: {"ops_per_s", "bytes_per_s", "threads"}. With an output (keep) they are
 * recorded there, without they are layers of the recording that this may be a part of.
 */
int erg_calibrate_roofs(const struct erg_calibrate *c, json_t **ret, struct erg_err *err);

#endif
