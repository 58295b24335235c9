/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Chips of hwmon as their pages in Documentation/hwmon and their drivers in Linux describe them: what they
 * tell of one supply, in which units, and what lies within what.
 */
#include "tests/unit/sources_fixture.h"

/* Attributes of chip N: "file=value", NULL at the end. */
static void make_chip(const struct fixture *f, int n, const char *name, const char *const *files)
{
	char path[128];

	snprintf(path, sizeof(path), "class/hwmon/hwmon%d/name", n);
	tree_put(&f->tree, path, "%s", name);
	for (; *files; files++) {
		const char *value = strchr(*files, '=') + 1;

		snprintf(path, sizeof(path), "class/hwmon/hwmon%d/%.*s", n,
			(int)(value - 1 - *files), *files);
		tree_put(&f->tree, path, "%s", value);
	}
}

#define CHIP(f, n, name, ...) make_chip(f, n, name, (const char *const[]){__VA_ARGS__, NULL})

static size_t count_rails(const struct fixture *f)
{
	size_t n = 0;

	for (size_t i = 0; i < f->list.n; i++)
		n += f->list.sources[i]->cls == ERG_CLASS_POWER ? f->list.sources[i]->n_channels
								: 0;
	return n;
}

/* PMBus: voltages are numbered with the input's, currents without where that is not measured. */
static void test_pmbus_labels(void **state)
{
	struct fixture *f = *state;

	CHIP(f, 0, "ucd9220", "in1_label=vin", "in1_input=12000", "in2_label=vout1",
		"in2_input=900", "in3_label=vout2", "in3_input=1800", "curr1_label=iout1",
		"curr1_input=50000", "curr2_label=iout2", "curr2_input=10000");
	assert_int_equal(find(f, "hwmon"), 0);
	start_all(f);
	assert_int_equal(count_rails(f), 4);
	assert_int_equal(value_of(f, "vout1", ERG_Q_CURRENT), 50000);
	assert_int_equal(value_of(f, "vout1", ERG_Q_VOLTAGE), 900);
	assert_int_equal(value_of(f, "vout2", ERG_Q_CURRENT), 10000);
	assert_int_equal(value_of(f, "vout2", ERG_Q_VOLTAGE), 1800);
	assert_int_equal(f->list.n_notes, 0);
}

/* What comes out of a converter went in; a power of one supply is no power of another one's current. */
static void test_pmbus_parts(void **state)
{
	struct fixture *f = *state;

	CHIP(f, 0, "ltc3880", "in1_label=vin", "in1_input=12000", "in2_label=vout1",
		"in2_input=900", "in3_label=vout2", "in3_input=1800", "curr1_label=iin",
		"curr1_input=6000", "curr2_label=iout1", "curr2_input=50000", "curr3_label=iout2",
		"curr3_input=10000", "power1_label=pout1", "power1_input=45000000",
		"power2_label=pout2", "power2_input=18000000");
	for (int i = 1; i <= 2; i++)
		CHIP(f, i, "cffps", "in1_label=vin", "in1_input=230000", "in2_label=vout1",
			"in2_input=12100", "curr1_label=iin", "curr1_input=2000",
			"curr2_label=iout1", "curr2_input=33000", "power1_label=pin",
			"power1_input=460000000", "power2_label=pout1", "power2_input=410000000");
	CHIP(f, 3, "mp2975", "in1_label=vin", "in1_input=12000", "curr1_label=iout1",
		"curr1_input=90000", "curr2_label=iout1.0", "curr2_input=45000",
		"power1_label=pin2", "power1_input=80000000", "power2_label=pout2",
		"power2_input=75000000", "power3_label=pout2.1", "power3_input=30000000");
	assert_int_equal(find(f, "hwmon"), 0);
	start_all(f);
	assert_int_equal(value_of(f, "vin", ERG_Q_CURRENT), 6000);
	assert_int_equal(value_of(f, "vin", ERG_Q_VOLTAGE), 12000);
	assert_string_equal(parent_of(f, "pout1", ERG_Q_POWER), "vin");
	assert_string_equal(parent_of(f, "pout2", ERG_Q_POWER), "vin");
	assert_string_equal(parent_of(f, "pout1@hwmon1", ERG_Q_POWER), "pin");
	assert_string_equal(parent_of(f, "pin@hwmon2", ERG_Q_POWER), "");
	assert_string_equal(parent_of(f, "pout1@hwmon2", ERG_Q_POWER), "pin@hwmon2");
	assert_string_equal(parent_of(f, "pout2@hwmon3", ERG_Q_POWER), "pin2");
	assert_string_equal(parent_of(f, "pout2.1", ERG_Q_POWER), "pout2@hwmon3");
	assert_int_equal(count_rails(f), 4 + 2 + 2 + 3);
}

