/* SPDX-License-Identifier: MIT */
/*
 * Opening libraries by dlopen(3).
 */
#include "formats/base/library.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

/* Of a library that is in none of the loader's places the reason begins with the name as it was given,
 * of one that is with its path, and of one that lacks another with that one's name. */
int erg_library_open(void **ret, const char *name, struct erg_err *err)
{
	size_t n = strlen(name);
	const char *why;

	*ret = dlopen(name, RTLD_NOW | RTLD_LOCAL);
	if (*ret)
		return 0;
	why = dlerror();
	if (*name == '/' ? access(name, F_OK) < 0 : !strncmp(why, name, n) && why[n] == ':')
		return erg_fail(err, -ENOENT, "%s: not installed", name);
	return erg_fail(err, -ELIBACC, "%s cannot be loaded: %s", name, why);
}

int erg_library_fill(void *into, void *handle, const char *soname,
	const struct erg_library_function *functions, size_t n, struct erg_err *err)
{
	for (size_t i = 0; i < n; i++) {
		void *f = dlsym(handle, functions[i].name);

		if (!f && functions[i].older)
			f = dlsym(handle, functions[i].older);
		if (!f && !functions[i].optional)
			return erg_fail(err, -ELIBBAD, "%s: has no function %s", soname,
				functions[i].name);
		/* ISO C has no cast from void * to a function; POSIX promises the copy. */
		memcpy((char *)into + functions[i].offset, &f, sizeof(f));
	}
	return 0;
}

static int load_library(struct erg_library *l, struct erg_err *err)
{
	void *handle = dlopen(l->soname, RTLD_NOW | RTLD_LOCAL);
	int r;

	if (!handle) /* the reason begins with the library's name, or with that of one that it needs */
		return erg_fail(err, -ELIBACC, "%s; install %s", dlerror(), l->package);
	r = erg_library_fill(l->into, handle, l->soname, l->functions, l->n, err);
	if (r < 0) {
		dlclose(handle);
		return erg_wrap(err, r, "package %s", l->package);
	}
	l->loaded = true;
	return 0;
}

int erg_library_load(struct erg_library *l, struct erg_err *err)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	int r;

	pthread_mutex_lock(&lock);
	r = l->loaded ? 0 : load_library(l, err);
	pthread_mutex_unlock(&lock);
	return r;
}
