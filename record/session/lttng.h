/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_SESSION_LTTNG_H
#define ERG_RECORD_SESSION_LTTNG_H

/*
 * LTTng's control library, for the files of this room. It is opened when a session or a daemon is asked for:
 * Debian's is linked with libxml2 and that with ICU, which `sources`, `top` or `restore` have no use for.
 * The library keeps one connection for the process: who calls it holds the lock.
 */
#include <lttng/lttng.h>

#include "formats/base/err.h"
#include "formats/base/util.h"

/* meson finds out whether it has this one (2.15 and later). */
#ifdef ERG_LTTNG_TRACE_FORMAT
#define ERG_LTTNG_SINCE_2_15(X) X(session_descriptor_set_trace_format)
#else
#define ERG_LTTNG_SINCE_2_15(X)
#endif

/* Without the lttng_ of their names. */
#define ERG_LTTNG(X)                                                                               \
	ERG_LTTNG_SINCE_2_15(X)                                                                    \
	X(add_context)                                                                             \
	X(channel_create)                                                                          \
	X(channel_destroy)                                                                         \
	X(channel_get_discarded_event_count)                                                       \
	X(channel_get_lost_packet_count)                                                           \
	X(create_handle)                                                                           \
	X(create_session_ext)                                                                      \
	X(data_pending)                                                                            \
	X(destroy_handle)                                                                          \
	X(destroy_session_ext)                                                                     \
	X(destroy_session_no_wait)                                                                 \
	X(destruction_handle_destroy)                                                              \
	X(destruction_handle_get_result)                                                           \
	X(destruction_handle_wait_for_completion)                                                  \
	X(enable_channel)                                                                          \
	X(enable_event)                                                                            \
	X(enable_event_with_exclusions)                                                            \
	X(event_create)                                                                            \
	X(event_destroy)                                                                           \
	X(health_create_consumerd)                                                                 \
	X(health_destroy)                                                                          \
	X(health_query)                                                                            \
	X(list_channels)                                                                           \
	X(list_sessions)                                                                           \
	X(list_tracepoints)                                                                        \
	X(process_attr_tracker_handle_destroy)                                                     \
	X(process_attr_tracker_handle_set_tracking_policy)                                         \
	X(process_attr_virtual_process_id_tracker_handle_add_pid)                                  \
	X(process_attr_virtual_process_id_tracker_handle_remove_pid)                               \
	X(rotation_schedule_destroy)                                                               \
	X(rotation_schedule_periodic_create)                                                       \
	X(rotation_schedule_periodic_set_period)                                                   \
	X(rotation_schedule_size_threshold_create)                                                 \
	X(rotation_schedule_size_threshold_set_threshold)                                          \
	X(session_add_rotation_schedule)                                                           \
	X(session_daemon_alive)                                                                    \
	X(session_descriptor_destroy)                                                              \
	X(session_descriptor_local_create)                                                         \
	X(session_descriptor_network_create)                                                       \
	X(session_get_tracker_handle)                                                              \
	X(set_session_shm_path)                                                                    \
	X(start_tracing)                                                                           \
	X(stop_tracing_no_wait)                                                                    \
	X(strerror)

#define ERG_LTTNG_POINTER(name) __typeof__(&lttng_##name) name;

struct erg_lttng {
	ERG_LTTNG(ERG_LTTNG_POINTER)
};

/* To be called after erg_lttng_load(), by who holds the lock. */
extern struct erg_lttng erg_lttng;

/* Loads the library; -EMFILE also where its calls would have too few files. */
int erg_lttng_load(struct erg_err *err);

void erg_lttng_lock(void);
void erg_lttng_unlock(void *unused);

/* To the end of the block. */
#define ERG_LTTNG_LOCKED()                                                                         \
	_cleanup_(erg_lttng_unlock) char erg_lttng_locked_ __attribute__((unused)) = 0;            \
	erg_lttng_lock()

/* LTTng's error CODE (negative, as its functions return it) as an erg_err. */
int erg_lttng_fail(struct erg_err *err, int code, const char *what);

/* Events of programs of this user, which share buffers. */
struct lttng_domain erg_lttng_domain(void);

/*
 * LTTng 2.15 and later write CTF 2 unless told, which babeltrace2 reads since 2.1 only: archives are
 * CTF 1.8 whoever wrote them. D may be NULL.
 */
void erg_lttng_ctf_1_8(struct lttng_session_descriptor *d);

#endif
