/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The sensors of the simulated board: an INA3221 in hwmon (current and voltage of three rails) and,
 * on demand, energy counters in powercap.
 *
 * Beside the readings lie two files that a real driver does not have. ergtrace_model says how the
 * readings come about. ergtrace_time is the time of the reading that is shown (CLOCK_MONOTONIC ns;
 * 0 while readings are being replaced): who reads it before and after the values, and finds the
 * same non-zero number, has one coherent reading and its exact time.
 */
#include "tests/board/board.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#define HWMON "class/hwmon/hwmon0/"

static const char *const counter_dir[ERG_RAILS] = {"class/powercap/intel-rapl:0/",
	"class/powercap/intel-rapl:0:0/", "class/powercap/intel-rapl:0:1/"};
static const char *const counter_name[ERG_RAILS] = {"package-0", "core", "uncore"};

static int make(struct erg_board *b, struct erg_tree_file *f, const char *dir, const char *name,
	int width, const char *text, struct erg_err *err)
{
	char path[128];

	snprintf(path, sizeof(path), "%s%s", dir, name);
	return erg_tree_make(b->root_fd, path, 0644, width, text, f, err);
}

static int constant(struct erg_board *b, const char *dir, const char *name, const char *text,
	struct erg_err *err)
{
	char path[128];

	snprintf(path, sizeof(path), "%s%s", dir, name);
	return erg_tree_static(b->root_fd, path, text, err);
}

static void show_model(struct erg_board *b)
{
	const struct erg_adc_params *p = &b->adc[0].p;
	char text[256];

	snprintf(text, sizeof(text),
		"kind=%s\nalpha=%.9g\nwindow_ns=%llu\nperiod_ns=%llu\nlag_ns=%llu\nlag_u_ns=%llu",
		erg_sensor_kind_name(p->kind), p->alpha, (unsigned long long)p->window_ns,
		(unsigned long long)p->period_ns, (unsigned long long)p->lag_ns,
		(unsigned long long)b->cfg.lag_u_ns);
	erg_tree_put(&b->hwmon_model, text);
}

void erg_board_sensors_samples(struct erg_board *b, unsigned samples)
{
	b->samples = samples;
	for (int i = 0; i < ERG_RAILS; i++)
		b->adc[i].p.alpha = 1.0 / samples;
	show_model(b);
}

static int open_rail(struct erg_board *b, int i, struct erg_err *err)
{
	struct erg_adc_params p = b->cfg.adc;
	char name[32], text[32];
	int r;

	p.scale = 1e6 / b->cfg.rail_mv; /* W to mA */
	r = erg_adc_init(&b->adc[i], &p, b->t_ns, b->cfg.seed * 3 + (uint64_t)i + 1);
	if (r < 0)
		return erg_fail(err, r, "sensor: window or lag too long for its period");
	snprintf(name, sizeof(name), "in%d_label", i + 1);
	r = constant(b, HWMON, name, erg_truth_names[i], err);
	snprintf(name, sizeof(name), "shunt%d_resistor", i + 1);
	snprintf(text, sizeof(text), "%.0f", b->cfg.shunt_uohm);
	if (r == 0)
		r = constant(b, HWMON, name, text, err);
	snprintf(name, sizeof(name), "in%d_enable", i + 1);
	if (r == 0)
		r = constant(b, HWMON, name, "1", err);
	snprintf(name, sizeof(name), "in%d_input", i + 1);
	snprintf(text, sizeof(text), "%.0f", b->cfg.rail_mv);
	if (r == 0)
		r = make(b, &b->voltage[i], HWMON, name, 6, text, err);
	snprintf(name, sizeof(name), "curr%d_input", i + 1);
	if (r == 0)
		r = make(b, &b->current[i], HWMON, name, 6, "0", err);
	snprintf(name, sizeof(name), "power%d_input", i + 1);
	if (r == 0 && b->cfg.power_files)
		r = make(b, &b->power[i], HWMON, name, 9, "0", err);
	return r;
}

static int open_counter(struct erg_board *b, int i, struct erg_err *err)
{
	struct erg_adc_params p = {.kind = ERG_SENSOR_COUNTER,
		.period_ns = b->cfg.energy_period_ns,
		.gain = b->cfg.adc.gain,
		.lsb = b->cfg.energy_lsb_uj,
		.scale = 1e6};
	char text[128];
	int r = erg_adc_init(&b->counter[i], &p, b->t_ns, 1);

	if (r < 0)
		return erg_fail(err, r, "energy counter: period must be positive");
	r = constant(b, counter_dir[i], "name", counter_name[i], err);
	snprintf(text, sizeof(text), "%llu", (unsigned long long)b->cfg.energy_range_uj);
	if (r == 0)
		r = constant(b, counter_dir[i], "max_energy_range_uj", text, err);
	snprintf(text, sizeof(text),
		"kind=counter\nwindow_ns=0\nperiod_ns=%llu\nlag_ns=0\nlag_u_ns=0",
		(unsigned long long)b->cfg.energy_period_ns);
	if (r == 0)
		r = constant(b, counter_dir[i], "ergtrace_model", text, err);
	if (r == 0)
		r = make(b, &b->energy[i], counter_dir[i], "energy_uj", 14, "0", err);
	if (r == 0 && i == 0)
		r = make(b, &b->energy_time, counter_dir[i], "ergtrace_time", 20, "0", err);
	return r;
}

