/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Calibration against a meter: the fit, on power whose means are summed here piece by piece, and the file. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
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
#include "record/calibrate/fit.h"
#include "record/sources/calibration.h"

/* ---- a world ---- */

#define PIECES 400
#define PIECE_S 0.05 /* and up to as much again */

struct world {
	double end_s[PIECES], w[PIECES];
	uint64_t rng;
};

static double uniform(struct world *x)
{
	x->rng = x->rng * 6364136223846793005u + 1442695040888963407u;
	return (double)(x->rng >> 11) / 9007199254740992.0;
}

static struct world world_make(uint64_t seed, double low, double high)
{
	struct world x = {.rng = seed};
	double t = 0;

	for (int i = 0; i < PIECES; i++) {
		t += PIECE_S * (1 + uniform(&x));
		x.end_s[i] = t;
		x.w[i] = uniform(&x) < 0.5 ? low : high;
	}
	return x;
}

static double joules(const struct world *x, double from, double to)
{
	double sum = 0, begin = 0;

	for (int i = 0; i < PIECES; i++) {
		double a = fmax(begin, from), b = fmin(x->end_s[i], to);

		sum += b > a ? x->w[i] * (b - a) : 0;
		begin = x->end_s[i];
	}
	return sum;
}

/* The exponential mean at T, by small steps. */
static double exponential(const struct world *x, double t, double tau)
{
	double sum = 0, step = tau / 200;

	for (double u = 0; u < 12 * tau; u += step)
		sum += joules(x, t - u - step, t - u) / step * exp(-(u + step / 2) / tau) * step /
			tau;
	return sum;
}

static struct erg_fit_series series(size_t n, enum erg_fit_form form)
{
	struct erg_fit_series s = {.n = n, .form = form};

	s.t_ns = malloc(n * sizeof(*s.t_ns));
	s.v = malloc(n * sizeof(*s.v));
	assert_true(s.t_ns && s.v);
	return s;
}

static void series_free(struct erg_fit_series *s)
{
	free(s->t_ns);
	free(s->v);
}

#define ZERO_NS 5000000000u

/* 1 kHz. */
static struct erg_fit_series meter_of(const struct world *x, enum erg_fit_form form)
{
	struct erg_fit_series s = series(25000, form);

	for (size_t i = 0; i < s.n; i++) {
		double t = 0.001 * (double)(i + 1);

		s.t_ns[i] = ZERO_NS + (uint64_t)llround(1e9 * t);
		s.v[i] = form == ERG_FIT_ENERGY ? joules(x, 0, t) : 1e3 * joules(x, t - 0.001, t);
	}
	return s;
}

static struct erg_fit_series sensor_of(struct world *x, enum erg_sensor_kind kind, double gain,
	double offset, double lag, double window, double spacing, double noise)
{
	struct erg_fit_series s = series((size_t)(22 / spacing),
		kind == ERG_SENSOR_COUNTER ? ERG_FIT_ENERGY : ERG_FIT_POWER);

	for (size_t i = 0; i < s.n; i++) {
		double t = 2 + spacing * (double)i, to = t - lag;
		double n = noise * (uniform(x) + uniform(x) + uniform(x) + uniform(x) - 2);

		s.t_ns[i] = ZERO_NS + (uint64_t)llround(1e9 * t);
		if (kind == ERG_SENSOR_COUNTER)
			s.v[i] = gain * joules(x, 0, to) + offset * t + n;
		else if (kind == ERG_SENSOR_EMA)
			s.v[i] = offset + gain * exponential(x, to, window) + n;
		else
			s.v[i] = offset + gain * joules(x, to - window, to) / window + n;
	}
	return s;
}

static void assert_found(struct erg_fit_value f, double truth, double at_most)
{
	if (!(fabs(f.value - truth) <= at_most) ||
		!(fabs(f.value - truth) <= 5 * f.u + 1e-3 * at_most))
		fail_msg("%g +- %g, and the truth is %g (may be off by %g)", f.value, f.u, truth,
			at_most);
}

