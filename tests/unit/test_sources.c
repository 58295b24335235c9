/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Drivers that read files: trees as the kernel's documentation describes them, and their quirks. */
#include "tests/unit/sources_fixture.h"

#include <sys/resource.h>

/* ---- the common part ---- */

static void test_parse(void **state)
{
	static const struct {
		const char *text;
		int r;
		int64_t value;
	} rows[] = {
		{"0\n", 0, 0},
		{"-12 ", 0, -12},
		{"+7", 0, 7},
		{" 42\n", 0, 42},
		{"9223372036854775807\n", 0, INT64_MAX},
		{"12\n345", 0, 12},
		{"9223372036854775808", -ERANGE, 0},
		{"18446744073709551617", -ERANGE, 0},
		{"", -EBADMSG, 0},
		{"\n", -EBADMSG, 0},
		{"-", -EBADMSG, 0},
		{"12x", -EBADMSG, 0},
		{"1.5", -EBADMSG, 0},
		{"N/A", -EBADMSG, 0},
	};

	for (size_t i = 0; i < ERG_ARRAY_SIZE(rows); i++) {
		int64_t v = 0;

		assert_int_equal(erg_attr_parse(rows[i].text, &v), rows[i].r);
		if (!rows[i].r)
			assert_true(v == rows[i].value);
	}
}

static void test_names_in_order(void **state)
{
	struct fixture *f = *state;
	struct erg_names names;
	char dir[128];

	tree_put(&f->tree, "d/hwmon10/name", "b");
	tree_put(&f->tree, "d/hwmon2/name", "a");
	tree_put(&f->tree, "d/other/name", "c");
	snprintf(dir, sizeof(dir), "%s/d", f->tree.dir);
	assert_int_equal(erg_names_list(&names, dir, "hwmon"), 0);
	assert_int_equal(names.n, 2);
	assert_string_equal(names.name[0], "hwmon2");
	assert_string_equal(names.name[1], "hwmon10");
	erg_names_freep(&names);
}

/* ---- hwmon ---- */

static void make_hwmon(const struct fixture *f)
{
	tree_put(&f->tree, "class/hwmon/hwmon0/name", "ina226");
	tree_put(&f->tree, "class/hwmon/hwmon0/power1_input", "3250000");
	tree_put(&f->tree, "class/hwmon/hwmon0/power1_label", "VDD_BOARD");
	tree_put(&f->tree, "class/hwmon/hwmon0/curr1_input", "650");
	tree_put(&f->tree, "class/hwmon/hwmon0/in1_input", "5000");
	tree_put(&f->tree, "class/hwmon/hwmon0/update_interval", "2");
	tree_put(&f->tree, "class/hwmon/hwmon1/name", "multi");
	tree_put(&f->tree, "class/hwmon/hwmon1/curr2_input", "100");
	tree_put(&f->tree, "class/hwmon/hwmon1/in2_input", "12000");
	tree_put(&f->tree, "class/hwmon/hwmon1/in2_label", "VDD_12V");
	tree_put(&f->tree, "class/hwmon/hwmon1/in3_input", "3300");
	tree_put(&f->tree, "class/hwmon/hwmon1/power4_average", "1500000");
	tree_put(&f->tree, "class/hwmon/hwmon1/power1_average_interval", "1000");
	tree_put(&f->tree, "class/hwmon/hwmon1/energy1_input", "77");
	tree_put(&f->tree, "class/hwmon/hwmon1/temp1_input", "45500");
	tree_put(&f->tree, "class/hwmon/hwmon1/temp1_label", "die");
	tree_put(&f->tree, "class/hwmon/hwmon1/fan1_input", "2400");
	tree_put(&f->tree, "class/hwmon/hwmon1/pwm1", "128");
	tree_put(&f->tree, "class/hwmon/hwmon1/freq1_input", "1700000000");
	tree_put(&f->tree, "class/hwmon/hwmon1/freq1_label", "sclk");
	tree_put(&f->tree, "class/hwmon/hwmon1/pwm1_enable", "1");
}

