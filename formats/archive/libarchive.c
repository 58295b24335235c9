/* SPDX-License-Identifier: MIT */
/* The table of libarchive's functions. */
#include "formats/archive/libarchive.h"

#include "formats/base/library.h"
#include "formats/base/util.h"

#define FUNCTION(name) {"archive_" #name, NULL, offsetof(struct erg_libarchive, name), false},

struct erg_libarchive erg_libarchive;

static const struct erg_library_function functions[] = {ERG_LIBARCHIVE(FUNCTION)};

static struct erg_library library = {"libarchive.so.13", "libarchive13", functions,
	ERG_ARRAY_SIZE(functions), &erg_libarchive, false};

int erg_libarchive_load(struct erg_err *err)
{
	return erg_library_load(&library, err);
}
