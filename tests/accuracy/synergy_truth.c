/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * What a SIMD operation and a bus transaction cost on the simulated board, in joules, by its own
 * physics: "synergy_truth CPU_KHZ GPU_KHZ" prints both. A layer takes the time of its operations
 * plus that of its transactions (tests/board/play_steps.c), and all that flows during that time is
 * theirs, so each costs its own energy and its time's. The die is at the leakage's reference
 * temperature, as with erg-board --leak-beta 0.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/board/model.h"
#include "tests/board/play.h"

static double power(const struct erg_model_clocks *clocks, double simd_rate, double bus_rate)
{
	struct erg_model_load load = {.simd_rate = simd_rate,
		.bus_rate = bus_rate,
		.cpu_activity = 0.5}; /* play.c: ACTIVITY */
	struct erg_model_params params;
	struct erg_model_power p;

	erg_model_defaults(&params);
	params.leak_beta = 0;
	erg_model_power(&params, clocks, &load, params.leak_t0_c, &p);
	return p.rail_w[ERG_RAIL_IN];
}

int main(int argc, char **argv)
{
	struct erg_model_clocks clocks = {.cpus_online = 4};
	double simd_rate;

	if (argc != 3) {
		fprintf(stderr, "usage: synergy_truth CPU_KHZ GPU_KHZ\n");
		return 2;
	}
	clocks.cpu_khz = strtod(argv[1], NULL);
	clocks.gpu_khz = strtod(argv[2], NULL);
	simd_rate = ERG_PLAY_MAC_PER_CYCLE * clocks.cpu_khz * 1e3;
	printf("%.9g %.9g\n", power(&clocks, simd_rate, 0) / simd_rate,
		power(&clocks, 0, ERG_PLAY_BUS_PER_CORE) / ERG_PLAY_BUS_PER_CORE);
	return 0;
}
