/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_TESTS_STANDIN_NVML_H
#define ERG_TESTS_STANDIN_NVML_H

/* How a test steers the stand-in of libnvidia-ml.so.1: the symbol ergtrace_simulated is one of
 * these. */
struct standin_nvml {
	unsigned int gpus;             /* how many there are, at most 8 */
	unsigned int lost;             /* bit i: GPU i has fallen off the bus */
	unsigned int no_energy;        /* the counter is not supported (before Volta) */
	unsigned int no_fields;        /* an old driver: fields give "not supported" */
	unsigned int no_permission;    /* power may not be read */
	unsigned int throttled;        /* reasons that are shown, besides the power cap's */
	unsigned int limit_mw;         /* enforced power limit */
	unsigned int locked_mhz;       /* clock that was locked, 0: none */
	unsigned int idle_mw, busy_mw; /* the load alternates, 100 ms each */
	unsigned long long now_us;     /* the time it shows; 0: the clock's */
	unsigned int calls;            /* how many were made */
	unsigned int architecture;     /* as nvmlDeviceGetArchitecture tells */
	const char *name;              /* of each GPU */
};

#endif
