/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The simulated board against closed forms. */
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/board/adc.h"
#include "tests/board/control.h"
#include "tests/board/follow.h"
#include "tests/board/model.h"
#include "formats/board_page.h"
#include "tests/board/truth.h"

#define MS 1000000u

static void near(double got, double want, double tolerance)
{
	if (!(fabs(got - want) <= tolerance))
		fail_msg("got %.9g, want %.9g within %.2g", got, want, tolerance);
}

/* A step of power through both stages: T = ambient + sum R_i P (1 - exp(-t/tau_i)), whatever the
 * length of the steps. */
static void test_thermal_step(void **state)
{
	struct erg_thermal_params t = {.r_k_per_w = {1.5, 6.5}, .tau_s = {4, 30}};
	struct erg_thermal_state fine = {{0}}, coarse = {{0}};
	double want;

	for (int i = 0; i < 20000; i++)
		erg_thermal_step(&fine, &t, 8, 0.001);
	erg_thermal_step(&coarse, &t, 8, 20);
	want = 25 + 8 * (1.5 * (1 - exp(-20 / 4.0)) + 6.5 * (1 - exp(-20 / 30.0)));
	near(erg_thermal_temp(&fine, 25), want, 1e-6);
	near(erg_thermal_temp(&coarse, 25), want, 1e-9);
}

static void test_heat_sink_and_fan(void **state)
{
	struct erg_model_params p;
	struct erg_thermal_params on, off, fan;

	erg_model_defaults(&p);
	erg_thermal_select(&p, true, 0, &on);
	erg_thermal_select(&p, false, 1, &off);
	erg_thermal_select(&p, true, 1, &fan);
	near(on.r_k_per_w[1], p.sink_on.r_k_per_w[1], 0);
	near(off.r_k_per_w[1], p.sink_off.r_k_per_w[1], 0);
	near(fan.r_k_per_w[1], p.sink_on.r_k_per_w[1] / (1 + p.fan_gain), 1e-12);
}

static void power_at(double khz, struct erg_model_load load, double temp_c,
	struct erg_model_power *ret)
{
	struct erg_model_params p;
	struct erg_model_clocks c = {.cpu_khz = khz, .gpu_khz = 998400, .cpus_online = 4};

	erg_model_defaults(&p);
	erg_model_power(&p, &c, &load, temp_c, ret);
}

static void test_leakage(void **state)
{
	struct erg_model_load idle = {0};
	struct erg_model_power cold, hot;

	power_at(1734000, idle, 50, &cold);
	power_at(1734000, idle, 80, &hot);
	near(cold.leak_w, 0.7 + 0.5, 1e-12);
	near(hot.leak_w / cold.leak_w, exp(0.02 * 30), 1e-12);
	/* nothing but leakage depends on temperature */
	near(hot.rail_w[ERG_RAIL_IN] - cold.rail_w[ERG_RAIL_IN], hot.leak_w - cold.leak_w, 1e-12);
}

/* Power is linear in the rates; the activity's part goes with V^2 f and an operation's with V^2. */
static void test_dynamic_power(void **state)
{
	struct erg_model_load idle = {0},
			      busy = {.simd_rate = 1e9, .bus_rate = 5e7, .cpu_activity = 2};
	struct erg_model_power p0, p1, half0, half1;
	double v = erg_clock_volt(&erg_model_cpu_clocks, 921600) / erg_model_cpu_clocks.v_max;

	power_at(1734000, idle, 50, &p0);
	power_at(1734000, busy, 50, &p1);
	power_at(921600, idle, 50, &half0);
	power_at(921600, busy, 50, &half1);
	near(p1.rail_w[ERG_RAIL_CPU] - p0.rail_w[ERG_RAIL_CPU], 2 * 1.1 + 1e9 * 200e-12, 1e-12);
	near(p1.rail_w[ERG_RAIL_IN] - p0.rail_w[ERG_RAIL_IN], 2 * 1.1 + 1e9 * 200e-12 + 5e7 * 15e-9,
		1e-12);
	near(half1.rail_w[ERG_RAIL_CPU] - half0.rail_w[ERG_RAIL_CPU],
		v * v * (2 * 1.1 * 921600 / 1734000 + 1e9 * 200e-12), 1e-12);
	near(half1.dynamic_cpu_w, half1.rail_w[ERG_RAIL_CPU] - half0.rail_w[ERG_RAIL_CPU], 1e-12);
}

static struct erg_adc *adc(struct erg_adc_params p)
{
	struct erg_adc *a = malloc(sizeof(*a));

