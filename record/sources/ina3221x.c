/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * INA3221 by NVIDIA's IIO driver of L4T up to 32 (Jetson TX1, TX2, Nano, and Xavier on JetPack 4).
 *
 *	DIR/bus/i2c/drivers/ina3221x/1-0040/iio:device0/
 *		rail_name_0..2     the schematic's names
 *		ui_input_N         "mV mA" of one locked read: preferred, for it is coherent
 *		in_powerN_input    mW, where ui_input_N is missing
 *		running_mode       1: converts all the time; 0: on demand, EAGAIN when not ready
 *
 * What a reading means depends on the mode. Converting all the time, it is the chip's recursive
 * mean over ti,continuous-config; on demand, the read itself runs the conversions of
 * ti,trigger-config and their mean is a window that has just ended. Both registers stand in the
 * device tree; without them the driver's macros are assumed (0x7727: 64 averages of 1.1 ms, tau
 * 0.42 s; 0x7003: one conversion of 140 us. A long trigger configuration cannot work: the driver
 * asks ten times whether a conversion is ready, some 5 ms, and gives up).
 *
 * The mode is left as it is, and recorded at start and at stop; the driver may change it by itself
 * with the CPUs that are online and their frequency. It is not forced, for three reasons. On demand
 * the chip sleeps between readings and with it the over-current alerts that throttle the board, so
 * that may not be forced under load. Continuous would turn a conversion of a millisecond into a
 * filter of 0.4 s. And whether the mode was forced before cannot be read, so it could not be put
 * back.
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "formats/base/util.h"
#include "record/sources/attr.h"
#include "record/sources/drivers.h"
#include "record/sources/ina3221.h"

#define CONTINUOUS_DEFAULT 0x7727
#define TRIGGER_DEFAULT 0x7003
#define TRIES 10
#define DT_DEPTH 5

struct ina3221x {
	struct erg_source src;
	char dir[256];
	size_t n_rails;
	struct rail {
		char file[300];
		int fd;
		bool ui; /* "mV mA", two channels; else one of mW */
	} rails[3];
};

/* ---- device tree ---- */

/* A property of one cell, big-endian. */
static int read_cell(uint32_t *ret, const char *node, const char *property)
{
	uint32_t cell;
	int n = erg_attr_read_bytes(&cell, sizeof(cell), "%s/%s", node, property);

	if (n < (int)sizeof(cell))
		return n < 0 ? n : -ENODATA;
	*ret = be32toh(cell);
	return 0;
}

/* The node called NAME below DIR. */
static bool find_node(const char *dir, const char *name, int depth, char *ret, size_t size)
{
	_cleanup_(erg_names_freep) struct erg_names names = {0};
	char path[512];

	if (erg_names_list(&names, dir, "") < 0)
		return false;
	for (size_t i = 0; i < names.n; i++) {
		if (snprintf(path, sizeof(path), "%s/%s", dir, names.name[i]) >= (int)sizeof(path))
			continue;
		if (!strcmp(names.name[i], name)) {
			snprintf(ret, size, "%s", path);
			return true;
		}
		/* Properties are files; only nodes have an @ or are buses. */
		if (depth > 1 && find_node(path, name, depth - 1, ret, size))
			return true;
	}
	return false;
}

/* The chip's node: by the device's own link, else by its address in the tree. */
static bool device_node(const struct erg_source_config *cfg, const char *device, char *ret,
	size_t size)
{
	const char *dash = strrchr(device, '-');
	unsigned int address = dash ? (unsigned int)strtoul(dash + 1, NULL, 16) : 0x40;
	char root[300], name[32];

	snprintf(ret, size, "%s/of_node", device);
	if (erg_attr_exists("%s", ret))
		return true;
	snprintf(name, sizeof(name), "ina3221x@%x", address);
	snprintf(root, sizeof(root), "%s/firmware/devicetree/base", cfg->sysfs);
	if (find_node(root, name, DT_DEPTH, ret, size))
		return true;
	snprintf(root, sizeof(root), "%s/device-tree", cfg->proc);
	return find_node(root, name, DT_DEPTH, ret, size);
}

/* ---- model ---- */

static void set_model(struct ina3221x *x, const struct erg_source_config *cfg, const char *device)
{
	struct erg_ina3221_config c;
	uint32_t reg = 0;
	int64_t mode = 1;
	char node[512];
	bool known = false;

	(void)erg_attr_read_int(&mode, "%s/running_mode", x->dir);
	if (device_node(cfg, device, node, sizeof(node)))
		known = read_cell(&reg, node,
				mode ? "ti,continuous-config" : "ti,trigger-config") >= 0;
	if (!known)
		reg = mode ? CONTINUOUS_DEFAULT : TRIGGER_DEFAULT;
	c = erg_ina3221_decode((uint16_t)reg);
	if (!c.channels)
		c.channels = 3;
	x->src.model = erg_ina3221_continuous(&c);
	if (!mode && c.averages > 1) {
		/* The conversions of one read, all within it. */
		x->src.model.kind = ERG_SENSOR_BOXCAR;
		x->src.model.window_ns = c.averages * x->src.model.period_ns;
		x->src.model.alpha = 0;
	}
	x->src.model.provenance = known ? ERG_PROVENANCE_DRIVER : ERG_PROVENANCE_ASSUMED;
	erg_model_override(&x->src.model, x->dir);
}

