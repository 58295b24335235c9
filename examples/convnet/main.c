/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * erg-convnet: classifies one image again and again, in phases that a recording can tell apart:
 * setup (weights, image), warm-up and inference. The hash of the output shows that a recorded run
 * computed what an unrecorded one does.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "examples/convnet/options.h"
#include "examples/convnet/run.h"
#include "formats/base/util.h"
#include "tracepoints/erg.h"

struct result {
	uint32_t iterations;
	double total_s, min_s;
};

static int load(const char *what, const char *dir, struct erg_net **ret, struct erg_err *err)
{
	_cleanup_(erg_freep) char *path = NULL;
	int r = erg_net_locate(what, dir, &path, err);

	return r < 0 ? r : erg_net_read(path, ret, err);
}

static int setup(struct erg_net **net, const struct erg_convnet_options *o,
	struct erg_convnet **ret, struct erg_err *err)
{
	_cleanup_(erg_convnet_freep) struct erg_convnet *c = NULL;
	struct erg_net_shape in;
	int r = erg_convnet_new(net, o->seed, &c, err);

	if (r < 0)
		return r;
	in = erg_convnet_net(c)->layers[0].out;
	if (o->image)
		r = erg_convnet_image(o->image, in, erg_convnet_input(c), err);
	else
		erg_convnet_random(erg_convnet_input(c), erg_net_elements(in), ~o->seed, 1.7f);
	if (r >= 0)
		*ret = erg_steal_ptr(&c);
	return r;
}

/* Processor time of all threads so far. */
static uint64_t busy_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * ERG_NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

/* TIMES: where each inference's begin and end go, ns of CLOCK_MONOTONIC, and its processor time, ns; or
 * NULL. */
static struct result infer(struct erg_convnet *c, const struct erg_convnet_options *o, FILE *times)
{
	struct result res = {.min_s = INFINITY};
	uint64_t begin = erg_mono_ns(), last = begin, busy = busy_ns();

	while (o->duration_s > 0 ? res.total_s < o->duration_s : res.iterations < o->iterations) {
		uint64_t now;

		erg_convnet_run(c, ++res.iterations);
		now = erg_mono_ns();
		if (times) {
			uint64_t before = busy;

			busy = busy_ns();
			fprintf(times, "%" PRIu64 " %" PRIu64 " %" PRIu64 "\n", last, now,
				busy - before);
		}
		res.min_s = fmin(res.min_s, (double)(now - last) / 1e9);
		res.total_s = (double)(now - begin) / 1e9;
		last = now;
	}
	return res;
}

static void print_top(const struct erg_convnet *c, uint32_t top)
{
	const struct erg_net *net = erg_convnet_net(c);
	uint64_t n = erg_net_elements(net->layers[net->n_layers - 1].out);
	const float *out = erg_convnet_output(c);
	float bound = INFINITY;
	uint64_t after = 0; /* among equals, those before this index are printed */

	for (uint32_t k = 0; k < top && k < n; k++) {
		uint64_t best = n;

		for (uint64_t i = 0; i < n; i++)
			if ((out[i] < bound || (out[i] == bound && i >= after)) &&
				(best == n || out[i] > out[best]))
				best = i;
		if (best == n)
			break; /* not a number */
		printf("  %6" PRIu64 "  %.6g\n", best, (double)out[best]);
		bound = out[best];
		after = best + 1;
	}
}

static void print_result(const struct erg_convnet *c, const struct erg_convnet_options *o,
	const struct result *res)
{
	const struct erg_net *net = erg_convnet_net(c);
	double mean = res->total_s / res->iterations;
	uint64_t hash = erg_convnet_hash(erg_convnet_output(c),
		erg_net_elements(net->layers[net->n_layers - 1].out) * sizeof(float));

	if (o->hash) {
		printf("%s %016" PRIx64 "\n", net->name, hash);
		return;
	}
	printf("%s: %" PRIu32 " inference%s, mean %.3f ms, best %.3f ms, %.2f GMAC/s, %.0f MiB, "
	       "output %016" PRIx64 "\n",
		net->name, res->iterations, res->iterations == 1 ? "" : "s", mean * 1e3,
		res->min_s * 1e3, (double)erg_net_macs(net, -1) / mean / 1e9,
		(double)erg_convnet_bytes(c) / 1048576.0, hash);
	print_top(c, o->top);
	fflush(stdout);
}

