/* SPDX-License-Identifier: MIT */
/*
 * Layers of any program on a shared libopencv_dnn. When this library is preloaded, the functions of
 * cv::dnn::Net::Impl that run a network and a layer of it are ours first, also where OpenCV calls them
 * itself: it calls them by their names. Ours begin the layer, call OpenCV's, and end it, also when
 * that throws. The names contain an inline namespace that differs by release: there is a set of
 * functions for each that is known (abi.h). Where a program has another, nobody calls us, and a
 * marker says so when it ends.
 *
 * A network has the name of the file that it was read from. That is seen where readNetFrom… begins,
 * and given to the network that is made in it; on x86-64 only, because such a function returns an
 * object, and how that is done cannot be said in C on others. There, and where a network is made in
 * another way, it has the program's name. A second network of a name is numbered.
 */
#include <dlfcn.h>
#include <link.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tracepoints/adapters/common.h"
#include "tracepoints/adapters/opencv/describe.h"

struct slot {
	const void *data; /* of the layer, 0: none yet */
	uint64_t name;    /* its hash */
	uint32_t id;
};

struct net {
	struct net *next;
	const void *impl;
	char *file;       /* NULL: not known */
	uint32_t network; /* 0: it has not run yet */
	uint32_t iteration;
	uint32_t n_slots;
	struct slot *slots; /* by the layer's id */
};

typedef void layer_fn(void *impl, struct erg_opencv_data *data);
typedef void network_fn(void *impl, struct erg_opencv_data *last, bool clear);
typedef void make_fn(void *impl);
typedef void *read_fn(void *ret, const struct erg_opencv_string *a,
	const struct erg_opencv_string *b, uintptr_t c);

static struct net *nets;
static _Atomic bool called;
static __thread const char *reading __attribute__((tls_model("initial-exec")));
static __thread struct net *running __attribute__((tls_model("initial-exec")));

static void say_once(_Atomic bool *said, const char *text)
{
	if (!atomic_exchange(said, true))
		erg_marker(text, 0);
}

/* ---- networks ---- */

static char *file_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *name = strdup(slash ? slash + 1 : path), *dot = name ? strrchr(name, '.') : NULL;

	if (dot && dot != name)
		*dot = '\0';
	return name;
}

static struct net *net_find(const void *impl)
{
	struct net *n;

	erg_adapter_lock();
	for (n = nets; n && n->impl != impl; n = n->next)
		;
	erg_adapter_unlock();
	return n;
}

/* IMPL is a new network; what was at its place is gone. */
static struct net *net_new(const void *impl)
{
	struct net *n = net_find(impl);

	if (n) {
		free(n->file);
		free(n->slots);
		n->slots = NULL;
		n->n_slots = n->network = 0;
		n->file = reading ? file_name(reading) : NULL;
		return n;
	}
	n = calloc(1, sizeof(*n));
	if (!n)
		return NULL;
	n->impl = impl;
	n->file = reading ? file_name(reading) : NULL;
	erg_adapter_lock();
	n->next = nets;
	nets = n;
	erg_adapter_unlock();
	return n;
}

/* Networks that were read from one file are one. */
static uint32_t define_network(const struct net *net)
{
	const char *name = net->file ? net->file : getenv("ERG_NETWORK");
	static _Atomic unsigned int unnamed;
	char numbered[300];
	unsigned int n;

	if (net->file)
		return erg_network(name);
	n = atomic_fetch_add(&unnamed, 1) + 1;
	if (!name || !*name)
		name = erg_adapter_program();
	snprintf(numbered, sizeof(numbered), n > 1 ? "%s#%u" : "%s", name, n);
	return erg_network(numbered);
}

/* ---- layers ---- */

static uint64_t hash_of(const struct erg_opencv_string *s)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < s->size; i++)
		h = (h ^ (unsigned char)s->text[i]) * 0x100000001b3u;
	return h;
}

static __attribute__((noinline)) uint32_t define(struct net *net,
	const struct erg_opencv_data *data)
{
	static _Atomic bool said;
	struct erg_opencv_text text;
	struct erg_layer_info info;

	if (erg_opencv_describe(data, &text, &info))
		return erg_layer(net->network, &info);
	say_once(&said, "erg: opencv: this OpenCV is laid out otherwise: no layers");
	return 0;
}

static bool slots_reach(struct net *net, uint32_t id)
{
	uint32_t n = net->n_slots ? net->n_slots : 64;
	struct slot *grown;

	if (id < net->n_slots)
		return true;
	while (n <= id)
		n *= 2;
	grown = id < 1u << 20 ? realloc(net->slots, n * sizeof(*grown)) : NULL;
	if (!grown)
		return false;
	memset(grown + net->n_slots, 0, (n - net->n_slots) * sizeof(*grown));
	net->slots = grown;
	net->n_slots = n;
	return true;
}

/* 0: no layer. A slot is of another layer where a network was made at the place of one that is gone,
 * in a way that we did not see. */
static uint32_t layer_of(struct net *net, const struct erg_opencv_data *data)
{
	uint32_t at = (uint32_t)data->id;
	struct slot *s;

	if (!slots_reach(net, at))
		return 0;
	s = &net->slots[at];
	if (s->data == data && (!s->id || s->name == hash_of(&data->name)))
		return s->id;
	s->data = data;
	s->id = define(net, data);
	s->name = s->id ? hash_of(&data->name) : 0;
	return s->id;
}

static void end(const uint32_t *layer)
{
	erg_end(*layer);
}

static void forward_layer(void *impl, struct erg_opencv_data *data, layer_fn *theirs)
{
	__attribute__((cleanup(end))) uint32_t layer = 0;
	struct net *net = running;

	if (net && net->impl == impl && erg_enabled()) {
		layer = layer_of(net, data);
		erg_begin(layer);
	}
	theirs(impl, data);
}

