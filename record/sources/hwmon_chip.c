/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Power sensors of the kernel's hardware monitoring class.
 *
 * A chip's readings differ in what they mean, and a source has one sensor model, so a chip
 * becomes up to five sources: instantaneous power (powerN_input, or currN_input and inN_input of
 * one index, whose product the analyzer forms), averaged power (powerN_average over
 * powerN_average_interval), cumulative energy (energyN_input), clocks of GPUs, and temperatures
 * with fans. A power input makes current and voltage of the same index superfluous; a voltage without a
 * current is no power and is left out.
 *
 * Units are those of Documentation/hwmon/sysfs-interface: uW, uJ, mA, mV, millidegrees, Hz, rpm.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "formats/base/util.h"
#include "record/sources/attr.h"
#include "record/sources/drivers.h"

struct chip {
	const struct erg_source_config *cfg;
	struct erg_source_list *list;
	const char *dir;
	char name[64];
};

const struct erg_source_ops erg_hwmon_ops = {
	.kind = "hwmon",
	.start = erg_attr_source_start,
	.read = erg_attr_source_read,
	.stop = erg_attr_source_stop,
	.free = erg_attr_source_free,
};

static const struct erg_source_ops slow_ops = {
	.kind = "hwmon",
	.slow = true,
	.start = erg_attr_source_start,
	.read = erg_attr_source_read,
	.stop = erg_attr_source_stop,
	.free = erg_attr_source_free,
};

static struct erg_attr_source *chip_source(const struct chip *c, enum erg_source_class cls,
	enum erg_sensor_kind kind)
{
	struct erg_attr_source *s = erg_attr_source_new(&erg_hwmon_ops, c->cfg, cls, c->dir);
	int64_t ms;

	if (!s)
		return NULL;
	s->slow_ops = &slow_ops;
	s->src.model.kind = kind;
	s->src.model.provenance = ERG_PROVENANCE_ASSUMED;
	if (erg_attr_read_int(&ms, "%s/update_interval", c->dir) >= 0 && ms > 0)
		s->src.model.period_ns = (uint64_t)ms * 1000000u;
	return s;
}

/* The label of PREFIX N, else what the firmware calls an ACPI power meter (NVIDIA's Grace: "CPU
 * Power Socket 0"), else the chip's name with the attribute's. */
static void rail_name(const struct chip *c, const char *prefix, int n, char *dst, size_t size)
{
	char label[64];

	if (erg_attr_read_line(label, sizeof(label), "%s/%s%d_label", c->dir, prefix, n) > 0 ||
		erg_attr_read_line(label, sizeof(label), "%s/%s%d_oem_info", c->dir, prefix, n) > 0)
		erg_text_set(dst, size, "%s", label);
	else
		erg_text_set(dst, size, "%s-%s%d", c->name, prefix, n);
}

static int offer_chip(const struct chip *c, struct erg_attr_source **s)
{
	if ((*s)->src.cls == ERG_CLASS_POWER) {
		int r = erg_attr_source_time(*s, c->dir);

		if (r < 0)
			return r;
		erg_model_override(&(*s)->src.model, c->dir);
	}
	return erg_attr_source_offer(s, c->list, ERG_MEND_READ);
}

/* Index of "PREFIX<N>SUFFIX", or -1. */
static int index_of(const char *name, const char *prefix, const char *suffix)
{
	char *end;
	long n;

	if (strncmp(name, prefix, strlen(prefix)))
		return -1;
	n = strtol(name + strlen(prefix), &end, 10);
	if (end == name + strlen(prefix) || n < 0 || n > 999 || strcmp(end, suffix))
		return -1;
	return (int)n;
}

