/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The chip INA3221: three channels of shunt voltage (40 uV steps, offset at most 80 uV) and bus
 * voltage (8 mV steps, offset at most 16 mV), gain within 0.25 % (SBOS576, electrical
 * characteristics). One cycle converts shunt and bus of each enabled channel in turn; averaging is
 * recursive, out += (new - out) / N (section 8.4.1), so N averages are an exponential filter of
 * weight 1/N, not a window of N conversions.
 */
#include "record/sources/ina3221.h"

#include <string.h>
#include <strings.h>

#include "record/sources/attr.h"

#define SHUNT_LSB_UV 40.0
#define SHUNT_OFFSET_UV 80.0
#define GAIN_MAX 0.0025

struct erg_channel_def erg_ina3221_current(const char *rail, int64_t shunt_uohm)
{
	struct erg_channel_def d = {.quantity = ERG_Q_CURRENT,
		.unit = "mA",
		.scale = 1e-3,
		.lsb = 1,
		.gain_max = GAIN_MAX};

	erg_text_set(d.rail, sizeof(d.rail), "%s", rail);
	if (shunt_uohm > 0) {
		d.lsb = SHUNT_LSB_UV * 1e3 / (double)shunt_uohm; /* uV / uOhm = A */
		d.offset_max = SHUNT_OFFSET_UV / (double)shunt_uohm;
	}
	return d;
}

struct erg_channel_def erg_ina3221_voltage(const char *rail)
{
	struct erg_channel_def d = {.quantity = ERG_Q_VOLTAGE,
		.unit = "mV",
		.scale = 1e-3,
		.lsb = 8,
		.offset_max = 0.016,
		.gain_max = GAIN_MAX};

	erg_text_set(d.rail, sizeof(d.rail), "%s", rail);
	return d;
}

struct erg_ina3221_config erg_ina3221_decode(uint16_t reg)
{
	static const uint16_t averages[] = {1, 4, 16, 64, 128, 256, 512, 1024};
	static const uint32_t conversion_us[] = {140, 204, 332, 588, 1100, 2116, 4156, 8244};
	struct erg_ina3221_config c = {
		.channels = (unsigned int)__builtin_popcount((reg >> 12) & 7),
		.averages = averages[(reg >> 9) & 7],
		.bus_ns = conversion_us[(reg >> 6) & 7] * 1000u,
		.shunt_ns = conversion_us[(reg >> 3) & 7] * 1000u,
		.mode = reg & 7,
	};

	return c;
}

struct erg_sensor_model erg_ina3221_continuous(const struct erg_ina3221_config *c)
{
	struct erg_sensor_model m = {.kind = ERG_SENSOR_POINT, .window_ns = c->shunt_ns};

	m.period_ns = c->channels * (c->bus_ns + c->shunt_ns);
	/* When a channel is converted within the cycle is not known. */
	m.lag_u_ns = m.period_ns / 2;
	if (c->averages > 1) {
		m.kind = ERG_SENSOR_EMA;
		m.alpha = 1.0 / c->averages;
	}
	return m;
}

int erg_ina3221_connected(const char *rail)
{
	return *rail && strcasecmp(rail, "NC") && strcasecmp(rail, "N/C");
}
