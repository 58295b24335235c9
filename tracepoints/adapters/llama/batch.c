/* SPDX-License-Identifier: MIT */
/* Sequences of a batch; see batch.h. */
#include <stdbool.h>
#include <string.h>

#include "tracepoints/adapters/common.h"
#include "tracepoints/adapters/llama/batch.h"

#define REMEMBERED 256u

/* Sequences that wrote the last time: hashes of context and sequence; one that falls on another's
 * place takes it, and the other's next prompt counts as a request only if it begins empty. */
static uint64_t wrote[REMEMBERED];

static uint64_t key_of(const struct llama_context *c, int32_t sequence)
{
	uint64_t h =
		((uint64_t)(uintptr_t)c ^ (uint64_t)(uint32_t)sequence << 48) * 0x9e3779b97f4a7c15u;

	return h ? h : 1;
}

/* Whether SEQUENCE wrote the last time; now it WRITES. */
static bool swap_writes(const struct llama_context *c, int32_t sequence, bool writes)
{
	uint64_t key = key_of(c, sequence), *slot = &wrote[(key >> 32) % REMEMBERED];
	bool was;

	erg_adapter_lock();
	was = *slot == key;
	if (writes)
		*slot = key;
	else if (was)
		*slot = 0;
	erg_adapter_unlock();
	return was;
}

static void count_token(struct llama_work *w, int32_t sequence)
{
	for (uint32_t i = 0; i < w->n && i < LLAMA_SEQUENCES_MAX; i++)
		if (w->sequence[i] == sequence) {
			w->tokens[i]++;
			return;
		}
	if (w->n < LLAMA_SEQUENCES_MAX) {
		w->sequence[w->n] = sequence;
		w->tokens[w->n] = 1;
	}
	w->n++;
}

static bool begins_request(const struct llama_api *api, const struct llama_context *c,
	int32_t sequence, uint32_t tokens)
{
	struct llama_memory *m = api->get_memory && api->pos_max ? api->get_memory(c) : NULL;
	const bool wrote_before = swap_writes(c, sequence, tokens == 1);

	if (m && api->pos_max(m, sequence) < 0)
		return true;
	return wrote_before && tokens > 1;
}

void llama_batch_read(const struct llama_api *api, const struct llama_context *c,
	const struct llama_batch *b, struct llama_work *ret)
{
	uint32_t reading = 0, writing = 0;

	*ret = (struct llama_work){.step = LLAMA_DECODE};
	for (int32_t i = 0; i < b->n_tokens; i++) {
		if (!b->seq_id || !b->n_seq_id)
			count_token(ret, 0);
		else if (b->n_seq_id[i] > 0)
			count_token(ret, b->seq_id[i][0]);
	}
	for (uint32_t i = 0; i < ret->n && i < LLAMA_SEQUENCES_MAX; i++) {
		reading += ret->tokens[i] > 1;
		writing += ret->tokens[i] == 1;
		ret->requests += begins_request(api, c, ret->sequence[i], ret->tokens[i]);
	}
	if (reading)
		ret->step = writing ? LLAMA_MIXED : LLAMA_PREFILL;
}

int64_t llama_batch_context(const struct llama_api *api, struct llama_context *c,
	const struct llama_work *w)
{
	const bool by_memory = api->get_memory && api->pos_max;
	struct llama_memory *m = by_memory ? api->get_memory(c) : NULL;
	int64_t sum = 0;

	for (uint32_t i = 0; i < w->n && i < LLAMA_SEQUENCES_MAX; i++)
		if (m)
			sum += api->pos_max(m, w->sequence[i]) + 1;
		else if (!by_memory && api->kv_pos_max)
			sum += api->kv_pos_max(c, w->sequence[i]) + 1;
	return sum;
}
