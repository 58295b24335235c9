/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_TESTS_BOARD_PLAY_H
#define ERG_TESTS_BOARD_PLAY_H

/*
 * Workloads for the simulated board: a list of steps, each an amount of computation and an amount
 * of memory traffic, played in real time at the speed that the board grants.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "formats/net/net.h"
#include "formats/base/err.h"
#include "formats/board_page.h"

#define ERG_PLAY_MAC_PER_CYCLE 4.0 /* of one core */
#define ERG_PLAY_GPU_MAC_PER_CYCLE 64.0
#define ERG_PLAY_BUS_PER_CORE 100e6 /* transactions per second that one core can make */
#define ERG_PLAY_BUS_BYTES 64.0
/* Of --kind roofs: about 20 ms each. */
#define ERG_PLAY_ROOF_MACS 138e6
#define ERG_PLAY_ROOF_BUS 2e6

enum erg_play_kind { ERG_PLAY_NET, ERG_PLAY_MEMORY, ERG_PLAY_COMPUTE, ERG_PLAY_IO, ERG_PLAY_ROOFS };

struct erg_play_config {
	const char *net; /* file or name, for ERG_PLAY_NET */
	enum erg_play_kind kind;
	uint64_t iterations; /* 0: as long as duration_s says */
	double duration_s;   /* 0: no limit */
	unsigned warmup;     /* iterations before the phase "inference" */
	double jitter;       /* standard deviation of a step's work, fraction */
	double scale;        /* of all work */
	double traffic;      /* bus transactions of a network, as a multiple */
	double setup_s;      /* phase "setup" before all else: weights are read */
	double gap_s;        /* idle after each iteration */
	uint64_t seed;
	unsigned threads; /* each plays for itself */
	unsigned cores;   /* cores that share the work of one thread's steps */
	bool gpu;         /* convolutions and fc run on the GPU */
	bool sync;        /* the host waits for the GPU: its layers are the host's */
	bool plain;       /* no annotation */
	const char *page;
};

struct erg_play_step {
	double macs, bus; /* SIMD multiply-accumulates; bus transactions */
	double fixed_s;   /* waiting for something else: I/O */
	bool gpu;
	uint32_t layer; /* index in the network, or 0 */
};

/* Reads the command line. Returns 0, 1 when help was asked for, -EINVAL. */
int erg_play_parse(struct erg_play_config *c, int argc, char **argv, struct erg_err *err);
void erg_play_help(FILE *f);

/* Seconds of one step when nothing else runs: t = t_mem + c / f (plus fixed_s). HZ: the CPU's
 * clock, or the GPU's for a step of the GPU; SLOWDOWN of the memory; CORES that share it. */
double erg_play_step_s(const struct erg_play_step *s, double hz, double slowdown, double cores);

/* The steps of one iteration; *ret is malloc'ed. NET is NULL for the synthetic kinds. */
int erg_play_steps(const struct erg_play_config *cfg, const struct erg_net *net,
	struct erg_play_step **ret, size_t *ret_n, struct erg_err *err);

#endif
