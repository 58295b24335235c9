/* SPDX-License-Identifier: MIT */
#ifndef ERG_TRACEPOINTS_LLAMA_BATCH_H
#define ERG_TRACEPOINTS_LLAMA_BATCH_H

/*
 * What a batch does. Prefill reads prompts: several tokens of a sequence. Decode writes: one token of each
 * sequence, or some that were guessed and are checked at once. A batch of a server may do both: mixed. Encode
 * is of a model, or the part of one, that keeps nothing from step to step.
 */
#include <stdbool.h>

#include "tracepoints/adapters/llama/llama_abi.h"

enum llama_step { LLAMA_PREFILL, LLAMA_DECODE, LLAMA_MIXED, LLAMA_ENCODE, LLAMA_STEPS };

#define LLAMA_SEQUENCES_MAX 256 /* as many as a context of llama.cpp may have */

struct llama_part_of_batch {
	int32_t sequence;
	uint32_t tokens, outputs; /* those whose output is wanted */
	uint32_t does;
	bool begins; /* a request */
};

struct llama_work {
	enum llama_step step;
	uint32_t requests;  /* sequences whose prompt begins here */
	uint32_t n;         /* sequences, of which the first LLAMA_SEQUENCES_MAX are told apart */
	uint32_t answered;  /* requests whose first token comes of this step */
	uint64_t waited_ns; /* from the begins of these to its end, all together */
	struct llama_part_of_batch parts[LLAMA_SEQUENCES_MAX];
};

/* Before the batch is computed, by llama_encode if it ENCODES. A prompt begins with a sequence that holds nothing,
 * or that wrote the last time; what a sequence did is remembered per context. */
void llama_batch_read(const struct llama_api *api, const struct llama_context *c,
	const struct llama_batch *b, bool encodes, struct llama_work *ret);

/* After one that was computed, from BEGIN to END: what its sequences did is remembered, and whose first token it gave
 * is told in W. */
void llama_batch_done(const struct llama_context *c, struct llama_work *w, uint64_t begin,
	uint64_t end);

/* A step was not seen: no request that waits is known to wait still. */
void llama_batch_missed(void);

/* After: how much the sequences of the batch hold, in tokens, all together. 0: not known. */
int64_t llama_batch_context(const struct llama_api *api, struct llama_context *c,
	const struct llama_work *w);

#endif
