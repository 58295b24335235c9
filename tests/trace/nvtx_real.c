/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A program annotated with NVTX as NVIDIA's headers do it, with payloads that schemas describe and
 * counters: three ranges by a payload, one by attributes that carry one, one from start to end. It is
 * built where these headers are: see tests/cli/adapters.bats.
 */
#include <nvtx3/nvToolsExt.h>
#include <nvtx3/nvToolsExtPayload.h>
#include <nvtx3/nvToolsExtCounters.h>
#include <nvtx3/nvToolsExtSemanticsCounters.h>
#include <stdio.h>
#include <stddef.h>
struct work {
	double unused;
	uint32_t tokens;
	const char *name;
	uint64_t macs;
};
int main(void)
{
	nvtxDomainHandle_t d = nvtxDomainCreateA("server");
	const nvtxPayloadSchemaEntry_t e[] = {
		{0, NVTX_PAYLOAD_ENTRY_TYPE_DOUBLE, "unused", NULL, 0, 0, NULL, NULL},
		{0, NVTX_PAYLOAD_ENTRY_TYPE_UINT32, "tokens", NULL, 0, 0, NULL, NULL},
		{NVTX_PAYLOAD_ENTRY_FLAG_EVENT_MESSAGE, NVTX_PAYLOAD_ENTRY_TYPE_CSTRING, "name",
			NULL, 0, offsetof(struct work, name), NULL, NULL},
		{0, NVTX_PAYLOAD_ENTRY_TYPE_UINT64, "macs", NULL, 0, 0, NULL, NULL},
	};
	nvtxPayloadSchemaAttr_t a = {0};
	a.fieldMask = NVTX_PAYLOAD_SCHEMA_ATTR_FIELD_NAME | NVTX_PAYLOAD_SCHEMA_ATTR_FIELD_TYPE |
		NVTX_PAYLOAD_SCHEMA_ATTR_FIELD_ENTRIES |
		NVTX_PAYLOAD_SCHEMA_ATTR_FIELD_NUM_ENTRIES |
		NVTX_PAYLOAD_SCHEMA_ATTR_FIELD_STATIC_SIZE;
	a.name = "work";
	a.type = NVTX_PAYLOAD_SCHEMA_TYPE_STATIC;
	a.entries = e;
	a.numEntries = 4;
	a.payloadStaticSize = sizeof(struct work);
	uint64_t id = nvtxPayloadSchemaRegister(d, &a);
	nvtxSemanticsCounter_t sem = {{sizeof(sem), NVTX_SEMANTIC_ID_COUNTERS_V1,
					      NVTX_COUNTER_SEMANTIC_VERSION, NULL},
		NVTX_COUNTER_FLAG_VALUETYPE_DELTA, "tokens", 1, 1, 0, {0}, {0}};
	nvtxCounterAttr_t c = {sizeof(c), NVTX_PAYLOAD_ENTRY_TYPE_INT64, "tokens", NULL, 0,
		&sem.header, 0};
	nvtxCounterAttr_t c2 = {sizeof(c2), NVTX_PAYLOAD_ENTRY_TYPE_INT64, "total", NULL, 0, NULL,
		0};
	uint64_t tokens = nvtxCounterRegister(d, &c), total = nvtxCounterRegister(d, &c2);
	for (int i = 1; i <= 3; i++) {
		struct work w = {0, 7, i == 2 ? "attn" : "ffn", 1000};
		nvtxPayloadData_t p = {id, sizeof(w), &w};
		nvtxRangePushPayload(d, &p, 1);
		nvtxCounterSampleInt64(d, tokens, 5);
		nvtxCounterSampleInt64(d, total, 10 * i);
		nvtxRangePopPayload(d, NULL, 0);
	}
	nvtxEventAttributes_t ev = {0};
	struct work w = {0, 7, "attributes", 1000};
	nvtxPayloadData_t p = {id, sizeof(w), &w};
	ev.version = NVTX_VERSION;
	ev.size = NVTX_EVENT_ATTRIB_STRUCT_SIZE;
	ev.payload.ullValue = (uint64_t)(uintptr_t)&p;
	ev.payloadType = NVTX_PAYLOAD_TYPE_EXT;
	ev.reserved0 = 1;
	nvtxDomainRangePushEx(d, &ev);
	nvtxDomainRangePop(d);
	nvtxRangeEndPayload(d, nvtxRangeStartPayload(d, &p, 1), NULL, 0);
}
