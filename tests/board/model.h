/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_TESTS_BOARD_MODEL_H
#define ERG_TESTS_BOARD_MODEL_H

/*
 * The physics of the simulated board: power of each rail as a function of what runs, the clocks and
 * the die temperature, and the temperature as a function of the power. Pure functions; SI units,
 * temperatures in degrees Celsius.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum erg_rail_index { ERG_RAIL_IN, ERG_RAIL_CPU, ERG_RAIL_GPU, ERG_RAILS };

/* A table of clocks, ascending, and the voltage curve over it. */
struct erg_clock_table {
	const uint32_t *khz;
	size_t n;
	double v_min, v_max; /* V, at frequency 0 and at the highest */
};

extern const struct erg_clock_table erg_model_cpu_clocks;
extern const struct erg_clock_table erg_model_gpu_clocks;

/* Supply voltage at KHZ: V = v_min + (v_max - v_min) (f/f_max)^2. */
double erg_clock_volt(const struct erg_clock_table *t, double khz);

/* Two-stage thermal impedance (Foster form): T = ambient + x1 + x2, tau_i x_i' = r_i P - x_i. */
struct erg_thermal_params {
	double r_k_per_w[2];
	double tau_s[2];
};

struct erg_model_params {
	double other_w;    /* module without CPU, GPU, memory traffic */
	double cpu_idle_w; /* of each online core */
	double cpu_core_w; /* activity 1 of one core at the highest clock: C V^2 f */
	double gpu_idle_w;
	double gpu_full_w;             /* activity 1 of the GPU at the highest clock */
	double simd_j;                 /* of one SIMD multiply-accumulate at the highest voltage */
	double bus_j;                  /* of one bus transaction; memory has a voltage of its own */
	double leak_cpu_w, leak_gpu_w; /* at leak_t0_c and the highest voltage */
	double leak_beta;              /* 1/K: leakage = leak_w (V/V_max) exp(beta (T - t0)) */
	double leak_t0_c;
	double ambient_c;
	double fan_gain; /* r of the sink falls to r/(1 + fan_gain) at full fan */
	struct erg_thermal_params sink_on, sink_off;
	double trip_c, trip_hysteresis_c;
	double bus_max; /* transactions per second */
	unsigned cpus;
};

void erg_model_defaults(struct erg_model_params *p);

struct erg_model_clocks {
	double cpu_khz, gpu_khz;
	unsigned cpus_online;
};

struct erg_model_load {
	double simd_rate, bus_rate;        /* 1/s */
	double cpu_activity, gpu_activity; /* busy cores; share of the GPU */
};

struct erg_model_power {
	double rail_w[ERG_RAILS]; /* VDD_IN contains the others */
	double leak_w;            /* CPU and GPU together; contained in the rails */
	double dynamic_cpu_w;     /* what a lower CPU clock would reduce */
};

void erg_model_power(const struct erg_model_params *p, const struct erg_model_clocks *c,
	const struct erg_model_load *load, double temp_c, struct erg_model_power *ret);

struct erg_thermal_state {
	double x_k[2]; /* of each stage above ambient */
};

/* Exact step for constant power over dt_s. */
void erg_thermal_step(struct erg_thermal_state *s, const struct erg_thermal_params *t, double p_w,
	double dt_s);

/* The stages in force: heat sink on or off, fan from 0 to 1 (works on the sink only). */
void erg_thermal_select(const struct erg_model_params *p, bool sink, double fan,
	struct erg_thermal_params *ret);

double erg_thermal_temp(const struct erg_thermal_state *s, double ambient_c);

#endif
