/* SPDX-License-Identifier: MIT */
#ifndef ERG_NUMBER_H
#define ERG_NUMBER_H

#include <stdbool.h>

/* A finite number in [LO, HI]; false for anything else. Never depends on the locale. */
bool erg_number_parse(const char *text, double lo, double hi, double *ret);

#endif
