/* SPDX-License-Identifier: MIT */
/*
 * Layers of any program on shared libraries of llama.cpp. When this library is preloaded, four of
 * their functions are ours first, for the program and for libllama itself:
 *
 *	llama_decode		a step of the network: a phase and a module by what the batch does
 *				(batch.h), an iteration; tokens, requests and what the context holds
 *				are counted
 *	llama_encode		the same, phase and module "encode"
 *	ggml_backend_sched_graph_compute_async
 *				the graph of a step: cut into layers (plan.h). The scheduler asks a
 *				callback whether a node is wanted and computes up to it; ours wants
 *				the last node of each layer
 *	ggml_backend_sched_set_eval_callback
 *				the application's own callback, which ours calls in turn
 *
 * ERG_LLAMA=blocks (default): the attention and the feed-forward part of each block; ops: these cut
 * where the operation changes; nodes: every node. A cut waits for the backend and starts its threads
 * anew, which blocks hide and nodes do not. While nothing records, all calls go straight through.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tracepoints/adapters/common.h"
#include "tracepoints/adapters/llama/batch.h"
#include "tracepoints/adapters/llama/lib.h"
#include "tracepoints/adapters/llama/plan.h"
#include "tracepoints/adapters/lookup.h"

#define CALLBACKS_MAX 64
#define NETWORKS_MAX 64

ERG_API int32_t llama_decode(struct llama_context *c, struct llama_batch batch);
ERG_API int32_t llama_encode(struct llama_context *c, struct llama_batch batch);
ERG_API void ggml_backend_sched_set_eval_callback(struct ggml_sched *s, ggml_eval_callback *cb,
	void *data);
ERG_API int ggml_backend_sched_graph_compute_async(struct ggml_sched *s, struct ggml_graph *g);
ERG_API void ggml_backend_sched_free(struct ggml_sched *s);

static const char *const step_names[LLAMA_STEPS] = {"prefill", "decode", "mixed", "encode"};

/* The step that the thread is in, and its last plan, which a graph follows while it is computed. */
static __thread struct {
	uint32_t module; /* 0: none */
	const char *step;
	bool follows;
	struct llama_plan plan;
} current __attribute__((tls_model("initial-exec")));

/* ---- the application's own callbacks ---- */

struct callback {
	struct ggml_sched *sched; /* NULL: free */
	ggml_eval_callback *call;
	void *data;
};

static struct callback callbacks[CALLBACKS_MAX];
static _Atomic uint32_t n_callbacks;
static _Atomic bool callbacks_full; /* somebody's is not known: graphs are left alone */

static void forget_callback(struct ggml_sched *s)
{
	if (!atomic_load(&n_callbacks))
		return;
	erg_adapter_lock();
	for (int i = 0; i < CALLBACKS_MAX; i++)
		if (callbacks[i].sched == s) {
			callbacks[i].sched = NULL;
			atomic_fetch_sub(&n_callbacks, 1);
		}
	erg_adapter_unlock();
}

static void remember_callback(struct ggml_sched *s, ggml_eval_callback *call, void *data)
{
	int free_at = -1;

	erg_adapter_lock();
	for (int i = CALLBACKS_MAX - 1; i >= 0; i--) {
		if (callbacks[i].sched == s) {
			free_at = i;
			atomic_fetch_sub(&n_callbacks, 1);
			break;
		}
		if (!callbacks[i].sched)
			free_at = i;
	}
	if (free_at >= 0) {
		callbacks[free_at] = (struct callback){s, call, data};
		atomic_fetch_add(&n_callbacks, 1);
	} else {
		atomic_store(&callbacks_full, true);
	}
	erg_adapter_unlock();
}

static struct callback callback_of(struct ggml_sched *s)
{
	struct callback found = {NULL, NULL, NULL};

	if (!atomic_load(&n_callbacks))
		return found;
	erg_adapter_lock();
	for (int i = 0; i < CALLBACKS_MAX; i++)
		if (callbacks[i].sched == s)
			found = callbacks[i];
	erg_adapter_unlock();
	return found;
}

ERG_API void ggml_backend_sched_set_eval_callback(struct ggml_sched *s, ggml_eval_callback *call,
	void *data)
{
	const struct llama_lib *lib = llama_lib_of(__builtin_return_address(0));

	if (call)
		remember_callback(s, call, data);
	else
		forget_callback(s);
	if (lib->api.set_eval_callback)
		lib->api.set_eval_callback(s, call, data);
}

