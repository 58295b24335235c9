/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_KNOBS_NVML_CELLS_H
#define ERG_RECORD_KNOBS_NVML_CELLS_H

/* The functions of NVIDIA's library that knobs need, and its cells. */
#include <stdbool.h>
#include <stddef.h>

struct erg_knob_nvml_lib {
	void *lib;
	int (*init)(void);
	int (*count)(unsigned *);
	int (*handle)(unsigned, void **);
	int (*get_limit)(void *, unsigned *);
	int (*limits)(void *, unsigned *, unsigned *);
	int (*set_limit)(void *, unsigned);
	int (*lock_clocks)(void *, unsigned, unsigned);
	int (*reset_clocks)(void *);
	int (*max_clock)(void *, int, unsigned *);
	const char *(*error)(int);
	char locked[64][16]; /* what this process set */
};

/* The library, opened at the first call; NULL where there is none. */
struct erg_knob_nvml_lib *erg_knob_nvml_lib(void);
/* "nvml:INDEX:power_limit_w" or "nvml:INDEX:graphics_mhz"; -ENODEV for what is not there. */
int erg_nvml_cell_parse(const char *cell, unsigned *ret_index, bool *ret_power, void **ret_device);
int erg_nvml_cell_read(const char *cell, char *buf, size_t size);
int erg_nvml_cell_write(const char *cell, const char *text);

#endif
