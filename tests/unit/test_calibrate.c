/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Calibrations that are kept: the file, and what they make of readings. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "formats/base/tree.h"
#include "record/sources/calibration.h"
#include "record/sources/device.h"

static char folder[] = "/tmp/erg-test-calibrate-XXXXXX";
static char file[64];

static int folder_make(void **state)
{
	char *made = mkdtemp(folder);

	snprintf(file, sizeof(file), "%s/a/b/c.json", folder);
	return made && setenv("ERG_CALIBRATIONS", file, 1) == 0 ? 0 : -1;
}

static int folder_remove(void **state)
{
	return erg_tree_remove(folder);
}

static json_t *calibration(const char *rail, double gain)
{
	char host[256] = "";
	const struct erg_sensor_model model = {.kind = ERG_SENSOR_BOXCAR,
		.window_ns = 7,
		.alpha = 0.3};
	json_t *j;

	gethostname(host, sizeof(host) - 1);
	j = json_pack("{s:s, s:s, s:s, s:s, s:b, s:s, s:s, s:[f, f]}", "host", host, "kind",
		"hwmon", "path", "/x", "rail", rail, "simulated", 0, "date", "2026-11-29T00:00:00Z",
		"against", "METER", "watts", 2.0, 9.0);
	json_object_set_new(j, "gain", json_pack("{s:f, s:f}", "value", gain, "u", 0.001));
	json_object_set_new(j, "offset_w", json_pack("{s:f, s:f}", "value", 0.4, "u", 0.01));
	json_object_set_new(j, "lag_s", json_pack("{s:f, s:f}", "value", 0.02, "u", 0.001));
	json_object_set_new(j, "window_s", json_pack("{s:f, s:f}", "value", 0.05, "u", 0.001));
	json_object_set_new(j, "mean_v", json_real(5));
	json_object_set_new(j, "model", erg_calibration_model(&model));
	return j;
}

static void store(json_t *c)
{
	struct erg_err err = {0};
	char path[256];

	assert_int_equal(erg_calibration_store(c, path, sizeof(path), &err), 0);
	assert_string_equal(path, file);
	json_decref(c);
}

static size_t load_count(json_t **ret)
{
	struct erg_err err = {0};

	if (erg_calibrations_load(ret, &err) < 0)
		fail_msg("%s", err.msg);
	return json_array_size(*ret);
}

static void of_one_sensor_the_last_is_kept(void **state)
{
	json_t *all = NULL;

	assert_int_equal(load_count(&all), 0);
	json_decref(all);
	store(calibration("A", 0.5));
	store(calibration("B", 0.6));
	store(calibration("A", 0.7));
	assert_int_equal(load_count(&all), 2);
	assert_string_equal(json_string_value(json_object_get(json_array_get(all, 1), "rail")),
		"A");
	assert_float_equal(json_number_value(
				   json_object_get(json_object_get(json_array_get(all, 1), "gain"),
					   "value")),
		0.7, 1e-12);
	json_decref(all);
}

/* Hosts that share a home directory calibrate at a time, with files that a group may write by default. */
static void stores_at_a_time_lose_nothing(void **state)
{
	enum { EACH = 6, PROCESSES = 4 };
	const mode_t before = umask(002);
	json_t *all = NULL;
	struct stat st;
	int status;

	for (int i = 0; i < PROCESSES; i++) {
		const pid_t pid = fork();

		assert_true(pid >= 0);
		for (int k = 0; pid == 0 && k < EACH; k++) {
			struct erg_err err = {0};
			char path[256], rail[32];
			json_t *c;

			snprintf(rail, sizeof(rail), "rail %d %d", i, k);
			c = calibration(rail, 0.5);
			if (erg_calibration_store(c, path, sizeof(path), &err) < 0)
				_exit(1);
			json_decref(c);
		}
		if (pid == 0)
			_exit(0);
	}
	for (int i = 0; i < PROCESSES; i++) {
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	assert_int_equal(umask(before), 002);
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0644);
	assert_int_equal(load_count(&all), EACH * PROCESSES);
	json_decref(all);
	unlink(file);
}

static char said[4][512];
static size_t n_said;

static void hear(void *data, const char *line)
{
	assert_true(n_said < 4);
	snprintf(said[n_said++], sizeof(said[0]), "%s", line);
}

static const struct erg_source_ops hwmon = {.kind = "hwmon"};

