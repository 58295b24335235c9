/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The command line of erg-board: one table of options, most of which are numbers that go straight
 * into the configuration.
 */
#include "tests/board/options.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum how { NUMBER, MICROSECONDS, FLAG, SPECIAL };

struct option_row {
	const char *name, *arg, *help;
	enum how how;
	size_t offset;
	double min, max;
};

#define AT(field) offsetof(struct erg_board_config, field)

static const struct option_row rows[] = {
	{"page", "FILE", "page of memory for workloads (DIR/ergboard/page)", SPECIAL, 0},
	{"truth", "FILE", "log of the true energy (DIR/ergboard/truth.log)", SPECIAL, 0},
	{"follow", "WHAT", "activity from CPU time: a PID, command, or all", SPECIAL, 0},
	{"heatsink", "on|off", "whether the heat sink is mounted (on)", SPECIAL, 0},
	{"sensor", "KIND", "point, boxcar or ema (boxcar)", SPECIAL, 0},
	{"window", "US", "conversion or boxcar length (1000)", MICROSECONDS, AT(adc.window_ns), 1,
		1e8},
	{"period", "US", "time between conversions (1000)", MICROSECONDS, AT(adc.period_ns), 10,
		1e8},
	{"lag", "US", "a reading appears so much later (0)", MICROSECONDS, AT(adc.lag_ns), 0, 1e8},
	{"lag-u", "US", "uncertainty of the lag that the board states (0)", MICROSECONDS,
		AT(lag_u_ns), 0, 1e8},
	{"alpha", "A", "weight of a new conversion, ema only (1)", NUMBER, AT(adc.alpha), 1e-6, 1},
	{"gain", "G", "readings are multiplied by it (1)", NUMBER, AT(adc.gain), 0.1, 10},
	{"offset", "MA", "added to every reading, mA (0)", NUMBER, AT(adc.offset), -1000, 1000},
	{"noise", "MA", "standard deviation of a conversion, mA (2.4)", NUMBER, AT(adc.noise), 0,
		1000},
	{"lsb", "MA", "quantum of a reading, mA (4)", NUMBER, AT(adc.lsb), 0, 1000},
	{"rail-mv", "MV", "voltage of the rails (19000)", NUMBER, AT(rail_mv), 100, 100000},
	{"sensor-locked", NULL, "samples cannot be written", FLAG, AT(sensor_locked)},
	{"power-files", NULL, "powerN_input as well", FLAG, AT(power_files)},
	{"energy", NULL, "energy counters in class/powercap as well", FLAG, AT(energy)},
	{"meter", NULL, "a PowerSensor3 on the input, at DIR/ergboard/meter", FLAG, AT(meter)},
	{"energy-range", "UJ", "where the counters wrap (262143328850)", SPECIAL, 0},
	{"energy-period", "US", "between updates of the counters (1000)", MICROSECONDS,
		AT(energy_period_ns), 10, 1e8},
	{"speed", "X", "thermal time runs X times as fast (1)", NUMBER, AT(thermal_speed), 0.001,
		10000},
	{"ambient", "DEGC", "(25)", NUMBER, AT(model.ambient_c), -40, 85},
	{"trip", "DEGC", "temperature at which it throttles (85)", NUMBER, AT(model.trip_c), 0,
		200},
	{"temp-lsb", "K", "quantum of the temperatures (0.5)", NUMBER, AT(temp_lsb_c), 0, 10},
	{"leak-beta", "1/K", "exponent of the leakage (0.02)", NUMBER, AT(model.leak_beta), 0, 0.1},
	{"leak-cpu", "W", "leakage of the CPU at 50 degC (0.7)", NUMBER, AT(model.leak_cpu_w), 0,
		20},
	{"leak-gpu", "W", "leakage of the GPU at 50 degC (0.5)", NUMBER, AT(model.leak_gpu_w), 0,
		20},
	{"hz", "N", "updates per second (1000)", SPECIAL, 0},
	{"seed", "N", "of the sensor's noise (1)", SPECIAL, 0},
	{"help", NULL, "this text", SPECIAL, 0},
};

#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

void erg_board_config_defaults(struct erg_board_config *cfg)
{
	*cfg = (struct erg_board_config){
		.adc = {.kind = ERG_SENSOR_BOXCAR,
			.window_ns = 1000000,
			.period_ns = 1000000,
			.alpha = 1,
			.gain = 1,
			.noise = 2.4,
			.lsb = 4},
		.rail_mv = 19000,
		.shunt_uohm = 10000,
		.energy_range_uj = 262143328850ull,
		.energy_period_ns = 1000000,
		.energy_lsb_uj = 61.03515625, /* 2^-14 J */
		.thermal_speed = 1,
		.temp_lsb_c = 0.5,
		.sink = true,
		.hz = 1000,
		.seed = 1,
	};
	erg_model_defaults(&cfg->model);
}

void erg_board_help(FILE *f)
{
	fputs("usage: erg-board DIR [options] [-- COMMAND [ARG...]]\n"
	      "A simulated TX1-class board: DIR becomes a tree like /sys. With COMMAND, runs it with\n"
	      "ERG_BOARD_DIR and ERG_BOARD_PAGE set, and ends with its exit status.\n\n",
		f);
	for (size_t i = 0; i < N_ROWS; i++) {
		char left[40];

		snprintf(left, sizeof(left), "--%s %s", rows[i].name,
			rows[i].arg ? rows[i].arg : "");
		fprintf(f, "  %-22s %s\n", left, rows[i].help);
	}
}

