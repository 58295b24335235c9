/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What batches of llama.cpp do, as its programs make them. The context is of this file: it keeps how long each
 * sequence is. What is true is what the program that is played does: how many requests it has, which tokens are
 * of prompts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tracepoints/adapters/llama/batch.h"

#define TOKENS 2048
#define SEQUENCES 256

struct llama_memory {
	int32_t held[SEQUENCES];
};

struct llama_context {
	struct llama_memory *memory; /* NULL: of a model that keeps nothing */
};

static struct llama_memory *get_memory(const struct llama_context *c)
{
	return c->memory;
}

static int32_t pos_max(struct llama_memory *m, int32_t seq)
{
	return m->held[seq] - 1;
}

static const struct llama_api api = {.get_memory = get_memory, .pos_max = pos_max};

static struct {
	struct llama_batch b;
	int32_t n_seq_id[TOKENS], sequence[TOKENS], *seq_id[TOKENS];
	int8_t logits[TOKENS];
} made;

static void batch_new(void)
{
	made.b = (struct llama_batch){.n_seq_id = made.n_seq_id,
		.seq_id = made.seq_id,
		.logits = made.logits};
}

enum outputs { LAST, ALL, NONE };

static void add(int32_t sequence, int n, enum outputs outputs)
{
	for (int i = 0; i < n; i++) {
		int32_t at = made.b.n_tokens++;

		made.n_seq_id[at] = 1;
		made.sequence[at] = sequence;
		made.seq_id[at] = &made.sequence[at];
		made.logits[at] = outputs == ALL || (outputs == LAST && i == n - 1);
	}
}

static struct {
	uint32_t requests, tokens[LLAMA_STEPS], answered;
	uint64_t waited, now; /* a step takes 10 */
} seen;

/* As the adapter does around a step, which the context carries out if it is not REFUSED. */
static void decode(struct llama_context *c, bool encodes, bool refused)
{
	static struct llama_work w;

	llama_batch_read(&api, c, &made.b, encodes, &w);
	if (refused)
		return;
	for (int32_t i = 0; c->memory && !encodes && i < made.b.n_tokens; i++)
		c->memory->held[made.b.seq_id ? made.sequence[i] : 0]++;
	llama_batch_done(c, &w, seen.now, seen.now + 10);
	seen.now += 10;
	seen.requests += w.requests;
	seen.answered += w.answered;
	seen.waited += w.waited_ns;
	seen.tokens[w.step] += (uint32_t)made.b.n_tokens;
}

static void step(struct llama_context *c, int32_t sequence, int n, enum outputs outputs)
{
	batch_new();
	add(sequence, n, outputs);
	decode(c, false, false);
}

static void write(struct llama_context *c, int32_t sequence, int n)
{
	while (n-- > 0)
		step(c, sequence, 1, LAST);
}

static void is_seen(uint32_t requests, uint32_t prefill, uint32_t decoded, uint32_t mixed,
	uint32_t encoded)
{
	assert_int_equal(seen.requests, requests);
	assert_int_equal(seen.tokens[LLAMA_PREFILL], prefill);
	assert_int_equal(seen.tokens[LLAMA_DECODE], decoded);
	assert_int_equal(seen.tokens[LLAMA_MIXED], mixed);
	assert_int_equal(seen.tokens[LLAMA_ENCODE], encoded);
}

static void turns_of_a_conversation(void **state)
{
	struct llama_memory m = {{0}};
	struct llama_context c = {&m};

	(void)state;
	step(&c, 0, 512, NONE); /* longer than a batch */
	step(&c, 0, 88, LAST);
	write(&c, 0, 20);
	step(&c, 0, 30, LAST);
	write(&c, 0, 20);
	is_seen(2, 630, 40, 0, 0);
}

/* Guessed tokens are checked at once, and those that were wrong are taken back. */
static void guesses(void **state)
{
	static const int guessed[] = {3, 0, 2, 15, 0, 0, 4};
	struct llama_memory m = {{0}};
	struct llama_context c = {&m};

	(void)state;
	step(&c, 7, 100, LAST);
	for (size_t i = 0; i < sizeof(guessed) / sizeof(guessed[0]); i++) {
		step(&c, 7, 1 + guessed[i], ALL);
		m.held[7] -= guessed[i] / 2;
	}
	is_seen(1, 100, 31, 0, 0);
	step(&c, 7, 10, LAST); /* and a prompt after such an answer is one */
	is_seen(2, 110, 31, 0, 0);
}

/* Whoever wants all outputs of a text, as for its perplexity, reads it. */
static void a_text_with_all_outputs(void **state)
{
	struct llama_memory m = {{0}};
	struct llama_context c = {&m};

	(void)state;
	for (int i = 0; i < 4; i++)
		step(&c, 0, 32, ALL);
	is_seen(1, 128, 0, 0, 0);
	write(&c, 0, 1);
	step(&c, 0, 400, ALL); /* too much to be guessed */
	is_seen(2, 528, 1, 0, 0);
}

/* All its sequences write, and then all have a new prompt in one batch. */
static void a_full_server(void **state)
{
	struct llama_memory m = {{0}}, m2 = {{0}};
	struct llama_context c = {&m}, other = {&m2};

	(void)state;
	for (int32_t s = 0; s < SEQUENCES; s++)
		step(&c, s, 4, LAST);
	step(&other, 3, 4, LAST);
	for (int i = 0; i < 3; i++) {
		batch_new();
		for (int32_t s = 0; s < SEQUENCES; s++)
			add(s, 1, LAST);
		decode(&c, false, false);
	}
	is_seen(SEQUENCES + 1, 4 * SEQUENCES + 4, 3 * SEQUENCES, 0, 0);
	batch_new();
	for (int32_t s = 0; s < SEQUENCES; s++)
		add(s, 3, LAST);
	decode(&c, false, false);
	is_seen(2 * SEQUENCES + 1, 7 * SEQUENCES + 4, 3 * SEQUENCES, 0, 0);
	batch_new();
	add(0, 1, LAST);
	add(1, 5, NONE);
	decode(&c, false, false);
	assert_int_equal(seen.tokens[LLAMA_MIXED], 6);
}

