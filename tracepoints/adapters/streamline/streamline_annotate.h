/* SPDX-License-Identifier: MIT */
#ifndef STREAMLINE_ANNOTATE_H
#define STREAMLINE_ANNOTATE_H

/*
 * Streamline annotations for ergtrace: the macros and functions of Arm's annotation API under
 * their names (https://developer.arm.com/documentation/101816, "Annotate your code"), written anew
 * on top of liberg. A program annotated for Streamline includes this header in place of Arm's and
 * is linked with -lerg-streamline instead of streamline_annotate.c.
 *
 * What becomes of them:
 * - between the markers "start" and "end" a marker "name___type" is a layer that ends at the next
 *   marker of the process; start to end is the network, and one iteration. Every other marker is a
 *   marker;
 * - an annotation of a channel is a layer of the thread, within what is open in its other channels;
 *   "name___type" gives its type, else the channel's name does. A channel's next annotation ends
 *   the one before;
 * - a group is a module;
 * - a counter is a counter of the application: layers carry by how much it grew;
 * - CAM jobs are spans on their track.
 *
 * Colours are kept for markers. Visual annotations (images) keep their text alone.
 */
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Bytes in memory: ESC, red, green, blue. */
#define ANNOTATE_COLOR_RGB(r, g, b)                                                                \
	((uint32_t)0x1b | (uint32_t)(r) << 8 | (uint32_t)(g) << 16 | (uint32_t)(b) << 24)
#define ANNOTATE_RED ANNOTATE_COLOR_RGB(0xff, 0x00, 0x00)
#define ANNOTATE_BLUE ANNOTATE_COLOR_RGB(0x00, 0x00, 0xff)
#define ANNOTATE_GREEN ANNOTATE_COLOR_RGB(0x00, 0xff, 0x00)
#define ANNOTATE_PURPLE ANNOTATE_COLOR_RGB(0xff, 0x00, 0xff)
#define ANNOTATE_YELLOW ANNOTATE_COLOR_RGB(0xff, 0xff, 0x00)
#define ANNOTATE_CYAN ANNOTATE_COLOR_RGB(0x00, 0xff, 0xff)
#define ANNOTATE_WHITE ANNOTATE_COLOR_RGB(0xff, 0xff, 0xff)
#define ANNOTATE_LTGRAY ANNOTATE_COLOR_RGB(0xbb, 0xbb, 0xbb)
#define ANNOTATE_DKGRAY ANNOTATE_COLOR_RGB(0x55, 0x55, 0x55)
#define ANNOTATE_BLACK ANNOTATE_COLOR_RGB(0x00, 0x00, 0x00)
#define ANNOTATE_COLOR_CYCLE 0x00000000u

enum gator_annotate_counter_class {
	ANNOTATE_DELTA = 1,
	ANNOTATE_ABSOLUTE,
	ANNOTATE_ACTIVITY,
	ANNOTATE_INCIDENT,
};

enum gator_annotate_display {
	ANNOTATE_AVERAGE = 1,
	ANNOTATE_ACCUMULATE,
	ANNOTATE_HERTZ,
	ANNOTATE_MAXIMUM,
	ANNOTATE_MINIMUM,
};

enum gator_annotate_series_composition { ANNOTATE_STACKED = 1, ANNOTATE_OVERLAY, ANNOTATE_LOG10 };

enum gator_annotate_rendering_type { ANNOTATE_FILL = 1, ANNOTATE_LINE, ANNOTATE_BAR };

void gator_annotate_setup(void);
uint64_t gator_get_time(void);
void gator_annotate_fork_child(void);
void gator_annotate_flush(void);

void gator_annotate_str(uint32_t channel, const char *str);
void gator_annotate_color(uint32_t channel, uint32_t color, const char *str);
void gator_annotate_name_channel(uint32_t channel, uint32_t group, const char *str);
void gator_annotate_name_group(uint32_t group, const char *str);
void gator_annotate_visual(const void *data, uint32_t length, const char *str);
void gator_annotate_marker(const char *str);
void gator_annotate_marker_color(uint32_t color, const char *str);

void gator_annotate_counter(uint32_t id, const char *title, const char *name, int per_cpu,
	enum gator_annotate_counter_class counter_class, enum gator_annotate_display display,
	const char *units, uint32_t modifier,
	enum gator_annotate_series_composition series_composition,
	enum gator_annotate_rendering_type rendering_type, int average_selection, int average_cores,
	int percentage, size_t activity_count, const char *const *activities,
	const uint32_t *activity_colors, uint32_t cores, uint32_t color, const char *description);
void gator_annotate_counter_value(uint32_t core, uint32_t id, int64_t value);
void gator_annotate_counter_time_value(uint32_t core, uint32_t id, uint64_t time, int64_t value);
void gator_annotate_activity_switch(uint32_t core, uint32_t id, uint32_t activity, uint32_t tid);

void gator_cam_track(uint32_t view_uid, uint32_t track_uid, uint32_t parent_track,
	const char *name);
void gator_cam_job(uint32_t view_uid, uint32_t job_uid, const char *name, uint32_t track,
	uint64_t start_time, uint64_t duration, uint32_t color, uint32_t primary_dependency,
	size_t dependency_count, const uint32_t *dependencies);
void gator_cam_job_start(uint32_t view_uid, uint32_t job_uid, const char *name, uint32_t track,
	uint64_t time, uint32_t color);
