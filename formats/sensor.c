/* SPDX-License-Identifier: MIT */
/*
 * Names of the sensor vocabulary. Tables in the order of the enums: a name that is missing shows
 * as a failing test, not as a crash.
 */
#include "formats/sensor.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "formats/base/util.h"

static const char *const kind_names[] = {"point", "boxcar", "ema", "counter"};
static const char *const provenance_names[] = {"assumed", "datasheet", "driver", "measured"};
static const char *const quantity_names[] = {"power", "energy", "voltage", "current", "temperature",
	"frequency", "utilization", "time", "count", "speed"};
static const char *const class_names[] = {"power", "thermal", "frequency", "utilization"};

static const struct unit {
	const char *name;
	enum erg_quantity quantity;
	double scale;
} units[] = {
	{"W", ERG_Q_POWER, 1},
	{"mW", ERG_Q_POWER, 1e-3},
	{"uW", ERG_Q_POWER, 1e-6},
	{"kW", ERG_Q_POWER, 1e3},
	{"nW", ERG_Q_POWER, 1e-9},
	{"J", ERG_Q_ENERGY, 1},
	{"mJ", ERG_Q_ENERGY, 1e-3},
	{"uJ", ERG_Q_ENERGY, 1e-6},
	{"nJ", ERG_Q_ENERGY, 1e-9},
	{"kJ", ERG_Q_ENERGY, 1e3},
	{"Wh", ERG_Q_ENERGY, 3600},
	{"mWh", ERG_Q_ENERGY, 3.6},
	{"kWh", ERG_Q_ENERGY, 3.6e6},
	{"Ws", ERG_Q_ENERGY, 1},
	{"V", ERG_Q_VOLTAGE, 1},
	{"mV", ERG_Q_VOLTAGE, 1e-3},
	{"uV", ERG_Q_VOLTAGE, 1e-6},
	{"A", ERG_Q_CURRENT, 1},
	{"mA", ERG_Q_CURRENT, 1e-3},
	{"uA", ERG_Q_CURRENT, 1e-6},
	{"nA", ERG_Q_CURRENT, 1e-9},
	{"degC", ERG_Q_TEMPERATURE, 1},
	{"mdegC", ERG_Q_TEMPERATURE, 1e-3},
	{"Hz", ERG_Q_FREQUENCY, 1},
	{"kHz", ERG_Q_FREQUENCY, 1e3},
	{"MHz", ERG_Q_FREQUENCY, 1e6},
	{"GHz", ERG_Q_FREQUENCY, 1e9},
	{"%", ERG_Q_UTILIZATION, 1e-2},
	{"s", ERG_Q_TIME, 1},
	{"ms", ERG_Q_TIME, 1e-3},
	{"us", ERG_Q_TIME, 1e-6},
	{"ns", ERG_Q_TIME, 1e-9},
	{"1", ERG_Q_COUNT, 1},
	{"rpm", ERG_Q_SPEED, 1},
	/* as others write them */
	{"\xc2\xb5W", ERG_Q_POWER, 1e-6},
	{"\xc2\xb5J", ERG_Q_ENERGY, 1e-6},
	{"\xc2\xb5V", ERG_Q_VOLTAGE, 1e-6},
	{"\xc2\xb5"
	 "A",
		ERG_Q_CURRENT, 1e-6},
	{"\xce\xbcW", ERG_Q_POWER, 1e-6},
	{"\xce\xbcJ", ERG_Q_ENERGY, 1e-6},
	{"\xce\xbcV", ERG_Q_VOLTAGE, 1e-6},
	{"\xce\xbc"
	 "A",
		ERG_Q_CURRENT, 1e-6},
	{"\xc2\xb0"
	 "C",
		ERG_Q_TEMPERATURE, 1},
	{"C", ERG_Q_TEMPERATURE, 1},
	{"Watts", ERG_Q_POWER, 1},
	{"Watt", ERG_Q_POWER, 1},
	{"watts", ERG_Q_POWER, 1},
	{"Joules", ERG_Q_ENERGY, 1},
	{"Joule", ERG_Q_ENERGY, 1},
	{"joules", ERG_Q_ENERGY, 1},
	{"Volts", ERG_Q_VOLTAGE, 1},
	{"Amps", ERG_Q_CURRENT, 1},
};

static const char *name_of(const char *const *names, size_t n, unsigned int i)
{
	return i < n ? names[i] : "?";
}

static int parse_name(const char *const *names, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(names[i], name))
			return (int)i;
	return -1;
}

const char *erg_sensor_kind_name(enum erg_sensor_kind kind)
{
	return name_of(kind_names, ERG_ARRAY_SIZE(kind_names), kind);
}

const char *erg_provenance_name(enum erg_provenance provenance)
{
	return name_of(provenance_names, ERG_ARRAY_SIZE(provenance_names), provenance);
}

const char *erg_quantity_name(enum erg_quantity quantity)
{
	return name_of(quantity_names, ERG_ARRAY_SIZE(quantity_names), quantity);
}

const char *erg_source_class_name(enum erg_source_class cls)
{
	return name_of(class_names, ERG_ARRAY_SIZE(class_names), cls);
}

int erg_sensor_kind_parse(const char *name)
{
	return parse_name(kind_names, ERG_ARRAY_SIZE(kind_names), name);
}

int erg_provenance_parse(const char *name)
{
	return parse_name(provenance_names, ERG_ARRAY_SIZE(provenance_names), name);
}

int erg_quantity_parse(const char *name)
{
	return parse_name(quantity_names, ERG_ARRAY_SIZE(quantity_names), name);
}

int erg_source_class_parse(const char *name)
{
	return parse_name(class_names, ERG_ARRAY_SIZE(class_names), name);
}

int erg_rail_rank(enum erg_quantity q)
{
	switch (q) {
	case ERG_Q_ENERGY:
		return 3; /* the difference of two readings is exact */
	case ERG_Q_POWER:
		return 2;
	case ERG_Q_CURRENT:
		return 1;
	default:
		return 0;
	}
}

bool erg_unit_parse(const char *unit, enum erg_quantity *ret_quantity, double *ret_scale)
{
	for (size_t i = 0; i < ERG_ARRAY_SIZE(units); i++) {
		if (strcmp(units[i].name, unit))
			continue;
		*ret_quantity = units[i].quantity;
		*ret_scale = units[i].scale;
		return true;
	}
	return false;
}

const char *erg_unit_names(void)
{
	return "W mW uW nW kW, J mJ uJ nJ kJ Wh mWh kWh, V mV uV, A mA uA nA, degC mdegC, Hz kHz MHz "
	       "GHz, s ms us ns, rpm, 1 or %";
}

#define UPDATE_S 1e-3 /* a counter is brought up to date about so often, however often it is read */
#define SURELY_W 1e3  /* what one rail may well take */
#define TIMES 10      /* the fastest that was seen elsewhere */

bool erg_counter_wrapped(const struct erg_channel_def *d, int64_t from, int64_t to, double dt_s,
	double fastest)
{
	double rise;

	if (!d->wrap || from < 0 || (uint64_t)from >= d->wrap || to < 0)
		return false;
	rise = ((double)(d->wrap - (uint64_t)from) + (double)to) * d->scale;
	return rise <= fmax(dt_s, UPDATE_S) * fmax(SURELY_W, TIMES * fastest);
}

double erg_counter_rate(const struct erg_channel_def *d, int64_t from, int64_t to, double dt_s)
{
	return to > from ? ((double)to - (double)from) * d->scale / fmax(dt_s, UPDATE_S) : 0;
}
