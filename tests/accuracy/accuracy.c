/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The accuracy table: kinds of sensors x rates x lengths of layers x lengths of runs, each cell
 * over many seeds. Per layer of each trace the relative error of three ways (the naive hold, direct
 * integration, what erg-analyze reports), whether the 95 % interval covers the truth, and how often
 * the answer was "unresolved". Deterministic: the same program prints the same table.
 *
 *     accuracy [--seeds N] [--only NAME] [--manual]
 *     accuracy --bench      time of the attribution of 70 layers, and of 1,000 rounds of the bootstrap
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "analyze/attribution/attribution.h"
#include "formats/base/util.h"
#include "tests/accuracy/scene.h"

#define JOBS 2

struct cell {
	const char *name, *sensor, *rate, *layers, *run;
	enum erg_sensor_kind kind;
	double spacing, window, period, alpha, noise, lsb; /* s, s, s, 1, W, W or J */
	double layer_min, layer_max, variation, run_s;
	bool locked;
	double weight; /* share of the seeds */
};

#define MS 1e-3
#define INA .076 /* W: quantum of an INA3221 at 19 V and 10 mOhm */

static const struct cell cells[] = {
	{"p10", "point 0.28 ms", "100 Hz", "0.3-4 ms", "60 s", ERG_SENSOR_POINT, 10 * MS, .28 * MS,
		0, 0, .02, 0, .3 * MS, 4 * MS, 0, 60, false, 1},
	{"p10v", "point 0.28 ms", "100 Hz", "0.3-4 ms, varying", "60 s", ERG_SENSOR_POINT, 10 * MS,
		.28 * MS, 0, 0, .02, 0, .3 * MS, 4 * MS, .1, 60, false, 1},
	{"p10q", "point 0.28 ms, 76 mW", "100 Hz", "0.3-4 ms", "60 s", ERG_SENSOR_POINT, 10 * MS,
		.28 * MS, 0, 0, 0, INA, .3 * MS, 4 * MS, 0, 60, false, 1},
	{"b2", "boxcar 2.2 ms", "100 Hz", "0.3-4 ms", "60 s", ERG_SENSOR_BOXCAR, 10 * MS, 2.2 * MS,
		0, 0, .02, 0, .3 * MS, 4 * MS, 0, 60, false, 1},
	{"b2v", "boxcar 2.2 ms", "100 Hz", "0.3-4 ms, varying", "60 s", ERG_SENSOR_BOXCAR, 10 * MS,
		2.2 * MS, 0, 0, .02, 0, .3 * MS, 4 * MS, .1, 60, false, 1},
	{"b10", "boxcar 10 ms", "100 Hz", "0.3-4 ms", "60 s", ERG_SENSOR_BOXCAR, 10 * MS, 10 * MS,
		0, 0, .02, 0, .3 * MS, 4 * MS, 0, 60, false, 1},
	{"b10v", "boxcar 10 ms", "100 Hz", "0.3-4 ms, varying", "60 s", ERG_SENSOR_BOXCAR, 10 * MS,
		10 * MS, 0, 0, .02, 0, .3 * MS, 4 * MS, .1, 60, false, 1},
	{"b10s", "boxcar 10 ms", "100 Hz", "0.3-4 ms", "10 s", ERG_SENSOR_BOXCAR, 10 * MS, 10 * MS,
		0, 0, .02, 0, .3 * MS, 4 * MS, 0, 10, false, 1},
	{"b10l", "boxcar 10 ms", "100 Hz", "0.3-4 ms, varying", "600 s", ERG_SENSOR_BOXCAR, 10 * MS,
		10 * MS, 0, 0, .02, 0, .3 * MS, 4 * MS, .1, 600, false, .25},
	{"b2k", "boxcar 2.2 ms", "1 kHz", "0.3-4 ms, varying", "60 s", ERG_SENSOR_BOXCAR, 1 * MS,
		2.2 * MS, 0, 0, .02, 0, .3 * MS, 4 * MS, .1, 60, false, .5},
	{"u1", "boxcar 1 ms every 1 ms", "1 kHz", "0.3-4 ms, varying", "60 s", ERG_SENSOR_BOXCAR,
		1 * MS, 1 * MS, 1 * MS, 0, .02, 0, .3 * MS, 4 * MS, .1, 60, false, .5},
	{"u10", "boxcar 10 ms every 10 ms", "1 kHz", "0.3-4 ms", "60 s", ERG_SENSOR_BOXCAR, 1 * MS,
		10 * MS, 10 * MS, 0, .02, 0, .3 * MS, 4 * MS, 0, 60, false, .5},
	{"nvml", "boxcar 25 ms every 100 ms", "10 Hz", "0.3-4 ms", "60 s", ERG_SENSOR_BOXCAR,
		100 * MS, 25 * MS, 100 * MS, 0, .05, 0, .3 * MS, 4 * MS, 0, 60, false, 1},
	{"e1", "average N=4 of 0.84 ms", "100 Hz", "0.3-4 ms", "60 s", ERG_SENSOR_EMA, 10 * MS, 0,
		.84 * MS, .25, .02, 0, .3 * MS, 4 * MS, 0, 60, false, 1},
	{"e64", "average N=64 of 0.28 ms", "100 Hz", "0.3-4 ms", "60 s", ERG_SENSOR_EMA, 10 * MS, 0,
		.28 * MS, 1. / 64, .005, 0, .3 * MS, 4 * MS, 0, 60, false, .25},
	{"c1", "counter, 61 uJ", "1 kHz", "0.3-4 ms, varying", "60 s", ERG_SENSOR_COUNTER, 1 * MS,
		0, 0, 0, 0, 61e-6, .3 * MS, 4 * MS, .1, 60, false, .5},
	{"cu", "counter, 61 uJ every 1 ms", "1 kHz", "0.3-4 ms, varying", "60 s",
		ERG_SENSOR_COUNTER, 1 * MS, 0, 1 * MS, 0, 0, 61e-6, .3 * MS, 4 * MS, .1, 60, false,
		.5},
	{"c10", "counter, 61 uJ", "100 Hz", "0.3-4 ms, varying", "60 s", ERG_SENSOR_COUNTER,
		10 * MS, 0, 0, 0, 0, 61e-6, .3 * MS, 4 * MS, .1, 60, false, 1},
	{"long", "boxcar 2.2 ms", "500 Hz", "25-200 ms, varying", "60 s", ERG_SENSOR_BOXCAR, 2 * MS,
		2.2 * MS, 0, 0, .02, 0, 25 * MS, 200 * MS, .1, 60, false, 1},
	{"longc", "counter, 61 uJ", "1 kHz", "25-200 ms, varying", "60 s", ERG_SENSOR_COUNTER,
		1 * MS, 0, 0, 0, 0, 61e-6, 25 * MS, 200 * MS, .1, 60, false, .5},
	{"lock", "boxcar 2.2 ms, in step", "100 Hz", "0.3-4 ms, in step", "60 s", ERG_SENSOR_BOXCAR,
		10 * MS, 2.2 * MS, 0, 0, .02, 0, .3 * MS, 4 * MS, 0, 60, true, .5},
};

