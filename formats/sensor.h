/* SPDX-License-Identifier: MIT */
#ifndef ERG_FORMATS_SENSOR_H
#define ERG_FORMATS_SENSOR_H

#include <stdbool.h>
#include <stdint.h>

#include "formats/base/err.h"

/*
 * What a reading means. A source is a group of channels that are read together and share one
 * sensor model; a channel is one raw integer of each reading. These structures are what
 * source_define and channel_define carry in the trace and what manifest.json repeats, so recorder
 * and analyzer cannot disagree about them.
 */

/* How a reading relates to the true signal P(t) before the reading's time:
 *   point    the signal over one conversion of window_ns (0: instantaneous)
 *   boxcar   the mean over the last window_ns
 *   ema      recursive mean: out += alpha * (conversion - out), every period_ns
 *   counter  the running integral (energy); the difference of two readings is exact between
 *            update edges, which come every period_ns
 */
enum erg_sensor_kind { ERG_SENSOR_POINT, ERG_SENSOR_BOXCAR, ERG_SENSOR_EMA, ERG_SENSOR_COUNTER };

/* Where the model's numbers come from; "assumed" is shown wherever a figure depends on it. */
enum erg_provenance {
	ERG_PROVENANCE_ASSUMED,
	ERG_PROVENANCE_DATASHEET,
	ERG_PROVENANCE_DRIVER,
	ERG_PROVENANCE_MEASURED,
};

enum erg_quantity {
	ERG_Q_POWER,       /* SI: W */
	ERG_Q_ENERGY,      /* J, cumulative */
	ERG_Q_VOLTAGE,     /* V */
	ERG_Q_CURRENT,     /* A */
	ERG_Q_TEMPERATURE, /* degC */
	ERG_Q_FREQUENCY,   /* Hz */
	ERG_Q_UTILIZATION, /* 1: fraction of one CPU or device, 0..1 (cumulative busy seconds: Q_TIME) */
	ERG_Q_TIME,        /* s, cumulative */
	ERG_Q_COUNT, /* 1: cumulative events (throttle counters), levels (cooling state), bits */
	ERG_Q_SPEED, /* rpm, or a duty level */
	ERG_Q_N,
};

/* Of a channel in "bits", NVML's clocks event reasons (<nvml.h>): SwPowerCap, HwSlowdown,
 * SwThermalSlowdown, HwThermalSlowdown, HwPowerBrakeSlowdown. Idleness and clocks that somebody set are
 * others. */
#define ERG_SLOWING_REASONS 0xec

/* The class decides the event that carries the readings. */
enum erg_source_class {
	ERG_CLASS_POWER,   /* power_sample: power, energy, voltage, current */
	ERG_CLASS_THERMAL, /* thermal_sample: temperature, cooling states, throttle counts, fans */
	ERG_CLASS_FREQUENCY,   /* frequency_sample */
	ERG_CLASS_UTILIZATION, /* utilization_sample */
	ERG_CLASS_N,
};

struct erg_sensor_model {
	enum erg_sensor_kind kind;
	enum erg_provenance provenance;
	uint64_t window_ns; /* boxcar length, or one conversion */
	uint64_t period_ns; /* native update period; 0: unknown, estimate it from the data */
	int64_t lag_ns;     /* a reading at t shows the window that ended at t - lag */
	uint64_t lag_u_ns;  /* standard uncertainty of lag_ns */
	double alpha;       /* ema weight of a new conversion, 0 < alpha <= 1 */
};

struct erg_channel_def {
	char rail
		[64]; /* VDD_IN, package-0, cpu0, gpu-thermal: unique among channels of a quantity */
	char parent[64]; /* rail that already contains this one; "" for a root */
	char unit[16];   /* unit of the raw integer, as in samples.csv: mW, uJ, mV, mdegC, kHz */
	enum erg_quantity quantity;
	double scale;      /* SI value = raw * scale + offset: erg_channel_si() */
	double offset;     /* SI units; a calibration's, else 0 */
	uint64_t wrap;     /* a cumulative raw value runs 0..wrap-1; 0: never wraps */
	double lsb;        /* raw units: quantum of a reading */
	double offset_max; /* SI units: bound of the systematic offset */
	double gain_max;   /* fraction: bound of the systematic gain error */
};