static int64_t shunt_uohm(const struct erg_source_config *cfg, const char *device, int n)
{
	char node[512], channel[600];
	uint32_t mohm;

	if (!device_node(cfg, device, node, sizeof(node)))
		return 0;
	snprintf(channel, sizeof(channel), "%s/channel@%d", node, n);
	return read_cell(&mohm, channel, "ti,shunt-resistor-mohm") < 0 ? 0 : (int64_t)mohm * 1000;
}

/* ---- reading ---- */

static int read_ui(int fd, int64_t *ret_mv, int64_t *ret_ma)
{
	char buf[64], *second;
	int r = erg_attr_pread_text(fd, TRIES, buf, sizeof(buf));

	if (r < 0)
		return r;
	second = strchr(buf, ' ');
	if (!second || erg_attr_parse(buf, ret_mv) || erg_attr_parse(second, ret_ma))
		return -EBADMSG;
	return 0;
}

static int read_rail(struct rail *r, int64_t *values)
{
	int e;

	if (r->fd < 0)
		r->fd = erg_attr_open(r->file);
	if (r->fd < 0)
		return r->fd;
	if (r->ui)
		e = read_ui(r->fd, &values[1], &values[0]);
	else
		e = erg_attr_pread_int(r->fd, TRIES, values);
	if (e == -ENODEV || e == -ENOENT) {
		close(r->fd);
		r->fd = -1;
	}
	return e;
}

static int ina3221x_read(struct erg_source *s, int64_t *values, uint64_t *native)
{
	struct ina3221x *x = (struct ina3221x *)s;
	size_t channel = 0;
	int r = -ENODEV;
	bool any = false;

	*native = 0;
	for (size_t i = 0; i < x->n_rails; i++) {
		size_t n = x->rails[i].ui ? 2 : 1;
		int e = read_rail(&x->rails[i], &values[channel]);

		if (e < 0) {
			r = e;
			for (size_t k = 0; k < n; k++)
				values[channel + k] = ERG_VALUE_NONE;
		} else {
			any = true;
		}
		channel += n;
	}
	return any ? ERG_READ_OK : r;
}

static void note_mode(struct ina3221x *x, const char *when)
{
	int64_t mode;

	if (!x->src.settings)
		x->src.settings = json_object();
	if (erg_attr_read_int(&mode, "%s/running_mode", x->dir) >= 0)
		json_object_set_new(x->src.settings, when, json_integer(mode));
}

static int ina3221x_start(struct erg_source *s, struct erg_err *err)
{
	struct ina3221x *x = (struct ina3221x *)s;
	size_t opened = 0;
	int r = -ENODEV;

	for (size_t i = 0; i < x->n_rails; i++) {
		if (x->rails[i].fd < 0)
			x->rails[i].fd = erg_attr_open(x->rails[i].file);
		if (x->rails[i].fd < 0)
			r = x->rails[i].fd;
		else
			opened++;
	}
	if (!opened)
		return erg_fail_errno(err, r, "%s: no rail can be opened", x->dir);
	note_mode(x, "running_mode_at_start");
	return 0;
}

static void ina3221x_stop(struct erg_source *s)
{
	struct ina3221x *x = (struct ina3221x *)s;
	bool was_open = false;

	for (size_t i = 0; i < x->n_rails; i++) {
		was_open |= x->rails[i].fd >= 0;
		erg_closep(&x->rails[i].fd);
		x->rails[i].fd = -1;
	}
	if (was_open)
		note_mode(x, "running_mode_at_stop");
}

static void ina3221x_free(struct erg_source *s)
{
	struct ina3221x *x = (struct ina3221x *)s;

	if (!s)
		return;
	ina3221x_stop(s);
	json_decref(s->settings);
	free(s->channels);
	free(x);
}

/* ---- finding ---- */

static void add_rail(struct ina3221x *x, const struct erg_source_config *cfg, const char *device,
	int n)
{
	struct erg_channel_def *d = &x->src.channels[x->src.n_channels];
	struct rail *rail = &x->rails[x->n_rails];
	char name[64];

	if (erg_attr_read_line(name, sizeof(name), "%s/rail_name_%d", x->dir, n) < 0 ||
		!erg_ina3221_connected(name))
		return;
	rail->fd = -1;
	rail->ui = erg_attr_exists("%s/ui_input_%d", x->dir, n);
	snprintf(rail->file, sizeof(rail->file),
		rail->ui ? "%s/ui_input_%d" : "%s/in_power%d_input", x->dir, n);
	if (rail->ui) {
		d[0] = erg_ina3221_current(name, shunt_uohm(cfg, device, n));
		d[1] = erg_ina3221_voltage(name);
		x->src.n_channels += 2;
	} else if (erg_attr_exists("%s", rail->file)) {
		*d = (struct erg_channel_def){.quantity = ERG_Q_POWER,
			.unit = "mW",
			.scale = 1e-3,
			.lsb = 1,
			.gain_max = 0.005};
		erg_text_set(d->rail, sizeof(d->rail), "%s", name);
		x->src.n_channels++;
	} else {
		return;
	}
	x->n_rails++;
}

