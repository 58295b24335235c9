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

#include "formats/base/util.h"
#include "record/sources/attr.h"
#include "record/sources/drivers.h"

static const struct erg_channel_def khz = {.quantity = ERG_Q_FREQUENCY,
	.unit = "kHz",
	.scale = 1e3,
	.lsb = 1};
static const struct erg_channel_def microvolts = {.quantity = ERG_Q_VOLTAGE,
	.unit = "uV",
	.scale = 1e-6,
	.lsb = 1};

/* Asking a CPU for its frequency can interrupt it, so many of them are asked less often. */
#define MANY_POLICIES 16
#define MANY_INTERVAL_NS 100000000u

struct finding {
	const struct erg_source_config *cfg;
	struct erg_source_list *list;
	char root[256]; /* DIR/devices/system/cpu */
	struct erg_attr_source *s;
	size_t found;
};

static int offer_finding(struct finding *f)
{
	if (f->found > MANY_POLICIES)
		f->s->src.interval_ns = MANY_INTERVAL_NS;
	return erg_attr_source_offer(&f->s, f->list, ERG_MEND_READ);
}

/* A source holds a number of channels; more of them make more sources. */
static int cpufreq_add(struct finding *f, const struct erg_channel_def *like, const char *rail,
	const char *file)
{
	struct erg_channel_def d = *like;
	int r = 0;

	if (f->s && f->s->src.n_channels == ERG_SOURCE_CHANNELS_MAX)
		r = offer_finding(f);
	if (r >= 0 && !f->s) {
		f->s = erg_attr_source_new(&erg_source_cpufreq, f->cfg, ERG_CLASS_FREQUENCY,
			f->root);
		if (!f->s)
			return -ENOMEM;
		f->s->src.model.kind = ERG_SENSOR_POINT;
		f->s->src.rate_fixed = true;
		f->s->src.interval_ns = ERG_FREQUENCY_INTERVAL_NS;
	}
	if (r < 0)
		return r;
	f->found++;
	erg_text_set(d.rail, sizeof(d.rail), "%s", rail);
	return erg_attr_source_add(f->s, &d, NULL, "%s", file);
}

static int add_policies(struct finding *f)
{
	_cleanup_(erg_names_freep) struct erg_names names = {0};
	char dir[300], file[600];
	int r;

	snprintf(dir, sizeof(dir), "%s/cpufreq", f->root);
	r = erg_names_list(&names, dir, "policy");
	for (size_t i = 0; r >= 0 && i < names.n; i++) {
		snprintf(file, sizeof(file), "%s/%s/scaling_cur_freq", dir, names.name[i]);
		r = cpufreq_add(f, &khz, names.name[i], file);
	}
	return r;
}

/* cpuN/cpufreq of the first CPU of each group that shares a clock. */
static int add_cpus(struct finding *f)
{
	_cleanup_(erg_names_freep) struct erg_names names = {0};
	int r = erg_names_list(&names, f->root, "cpu");

	for (size_t i = 0; r >= 0 && i < names.n; i++) {
		int64_t number, first;
		char dir[400], file[600], cpus[64];

		snprintf(dir, sizeof(dir), "%s/%s/cpufreq", f->root, names.name[i]);
		snprintf(file, sizeof(file), "%s/scaling_cur_freq", dir);
		if (erg_attr_parse(names.name[i] + 3, &number) || !erg_attr_exists("%s", file))
			continue;
		/* "0 1 2 3": the group's first CPU speaks for it. */
		if (erg_attr_read_line(cpus, sizeof(cpus), "%s/related_cpus", dir) > 0 &&
			!erg_attr_parse(cpus, &first) && first != number)
			continue;
		r = cpufreq_add(f, &khz, names.name[i], file);
	}
	return r;
}

static int add_regulators(struct finding *f)
{
	_cleanup_(erg_names_freep) struct erg_names names = {0};
	char dir[300], file[600], name[48];
	int r;

	snprintf(dir, sizeof(dir), "%s/class/regulator", f->cfg->sysfs);
	r = erg_names_list(&names, dir, "regulator.");
	for (size_t i = 0; r >= 0 && i < names.n; i++) {
		snprintf(file, sizeof(file), "%s/%s/microvolts", dir, names.name[i]);
		if (erg_attr_read_line(name, sizeof(name), "%s/%s/name", dir, names.name[i]) > 0 &&
			strcasestr(name, "cpu") && erg_attr_exists("%s", file))
			r = cpufreq_add(f, &microvolts, name, file);
	}
	return r;
}

static int cpufreq_find(const struct erg_source_config *cfg, struct erg_source_list *list,
	struct erg_err *err)
{
	struct finding f = {.cfg = cfg, .list = list};
	int r;

	snprintf(f.root, sizeof(f.root), "%s/devices/system/cpu", cfg->sysfs);
	r = add_policies(&f);
	if (r >= 0 && !f.found)
		r = add_cpus(&f);
	if (r >= 0 && !f.found)
		erg_source_list_note(list, "cpufreq", f.root,
			"virtual machines have none; on hardware check that a cpufreq driver is "
			"loaded",
			"no CPU frequency policy");
	else if (r >= 0)
		r = add_regulators(&f);
	if (r >= 0 && f.s)
		r = offer_finding(&f);
	erg_attr_source_freep(&f.s);
	return r < 0 ? erg_fail_errno(err, r, "cpufreq") : 0;
}

const struct erg_source_ops erg_source_cpufreq = {
	.kind = "cpufreq",
	.about = "CPU frequencies by policy, and the CPU's voltage where a regulator tells it",
	.slow = true,
	.find = cpufreq_find,
	.start = erg_attr_source_start,
	.read = erg_attr_source_read,
	.stop = erg_attr_source_stop,
	.free = erg_attr_source_free,
};
