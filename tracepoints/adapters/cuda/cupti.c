/* SPDX-License-Identifier: MIT */
/*
 * What a GPU does for each layer, by CUPTI. Loaded by the CUDA driver at its start
 * (CUDA_INJECTION64_PATH).
 *
 * CUPTI takes its time stamps from a callback that returns CLOCK_MONOTONIC, so that the records of
 * the device are on the clock of everything else. While a layer is open in a thread, its id and
 * iteration are the thread's external correlation id; CUPTI puts a record of that before each
 * record of an API call (for which the API activities must be on), and the kernel, copy or memset
 * that the call launched carries the call's correlation id. So each becomes a span of the layer
 * that launched it, on a track per device and stream. Work on a stream is in order: the union of a
 * layer's spans on a stream is the spans themselves, and those that touch are written as one. What
 * was launched outside of any layer is a layer named after the kernel.
 *
 * Buffers are filled and given back by CUPTI's own thread; that is the only one which decodes.
 * Nothing is switched on unless a recording started the program (ERG_RUN_ID) or is on already.
 *
 * API: NVIDIA, CUPTI documentation, "CUPTI Activity API".
 */
#include <cupti.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tracepoints/adapters/common.h"

#define BUFFER_SIZE (1u << 20)
#define BUFFER_ALIGN 8u
#define CORRELATIONS (1u << 16) /* a power of two */
#define TRACKS 256u
#define FLUSH_MS 200u

struct device_work {
	uint64_t begin, end;
	uint32_t device, stream, correlation;
	const char *name, *type;
};

/* A span that may still grow. */
struct track {
	uint32_t device, stream, id; /* id 0: unused */
	uint32_t layer, iteration;
	uint64_t begin, end;
};

/* CUPTI's worker thread and the last flush do not overlap, but better safe. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
	uint32_t correlation;
	uint64_t external; /* iteration << 32 | layer */
} correlations[CORRELATIONS];
static struct track tracks[TRACKS];

static void follow_layer(uint32_t layer, uint32_t iteration, int begin)
{
	if (begin)
		cuptiActivityPushExternalCorrelationId(
			CUPTI_EXTERNAL_CORRELATION_KIND_CUSTOM0, (uint64_t)iteration << 32 | layer);
	else
		cuptiActivityPopExternalCorrelationId(
			CUPTI_EXTERNAL_CORRELATION_KIND_CUSTOM0, NULL);
}

static void flush_track(struct track *t)
{
	if (t->layer)
		erg_span(t->layer, t->iteration, t->begin, t->end, t->id);
	t->layer = 0;
}

static struct track *track_of(uint32_t device, uint32_t stream)
{
	char name[64];

	for (uint32_t i = 0; i < TRACKS; i++) {
		struct track *t = &tracks[i];

		if (t->id && t->device == device && t->stream == stream)
			return t;
		if (t->id)
			continue;
		snprintf(name, sizeof(name), "gpu%u stream %u", device, stream);
		*t = (struct track){
			.device = device, .stream = stream, .id = erg_track(name, true)};
		return t->id ? t : NULL;
	}
	return NULL;
}

static uint32_t layer_of_nobody(const struct device_work *w)
{
	struct erg_adapter_thread *self = erg_adapter_self();

	if (!self)
		return 0;
	return erg_adapter_id(self, ERG_RANGE_LAYER,
		erg_adapter_id(self, ERG_RANGE_NETWORK, 0, "outside of layers", "network", NULL),
		w->name, w->type, NULL);
}

static void add_work(const struct device_work *w)
{
	uint32_t slot = w->correlation & (CORRELATIONS - 1), layer = 0, iteration = 0;
	struct track *t = track_of(w->device, w->stream);

	if (!t || w->end < w->begin || !w->begin)
		return;
	if (correlations[slot].correlation == w->correlation) {
		layer = (uint32_t)correlations[slot].external;
		iteration = (uint32_t)(correlations[slot].external >> 32);
	}
	if (!layer)
		layer = layer_of_nobody(w);
	if (t->layer == layer && t->iteration == iteration && w->begin <= t->end &&
		w->begin >= t->begin) {
		t->end = w->end > t->end ? w->end : t->end;
		return;
	}
	flush_track(t);
	t->layer = layer;
	t->iteration = iteration;
	t->begin = w->begin;
	t->end = w->end;
}

static void add_correlation(const CUpti_ActivityExternalCorrelation *c)
{
	uint32_t slot = c->correlationId & (CORRELATIONS - 1);

	if (c->externalKind != CUPTI_EXTERNAL_CORRELATION_KIND_CUSTOM0)
		return;
	correlations[slot].correlation = c->correlationId;
	correlations[slot].external = c->externalId;
}

/* ERG_CUPTI_KERNEL, _MEMCPY and _MEMSET are the newest versions of the records that the headers
 * have; meson.build finds them. The fields that we read are in all of them. */
