/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Boards that this project is for, as trees of files: Jetson TX1 (L4T 28), Orin (mainline driver),
 * an x86 server with perf events. Contents follow the kernel's documentation and the drivers'
 * sources.
 */
#include "tests/unit/sources_fixture.h"

#include "record/sources/ina3221.h"
#include "record/sources/perf.h"

static void put_be(uint8_t *p, uint64_t v, unsigned int bytes)
{
	for (unsigned int i = 0; i < bytes; i++)
		p[i] = (uint8_t)(v >> 8 * (bytes - 1 - i));
}

/* ---- Jetson TX1 ---- */

#define TX1 "bus/i2c/drivers/ina3221x/1-0040/iio:device0/"

static void make_tx1(const struct fixture *f)
{
	static const char *const names[] = {"VDD_IN", "VDD_GPU", "VDD_CPU"};
	static const uint8_t config[] = {0, 0, 0x7c, 0x07}; /* a cell: 512 averages of 140 us */
	static const uint8_t mohm[] = {0, 0, 0, 10};

	tree_put(&f->tree, "bus/i2c/drivers/ina3221x/bind", "%s", "");
	for (int i = 0; i < 3; i++) {
		char path[128];

		snprintf(path, sizeof(path), TX1 "rail_name_%d", i);
		tree_put(&f->tree, path, "%s", names[i]);
		snprintf(path, sizeof(path), TX1 "ui_input_%d", i);
		tree_put(&f->tree, path, "19072 %d", 100 * (3 - i));
		snprintf(path, sizeof(path), TX1 "in_power%d_input", i);
		tree_put(&f->tree, path, "%d", 1907 * (3 - i));
		snprintf(path, sizeof(path),
			"proc/device-tree/i2c@7000c400/ina3221x@40/channel@%d/"
			"ti,shunt-resistor-mohm",
			i);
		tree_bytes(&f->tree, path, mohm, sizeof(mohm));
	}
	tree_put(&f->tree, TX1 "running_mode", "1");
	tree_bytes(&f->tree, "proc/device-tree/i2c@7000c400/ina3221x@40/ti,continuous-config",
		config, sizeof(config));
}

static void test_tx1(void **state)
{
	struct fixture *f = *state;
	uint8_t hz[4];
	struct erg_source *s;
	size_t c;

	make_tx1(f);
	assert_int_equal(find(f, "ina3221x"), 0);
	assert_int_equal(f->list.n_notes, 1);
	assert_non_null(strstr(f->list.notes[0].reason, "100 kHz"));
	put_be(hz, 400000, 4);
	tree_bytes(&f->tree, "proc/device-tree/i2c@7000c400/clock-frequency", hz, 4);
	assert_int_equal(find(f, "ina3221x"), 0);
	assert_int_equal(f->list.n_notes, 0);
	start_all(f);
	assert_int_equal(value_of(f, "VDD_IN", ERG_Q_CURRENT), 300);
	assert_int_equal(value_of(f, "VDD_GPU", ERG_Q_CURRENT), 200);
	assert_int_equal(value_of(f, "VDD_CPU", ERG_Q_VOLTAGE), 19072);
	assert_string_equal(parent_of(f, "VDD_GPU", ERG_Q_CURRENT), "VDD_IN");
	assert_string_equal(parent_of(f, "VDD_CPU", ERG_Q_VOLTAGE), "VDD_IN");
	assert_string_equal(parent_of(f, "VDD_IN", ERG_Q_CURRENT), "");
	s = channel(f, "VDD_IN", ERG_Q_CURRENT, &c);
	assert_float_equal(s->channels[c].lsb, 4, 1e-9);           /* 40 uV / 10 mOhm */
	assert_float_equal(s->channels[c].offset_max, 8e-3, 1e-9); /* 80 uV / 10 mOhm */
	assert_int_equal(s->model.kind, ERG_SENSOR_EMA);
	assert_float_equal(s->model.alpha, 1.0 / 512, 1e-12);
	assert_int_equal(s->model.period_ns, 3 * 2 * 140000);
	assert_int_equal(s->model.provenance, ERG_PROVENANCE_DRIVER);
	s->ops->stop(s);
	assert_int_equal(json_integer_value(json_object_get(s->settings, "running_mode_at_stop")),
		1);
}

