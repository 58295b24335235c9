/* SPDX-License-Identifier: MIT */
#ifndef ERG_FORMATS_FIGURES_H
#define ERG_FORMATS_FIGURES_H

/*
 * What the readings of one channel came to: how many there were, from when to when, and their mean.
 * Whoever writes an archive counts this while the readings pass, and puts it into summary.json; so
 * a large archive can be described without decoding any of its chunks.
 */
#include <stdint.h>

#include <jansson.h>

#include "formats/sensor.h"

/* Begins as zeroes. */
struct erg_figures {
	uint64_t readings, first_ns, last_ns;
	int64_t first, last; /* raw */
	double above;        /* sum of the raw readings, each less the first */
	/* of a cumulative channel: what it counted (raw) and how long that took, without resets */
	double counted, counted_s, fastest;
	/* of a current that was read with its voltage: the sum of the powers */
	double watts;
	uint64_t n_watts;
};

/* A reading RAW of channel D at T. */
void erg_figures_take(struct erg_figures *f, const struct erg_channel_def *d, uint64_t time_ns,
	int64_t raw);
/* The power that a rail took at a reading of its current. */
void erg_figures_take_watts(struct erg_figures *f, double watts);

/* As an element of summary.json's sources[].channels (formats/FORMAT.md); NULL without memory. KIND: of
 * the channel's sensor. */
json_t *erg_figures_json(const struct erg_figures *f, const struct erg_channel_def *d,
	enum erg_sensor_kind kind);

#endif
