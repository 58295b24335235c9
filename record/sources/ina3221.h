/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_SOURCES_INA3221_H
#define ERG_RECORD_SOURCES_INA3221_H

/* What both drivers of the chip INA3221 know of it (TI data sheet SBOS576). */
#include <stdint.h>

#include "formats/sensor.h"

/* Current (mA) and voltage (mV) of a rail behind a shunt of SHUNT_UOHM; 0: unknown. */
struct erg_channel_def erg_ina3221_current(const char *rail, int64_t shunt_uohm);
struct erg_channel_def erg_ina3221_voltage(const char *rail);

/* The configuration register: channels enabled (1..3), number of averages, conversion times. */
struct erg_ina3221_config {
	unsigned int channels, averages;
	uint64_t bus_ns, shunt_ns;
	unsigned int mode;
};
struct erg_ina3221_config erg_ina3221_decode(uint16_t reg);

/* The sensor model of the chip when it converts all the time. */
struct erg_sensor_model erg_ina3221_continuous(const struct erg_ina3221_config *c);

/* "" or "NC": a channel that is not connected. */
int erg_ina3221_connected(const char *rail);

#endif