static void test_tx1_without_device_tree(void **state)
{
	struct fixture *f = *state;
	struct erg_source *s;
	size_t c;

	tree_put(&f->tree, TX1 "rail_name_0", "POM_5V_IN");
	tree_put(&f->tree, TX1 "in_power0_input", "2500");
	tree_put(&f->tree, TX1 "rail_name_1", "NC");
	tree_put(&f->tree, TX1 "in_power1_input", "1");
	tree_put(&f->tree, TX1 "running_mode", "0");
	assert_int_equal(find(f, "ina3221x"), 0);
	start_all(f);
	s = channel(f, "POM_5V_IN", ERG_Q_POWER, &c);
	assert_int_equal(s->n_channels, 1); /* NC is no rail */
	assert_int_equal(value_of(f, "POM_5V_IN", ERG_Q_POWER), 2500);
	/* on demand: one conversion of each channel, made by the reading */
	assert_int_equal(s->model.kind, ERG_SENSOR_POINT);
	assert_int_equal(s->model.window_ns, 140000);
	assert_int_equal(s->model.provenance, ERG_PROVENANCE_ASSUMED);
}

/* On demand, the conversions of one reading and their mean: a window. */
static void test_tx1_on_demand(void **state)
{
	static const uint8_t config[] = {0, 0, 0x72, 0x03}; /* 4 averages of 140 us */
	struct fixture *f = *state;

	make_tx1(f);
	tree_put(&f->tree, TX1 "running_mode", "0");
	tree_bytes(&f->tree, "proc/device-tree/i2c@7000c400/ina3221x@40/ti,trigger-config", config,
		sizeof(config));
	assert_int_equal(find(f, "ina3221x"), 0);
	assert_int_equal(f->list.sources[0]->model.kind, ERG_SENSOR_BOXCAR);
	assert_int_equal(f->list.sources[0]->model.window_ns, 4 * 3 * 280000ull);
}

static unsigned int again;

static ssize_t busy_pread(int fd, void *buf, size_t n, off_t offset)
{
	if (!again)
		return pread(fd, buf, n, offset);
	again--;
	errno = EAGAIN;
	return -1;
}

static void test_tx1_quirks(void **state)
{
	struct fixture *f = *state;

	make_tx1(f);
	assert_int_equal(find(f, "ina3221x"), 0);
	start_all(f);
	erg_attr_pread = busy_pread;
	again = 9; /* a conversion that is not ready: tried up to ten times */
	assert_int_equal(value_of(f, "VDD_IN", ERG_Q_CURRENT), 300);
	again = 10;
	assert_int_equal(value_of(f, "VDD_IN", ERG_Q_CURRENT), ERG_VALUE_NONE);
	assert_int_equal(f->values[2], 200); /* the other rails were read */
	again = 30;
	assert_int_equal(f->list.sources[0]->ops->read(f->list.sources[0], f->values, &f->native),
		-EAGAIN);
	tree_put(&f->tree, TX1 "ui_input_0", "19072");
	assert_int_equal(value_of(f, "VDD_IN", ERG_Q_CURRENT), ERG_VALUE_NONE);
	tree_put(&f->tree, TX1 "ui_input_0", "19064 304");
	assert_int_equal(value_of(f, "VDD_IN", ERG_Q_CURRENT), 304);
}

static void test_tx1_switched_off(void **state)
{
	static const char compatible[] = "nvidia,jetson-cv\0nvidia,tegra210";
	struct fixture *f = *state;

	tree_bytes(&f->tree, "proc/device-tree/compatible", compatible, sizeof(compatible));
	assert_int_equal(find(f, "ina3221x"), -ENOENT);
	assert_non_null(strstr(f->err.msg, "CONFIG_SENSORS_INA3221"));
}

