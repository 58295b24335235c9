/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Throttle counters: how often, or for how long, the hardware slowed itself down.
 *
 *   x86    cpuN/thermal_throttle/{core,package}_throttle_count
 *   POWER  cpuN/cpufreq/throttle_stats/{powercap,overtemp,…}, or below cpufreq/policyN
 *
 * A package's counter shows in each of its CPUs, a chip's in each of its policies: one of each is
 * read (the first CPU of a package; the policies of one chip are told apart by
 * topology/physical_package_id).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "formats/base/util.h"
#include "record/sources/attr.h"
#include "record/sources/drivers.h"

#define PACKAGES_MAX 64

static const char *const power_stats[] = {"powercap", "overtemp", "supply_fault", "overcurrent",
	"occ_reset"};

static const struct erg_channel_def count = {.quantity = ERG_Q_COUNT,
	.unit = "1",
	.scale = 1,
	.lsb = 1};

struct throttle {
	const char *root; /* DIR/devices/system/cpu */
	struct erg_attr_source *s;
	bool seen[PACKAGES_MAX];
};

static int throttle_add(struct throttle *t, const char *rail, int64_t n, const char *file)
{
	struct erg_channel_def d = count;

	erg_text_set(d.rail, sizeof(d.rail), "%s-%lld", rail, (long long)n);
	return erg_attr_source_add(t->s, &d, NULL, "%s", file);
}

static int add_cpu(struct throttle *t, const char *cpu, int64_t number)
{
	int64_t package = 0;
	char path[512];
	bool first;
	int r = 0;

	(void)erg_attr_read_int(&package, "%s/%s/topology/physical_package_id", t->root, cpu);
	if (package < 0 || package >= PACKAGES_MAX)
		package = 0;
	snprintf(path, sizeof(path), "%s/%s/thermal_throttle/core_throttle_count", t->root, cpu);
	if (erg_attr_exists("%s", path))
		r = throttle_add(t, "throttle-core", number, path);
	first = !t->seen[package];
	t->seen[package] = true;
	if (r < 0 || !first)
		return r;
	snprintf(path, sizeof(path), "%s/%s/thermal_throttle/package_throttle_count", t->root, cpu);
	if (erg_attr_exists("%s", path))
		r = throttle_add(t, "throttle-package", package, path);
	for (size_t i = 0; r >= 0 && i < ERG_ARRAY_SIZE(power_stats); i++) {
		char rail[48];

		snprintf(path, sizeof(path), "%s/%s/cpufreq/throttle_stats/%s", t->root, cpu,
			power_stats[i]);
		snprintf(rail, sizeof(rail), "throttle-%s", power_stats[i]);
		if (erg_attr_exists("%s", path))
			r = throttle_add(t, rail, package, path);
	}
	return r;
}

int erg_throttle_find(const struct erg_source_ops *ops, const struct erg_source_config *cfg,
	struct erg_source_list *list)
{
	_cleanup_(erg_attr_source_freep) struct erg_attr_source *s = NULL;
	_cleanup_(erg_names_freep) struct erg_names names = {0};
	struct throttle t = {0};
	char root[256];
	int r;

	snprintf(root, sizeof(root), "%s/devices/system/cpu", cfg->sysfs);
	t.root = root;
	t.s = s = erg_attr_source_new(ops, cfg, ERG_CLASS_THERMAL, root);
	if (!s)
		return -ENOMEM;
	s->src.model.kind = ERG_SENSOR_COUNTER;
	s->src.model.provenance = ERG_PROVENANCE_DRIVER;
	s->src.rate_fixed = true;
	s->src.interval_ns = ERG_THERMAL_INTERVAL_NS;
	r = erg_names_list(&names, root, "cpu");
	for (size_t i = 0; r >= 0 && i < names.n; i++) {
		int64_t number;

		if (!erg_attr_parse(names.name[i] + 3, &number))
			r = add_cpu(&t, names.name[i], number);
	}
	if (r == -ENOSPC)
		erg_source_list_note(list, "thermal", root, "",
			"only the first %d throttle counters are read", ERG_SOURCE_CHANNELS_MAX);
	else if (r < 0)
		return r;
	return erg_attr_source_offer(&s, list, ERG_MEND_READ);
}
