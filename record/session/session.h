/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_SESSION_H
#define ERG_RECORD_SESSION_H

/*
 * The recording session: what erg-record asks of LTTng. No other room of the recorder
 * knows LTTng's control library. Calls may come from any thread; they take turns, because the library
 * keeps one connection for the whole process.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "formats/base/err.h"

struct erg_session_config {
	const char *name;          /* ergtrace-PID-RUNID */
	const char *spool;         /* directory of the chunks; not used with url */
	const char *url;           /* "net://HOST" of a relay daemon, or NULL */
	const char *shm;           /* directory in memory for the buffers (shm.h), or NULL */
	double sample_bytes_per_s; /* what the sampler will write */
	bool layer_begin;          /* record layer_begin too */
	bool joined_only;          /* record this process and those that are included, not all */
	uint64_t chunk_bytes;      /* rotate when a chunk is this large; 0: never */
	uint64_t chunk_period_ns;  /* rotate this often; 0: never */
};

struct erg_session_losses {
	uint64_t layer_events, sample_events; /* discarded because a buffer was full */
	uint64_t packets;                     /* lost after they were written */
};

struct erg_session;

/* A session daemon answers. */
bool erg_session_daemon_alive(void);
/* The number of sessions that the daemon has, or a negative errno. */
int erg_session_count(struct erg_err *err);

/* Creates the session with its channels and events, and starts it. On failure nothing is left. */
int erg_session_start(const struct erg_session_config *cfg, struct erg_session **ret,
	struct erg_err *err);
/* Of a session with joined_only: from the return on PID's events are enabled; PID is one of the session
 * daemon's pid namespace. */
int erg_session_include(struct erg_session *s, pid_t pid, struct erg_err *err);
void erg_session_exclude(struct erg_session *s, pid_t pid);
/* Annotated programs, but for recorders, that ran already when the session was made. */
unsigned erg_session_found(const struct erg_session *s);
/* 0, or -EPIPE with a message when the session daemon or the consumer daemon is gone. */
int erg_session_check(struct erg_session *s, struct erg_err *err);
/* Stops recording at once, and waits for nothing. */
void erg_session_halt(struct erg_session *s);
/* Stops recording, waits until everything is in the spool, counts the losses, and destroys the
 * session. */
int erg_session_stop(struct erg_session *s, struct erg_session_losses *ret, struct erg_err *err);
/* The daemons are gone: nothing more is asked of them for this session. A session daemon whose
 * consumer died answers some commands with silence. */
void erg_session_abandon(struct erg_session *s);
/* Destroys the session if it is still there. */
void erg_session_free(struct erg_session *s);

/* Stops and destroys the session NAME, whoever made it; 1 when there is no such session. */
int erg_session_end_by_name(const char *name, struct erg_err *err);
/* How many descriptors LTTng opens in each program that is recorded; of them those for the buffers; and the
 * number of buffers. */
size_t erg_session_files(void);
size_t erg_session_buffer_files(void);
size_t erg_session_buffers(void);
/* False where PID, which is recorded, is known to lack some of the buffers: LTTng then records nothing of it, and
 * tells nobody. */
bool erg_session_mapped(const struct erg_session *s, pid_t pid);
/* Bytes of all buffers. */
uint64_t erg_session_buffer_bytes(const struct erg_session *s);
/* Calls FN with the name and the output path of each session of this daemon. */
int erg_session_each(void (*fn)(void *data, const char *name, const char *path), void *data,
	struct erg_err *err);

#endif
