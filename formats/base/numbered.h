/* SPDX-License-Identifier: MIT */
#ifndef ERG_FORMATS_NUMBERED_H
#define ERG_FORMATS_NUMBERED_H

/*
 * Names by number: the first is 0, and each that was not there yet is one more.
 * Only where <uthash.h> is: erg-record does without.
 */
#include <stdbool.h>
#include <stddef.h>

struct erg_numbered {
	struct erg_numbered_name *table;
	size_t n;
};

/* The number of NAME; -ENOMEM. */
int erg_numbered_put(struct erg_numbered *s, const char *name, size_t *ret);
/* Whether it is there; its number. */
bool erg_numbered_find(const struct erg_numbered *s, const char *name, size_t *ret);
void erg_numbered_release(struct erg_numbered *s);

#endif
