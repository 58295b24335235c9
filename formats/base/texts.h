/* SPDX-License-Identifier: MIT */
#ifndef ERG_TEXTS_H
#define ERG_TEXTS_H

#include <stddef.h>

/* A NULL-terminated list of owned texts. */
struct erg_texts {
	char **v;
	size_t n;
};
/* A copy of TEXT; -ENOMEM. */
int erg_texts_add(struct erg_texts *t, const char *text);
void erg_texts_clear(struct erg_texts *t);

#endif
