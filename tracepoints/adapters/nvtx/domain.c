/* SPDX-License-Identifier: MIT */
/*
 * Everything here is rare (domains, registered strings, categories) or cheap (a start-end range
 * takes a slot of a table under a lock). Lists are only prepended to.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "tracepoints/adapters/common.h"
#include "tracepoints/adapters/nvtx/domain.h"

#define OPEN_MAX 4096u

static struct nvtx_domain *domains;
static struct nvtx_open open_ranges[OPEN_MAX];
static _Atomic uint64_t next_id = 1;

/* An object with a flexible array of characters at OFFSET that holds TEXT. */
static void *with_text(size_t offset, const char *text)
{
	size_t n = strlen(text) + 1;
	char *p = calloc(1, offset + n + sizeof(void *));

	if (p)
		memcpy(p + offset, text, n);
	return p;
}

struct nvtx_domain *nvtx_domain_get(const char *name)
{
	struct nvtx_domain *d;

	if (!name)
		name = "";
	erg_adapter_lock();
	for (d = domains; d && strcmp(d->name, name); d = d->next)
		;
	if (!d && (d = with_text(offsetof(struct nvtx_domain, name), name))) {
		d->next = domains;
		domains = d;
	}
	erg_adapter_unlock();
	return d;
}

struct nvtx_domain *nvtx_domain_default(void)
{
	static struct nvtx_domain *_Atomic found;
	struct nvtx_domain *d = atomic_load_explicit(&found, memory_order_acquire);

	if (!d) {
		d = nvtx_domain_get("");
		atomic_store(&found, d);
	}
	return d;
}

const struct nvtx_string *nvtx_string_get(struct nvtx_domain *d, const char *text)
{
	struct nvtx_string *s;

	if (!text)
		text = "";
	erg_adapter_lock();
	for (s = d->strings; s && strcmp(s->text, text); s = s->next)
		;
	if (!s && (s = with_text(offsetof(struct nvtx_string, text), text))) {
		s->next = d->strings;
		d->strings = s;
	}
	erg_adapter_unlock();
	return s;
}

void nvtx_category_set(struct nvtx_domain *d, uint32_t id, const char *name)
{
	struct nvtx_category *c =
		with_text(offsetof(struct nvtx_category, name), name ? name : "range");

	if (!c)
		return;
	c->id = id;
	erg_adapter_lock();
	c->next = atomic_load(&d->categories);
	atomic_store(&d->categories, c);
	erg_adapter_unlock();
}

const char *nvtx_category_name(const struct nvtx_domain *d, uint32_t id)
{
	const struct nvtx_category *c = id ? atomic_load(&d->categories) : NULL;

	while (c && c->id != id)
		c = c->next;
	return c ? c->name : "range";
}

uint64_t nvtx_open_start(uint32_t layer, uint32_t track)
{
	uint64_t id = atomic_fetch_add(&next_id, 1);
	struct nvtx_open *o = NULL;

	erg_adapter_lock();
	for (uint32_t i = 0; i < OPEN_MAX && !o; i++)
		if (!open_ranges[(id + i) % OPEN_MAX].id)
			o = &open_ranges[(id + i) % OPEN_MAX];
	if (o)
		*o = (struct nvtx_open){id, layer, track, erg_now_ns()};
	erg_adapter_unlock();
	return id;
}

int nvtx_open_end(uint64_t id, struct nvtx_open *ret)
{
	struct nvtx_open *o = NULL;

	if (!id)
		return 0;
	erg_adapter_lock();
	for (uint32_t i = 0; i < OPEN_MAX && !o; i++)
		if (open_ranges[(id + i) % OPEN_MAX].id == id)
			o = &open_ranges[(id + i) % OPEN_MAX];
	if (o) {
		*ret = *o;
		o->id = 0;
	}
	erg_adapter_unlock();
	return o != NULL;
}