static void test_hwmon(void **state)
{
	struct fixture *f = *state;
	struct erg_source *s;
	size_t c;

	make_hwmon(f);
	assert_int_equal(find(f, "hwmon"), 0);
	assert_int_equal(f->list.n, 6); /* ina226; of multi V x I, average, energy, clock, heat */
	start_all(f);
	assert_int_equal(value_of(f, "VDD_BOARD", ERG_Q_POWER), 3250000);
	s = channel(f, "VDD_BOARD", ERG_Q_POWER, &c);
	assert_int_equal(s->n_channels, 1); /* power makes V and I superfluous */
	assert_int_equal(s->model.period_ns, 2000000);
	assert_int_equal(s->model.provenance, ERG_PROVENANCE_ASSUMED);
	assert_int_equal(value_of(f, "VDD_12V", ERG_Q_CURRENT), 100);
	assert_int_equal(value_of(f, "VDD_12V", ERG_Q_VOLTAGE), 12000);
	s = channel(f, "multi-power4", ERG_Q_POWER, &c);
	assert_int_equal(s->model.kind, ERG_SENSOR_BOXCAR);
	assert_int_equal(s->model.window_ns, 1000000000);
	s = channel(f, "multi-energy1", ERG_Q_ENERGY, &c);
	assert_int_equal(s->model.kind, ERG_SENSOR_COUNTER);
	assert_int_equal(value_of(f, "die", ERG_Q_TEMPERATURE), 45500);
	assert_int_equal(value_of(f, "multi-fan1", ERG_Q_SPEED), 2400);
	assert_int_equal(value_of(f, "multi-pwm1", ERG_Q_SPEED), 128);
	assert_int_equal(value_of(f, "sclk", ERG_Q_FREQUENCY), 1700000000);
	s = channel(f, "die", ERG_Q_TEMPERATURE, &c);
	assert_int_equal(s->cls, ERG_CLASS_THERMAL);
	assert_true(s->rate_fixed);
}

static void test_model_of_board(void **state)
{
	struct fixture *f = *state;
	struct erg_source *s;
	size_t c;

	make_hwmon(f);
	tree_put(&f->tree, "class/hwmon/hwmon0/ergtrace_model",
		"kind=ema\nalpha=0.25\nwindow_ns=2200000\nperiod_ns=6600000\nlag_ns=150000\n"
		"nonsense=1\nalpha=7");
	f->cfg.simulated = true;
	assert_int_equal(find(f, "hwmon"), 0);
	s = channel(f, "VDD_BOARD", ERG_Q_POWER, &c);
	assert_int_equal(s->model.kind, ERG_SENSOR_EMA);
	assert_float_equal(s->model.alpha, 0.25, 0);
	assert_int_equal(s->model.window_ns, 2200000);
	assert_int_equal(s->model.period_ns, 6600000);
	assert_int_equal(s->model.lag_ns, 150000);
	assert_int_equal(s->model.provenance, ERG_PROVENANCE_DRIVER);
	assert_true(s->simulated);
}

/* As the simulated board writes it: every number, whatever its kind. */
static void test_model_with_words_of_other_kinds(void **state)
{
	struct fixture *f = *state;
	struct erg_source *s;
	size_t c;

	make_hwmon(f);
	tree_put(&f->tree, "class/hwmon/hwmon0/ergtrace_model",
		"kind=boxcar\nalpha=1\nwindow_ns=1000000\nperiod_ns=1000000\nlag_ns=0\nlag_u_ns=0");
	f->cfg.simulated = true;
	assert_int_equal(find(f, "hwmon"), 0);
	s = channel(f, "VDD_BOARD", ERG_Q_POWER, &c);
	assert_int_equal(s->model.kind, ERG_SENSOR_BOXCAR);
	assert_int_equal(s->model.window_ns, 1000000);
	assert_int_equal(s->model.provenance, ERG_PROVENANCE_DRIVER);
}

static unsigned int again; /* how many reads give EAGAIN */

static ssize_t faulty_pread(int fd, void *buf, size_t n, off_t offset)
{
	if (!again)
		return pread(fd, buf, n, offset);
	again--;
	errno = EAGAIN;
	return -1;
}

static void test_quirks(void **state)
{
	struct fixture *f = *state;

	make_hwmon(f);
	assert_int_equal(find(f, "hwmon:VDD_12V"), 0);
	assert_int_equal(f->list.n, 1);
	start_all(f);
	erg_attr_pread = faulty_pread;
	again = 1; /* one EAGAIN is tried again */
	assert_int_equal(value_of(f, "VDD_12V", ERG_Q_CURRENT), 100);
	again = 2; /* two cost the channel this reading, not the others */
	assert_int_equal(value_of(f, "VDD_12V", ERG_Q_CURRENT), ERG_VALUE_NONE);
	assert_int_equal(f->values[1], 12000);
	tree_put(&f->tree, "class/hwmon/hwmon1/curr2_input", "garbage");
	assert_int_equal(value_of(f, "VDD_12V", ERG_Q_CURRENT), ERG_VALUE_NONE);
	tree_put(&f->tree, "class/hwmon/hwmon1/in2_input", "%s", "");
	assert_int_equal(f->list.sources[0]->ops->read(f->list.sources[0], f->values, &f->native),
		-EBADMSG);
	tree_put(&f->tree, "class/hwmon/hwmon1/curr2_input", "101");
	assert_int_equal(value_of(f, "VDD_12V", ERG_Q_CURRENT), 101);
}

