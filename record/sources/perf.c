/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * RAPL's energy counters through the perf PMU `power`.
 *
 *	DIR/bus/event_source/devices/power/type              PMU type for perf_event_open(2)
 *	                                  /cpumask           one CPU of each package
 *	                                  /events/energy-pkg "event=0x02", with .scale and .unit
 *
 * The same hardware counters as powercap's, but cheaper to read, in the finer unit of 2^-32 J,
 * and widened to 64 bits by the kernel, so they never wrap; preferred where both are allowed.
 * Events count for a CPU (pid -1) of the package and cannot be sampled. It takes
 * perf_event_paranoid <= 0 or CAP_PERFMON. Raffin and Trystram (arXiv 2401.15985) found this door
 * the cheapest.
 *
 * AMD's cores have counters of their own, in the PMU `power_core`, whose cpumask has one CPU of each
 * core (Linux 6.15 and later). Reading one interrupts that core, so they are read ten times a second,
 * whatever --rate says: parts of the package's rail, not the way to see layers.
 *
 * Virtual machines offer counters that nothing moves, and the platform's counts in one package
 * alone of some servers. A counter is updated about every millisecond (Intel SDM vol. 3B 14.10)
 * and its domain always takes some power, so one that stands still while it is watched is left
 * out: it would be recorded as a rail of 0 W.
 */
#include "record/sources/perf.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include "formats/base/util.h"
#include "record/sources/cpulist.h"
#include "record/sources/attr.h"
#include "record/sources/drivers.h"

#define EVENTS_MAX ERG_SOURCE_CHANNELS_MAX
#define CORES_INTERVAL_NS 100000000u
#define WATCH_NS 25000000 /* updates are at most 8 ms apart, where energy is filtered */
#define MEND                                                                                       \
	"sudo sysctl kernel.perf_event_paranoid=0, or "                                            \
	"sudo setcap cap_perfmon+ep \"$(command -v erg-record)\""

struct perf_event_def {
	struct perf_event_attr attr;
	int fd, cpu;
	bool may_rest;
};

struct perf {
	struct erg_source src;
	struct perf_event_def events[EVENTS_MAX];
};

static int open_cpu(const struct perf_event_attr *attr, int cpu)
{
	struct perf_event_attr a = *attr;
	long fd = syscall(SYS_perf_event_open, &a, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);

	return fd < 0 ? -errno : (int)fd;
}

int (*erg_perf_open_cpu)(const struct perf_event_attr *attr, int cpu) = open_cpu;

/* name in events/, rail, parent (both get the package's number, except psys); whether the domain is
 * switched off when it has nothing to do */
static const struct domain {
	const char *event, *rail, *parent;
	bool may_rest;
} domains[] = {
	{"energy-pkg", "package", "psys", false},
	{"energy-cores", "core", "package", false},
	{"energy-gpu", "uncore", "package", true},
	{"energy-ram", "dram", "psys", false},
	{"energy-psys", "psys", NULL, false},
};

static int perf_read(struct erg_source *s, int64_t *values, uint64_t *native)
{
	struct perf *p = (struct perf *)s;
	int r = -ENODEV;
	bool any = false;

	*native = 0;
	for (size_t i = 0; i < s->n_channels; i++) {
		uint64_t v;
		ssize_t n = read(p->events[i].fd, &v, sizeof(v));

		values[i] = n == (ssize_t)sizeof(v) ? (int64_t)v : ERG_VALUE_NONE;
		if (n == (ssize_t)sizeof(v))
			any = true;
		else
			r = n < 0 ? -errno : -ENODATA; /* 0: the event is in error */
	}
	return any ? ERG_READ_OK : r;
}

static void perf_stop(struct erg_source *s)
{
	struct perf *p = (struct perf *)s;

	for (size_t i = 0; i < s->n_channels; i++) {
		erg_closep(&p->events[i].fd);
		p->events[i].fd = -1;
	}
}

