/* SPDX-License-Identifier: MIT */
#ifndef ERG_TRACEPOINTS_NVTX_DOMAIN_H
#define ERG_TRACEPOINTS_NVTX_DOMAIN_H

/* NVTX domains with what is registered in them: strings, categories, and ranges that are open
 * beyond a thread. Nothing is ever freed, because programs go on to use what they destroyed. */
#include <stdint.h>

struct nvtx_string {
	struct nvtx_string *next;
	char text[];
};

struct nvtx_category {
	struct nvtx_category *next;
	uint32_t id;
	char name[];
};

struct nvtx_domain {
	struct nvtx_domain *next;
	struct nvtx_string *strings;
	struct nvtx_category *_Atomic categories;
	uint32_t network, track; /* 0: not yet defined */
	char name[];
};

/* The domain without a name, and the one of a name (made at need); NULL without memory. */
struct nvtx_domain *nvtx_domain_default(void);
struct nvtx_domain *nvtx_domain_get(const char *name);

const struct nvtx_string *nvtx_string_get(struct nvtx_domain *d, const char *text);
void nvtx_category_set(struct nvtx_domain *d, uint32_t id, const char *name);
/* "range" for a category without a name. */
const char *nvtx_category_name(const struct nvtx_domain *d, uint32_t id);

struct nvtx_open {
	uint64_t id; /* 0: free */
	uint32_t layer, track;
	uint64_t begin_ns;
};

/* A range that any thread may end. The id is never 0; when too many are open it is one that no end
 * will find. */
uint64_t nvtx_open_start(uint32_t layer, uint32_t track);
/* False if there is no such range. */
int nvtx_open_end(uint64_t id, struct nvtx_open *ret);

#endif