/* A file that vanishes is lost within a second, and found again within another. */
static void test_vanishing(void **state)
{
	struct fixture *f = *state;
	int64_t v;

	make_hwmon(f);
	assert_int_equal(find(f, "hwmon:VDD_BOARD"), 0);
	start_all(f);
	assert_int_equal(value_of(f, "VDD_BOARD", ERG_Q_POWER), 3250000);
	tree_remove(&f->tree, "class/hwmon/hwmon0/power1_input");
	do {
		usleep(20000);
		v = value_of(f, "VDD_BOARD", ERG_Q_POWER);
	} while (v != ERG_VALUE_NONE);
	tree_put(&f->tree, "class/hwmon/hwmon0/power1_input", "4000000");
	do {
		usleep(20000);
		v = value_of(f, "VDD_BOARD", ERG_Q_POWER);
	} while (v == ERG_VALUE_NONE);
	assert_int_equal(v, 4000000);
	f->list.sources[0]->ops->stop(f->list.sources[0]);
	f->list.sources[0]->ops->stop(f->list.sources[0]);
}

static void test_same_names(void **state)
{
	struct fixture *f = *state;
	size_t c;

	for (int i = 0; i < 2; i++) {
		char path[96];

		snprintf(path, sizeof(path), "class/hwmon/hwmon%d/name", i);
		tree_put(&f->tree, path, "psu");
		snprintf(path, sizeof(path), "class/hwmon/hwmon%d/power1_input", i);
		tree_put(&f->tree, path, "%d", 1000 + i);
	}
	assert_int_equal(find(f, "hwmon"), 0);
	start_all(f);
	assert_int_equal(value_of(f, "psu-power1", ERG_Q_POWER), 1000);
	assert_int_equal(value_of(f, "psu-power1@hwmon1", ERG_Q_POWER), 1001);
	assert_int_equal(f->list.n_notes, 1);
	assert_non_null(channel(f, "psu-power1", ERG_Q_POWER, &c));
}

/* ---- powercap ---- */

static void test_powercap(void **state)
{
	static const char *const zones[][2] = {{"intel-rapl:0", "package-0"},
		{"intel-rapl:0:0", "core"}, {"intel-rapl:0:1", "uncore"},
		{"intel-rapl:0:2", "dram"}, {"intel-rapl:1", "package-1"},
		{"intel-rapl:1:0", "core"}, {"intel-rapl-mmio:0", "package-0"}};
	struct fixture *f = *state;
	struct erg_source *s;
	size_t c;

	for (size_t i = 0; i < ERG_ARRAY_SIZE(zones); i++) {
		char path[96];

		snprintf(path, sizeof(path), "class/powercap/%s/name", zones[i][0]);
		tree_put(&f->tree, path, "%s", zones[i][1]);
		snprintf(path, sizeof(path), "class/powercap/%s/energy_uj", zones[i][0]);
		tree_put(&f->tree, path, "%zu", 262143328000 + i);
		snprintf(path, sizeof(path), "class/powercap/%s/max_energy_range_uj", zones[i][0]);
		tree_put(&f->tree, path, "262143328850");
	}
	assert_int_equal(find(f, "powercap"), 0);
	assert_int_equal(f->list.n, 2); /* a source for each package; mmio is a duplicate */
	start_all(f);
	assert_true(value_of(f, "package-0", ERG_Q_ENERGY) == 262143328000);
	s = channel(f, "core-0", ERG_Q_ENERGY, &c);
	assert_string_equal(s->channels[c].parent, "package-0");
	assert_float_equal(s->channels[c].lsb, 61.035, 0.001);
	assert_int_equal(s->model.kind, ERG_SENSOR_COUNTER);
	/* 2^32 units: one more than the range */
	assert_true(s->channels[c].wrap > 262143328850 && s->channels[c].wrap <= 262143328912);
	s = channel(f, "core-1", ERG_Q_ENERGY, &c);
	assert_string_equal(s->channels[c].parent, "package-1");
	s = channel(f, "dram-0", ERG_Q_ENERGY, &c);
	assert_string_equal(s->channels[c].parent, "");
	/* the other door alone, and another kind of zone */
	tree_free(&f->tree);
	assert_int_equal(mkdir(f->tree.dir, 0700), 0);
	tree_put(&f->tree, "class/powercap/intel-rapl-mmio:0/name", "package-0");
	tree_put(&f->tree, "class/powercap/intel-rapl-mmio:0/energy_uj", "7");
	tree_put(&f->tree, "class/powercap/arm-scmi:0/name", "soc");
	tree_put(&f->tree, "class/powercap/arm-scmi:0/energy_uj", "8");
	tree_put(&f->tree, "class/powercap/arm-scmi:0:0/name", "cluster");
	tree_put(&f->tree, "class/powercap/arm-scmi:0:0/energy_uj", "9");
	assert_int_equal(find(f, "powercap"), 0);
	start_all(f);
	assert_int_equal(value_of(f, "package-0", ERG_Q_ENERGY), 7);
	assert_int_equal(value_of(f, "cluster", ERG_Q_ENERGY), 9);
	assert_string_equal(parent_of(f, "cluster", ERG_Q_ENERGY), "soc");
}

