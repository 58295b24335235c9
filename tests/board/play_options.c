/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The command line of erg-board-play. */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "tests/board/play.h"

void erg_play_help(FILE *f)
{
	fputs("usage: erg-board-play [options]\n"
	      "Plays a workload on the simulated board whose page is ERG_BOARD_PAGE.\n\n"
	      "  --net NAME|FILE       a network of examples/convnet (squeezenet1.1)\n"
	      "  --kind KIND           instead: memory, compute or io, a synthetic co-runner; roofs:\n"
	      "                        nothing but operations, then nothing but transactions\n"
	      "  --iterations N        (10, or no limit with --duration)\n"
	      "  --duration S          stop after S seconds\n"
	      "  --warmup N            iterations before the phase \"inference\" (0)\n"
	      "  --jitter PCT          standard deviation of a layer's work (0)\n"
	      "  --scale X             all work times X (1)\n"
	      "  --traffic X           bus transactions of a network times X, as another library has (1)\n"
	      "  --setup MS            a phase \"setup\" before all else (0)\n"
	      "  --gap MS              idle after each iteration (0)\n"
	      "  --seed N              of the jitter (1)\n"
	      "  --threads N           each plays for itself (1)\n"
	      "  --cores N             cores that share each layer (1)\n"
	      "  --gpu                 convolutions and fc run on the GPU, on a track of its own\n"
	      "  --sync                the host waits for the GPU, so that layers there are its own\n"
	      "  --plain               without annotation\n"
	      "  --page FILE           instead of ERG_BOARD_PAGE\n",
		f);
}

static int parse_kind(struct erg_play_config *c, const char *text)
{
	static const char *const names[] = {"net", "memory", "compute", "io", "roofs"};

	for (int i = 0; i < 5; i++)
		if (strcmp(text, names[i]) == 0) {
			c->kind = (enum erg_play_kind)i;
			return 0;
		}
	return -EINVAL;
}

static int parse_number(const char *text, double min, double max, double *ret)
{
	char *end;
	double v = strtod(text, &end);

	if (end == text || *end || !(v >= min && v <= max))
		return -EINVAL;
	*ret = v;
	return 0;
}

static int set_option(struct erg_play_config *c, int opt, const char *text)
{
	double v = 0;

	if (opt == 'k')
		return parse_kind(c, text);
	if (strchr("igwsjtcSdGTU", opt) && parse_number(text, 0, 1e9, &v) < 0)
		return -EINVAL;
	switch (opt) {
	case 'n':
		c->net = text;
		break;
	case 'P':
		c->page = text;
		break;
	case 'g':
		c->gap_s = v * 1e-3;
		break;
	case 'T':
		c->traffic = v;
		break;
	case 'U':
		c->setup_s = v * 1e-3;
		break;
	case 'i':
		c->iterations = (uint64_t)v;
		break;
	case 'w':
		c->warmup = (unsigned)v;
		break;
	case 's':
		c->seed = (uint64_t)v;
		break;
	case 'j':
		c->jitter = v / 100;
		break;
	case 't':
		c->threads = (unsigned)v;
		break;
	case 'c':
		c->cores = (unsigned)v;
		break;
	case 'S':
		c->scale = v;
		break;
	case 'd':
		c->duration_s = v;
		break;
	case 'u':
		c->gpu = true;
		break;
	case 'y':
		c->sync = true;
		break;
	case 'p':
		c->plain = true;
		break;
	default:
		return -EINVAL;
	}
	return 0;
}

int erg_play_parse(struct erg_play_config *c, int argc, char **argv, struct erg_err *err)
{
	static const struct option longs[] = {{"net", 1, NULL, 'n'}, {"kind", 1, NULL, 'k'},
		{"iterations", 1, NULL, 'i'}, {"duration", 1, NULL, 'd'}, {"warmup", 1, NULL, 'w'},
		{"jitter", 1, NULL, 'j'}, {"scale", 1, NULL, 'S'}, {"gap", 1, NULL, 'g'},
		{"traffic", 1, NULL, 'T'}, {"setup", 1, NULL, 'U'}, {"seed", 1, NULL, 's'},
		{"threads", 1, NULL, 't'}, {"cores", 1, NULL, 'c'}, {"gpu", 0, NULL, 'u'},
		{"sync", 0, NULL, 'y'}, {"plain", 0, NULL, 'p'}, {"page", 1, NULL, 'P'},
		{"help", 0, NULL, 'h'}, {0}};
	int opt;

	*c = (struct erg_play_config){.net = "squeezenet1.1",
		.scale = 1,
		.traffic = 1,
		.seed = 1,
		.threads = 1,
		.cores = 1};
	while ((opt = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (opt == 'h')
			return 1;
		if (set_option(c, opt, optarg) < 0)
			return erg_fail(err, -EINVAL, "%s: not a value for this option",
				optarg ? optarg : argv[optind - 1]);
	}
	if (optind != argc)
		return erg_fail(err, -EINVAL, "%s: unexpected argument", argv[optind]);
	if (c->iterations == 0 && c->duration_s <= 0)
		c->iterations = 10;
	if (c->threads < 1 || c->threads > ERG_BOARD_RINGS || c->cores < 1 || c->scale <= 0)
		return erg_fail(err, -EINVAL, "--threads 1..%u, --cores 1.., --scale above 0",
			ERG_BOARD_RINGS);
	return 0;
}
