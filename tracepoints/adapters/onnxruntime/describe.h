/* SPDX-License-Identifier: MIT */
#ifndef ERG_TRACEPOINTS_ONNXRUNTIME_DESCRIBE_H
#define ERG_TRACEPOINTS_ONNXRUNTIME_DESCRIBE_H

#include "tracepoints/erg.h"

#define ERG_ORT_TENSORS 8

struct erg_ort_tensor {
	char type[16]; /* float, int8, … */
	uint8_t dims;  /* more than ERG_MAX_DIMS are not kept */
	uint64_t shape[ERG_MAX_DIMS];
};

/* A node as a profile tells of it. */
struct erg_ort_node {
	char name[4096];
	char op[64];
	char provider[64];
	int64_t index; /* the node's number in its graph, -1: not told */
	uint64_t activation_bytes, parameter_bytes, output_bytes;
	uint8_t n_in, n_out;
	struct erg_ort_tensor in[ERG_ORT_TENSORS], out[ERG_ORT_TENSORS];
};

/* Multiply-accumulates of one call, as executed: with the shapes after fusion and blocking. 0 where
 * there are none, and where the shapes do not tell. */
uint64_t erg_ort_macs(const struct erg_ort_node *node);

/* Everything of INFO but its name. */
void erg_ort_describe(const struct erg_ort_node *node, struct erg_layer_info *info);

#endif
