/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Power sensors of the kernel's hardware monitoring class.
 *
 * A chip's readings differ in what they mean, and a source has one sensor model, so a chip
 * becomes up to five sources: instantaneous power (powerN_input, or currN_input and inN_input of
 * one supply, whose product the analyzer forms), averaged power (powerN_average over
 * powerN_average_interval), cumulative energy (energyN_input), clocks of GPUs, and temperatures
 * with fans; twice as many where it has more sensors of a kind than a source holds. A power makes current
 * and voltage of the same supply superfluous; a voltage without a current is no power and is left out.
 * hwmon_label.c says what is of one supply.
 *
 * What a chip tells twice counts once: the power of a supply that has a counter of energy, too, lies within
 * that one, and an average within the power of the moment.
 *
 * Units are those of Documentation/hwmon/sysfs-interface: uW, uJ, mA, mV, millidegrees, Hz, rpm.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "formats/base/util.h"
#include "record/sources/attr.h"
#include "record/sources/drivers.h"
#include "record/sources/hwmon_label.h"

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

const struct erg_source_ops erg_hwmon_slow_ops = {
	.kind = "hwmon",
	.slow = true,
	.start = erg_attr_source_start,
	.read = erg_attr_source_read,
	.stop = erg_attr_source_stop,
	.free = erg_attr_source_free,
};

/* A device that the kernel has put to sleep (amdgpu: EPERM for every sensor) is read when it wakes. */
static bool is_asleep(const char *dir)
{
	char status[24];

	return erg_attr_read_line(status, sizeof(status), "%s/device/power/runtime_status", dir) >
		0 &&
		!strcmp(status, "suspended");
}

static struct erg_attr_source *chip_source(const struct chip *c, enum erg_source_class cls,
	enum erg_sensor_kind kind)
{
	struct erg_attr_source *s = erg_attr_source_new(&erg_hwmon_ops, c->cfg, cls, c->dir);
	int64_t ms;

	if (!s)
		return NULL;
	s->slow_ops = &erg_hwmon_slow_ops;
	s->asleep = is_asleep(c->dir);
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

/* Room for N more channels: a source that is full is offered, and another one like it begins. */
static int make_room(const struct chip *c, struct erg_attr_source **s, size_t n)
{
	const struct erg_source like = (*s)->src;
	int r;

	if (like.n_channels + n <= ERG_SOURCE_CHANNELS_MAX)
		return 0;
	r = offer_chip(c, s);
	if (r < 0)
		return r;
	*s = chip_source(c, like.cls, like.model.kind);
	if (!*s)
		return -ENOMEM;
	(*s)->src.model = like.model;
	(*s)->src.rate_fixed = like.rate_fixed;
	(*s)->src.interval_ns = like.interval_ns;
	return 0;
}

/* A sensor that is switched off stands still (energy1_enable: ltc4282.rst) or fails. */
static bool is_on(const struct chip *c, const char *prefix, int n)
{
	int64_t on;

	return erg_attr_read_int(&on, "%s/%s%d_enable", c->dir, prefix, n) < 0 || on;
}

/* What power N of the chip, "_input" or "_average", lies within, as the chip tells it twice, becomes its
 * parent; the same name then says what it is. */
static void set_power_parent(const struct chip *c, int n, const char *suffix,
	struct erg_channel_def *d)
{
	bool average = !strcmp(suffix, "_average");
	char rail[sizeof(d->rail)];

