/* SPDX-License-Identifier: MIT */
#ifndef ERG_TRACEPOINTS_ADAPTERS_LOOKUP_H
#define ERG_TRACEPOINTS_ADAPTERS_LOOKUP_H

/*
 * For preloaded libraries: programs in C#, Rust, Go or Python (ctypes) open a framework's library and
 * ask dlsym(3) for its functions by the handle, where preloaded functions are not looked for. So dlsym
 * is ours first, and answers such questions with our function.
 *
 * Where the processor is none of x86-64 and arm64, or the C library has no dlvsym(3), dlsym is left alone:
 * programs that open a framework's library by themselves have no layers.
 */
#include <stdbool.h>

struct erg_lookup {
	const char *name;
	void (*ours)(void);
	/* Whether ours stands for THEIRS, which the handle has: not for that of a second library. */
	bool (*accept)(const void *theirs);
};

/* Adds a row to those of the library that the file is linked into, which may be of several adapters: by its
 * address, since the compiler may leave room between structs. */
#define ERG_LOOKUP(symbol, function, accepted)                                                     \
	static const struct erg_lookup erg_lookup_##symbol = {#symbol, (void (*)(void))(function), \
		accepted};                                                                         \
	static const struct erg_lookup *const erg_lookup_at_##symbol                               \
		__attribute__((used, section("erg_lookups"))) = &erg_lookup_##symbol

/* What dlsym is to answer to the code that it returns to; NULL: what it answers without us, as it always
 * does to this library itself. */
void *erg_lookup_answer(void *handle, const char *name, const void *return_address);

/* Where dlsym goes on: that of another preloaded library, or the C library's. */
extern void *(*erg_lookup_next)(void *handle, const char *name);

#endif
