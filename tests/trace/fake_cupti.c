/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Stands in for CUPTI and a GPU, so that the adapter's logic can be tested without either: keeps a
 * thread's external correlation ids, and turns each fake_launch() into the records that CUPTI
 * writes for a launch. Only what the adapter calls is here. What CUPTI leaves open is made hard:
 * work and calls are in buffers of their own, and those of work are given back first; records are
 * longer than the headers say, as those of a later CUPTI are. What it demands is checked: nothing
 * is switched on before a client has subscribed and set its clock. With FAKE_CUPTI_TAKEN in the
 * environment there is another client already.
 */
#include <cupti.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/trace/fake_cupti.h"

#define KINDS 8u
#define LATER 64u /* bytes that a later CUPTI has behind the fields that we know */

struct buffer {
	uint8_t *at;
	size_t size, used;
};

struct work_record {
	union {
		CUpti_ActivityKernel7 kernel;
		CUpti_ActivityMemcpy5 copy;
	};
	uint8_t later[LATER];
};

struct call_record {
	union {
		CUpti_ActivityDevice3 device;
		CUpti_ActivityExternalCorrelation external;
		CUpti_ActivityAPI api;
	};
	uint8_t later[LATER];
};

static CUpti_BuffersCallbackRequestFunc request;
static CUpti_BuffersCallbackCompleteFunc complete;
static CUpti_TimestampCallbackFunc now;
static bool subscribed, kinds[CUPTI_ACTIVITY_KIND_COUNT];
static struct buffer work_buffer, call_buffer;
static uint32_t n_called;
static __thread struct {
	uint64_t ids[64];
	unsigned depth;
} stacks[KINDS];

CUptiResult CUPTIAPI cuptiSubscribe(CUpti_SubscriberHandle *ret, CUpti_CallbackFunc callback,
	void *data)
{
	(void)ret;
	(void)data;
	if (getenv("FAKE_CUPTI_TAKEN"))
		return CUPTI_ERROR_MULTIPLE_SUBSCRIBERS_NOT_SUPPORTED;
	subscribed = callback != NULL;
	return CUPTI_SUCCESS;
}

CUptiResult CUPTIAPI cuptiUnsubscribe(CUpti_SubscriberHandle client)
{
	(void)client;
	subscribed = false;
	return CUPTI_SUCCESS;
}

CUptiResult CUPTIAPI cuptiActivityRegisterTimestampCallback(CUpti_TimestampCallbackFunc f)
{
	now = f;
	return CUPTI_SUCCESS;
}

CUptiResult CUPTIAPI cuptiActivityRegisterCallbacks(CUpti_BuffersCallbackRequestFunc r,
	CUpti_BuffersCallbackCompleteFunc c)
{
	request = r;
	complete = c;
	return CUPTI_SUCCESS;
}

CUptiResult CUPTIAPI cuptiActivityFlushPeriod(uint32_t time)
{
	(void)time;
	return CUPTI_ERROR_NOT_SUPPORTED;
}

CUptiResult CUPTIAPI cuptiGetResultString(CUptiResult r, const char **ret)
{
	*ret = r == CUPTI_ERROR_MULTIPLE_SUBSCRIBERS_NOT_SUPPORTED ? "another client" : "fake";
	return CUPTI_SUCCESS;
}

CUptiResult CUPTIAPI cuptiActivityPushExternalCorrelationId(CUpti_ExternalCorrelationKind kind,
	uint64_t id)
{
	stacks[kind].ids[stacks[kind].depth++ % 64] = id;
	return CUPTI_SUCCESS;
}

CUptiResult CUPTIAPI cuptiActivityPopExternalCorrelationId(CUpti_ExternalCorrelationKind kind,
	uint64_t *last)
{
	(void)last;
	if (!stacks[kind].depth)
		return CUPTI_ERROR_QUEUE_EMPTY;
	stacks[kind].depth--;
	return CUPTI_SUCCESS;
}

unsigned fake_depth(void)
{
	unsigned n = 0;

	for (unsigned k = 0; k < KINDS; k++)
		n += stacks[k].depth;
	return n;
}

/* Three, told once. */
CUptiResult CUPTIAPI cuptiActivityGetNumDroppedRecords(CUcontext c, uint32_t s, size_t *ret)
{
	static bool told;

	(void)c;
	(void)s;
	*ret = told ? 0 : 3;
	told = true;
	return CUPTI_SUCCESS;
}