ERG_API void ggml_backend_sched_free(struct ggml_sched *s)
{
	const struct llama_lib *lib = llama_lib_of(__builtin_return_address(0));

	forget_callback(s);
	if (lib->api.sched_free)
		lib->api.sched_free(s);
}

/* ---- a graph ---- */

struct run {
	const struct llama_plan *plan;
	uint32_t at; /* the piece that is open */
	struct callback theirs;
	bool they_want;
};

static bool follow(struct ggml_tensor *t, bool ask, void *data)
{
	struct run *r = data;
	const struct llama_piece *p = r->at < r->plan->n ? &r->plan->pieces[r->at] : NULL;
	const bool ours = p && p->last == t;
	bool go_on = true;

	if (ask) {
		r->they_want = r->theirs.call && r->theirs.call(t, true, r->theirs.data);
		return ours || r->they_want;
	}
	if (ours) {
		erg_end(p->layer);
		r->at++;
	}
	/* What the application does with the node is not the layer's. */
	if (r->they_want)
		go_on = r->theirs.call(t, false, r->theirs.data);
	if (ours && go_on && r->at < r->plan->n)
		erg_begin(r->plan->pieces[r->at].layer);
	return go_on;
}

static enum llama_cut cut_wanted(void)
{
	static _Atomic int known;
	int cut = atomic_load_explicit(&known, memory_order_relaxed);
	const char *text;

	if (cut)
		return (enum llama_cut)(cut - 1);
	text = getenv("ERG_LLAMA");
	cut = 1 + LLAMA_BLOCKS;
	if (text && !strcmp(text, "ops"))
		cut = 1 + LLAMA_OPS;
	else if (text && !strcmp(text, "nodes"))
		cut = 1 + LLAMA_NODES;
	else if (text && *text && strcmp(text, "blocks"))
		erg_marker("erg: llama: ERG_LLAMA is none of blocks, ops, nodes: blocks", 0);
	atomic_store(&known, cut);
	return (enum llama_cut)(cut - 1);
}

static void say_once(_Atomic bool *said, const char *text)
{
	if (!atomic_exchange(said, true))
		erg_marker(text, 0);
}

ERG_API int ggml_backend_sched_graph_compute_async(struct ggml_sched *s, struct ggml_graph *g)
{
	static _Atomic bool said;
	const struct llama_lib *lib = llama_lib_of(__builtin_return_address(0));
	const struct llama_api *api = &lib->api;
	struct run run = {.plan = &current.plan};
	int status;

	/* A callback of the application may compute another graph. */
	if (!current.module || current.follows || !lib->graphs || !erg_enabled())
		return api->compute ? api->compute(s, g) : -1;
	if (atomic_load(&callbacks_full) ||
		!llama_plan_make(&current.plan, api, g, cut_wanted(), current.module,
			current.step)) {
		say_once(&said, "erg: llama: too much to follow: graphs without blocks");
		return api->compute(s, g);
	}
	run.theirs = callback_of(s);
	api->set_eval_callback(s, follow, &run);
	if (run.plan->n)
		erg_begin(run.plan->pieces[0].layer);
	current.follows = true;
	erg_defer();
	status = api->compute(s, g);
	current.follows = false;
	/* A graph that was stopped, or that the backend ended otherwise. */
	if (run.at < run.plan->n)
		erg_end(run.plan->pieces[run.at].layer);
	erg_flush();
	api->set_eval_callback(s, run.theirs.call, run.theirs.data);
	return status;
}

/* ---- a step ---- */

struct network {
	const struct llama_model *model;
	uint32_t id, modules[LLAMA_STEPS];
};

static struct network networks[NETWORKS_MAX];
static uint32_t n_networks;

/* The name that the model's file has for it, else what kind it is; the program's where it says neither. */
static void define_network(const struct llama_api *api, const struct llama_model *m,
	struct network *n)
{
	char name[256] = "";

	if (!m || !api->model_meta || api->model_meta(m, "general.name", name, sizeof(name)) <= 0)
		if (!m || !api->model_desc || api->model_desc(m, name, sizeof(name)) <= 0)
			name[0] = '\0';
	n->model = m;
	n->id = erg_network(*name ? name : erg_adapter_program());
	for (int i = 0; i < LLAMA_STEPS; i++)
		n->modules[i] = 0;
}

/* A model at the place of one that was freed has its name until it is asked again: models are few, and
 * their names are asked at every step that is not a decode. */
