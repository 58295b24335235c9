/* SPDX-License-Identifier: MIT */
/*
 * liberg: definitions, phases, markers, counters and spans, and what happens when the library is
 * loaded. The pair around a layer is in pair.c.
 *
 * The environment is read once, at load:
 *	ERG_RUN_ID		id of the recording that started the program
 *	ERG_JOIN		where that recording is joined (join.c)
 *	ERG_FORK_AT_ONCE=1	children register with LTTng when they are forked (fork.c)
 *	ERG_COUNTERS		perf events to read at the boundaries of layers (counters.c)
 *	ERG_LAYER_BEGIN=1	emit layer_begin as well
 *	ERG_LIVE		the recorder's page, where it is told what runs (live_page.h)
 * Loading never fails and writes nothing to the program's output. Whether LTTng delays the start of
 * the program is LTTng's own LTTNG_UST_REGISTER_TIMEOUT: with no session daemon there is no delay,
 * and with one that does not answer at most 3 s.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tracepoints/liberg/fork.h"
#include "tracepoints/liberg/internal.h"

_Static_assert(ERG_MAX_DIMS == ERG_DIMS_MAX, "erg.h and provider_types.h agree");

/* Constructors of one library run in the order of its objects: the provider's is the first. */
static __attribute__((constructor)) void load(void)
{
	const char *begin = getenv("ERG_LAYER_BEGIN");

	erg_state_.begin_events = begin && !strcmp(begin, "1");
	/* opened for writing: not with the rights of a file */
	erg_live_init(secure_getenv("ERG_LIVE"));
	erg_thread_init();
	erg_counters_init(getenv("ERG_COUNTERS"));
	erg_dump_init();
	erg_fork_init();
}

static uint32_t define_named(struct erg_layer_def *d, const char *name, const char *type)
{
	char clean_name[ERG_TEXT_MAX], clean_type[ERG_TEXT_MAX];
	bool is_new;
	uint32_t id;

	erg_text_clean(clean_name, name);
	erg_text_clean(clean_type, type);
	if (!erg_registry_get(d->parent))
		d->parent = 0;
	d->name = clean_name;
	d->type = clean_type;
	d->network = "";
	id = erg_registry_layer(d, &is_new);
	if (is_new) {
		erg_fork_settle();
		lttng_ust_tracepoint(ergtrace, layer_define, erg_registry_get(id));
	}
	d->name = d->type = ""; /* the clean ones are gone */
	return id;
}

uint32_t erg_network(const char *name)
{
	struct erg_layer_def d = {.level = ERG_LEVEL_NETWORK};

	return define_named(&d, name, "network");
}

uint32_t erg_module(uint32_t parent, const char *name, const char *type)
{
	struct erg_layer_def d = {.level = ERG_LEVEL_MODULE, .parent = parent};

	return define_named(&d, name, type);
}

static uint8_t dims(uint8_t n)
{
	return n < ERG_MAX_DIMS ? n : ERG_MAX_DIMS;
}

/* A struct whose size was forgotten has no name: all layers would be one. */
static bool layer_named(const struct erg_layer_info *info)
{
	static _Atomic bool size_said, name_said;

	if (info->size < offsetof(struct erg_layer_info, name) + sizeof(info->name)) {
		erg_notice(&size_said,
			"erg_layer: info->size is %zu: expected sizeof(struct erg_layer_info), "
			"%zu; such layers are not recorded",
			info->size, sizeof(*info));
		return false;
	}
	if (!info->name || !*info->name) {
		erg_notice(&name_said,
			"erg_layer: info->name is empty: expected a name that is unique within its "
			"network; such layers are not recorded");
		return false;
	}
	return true;
}