void gator_cam_job_set_dependencies(uint32_t view_uid, uint32_t job_uid, uint64_t time,
	uint32_t primary_dependency, size_t dependency_count, const uint32_t *dependencies);
void gator_cam_job_stop(uint32_t view_uid, uint32_t job_uid, uint64_t time);
void gator_cam_view_name(uint32_t view_uid, const char *name);

#ifdef __cplusplus
}
#endif

#define ANNOTATE_DEFINE extern int gator_annotate_unused
#define ANNOTATE_SETUP gator_annotate_setup()

#define ANNOTATE(str) gator_annotate_str(0, (str))
#define ANNOTATE_CHANNEL(channel, str) gator_annotate_str((channel), (str))
#define ANNOTATE_COLOR(color, str) gator_annotate_color(0, (color), (str))
#define ANNOTATE_CHANNEL_COLOR(channel, color, str) gator_annotate_color((channel), (color), (str))
#define ANNOTATE_END() gator_annotate_str(0, NULL)
#define ANNOTATE_CHANNEL_END(channel) gator_annotate_str((channel), NULL)
#define ANNOTATE_NAME_CHANNEL(channel, group, str)                                                 \
	gator_annotate_name_channel((channel), (group), (str))
#define ANNOTATE_NAME_GROUP(group, str) gator_annotate_name_group((group), (str))

#define ANNOTATE_VISUAL(data, length, str) gator_annotate_visual((data), (length), (str))

#define ANNOTATE_MARKER() gator_annotate_marker(NULL)
#define ANNOTATE_MARKER_STR(str) gator_annotate_marker(str)
#define ANNOTATE_MARKER_COLOR(color) gator_annotate_marker_color((color), NULL)
#define ANNOTATE_MARKER_COLOR_STR(color, str) gator_annotate_marker_color((color), (str))

#define ANNOTATE_COUNTER_COMMON_(id, title, name, cls, display, color)                             \
	gator_annotate_counter((id), (title), (name), 0, (cls), (display), NULL, 1,                \
		ANNOTATE_STACKED, ANNOTATE_FILL, 0, 0, 0, 0, NULL, NULL, 0, (color), NULL)
#define ANNOTATE_DELTA_COUNTER(id, title, name)                                                    \
	ANNOTATE_COUNTER_COMMON_(id, title, name, ANNOTATE_DELTA, ANNOTATE_ACCUMULATE,             \
		ANNOTATE_COLOR_CYCLE)
#define ANNOTATE_DELTA_COUNTER_COLOR(id, title, name, color)                                       \
	ANNOTATE_COUNTER_COMMON_(id, title, name, ANNOTATE_DELTA, ANNOTATE_ACCUMULATE, color)
#define ANNOTATE_ABSOLUTE_COUNTER(id, title, name)                                                 \
	ANNOTATE_COUNTER_COMMON_(id, title, name, ANNOTATE_ABSOLUTE, ANNOTATE_MAXIMUM,             \
		ANNOTATE_COLOR_CYCLE)
#define ANNOTATE_ABSOLUTE_COUNTER_COLOR(id, title, name, color)                                    \
	ANNOTATE_COUNTER_COMMON_(id, title, name, ANNOTATE_ABSOLUTE, ANNOTATE_MAXIMUM, color)
#define ANNOTATE_COUNTER_VALUE(id, value) gator_annotate_counter_value(0, (id), (value))
#define ANNOTATE_COUNTER_TIME_VALUE(id, time, value)                                               \
	gator_annotate_counter_time_value(0, (id), (time), (value))
#define ANNOTATE_ACTIVITY_SWITCH(id, activity, tid)                                                \
	gator_annotate_activity_switch(0, (id), (activity), (tid))

#define CAM_TRACK(view_uid, track_uid, parent_track, name)                                         \
	gator_cam_track((view_uid), (track_uid), (parent_track), (name))
#define CAM_JOB(view_uid, job_uid, name, track, start_time, duration, color)                       \
	gator_cam_job((view_uid), (job_uid), (name), (track), (start_time), (duration), (color),   \
		(uint32_t)-1, 0, NULL)
#define CAM_JOB_DEP(view_uid, job_uid, name, track, start_time, duration, color, dependency)       \
	gator_cam_job((view_uid), (job_uid), (name), (track), (start_time), (duration), (color),   \
		(dependency), 0, NULL)
#define CAM_JOB_DEPS(view_uid, job_uid, name, track, start_time, duration, color, primary, count,  \
	dependencies)                                                                              \
	gator_cam_job((view_uid), (job_uid), (name), (track), (start_time), (duration), (color),   \
		(primary), (count), (dependencies))
#define CAM_JOB_START(view_uid, job_uid, name, track, time, color)                                 \
	gator_cam_job_start((view_uid), (job_uid), (name), (track), (time), (color))
#define CAM_JOB_SET_DEP(view_uid, job_uid, time, dependency)                                       \
	gator_cam_job_set_dependencies((view_uid), (job_uid), (time), (dependency), 0, NULL)
#define CAM_JOB_SET_DEPS(view_uid, job_uid, time, count, dependencies)                             \
	gator_cam_job_set_dependencies((view_uid), (job_uid), (time), (uint32_t)-1, (count),       \
		(dependencies))
#define CAM_JOB_STOP(view_uid, job_uid, time) gator_cam_job_stop((view_uid), (job_uid), (time))
#define CAM_VIEW_NAME(view_uid, name) gator_cam_view_name((view_uid), (name))

#endif
