/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * NVIDIA GPUs: power limit and locked clocks, through the driver's own library, which is opened
 * when a plan asks for it and never needed otherwise.
 *
 * The names and types of the functions are those of NVML's public interface (nvml.h); all take and
 * return plain integers and an opaque device. NVML cannot tell what clocks are locked: what reads
 * back is what this process has set, "untouched" before, which is saved as "unlocked"; so restoring
 * always resets them.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/base/util.h"
#include "record/knobs/knobs.h"

#define NVML_CLOCK_GRAPHICS 0

struct nvml {
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
	char locked[64][16];
};

static int load(struct nvml *n)
{
	const struct {
		void *to;
		const char *name;
	} symbols[] = {
		{&n->init, "nvmlInit_v2"},
		{&n->count, "nvmlDeviceGetCount_v2"},
		{&n->handle, "nvmlDeviceGetHandleByIndex_v2"},
		{&n->get_limit, "nvmlDeviceGetPowerManagementLimit"},
		{&n->limits, "nvmlDeviceGetPowerManagementLimitConstraints"},
		{&n->set_limit, "nvmlDeviceSetPowerManagementLimit"},
		{&n->lock_clocks, "nvmlDeviceSetGpuLockedClocks"},
		{&n->reset_clocks, "nvmlDeviceResetGpuLockedClocks"},
		{&n->max_clock, "nvmlDeviceGetMaxClockInfo"},
		{&n->error, "nvmlErrorString"},
	};

	n->lib = dlopen("libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL);
	if (!n->lib)
		return -ENODEV;
	for (size_t i = 0; i < ERG_ARRAY_SIZE(symbols); i++) {
		void *f = dlsym(n->lib, symbols[i].name);

		if (!f)
			return -ENODEV;
		memcpy(symbols[i].to, &f, sizeof(f));
	}
	return n->init() == 0 ? 0 : -ENODEV;
}

static struct nvml *nvml(void)
{
	static struct nvml n;
	static int state = 1;

	if (state == 1) {
		state = load(&n);
		for (size_t i = 0; i < ERG_ARRAY_SIZE(n.locked); i++)
			snprintf(n.locked[i], sizeof(n.locked[i]), ERG_KNOB_UNTOUCHED);
	}
	return state == 0 ? &n : NULL;
}

/* "nvml:INDEX:power_limit_w" or "nvml:INDEX:graphics_mhz". */
static int parse_cell(const char *cell, unsigned *ret_index, bool *ret_power, void **ret_device)
{
	struct nvml *n = nvml();
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
	int r = parse_cell(cell, &index, &power, &device);

	if (r < 0)
		return r;
	if (!power) {
		snprintf(buf, size, "%s", nvml()->locked[index]);
		return 0;
	}
	if (nvml()->get_limit(device, &mw) != 0)
		return -EIO;
	snprintf(buf, size, "%.10g", mw * 1e-3);
	return 0;
}

static int status(int nvml_code)
{
	switch (nvml_code) {
	case 0: return 0;
	case 2: return -EINVAL;  /* NVML_ERROR_INVALID_ARGUMENT */
	case 3: return -ENOTSUP; /* NVML_ERROR_NOT_SUPPORTED */
	case 4: return -EPERM;   /* NVML_ERROR_NO_PERMISSION */
	default: return -EIO;
	}
}

int erg_nvml_cell_write(const char *cell, const char *text)
{
	unsigned index, mhz;
	void *device;
	bool power;
	int r = parse_cell(cell, &index, &power, &device);

	if (r < 0)
		return r;
	if (power)
		return status(nvml()->set_limit(device, (unsigned)(atof(text) * 1000 + 0.5)));
	mhz = (unsigned)atoi(text);
	r = strcmp(text, "unlocked") == 0 ? status(nvml()->reset_clocks(device))
					  : status(nvml()->lock_clocks(device, mhz, mhz));
	if (r == 0)
		snprintf(nvml()->locked[index], sizeof(nvml()->locked[index]), "%.15s", text);
	return r;
}

static int find(struct erg_knob *k, struct erg_err *err)
{
	struct nvml *n = nvml();
	unsigned count = 0;

	if (!n)
		return erg_fail(err, -ENODEV, "%s: no NVIDIA driver here (libnvidia-ml.so.1)", k->name);
	if (n->count(&count) != 0 || count == 0)
		return erg_fail(err, -ENODEV, "%s: the NVIDIA driver shows no GPU", k->name);
	if (k->device[0] && (strspn(k->device, "0123456789") != strlen(k->device) ||
				    (unsigned)atoi(k->device) >= count))
		return erg_fail(err, -ENODEV, "%s: no GPU \"%s\": expected 0 to %u", k->name, k->device,
			count - 1);
	for (unsigned i = 0; i < count; i++) {
		char index[16];

		snprintf(index, sizeof(index), "%u", i);
		if (k->device[0] && strcmp(k->device, index) != 0)
			continue;
		if (erg_texts_add(&k->devices, index) < 0 ||
			erg_knob_cell(k, "nvml:%u:%s", i, k->attribute) < 0)
			return erg_fail(err, -ENOMEM, "%s: no memory", k->name);
	}
	return 0;
}

static int allowed(const struct erg_knob *k, struct erg_texts *ret, char *limits, size_t size,
	struct erg_err *err)
{
	unsigned lo = 0, hi = 0, index;
	void *device;
	bool power;

	limits[0] = 0;
	if (parse_cell(k->cells.v[0], &index, &power, &device) < 0)
		return 0;
	if (power && nvml()->limits(device, &lo, &hi) == 0)
		snprintf(limits, size, "%g to %g W", lo * 1e-3, hi * 1e-3);
	else if (!power && nvml()->max_clock(device, NVML_CLOCK_GRAPHICS, &hi) == 0)
		snprintf(limits, size, "100 to %u MHz", hi);
	return 0;
}

static int read_value(const struct erg_knob *k, char *buf, size_t size, struct erg_err *err)
{
	int r = erg_cell_read(k->cells.v[0], buf, size);

	return r < 0 ? erg_fail_errno(err, r, "%s", k->cells.v[0]) : 0;
}

static int apply(struct erg_knob *k, const char *value, char *applied, size_t size,
	struct erg_err *err)
{
	for (size_t i = 0; i < k->cells.n; i++) {
		char got[ERG_KNOB_TEXT_MAX] = "";
		int r = erg_cell_put(k->ctx, k->cells.v[i], value, got);

		if (r == -EINVAL && atof(got) != atof(value))
			return erg_knob_refused(k, value, got, err);
		if (r < 0 && r != -EINVAL)
			return erg_fail_errno(err, r, "%s: setting %s%s", k->cells.v[i], value,
				r == -EPERM ? " (needs root)" : "");
	}
	return read_value(k, applied, size, err);
}

const struct erg_knob_ops erg_knob_nvml = {
	.driver = "nvml",
	.attributes = "power_limit_w, graphics_mhz",
	.about = "power limit and locked clock of NVIDIA GPUs: nvml.power_limit_w, nvml.0.graphics_mhz",
	.find = find,
	.allowed = allowed,
	.apply = apply,
	.read = read_value,
};
