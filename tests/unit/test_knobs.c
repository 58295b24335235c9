/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Knobs on a tree of plain files and on the stand-in of NVML; saving and restoring. */
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "formats/base/util.h"
#include "record/knobs/state.h"
#include "tests/standin/nvml.h"
#include "tests/unit/tree.h"

static struct tree tree;
static struct erg_knob_context ctx;

#define POLICY(n) "devices/system/cpu/cpufreq/policy" #n "/"

static void put(const char *path, const char *text)
{
	tree_bytes(&tree, path, text, strlen(text));
}

static void is(const char *path, const char *want)
{
	char full[512], got[ERG_KNOB_TEXT_MAX];

	snprintf(full, sizeof(full), "%s/%s", tree.dir, path);
	assert_int_equal(erg_cell_read(full, got, sizeof(got)), 0);
	assert_string_equal(got, want);
}

static int setup(void **state)
{
	tree_new(&tree);
	ctx = (struct erg_knob_context){.sysfs = tree.dir};
	put("state/.keep", "");
	setenv("ERG_STATE_DIR", tree.dir, 1);
	for (int i = 0; i < 2; i++) {
		char path[128];
		static const char *const files[][2] = {{"scaling_governor", "powersave\n"},
			{"scaling_available_governors", "performance powersave userspace\n"},
			{"scaling_setspeed", "<unsupported>\n"}, {"scaling_min_freq", "800\n"},
			{"scaling_max_freq", "2000\n"},
			{"scaling_available_frequencies", "800 1600 2000 3000 \n"}};

		for (size_t f = 0; f < sizeof(files) / sizeof(files[0]); f++) {
			snprintf(path, sizeof(path), "devices/system/cpu/cpufreq/policy%d/%s", i,
				files[f][0]);
			put(path, files[f][1]);
		}
	}
	return 0;
}

static int teardown(void **state)
{
	tree_free(&tree);
	return 0;
}

static void open_knob(const char *name, struct erg_knob *k)
{
	struct erg_err err = {0};

	if (erg_knob_open(&ctx, name, k, &err) < 0)
		fail_msg("%s", err.msg);
}

static void apply(struct erg_knob *k, const char *value)
{
	char applied[ERG_KNOB_TEXT_MAX];
	struct erg_err err = {0};

	if (erg_knob_apply(k, value, applied, sizeof(applied), &err) < 0)
		fail_msg("%s", err.msg);
	assert_string_equal(applied, value);
	assert_true(erg_knob_holds(k));
}

static void test_frequency_by_userspace(void **state)
{
	struct erg_knob k;

	open_knob("cpufreq.frequency_khz", &k);
	assert_int_equal(k.devices.n, 2);
	apply(&k, "3000"); /* above the upper limit: widened first */
	is(POLICY(0) "scaling_governor", "userspace");
	is(POLICY(1) "scaling_setspeed", "3000");
	is(POLICY(1) "scaling_max_freq", "3000");
	put(POLICY(1) "scaling_setspeed", "800\n");
	assert_false(erg_knob_holds(&k));
	erg_knob_close(&k);
}

static void test_frequency_by_limits(void **state)
{
	struct erg_knob k;

	put(POLICY(0) "scaling_available_governors", "performance powersave\n");
	open_knob("cpufreq.policy0.frequency_khz", &k);
	assert_int_equal(k.devices.n, 1);
	apply(&k, "3000");
	is(POLICY(0) "scaling_min_freq", "3000");
	apply(&k, "800");
	is(POLICY(0) "scaling_min_freq", "800");
	is(POLICY(0) "scaling_max_freq", "800");
	is(POLICY(0) "scaling_governor", "powersave");
	is(POLICY(1) "scaling_max_freq", "2000");
	erg_knob_close(&k);
}

