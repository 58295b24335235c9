/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which rail contains which, and names that are unique.
 *
 * A rail's parent already contains it, so that nobody adds up a whole and its parts. Sensors do
 * not say this; the boards' schematics do. The table names, for each board-level input that
 * NVIDIA's Jetson boards measure, the rails behind it (energymon's JetsonPowerRails.md; L4T
 * developer guides). Rails of a carrier board (VDD_MUX and what it feeds) lie beside the module's
 * VDD_IN, not under it. AGX Xavier and AGX Orin measure no common input: their rails are roots
 * and may be added, but for the memory's of AGX Orin, which its 5 V rail feeds.
 *
 * A rail gets a parent only from its own directory of sensors or, where a board has several chips
 * (TX2), from the same kind of source.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/base/util.h"
#include "record/sources/attr.h"
#include "record/sources/drivers.h"

static const struct family {
	const char *parent;
	const char *children[16];
} families[] = {
	/* TX1, TX2, Xavier NX, Orin NX and Nano */
	{"VDD_IN",
		{"VDD_GPU", "VDD_CPU", "VDD_SOC", "VDD_SYS_GPU", "VDD_SYS_CPU", "VDD_SYS_SOC",
			"VDD_SYS_DDR", "VDD_4V0_WIFI", "VDD_CPU_GPU_CV", "VDD_CPU_CV", "VDD_DDR"}},
	/* Nano */
	{"POM_5V_IN", {"POM_5V_GPU", "POM_5V_CPU"}},
	/* AGX Orin: Jetson Linux Developer Guide r36.4.3, "Software-Based Power Consumption Modeling" */
	{"VIN_SYS_5V0", {"VDDQ_VDD2_1V8AO"}},
	/* the TX1's carrier */
	{"VDD_MUX", {"VDD_5V_IO_SYS", "VDD_3V3_SYS", "VDD_3V3_IO", "VDD_1V8_IO", "VDD_M2_IN"}},
};

static bool is_power(const struct erg_channel_def *d)
{
	return d->quantity == ERG_Q_POWER || d->quantity == ERG_Q_ENERGY ||
		d->quantity == ERG_Q_CURRENT || d->quantity == ERG_Q_VOLTAGE;
}

static bool has_rail(const struct erg_source_list *l, const char *kind, const char *rail)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct erg_source *s = l->sources[i];

		for (size_t c = 0; c < s->n_channels; c++)
			if (!strcmp(s->ops->kind, kind) && is_power(&s->channels[c]) &&
				!strcmp(s->channels[c].rail, rail))
				return true;
	}
	return false;
}

/* NVIDIA's Grace, by the names that its firmware gives its ACPI power meters, each with the socket's
 * number at its end (Grace Performance Tuning Guide, "Power and Thermal Management"). On a GH200 the
 * module contains the GPU as well, whose own meter is NVML's. */
static const struct {
	const char *child, *parent;
} sockets[] = {
	{"CPU Power Socket ", "Grace Power Socket "},
	{"SysIO Power Socket ", "Grace Power Socket "},
	{"Grace Power Socket ", "Module Power Socket "},
	/* ARM's Juno by SCPI: power and energy of one supply */
	{"SYS_POW_", "SYS_ENM_"},
};

/* Fills PARENT; false: none is known. */
static bool parent_of(const char *rail, char *parent, size_t size)
{
	for (size_t i = 0; i < ERG_ARRAY_SIZE(sockets); i++) {
		size_t len = strlen(sockets[i].child);

		if (!strncmp(rail, sockets[i].child, len)) {
			erg_text_set(parent, size, "%s%s", sockets[i].parent, rail + len);
			return true;
		}
	}
	for (size_t f = 0; f < ERG_ARRAY_SIZE(families); f++)
		for (const char *const *c = families[f].children; *c; c++)
			if (!strcmp(*c, rail)) {
				erg_text_set(parent, size, "%s", families[f].parent);
				return true;
			}
	return false;
}

/* The nearest that was found: a part whose own parent has no sensor lies within that one's. */
static void set_parent(const struct erg_source_list *l, const struct erg_source *s,
	struct erg_channel_def *d)
{
	char rail[sizeof(d->rail)], parent[sizeof(d->parent)];

	erg_text_set(rail, sizeof(rail), "%s", d->rail);
	while (parent_of(rail, parent, sizeof(parent))) {
		if (has_rail(l, s->ops->kind, parent)) {
			erg_text_set(d->parent, sizeof(d->parent), "%s", parent);
			return;
		}
		erg_text_set(rail, sizeof(rail), "%s", parent);
	}
}

/* The module of a GH200 is told by its firmware and by NVML: one supply, which must not count twice.
 * It has one GPU, whose number is the socket's. */
