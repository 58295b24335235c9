/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The recorder's side of the event schema: translates its own structs into tracepoints. The
 * recorder is an application of LTTng-UST like the workload; its events travel the same way and are
 * read by the same reader.
 */
#include "record/sampler/emit.h"

#include "formats/sensor.h"
#include "tracepoints/provider.h"

void erg_emit_process(const char *run_id, const char *exe)
{
	lttng_ust_tracepoint(ergtrace, process_define, run_id, "recorder", exe);
}

static void emit_channel(uint32_t source, uint32_t index, const struct erg_channel_def *c)
{
	const struct erg_channel_event ev = {
		.source = source,
		.index = index,
		.rail = c->rail,
		.parent = c->parent,
		.quantity = erg_quantity_name(c->quantity),
		.unit = c->unit,
		.scale = c->scale,
		.wrap = c->wrap,
		.lsb = c->lsb,
		.offset_max = c->offset_max,
		.gain_max = c->gain_max,
		.offset = c->offset,
	};

	lttng_ust_tracepoint(ergtrace, channel_define, &ev);
}

void erg_emit_source(uint32_t id, const struct erg_source *s, uint64_t interval_ns)
{
	const struct erg_source_def ev = {
		.source = id,
		.kind = s->ops->kind,
		.path = s->path,
		.class_name = erg_source_class_name(s->cls),
		.simulated = s->simulated,
		.sensor = erg_sensor_kind_name(s->model.kind),
		.provenance = erg_provenance_name(s->model.provenance),
		.window_ns = s->model.window_ns,
		.period_ns = s->model.period_ns,
		.lag_ns = s->model.lag_ns,
		.lag_u_ns = s->model.lag_u_ns,
		.alpha = s->model.alpha,
		.interval_ns = interval_ns,
		.channels = (uint32_t)s->n_channels,
	};

	lttng_ust_tracepoint(ergtrace, source_define, &ev);
	for (size_t i = 0; i < s->n_channels; i++)
		emit_channel(id, (uint32_t)i, &s->channels[i]);
}

void erg_emit_sample(uint32_t id, const struct erg_source *s, uint64_t t_before, uint64_t t_after,
	uint64_t native, const int64_t *values)
{
	const uint32_t n = (uint32_t)s->n_channels;

	switch (s->cls) {
	case ERG_CLASS_POWER:
		lttng_ust_tracepoint(ergtrace, power_sample, id, t_before, t_after, native, values,
			n);
		break;
	case ERG_CLASS_THERMAL:
		lttng_ust_tracepoint(ergtrace, thermal_sample, id, t_before, t_after, native,
			values, n);
		break;
	case ERG_CLASS_FREQUENCY:
		lttng_ust_tracepoint(ergtrace, frequency_sample, id, t_before, t_after, native,
			values, n);
		break;
	case ERG_CLASS_UTILIZATION:
		lttng_ust_tracepoint(ergtrace, utilization_sample, id, t_before, t_after, native,
			values, n);
		break;
	case ERG_CLASS_N:
		break;
	}
}

void erg_emit_status(const struct erg_recorder_status *st)
{
	lttng_ust_tracepoint(ergtrace, recorder_status, st);
}

void erg_emit_phase(const char *name, bool begin)
{
	if (begin)
		lttng_ust_tracepoint(ergtrace, phase_begin, name);
	else
		lttng_ust_tracepoint(ergtrace, phase_end, name);
}
