/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_TESTS_ACCURACY_WORLD_KINDS_H
#define ERG_TESTS_ACCURACY_WORLD_KINDS_H

/* The kinds of worlds, by what differs; and what several of them do to a world. */
#include "tests/accuracy/world.h"

#define MS 1e-3
#define US 1e-6
#define PPM 1e-6

/* What can be reached, in %. */
#define RIGHT                                                                                      \
	{                                                                                          \
		0, 0, 90, 0                                                                        \
	}
#define FREE                                                                                       \
	{                                                                                          \
		.15, .6, 95, 97                                                                    \
	}
#define OTHER                                                                                      \
	{                                                                                          \
		.1, 1, 94, 97                                                                      \
	}

extern const struct kind sensor_kinds[], reading_kinds[], gain_kinds[];
extern const size_t n_sensor_kinds, n_reading_kinds, n_gain_kinds;
extern const struct kind instance_kinds[], short_kinds[], around_kinds[], shape_kinds[];
extern const size_t n_instance_kinds, n_short_kinds, n_around_kinds, n_shape_kinds;

void set_fast(struct world *w, double x);
void set_long(struct world *w, double x);
void set_ema(struct world *w, double alpha);
void set_counter(struct world *w, double spacing);
void set_duration(struct world *w, double power);
void set_drift(struct world *w, double watts);
void set_quantum(struct world *w, double lsb);

#endif