/* Labels say which voltage, the number where there are none; a current alone is said. */
static void test_pairs(void **state)
{
	struct fixture *f = *state;

	CHIP(f, 0, "tps23861", "in0_label=Port1", "in0_input=48000", "in1_label=Port2",
		"in1_input=49000", "in2_label=Input", "in2_input=55000", "curr1_label=Port1",
		"curr1_input=100", "curr2_label=Port2", "curr2_input=200");
	CHIP(f, 1, "ltc4222", "in1_input=12000", "in2_input=1250", "in3_input=5000",
		"in4_input=1200", "curr1_input=3000", "curr2_input=4000");
	CHIP(f, 2, "ltc4261", "in1_input=1250", "in2_input=900", "curr1_input=3000");
	CHIP(f, 3, "bmc", "in1_label=1.2V Voltage", "in1_input=1200", "in2_label=12V AUX Voltage",
		"in2_input=12050", "curr1_label=12V AUX Current", "curr1_input=4000");
	assert_int_equal(find(f, "hwmon"), 0);
	start_all(f);
	assert_int_equal(value_of(f, "Port1", ERG_Q_CURRENT), 100);
	assert_int_equal(value_of(f, "Port1", ERG_Q_VOLTAGE), 48000);
	assert_int_equal(value_of(f, "Port2", ERG_Q_VOLTAGE), 49000);
	assert_int_equal(value_of(f, "ltc4222-curr1", ERG_Q_VOLTAGE), 12000);
	assert_int_equal(value_of(f, "ltc4222-curr2", ERG_Q_VOLTAGE), 5000);
	assert_int_equal(value_of(f, "12V AUX Voltage", ERG_Q_CURRENT), 4000);
	assert_int_equal(value_of(f, "12V AUX Voltage", ERG_Q_VOLTAGE), 12050);
	assert_int_equal(count_rails(f), 4 + 4 + 2);
	assert_int_equal(f->list.n_notes, 1);
	assert_string_equal(f->list.notes[0].reason,
		"current ltc4261-curr1: the chip tells no voltage that goes with it");
}

/* One supply by several sensors counts once. */
static void test_twice(void **state)
{
	struct fixture *f = *state;

	CHIP(f, 0, "ina228", "in1_input=12000", "curr1_input=2000", "power1_input=24000000",
		"energy1_input=555");
	CHIP(f, 1, "ina228", "in1_input=12000", "curr1_input=2000", "power1_input=24000000",
		"energy1_input=555");
	CHIP(f, 2, "ltc2947", "in0_label=VP-VM", "in0_input=12000", "in1_label=DVCC",
		"in1_input=3300", "curr1_label=IP-IM", "curr1_input=2000", "power1_label=Power",
		"power1_input=24000000", "energy1_input=1000000", "energy2_input=1200000");
	CHIP(f, 3, "amdgpu", "power1_label=PPT", "power1_average=30000000", "power1_input=31000000",
		"in0_label=vddgfx", "in0_input=900");
	CHIP(f, 4, "sensors", "power1_label=A", "power1_input=1", "energy1_label=B",
		"energy1_input=2");
	assert_int_equal(find(f, "hwmon"), 0);
	start_all(f);
	assert_string_equal(parent_of(f, "ina228-power1", ERG_Q_POWER), "ina228-energy1");
	assert_string_equal(parent_of(f, "ina228-power1@hwmon1", ERG_Q_POWER),
		"ina228-energy1@hwmon1");
	assert_string_equal(parent_of(f, "ina228-energy1@hwmon1", ERG_Q_ENERGY), "");
	assert_string_equal(parent_of(f, "Power", ERG_Q_POWER), "ltc2947-energy1");
	assert_string_equal(parent_of(f, "ltc2947-energy2", ERG_Q_ENERGY), "ltc2947-energy1");
	assert_int_equal(value_of(f, "PPT", ERG_Q_POWER), 31000000);
	assert_int_equal(value_of(f, "PPT-average", ERG_Q_POWER), 30000000);
	assert_string_equal(parent_of(f, "PPT-average", ERG_Q_POWER), "PPT");
	/* a counter that is switched off is none, and contains nothing */
	tree_put(&f->tree, "class/hwmon/hwmon0/energy1_enable", "0");
	assert_int_equal(find(f, "hwmon"), 0);
	assert_string_equal(parent_of(f, "ina228-power1", ERG_Q_POWER), "");
	assert_string_equal(parent_of(f, "ina228-power1@hwmon1", ERG_Q_POWER), "ina228-energy1");
	assert_int_equal(f->list.n_notes, 2); /* that, and the second power's name */
	tree_put(&f->tree, "class/hwmon/hwmon0/energy1_enable", "1");
	assert_int_equal(find(f, "hwmon"), 0);
	/* the same number and other labels: two supplies */
	assert_string_equal(parent_of(f, "A", ERG_Q_POWER), "");
	assert_string_equal(parent_of(f, "B", ERG_Q_ENERGY), "");
	assert_int_equal(count_rails(f), 2 + 2 + 3 + 2 + 2);
}