	assert_non_null(a);
	p.gain = p.gain ? p.gain : 1;
	p.scale = p.scale ? p.scale : 1;
	assert_int_equal(erg_adc_init(a, &p, 1000 * MS, 1), 0);
	return a;
}

static double shown(struct erg_adc *a, uint64_t now, uint64_t *ret_time)
{
	struct erg_adc_shown s;

	assert_true(erg_adc_read(a, now, &s));
	if (ret_time)
		*ret_time = s.time_ns;
	return s.value;
}

/* A boxcar of 10 ms every 2 ms sees exactly its share of a step, and shows it 3 ms late. */
static void test_boxcar_and_lag(void **state)
{
	struct erg_adc *a = adc((struct erg_adc_params){.kind = ERG_SENSOR_BOXCAR,
		.window_ns = 10 * MS,
		.period_ns = 2 * MS,
		.lag_ns = 3 * MS});
	uint64_t t;

	erg_adc_feed(a, 1021 * MS + 500000, 2);
	erg_adc_feed(a, 1024 * MS, 12); /* 2.5 ms of the window 1014..1024 */
	near(shown(a, 1026 * MS, &t), 2 + 10 * 0.5 / 10, 1e-9);
	assert_int_equal(t, 1025 * MS);
	near(shown(a, 1027 * MS, &t), 2 + 10 * 2.5 / 10, 1e-9);
	assert_int_equal(t, 1027 * MS);
	free(a);
}

static void test_point_sees_its_window_only(void **state)
{
	struct erg_adc *a = adc((struct erg_adc_params){.kind = ERG_SENSOR_POINT,
		.window_ns = 280000,
		.period_ns = 10 * MS});

	erg_adc_feed(a, 1019 * MS, 5);
	erg_adc_feed(a, 1019 * MS + 860000, 7);
	erg_adc_feed(a, 1020 * MS, 9);
	near(shown(a, 1020 * MS, NULL), 8, 1e-9); /* half of the window each */
	free(a);
}

/* out += alpha (new - out), from the first conversion. */
static void test_ema(void **state)
{
	struct erg_adc *a = adc((struct erg_adc_params){.kind = ERG_SENSOR_EMA,
		.window_ns = MS,
		.period_ns = MS,
		.alpha = 0.25});
	double want = 0;

	for (int i = 1; i <= 40; i++) {
		double p = i % 7;

		erg_adc_feed(a, (1000 + (uint64_t)i) * MS, p);
		want = i == 1 ? p : want + 0.25 * (p - want);
		near(shown(a, (1000 + (uint64_t)i) * MS, NULL), want, 1e-9);
	}
	free(a);
}

static void test_quantisation_gain_offset(void **state)
{
	struct erg_adc *a = adc((struct erg_adc_params){.kind = ERG_SENSOR_BOXCAR,
		.window_ns = MS,
		.period_ns = MS,
		.gain = 1.01,
		.offset = 3,
		.lsb = 4,
		.scale = 100});

	erg_adc_feed(a, 1001 * MS, 1.0);
	near(shown(a, 1001 * MS, NULL), 104, 1e-9); /* 100 * 1.01 + 3 = 104 */
	erg_adc_feed(a, 1002 * MS, 1.03);
	near(shown(a, 1002 * MS, NULL), 108, 1e-9); /* 107.03 to the nearest multiple of 4 */
	free(a);
}

/* With noise of half a quantum or more the mean is right in spite of the quantisation. */
static void test_noise_dithers(void **state)
{
	struct erg_adc *a = adc((struct erg_adc_params){.kind = ERG_SENSOR_BOXCAR,
		.window_ns = MS,
		.period_ns = MS,
		.noise = 2.4,
		.lsb = 4});
	double sum = 0;

	for (uint64_t i = 1; i <= 20000; i++) {
		erg_adc_feed(a, (1000 + i) * MS, 101.7);
		sum += shown(a, (1000 + i) * MS, NULL);
	}
	near(sum / 20000, 101.7, 0.1); /* five standard errors */
	free(a);
}

static void test_counter(void **state)
{
	struct erg_adc *a = adc((struct erg_adc_params){.kind = ERG_SENSOR_COUNTER,
		.period_ns = MS,
		.lsb = 61,
		.scale = 1e6});

	erg_adc_feed(a, 1001 * MS + 1, 2.5); /* 2500 uJ at the edge: 40 whole units */
	near(shown(a, 1001 * MS + 1, NULL), 40 * 61, 1e-9);
	free(a);
}