static void test_ina3221_config(void **state)
{
	struct erg_ina3221_config c = erg_ina3221_decode(0x7127); /* at reset */
	struct erg_sensor_model m = erg_ina3221_continuous(&c);

	assert_int_equal(c.channels, 3);
	assert_int_equal(c.averages, 1);
	assert_int_equal(c.bus_ns, 1100000);
	assert_int_equal(c.shunt_ns, 1100000);
	assert_int_equal(m.period_ns, 6600000);
	assert_int_equal(m.kind, ERG_SENSOR_POINT);
	c = erg_ina3221_decode(0x7727);
	assert_int_equal(c.averages, 64);
	assert_float_equal(erg_ina3221_continuous(&c).alpha, 1.0 / 64, 1e-12);
}

/* ---- Orin: mainline hwmon ---- */

#define ORIN "class/hwmon/hwmon3/"

static void make_orin(const struct fixture *f)
{
	static const char *const labels[] = {"VDD_IN", "VDD_CPU_GPU_CV", "VDD_SOC"};

	tree_put(&f->tree, ORIN "name", "ina3221");
	for (int i = 1; i <= 3; i++) {
		char path[96];

		snprintf(path, sizeof(path), ORIN "in%d_label", i);
		tree_put(&f->tree, path, "%s", labels[i - 1]);
		snprintf(path, sizeof(path), ORIN "in%d_input", i);
		tree_put(&f->tree, path, "5064");
		snprintf(path, sizeof(path), ORIN "in%d_enable", i);
		tree_put(&f->tree, path, "%d", i < 3);
		snprintf(path, sizeof(path), ORIN "curr%d_input", i);
		tree_put(&f->tree, path, "%d", 1000 / i);
		snprintf(path, sizeof(path), ORIN "shunt%d_resistor", i);
		tree_put(&f->tree, path, "5000");
	}
	tree_put(&f->tree, ORIN "in7_label", "sum of shunt voltages");
	tree_put(&f->tree, ORIN "curr4_input", "1500");
	tree_put(&f->tree, ORIN "in7_input", "7");
	tree_put(&f->tree, ORIN "samples", "512");
	tree_put(&f->tree, ORIN "update_interval", "430");
}

static void test_orin(void **state)
{
	struct fixture *f = *state;
	struct erg_source *s;
	size_t c;

	make_orin(f);
	assert_int_equal(find(f, "hwmon"), 0);
	s = channel(f, "VDD_IN", ERG_Q_CURRENT, &c);
	assert_int_equal(s->n_channels, 4); /* the third channel is off; sums are no rails */
	assert_int_equal(s->model.kind, ERG_SENSOR_EMA);
	assert_float_equal(s->model.alpha, 1.0 / 512, 1e-12);
	assert_float_equal(s->channels[c].lsb, 8, 1e-9);
	start_all(f);
	start_all(f); /* again: what was found is not forgotten */
	assert_int_equal(file_value(f, ORIN "samples"), 1);
	assert_int_equal(file_value(f, ORIN "update_interval"), 0);
	assert_int_equal(s->model.kind, ERG_SENSOR_POINT);
	assert_int_equal(s->model.period_ns, 2 * 2 * 140000);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(s->settings, "samples"),
				 "before")),
		512);
	assert_int_equal(value_of(f, "VDD_IN", ERG_Q_CURRENT), 1000);
	assert_int_equal(value_of(f, "VDD_CPU_GPU_CV", ERG_Q_CURRENT), 500);
	assert_string_equal(parent_of(f, "VDD_CPU_GPU_CV", ERG_Q_CURRENT), "VDD_IN");
	s->ops->stop(s);
	s->ops->stop(s);
	assert_int_equal(file_value(f, ORIN "samples"), 512);
	assert_int_equal(file_value(f, ORIN "update_interval"), 430);
}

