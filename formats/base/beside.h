/* SPDX-License-Identifier: MIT */
#ifndef ERG_FORMATS_BESIDE_H
#define ERG_FORMATS_BESIDE_H

/* Files that were built or installed together with the program that runs. */
#include <stdbool.h>
#include <stddef.h>

/* REST, seen from the folder of this program, into RET; whether access(2) by MODE is given. */
bool erg_beside(const char *rest, int mode, char *ret, size_t size);

#endif
