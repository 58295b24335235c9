/* SPDX-License-Identifier: MIT */
#ifndef ERG_TRACEPOINTS_LLAMA_ABI_H
#define ERG_TRACEPOINTS_LLAMA_ABI_H

/*
 * The few functions of llama.cpp's public interface that are needed, in our own words (llama.h,
 * ggml.h, ggml-backend.h of https://github.com/ggml-org/llama.cpp). Its structs change from release
 * to release and are never looked into, with one exception: a batch is passed by value.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct llama_context;
struct llama_model;
struct llama_memory;
struct ggml_tensor;
struct ggml_graph;
struct ggml_sched;

/* As it has been since 2024. What follows in the caller's frame is passed on with it, so that a batch
 * that has grown arrives whole; whether these are the first members is tried before they are read. */
struct llama_batch {
	int32_t n_tokens;
	int32_t *token;
	float *embd;
	int32_t *pos;
	int32_t *n_seq_id;
	int32_t **seq_id;
	int8_t *logits;
	uint64_t rest[4];
};

/* ASK: is the tensor wanted? Else it is computed; false stops the graph. */
typedef bool ggml_eval_callback(struct ggml_tensor *t, bool ask, void *data);

/* The functions of one copy of llama.cpp; those that it lacks are NULL. */
struct llama_api {
	int32_t (*decode)(struct llama_context *c, struct llama_batch batch);
	int32_t (*encode)(struct llama_context *c, struct llama_batch batch);
	struct llama_batch (*batch_get_one)(int32_t *tokens, int32_t n);
	const struct llama_model *(*get_model)(const struct llama_context *c);
	int32_t (*model_meta)(const struct llama_model *m, const char *key, char *buf, size_t size);
	int32_t (*model_desc)(const struct llama_model *m, char *buf, size_t size);
	struct llama_memory *(*get_memory)(const struct llama_context *c);
	int32_t (*pos_max)(struct llama_memory *m, int32_t seq);
	int32_t (*kv_pos_max)(struct llama_context *c,
		int32_t seq); /* of 2025, before the two above */
	void (*set_eval_callback)(struct ggml_sched *s, ggml_eval_callback *cb, void *data);
	int (*compute)(struct ggml_sched *s, struct ggml_graph *g);
	void (*sched_free)(struct ggml_sched *s);
	int (*n_nodes)(struct ggml_graph *g);
	struct ggml_tensor *(*node)(struct ggml_graph *g, int i);
	const char *(*name)(const struct ggml_tensor *t);
	const char *(*op)(const struct ggml_tensor *t);
};

#endif