/* A sensor that shows 0.4 W + 0.5 x p: 3.4 W at 6 W, of whatever the channels are. */
static void readings_become_power(void **state)
{
	struct erg_channel_def channels[] = {{.rail = "A", .quantity = ERG_Q_POWER, .scale = 1e-3},
		{.rail = "B", .quantity = ERG_Q_CURRENT, .scale = 1e-3},
		{.rail = "B", .quantity = ERG_Q_VOLTAGE, .scale = 1e-3},
		{.rail = "C", .quantity = ERG_Q_ENERGY, .scale = 1e-6},
		{.rail = "D", .quantity = ERG_Q_POWER, .scale = 1e-3}};
	struct erg_source s = {.ops = &hwmon,
		.cls = ERG_CLASS_POWER,
		.n_channels = 5,
		.channels = channels,
		.model = {.kind = ERG_SENSOR_BOXCAR, .window_ns = 7, .alpha = 0.3}};
	struct erg_source *list[] = {&s};
	const struct erg_source_list sources = {.sources = list, .n = 1};
	json_t *all = json_pack("[o, o, o]", calibration("A", 0.5), calibration("B", 0.5),
		calibration("C", 0.5));
	json_t *applied = json_array();

	n_said = 0;
	erg_calibrations_apply(&sources, all, applied, hear, NULL);
	assert_float_equal(erg_channel_si(&channels[0], 3400), 6, 1e-9);
	assert_float_equal(erg_channel_si(&channels[1], 680) * erg_channel_si(&channels[2], 5000),
		6, 1e-9);
	assert_float_equal(channels[3].scale, 2e-6, 1e-15);
	assert_true(channels[3].gain_max >= 0.4 / 2); /* its offset is not taken out */
	assert_float_equal(channels[3].offset, 0, 0);
	assert_float_equal(channels[0].gain_max, 2 * 0.001 / 0.5, 1e-12);
	assert_float_equal(channels[0].offset_max, 2 * 0.01 / 0.5, 1e-12);
	assert_float_equal(channels[4].scale, 1e-3, 0);
	assert_int_equal(s.model.provenance, ERG_PROVENANCE_MEASURED);
	assert_int_equal(s.model.lag_ns, 20000000);
	assert_int_equal(s.model.lag_u_ns, 1000000);
	assert_int_equal(s.model.window_ns, 50000000);
	assert_int_equal(json_array_size(applied), 3);
	assert_int_equal(n_said, 3);
	assert_non_null(strstr(said[0], "A: read by the calibration of 2026-11-29T00:00:00Z"));
	json_decref(all);
	json_decref(applied);
}

/* Another host's, a simulated board's, another driver's; and other settings of the same sensor. */
static void what_does_not_fit_is_left(void **state)
{
	struct erg_channel_def d = {.rail = "A", .quantity = ERG_Q_POWER, .scale = 1e-3};
	struct erg_source s = {.ops = &hwmon,
		.cls = ERG_CLASS_POWER,
		.n_channels = 1,
		.channels = &d,
		.model = {.kind = ERG_SENSOR_BOXCAR, .window_ns = 7, .alpha = 0.3}};
	struct erg_source *list[] = {&s};
	const struct erg_source_list sources = {.sources = list, .n = 1};
	const struct {
		const char *key;
		json_t *value;
	} other[] = {{"host", json_string("elsewhere")}, {"simulated", json_true()},
		{"kind", json_string("iio")}, {"rail", json_string("Z")}};

	n_said = 0;
	for (size_t i = 0; i < 4; i++) {
		json_t *all = json_pack("[o]", calibration("A", 0.5));

		json_object_set_new(json_array_get(all, 0), other[i].key, other[i].value);
		erg_calibrations_apply(&sources, all, NULL, hear, NULL);
		assert_float_equal(d.scale, 1e-3, 0);
		json_decref(all);
	}
	assert_int_equal(n_said, 0);
	s.model.window_ns = 8;
	{
		json_t *all = json_pack("[o]", calibration("A", 0.5));

		erg_calibrations_apply(&sources, all, NULL, hear, NULL);
		json_decref(all);
	}
	assert_float_equal(d.scale, 2e-3, 1e-12);
	assert_int_equal(s.model.window_ns, 8);
	assert_int_equal(s.model.lag_ns, 0);
	assert_non_null(strstr(said[0], "settings are others now"));
}

/* A chip of the bus I2C as sysfs has it, which has the name NUMBER. */
static void chip_make(const char *number, const char *i2c)
{
	const char *const folders[] = {"sys", "sys/class", "sys/class/hwmon", "sys/devices"};
	char path[256], to[256];

	for (size_t i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, folders[i]);
		mkdir(path, 0755);
	}
	snprintf(path, sizeof(path), "%s/sys/devices/%s", folder, i2c);
	mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s/sys/devices/%s/%s", folder, i2c, number);
	assert_int_equal(mkdir(path, 0755), 0);
	snprintf(to, sizeof(to), "../../devices/%s/%s", i2c, number);
	snprintf(path, sizeof(path), "%s/sys/class/hwmon/%s", folder, number);
	assert_int_equal(symlink(to, path), 0);
}

