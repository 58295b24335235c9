/* SPDX-License-Identifier: MIT */
#ifndef ERG_OPEN_FILES_H
#define ERG_OPEN_FILES_H

/*
 * How many files this program may have open (RLIMIT_NOFILE). The soft limit is for programs that use
 * select(2), and is 1024 nearly everywhere; LTTng needs four descriptors a processor.
 */
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Raises the soft limit towards the hard one. */
void erg_open_files_raise(void);
/* The soft limit as it was, for a program that is started. Safe after a fork. */
void erg_open_files_restore(void);
/* How many more the process PID can open, and its limit; -1 with errno where that cannot be told. */
int erg_open_files_of(pid_t pid, size_t *ret_left, size_t *ret_limit);
/* How many open files of PID have TEXT in their paths; -1 with errno. */
int erg_open_files_like(pid_t pid, const char *text);
/* Are there enough numbers above FD, which was just opened, for others of this program that cannot do without? */
bool erg_open_files_spare(int fd);

#endif
