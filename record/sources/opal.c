/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * In-band sensors of POWER9's on-chip controllers: DIR/firmware/opal/exports/occ_inband_sensors, a
 * block of 150 kB for each controller (one a chip).
 *
 * Each power sensor has an accumulator of its samples, taken every 500 us, so the difference of
 * two accumulators times scale / frequency is the energy of the time between their stamps: a
 * counter with exact native times, where the samples themselves (1 W steps, 10 to 25 a second
 * visible) would alias (Troepgen, Bielert, Ilsche, ICPE'23: up to 12 %).
 *
 * The controller writes one of two buffers while the other is valid. The valid one with the newer
 * stamp is copied; then its first bytes and stamp are read again, and if they changed while we
 * copied the copy is torn and is made again.
 *
 * PWRSYS contains the other rails; PWRVDD and PWRVDN lie within PWRPROC. APSS channels are raw
 * versions of the same and are left out.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "formats/base/util.h"
#include "record/sources/attr.h"
#include "record/sources/drivers.h"
#include "record/sources/opal_clock.h"
#include "record/sources/opal_format.h"

#define INTERVAL_NS 10000000u
#define TRIES 4

struct opal {
	struct erg_source src;
	char file[256];
	int fd;
	off_t ping, pong; /* in the file */
	size_t span;      /* bytes of a buffer that hold our records */
	uint32_t offsets[ERG_SOURCE_CHANNELS_MAX];
	bool accumulated; /* channels are accumulators, else samples */
	uint64_t last;    /* stamp of the last reading, ticks */
	struct erg_timebase timebase;
	uint8_t *copy[2];
};

/* What one source takes of a block. */
struct family {
	enum erg_source_class cls;
	enum erg_occ_type type;
	enum erg_quantity quantity;
	const char *unit;
	double si; /* of the sensor's unit */
	bool accumulated;
	uint64_t interval_ns;
};

static const struct family families[] = {
	{ERG_CLASS_POWER, ERG_OCC_POWER, ERG_Q_ENERGY, "W*tick", 1, true, INTERVAL_NS},
	{ERG_CLASS_THERMAL, ERG_OCC_TEMPERATURE, ERG_Q_TEMPERATURE, "degC", 1, false,
		ERG_THERMAL_INTERVAL_NS},
	{ERG_CLASS_FREQUENCY, ERG_OCC_FREQUENCY, ERG_Q_FREQUENCY, "MHz", 1e6, false,
		ERG_THERMAL_INTERVAL_NS},
};

/* ---- reading ---- */

static int read_at(const struct opal *o, void *buf, size_t size, off_t offset)
{
	ssize_t n = erg_attr_pread(o->fd, buf, size, offset);

	return n < 0 ? -errno : (size_t)n < size ? -ENODATA : 0;
}

static uint64_t stamp(const struct opal *o, const uint8_t *copy)
{
	struct erg_occ_record r;

	erg_occ_record(copy + o->offsets[0], &r);
	return r.timestamp;
}

/* Index of the buffer that is valid and newer, or -EAGAIN when neither is valid. */
static int choose_buffer(const struct opal *o)
{
	bool ping = o->copy[0][0] == 1, pong = o->copy[1][0] == 1;

	if (!ping && !pong)
		return -EAGAIN;
	if (ping && pong)
		return stamp(o, o->copy[1]) > stamp(o, o->copy[0]);
	return pong;
}

/* Whether the buffer still is what was copied: valid, and of the same stamp. */
static bool unchanged(const struct opal *o, int which)
{
	uint8_t record[ERG_OCC_RECORD_SIZE], valid;
	off_t at = which ? o->pong : o->ping;
	struct erg_occ_record r;

	if (read_at(o, record, sizeof(record), at + o->offsets[0]) < 0 ||
		read_at(o, &valid, 1, at) < 0)
		return false;
	erg_occ_record(record, &r);
	return valid == 1 && r.timestamp == stamp(o, o->copy[which]);
}

static int copy_buffers(struct opal *o)
{
	int r = -EAGAIN;

	for (int i = 0; i < TRIES; i++) {
		r = read_at(o, o->copy[0], o->span, o->ping);
		if (r >= 0)
			r = read_at(o, o->copy[1], o->span, o->pong);
		if (r >= 0)
			r = choose_buffer(o);
		if (r == -EAGAIN || (r >= 0 && !unchanged(o, r))) {
			r = -EAGAIN;
			continue;
		}
		return r;
	}
	return r;
}

static int opal_read(struct erg_source *s, int64_t *values, uint64_t *native)
{
	struct opal *o = (struct opal *)s;
	int which = copy_buffers(o);
	uint64_t newest = 0;

	if (which < 0)
		return which;
	for (size_t i = 0; i < s->n_channels; i++) {
		struct erg_occ_record r;

		erg_occ_record(o->copy[which] + o->offsets[i], &r);
		values[i] = o->accumulated ? (int64_t)r.accumulator : r.sample;
		if (r.timestamp > newest)
			newest = r.timestamp;
	}
	if (newest == o->last)
		return ERG_READ_NOTHING;
	o->last = newest;
	*native = erg_timebase_to_mono(&o->timebase, newest, erg_mono_ns());
	return ERG_READ_OK;
}

static int opal_start(struct erg_source *s, struct erg_err *err)
{
	struct opal *o = (struct opal *)s;

	if (o->fd < 0)
		o->fd = erg_attr_open(o->file);
	o->last = 0;
	return o->fd < 0 ? erg_fail_errno(err, o->fd, "%s", o->file) : 0;
}

static void opal_stop(struct erg_source *s)
{
	struct opal *o = (struct opal *)s;

	erg_closep(&o->fd);
	o->fd = -1;
}

static void opal_free(struct erg_source *s)
{
	struct opal *o = (struct opal *)s;

	if (!s)
		return;
	opal_stop(s);
	free(o->copy[0]);
	free(o->copy[1]);
	free(s->channels);
	free(o);
}

/* ---- finding ---- */

struct block {
	const uint8_t *bytes;
	size_t size;
	struct erg_occ_header header;
	unsigned int chip;
};

static bool wanted(const struct erg_occ_sensor *sensor, const struct family *f)
{
	return sensor->full && sensor->type == f->type && strncmp(sensor->name, "PWRAPSS", 7);
}

/* Sensors of parts that are not fitted, and the system's on all chips but one, stay at 0. */
static bool alive(const struct block *b, const struct erg_occ_sensor *sensor)
{
	struct erg_occ_record ping, pong;

	erg_occ_record(b->bytes + b->header.ping + sensor->offset, &ping);
	erg_occ_record(b->bytes + b->header.pong + sensor->offset, &pong);
	return ping.sample || pong.sample || ping.accumulator || pong.accumulator;
}

static void set_names(struct erg_channel_def *d, const struct block *b,
	const struct erg_occ_sensor *sensor)
{
	if (!strcmp(sensor->name, "PWRSYS")) {
		strcpy(d->rail, "PWRSYS");
		return;
	}
	erg_text_set(d->rail, sizeof(d->rail), "%s-%u", sensor->name, b->chip);
	if (sensor->type != ERG_OCC_POWER)
		return;
	if (!strcmp(sensor->name, "PWRVDD") || !strcmp(sensor->name, "PWRVDN"))
		erg_text_set(d->parent, sizeof(d->parent), "PWRPROC-%u", b->chip);
	else
		strcpy(d->parent, "PWRSYS");
}

static void add_sensor(struct opal *o, const struct block *b, const struct family *f,
	const struct erg_occ_sensor *sensor)
{
	struct erg_channel_def *d = &o->src.channels[o->src.n_channels];

	*d = (struct erg_channel_def){.quantity = f->quantity,
		.lsb = 1,
		.scale = sensor->scale * f->si / (f->accumulated ? sensor->hz : 1)};
	strcpy(d->unit, f->unit);
	set_names(d, b, sensor);
	o->offsets[o->src.n_channels++] = sensor->offset;
	if (sensor->offset + ERG_OCC_RECORD_SIZE > o->span)
		o->span = sensor->offset + ERG_OCC_RECORD_SIZE;
}

static struct opal *opal_new(const struct erg_source_config *cfg, const char *file,
	const struct block *b, const struct family *f)
{
	struct opal *o = calloc(1, sizeof(*o));

	if (!o)
		return NULL;
	o->fd = -1;
	o->src.ops = &erg_source_opal;
	o->src.cls = f->cls;
	o->src.simulated = cfg->simulated;
	o->src.rate_fixed = true;
	o->src.interval_ns = f->interval_ns;
	o->src.model = (struct erg_sensor_model){.kind = f->accumulated ? ERG_SENSOR_COUNTER
									: ERG_SENSOR_POINT,
		.provenance = ERG_PROVENANCE_DATASHEET,
		.period_ns = 40000000};
	o->timebase.own = !strcmp(cfg->sysfs, "/sys");
	o->accumulated = f->accumulated;
	o->ping = (off_t)b->chip * ERG_OCC_BLOCK + b->header.ping;
	o->pong = (off_t)b->chip * ERG_OCC_BLOCK + b->header.pong;
	snprintf(o->file, sizeof(o->file), "%s", file);
	erg_text_set(o->src.path, sizeof(o->src.path), "%s/occ%u", file, b->chip);
	o->src.channels = calloc(ERG_SOURCE_CHANNELS_MAX, sizeof(*o->src.channels));
	return o;
}

static int find_family(const struct erg_source_config *cfg, const char *file, const struct block *b,
	const struct family *f, struct erg_source_list *list)
{
	struct opal *o = opal_new(cfg, file, b, f);

	if (!o || !o->src.channels)
		goto no_memory;
	for (unsigned int i = 0; i < b->header.sensors; i++) {
		struct erg_occ_sensor sensor;

		if (o->src.n_channels < ERG_SOURCE_CHANNELS_MAX &&
			erg_occ_sensor(b->bytes, b->size, &b->header, i, &sensor) >= 0 &&
			wanted(&sensor, f) && alive(b, &sensor))
			add_sensor(o, b, f, &sensor);
	}
	if (!o->src.n_channels) {
		opal_free(&o->src);
		return 0;
	}
	o->copy[0] = malloc(o->span);
	o->copy[1] = malloc(o->span);
	if (!o->copy[0] || !o->copy[1])
		goto no_memory;
	return erg_source_list_add(list, &o->src);
no_memory:
	opal_free(o ? &o->src : NULL);
	return -ENOMEM;
}

/* Parents that no chip has are no parents. */
static void drop_orphans(struct erg_source_list *list, size_t from)
{
	for (size_t i = from; i < list->n; i++)
		for (size_t c = 0; c < list->sources[i]->n_channels; c++) {
			struct erg_channel_def *d = &list->sources[i]->channels[c];
			bool there = false;

			for (size_t k = from; k < list->n; k++)
				for (size_t m = 0; m < list->sources[k]->n_channels; m++)
					there |= !strcmp(list->sources[k]->channels[m].rail,
						d->parent);
			if (!there)
				*d->parent = '\0';
		}
}

static int find_blocks(const struct erg_source_config *cfg, const char *file, const uint8_t *bytes,
	size_t size, struct erg_source_list *list)
{
	size_t from = list->n;
	int r = 0;

	for (unsigned int chip = 0; chip < ERG_OCC_MAX && chip * ERG_OCC_BLOCK < size; chip++) {
		struct block b = {.bytes = bytes + (size_t)chip * ERG_OCC_BLOCK,
			.chip = chip,
			.size = size - (size_t)chip * ERG_OCC_BLOCK};

		if (b.size > ERG_OCC_BLOCK)
			b.size = ERG_OCC_BLOCK;
		if (erg_occ_header(b.bytes, b.size, &b.header) < 0)
			continue; /* no controller in this place */
		for (size_t f = 0; r >= 0 && f < ERG_ARRAY_SIZE(families); f++)
			r = find_family(cfg, file, &b, &families[f], list);
	}
	if (list->n == from)
		erg_source_list_note_broken(list, "opal", file,
			"no controller has valid sensor data");
	drop_orphans(list, from);
	return r;
}

static int opal_find(const struct erg_source_config *cfg, struct erg_source_list *list,
	struct erg_err *err)
{
	_cleanup_(erg_freep) uint8_t *bytes = malloc((size_t)ERG_OCC_MAX * ERG_OCC_BLOCK);
	char file[256];
	int r;

	if (!bytes)
		return erg_fail(err, -ENOMEM, "opal: out of memory");
	snprintf(file, sizeof(file), "%s/firmware/opal/exports/occ_inband_sensors", cfg->sysfs);
	r = erg_attr_read_bytes(bytes, (size_t)ERG_OCC_MAX * ERG_OCC_BLOCK, "%s", file);
	if (r == -ENOENT || r == -ENOTDIR)
		erg_source_list_note(list, "opal", file, "", "no in-band sensors of POWER9");
	else if (r < 0)
		erg_source_list_note_error(list, "opal", file,
			"run as root, or: chgrp and chmod g+r this file", "cannot be read", -r);
	else
		r = find_blocks(cfg, file, bytes, (size_t)r, list);
	return r == -ENOMEM ? erg_fail(err, r, "opal: out of memory") : 0;
}

const struct erg_source_ops erg_source_opal = {
	.kind = "opal",
	.about = "in-band sensors of POWER9's on-chip controllers: energy with native times",
	.slow = true,
	.find = opal_find,
	.start = opal_start,
	.read = opal_read,
	.stop = opal_stop,
	.free = opal_free,
};