/* Two chips, of which one measures a part of what the other does. */
static void test_agx_orin(void **state)
{
	static const char *const files[][2] = {{"hwmon3/name", "ina3221"},
		{"hwmon3/in1_label", "VDD_GPU_SOC"}, {"hwmon3/in1_input", "843"},
		{"hwmon3/curr1_input", "6170"}, {"hwmon3/in3_label", "VIN_SYS_5V0"},
		{"hwmon3/in3_input", "4968"}, {"hwmon3/curr3_input", "953"},
		{"hwmon4/name", "ina3221"}, {"hwmon4/in2_label", "VDDQ_VDD2_1V8AO"},
		{"hwmon4/in2_input", "4968"}, {"hwmon4/curr2_input", "141"}};
	struct fixture *f = *state;

	for (size_t i = 0; i < ERG_ARRAY_SIZE(files); i++) {
		char path[96];

		snprintf(path, sizeof(path), "class/hwmon/%s", files[i][0]);
		tree_put(&f->tree, path, "%s", files[i][1]);
	}
	assert_int_equal(find(f, "hwmon"), 0);
	start_all(f);
	assert_string_equal(parent_of(f, "VDDQ_VDD2_1V8AO", ERG_Q_CURRENT), "VIN_SYS_5V0");
	assert_string_equal(parent_of(f, "VIN_SYS_5V0", ERG_Q_CURRENT), "");
	assert_string_equal(parent_of(f, "VDD_GPU_SOC", ERG_Q_CURRENT), "");
}

/* Regulated voltage: every tenth reading, the value of before in between. */
static void test_orin_voltage(void **state)
{
	struct fixture *f = *state;

	make_orin(f);
	assert_int_equal(find(f, "hwmon"), 0);
	start_all(f);
	assert_int_equal(value_of(f, "VDD_IN", ERG_Q_VOLTAGE), 5064);
	tree_put(&f->tree, ORIN "in1_input", "5000");
	for (int i = 1; i < 10; i++)
		assert_int_equal(value_of(f, "VDD_IN", ERG_Q_VOLTAGE), 5064);
	assert_int_equal(value_of(f, "VDD_IN", ERG_Q_VOLTAGE), 5000);
}

/* ---- x86 by perf ---- */

#define POWER_PMU "bus/event_source/devices/power/"

/* Counters: the values of a file one after the other, noise that moves at every reading, or 0. */
static const char *const perf_moves = "/dev/urandom", *const perf_stands = "/dev/zero";
static const char *perf_files[8]; /* by the event's number */
static int perf_result, perf_cpu;
static struct perf_event_attr perf_attr;
static int (*perf_kernel)(const struct perf_event_attr *, int);

static int fake_open(const struct perf_event_attr *attr, int cpu)
{
	perf_attr = *attr;
	perf_cpu = cpu;
	return perf_result < 0 ? perf_result : open(perf_files[attr->config], O_RDONLY | O_CLOEXEC);
}

static void make_perf(const struct fixture *f)
{
	tree_put(&f->tree, POWER_PMU "type", "9");
	tree_put(&f->tree, POWER_PMU "cpumask", "18");
	tree_put(&f->tree, POWER_PMU "events/energy-pkg", "event=0x02");
	tree_put(&f->tree, POWER_PMU "events/energy-pkg.scale", "2.3283064365386962890625e-10");
	tree_put(&f->tree, POWER_PMU "events/energy-pkg.unit", "Joules");
	tree_put(&f->tree, POWER_PMU "events/energy-ram", "event=0x03");
	tree_put(&f->tree, POWER_PMU "events/energy-ram.scale", "2.3283064365386962890625e-10");
	tree_put(&f->tree, "devices/system/cpu/cpu18/topology/physical_package_id", "1");
	tree_put(&f->tree, "class/powercap/intel-rapl:0/name", "package-0");
	tree_put(&f->tree, "class/powercap/intel-rapl:0/energy_uj", "5");
	tree_put(&f->tree, "class/powercap/intel-rapl:0/max_energy_range_uj", "262143328850");
}

static int perf_setup(void **state)
{
	int r = setup(state);

	perf_kernel = erg_perf_open_cpu;
	erg_perf_open_cpu = fake_open;
	perf_result = 0;
	for (size_t i = 0; i < ERG_ARRAY_SIZE(perf_files); i++)
		perf_files[i] = perf_moves;
	make_perf(*state);
	return r;
}

