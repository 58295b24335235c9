/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * INA3221 by the mainline kernel's hwmon driver (JetPack 5 and later, and most other boards).
 *
 * The driver has no power: a rail is curr<N>_input times in<N>_input, N from 1 to 3 (in4 to in6
 * are shunt voltages, in7 and curr4 sums). Each read waits for a whole conversion cycle under a
 * mutex of the chip, so reading is slow, and every value read is one more cycle: the current is
 * read each time, the regulated voltage every tenth time. The cycle is as long as `samples` and
 * `update_interval` make it; for the run they become 1 and 0 (140 us a conversion, no averaging)
 * where that is permitted, and are put back afterwards. Documentation/hwmon/ina3221.rst.
 */
#include "record/sources/ina3221.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "formats/base/util.h"
#include "record/sources/attr.h"
#include "record/sources/drivers.h"
#include "record/sources/guard.h"

#define VOLTAGE_EVERY 10
#define FASTEST_NS 140000u

struct ina3221 {
	char dir[256];
	bool changed;
	struct erg_guard guard;
};

static unsigned int rails(const struct erg_source *s)
{
	unsigned int n = 0;

	for (size_t i = 0; i < s->n_channels; i++)
		n += s->channels[i].quantity != ERG_Q_VOLTAGE;
	return n ? n : 1;
}

static int64_t attr_or(const char *dir, const char *name, int64_t fallback)
{
	int64_t v;

	return erg_attr_read_int(&v, "%s/%s", dir, name) < 0 ? fallback : v;
}

/* The model that the settings in force make. */
static void set_model(struct erg_source *s, const struct ina3221 *p)
{
	int64_t samples = attr_or(p->dir, "samples", 1);
	int64_t interval_ms = attr_or(p->dir, "update_interval", 0);
	struct erg_ina3221_config c = {.channels = rails(s),
		.averages = samples > 0 ? (unsigned int)samples : 1,
		.bus_ns = FASTEST_NS,
		.shunt_ns = FASTEST_NS};

	if (interval_ms > 0) {
		c.bus_ns = (uint64_t)interval_ms * 1000000u / c.averages / c.channels / 2;
		c.shunt_ns = c.bus_ns;
	}
	s->model = erg_ina3221_continuous(&c);
	s->model.provenance = ERG_PROVENANCE_DRIVER;
	erg_model_override(&s->model, p->dir);
}

struct setting {
	const char *name;
	int64_t run, before; /* before < 0: not there */
};

/* Remembers what is there; the interval is counted in samples, so they are put back first. */
static void remember(struct ina3221 *p, struct setting *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char path[300], text[24];

		snprintf(path, sizeof(path), "%s/%s", p->dir, s[i].name);
		s[i].before = attr_or(p->dir, s[i].name, -1);
		if (s[i].before < 0 || access(path, W_OK))
			continue;
		snprintf(text, sizeof(text), "%lld\n", (long long)s[i].before);
		erg_guard_add(&p->guard, text, "%s", path);
	}
}

/* A board that is simulated applies a setting some milliseconds after it was written. */
static void settle_board(struct erg_source *s, const struct ina3221 *p)
{
	for (int i = 0; i < 30; i++) {
		set_model(s, p);
		if (!s->simulated || s->model.kind != ERG_SENSOR_EMA || s->model.alpha >= 1)
			return;
		nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
	}
}

static bool change(const char *dir, const struct setting *s)
{
	return s->before >= 0 && s->before != s->run &&
		erg_attr_write_int(s->run, "%s/%s", dir, s->name) >= 0;
}

/* Changes what can be changed, and notes what is in force then: a driver takes the nearest it
 * can. */
static void change_all(struct erg_source *s, struct ina3221 *p)
{
	struct setting settings[] = {{"samples", 1, -1}, {"update_interval", 0, -1}};

	remember(p, settings, ERG_ARRAY_SIZE(settings));
	erg_guard_start(&p->guard);
	for (size_t i = 0; i < ERG_ARRAY_SIZE(settings); i++)
		p->changed |= change(p->dir, &settings[i]);
	if (!p->changed) {
		erg_guard_finish(&p->guard);
		return;
	}
	settle_board(s, p);
	json_decref(s->settings);
	s->settings = json_object();
	for (size_t i = 0; i < ERG_ARRAY_SIZE(settings); i++)
		if (settings[i].before >= 0)
			json_object_set_new(s->settings, settings[i].name,
				json_pack("{s:I, s:I}", "before", (json_int_t)settings[i].before,
					"during",
					(json_int_t)attr_or(p->dir, settings[i].name, -1)));
}