static void test_wholes(void **state)
{
	struct fixture *f = *state;

	CHIP(f, 0, "corsairpsu", "power1_label=power total", "power1_input=300000000",
		"power2_label=power +12v", "power2_input=250000000", "in1_label=v_out +12v",
		"in1_input=12000", "curr2_label=curr +12v", "curr2_input=20000");
	CHIP(f, 1, "i915", "energy1_input=1000000");
	CHIP(f, 2, "i915_gt0", "energy1_input=800000");
	CHIP(f, 3, "scpi_sensors", "power1_label=SYS_POW_SYS", "power1_input=1000000",
		"power2_label=SYS_POW_A57", "power2_input=500000", "energy1_label=SYS_ENM_A57",
		"energy1_input=777");
	assert_int_equal(find(f, "hwmon"), 0);
	assert_string_equal(parent_of(f, "power +12v", ERG_Q_POWER), "power total");
	assert_string_equal(parent_of(f, "power total", ERG_Q_POWER), "");
	assert_string_equal(parent_of(f, "i915_gt0-energy1", ERG_Q_ENERGY), "i915-energy1");
	assert_string_equal(parent_of(f, "i915-energy1", ERG_Q_ENERGY), "");
	assert_string_equal(parent_of(f, "SYS_POW_A57", ERG_Q_POWER), "SYS_ENM_A57");
	assert_string_equal(parent_of(f, "SYS_POW_SYS", ERG_Q_POWER), "");
	assert_int_equal(count_rails(f), 2 + 1 + 1 + 3);
}

/* Processors that RAPL tells of, too: what drivers of hwmon say of them lies within its packages. */
static void test_packages(void **state)
{
	struct fixture *f = *state;
	char path[96];

	CHIP(f, 0, "amd_hsmp_hwmon", "power1_input=45000000", "power1_cap=400000000");
	CHIP(f, 1, "amd_hsmp_hwmon", "power1_input=46000000", "power1_cap=400000000");
	CHIP(f, 2, "amd_energy", "energy1_label=Ecore000", "energy1_input=1",
		"energy2_label=Esocket0", "energy2_input=2");
	CHIP(f, 3, "zenpower", "power1_label=SVI2_P_Core", "power1_input=40000000",
		"power2_label=SVI2_P_SoC", "power2_input=5000000", "in1_label=SVI2_Core",
		"in1_input=1100", "curr1_label=SVI2_C_Core", "curr1_input=36000");
	assert_int_equal(find(f, "hwmon"), 0);
	assert_string_equal(parent_of(f, "amd_hsmp_hwmon-power1", ERG_Q_POWER), "");
	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "class/powercap/intel-rapl:%d/name", i);
		tree_put(&f->tree, path, "package-%d", i);
		snprintf(path, sizeof(path), "class/powercap/intel-rapl:%d/energy_uj", i);
		tree_put(&f->tree, path, "7");
	}
	assert_int_equal(find(f, "hwmon,powercap"), 0);
	assert_string_equal(parent_of(f, "amd_hsmp_hwmon-power1", ERG_Q_POWER), "package-0");
	assert_string_equal(parent_of(f, "amd_hsmp_hwmon-power1@hwmon1", ERG_Q_POWER), "package-1");
	assert_string_equal(parent_of(f, "Esocket0", ERG_Q_ENERGY), "package-0");
	assert_string_equal(parent_of(f, "Ecore000", ERG_Q_ENERGY), "Esocket0");
	assert_string_equal(parent_of(f, "SVI2_P_SoC", ERG_Q_POWER), "package-0");
	assert_int_equal(count_rails(f), 1 + 1 + 2 + 2 + 2);
}