static int perf_teardown(void **state)
{
	erg_perf_open_cpu = perf_kernel;
	return teardown(state);
}

static void test_perf(void **state)
{
	/* one reading while it is watched, then what moves it, then the recording's */
	static const uint64_t package[] = {0, 1, 5ull << 32}, dram[] = {0, 1, 7ull << 32};
	char files[2][128];
	struct fixture *f = *state;
	struct erg_source *s;
	size_t c;

	for (size_t i = 0; i < 2; i++) {
		const uint64_t *v = i ? dram : package;

		tree_bytes(&f->tree, i ? "dram" : "package", v, sizeof(package));
		snprintf(files[i], sizeof(files[i]), "%s/%s", f->tree.dir, i ? "dram" : "package");
		perf_files[2 + i] = files[i];
	}
	assert_int_equal(find(f, "auto"), 0);
	for (size_t i = 0; i < f->list.n; i++) /* powercap's are the same counters */
		assert_string_not_equal(f->list.sources[i]->ops->kind, "powercap");
	s = channel(f, "package-1", ERG_Q_ENERGY, &c);
	assert_int_equal(s->ops->start(s, &f->err), 0);
	assert_int_equal(perf_attr.type, 9);
	assert_int_equal(perf_attr.config, 3);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(s->ops->read(s, f->values, &f->native), ERG_READ_OK);
	assert_float_equal((double)f->values[0] * s->channels[0].scale, 5, 1e-12);
	assert_float_equal((double)f->values[1] * s->channels[1].scale, 7, 1e-12);
	assert_string_equal(parent_of(f, "dram-1", ERG_Q_ENERGY), "");
}

/* Forbidden: the note says how to allow it, and powercap is the way that remains. */
static void test_perf_forbidden(void **state)
{
	struct fixture *f = *state;
	size_t c;

	perf_result = -EACCES;
	assert_int_equal(find(f, "perf"), -ENOENT);
	assert_non_null(strstr(f->err.msg, "perf_event_paranoid"));
	assert_int_equal(find(f, "auto"), 0);
	channel(f, "package-0", ERG_Q_ENERGY, &c);
}

/* CPUs that are numbered across the sockets: the list of one CPU a package is a range. */
static void test_perf_packages(void **state)
{
	struct fixture *f = *state;
	size_t c;

	tree_put(&f->tree, POWER_PMU "cpumask", "0-1");
	tree_put(&f->tree, "devices/system/cpu/cpu0/topology/physical_package_id", "0");
	tree_put(&f->tree, "devices/system/cpu/cpu1/topology/physical_package_id", "1");
	assert_int_equal(find(f, "perf"), 0);
	assert_int_equal(f->list.n, 2);
	channel(f, "package-0", ERG_Q_ENERGY, &c);
	channel(f, "package-1", ERG_Q_ENERGY, &c);
}

/* A counter that stands still is no rail of 0 W; a GPU at rest is. */
static void test_perf_still(void **state)
{
	struct fixture *f = *state;
	struct erg_source *s;
	size_t c;

	perf_files[3] = perf_files[4] = perf_stands;
	tree_put(&f->tree, POWER_PMU "events/energy-gpu", "event=0x04");
	tree_put(&f->tree, POWER_PMU "events/energy-gpu.scale", "2.3283064365386962890625e-10");
	assert_int_equal(find(f, "perf"), 0);
	s = channel(f, "package-1", ERG_Q_ENERGY, &c);
	assert_int_equal(s->n_channels, 2);
	channel(f, "uncore-1", ERG_Q_ENERGY, &c);
	assert_int_equal(f->list.n_notes, 1);
	assert_string_equal(f->list.notes[0].reason,
		"dram-1 is left out: its counter stands still");
	assert_int_equal(s->ops->start(s, &f->err), 0);
	assert_int_equal(perf_attr.config, 4);
	/* None moves: there is no such source, and powercap is asked. */
	perf_files[2] = perf_stands;
	tree_remove(&f->tree, POWER_PMU "events/energy-gpu");
	assert_int_equal(find(f, "perf"), -ENOENT);
	assert_non_null(strstr(f->err.msg, "package-1 is left out: its counter stands still"));
	assert_int_equal(find(f, "auto"), 0);
	channel(f, "package-0", ERG_Q_ENERGY, &c);
}

