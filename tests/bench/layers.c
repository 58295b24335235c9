/* SPDX-License-Identifier: GPL-3.0-or-later */
/* bench-layers RATE SECONDS: annotated layers at a steady rate, in bursts of a millisecond. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tracepoints/erg.h"

int main(int argc, char **argv)
{
	const struct erg_layer_info info = {.size = sizeof(info), .name = "layer", .type = "conv"};
	uint32_t layer = erg_layer(erg_network("soak"), &info);
	uint64_t next, end, total = 0;
	uint32_t iteration = 0;
	long burst;

	if (argc != 3)
		return 2;
	burst = atol(argv[1]) / 1000;
	next = erg_now_ns();
	end = next + (uint64_t)(atof(argv[2]) * 1e9);
	while (next < end) {
		struct timespec ts = {(time_t)(next / 1000000000u), (long)(next % 1000000000u)};

		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
		erg_iteration(iteration++);
		for (long i = 0; i < burst; i++) {
			erg_begin(layer);
			erg_end(layer);
		}
		total += (uint64_t)burst;
		next += 1000000;
	}
	printf("%llu\n", (unsigned long long)total);
	return 0;
}