static void join_modules(struct erg_source_list *l)
{
	char module[sizeof(l->sources[0]->channels[0].rail)];
	unsigned int n;

	for (size_t i = 0; i < l->n; i++) {
		struct erg_source *s = l->sources[i];
		int end = 0;

		if (!s->n_channels || strcmp(s->ops->kind, "nvml") || !strstr(s->path, "GH200") ||
			sscanf(s->channels[0].rail, "gpu%u-module%n", &n, &end) != 1 || !end)
			continue;
		snprintf(module, sizeof(module), "Module Power Socket %u", n);
		if (has_rail(l, "hwmon", module))
			strcpy(s->channels[0].parent, module);
	}
}

static void set_parents(struct erg_source_list *l)
{
	join_modules(l);
	for (size_t i = 0; i < l->n; i++) {
		struct erg_source *s = l->sources[i];

		for (size_t c = 0; c < s->n_channels; c++)
			if (is_power(&s->channels[c]) && !*s->channels[c].parent)
				set_parent(l, s, &s->channels[c]);
	}
}

/* ---- names ---- */

/* Power, energy, voltage and current of a rail belong together within one source; anywhere else the
 * same name is another thing. */
static bool clash(const struct erg_source *a, const struct erg_channel_def *ca,
	const struct erg_source *b, const struct erg_channel_def *cb)
{
	if (strcmp(ca->rail, cb->rail))
		return false;
	if (ca->quantity == cb->quantity)
		return true;
	return a != b && is_power(ca) && is_power(cb);
}

static bool taken(const struct erg_source_list *l, size_t until_source, size_t until_channel,
	const struct erg_channel_def *d)
{
	const struct erg_source *s = l->sources[until_source];

	for (size_t i = 0; i <= until_source; i++)
		for (size_t c = 0; c < l->sources[i]->n_channels; c++) {
			if (i == until_source && c >= until_channel)
				return false;
			if (clash(l->sources[i], &l->sources[i]->channels[c], s, d))
				return true;
		}
	return false;
}

/* What tells this source from its like: the last part of its path. */
static const char *place_of_source(const struct erg_source *s)
{
	const char *slash = strrchr(s->path, '/');

	return slash && slash[1] && strcmp(s->ops->kind, "exec") ? slash + 1 : s->ops->kind;
}

/* What lay within rail FROM of S lies within TO. */
static void set_parent_name(struct erg_source *s, const char *from, const char *to)
{
	for (size_t k = 0; k < s->n_channels; k++)
		if (!strcmp(s->channels[k].parent, from))
			erg_text_set(s->channels[k].parent, sizeof(s->channels[k].parent), "%s",
				to);
}

static int make_unique(struct erg_source_list *l, size_t i, size_t c)
{
	struct erg_source *s = l->sources[i];
	struct erg_channel_def d = s->channels[c];

	if (!taken(l, i, c, &d))
		return 0;
	for (int n = 1; n < 1000; n++) {
		if (n == 1)
			erg_text_set(d.rail, sizeof(d.rail), "%.40s@%.20s", s->channels[c].rail,
				place_of_source(s));
		else
			erg_text_set(d.rail, sizeof(d.rail), "%.36s@%.20s#%d", s->channels[c].rail,
				place_of_source(s), n);
		if (taken(l, i, c, &d))
			continue;
		erg_source_list_note(l, s->ops->kind, s->path, "",
			"the name %.48s is taken already: this one is called %s",
			s->channels[c].rail, d.rail);
		/* Its partners and children of this source follow, and its children among the sources
		 * that tell of the same thing. */
		for (size_t o = 0; is_power(&d) && o < l->n; o++)
			if (o != i && !strcmp(l->sources[o]->ops->kind, s->ops->kind) &&
				!strcmp(l->sources[o]->path, s->path))
				set_parent_name(l->sources[o], s->channels[c].rail, d.rail);
		for (size_t k = 0; k < s->n_channels; k++) {
			if (!strcmp(s->channels[k].parent, s->channels[c].rail))
				memcpy(s->channels[k].parent, d.rail, sizeof(d.rail));
			if (k > c && is_power(&d) && is_power(&s->channels[k]) &&
				s->channels[k].quantity != d.quantity &&
				!strcmp(s->channels[k].rail, s->channels[c].rail))
				memcpy(s->channels[k].rail, d.rail, sizeof(d.rail));
		}
		memcpy(s->channels[c].rail, d.rail, sizeof(d.rail));
		return 0;
	}
	return -EEXIST;
}

/* The PCI device of a chip of hwmon, "0000:03:00.0"; false: it has none. */
static bool device_of(const struct erg_source *s, char *dst, size_t size)
{
	_cleanup_(erg_freep) char *at = NULL;
	char path[300];

	snprintf(path, sizeof(path), "%s/device", s->path);
	at = realpath(path, NULL);
	if (!at)
		return false;
	erg_text_set(dst, size, "%s", strrchr(at, '/') + 1);
	return true;
}

/* The whole of AMD's card at DEVICE by AMD SMI, or NULL. */
static const struct erg_channel_def *card_at(const struct erg_source_list *l, const char *device)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct erg_source *s = l->sources[i];

		if (!strcmp(s->ops->kind, "amd-smi") && is_power(&s->channels[0]) &&
			!*s->channels[0].parent && !strncmp(s->path, "amd-smi:", 8) &&
			!strcmp(s->path + 8, device))
			return &s->channels[0];
	}
	return NULL;
}

