/* SPDX-License-Identifier: MIT */
#ifndef ERG_INLINE_H
#define ERG_INLINE_H

/*
 * The functions of erg.h for programs that do not link liberg: it is looked for by dlopen(3) at the
 * first definition (a network, a layer, a track, a counter …), and where there is none every call
 * does nothing. Copy this header and erg.h into your tree; link nothing but libdl where the C
 * library still has it apart.
 *
 *	#include "erg_inline.h"		in place of <erg.h>
 *
 * Defining ERG_DISABLE before removes every call when the program is compiled; the variable of that
 * name in the environment keeps liberg from being loaded when it runs.
 *
 * Each file that includes this holds its own pointers to one and the same library.
 */
#ifndef ERG_INLINE
#define ERG_INLINE
#endif
#include "erg.h"

#if defined(ERG_DISABLE)

static const int *const *erg_inline_enabled_(void)
{
	static const int zero = 0;
	static const int *const never[2] = {&zero, &zero};

	return never;
}

ERG_API uint32_t erg_network(const char *name)
{
	(void)name;
	return 0;
}

ERG_API uint32_t erg_module(uint32_t parent, const char *name, const char *type)
{
	(void)parent;
	(void)name;
	(void)type;
	return 0;
}

ERG_API uint32_t erg_layer(uint32_t parent, const struct erg_layer_info *info)
{
	(void)parent;
	(void)info;
	return 0;
}

ERG_API void erg_iteration(uint32_t iteration)
{
	(void)iteration;
}

ERG_API void erg_begin_(uint32_t layer)
{
	(void)layer;
}

ERG_API void erg_end_(uint32_t layer)
{
	(void)layer;
}

ERG_API uint32_t erg_track(const char *name, bool device)
{
	(void)name;
	(void)device;
	return 0;
}

ERG_API void erg_span(uint32_t layer, uint32_t iteration, uint64_t begin_ns, uint64_t end_ns,
	uint32_t track)
{
	(void)layer;
	(void)iteration;
	(void)begin_ns;
	(void)end_ns;
	(void)track;
}

ERG_API void erg_defer(void)
{
}

ERG_API void erg_flush(void)
{
}

ERG_API void erg_end_overlapping(uint32_t layer, uint32_t track)
{
	(void)layer;
	(void)track;
}

ERG_API void erg_thread_name(const char *name)
{
	(void)name;
}

ERG_API void erg_thread_name_of(uint32_t tid, const char *name)
{
	(void)tid;
	(void)name;
}

ERG_API void erg_phase_begin(const char *name)
{
	(void)name;
}

ERG_API void erg_phase_end(const char *name)
{
	(void)name;
}

ERG_API void erg_marker(const char *text, uint32_t color)
{
	(void)text;
	(void)color;
}

ERG_API uint32_t erg_counter(const char *name)
{
	(void)name;
	return UINT32_MAX;
}

ERG_API void erg_counter_add(uint32_t counter, int64_t n)
{
	(void)counter;
	(void)n;
}

ERG_API void erg_set_sync_hook(void (*hook)(void *data), void *data)
{
	(void)hook;
	(void)data;
}

ERG_API void erg_set_layer_hook(void (*hook)(void *data, uint32_t layer, uint32_t iteration,
					int begin),
	void *data)
{
	(void)hook;
	(void)data;
}

ERG_API uint64_t erg_now_ns(void)
{
	return 0;
}

#else /* ERG_DISABLE */

#include <dlfcn.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