static void finds_what_a_sensor_does(void **state)
{
	const struct {
		enum erg_sensor_kind kind;
		double gain, offset, lag, window, spacing;
	} sensors[] = {
		{ERG_SENSOR_BOXCAR, 0.55, 0.8, 0.030, 0.020, 0.010},
		{ERG_SENSOR_BOXCAR, 1.1, -0.3, 0.0, 0.100, 0.100},
		{ERG_SENSOR_BOXCAR, 0.95, 0, 0.4, 1.0, 0.025},
		{ERG_SENSOR_POINT, 1, 0.1, 0.005, 0.004, 0.0051},
		{ERG_SENSOR_POINT, 1, 0.1, 0.005, 0.002, 0.005}, /* in step with the meter */
		{ERG_SENSOR_EMA, 0.9, 0.2, 0.015, 0.080, 0.020},
		{ERG_SENSOR_COUNTER, 0.85, 0.4, 0.012, 0, 0.010},
		{ERG_SENSOR_BOXCAR, 0.9, 0.2, 2.0, 0.100, 0.025},
		{ERG_SENSOR_BOXCAR, 0.9, 0.2, 2.0, 2.0, 0.025}, /* the furthest */
	};

	for (size_t i = 0; i < sizeof(sensors) / sizeof(sensors[0]); i++) {
		struct world x = world_make(17 + i, 3, 11);
		struct erg_fit_series m = meter_of(&x, i % 2 ? ERG_FIT_ENERGY : ERG_FIT_MEAN);
		struct erg_fit_series s = sensor_of(&x, sensors[i].kind, sensors[i].gain,
			sensors[i].offset, sensors[i].lag, sensors[i].window, sensors[i].spacing,
			sensors[i].kind == ERG_SENSOR_COUNTER ? 1e-4 : 0.05);
		struct erg_fit f;
		struct erg_err err = {0};

		if (erg_fit_sensor(&m, &s, sensors[i].kind, &f, &err))
			fail_msg("sensor %zu: %s", i, err.msg);
		assert_found(f.gain, sensors[i].gain, 0.01);
		assert_found(f.offset_w, sensors[i].offset, 0.08);
		assert_found(f.lag_s, sensors[i].lag, 0.001);
		if (sensors[i].kind != ERG_SENSOR_COUNTER)
			assert_found(f.window_s, sensors[i].window, 0.002);
		series_free(&m);
		series_free(&s);
	}
}

/* In how many of 12 worlds does value +- 2 u hold the truth? Of a normal error it is 11 or 12. */
static void uncertainty_is_what_it_says(void **state)
{
	int gain = 0, offset = 0, lag = 0, window = 0;

	for (int i = 0; i < 12; i++) {
		struct world x = world_make(1000 + (uint64_t)i, 2, 9);
		struct erg_fit_series m = meter_of(&x, ERG_FIT_MEAN);
		struct erg_fit_series s =
			sensor_of(&x, ERG_SENSOR_BOXCAR, 0.8, 0.5, 0.020, 0.050, 0.050, 0.4);
		struct erg_fit f;
		struct erg_err err = {0};

		assert_int_equal(erg_fit_sensor(&m, &s, ERG_SENSOR_BOXCAR, &f, &err), 0);
		gain += fabs(f.gain.value - 0.8) < 2 * f.gain.u;
		offset += fabs(f.offset_w.value - 0.5) < 2 * f.offset_w.u;
		lag += fabs(f.lag_s.value - 0.020) < 2 * f.lag_s.u;
		window += fabs(f.window_s.value - 0.050) < 2 * f.window_s.u;
		series_free(&m);
		series_free(&s);
	}
	assert_true(gain >= 9 && offset >= 9 && lag >= 9 && window >= 9);
}

static void refuse(struct erg_fit_series m, struct erg_fit_series s, const char *why)
{
	struct erg_fit f;
	struct erg_err err = {0};

	assert_int_equal(erg_fit_sensor(&m, &s, ERG_SENSOR_BOXCAR, &f, &err), -ENODATA);
	if (!strstr(err.msg, why))
		fail_msg("%s; expected: %s", err.msg, why);
	series_free(&m);
	series_free(&s);
}

static void refuses_what_the_readings_cannot_tell(void **state)
{
	struct world x = world_make(3, 3, 11), other = world_make(4, 3, 11);
	struct world still = world_make(5, 6, 6);
	struct erg_fit_series few;

	/* another supply */
	refuse(meter_of(&x, ERG_FIT_MEAN),
		sensor_of(&other, ERG_SENSOR_BOXCAR, 1, 0, 0, 0.02, 0.01, 0.05), "same supply");
	/* no load */
	refuse(meter_of(&still, ERG_FIT_MEAN),
		sensor_of(&still, ERG_SENSOR_BOXCAR, 1, 0, 0, 0.02, 0.01, 0.5), "same supply");
	/* falls where the meter rises */
	refuse(meter_of(&x, ERG_FIT_MEAN),
		sensor_of(&x, ERG_SENSOR_BOXCAR, -1, 20, 0, 0.02, 0.01, 0.05), "same supply");
	few = sensor_of(&x, ERG_SENSOR_BOXCAR, 1, 0, 0, 0.02, 0.01, 0.05);
	few.n = 20;
	refuse(meter_of(&x, ERG_FIT_MEAN), few, "20 of the sensor");
}

/* ---- the file ---- */

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
		cmocka_unit_test(finds_what_a_sensor_does),
		cmocka_unit_test(uncertainty_is_what_it_says),
		cmocka_unit_test(refuses_what_the_readings_cannot_tell),
		cmocka_unit_test(stores_at_a_time_lose_nothing),
		cmocka_unit_test(of_one_sensor_the_last_is_kept),
		cmocka_unit_test(readings_become_power),
		cmocka_unit_test(what_does_not_fit_is_left),
		cmocka_unit_test(damaged_files_are_refused_by_name),
	};

	return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
