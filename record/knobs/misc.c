/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The small knobs: power caps, CPUs online, affinity of the workload, fan.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/base/util.h"
#include "record/sources/cpulist.h"
#include "record/knobs/knobs.h"
#include "record/sources/attr.h"

/* ---- powercap: constraint 0 (long term) of a zone, in watts ---- */

#define LIMIT "constraint_0_power_limit_uw"

/* Of a zone that nobody named: the first, and where that is a package, every other package. */
static bool powercap_wanted(const struct erg_knob *k, const char *zone)
{
	char first[64], name[64];

	if (k->devices.n == 0)
		return erg_knob_is_device(zone, "name", k->device);
	return !k->device[0] &&
		erg_knob_text(first, sizeof(first), "%s/name", k->devices.v[0]) == 0 &&
		erg_knob_text(name, sizeof(name), "%s/name", zone) == 0 &&
		strncmp(first, "package-", 8) == 0 && strncmp(name, "package-", 8) == 0 &&
		strcmp(first, name) != 0;
}

static int powercap_find(struct erg_knob *k, struct erg_err *err)
{
	struct erg_texts zones = {0};
	int r = erg_knob_list(k->ctx, "class/powercap", NULL, &zones);

	for (size_t i = 0; i < zones.n && r == 0; i++) {
		if (!erg_attr_exists("%s/" LIMIT, zones.v[i]) || !powercap_wanted(k, zones.v[i]))
			continue;
		r = erg_texts_add(&k->devices, zones.v[i]);
		if (r == 0)
			r = erg_knob_cell(k, "%s/" LIMIT, zones.v[i]);
	}
	erg_texts_clear(&zones);
	if (r < 0)
		return erg_fail(err, r, "%s: no memory", k->name);
	if (k->devices.n == 0)
		return erg_fail(err, -ENODEV,
			"%s: no zone%s%s with a power limit below "
			"%s/class/powercap",
			k->name, k->device[0] ? " " : "", k->device, k->ctx->sysfs);
	return 0;
}

static int powercap_allowed(const struct erg_knob *k, struct erg_texts *ret, char *limits,
	size_t size, struct erg_err *err)
{
	char max[64];
	double w = 0;

	if (erg_knob_text(max, sizeof(max), "%s/constraint_0_max_power_uw", k->devices.v[0]) == 0)
		w = atof(max) * 1e-6;
	/* where the maximum is not told (0) the read-back decides */
	snprintf(limits, size, "0.001 to %g W", w > 0 ? w : 1e6);
	return 0;
}

static int powercap_read(const struct erg_knob *k, char *buf, size_t size, struct erg_err *err)
{
	char first[64], uw[64];

	for (size_t i = 0; i < k->cells.n; i++) {
		int r = erg_cell_read(k->cells.v[i], i ? uw : first, sizeof(uw));

		if (r < 0)
			return erg_fail_errno(err, r, "%s", k->cells.v[i]);
		if (i && strcmp(uw, first) != 0) {
			snprintf(buf, size, "mixed");
			return 0;
		}
	}
	snprintf(buf, size, "%.10g", atof(first) * 1e-6);
	return 0;
}

static int powercap_put(const struct erg_knob *k, const char *cell, const char *value,
	struct erg_err *err)
{
	char uw[32], got[ERG_KNOB_TEXT_MAX] = "";
	int r;

	snprintf(uw, sizeof(uw), "%.0f", atof(value) * 1e6);
	r = erg_cell_put(k->ctx, cell, uw, got);
	/* the hardware rounds to its own unit */
	if (r == -EINVAL && fabs(atof(got) / atof(uw) - 1) > 0.01)
		return erg_knob_refused(k, value, got, err);
	if (r < 0 && r != -EINVAL)
		return erg_fail_errno(err, r, "%s: writing %s", cell, uw);
	return 0;
}

static int powercap_apply(struct erg_knob *k, const char *value, char *applied, size_t size,
	struct erg_err *err)
{
	int r = 0;

	for (size_t i = 0; i < k->cells.n && r == 0; i++)
		r = powercap_put(k, k->cells.v[i], value, err);
	return r < 0 ? r : powercap_read(k, applied, size, err);
}

