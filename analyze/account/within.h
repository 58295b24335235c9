/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ACCOUNT_WITHIN_H
#define ERG_ANALYZE_ACCOUNT_WITHIN_H

/*
 * The layers of one phase. Calls in it and calls out of it are layers of their own in the attribution, so
 * that the whole run's readings tell what each of them takes.
 */
#include "analyze/timeline/timeline.h"
#include "formats/base/err.h"

/* Name, type, module and network of all that is not within the phase. */
#define ERG_WITHIN_NOT "(outside of the phase)"

/*
 * A copy of TL in which calls that do not lie wholly within phases of that NAME, on whatever thread, are of
 * other layers, named ERG_WITHIN_NOT. *ret_own is what erg_within_release() must free before TL.
 * -ENODATA where no phase has that name; -ENOMEM.
 */
int erg_within_phase(const struct erg_timeline *tl, const char *name, struct erg_timeline **ret_own,
	struct erg_err *err);
void erg_within_release(struct erg_timeline *own);

#endif
