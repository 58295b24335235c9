/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Frequencies of devices other than CPUs (Jetson's GPU and memory controller, and others), and the
 * load of Jetson's GPU.
 *
 *	DIR/class/devfreq/<device>/cur_freq      Hz (governors differ; the device's unit is Hz)
 *	DIR/class/devfreq/<device>/device/load   tenths of a percent, Tegra GPUs
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "formats/base/util.h"
#include "record/sources/attr.h"
#include "record/sources/drivers.h"

static const struct erg_channel_def hertz = {.quantity = ERG_Q_FREQUENCY,
	.unit = "Hz",
	.scale = 1,
	.lsb = 1};
static const struct erg_channel_def per_mille = {.quantity = ERG_Q_UTILIZATION,
	.unit = "permille",
	.scale = 1e-3,
	.lsb = 1};

static int find_class(const struct erg_source_config *cfg, const struct erg_names *names,
	const char *root, enum erg_source_class cls, const char *file,
	const struct erg_channel_def *like, struct erg_source_list *list)
{
	_cleanup_(erg_attr_source_freep) struct erg_attr_source *s =
		erg_attr_source_new(&erg_source_devfreq, cfg, cls, root);
	struct erg_channel_def d = *like;
	int r = 0;

	if (!s)
		return -ENOMEM;
	s->src.model.kind = ERG_SENSOR_POINT;
	s->src.rate_fixed = true;
	s->src.interval_ns = ERG_FREQUENCY_INTERVAL_NS;
	for (size_t i = 0; r >= 0 && i < names->n; i++) {
		if (!erg_attr_exists("%s/%s/%s", root, names->name[i], file))
			continue;
		erg_text_set(d.rail, sizeof(d.rail), "%s", names->name[i]);
		r = erg_attr_source_add(s, &d, NULL, "%s/%s/%s", root, names->name[i], file);
	}
	if (r < 0 && r != -ENOSPC)
		return r;
	return erg_attr_source_offer(&s, list, ERG_MEND_READ);
}

static int devfreq_find(const struct erg_source_config *cfg, struct erg_source_list *list,
	struct erg_err *err)
{
	_cleanup_(erg_names_freep) struct erg_names names = {0};
	char root[256];
	int r;

	snprintf(root, sizeof(root), "%s/class/devfreq", cfg->sysfs);
	r = erg_names_list(&names, root, "");
	if (r >= 0)
		r = find_class(cfg, &names, root, ERG_CLASS_FREQUENCY, "cur_freq", &hertz, list);
	if (r >= 0)
		r = find_class(cfg, &names, root, ERG_CLASS_UTILIZATION, "device/load", &per_mille,
			list);
	if (r < 0)
		return erg_fail_errno(err, r, "devfreq");
	if (!names.n)
		erg_source_list_note(list, "devfreq", root, "",
			"no device with a frequency of its own");
	return 0;
}

const struct erg_source_ops erg_source_devfreq = {
	.kind = "devfreq",
	.about = "frequencies and load of GPUs and memory controllers",
	.slow = true,
	.find = devfreq_find,
	.start = erg_attr_source_start,
	.read = erg_attr_source_read,
	.stop = erg_attr_source_stop,
	.free = erg_attr_source_free,
};