const struct erg_knob_ops erg_knob_powercap = {
	.driver = "powercap",
	.attributes = "limit_w",
	.about =
		"power cap of the packages: powercap.limit_w, or of a zone: powercap.package-0.limit_w",
	.find = powercap_find,
	.allowed = powercap_allowed,
	.apply = powercap_apply,
	.read = powercap_read,
};

/* ---- cpus.online: how many CPUs, the first ones ---- */

static int cpus_find(struct erg_knob *k, struct erg_err *err)
{
	struct erg_texts all = {0};
	int r = erg_knob_list(k->ctx, "devices/system/cpu", "cpu", &all);

	for (size_t i = 0; i < all.n && r == 0; i++) {
		const char *base = strrchr(all.v[i], '/') + 1;

		if (strspn(base + 3, "0123456789") != strlen(base + 3) || !base[3])
			continue;
		r = erg_texts_add(&k->devices, all.v[i]);
		/* the first CPU often cannot be taken offline and has no file */
		if (r == 0 && erg_attr_exists("%s/online", all.v[i]))
			r = erg_knob_cell(k, "%s/online", all.v[i]);
	}
	erg_texts_clear(&all);
	if (r < 0)
		return erg_fail(err, r, "%s: no memory", k->name);
	if (k->cells.n == 0)
		return erg_fail(err, -ENODEV, "%s: no CPU below %s can be taken offline", k->name,
			k->ctx->sysfs);
	return 0;
}

static int cpus_allowed(const struct erg_knob *k, struct erg_texts *ret, char *limits, size_t size,
	struct erg_err *err)
{
	char n[16];

	limits[0] = 0;
	for (size_t i = 1; i <= k->devices.n; i++) {
		snprintf(n, sizeof(n), "%zu", i);
		if (erg_texts_add(ret, n) < 0)
			return erg_fail(err, -ENOMEM, "%s: no memory", k->name);
	}
	return 0;
}

static int cpus_read(const struct erg_knob *k, char *buf, size_t size, struct erg_err *err)
{
	size_t online = 0;
	char text[16];

	for (size_t i = 0; i < k->devices.n; i++)
		if (erg_knob_text(text, sizeof(text), "%s/online", k->devices.v[i]) < 0 ||
			strcmp(text, "0") != 0)
			online++;
	snprintf(buf, size, "%zu", online);
	return 0;
}

static int cpus_apply(struct erg_knob *k, const char *value, char *applied, size_t size,
	struct erg_err *err)
{
	size_t want = (size_t)atoll(value);

	for (size_t i = 0; i < k->devices.n; i++) {
		char path[1024], now[16];
		const char *text = i < want ? "1" : "0";

		snprintf(path, sizeof(path), "%s/online", k->devices.v[i]);
		if (erg_cell_read(path, now, sizeof(now)) < 0 || strcmp(now, text) == 0)
			continue;
		if (erg_cell_put(k->ctx, path, text, now) < 0)
			return erg_knob_refused(k, value, now, err);
	}
	return cpus_read(k, applied, size, err);
}

const struct erg_knob_ops erg_knob_cpus = {
	.driver = "cpus",
	.attributes = "online",
	.about = "number of CPUs that are online",
	.find = cpus_find,
	.allowed = cpus_allowed,
	.apply = cpus_apply,
	.read = cpus_read,
};

/* ---- affinity: CPUs of the workload; nothing to save or restore ---- */

static int affinity_find(struct erg_knob *k, struct erg_err *err)
{
	return 0;
}

static int affinity_allowed(const struct erg_knob *k, struct erg_texts *ret, char *limits,
	size_t size, struct erg_err *err)
{
	snprintf(limits, size, "CPUs as in 0-3,5");
	return 0;
}

static int affinity_apply(struct erg_knob *k, const char *value, char *applied, size_t size,
	struct erg_err *err)
{
	cpu_set_t have, both;

