/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The attributes of the simulated board: knobs, and values that change slowly.
 *
 * Each attribute has a function that shows it and, if it can be written, one that stores: it takes
 * the text or refuses it. After every poll each file is made to show what is in force, which is
 * how a refused value disappears again.
 */
#include "tests/board/board.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define POLICY "devices/system/cpu/cpufreq/policy0/"
#define GPU "class/devfreq/57000000.gpu/"
#define CAP "class/powercap/intel-rapl:0/"
#define HWMON "class/hwmon/hwmon0/"
#define CAP_MAX_W 30.0

struct erg_attribute {
	const char *path;
	void (*show)(const struct erg_board *b, int arg, char *buf, size_t size);
	void (*store)(struct erg_board *b, int arg, const char *text);
	int arg;
	int width;
	struct erg_tree_file file;
};

static bool number(const char *text, long long min, long long max, long long *ret)
{
	char *end;
	long long v;

	errno = 0;
	v = strtoll(text, &end, 10);
	if (end == text || *end || errno || v < min || v > max)
		return false;
	*ret = v;
	return true;
}

/* cpufreq and devfreq: arg 0 the CPU's governor in kHz, 1 the GPU's in Hz. */

static struct erg_governor *governor(struct erg_board *b, int arg)
{
	return arg ? &b->control.gpu : &b->control.cpu;
}

static const struct erg_governor *governor_const(const struct erg_board *b, int arg)
{
	return arg ? &b->control.gpu : &b->control.cpu;
}

static void show_khz(uint32_t khz, int arg, char *buf, size_t size)
{
	snprintf(buf, size, "%llu", khz * (arg ? 1000ull : 1ull));
}

static bool parse_khz(int arg, const char *text, uint32_t *ret)
{
	long long v;

	if (!number(text, 0, 10000000000ll, &v))
		return false;
	*ret = (uint32_t)(arg ? v / 1000 : v);
	return true;
}

static void show_governor(const struct erg_board *b, int arg, char *buf, size_t size)
{
	snprintf(buf, size, "%s", governor_const(b, arg)->name);
}

static void store_governor(struct erg_board *b, int arg, const char *text)
{
	static const char *const known[] = {"userspace", "performance", "powersave", "ondemand",
		"schedutil"};
	struct erg_governor *g = governor(b, arg);

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(text, known[i]) == 0)
			snprintf(g->name, sizeof(g->name), "%s", text);
}

static void show_set(const struct erg_board *b, int arg, char *buf, size_t size)
{
	const struct erg_governor *g = governor_const(b, arg);

	if (strcmp(g->name, "userspace") == 0)
		show_khz(g->set_khz, arg, buf, size);
	else
		snprintf(buf, size, "<unsupported>");
}

static void store_set(struct erg_board *b, int arg, const char *text)
{
	struct erg_governor *g = governor(b, arg);
	uint32_t khz;

	if (strcmp(g->name, "userspace") == 0 && parse_khz(arg, text, &khz) &&
		erg_clock_valid(g->table, khz))
		g->set_khz = khz;
}

static void show_min(const struct erg_board *b, int arg, char *buf, size_t size)
{
	show_khz(governor_const(b, arg)->min_khz, arg, buf, size);
}

static void store_min(struct erg_board *b, int arg, const char *text)
{
	struct erg_governor *g = governor(b, arg);
	uint32_t khz;

	if (parse_khz(arg, text, &khz) && erg_clock_valid(g->table, khz) && khz <= g->max_khz)
		g->min_khz = khz;
}

static void show_max(const struct erg_board *b, int arg, char *buf, size_t size)
{
	show_khz(governor_const(b, arg)->max_khz, arg, buf, size);
}

static void store_max(struct erg_board *b, int arg, const char *text)
{
	struct erg_governor *g = governor(b, arg);
	uint32_t khz;

	if (parse_khz(arg, text, &khz) && erg_clock_valid(g->table, khz) && khz >= g->min_khz)
		g->max_khz = khz;
}

static void show_cur(const struct erg_board *b, int arg, char *buf, size_t size)
{
	show_khz(governor_const(b, arg)->cur_khz, arg, buf, size);
}

/* Power cap. */

static void show_cap(const struct erg_board *b, int arg, char *buf, size_t size)
{
	double w = b->control.cap_w > 0 ? b->control.cap_w : CAP_MAX_W;

	snprintf(buf, size, "%.0f", w * 1e6);
}

