/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_TESTS_BOARD_CONTROL_H
#define ERG_TESTS_BOARD_CONTROL_H

/*
 * What decides the clocks of the board: governors and their limits, the thermal throttle, the
 * power cap. Pure: the engine calls erg_control_tick every ERG_CONTROL_TICK_NS.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/board/model.h"

#define ERG_CONTROL_TICK_NS 10000000u

struct erg_governor {
	const struct erg_clock_table *table;
	char name[24];    /* performance, powersave, userspace, ondemand, schedutil, … */
	uint32_t set_khz; /* userspace */
	uint32_t min_khz, max_khz;
	uint32_t cur_khz; /* in force */
};

struct erg_control {
	struct erg_governor cpu, gpu;
	double cap_w;                    /* 0: none */
	double cap_mean_w;               /* mean of VDD_IN that the cap looks at */
	size_t cap_steps, thermal_steps; /* clocks taken off the top */
	uint32_t throttled;              /* 1 thermal, 2 cap: a clock is lower than asked for */
	uint64_t throttle_events;        /* times the thermal throttle set in */
	uint64_t cap_events;
	uint32_t online; /* bit mask of CPUs */
	bool sink;
	unsigned pwm; /* fan, 0..255 */
	double ambient_c;
};

struct erg_control_seen {
	double temp_c;
	double power_w;       /* mean of VDD_IN since the last tick */
	double dynamic_cpu_w; /* the part that falls with the CPU clock */
	double cpu_util;      /* busiest core, 0..1 */
	double gpu_util;
};

void erg_control_init(struct erg_control *c, const struct erg_model_params *p);
void erg_control_tick(struct erg_control *c, const struct erg_model_params *p,
	const struct erg_control_seen *seen);

/* Whether KHZ is in the table. */
bool erg_clock_valid(const struct erg_clock_table *t, uint32_t khz);

unsigned erg_control_cpus(const struct erg_control *c);

#endif
