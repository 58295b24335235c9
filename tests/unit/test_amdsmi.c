/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The AMD SMI source against the stand-in of its library, which this program's run path leads to. */
#include "tests/unit/sources_fixture.h"

#include <dlfcn.h>
#include <math.h>

#include "tests/standin/amd/amdsmi.h"

static struct standin_amdsmi *standin;
static struct standin_amdsmi fresh;

static int group_setup(void **state)
{
	void *lib = dlopen("libamd_smi.so", RTLD_NOW);

	standin = lib ? dlsym(lib, "ergtrace_simulated") : NULL;
	if (!standin)
		return -1;
	fresh = *standin;
	/* Neither library is unloaded between tests: under tests/sanitize each has LLVM's profile runtime,
	 * which holds a copy of LLVM_PROFILE_FILE that an unloading would leak. */
	return dlopen("libnvidia-ml.so.1", RTLD_NOW) ? 0 : -1;
}

static int amd_setup(void **state)
{
	*standin = fresh;
	return setup(state);
}

static int read_rail(struct fixture *f, const char *name, enum erg_quantity q, int64_t *ret)
{
	size_t c;
	struct erg_source *s = channel(f, name, q, &c);
	int r = s->ops->read(s, f->values, &f->native);

	*ret = f->values[c];
	return r;
}

static bool noted(const struct fixture *f, const char *text)
{
	for (size_t i = 0; i < f->list.n_notes; i++)
		if (strstr(f->list.notes[i].reason, text))
			return true;
	return false;
}

/* 1e6 counts of 15.3 uJ are 15.3 J. */
static void test_energy(void **state)
{
	struct fixture *f = *state;
	struct erg_source *s;
	uint64_t before = erg_mono_ns();
	int64_t v;
	size_t c;

	assert_int_equal(find(f, "amd-smi"), 0);
	assert_int_equal(f->list.n, 10); /* five a GPU */
	s = channel(f, "gpu1", ERG_Q_ENERGY, &c);
	assert_true(s->simulated);
	assert_string_equal(s->path, "amd-smi:0000:13:00.0");
	assert_string_equal(s->channels[c].unit, "15.3uJ");
	assert_int_equal(s->model.kind, ERG_SENSOR_COUNTER);
	assert_int_equal(s->model.provenance, ERG_PROVENANCE_ASSUMED);
	assert_int_equal(read_rail(f, "gpu1", ERG_Q_ENERGY, &v), ERG_READ_OK);
	assert_true(fabs((double)v * s->channels[c].scale - 15.3) < 1e-4);
	assert_true(f->native + 1000000000 > before && f->native < erg_mono_ns() + 1000000000);
	/* a stamp of another boot is not believed; the same one again is nothing new */
	standin->stamp_ns = 1;
	assert_int_equal(read_rail(f, "gpu1", ERG_Q_ENERGY, &v), ERG_READ_OK);
	assert_int_equal(f->native, 0);
	assert_int_equal(read_rail(f, "gpu1", ERG_Q_ENERGY, &v), ERG_READ_NOTHING);
	/* a counter whose steps became others is not what was defined */
	standin->resolution_uj = 10;
	assert_int_equal(read_rail(f, "gpu1", ERG_Q_ENERGY, &v), -EBADMSG);
}

static void check_power(struct fixture *f, const char *name, int64_t watt)
{
	int64_t v;

	assert_int_equal(find(f, "amd-smi"), 0);
	assert_int_equal(read_rail(f, name, ERG_Q_POWER, &v), ERG_READ_OK);
	assert_int_equal(v, watt);
	assert_string_equal(parent_of(f, name, ERG_Q_POWER), "gpu0"); /* the same socket */
}

/* Of each layout, on cards that tell the moment and on those that tell the average. */
static void test_power(void **state)
{
	static const uint32_t versions[] = {23, 24, 25, 26, 27}, none[] = {0xffff, 0xffffffff, 0};
	struct fixture *f = *state;
	size_t c;

	for (size_t i = 0; i < ERG_ARRAY_SIZE(versions); i++)
		for (size_t k = 0; k < ERG_ARRAY_SIZE(none); k++) {
			standin->version[0] = versions[i];
			standin->current_w = 512;
			standin->average_w = none[k];
			check_power(f, "gpu0-instant", 512);
			assert_int_equal(channel(f, "gpu0-instant", ERG_Q_POWER, &c)->model.kind,
				ERG_SENSOR_POINT);
			standin->current_w = none[k];
			standin->average_w = 93;
			check_power(f, "gpu0-average", 93);
			assert_int_equal(channel(f, "gpu0-average", ERG_Q_POWER, &c)->model.kind,
				ERG_SENSOR_BOXCAR);
		}
}

/* What is not told later is a reading that failed, no 65 kW. */
static void test_power_ceases(void **state)
{
	struct fixture *f = *state;
	int64_t v;

	assert_int_equal(find(f, "amd-smi"), 0);
	standin->current_w = 0xffff;
	standin->average_w = 90; /* another quantity: not instead */
	assert_int_equal(read_rail(f, "gpu0-instant", ERG_Q_POWER, &v), -ENOTSUP);
	standin->energy = UINT64_MAX;
	assert_int_equal(read_rail(f, "gpu0", ERG_Q_ENERGY, &v), -ENOTSUP);
}

