/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The NVML source against the stand-in of its library, which this program's run path leads to. */
#include <dlfcn.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "formats/base/util.h"
#include "record/sources/source.h"
#include "record/sources/nvml_lib.h"
#include "tests/standin/nvml.h"

static struct standin_nvml *standin;
static struct standin_nvml fresh;
static struct erg_source_list list;
static int64_t values[ERG_SOURCE_CHANNELS_MAX];
static uint64_t native;

static int group_setup(void **state)
{
	void *lib = dlopen("libnvidia-ml.so.1", RTLD_NOW);

	standin = lib ? dlsym(lib, "ergtrace_simulated") : NULL;
	if (!standin)
		return -1;
	fresh = *standin;
	return 0;
}

static int setup(void **state)
{
	*standin = fresh;
	return 0;
}

static int teardown(void **state)
{
	erg_source_list_release(&list);
	return 0;
}

static int find(struct erg_err *err)
{
	struct erg_source_config cfg = {.sysfs = "/nonexistent", .proc = "/proc"};

	return erg_sources_find("nvml", &cfg, &list, err);
}

static struct erg_source *rail(const char *name, enum erg_quantity q, size_t *ret)
{
	for (size_t i = 0; i < list.n; i++)
		for (size_t c = 0; c < list.sources[i]->n_channels; c++)
			if (list.sources[i]->channels[c].quantity == q &&
				!strcmp(list.sources[i]->channels[c].rail, name)) {
				*ret = c;
				return list.sources[i];
			}
	fail_msg("no %s", name);
	return NULL;
}

static int read_rail(const char *name, enum erg_quantity q, int64_t *ret)
{
	size_t c;
	struct erg_source *s = rail(name, q, &c);
	int r = s->ops->read(s, values, &native);

	*ret = values[c];
	return r;
}

static void test_what_is_found(void **state)
{
	struct erg_source *s;
	size_t c;

	assert_int_equal(find(NULL), 0);
	assert_int_equal(list.n, 12); /* six a GPU */
	s = rail("gpu1", ERG_Q_ENERGY, &c);
	assert_true(s->simulated);
	assert_int_equal(s->model.kind, ERG_SENSOR_COUNTER);
	s = rail("gpu1-instant", ERG_Q_POWER, &c);
	assert_string_equal(s->channels[c].parent, "gpu1"); /* the same board: not to be added */
	assert_int_equal(s->model.kind, ERG_SENSOR_BOXCAR);
	assert_int_equal(s->model.window_ns, 25000000); /* H100: a quarter of the time */
	assert_int_equal(s->model.period_ns, 100000000);
	assert_int_equal(s->model.provenance, ERG_PROVENANCE_ASSUMED);
	s = rail("gpu0-average", ERG_Q_POWER, &c);
	assert_int_equal(s->model.window_ns, 1000000000);
}

static void test_energy(void **state)
{
	int64_t e0, e1;

	assert_int_equal(find(NULL), 0);
	standin->now_us = 1700000000000000ull;
	assert_int_equal(read_rail("gpu0", ERG_Q_ENERGY, &e0), ERG_READ_OK);
	standin->now_us += 10000000; /* 10 s of 70 and 400 W by turns */
	assert_int_equal(read_rail("gpu0", ERG_Q_ENERGY, &e1), ERG_READ_OK);
	assert_int_equal(e1 - e0, 2350000);
}

static void test_power_and_times(void **state)
{
	int64_t p;
	uint64_t before;

	assert_int_equal(find(NULL), 0);
	/* 100 ms after a whole 200 ms: what ended was idle; 100 ms later, busy. */
	standin->now_us = 1700000000150000ull;
	assert_int_equal(read_rail("gpu0-instant", ERG_Q_POWER, &p), ERG_READ_OK);
	assert_int_equal(p, 70000);
	assert_int_equal(native, 0); /* a stamp of another year is not believed */
	assert_int_equal(read_rail("gpu0-instant", ERG_Q_POWER, &p), ERG_READ_NOTHING);
	standin->now_us = 1700000000250000ull;
	assert_int_equal(read_rail("gpu0-instant", ERG_Q_POWER, &p), ERG_READ_OK);
	assert_int_equal(p, 400000);
	assert_int_equal(read_rail("gpu0-average", ERG_Q_POWER, &p), ERG_READ_OK);
	assert_int_equal(p, 235000);
	standin->now_us = 0;
	before = erg_mono_ns();
	assert_int_equal(read_rail("gpu0", ERG_Q_ENERGY, &p), ERG_READ_OK);
	assert_true(native + 1000000000 > before && native < erg_mono_ns() + 1000000000);
}

static void test_state(void **state)
{
	int64_t v;

	assert_int_equal(find(NULL), 0);
	assert_int_equal(read_rail("gpu0", ERG_Q_TEMPERATURE, &v), 0);
	assert_int_equal(v, 61);
	assert_int_equal(read_rail("gpu0-sm", ERG_Q_FREQUENCY, &v), 0);
	assert_int_equal(v, 1980);
	assert_int_equal(read_rail("gpu0-mem", ERG_Q_UTILIZATION, &v), 0);
	assert_int_equal(v, 20);
	standin->limit_mw = 300000;
	standin->throttled = 0x40;
	assert_int_equal(read_rail("gpu0-throttle-reasons", ERG_Q_COUNT, &v), 0);
	assert_int_equal(v, 0x44);
	assert_int_equal(read_rail("gpu0-power-limit", ERG_Q_COUNT, &v), 0);
	assert_int_equal(v, 300000);
}

