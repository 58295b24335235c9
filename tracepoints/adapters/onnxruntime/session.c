/* SPDX-License-Identifier: MIT */
/*
 * What the ways to a profile share: preloading (onnxruntime.c) and Python's package (wheel.c).
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tracepoints/adapters/common.h"
#include "tracepoints/adapters/onnxruntime/clock.h"
#include "tracepoints/adapters/onnxruntime/profile.h"
#include "tracepoints/adapters/onnxruntime/session.h"

static struct erg_ort_network *networks;

uint64_t erg_ort_key(const char *text)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 0x100000001b3u;
	return h;
}

static void name_of(char *to, size_t size, const char *path)
{
	const char *slash = strrchr(path, '/');
	char *dot;

	snprintf(to, size, "%s", slash ? slash + 1 : path);
	dot = strrchr(to, '.');
	if (dot && dot != to)
		*dot = '\0';
}

static struct erg_ort_network *network_add(const char *name, uint64_t key)
{
	struct erg_ort_network *n = calloc(1, sizeof(*n));

	if (!n)
		return NULL;
	n->name = strdup(name);
	n->key = key;
	n->id = erg_network(name);
	n->next = networks;
	networks = n;
	return n;
}

struct erg_ort_network *erg_ort_network(const char *path, uint64_t key)
{
	struct erg_ort_network *n;
	char name[256], numbered[288];
	unsigned int same = 0;

	name_of(name, sizeof(name), path);
	snprintf(numbered, sizeof(numbered), "%s", name);
	erg_adapter_lock();
	/* every other key of the name makes a number, in the order in which they came */
	for (n = networks; n; n = n->next) {
		size_t len = strlen(name);

		if (!n->name || strncmp(n->name, name, len) ||
			(n->name[len] && n->name[len] != '#'))
			continue;
		if (n->key == key)
			break;
		same++;
	}
	if (!n && same)
		snprintf(numbered, sizeof(numbered), "%s#%u", name, same + 1);
	if (!n)
		n = network_add(numbered, key);
	erg_adapter_unlock();
	return n && n->name ? n : NULL;
}

static uint64_t mono_ns(void *data, uint64_t ns)
{
	const uint64_t *start = data;

	return erg_ort_clock_mono_ns(*start + ns);
}

void erg_ort_profile_finish(FILE *f, struct erg_ort_network *network, uint64_t start_ns,
	uint64_t runs, uint32_t process)
{
	struct erg_ort_profile p = {.network = network->name,
		.id = network->id,
		.iteration = network->iterations,
		.runs = runs,
		.process = process,
		.time_ns = mono_ns,
		.data = &start_ns};
	uint64_t jump;
	char text[256];

	erg_ort_clock_note();
	jump = erg_ort_clock_jump_ns(start_ns);
	network->iterations += erg_ort_profile_emit(f, &p);
	fclose(f);
	if (jump < 50000)
		return;
	snprintf(text, sizeof(text),
		"erg: onnxruntime: %s: the clock was set by %.3g s while it ran: layers around then are "
		"off by up to that",
		network->name, (double)jump * 1e-9);
	erg_marker(text, 0);
}