static void test_no_counter(void **state)
{
	static const uint64_t none[] = {0, UINT64_MAX};
	struct fixture *f = *state;

	for (size_t i = 0; i < ERG_ARRAY_SIZE(none); i++) {
		standin->energy = none[i];
		standin->current_w = 512;
		assert_int_equal(find(f, "amd-smi"), 0);
		assert_string_equal(parent_of(f, "gpu0", ERG_Q_POWER), ""); /* the rail itself */
		standin->current_w = 0xffff;
		assert_int_equal(find(f, "amd-smi"), 0);
		assert_true(noted(f, "gpu0 tells neither power nor energy"));
		assert_int_equal(f->list.n, 6); /* all but energy and power remain */
	}
}

static void test_state(void **state)
{
	struct fixture *f = *state;
	int64_t v;

	assert_int_equal(find(f, "amd-smi"), 0);
	assert_int_equal(read_rail(f, "gpu0", ERG_Q_TEMPERATURE, &v), ERG_READ_OK);
	assert_int_equal(v, 41);
	assert_int_equal(f->values[1], 63);
	assert_int_equal(f->values[2], 52);
	assert_int_equal(read_rail(f, "gpu0-gfx", ERG_Q_FREQUENCY, &v), ERG_READ_OK);
	assert_int_equal(v, 2100);
	assert_int_equal(read_rail(f, "gpu0-mem", ERG_Q_FREQUENCY, &v), ERG_READ_OK);
	assert_int_equal(v, 1300);
	/* one of them is missing: the others go on */
	standin->degc[0] = 0xffff;
	standin->no_memory_heat = 1;
	standin->mhz[4] = 0xffffffff;
	assert_int_equal(read_rail(f, "gpu0-hotspot", ERG_Q_TEMPERATURE, &v), ERG_READ_OK);
	assert_int_equal(v, 63);
	assert_true(f->values[0] == ERG_VALUE_NONE && f->values[2] == ERG_VALUE_NONE);
	assert_int_equal(read_rail(f, "gpu0-mem", ERG_Q_FREQUENCY, &v), ERG_READ_OK);
	assert_true(v == ERG_VALUE_NONE);
}

/* What held it back is counted: an analysis has the readings in which a count has moved as throttled. */
static void test_slowing(void **state)
{
	struct fixture *f = *state;
	const struct erg_source *s;
	int64_t v;

	assert_int_equal(find(f, "amd-smi"), 0);
	assert_int_equal(read_rail(f, "gpu1-throttle-power", ERG_Q_COUNT, &v), ERG_READ_OK);
	assert_int_equal(v, 70);
	assert_int_equal(f->values[0], 0);
	assert_int_equal(f->values[2], 3);
	assert_true(f->values[3] == ERG_VALUE_NONE); /* not told */
	standin->held_back[1] = 71;
	assert_int_equal(read_rail(f, "gpu0-throttle-power", ERG_Q_COUNT, &v), ERG_READ_OK);
	assert_int_equal(v, 71);
	s = f->list.sources[4];
	assert_int_equal(s->cls, ERG_CLASS_THERMAL);
	assert_int_equal(s->model.kind, ERG_SENSOR_COUNTER);
	assert_string_equal(s->channels[0].unit, "1");
	standin->no_violations = 1; /* a card from before MI300: no source */
	assert_int_equal(find(f, "amd-smi"), 0);
	assert_int_equal(f->list.n, 8);
}

/* A card in four partitions is one supply. */
static void test_partitions(void **state)
{
	struct fixture *f = *state;

	standin->partitions = 4;
	assert_int_equal(find(f, "amd-smi"), 0);
	assert_int_equal(f->list.n, 10);
}

static void test_failures(void **state)
{
	struct fixture *f = *state;
	int64_t v;

	assert_int_equal(find(f, "amd-smi"), 0);
	standin->failing = 31;
	assert_int_equal(read_rail(f, "gpu0", ERG_Q_ENERGY, &v), -ENODEV);
	assert_int_equal(read_rail(f, "gpu0", ERG_Q_TEMPERATURE, &v), -ENODEV);
	standin->failing = 0;
	assert_int_equal(read_rail(f, "gpu0", ERG_Q_ENERGY, &v), ERG_READ_OK);
	standin->failing = 10; /* permission denied */
	assert_int_equal(find(f, "amd-smi"), -ENOENT);
	assert_non_null(strstr(f->err.msg, "Permission denied"));
	assert_non_null(strstr(f->err.msg, "run as root"));
	standin->failing = 0;
	standin->no_address = 7;
	assert_int_equal(find(f, "amd-smi"), -ENOENT);
	assert_non_null(strstr(f->err.msg, "PCI address"));
}