struct stats {
	double layers, resolved, unresolved, covered;
	double naive, naive_worst, direct, direct_n, direct_worst, ls, ls_worst;
	double ets, ets_worst, ets_n, ets_covered, traces;
};

static void scene_of(const struct cell *c, uint64_t seed, struct scene *s)
{
	scene_defaults(s);
	s->seed = seed;
	s->kind = c->kind;
	s->spacing_s = c->spacing;
	s->window_s = c->window;
	s->period_s = c->period;
	s->alpha = c->alpha;
	s->noise_w = c->noise;
	s->lsb = c->lsb;
	s->layer_min_s = c->layer_min;
	s->layer_max_s = c->layer_max;
	s->variation = c->variation;
	s->run_s = c->run_s;
	if (c->locked) {
		s->cycle_s = 2 * c->spacing;
		s->jitter = s->dither = 0;
	}
}

static bool covers(const struct erg_est *e, double truth)
{
	return e->lo <= truth && truth <= e->hi;
}

static void count_layer(struct stats *st, const struct erg_attr *a, size_t k, const double *truth,
	const double *naive)
{
	const struct erg_attr_class *c = &a->classes[k];
	double e = fabs(naive[k] / truth[k] - 1), sum = 0;

	st->layers++;
	st->naive += e;
	st->naive_worst = fmax(st->naive_worst, e);
	if (erg_est_resolved(&c->energy_direct_j)) {
		e = fabs(c->energy_direct_j.value / truth[k] - 1);
		st->direct += e;
		st->direct_n++;
		st->direct_worst = fmax(st->direct_worst, e);
	}
	/* a merged group counts once, by its head, against the sum of its members */
	if (!erg_est_resolved(&c->energy_j))
		st->unresolved++;
	if (!erg_est_resolved(&c->group_energy_j) || c->group != k)
		return;
	for (size_t j = 0; j < a->n_classes; j++)
		sum += a->classes[j].group == k ? truth[j] : 0;
	e = fabs(c->group_energy_j.value / sum - 1);
	st->resolved++;
	st->ls += e;
	st->ls_worst = fmax(st->ls_worst, e);
	st->covered += covers(&c->group_energy_j, sum);
}