static int perf_start(struct erg_source *s, struct erg_err *err)
{
	struct perf *p = (struct perf *)s;

	for (size_t i = 0; i < s->n_channels; i++) {
		struct perf_event_def *e = &p->events[i];

		if (e->fd < 0)
			e->fd = erg_perf_open_cpu(&e->attr, e->cpu);
		if (e->fd < 0) {
			int r = e->fd;

			perf_stop(s);
			return erg_fail_errno(err, r, "%s: %s", s->path, s->channels[i].rail);
		}
	}
	return 0;
}

static void perf_free(struct erg_source *s)
{
	if (!s)
		return;
	perf_stop(s);
	free(s->channels);
	free(s);
}

/* ---- finding ---- */

/* "event=0x02" and the like: only fields of the whole config word are known here. */
static int parse_event(const char *text, uint64_t *ret_config)
{
	const char *p = strstr(text, "event=");
	char *end;

	if (!p)
		return -EINVAL;
	*ret_config = strtoull(p + strlen("event="), &end, 0);
	return *end && *end != ',' ? -EINVAL : 0;
}

/* Scales are written in the C locale, which is never left here. */
static double event_scale(const char *root, const char *event)
{
	char text[64];

	if (erg_attr_read_line(text, sizeof(text), "%s/events/%s.scale", root, event) <= 0)
		return 0;
	return strtod(text, NULL);
}

/* Once, whatever the number of CPUs. */
static void note_event(struct erg_source_list *list, const char *root, const char *event,
	const char *what)
{
	char path[288];

	snprintf(path, sizeof(path), "%s/events/%s", root, event);
	for (size_t i = 0; i < list->n_notes; i++)
		if (!strcmp(list->notes[i].path, path))
			return;
	erg_source_list_note_broken(list, "perf", path, "%s", what);
}

static void add_event(struct perf *p, const char *root, uint32_t type, int cpu,
	const struct domain *d, int64_t package, bool psys, struct erg_source_list *list)
{
	struct erg_channel_def *c = &p->src.channels[p->src.n_channels];
	struct perf_event_def *e = &p->events[p->src.n_channels];
	uint64_t config;
	char text[64];

	if (!erg_attr_exists("%s/events/%s", root, d->event))
		return;
	if (erg_attr_read_line(text, sizeof(text), "%s/events/%s", root, d->event) <= 0 ||
		parse_event(text, &config) < 0) {
		note_event(list, root, d->event, "is no event: expected event=NUMBER");
		return;
	}
	*c = (struct erg_channel_def){.quantity = ERG_Q_ENERGY,
		.unit = "2^-32J",
		.scale = event_scale(root, d->event)};
	if (!(c->scale > 0 && c->scale < 1)) {
		note_event(list, root, d->event, "its scale is none: expected a number below 1");
		return;
	}
	/* The hardware counts 15.3 or 61 uJ; the finer unit only holds it. */
	c->lsb = 61e-6 / c->scale;
	if (d->parent) {
		erg_text_set(c->rail, sizeof(c->rail), "%s-%lld", d->rail, (long long)package);
		if (strcmp(d->parent, "psys"))
			erg_text_set(c->parent, sizeof(c->parent), "%s-%lld", d->parent,
				(long long)package);
		else if (psys)
			strcpy(c->parent, "psys");
	} else {
		strcpy(c->rail, d->rail);
	}
	*e = (struct perf_event_def){.fd = -1,
		.cpu = cpu,
		.may_rest = d->may_rest,
		.attr = {.type = type, .size = sizeof(e->attr), .config = config}};
	p->src.n_channels++;
}

/* A source without events yet; PATH is for people. */
static struct perf *perf_empty(const struct erg_source_config *cfg, const char *path)
{
	struct perf *p = calloc(1, sizeof(*p));

	if (p)
		p->src.channels = calloc(EVENTS_MAX, sizeof(*p->src.channels));
	if (!p || !p->src.channels) {
		free(p);
		return NULL;
	}
	p->src.ops = &erg_source_perf;
	p->src.cls = ERG_CLASS_POWER;
	p->src.simulated = cfg->simulated;
	p->src.model = (struct erg_sensor_model){.kind = ERG_SENSOR_COUNTER,
		.provenance = ERG_PROVENANCE_DATASHEET,
		.period_ns = 1000000};
	erg_text_set(p->src.path, sizeof(p->src.path), "%s", path);
	return p;
}

