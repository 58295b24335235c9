/* SPDX-License-Identifier: MIT */
/*
 * The event schema: one LTTng-UST provider, "ergtrace". This file is the whole contract between
 * what is recorded and what is analyzed; formats/FORMAT.md explains it in words.
 *
 * All times are CLOCK_MONOTONIC ns. Ids of layers, tracks and counters are dense and per process
 * (context vpid tells which); 0 is no layer. Ids of sources are dense within the recorder's
 * process. Field names are relied on by the reader: add, never rename.
 */
#undef LTTNG_UST_TRACEPOINT_PROVIDER
#define LTTNG_UST_TRACEPOINT_PROVIDER ergtrace

#undef LTTNG_UST_TRACEPOINT_INCLUDE
#define LTTNG_UST_TRACEPOINT_INCLUDE "tracepoints/provider.h"

#if !defined(ERG_TRACEPOINTS_PROVIDER_H) || defined(LTTNG_UST_TRACEPOINT_HEADER_MULTI_READ) ||     \
	defined(TRACEPOINT_HEADER_MULTI_READ) /* 2.12 */
#define ERG_TRACEPOINTS_PROVIDER_H

#include "tracepoints/lttng.h"

#include "tracepoints/provider_types.h"

/* One field a line. */
/* clang-format off */
/* A process that emits. run is the id of the recording it was started by, "" if by none: events of
 * processes of another run are not this archive's. role: "app" or "recorder". */
LTTNG_UST_TRACEPOINT_EVENT(ergtrace, process_define,
	LTTNG_UST_TP_ARGS(const char *, run, const char *, role, const char *, exe),
	LTTNG_UST_TP_FIELDS(
		lttng_ust_field_string(run, run)
		lttng_ust_field_string(role, role)
		lttng_ust_field_string(exe, exe)))

LTTNG_UST_TRACEPOINT_EVENT(ergtrace, layer_define,
	LTTNG_UST_TP_ARGS(const struct erg_layer_def *, d),
	LTTNG_UST_TP_FIELDS(
		lttng_ust_field_integer(uint32_t, id, d->id)
		lttng_ust_field_integer(uint32_t, parent, d->parent)
		lttng_ust_field_integer(uint8_t, level, d->level)
		lttng_ust_field_string(name, d->name)
		lttng_ust_field_string(type, d->type)
		lttng_ust_field_string(network, d->network)
		lttng_ust_field_integer(uint64_t, macs, d->macs)
		lttng_ust_field_integer(uint64_t, params, d->params)
		lttng_ust_field_integer(uint64_t, bytes_in, d->bytes_in)
		lttng_ust_field_integer(uint64_t, bytes_out, d->bytes_out)
		lttng_ust_field_integer(uint64_t, bytes_params, d->bytes_params)
		lttng_ust_field_sequence(uint32_t, in_shape, d->in_shape, uint8_t, d->in_dims)
		lttng_ust_field_sequence(uint32_t, out_shape, d->out_shape, uint8_t, d->out_dims)
		lttng_ust_field_sequence(uint32_t, kernel_shape, d->kernel_shape, uint8_t,
			d->kernel_dims)))

/* Where spans happen: a GPU stream, an imported log. device: 0 host, 1 device. */
LTTNG_UST_TRACEPOINT_EVENT(ergtrace, track_define,
	LTTNG_UST_TP_ARGS(uint32_t, track, const char *, name, uint8_t, device),
	LTTNG_UST_TP_FIELDS(
		lttng_ust_field_integer(uint32_t, track, track)
		lttng_ust_field_string(name, name)
		lttng_ust_field_integer(uint8_t, device, device)))

/* A thread has a name from now on; tid as in the context vtid. The last one holds. */
LTTNG_UST_TRACEPOINT_EVENT(ergtrace, thread_define,
	LTTNG_UST_TP_ARGS(uint32_t, tid, const char *, name),
	LTTNG_UST_TP_FIELDS(
		lttng_ust_field_integer(uint32_t, tid, tid)
		lttng_ust_field_string(name, name)))

/* Emitted at the layer's end: [begin, timestamp of the event]. */
LTTNG_UST_TRACEPOINT_EVENT(ergtrace, layer,
	LTTNG_UST_TP_ARGS(uint32_t, id, uint32_t, iteration, uint64_t, begin),
	LTTNG_UST_TP_FIELDS(
		lttng_ust_field_integer(uint32_t, id, id)
		lttng_ust_field_integer(uint32_t, iteration, iteration)
		lttng_ust_field_integer(uint64_t, begin, begin)))

