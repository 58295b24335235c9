/* SPDX-License-Identifier: MIT */
/*
 * Ranges by name, as other annotation APIs have them, on top of layers by id. What costs is finding
 * the id: a small cache per thread, addressed by the 64-bit hash of parent, level and name, keeps
 * that to some 20 ns for a usual name.
 */
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "tracepoints/adapters/common.h"

static __thread struct erg_adapter_thread *self __attribute__((tls_model("initial-exec")));
static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool key_made;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void free_thread(void *p)
{
	self = NULL;
	free(p);
}

static void make_key(void)
{
	key_made = pthread_key_create(&key, free_thread) == 0;
}

static __attribute__((noinline)) struct erg_adapter_thread *make_thread(void)
{
	struct erg_adapter_thread *t = calloc(1, sizeof(*t));

	pthread_once(&once, make_key);
	if (t && key_made && pthread_setspecific(key, t) == 0)
		return self = t;
	free(t);
	return NULL;
}

struct erg_adapter_thread *erg_adapter_self(void)
{
	return self ? self : make_thread();
}

static uint64_t hash_of(enum erg_range_level level, uint32_t parent, const char *name)
{
	uint64_t h = (0xcbf29ce484222325u ^ parent) * 0x100000001b3u ^ (uint64_t)level << 56;

	for (; *name; name++)
		h = (h ^ (unsigned char)*name) * 0x100000001b3u;
	return h;
}

static uint32_t define_range(enum erg_range_level level, uint32_t parent, const char *name,
	const char *type, const struct erg_layer_info *extra)
{
	struct erg_layer_info i = {0};

	if (level == ERG_RANGE_NETWORK)
		return erg_network(name);
	if (level == ERG_RANGE_MODULE)
		return erg_module(parent, name, type);
	if (extra)
		i = *extra;
	i.size = sizeof(i);
	i.name = name;
	i.type = type;
	return erg_layer(parent, &i);
}

static uint32_t slot_of(uint64_t h)
{
	return (uint32_t)(h ^ h >> 32) & (ERG_CACHE_SIZE - 1);
}

uint32_t erg_adapter_known(const struct erg_adapter_thread *t, enum erg_range_level level,
	uint32_t parent, const char *name)
{
	uint64_t h = hash_of(level, parent, name);

	return t->cache[slot_of(h)].hash == h ? t->cache[slot_of(h)].id : 0;
}

uint32_t erg_adapter_id(struct erg_adapter_thread *t, enum erg_range_level level, uint32_t parent,
	const char *name, const char *type, const struct erg_layer_info *extra)
{
	uint64_t h;
	uint32_t slot;

	if (level == ERG_RANGE_SKIP)
		return 0;
	if (!name)
		name = "";
	h = hash_of(level, parent, name);
	slot = slot_of(h);
	if (t->cache[slot].id && t->cache[slot].hash == h)
		return t->cache[slot].id;
	t->cache[slot].id = define_range(level, parent, name, type, extra);
	t->cache[slot].hash = h;
	return t->cache[slot].id;
}

uint32_t erg_adapter_parent(const struct erg_adapter_thread *t, const void *scope,
	uint32_t otherwise)
{
	for (uint32_t i = t->depth; i > 0; i--)
		if (t->at[i - 1].scope == scope && t->at[i - 1].layer)
			return t->at[i - 1].layer;
	return otherwise;
}

int erg_adapter_depth(const struct erg_adapter_thread *t, const void *scope)
{
	int n = 0;

	for (uint32_t i = 0; i < t->depth; i++)
		n += t->at[i].scope == scope;
	return n;
}

void erg_adapter_push(struct erg_adapter_thread *t, const void *scope, uint32_t layer)
{
	if (t->depth == ERG_RANGES_MAX) {
		t->overflow++;
		return;
	}
	t->at[t->depth++] = (struct erg_range){.scope = scope, .layer = layer};
	if (layer)
		erg_begin(layer);
}

