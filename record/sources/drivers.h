/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_SOURCES_DRIVERS_H
#define ERG_RECORD_SOURCES_DRIVERS_H

/* The drivers, one file each, and what those of one family share. */
#include "record/sources/source.h"

extern const struct erg_source_ops erg_source_hwmon, erg_source_powercap, erg_source_thermal,
	erg_source_cpufreq, erg_source_procstat, erg_source_exec, erg_source_ina3221x,
	erg_source_perf, erg_source_opal, erg_source_nvml, erg_source_devfreq, erg_source_iio,
	erg_source_powersensor3, erg_source_amdsmi;

/* Intervals of the sources that --rate leaves alone. */
#define ERG_THERMAL_INTERVAL_NS 100000000u
#define ERG_FREQUENCY_INTERVAL_NS 10000000u
#define ERG_UTILIZATION_INTERVAL_NS 100000000u

/* Chips of hwmon. DIR is the hwmonN directory (or its device) that holds the attributes, NAME what its
 * attribute `name` says. The first is for any chip, the others know theirs better. */
int erg_hwmon_find_chip(const struct erg_source_config *cfg, const char *dir, const char *name,
	struct erg_source_list *list);
int erg_ina3221_find(const struct erg_source_config *cfg, const char *dir,
	struct erg_source_list *list);
int erg_ibmpowernv_find(const struct erg_source_config *cfg, const char *dir,
	struct erg_source_list *list);
/* Of a source that such a chip offers. */
extern const struct erg_source_ops erg_hwmon_ops, erg_hwmon_slow_ops;

/* Temperatures and fans of any hwmon chip. */
int erg_hwmon_find_thermal(const struct erg_source_config *cfg, const char *dir, const char *chip,
	struct erg_source_list *list);

/* Throttle counters of x86 and POWER: added by the driver thermal, with its OPS. */
int erg_throttle_find(const struct erg_source_ops *ops, const struct erg_source_config *cfg,
	struct erg_source_list *list);

/* Says, and has the models of LIST's sources from FROM say, that RAPL's values are filtered. */
void erg_rapl_note_filtering(const struct erg_source_config *cfg, struct erg_source_list *list,
	size_t from);

/* Gives rails that are known to be parts of another one that was found their parent, and makes the
 * names unique within a quantity (see rails.c). */
int erg_rails_arrange(struct erg_source_list *list);

#endif