static void forget_files(struct erg_board *b)
{
	b->hwmon_time.fd = b->hwmon_model.fd = b->energy_time.fd = -1;
	for (int i = 0; i < ERG_RAILS; i++) {
		b->current[i].fd = b->voltage[i].fd = b->power[i].fd = -1;
		b->energy[i].fd = -1;
	}
}

static int open_meter(struct erg_board *b, struct erg_err *err)
{
	int r = erg_meter_open(&b->meter, b->cfg.rail_mv / 1000, b->t_ns, err);

	if (r < 0)
		return r;
	(void)unlinkat(b->root_fd, "ergboard/meter", 0); /* of a board before */
	if (symlinkat(b->meter.path, b->root_fd, "ergboard/meter") < 0)
		return erg_fail_errno(err, -errno, "ergboard/meter");
	return 0;
}

int erg_board_sensors_open(struct erg_board *b, struct erg_err *err)
{
	int r = 0;

	forget_files(b);
	b->samples = b->cfg.adc.kind == ERG_SENSOR_EMA ? (unsigned)(1 / b->cfg.adc.alpha + 0.5) : 1;
	r = constant(b, HWMON, "name", "ina3221", err);
	for (int i = 0; i < ERG_RAILS && r == 0; i++)
		r = open_rail(b, i, err);
	for (int i = 0; i < ERG_RAILS && r == 0 && b->cfg.energy; i++)
		r = open_counter(b, i, err);
	if (r == 0)
		r = make(b, &b->hwmon_time, HWMON, "ergtrace_time", 20, "0", err);
	if (r == 0)
		r = make(b, &b->hwmon_model, HWMON, "ergtrace_model", 0, "", err);
	if (r == 0)
		show_model(b);
	if (r == 0 && b->cfg.meter)
		r = open_meter(b, err);
	return r;
}

void erg_board_sensors_feed(struct erg_board *b, uint64_t to_ns, const struct erg_model_power *p)
{
	if (b->cfg.meter)
		erg_meter_feed(&b->meter, to_ns, p->rail_w[ERG_RAIL_IN]);
	for (int i = 0; i < ERG_RAILS; i++) {
		erg_adc_feed(&b->adc[i], to_ns, p->rail_w[i]);
		if (b->cfg.energy)
			erg_adc_feed(&b->counter[i], to_ns, p->rail_w[i]);
	}
}

/* The counters have edges at the same times, and one time. The range is 2^32 - 1 units. */
static void show_counters(struct erg_board *b)
{
	uint64_t wrap = b->cfg.energy_range_uj +
		(uint64_t)llround((double)b->cfg.energy_range_uj / UINT32_MAX);
	struct erg_adc_shown s[ERG_RAILS];

	for (int i = 0; i < ERG_RAILS; i++)
		if (!erg_adc_read(&b->counter[i], b->t_ns, &s[i]))
			return;
	if (s[0].time_ns == b->energy_shown)
		return;
	erg_tree_put_int(&b->energy_time, 0);
	for (int i = 0; i < ERG_RAILS; i++)
		erg_tree_put_int(&b->energy[i], (int64_t)((uint64_t)s[i].value % wrap));
	erg_tree_put_int(&b->energy_time, (int64_t)s[0].time_ns);
	b->energy_shown = s[0].time_ns;
}

void erg_board_sensors_show(struct erg_board *b)
{
	struct erg_adc_shown s[ERG_RAILS];

	if (b->cfg.energy)
		show_counters(b);
	if (b->cfg.meter)
		erg_meter_serve(&b->meter);
	for (int i = 0; i < ERG_RAILS; i++)
		if (!erg_adc_read(&b->adc[i], b->t_ns, &s[i]))
			return;
	if (s[0].time_ns == b->hwmon_shown)
		return;
	erg_tree_put_int(&b->hwmon_time, 0);
	for (int i = 0; i < ERG_RAILS; i++) {
		int64_t ma = (int64_t)floor(s[i].value + 0.5);

		erg_tree_put_int(&b->current[i], ma);
		if (b->cfg.power_files)
			erg_tree_put_int(&b->power[i],
				(int64_t)floor((double)ma * b->cfg.rail_mv + 0.5));
	}
	erg_tree_put_int(&b->hwmon_time, (int64_t)s[0].time_ns);
	b->hwmon_shown = s[0].time_ns;
}

void erg_board_sensors_close(struct erg_board *b)
{
	erg_meter_close(&b->meter);
	for (int i = 0; i < ERG_RAILS; i++) {
		erg_tree_close(&b->current[i]);
		erg_tree_close(&b->voltage[i]);
		erg_tree_close(&b->power[i]);
		erg_tree_close(&b->energy[i]);
	}
	erg_tree_close(&b->energy_time);
	erg_tree_close(&b->hwmon_time);
	erg_tree_close(&b->hwmon_model);
}
