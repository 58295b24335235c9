/* SPDX-License-Identifier: MIT */
#ifndef ERG_FORMATS_LIBARCHIVE_H
#define ERG_FORMATS_LIBARCHIVE_H

/*
 * Private to the writer and the reader: libarchive, opened when the first archive is. Debian's is linked
 * with libxml2 and that with ICU, which a recorder on a small device would load for every `sources`.
 */
#include <archive.h>
#include <archive_entry.h>

#include "formats/base/err.h"

/* Without the archive_ of their names. */
#define ERG_LIBARCHIVE(X)                                                                          \
	X(entry_filetype)                                                                          \
	X(entry_free)                                                                              \
	X(entry_hardlink)                                                                          \
	X(entry_new)                                                                               \
	X(entry_pathname)                                                                          \
	X(entry_pathname_utf8)                                                                     \
	X(entry_set_filetype)                                                                      \
	X(entry_set_mtime)                                                                         \
	X(entry_set_pathname)                                                                      \
	X(entry_set_perm)                                                                          \
	X(entry_set_size)                                                                          \
	X(entry_size)                                                                              \
	X(entry_size_is_set)                                                                       \
	X(entry_sparse_count)                                                                      \
	X(entry_symlink)                                                                           \
	X(error_string)                                                                            \
	X(read_free)                                                                               \
	X(read_new)                                                                                \
	X(read_next_header)                                                                        \
	X(read_open)                                                                               \
	X(read_support_format_tar)                                                                 \
	X(set_error)                                                                               \
	X(write_close)                                                                             \
	X(write_data)                                                                              \
	X(write_finish_entry)                                                                      \
	X(write_free)                                                                              \
	X(write_header)                                                                            \
	X(write_new)                                                                               \
	X(write_open)                                                                              \
	X(write_set_bytes_per_block)                                                               \
	X(write_set_format_pax)

#define ERG_LIBARCHIVE_POINTER(name) __typeof__(&archive_##name) name;

struct erg_libarchive {
	ERG_LIBARCHIVE(ERG_LIBARCHIVE_POINTER)
};

/* To be called after erg_libarchive_load(). */
extern struct erg_libarchive erg_libarchive;

/* Any number of times, by any thread. */
int erg_libarchive_load(struct erg_err *err);

#endif
