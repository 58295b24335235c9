/* SPDX-License-Identifier: MIT */
/*
 * Layers of any program on a shared libdarknet. When this library is preloaded, parse_network_cfg
 * and load_network are ours first, also when libdarknet calls them itself; in the network that they
 * return we put a function of our own in the place of each layer's forward and backward pointer,
 * which begins the layer, calls what was there, and ends it. forward_network is the network around
 * them, and each of its calls an iteration.
 *
 * The structs have neither a version nor a size, and forks of darknet have changed them. So before
 * anything is written, the network is read by process_vm_readv(2), which fails where a pointer
 * points nowhere, and must be plausible throughout: every layer of a known type, and every forward
 * pointer within libdarknet itself. Otherwise it stays as it is, and a marker says so.
 *
 * A layer's function gets copies of the structs: the network by its array of layers, the layer by
 * its place in it or, where that does not fit, by its output.
 *
 * darknet's layers have no names: a type and the index that darknet prints, conv0, pool1. They are
 * defined when they first run, because programs set the batch after loading.
 */
#include <dlfcn.h>
#include <stdatomic.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tracepoints/adapters/common.h"
#include "tracepoints/adapters/darknet/describe.h"

#define LAYERS_MAX 65536

enum way { FORWARD, BACKWARD, WAYS };

typedef void layer_fn(struct layer l, struct network net);

struct slot {
	layer_fn *was[WAYS];
	uint32_t id[WAYS];
};

struct wrapped {
	struct wrapped *next;
	const struct layer *layers;
	int n;
	uint32_t network;
	_Atomic uint32_t iteration;
	struct slot slots[];
};

ERG_API network *parse_network_cfg(char *filename);
ERG_API network *load_network(char *cfg, char *weights, int clear);
ERG_API void forward_network(network *net);
ERG_API void free_network(network *net);

static struct wrapped *all;
/* For layers of networks that we do not know, copied from one that we do. */
static layer_fn *_Atomic by_type[WAYS][BLANK + 1];

static void forward(struct layer l, struct network net);
static void backward(struct layer l, struct network net);
static layer_fn *const ours[WAYS] = {forward, backward};

/* libdarknet's own function; NULL if there is none. */
static void *theirs(const char *symbol, uintptr_t own)
{
	void *found = erg_adapter_next(symbol, own);

	if (!found)
		erg_marker("erg: darknet: this libdarknet lacks a function that it should have", 0);
	return found;
}

static bool readable(const void *from, void *to, size_t size)
{
	struct iovec remote = {(void *)(uintptr_t)from, size}, local = {to, size};

	return process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == (ssize_t)size;
}

static bool same_object(uintptr_t a, uintptr_t b)
{
	Dl_info of_a, of_b;

	return a && dladdr((void *)a, &of_a) && dladdr((void *)b, &of_b) &&
		of_a.dli_fbase == of_b.dli_fbase;
}

/* Whether NET is laid out as darknet.h says; PARSE is a function of the library it comes from. */
static bool plausible(const network *net, uintptr_t parse)
{
	struct network n;
	struct layer l;

	if (!readable(net, &n, sizeof(n)) || n.n <= 0 || n.n > LAYERS_MAX || n.batch < 0)
		return false;
	for (int i = 0; i < n.n; i++) {
		if (!readable(&n.layers[i], &l, sizeof(l)))
			return false;
		if ((int)l.type < 0 || l.type > BLANK || l.batch < 0 || l.outputs < 0)
			return false;
		if (l.forward != ours[FORWARD] && !same_object((uintptr_t)l.forward, parse))
			return false;
		if (l.backward && l.backward != ours[BACKWARD] &&
			!same_object((uintptr_t)l.backward, parse))
			return false;
	}
	return true;
}

/* The file's name without folder and ending. */
static uint32_t define_network(const char *cfg)
{
	const char *slash = strrchr(cfg, '/');
	char name[256];
	char *dot;

	snprintf(name, sizeof(name), "%s", slash ? slash + 1 : cfg);
	dot = strrchr(name, '.');
	if (dot && dot != name)
		*dot = 0;
	return erg_network(name);
}

static struct wrapped *find_wrapped(const struct layer *layers)
{
	struct wrapped *w;

	erg_adapter_lock();
	for (w = all; w && w->layers != layers; w = w->next)
		;
	erg_adapter_unlock();
	return w;
}

static void forget(const network *net)
{
	struct wrapped **at, *w = NULL;

	erg_adapter_lock();
	for (at = &all; *at && (*at)->layers != net->layers; at = &(*at)->next)
		;
	if (*at) {
		w = *at;
		*at = w->next;
	}
	erg_adapter_unlock();
	free(w);
}