	if (erg_cpulist_parse(value, &k->ctx->affinity) < 0)
		return erg_fail(err, -EINVAL, "affinity: \"%s\": expected CPUs as in 0-3,5", value);
	if (sched_getaffinity(0, sizeof(have), &have) == 0) {
		CPU_AND(&both, &have, &k->ctx->affinity);
		if (!CPU_EQUAL(&both, &k->ctx->affinity))
			return erg_fail(err, -EINVAL,
				"affinity: %s: not all of these CPUs are here", value);
	}
	k->ctx->has_affinity = true;
	snprintf(applied, size, "%s", value);
	return 0;
}

static int affinity_read(const struct erg_knob *k, char *buf, size_t size, struct erg_err *err)
{
	snprintf(buf, size, "%s", k->wanted);
	return 0;
}

const struct erg_knob_ops erg_knob_affinity = {
	.driver = "affinity",
	.attributes = "",
	.about = "CPUs on which the workload may run, as in 0-3,5",
	.find = affinity_find,
	.allowed = affinity_allowed,
	.apply = affinity_apply,
	.read = affinity_read,
};

/* ---- fan.pwm: duty of the first fan that has one, 0 to 255 ---- */

static int fan_find(struct erg_knob *k, struct erg_err *err)
{
	struct erg_texts chips = {0};
	int r = erg_knob_list(k->ctx, "class/hwmon", "hwmon", &chips);

	for (size_t i = 0; i < chips.n && r == 0 && k->devices.n == 0; i++) {
		if (!erg_attr_exists("%s/pwm1", chips.v[i]) ||
			!erg_knob_is_device(chips.v[i], "name", k->device))
			continue;
		r = erg_texts_add(&k->devices, chips.v[i]);
		if (r == 0)
			r = erg_knob_cell(k, "%s/pwm1", chips.v[i]);
		/* last: once it is automatic again, pwm1 is the controller's */
		if (r == 0 && erg_attr_exists("%s/pwm1_enable", chips.v[i]))
			r = erg_knob_cell(k, "%s/pwm1_enable", chips.v[i]);
	}
	erg_texts_clear(&chips);
	if (r < 0)
		return erg_fail(err, r, "%s: no memory", k->name);
	if (k->devices.n == 0)
		return erg_fail(err, -ENODEV, "%s: no fan with pwm1 below %s/class/hwmon", k->name,
			k->ctx->sysfs);
	return 0;
}

static int fan_allowed(const struct erg_knob *k, struct erg_texts *ret, char *limits, size_t size,
	struct erg_err *err)
{
	snprintf(limits, size, "0 to 255");
	return 0;
}

static int fan_read(const struct erg_knob *k, char *buf, size_t size, struct erg_err *err)
{
	int r = erg_knob_text(buf, size, "%s/pwm1", k->devices.v[0]);

	return r < 0 ? erg_fail_errno(err, r, "%s/pwm1", k->devices.v[0]) : 0;
}

static int fan_apply(struct erg_knob *k, const char *value, char *applied, size_t size,
	struct erg_err *err)
{
	char path[1024], got[ERG_KNOB_TEXT_MAX] = "", duty[16];

	snprintf(path, sizeof(path), "%s/pwm1_enable", k->devices.v[0]);
	if (erg_cell_read(path, got, sizeof(got)) == 0 && strcmp(got, "1") != 0 &&
		erg_cell_put(k->ctx, path, "1", got) < 0)
		return erg_fail(err, -EINVAL, "%s: the fan cannot be set by hand (pwm1_enable %s)",
			k->name, got);
	snprintf(path, sizeof(path), "%s/pwm1", k->devices.v[0]);
	snprintf(duty, sizeof(duty), "%d", atoi(value));
	if (erg_cell_put(k->ctx, path, duty, got) < 0)
		return erg_knob_refused(k, value, got, err);
	return fan_read(k, applied, size, err);
}

const struct erg_knob_ops erg_knob_fan = {
	.driver = "fan",
	.attributes = "pwm",
	.about = "duty of the fan, 0 to 255",
	.find = fan_find,
	.allowed = fan_allowed,
	.apply = fan_apply,
	.read = fan_read,
};