/* One GPU falls off the bus; the other goes on; the lost one is found again. */
static void test_lost(void **state)
{
	int64_t v;

	assert_int_equal(find(NULL), 0);
	standin->lost = 1;
	assert_int_equal(read_rail("gpu0", ERG_Q_ENERGY, &v), -ENODEV);
	assert_int_equal(read_rail("gpu0", ERG_Q_ENERGY, &v), -ENODEV);
	assert_int_equal(read_rail("gpu1", ERG_Q_ENERGY, &v), ERG_READ_OK);
	standin->lost = 0;
	while (read_rail("gpu0", ERG_Q_ENERGY, &v) == -ENODEV)
		usleep(20000);
	assert_true(v > 0);
}

static void test_old_driver(void **state)
{
	size_t c;
	struct erg_source *s;

	standin->no_fields = 1;
	assert_int_equal(find(NULL), 0);
	s = rail("gpu0", ERG_Q_ENERGY, &c); /* by nvmlDeviceGetTotalEnergyConsumption */
	assert_int_equal(s->ops->read(s, values, &native), ERG_READ_OK);
	assert_int_equal(native, 0);
	s = rail("gpu0-instant", ERG_Q_POWER, &c); /* by nvmlDeviceGetPowerUsage: a mean of 1 s */
	assert_int_equal(s->model.window_ns, 1000000000);
}

/* Which boards of the Ampere generation see a quarter of the time, and which average over 1 s where
 * a driver knows no fields. */
static void test_boards(void **state)
{
	static const struct {
		const char *name;
		uint64_t instant_ns, call_ns;
	} boards[] = {
		{"NVIDIA A100-SXM4-40GB", 25000000, 25000000},
		{"NVIDIA A30", 25000000, 25000000},
		{"NVIDIA A800 40GB Active", 25000000, 25000000},
		{"NVIDIA RTX A3000 Laptop GPU", 100000000, 1000000000},
		{"NVIDIA A10", 100000000, 1000000000},
	};
	size_t c;

	standin->architecture = ERG_NVML_AMPERE;
	for (size_t i = 0; i < ERG_ARRAY_SIZE(boards); i++) {
		standin->name = boards[i].name;
		standin->no_fields = 0;
		assert_int_equal(find(NULL), 0);
		assert_int_equal(rail("gpu0-instant", ERG_Q_POWER, &c)->model.window_ns,
			boards[i].instant_ns);
		erg_source_list_release(&list);
		standin->no_fields = 1;
		assert_int_equal(find(NULL), 0);
		assert_int_equal(rail("gpu0-instant", ERG_Q_POWER, &c)->model.window_ns,
			boards[i].call_ns);
		erg_source_list_release(&list);
	}
}

/* A superchip's module contains the GPU; it is not asked of other boards. */
static void test_module(void **state)
{
	int64_t module_mw, gpu_mw;
	struct erg_source *s;
	size_t c;

	standin->name = "NVIDIA GH200 480GB";
	standin->gpus = 1;
	standin->now_us = 1700000000 * 1000000ull;
	assert_int_equal(find(NULL), 0);
	assert_int_equal(list.n, 7);
	s = rail("gpu0-module", ERG_Q_POWER, &c);
	assert_string_equal(s->channels[c].parent, "");
	assert_int_equal(read_rail("gpu0-module", ERG_Q_POWER, &module_mw), ERG_READ_OK);
	assert_int_equal(read_rail("gpu0-instant", ERG_Q_POWER, &gpu_mw), ERG_READ_OK);
	assert_int_equal(module_mw, gpu_mw + 150000);
	s = rail("gpu0", ERG_Q_ENERGY, &c);
	assert_string_equal(s->channels[c].parent, "gpu0-module");
	s = rail("gpu0-instant", ERG_Q_POWER, &c);
	assert_string_equal(s->channels[c].parent, "gpu0");
}

static void test_before_volta(void **state)
{
	size_t c;
	struct erg_source *s;

	standin->no_energy = 1;
	assert_int_equal(find(NULL), 0);
	s = rail("gpu0", ERG_Q_POWER, &c); /* no counter: power is the rail itself */
	assert_string_equal(s->channels[c].parent, "");
}

static void test_refused(void **state)
{
	struct erg_err err;
	bool noted = false;

	standin->no_permission = 1;
	assert_int_equal(find(&err), 0); /* temperature and clocks remain */
	for (size_t i = 0; i < list.n_notes; i++)
		noted |= strstr(list.notes[i].mend, "run as root") &&
			strstr(list.notes[i].mend, "usermod");
	assert_true(noted);
	erg_source_list_release(&list);
	setenv("ERG_STANDIN_NO_DRIVER", "1", 1);
	assert_int_equal(find(&err), -ENOENT);
	assert_non_null(strstr(err.msg, "Driver Not Loaded"));
	unsetenv("ERG_STANDIN_NO_DRIVER");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_what_is_found, setup, teardown),
		cmocka_unit_test_setup_teardown(test_energy, setup, teardown),
		cmocka_unit_test_setup_teardown(test_power_and_times, setup, teardown),
		cmocka_unit_test_setup_teardown(test_state, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lost, setup, teardown),
		cmocka_unit_test_setup_teardown(test_old_driver, setup, teardown),
		cmocka_unit_test_setup_teardown(test_boards, setup, teardown),
		cmocka_unit_test_setup_teardown(test_module, setup, teardown),
		cmocka_unit_test_setup_teardown(test_before_volta, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
	};

	return cmocka_run_group_tests(tests, group_setup, NULL);
}
