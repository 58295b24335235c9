/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_READER_SCRATCH_H
#define ERG_ANALYZE_READER_SCRATCH_H

/* Folders for unpacked chunks, in memory or on disk (formats/base/tempdir.h, which removes them). */
#include <stdint.h>
#include <sys/types.h>

#include "formats/base/tempdir.h"

/* A new folder with room for BYTES unpacked. */
int erg_scratch_make(uint64_t bytes, struct erg_tempdir *ret, struct erg_err *err);
/* As erg_tempdir_sweep, in every place where they may be. */
unsigned int erg_scratch_sweep(pid_t pid);

#endif
