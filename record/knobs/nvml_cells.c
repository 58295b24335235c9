/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Cells of NVIDIA GPUs, "nvml:INDEX:power_limit_w" and "nvml:INDEX:graphics_mhz", through the
 * driver's own library, which is opened when a plan asks for it and never needed otherwise.
 *
 * The names and types of the functions are those of NVML's public interface (<nvml.h>); all take and
 * return plain integers and an opaque device. NVML cannot tell what clocks are locked: what reads
 * back is what this process has set, "untouched" before, which is saved as "unlocked"; so restoring
 * always resets them.
 */
#include "record/knobs/nvml_cells.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/base/library.h"
#include "formats/base/number.h"
#include "formats/base/util.h"
#include "record/knobs/knobs.h"

#define SONAME "libnvidia-ml.so.1"
#define NUMBER_MAX 1e6 /* W, MHz */

static const struct erg_library_function functions[] = {
	{"nvmlInit_v2", NULL, offsetof(struct erg_knob_nvml_lib, init), false},
	{"nvmlDeviceGetCount_v2", NULL, offsetof(struct erg_knob_nvml_lib, count), false},
	{"nvmlDeviceGetHandleByIndex_v2", NULL, offsetof(struct erg_knob_nvml_lib, handle), false},
	{"nvmlDeviceGetPowerManagementLimit", NULL, offsetof(struct erg_knob_nvml_lib, get_limit),
		false},
	{"nvmlDeviceGetPowerManagementLimitConstraints", NULL,
		offsetof(struct erg_knob_nvml_lib, limits), false},
	{"nvmlDeviceSetPowerManagementLimit", NULL, offsetof(struct erg_knob_nvml_lib, set_limit),
		false},
	{"nvmlDeviceSetGpuLockedClocks", NULL, offsetof(struct erg_knob_nvml_lib, lock_clocks),
		false},
	{"nvmlDeviceResetGpuLockedClocks", NULL, offsetof(struct erg_knob_nvml_lib, reset_clocks),
		false},
	{"nvmlDeviceGetMaxClockInfo", NULL, offsetof(struct erg_knob_nvml_lib, max_clock), false},
	{"nvmlErrorString", NULL, offsetof(struct erg_knob_nvml_lib, error), false},
};

static int load_nvml(struct erg_knob_nvml_lib *n)
{
	n->lib = dlopen(SONAME, RTLD_NOW | RTLD_LOCAL);
	if (!n->lib ||
		erg_library_fill(n, n->lib, SONAME, functions, ERG_ARRAY_SIZE(functions), NULL) < 0)
		return -ENODEV;
	return n->init() == 0 ? 0 : -ENODEV;
}

struct erg_knob_nvml_lib *erg_knob_nvml_lib(void)
{
	static struct erg_knob_nvml_lib n;
	static int state = 1;

	if (state == 1) {
		state = load_nvml(&n);
		for (size_t i = 0; i < ERG_ARRAY_SIZE(n.locked); i++)
			snprintf(n.locked[i], sizeof(n.locked[i]), ERG_KNOB_UNTOUCHED);
	}
	return state == 0 ? &n : NULL;
}

/* "nvml:INDEX:power_limit_w" or "nvml:INDEX:graphics_mhz". */
int erg_nvml_cell_parse(const char *cell, unsigned *ret_index, bool *ret_power, void **ret_device)
{
	struct erg_knob_nvml_lib *n = erg_knob_nvml_lib();
	char what[32];

	if (!n || sscanf(cell, "nvml:%u:%31s", ret_index, what) != 2 ||
		*ret_index >= ERG_ARRAY_SIZE(n->locked) || n->handle(*ret_index, ret_device) != 0)
		return -ENODEV;
	*ret_power = strcmp(what, "power_limit_w") == 0;
	return 0;
}

int erg_nvml_cell_read(const char *cell, char *buf, size_t size)
{
	unsigned index, mw;
	void *device;
	bool power;
	int r = erg_nvml_cell_parse(cell, &index, &power, &device);

	if (r < 0)
		return r;
	if (!power) {
		snprintf(buf, size, "%s", erg_knob_nvml_lib()->locked[index]);
		return 0;
	}
	if (erg_knob_nvml_lib()->get_limit(device, &mw) != 0)
		return -EIO;
	snprintf(buf, size, "%.10g", mw * 1e-3);
	return 0;
}

static int status(int nvml_code)
{
	switch (nvml_code) {
	case 0:
		return 0;
	case 2:
		return -EINVAL; /* NVML_ERROR_INVALID_ARGUMENT */
	case 3:
		return -ENOTSUP; /* NVML_ERROR_NOT_SUPPORTED */
	case 4:
		return -EPERM; /* NVML_ERROR_NO_PERMISSION */
	default:
		return -EIO;
	}
}

int erg_nvml_cell_write(const char *cell, const char *text)
{
	const bool unlocked = strcmp(text, "unlocked") == 0;
	unsigned index, mhz;
	void *device;
	bool power;
	double v = 0;
	int r = erg_nvml_cell_parse(cell, &index, &power, &device);

	if (r < 0)
		return r;
	if ((power || !unlocked) && !erg_number_parse(text, 0, NUMBER_MAX, &v))
		return -EINVAL; /* a state file may say anything */
	if (power)
		return status(erg_knob_nvml_lib()->set_limit(device, (unsigned)(v * 1000 + 0.5)));
	mhz = (unsigned)v;
	r = unlocked ? status(erg_knob_nvml_lib()->reset_clocks(device))
		     : status(erg_knob_nvml_lib()->lock_clocks(device, mhz, mhz));
	if (r == 0)
		snprintf(erg_knob_nvml_lib()->locked[index],
			sizeof(erg_knob_nvml_lib()->locked[index]), "%.15s", text);
	return r;
}
