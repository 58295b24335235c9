/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_TESTS_BOARD_BOARD_H
#define ERG_TESTS_BOARD_BOARD_H

/*
 * The simulated board: joins the page, the physics, the sensors, the controls, the tree of files
 * and the log of the truth. One thread; erg_board_step brings everything up to the present.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "formats/base/err.h"
#include "tests/board/adc.h"
#include "tests/board/control.h"
#include "tests/board/follow.h"
#include "tests/board/meter.h"
#include "tests/board/model.h"
#include "formats/board_page.h"
#include "tests/board/tree.h"
#include "tests/board/truth.h"

struct erg_board_config {
	const char *dir;
	const char *page_path, *truth_path; /* NULL: under DIR/ergboard */
	struct erg_model_params model;
	struct erg_adc_params adc; /* of every rail: units mA, scale filled in by the board */
	uint64_t lag_u_ns;
	double rail_mv, shunt_uohm;
	bool sensor_locked; /* samples cannot be changed */
	bool power_files;   /* powerN_input beside current and voltage */
	bool energy;        /* powercap energy counters */
	bool meter;         /* a PowerSensor3 at DIR/ergboard/meter */
	uint64_t energy_range_uj, energy_period_ns;
	double energy_lsb_uj;
	double thermal_speed; /* time constants are divided by it */
	double temp_lsb_c;
	bool sink;
	unsigned hz; /* updates per second */
	uint64_t seed;
	enum erg_follow_mode follow;
	bool follow_command;
	pid_t follow_pid;
	char *const *command; /* NULL: none */
};

struct erg_attribute; /* a file of the tree with what it does: files.c */

/* What a thread that plays has executed: see count_ring() for how. */
#define ERG_BOARD_COUNTS (2 * ERG_BOARD_RINGS)
struct erg_board_counts {
	uint32_t owner; /* 0: nobody */
	double busy_s, instructions, cycles, simd, bus;
};

struct erg_board {
	struct erg_board_config cfg;
	int root_fd;
	struct erg_board_page *page;
	FILE *truth;
	struct erg_follow follow;
	struct erg_control control;
	struct erg_thermal_state heat;
	struct erg_model_clocks clocks;
	struct erg_model_load ring_load[ERG_BOARD_RINGS];
	struct erg_board_counts counts[ERG_BOARD_COUNTS]; /* those of rings first */
	unsigned ended;  /* the next place for a thread that ended */
	double followed; /* busy cores from CPU time */

	uint64_t t_ns;                /* everything is integrated up to here */
	uint64_t tick_ns, control_ns; /* next thermal and control tick */
	uint64_t stuck_ns;            /* since when a ring is pending */
	uint64_t late;                /* transitions that came after their time was integrated */
	double energy_j[ERG_TRUTH_COLUMNS];
	double heat_j; /* energy of VDD_IN since the last thermal tick */
	double bus;    /* transactions since then */
	double seen_j, seen_dynamic_j, seen_cpu, seen_gpu; /* since the last control tick */
	struct erg_truth_record logged;

	struct erg_adc adc[ERG_RAILS], counter[ERG_RAILS];
	struct erg_tree_file current[ERG_RAILS], voltage[ERG_RAILS], power[ERG_RAILS];
	struct erg_tree_file hwmon_time, hwmon_model;
	struct erg_tree_file energy[ERG_RAILS], energy_time;
	uint64_t hwmon_shown, energy_shown;
	unsigned samples; /* the ema's N */

	struct erg_meter meter;
	struct erg_attribute *attributes;
	size_t n_attributes;
	struct erg_tree_file looks; /* how often the files were looked at */
	uint64_t n_looks;
	struct erg_tree_file processes;
	uint64_t counts_ns; /* when they are shown again */
};

int erg_board_open(struct erg_board *b, const struct erg_board_config *cfg, struct erg_err *err);
void erg_board_close(struct erg_board *b);

/* Integrates up to now and updates the files. */
void erg_board_step(struct erg_board *b);

/* Housekeeping ten times a second: rings of dead threads, the log's buffer. */
void erg_board_tidy(struct erg_board *b);

/* The temperature of the die, degC. */
double erg_board_temp(const struct erg_board *b);

/* files.c: the attributes that can be written or change slowly. */
int erg_board_files_open(struct erg_board *b, struct erg_err *err);
void erg_board_files_poll(struct erg_board *b);
void erg_board_files_close(struct erg_board *b);

/* processes.c: what each thread has executed. */
void erg_board_count(struct erg_board *b, double dt);
void erg_board_counts_show(struct erg_board *b);

/* sensors.c: hwmon and powercap readings. */
int erg_board_sensors_open(struct erg_board *b, struct erg_err *err);
void erg_board_sensors_feed(struct erg_board *b, uint64_t to_ns, const struct erg_model_power *p);
void erg_board_sensors_show(struct erg_board *b);
void erg_board_sensors_samples(struct erg_board *b, unsigned samples);
void erg_board_sensors_close(struct erg_board *b);

#endif