static int one_trace(const struct cell *c, uint64_t seed, struct stats *st)
{
	struct scene s;
	struct scene_trace t;
	struct erg_attr *a = NULL;
	struct erg_err err = {0};
	double *naive;
	int r;

	scene_of(c, seed, &s);
	scene_make(&s, &t);
	naive = calloc(t.n_classes, sizeof(double));
	r = naive ? erg_attr_run_timeline(&t.rail, &t.tl, false, NULL, NULL, &a, &err) : -ENOMEM;
	if (r < 0) {
		fprintf(stderr, "%s, seed %llu: %s\n", c->name, (unsigned long long)seed, err.msg);
	} else {
		scene_naive(&t, naive);
		for (size_t k = 0; k + 1 < t.n_classes; k++)
			count_layer(st, a, k, t.energy_j, naive);
		st->traces++;
		if (erg_est_resolved(&a->ets_j)) {
			double e = fabs(a->ets_j.value / t.total_j - 1);

			st->ets += e;
			st->ets_worst = fmax(st->ets_worst, e);
			st->ets_covered += covers(&a->ets_j, t.total_j);
			st->ets_n++;
		}
	}
	erg_attr_free(a);
	scene_release(&t);
	free(naive);
	return r;
}

static void percent(char *buf, size_t size, double x, double n, int digits)
{
	if (n > 0)
		snprintf(buf, size, "%.*f", digits, 100 * x / n);
	else
		snprintf(buf, size, "-");
}

static void print_cell(const struct cell *c, const struct stats *s, bool manual)
{
	char v[8][16];

	percent(v[0], sizeof(v[0]), s->naive, s->layers, 0);
	percent(v[1], sizeof(v[1]), s->direct, s->direct_n, 2);
	percent(v[2], sizeof(v[2]), s->ls, s->resolved, 2);
	percent(v[3], sizeof(v[3]), s->ls_worst, s->resolved > 0, 1);
	percent(v[4], sizeof(v[4]), s->covered, s->resolved, 1);
	percent(v[5], sizeof(v[5]), s->unresolved, s->layers, 1);
	percent(v[6], sizeof(v[6]), s->ets, s->ets_n, 3);
	percent(v[7], sizeof(v[7]), s->ets_covered, s->ets_n, 0);
	if (!manual)
		printf("%-6s ", c->name);
	printf("%-25s %-7s %-19s %-5s", c->sensor, c->rate, c->layers, c->run);
	for (int i = 0; i < 8; i++)
		printf(" %6s", v[i]);
	printf("\n");
}

