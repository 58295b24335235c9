/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ACCOUNT_WORK_H
#define ERG_ANALYZE_ACCOUNT_WORK_H

/* What a row's work cost: its operations and bytes, as its layers were described. */
#include <stddef.h>

#include <jansson.h>

#include "analyze/attribution/attribution.h"
#include "analyze/result/estimate.h"

/*
 * {"ops": two for each multiply-accumulate, "bytes": read and written (inputs, outputs, parameters),
 * "ops_per_s", "bytes_per_s", "ops_per_byte": arithmetic intensity, "per_op_j": est, "per_byte_j": est}
 * of all calls; what does not apply is null. NULL where the layers have neither.
 */
json_t *erg_work_json(double macs, double bytes, double time_s, const struct erg_est *energy);

/*
 * The set WEIGHT (0 or 1 a class) as a share of WHOLE, another set: by the interval of the difference
 * E(set) - share E(whole) (Fieller 1954), so that errors which both have in common count once.
 */
struct erg_est erg_work_share(const struct erg_attr *a, const double *weight, const double *whole);

#endif
