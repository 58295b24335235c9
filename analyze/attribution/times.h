/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_TIMES_H
#define ERG_ANALYZE_ATTRIBUTION_TIMES_H

/* When the readings were: stamps that scatter, that were held up, updates that were seen late. */
#include <stdbool.h>

struct attr_readings;
struct attr_run;

/* Which update each reading of a counter saw, by the powers POWER. */
int attr_which_update(struct attr_run *r, const double *power, bool *ret_changed);
/* Whether stamps scatter about their pace at all. */
bool attr_stamps_scatter(const struct attr_readings *r);
/* Keeps the stamps beside the times, and how far each is off the pace. */
int attr_stamps_keep(struct attr_run *r);
/* The times are the stamps, less the part PART of what they are off by, and all of it where they are later than FROM. */
void attr_times_by_pace(struct attr_readings *r, double part, double from);
/* The times are those of the stamps again. */
void attr_unsteady(struct attr_run *r);
/* Times of readings that were held up now and then before their stamp, by the pace of the others. */
int attr_late_stamps(struct attr_run *r, bool *ret_changed);
/* The same of those that were held up by more than the others scatter, where powers fitted to these times leave
 * less: a fit to the stamps does not know which of them are wrong. */
int attr_late_stamps_far(struct attr_run *r, bool *ret_changed);
/* Those that were held up by less than can be seen widen the intervals, and all where the run does not tell. */
int attr_late_stamps_effect(struct attr_run *r);
/* Times of readings whose stamps scatter, by the pace of their neighbours. */
int attr_steady(struct attr_run *r, bool *ret_changed);
/* Before the sensor is known: those that were held up may be all that is wrong. */
int attr_steady_first(struct attr_run *r, bool *ret_changed);
/* Whether the readings have a pace that their stamps scatter about. */
bool attr_has_pace(const struct attr_run *r);
/* Times, and how well each is known, by how far stamps are off the pace, where that leaves less. */
int attr_scatter(struct attr_run *r, bool *ret_changed);
/* A blur for readings whose times scatter, where that fits better than a low-pass. */
int attr_blur(struct attr_run *r, bool *ret_changed);

#endif