bool erg_adapter_pop(struct erg_adapter_thread *t, const void *scope)
{
	uint32_t i = t->depth, layer;

	if (t->overflow) {
		t->overflow--;
		return true;
	}
	while (i > 0 && t->at[i - 1].scope != scope)
		i--;
	if (!i)
		return false;
	layer = t->at[i - 1].layer;
	if (layer && i == t->depth)
		erg_end(layer);
	else if (layer)
		erg_end_overlapping(layer, erg_track("overlapping ranges", false));
	memmove(&t->at[i - 1], &t->at[i], (t->depth - i) * sizeof(t->at[0]));
	t->depth--;
	return true;
}

void erg_adapter_lock(void)
{
	pthread_mutex_lock(&lock);
}

void erg_adapter_unlock(void)
{
	pthread_mutex_unlock(&lock);
}

/*
 * Locks are taken in the order adapter, liberg: at a fork, too, where the handlers that were registered
 * last are called first. Where liberg is linked, it was loaded before. Where it is loaded late (lazy.h),
 * handlers that are registered after that take the place of those from the start.
 */
static atomic_bool late;
static bool early_holds; /* by the fork that goes on; the lock protects it */

static void early_lock(void)
{
	if (atomic_load(&late))
		return;
	erg_adapter_lock();
	early_holds = true;
}

static void early_unlock(void)
{
	if (!early_holds)
		return;
	early_holds = false;
	erg_adapter_unlock();
}

static __attribute__((constructor)) void follow_forks(void)
{
	pthread_atfork(early_lock, early_unlock, early_unlock);
}

void erg_adapter_loaded(void)
{
	if (!atomic_load_explicit(&late, memory_order_relaxed) && !atomic_exchange(&late, true))
		pthread_atfork(erg_adapter_lock, erg_adapter_unlock, erg_adapter_unlock);
}

struct wanted {
	const char *symbol;
	uintptr_t own;
	void *found;
};

static bool same_object(uintptr_t a, uintptr_t b)
{
	Dl_info of_a, of_b;

	return dladdr((void *)a, &of_a) && dladdr((void *)b, &of_b) &&
		of_a.dli_fbase == of_b.dli_fbase;
}

static int try_object(struct dl_phdr_info *info, size_t size, void *data)
{
	struct wanted *w = data;
	void *lib, *f;

	(void)size;
	if (!info->dlpi_name || !*info->dlpi_name)
		return 0;
	lib = dlopen(info->dlpi_name, RTLD_LAZY | RTLD_NOLOAD);
	if (!lib)
		return 0;
	f = dlsym(lib, w->symbol);
	if (f && !same_object((uintptr_t)f, w->own))
		w->found = f;
	dlclose(lib);
	return w->found != NULL;
}

void *erg_adapter_next(const char *symbol, uintptr_t own)
{
	struct wanted w = {symbol, own, dlsym(RTLD_NEXT, symbol)};

	if (!w.found)
		dl_iterate_phdr(try_object, &w);
	return w.found;
}

const char *erg_adapter_program(void)
{
	return program_invocation_short_name;
}

uint32_t erg_adapter_network(void)
{
	static _Atomic uint32_t known;
	uint32_t id = atomic_load_explicit(&known, memory_order_relaxed);

	if (!id) {
		const char *name = getenv("ERG_NETWORK");

		id = erg_network(name && *name ? name : erg_adapter_program());
		atomic_store(&known, id);
	}
	return id;
}

static size_t put_utf8(char *to, uint32_t c)
{
	if (c < 0x80)
		return to[0] = (char)c, 1;
	if (c < 0x800)
		return to[0] = (char)(0xc0 | c >> 6), to[1] = (char)(0x80 | (c & 63)), 2;
	if (c < 0x10000) {
		to[0] = (char)(0xe0 | c >> 12);
		to[1] = (char)(0x80 | (c >> 6 & 63));
		to[2] = (char)(0x80 | (c & 63));
		return 3;
	}
	to[0] = (char)(0xf0 | (c >> 18 & 7));
	to[1] = (char)(0x80 | (c >> 12 & 63));
	to[2] = (char)(0x80 | (c >> 6 & 63));
	to[3] = (char)(0x80 | (c & 63));
	return 4;
}

char *erg_adapter_narrow(const wchar_t *text)
{
	char *s = text ? malloc(4096) : NULL;
	size_t n = 0;

	if (!s)
		return NULL;
	for (; *text && n < 4096 - 5; text++)
		n += put_utf8(s + n, (uint32_t)*text);
	s[n] = '\0';
	return s;
}
