/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * RAPL's energy counters through the powercap class.
 *
 * DIR/class/powercap has one flat entry for each zone: intel-rapl:0 is a package (or psys, the
 * platform), intel-rapl:0:1 a part of it. energy_uj runs up to max_energy_range_uj and begins again
 * at 0; the range is 2^32 - 1 units of the hardware, which gives the unit (15.3 or 61 uJ) that the
 * kernel does not export. Counters move about every millisecond (Intel SDM vol. 3B 14.10).
 *
 * What contains what: core and uncore (or gpu) lie within the package. DRAM is shown below the
 * package, as the kernel files it, but its energy is not in the package's counter (the package
 * domain is the die), so it is a root of its own. psys, where it works, holds package and DRAM; of a machine
 * of several sockets those of its own (psys, psys-1). Zones of ARM's SCMI are as deep as the board is.
 *
 * Each top zone is a source of its own: a read goes to a CPU of that package. It is read at least
 * four times in a range of its smallest counter at 1 kW, however low --rate is: a counter that went
 * round twice between two readings has lost energy that nobody sees.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "formats/base/util.h"
#include "record/sources/attr.h"
#include "record/sources/drivers.h"

#define POWER_MAX_UW 1e9
/* 4 J: at that power the counter goes round within four readings at 1 kHz. Those that are known have
 * 65 kJ or more; a sampler that followed a smaller number would never sleep. */
#define RANGE_MIN_UJ 4000000

#define MEND                                                                                       \
	"run as root, or: echo 'SUBSYSTEM==\"powercap\", RUN+=\"/bin/chmod g+r "                   \
	"/sys%p/energy_uj\", RUN+=\"/bin/chgrp adm /sys%p/energy_uj\"' | sudo tee "                \
	"/etc/udev/rules.d/60-rapl.rules && sudo udevadm control --reload && sudo udevadm "        \
	"trigger -s powercap && sudo usermod -aG adm \"$USER\", and log in again; or allow perf "  \
	"events (source perf)"

struct zone {
	const struct erg_source_config *cfg;
	const char *root; /* DIR/class/powercap */
	const struct erg_names *names;
};

static bool repeats(const char *name)
{
	return !strncmp(name, "intel-rapl-mmio", 15);
}

/* "intel-rapl:0" is a top zone, "intel-rapl:0:1" is not. */
static bool is_top(const char *name)
{
	const char *colon = strchr(name, ':');

	return colon && !strchr(colon + 1, ':');
}

static int read_name(const struct zone *z, const char *zone, char *dst, size_t size)
{
	return erg_attr_read_line(dst, size, "%s/%s/name", z->root, zone);
}

static bool has_zone(const struct zone *z, const char *name)
{
	char other[32];

	for (size_t i = 0; i < z->names->n; i++)
		if (read_name(z, z->names->name[i], other, sizeof(other)) > 0 &&
			!strcmp(other, name))
			return true;
	return false;
}

/* What the platform's counter of the socket of TOP_NAME ("package-1") is called; "" where there is none. */
static void set_psys(const struct zone *z, const char *top_name, char *dst, size_t size)
{
	const char *number = strchr(top_name, '-');

	snprintf(dst, size, "psys%.*s", number ? 1 + (int)strspn(number + 1, "0123456789") : 0,
		number ? number : "");
	if (!has_zone(z, dst))
		snprintf(dst, size, "%s", has_zone(z, "psys") ? "psys" : "");
}

/* package-0 stays; core of intel-rapl:1 becomes core-1 after its package. */
static void name_rail(const char *name, const char *top_name, char *dst, size_t size)
{
	const char *number = strrchr(top_name, '-');

	erg_text_set(dst, size, "%s%s", name, number ? number : "");
}

/* A zone below another one, ZONE "intel-rapl:1:0": its parent is the one above that has a name. */
static void set_rail_within(const struct zone *z, struct erg_channel_def *d, const char *name,
	const char *zone, const char *top_name)
{
	char above[128], its_name[32];

	name_rail(name, top_name, d->rail, sizeof(d->rail));
	if (!strcmp(name, "dram")) {
		set_psys(z, top_name, d->parent, sizeof(d->parent));
		return;
	}
	snprintf(above, sizeof(above), "%.*s", (int)(strrchr(zone, ':') - zone), zone);
	if (is_top(above) || read_name(z, above, its_name, sizeof(its_name)) <= 0)
		erg_text_set(d->parent, sizeof(d->parent), "%s", top_name);
	else
		name_rail(its_name, top_name, d->parent, sizeof(d->parent));
}

static void set_rail(const struct zone *z, struct erg_channel_def *d, const char *name,
	const char *zone, const char *top_name)
{
	if (!is_top(zone)) {
		set_rail_within(z, d, name, zone, top_name);
		return;
	}
	erg_text_set(d->rail, sizeof(d->rail), "%s", name);
	if (!strncmp(name, "package", 7))
		set_psys(z, name, d->parent, sizeof(d->parent));
}

/* In a list of sources only: recordings go well without. */
static void note_zone(struct erg_source_list *list, const struct zone *z, const char *zone,
	const char *what)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", z->root, zone);
	erg_source_list_note(list, "powercap", path, "", "it %s", what);
}