static void wrap(network *net, const char *cfg, uintptr_t parse)
{
	struct wrapped *w;

	if (!net)
		return;
	if (!plausible(net, parse)) {
		erg_marker("erg: darknet: this libdarknet is laid out otherwise: no layers", 0);
		return;
	}
	if (net->layers[0].forward == forward)
		return;
	/* One that was at this place and not freed by free_network. */
	forget(net);
	w = calloc(1, sizeof(*w) + (size_t)net->n * sizeof(w->slots[0]));
	if (!w)
		return;
	w->layers = net->layers;
	w->n = net->n;
	w->network = define_network(cfg);
	for (int i = 0; i < net->n; i++) {
		struct layer *l = &net->layers[i];

		w->slots[i].was[FORWARD] = l->forward;
		w->slots[i].was[BACKWARD] = l->backward;
		by_type[FORWARD][l->type] = l->forward;
		l->forward = forward;
		if (l->backward) {
			by_type[BACKWARD][l->type] = l->backward;
			l->backward = backward;
		}
	}
	erg_adapter_lock();
	w->next = all;
	all = w;
	erg_adapter_unlock();
}

static int index_of(const struct wrapped *w, const struct layer *l, const struct network *net)
{
	int i = net->index;

	if (i >= 0 && i < w->n && w->layers[i].output == l->output && w->layers[i].type == l->type)
		return i;
	for (i = 0; i < w->n; i++)
		if (w->layers[i].output == l->output && w->layers[i].type == l->type)
			return i;
	return -1;
}

static __attribute__((noinline)) uint32_t define(uint32_t parent, const struct layer *l, int index,
	enum way way)
{
	struct erg_layer_info info = {.size = sizeof(info)};
	char name[64], type[64];

	erg_darknet_describe(l, &info);
	snprintf(name, sizeof(name), "%s%d%s", info.type, index, way == FORWARD ? "" : ".backward");
	snprintf(type, sizeof(type), "%s%s", info.type, way == FORWARD ? "" : "-backward");
	info.name = name;
	info.type = type;
	/* Gradients of the weights and of the input; those of the network's input are not needed. */
	if (way == BACKWARD && index > 0)
		info.macs *= 2;
	return erg_layer(parent, &info);
}

/* What was in the layer's place; *ret_id is begun, or 0. */
static layer_fn *enter(const struct layer *l, const struct network *net, enum way way,
	uint32_t *ret_id)
{
	struct wrapped *w = find_wrapped(net->layers);
	int i = w ? index_of(w, l, net) : -1;

	*ret_id = 0;
	if (i < 0)
		return by_type[way][l->type];
	if (erg_enabled()) {
		if (!w->slots[i].id[way])
			w->slots[i].id[way] = define(w->network, l, i, way);
		*ret_id = w->slots[i].id[way];
		erg_begin(*ret_id);
	}
	return w->slots[i].was[way];
}

static void forward(struct layer l, struct network net)
{
	uint32_t id;
	layer_fn *was = enter(&l, &net, FORWARD, &id);

	was(l, net);
	erg_end(id);
}

static void backward(struct layer l, struct network net)
{
	uint32_t id;
	layer_fn *was = enter(&l, &net, BACKWARD, &id);

	was(l, net);
	erg_end(id);
}

ERG_API network *parse_network_cfg(char *filename)
{
	network *(*parse)(char *);
	network *net;

	*(void **)&parse = theirs("parse_network_cfg", (uintptr_t)parse_network_cfg);
	net = parse ? parse(filename) : NULL;
	wrap(net, filename, (uintptr_t)parse);
	return net;
}

ERG_API network *load_network(char *cfg, char *weights, int clear)
{
	network *(*load)(char *, char *, int);
	network *net;

	*(void **)&load = theirs("load_network", (uintptr_t)load_network);
	net = load ? load(cfg, weights, clear) : NULL;
	wrap(net, cfg, (uintptr_t)load);
	return net;
}

ERG_API void forward_network(network *net)
{
	static void (*_Atomic known)(network *);
	void (*run)(network *) = known;
	struct wrapped *w;

	if (!run) {
		*(void **)&run = theirs("forward_network", (uintptr_t)forward_network);
		if (!run)
			return;
		known = run;
	}
	/* A network that was not wrapped may be laid out in any way: it is not looked into. */
	w = all ? find_wrapped(net->layers) : NULL;
	if (w) {
		erg_iteration(w->iteration++);
		erg_begin(w->network);
	}
	run(net);
	if (w)
		erg_end(w->network);
}

ERG_API void free_network(network *net)
{
	void (*release)(network *);

	*(void **)&release = theirs("free_network", (uintptr_t)free_network);
	if (net && all)
		forget(net);
	if (release)
		release(net);
}