/* MHz, averages since the controller's start whose interval is in microseconds, and nested powers. */
static void test_occ(void **state)
{
	struct fixture *f = *state;
	struct erg_source *s;
	size_t c = 0;

	CHIP(f, 0, "occ", "power1_label=0_system", "power1_input=900000000",
		"power1_average=700000000", "power1_average_interval=123456789",
		"power2_label=0_proc", "power2_input=300000000", "power3_label=0_vdd",
		"power3_input=150000000", "power4_label=0_vdn", "power4_input=50000000",
		"power5_label=system", "power5_input=900000000", "freq1_label=1",
		"freq1_input=2800");
	assert_int_equal(find(f, "hwmon"), 0);
	start_all(f);
	assert_int_equal(count_rails(f), 5);
	assert_string_equal(parent_of(f, "0_vdd", ERG_Q_POWER), "0_proc");
	assert_string_equal(parent_of(f, "0_vdn", ERG_Q_POWER), "0_proc");
	assert_string_equal(parent_of(f, "0_proc", ERG_Q_POWER), "0_system");
	assert_string_equal(parent_of(f, "0_system", ERG_Q_POWER), "system");
	s = channel(f, "1", ERG_Q_FREQUENCY, &c);
	assert_float_equal(erg_channel_si(&s->channels[c], value_of(f, "1", ERG_Q_FREQUENCY)),
		2.8e9, 1);
}

/* 64 cores and their sockets: none is left out, and each core lies within its own socket. */
static void test_many(void **state)
{
	struct fixture *f = *state;
	char path[96];

	tree_put(&f->tree, "class/hwmon/hwmon0/name", "amd_energy");
	for (int i = 0; i < 66; i++) {
		snprintf(path, sizeof(path), "class/hwmon/hwmon0/energy%d_label", i + 1);
		if (i < 64)
			tree_put(&f->tree, path, "Ecore%03d", i);
		else
			tree_put(&f->tree, path, "Esocket%d", i - 64);
		snprintf(path, sizeof(path), "class/hwmon/hwmon0/energy%d_input", i + 1);
		tree_put(&f->tree, path, "%d", 1000 + i);
	}
	assert_int_equal(find(f, "hwmon"), 0);
	start_all(f);
	assert_int_equal(count_rails(f), 66);
	assert_int_equal(f->list.n_notes, 0);
	assert_int_equal(value_of(f, "Ecore063", ERG_Q_ENERGY), 1063);
	assert_int_equal(value_of(f, "Esocket1", ERG_Q_ENERGY), 1065);
	assert_string_equal(parent_of(f, "Ecore000", ERG_Q_ENERGY), "Esocket0");
	assert_string_equal(parent_of(f, "Ecore031", ERG_Q_ENERGY), "Esocket0");
	assert_string_equal(parent_of(f, "Ecore032", ERG_Q_ENERGY), "Esocket1");
	assert_string_equal(parent_of(f, "Esocket1", ERG_Q_ENERGY), "");
	/* where a part is there and its whole cannot be read, it is a root */
	tree_put(&f->tree, "class/hwmon/hwmon0/energy66_input", "N/A");
	assert_int_equal(find(f, "hwmon"), 0);
	assert_string_equal(parent_of(f, "Ecore032", ERG_Q_ENERGY), "");
	assert_int_equal(count_rails(f), 65);
}

