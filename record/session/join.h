/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_SESSION_JOIN_H
#define ERG_RECORD_SESSION_JOIN_H

/*
 * Who is recorded: the command, what it starts, and nobody else. Programs with liberg ask to join
 * (tracepoints/join.h), and a thread of the recorder puts them into the session's inclusion set.
 */
#include <stdint.h>
#include <sys/types.h>

#include "formats/base/err.h"
#include "record/session/session.h"

struct erg_join_report {
	uint64_t joined;       /* processes taken */
	uint64_t by_descent;   /* of them those that brought no token */
	uint64_t apart;        /* of them those that cannot open a file of ours by /proc */
	uint64_t late;         /* of them those that had not waited for the answer */
	uint64_t failed;       /* those that LTTng did not take */
	uint64_t other_clocks; /* those in a time namespace with other times, which are left out */
	uint64_t
		few_files; /* of those taken, those that LTTng leaves out for they may open too few files */
	uint64_t
		no_buffers; /* those with too little memory for LTTng's buffers, which are left out, too */
	uint64_t other_users; /* programs of the command as another user, whose daemon is another */
	uint64_t
		went_on; /* of those taken, those that still ran when nobody was answered any more */
	uint64_t strangers; /* programs that asked and do not descend from the recorder */
};

struct erg_join;

/* Makes the socket of the run RUN_ID. Call with the daemon's lock held and the daemon alive. */
int erg_join_open(const char *run_id, struct erg_join **ret, struct erg_err *err);
/* The value of ERG_JOIN for the command. Valid until free. */
const char *erg_join_variable(const struct erg_join *j);
/* From now on programs are answered. */
int erg_join_serve(struct erg_join *j, struct erg_session *session, struct erg_err *err);
/* Puts PID into the session: a child that runs no program yet, or a program that was there before. -EXDEV:
 * its times mean something else. */
int erg_join_take(struct erg_join *j, pid_t pid, struct erg_err *err);
/* Nobody is answered any more. */
void erg_join_stop(struct erg_join *j);
/* After stop. */
void erg_join_reported(const struct erg_join *j, struct erg_join_report *ret);
void erg_join_free(struct erg_join *j);

#endif
