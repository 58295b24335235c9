/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Options of erg-convnet into one struct. Numbers are whole and in range, or the message says which
 * were expected.
 */
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "examples/convnet/options.h"

enum {
	OPT_LIST = 256,
	OPT_HASH,
	OPT_NETWORKS,
	OPT_TOP,
	OPT_FORMAT,
	OPT_TIMES,
	OPT_ENGINE,
};

static const struct option longopts[] = {
	{"iterations", required_argument, NULL, 'n'},
	{"warmup", required_argument, NULL, 'w'},
	{"duration", required_argument, NULL, 'd'},
	{"image", required_argument, NULL, 'i'},
	{"seed", required_argument, NULL, 's'},
	{"threads", required_argument, NULL, 't'},
	{"top", required_argument, NULL, OPT_TOP},
	{"list", no_argument, NULL, OPT_LIST},
	{"hash", no_argument, NULL, OPT_HASH},
	{"format", required_argument, NULL, OPT_FORMAT},
	{"networks", required_argument, NULL, OPT_NETWORKS},
	{"times", required_argument, NULL, OPT_TIMES},
	{"engine", required_argument, NULL, OPT_ENGINE},
	{"help", no_argument, NULL, 'h'},
	{0},
};

void erg_convnet_usage(FILE *out)
{
	fputs("Usage: erg-convnet [options] NETWORK...\n"
	      "Runs image classification networks on one image, annotated for ergtrace.\n"
	      "NETWORK is the name of one that is installed, or a description file (*.net).\n\n"
	      "  -n, --iterations N   inferences of each network (10)\n"
	      "  -d, --duration S     instead: as many as fit S seconds\n"
	      "  -w, --warmup N       inferences before them (2)\n"
	      "  -i, --image FILE     binary PPM; default: seeded noise\n"
	      "  -s, --seed N         of the weights and the noise (1)\n"
	      "  -t, --threads N      of the matrix products (1)\n"
	      "      --engine NAME    of the matrix products: openblas, or eigen (if built in; one thread)\n"
	      "      --top K          print the K largest outputs\n"
	      "      --hash           print name and hash of the output only\n"
	      "      --times FILE     of each inference: begin, end (CLOCK_MONOTONIC) and processor time, ns\n"
	      "      --list           print layers, shapes and MACs; run nothing\n"
	      "      --format FORMAT  of --list: text or csv\n"
	      "      --networks DIR   where networks are looked for\n",
		out);
}

static int number(const char *what, const char *s, uint64_t min, uint64_t max, uint64_t *ret,
	struct erg_err *err)
{
	char *end;
	unsigned long long v;

	errno = 0;
	v = strtoull(s, &end, 10);
	if (errno || end == s || *end || *s == '-' || v < min || v > max)
		return erg_fail(err, -EINVAL,
			"%s \"%s\": expected a whole number from %llu to %llu", what, s,
			(unsigned long long)min, (unsigned long long)max);
	*ret = v;
	return 0;
}

static int number32(const char *what, const char *s, uint32_t min, uint32_t max, uint32_t *ret,
	struct erg_err *err)
{
	uint64_t v;
	int r = number(what, s, min, max, &v, err);

	if (r >= 0)
		*ret = (uint32_t)v;
	return r;
}

static int seconds(const char *s, double *ret, struct erg_err *err)
{
	char *end;
	double v = strtod(s, &end);

	if (end == s || *end || !(v > 0) || v > 1e6)
		return erg_fail(err, -EINVAL, "--duration \"%s\": expected seconds, up to 1e6", s);
	*ret = v;
	return 0;
}

static int one(int c, struct erg_convnet_options *o, struct erg_err *err)
{
	switch (c) {
	case 'n':
		return number32("--iterations", optarg, 1, 1000000000, &o->iterations, err);
	case 'w':
		return number32("--warmup", optarg, 0, 1000000000, &o->warmup, err);
	case 'd':
		return seconds(optarg, &o->duration_s, err);
	case 'i':
		o->image = optarg;
		return 0;
	case 's':
		return number("--seed", optarg, 0, UINT64_MAX, &o->seed, err);
	case 't':
		return number32("--threads", optarg, 1, 1024, &o->threads, err);
	case OPT_TOP:
		return number32("--top", optarg, 0, 1000000, &o->top, err);
	case OPT_LIST:
		o->list = true;
		return 0;
	case OPT_HASH:
		o->hash = true;
		return 0;
	case OPT_TIMES:
		o->times = optarg;
		return 0;
	case OPT_ENGINE:
		o->engine = erg_product_named(optarg);
		return o->engine
			? 0
			: erg_fail(err, -EINVAL, "--engine \"%s\": expected openblas%s", optarg,
				  erg_product_eigen ? " or eigen"
						    : "; eigen needs a build with libeigen3-dev");
	case OPT_NETWORKS:
		o->dir = optarg;
		return 0;
	case OPT_FORMAT:
		o->format = optarg;
		o->csv = strcmp(optarg, "csv") == 0;
		if (o->csv || strcmp(optarg, "text") == 0)
			return 0;
		return erg_fail(err, -EINVAL, "--format \"%s\": expected text or csv", optarg);
	case 'h':
		o->help = true;
		return 0;
	default:
		return erg_fail(err, -EINVAL, "see erg-convnet --help");
	}
}

int erg_convnet_options_parse(int argc, char **argv, struct erg_convnet_options *ret,
	struct erg_err *err)
{
	struct erg_convnet_options o = {.iterations = 10,
		.warmup = 2,
		.seed = 1,
		.threads = 1,
		.engine = erg_product_openblas};
	int c, r;

	optind = 1;
	while ((c = getopt_long(argc, argv, "n:w:d:i:s:t:h", longopts, NULL)) != -1) {
		r = one(c, &o, err);
		if (r < 0)
			return r;
	}
	o.networks = argv + optind;
	o.n_networks = argc - optind;
	if (!o.n_networks && !o.help)
		return erg_fail(err, -EINVAL, "no network; see erg-convnet --help");
	if (o.format && !o.list && !o.help)
		return erg_fail(err, -EINVAL,
			"--format \"%s\": it is of --list, which was expected with it", o.format);
	*ret = o;
	return 0;
}