struct frame {
	struct net *outer;
	uint32_t network;
};

static void leave(const struct frame *f)
{
	if (!f->outer)
		erg_flush();
	erg_end(f->network);
	running = f->outer;
}

/* All that is asked of a network at once: one inference, unless several outputs are asked for one by
 * one. */
static void forward_network(void *impl, struct erg_opencv_data *last, bool clear,
	network_fn *theirs)
{
	__attribute__((cleanup(leave))) struct frame f = {running, 0};
	struct net *net = net_find(impl);

	if (!net)
		net = net_new(impl);
	running = net;
	if (net && erg_enabled()) {
		if (!net->network)
			net->network = define_network(net);
		f.network = net->network;
		erg_iteration(net->iteration++);
		erg_begin(f.network);
		erg_defer();
	}
	theirs(impl, last, clear);
}

/* ---- one set of functions for each release ---- */

#define STRING "RKNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE"
#define SYMBOL(release, rest) "_ZN2cv3dnn14dnn4_v" #release rest
#define THEIRS(type, symbol, own)                                                                  \
	static type *_Atomic known;                                                                \
	type *theirs = atomic_load_explicit(&known, memory_order_relaxed);                         \
                                                                                                   \
	if (!theirs) {                                                                             \
		*(void **)&theirs = erg_adapter_next(symbol, (uintptr_t)(own));                    \
		if (!theirs)                                                                       \
			abort(); /* who called it, then? */                                        \
		atomic_store(&known, theirs);                                                      \
	}

#define FORWARD_LAYER "3Net4Impl12forwardLayerERNS1_6detail9LayerDataE"
#define FORWARD_NETWORK "3Net4Impl14forwardToLayerERNS1_6detail9LayerDataEb"
#define MAKE "3Net4ImplC1Ev"

#define RUNS(release)                                                                              \
	ERG_API void erg_layer_##release(void *impl, struct erg_opencv_data *data) __asm__(        \
		SYMBOL(release, FORWARD_LAYER));                                                   \
	ERG_API void erg_layer_##release(void *impl, struct erg_opencv_data *data)                 \
	{                                                                                          \
		THEIRS(layer_fn, SYMBOL(release, FORWARD_LAYER), erg_layer_##release)              \
		forward_layer(impl, data, theirs);                                                 \
	}                                                                                          \
	ERG_API void erg_network_##release(void *impl, struct erg_opencv_data *last,               \
		bool clear) __asm__(SYMBOL(release, FORWARD_NETWORK));                             \
	ERG_API void erg_network_##release(void *impl, struct erg_opencv_data *last, bool clear)   \
	{                                                                                          \
		THEIRS(network_fn, SYMBOL(release, FORWARD_NETWORK), erg_network_##release)        \
		atomic_store_explicit(&called, true, memory_order_relaxed);                        \
		forward_network(impl, last, clear, theirs);                                        \
	}                                                                                          \
	ERG_API void erg_make_##release(void *impl) __asm__(SYMBOL(release, MAKE));                \
	ERG_API void erg_make_##release(void *impl)                                                \
	{                                                                                          \
		THEIRS(make_fn, SYMBOL(release, MAKE), erg_make_##release)                         \
		net_new(impl);                                                                     \
		theirs(impl);                                                                      \
	}

ERG_OPENCV_RELEASES(RUNS)

#ifdef __x86_64__
static void not_read(const char *const *file)
{
	reading = *file;
}

#define READ(release, name, rest)                                                                  \
	ERG_API void *erg_##name##_##release(void *ret, const struct erg_opencv_string *a,         \
		const struct erg_opencv_string *b, uintptr_t c) __asm__(SYMBOL(release, rest));    \
	ERG_API void *erg_##name##_##release(void *ret, const struct erg_opencv_string *a,         \
		const struct erg_opencv_string *b, uintptr_t c)                                    \
	{                                                                                          \
		__attribute__((cleanup(not_read), unused)) const char *outer = reading;            \
		THEIRS(read_fn, SYMBOL(release, rest), erg_##name##_##release)                     \
		reading = a->text;                                                                 \
		return theirs(ret, a, b, c);                                                       \
	}
#define READS(release)                                                                             \
	READ(release, caffe, "16readNetFromCaffeE" STRING "S9_")                                   \
	READ(release, darknet, "18readNetFromDarknetE" STRING "S9_")                               \
	READ(release, tensorflow, "21readNetFromTensorflowE" STRING "S9_")                         \
	READ(release, torch, "16readNetFromTorchE" STRING "bb")                                    \
	READ(release, onnx, "15readNetFromONNXE" STRING)

ERG_OPENCV_RELEASES(READS)
#endif

/* ---- releases that are not known ---- */

static int is_opencv(struct dl_phdr_info *info, size_t size, void *data)
{
	bool *found = data;

	(void)size;
	*found = info->dlpi_name && strstr(info->dlpi_name, "libopencv_dnn.so");
	return *found;
}

static __attribute__((destructor)) void say_unknown(void)
{
	static const char *const symbols[] = {
#define NAME(release) SYMBOL(release, FORWARD_NETWORK),
		ERG_OPENCV_RELEASES(NAME)};
	bool found = false;

	if (called)
		return;
	dl_iterate_phdr(is_opencv, &found);
	for (size_t i = 0; found && i < sizeof(symbols) / sizeof(symbols[0]); i++)
		if (erg_adapter_next(symbols[i], (uintptr_t)say_unknown))
			found = false; /* it is known, and ran no network */
	if (found)
		erg_marker("erg: opencv: a release of OpenCV that is not known: no layers", 0);
}
