/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_SOURCES_GUARD_H
#define ERG_RECORD_SOURCES_GUARD_H

/* Settings of sensors that must be put back even when the recorder is killed. */
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define ERG_GUARD_MAX 80

struct erg_guard {
	pid_t pid; /* 0: none */
	int fd;
	size_t n;
	struct erg_guard_file {
		char path[320];
		char text[32]; /* what is written back, in this order */
	} files[ERG_GUARD_MAX];
};

/* One more file. False when there are ERG_GUARD_MAX, or the text or path is too long: it would not be
 * put back, so it must not be changed. */
bool erg_guard_add(struct erg_guard *g, const char *text, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Starts the guard: a process that writes the files back when the caller dies. Where none can be
 * started the caller alone puts them back. */
void erg_guard_start(struct erg_guard *g);

/* Puts the files back, sends the guard home and forgets the files. May be called twice, and without
 * a start. */
void erg_guard_finish(struct erg_guard *g);

#endif
