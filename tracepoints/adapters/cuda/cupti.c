/* SPDX-License-Identifier: MIT */
/*
 * What a GPU does for each layer, by CUPTI. Loaded by the CUDA driver at its start
 * (CUDA_INJECTION64_PATH).
 *
 * CUPTI takes its time stamps from a callback that returns CLOCK_MONOTONIC, so that the records of
 * the device are on the clock of everything else. While a layer is open in a thread, its id and
 * iteration are the thread's external correlation id; CUPTI puts a record of that before each
 * record of an API call (for which the API activities must be on), and the kernel, copy or memset
 * that the call launched carries the call's correlation id; the kernels of a CUDA graph carry that
 * of the graph's launch. work.c joins them. PyTorch's profiler has the custom kinds 0 and 1 of
 * external ids, so ours is 2.
 *
 * CUPTI serves one client: what registers its buffers last gets all records. As NVIDIA asks of
 * every client, we subscribe first, so that another is refused (PyTorch's profiler then records no
 * device), and where another was first, we are: a notice, and nothing is switched on.
 *
 * Buffers are filled and given back by CUPTI's own thread and by the last flush. A child that is
 * forked cannot use CUDA, so the adapter is off in it. Nothing is switched on unless a recording
 * started the program (ERG_RUN_ID) or is on already.
 *
 * API: NVIDIA, CUPTI documentation, "CUPTI Activity API".
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tracepoints/adapters/common.h"
#include "tracepoints/adapters/cuda/cupti_lib.h"
#include "tracepoints/adapters/cuda/work.h"

#define BUFFER_SIZE (1u << 20)
#define BUFFER_ALIGN 8u
#define FLUSH_MS 200u
#define EXTERNAL_KIND CUPTI_EXTERNAL_CORRELATION_KIND_CUSTOM2

/*
 * The versions of the records that CUPTI 11.6 writes. Later ones only have more fields behind, and
 * records are stepped over by CUPTI itself, so these hold for every CUPTI.
 */
typedef CUpti_ActivityDevice3 device_record;
typedef CUpti_ActivityKernel7 kernel_record;
typedef CUpti_ActivityMemcpy5 memcpy_record;
typedef CUpti_ActivityMemcpyPtoP4 peer_record;
typedef CUpti_ActivityMemset4 memset_record;

static struct erg_cupti cupti;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static _Atomic bool stopped;

static void follow_layer(void *data, uint32_t layer, uint32_t iteration, int begin)
{
	(void)data;
	if (begin)
		cupti.cuptiActivityPushExternalCorrelationId(EXTERNAL_KIND,
			erg_work_external(layer, iteration));
	else
		cupti.cuptiActivityPopExternalCorrelationId(EXTERNAL_KIND, NULL);
}

static void add_external(const CUpti_ActivityExternalCorrelation *c)
{
	if (c->externalKind == EXTERNAL_KIND)
		erg_work_correlate(c->correlationId, c->externalId);
}

static void add_device(const device_record *d)
{
	unsigned char uuid[16];

	memcpy(uuid, &d->uuid, sizeof(uuid));
	erg_work_device(d->id, uuid);
}

#define WORK(r, name, type)                                                                        \
	(&(struct device_work){(r)->start, (r)->end, (r)->deviceId, (r)->streamId,                 \
		(r)->correlationId, name, type})

static void add_record(const CUpti_Activity *r)
{
	const kernel_record *k = (const void *)r;

	switch (r->kind) {
	case CUPTI_ACTIVITY_KIND_DEVICE:
		add_device((const void *)r);
		break;
	case CUPTI_ACTIVITY_KIND_EXTERNAL_CORRELATION:
		add_external((const void *)r);
		break;
	case CUPTI_ACTIVITY_KIND_RUNTIME:
	case CUPTI_ACTIVITY_KIND_DRIVER:
		erg_work_called(((const CUpti_ActivityAPI *)r)->correlationId);
		break;
	case CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL:
	case CUPTI_ACTIVITY_KIND_KERNEL:
		erg_work_add(WORK(k, k->name ? k->name : "kernel", "kernel"));
		break;
	case CUPTI_ACTIVITY_KIND_MEMCPY:
		erg_work_add(WORK((const memcpy_record *)r, "memcpy", "copy"));
		break;
	case CUPTI_ACTIVITY_KIND_MEMCPY2:
		erg_work_add(WORK((const peer_record *)r, "memcpy peer", "copy"));
		break;
	case CUPTI_ACTIVITY_KIND_MEMSET:
		erg_work_add(WORK((const memset_record *)r, "memset", "copy"));
		break;
	default:
		break;
	}
}

