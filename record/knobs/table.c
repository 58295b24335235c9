/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of knobs, and their names. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "formats/base/util.h"
#include "record/knobs/knobs.h"

static const struct erg_knob_ops *const drivers[] = {&erg_knob_cpufreq, &erg_knob_devfreq,
	&erg_knob_powercap, &erg_knob_cpus, &erg_knob_affinity, &erg_knob_fan, &erg_knob_nvml};

static void list_drivers(char *buf, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < ERG_ARRAY_SIZE(drivers) && n < size; i++)
		n += (size_t)snprintf(buf + n, size - n, "%s%s%s%s", n ? "; " : "",
			drivers[i]->driver, drivers[i]->attributes[0] ? "." : "",
			drivers[i]->attributes);
}

/* DRIVER[.DEVICE].ATTRIBUTE; devices may have dots. */
static const struct erg_knob_ops *split_name(const char *name, struct erg_knob *k)
{
	const char *first = strchrnul(name, '.'), *last = strrchr(name, '.');

	snprintf(k->name, sizeof(k->name), "%s", name);
	if (last && last > first)
		snprintf(k->device, sizeof(k->device), "%.*s", (int)(last - first - 1), first + 1);
	snprintf(k->attribute, sizeof(k->attribute), "%s", last ? last + 1 : "");
	for (size_t i = 0; i < ERG_ARRAY_SIZE(drivers); i++)
		if (strlen(drivers[i]->driver) == (size_t)(first - name) &&
			strncmp(drivers[i]->driver, name, (size_t)(first - name)) == 0)
			return drivers[i];
	return NULL;
}

static bool has_attribute(const struct erg_knob_ops *ops, const char *attribute)
{
	size_t len = strlen(attribute);

	if (!ops->attributes[0])
		return len == 0;
	for (const char *at = ops->attributes; len && at; at = strchr(at, ' ')) {
		at += strspn(at, ", ");
		if (strncmp(at, attribute, len) == 0 && (at[len] == ',' || at[len] == 0))
			return true;
	}
	return false;
}

int erg_knob_open(struct erg_knob_context *ctx, const char *name, struct erg_knob *ret,
	struct erg_err *err)
{
	char known[512];
	int r;

	*ret = (struct erg_knob){.ctx = ctx};
	ret->ops = split_name(name, ret);
	if (!ret->ops) {
		list_drivers(known, sizeof(known));
		return erg_fail(err, -EINVAL, "unknown knob \"%s\": expected one of %s", name,
			known);
	}
	if (!has_attribute(ret->ops, ret->attribute))
		return erg_fail(err, -EINVAL, "unknown knob \"%s\": %s has %s", name,
			ret->ops->driver,
			ret->ops->attributes[0] ? ret->ops->attributes : "no attributes");
	r = ret->ops->find(ret, err);
	if (r < 0)
		erg_knob_close(ret);
	return r;
}