static int64_t package_of(const struct erg_source_config *cfg, int cpu)
{
	int64_t package = 0;

	(void)erg_attr_read_int(&package,
		"%s/devices/system/cpu/cpu%d/topology/physical_package_id", cfg->sysfs, cpu);
	return package;
}

static struct perf *perf_new(const struct erg_source_config *cfg, const char *root, uint32_t type,
	int cpu, struct erg_source_list *list)
{
	bool psys = erg_attr_exists("%s/events/energy-psys", root);
	int64_t package = package_of(cfg, cpu);
	char path[288];
	struct perf *p;

	snprintf(path, sizeof(path), "%s/cpu%d", root, cpu);
	p = perf_empty(cfg, path);
	if (!p)
		return NULL;
	for (size_t i = 0; i < ERG_ARRAY_SIZE(domains); i++)
		/* The platform is one, whatever the number of packages. */
		if (domains[i].parent || package == 0)
			add_event(p, root, type, cpu, &domains[i], package, psys, list);
	return p;
}

/* Watches the counters until all have moved, for WATCH_NS at most. Sets still[] of those that have
 * not and should; returns how many. */
static size_t watch_counters(struct perf *p, bool *still)
{
	int64_t first[EVENTS_MAX], now[EVENTS_MAX];
	uint64_t until, native;
	size_t n;

	(void)perf_read(&p->src, first, &native);
	until = erg_mono_ns() + WATCH_NS;
	do {
		usleep(1000);
		(void)perf_read(&p->src, now, &native);
		n = 0;
		for (size_t i = 0; i < p->src.n_channels; i++) {
			still[i] = now[i] == first[i] && !p->events[i].may_rest;
			n += still[i];
		}
	} while (n > 0 && erg_mono_ns() < until);
	return n;
}

/* Leaves out what stands still, and says so. P is started. */
static void leave_out_still(struct perf *p, struct erg_source_list *list)
{
	bool still[EVENTS_MAX];
	size_t kept = 0, n = p->src.n_channels;

	if (!watch_counters(p, still))
		return;
	for (size_t i = 0; i < n; i++) {
		if (still[i]) {
			erg_source_list_note(list, "perf", p->src.path, "",
				"%s is left out: its counter stands still",
				p->src.channels[i].rail);
			erg_closep(&p->events[i].fd);
			continue;
		}
		p->src.channels[kept] = p->src.channels[i];
		p->events[kept++] = p->events[i];
	}
	p->src.n_channels = kept;
}

/* Takes P: gives it to LIST if it opens and counts, else says why not. */
static int offer_perf(struct perf *p, const char *root, struct erg_source_list *list)
{
	struct erg_err err;
	int r = p->src.n_channels ? perf_start(&p->src, &err) : -ENODATA;

	if (r < 0) {
		erg_source_list_note_error(list, "perf", root, MEND, "the events cannot be opened",
			-r);
	} else {
		leave_out_still(p, list);
		perf_stop(&p->src);
		if (p->src.n_channels)
			return erg_source_list_add(list, &p->src);
	}
	perf_free(&p->src);
	return 0;
}

/* One CPU of each package: "0,18", or "0-1" where CPUs are numbered across the packages. */
static int find_cpus(const struct erg_source_config *cfg, const char *root, uint32_t type,
	struct erg_source_list *list)
{
	char mask[1024];
	cpu_set_t cpus;

	if (erg_attr_read_line(mask, sizeof(mask), "%s/cpumask", root) <= 0 ||
		erg_cpulist_parse(mask, &cpus) < 0) {
		CPU_ZERO(&cpus);
		CPU_SET(0, &cpus);
	}
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		struct perf *p;
		int r;