/* AMD: a counter a core, parts of the package's; read rarely, for that interrupts the core. */
static void test_perf_cores(void **state)
{
	struct fixture *f = *state;
	struct erg_source *s;
	size_t c;

	tree_put(&f->tree, "bus/event_source/devices/power_core/type", "21");
	tree_put(&f->tree, "bus/event_source/devices/power_core/cpumask", "0-69");
	tree_put(&f->tree, "bus/event_source/devices/power_core/events/energy-core", "event=0x01");
	tree_put(&f->tree, "bus/event_source/devices/power_core/events/energy-core.scale",
		"2.3283064365386962890625e-10");
	tree_put(&f->tree, "devices/system/cpu/cpu69/topology/physical_package_id", "7");
	perf_files[1] = perf_moves;
	assert_int_equal(find(f, "perf"), 0);
	assert_int_equal(f->list.n, 3); /* the package, 64 cores, 6 cores */
	assert_string_equal(parent_of(f, "core-cpu63", ERG_Q_ENERGY), "");
	s = channel(f, "core-cpu64", ERG_Q_ENERGY, &c);
	assert_int_equal(s->n_channels, 6);
	assert_true(s->rate_fixed);
	assert_int_equal(s->interval_ns, 100000000);
	assert_int_equal(s->ops->start(s, &f->err), 0);
	assert_int_equal(perf_attr.type, 21);
	assert_int_equal(perf_cpu, 69);
	assert_string_equal(parent_of(f, "core-cpu69", ERG_Q_ENERGY),
		""); /* package-7 is not read */
	tree_put(&f->tree, "devices/system/cpu/cpu65/topology/physical_package_id", "1");
	assert_int_equal(find(f, "perf"), 0);
	assert_string_equal(parent_of(f, "core-cpu65", ERG_Q_ENERGY), "package-1");
	/* A list of CPUs that is none is said; the package is read all the same. */
	tree_put(&f->tree, "bus/event_source/devices/power_core/cpumask", "x");
	assert_int_equal(find(f, "perf"), 0);
	assert_int_equal(f->list.n, 1);
	assert_int_equal(f->list.n_notes, 1);
	assert_string_equal(f->list.notes[0].reason, "its cpumask is no list of CPUs");
}

/* ---- servers ---- */

static void make_meter(const struct fixture *f, int n, const char *name, int64_t uw)
{
	char path[128];

	snprintf(path, sizeof(path), "class/hwmon/hwmon%d/device/name", n);
	tree_put(&f->tree, path, "power_meter");
	snprintf(path, sizeof(path), "class/hwmon/hwmon%d/device/power1_oem_info", n);
	tree_put(&f->tree, path, "%s", name);
	snprintf(path, sizeof(path), "class/hwmon/hwmon%d/device/power1_average", n);
	tree_put(&f->tree, path, "%lld", (long long)uw);
	snprintf(path, sizeof(path), "class/hwmon/hwmon%d/device/power1_average_interval", n);
	tree_put(&f->tree, path, "50");
}

