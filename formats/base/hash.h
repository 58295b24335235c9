/* SPDX-License-Identifier: MIT */
#ifndef ERG_FORMATS_HASH_H
#define ERG_FORMATS_HASH_H

/*
 * uthash(3), which by itself ends the program without a word when memory is short. Here an element that was
 * not added is told by erg_hash_lost(); it is still the caller's.
 */
#include "formats/base/memory.h"

#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(element) erg_memory_note()
#include <uthash.h>

/* After HASH_ADD…(): whether E is not in the table. */
#define erg_hash_lost(e) (!(e)->hh.tbl)

#endif
