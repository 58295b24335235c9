/* SPDX-License-Identifier: MIT */
#ifndef ERG_FORMATS_LIBRARY_H
#define ERG_FORMATS_LIBRARY_H

/*
 * Libraries that are opened when they are first needed: a program starts without them, and without all
 * that they bring. Their functions are pointers in a struct, which a table fills.
 */
#include <stdbool.h>
#include <stddef.h>

#include "formats/base/err.h"

struct erg_library_function {
	const char *name, *older; /* older: tried where NAME is missing, or NULL */
	size_t offset;            /* of its pointer in the struct */
	bool optional;            /* NULL where it is missing */
};

/* Opens the library of somebody's driver or framework, which need not be there. -ENOENT: it is not;
 * -ELIBACC: it is, and cannot be loaded, and the message says why. */
int erg_library_open(void **ret, const char *name, struct erg_err *err);

/* Fills the struct INTO. -ELIBBAD: the library that HANDLE is of lacks the function that the message
 * names; SONAME is for the message. */
int erg_library_fill(void *into, void *handle, const char *soname,
	const struct erg_library_function *functions, size_t n, struct erg_err *err);

struct erg_library {
	const char *soname, *package; /* package: as Debian names it, for the message */
	const struct erg_library_function *functions;
	size_t n;
	void *into;
	bool loaded;
};

/* At the first call opens the library, for as long as the program runs. -ELIBACC: it is not there, or
 * something that it needs; -ELIBBAD as above. */
int erg_library_load(struct erg_library *l, struct erg_err *err);

#endif
