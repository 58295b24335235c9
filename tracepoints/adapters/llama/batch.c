/* SPDX-License-Identifier: MIT */
/* Sequences of a batch; see batch.h. */
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#include "tracepoints/adapters/common.h"
#include "tracepoints/adapters/llama/batch.h"

#define REMEMBERED 4096u /* a power of two */
#define NEIGHBOURS 16u
#define GUESSES_MAX 64u /* more that all want an output are a prompt all the same */

/* What a sequence did the last time. */
enum {
	READS = 1,
	WROTE,
	ANSWERS
}; /* more of the prompt comes; one or several; of its prompt's last token alone */

/* A sequence. One that finds no place takes another's, whose next prompt then counts as a request only if it begins
 * empty. */
struct memory {
	uint64_t key; /* hash of context and sequence, with what it did in the last two bits */
	uint64_t
		since; /* when the request began that has no token yet; 0: none has, or nobody knows */
};

static struct memory remembered[REMEMBERED];
static _Atomic bool waits; /* some since is not 0 */

static uint64_t key_of(const struct llama_context *c, int32_t sequence)
{
	uint64_t h = (uint64_t)(uintptr_t)c * 0x9e3779b97f4a7c15u + (uint32_t)sequence;

	/* the mixer of splitmix64: each bit of either is in all of the hash */
	h = (h ^ h >> 30) * 0xbf58476d1ce4e5b9u;
	h = (h ^ h >> 27) * 0x94d049bb133111ebu;
	h = (h ^ h >> 31) & ~(uint64_t)3;
	return h ? h : 4;
}

/* The place of KEY, or one that it may take. */
static struct memory *slot_of(uint64_t key)
{
	struct memory *free_one = NULL;

	for (uint32_t i = 0; i < NEIGHBOURS; i++) {
		struct memory *slot = &remembered[((key >> 32) + i) % REMEMBERED];

		if ((slot->key & ~(uint64_t)3) == key)
			return slot;
		if (!slot->key && !free_one)
			free_one = slot;
	}
	return free_one ? free_one : &remembered[(key >> 32) % REMEMBERED];
}

static struct llama_part_of_batch *find_part(struct llama_work *w, int32_t sequence)
{
	const uint32_t n = w->n < LLAMA_SEQUENCES_MAX ? w->n : LLAMA_SEQUENCES_MAX;

	/* tokens of one sequence stand together, nearly always */
	for (uint32_t i = n; i-- > 0;)
		if (w->parts[i].sequence == sequence)
			return &w->parts[i];
	return NULL;
}

static void count_token(struct llama_work *w, int32_t sequence, bool output)
{
	struct llama_part_of_batch *p = find_part(w, sequence);

	if (!p) {
		if (w->n++ >= LLAMA_SEQUENCES_MAX)
			return;
		p = &w->parts[w->n - 1];
		*p = (struct llama_part_of_batch){.sequence = sequence};
	}
	p->tokens++;
	p->outputs += output;
}

static uint32_t last_time(const struct llama_context *c, int32_t sequence)
{
	uint64_t key = key_of(c, sequence), slot;

	erg_adapter_lock();
	slot = slot_of(key)->key;
	erg_adapter_unlock();
	return (slot & ~(uint64_t)3) == key ? slot & 3 : 0;
}

/* An answer is written a token at a time, or by several that were guessed: each wants an output, as of a prompt
 * only the last does. */
static uint32_t does_now(const struct llama_part_of_batch *p, bool empty, uint32_t was)
{
	if (p->tokens == 1)
		return WROTE;
	if (!empty && p->tokens <= GUESSES_MAX && p->outputs == p->tokens &&
		(was == WROTE || was == ANSWERS))
		return WROTE;
	return p->outputs && p->outputs < p->tokens ? ANSWERS : READS;
}

/* Whoever wants the output of every token of a text may have its last one in this step or in another. */
static uint64_t first_token(struct llama_work *w, const struct llama_part_of_batch *p,
	uint64_t since, uint64_t end)
{
	if (!since || !p->outputs)
		return since;
	if (p->does != READS) {
		w->answered++;
		w->waited_ns += end - since;
	}
	return 0;
}

void llama_batch_done(const struct llama_context *c, struct llama_work *w, uint64_t begin,
	uint64_t end)
{
	w->answered = 0;
	w->waited_ns = 0;
	erg_adapter_lock();
	for (uint32_t i = 0; w->step != LLAMA_ENCODE && i < w->n && i < LLAMA_SEQUENCES_MAX; i++) {
		const struct llama_part_of_batch *p = &w->parts[i];
		const uint64_t key = key_of(c, p->sequence);
		struct memory *m = slot_of(key);
		uint64_t since = (m->key & ~(uint64_t)3) == key ? m->since : 0;

		since = first_token(w, p, p->begins ? begin : since, end);
		*m = (struct memory){key | p->does, since};
		if (since)
			atomic_store(&waits, true);
	}
	erg_adapter_unlock();
}

void llama_batch_missed(void)
{
	if (!atomic_load_explicit(&waits, memory_order_relaxed))
		return;
	erg_adapter_lock();
	for (uint32_t i = 0; i < REMEMBERED; i++)
		remembered[i].since = 0;
	atomic_store(&waits, false);
	erg_adapter_unlock();
}

static void read_tokens(const struct llama_batch *b, struct llama_work *w)
{
	for (int32_t i = 0; i < b->n_tokens; i++) {
		/* without the list the last token has one */
		bool output = b->logits ? b->logits[i] : i == b->n_tokens - 1;

		if (!b->seq_id || !b->n_seq_id)
			count_token(w, 0, output);
		else if (b->n_seq_id[i] > 0)
			count_token(w, b->seq_id[i][0], output);
	}
}

void llama_batch_read(const struct llama_api *api, const struct llama_context *c,
	const struct llama_batch *b, bool encodes, struct llama_work *ret)
{
	const bool known = api->get_memory && api->pos_max;
	struct llama_memory *m = known ? api->get_memory(c) : NULL;
	uint32_t reading = 0, writing = 0;

	ret->step = encodes || (known && !m) ? LLAMA_ENCODE : LLAMA_DECODE;
	ret->n = ret->requests = 0;
	read_tokens(b, ret);
	for (uint32_t i = 0; i < ret->n && i < LLAMA_SEQUENCES_MAX; i++) {
		struct llama_part_of_batch *p = &ret->parts[i];
		/* A model that keeps nothing reads all anew; one that does has its request in what it decodes. */
		const bool empty = known && (!m || (!encodes && api->pos_max(m, p->sequence) < 0));
		const uint32_t was = ret->step == LLAMA_ENCODE ? 0 : last_time(c, p->sequence);

		p->does = does_now(p, empty, was);
		p->begins = empty || (was == WROTE && p->does != WROTE);
		ret->requests += p->begins;
		writing += p->does == WROTE;
		reading += p->does != WROTE;
	}
	if (ret->step != LLAMA_ENCODE && reading)
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
			sum += api->pos_max(m, w->parts[i].sequence) + 1;
		else if (!by_memory && api->kv_pos_max)
			sum += api->kv_pos_max(c, w->parts[i].sequence) + 1;
	return sum;
}