static void add_record(const CUpti_Activity *r)
{
	const ERG_CUPTI_KERNEL *k = (const void *)r;
	const ERG_CUPTI_MEMCPY *c = (const void *)r;
	const ERG_CUPTI_MEMSET *s = (const void *)r;
	struct device_work w = {0};

	switch (r->kind) {
	case CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL:
	case CUPTI_ACTIVITY_KIND_KERNEL:
		w = (struct device_work){k->start, k->end, k->deviceId, k->streamId,
			k->correlationId, k->name ? k->name : "kernel", "kernel"};
		break;
	case CUPTI_ACTIVITY_KIND_MEMCPY:
		w = (struct device_work){c->start, c->end, c->deviceId, c->streamId,
			c->correlationId, "memcpy", "copy"};
		break;
	case CUPTI_ACTIVITY_KIND_MEMSET:
		w = (struct device_work){s->start, s->end, s->deviceId, s->streamId,
			s->correlationId, "memset", "copy"};
		break;
	default:
		return;
	}
	add_work(&w);
}

static void CUPTIAPI buffer_requested(uint8_t **ret_buffer, size_t *ret_size, size_t *ret_records)
{
	*ret_buffer = aligned_alloc(BUFFER_ALIGN, BUFFER_SIZE);
	*ret_size = *ret_buffer ? BUFFER_SIZE : 0;
	*ret_records = 0; /* as many as fit */
}

/* Two passes: a call's correlation may come after the work that it launched. */
static void decode(uint8_t *buffer, size_t valid)
{
	CUpti_Activity *r = NULL;

	while (cuptiActivityGetNextRecord(buffer, valid, &r) == CUPTI_SUCCESS)
		if (r->kind == CUPTI_ACTIVITY_KIND_EXTERNAL_CORRELATION)
			add_correlation((const void *)r);
	r = NULL;
	while (cuptiActivityGetNextRecord(buffer, valid, &r) == CUPTI_SUCCESS)
		add_record(r);
}

static void CUPTIAPI buffer_completed(
	CUcontext context, uint32_t stream, uint8_t *buffer, size_t size, size_t valid)
{
	size_t dropped = 0;
	char text[80];

	(void)size;
	pthread_mutex_lock(&lock);
	decode(buffer, valid);
	pthread_mutex_unlock(&lock);
	free(buffer);
	if (cuptiActivityGetNumDroppedRecords(context, stream, &dropped) == CUPTI_SUCCESS &&
		dropped) {
		snprintf(text, sizeof(text), "cuda: %zu records of the device were dropped",
			dropped);
		erg_marker(text, 0);
	}
}

static void finish(void)
{
	erg_set_layer_hook(NULL);
	cuptiActivityFlushAll(CUPTI_ACTIVITY_FLAG_FLUSH_FORCED);
	pthread_mutex_lock(&lock);
	for (uint32_t i = 0; i < TRACKS; i++)
		flush_track(&tracks[i]);
	pthread_mutex_unlock(&lock);
}

/* False, with a marker that says which, if something is refused. */
static bool done(CUptiResult r, const char *what)
{
	const char *why = "?";
	char text[160];

	if (r == CUPTI_SUCCESS)
		return true;
	cuptiGetResultString(r, &why);
	snprintf(text, sizeof(text), "cuda: %s: %.80s", what, why);
	erg_marker(text, 0);
	return false;
}

static bool start(void)
{
	static const struct {
		CUpti_ActivityKind kind;
		const char *name;
	} kinds[] = {
		{CUPTI_ACTIVITY_KIND_EXTERNAL_CORRELATION, "correlation"},
		{CUPTI_ACTIVITY_KIND_RUNTIME, "runtime API"},
		{CUPTI_ACTIVITY_KIND_DRIVER, "driver API"},
		{CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL, "kernels"},
		{CUPTI_ACTIVITY_KIND_MEMCPY, "copies"},
		{CUPTI_ACTIVITY_KIND_MEMSET, "memsets"},
	};

	/* The clock must be set before anything is switched on. */
	if (!done(cuptiActivityRegisterTimestampCallback(erg_now_ns), "clock") ||
		!done(cuptiActivityRegisterCallbacks(buffer_requested, buffer_completed),
			"buffers"))
		return false;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		done(cuptiActivityEnable(kinds[i].kind), kinds[i].name);
	done(cuptiActivityFlushPeriod(FLUSH_MS), "flush period");
	return true;
}

ERG_API int InitializeInjection(void);

/* Returns 1, also when nothing records: the program runs on in any case. */
ERG_API int InitializeInjection(void)
{
	if (!getenv("ERG_RUN_ID") && !erg_enabled())
		return 1;
	if (start()) {
		erg_set_layer_hook(follow_layer);
		atexit(finish);
	}
	return 1;
}
