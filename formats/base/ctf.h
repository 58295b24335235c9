/* SPDX-License-Identifier: MIT */
#ifndef ERG_FORMATS_BASE_CTF_H
#define ERG_FORMATS_BASE_CTF_H

/* Which version of the Common Trace Format a trace is. */
#include <stdbool.h>

/* Whether the metadata in the folder TRACE are those of CTF 2, which babeltrace2 of the version MAJOR.MINOR does
 * not read: it does since 2.1. */
bool erg_ctf_is_unread(const char *trace, unsigned int major, unsigned int minor);

#endif
