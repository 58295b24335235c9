/* SPDX-License-Identifier: MIT */
/*
 * Hooks. A thread may call one while another replaces it, and must never see one's function with the
 * other's data: so the two are published by one pointer, to a pair that stays as it is for ever. A
 * pair that was set before is found again, so a program that sets and clears a hook does not grow.
 */
#include <stdlib.h>
#include <string.h>

#include "tracepoints/liberg/internal.h"

/* The pair with the function and data of WANTED; NULL when memory runs out. */
static struct erg_hook *hook_keep(const struct erg_hook *wanted)
{
	static struct erg_hook *kept;
	struct erg_hook *h;

	erg_registry_lock();
	for (h = kept; h; h = h->next)
		if (h->sync == wanted->sync && h->data == wanted->data)
			break;
	if (!h && (h = malloc(sizeof(*h)))) {
		*h = *wanted;
		h->next = kept;
		kept = h;
	}
	erg_registry_unlock();
	return h;
}

void erg_set_sync_hook(void (*hook)(void *data), void *data)
{
	const struct erg_hook h = {.sync = hook, .data = data};

	atomic_store(&erg_state_.sync, hook ? hook_keep(&h) : NULL);
}

void erg_set_layer_hook(void (*hook)(void *data, uint32_t layer, uint32_t iteration, int begin),
	void *data)
{
	const struct erg_hook h = {.follow = hook, .data = data};

	atomic_store(&erg_state_.follow, hook ? hook_keep(&h) : NULL);
}