static void run_cell(const struct cell *c, unsigned int seeds, struct stats *ret)
{
	unsigned int n = (unsigned int)fmax(2, seeds * c->weight);

	memset(ret, 0, sizeof(*ret));
	for (unsigned int i = 0; i < n; i++)
		one_trace(c, 1000 + i, ret);
}

static void print_head(bool manual, unsigned int seeds)
{
	if (manual)
		printf(".\\\" Made by tests/accuracy/run --manual, up to %u traces a line. Do not edit.\n"
		       ".Bd -literal\n",
			seeds);
	else
		printf("errors and shares in %%: mean |error| of the naive hold, of direct "
		       "integration (where valid), of the figures reported,\ntheir worst; share of "
		       "reported intervals that cover the truth; layers without a figure of their "
		       "own; the same of ETS\n\n%-6s ",
			"cell");
	printf("%-25s %-7s %-19s %-5s %6s %6s %6s %6s %6s %6s %6s %6s\n", "sensor", "rate",
		"layers", "run", "naive", "direct", "report", "worst", "cover", "unres.", "ETS",
		"cover");
}

static double seconds_of(const struct scene_trace *t, unsigned int rounds)
{
	struct erg_attr_options opt;
	struct erg_attr *a = NULL;
	uint64_t begin;

	erg_attr_options_init(&opt);
	opt.rounds = rounds;
	begin = erg_mono_ns();
	if (erg_attr_run_timeline(&t->rail, &t->tl, false, NULL, &opt, &a, NULL) < 0)
		return NAN;
	erg_attr_free(a);
	return (double)(erg_mono_ns() - begin) * 1e-9;
}

/* The rounds alone by difference: the rest of the work is the same. */
static int bench(void)
{
	struct scene_trace t;
	struct scene s;
	double few, many;

	scene_defaults(&s);
	s.layers = 70;
	s.window_s = 10e-3;
	scene_make(&s, &t);
	few = seconds_of(&t, 100);
	many = seconds_of(&t, 1100);
	printf("70 layers, %zu readings, %zu segments\n", t.rail.n, t.seg.n);
	printf("attribution with 1100 rounds  %.3f s\n", many);
	printf("1000 rounds of it             %.3f s (bound 2 s)\n", many - few);
	scene_release(&t);
	return 0;
}

int main(int argc, char **argv)
{
	size_t n = ERG_ARRAY_SIZE(cells);
	struct stats *all = mmap(NULL, n * sizeof(*all), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	const char *only = NULL;
	unsigned int seeds = 40;
	bool manual = false;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--seeds") && i + 1 < argc)
			seeds = (unsigned int)atoi(argv[++i]);
		else if (!strcmp(argv[i], "--only") && i + 1 < argc)
			only = argv[++i];
		else if (!strcmp(argv[i], "--bench"))
			return bench();
		else if (!strcmp(argv[i], "--manual"))
			manual = true;
		else
			return fprintf(stderr, "accuracy: unknown argument %s\n", argv[i]), 2;
	}
	if (all == MAP_FAILED)
		return 1;
	for (size_t job = 0; job < JOBS; job++)
		if (fork() == 0) {
			for (size_t i = job; i < n; i += JOBS)
				if (!only || !strcmp(only, cells[i].name))
					run_cell(&cells[i], seeds, &all[i]);
			_exit(0);
		}
	while (wait(NULL) > 0)
		;
	print_head(manual, seeds);
	for (size_t i = 0; i < n; i++)
		if (!only || !strcmp(only, cells[i].name))
			print_cell(&cells[i], &all[i], manual);
	if (manual)
		printf(".Ed\n");
	return 0;
}
