/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_FOREIGN_H
#define ERG_RECORD_FOREIGN_H

#include <stddef.h>
#include <stdint.h>

#include "formats/base/err.h"

/*
 * A second session beside the recording, for events that are not ours: what rules make layers of. It
 * writes into a folder of its own, which is read and removed when the command has ended.
 */
struct erg_foreign;

/* NAME: ergtrace-PID-…, so that the next recorder ends what a killed one left. EVENTS: their names, with
 * providers. On failure nothing is left. */
int erg_foreign_start(const char *name, const char *dir, char *const *events, size_t n,
	struct erg_foreign **ret, struct erg_err *err);
/* Stops it and waits until all is in the folder. *ret_lost: events that were discarded. */
int erg_foreign_stop(struct erg_foreign *f, uint64_t *ret_lost, struct erg_err *err);
/* Destroys the session if it is still there; NULL is nothing. */
void erg_foreign_free(struct erg_foreign *f);

#endif
