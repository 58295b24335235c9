/* SPDX-License-Identifier: MIT */
/*
 * The C library's dlsym takes whom it answers from its return address (RTLD_NEXT, RTLD_DEFAULT), so ours
 * is not written in C: it asks erg_lookup_answer() and, where that has nothing to say, jumps on with the
 * registers and the stack as they were (lookup_x86_64.c, lookup_aarch64.c).
 *
 * The C library's own is found by dlvsym(3), which is not ours, by the versions that it has had.
 */
#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

#include "tracepoints/adapters/lookup.h"

/* The rows of ERG_LOOKUP, between symbols that the linker makes. */
extern const struct erg_lookup *const __start_erg_lookups[] __attribute__((visibility("hidden")));
extern const struct erg_lookup *const __stop_erg_lookups[] __attribute__((visibility("hidden")));

static void *none(void *handle, const char *name)
{
	(void)handle;
	(void)name;
	return NULL;
}

void *(*erg_lookup_next)(void *handle, const char *name);

static void *(*find_next(void))(void *, const char *)
{
	static const char *const versions[] = {"GLIBC_2.34", "GLIBC_2.17", "GLIBC_2.2.5"};
	void *(*f)(void *, const char *) = NULL, *(*next)(void *, const char *) = NULL;

	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]) && !f; i++)
		*(void **)&f = dlvsym(RTLD_NEXT, "dlsym", versions[i]);
	if (f)
		*(void **)&next = f(RTLD_NEXT, "dlsym");
	return next ? next : f ? f : none;
}

static bool is_own(const void *address)
{
	Dl_info of, own;

	return dladdr(address, &of) && dladdr((const void *)__start_erg_lookups, &own) &&
		of.dli_fbase == own.dli_fbase;
}

void *erg_lookup_answer(void *handle, const char *name, const void *return_address)
{
	void *(*next)(void *, const char *) = __atomic_load_n(&erg_lookup_next, __ATOMIC_RELAXED);
	const struct erg_lookup *const *l = __start_erg_lookups;
	void *theirs, *ours;

	if (!next) {
		next = find_next();
		__atomic_store_n(&erg_lookup_next, next, __ATOMIC_RELAXED);
	}
	if (handle == RTLD_NEXT || handle == RTLD_DEFAULT || !name)
		return NULL;
	while (l < __stop_erg_lookups && strcmp((*l)->name, name))
		l++;
	if (l == __stop_erg_lookups || is_own(return_address))
		return NULL;
	memcpy(&ours, &(*l)->ours, sizeof(ours));
	theirs = next(handle, name);
	return theirs && (*l)->accept(theirs) ? ours : NULL;
}
