/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Power monitors and converters of the IIO subsystem by buffered capture: the kernel samples at the
 * device's full rate and stamps each sample; we drain the buffer.
 *
 *	DIR/bus/iio/devices/iio:deviceN/scan_elements/in_*_{en,index,type}   what can be captured
 *	                               /in_*_scale                           to mV, mA, mW
 *	                               /current_timestamp_clock              set to monotonic
 *	                               /buffer/{length,enable}
 *	/dev/iio:deviceN                                                     the samples
 *
 * Of a device with currents, currents and the voltages that go with them are captured (INA2xx:
 * the bus voltage, in_voltage1; the shunt's is in_voltage0), else its powers. Settings are put
 * back at the end. Where the device stamps no samples, they are taken to have come at its rate, the
 * last one just before it was read; where it does not tell its rate, only the last one counts.
 * What somebody else has enabled is switched off for the time, as it would lie
 * between our values. A device has one reader: it is opened before anything of it is changed, so
 * another program's capture goes on undisturbed. A device that needs a trigger has one or does not
 * start; the message says so.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "formats/base/util.h"
#include "record/sources/attr.h"
#include "record/sources/drivers.h"
#include "record/sources/guard.h"
#include "record/sources/iio_scan.h"

#define INTERVAL_NS 5000000u
#define BUFFER_SAMPLES 4096
#define BYTES 16384

/* A capture opens the device and sets files of sysfs. */
#define MEND                                                                                        \
	"run as root, or: sudo groupadd -f iio && echo 'SUBSYSTEM==\"iio\", GROUP=\"iio\", "        \
	"MODE=\"0660\", RUN+=\"/bin/chgrp -R iio /sys%p\", RUN+=\"/bin/chmod -R g+rwX /sys%p\"' | " \
	"sudo tee /etc/udev/rules.d/60-iio.rules && sudo udevadm control --reload && sudo udevadm " \
	"trigger -s iio && sudo usermod -aG iio \"$USER\", and log in again"

struct iio {
	struct erg_source src;
	char dir[256], device[256];
	struct erg_iio_element e[ERG_IIO_ELEMENTS_MAX]; /* those captured */
	size_t n_elements, sample_size;
	int channel[ERG_IIO_ELEMENTS_MAX]; /* of each element; -1: the time */
	bool started, has_clock, has_time;
	uint64_t filled_ns; /* when buf was filled */
	struct erg_guard guard;
	int fd;
	size_t have, taken; /* bytes in buf; of them given out */
	uint8_t buf[BYTES];
};

/* ---- capture ---- */

static int write_text(const struct iio *d, const char *file, const char *text)
{
	_cleanup_(erg_closep) int fd = -1;
	char path[320];

	snprintf(path, sizeof(path), "%s/%s", d->dir, file);
	fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	return write(fd, text, strlen(text)) == (ssize_t)strlen(text) ? 0 : -errno;
}

static void iio_stop(struct erg_source *s)
{
	struct iio *d = (struct iio *)s;

	erg_closep(&d->fd);
	d->fd = -1;
	if (!d->started)
		return;
	d->started = false;
	erg_guard_finish(&d->guard);
}

static bool remember(struct iio *d, const char *file)
{
	char text[32];

	if (erg_attr_read_line(text, sizeof(text) - 1, "%s/%s", d->dir, file) <= 0)
		return false;
	strcat(text, "\n");
	return erg_guard_add(&d->guard, text, "%s/%s", d->dir, file);
}

static bool is_ours(const struct iio *d, const char *enable_file)
{
	for (size_t i = 0; i < d->n_elements; i++) {
		size_t len = strlen(d->e[i].name);

		if (!strncmp(enable_file, d->e[i].name, len) && !strcmp(enable_file + len, "_en"))
			return true;
	}
	return false;
}

/* Remembers which elements are enabled; SWITCH_: also makes it those that we capture and no
 * others. */
static int each_element(struct iio *d, bool switch_)
{
	_cleanup_(erg_names_freep) struct erg_names names = {0};
	char dir[300], file[400];
	int r;

	snprintf(dir, sizeof(dir), "%s/scan_elements", d->dir);
	r = erg_names_list(&names, dir, "in_");
	for (size_t i = 0; r >= 0 && i < names.n; i++) {
		const char *end = strrchr(names.name[i], '_');
		bool ours = is_ours(d, names.name[i]);
		int64_t on;

		if (strcmp(end, "_en") || erg_attr_read_int(&on, "%s/%s", dir, names.name[i]) < 0 ||
			on == ours)
			continue;
		snprintf(file, sizeof(file), "scan_elements/%s", names.name[i]);
		if (switch_)
			r = erg_attr_write_int(ours, "%s/%s", dir, names.name[i]);
		else if (!remember(d, file))
			r = -ENOSPC;
	}
	return r;
}

/* The buffer is switched off before anything else can be put back. */
static int save_settings(struct iio *d)
{
	int r;

	erg_guard_add(&d->guard, "0\n", "%s/buffer/enable", d->dir);
	r = each_element(d, false);
	remember(d, "buffer/length");
	d->has_clock = remember(d, "current_timestamp_clock");
	erg_guard_start(&d->guard);
	return r;
}

/* Switches the buffer on with what we capture. */
static int capture(struct iio *d)
{
	int r = save_settings(d);

	d->started = true;
	d->have = d->taken = 0;
	if (r >= 0)
		r = erg_attr_write_int(0, "%s/buffer/enable", d->dir);
	if (r >= 0 && d->has_clock)
		r = write_text(d, "current_timestamp_clock", "monotonic\n");
	if (r >= 0)
		r = each_element(d, true);
	if (r >= 0)
		r = erg_attr_write_int(BUFFER_SAMPLES, "%s/buffer/length", d->dir);
	return r < 0 ? r : erg_attr_write_int(1, "%s/buffer/enable", d->dir);
}

static int iio_start(struct erg_source *s, struct erg_err *err)
{
	struct iio *d = (struct iio *)s;
	int r;

	if (d->started)
		return 0;
	d->fd = open(d->device, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (d->fd < 0 && errno == EBUSY)
		return erg_fail(err, -EBUSY, "%s: another program captures from it", d->device);
	if (d->fd < 0)
		return erg_fail_errno(err, -errno, "%s", d->device);
	r = capture(d);
	if (r >= 0)
		return 0;
	iio_stop(s);
	return erg_fail_errno(err, r,
		"%s: capture does not start (a trigger may be missing, or it "
		"takes root)",
		d->dir);
}

static int refill(struct iio *d)
{
	size_t rest = d->have - d->taken;
	ssize_t n;

	memmove(d->buf, d->buf + d->taken, rest);
	d->have = rest;
	d->taken = 0;
	n = read(d->fd, d->buf + rest, (BYTES - rest) / d->sample_size * d->sample_size);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	d->have += (size_t)n;
	d->filled_ns = erg_mono_ns();
	if (!d->has_time && !d->src.model.period_ns && d->have > d->sample_size)
		d->taken = d->have - d->have % d->sample_size - d->sample_size;
	return 0;
}

static int iio_read(struct erg_source *s, int64_t *values, uint64_t *native)
{
	struct iio *d = (struct iio *)s;
	const uint8_t *sample;

	*native = 0;
	if (d->have - d->taken < d->sample_size) {
		int r = refill(d);

		if (r < 0)
			return r;
		if (d->have < d->sample_size)
			return ERG_READ_NOTHING;
	}
	sample = d->buf + d->taken;
	for (size_t i = 0; i < d->n_elements; i++) {
		int64_t v = erg_iio_value(&d->e[i], sample);

		if (d->channel[i] >= 0)
			values[d->channel[i]] = v;
		else
			*native = v > 0 ? (uint64_t)v : 0;
	}
	d->taken += d->sample_size;
	if (!d->has_time && d->src.model.period_ns)
		*native = d->filled_ns -
			(d->have - d->taken) / d->sample_size * d->src.model.period_ns;
	return d->have - d->taken >= d->sample_size ? ERG_READ_MORE : ERG_READ_OK;
}

static void iio_free(struct erg_source *s)
{
	struct iio *d = (struct iio *)s;

	if (!s)
		return;
	iio_stop(s);
	free(s->channels);
	free(d);
}

/* ---- finding ---- */

static double attr_double(const struct iio *d, const char *file, double fallback)
{
	char text[48], *end;
	double v;

	if (erg_attr_read_line(text, sizeof(text), "%s/%s", d->dir, file) <= 0)
		return fallback;
	v = strtod(text, &end);
	return end != text ? v : fallback;
}

/* in_voltage1_scale, or in_voltage_scale for all; FALLBACK where neither is there, not a number where
 * one is that tells none. */
static double element_attr(const struct iio *d, const char *name, const char *what, double fallback)
{
	char file[80];
	size_t stem = strcspn(name, "0123456789");

	snprintf(file, sizeof(file), "%s_%s", name, what);
	if (!erg_attr_exists("%s/%s", d->dir, file))
		snprintf(file, sizeof(file), "%.*s_%s", (int)stem, name, what);
	return erg_attr_exists("%s/%s", d->dir, file) ? attr_double(d, file, NAN) : fallback;
}

static int load_element(const struct iio *d, const char *name, struct erg_iio_element *e)
{
	char type[48];
	int64_t index;
	int r = erg_attr_read_line(type, sizeof(type), "%s/scan_elements/%s_type", d->dir, name);

	if (r >= 0)
		r = erg_iio_parse_type(type, e);
	if (r >= 0)
		r = erg_attr_read_int(&index, "%s/scan_elements/%s_index", d->dir, name);
	if (r < 0)
		return r;
	erg_text_set(e->name, sizeof(e->name), "%s", name);
	e->index = (int)index;
	return 0;
}

/* Of currents and voltages that go together, and of powers, each is wanted: without one the others would
 * be taken for each other's. */
static bool is_electrical(const char *element)
{
	return !strncmp(element, "in_current", 10) || !strncmp(element, "in_voltage", 10) ||
		!strncmp(element, "in_power", 8);
}

/* Every element that can be captured; none where one that is wanted makes no sense. */
static size_t load_elements(const struct iio *d, struct erg_iio_element *all,
	struct erg_source_list *list)
{
	_cleanup_(erg_names_freep) struct erg_names names = {0};
	char dir[300];
	size_t n = 0;

	snprintf(dir, sizeof(dir), "%s/scan_elements", d->dir);
	if (erg_names_list(&names, dir, "in_") < 0)
		return 0;
	for (size_t i = 0; i < names.n && n < ERG_IIO_ELEMENTS_MAX; i++) {
		char *end = strrchr(names.name[i], '_');

		if (!end || strcmp(end, "_en"))
			continue;
		*end = '\0';
		if (load_element(d, names.name[i], &all[n]) >= 0) {
			n++;
		} else if (is_electrical(names.name[i])) {
			erg_source_list_note_broken(list, "iio", d->dir,
				"%s cannot be captured: its index or type is none that is known",
				names.name[i]);
			return 0;
		}
	}
	return n;
}

static void take_element(struct iio *d, const struct erg_iio_element *e, const char *rail,
	enum erg_quantity q)
{
	struct erg_channel_def *c;

	d->e[d->n_elements++] = *e;
	if (!rail)
		return;
	c = &d->src.channels[d->src.n_channels++];
	*c = (struct erg_channel_def){.quantity = q,
		.unit = "raw",
		.lsb = 1,
		.scale = element_attr(d, e->name, "scale", NAN) * 1e-3};
	erg_text_set(c->rail, sizeof(c->rail), "%s", rail);
}

static bool is_kind(const struct erg_iio_element *e, const char *prefix)
{
	return !strncmp(e->name, prefix, strlen(prefix));
}

static size_t count_elements(const struct erg_iio_element *all, size_t n, const char *prefix)
{
	size_t found = 0;

	for (size_t i = 0; i < n; i++)
		found += is_kind(&all[i], prefix);
	return found;
}

/* The k-th element of a kind, from the end: INA2xx's bus voltage follows the shunt's. */
static const struct erg_iio_element *from_end(const struct erg_iio_element *all, size_t n,
	const char *prefix, size_t k)
{
	for (size_t i = n; i-- > 0;)
		if (is_kind(&all[i], prefix) && !k--)
			return &all[i];
	return NULL;
}

/* Chooses what to capture; the channels follow in the order of capture. */
static void choose_elements(struct iio *d, const struct erg_iio_element *all, size_t n,
	const char *name)
{
	size_t currents = count_elements(all, n, "in_current"),
	       voltages = count_elements(all, n, "in_voltage");
	size_t powers = count_elements(all, n, "in_power");
	bool product = currents && voltages >= currents;
	char rail[64];

	for (size_t k = product ? currents : powers; k-- > 0;) {
		const struct erg_iio_element *e =
			from_end(all, n, product ? "in_current" : "in_power", k);

		if ((product ? currents : powers) == 1)
			snprintf(rail, sizeof(rail), "%s", name);
		else
			snprintf(rail, sizeof(rail), "%.32s-%.24s", name, e->name + 3);
		take_element(d, e, rail, product ? ERG_Q_CURRENT : ERG_Q_POWER);
		if (product)
			take_element(d, from_end(all, n, "in_voltage", k), rail, ERG_Q_VOLTAGE);
	}
	d->has_time = d->src.n_channels && count_elements(all, n, "in_timestamp");
	if (d->has_time)
		take_element(d, from_end(all, n, "in_timestamp", 0), NULL, ERG_Q_TIME);
}

/* Which channel each element fills: elements are sorted for the layout, channels are not. */
static void connect(struct iio *d)
{
	struct erg_iio_element taken[ERG_IIO_ELEMENTS_MAX];
	int next = 0, channel_of[ERG_IIO_ELEMENTS_MAX];

	memcpy(taken, d->e, sizeof(taken));
	for (size_t i = 0; i < d->n_elements; i++)
		channel_of[i] = is_kind(&taken[i], "in_timestamp") ? -1 : next++;
	d->sample_size = erg_iio_layout(d->e, d->n_elements);
	for (size_t i = 0; i < d->n_elements; i++)
		for (size_t k = 0; k < d->n_elements; k++)
			if (!strcmp(d->e[i].name, taken[k].name))
				d->channel[i] = channel_of[k];
}

static void set_model(struct iio *d)
{
	double shared = attr_double(d, "sampling_frequency", 0);
	double hz = attr_double(d, "in_sampling_frequency", shared);

	d->src.model.kind = ERG_SENSOR_BOXCAR;
	if (!(hz > 0 && hz < 1e9)) {
		d->src.model.kind = ERG_SENSOR_POINT;
		return;
	}
	/* Converters of this family average over the time between samples. */
	d->src.model.period_ns = (uint64_t)(1e9 / hz);
	d->src.model.window_ns = d->src.model.period_ns;
	if (!d->has_time)
		d->src.model.lag_u_ns = d->src.model.period_ns;
	d->src.model.provenance = ERG_PROVENANCE_DRIVER;
}

static struct iio *iio_new(const struct erg_source_config *cfg, const char *name)
{
	struct iio *d = calloc(1, sizeof(*d));

	if (d)
		d->src.channels = calloc(ERG_IIO_ELEMENTS_MAX, sizeof(*d->src.channels));
	if (!d || !d->src.channels) {
		free(d);
		return NULL;
	}
	d->fd = -1;
	d->src.ops = &erg_source_iio;
	d->src.cls = ERG_CLASS_POWER;
	d->src.simulated = cfg->simulated;
	d->src.rate_fixed = true;
	d->src.interval_ns = INTERVAL_NS;
	snprintf(d->dir, sizeof(d->dir), "%s/bus/iio/devices/%s", cfg->sysfs, name);
	/* Device nodes of another tree lie in its own dev. */
	snprintf(d->device, sizeof(d->device), "%s/dev/%s",
		strcmp(cfg->sysfs, "/sys") ? cfg->sysfs : "", name);
	erg_text_set(d->src.path, sizeof(d->src.path), "%s", d->dir);
	return d;
}

/* Whether what is captured has the scales that make it volts, amperes or watts, and nothing besides. */
static bool has_scales(const struct iio *d, struct erg_source_list *list)
{
	for (size_t i = 0; i < d->n_elements; i++) {
		const char *name = d->e[i].name;
		double scale = element_attr(d, name, "scale", NAN);

		if (!is_electrical(name))
			continue;
		if (!(scale > 0 && scale < 1e9)) {
			erg_source_list_note_broken(list, "iio", d->dir,
				"%s has no scale that makes it a quantity", name);
			return false;
		}
		if (element_attr(d, name, "offset", 0) != 0) {
			erg_source_list_note_broken(list, "iio", d->dir,
				"%s has an offset, which is not read", name);
			return false;
		}
	}
	return true;
}

static int find_device(const struct erg_source_config *cfg, const char *name,
	struct erg_source_list *list)
{
	struct erg_iio_element all[ERG_IIO_ELEMENTS_MAX];
	struct iio *d = iio_new(cfg, name);
	char label[48];
	size_t n;

	if (!d)
		return -ENOMEM;
	if (erg_attr_read_line(label, sizeof(label), "%s/label", d->dir) <= 0 &&
		erg_attr_read_line(label, sizeof(label), "%s/name", d->dir) <= 0)
		snprintf(label, sizeof(label), "%s", name);
	n = load_elements(d, all, list);
	if (n)
		erg_iio_layout(all, n);
	choose_elements(d, all, n, label);
	if (!has_scales(d, list))
		d->src.n_channels = 0;
	if (d->src.n_channels && access(d->device, R_OK)) {
		erg_source_list_note_error(list, "iio", d->device, MEND, label, errno);
		d->src.n_channels = 0;
	}
	if (!d->src.n_channels) {
		iio_free(&d->src);
		return 0;
	}
	connect(d);
	set_model(d);
	return erg_source_list_add(list, &d->src);
}

static int iio_find(const struct erg_source_config *cfg, struct erg_source_list *list,
	struct erg_err *err)
{
	_cleanup_(erg_names_freep) struct erg_names names = {0};
	size_t before = list->n, notes = list->n_notes;
	char root[256];
	int r;

	snprintf(root, sizeof(root), "%s/bus/iio/devices", cfg->sysfs);
	r = erg_names_list(&names, root, "iio:device");
	for (size_t i = 0; r >= 0 && i < names.n; i++)
		r = find_device(cfg, names.name[i], list);
	if (r < 0)
		return erg_fail_errno(err, r, "iio");
	if (list->n == before && list->n_notes == notes)
		erg_source_list_note(list, "iio", root, "",
			"no converter that captures current and voltage, or power");
	return 0;
}

const struct erg_source_ops erg_source_iio = {
	.kind = "iio",
	.about = "power monitors and converters of the IIO subsystem, captured at full rate",
	.slow = true,
	.find = iio_find,
	.start = iio_start,
	.read = iio_read,
	.stop = iio_stop,
	.free = iio_free,
};