/* Every function that is looked up: result, name behind erg_, parameters. */
#define ERG_INLINE_FUNCTIONS_(X)                                                                   \
	X(uint32_t, network, (const char *name))                                                   \
	X(uint32_t, module, (uint32_t parent, const char *name, const char *type))                 \
	X(uint32_t, layer, (uint32_t parent, const struct erg_layer_info *info))                   \
	X(void, iteration, (uint32_t iteration))                                                   \
	X(void, begin_, (uint32_t layer))                                                          \
	X(void, end_, (uint32_t layer))                                                            \
	X(uint32_t, track, (const char *name, bool device))                                        \
	X(void, span,                                                                              \
		(uint32_t layer, uint32_t iteration, uint64_t begin_ns, uint64_t end_ns,           \
			uint32_t track))                                                           \
	X(void, defer, (void))                                                                     \
	X(void, flush, (void))                                                                     \
	X(void, end_overlapping, (uint32_t layer, uint32_t track))                                 \
	X(void, thread_name, (const char *name))                                                   \
	X(void, thread_name_of, (uint32_t tid, const char *name))                                  \
	X(void, phase_begin, (const char *name))                                                   \
	X(void, phase_end, (const char *name))                                                     \
	X(void, marker, (const char *text, uint32_t color))                                        \
	X(uint32_t, counter, (const char *name))                                                   \
	X(void, counter_add, (uint32_t counter, int64_t n))                                        \
	X(void, set_sync_hook, (void (*hook)(void *data), void *data))                             \
	X(void, set_layer_hook,                                                                    \
		(void (*hook)(void *data, uint32_t layer, uint32_t iteration, int begin),          \
			void *data))                                                               \
	X(uint64_t, now_ns, (void))

struct erg_inline_table_ {
	int state; /* 0: not looked for, 1: somebody looks, 2: there, 3: not there */
	const int *const *enabled;
#define ERG_INLINE_MEMBER_(result, name, parameters) result(*name) parameters;
	ERG_INLINE_FUNCTIONS_(ERG_INLINE_MEMBER_)
#undef ERG_INLINE_MEMBER_
};

static inline struct erg_inline_table_ *erg_inline_(void)
{
	static struct erg_inline_table_ table;

	return &table;
}

/* Everywhere in the program. Older C libraries (glibc 2.31) name it for GNU's C alone; it is NULL in all. */
#ifdef RTLD_DEFAULT
#define ERG_INLINE_EVERYWHERE_ RTLD_DEFAULT
#else
#define ERG_INLINE_EVERYWHERE_ NULL
#endif

/* A function or variable of liberg: of the program if it has it, else of the library LIB. memcpy: ISO C
 * has no cast from a pointer to data. */
static inline int erg_inline_find_(void *lib, const char *name, void *to)
{
	void *p = dlsym(ERG_INLINE_EVERYWHERE_, name);

	if (!p && lib)
		p = dlsym(lib, name);
	memcpy(to, &p, sizeof(p));
	return p != NULL;
}

