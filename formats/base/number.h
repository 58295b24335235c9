/* SPDX-License-Identifier: MIT */
#ifndef ERG_NUMBER_H
#define ERG_NUMBER_H

#include <stdbool.h>

/* A finite decimal number in [LO, HI]; false for anything else. Never depends on the locale. */
bool erg_number_parse(const char *text, double lo, double hi, double *ret);

#define ERG_PARTS_MAX 1000000
/* "I/N": the I-th of N parts, of at most ERG_PARTS_MAX; false for anything else. */
bool erg_number_parse_part(const char *text, unsigned int *ret_i, unsigned int *ret_n);

#endif
