/* SPDX-License-Identifier: MIT */
/*
 * Work becomes a span of the layer that launched it, on a track per device and stream. A layer's
 * device time is the union of its spans; those of a stream that touch are written as one. What was
 * launched outside of any layer is a layer named after the kernel.
 *
 * CUPTI gives buffers back in no promised order, so work may be seen before the call that launched
 * it: it waits in a list until the call is seen. The calls are remembered by the low bits of their
 * ids, which count up: a call is forgotten when 65536 later ones have been made, and as much work
 * can wait. (A buffer has some 4000 kernels or 10000 calls, so several of kernels may come first.)
 */
#include <stdio.h>

#include "tracepoints/adapters/common.h"
#include "tracepoints/adapters/cuda/work.h"

#define CALLS (1u << 16) /* a power of two */
#define TRACKS 256u
#define WAITING CALLS
#define DEVICES 64u

/* A span that may still grow. */
struct track {
	uint32_t device, stream, id; /* id 0: unused */
	uint32_t layer, iteration;   /* layer 0: no span */
	uint64_t begin, end;
};

static struct {
	uint32_t correlation;
	uint64_t external;
} calls[CALLS];
static struct track tracks[TRACKS];
static char devices[DEVICES][48]; /* " GPU-" and the UUID as NVML writes it */
static struct device_work waiting[WAITING];
static uint32_t n_waiting;

static void flush_track(struct track *t)
{
	if (t->layer)
		erg_span(t->layer, t->iteration, t->begin, t->end, t->id);
	t->layer = 0;
}

void erg_work_device(uint32_t device, const unsigned char u[16])
{
	if (device < DEVICES)
		snprintf(devices[device], sizeof(devices[device]),
			" GPU-%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
			u[0], u[1], u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11],
			u[12], u[13], u[14], u[15]);
}

static struct track *track_of(uint32_t device, uint32_t stream)
{
	char name[96];

	for (uint32_t i = 0; i < TRACKS; i++) {
		struct track *t = &tracks[i];

		if (t->id && t->device == device && t->stream == stream)
			return t;
		if (t->id)
			continue;
		snprintf(name, sizeof(name), "gpu%u stream %u%s", device, stream,
			device < DEVICES ? devices[device] : "");
		*t = (struct track){.device = device,
			.stream = stream,
			.id = erg_track(name, true)};
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

static bool is_called(uint32_t correlation)
{
	return calls[correlation & (CALLS - 1)].correlation == correlation;
}

static void write_work(const struct device_work *w)
{
	uint64_t external =
		is_called(w->correlation) ? calls[w->correlation & (CALLS - 1)].external : 0;
	uint32_t layer = (uint32_t)external, iteration = (uint32_t)(external >> 32);
	struct track *t = track_of(w->device, w->stream);

	if (!t)
		return;
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

void erg_work_correlate(uint32_t correlation, uint64_t external)
{
	calls[correlation & (CALLS - 1)].correlation = correlation;
	calls[correlation & (CALLS - 1)].external = external;
}

void erg_work_called(uint32_t correlation)
{
	if (!is_called(correlation))
		erg_work_correlate(correlation, 0);
}

void erg_work_add(const struct device_work *w)
{
	if (w->end < w->begin || !w->begin)
		return;
	if (n_waiting == WAITING)
		erg_work_settle(true);
	waiting[n_waiting++] = *w;
}

void erg_work_settle(bool all)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < n_waiting; i++) {
		if (all || is_called(waiting[i].correlation))
			write_work(&waiting[i]);
		else
			waiting[kept++] = waiting[i];
	}
	n_waiting = kept;
	for (uint32_t i = 0; i < TRACKS; i++)
		flush_track(&tracks[i]);
}