static void note_nameless(struct erg_source_list *list, const struct zone *z, const char *zone)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", z->root, zone);
	erg_source_list_note_broken(list, "powercap", path, "it has no name");
}

static int add_zone(const struct zone *z, struct erg_attr_source *s, const char *zone,
	const char *top_name, struct erg_source_list *list)
{
	struct erg_channel_def d = {.quantity = ERG_Q_ENERGY, .unit = "uJ", .scale = 1e-6};
	char name[32];
	int64_t range;

	if (read_name(z, zone, name, sizeof(name)) <= 0) {
		note_nameless(list, z, zone);
		return 0;
	}
	if (!erg_attr_exists("%s/%s/energy_uj", z->root, zone)) {
		/* that a zone only limits is no fault; a package does not */
		if (!strncmp(name, "package", 7))
			note_zone(list, z, zone, "has no energy_uj");
		return 0;
	}
	if (erg_attr_read_int(&range, "%s/%s/max_energy_range_uj", z->root, zone) < 0 ||
		range < RANGE_MIN_UJ) {
		note_zone(list, z, zone,
			"does not tell where it wraps: a reading at which it does is lost");
		range = 0;
	}
	d.lsb = range ? (double)range / UINT32_MAX : 1;
	/* One unit more than the largest value. */
	d.wrap = range ? (uint64_t)range + (uint64_t)llround(d.lsb) : 0;
	set_rail(z, &d, name, zone, top_name);
	return erg_attr_source_add(s, &d, NULL, "%s/%s/energy_uj", z->root, zone);
}

static void bound_interval(struct erg_source *s, const struct erg_source_config *cfg)
{
	uint64_t wrap = UINT64_MAX;
	double bound_ns;

	for (size_t i = 0; i < s->n_channels; i++)
		if (s->channels[i].wrap && s->channels[i].wrap < wrap)
			wrap = s->channels[i].wrap;
	bound_ns = (double)wrap / POWER_MAX_UW / 4 * 1e9;
	if ((double)cfg->interval_ns <= bound_ns)
		return;
	s->rate_fixed = true;
	s->interval_ns = (uint64_t)bound_ns;
}

static int find_top(const struct zone *z, const char *top, struct erg_source_list *list)
{
	_cleanup_(erg_attr_source_freep) struct erg_attr_source *s = NULL;
	char path[512], name[32];
	int r;

	snprintf(path, sizeof(path), "%s/%s", z->root, top);
	if (erg_attr_read_line(name, sizeof(name), "%s/name", path) <= 0) {
		if (erg_attr_exists("%s/energy_uj", path))
			note_nameless(list, z, top);
		return 0;
	}
	s = erg_attr_source_new(&erg_source_powercap, z->cfg, ERG_CLASS_POWER, path);
	if (!s)
		return -ENOMEM;
	s->src.model = (struct erg_sensor_model){.kind = ERG_SENSOR_COUNTER,
		.provenance = ERG_PROVENANCE_DATASHEET,
		.period_ns = 1000000};
	erg_model_override(&s->src.model, path);
	r = erg_attr_source_time(s, path);
	if (r >= 0)
		r = add_zone(z, s, top, name, list);
	for (size_t i = 0; r >= 0 && i < z->names->n; i++)
		if (!strncmp(z->names->name[i], top, strlen(top)) &&
			z->names->name[i][strlen(top)] == ':')
			r = add_zone(z, s, z->names->name[i], name, list);
	bound_interval(&s->src, z->cfg);
	return r < 0 ? r : erg_attr_source_offer(&s, list, MEND);
}

static int powercap_find(const struct erg_source_config *cfg, struct erg_source_list *list,
	struct erg_err *err)
{
	_cleanup_(erg_names_freep) struct erg_names names = {0};
	struct zone z = {.cfg = cfg, .names = &names};
	size_t before = list->n, notes = list->n_notes;
	char root[256];
	int r;

	snprintf(root, sizeof(root), "%s/class/powercap", cfg->sysfs);
	z.root = root;
	/* All kinds: intel-rapl (AMD's too), arm-scmi, …. intel-rapl-mmio repeats the package's
	 * counter through another door. */
	r = erg_names_list(&names, root, "");
	for (size_t i = 0; r >= 0 && i < names.n; i++)
		if (is_top(names.name[i]) &&
			!(repeats(names.name[i]) && erg_attr_exists("%s/intel-rapl:0", root)))
			r = find_top(&z, names.name[i], list);
	if (r < 0)
		return erg_fail_errno(err, r, "powercap");
	if (list->n == before && list->n_notes == notes)
		erg_source_list_note(list, "powercap", root,
			"on x86 try: modprobe intel_rapl_msr; virtual machines have none",
			"no RAPL zone");
	erg_rapl_note_filtering(cfg, list, before);
	return 0;
}

const struct erg_source_ops erg_source_powercap = {
	.kind = "powercap",
	.about = "RAPL energy counters of x86 packages, cores and memory",
	.find = powercap_find,
	.start = erg_attr_source_start,
	.read = erg_attr_source_read,
	.stop = erg_attr_source_stop,
	.free = erg_attr_source_free,
};