/* The registers that say whether RAPL is filtered, of CPU 0, at their numbers. */
static void put_msrs(const struct fixture *f, uint16_t capabilities, uint8_t package_control)
{
	uint8_t msr[0x10a + 8] = {0};

	msr[0x10a] = (uint8_t)capabilities;
	msr[0x10b] = (uint8_t)(capabilities >> 8);
	msr[0xbc] = package_control;
	tree_bytes(&f->tree, "dev/cpu/0/msr", msr, sizeof(msr));
}

static void test_energy_filtering(void **state)
{
	struct fixture *f = *state;

	tree_put(&f->tree, "class/powercap/intel-rapl:0/name", "package-0");
	tree_put(&f->tree, "class/powercap/intel-rapl:0/energy_uj", "7");
	tree_put(&f->tree, "class/powercap/intel-rapl:0/max_energy_range_uj", "262143328850");
	assert_int_equal(find(f, "powercap"), 0);
	assert_int_equal(f->list.n_notes, 0);
	put_msrs(f, 1 << 11, 0);
	assert_int_equal(find(f, "powercap"), 0);
	assert_int_equal(f->list.n_notes, 0);
	assert_int_equal(f->list.sources[0]->model.provenance, ERG_PROVENANCE_DATASHEET);
	put_msrs(f, 1 << 11, 1);
	assert_int_equal(find(f, "powercap"), 0);
	assert_non_null(strstr(f->list.notes[0].reason, "energy filtering is on"));
	assert_int_equal(f->list.sources[0]->model.provenance, ERG_PROVENANCE_ASSUMED);
	put_msrs(f, 0, 1); /* without the capability the register means nothing */
	tree_put(&f->tree, "proc/cpuinfo", "flags\t\t: fpu sgx vme");
	assert_int_equal(find(f, "powercap"), 0);
	assert_non_null(strstr(f->list.notes[0].reason, "has SGX"));
	assert_int_equal(f->list.sources[0]->model.provenance, ERG_PROVENANCE_DATASHEET);
}

/* However low --rate is, a counter is read before it goes round unseen. */
static void test_powercap_interval(void **state)
{
	struct fixture *f = *state;

	tree_put(&f->tree, "class/powercap/intel-rapl:0/name", "package-0");
	tree_put(&f->tree, "class/powercap/intel-rapl:0/energy_uj", "7");
	tree_put(&f->tree, "class/powercap/intel-rapl:0/max_energy_range_uj", "65532610987");
	f->cfg.interval_ns = 1000000;
	assert_int_equal(find(f, "powercap"), 0);
	assert_int_equal(f->list.sources[0]->interval_ns, 0);
	f->cfg.interval_ns = 100000000000; /* --rate 0.01 */
	assert_int_equal(find(f, "powercap"), 0);
	assert_true(f->list.sources[0]->rate_fixed);
	assert_in_range(f->list.sources[0]->interval_ns, 16000000000, 16400000000);
	/* a range that no counter has is none: it would have to be read every 250 ns */
	tree_put(&f->tree, "class/powercap/intel-rapl:0/max_energy_range_uj", "1000");
	assert_int_equal(find(f, "powercap"), 0);
	assert_false(f->list.sources[0]->rate_fixed);
	assert_int_equal(f->list.sources[0]->channels[0].wrap, 0);
	assert_non_null(strstr(f->list.notes[0].reason, "does not tell where it wraps"));
}