/* A card of AMD is told by AMD SMI and by hwmon: one supply, which must not count twice. To be called
 * when the names are unique. */
static void join_cards(struct erg_source_list *l)
{
	for (size_t i = 0; i < l->n; i++) {
		struct erg_source *s = l->sources[i];
		const struct erg_channel_def *card = NULL;
		char device[64];

		if (!strcmp(s->ops->kind, "hwmon") && device_of(s, device, sizeof(device)))
			card = card_at(l, device);
		for (size_t c = 0; card && c < s->n_channels; c++)
			if (is_power(&s->channels[c]) && !*s->channels[c].parent)
				erg_text_set(s->channels[c].parent, sizeof(s->channels[c].parent),
					"%s", card->rail);
	}
}

/* The rail of the first power channel of S whose name begins with PREFIX, or NULL. */
static struct erg_channel_def *rail_like(struct erg_source *s, const char *prefix)
{
	for (size_t c = 0; c < s->n_channels; c++)
		if (is_power(&s->channels[c]) &&
			!strncmp(s->channels[c].rail, prefix, strlen(prefix)))
			return &s->channels[c];
	return NULL;
}

/* i915 has a chip for the card and one for each of its tiles (sysfs-driver-intel-i915-hwmon). To be called
 * when the names are unique. */
static void join_tiles(struct erg_source_list *l)
{
	for (size_t i = 0; i < l->n; i++) {
		struct erg_channel_def *tile = rail_like(l->sources[i], "i915_gt");
		char of_tile[64] = "", of_card[64] = "";

		if (!tile || strcmp(l->sources[i]->ops->kind, "hwmon"))
			continue;
		(void)device_of(l->sources[i], of_tile, sizeof(of_tile));
		for (size_t k = 0; k < l->n && !*tile->parent; k++) {
			const struct erg_channel_def *card = rail_like(l->sources[k], "i915-");

			if (!card || strcmp(l->sources[k]->ops->kind, "hwmon"))
				continue;
			*of_card = '\0';
			(void)device_of(l->sources[k], of_card, sizeof(of_card));
			if (!strcmp(of_card, of_tile))
				erg_text_set(tile->parent, sizeof(tile->parent), "%s", card->rail);
		}
	}
}

static bool is_package(const struct erg_source_list *l, const char *rail)
{
	return has_rail(l, "perf", rail) || has_rail(l, "powercap", rail);
}

/* Roots of S that begin with PREFIX lie within RAPL's counter of package N. */
static void join_package(const struct erg_source_list *l, struct erg_source *s, const char *prefix,
	int n)
{
	char package[32];

	snprintf(package, sizeof(package), "package-%d", n);
	for (size_t c = 0; is_package(l, package) && c < s->n_channels; c++)
		if (is_power(&s->channels[c]) && !*s->channels[c].parent &&
			!strncmp(s->channels[c].rail, prefix, strlen(prefix)))
			strcpy(s->channels[c].parent, package);
}

/* What drivers of hwmon tell of AMD's processors is told by RAPL, too: one supply, which must not count
 * twice. To be called when the names are unique. */
static void join_packages(struct erg_source_list *l)
{
	static const struct {
		const char *prefix;
		int package; /* -1: chips are in the order of the sockets */
	} rails[] = {{"amd_hsmp_hwmon-power", -1}, {"fam15h_power-power", -1}, {"SVI2_P_", -1},
		{"cpu0 SVI2_P_", 0}, {"cpu1 SVI2_P_", 1}, {"Esocket0", 0}, {"Esocket1", 1}};

	for (size_t k = 0; k < ERG_ARRAY_SIZE(rails); k++) {
		int n = 0;

		for (size_t i = 0; i < l->n; i++)
			if (!strcmp(l->sources[i]->ops->kind, "hwmon") &&
				rail_like(l->sources[i], rails[k].prefix))
				join_package(l, l->sources[i], rails[k].prefix,
					rails[k].package < 0 ? n++ : rails[k].package);
	}
}

/* A whole that could not be read is nobody's parent. */
static void drop_parents(struct erg_source_list *l)
{
	for (size_t i = 0; i < l->n; i++) {
		struct erg_source *s = l->sources[i];

		for (size_t c = 0; c < s->n_channels; c++)
			if (*s->channels[c].parent &&
				!has_rail(l, s->ops->kind, s->channels[c].parent))
				*s->channels[c].parent = '\0';
	}
}

int erg_rails_arrange(struct erg_source_list *list)
{
	int r = 0;

	drop_parents(list);
	set_parents(list);
	for (size_t i = 0; r >= 0 && i < list->n; i++)
		for (size_t c = 0; r >= 0 && c < list->sources[i]->n_channels; c++)
			r = make_unique(list, i, c);
	if (r >= 0) {
		join_tiles(list);
		join_packages(list);
		join_cards(list);
	}
	return r;
}
