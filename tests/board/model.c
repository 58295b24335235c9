/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Physics of the simulated board.
 *
 * The numbers are those of a TX1-class module in order of magnitude, no measurement of one: a few
 * watts idle, about 15 W with everything busy, 17 CPU clocks up to 1.734 GHz. What matters is that
 * every term has the form that the analyses assume, so that an analysis can be checked against it:
 *
 *   dynamic power   activity C V^2 f, and a fixed energy per SIMD operation (times V^2) and per
 *                   bus transaction, so that power is linear in the rates at a given clock;
 *   leakage         exponential in temperature (De Vogeleer et al. 2014, arXiv 1404.3381);
 *   temperature     two exponentials (a Foster ladder): the terminal behaviour of any two-stage
 *                   network of thermal resistances and capacities. The heat sink lengthens the
 *                   slow time constant and lowers its resistance.
 */
#include "tests/board/model.h"

#include <math.h>

static const uint32_t cpu_khz[] = {102000, 204000, 307200, 403200, 518400, 614400, 710400, 825600,
	921600, 1036800, 1132800, 1224000, 1326000, 1428000, 1555500, 1632000, 1734000};
static const uint32_t gpu_khz[] = {76800, 153600, 230400, 307200, 384000, 460800, 537600, 614400,
	691200, 768000, 844800, 921600, 998400};

const struct erg_clock_table erg_model_cpu_clocks = {.khz = cpu_khz,
	.n = sizeof(cpu_khz) / sizeof(cpu_khz[0]),
	.v_min = 0.80,
	.v_max = 1.227};
const struct erg_clock_table erg_model_gpu_clocks = {.khz = gpu_khz,
	.n = sizeof(gpu_khz) / sizeof(gpu_khz[0]),
	.v_min = 0.80,
	.v_max = 1.12};

double erg_clock_volt(const struct erg_clock_table *t, double khz)
{
	double x = khz / t->khz[t->n - 1];

	return t->v_min + (t->v_max - t->v_min) * x * x;
}

void erg_model_defaults(struct erg_model_params *p)
{
	*p = (struct erg_model_params){
		.other_w = 1.3,
		.cpu_idle_w = 0.05,
		.cpu_core_w = 1.1,
		.gpu_idle_w = 0.1,
		.gpu_full_w = 6.0,
		.simd_j = 200e-12,
		.bus_j = 15e-9,
		.leak_cpu_w = 0.7,
		.leak_gpu_w = 0.5,
		.leak_beta = 0.02,
		.leak_t0_c = 50,
		.ambient_c = 25,
		.fan_gain = 0.6,
		.sink_on = {.r_k_per_w = {1.5, 2.5}, .tau_s = {8, 90}},
		.sink_off = {.r_k_per_w = {1.5, 6.5}, .tau_s = {8, 40}},
		.trip_c = 85,
		.trip_hysteresis_c = 3,
		.bus_max = 200e6,
		.cpus = 4,
	};
}

void erg_model_power(const struct erg_model_params *p, const struct erg_model_clocks *c,
	const struct erg_model_load *load, double temp_c, struct erg_model_power *ret)
{
	const struct erg_clock_table *ct = &erg_model_cpu_clocks, *gt = &erg_model_gpu_clocks;
	double fc = c->cpu_khz / ct->khz[ct->n - 1], fg = c->gpu_khz / gt->khz[gt->n - 1];
	double vc = erg_clock_volt(ct, c->cpu_khz) / ct->v_max;
	double vg = erg_clock_volt(gt, c->gpu_khz) / gt->v_max;
	double heat = exp(p->leak_beta * (temp_c - p->leak_t0_c));
	double leak_cpu = p->leak_cpu_w * vc * heat, leak_gpu = p->leak_gpu_w * vg * heat;

	ret->dynamic_cpu_w = load->cpu_activity * p->cpu_core_w * vc * vc * fc +
		load->simd_rate * p->simd_j * vc * vc;
	ret->rail_w[ERG_RAIL_CPU] = c->cpus_online * p->cpu_idle_w + ret->dynamic_cpu_w + leak_cpu;
	ret->rail_w[ERG_RAIL_GPU] =
		p->gpu_idle_w + load->gpu_activity * p->gpu_full_w * vg * vg * fg + leak_gpu;
	ret->rail_w[ERG_RAIL_IN] = p->other_w + load->bus_rate * p->bus_j +
		ret->rail_w[ERG_RAIL_CPU] + ret->rail_w[ERG_RAIL_GPU];
	ret->leak_w = leak_cpu + leak_gpu;
}

void erg_thermal_step(struct erg_thermal_state *s, const struct erg_thermal_params *t, double p_w,
	double dt_s)
{
	for (int i = 0; i < 2; i++) {
		double goal = t->r_k_per_w[i] * p_w;

		s->x_k[i] = goal + (s->x_k[i] - goal) * exp(-dt_s / t->tau_s[i]);
	}
}

void erg_thermal_select(const struct erg_model_params *p, bool sink, double fan,
	struct erg_thermal_params *ret)
{
	*ret = sink ? p->sink_on : p->sink_off;
	if (sink) {
		ret->r_k_per_w[1] /= 1 + p->fan_gain * fan;
		ret->tau_s[1] /= 1 + p->fan_gain * fan;
	}
}

double erg_thermal_temp(const struct erg_thermal_state *s, double ambient_c)
{
	return ambient_c + s->x_k[0] + s->x_k[1];
}
