/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_TOP_SENSORS_H
#define ERG_RECORD_TOP_SENSORS_H

/* The machine's sensors, read by a thread onto a page as a recorder would have, without a recording. */
#include "formats/base/err.h"
#include "record/sampler/show.h"
#include "record/sources/source.h"

struct erg_top_sensors;

/* Starts the sources and reads them at RATE_HZ. What does not start is left out and counted. SOURCES are
 * borrowed, to be released after the end. */
int erg_top_sensors_start(struct erg_source_list *sources, double rate_hz,
	struct erg_top_sensors **ret, struct erg_err *err);
const struct erg_show_page *erg_top_sensors_page(const struct erg_top_sensors *s);
unsigned erg_top_sensors_failed(const struct erg_top_sensors *s);
/* Ends the thread and stops the sources. */
void erg_top_sensors_free(struct erg_top_sensors *s);

#endif