/* Adds each attribute PREFIX<N>SUFFIX of the chip as a channel like DEF. */
static int add_all(const struct chip *c, struct erg_attr_source *s, const char *prefix,
	const char *suffix, const struct erg_channel_def *def)
{
	_cleanup_(erg_names_freep) struct erg_names names = {0};
	int r = erg_names_list(&names, c->dir, prefix);

	for (size_t i = 0; r >= 0 && i < names.n; i++) {
		struct erg_channel_def d = *def;
		int n = index_of(names.name[i], prefix, suffix);

		if (n < 0)
			continue;
		rail_name(c, prefix, n, d.rail, sizeof(d.rail));
		r = erg_attr_source_add(s, &d, NULL, "%s/%s", c->dir, names.name[i]);
		if (r == -ENOSPC) {
			erg_source_list_note(c->list, "hwmon", c->dir, "",
				"only the first %d of its %s sensors are read",
				ERG_SOURCE_CHANNELS_MAX, prefix);
			return 0;
		}
	}
	return r;
}

static int add_current_voltage(const struct chip *c, struct erg_attr_source *s)
{
	struct erg_channel_def amps = {.quantity = ERG_Q_CURRENT,
		.unit = "mA",
		.scale = 1e-3,
		.lsb = 1};
	struct erg_channel_def volts = {.quantity = ERG_Q_VOLTAGE,
		.unit = "mV",
		.scale = 1e-3,
		.lsb = 1};
	_cleanup_(erg_names_freep) struct erg_names names = {0};
	int r = erg_names_list(&names, c->dir, "curr");

	for (size_t i = 0; r >= 0 && i < names.n; i++) {
		int n = index_of(names.name[i], "curr", "_input");

		if (n < 0 || erg_attr_exists("%s/power%d_input", c->dir, n) ||
			!erg_attr_exists("%s/in%d_input", c->dir, n))
			continue;
		/* A rail is named on the voltage (ina3221) or on the current. */
		rail_name(c, erg_attr_exists("%s/in%d_label", c->dir, n) ? "in" : "curr", n,
			amps.rail, sizeof(amps.rail));
		memcpy(volts.rail, amps.rail, sizeof(volts.rail));
		r = erg_attr_source_add(s, &amps, NULL, "%s/curr%d_input", c->dir, n);
		if (r >= 0)
			r = erg_attr_source_add(s, &volts, NULL, "%s/in%d_input", c->dir, n);
	}
	return r;
}

static int find_power(const struct chip *c)
{
	_cleanup_(erg_attr_source_freep) struct erg_attr_source *s =
		chip_source(c, ERG_CLASS_POWER, ERG_SENSOR_POINT);
	struct erg_channel_def power = {.quantity = ERG_Q_POWER,
		.unit = "uW",
		.scale = 1e-6,
		.lsb = 1};
	int r;

	if (!s)
		return -ENOMEM;
	r = add_all(c, s, "power", "_input", &power);
	if (r >= 0)
		r = add_current_voltage(c, s);
	return r < 0 ? r : offer_chip(c, &s);
}

static int find_average(const struct chip *c)
{
	_cleanup_(erg_attr_source_freep) struct erg_attr_source *s =
		chip_source(c, ERG_CLASS_POWER, ERG_SENSOR_BOXCAR);
	struct erg_channel_def power = {.quantity = ERG_Q_POWER,
		.unit = "uW",
		.scale = 1e-6,
		.lsb = 1};
	int64_t window_ms;
	int r;

	if (!s)
		return -ENOMEM;
	if (erg_attr_read_int(&window_ms, "%s/power1_average_interval", c->dir) >= 0 &&
		window_ms > 0) {
		s->src.model.window_ns = (uint64_t)window_ms * 1000000u;
		s->src.model.provenance = ERG_PROVENANCE_DRIVER;
	}
	r = add_all(c, s, "power", "_average", &power);
	return r < 0 ? r : offer_chip(c, &s);
}

/* The card contains its package: Documentation/ABI/testing/sysfs-driver-intel-xe-hwmon. Told here,
 * where both are known to be of one chip; their names are common ones. */
