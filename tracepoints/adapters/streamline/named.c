/* SPDX-License-Identifier: MIT */
/* Numbered and named things; see named.h. Hashed into short lists; a job's entry is used again
 * when its number is. */
#include <stdlib.h>
#include <string.h>

#include "tracepoints/adapters/streamline/named.h"

#define BUCKETS 256u

static struct streamline_named *things[STREAMLINE_KINDS][BUCKETS];

static struct streamline_named **bucket(enum streamline_kind kind, uint32_t a, uint32_t b)
{
	return &things[kind][(a * 31u + b) % BUCKETS];
}

struct streamline_named *streamline_find(enum streamline_kind kind, uint32_t a, uint32_t b)
{
	struct streamline_named *n = *bucket(kind, a, b);

	while (n && (n->a != a || n->b != b))
		n = n->next;
	return n;
}

struct streamline_named *streamline_name(enum streamline_kind kind, uint32_t a, uint32_t b,
	const char *name)
{
	struct streamline_named *n = streamline_find(kind, a, b);
	char *copy = strdup(name ? name : "");

	if (!n && copy && (n = calloc(1, sizeof(*n)))) {
		n->a = a;
		n->b = b;
		n->next = *bucket(kind, a, b);
		*bucket(kind, a, b) = n;
	}
	if (!n || !copy) {
		free(copy);
		return NULL;
	}
	free(n->name);
	n->name = copy;
	return n;
}
