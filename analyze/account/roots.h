/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ACCOUNT_ROOTS_H
#define ERG_ANALYZE_ACCOUNT_ROOTS_H

/* What the account of one root leaves out: the other roots. */
#include <jansson.h>

#include "analyze/account/account.h"

/* Adds to RUN "other_roots": [{"rail", "mean_w", "share"}], shares of the roots' mean powers together,
 * where A is of one root that nobody named and there are others; and "covariance": "readings" where A
 * is of a sum of rails that were read together. */
void erg_roots_note(const struct erg_account *a, const struct erg_common *common, json_t *run);

#endif