static void device_of(const char *path, char *ret)
{
	struct erg_source s = {.ops = &hwmon};

	snprintf(s.path, sizeof(s.path), "%s/%s", folder, path);
	erg_source_device_find(&s);
	assert_memory_equal(s.device, folder, *s.device ? strlen(folder) : 0);
	strcpy(ret, *s.device ? s.device + strlen(folder) : "");
}

/* A chip is where it is on the bus, whatever number the kernel has given it this time. */
static void a_number_is_no_identity(void **state)
{
	char device[256];

	chip_make("hwmon3", "1-0040");
	chip_make("hwmon4", "1-0041");
	device_of("sys/class/hwmon/hwmon3", device);
	assert_string_equal(device, "/sys/devices/1-0040");
	device_of("sys/class/hwmon/hwmon4", device);
	assert_string_equal(device, "/sys/devices/1-0041");
	device_of("sys/devices", device); /* is itself */
	assert_string_equal(device, "/sys/devices");
	device_of("sys/devices/occ0", device); /* a part of what is there */
	assert_string_equal(device, "/sys/devices/occ0");
	device_of("nowhere/occ0", device);
	assert_string_equal(device, "");
}

static json_t *calibration_of(const char *device, double gain)
{
	json_t *c = calibration("A", gain);

	json_object_set_new(c, "device", json_string(device));
	return c;
}

/* Two sensors of one name; one that does not tell is any, as in files from before. */
static void another_device_is_another_sensor(void **state)
{
	struct erg_channel_def d = {.rail = "A", .quantity = ERG_Q_POWER, .scale = 1};
	struct erg_source s = {.ops = &hwmon, .n_channels = 1, .channels = &d};
	struct erg_source *list[] = {&s};
	const struct erg_source_list sources = {.sources = list, .n = 1};
	static const struct {
		const char *device;
		double scale;
	} seen[] = {{"/one", 2}, {"/two", 4}, {"/three", 1}, {"", 2}};
	json_t *all = NULL;

	unlink(file);
	store(calibration_of("/one", 0.5));
	store(calibration_of("/two", 0.5));
	store(calibration_of("/two", 0.25));
	assert_int_equal(load_count(&all), 2);
	for (size_t i = 0; i < 4; i++) {
		n_said = 0;
		d.scale = 1;
		strcpy(s.device, seen[i].device);
		erg_calibrations_apply(&sources, all, NULL, hear, NULL);
		assert_float_equal(d.scale, seen[i].scale, 1e-12);
		assert_int_equal(n_said, seen[i].scale > 1);
	}
	json_decref(all);
	unlink(file);
}

static void put(const char *text, mode_t mode)
{
	FILE *f = fopen(file, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	assert_int_equal(chmod(file, mode), 0);
}

static void damaged_files_are_refused_by_name(void **state)
{
	static const struct {
		const char *text;
		mode_t mode;
		int error;
		const char *why;
	} bad[] = {{"{\"format\": ", 0644, -EINVAL, "line 1"}, {"[]", 0644, -EINVAL, "format"},
		{"{\"format\": \"erg-calibrations\", \"version\": 1, \"calibrations\": [{\"host\": 1}]}",
			0644, -EINVAL, "entry 1"},
		{"{\"format\": \"erg-calibrations\", \"version\": 2, \"calibrations\": []}", 0644,
			-EINVAL, "version 1"},
		{"{}", 0666, -EPERM, "nobody else can write"}};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct erg_err err = {0};
		json_t *all = NULL;

		put(bad[i].text, bad[i].mode);
		assert_int_equal(erg_calibrations_load(&all, &err), bad[i].error);
		assert_non_null(strstr(err.msg, file));
		assert_non_null(strstr(err.msg, bad[i].why));
	}
	/* a gain of 0 would divide by it */
	unlink(file);
	store(calibration("A", 0));
	{
		struct erg_err err = {0};
		json_t *all = NULL;

		assert_int_equal(erg_calibrations_load(&all, &err), -EINVAL);
	}
	/* a lag that is no number of nanoseconds */
	unlink(file);
	{
		json_t *c = calibration("A", 0.5), *all = NULL;
		struct erg_err err = {0};

		json_object_set_new(json_object_get(c, "lag_s"), "value", json_real(1e300));
		store(c);
		assert_int_equal(erg_calibrations_load(&all, &err), -EINVAL);
	}
	unlink(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stores_at_a_time_lose_nothing),
		cmocka_unit_test(of_one_sensor_the_last_is_kept),
		cmocka_unit_test(readings_become_power),
		cmocka_unit_test(what_does_not_fit_is_left),
		cmocka_unit_test(a_number_is_no_identity),
		cmocka_unit_test(another_device_is_another_sensor),
		cmocka_unit_test(damaged_files_are_refused_by_name),
	};

	return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
