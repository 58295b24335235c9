/* SPDX-License-Identifier: GPL-3.0-or-later */
/* NVIDIA GPUs: power limit and locked clocks, as knobs. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/base/util.h"
#include "record/knobs/knobs.h"
#include "record/knobs/nvml_cells.h"

#define NVML_CLOCK_GRAPHICS 0

static int nvml_find(struct erg_knob *k, struct erg_err *err)
{
	struct erg_knob_nvml_lib *n = erg_knob_nvml_lib();
	unsigned count = 0;

	if (!n)
		return erg_fail(err, -ENODEV, "%s: no NVIDIA driver here (libnvidia-ml.so.1)",
			k->name);
	if (n->count(&count) != 0 || count == 0)
		return erg_fail(err, -ENODEV, "%s: the NVIDIA driver shows no GPU", k->name);
	for (unsigned i = 0; i < count; i++) {
		char index[16];

		snprintf(index, sizeof(index), "%u", i);
		if (k->device[0] && strcmp(k->device, index) != 0)
			continue;
		if (erg_texts_add(&k->devices, index) < 0 ||
			erg_knob_cell(k, "nvml:%u:%s", i, k->attribute) < 0)
			return erg_fail(err, -ENOMEM, "%s: no memory", k->name);
	}
	if (!k->cells.n) /* "01" and 2^32 are none, either */
		return erg_fail(err, -ENODEV, "%s: no GPU \"%s\": expected 0 to %u", k->name,
			k->device, count - 1);
	return 0;
}

static int allowed(const struct erg_knob *k, struct erg_texts *ret, char *limits, size_t size,
	struct erg_err *err)
{
	unsigned lo = 0, hi = 0, index;
	void *device;
	bool power;

	limits[0] = 0;
	if (erg_nvml_cell_parse(k->cells.v[0], &index, &power, &device) < 0)
		return 0;
	if (power && erg_knob_nvml_lib()->limits(device, &lo, &hi) == 0)
		snprintf(limits, size, "%g to %g W", lo * 1e-3, hi * 1e-3);
	else if (!power && erg_knob_nvml_lib()->max_clock(device, NVML_CLOCK_GRAPHICS, &hi) == 0)
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
	.about =
		"power limit and locked clock of NVIDIA GPUs: nvml.power_limit_w, nvml.0.graphics_mhz",
	.find = nvml_find,
	.allowed = allowed,
	.apply = apply,
	.read = read_value,
};
