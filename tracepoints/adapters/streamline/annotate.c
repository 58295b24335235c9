/* SPDX-License-Identifier: MIT */
/*
 * Streamline's channels and markers as layers; what becomes of which is said in
 * streamline_annotate.h. Counters and CAM jobs are in counters.c.
 *
 * Channels belong to a thread and are numbered by the program; a channel is a scope of the thread's
 * ranges. Markers belong to the process: the layer that a marker has begun is remembered once, with
 * the thread it is open in. If the next marker comes from another thread, the layer becomes a span,
 * and the first thread forgets it when it comes by.
 */
#include <string.h>
#include <time.h>

#include "tracepoints/adapters/common.h"
#include "tracepoints/adapters/streamline/named.h"
#include "tracepoints/adapters/streamline/streamline_annotate.h"

#define SEPARATOR "___"
#define NAME_MAX_ 1024

#pragma GCC visibility push(default)

static const char network_scope, marker_scope; /* only their addresses matter */

/* Under the lock of the adapter. */
static struct {
	bool inside; /* between "start" and "end" */
	uint32_t starts;
	const struct erg_adapter_thread *owner;
	uint32_t layer;
	uint64_t begin_ns;
} marked;

static const void *channel_scope(uint32_t channel)
{
	return (const void *)((uintptr_t)channel + 1);
}

/* Splits "name___type" into NAME and the returned type; FALLBACK where there is no separator. */
static const char *split_name(const char *str, char name[NAME_MAX_], const char *fallback)
{
	const char *sep = strstr(str, SEPARATOR);
	size_t n = sep ? (size_t)(sep - str) : 0;

	if (!sep || n >= NAME_MAX_)
		return NULL;
	memcpy(name, str, n);
	name[n] = '\0';
	return sep[strlen(SEPARATOR)] ? sep + strlen(SEPARATOR) : fallback;
}

static uint32_t layer_for(struct erg_adapter_thread *t, uint32_t parent, const char *str,
	const char *fallback)
{
	char name[NAME_MAX_];
	const char *type = split_name(str, name, fallback);

	return erg_adapter_id(t, ERG_RANGE_LAYER, parent, type ? name : str, type ? type : fallback,
		NULL);
}

/* Where a range of the thread belongs when no other is open: its group, as a module. */
static uint32_t home_of(struct erg_adapter_thread *t, const struct streamline_named *channel)
{
	const struct streamline_named *group =
		channel ? streamline_find(STREAMLINE_GROUP, channel->other, 0) : NULL;

	if (!group)
		return erg_adapter_network();
	return erg_adapter_id(t, ERG_RANGE_MODULE, erg_adapter_network(), group->name, "group",
		NULL);
}

static uint32_t top_layer(const struct erg_adapter_thread *t)
{
	for (uint32_t i = t->depth; i > 0; i--)
		if (t->at[i - 1].layer)
			return t->at[i - 1].layer;
	return 0;
}

void gator_annotate_str(uint32_t channel, const char *str)
{
	struct erg_adapter_thread *t = erg_adapter_self();
	const void *scope = channel_scope(channel);
	const struct streamline_named *named;
	uint32_t parent, layer = 0;

	if (!t)
		return;
	erg_adapter_pop(t, scope);
	if (!str || !*str)
		return;
	if (erg_enabled()) {
		parent = top_layer(t);
		erg_adapter_lock();
		named = streamline_find(STREAMLINE_CHANNEL, channel, 0);
		layer = layer_for(t, parent ? parent : home_of(t, named), str,
			named ? named->name : "annotation");
		erg_adapter_unlock();
	}
	erg_adapter_push(t, scope, layer);
}

void gator_annotate_color(uint32_t channel, uint32_t color, const char *str)
{
	(void)color;
	gator_annotate_str(channel, str);
}

void gator_annotate_name_channel(uint32_t channel, uint32_t group, const char *str)
{
	struct streamline_named *n;

	erg_adapter_lock();
	n = streamline_name(STREAMLINE_CHANNEL, channel, 0, str);
	if (n)
		n->other = group;
	erg_adapter_unlock();
}

void gator_annotate_name_group(uint32_t group, const char *str)
{
	erg_adapter_lock();
	streamline_name(STREAMLINE_GROUP, group, 0, str);
	erg_adapter_unlock();
}

void gator_annotate_visual(const void *data, uint32_t length, const char *str)
{
	(void)data;
	(void)length;
	gator_annotate_marker(str);
}

static void drop_marker_range(struct erg_adapter_thread *t)
{
	uint32_t i = t->depth;

	while (i > 0 && t->at[i - 1].scope != &marker_scope)
		i--;
	if (!i)
		return;
	erg_end_overlapping(t->at[i - 1].layer, 0);
	t->at[i - 1].layer = 0;
	erg_adapter_pop(t, &marker_scope);
}

/* Ends the layer that the last marker began. */
static void end_marked(struct erg_adapter_thread *t)
{
	if (marked.owner == t)
		erg_adapter_pop(t, &marker_scope);
	else
		drop_marker_range(t);
	if (marked.owner && marked.owner != t && marked.layer && erg_enabled())
		erg_span(marked.layer, marked.starts - 1, marked.begin_ns, erg_now_ns(),
			erg_track("markers across threads", false));
	marked.owner = NULL;
	marked.layer = 0;
}

static void begin_marked(struct erg_adapter_thread *t, const char *str)
{
	char name[NAME_MAX_];

	if (!erg_enabled() || !split_name(str, name, "layer"))
		return;
	marked.owner = t;
	marked.layer = layer_for(t, erg_adapter_network(), str, "layer");
	marked.begin_ns = erg_now_ns();
	erg_adapter_push(t, &marker_scope, marked.layer);
}

static void start_network(struct erg_adapter_thread *t)
{
	erg_adapter_pop(t, &network_scope);
	marked.inside = true;
	erg_iteration(marked.starts++);
	erg_adapter_push(t, &network_scope, erg_enabled() ? erg_adapter_network() : 0);
}

static void end_network(struct erg_adapter_thread *t)
{
	erg_adapter_pop(t, &network_scope);
	marked.inside = false;
}

static uint32_t rgb(uint32_t color)
{
	return (color & 0xff) != 0x1b
		? color & 0xffffff
		: (color >> 8 & 0xff) << 16 | (color >> 16 & 0xff) << 8 | color >> 24;
}

void gator_annotate_marker_color(uint32_t color, const char *str)
{
	struct erg_adapter_thread *t = erg_adapter_self();
	bool is_layer;

	if (!t)
		return;
	if (!str)
		str = "";
	erg_adapter_lock();
	end_marked(t);
	is_layer = marked.inside && strstr(str, SEPARATOR);
	if (is_layer)
		begin_marked(t, str);
	else if (!strcmp(str, "start"))
		start_network(t);
	else if (!strcmp(str, "end"))
		end_network(t);
	erg_adapter_unlock();
	if (!is_layer && erg_enabled())
		erg_marker(str, rgb(color));
}

void gator_annotate_marker(const char *str)
{
	gator_annotate_marker_color(ANNOTATE_COLOR_CYCLE, str);
}

void gator_annotate_setup(void)
{
}

void gator_annotate_fork_child(void)
{
}

void gator_annotate_flush(void)
{
}

/* That of liberg's events, which need not be there. */
uint64_t gator_get_time(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}