/* ---- thermal, cpufreq, procstat ---- */

static void test_thermal(void **state)
{
	struct fixture *f = *state;
	struct erg_source *s;
	size_t c;

	tree_put(&f->tree, "class/thermal/thermal_zone0/type", "CPU-therm");
	tree_put(&f->tree, "class/thermal/thermal_zone0/temp", "51250");
	tree_put(&f->tree, "class/thermal/cooling_device0/type", "pwm-fan");
	tree_put(&f->tree, "class/thermal/cooling_device0/cur_state", "3");
	tree_put(&f->tree, "class/thermal/cooling_device1/type", "Processor");
	tree_put(&f->tree, "class/thermal/cooling_device1/cur_state", "2");
	tree_put(&f->tree, "class/thermal/cooling_device2/type", "TCC Offset");
	tree_put(&f->tree, "class/thermal/cooling_device2/cur_state", "10");
	tree_put(&f->tree, "devices/pwm-fan/rpm_measured", "1800");
	tree_put(&f->tree, "devices/system/cpu/cpu0/topology/physical_package_id", "0");
	tree_put(&f->tree, "devices/system/cpu/cpu0/thermal_throttle/core_throttle_count", "4");
	tree_put(&f->tree, "devices/system/cpu/cpu0/thermal_throttle/package_throttle_count", "9");
	tree_put(&f->tree, "devices/system/cpu/cpu1/topology/physical_package_id", "0");
	tree_put(&f->tree, "devices/system/cpu/cpu1/thermal_throttle/core_throttle_count", "5");
	tree_put(&f->tree, "devices/system/cpu/cpu1/thermal_throttle/package_throttle_count", "9");
	assert_int_equal(find(f, "thermal"), 0);
	start_all(f);
	assert_int_equal(value_of(f, "CPU-therm", ERG_Q_TEMPERATURE), 51250);
	/* A fan slows nothing down; an offset of the trip point is a setting. */
	assert_int_equal(value_of(f, "pwm-fan-level", ERG_Q_SPEED), 3);
	s = channel(f, "Processor", ERG_Q_COUNT, &c);
	assert_int_equal(s->n_channels, 2);
	assert_int_equal(value_of(f, "Processor", ERG_Q_COUNT), 2);
	assert_int_equal(value_of(f, "pwm-fan", ERG_Q_SPEED), 1800);
	assert_int_equal(value_of(f, "throttle-core-1", ERG_Q_COUNT), 5);
	assert_int_equal(value_of(f, "throttle-package-0", ERG_Q_COUNT), 9);
	s = channel(f, "throttle-package-0", ERG_Q_COUNT, &c);
	assert_int_equal(s->n_channels, 3); /* the package's counter once */
}

static void test_cpufreq(void **state)
{
	struct fixture *f = *state;

	tree_put(&f->tree, "devices/system/cpu/cpufreq/policy0/scaling_cur_freq", "1734000");
	tree_put(&f->tree, "devices/system/cpu/cpufreq/policy4/scaling_cur_freq", "800000");
	tree_put(&f->tree, "class/regulator/regulator.7/name", "vdd-cpu");
	tree_put(&f->tree, "class/regulator/regulator.7/microvolts", "1100000");
	assert_int_equal(find(f, "cpufreq"), 0);
	start_all(f);
	assert_int_equal(value_of(f, "policy4", ERG_Q_FREQUENCY), 800000);
	assert_int_equal(value_of(f, "vdd-cpu", ERG_Q_VOLTAGE), 1100000);
}

/* More policies than a source has channels. */
static void test_cpufreq_many(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 100; i++) {
		char path[96];

		snprintf(path, sizeof(path), "devices/system/cpu/cpufreq/policy%d/scaling_cur_freq",
			i);
		tree_put(&f->tree, path, "%d", 1000 + i);
	}
	assert_int_equal(find(f, "cpufreq"), 0);
	assert_int_equal(f->list.n, 2);
	assert_int_equal(f->list.sources[0]->n_channels, 64);
	assert_int_equal(f->list.sources[1]->n_channels, 36);
	assert_int_equal(f->list.sources[0]->interval_ns, 100000000); /* not to disturb all */
	start_all(f);
	assert_int_equal(value_of(f, "policy99", ERG_Q_FREQUENCY), 1099);
}