static void test_library(void **state)
{
	struct fixture *f = *state;

	/* a layout that is not known is not guessed: ROCm 5.7 has a voltage in a place of the power */
	standin->version[0] = 23;
	standin->version[1] = 2;
	assert_int_equal(find(f, "amd-smi"), -ENOENT);
	assert_non_null(strstr(f->err.msg, "version 23.2 is not known"));
	standin->version[0] = 28;
	assert_int_equal(find(f, "amd-smi"), -ENOENT);
	assert_non_null(strstr(f->err.msg, "version 28.2 is not known"));
	*standin = fresh;
	standin->no_driver = 1;
	assert_int_equal(find(f, "amd-smi"), -ENOENT);
	assert_non_null(strstr(f->err.msg, "driver not loaded"));
	*standin = fresh;
	standin->gpus = 0;
	assert_int_equal(find(f, "amd-smi"), -ENOENT);
	assert_non_null(strstr(f->err.msg, "shows no GPU"));
	*standin = fresh;
	standin->gpus = 65;
	assert_int_equal(find(f, "amd-smi"), -ENOENT);
	assert_non_null(strstr(f->err.msg, "listing the GPUs"));
	*standin = fresh;
	standin->partitions = 0;
	assert_int_equal(find(f, "amd-smi"), -ENOENT);
	assert_non_null(strstr(f->err.msg, "2 sockets show no GPU"));
}

/* The card's power by hwmon lies within the rail of the library, that of another card does not. */
static void test_hwmon(void **state)
{
	struct fixture *f = *state;
	char at[128];

	for (int i = 0; i < 2; i++) {
		char path[64], link[128];

		snprintf(path, sizeof(path), "class/hwmon/hwmon%d/name", i);
		tree_put(&f->tree, path, "amdgpu");
		snprintf(path, sizeof(path), "class/hwmon/hwmon%d/power1_average", i);
		tree_put(&f->tree, path, "90000000");
		snprintf(path, sizeof(path), "class/hwmon/hwmon%d/power1_label", i);
		tree_put(&f->tree, path, "PPT%d", i);
		snprintf(path, sizeof(path), "devices/0000:%s:00.0/vendor", i ? "13" : "99");
		tree_put(&f->tree, path, "0x1002");
		snprintf(at, sizeof(at), "%s/devices/0000:%s:00.0", f->tree.dir, i ? "13" : "99");
		snprintf(link, sizeof(link), "%s/class/hwmon/hwmon%d/device", f->tree.dir, i);
		assert_int_equal(symlink(at, link), 0);
	}
	assert_int_equal(find(f, "hwmon,amd-smi"), 0);
	assert_string_equal(parent_of(f, "PPT0", ERG_Q_POWER), "");
	assert_string_equal(parent_of(f, "PPT1", ERG_Q_POWER), "gpu1");
	assert_int_equal(find(f, "hwmon"), 0);
	assert_string_equal(parent_of(f, "PPT1", ERG_Q_POWER), "");
	/* as it is where the library tells neither power nor energy */
	standin->energy = 0;
	standin->current_w = 0xffff;
	assert_int_equal(find(f, "hwmon,amd-smi"), 0);
	assert_string_equal(parent_of(f, "PPT1", ERG_Q_POWER), "");
}

/* Cards of both makers: each one's parts keep to their own whole. */
static void test_beside_nvml(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(find(f, "nvml,amd-smi"), 0);
	assert_string_equal(parent_of(f, "gpu0-instant", ERG_Q_POWER), "gpu0");
	assert_string_equal(parent_of(f, "gpu0@amd-smi", ERG_Q_ENERGY), "");
	assert_string_equal(parent_of(f, "gpu0-instant@amd-smi", ERG_Q_POWER), "gpu0@amd-smi");
	assert_int_equal(find(f, "amd-smi,nvml"), 0);
	assert_string_equal(parent_of(f, "gpu0-instant", ERG_Q_POWER), "gpu0");
	assert_string_equal(parent_of(f, "gpu0-instant@nvml", ERG_Q_POWER), "gpu0@nvml");
	assert_string_equal(parent_of(f, "gpu0-average", ERG_Q_POWER), "gpu0@nvml");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_energy, amd_setup, teardown),
		cmocka_unit_test_setup_teardown(test_power, amd_setup, teardown),
		cmocka_unit_test_setup_teardown(test_power_ceases, amd_setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_counter, amd_setup, teardown),
		cmocka_unit_test_setup_teardown(test_state, amd_setup, teardown),
		cmocka_unit_test_setup_teardown(test_slowing, amd_setup, teardown),
		cmocka_unit_test_setup_teardown(test_partitions, amd_setup, teardown),
		cmocka_unit_test_setup_teardown(test_failures, amd_setup, teardown),
		cmocka_unit_test_setup_teardown(test_library, amd_setup, teardown),
		cmocka_unit_test_setup_teardown(test_hwmon, amd_setup, teardown),
		cmocka_unit_test_setup_teardown(test_beside_nvml, amd_setup, teardown),
	};

	return cmocka_run_group_tests(tests, group_setup, NULL);
}
