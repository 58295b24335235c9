/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Stands in for CUPTI and a GPU, so that the adapter's logic can be tested without either: keeps a
 * thread's external correlation ids, and turns each fake_launch() into the records that CUPTI
 * writes for a launch. Only what the adapter calls is here. Kernels of the same stream follow each
 * other without a gap if they are launched with the same beginning.
 */
#include <cupti.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/trace/fake_cupti.h"

static CUpti_BuffersCallbackRequestFunc request;
static CUpti_BuffersCallbackCompleteFunc complete;
static CUpti_TimestampCallbackFunc now;
static bool kinds[CUPTI_ACTIVITY_KIND_COUNT];
static uint8_t *buffer;
static size_t size, used;
static uint32_t n_launched;
static __thread uint64_t stack[64];
static __thread unsigned depth;

CUptiResult CUPTIAPI cuptiActivityRegisterTimestampCallback(CUpti_TimestampCallbackFunc f)
{
	now = f;
	return CUPTI_SUCCESS;
}

CUptiResult CUPTIAPI cuptiActivityRegisterCallbacks(
	CUpti_BuffersCallbackRequestFunc r, CUpti_BuffersCallbackCompleteFunc c)
{
	request = r;
	complete = c;
	return CUPTI_SUCCESS;
}

CUptiResult CUPTIAPI cuptiActivityEnable(CUpti_ActivityKind kind)
{
	kinds[kind] = true;
	return CUPTI_SUCCESS;
}

CUptiResult CUPTIAPI cuptiActivityFlushPeriod(uint32_t time)
{
	(void)time;
	return CUPTI_ERROR_NOT_SUPPORTED;
}

CUptiResult CUPTIAPI cuptiGetResultString(CUptiResult r, const char **ret)
{
	(void)r;
	*ret = "fake";
	return CUPTI_SUCCESS;
}

CUptiResult CUPTIAPI cuptiActivityPushExternalCorrelationId(
	CUpti_ExternalCorrelationKind kind, uint64_t id)
{
	(void)kind;
	stack[depth++ % 64] = id;
	return CUPTI_SUCCESS;
}

CUptiResult CUPTIAPI cuptiActivityPopExternalCorrelationId(
	CUpti_ExternalCorrelationKind kind, uint64_t *last)
{
	(void)kind;
	(void)last;
	if (!depth)
		return CUPTI_ERROR_QUEUE_EMPTY;
	depth--;
	return CUPTI_SUCCESS;
}

CUptiResult CUPTIAPI cuptiActivityGetNumDroppedRecords(CUcontext c, uint32_t s, size_t *ret)
{
	(void)c;
	(void)s;
	*ret = 3;
	return CUPTI_SUCCESS;
}

static size_t size_of(CUpti_ActivityKind kind)
{
	return kind == CUPTI_ACTIVITY_KIND_EXTERNAL_CORRELATION
		       ? sizeof(CUpti_ActivityExternalCorrelation)
	       : kind == CUPTI_ACTIVITY_KIND_MEMCPY ? sizeof(ERG_CUPTI_MEMCPY)
						    : sizeof(ERG_CUPTI_KERNEL);
}

CUptiResult CUPTIAPI cuptiActivityGetNextRecord(uint8_t *b, size_t valid, CUpti_Activity **record)
{
	uint8_t *at = *record ? (uint8_t *)*record + size_of((*record)->kind) : b;

	if (at >= b + valid)
		return CUPTI_ERROR_MAX_LIMIT_REACHED;
	*record = (CUpti_Activity *)at;
	return CUPTI_SUCCESS;
}

CUptiResult CUPTIAPI cuptiActivityFlushAll(uint32_t flag)
{
	(void)flag;
	if (buffer)
		complete(NULL, 0, buffer, size, used);
	buffer = NULL;
	return CUPTI_SUCCESS;
}

static void append(const void *record, size_t n)
{
	size_t max;

	if (!buffer)
		request(&buffer, &size, &max), used = 0;
	memcpy(buffer + used, record, n);
	used += n;
}

uint64_t fake_launch(const char *name, uint32_t stream, uint64_t begin, uint64_t ns)
{
	ERG_CUPTI_KERNEL k = {.kind = CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL,
		.name = name,
		.streamId = stream,
		.correlationId = ++n_launched};
	ERG_CUPTI_MEMCPY c = {.kind = CUPTI_ACTIVITY_KIND_MEMCPY,
		.streamId = stream,
		.correlationId = n_launched};
	CUpti_ActivityExternalCorrelation x = {.kind = CUPTI_ACTIVITY_KIND_EXTERNAL_CORRELATION,
		.externalKind = CUPTI_EXTERNAL_CORRELATION_KIND_CUSTOM0,
		.correlationId = n_launched};

	if (!now || !kinds[CUPTI_ACTIVITY_KIND_DRIVER])
		return 0;
	k.start = c.start = begin ? begin : now();
	k.end = c.end = k.start + ns;
	/* The correlation after the work: the adapter must not depend on the order. */
	if (name)
		append(&k, sizeof(k));
	else
		append(&c, sizeof(c));
	if (depth) {
		x.externalId = stack[depth - 1];
		append(&x, sizeof(x));
	}
	return k.end;
}
