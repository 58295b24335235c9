/* SPDX-License-Identifier: MIT */
/*
 * Streamline's counters as counters of the application, and its CAM jobs as spans. An absolute
 * counter is turned into differences. What a counter's modifier says is divided out, as Streamline
 * does when it shows the value.
 */
#include <stdio.h>

#include "tracepoints/adapters/common.h"
#include "tracepoints/adapters/streamline/named.h"
#include "tracepoints/adapters/streamline/streamline_annotate.h"

#pragma GCC visibility push(default)

void gator_annotate_counter(uint32_t id, const char *title, const char *name, int per_cpu,
	enum gator_annotate_counter_class counter_class, enum gator_annotate_display display,
	const char *units, uint32_t modifier,
	enum gator_annotate_series_composition series_composition,
	enum gator_annotate_rendering_type rendering_type, int average_selection, int average_cores,
	int percentage, size_t activity_count, const char *const *activities,
	const uint32_t *activity_colors, uint32_t cores, uint32_t color, const char *description)
{
	char text[256];
	struct streamline_named *n;

	if (counter_class != ANNOTATE_DELTA && counter_class != ANNOTATE_ABSOLUTE)
		return;
	snprintf(text, sizeof(text), "%.100s: %.100s", title ? title : "", name ? name : "");
	erg_adapter_lock();
	n = streamline_name(STREAMLINE_COUNTER, id, 0, text);
	if (n) {
		n->id = erg_counter(text);
		n->other = counter_class;
		n->divide = modifier ? modifier : 1;
	}
	erg_adapter_unlock();
}

void gator_annotate_counter_value(uint32_t core, uint32_t id, int64_t value)
{
	struct streamline_named *n;
	int64_t by = value;

	erg_adapter_lock();
	n = streamline_find(STREAMLINE_COUNTER, id, 0);
	if (n && n->other == ANNOTATE_ABSOLUTE) {
		by = value - n->value;
		n->value = value;
	}
	if (n)
		erg_counter_add(n->id, by / (int64_t)n->divide);
	erg_adapter_unlock();
}

void gator_annotate_counter_time_value(uint32_t core, uint32_t id, uint64_t time, int64_t value)
{
	gator_annotate_counter_value(core, id, value);
}

void gator_annotate_activity_switch(uint32_t core, uint32_t id, uint32_t activity, uint32_t tid)
{
}

void gator_cam_view_name(uint32_t view_uid, const char *name)
{
	erg_adapter_lock();
	streamline_name(STREAMLINE_VIEW, view_uid, 0, name);
	erg_adapter_unlock();
}

void gator_cam_track(uint32_t view_uid, uint32_t track_uid, uint32_t parent_track, const char *name)
{
	const struct streamline_named *view;
	struct streamline_named *track;
	char text[256];

	erg_adapter_lock();
	view = streamline_find(STREAMLINE_VIEW, view_uid, 0);
	snprintf(text, sizeof(text), "%.100s%s%.100s", view ? view->name : "", view ? "/" : "",
		name ? name : "");
	track = streamline_name(STREAMLINE_TRACK, view_uid, track_uid, text);
	if (track)
		track->id = erg_track(text, false);
	erg_adapter_unlock();
}

/* With the lock held. Jobs of a track that was never named go to one for all. */
static uint32_t track_of(uint32_t view_uid, uint32_t track_uid)
{
	const struct streamline_named *t = streamline_find(STREAMLINE_TRACK, view_uid, track_uid);

	return t ? t->id : erg_track("jobs", false);
}

static uint32_t layer_of(const char *name)
{
	struct erg_adapter_thread *t = erg_adapter_self();

	return t ? erg_adapter_id(t, ERG_RANGE_LAYER, 0, name, "job", NULL) : 0;
}

void gator_cam_job(uint32_t view_uid, uint32_t job_uid, const char *name, uint32_t track,
	uint64_t start_time, uint64_t duration, uint32_t color, uint32_t primary_dependency,
	size_t dependency_count, const uint32_t *dependencies)
{
	uint32_t on;

	if (!erg_enabled())
		return;
	erg_adapter_lock();
	on = track_of(view_uid, track);
	erg_adapter_unlock();
	erg_span(layer_of(name), 0, start_time, start_time + duration, on);
}

void gator_cam_job_start(uint32_t view_uid, uint32_t job_uid, const char *name, uint32_t track,
	uint64_t time, uint32_t color)
{
	struct streamline_named *job;

	if (!erg_enabled())
		return;
	erg_adapter_lock();
	job = streamline_name(STREAMLINE_JOB, view_uid, job_uid, name);
	if (job) {
		job->id = layer_of(name);
		job->other = track_of(view_uid, track);
		job->value = (int64_t)time;
	}
	erg_adapter_unlock();
}

void gator_cam_job_set_dependencies(uint32_t view_uid, uint32_t job_uid, uint64_t time,
	uint32_t primary_dependency, size_t dependency_count, const uint32_t *dependencies)
{
}

void gator_cam_job_stop(uint32_t view_uid, uint32_t job_uid, uint64_t time)
{
	struct streamline_named *job;

	erg_adapter_lock();
	job = streamline_find(STREAMLINE_JOB, view_uid, job_uid);
	if (job && job->id)
		erg_span(job->id, 0, (uint64_t)job->value, time, job->other);
	if (job)
		job->id = 0;
	erg_adapter_unlock();
}