	if (average && erg_attr_exists("%s/power%d_input", c->dir, n))
		rail_name(c, "power", n, d->parent, sizeof(d->parent));
	else if (erg_attr_exists("%s/energy%d_input", c->dir, n) && is_on(c, "energy", n) &&
		erg_hwmon_is_same(c->dir, "power", "energy", n))
		rail_name(c, "energy", n, d->parent, sizeof(d->parent));
	if (strcmp(d->parent, d->rail))
		return;
	memcpy(rail, d->rail, sizeof(rail));
	erg_text_set(d->rail, sizeof(d->rail), "%.50s-%s", rail, average ? "average" : "power");
}

/* Adds each attribute PREFIX<N>SUFFIX of the chip as a channel like DEF. */
static int add_all(const struct chip *c, struct erg_attr_source **s, const char *prefix,
	const char *suffix, const struct erg_channel_def *def)
{
	_cleanup_(erg_names_freep) struct erg_names names = {0};
	int r = erg_names_list(&names, c->dir, prefix);

	for (size_t i = 0; r >= 0 && i < names.n; i++) {
		struct erg_channel_def d = *def;
		int n = erg_hwmon_index(names.name[i], prefix, suffix);

		if (n < 0)
			continue;
		rail_name(c, prefix, n, d.rail, sizeof(d.rail));
		if (d.quantity != ERG_Q_SPEED && !is_on(c, prefix, n)) {
			erg_source_list_note(c->list, "hwmon", c->dir, "",
				"%s is switched off (%s%d_enable)", d.rail, prefix, n);
			continue;
		}
		if (d.quantity == ERG_Q_POWER)
			set_power_parent(c, n, suffix, &d);
		r = make_room(c, s, 1);
		if (r >= 0)
			r = erg_attr_source_add(*s, &d, NULL, "%s/%s", c->dir, names.name[i]);
	}
	return r;
}

static void note_unpaired(const struct chip *c, int n)
{
	char rail[64];

	rail_name(c, "curr", n, rail, sizeof(rail));
	erg_source_list_note(c->list, "hwmon", c->dir, "",
		"current %s: the chip tells no voltage that goes with it", rail);
}

/* Current N and the voltage of its supply, where the chip does not tell their power itself. */
static int add_current_voltage(const struct chip *c, struct erg_attr_source **s, int n)
{
	struct erg_channel_def amps = {.quantity = ERG_Q_CURRENT,
		.unit = "mA",
		.scale = 1e-3,
		.lsb = 1};
	struct erg_channel_def volts = {.quantity = ERG_Q_VOLTAGE,
		.unit = "mV",
		.scale = 1e-3,
		.lsb = 1};
	int v = erg_hwmon_voltage_of(c->name, c->dir, n), r;

	if (erg_hwmon_tells_power(c->dir, n, v))
		return 0;
	if (v < 0 || !erg_attr_exists("%s/in%d_input", c->dir, v)) {
		if (erg_attr_exists("%s/in%d_input", c->dir, n))
			note_unpaired(c, n);
		return 0;
	}
	/* A rail is named on the voltage (ina3221) or on the current. */
	if (erg_attr_exists("%s/in%d_label", c->dir, v))
		rail_name(c, "in", v, amps.rail, sizeof(amps.rail));
	else
		rail_name(c, "curr", n, amps.rail, sizeof(amps.rail));
	memcpy(volts.rail, amps.rail, sizeof(volts.rail));
	r = make_room(c, s, 2);
	if (r >= 0)
		r = erg_attr_source_add(*s, &amps, NULL, "%s/curr%d_input", c->dir, n);
	return r < 0 ? r : erg_attr_source_add(*s, &volts, NULL, "%s/in%d_input", c->dir, v);
}

static int add_currents(const struct chip *c, struct erg_attr_source **s)
{
	_cleanup_(erg_names_freep) struct erg_names names = {0};
	int r = erg_names_list(&names, c->dir, "curr");

	for (size_t i = 0; r >= 0 && i < names.n; i++) {
		int n = erg_hwmon_index(names.name[i], "curr", "_input");

		if (n >= 0)
			r = add_current_voltage(c, s, n);
	}
	return r;
}

/* occ.rst: its frequencies are in MHz, and its averages go back to the controller's start. */
static bool is_occ(const struct chip *c)
{
	return !strcmp(c->name, "occ");
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
	r = add_all(c, &s, "power", "_input", &power);
	if (r >= 0)
		r = add_currents(c, &s);
	return r < 0 ? r : offer_chip(c, &s);
}

/* The window of the first average that tells one, in milliseconds, or 0. */
static int64_t average_window(const struct chip *c)
{
	_cleanup_(erg_names_freep) struct erg_names names = {0};
	int64_t ms;

	if (erg_names_list(&names, c->dir, "power") < 0)
		return 0;
	for (size_t i = 0; i < names.n; i++)
		if (erg_hwmon_index(names.name[i], "power", "_average_interval") >= 0 &&
			erg_attr_read_int(&ms, "%s/%s", c->dir, names.name[i]) >= 0 && ms > 0)
			return ms;
	return 0;
}

static int find_average(const struct chip *c)
{
	_cleanup_(erg_attr_source_freep) struct erg_attr_source *s =
		chip_source(c, ERG_CLASS_POWER, ERG_SENSOR_BOXCAR);
	struct erg_channel_def power = {.quantity = ERG_Q_POWER,
		.unit = "uW",
		.scale = 1e-6,
		.lsb = 1};
	int64_t window_ms = average_window(c);
	int r;

	if (!s)
		return -ENOMEM;
	if (window_ms > 0) {
		s->src.model.window_ns = (uint64_t)window_ms * 1000000u;
		s->src.model.provenance = ERG_PROVENANCE_DRIVER;
	}
	r = add_all(c, &s, "power", "_average", &power);
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
	r = add_all(c, &s, "energy", "_input", &energy);
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
	if (is_occ(c))
		hertz = (struct erg_channel_def){.quantity = ERG_Q_FREQUENCY,
			.unit = "MHz",
			.scale = 1e6,
			.lsb = 1};
	s->src.rate_fixed = true;
	s->src.interval_ns = ERG_THERMAL_INTERVAL_NS;
	r = add_all(c, &s, "freq", "_input", &hertz);
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
	r = add_all(&c, &s, "temp", "_input", &temp);
	if (r >= 0)
		r = add_all(&c, &s, "fan", "_input", &fan);
	if (r >= 0)
		r = add_all(&c, &s, "pwm", "", &duty);
	return r < 0 ? r : offer_chip(&c, &s);
}

int erg_hwmon_find_chip(const struct erg_source_config *cfg, const char *dir, const char *name,
	struct erg_source_list *list)
{
	struct chip c = {.cfg = cfg, .list = list, .dir = dir};
	size_t from = list->n;
	int r;

	erg_text_set(c.name, sizeof(c.name), "%s", name);
	r = find_power(&c);
	if (r >= 0 && !is_occ(&c))
		r = find_average(&c);
	if (r >= 0)
		r = find_energy(&c);
	erg_hwmon_set_parents(c.name, dir, list, from);
	if (r >= 0)
		r = find_frequency(&c);
	if (r >= 0)
		r = erg_hwmon_find_thermal(cfg, dir, c.name, list);
	return r;
}
