/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Decoding of PowerSensor3's stream. Learnt from the device's firmware, versions 1.3 to 1.6
 * (github.com/nlesc-recruit/PowerSensor3, Apache 2.0), of which nothing is copied.
 */
#include "record/sources/powersensor3_wire.h"

#include <endian.h>
#include <math.h>
#include <string.h>

#define VOLTS 3.3 /* of the converter, at its highest level */
#define LEVEL_MOST 1023
#define STAMP_MASK 1023u
#define GAP_NS 10000000 /* later than a line is but rarely: frames are missing */
#define SECOND_NS 1000000000u

static double float_at(const uint8_t *p)
{
	uint32_t bits;
	float f;

	memcpy(&bits, p, sizeof(bits));
	bits = le32toh(bits);
	memcpy(&f, &bits, sizeof(f));
	return f;
}

bool erg_ps3_sensor_parse(const uint8_t bytes[ERG_PS3_CONFIG_BYTES], struct erg_ps3_sensor *ret)
{
	*ret = (struct erg_ps3_sensor){.vref = float_at(bytes + 32),
		.sensitivity = float_at(bytes + 36),
		.in_use = bytes[40]};
	memcpy(ret->type, bytes, 16);
	memcpy(ret->pair, bytes + 16, 16);
	if (bytes[40] > 1)
		return false;
	return !ret->in_use ||
		(isfinite(ret->vref) && isfinite(ret->sensitivity) && ret->sensitivity != 0);
}

double erg_ps3_value(const struct erg_ps3_sensor *s, double level)
{
	return (VOLTS * level / LEVEL_MOST - s->vref) / s->sensitivity;
}

static bool packet(struct erg_ps3_decoder *d, uint8_t first, uint8_t second,
	struct erg_ps3_frame *ret)
{
	unsigned int sensor = first >> 4 & 7;
	uint16_t level = (uint16_t)((first & 15) << 6 | (second & 63));

	if (second & 64 && sensor == ERG_PS3_SENSORS - 1) {
		d->broken_frames += d->stamped;
		d->stamped = true;
		d->have = 0;
		d->building.stamp_us = level;
		return false;
	}
	if (!d->stamped)
		return false;
	d->building.level[sensor] = level;
	d->have |= (uint8_t)(1u << sensor);
	if (d->have != 255)
		return false;
	d->stamped = false;
	*ret = d->building;
	return true;
}

bool erg_ps3_decode(struct erg_ps3_decoder *d, uint8_t byte, struct erg_ps3_frame *ret)
{
	uint8_t first = d->held;

	if (byte & 128) {
		d->bad_bytes += first != 0; /* its second is missing */
		d->held = byte;
		return false;
	}
	d->held = 0;
	if (!first) {
		d->bad_bytes++;
		return false;
	}
	return packet(d, first, byte, ret);
}

void erg_ps3_clock_frame(struct erg_ps3_clock *c, uint16_t stamp_us)
{
	if (c->begun)
		c->device_us += (stamp_us - c->stamp_us) & STAMP_MASK;
	c->begun = true;
	c->stamp_us = stamp_us;
}

void erg_ps3_clock_seen(struct erg_ps3_clock *c, uint64_t before_ns, uint64_t after_ns)
{
	int64_t device_ns = (int64_t)(1000 * c->device_us);
	int64_t late_ns = (int64_t)before_ns - device_ns - c->offset_ns;
	int64_t offset;

	if (!c->begun)
		return;
	if (c->known && late_ns > GAP_NS) {
		uint64_t lost = (uint64_t)late_ns / 1000 / (STAMP_MASK + 1) * (STAMP_MASK + 1);

		c->device_us += lost;
		c->lost_us += lost;
		device_ns += (int64_t)(1000 * lost);
	}
	offset = (int64_t)after_ns - device_ns;
	if (!c->known || after_ns - c->second_ns > SECOND_NS) {
		c->offset_ns = c->known ? c->least_ns : offset;
		c->least_ns = INT64_MAX;
		c->second_ns = after_ns;
	}
	c->known = true;
	if (offset < c->least_ns)
		c->least_ns = offset;
	if (offset < c->offset_ns)
		c->offset_ns = offset;
}

uint64_t erg_ps3_clock_ns(const struct erg_ps3_clock *c, uint64_t device_us)
{
	return (uint64_t)(c->offset_ns + (int64_t)(1000 * device_us));
}
