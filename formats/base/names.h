/* SPDX-License-Identifier: MIT */
#ifndef ERG_NAMES_H
#define ERG_NAMES_H

/*
 * Names by number: the first is 0, and each that was not there yet is one more. They are not copied.
 */
#include <stdbool.h>
#include <stddef.h>

struct erg_names {
	struct erg_name *table;
	size_t n;
};

/* The number of NAME; -ENOMEM. */
int erg_names_put(struct erg_names *s, const char *name, size_t *ret);
/* Whether it is there; its number. */
bool erg_names_find(const struct erg_names *s, const char *name, size_t *ret);
void erg_names_release(struct erg_names *s);

#endif