static struct network network_of(const struct llama_api *api, const struct llama_context *c,
	enum llama_step step)
{
	const struct llama_model *m = api->get_model ? api->get_model(c) : NULL;
	struct network n;
	uint32_t i;

	erg_adapter_lock();
	for (i = 0; i < n_networks && networks[i].model != m; i++)
		;
	if (i == NETWORKS_MAX)
		i = 0;
	if (i == n_networks || networks[i].model != m || step != LLAMA_DECODE)
		define_network(api, m, &networks[i]);
	n_networks += i == n_networks;
	if (!networks[i].modules[step])
		networks[i].modules[step] =
			erg_module(networks[i].id, step_names[step], step_names[step]);
	n = networks[i];
	erg_adapter_unlock();
	return n;
}

static uint32_t counter(const char *name, _Atomic uint32_t *known)
{
	uint32_t index = atomic_load_explicit(known, memory_order_relaxed);

	if (!index) {
		index = erg_counter(name) + 1;
		atomic_store(known, index);
	}
	return index - 1;
}

static void count(const char *name, _Atomic uint32_t *known, int64_t n)
{
	erg_counter_add(counter(name, known), n);
}

static _Atomic uint32_t tokens, requests, answered, waited, context, steps;

/* Counters exist before the first layer that carries them. */
static void define_counters(const struct llama_lib *lib)
{
	counter("tokens", &tokens);
	if (lib->requests)
		counter("requests", &requests);
	if (lib->context)
		counter("context", &context);
	if (lib->requests) {
		counter("first_tokens", &answered);
		counter("first_token_ns", &waited);
	}
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* After the step that began at BEGIN. */
static void count_step(const struct llama_lib *lib, struct llama_context *c,
	const struct llama_batch *batch, struct llama_work *work, uint64_t begin)
{
	llama_batch_done(c, work, begin, now());
	count("tokens", &tokens, batch->n_tokens);
	if (lib->requests) {
		count("requests", &requests, work->requests);
		count("first_tokens", &answered, work->answered);
		count("first_token_ns", &waited, (int64_t)work->waited_ns);
	}
	if (lib->context)
		count("context", &context, llama_batch_context(&lib->api, c, work));
}

static int32_t step_through(const struct llama_lib *lib, struct llama_context *c,
	struct llama_batch *batch, struct llama_work *work,
	int32_t (*call)(struct llama_context *, struct llama_batch))
{
	const struct network n = network_of(&lib->api, c, work->step);
	const uint32_t outer_module = current.module;
	const char *outer_step = current.step;
	const uint64_t begin = now();
	int32_t status;

	define_counters(lib);
	erg_phase_begin(step_names[work->step]);
	erg_iteration(atomic_fetch_add(&steps, 1));
	erg_begin(n.id);
	erg_begin(n.modules[work->step]);
	current.module = n.modules[work->step];
	current.step = step_names[work->step];
	status = call(c, *batch);
	current.module = outer_module;
	current.step = outer_step;
	if (!status)
		count_step(lib, c, batch, work, begin);
	erg_end(n.modules[work->step]);
	erg_end(n.id);
	erg_phase_end(step_names[work->step]);
	return status;
}

ERG_API int32_t llama_decode(struct llama_context *c, struct llama_batch batch)
{
	const struct llama_lib *lib = llama_lib_of(__builtin_return_address(0));
	struct llama_work work;

	if (!lib->api.decode)
		return -1;
	if (!lib->decodes || !erg_enabled()) {
		llama_batch_missed();
		return lib->api.decode(c, batch);
	}
	llama_batch_read(&lib->api, c, &batch, false, &work);
	return step_through(lib, c, &batch, &work, lib->api.decode);
}

ERG_API int32_t llama_encode(struct llama_context *c, struct llama_batch batch)
{
	const struct llama_lib *lib = llama_lib_of(__builtin_return_address(0));
	struct llama_work work;

	if (!lib->api.encode)
		return -1;
	if (!lib->decodes || !erg_enabled())
		return lib->api.encode(c, batch);
	llama_batch_read(&lib->api, c, &batch, true, &work);
	return step_through(lib, c, &batch, &work, lib->api.encode);
}

/* ---- programs that open llama.cpp by themselves ---- */

ERG_LOOKUP(llama_decode, llama_decode, llama_lib_opened);
ERG_LOOKUP(llama_encode, llama_encode, llama_lib_opened);
