/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_SOURCES_POWERSENSOR3_WIRE_H
#define ERG_RECORD_SOURCES_POWERSENSOR3_WIRE_H

/*
 * What a PowerSensor3 says on its serial line, without the line: configurations, frames, and what its
 * clock means on ours.
 *
 * A stream is packets of two bytes, 1 sss llll and 0 m llllll: level l (10 bits) of sensor s. With the
 * marker m and sensor 7 it is a time in place of a level: microseconds of the device, of which
 * there are but 10 bits. Every 50 us comes a frame: the time at which its averages end, then all eight levels.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ERG_PS3_SENSORS 8 /* even: currents, odd: voltages */
#define ERG_PS3_CONFIG_BYTES 41
#define ERG_PS3_PERIOD_NS 50000u

struct erg_ps3_sensor {
	char type[17], pair[17]; /* names that the person gave it */
	double vref;             /* V at no current or voltage */
	double sensitivity;      /* V per A, or V per V */
	bool in_use;
};

/* False where BYTES are no configuration of a sensor. */
bool erg_ps3_sensor_parse(const uint8_t bytes[ERG_PS3_CONFIG_BYTES], struct erg_ps3_sensor *ret);
/* A or V at LEVEL. */
double erg_ps3_value(const struct erg_ps3_sensor *s, double level);

struct erg_ps3_frame {
	uint16_t stamp_us; /* 10 bits */
	uint16_t level[ERG_PS3_SENSORS];
};

struct erg_ps3_decoder {
	uint8_t held; /* a first byte; 0: none */
	bool stamped;
	uint8_t have; /* a bit a sensor */
	struct erg_ps3_frame building;
	uint64_t bad_bytes, broken_frames;
};

/* Takes one byte. True: *RET is a whole frame. What is damaged is left out and counted. */
bool erg_ps3_decode(struct erg_ps3_decoder *d, uint8_t byte, struct erg_ps3_frame *ret);

/*
 * The device's microseconds on CLOCK_MONOTONIC. A byte comes after it was sent, sooner or later: the soonest
 * of each second says how the clocks stand to each other, up to the line's least delay (below 1 ms on USB).
 */
struct erg_ps3_clock {
	bool begun, known;
	uint16_t stamp_us;
	uint64_t device_us; /* since the first frame */
	uint64_t lost_us;   /* of it, not covered by frames */
	int64_t offset_ns, least_ns;
	uint64_t second_ns;
};

/* A frame with STAMP_US came. Frames are less than 1024 us apart, or erg_ps3_clock_seen() finds out. */
void erg_ps3_clock_frame(struct erg_ps3_clock *c, uint16_t stamp_us);
/* All that had come before BEFORE_NS, and nothing that came after AFTER_NS, has been told of. */
void erg_ps3_clock_seen(struct erg_ps3_clock *c, uint64_t before_ns, uint64_t after_ns);
/* DEVICE_US on CLOCK_MONOTONIC. */
uint64_t erg_ps3_clock_ns(const struct erg_ps3_clock *c, uint64_t device_us);

#endif