static bool is_call(const CUpti_Activity *r)
{
	return r->kind == CUPTI_ACTIVITY_KIND_DEVICE ||
		r->kind == CUPTI_ACTIVITY_KIND_EXTERNAL_CORRELATION ||
		r->kind == CUPTI_ACTIVITY_KIND_RUNTIME;
}

CUptiResult CUPTIAPI cuptiActivityGetNextRecord(uint8_t *b, size_t valid, CUpti_Activity **record)
{
	uint8_t *at = b;

	if (*record)
		at = (uint8_t *)*record +
			(is_call(*record) ? sizeof(struct call_record)
					  : sizeof(struct work_record));
	if (at >= b + valid)
		return CUPTI_ERROR_MAX_LIMIT_REACHED;
	*record = (CUpti_Activity *)at;
	return CUPTI_SUCCESS;
}

static void give_back(struct buffer *b)
{
	if (b->at)
		complete(NULL, 0, b->at, b->size, b->used);
	b->at = NULL;
}

CUptiResult CUPTIAPI cuptiActivityFlushAll(uint32_t flag)
{
	(void)flag;
	give_back(&work_buffer);
	give_back(&call_buffer);
	return CUPTI_SUCCESS;
}

static void append(struct buffer *b, const void *record, size_t n)
{
	size_t max;

	if (b->at && b->used + n > b->size)
		give_back(b);
	if (!b->at) {
		request(&b->at, &b->size, &max);
		b->used = 0;
	}
	memcpy(b->at + b->used, record, n);
	b->used += n;
}

/* Two devices, which NVML's stand-in counts from FAKE_CUPTI_GPU on. */
static void add_devices(void)
{
	const char *first = getenv("FAKE_CUPTI_GPU");
	struct call_record r = {.device = {.kind = CUPTI_ACTIVITY_KIND_DEVICE}};

	for (uint32_t i = 0; i < 2; i++) {
		r.device.id = i;
		((char *)&r.device.uuid)[15] = (char)(i + (first ? (uint32_t)atoi(first) : 0));
		append(&call_buffer, &r, sizeof(r));
	}
}

CUptiResult CUPTIAPI cuptiActivityEnable(CUpti_ActivityKind kind)
{
	kinds[kind] = subscribed && now;
	if (kinds[kind] && kind == CUPTI_ACTIVITY_KIND_DEVICE)
		add_devices();
	return kinds[kind] ? CUPTI_SUCCESS : CUPTI_ERROR_NOT_INITIALIZED;
}

uint64_t fake_launch_more(const struct fake_work *w)
{
	struct work_record r = {0};
	uint64_t begin;

	if (!now || !kinds[CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL])
		return 0;
	begin = w->begin ? w->begin : now();
	memset(r.later, 0xff, sizeof(r.later));
	if (w->name)
		r.kernel = (CUpti_ActivityKernel7){.kind = CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL,
			.name = w->name,
			.start = begin,
			.end = begin + w->ns,
			.deviceId = w->device,
			.streamId = w->stream,
			.correlationId = n_called};
	else
		r.copy = (CUpti_ActivityMemcpy5){.kind = CUPTI_ACTIVITY_KIND_MEMCPY,
			.start = begin,
			.end = begin + w->ns,
			.deviceId = w->device,
			.streamId = w->stream,
			.correlationId = n_called};
	append(&work_buffer, &r, sizeof(r));
	return begin + w->ns;
}

uint64_t fake_launch(const struct fake_work *w)
{
	struct call_record r = {0};

	n_called++;
	for (unsigned k = 0; k < KINDS && kinds[CUPTI_ACTIVITY_KIND_EXTERNAL_CORRELATION]; k++) {
		if (!stacks[k].depth)
			continue;
		r.external = (CUpti_ActivityExternalCorrelation){
			.kind = CUPTI_ACTIVITY_KIND_EXTERNAL_CORRELATION,
			.externalKind = (CUpti_ExternalCorrelationKind)k,
			.externalId = stacks[k].ids[stacks[k].depth - 1],
			.correlationId = n_called};
		append(&call_buffer, &r, sizeof(r));
	}
	r.api = (CUpti_ActivityAPI){.kind = CUPTI_ACTIVITY_KIND_RUNTIME, .correlationId = n_called};
	if (kinds[CUPTI_ACTIVITY_KIND_RUNTIME])
		append(&call_buffer, &r, sizeof(r));
	return fake_launch_more(w);
}
