/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_TIMELINE_COUNTER_PERIOD_H
#define ERG_ANALYZE_TIMELINE_COUNTER_PERIOD_H

#include <stddef.h>
#include <stdint.h>

/*
 * How often the register of a counter is brought up to date that is read less often than that, or hardly more often:
 * no value is there twice. T: times of the N readings, ns, in order; V: energies; SPACING: how far readings
 * usually are apart, ns. Returns the period, ns; 0: nothing that shows.
 */
uint64_t erg_counter_period(const uint64_t *t, const double *v, size_t n, uint64_t spacing);

#endif
