/* SPDX-License-Identifier: MIT */
/* A list of texts that grows: ends with NULL, so that it can be given to execv as it is. */
#include "formats/base/texts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int erg_texts_add(struct erg_texts *t, const char *text)
{
	char **v = reallocarray(t->v, t->n + 2, sizeof(*v));

	if (!v)
		return -ENOMEM;
	t->v = v;
	v[t->n] = strdup(text);
	if (!v[t->n])
		return -ENOMEM;
	v[++t->n] = NULL;
	return 0;
}

void erg_texts_clear(struct erg_texts *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->v[i]);
	free(t->v);
	*t = (struct erg_texts){0};
}