/* Kernels before 4.4. */
static void test_cpufreq_old(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 4; i++) {
		char path[96];

		snprintf(path, sizeof(path), "devices/system/cpu/cpu%d/cpufreq/scaling_cur_freq",
			i);
		tree_put(&f->tree, path, "%d", 1000 + i);
		snprintf(path, sizeof(path), "devices/system/cpu/cpu%d/cpufreq/related_cpus", i);
		tree_put(&f->tree, path, "%s", i < 2 ? "0 1" : "2 3");
	}
	assert_int_equal(find(f, "cpufreq"), 0);
	start_all(f);
	assert_int_equal(f->list.sources[0]->n_channels, 2);
	assert_int_equal(value_of(f, "cpu0", ERG_Q_FREQUENCY), 1000);
	assert_int_equal(value_of(f, "cpu2", ERG_Q_FREQUENCY), 1002);
}

static void test_procstat(void **state)
{
	struct fixture *f = *state;

	tree_put(&f->tree, "proc/stat",
		"cpu  100 0 50 1000 3 1 2 0 0 0\ncpu0 60 5 20 500 3 1 1 7 0 0\n"
		"cpu2 40 0 30 500 0 0 1 0 0 0\nintr 1 2 3\nctxt 5");
	assert_int_equal(find(f, "procstat"), 0);
	start_all(f);
	assert_int_equal(value_of(f, "cpu0", ERG_Q_TIME), 870);
	assert_int_equal(value_of(f, "cpu2", ERG_Q_TIME), 710);
	tree_put(&f->tree, "proc/stat",
		"cpu  100 0 50 1000 3 1 2 0 0 0\ncpu2 50 0 30 500 0 0 1 0 0 0");
	assert_int_equal(value_of(f, "cpu2", ERG_Q_TIME), 810);
	assert_int_equal(value_of(f, "cpu0", ERG_Q_TIME), ERG_VALUE_NONE); /* offline */
}

/* ---- the list ---- */

static void test_list_errors(void **state)
{
	struct fixture *f = *state;

	make_hwmon(f);
	assert_int_equal(find(f, "hwmon,bogus"), -EINVAL);
	assert_non_null(strstr(f->err.msg, "\"bogus\""));
	assert_non_null(strstr(f->err.msg, "procstat"));
	assert_int_equal(find(f, "hwmon:VDD_NOPE"), -ENOENT);
	assert_non_null(strstr(f->err.msg, "VDD_BOARD, VDD_12V"));
	assert_int_equal(find(f, "powercap"), -ENOENT);
	assert_non_null(strstr(f->err.msg, "no RAPL zone"));
	assert_int_equal(find(f, "exec"), -EINVAL);
	assert_int_equal(find(f, ""), -EINVAL);
	assert_int_equal(f->list.n, 0);
	assert_int_equal(find(f, "hwmon,hwmon:VDD_12V"), 0);
	assert_int_equal(f->list.n, 6); /* nothing twice */
}

static void test_auto_finds_nothing(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(find(f, "auto"), 0);
	assert_int_equal(f->list.n, 0);
	assert_true(f->list.n_notes >= 4);
}

/* Of "12345" and a newline two bytes fit: no errno tells of that, whatever there was before. */
static void test_half_written(void **state)
{
	struct fixture *f = *state;
	struct rlimit was, two;
	int r;

	tree_put(&f->tree, "half", "1");
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	two = (struct rlimit){2, was.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &two), 0);
	errno = EACCES;
	r = erg_attr_write_int(12345, "%s/half", f->tree.dir);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	assert_int_equal(r, -EIO);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		TEST(test_names_in_order),
		TEST(test_half_written),
		TEST(test_hwmon),
		TEST(test_model_of_board),
		TEST(test_model_with_words_of_other_kinds),
		TEST(test_quirks),
		TEST(test_vanishing),
		TEST(test_same_names),
		TEST(test_powercap),
		TEST(test_energy_filtering),
		TEST(test_powercap_interval),
		TEST(test_thermal),
		TEST(test_cpufreq),
		TEST(test_cpufreq_many),
		TEST(test_cpufreq_old),
		TEST(test_procstat),
		TEST(test_list_errors),
		TEST(test_auto_finds_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
