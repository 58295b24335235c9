/* SPDX-License-Identifier: MIT */
#ifndef ERG_FORMATS_BASE_CTF_H
#define ERG_FORMATS_BASE_CTF_H

/* Which version of the Common Trace Format a trace is. */
#include <stdbool.h>

/* Whether the metadata in the folder TRACE are those of CTF 2. */
bool erg_ctf_is_2(const char *trace);

#endif