static inline int erg_inline_look_(struct erg_inline_table_ *t)
{
	void *lib = getenv("ERG_DISABLE") ? NULL : dlopen("liberg.so.0", RTLD_NOW | RTLD_LOCAL);
	int found = !getenv("ERG_DISABLE") && erg_inline_find_(lib, "erg_enabled_", &t->enabled);

#define ERG_INLINE_LOOK_(result, name, parameters)                                                 \
	found = found && erg_inline_find_(lib, "erg_" #name, &t->name);
	ERG_INLINE_FUNCTIONS_(ERG_INLINE_LOOK_)
#undef ERG_INLINE_LOOK_
	return found ? 2 : 3;
}

/* Whether liberg is there; looks for it once. A thread that comes while another looks waits, so that
 * no definition is lost. */
static inline int erg_inline_load_(void)
{
	struct erg_inline_table_ *t = erg_inline_();
	int state = __atomic_load_n(&t->state, __ATOMIC_ACQUIRE), none = 0;

	if (state == 0 &&
		__atomic_compare_exchange_n(&t->state, &none, 1, 0, __ATOMIC_ACQ_REL,
			__ATOMIC_ACQUIRE)) {
		state = erg_inline_look_(t);
		__atomic_store_n(&t->state, state, __ATOMIC_RELEASE);
	}
	while ((state = __atomic_load_n(&t->state, __ATOMIC_ACQUIRE)) == 1)
		sched_yield();
	return state == 2;
}

/* For begin and end, which do not look: without a definition before them there is no layer. */
static const int *const *erg_inline_enabled_(void)
{
	static const int zero = 0;
	static const int *const never[2] = {&zero, &zero};
	struct erg_inline_table_ *t = erg_inline_();

	return __atomic_load_n(&t->state, __ATOMIC_ACQUIRE) == 2 ? t->enabled : never;
}

ERG_API uint32_t erg_network(const char *name)
{
	return erg_inline_load_() ? erg_inline_()->network(name) : 0;
}

ERG_API uint32_t erg_module(uint32_t parent, const char *name, const char *type)
{
	return erg_inline_load_() ? erg_inline_()->module(parent, name, type) : 0;
}

ERG_API uint32_t erg_layer(uint32_t parent, const struct erg_layer_info *info)
{
	return erg_inline_load_() ? erg_inline_()->layer(parent, info) : 0;
}

ERG_API void erg_iteration(uint32_t iteration)
{
	if (erg_inline_load_())
		erg_inline_()->iteration(iteration);
}

ERG_API void erg_begin_(uint32_t layer)
{
	if (erg_inline_load_())
		erg_inline_()->begin_(layer);
}

ERG_API void erg_end_(uint32_t layer)
{
	if (erg_inline_load_())
		erg_inline_()->end_(layer);
}

ERG_API uint32_t erg_track(const char *name, bool device)
{
	return erg_inline_load_() ? erg_inline_()->track(name, device) : 0;
}

ERG_API void erg_span(uint32_t layer, uint32_t iteration, uint64_t begin_ns, uint64_t end_ns,
	uint32_t track)
{
	if (erg_inline_load_())
		erg_inline_()->span(layer, iteration, begin_ns, end_ns, track);
}

ERG_API void erg_defer(void)
{
	if (erg_inline_load_())
		erg_inline_()->defer();
}

ERG_API void erg_flush(void)
{
	if (erg_inline_load_())
		erg_inline_()->flush();
}

ERG_API void erg_end_overlapping(uint32_t layer, uint32_t track)
{
	if (erg_inline_load_())
		erg_inline_()->end_overlapping(layer, track);
}

ERG_API void erg_thread_name(const char *name)
{
	if (erg_inline_load_())
		erg_inline_()->thread_name(name);
}

ERG_API void erg_thread_name_of(uint32_t tid, const char *name)
{
	if (erg_inline_load_())
		erg_inline_()->thread_name_of(tid, name);
}

ERG_API void erg_phase_begin(const char *name)
{
	if (erg_inline_load_())
		erg_inline_()->phase_begin(name);
}

ERG_API void erg_phase_end(const char *name)
{
	if (erg_inline_load_())
		erg_inline_()->phase_end(name);
}

ERG_API void erg_marker(const char *text, uint32_t color)
{
	if (erg_inline_load_())
		erg_inline_()->marker(text, color);
}

ERG_API uint32_t erg_counter(const char *name)
{
	return erg_inline_load_() ? erg_inline_()->counter(name) : UINT32_MAX;
}

ERG_API void erg_counter_add(uint32_t counter, int64_t n)
{
	if (erg_inline_load_())
		erg_inline_()->counter_add(counter, n);
}

ERG_API void erg_set_sync_hook(void (*hook)(void *data), void *data)
{
	if (erg_inline_load_())
		erg_inline_()->set_sync_hook(hook, data);
}

ERG_API void erg_set_layer_hook(void (*hook)(void *data, uint32_t layer, uint32_t iteration,
					int begin),
	void *data)
{
	if (erg_inline_load_())
		erg_inline_()->set_layer_hook(hook, data);
}

ERG_API uint64_t erg_now_ns(void)
{
	return erg_inline_load_() ? erg_inline_()->now_ns() : 0;
}

#endif /* ERG_DISABLE */

#endif
