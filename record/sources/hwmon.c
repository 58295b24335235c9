/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Hardware monitoring chips: each is a directory of sysfs. Those that deserve better than what the
 * generic interface tells of them have files of their own.
 */
#include <stdio.h>
#include <string.h>

#include "formats/base/util.h"
#include "record/sources/attr.h"
#include "record/sources/drivers.h"

static const struct {
	const char *name; /* contents of the attribute `name` */
	int (*find)(const struct erg_source_config *cfg, const char *dir,
		struct erg_source_list *list);
} special[] = {
	{"ina3221", erg_ina3221_find},
	{"ibmpowernv", erg_ibmpowernv_find},
};

static int find_chip(const struct erg_source_config *cfg, const char *dir,
	struct erg_source_list *list)
{
	char name[64];

	if (erg_attr_read_line(name, sizeof(name), "%s/name", dir) < 0)
		erg_text_set(name, sizeof(name), "%s", strrchr(dir, '/') + 1);
	for (size_t i = 0; i < ERG_ARRAY_SIZE(special); i++)
		if (!strcmp(special[i].name, name))
			return special[i].find(cfg, dir, list);
	return erg_hwmon_find_chip(cfg, dir, name, list);
}

/* A chip that only measures power, and of which there was nothing to read. */
static void note_empty(const char *dir, struct erg_source_list *list)
{
	static const char *const meters[] = {"power_meter", "xe", "ina209", "ina219", "ina220",
		"ina226", "ina230", "ina231", "ina238", "ina3221"};
	char name[64];

	if (erg_attr_read_line(name, sizeof(name), "%s/name", dir) <= 0)
		return;
	for (size_t i = 0; i < ERG_ARRAY_SIZE(meters); i++)
		if (!strcmp(meters[i], name))
			erg_source_list_note_broken(list, "hwmon", dir,
				"%s tells neither power nor energy, nor current and voltage", name);
}

static int hwmon_find(const struct erg_source_config *cfg, struct erg_source_list *list,
	struct erg_err *err)
{
	_cleanup_(erg_names_freep) struct erg_names names = {0};
	char dir[256];
	size_t before;
	int r;

	snprintf(dir, sizeof(dir), "%s/class/hwmon", cfg->sysfs);
	r = erg_names_list(&names, dir, "hwmon");
	for (size_t i = 0; r >= 0 && i < names.n; i++) {
		snprintf(dir, sizeof(dir), "%s/class/hwmon/%s", cfg->sysfs, names.name[i]);
		/* Before Linux 3.15 the attributes were the parent device's. */
		if (!erg_attr_exists("%s/name", dir) && erg_attr_exists("%s/device/name", dir))
			snprintf(dir, sizeof(dir), "%s/class/hwmon/%s/device", cfg->sysfs,
				names.name[i]);
		if (!erg_attr_exists("%s", dir)) {
			erg_source_list_note_broken(list, "hwmon", dir, "its device is gone");
			continue;
		}
		before = list->n + list->n_notes;
		r = find_chip(cfg, dir, list);
		if (r >= 0 && list->n + list->n_notes == before)
			note_empty(dir, list);
	}
	if (r >= 0 && !names.n)
		erg_source_list_note(list, "hwmon", dir, "", "no hardware monitoring chip");
	return r < 0 ? erg_fail_errno(err, r, "hwmon") : 0;
}

const struct erg_source_ops erg_source_hwmon = {
	.kind = "hwmon",
	.about = "power, current x voltage, energy, temperature and fans of hardware monitoring "
		 "chips",
	.find = hwmon_find,
};
