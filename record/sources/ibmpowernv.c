/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * POWER8 and POWER9 by the host's hwmon driver ibmpowernv: readings that the firmware fetches from
 * the on-chip controllers, refreshed about every 100 ms (skiboot 5.8 release notes).
 *
 * Labels name the parts: "System", "Chip 0", "Chip 0 Vdd", "Chip 0 Vdn", "Chip 0 Memory", "GPU".
 * A label that begins with another one and a blank lies within it; everything lies within
 * "System". A part that has a cumulative energy (skiboot 5.8 and later on POWER9) is read as a
 * counter, the others as power.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "formats/base/util.h"
#include "record/sources/attr.h"
#include "record/sources/drivers.h"

#define PERIOD_NS 100000000u
#define INTERVAL_NS 50000000u

static struct erg_attr_source *source_new(const struct erg_source_config *cfg, const char *dir,
	enum erg_sensor_kind kind)
{
	struct erg_attr_source *s =
		erg_attr_source_new(&erg_hwmon_slow_ops, cfg, ERG_CLASS_POWER, dir);

	if (!s)
		return NULL;
	s->src.model = (struct erg_sensor_model){.kind = kind,
		.provenance = ERG_PROVENANCE_DATASHEET,
		.period_ns = PERIOD_NS};
	s->src.rate_fixed = true;
	s->src.interval_ns = INTERVAL_NS;
	return s;
}

static bool has_rail(const struct erg_attr_source *s, const char *rail)
{
	for (size_t i = 0; i < s->src.n_channels; i++)
		if (!strcmp(s->src.channels[i].rail, rail))
			return true;
	return false;
}

/* Each PREFIX<N>_input whose label SKIP (may be NULL) does not have. */
static int add_all(struct erg_attr_source *s, const char *dir, const char *prefix,
	const struct erg_channel_def *like, const struct erg_attr_source *skip,
	struct erg_source_list *list)
{
	_cleanup_(erg_names_freep) struct erg_names names = {0};
	int r = erg_names_list(&names, dir, prefix);

	for (size_t i = 0; r >= 0 && i < names.n; i++) {
		struct erg_channel_def d = *like;
		char *underscore = strchr(names.name[i], '_');
		int stem = underscore ? (int)(underscore - names.name[i]) : 0;
		char label[64];

		if (!underscore || strcmp(underscore, "_input"))
			continue;
		if (erg_attr_read_line(label, sizeof(label), "%s/%.*s_label", dir, stem,
			    names.name[i]) <= 0)
			snprintf(label, sizeof(label), "%.*s", stem, names.name[i]);
		if (skip && has_rail(skip, label))
			continue;
		erg_text_set(d.rail, sizeof(d.rail), "%s", label);
		r = erg_attr_source_add(s, &d, NULL, "%s/%s", dir, names.name[i]);
	}
	if (r != -ENOSPC)
		return r;
	erg_source_list_note(list, "hwmon", dir, "", "only the first %d of its %s sensors are read",
		ERG_SOURCE_CHANNELS_MAX, prefix);
	return 0;
}

/* The longest other label that RAIL continues, else System. */
static void set_parent(struct erg_channel_def *d, const struct erg_attr_source *const *all,
	size_t n)
{
	const char *best = "";

	for (size_t k = 0; k < n; k++)
		for (size_t i = 0; i < all[k]->src.n_channels; i++) {
			const char *other = all[k]->src.channels[i].rail;
			size_t len = strlen(other);
			bool within = !strncmp(d->rail, other, len) && d->rail[len] == ' ';

			if (!strcmp(other, "System") && strcmp(d->rail, "System") && !*best)
				best = other;
			if (within && (len > strlen(best) || !strcmp(best, "System")))
				best = other;
		}
	erg_text_set(d->parent, sizeof(d->parent), "%s", best);
}

int erg_ibmpowernv_find(const struct erg_source_config *cfg, const char *dir,
	struct erg_source_list *list)
{
	static const struct erg_channel_def joule = {.quantity = ERG_Q_ENERGY,
		.unit = "uJ",
		.scale = 1e-6,
		.lsb = 1};
	static const struct erg_channel_def watt = {.quantity = ERG_Q_POWER,
		.unit = "uW",
		.scale = 1e-6,
		.lsb = 1e6};
	_cleanup_(erg_attr_source_freep) struct erg_attr_source *energy =
		source_new(cfg, dir, ERG_SENSOR_COUNTER);
	_cleanup_(erg_attr_source_freep) struct erg_attr_source *power =
		source_new(cfg, dir, ERG_SENSOR_POINT);
	const struct erg_attr_source *const all[] = {energy, power};
	int r;

	if (!energy || !power)
		return -ENOMEM;
	r = add_all(energy, dir, "energy", &joule, NULL, list);
	if (r >= 0)
		r = add_all(power, dir, "power", &watt, energy, list);
	if (r < 0)
		return r;
	for (size_t i = 0; i < energy->src.n_channels; i++)
		set_parent(&energy->src.channels[i], all, 2);
	for (size_t i = 0; i < power->src.n_channels; i++)
		set_parent(&power->src.channels[i], all, 2);
	r = erg_attr_source_offer(&energy, list, ERG_MEND_READ);
	if (r >= 0)
		r = erg_attr_source_offer(&power, list, ERG_MEND_READ);
	return r < 0 ? r : erg_hwmon_find_thermal(cfg, dir, "ibmpowernv", list);
}
