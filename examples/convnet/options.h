/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_CONVNET_OPTIONS_H
#define ERG_CONVNET_OPTIONS_H

/* The command line of erg-convnet, and what it prints that is not a result of running. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "examples/convnet/product.h"
#include "formats/net/net.h"

struct erg_convnet_options {
	uint32_t iterations, warmup;     /* per network */
	double duration_s;               /* > 0: instead of iterations */
	const char *image, *dir, *times; /* may be NULL */
	uint64_t seed;
	uint32_t threads, top;
	const struct erg_product *engine;
	const char *format; /* or NULL */
	bool list, csv, hash, help;
	char **networks;
	int n_networks;
};

/* Returns 0, or -EINVAL with a message (wrong usage). ARGV may be permuted. */
int erg_convnet_options_parse(int argc, char **argv, struct erg_convnet_options *ret,
	struct erg_err *err);
void erg_convnet_usage(FILE *out);

/* The layers of a network with shapes and work; CSV: header only when FIRST. */
void erg_convnet_list_text(const struct erg_net *net, FILE *out);
void erg_convnet_list_csv(const struct erg_net *net, bool first, FILE *out);

#endif