/* The recorder times its own events by this one, which is like `layer` and is none. */
LTTNG_UST_TRACEPOINT_EVENT_INSTANCE(ergtrace, layer, ergtrace, event_cost,
	LTTNG_UST_TP_ARGS(uint32_t, id, uint32_t, iteration, uint64_t, begin))

/* deltas: one per counter of the process, in the order of counter_define's index. enabled and
 * running are differences too, ns; running < enabled: the counters were multiplexed. */
LTTNG_UST_TRACEPOINT_EVENT(ergtrace, layer_counted,
	LTTNG_UST_TP_ARGS(uint32_t, id, uint32_t, iteration, uint64_t, begin, uint64_t, enabled,
		uint64_t, running, const int64_t *, deltas, uint32_t, n),
	LTTNG_UST_TP_FIELDS(
		lttng_ust_field_integer(uint32_t, id, id)
		lttng_ust_field_integer(uint32_t, iteration, iteration)
		lttng_ust_field_integer(uint64_t, begin, begin)
		lttng_ust_field_integer(uint64_t, enabled, enabled)
		lttng_ust_field_integer(uint64_t, running, running)
		lttng_ust_field_sequence(int64_t, deltas, deltas, uint8_t, n)))

LTTNG_UST_TRACEPOINT_EVENT(ergtrace, layer_begin,
	LTTNG_UST_TP_ARGS(uint32_t, id, uint32_t, iteration),
	LTTNG_UST_TP_FIELDS(
		lttng_ust_field_integer(uint32_t, id, id)
		lttng_ust_field_integer(uint32_t, iteration, iteration)))

LTTNG_UST_TRACEPOINT_EVENT(ergtrace, layer_span,
	LTTNG_UST_TP_ARGS(uint32_t, id, uint32_t, iteration, uint64_t, begin, uint64_t, end,
		uint32_t, track),
	LTTNG_UST_TP_FIELDS(
		lttng_ust_field_integer(uint32_t, id, id)
		lttng_ust_field_integer(uint32_t, iteration, iteration)
		lttng_ust_field_integer(uint64_t, begin, begin)
		lttng_ust_field_integer(uint64_t, end, end)
		lttng_ust_field_integer(uint32_t, track, track)))

LTTNG_UST_TRACEPOINT_EVENT_CLASS(ergtrace, phase_class,
	LTTNG_UST_TP_ARGS(const char *, name),
	LTTNG_UST_TP_FIELDS(lttng_ust_field_string(name, name)))
LTTNG_UST_TRACEPOINT_EVENT_INSTANCE(ergtrace, phase_class, ergtrace, phase_begin,
	LTTNG_UST_TP_ARGS(const char *, name))
LTTNG_UST_TRACEPOINT_EVENT_INSTANCE(ergtrace, phase_class, ergtrace, phase_end,
	LTTNG_UST_TP_ARGS(const char *, name))

/* color: 0xRRGGBB */
LTTNG_UST_TRACEPOINT_EVENT(ergtrace, marker,
	LTTNG_UST_TP_ARGS(const char *, text, uint32_t, color),
	LTTNG_UST_TP_FIELDS(
		lttng_ust_field_string(text, text)
		lttng_ust_field_integer_hex(uint32_t, color, color)))

/* origin: "perf" (read from the kernel) or "app" (the application's own erg_counter). */
LTTNG_UST_TRACEPOINT_EVENT(ergtrace, counter_define,
	LTTNG_UST_TP_ARGS(uint32_t, index, const char *, name, const char *, origin),
	LTTNG_UST_TP_FIELDS(
		lttng_ust_field_integer(uint32_t, index, index)
		lttng_ust_field_string(name, name)
		lttng_ust_field_string(origin, origin)))

/* Absolute values of the thread that emits. */
LTTNG_UST_TRACEPOINT_EVENT(ergtrace, counter_snapshot,
	LTTNG_UST_TP_ARGS(uint64_t, enabled, uint64_t, running, const int64_t *, values,
		uint32_t, n),
	LTTNG_UST_TP_FIELDS(
		lttng_ust_field_integer(uint64_t, enabled, enabled)
		lttng_ust_field_integer(uint64_t, running, running)
		lttng_ust_field_sequence(int64_t, values, values, uint8_t, n)))