static void test_refuses_long_windows(void **state)
{
	struct erg_adc *a = malloc(sizeof(*a));
	struct erg_adc_params p = {.kind = ERG_SENSOR_BOXCAR,
		.window_ns = 5000ull * MS,
		.period_ns = MS};

	assert_int_equal(erg_adc_init(a, &p, 0, 1), -EINVAL);
	free(a);
}

static struct erg_control_seen calm(double power_w)
{
	return (struct erg_control_seen){.temp_c = 40,
		.power_w = power_w,
		.dynamic_cpu_w = 3,
		.cpu_util = 1};
}

static void test_governors(void **state)
{
	struct erg_model_params p;
	struct erg_control c;
	struct erg_control_seen seen = calm(5);

	erg_model_defaults(&p);
	erg_control_init(&c, &p);
	erg_control_tick(&c, &p, &seen);
	assert_int_equal(c.cpu.cur_khz, 1734000);
	strcpy(c.cpu.name, "powersave");
	c.cpu.min_khz = 204000;
	erg_control_tick(&c, &p, &seen);
	assert_int_equal(c.cpu.cur_khz, 204000);
	strcpy(c.cpu.name, "userspace");
	c.cpu.set_khz = 921600;
	erg_control_tick(&c, &p, &seen);
	assert_int_equal(c.cpu.cur_khz, 921600);
	c.cpu.max_khz = 710400;
	erg_control_tick(&c, &p, &seen);
	assert_int_equal(c.cpu.cur_khz, 710400);
	strcpy(c.cpu.name, "schedutil");
	c.cpu.max_khz = 1734000;
	seen.cpu_util = 0.4;
	erg_control_tick(&c, &p, &seen);
	assert_int_equal(c.cpu.cur_khz, 921600); /* 1.25 * 0.4 * 1734 = 867 */
	assert_int_equal(c.throttled, 0);
}

static void test_throttle(void **state)
{
	struct erg_model_params p;
	struct erg_control c;
	struct erg_control_seen hot = calm(9), cool = calm(9);

	erg_model_defaults(&p);
	erg_control_init(&c, &p);
	hot.temp_c = p.trip_c;
	cool.temp_c = p.trip_c - p.trip_hysteresis_c - 0.1;
	erg_control_tick(&c, &p, &hot);
	erg_control_tick(&c, &p, &hot);
	assert_int_equal(c.cpu.cur_khz, 1555500);
	assert_int_equal(c.throttled, 1);
	assert_int_equal(c.throttle_events, 1);
	for (int i = 0; i < 2; i++)
		erg_control_tick(&c, &p, &cool);
	assert_int_equal(c.cpu.cur_khz, 1734000);
	assert_int_equal(c.throttled, 0);
}

/* Under a cap the board settles at the highest clock whose power is below it. */
static void test_cap(void **state)
{
	struct erg_model_params p;
	struct erg_control c;
	struct erg_model_load load = {.simd_rate = 4e9, .cpu_activity = 4};
	struct erg_model_power w;
	struct erg_model_clocks clk = {.gpu_khz = 998400, .cpus_online = 4};
	size_t below = 0;

	erg_model_defaults(&p);
	erg_control_init(&c, &p);
	c.cap_w = 5;
	for (int i = 0; i < 400; i++) {
		struct erg_control_seen seen = {.temp_c = 50, .cpu_util = 1};

		clk.cpu_khz = c.cpu.cur_khz;
		erg_model_power(&p, &clk, &load, 50, &w);
		seen.power_w = w.rail_w[ERG_RAIL_IN];
		seen.dynamic_cpu_w = w.dynamic_cpu_w;
		erg_control_tick(&c, &p, &seen);
		below += i >= 100 && seen.power_w <= 5;
	}
	assert_true(below > 290); /* nearly always under the cap */
	assert_int_equal(c.throttled & 2, 2);
	clk.cpu_khz = c.cpu.cur_khz;
	erg_model_power(&p, &clk, &load, 50, &w);
	assert_true(w.rail_w[ERG_RAIL_IN] > 4); /* and not far */
}

