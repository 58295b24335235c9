/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Clocks: cpufreq policies and devfreq devices, which differ in the names of their files and in
 * the unit.
 *
 * A fixed frequency is set through the userspace governor where there is one. Elsewhere
 * (intel_pstate, most devfreq drivers) both limits are set to it, in the order that never makes the lower limit
 * exceed the upper. Limits that would exclude the frequency are widened first.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/base/util.h"
#include "record/knobs/knobs.h"
#include "record/sources/attr.h"

struct files {
	const char *dir, *prefix; /* below sysfs */
	const char *governor, *governors, *set, *min, *max, *list, *low, *high;
	const char *frequency_attr, *min_attr, *max_attr;
};

static const struct files cpu_files = {"devices/system/cpu/cpufreq", "policy", "scaling_governor",
	"scaling_available_governors", "scaling_setspeed", "scaling_min_freq", "scaling_max_freq",
	"scaling_available_frequencies", "cpuinfo_min_freq", "cpuinfo_max_freq", "frequency_khz",
	"min_khz", "max_khz"};
static const struct files dev_files = {"class/devfreq", NULL, "governor", "available_governors",
	"userspace/set_freq", "min_freq", "max_freq", "available_frequencies", NULL, NULL,
	"frequency_hz", "min_hz", "max_hz"};

static const struct files *files_of(const struct erg_knob *k)
{
	return k->ops == &erg_knob_cpufreq ? &cpu_files : &dev_files;
}

static int freq_find(struct erg_knob *k, struct erg_err *err)
{
	const struct files *f = files_of(k);
	struct erg_texts all = {0};
	char names[512] = "";
	int r = erg_knob_list(k->ctx, f->dir, f->prefix, &all);

	for (size_t i = 0; i < all.n && r == 0; i++) {
		const char *cells[] = {f->governor, f->set, f->min, f->max};

		snprintf(names + strlen(names), sizeof(names) - strlen(names), " %s",
			strrchr(all.v[i], '/') + 1);
		if (!erg_knob_is_device(all.v[i], NULL, k->device))
			continue;
		r = erg_texts_add(&k->devices, all.v[i]);
		for (size_t c = 0; c < ERG_ARRAY_SIZE(cells) && r == 0; c++)
			if (erg_attr_exists("%s/%s", all.v[i], cells[c]))
				r = erg_knob_cell(k, "%s/%s", all.v[i], cells[c]);
	}
	erg_texts_clear(&all);
	if (r < 0)
		return erg_fail(err, r, "%s: no memory", k->name);
	if (k->devices.n == 0)
		return erg_fail(err, -ENODEV, "%s: no such device below %s/%s%s%s", k->name,
			k->ctx->sysfs, f->dir, names[0] ? ": there is" : "", names);
	if (k->ops == &erg_knob_devfreq && k->devices.n > 1)
		return erg_fail(err, -EINVAL,
			"%s: several devices: name one of%s, as devfreq.NAME.%s", k->name, names,
			k->attribute);
	return 0;
}

static int allowed(const struct erg_knob *k, struct erg_texts *ret, char *limits, size_t size,
	struct erg_err *err)
{
	const struct files *f = files_of(k);
	const char *dir = k->devices.v[0];
	bool governor = strcmp(k->attribute, "governor") == 0;
	char text[4096], low[64], high[64];

	limits[0] = 0;
	if (erg_knob_text(text, sizeof(text), "%s/%s", dir, governor ? f->governors : f->list) == 0)
		return erg_knob_words(text, ret) < 0 ? erg_fail(err, -ENOMEM, "no memory") : 0;
	if (!governor && f->low && erg_knob_text(low, sizeof(low), "%s/%s", dir, f->low) == 0 &&
		erg_knob_text(high, sizeof(high), "%s/%s", dir, f->high) == 0)
		snprintf(limits, size, "%s to %s", low, high);
	return 0;
}

static bool has_userspace(const struct files *f, const char *dir)
{
	char text[ERG_KNOB_TEXT_MAX];

	return erg_knob_text(text, sizeof(text), "%s/%s", dir, f->governors) == 0 &&
		strstr(text, "userspace") && erg_attr_exists("%s/%s", dir, f->set);
}