/* A group of channels read together, with its sensor model (formats/sensor.h). */
LTTNG_UST_TRACEPOINT_EVENT(ergtrace, source_define,
	LTTNG_UST_TP_ARGS(const struct erg_source_def *, d),
	LTTNG_UST_TP_FIELDS(
		lttng_ust_field_integer(uint32_t, source, d->source)
		lttng_ust_field_string(kind, d->kind)
		lttng_ust_field_string(path, d->path)
		lttng_ust_field_string(class_name, d->class_name)
		lttng_ust_field_integer(uint8_t, simulated, d->simulated)
		lttng_ust_field_string(sensor, d->sensor)
		lttng_ust_field_string(provenance, d->provenance)
		lttng_ust_field_integer(uint64_t, window_ns, d->window_ns)
		lttng_ust_field_integer(uint64_t, period_ns, d->period_ns)
		lttng_ust_field_integer(int64_t, lag_ns, d->lag_ns)
		lttng_ust_field_integer(uint64_t, lag_u_ns, d->lag_u_ns)
		lttng_ust_field_float(double, alpha, d->alpha)
		lttng_ust_field_integer(uint64_t, interval_ns, d->interval_ns)
		lttng_ust_field_integer(uint32_t, channels, d->channels)))

LTTNG_UST_TRACEPOINT_EVENT(ergtrace, channel_define,
	LTTNG_UST_TP_ARGS(const struct erg_channel_event *, d),
	LTTNG_UST_TP_FIELDS(
		lttng_ust_field_integer(uint32_t, source, d->source)
		lttng_ust_field_integer(uint32_t, index, d->index)
		lttng_ust_field_string(rail, d->rail)
		lttng_ust_field_string(parent, d->parent)
		lttng_ust_field_string(quantity, d->quantity)
		lttng_ust_field_string(unit, d->unit)
		lttng_ust_field_float(double, scale, d->scale)
		lttng_ust_field_integer(uint64_t, wrap, d->wrap)
		lttng_ust_field_float(double, lsb, d->lsb)
		lttng_ust_field_float(double, offset_max, d->offset_max)
		lttng_ust_field_float(double, gain_max, d->gain_max)
		lttng_ust_field_float(double, offset, d->offset)))

/* One reading of a source: raw integers in native units, one per channel in channel_define's
 * order. native: the sensor's own time on CLOCK_MONOTONIC, or 0. A channel that could not be read
 * holds INT64_MIN. */
LTTNG_UST_TRACEPOINT_EVENT_CLASS(ergtrace, sample_class,
	LTTNG_UST_TP_ARGS(uint32_t, source, uint64_t, t_before, uint64_t, t_after,
		uint64_t, native, const int64_t *, values, uint32_t, n),
	LTTNG_UST_TP_FIELDS(
		lttng_ust_field_integer(uint32_t, source, source)
		lttng_ust_field_integer(uint64_t, t_before, t_before)
		lttng_ust_field_integer(uint64_t, t_after, t_after)
		lttng_ust_field_integer(uint64_t, native, native)
		lttng_ust_field_sequence(int64_t, values, values, uint8_t, n)))

#define ERG_SAMPLE_EVENT(name)                                                                     \
	LTTNG_UST_TRACEPOINT_EVENT_INSTANCE(ergtrace, sample_class, ergtrace, name,                \
		LTTNG_UST_TP_ARGS(uint32_t, source, uint64_t, t_before, uint64_t, t_after,         \
			uint64_t, native, const int64_t *, values, uint32_t, n))
ERG_SAMPLE_EVENT(power_sample)
ERG_SAMPLE_EVENT(thermal_sample)
ERG_SAMPLE_EVENT(frequency_sample)
ERG_SAMPLE_EVENT(utilization_sample)

/* The recorder on itself, once a second and at the end; counts are since the start. */
LTTNG_UST_TRACEPOINT_EVENT(ergtrace, recorder_status,
	LTTNG_UST_TP_ARGS(const struct erg_recorder_status *, s),
	LTTNG_UST_TP_FIELDS(
		lttng_ust_field_integer(uint64_t, deadlines, s->deadlines)
		lttng_ust_field_integer(uint64_t, missed, s->missed)
		lttng_ust_field_integer(uint64_t, late_p50_ns, s->late_p50_ns)
		lttng_ust_field_integer(uint64_t, late_p99_ns, s->late_p99_ns)
		lttng_ust_field_integer(uint64_t, late_max_ns, s->late_max_ns)
		lttng_ust_field_integer(uint64_t, cpu_ns, s->cpu_ns)
		lttng_ust_field_integer(uint64_t, errors, s->errors)
		lttng_ust_field_string(detail, s->detail)))

/* A piece of a document of the archive (manifest.json, summary.json), for a trace that is streamed to
 * another machine. text begins with a line of its own that says which piece it is (see
 * record/spool/document.h). */
LTTNG_UST_TRACEPOINT_EVENT(ergtrace, document,
	LTTNG_UST_TP_ARGS(const char *, text),
	LTTNG_UST_TP_FIELDS(lttng_ust_field_string(text, text)))

/* clang-format on */
#endif /* ERG_TRACEPOINTS_PROVIDER_H */

#include <lttng/tracepoint-event.h>
