/* SPDX-License-Identifier: MIT */
#ifndef ERG_TRACEPOINTS_LLAMA_BATCH_H
#define ERG_TRACEPOINTS_LLAMA_BATCH_H

/*
 * What a batch does. Prefill reads prompts: more than one token of a sequence. Decode writes: one
 * token of each sequence. A batch of a server may do both: mixed.
 */
#include "tracepoints/adapters/llama/llama_abi.h"

enum llama_step { LLAMA_PREFILL, LLAMA_DECODE, LLAMA_MIXED, LLAMA_ENCODE, LLAMA_STEPS };

#define LLAMA_SEQUENCES_MAX 64

struct llama_work {
	enum llama_step step;
	uint32_t requests; /* sequences whose prompt begins here */
	uint32_t n;        /* sequences, of which the first LLAMA_SEQUENCES_MAX are told apart */
	int32_t sequence[LLAMA_SEQUENCES_MAX];
	uint32_t tokens[LLAMA_SEQUENCES_MAX];
};

/* Before the batch is computed. A prompt begins with a sequence that holds nothing, or that wrote the
 * last time; what a sequence did is remembered per context. */
void llama_batch_read(const struct llama_api *api, const struct llama_context *c,
	const struct llama_batch *b, struct llama_work *ret);

/* After: how much the sequences of the batch hold, in tokens, all together. 0: not known. */
int64_t llama_batch_context(const struct llama_api *api, struct llama_context *c,
	const struct llama_work *w);

#endif
