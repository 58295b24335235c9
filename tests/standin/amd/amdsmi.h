/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_TESTS_STANDIN_AMDSMI_H
#define ERG_TESTS_STANDIN_AMDSMI_H

#include <stdint.h>

/* How a test steers the stand-in of libamd_smi.so: the symbol ergtrace_simulated is one of these. */
struct standin_amdsmi {
	uint32_t version[2]; /* {24, 6}: ROCm 6.2; {25, 5}: 6.4; {26, 0}: 7; {27, 2}: 10 */
	uint32_t gpus;       /* sockets, at most 4 */
	uint32_t partitions; /* processors of each socket, at most 4 */
	uint32_t no_driver;  /* amdsmi_init fails */
	uint32_t failing;    /* status of every call about a GPU but its type and address */
	uint32_t no_address; /* status of amdsmi_get_gpu_device_bdf */
	uint32_t current_w;  /* socket power; 0xffff or 0xffffffff: not told */
	uint32_t average_w;
	uint64_t energy; /* counts */
	uint32_t watt;   /* what the counter rises by since boot, besides */
	float resolution_uj;
	uint64_t stamp_ns;       /* CLOCK_BOOTTIME; 0: now */
	int64_t degc[3];         /* edge, hotspot, memory; 0xffff: not told */
	uint32_t no_memory_heat; /* the memory's sensor is not supported */
	uint32_t mhz[5];         /* by type of clock */
	uint64_t held_back[5];   /* counts: PROCHOT, power, heat of socket, regulator, memory */
	uint32_t no_violations;  /* a card that does not count them */
};

#endif