static void set_card_of_package(const struct chip *c, struct erg_attr_source *s)
{
	struct erg_channel_def *card = NULL;

	if (strcmp(c->name, "xe"))
		return;
	for (size_t i = 0; i < s->src.n_channels; i++)
		if (!strcmp(s->src.channels[i].rail, "card"))
			card = &s->src.channels[i];
	for (size_t i = 0; card && i < s->src.n_channels; i++)
		if (!strcmp(s->src.channels[i].rail, "pkg"))
			strcpy(s->src.channels[i].parent, "card");
}

static int find_energy(const struct chip *c)
{
	_cleanup_(erg_attr_source_freep) struct erg_attr_source *s =
		chip_source(c, ERG_CLASS_POWER, ERG_SENSOR_COUNTER);
	struct erg_channel_def energy = {.quantity = ERG_Q_ENERGY,
		.unit = "uJ",
		.scale = 1e-6,
		.lsb = 1};
	int r;

	if (!s)
		return -ENOMEM;
	r = add_all(c, s, "energy", "_input", &energy);
	set_card_of_package(c, s);
	return r < 0 ? r : offer_chip(c, &s);
}

/* Clocks of GPUs: amdgpu's sclk and mclk. */
static int find_frequency(const struct chip *c)
{
	_cleanup_(erg_attr_source_freep) struct erg_attr_source *s =
		chip_source(c, ERG_CLASS_FREQUENCY, ERG_SENSOR_POINT);
	struct erg_channel_def hertz = {.quantity = ERG_Q_FREQUENCY,
		.unit = "Hz",
		.scale = 1,
		.lsb = 1};
	int r;

	if (!s)
		return -ENOMEM;
	s->src.rate_fixed = true;
	s->src.interval_ns = ERG_THERMAL_INTERVAL_NS;
	r = add_all(c, s, "freq", "_input", &hertz);
	return r < 0 ? r : offer_chip(c, &s);
}

int erg_hwmon_find_thermal(const struct erg_source_config *cfg, const char *dir, const char *chip,
	struct erg_source_list *list)
{
	static const struct erg_channel_def temp = {.quantity = ERG_Q_TEMPERATURE,
		.unit = "mdegC",
		.scale = 1e-3,
		.lsb = 1};
	static const struct erg_channel_def fan = {.quantity = ERG_Q_SPEED,
		.unit = "rpm",
		.scale = 1,
		.lsb = 1};
	static const struct erg_channel_def duty = {.quantity = ERG_Q_SPEED,
		.unit = "pwm",
		.scale = 1,
		.lsb = 1};
	struct chip c = {.cfg = cfg, .list = list, .dir = dir};
	_cleanup_(erg_attr_source_freep) struct erg_attr_source *s = NULL;
	int r;

	erg_text_set(c.name, sizeof(c.name), "%s", chip);
	s = chip_source(&c, ERG_CLASS_THERMAL, ERG_SENSOR_POINT);
	if (!s)
		return -ENOMEM;
	s->src.rate_fixed = true;
	s->src.interval_ns = ERG_THERMAL_INTERVAL_NS;
	r = add_all(&c, s, "temp", "_input", &temp);
	if (r >= 0)
		r = add_all(&c, s, "fan", "_input", &fan);
	if (r >= 0)
		r = add_all(&c, s, "pwm", "", &duty);
	return r < 0 ? r : offer_chip(&c, &s);
}

int erg_hwmon_find_chip(const struct erg_source_config *cfg, const char *dir, const char *name,
	struct erg_source_list *list)
{
	struct chip c = {.cfg = cfg, .list = list, .dir = dir};
	int r;

	erg_text_set(c.name, sizeof(c.name), "%s", name);
	r = find_power(&c);
	if (r >= 0)
		r = find_average(&c);
	if (r >= 0)
		r = find_energy(&c);
	if (r >= 0)
		r = find_frequency(&c);
	if (r >= 0)
		r = erg_hwmon_find_thermal(cfg, dir, c.name, list);
	return r;
}