static void test_refused(void **state)
{
	struct erg_knob k;
	struct erg_err err = {0};
	char applied[64];

	open_knob("cpufreq.frequency_khz", &k);
	assert_int_equal(erg_knob_apply(&k, "1700", applied, sizeof(applied), &err), -EINVAL);
	assert_string_equal(err.msg,
		"cpufreq.frequency_khz: 1700 is not allowed: expected one of "
		"800 1600 2000 3000");
	is(POLICY(0) "scaling_governor", "powersave");
	erg_knob_close(&k);
	assert_int_equal(erg_knob_open(&ctx, "devfreq.gpu.frequency_hz", &k, &err), -ENODEV);
	assert_int_equal(erg_knob_open(&ctx, "cpufreq.policy7.governor", &k, &err), -ENODEV);
	assert_int_equal(erg_knob_open(&ctx, "cpufreq", &k, &err), -EINVAL);
}

/* Without a name every package is capped, each once; with one, that zone alone. */
static void test_powercap(void **state)
{
	static const char *const zones[][2] = {{"intel-rapl:0", "package-0"},
		{"intel-rapl:0:0", "dram"}, {"intel-rapl:1", "package-1"}};
	struct erg_err err = {0};
	struct erg_knob k;
	char path[128];

	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "class/powercap/%s/name", zones[i][0]);
		put(path, zones[i][1]);
		snprintf(path, sizeof(path), "class/powercap/%s/constraint_0_power_limit_uw",
			zones[i][0]);
		put(path, "150000000\n");
	}
	open_knob("powercap.limit_w", &k);
	apply(&k, "95.5");
	is("class/powercap/intel-rapl:0/constraint_0_power_limit_uw", "95500000");
	is("class/powercap/intel-rapl:1/constraint_0_power_limit_uw", "95500000");
	is("class/powercap/intel-rapl:0:0/constraint_0_power_limit_uw", "150000000");
	assert_true(erg_knob_holds(&k));
	put("class/powercap/intel-rapl:1/constraint_0_power_limit_uw", "1000000\n");
	assert_false(erg_knob_holds(&k));
	erg_knob_close(&k);
	open_knob("powercap.package-0.limit_w", &k);
	apply(&k, "80");
	is("class/powercap/intel-rapl:0/constraint_0_power_limit_uw", "80000000");
	is("class/powercap/intel-rapl:1/constraint_0_power_limit_uw", "1000000");
	erg_knob_close(&k);
	assert_int_equal(erg_knob_open(&ctx, "powercap.package-7.limit_w", &k, &err), -ENODEV);
}

static void test_save_and_restore(void **state)
{
	int lock = -1, second = -1;
	struct erg_knob k;
	struct erg_err err = {0};
	char path[512];

	open_knob("cpufreq.frequency_khz", &k);
	assert_int_equal(erg_state_save(&ctx, &k, 1, path, sizeof(path), &lock, &err), 0);
	apply(&k, "3000");
	put(POLICY(0) "scaling_min_freq", "3000\n");
	/* A second sweep is told so, and changes nothing; the lock goes with its holder. */
	assert_int_equal(erg_state_save(&ctx, &k, 1, path, sizeof(path), &second, &err), -EBUSY);
	assert_int_equal(erg_state_restore(path, false, NULL, &err), -EBUSY);
	assert_non_null(strstr(err.msg, "is changing these knobs now"));
	close(lock);
	assert_int_equal(erg_state_restore(path, false, NULL, &err), 5);
	is(POLICY(0) "scaling_governor", "powersave");
	is(POLICY(0) "scaling_min_freq", "800");
	is(POLICY(0) "scaling_max_freq", "2000");
	is(POLICY(1) "scaling_governor", "powersave");
	assert_int_equal(access(path, F_OK), -1);
	erg_knob_close(&k);
}

/* A state file of the tree with these CELLS, in which %s is the tree's folder. */
static void state_put(const char *cells, char *path, size_t size)
{
	struct erg_err err = {0};
	char real[PATH_MAX], text[6000], all[12000];

	assert_int_equal(erg_state_path(tree.dir, path, size, &err), 0);
	assert_non_null(realpath(tree.dir, real));
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(text, sizeof(text), cells, real);
#pragma GCC diagnostic pop
	snprintf(all, sizeof(all),
		"{\"format\": \"erg-knobs\", \"version\": 1, \"sysfs\": \"%s\", \"cells\": %s}",
		real, text);
	unlink(path);
	put(strrchr(path, '/') + 1, all);
}

