/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_TIMELINE_H
#define ERG_ANALYZE_TIMELINE_H

/*
 * One run in memory, as columns (struct of arrays): what the reader makes of an archive and all
 * that an analysis may look at. All times are CLOCK_MONOTONIC ns of the recorded machine.
 *
 * Layers are merged over processes by (network, path, name, type): one struct erg_tl_layer for one
 * layer of one network, however many processes ran it.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "analyze/timeline/times.h"
#include "formats/sensor.h"

#define ERG_NONE UINT32_MAX

enum erg_tl_level { ERG_TL_NETWORK, ERG_TL_MODULE, ERG_TL_LAYER };

struct erg_tl_layer {
	char *name, *type;
	char *network;   /* "" when the application named none */
	char *module;    /* name of the nearest enclosing module definition, or "" */
	uint32_t parent; /* index of the parent layer, or ERG_NONE */
	enum erg_tl_level level;
	uint64_t macs, params, bytes_in, bytes_out, bytes_params;
	uint8_t in_dims, out_dims, kernel_dims;
	uint32_t in_shape[8], out_shape[8], kernel_shape[8];
};

/* Elsewhere: on a device that the account at hand is not about (analyze/timeline/gpus.h). */
enum erg_tl_place { ERG_TL_HOST, ERG_TL_DEVICE, ERG_TL_ELSEWHERE };

/* A sequence of nested intervals: one thread, or one device stream, or one track of a log. */
struct erg_tl_track {
	char *name;
	uint32_t pid, tid; /* 0 where not a thread */
	enum erg_tl_place place;
};

/* Whether T counts where the time of the device (or else of the host) does. */
static inline bool erg_tl_track_is(const struct erg_tl_track *t, bool device)
{
	return t->place == (device ? ERG_TL_DEVICE : ERG_TL_HOST);
}

/* Layer instances, sorted by (begin, longer first, track). */
struct erg_tl_intervals {
	size_t n;
	uint32_t *layer; /* index into layers */
	uint32_t *iteration;
	struct erg_times begin, end;
	uint16_t *track; /* index into tracks */
	uint8_t *depth;  /* nesting depth within its track, 0 outermost */
	/* counters: n_counters columns of n deltas each, or NULL; INT64_MIN where an instance was
	 * not counted. enabled/running: ns, NULL as well when nothing was counted. */
	int64_t **counter;
	uint64_t *enabled, *running;
};

static inline uint64_t erg_tl_begin(const struct erg_tl_intervals *iv, size_t i)
{
	return erg_times_at(&iv->begin, i);
}

static inline uint64_t erg_tl_end(const struct erg_tl_intervals *iv, size_t i)
{
	return erg_times_at(&iv->end, i);
}

static inline uint64_t erg_tl_duration(const struct erg_tl_intervals *iv, size_t i)
{
	return erg_tl_end(iv, i) - erg_tl_begin(iv, i);
}

struct erg_tl_counter {
	char *name;
	char *origin; /* perf or app */
};

/* One channel of one source. raw is as recorded (cumulative values by erg_tl_unwrap). */
struct erg_tl_channel {
	uint32_t source; /* index into sources */
	struct erg_channel_def def;
	size_t n;       /* readings that succeeded, in order of time */
	uint64_t *t;    /* ns: midpoint of t_before and t_after (or the native time) */
	uint32_t *half; /* ns: half width of the reading */
	int64_t *raw;
};

struct erg_tl_source {
	char *kind, *path;
	enum erg_source_class cls;
	struct erg_sensor_model model;
	uint64_t interval_ns; /* asked of the sampler */
	bool simulated;
	bool native_time; /* t is the sensor's own time */
	uint64_t failed;  /* readings that failed */
};

struct erg_tl_phase {
	char *name;
	uint32_t pid, tid;
	uint64_t begin, end; /* end == run end for a phase that never ended */
	bool open;           /* never ended */
};

struct erg_tl_marker {
	char *text;
	uint32_t color;
	uint64_t t;
};

/* Events that were discarded because buffers were full, packets that are missing, or files that end
 * inside one ("cut"). */
struct erg_tl_loss {
	uint64_t begin, end; /* the interval they fell into */
	uint64_t events;     /* 0: unknown */
	bool samples;        /* of the samples channel, else of the layers channel */
	char *what;
};

struct erg_tl_status {
	uint64_t t, deadlines, missed, late_p50_ns, late_p99_ns, late_max_ns, cpu_ns, errors;
	char *detail;
};

struct erg_timeline {
	char *archive;       /* path as given, but in UTF-8 (formats/base/utf8.h): to be shown */
	json_t *manifest;    /* object; never NULL */
	json_t *summary;     /* object, or NULL when the archive was cut before it */
	uint64_t begin, end; /* of the command (summary), else of all events */
	bool undecoded;      /* no chunk was read: there are the documents alone */
	json_t *warnings;    /* array of {"code", "text"}: damage, loss, clock, simulated */

	size_t n_layers, n_tracks, n_counters, n_sources, n_channels, n_phases, n_markers;
	size_t n_losses, n_statuses;
	struct erg_tl_layer *layers;
	struct erg_tl_track *tracks;
	struct erg_tl_counter *counters;
	struct erg_tl_source *sources;
	struct erg_tl_channel *channels;
	struct erg_tl_phase *phases;
	struct erg_tl_marker *markers;
	struct erg_tl_loss *losses;
	struct erg_tl_status *statuses;
	size_t n_rails;
	struct erg_rail *rails; /* what the channels come to (analyze/timeline/rail.h) */

	struct erg_tl_intervals iv;

	void (*release)(struct erg_timeline *); /* frees columns the reader mapped; may be NULL */
	void *owner;
};

/* Frees everything; accepts NULL. */
void erg_timeline_free(struct erg_timeline *tl);
void erg_timeline_freep(struct erg_timeline **tl);

/* Index of the channel of RAIL with QUANTITY, or ERG_NONE. */
uint32_t erg_timeline_find(const struct erg_timeline *tl, const char *rail,
	enum erg_quantity quantity);

/* The value of channel C, which has readings, at T: linear between them and constant outside, in SI
 * units. *AT, 0 at first, remembers the place: calls come with increasing T. */
double erg_timeline_value_at(const struct erg_tl_channel *c, uint64_t t, size_t *at);

/* Makes the cumulative readings of C count on where they wrapped. Where they were reset nobody knows
 * what they counted since the reading before: there they fall by one. Returns how often that was. */
uint64_t erg_tl_unwrap(struct erg_tl_channel *c);

/* Is C a channel that says whether the hardware slows itself down? */
bool erg_timeline_tells_throttling(const struct erg_timeline *tl, const struct erg_tl_channel *c);

/* Does such a channel say so at its K-th reading? A throttle counter that moved, a cooling device
 * that is on, or one of NVML's reasons that mean heat or power. */
bool erg_timeline_throttled(const struct erg_timeline *tl, const struct erg_tl_channel *c,
	size_t k);

/* Append {"code": CODE, "text": formatted} to tl->warnings. */
void erg_timeline_warn(struct erg_timeline *tl, const char *code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