static void store_cap(struct erg_board *b, int arg, const char *text)
{
	long long uw;

	if (number(text, 2000000, (long long)(CAP_MAX_W * 1e6), &uw))
		b->control.cap_w = uw >= CAP_MAX_W * 1e6 ? 0 : (double)uw * 1e-6;
}

/* Heat: zones (0 die, 1 GPU, 2 board), fan, throttle, the board's own switches. */

static void show_temp(const struct erg_board *b, int arg, char *buf, size_t size)
{
	double c = arg == 2 ? b->control.ambient_c + b->heat.x_k[1] : erg_board_temp(b);
	double lsb = b->cfg.temp_lsb_c;

	snprintf(buf, size, "%.0f", 1000 * (lsb > 0 ? lsb * floor(c / lsb + 0.5) : c));
}

static void show_pwm(const struct erg_board *b, int arg, char *buf, size_t size)
{
	snprintf(buf, size, "%u", b->control.pwm);
}

static void store_pwm(struct erg_board *b, int arg, const char *text)
{
	long long v;

	if (number(text, 0, 255, &v))
		b->control.pwm = (unsigned)v;
}

static void show_rpm(const struct erg_board *b, int arg, char *buf, size_t size)
{
	snprintf(buf, size, "%u", b->control.pwm * 4500 / 255);
}

static void show_steps(const struct erg_board *b, int arg, char *buf, size_t size)
{
	snprintf(buf, size, "%zu", b->control.thermal_steps);
}

static void show_throttles(const struct erg_board *b, int arg, char *buf, size_t size)
{
	snprintf(buf, size, "%llu",
		(unsigned long long)(arg ? b->control.cap_events : b->control.throttle_events));
}

static void show_sink(const struct erg_board *b, int arg, char *buf, size_t size)
{
	snprintf(buf, size, "%s", b->control.sink ? "on" : "off");
}

static void store_sink(struct erg_board *b, int arg, const char *text)
{
	if (strcmp(text, "on") == 0 || strcmp(text, "off") == 0)
		b->control.sink = text[1] == 'n';
}

static void show_ambient(const struct erg_board *b, int arg, char *buf, size_t size)
{
	snprintf(buf, size, "%.0f", b->control.ambient_c * 1000);
}

static void store_ambient(struct erg_board *b, int arg, const char *text)
{
	long long v;

	if (number(text, -40000, 85000, &v))
		b->control.ambient_c = (double)v / 1000;
}

static void show_late(const struct erg_board *b, int arg, char *buf, size_t size)
{
	snprintf(buf, size, "%llu", (unsigned long long)b->late);
}

/* CPUs. */

static void show_online(const struct erg_board *b, int arg, char *buf, size_t size)
{
	snprintf(buf, size, "%u", b->control.online >> arg & 1);
}

static void store_online(struct erg_board *b, int arg, const char *text)
{
	if (arg > 0 && (strcmp(text, "0") == 0 || strcmp(text, "1") == 0))
		b->control.online =
			(b->control.online & ~(1u << arg)) | (uint32_t)(text[0] - '0') << arg;
}

static void show_online_list(const struct erg_board *b, int arg, char *buf, size_t size)
{
	size_t n = 0;

	buf[0] = 0;
	for (unsigned i = 0; i < b->cfg.model.cpus; i++)
		if (b->control.online >> i & 1)
			n += (size_t)snprintf(buf + n, size - n, "%s%u", n ? "," : "", i);
}

/* The sensor's averaging. */

static void show_samples(const struct erg_board *b, int arg, char *buf, size_t size)
{
	snprintf(buf, size, "%u", b->samples);
}

static void store_samples(struct erg_board *b, int arg, const char *text)
{
	long long v;

	if (b->cfg.adc.kind == ERG_SENSOR_EMA && !b->cfg.sensor_locked &&
		number(text, 1, 1024, &v) && (v & (v - 1)) == 0)
		erg_board_sensors_samples(b, (unsigned)v);
}

static void show_interval(const struct erg_board *b, int arg, char *buf, size_t size)
{
	snprintf(buf, size, "%llu",
		(unsigned long long)((b->cfg.adc.period_ns * b->samples + 500000) / 1000000));
}