static inline double erg_channel_si(const struct erg_channel_def *d, int64_t raw)
{
	return (double)raw * d->scale + d->offset;
}

/* Text names, in the order of the enums, as manifests and traces spell them. */
const char *erg_sensor_kind_name(enum erg_sensor_kind kind);
const char *erg_provenance_name(enum erg_provenance provenance);
const char *erg_quantity_name(enum erg_quantity quantity);
const char *erg_source_class_name(enum erg_source_class cls);

/* Return the enum value, or -1 if NAME is none of them. */
int erg_sensor_kind_parse(const char *name);
int erg_provenance_parse(const char *name);
int erg_quantity_parse(const char *name);
int erg_source_class_parse(const char *name);

/* How well a channel of quantity Q stands for the power of its rail; of those that were read the best is taken.
 * 0: not at all. A current does only with a voltage. */
int erg_rail_rank(enum erg_quantity q);

/*
 * A unit as written in samples.csv ("mW", "uJ", "degC", "MHz", "%") gives the quantity and the
 * factor to SI. Returns false for an unknown unit.
 */
bool erg_unit_parse(const char *unit, enum erg_quantity *ret_quantity, double *ret_scale);
/* All of them, for a message: "W mW uW … or %". */
const char *erg_unit_names(void);

/* ---- text of a model (sensor_text.c) ---- */

enum erg_sensor_key {
	ERG_SENSOR_KEY_KIND,
	ERG_SENSOR_KEY_WINDOW,
	ERG_SENSOR_KEY_PERIOD,
	ERG_SENSOR_KEY_LAG,
	ERG_SENSOR_KEY_LAG_U,
	ERG_SENSOR_KEY_ALPHA,
	ERG_SENSOR_KEY_LSB,
	ERG_SENSOR_KEY_OFFSET_MAX,
	ERG_SENSOR_KEY_GAIN_MAX,
	ERG_SENSOR_KEY_WRAP,
	ERG_SENSOR_KEY_PARENT,
	ERG_SENSOR_KEY_PROVENANCE,
	ERG_SENSOR_KEYS,
};

/* One word, "[RAIL:]KEY=VALUE", checked. */
struct erg_sensor_word {
	bool for_rail;
	char rail[64];
	enum erg_sensor_key key;
	double number; /* times in ns; of a kind or a provenance its enum value */
	char text[64]; /* of kind ("delta" is a counter's number), provenance and parent */
};

const char *erg_sensor_key_name(enum erg_sensor_key key); /* window_s, … */
int erg_sensor_word_parse(const char *word, struct erg_sensor_word *ret, struct erg_err *err);
/* Calls EACH for the words of TEXT, which blanks or commas part, unless there is one alone, of a rail whose name has
 * some; the first error ends it. */
int erg_sensor_words(const char *text,
	int (*each)(void *data, const struct erg_sensor_word *word, const char *as_written,
		struct erg_err *err),
	void *data, struct erg_err *err);
/* What words said, of a model; begins as zeroes. */
struct erg_sensor_given {
	bool kind, alpha;
};

/* False for a key that is not of the model but of the channel. */
bool erg_sensor_word_set_model(const struct erg_sensor_word *w, struct erg_sensor_model *m,
	struct erg_sensor_given *given);
/* A counter is for what is cumulative, and nothing else is. */
bool erg_sensor_kind_fits(enum erg_sensor_kind kind, enum erg_quantity quantity);
/* alpha alone means ema; -EINVAL for an ema without it and for what has no use for it. */
int erg_sensor_model_complete(struct erg_sensor_model *m, const struct erg_sensor_given *given,
	const char *rail, struct erg_err *err);

/*
 * Whether a cumulative reading that fell from FROM to TO within DT_S went on past its end (D->wrap),
 * rather than being reset: a reset read as a wrap would have taken a power that nothing shows.
 * FASTEST: the most by which it rose in a second elsewhere (erg_counter_rate); 0: not known.
 */
bool erg_counter_wrapped(const struct erg_channel_def *d, int64_t from, int64_t to, double dt_s,
	double fastest);
/* By how much a cumulative reading rose in a second, SI units; 0 where it fell. */
double erg_counter_rate(const struct erg_channel_def *d, int64_t from, int64_t to, double dt_s);

#endif