uint32_t erg_layer(uint32_t parent, const struct erg_layer_info *info)
{
	struct erg_layer_info i = {0};
	struct erg_layer_def d;

	if (!info || !layer_named(info))
		return 0;
	memcpy(&i, info, info->size < sizeof(i) ? info->size : sizeof(i));
	d = (struct erg_layer_def){
		.parent = parent,
		.level = ERG_LEVEL_LAYER,
		.macs = i.macs,
		.params = i.params,
		.bytes_in = i.bytes_in,
		.bytes_out = i.bytes_out,
		.bytes_params = i.bytes_params,
		.in_dims = dims(i.in_dims),
		.out_dims = dims(i.out_dims),
		.kernel_dims = dims(i.kernel_dims),
	};
	memcpy(d.in_shape, i.in_shape, sizeof(d.in_shape));
	memcpy(d.out_shape, i.out_shape, sizeof(d.out_shape));
	memcpy(d.kernel_shape, i.kernel_shape, sizeof(d.kernel_shape));
	return define_named(&d, i.name, i.type);
}

uint32_t erg_track(const char *name, bool device)
{
	char clean[ERG_TEXT_MAX];
	bool is_new;
	uint32_t id;

	erg_text_clean(clean, name);
	id = erg_registry_track(clean, device, &is_new);
	if (is_new) {
		const struct erg_track_def *t = erg_registry_track_get(id);

		erg_fork_settle();
		lttng_ust_tracepoint(ergtrace, track_define, t->track, t->name, t->device);
	}
	return id;
}

void erg_thread_name_of(uint32_t tid, const char *name)
{
	char clean[ERG_TEXT_MAX];

	erg_text_clean(clean, name);
	if (tid && *clean && erg_registry_thread(tid, clean)) {
		erg_fork_settle();
		lttng_ust_tracepoint(ergtrace, thread_define, tid, clean);
	}
}

void erg_thread_name(const char *name)
{
	erg_thread_name_of((uint32_t)gettid(), name);
}

/* Where the counters of the calling thread stand, so that a phase can be summed over threads. */
static void snapshot(void)
{
	struct erg_thread *t;
	struct erg_reading r;

	if (!erg_counters_n() || !lttng_ust_tracepoint_enabled(ergtrace, counter_snapshot))
		return;
	t = erg_thread_self();
	if (!t)
		return;
	erg_counters_read_perf(t, &r);
	erg_counters_read_app(t, &r);
	lttng_ust_tracepoint(ergtrace, counter_snapshot, r.enabled, r.running, r.values, r.n);
}

void erg_phase_begin(const char *name)
{
	char clean[ERG_TEXT_MAX];

	erg_fork_settle();
	if (!lttng_ust_tracepoint_enabled(ergtrace, phase_begin))
		return;
	erg_text_clean(clean, name);
	snapshot();
	lttng_ust_tracepoint(ergtrace, phase_begin, clean);
}

void erg_phase_end(const char *name)
{
	char clean[ERG_TEXT_MAX];

	erg_fork_settle();
	if (!lttng_ust_tracepoint_enabled(ergtrace, phase_end))
		return;
	erg_text_clean(clean, name);
	lttng_ust_tracepoint(ergtrace, phase_end, clean);
	snapshot();
}

void erg_marker(const char *text, uint32_t color)
{
	char clean[ERG_TEXT_MAX];

	erg_fork_settle();
	if (!lttng_ust_tracepoint_enabled(ergtrace, marker))
		return;
	erg_text_clean(clean, text);
	lttng_ust_tracepoint(ergtrace, marker, clean, color);
}

uint32_t erg_counter(const char *name)
{
	char clean[ERG_TEXT_MAX];
	bool is_new;
	uint32_t index;

	erg_text_clean(clean, name);
	index = erg_counters_define(clean, &is_new);
	if (is_new) {
		erg_fork_settle();
		lttng_ust_tracepoint(ergtrace, counter_define, index, erg_counters_get(index)->name,
			"app");
	}
	return index;
}

void erg_counter_add(uint32_t counter, int64_t n)
{
	struct erg_thread *t;

	if (counter >= ERG_MAX_COUNTERS)
		return;
	t = erg_thread_self();
	if (t)
		t->app[counter] += n;
}
