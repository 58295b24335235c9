/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * erg-board-truth: the true energy between two instants, from the board's log.
 *
 * One interval from --begin and --end (default: the whole log), or many from standard input, one
 * "begin_ns end_ns" a line; joules come out, a line each, with nine significant digits.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/base/util.h"
#include "tests/board/truth.h"

struct args {
	const char *log, *rail;
	uint64_t begin, end;
	bool has_begin, has_end, from_stdin, throttled, temperature, info;
};

static void truth_closep(struct erg_truth *t)
{
	erg_truth_close(t);
}

static void help(FILE *f)
{
	fputs("usage: erg-board-truth LOG [--begin NS] [--end NS] [--rail R] [--stdin]\n"
	      "                           [--throttled] [--temperature] [--info]\n"
	      "Prints true joules between two instants of CLOCK_MONOTONIC. R: VDD_IN (default),\n"
	      "VDD_CPU, VDD_GPU, leakage, or the counters package-0, core, uncore.\n"
	      "--stdin: one interval \"begin_ns end_ns\" per line. --throttled: seconds throttled.\n"
	      "--temperature: mean of the die, degC.\n"
	      "--info: where the log begins and ends.\n",
		f);
}

static int parse(struct args *a, int argc, char **argv)
{
	static const struct option longs[] = {{"begin", 1, NULL, 'b'}, {"end", 1, NULL, 'e'},
		{"rail", 1, NULL, 'r'}, {"stdin", 0, NULL, 's'}, {"throttled", 0, NULL, 't'},
		{"temperature", 0, NULL, 'T'}, {"info", 0, NULL, 'i'}, {"help", 0, NULL, 'h'}, {0}};
	int c;

	*a = (struct args){.rail = "VDD_IN"};
	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case 'b':
			a->begin = strtoull(optarg, NULL, 10);
			a->has_begin = true;
			break;
		case 'e':
			a->end = strtoull(optarg, NULL, 10);
			a->has_end = true;
			break;
		case 'r':
			a->rail = optarg;
			break;
		case 's':
			a->from_stdin = true;
			break;
		case 't':
			a->throttled = true;
			break;
		case 'T':
			a->temperature = true;
			break;
		case 'i':
			a->info = true;
			break;
		case 'h':
			help(stdout);
			exit(0);
		default:
			return -EINVAL;
		}
	}
	if (optind + 1 != argc)
		return -EINVAL;
	a->log = argv[optind];
	return 0;
}

static int print_one(const struct erg_truth *t, int column, uint64_t begin, uint64_t end,
	struct erg_err *err)
{
	double j;
	int r = erg_truth_energy(t, (enum erg_truth_column)column, begin, end, &j, err);

	if (r == 0)
		printf("%.9g\n", j);
	return r;
}

static int answer(const struct args *a, const struct erg_truth *t, int column, struct erg_err *err)
{
	uint64_t begin = a->has_begin ? a->begin : t->r[0].time_ns;
	uint64_t end = a->has_end ? a->end : t->r[t->n - 1].time_ns;
	int r = 0;

	if (a->info) {
		printf("begin_ns %" PRIu64 "\nend_ns %" PRIu64 "\nrecords %zu\nsimulated 1\n",
			t->r[0].time_ns, t->r[t->n - 1].time_ns, t->n);
		return 0;
	}
	if (a->throttled) {
		printf("%.9g\n", erg_truth_throttled_s(t, begin, end, 3));
		return 0;
	}
	if (a->temperature) {
		printf("%.6g\n", erg_truth_temperature(t, begin, end));
		return 0;
	}
	if (!a->from_stdin)
		return print_one(t, column, begin, end, err);
	while (r == 0 && scanf("%" SCNu64 " %" SCNu64, &begin, &end) == 2)
		r = print_one(t, column, begin, end, err);
	return r;
}

int main(int argc, char **argv)
{
	_cleanup_(truth_closep) struct erg_truth t = {0};
	struct erg_err err = {0};
	struct args a;
	int column;

	if (parse(&a, argc, argv) < 0) {
		help(stderr);
		return 2;
	}
	column = erg_truth_column(a.rail);
	if (column < 0) {
		fprintf(stderr,
			"erg-board-truth: no rail \"%s\": expected VDD_IN, VDD_CPU, VDD_GPU "
			"or leakage\n",
			a.rail);
		return 2;
	}
	if (erg_truth_open(a.log, &t, &err) < 0 || answer(&a, &t, column, &err) < 0) {
		fprintf(stderr, "erg-board-truth: %s\n", err.msg);
		return 1;
	}
	return 0;
}