/* Grace: ACPI power meters with the firmware's names, a whole and its parts in each socket. */
static void test_grace(void **state)
{
	struct fixture *f = *state;
	struct erg_source *s;
	size_t c;

	make_meter(f, 1, "Module Power Socket 0", 150000000);
	make_meter(f, 2, "Grace Power Socket 0", 120000000);
	make_meter(f, 3, "CPU Power Socket 0", 90000000);
	make_meter(f, 4, "SysIO Power Socket 0", 20000000);
	make_meter(f, 5, "CPU Power Socket 1", 80000000);
	make_meter(f, 6, "Module Power Socket 1", 151000000);
	make_meter(f, 7, "SysIO Power Socket 2", 21000000);
	assert_int_equal(find(f, "hwmon"), 0);
	start_all(f);
	assert_int_equal(value_of(f, "CPU Power Socket 0", ERG_Q_POWER), 90000000);
	s = channel(f, "CPU Power Socket 0", ERG_Q_POWER, &c);
	assert_int_equal(s->model.kind, ERG_SENSOR_BOXCAR);
	assert_int_equal(s->model.window_ns, 50000000);
	assert_string_equal(parent_of(f, "Module Power Socket 0", ERG_Q_POWER), "");
	assert_string_equal(parent_of(f, "Grace Power Socket 0", ERG_Q_POWER),
		"Module Power Socket 0");
	assert_string_equal(parent_of(f, "CPU Power Socket 0", ERG_Q_POWER),
		"Grace Power Socket 0");
	assert_string_equal(parent_of(f, "SysIO Power Socket 0", ERG_Q_POWER),
		"Grace Power Socket 0");
	/* a meter between them is missing; all are */
	assert_string_equal(parent_of(f, "CPU Power Socket 1", ERG_Q_POWER),
		"Module Power Socket 1");
	assert_string_equal(parent_of(f, "SysIO Power Socket 2", ERG_Q_POWER), "");
}

/* Two cards of Intel's xe driver: the package of each is a part of its own card. */
static void test_xe(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 2; i++) {
		char path[128];

		snprintf(path, sizeof(path), "class/hwmon/hwmon%d/name", i);
		tree_put(&f->tree, path, "xe");
		for (int n = 1; n <= 2; n++) {
			snprintf(path, sizeof(path), "class/hwmon/hwmon%d/energy%d_label", i, n);
			tree_put(&f->tree, path, n == 1 ? "card" : "pkg");
			snprintf(path, sizeof(path), "class/hwmon/hwmon%d/energy%d_input", i, n);
			tree_put(&f->tree, path, "%d", 123456789 - 20000000 * (n - 1) + i);
		}
	}
	assert_int_equal(find(f, "hwmon"), 0);
	start_all(f);
	assert_int_equal(value_of(f, "pkg", ERG_Q_ENERGY), 103456789);
	assert_int_equal(value_of(f, "pkg@hwmon1", ERG_Q_ENERGY), 103456790);
	assert_string_equal(parent_of(f, "pkg", ERG_Q_ENERGY), "card");
	assert_string_equal(parent_of(f, "pkg@hwmon1", ERG_Q_ENERGY), "card@hwmon1");
	assert_string_equal(parent_of(f, "card@hwmon1", ERG_Q_ENERGY), "");
}

/* ---- devices ---- */

static void test_devfreq(void **state)
{
	struct fixture *f = *state;

	tree_put(&f->tree, "class/devfreq/57000000.gpu/cur_freq", "998400000");
	tree_put(&f->tree, "class/devfreq/57000000.gpu/device/load", "374");
	assert_int_equal(find(f, "devfreq"), 0);
	start_all(f);
	assert_int_equal(value_of(f, "57000000.gpu", ERG_Q_FREQUENCY), 998400000);
	assert_int_equal(value_of(f, "57000000.gpu", ERG_Q_UTILIZATION), 374);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_tx1),
		TEST(test_tx1_without_device_tree),
		TEST(test_tx1_on_demand),
		TEST(test_tx1_quirks),
		TEST(test_tx1_switched_off),
		cmocka_unit_test(test_ina3221_config),
		TEST(test_orin),
		TEST(test_orin_voltage),
		TEST(test_agx_orin),
		cmocka_unit_test_setup_teardown(test_perf, perf_setup, perf_teardown),
		cmocka_unit_test_setup_teardown(test_perf_forbidden, perf_setup, perf_teardown),
		cmocka_unit_test_setup_teardown(test_perf_packages, perf_setup, perf_teardown),
		cmocka_unit_test_setup_teardown(test_perf_still, perf_setup, perf_teardown),
		cmocka_unit_test_setup_teardown(test_perf_cores, perf_setup, perf_teardown),
		TEST(test_grace),
		TEST(test_xe),
		TEST(test_devfreq),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