static void test_bad_state_file(void **state)
{
	struct erg_err err = {0};
	char path[512];

	put("knobs-1.json", "{\"format\": \"other\"}");
	snprintf(path, sizeof(path), "%s/knobs-1.json", tree.dir);
	assert_int_equal(erg_state_restore(path, true, NULL, &err), -EINVAL);
	put("knobs-1.json", "{");
	assert_int_equal(erg_state_restore(path, true, NULL, &err), -EINVAL);
	assert_int_equal(access(path, F_OK), 0);
	state_put("[{\"path\": \"%s/nonexistent/x\", \"value\": \"1\"}]", path, sizeof(path));
	assert_int_equal(erg_state_restore(path, true, NULL, &err), -EINVAL);
	assert_int_equal(access(path, F_OK), 0);
	/* one that cannot be put back keeps the file */
	state_put("[{\"path\": \"%s/missing\", \"value\": \"1\"}]", path, sizeof(path));
	assert_int_equal(erg_state_restore(path, true, NULL, &err), -EIO);
	assert_int_equal(access(path, F_OK), 0);
}

/* What somebody else has written, or what points elsewhere, writes nothing. */
static void test_state_file_is_not_believed(void **state)
{
	static const char *const wrong[] = {
		"[{\"path\": \"%s/../target\", \"value\": \"1\"}]",
		"[{\"path\": \"/etc/hostname\", \"value\": \"1\"}]",
		"[{\"path\": \"%s/a\", \"value\": \"1\\n2\"}]",
		"[{\"path\": \"%s/a\"}]",
		"[{\"value\": \"1\"}]",
	};
	struct erg_err err = {0};
	char path[512], other[600], text[ERG_KNOB_TEXT_MAX + 200];

	put("a", "old");
	for (size_t i = 0; i < ERG_ARRAY_SIZE(wrong); i++) {
		state_put(wrong[i], path, sizeof(path));
		assert_int_equal(erg_state_restore(path, true, NULL, &err), -EINVAL);
	}
	/* longer than any attribute */
	snprintf(text, sizeof(text), "[{\"path\": \"%%s/a\", \"value\": \"%0*d\"}]",
		ERG_KNOB_TEXT_MAX, 1);
	state_put(text, path, sizeof(path));
	assert_int_equal(erg_state_restore(path, true, NULL, &err), -EINVAL);
	/* writable by others; a link; a FIFO, which must not be waited for; a name of another tree */
	state_put("[{\"path\": \"%s/a\", \"value\": \"new\"}]", path, sizeof(path));
	assert_int_equal(chmod(path, 0666), 0);
	assert_int_equal(erg_state_restore(path, true, NULL, &err), -EPERM);
	assert_int_equal(chmod(path, 0600), 0);
	snprintf(other, sizeof(other), "%s/knobs-0123456789abcdef.json", tree.dir);
	assert_int_equal(rename(path, other), 0);
	assert_int_equal(erg_state_restore(other, true, NULL, &err), -EINVAL);
	assert_int_equal(symlink(other, path), 0);
	assert_int_equal(erg_state_restore(path, true, NULL, &err), -ELOOP);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(erg_state_restore(path, true, NULL, &err), -EINVAL);
	is("a", "old");
	/* and what is right is done */
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rename(other, path), 0);
	assert_int_equal(erg_state_restore(path, true, NULL, &err), 1);
	is("a", "new");
}