		if (!CPU_ISSET(cpu, &cpus))
			continue;
		p = perf_new(cfg, root, type, cpu, list);
		r = p ? offer_perf(p, root, list) : -ENOMEM;
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- cores ---- */

static bool has_package(const struct erg_source_list *list, const char *rail)
{
	for (size_t i = 0; i < list->n; i++)
		for (size_t c = 0; c < list->sources[i]->n_channels; c++)
			if (!strcmp(list->sources[i]->channels[c].rail, rail))
				return true;
	return false;
}

/* The core of CPU, as a part of its package where that is read, too. */
static void add_core(const struct erg_source_config *cfg, struct perf *p, const char *root,
	uint32_t type, int cpu, struct erg_source_list *list)
{
	static const struct domain core = {"energy-core", "core-cpu", "package", true};
	size_t n = p->src.n_channels;
	struct erg_channel_def *c = &p->src.channels[n];

	add_event(p, root, type, cpu, &core, package_of(cfg, cpu), false, list);
	if (p->src.n_channels == n)
		return;
	erg_text_set(c->rail, sizeof(c->rail), "%s%d", core.rail, cpu);
	if (!has_package(list, c->parent))
		*c->parent = '\0';
}

/* Offers the cores of power_core, EVENTS_MAX a source. */
static int find_cores(const struct erg_source_config *cfg, struct erg_source_list *list)
{
	char root[256], mask[1024];
	cpu_set_t cpus;
	int64_t type;
	struct perf *p = NULL;

	snprintf(root, sizeof(root), "%s/bus/event_source/devices/power_core", cfg->sysfs);
	if (!erg_attr_exists("%s", root))
		return 0;
	if (erg_attr_read_int(&type, "%s/type", root) < 0) {
		erg_source_list_note_broken(list, "perf", root, "its type is no number");
		return 0;
	}
	if (erg_attr_read_line(mask, sizeof(mask), "%s/cpumask", root) <= 0 ||
		erg_cpulist_parse(mask, &cpus) < 0) {
		erg_source_list_note_broken(list, "perf", root, "its cpumask is no list of CPUs");
		return 0;
	}
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		int r = 0;

		if (!CPU_ISSET(cpu, &cpus))
			continue;
		if (p && p->src.n_channels == EVENTS_MAX) {
			r = offer_perf(p, root, list);
			p = NULL;
		}
		if (!p)
			p = perf_empty(cfg, root);
		if (!p || r < 0)
			return r < 0 ? r : -ENOMEM;
		p->src.rate_fixed = true;
		p->src.interval_ns = CORES_INTERVAL_NS;
		add_core(cfg, p, root, (uint32_t)type, cpu, list);
	}
	return p ? offer_perf(p, root, list) : 0;
}

static int perf_find(const struct erg_source_config *cfg, struct erg_source_list *list,
	struct erg_err *err)
{
	size_t before = list->n;
	char root[256];
	int64_t type;
	int r = 0;

	snprintf(root, sizeof(root), "%s/bus/event_source/devices/power", cfg->sysfs);
	if (erg_attr_exists("%s/type", root) && erg_attr_read_int(&type, "%s/type", root) < 0)
		erg_source_list_note_broken(list, "perf", root, "its type is no number");
	else if (erg_attr_read_int(&type, "%s/type", root) < 0)
		erg_source_list_note(list, "perf", root,
			"on x86 try: modprobe rapl; virtual machines have none",
			"no perf PMU of energy");
	else if (cfg->simulated)
		erg_source_list_note(list, "perf", root, "",
			"a simulated tree has no perf events behind it");
	else
		r = find_cpus(cfg, root, (uint32_t)type, list);
	if (r >= 0 && !cfg->simulated)
		r = find_cores(cfg, list);
	erg_rapl_note_filtering(cfg, list, before);
	return r < 0 ? erg_fail_errno(err, r, "perf") : 0;
}

const struct erg_source_ops erg_source_perf = {
	.kind = "perf",
	.about = "RAPL energy counters by perf events: cheaper than powercap, and preferred",
	.find = perf_find,
	.start = perf_start,
	.read = perf_read,
	.stop = perf_stop,
	.free = perf_free,
};