static int ina3221_start(struct erg_source *s, struct erg_err *err)
{
	struct ina3221 *p = ((struct erg_attr_source *)s)->priv;

	/* Started again after a failure: what was found is in p already. */
	if (!p->changed)
		change_all(s, p);
	set_model(s, p);
	return erg_attr_source_start(s, err);
}

static void ina3221_stop(struct erg_source *s)
{
	struct ina3221 *p = ((struct erg_attr_source *)s)->priv;

	erg_guard_finish(&p->guard);
	p->changed = false;
	erg_attr_source_stop(s);
}

static void ina3221_free(struct erg_source *s)
{
	if (s)
		ina3221_stop(s);
	erg_attr_source_free(s);
}

static const struct erg_source_ops ina3221_ops = {
	.kind = "hwmon",
	.slow = true,
	.start = ina3221_start,
	.read = erg_attr_source_read,
	.stop = ina3221_stop,
	.free = ina3221_free,
};

static int add_rail(struct erg_attr_source *s, const char *dir, int n)
{
	struct erg_channel_def current, voltage,
		power = {.quantity = ERG_Q_POWER, .unit = "uW", .scale = 1e-6, .lsb = 1};
	char rail[64];
	struct erg_attr *a;
	int r;

	if (erg_attr_read_line(rail, sizeof(rail), "%s/in%d_label", dir, n) < 0)
		snprintf(rail, sizeof(rail), "ina3221-%d", n);
	if (!erg_ina3221_connected(rail) || !erg_attr_exists("%s/curr%d_input", dir, n))
		return 0;
	{
		char enable[32];

		snprintf(enable, sizeof(enable), "in%d_enable", n);
		if (!attr_or(dir, enable, 1))
			return 0;
		snprintf(enable, sizeof(enable), "shunt%d_resistor", n);
		current = erg_ina3221_current(rail, attr_or(dir, enable, 0));
	}
	voltage = erg_ina3221_voltage(rail);
	if (erg_attr_exists("%s/power%d_input", dir, n)) {
		memcpy(power.rail, current.rail, sizeof(power.rail));
		power.gain_max = current.gain_max + voltage.gain_max;
		return erg_attr_source_add(s, &power, NULL, "%s/power%d_input", dir, n);
	}
	r = erg_attr_source_add(s, &current, &a, "%s/curr%d_input", dir, n);
	if (r < 0)
		return r;
	a->tries = 5;
	r = erg_attr_source_add(s, &voltage, &a, "%s/in%d_input", dir, n);
	if (r < 0)
		return r;
	a->tries = 5;
	a->every = VOLTAGE_EVERY;
	return 0;
}

static void note_settings(struct erg_source_list *list, const char *dir)
{
	char path[300];
	int64_t samples = attr_or(dir, "samples", 1);

	snprintf(path, sizeof(path), "%s/samples", dir);
	if (samples > 1 && access(path, W_OK))
		erg_source_list_note(list, "hwmon", path, "run as root: it is put back afterwards",
			"averages %lld conversions, and may not be changed: layers shorter than "
			"that blur",
			(long long)samples);
}

int erg_ina3221_find(const struct erg_source_config *cfg, const char *dir,
	struct erg_source_list *list)
{
	_cleanup_(erg_attr_source_freep) struct erg_attr_source *s =
		erg_attr_source_new(&ina3221_ops, cfg, ERG_CLASS_POWER, dir);
	struct ina3221 *p;
	int r = 0;

	if (!s)
		return -ENOMEM;
	s->priv = p = calloc(1, sizeof(*p));
	if (!p) {
		s->src.ops = &erg_hwmon_ops; /* free without a stop */
		return -ENOMEM;
	}
	snprintf(p->dir, sizeof(p->dir), "%s", dir);
	for (int n = 1; r >= 0 && n <= 3; n++)
		r = add_rail(s, dir, n);
	if (r >= 0)
		r = erg_attr_source_time(s, dir);
	if (r < 0)
		return r;
	set_model(&s->src, p);
	if (s->src.n_channels)
		note_settings(list, dir);
	return erg_attr_source_offer(&s, list, ERG_MEND_READ);
}