static ssize_t refused_pread(int fd, void *buf, size_t n, off_t offset)
{
	ssize_t got = pread(fd, buf, n, offset);

	if (got > 1 && !memcmp(buf, "30", 2)) {
		errno = EPERM;
		return -1;
	}
	return got;
}

/* A card that sleeps when the recording begins has readings when it wakes. */
static void test_asleep(void **state)
{
	struct fixture *f = *state;

	CHIP(f, 0, "amdgpu", "power1_average=30000000", "device/power/runtime_status=active");
	erg_attr_pread = refused_pread;
	assert_int_equal(find(f, "hwmon"), -ENOENT);
	tree_put(&f->tree, "class/hwmon/hwmon0/device/power/runtime_status", "suspended");
	assert_int_equal(find(f, "hwmon"), 0);
	assert_int_equal(count_rails(f), 1);
	assert_string_equal(f->list.notes[0].reason,
		"its device sleeps: it has readings from when it wakes");
	start_all(f);
	assert_int_equal(value_of(f, "amdgpu-power1", ERG_Q_POWER), ERG_VALUE_NONE);
	erg_attr_pread = pread;
	assert_int_equal(value_of(f, "amdgpu-power1", ERG_Q_POWER), 30000000);
}

/* Names go into JSON: what is no UTF-8 may not lose the rail. */
static void test_odd_labels(void **state)
{
	struct fixture *f = *state;

	CHIP(f, 0, "psu", "power1_label=caf\xe9", "power1_input=5", "power2_label=\xe6\x97\xa5",
		"power2_input=6", "power3_label=", "power3_input=7");
	assert_int_equal(find(f, "hwmon"), 0);
	start_all(f);
	assert_int_equal(value_of(f, "caf?", ERG_Q_POWER), 5);
	assert_int_equal(value_of(f, "\xe6\x97\xa5", ERG_Q_POWER), 6);
	assert_int_equal(value_of(f, "psu-power3", ERG_Q_POWER), 7);
}

/* Zones as deep as a board is, and a platform's counter for each socket. */
static void test_zones(void **state)
{
	static const char *const zones[][2] = {{"arm-scmi:0", "Board"}, {"arm-scmi:0:0", "SoC"},
		{"arm-scmi:0:0:0", "CPU"}, {"arm-scmi:0:1", "DDR"}, {"intel-rapl:0", "package-0"},
		{"intel-rapl:1", "psys"}, {"intel-rapl:2", "package-1"}, {"intel-rapl:2:0", "dram"},
		{"intel-rapl:3", "psys-1"}, {"intel-rapl:4", "package-2"}};
	struct fixture *f = *state;
	char path[96];

	for (size_t i = 0; i < ERG_ARRAY_SIZE(zones); i++) {
		snprintf(path, sizeof(path), "class/powercap/%s/name", zones[i][0]);
		tree_put(&f->tree, path, "%s", zones[i][1]);
		snprintf(path, sizeof(path), "class/powercap/%s/energy_uj", zones[i][0]);
		tree_put(&f->tree, path, "%zu", i);
	}
	assert_int_equal(find(f, "powercap"), 0);
	assert_string_equal(parent_of(f, "SoC", ERG_Q_ENERGY), "Board");
	assert_string_equal(parent_of(f, "CPU", ERG_Q_ENERGY), "SoC");
	assert_string_equal(parent_of(f, "DDR", ERG_Q_ENERGY), "Board");
	assert_string_equal(parent_of(f, "package-0", ERG_Q_ENERGY), "psys");
	assert_string_equal(parent_of(f, "package-1", ERG_Q_ENERGY), "psys-1");
	assert_string_equal(parent_of(f, "dram-1", ERG_Q_ENERGY), "psys-1");
	assert_string_equal(parent_of(f, "package-2", ERG_Q_ENERGY), "psys");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_pmbus_labels),
		TEST(test_pmbus_parts),
		TEST(test_pairs),
		TEST(test_twice),
		TEST(test_wholes),
		TEST(test_packages),
		TEST(test_occ),
		TEST(test_many),
		TEST(test_asleep),
		TEST(test_odd_labels),
		TEST(test_zones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
