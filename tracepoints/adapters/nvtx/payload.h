/* SPDX-License-Identifier: MIT */
#ifndef ERG_TRACEPOINTS_NVTX_PAYLOAD_H
#define ERG_TRACEPOINTS_NVTX_PAYLOAD_H

/*
 * NVTX's payload extension: a range whose name and numbers are a struct of the program, which a schema
 * that was registered before describes. And its counters, which become counters of the application.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tracepoints/adapters/nvtx/domain.h"
#include "tracepoints/adapters/nvtx/nvtx_abi.h"

/* What a payload says. Texts belong to the program or to the schema. */
struct nvtx_payload {
	const char *
		message; /* the entry that is the event's message; else the schema's name; or NULL */
	uint32_t color;
	uint32_t category;
	bool has_value;
	uint64_t value; /* of the entry named WANTED, or of the first that is a number */
};

/* Reads COUNT payloads of DOMAIN; what no schema describes is passed over. */
void nvtx_payload_read(const struct nvtx_domain *domain, const struct nvtx_payload_data *data,
	size_t count, const char *wanted, struct nvtx_payload *ret);

uint64_t nvtx_schema_register(struct nvtx_domain *domain, const struct nvtx_schema_attr *attr);

uint64_t nvtx_counter_register(struct nvtx_domain *domain, const struct nvtx_counter_attr *attr);
void nvtx_counter_int64(struct nvtx_domain *domain, uint64_t id, int64_t value);
void nvtx_counter_float64(struct nvtx_domain *domain, uint64_t id, double value);
void nvtx_counter_sample(struct nvtx_domain *domain, uint64_t id, const void *value, size_t size);
void nvtx_counter_none(struct nvtx_domain *domain, uint64_t id, uint8_t reason);
void nvtx_counter_batch(struct nvtx_domain *domain, const struct nvtx_counter_batch *batch);

#endif