static int find_iio(const struct erg_source_config *cfg, const char *device, const char *iio,
	struct erg_source_list *list)
{
	struct ina3221x *x = calloc(1, sizeof(*x));

	if (x)
		x->src.channels = calloc(6, sizeof(*x->src.channels));
	if (!x || !x->src.channels) {
		free(x);
		return -ENOMEM;
	}
	x->src.ops = &erg_source_ina3221x;
	x->src.cls = ERG_CLASS_POWER;
	x->src.simulated = cfg->simulated;
	if (snprintf(x->dir, sizeof(x->dir), "%s/%s", device, iio) >= (int)sizeof(x->dir)) {
		ina3221x_free(&x->src);
		return 0;
	}
	erg_text_set(x->src.path, sizeof(x->src.path), "%s", x->dir);
	for (int n = 0; n < 3; n++)
		add_rail(x, cfg, device, n);
	if (x->n_rails && access(x->rails[0].file, R_OK)) {
		erg_source_list_note_error(list, "ina3221x", x->rails[0].file, ERG_MEND_READ,
			"cannot be read", errno);
		x->n_rails = 0;
	}
	if (!x->n_rails) {
		ina3221x_free(&x->src);
		return 0;
	}
	set_model(x, cfg, device);
	return erg_source_list_add(list, &x->src);
}

/* Without clock-frequency Tegra's I2C runs at 100 kHz, where current and voltage of a rail take
 * about 1 ms; at 400 kHz a quarter. */
static void note_bus(const struct erg_source_config *cfg, struct erg_source_list *list,
	const char *device)
{
	char node[512];
	uint32_t hz = 100000;

	if (!device_node(cfg, device, node, sizeof(node)))
		return;
	(void)read_cell(&hz, node, "../clock-frequency");
	if (hz < 400000)
		erg_source_list_note(list, "ina3221x", device,
			"set clock-frequency = <400000> of the bus in the device tree",
			"its I2C bus runs at %u kHz: a reading of one rail takes about %.1f ms",
			hz / 1000, 94.0 / (hz / 1000.0));
}

/* The TX1's device tree of L4T 28 has the chip switched off. */
static void note_missing(const struct erg_source_config *cfg, struct erg_source_list *list,
	const char *root)
{
	char compatible[256];
	int n = erg_attr_read_bytes(compatible, sizeof(compatible) - 1, "%s/device-tree/compatible",
		cfg->proc);

	for (int i = 0; i < n; i++)
		if (!compatible[i])
			compatible[i] = ' ';
	compatible[n > 0 ? n : 0] = '\0';
	if (strstr(compatible, "nvidia,tegra210"))
		erg_source_list_note(list, "ina3221x", root,
			"build the kernel with CONFIG_SENSORS_INA3221 and set status = \"okay\" "
			"in the device tree's ina3221x@40",
			"this Jetson's power monitor has no driver");
	else
		erg_source_list_note(list, "ina3221x", root, "",
			"no INA3221 of a Jetson with L4T up to 32");
}

static int ina3221x_find(const struct erg_source_config *cfg, struct erg_source_list *list,
	struct erg_err *err)
{
	_cleanup_(erg_names_freep) struct erg_names devices = {0};
	char root[256], device[400];
	size_t found = 0;
	int r;

	snprintf(root, sizeof(root), "%s/bus/i2c/drivers/ina3221x", cfg->sysfs);
	r = erg_names_list(&devices, root, "");
	for (size_t i = 0; r >= 0 && i < devices.n; i++) {
		_cleanup_(erg_names_freep) struct erg_names iio = {0};

		if (!strchr(devices.name[i], '-'))
			continue; /* bind, unbind, uevent */
		snprintf(device, sizeof(device), "%s/%s", root, devices.name[i]);
		r = erg_names_list(&iio, device, "iio");
		for (size_t k = 0; r >= 0 && k < iio.n; k++, found++)
			r = find_iio(cfg, device, iio.name[k], list);
		if (iio.n)
			note_bus(cfg, list, device);
	}
	if (r < 0)
		return erg_fail_errno(err, r, "ina3221x");
	if (!found)
		note_missing(cfg, list, root);
	return 0;
}

const struct erg_source_ops erg_source_ina3221x = {
	.kind = "ina3221x",
	.about = "power monitors of Jetson boards with L4T up to 32",
	.slow = true,
	.find = ina3221x_find,
	.start = ina3221x_start,
	.read = ina3221x_read,
	.stop = ina3221x_stop,
	.free = ina3221x_free,
};