static int set_number(struct erg_board_config *cfg, const struct option_row *row, const char *text,
	struct erg_err *err)
{
	char *end, *field = (char *)cfg + row->offset;
	double v = strtod(text, &end);

	if (end == text || *end || !(v >= row->min && v <= row->max))
		return erg_fail(err, -EINVAL, "--%s: \"%s\" is not a number from %g to %g",
			row->name, text, row->min, row->max);
	if (row->how == NUMBER)
		*(double *)(void *)field = v;
	else
		*(uint64_t *)(void *)field = (uint64_t)llround(v * 1000);
	return 0;
}

static int set_count(uint64_t *ret, const char *name, const char *text, uint64_t min, uint64_t max,
	struct erg_err *err)
{
	char *end;
	uint64_t v = strtoull(text, &end, 10);

	if (end == text || *end || v < min || v > max)
		return erg_fail(err, -EINVAL,
			"--%s: \"%s\" is not a whole number from %llu to %llu", name, text,
			(unsigned long long)min, (unsigned long long)max);
	*ret = v;
	return 0;
}

static int set_follow(struct erg_board_config *cfg, const char *text, struct erg_err *err)
{
	uint64_t pid;
	int r;

	if (strcmp(text, "all") == 0) {
		cfg->follow = ERG_FOLLOW_ALL;
		return 0;
	}
	cfg->follow = ERG_FOLLOW_PID;
	if (strcmp(text, "command") == 0) {
		cfg->follow_command = true;
		return 0;
	}
	r = set_count(&pid, "follow", text, 1, 1u << 30, err);
	cfg->follow_pid = (pid_t)pid;
	return r;
}

static int set_special(struct erg_board_config *cfg, const char *name, const char *text,
	struct erg_err *err)
{
	uint64_t v;
	int r;

	if (strcmp(name, "page") == 0) {
		cfg->page_path = text;
	} else if (strcmp(name, "truth") == 0) {
		cfg->truth_path = text;
	} else if (strcmp(name, "follow") == 0) {
		return set_follow(cfg, text, err);
	} else if (strcmp(name, "heatsink") == 0) {
		if (strcmp(text, "on") != 0 && strcmp(text, "off") != 0)
			return erg_fail(err, -EINVAL, "--heatsink: \"%s\" is neither on nor off",
				text);
		cfg->sink = strcmp(text, "on") == 0;
	} else if (strcmp(name, "sensor") == 0) {
		r = erg_sensor_kind_parse(text);
		if (r < 0 || r == ERG_SENSOR_COUNTER)
			return erg_fail(err, -EINVAL,
				"--sensor: \"%s\" is none of point, boxcar, ema", text);
		cfg->adc.kind = (enum erg_sensor_kind)r;
	} else if (strcmp(name, "energy-range") == 0) {
		return set_count(&cfg->energy_range_uj, name, text, 1000, UINT64_MAX / 2, err);
	} else if (strcmp(name, "hz") == 0) {
		r = set_count(&v, name, text, 1, 10000, err);
		cfg->hz = (unsigned)v;
		return r;
	} else if (strcmp(name, "seed") == 0) {
		return set_count(&cfg->seed, name, text, 0, UINT64_MAX - 1, err);
	}
	return 0;
}

static int set_row(struct erg_board_config *cfg, const struct option_row *row, const char *text,
	struct erg_err *err)
{
	if (row->how == FLAG) {
		*(bool *)((char *)cfg + row->offset) = true;
		return 0;
	}
	if (row->how == SPECIAL)
		return set_special(cfg, row->name, text, err);
	return set_number(cfg, row, text, err);
}

int erg_board_options(struct erg_board_config *cfg, int argc, char **argv, struct erg_err *err)
{
	struct option longs[N_ROWS + 1] = {0};
	int c, index, r;

	for (size_t i = 0; i < N_ROWS; i++)
		longs[i] = (struct option){rows[i].name,
			rows[i].arg ? required_argument : no_argument, NULL, 0};
	if (argc < 2)
		return erg_fail(err, -EINVAL, "no DIR given (see erg-board --help)");
	/* DIR comes first, so that the rest behaves as getopt expects */
	if (argv[1][0] != '-') {
		cfg->dir = argv[1];
		argv++;
		argc--;
	}
	opterr = 0;
	while ((c = getopt_long(argc, argv, "+", longs, &index)) != -1) {
		if (c != 0)
			return erg_fail(err, -EINVAL, "%s: unknown option or missing argument",
				argv[optind - 1]);
		if (strcmp(rows[index].name, "help") == 0)
			return 1;
		r = set_row(cfg, &rows[index], optarg, err);
		if (r < 0)
			return r;
	}
	if (!cfg->dir && optind < argc && strcmp(argv[optind - 1], "--") != 0)
		cfg->dir = argv[optind++];
	if (optind < argc && strcmp(argv[optind], "--") == 0)
		optind++;
	if (optind < argc)
		cfg->command = argv + optind;
	if (!cfg->dir)
		return erg_fail(err, -EINVAL, "no DIR given (see erg-board --help)");
	if (cfg->follow_command && !cfg->command)
		return erg_fail(err, -EINVAL, "--follow command: no command given");
	return 0;
}
