/* SPDX-License-Identifier: MIT */
/*
 * Programs open llama.cpp's libraries privately and by names with versions in them, so the linker's
 * next definition is not theirs. A caller's own dependencies are: dlsym(3) on a handle looks in the
 * object and in what it needs, and not at preloaded libraries. The program itself has no such handle;
 * for it the next definition is right.
 *
 * Nor have programs that open llama.cpp by dlopen(3), as Python's ctypes does: they are answered by dlsym
 * with our function (lookup.h), and theirs is remembered.
 *
 * The layout of a batch is tried by llama_batch_get_one(), which fills in one.
 */
#include <dlfcn.h>
#include <stdatomic.h>
#include <string.h>

#include "tracepoints/adapters/common.h"
#include "tracepoints/adapters/llama/lib.h"

#define LIBS_MAX 8u
#define SITES_MAX 64u

static struct {
	struct llama_lib lib;
	const void *base;
} libs[LIBS_MAX];
static uint32_t n_libs;

/* llama_decode of a library that the program opened by itself. */
static const void *_Atomic opened;

/* Where calls come from: a handful of places. */
static struct {
	const void *_Atomic address;
	const struct llama_lib *_Atomic lib;
} sites[SITES_MAX];

static const struct {
	const char *symbol;
	size_t offset;
} functions[] = {
#define F(symbol, member)                                                                          \
	{                                                                                          \
		symbol, offsetof(struct llama_api, member)                                         \
	}
	F("llama_decode", decode),
	F("llama_encode", encode),
	F("llama_batch_get_one", batch_get_one),
	F("llama_get_model", get_model),
	F("llama_model_meta_val_str", model_meta),
	F("llama_model_desc", model_desc),
	F("llama_get_memory", get_memory),
	F("llama_memory_seq_pos_max", pos_max),
	F("llama_kv_self_seq_pos_max", kv_pos_max),
	F("ggml_backend_sched_set_eval_callback", set_eval_callback),
	F("ggml_backend_sched_graph_compute_async", compute),
	F("ggml_backend_sched_free", sched_free),
	F("ggml_graph_n_nodes", n_nodes),
	F("ggml_graph_node", node),
	F("ggml_get_name", name),
	F("ggml_op_desc", op),
#undef F
};

static bool is_same_object(const void *a, const void *b)
{
	Dl_info of_a, of_b;

	return dladdr(a, &of_a) && dladdr(b, &of_b) && of_a.dli_fbase == of_b.dli_fbase;
}

static bool is_ours(const void *function)
{
	return is_same_object(function, libs);
}

static void *object_of(const void *function)
{
	Dl_info of;

	return dladdr(function, &of) && of.dli_fname ? dlopen(of.dli_fname, RTLD_LAZY | RTLD_NOLOAD)
						     : NULL;
}

/* In what HANDLE needs; of the library that the program opened; in what was loaded for all. */
static void *find_function(void *handle, const char *symbol)
{
	const void *known = atomic_load(&opened);
	void *f = handle ? dlsym(handle, symbol) : NULL, *lib;

	if (f && !is_ours(f))
		return f;
	lib = known ? object_of(known) : NULL;
	if (lib) {
		f = dlsym(lib, symbol);
		dlclose(lib);
		if (f && !is_ours(f))
			return f;
	}
	return erg_adapter_next(symbol, (uintptr_t)libs);
}

bool llama_lib_opened(const void *function)
{
	const void *first = NULL;
	void *linked = dlsym(RTLD_NEXT, "llama_decode");

	if (is_ours(function))
		return false;
	if ((!linked || is_same_object(linked, function)) &&
		(atomic_compare_exchange_strong(&opened, &first, function) ||
			is_same_object(first, function)))
		return true;
	erg_marker("erg: llama: a second llama.cpp opened by one program: no layers of it", 0);
	return false;
}

static bool batch_is_known(const struct llama_api *api)
{
	struct llama_batch b;
	int32_t tokens[5] = {0};

	if (!api->batch_get_one)
		return false;
	memset(&b, 0xa5, sizeof(b));
	b = api->batch_get_one(tokens, 5);
	return b.n_tokens == 5 && b.token == tokens && !b.embd && !b.pos && !b.n_seq_id &&
		!b.seq_id && !b.logits;
}

/* Once: callers within libllama are judged, too. */
static void say_cache(bool context)
{
	static bool said;

	if (!said)
		erg_marker(context
				? "erg: llama: this libllama does not tell when its cache is empty: no requests"
				: "erg: llama: this libllama does not tell how long its cache is: no requests, "
				  "no context",
			0);
	said = true;
}

static void judge(struct llama_lib *lib)
{
	const struct llama_api *a = &lib->api;

	lib->decodes = a->decode && batch_is_known(a);
	lib->graphs =
		a->set_eval_callback && a->compute && a->n_nodes && a->node && a->name && a->op;
	lib->requests = a->get_memory && a->pos_max;
	lib->context = lib->requests || a->kv_pos_max;
	if (!lib->decodes)
		erg_marker("erg: llama: this libllama's batches are laid out otherwise: no layers",
			0);
	else if (!lib->graphs)
		erg_marker("erg: llama: this libllama lacks functions that following its graphs "
			   "needs: no blocks",
			0);
	if (lib->decodes && !lib->requests)
		say_cache(lib->context);
}

/* Fills a place for the object of BASE. */
static struct llama_lib *add_lib(const Dl_info *caller)
{
	static struct llama_lib none;
	void *handle =
		caller->dli_fname ? dlopen(caller->dli_fname, RTLD_LAZY | RTLD_NOLOAD) : NULL;
	struct llama_lib *lib;

	if (n_libs == LIBS_MAX)
		return &none;
	lib = &libs[n_libs].lib;
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		void *f = find_function(handle, functions[i].symbol);

		memcpy((char *)&lib->api + functions[i].offset, &f, sizeof(f));
	}
	libs[n_libs++].base = caller->dli_fbase;
	judge(lib);
	return lib;
}

static const struct llama_lib *find_lib(const void *address)
{
	Dl_info caller = {0};
	const struct llama_lib *lib = NULL;

	dladdr(address, &caller);
	(void)erg_enabled(); /* loads liberg and LTTng, which forks: not under the lock, which a fork takes */
	erg_adapter_lock();
	for (uint32_t i = 0; i < n_libs && !lib; i++)
		if (libs[i].base == caller.dli_fbase)
			lib = &libs[i].lib;
	if (!lib)
		lib = add_lib(&caller);
	erg_adapter_unlock();
	return lib;
}

const struct llama_lib *llama_lib_of(const void *address)
{
	const struct llama_lib *lib;

	for (uint32_t i = 0; i < SITES_MAX; i++) {
		const void *empty = NULL;
		const void *known = atomic_load(&sites[i].address);

		if (known == address && (lib = atomic_load(&sites[i].lib)))
			return lib;
		if (known)
			continue;
		lib = find_lib(address);
		if (atomic_compare_exchange_strong(&sites[i].address, &empty, address))
			atomic_store(&sites[i].lib, lib);
		return lib;
	}
	return find_lib(address);
}