/* A step that found no room was none, and is tried again. */
static void refused_steps(void **state)
{
	struct llama_memory m = {{0}};
	struct llama_context c = {&m};

	(void)state;
	step(&c, 0, 20, LAST);
	write(&c, 0, 3);
	batch_new();
	add(0, 64, LAST);
	decode(&c, false, true);
	step(&c, 0, 32, NONE);
	step(&c, 0, 32, LAST);
	is_seen(2, 84, 3, 0, 0);
}

/* Sequences are texts, each of which is a request; one token is as good a text. */
static void a_model_that_keeps_nothing(void **state)
{
	struct llama_context c = {NULL};

	(void)state;
	for (int i = 0; i < 3; i++) {
		batch_new();
		add(0, 10, ALL);
		add(1, 1, ALL);
		decode(&c, i == 2, false);
	}
	is_seen(6, 0, 0, 0, 33);
}

/* Of an encoder and a decoder the request is in what is decoded. */
static void an_encoder_and_a_decoder(void **state)
{
	struct llama_memory m = {{0}};
	struct llama_context c = {&m};

	(void)state;
	batch_new();
	add(0, 25, NONE);
	decode(&c, true, false);
	write(&c, 0, 12);
	is_seen(1, 0, 12, 0, 25);
}

/* As llama_batch_get_one() makes them: without lists, the last token has an output. */
static void batches_without_lists(void **state)
{
	struct llama_memory m = {{0}};
	struct llama_context c = {&m};

	(void)state;
	for (int turn = 0; turn < 2; turn++) {
		made.b = (struct llama_batch){.n_tokens = 12};
		decode(&c, false, false);
		for (int i = 0; i < 5; i++) {
			made.b = (struct llama_batch){.n_tokens = 1};
			decode(&c, false, false);
		}
	}
	is_seen(2, 24, 10, 0, 0);
}

static void first_tokens_are(uint32_t n, uint64_t waited)
{
	assert_int_equal(seen.answered, n);
	assert_int_equal(seen.waited, waited);
}

/* A server that reads prompts in pieces while others answer: each waits from its own begin to its own end. */
static void first_tokens_of_requests_that_overlap(void **state)
{
	struct llama_memory m = {{0}};
	struct llama_context c = {&m};

	(void)state;
	batch_new(); /* both begin at 1000; the second is longer */
	add(0, 8, LAST);
	add(1, 56, NONE);
	decode(&c, false, false);
	first_tokens_are(1, 10);
	batch_new(); /* 1010: the first answers, a third begins */
	add(0, 1, LAST);
	add(1, 20, NONE);
	add(2, 43, NONE);
	decode(&c, false, false);
	first_tokens_are(1, 10);
	seen.now += 1000; /* the program does something else */
	batch_new();
	add(0, 1, LAST);
	add(1, 20, LAST); /* from 1000 to 2030 */
	add(2, 40, LAST); /* from 1010 to 2030 */
	decode(&c, false, false);
	first_tokens_are(3, 10 + 1030 + 1020);
	for (int i = 0; i < 5; i++) {
		batch_new();
		for (int32_t s = 0; s < 3; s++)
			add(s, 1, LAST);
		decode(&c, false, false);
	}
	first_tokens_are(3, 10 + 1030 + 1020);
	step(&c, 2, 9, LAST); /* the next turn of one of them */
	first_tokens_are(4, 10 + 1030 + 1020 + 10);
	is_seen(4, 73, 15, 125, 0);
}

/* A prompt of one token answers at once; who wants all outputs is not known to have been answered, nor who was not
 * seen in between. */
static void first_tokens_that_nobody_knows(void **state)
{
	struct llama_memory m = {{0}};
	struct llama_context c = {&m}, nothing = {NULL};

	(void)state;
	step(&c, 0, 1, LAST);
	first_tokens_are(1, 10);
	step(&c, 1, 30, ALL);
	write(&c, 1, 3);
	first_tokens_are(1, 10);
	step(&c, 2, 30, NONE);
	llama_batch_missed();
	step(&c, 2, 30, LAST);
	write(&c, 2, 3);
	first_tokens_are(1, 10);
	batch_new();
	add(0, 10, ALL);
	decode(&nothing, false, false);
	first_tokens_are(1, 10);
	step(&c, 3, 30, NONE);
	m.held[3] = 0; /* given up, and its place is another's */
	step(&c, 3, 12, LAST);
	first_tokens_are(2, 20);
}

static int setup(void **state)
{
	(void)state;
	memset(&seen, 0, sizeof(seen));
	seen.now = 1000;
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(turns_of_a_conversation, setup),
		cmocka_unit_test_setup(guesses, setup),
		cmocka_unit_test_setup(a_text_with_all_outputs, setup),
		cmocka_unit_test_setup(a_full_server, setup),
		cmocka_unit_test_setup(refused_steps, setup),
		cmocka_unit_test_setup(a_model_that_keeps_nothing, setup),
		cmocka_unit_test_setup(an_encoder_and_a_decoder, setup),
		cmocka_unit_test_setup(batches_without_lists, setup),
		cmocka_unit_test_setup(first_tokens_of_requests_that_overlap, setup),
		cmocka_unit_test_setup(first_tokens_that_nobody_knows, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
