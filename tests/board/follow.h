/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_TESTS_BOARD_FOLLOW_H
#define ERG_TESTS_BOARD_FOLLOW_H

/*
 * Activity from CPU time: of a process with all its descendants, or of the whole machine.
 */
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#define ERG_FOLLOW_MAX 128

enum erg_follow_mode { ERG_FOLLOW_NONE, ERG_FOLLOW_PID, ERG_FOLLOW_ALL };

struct erg_follow_process {
	pid_t pid;
	clockid_t clock;
	uint64_t cpu_ns;
};

struct erg_follow {
	enum erg_follow_mode mode;
	pid_t root;
	struct erg_follow_process p[ERG_FOLLOW_MAX];
	size_t n;
	uint64_t scanned_ns; /* when descendants were last looked for */
	uint64_t asked_ns;
	uint64_t all_ns;  /* busy time of the whole machine */
	uint64_t owed_ns; /* busy time that was seen late: more than fits since the last call */
	double activity;  /* of the last interval */
};

void erg_follow_init(struct erg_follow *f, enum erg_follow_mode mode, pid_t root);

/* Busy cores, on average, since the last call. */
double erg_follow_activity(struct erg_follow *f, uint64_t now_ns);

#endif
