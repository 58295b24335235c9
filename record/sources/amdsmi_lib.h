/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_SOURCES_AMDSMI_LIB_H
#define ERG_RECORD_SOURCES_AMDSMI_LIB_H

/*
 * What we use of AMD's management library, declared by ourselves, so that no header of ROCm is needed
 * to build. Its ABI changes with its version, which is asked first: known are 23.4 to 24
 * (ROCm 6.0 to 6.3), 25 (6.4), 26 (7) and 27 (10); any other is refused rather than guessed. Functions return 0 or a status below;
 * those that a library does not have, and that we can do without, are NULL.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/base/err.h"

enum {
	ERG_AMDSMI_SUCCESS = 0,
	ERG_AMDSMI_INVAL = 1,
	ERG_AMDSMI_NOT_SUPPORTED = 2,
	ERG_AMDSMI_NOT_YET_IMPLEMENTED = 3,
	ERG_AMDSMI_TIMEOUT = 8,
	ERG_AMDSMI_NO_PERM = 10,
	ERG_AMDSMI_BUSY = 30,
	ERG_AMDSMI_NOT_FOUND = 31,
	ERG_AMDSMI_NOT_INIT = 32,
	ERG_AMDSMI_DRIVER_NOT_LOADED = 34,
	ERG_AMDSMI_NO_DATA = 40,
};

#define ERG_AMDSMI_INIT_GPUS (1u << 1)
enum { ERG_AMDSMI_TYPE_GPU = 1 };
enum { ERG_AMDSMI_CLOCK_GFX = 0, ERG_AMDSMI_CLOCK_MEM = 4 };
enum { ERG_AMDSMI_EDGE = 0, ERG_AMDSMI_HOTSPOT = 1, ERG_AMDSMI_VRAM = 2 };
enum { ERG_AMDSMI_TEMPERATURE_NOW = 0 };

#define ERG_AMDSMI_GPUS_MAX 64
#define ERG_AMDSMI_NONE UINT32_MAX /* a value that the card does not tell */

/* Structures that the library fills get room for any of its versions; the words below are theirs. */
union erg_amdsmi_room {
	uint32_t word[256];
	uint64_t align;
};

/* The same for what is held back, of which newer versions tell for each part of each partition. */
union erg_amdsmi_long_room {
	uint64_t word[2048];
};

/* What holds a GPU back: words of its structure, which begins alike in all versions. */
enum {
	ERG_AMDSMI_ACC_PROCHOT = 3,
	ERG_AMDSMI_ACC_POWER,
	ERG_AMDSMI_ACC_SOCKET_HEAT,
	ERG_AMDSMI_ACC_REGULATOR_HEAT,
	ERG_AMDSMI_ACC_MEMORY_HEAT,
};
#define ERG_AMDSMI_VIOLATIONS 5

/* Words of the structure of power: the order is the same, from 25 on behind a 64-bit value. */
enum { ERG_AMDSMI_POWER_WORD = 0, ERG_AMDSMI_POWER_WORD_25 = 2 };

struct erg_amdsmi_gpu;

struct erg_amdsmi {
	void *handle;
	unsigned int users;
	bool simulated; /* a stand-in of our tests */
	unsigned int power_word;
	pthread_mutex_t
		lock; /* around each call: what the library itself locks differs by version */
	unsigned int (*init)(uint64_t flags);
	unsigned int (*shut_down)(void);
	unsigned int (*version)(union erg_amdsmi_room *version);
	unsigned int (*sockets)(uint32_t *n, void **sockets);
	unsigned int (*processors)(void *socket, uint32_t *n, struct erg_amdsmi_gpu **gpus);
	unsigned int (*type)(struct erg_amdsmi_gpu *g, int *type);
	unsigned int (*bdf)(struct erg_amdsmi_gpu *g, uint64_t *bdf);
	unsigned int (*power)(struct erg_amdsmi_gpu *g, union erg_amdsmi_room *info);
	unsigned int (*energy)(struct erg_amdsmi_gpu *g, uint64_t *count, float *resolution_uj,
		uint64_t *stamp_ns);
	unsigned int (
		*temperature)(struct erg_amdsmi_gpu *g, int sensor, int metric, int64_t *degc);
	unsigned int (*clock)(struct erg_amdsmi_gpu *g, int type, union erg_amdsmi_room *info);
	unsigned int (*violations)(struct erg_amdsmi_gpu *g, union erg_amdsmi_long_room *status);
};

/* Opens and initialises the library: *ret holds one use. -ENOENT: it is not installed; -ENODEV: no
 * driver; -ELIBACC: it cannot be loaded; -ELIBBAD: a function is missing, or its version is not known;
 * the message says what. */
int erg_amdsmi_open(struct erg_amdsmi **ret, struct erg_err *err);
struct erg_amdsmi *erg_amdsmi_ref(struct erg_amdsmi *a);
void erg_amdsmi_unref(struct erg_amdsmi *a);

/*
 * The GPUs, one a socket: a card that is partitioned shows several processors, each of which tells the
 * whole card's power. GPUS has room for ERG_AMDSMI_GPUS_MAX, *ret_without is how many sockets show no
 * GPU. Returns how many, or a negative errno: -E2BIG for more sockets than that.
 */
int erg_amdsmi_gpus(struct erg_amdsmi *a, struct erg_amdsmi_gpu **gpus, unsigned int *ret_without);

/* All return a negative errno: -ENOTSUP for what the card or the library does not tell. */
/* W. *current: of the moment (MI300 and later), *average: of the cards before; either may be
 * ERG_AMDSMI_NONE. */
int erg_amdsmi_power(struct erg_amdsmi *a, struct erg_amdsmi_gpu *g, uint32_t *current,
	uint32_t *average);
/* Counts of *resolution_uj microjoules; the stamp is CLOCK_BOOTTIME, ns. */
int erg_amdsmi_energy(struct erg_amdsmi *a, struct erg_amdsmi_gpu *g, uint64_t *count,
	float *resolution_uj, uint64_t *stamp_ns);
int erg_amdsmi_temperature(struct erg_amdsmi *a, struct erg_amdsmi_gpu *g, int sensor,
	int64_t *degc);
int erg_amdsmi_clock(struct erg_amdsmi *a, struct erg_amdsmi_gpu *g, int type, int64_t *mhz);
/* How often the firmware has found it held back, since it was started: by ERG_AMDSMI_ACC_PROCHOT and what
 * follows it; UINT64_MAX for what it does not tell. Waits for 100 ms. */
int erg_amdsmi_violations(struct erg_amdsmi *a, struct erg_amdsmi_gpu *g,
	uint64_t counts[ERG_AMDSMI_VIOLATIONS]);
/* "0000:03:00.0" */
int erg_amdsmi_address(struct erg_amdsmi *a, struct erg_amdsmi_gpu *g, char *dst, size_t size);

#endif
