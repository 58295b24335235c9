/* SPDX-License-Identifier: MIT */
#ifndef ERG_FORMATS_NET_H
#define ERG_FORMATS_NET_H

/*
 * A convolutional network as data: its description file (networks/README.md has the format) becomes
 * a list of layers in order of execution, each with its shapes, multiply-accumulates, parameters
 * and bytes. Nothing here computes: no BLAS, no tracing, so that a predictor or a simulated board
 * can know a network without running it.
 *
 * One image at a time, 32-bit floats, channels × height × width.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/base/err.h"

#define ERG_NET_NONE UINT32_MAX
#define ERG_NET_DIM_MAX 65536u          /* of channels, height, width, kernel */
#define ERG_NET_ELEMENTS_MAX (1u << 30) /* of one tensor */
#define ERG_NET_LAYERS_MAX 16384u
#define ERG_NET_FILE_MAX (4u << 20) /* bytes */

enum erg_net_op {
	ERG_NET_INPUT,
	ERG_NET_CONV,
	ERG_NET_FC,
	ERG_NET_MAXPOOL,
	ERG_NET_AVGPOOL,
	ERG_NET_LRN,
	ERG_NET_SCALE,
	ERG_NET_RELU,
	ERG_NET_CONCAT,
	ERG_NET_ELTWISE,
	ERG_NET_SOFTMAX,
	ERG_NET_DROPOUT,
	ERG_NET_N_OPS,
};

enum erg_net_act { ERG_NET_ACT_NONE, ERG_NET_ACT_RELU, ERG_NET_ACT_RELU6 };
enum erg_net_elt { ERG_NET_ELT_SUM, ERG_NET_ELT_MUL, ERG_NET_ELT_MAX };

struct erg_net_shape {
	uint32_t c, h, w;
};

struct erg_net_layer {
	char *name; /* unique within the network */
	enum erg_net_op op;
	uint32_t *from; /* indices of the layers whose outputs it reads, all smaller than its own */
	uint32_t n_from;
	uint32_t module; /* index of the innermost module around it, or ERG_NET_NONE */
	uint32_t line;   /* of the description file, from 1 */

	/* What the description says; zero where it does not apply. [0] is height, [1] is width. */
	uint32_t out_channels;
	uint32_t kernel[2], stride[2], pad[2];
	uint32_t groups;
	bool ceil, global; /* pooling: round the output up; one window over the whole image */
	bool nobias, bn;   /* bn: a batch normalisation folded into weights and bias */
	enum erg_net_act act;
	enum erg_net_elt elt;
	uint32_t lrn_size;
	double lrn_alpha, lrn_beta, lrn_k;

	/* What follows from it. */
	struct erg_net_shape in; /* of the first input */
	struct erg_net_shape out;
	uint64_t macs;   /* multiply-accumulates of one call: convolution and fc only */
	uint64_t params; /* weights and biases */
	uint64_t bytes_in, bytes_out, bytes_params;
};

/* A group of consecutive layers: "fire2", "inception_3a". */
struct erg_net_module {
	char *name, *type;
	uint32_t parent;     /* index of the enclosing module, or ERG_NET_NONE */
	uint32_t first, end; /* layers first..end-1 */
};

struct erg_net {
	char *name;
	uint32_t n_layers, n_modules;
	struct erg_net_layer *layers;   /* [0] is the input */
	struct erg_net_module *modules; /* in order of their beginning */
};

/* Reads the description at PATH. An error names the file, line and column, and what was expected. */
int erg_net_read(const char *path, struct erg_net **ret, struct erg_err *err);

/* The same from LEN bytes of TEXT; SOURCE is the name used in messages. */
int erg_net_parse(const char *source, const char *text, size_t len, struct erg_net **ret,
	struct erg_err *err);

void erg_net_free(struct erg_net *net);
void erg_net_freep(struct erg_net **net);

/*
 * The file meant by WHAT: itself when it has a slash or ends in ".net", else DIR/WHAT.net. *ret is
 * malloc'ed. -ENOENT with a message that lists the networks there are.
 */
int erg_net_locate(const char *what, const char *dir, char **ret, struct erg_err *err);

/*
 * Where networks are when nobody said: $ERG_NETWORKS, else beside the program (in the build tree),
 * else where they were installed. *ret is malloc'ed.
 */
int erg_net_default_dir(char **ret, struct erg_err *err);

/* The word that erg.h and --by type use: conv, dwconv, pool, fc, … */
const char *erg_net_type(const struct erg_net_layer *layer);

/* A convolution of one input channel for each output channel. */
bool erg_net_depthwise(const struct erg_net_layer *layer);

uint64_t erg_net_elements(struct erg_net_shape s);

/* Sums over the network; OP < 0 for all operators. */
uint64_t erg_net_macs(const struct erg_net *net, int op);
uint64_t erg_net_params(const struct erg_net *net);

/*
 * Fills in what follows from the description of layer I: in, out, macs, params, bytes. The layers
 * before it are done. Called by the parser. The message lacks file and line.
 */
int erg_net_infer(struct erg_net *net, uint32_t i, struct erg_err *err);

#endif