static void CUPTIAPI buffer_requested(uint8_t **ret_buffer, size_t *ret_size, size_t *ret_records)
{
	*ret_buffer = aligned_alloc(BUFFER_ALIGN, BUFFER_SIZE);
	*ret_size = *ret_buffer ? BUFFER_SIZE : 0;
	*ret_records = 0; /* as many as fit */
}

static void notice(const char *what, const char *why)
{
	char text[256];

	snprintf(text, sizeof(text), "erg: cuda: %s: %.160s", what, why);
	erg_marker(text, 0);
}

static void tell_dropped(CUcontext context, uint32_t stream)
{
	size_t dropped = 0;
	char text[40];

	if (cupti.cuptiActivityGetNumDroppedRecords(context, stream, &dropped) != CUPTI_SUCCESS ||
		!dropped)
		return;
	snprintf(text, sizeof(text), "%zu were dropped", dropped);
	notice("records of the device", text);
}

static void CUPTIAPI buffer_completed(CUcontext context, uint32_t stream, uint8_t *buffer,
	size_t size, size_t valid)
{
	CUpti_Activity *r = NULL;

	(void)size;
	if (!stopped) {
		pthread_mutex_lock(&lock);
		while (cupti.cuptiActivityGetNextRecord(buffer, valid, &r) == CUPTI_SUCCESS)
			add_record(r);
		erg_work_settle(false);
		pthread_mutex_unlock(&lock);
		tell_dropped(context, stream);
	}
	free(buffer);
}

static void finish_activity(void)
{
	if (stopped)
		return;
	erg_set_layer_hook(NULL, NULL);
	cupti.cuptiActivityFlushAll(CUPTI_ACTIVITY_FLAG_FLUSH_FORCED);
	pthread_mutex_lock(&lock);
	erg_work_settle(true);
	stopped = true;
	pthread_mutex_unlock(&lock);
}

static void in_child(void)
{
	erg_set_layer_hook(NULL, NULL);
	stopped = true;
}

/* CUPTI wants a function although no callback is ever switched on. */
static void CUPTIAPI no_callback(void *data, CUpti_CallbackDomain domain, CUpti_CallbackId id,
	const void *info)
{
	(void)data;
	(void)domain;
	(void)id;
	(void)info;
}

/* False, with a notice that says which, if something is refused. */
static bool done(CUptiResult r, const char *what)
{
	const char *why = "?";

	if (r == CUPTI_SUCCESS)
		return true;
	cupti.cuptiGetResultString(r, &why);
	notice(what, why);
	return false;
}

static bool enable(void)
{
	static const struct {
		CUpti_ActivityKind kind;
		const char *name;
	} kinds[] = {
		{CUPTI_ACTIVITY_KIND_DEVICE, "devices"},
		{CUPTI_ACTIVITY_KIND_EXTERNAL_CORRELATION, "correlation"},
		{CUPTI_ACTIVITY_KIND_RUNTIME, "runtime API"},
		{CUPTI_ACTIVITY_KIND_DRIVER, "driver API"},
		{CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL, "kernels"},
		{CUPTI_ACTIVITY_KIND_MEMCPY, "copies"},
		{CUPTI_ACTIVITY_KIND_MEMCPY2, "copies between devices"},
		{CUPTI_ACTIVITY_KIND_MEMSET, "memsets"},
	};

	/* The clock must be set before anything is switched on. */
	if (!done(cupti.cuptiActivityRegisterTimestampCallback(erg_now_ns), "clock") ||
		!done(cupti.cuptiActivityRegisterCallbacks(buffer_requested, buffer_completed),
			"buffers"))
		return false;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		done(cupti.cuptiActivityEnable(kinds[i].kind), kinds[i].name);
	done(cupti.cuptiActivityFlushPeriod(FLUSH_MS), "flush period");
	return true;
}

static bool start_activity(void)
{
	CUpti_SubscriberHandle client;
	char why[160];

	if (!erg_cupti_load(&cupti, why)) {
		notice("no work of the device", why);
		return false;
	}
	if (!done(cupti.cuptiSubscribe(&client, no_callback, NULL), "no work of the device"))
		return false;
	if (enable())
		return true;
	cupti.cuptiUnsubscribe(client);
	return false;
}

ERG_API int InitializeInjection(void);

/* Returns 1, also when nothing records: the program runs on in any case. */
ERG_API int InitializeInjection(void)
{
	static _Atomic bool called;

	if ((!getenv("ERG_RUN_ID") && !erg_enabled()) || atomic_exchange(&called, true))
		return 1;
	if (start_activity()) {
		pthread_atfork(NULL, NULL, in_child);
		atexit(finish_activity);
		erg_set_layer_hook(follow_layer, NULL);
	}
	return 1;
}
