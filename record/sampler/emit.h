/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_EMIT_H
#define ERG_RECORD_EMIT_H

/*
 * What the recorder says in the trace. Emitting is lock-free, never allocates and never waits: when
 * nothing records, or a buffer is full, the event is dropped (and then counted by LTTng).
 */
#include <stdbool.h>
#include <stdint.h>

#include "record/sources/source.h"
#include "tracepoints/provider_types.h"

void erg_emit_process(const char *run_id, const char *exe);
/* source_define and its channel_defines. INTERVAL_NS: between two readings. */
void erg_emit_source(uint32_t id, const struct erg_source *s, uint64_t interval_ns);
void erg_emit_sample(uint32_t id, const struct erg_source *s, uint64_t t_before, uint64_t t_after,
	uint64_t native, const int64_t *values);
void erg_emit_status(const struct erg_recorder_status *st);
void erg_emit_phase(const char *name, bool begin);

#endif
