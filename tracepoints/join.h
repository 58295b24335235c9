/* SPDX-License-Identifier: MIT */
#ifndef ERG_TRACEPOINTS_JOIN_H
#define ERG_TRACEPOINTS_JOIN_H

/*
 * How a program joins a recording: the contract between liberg (tracepoints/liberg/join.c) and the
 * recorder (record/session/join.c). A recording enables its events for the processes that joined and
 * for no others, so a stranger costs it nothing and pays nothing for it.
 *
 * The recorder listens on a socket (AF_UNIX, SOCK_SEQPACKET) in the folder of its user's LTTng session
 * daemon: who cannot reach that folder cannot be recorded anyway. A user who records with root's daemon
 * and has no such folder, or one with too long a name, has it in /tmp. ERG_JOIN in the environment of its
 * command is "TOKEN@PATH". A program sends one request and waits for one answer, after which its events are on.
 * A program whose environment was cleared (env -i, sudo) knows no token: it finds the sockets by their
 * names, and is taken if it descends from the command. One that sudo runs as another user cannot look into that
 * folder: an ordinary user's recorder has a second socket in /tmp, where it asks those of SUDO_UID. It is
 * recorded where both have one daemon, root's; else the recorder can tell that there was one.
 */
#define ERG_JOIN_VARIABLE "ERG_JOIN"
#define ERG_JOIN_PREFIX "erg-join-" /* of the socket's name */
#define ERG_JOIN_TOKEN 16           /* hexadecimal digits */
#define ERG_JOIN_DAEMON_DIR "/var/run/lttng"
#define ERG_JOIN_OTHER_DIR "/tmp"

struct erg_join_request {
	char token[ERG_JOIN_TOKEN]; /* zeros: not known */
};

/* Nothing is a text here: fields are filled with zeros. */
struct erg_join_answer {
	char joined; /* 1: the process is recorded now */
	char token[ERG_JOIN_TOKEN];
	char run_id[ERG_JOIN_TOKEN];
};

#endif
