/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Thermal zones and cooling devices, and, from throttle.c, throttle counters: all that says
 * whether heat limited a run, and the fan of older Jetsons. Zones are millidegrees; a cooling
 * device's cur_state is a level, 0 for "does nothing", so a level above 0 marks throttling. A fan
 * is a cooling device too, and slows nothing: its level is a speed. Heat moves slowly: ten readings
 * a second, in a thread of its own because a zone may ask a firmware.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "formats/base/util.h"
#include "record/sources/attr.h"
#include "record/sources/drivers.h"

struct family {
	const char *prefix;    /* of the directories */
	const char *attribute; /* the file that is read */
	struct erg_channel_def def;
};

static const struct family families[] = {
	{"thermal_zone", "temp",
		{.quantity = ERG_Q_TEMPERATURE, .unit = "mdegC", .scale = 1e-3, .lsb = 1}},
	{"cooling_device", "cur_state",
		{.quantity = ERG_Q_COUNT, .unit = "1", .scale = 1, .lsb = 1}},
};

/* Their state is a setting, which is not 0 on a cool machine: an offset of Intel's trip point, the
 * brightness of a display. */
static bool is_setting(const char *type)
{
	return strcasestr(type, "TCC Offset") || !strcmp(type, "LCD") ||
		strcasestr(type, "backlight");
}

/* The channel of DIR/NAME; false when it says nothing about heat. */
static bool describe_channel(const struct family *f, const char *root, const char *name,
	struct erg_channel_def *ret)
{
	char type[48];

	*ret = f->def;
	if (erg_attr_read_line(type, sizeof(type), "%s/%s/type", root, name) <= 0)
		snprintf(type, sizeof(type), "%s", name);
	erg_text_set(ret->rail, sizeof(ret->rail), "%s", type);
	if (ret->quantity != ERG_Q_COUNT)
		return true;
	if (strcasestr(type, "fan")) {
		ret->quantity = ERG_Q_SPEED;
		strcpy(ret->unit, "level");
		erg_text_set(ret->rail, sizeof(ret->rail), "%s-level", type);
	}
	return !is_setting(type);
}

static int find_family(const struct erg_source_config *cfg, const struct family *f,
	struct erg_source_list *list, size_t *found)
{
	_cleanup_(erg_attr_source_freep) struct erg_attr_source *s = NULL;
	_cleanup_(erg_names_freep) struct erg_names names = {0};
	char root[256];
	int r;

	snprintf(root, sizeof(root), "%s/class/thermal", cfg->sysfs);
	s = erg_attr_source_new(&erg_source_thermal, cfg, ERG_CLASS_THERMAL, root);
	if (!s)
		return -ENOMEM;
	s->src.model.kind = ERG_SENSOR_POINT;
	s->src.rate_fixed = true;
	s->src.interval_ns = ERG_THERMAL_INTERVAL_NS;
	r = erg_names_list(&names, root, f->prefix);
	for (size_t i = 0; r >= 0 && i < names.n; i++) {
		struct erg_channel_def d;

		if (!describe_channel(f, root, names.name[i], &d))
			continue;
		r = erg_attr_source_add(s, &d, NULL, "%s/%s/%s", root, names.name[i], f->attribute);
		if (r == -ENOSPC) {
			erg_source_list_note(list, "thermal", root, "",
				"only the first %d of %zu are read", ERG_SOURCE_CHANNELS_MAX,
				names.n);
			r = 0;
			break;
		}
	}
	*found += names.n;
	return r < 0 ? r : erg_attr_source_offer(&s, list, ERG_MEND_READ);
}

/* The fan of Jetson boards with L4T up to 32. */
static int find_fan(const struct erg_source_config *cfg, struct erg_source_list *list)
{
	struct erg_channel_def rpm = {.rail = "pwm-fan",
		.quantity = ERG_Q_SPEED,
		.unit = "rpm",
		.scale = 1,
		.lsb = 1};
	struct erg_channel_def duty = {.rail = "pwm-fan-duty",
		.quantity = ERG_Q_SPEED,
		.unit = "pwm",
		.scale = 1,
		.lsb = 1};
	_cleanup_(erg_attr_source_freep) struct erg_attr_source *s = NULL;
	char root[256];
	int r = 0;

	snprintf(root, sizeof(root), "%s/devices/pwm-fan", cfg->sysfs);
	s = erg_attr_source_new(&erg_source_thermal, cfg, ERG_CLASS_THERMAL, root);
	if (!s)
		return -ENOMEM;
	s->src.rate_fixed = true;
	s->src.interval_ns = ERG_THERMAL_INTERVAL_NS;
	if (erg_attr_exists("%s/rpm_measured", root))
		r = erg_attr_source_add(s, &rpm, NULL, "%s/rpm_measured", root);
	if (r >= 0 && erg_attr_exists("%s/cur_pwm", root))
		r = erg_attr_source_add(s, &duty, NULL, "%s/cur_pwm", root);
	return r < 0 ? r : erg_attr_source_offer(&s, list, ERG_MEND_READ);
}

static int thermal_find(const struct erg_source_config *cfg, struct erg_source_list *list,
	struct erg_err *err)
{
	size_t found = 0;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ERG_ARRAY_SIZE(families); i++)
		r = find_family(cfg, &families[i], list, &found);
	if (r >= 0)
		r = find_fan(cfg, list);
	if (r >= 0)
		r = erg_throttle_find(&erg_source_thermal, cfg, list);
	if (r < 0)
		return erg_fail_errno(err, r, "thermal");
	if (!found)
		erg_source_list_note(list, "thermal", "class/thermal", "",
			"no thermal zone: throttling can only be seen in the frequencies");
	return 0;
}

const struct erg_source_ops erg_source_thermal = {
	.kind = "thermal",
	.about = "thermal zones, cooling devices and throttle counters",
	.slow = true,
	.find = thermal_find,
	.start = erg_attr_source_start,
	.read = erg_attr_source_read,
	.stop = erg_attr_source_stop,
	.free = erg_attr_source_free,
};
