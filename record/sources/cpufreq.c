/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Frequencies of the CPUs, and their supply voltage where a regulator tells it.
 *
 * One channel a policy (CPUs that share a clock). scaling_cur_freq is what the kernel asked for or,
 * on x86 with APERF/MPERF, what was delivered over the last tick; cpuinfo_cur_freq would ask the
 * hardware each time, at a cost. Kernels before 4.4 have no policyN directories, so cpuN/cpufreq is
 * the fallback. A regulator whose name has "cpu" in it gives the voltage (Jetson: vdd-cpu); it is
 * filed with the frequencies, whose partner it is, not with the rails of a power sensor.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "formats/util.h"
#include "record/sources/attr.h"
#include "record/sources/drivers.h"

static const struct erg_channel_def khz = {
	.quantity = ERG_Q_FREQUENCY, .unit = "kHz", .scale = 1e3, .lsb = 1};
static const struct erg_channel_def microvolts = {
	.quantity = ERG_Q_VOLTAGE, .unit = "uV", .scale = 1e-6, .lsb = 1};

static int add_policies(const struct erg_source_config *cfg, struct erg_attr_source *s)
{
	_cleanup_(erg_names_freep) struct erg_names names = {0};
	struct erg_channel_def d = khz;
	char root[256];
	int r;

	snprintf(root, sizeof(root), "%s/devices/system/cpu/cpufreq", cfg->sysfs);
	r = erg_names_list(&names, root, "policy");
	for (size_t i = 0; r >= 0 && i < names.n; i++) {
		erg_text_set(d.rail, sizeof(d.rail), "%s", names.name[i]);
		r = erg_attr_source_add(s, &d, NULL, "%s/%s/scaling_cur_freq", root,
			names.name[i]);
	}
	return r == -ENOSPC ? 0 : r;
}

/* cpuN/cpufreq of the first CPU of each group that shares a clock. */
static int add_cpus(const struct erg_source_config *cfg, struct erg_attr_source *s)
{
	_cleanup_(erg_names_freep) struct erg_names names = {0};
	struct erg_channel_def d = khz;
	char root[256];
	int r;

	snprintf(root, sizeof(root), "%s/devices/system/cpu", cfg->sysfs);
	r = erg_names_list(&names, root, "cpu");
	for (size_t i = 0; r >= 0 && i < names.n; i++) {
		int64_t number, first;
		char cpus[64];

		if (erg_attr_parse(names.name[i] + 3, &number) ||
			!erg_attr_exists("%s/%s/cpufreq/scaling_cur_freq", root, names.name[i]))
			continue;
		/* "0 1 2 3": the group's first CPU speaks for it. */
		if (erg_attr_read_line(cpus, sizeof(cpus), "%s/%s/cpufreq/related_cpus", root,
			    names.name[i]) > 0 &&
			!erg_attr_parse(cpus, &first) && first != number)
			continue;
		erg_text_set(d.rail, sizeof(d.rail), "%s", names.name[i]);
		r = erg_attr_source_add(s, &d, NULL, "%s/%s/cpufreq/scaling_cur_freq", root,
			names.name[i]);
	}
	return r == -ENOSPC ? 0 : r;
}

static int add_regulators(const struct erg_source_config *cfg, struct erg_attr_source *s)
{
	_cleanup_(erg_names_freep) struct erg_names names = {0};
	struct erg_channel_def d = microvolts;
	char root[256], name[48];
	int r;

	snprintf(root, sizeof(root), "%s/class/regulator", cfg->sysfs);
	r = erg_names_list(&names, root, "regulator.");
	for (size_t i = 0; r >= 0 && i < names.n; i++) {
		if (erg_attr_read_line(name, sizeof(name), "%s/%s/name", root, names.name[i]) <= 0 ||
			!strcasestr(name, "cpu") ||
			!erg_attr_exists("%s/%s/microvolts", root, names.name[i]))
			continue;
		erg_text_set(d.rail, sizeof(d.rail), "%s", name);
		r = erg_attr_source_add(s, &d, NULL, "%s/%s/microvolts", root, names.name[i]);
	}
	return r == -ENOSPC ? 0 : r;
}

static int find(const struct erg_source_config *cfg, struct erg_source_list *list,
	struct erg_err *err)
{
	_cleanup_(erg_attr_source_freep) struct erg_attr_source *s = NULL;
	char path[256];
	int r;

	snprintf(path, sizeof(path), "%s/devices/system/cpu/cpufreq", cfg->sysfs);
	s = erg_attr_source_new(&erg_source_cpufreq, cfg, ERG_CLASS_FREQUENCY, path);
	if (!s)
		return erg_fail(err, -ENOMEM, "cpufreq: out of memory");
	s->src.model.kind = ERG_SENSOR_POINT;
	s->src.rate_fixed = true;
	s->src.interval_ns = ERG_FREQUENCY_INTERVAL_NS;
	r = add_policies(cfg, s);
	if (r >= 0 && !s->src.n_channels)
		r = add_cpus(cfg, s);
	if (r >= 0 && !s->src.n_channels)
		erg_source_list_note(list, "cpufreq", path,
			"virtual machines have none; on hardware check that a cpufreq driver is "
			"loaded",
			"no CPU frequency policy");
	else if (r >= 0)
		r = add_regulators(cfg, s);
	if (r >= 0)
		r = erg_attr_source_offer(&s, list, "run as root");
	return r < 0 ? erg_fail_errno(err, r, "cpufreq") : 0;
}

const struct erg_source_ops erg_source_cpufreq = {
	.kind = "cpufreq",
	.about = "CPU frequencies by policy, and the CPU's voltage where a regulator tells it",
	.slow = true,
	.find = find,
	.start = erg_attr_source_start,
	.read = erg_attr_source_read,
	.stop = erg_attr_source_stop,
	.free = erg_attr_source_free,
};