/* Interpolation between records is exact for piecewise constant power. */
static void test_truth(void **state)
{
	char path[] = "/tmp/erg-truth-XXXXXX";
	int fd = mkstemp(path);
	FILE *f;
	struct erg_truth t;
	struct erg_err err;
	double j;

	assert_true(fd >= 0);
	close(fd);
	f = erg_truth_create(path);
	assert_non_null(f);
	for (uint64_t i = 0; i <= 10; i++) { /* i watts from i to i + 1 ms */
		struct erg_truth_record r = {.time_ns = i * MS, .throttled = i == 3 ? 1 : 0};

		r.energy_j[ERG_TRUTH_CPU] = (double)(i * (i - 1)) / 2 * 1e-3;
		if (i == 0)
			r.energy_j[ERG_TRUTH_CPU] = 0;
		assert_int_equal(fwrite(&r, sizeof(r), 1, f), 1);
	}
	fclose(f);
	assert_int_equal(erg_truth_open(path, &t, &err), 0);
	assert_int_equal(erg_truth_energy(&t, ERG_TRUTH_CPU, 2 * MS + MS / 2, 4 * MS + MS / 4, &j,
				 &err),
		0);
	near(j, (2 * 0.5 + 3 + 4 * 0.25) * 1e-3, 1e-12);
	near(erg_truth_throttled_s(&t, 0, 10 * MS, 1), 1e-3, 1e-12);
	assert_int_equal(erg_truth_energy(&t, ERG_TRUTH_CPU, 0, 11 * MS, &j, &err), -ERANGE);
	erg_truth_close(&t);
	unlink(path);
}

static void test_page_ring(void **state)
{
	struct erg_board_page *page = calloc(1, sizeof(*page));
	struct erg_board_transition t = {.simd_rate = 7};
	struct erg_board_ring *a = erg_board_ring_take(page, 11),
			      *b = erg_board_ring_take(page, 12);
	uint64_t first, second;

	assert_true(a && b && a != b);
	first = erg_board_publish(a, &t);
	second = erg_board_publish(a, &t);
	assert_true(second >= first);
	assert_int_equal(a->head, 2);
	assert_int_equal(a->slots[0].time_ns, first);
	near(a->slots[1].simd_rate, 7, 0);
	erg_board_ring_drop(a);
	assert_int_equal(a->owner, 0);
	assert_int_equal(a->head, 3);
	page->state.bus_max = 100;
	page->state.bus_load = 70;
	near(erg_board_bus_slowdown(page, 20), 2, 1e-12);
	near(erg_board_bus_slowdown(page, 70), 1, 1e-12);
	free(page);
}

static double cpu_s(clockid_t clock)
{
	struct timespec ts;

	assert_int_equal(clock_gettime(clock, &ts), 0);
	return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

/* A child that is found late has used more time than fits since the last call: the rest comes later,
 * and no core is more than busy. */
static void test_follow_late(void **state)
{
	const double cores = (double)sysconf(_SC_NPROCESSORS_ONLN);
	uint64_t now = 1000 * (uint64_t)MS, step = MS;
	struct erg_follow f;
	double busy = 0, activity;
	clockid_t clock;
	pid_t child;

	erg_follow_init(&f, ERG_FOLLOW_PID, getpid());
	(void)erg_follow_activity(&f, now);
	child = fork();
	if (child == 0) {
		while (cpu_s(CLOCK_PROCESS_CPUTIME_ID) < 0.05)
			;
		pause();
	}
	assert_int_equal(clock_getcpuclockid(child, &clock), 0);
	while (cpu_s(clock) < 0.05)
		usleep(1000);
	now += 100 * (uint64_t)MS;
	(void)erg_follow_activity(&f, now);
	for (int i = 0; i < 100; i++) {
		now += step;
		activity = erg_follow_activity(&f, now);
		assert_true(activity <= cores);
		busy += activity * (double)step * 1e-9;
	}
	assert_true(busy >= 0.05);
	assert_true(busy <= cpu_s(clock) + cpu_s(CLOCK_PROCESS_CPUTIME_ID));
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_thermal_step),
		cmocka_unit_test(test_heat_sink_and_fan),
		cmocka_unit_test(test_leakage),
		cmocka_unit_test(test_dynamic_power),
		cmocka_unit_test(test_boxcar_and_lag),
		cmocka_unit_test(test_point_sees_its_window_only),
		cmocka_unit_test(test_ema),
		cmocka_unit_test(test_quantisation_gain_offset),
		cmocka_unit_test(test_noise_dithers),
		cmocka_unit_test(test_counter),
		cmocka_unit_test(test_refuses_long_windows),
		cmocka_unit_test(test_governors),
		cmocka_unit_test(test_throttle),
		cmocka_unit_test(test_cap),
		cmocka_unit_test(test_truth),
		cmocka_unit_test(test_page_ring),
		cmocka_unit_test(test_follow_late),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