static const struct erg_attribute table[] = {
	{POLICY "scaling_governor", show_governor, store_governor, 0, 0},
	{POLICY "scaling_setspeed", show_set, store_set, 0, 0},
	{POLICY "scaling_min_freq", show_min, store_min, 0, 0},
	{POLICY "scaling_max_freq", show_max, store_max, 0, 0},
	{POLICY "scaling_cur_freq", show_cur, NULL, 0, 8},
	{POLICY "cpuinfo_cur_freq", show_cur, NULL, 0, 8},
	{GPU "governor", show_governor, store_governor, 1, 0},
	{GPU "userspace/set_freq", show_set, store_set, 1, 0},
	{GPU "min_freq", show_min, store_min, 1, 0},
	{GPU "max_freq", show_max, store_max, 1, 0},
	{GPU "cur_freq", show_cur, NULL, 1, 11},
	{GPU "target_freq", show_cur, NULL, 1, 11},
	{CAP "constraint_0_power_limit_uw", show_cap, store_cap, 0, 0},
	{"class/thermal/thermal_zone0/temp", show_temp, NULL, 0, 7},
	{"class/thermal/thermal_zone1/temp", show_temp, NULL, 1, 7},
	{"class/thermal/thermal_zone2/temp", show_temp, NULL, 2, 7},
	{"class/thermal/cooling_device0/cur_state", show_steps, NULL, 0, 3},
	{"devices/system/cpu/cpu0/thermal_throttle/core_throttle_count", show_throttles, NULL, 0,
		8},
	{"devices/system/cpu/cpu0/thermal_throttle/package_throttle_count", show_throttles, NULL, 0,
		8},
	{"ergboard/cap_count", show_throttles, NULL, 1, 8},
	{"class/hwmon/hwmon1/pwm1", show_pwm, store_pwm, 0, 0},
	{"class/hwmon/hwmon1/fan1_input", show_rpm, NULL, 0, 5},
	{"devices/system/cpu/online", show_online_list, NULL, 0, 0},
	{"ergboard/heatsink", show_sink, store_sink, 0, 0},
	{"ergboard/ambient_mdegc", show_ambient, store_ambient, 0, 0},
	{"ergboard/late_transitions", show_late, NULL, 0, 8},
	{HWMON "samples", show_samples, store_samples, 0, 0},
	{HWMON "update_interval", show_interval, NULL, 0, 0},
};

#define N_TABLE (sizeof(table) / sizeof(table[0]))

static const struct {
	const char *path, *text;
} fixed[] = {
	{POLICY "scaling_available_governors",
		"userspace performance powersave ondemand schedutil"},
	{POLICY "scaling_driver", "erg-board"},
	{POLICY "cpuinfo_transition_latency", "10000000"},
	{GPU "available_governors", "userspace performance powersave ondemand schedutil"},
	{GPU "polling_interval", "10"},
	{CAP "name", "package-0"},
	{CAP "enabled", "1"},
	{CAP "constraint_0_name", "long_term"},
	{CAP "constraint_0_max_power_uw", "30000000"},
	{CAP "constraint_0_time_window_us", "50000"},
	{"class/thermal/thermal_zone0/type", "CPU-therm"},
	{"class/thermal/thermal_zone0/trip_point_0_type", "passive"},
	{"class/thermal/thermal_zone1/type", "GPU-therm"},
	{"class/thermal/thermal_zone2/type", "Tboard_tegra"},
	{"class/thermal/cooling_device0/type", "thermal-cpufreq"},
	{"class/thermal/cooling_device0/max_state", "16"},
	{"class/hwmon/hwmon1/name", "pwmfan"},
	{"class/hwmon/hwmon1/pwm1_enable", "1"},
};

static int make_fixed(struct erg_board *b, struct erg_err *err)
{
	char text[64];
	int r = 0;

	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]) && r == 0; i++)
		r = erg_tree_static(b->root_fd, fixed[i].path, fixed[i].text, err);
	snprintf(text, sizeof(text), "%.0f", b->cfg.model.trip_c * 1000);
	if (r == 0)
		r = erg_tree_static(b->root_fd, "class/thermal/thermal_zone0/trip_point_0_temp",
			text, err);
	return r;
}