static int put_cell(const struct erg_knob *k, const char *dir, const char *file, const char *value,
	struct erg_err *err)
{
	char path[1024], got[ERG_KNOB_TEXT_MAX] = "";
	int r;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	r = erg_cell_put(k->ctx, path, value, got);
	if (r == -EINVAL)
		return erg_knob_refused(k, value, got, err);
	return r < 0 ? erg_fail_errno(err, r, "%s: writing %s", path, value) : 0;
}

static long long cell_number(const char *dir, const char *file)
{
	char text[64];

	return erg_knob_text(text, sizeof(text), "%s/%s", dir, file) == 0 ? atoll(text) : 0;
}

/* Makes room for VALUE between the limits. */
static int widen_limits(const struct erg_knob *k, const struct files *f, const char *dir,
	const char *value, struct erg_err *err)
{
	long long v = atoll(value);
	int r = 0;

	if (cell_number(dir, f->max) < v)
		r = put_cell(k, dir, f->max, value, err);
	if (r == 0 && cell_number(dir, f->min) > v)
		r = put_cell(k, dir, f->min, value, err);
	return r;
}

static int put_frequency(const struct erg_knob *k, const struct files *f, const char *dir,
	const char *value, struct erg_err *err)
{
	int r = widen_limits(k, f, dir, value, err);
	char governor[64] = "";

	if (r < 0)
		return r;
	if (has_userspace(f, dir)) {
		erg_knob_text(governor, sizeof(governor), "%s/%s", dir, f->governor);
		if (strcmp(governor, "userspace") != 0)
			r = put_cell(k, dir, f->governor, "userspace", err);
		return r < 0 ? r : put_cell(k, dir, f->set, value, err);
	}
	/* widened: VALUE is between the limits, so they can be moved to it in any order */
	r = put_cell(k, dir, f->max, value, err);
	return r < 0 ? r : put_cell(k, dir, f->min, value, err);
}

static const char *file_of(const struct erg_knob *k, const struct files *f, const char *dir)
{
	if (strcmp(k->attribute, "governor") == 0)
		return f->governor;
	if (strcmp(k->attribute, f->min_attr) == 0)
		return f->min;
	if (strcmp(k->attribute, f->max_attr) == 0)
		return f->max;
	return has_userspace(f, dir) ? f->set : f->max;
}

static int read_value(const struct erg_knob *k, char *buf, size_t size, struct erg_err *err)
{
	const struct files *f = files_of(k);
	char other[ERG_KNOB_TEXT_MAX];

	for (size_t i = 0; i < k->devices.n; i++) {
		const char *dir = k->devices.v[i], *file = file_of(k, f, dir);
		int r = erg_knob_text(i ? other : buf, i ? sizeof(other) : size, "%s/%s", dir,
			file);

		if (r < 0)
			return erg_fail_errno(err, r, "%s/%s", dir, file);
		if (i && strcmp(other, buf) != 0)
			snprintf(buf, size, "mixed");
	}
	return 0;
}

static int apply_freq(struct erg_knob *k, const char *value, char *applied, size_t size,
	struct erg_err *err)
{
	const struct files *f = files_of(k);
	int r = 0;

	for (size_t i = 0; i < k->devices.n && r == 0; i++) {
		const char *dir = k->devices.v[i];

		if (strcmp(k->attribute, f->frequency_attr) == 0)
			r = put_frequency(k, f, dir, value, err);
		else
			r = put_cell(k, dir, file_of(k, f, dir), value, err);
	}
	return r < 0 ? r : read_value(k, applied, size, err);
}

const struct erg_knob_ops erg_knob_cpufreq = {
	.driver = "cpufreq",
	.attributes = "frequency_khz, governor, min_khz, max_khz",
	.about = "clock of the CPUs, of all policies or of cpufreq.policyN",
	.find = freq_find,
	.allowed = allowed,
	.apply = apply_freq,
	.read = read_value,
};

const struct erg_knob_ops erg_knob_devfreq = {
	.driver = "devfreq",
	.attributes = "frequency_hz, governor, min_hz, max_hz",
	.about = "clock of a GPU, memory controller or other device",
	.find = freq_find,
	.allowed = allowed,
	.apply = apply_freq,
	.read = read_value,
};