/* A cell that became a link is no setting: what it names is not written. */
static void test_cell_that_is_a_link(void **state)
{
	struct erg_err err = {0};
	char path[512], target[300], cell[300];

	put("target", "old");
	snprintf(target, sizeof(target), "%s/target", tree.dir);
	snprintf(cell, sizeof(cell), "%s/cell", tree.dir);
	assert_int_equal(symlink(target, cell), 0);
	state_put("[{\"path\": \"%s/cell\", \"value\": \"new\"}]", path, sizeof(path));
	assert_int_equal(erg_state_restore(path, true, NULL, &err), -EIO);
	is("target", "old");
	assert_int_equal(access(path, F_OK), 0);
}

/* What JSON cannot hold is not left out of what is saved: nothing is changed then. */
static void test_value_that_cannot_be_saved(void **state)
{
	struct erg_err err = {0};
	struct erg_knob k = {0};
	char path[512];
	int lock = -1;

	open_knob("cpufreq.frequency_khz", &k);
	put(POLICY(1) "scaling_governor", "power\xe9save\n");
	assert_true(erg_state_save(&ctx, &k, 1, path, sizeof(path), &lock, &err) < 0);
	assert_non_null(strstr(err.msg, "scaling_governor: its value cannot be saved"));
	assert_int_equal(access(path, F_OK), -1);
	erg_knob_close(&k);
}

static void test_nvml(void **state)
{
	void *lib = dlopen("libnvidia-ml.so.1", RTLD_NOW);
	struct standin_nvml *gpu = lib ? dlsym(lib, "ergtrace_simulated") : NULL;
	struct erg_knob limit, clock;
	struct erg_err err = {0};
	char path[512], applied[64];
	int lock = -1;

	assert_non_null(gpu); /* the stand-in, or settings of a real GPU would be changed */
	open_knob("nvml.0.power_limit_w", &limit);
	open_knob("nvml.0.graphics_mhz", &clock);
	assert_int_equal(erg_state_save(&ctx, &clock, 1, path, sizeof(path), &lock, &err), 0);
	apply(&limit, "350");
	assert_int_equal(gpu->limit_mw, 350000);
	assert_int_equal(erg_knob_check(&limit, "900", &err), -EINVAL);
	assert_string_equal(err.msg,
		"nvml.0.power_limit_w: 900 is not allowed: expected 200 to 700 W");
	apply(&clock, "1200");
	assert_int_equal(gpu->locked_mhz, 1200);
	assert_int_equal(erg_state_restore(path, true, NULL, &err), 1);
	assert_int_equal(gpu->locked_mhz, 0);
	close(lock);
	gpu->no_permission = 1;
	assert_int_equal(erg_knob_apply(&limit, "300", applied, sizeof(applied), &err), -EPERM);
	assert_non_null(strstr(err.msg, "needs root"));
	erg_knob_close(&clock);
	assert_int_equal(erg_knob_open(&ctx, "nvml.9.graphics_mhz", &clock, &err), -ENODEV);
	assert_int_equal(erg_knob_open(&ctx, "nvml.4294967296.graphics_mhz", &clock, &err),
		-ENODEV);
	assert_int_equal(erg_knob_open(&ctx, "nvml.00.graphics_mhz", &clock, &err), -ENODEV);
	/* what a state file may say */
	gpu->no_permission = 0;
	gpu->limit_mw = 350000;
	assert_int_equal(erg_cell_write("nvml:0:power_limit_w", "1e300"), -EINVAL);
	assert_int_equal(erg_cell_write("nvml:0:graphics_mhz", "much"), -EINVAL);
	assert_int_equal(gpu->limit_mw, 350000);
	assert_int_equal(gpu->locked_mhz, 0);
	erg_knob_close(&limit);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_frequency_by_userspace, setup, teardown),
		cmocka_unit_test_setup_teardown(test_frequency_by_limits, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_powercap, setup, teardown),
		cmocka_unit_test_setup_teardown(test_save_and_restore, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad_state_file, setup, teardown),
		cmocka_unit_test_setup_teardown(test_state_file_is_not_believed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cell_that_is_a_link, setup, teardown),
		cmocka_unit_test_setup_teardown(test_value_that_cannot_be_saved, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nvml, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