static int make_clocks(struct erg_board *b, int arg, struct erg_err *err)
{
	const struct erg_clock_table *t = governor(b, arg)->table;
	char text[ERG_TREE_TEXT_MAX], low[24], high[24];
	size_t n = 0;
	int r;

	for (size_t i = 0; i < t->n; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%llu", i ? " " : "",
			t->khz[i] * (arg ? 1000ull : 1ull));
	if (arg)
		return erg_tree_static(b->root_fd, GPU "available_frequencies", text, err);
	snprintf(low, sizeof(low), "%u", t->khz[0]);
	snprintf(high, sizeof(high), "%u", t->khz[t->n - 1]);
	r = erg_tree_static(b->root_fd, POLICY "scaling_available_frequencies", text, err);
	if (r == 0)
		r = erg_tree_static(b->root_fd, POLICY "cpuinfo_min_freq", low, err);
	if (r == 0)
		r = erg_tree_static(b->root_fd, POLICY "cpuinfo_max_freq", high, err);
	return r;
}

static int make_cpus(struct erg_board *b, struct erg_err *err)
{
	char range[16], list[64] = "";
	int r;

	snprintf(range, sizeof(range), "0-%u", b->cfg.model.cpus - 1);
	for (unsigned i = 0; i < b->cfg.model.cpus; i++)
		snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%u", i ? " " : "", i);
	r = erg_tree_static(b->root_fd, POLICY "affected_cpus", list, err);
	if (r == 0)
		r = erg_tree_static(b->root_fd, POLICY "related_cpus", list, err);
	if (r == 0)
		r = erg_tree_static(b->root_fd, "devices/system/cpu/possible", range, err);
	if (r == 0)
		r = erg_tree_static(b->root_fd, "devices/system/cpu/present", range, err);
	return r;
}

static int make_attribute(struct erg_board *b, const struct erg_attribute *a, const char *path,
	struct erg_err *err)
{
	struct erg_attribute *slot = &b->attributes[b->n_attributes];
	char text[ERG_TREE_TEXT_MAX];
	int r;

	*slot = *a;
	a->show(b, a->arg, text, sizeof(text));
	r = erg_tree_make(b->root_fd, path, a->store ? 0644 : 0444, a->width, text, &slot->file,
		err);
	if (r == 0)
		b->n_attributes++;
	return r;
}

int erg_board_files_open(struct erg_board *b, struct erg_err *err)
{
	int r = make_fixed(b, err);

	b->attributes = calloc(N_TABLE + b->cfg.model.cpus, sizeof(*b->attributes));
	if (!b->attributes)
		return erg_fail(err, -ENOMEM, "no memory");
	if (r == 0)
		r = make_clocks(b, 0, err);
	if (r == 0)
		r = make_clocks(b, 1, err);
	if (r == 0)
		r = make_cpus(b, err);
	for (size_t i = 0; i < N_TABLE && r == 0; i++)
		r = make_attribute(b, &table[i], table[i].path, err);
	for (int i = 0; i < (int)b->cfg.model.cpus && r == 0; i++) {
		struct erg_attribute online = {.show = show_online,
			.store = i > 0 ? store_online : NULL,
			.arg = i};
		char path[64];

		snprintf(path, sizeof(path), "devices/system/cpu/cpu%d/online", i);
		r = make_attribute(b, &online, path, err);
	}
	if (r == 0)
		r = erg_tree_make(b->root_fd, "ergboard/looks", 0444, 10, "1", &b->looks, err);
	return r;
}

void erg_board_files_poll(struct erg_board *b)
{
	char text[ERG_TREE_TEXT_MAX];

	for (size_t i = 0; i < b->n_attributes; i++) {
		struct erg_attribute *a = &b->attributes[i];

		if (a->store && erg_tree_poll(&a->file, text))
			a->store(b, a->arg, text);
	}
	for (size_t i = 0; i < b->n_attributes; i++) {
		struct erg_attribute *a = &b->attributes[i];

		a->show(b, a->arg, text, sizeof(text));
		erg_tree_put(&a->file, text);
	}
	erg_tree_put_int(&b->looks, (int64_t)(++b->n_looks));
}

void erg_board_files_close(struct erg_board *b)
{
	erg_tree_close(&b->looks);
	for (size_t i = 0; i < b->n_attributes; i++)
		erg_tree_close(&b->attributes[i].file);
	free(b->attributes);
	b->attributes = NULL;
	b->n_attributes = 0;
}
