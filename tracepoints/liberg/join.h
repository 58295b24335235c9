/* SPDX-License-Identifier: MIT */
#ifndef ERG_TRACEPOINTS_LIBERG_JOIN_H
#define ERG_TRACEPOINTS_LIBERG_JOIN_H

#include <stdbool.h>

#define ERG_JOIN_RUN_ID 17

/* Joins the recording that the program belongs to, if there is one; RUN_ID is its id, else "". */
void erg_join_recording(char run_id[ERG_JOIN_RUN_ID]);
/* The same for a forked child of a process that has joined. */
void erg_join_again(void);

#endif
