/* SPDX-License-Identifier: MIT */
/* Reads ERG_NVTX_LAYERS; see policy.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tracepoints/adapters/nvtx/policy.h"

struct nvtx_policy {
	struct nvtx_policy *next;
	enum erg_range_level level;
	int depth;     /* -1: any */
	char domain[]; /* "*": any */
};

static bool parse_level(const char *s, enum erg_range_level *ret)
{
	static const char *const names[] = {"skip", "network", "module", "layer"};

	for (int i = 0; i < 4; i++)
		if (!strcmp(s, names[i]))
			return *ret = (enum erg_range_level)i, true;
	return false;
}

static bool parse_depth(const char *s, int *ret)
{
	char *end;
	long v;

	if (!strcmp(s, "*"))
		return *ret = -1, true;
	v = strtol(s, &end, 10);
	*ret = (int)v;
	return end != s && !*end && v >= 0 && v < 1000;
}

/* [DOMAIN:]DEPTH=LEVEL, which is changed by reading it. */
static struct nvtx_policy *parse_rule(char *rule)
{
	char *eq = strrchr(rule, '='), *colon;
	const char *domain = "*", *depth_text = rule;
	struct nvtx_policy *p;
	enum erg_range_level level;
	int depth;

	if (!eq)
		return NULL;
	*eq = '\0';
	colon = strrchr(rule, ':');
	if (colon) {
		*colon = '\0';
		domain = rule;
		depth_text = colon + 1;
	}
	if (!parse_level(eq + 1, &level) || !parse_depth(depth_text, &depth))
		return NULL;
	p = calloc(1, sizeof(*p) + strlen(domain) + 1);
	if (!p)
		return NULL;
	p->level = level;
	p->depth = depth;
	strcpy(p->domain, domain);
	return p;
}

struct nvtx_policy *nvtx_policy_parse(const char *text)
{
	struct nvtx_policy *first = NULL, **last = &first;
	char *copy = text ? strdup(text) : NULL, *save = NULL;

	if (!copy)
		return NULL;
	for (char *r = strtok_r(copy, ",", &save); r; r = strtok_r(NULL, ",", &save)) {
		char said[256];

		snprintf(said, sizeof(said),
			"erg: ERG_NVTX_LAYERS: \"%.100s\" is not "
			"[DOMAIN:]DEPTH=network|module|layer|skip",
			r);
		*last = parse_rule(r);
		if (*last)
			last = &(*last)->next;
		else
			erg_marker(said, 0);
	}
	free(copy);
	return first;
}

enum erg_range_level nvtx_policy_level(const struct nvtx_policy *p, const char *domain, int depth)
{
	if (!*domain)
		domain = "default";
	for (; p; p = p->next)
		if ((p->depth < 0 || p->depth == depth) &&
			(!strcmp(p->domain, "*") || !strcmp(p->domain, domain)))
			return p->level;
	return ERG_RANGE_LAYER;
}
