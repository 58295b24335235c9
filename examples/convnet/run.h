/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_CONVNET_RUN_H
#define ERG_CONVNET_RUN_H

/*
 * A network ready to run: weights, activations and scratch in one arena that is made once, so that
 * an inference allocates nothing, and the ids that liberg gave its layers.
 */
#include <stdint.h>

#include "formats/net/net.h"

struct erg_convnet;

/*
 * Takes *NET (and sets it to NULL) on success. SEED: of the weights; the same seed gives the same
 * weights whatever the order of layers. -ENOMEM with the bytes that were needed.
 */
int erg_convnet_new(struct erg_net **net, uint64_t seed, struct erg_convnet **ret,
	struct erg_err *err);
void erg_convnet_free(struct erg_convnet *c);
void erg_convnet_freep(struct erg_convnet **c);

const struct erg_net *erg_convnet_net(const struct erg_convnet *c);
/* Bytes of weights, activations and scratch. */
uint64_t erg_convnet_bytes(const struct erg_convnet *c);

/* The input, channels × height × width floats; what is written stays until it is written again. */
float *erg_convnet_input(struct erg_convnet *c);
/* The output of the last layer: erg_net_elements(its shape) floats, valid after a run. */
const float *erg_convnet_output(const struct erg_convnet *c);

/* One inference; every layer, module and the network itself is an instance of iteration ITERATION. */
void erg_convnet_run(struct erg_convnet *c, uint32_t iteration);

/* N floats from the seed, uniform in ±LIMIT, the same on every machine (weights.c). */
void erg_convnet_random(float *x, size_t n, uint64_t seed, float limit);
/* Weights and biases of one layer, scaled so that activations keep their size. */
void erg_convnet_weights(const struct erg_net_layer *l, uint64_t seed, float *weights,
	size_t n_weights, float *bias, size_t n_bias);

/*
 * Reads a binary PPM (P6, 8 bit) and scales it, bilinearly, to SHAPE, which has 3 channels: red,
 * green, blue. Values are (x / 255 - mean) / deviation of ImageNet's channels (image.c).
 */
int erg_convnet_image(const char *path, struct erg_net_shape shape, float *ret,
	struct erg_err *err);

/* FNV-1a, 64 bit, of N bytes. */
uint64_t erg_convnet_hash(const void *data, size_t n);

#endif