static int check_finite(const struct erg_convnet *c, struct erg_err *err)
{
	const struct erg_net *net = erg_convnet_net(c);
	uint64_t n = erg_net_elements(net->layers[net->n_layers - 1].out);

	for (uint64_t i = 0; i < n; i++)
		if (!isfinite(erg_convnet_output(c)[i]))
			return erg_fail(err, -ERANGE,
				"%s: output %" PRIu64 " is not finite; try another --seed",
				net->name, i);
	return 0;
}

static int run_one(const char *what, const char *dir, const struct erg_convnet_options *o,
	FILE *times, struct erg_err *err)
{
	_cleanup_(erg_net_freep) struct erg_net *net = NULL;
	_cleanup_(erg_convnet_freep) struct erg_convnet *c = NULL;
	struct result res;
	int r;

	erg_phase_begin("setup");
	r = load(what, dir, &net, err);
	if (r >= 0)
		r = setup(&net, o, &c, err);
	erg_phase_end("setup");
	if (r < 0)
		return r;
	if (o->warmup) {
		erg_phase_begin("warm-up");
		for (uint32_t i = 0; i < o->warmup; i++)
			erg_convnet_run(c, 0);
		erg_phase_end("warm-up");
	}
	erg_phase_begin("inference");
	res = infer(c, o, times);
	erg_phase_end("inference");
	r = check_finite(c, err);
	if (r >= 0)
		print_result(c, o, &res);
	return r;
}

static int list_one(const char *what, const char *dir, bool csv, bool first, struct erg_err *err)
{
	_cleanup_(erg_net_freep) struct erg_net *net = NULL;
	int r = load(what, dir, &net, err);

	if (r < 0)
		return r;
	if (csv)
		erg_convnet_list_csv(net, first, stdout);
	else
		erg_convnet_list_text(net, stdout);
	return 0;
}

static int close_times(FILE *times, const char *path, struct erg_err *err)
{
	bool failed = ferror(times);

	return fclose(times) || failed ? erg_fail_errno(err, -EIO, "--times %s", path) : 0;
}

static int run_all(const struct erg_convnet_options *o, struct erg_err *err)
{
	_cleanup_(erg_freep) char *found = NULL;
	const char *dir = o->dir;
	FILE *times = NULL;
	int r = 0;

	if (!dir) {
		r = erg_net_default_dir(&found, err);
		dir = found;
	}
	if (r >= 0 && o->times && !(times = fopen(o->times, "w")))
		r = erg_fail_errno(err, -errno, "--times %s", o->times);
	if (times)
		setvbuf(times, NULL, _IOLBF, 0); /* whoever is stopped has said what it did */
	erg_product = o->engine;
	erg_product->threads((int)o->threads);
	for (int i = 0; r >= 0 && i < o->n_networks; i++)
		r = o->list ? list_one(o->networks[i], dir, o->csv, i == 0, err)
			    : run_one(o->networks[i], dir, o, times, err);
	if (times && close_times(times, o->times, r < 0 ? NULL : err) < 0)
		r = r < 0 ? r : -EIO;
	if (r >= 0 && (fflush(stdout) || ferror(stdout)))
		r = erg_fail_errno(err, -EIO, "standard output");
	return r;
}

int main(int argc, char **argv)
{
	struct erg_convnet_options o;
	struct erg_err err = {0};

	if (erg_convnet_options_parse(argc, argv, &o, &err) < 0) {
		fprintf(stderr, "erg-convnet: %s\n", err.msg);
		return 2;
	}
	if (o.help) {
		erg_convnet_usage(stdout);
		return 0;
	}
	if (run_all(&o, &err) < 0) {
		fprintf(stderr, "erg-convnet: %s\n", err.msg);
		return 1;
	}
	return 0;
}
