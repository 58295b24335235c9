/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_COUNTERS_NAMES_H
#define ERG_RECORD_COUNTERS_NAMES_H

/* Between counters.c and those who know names of events. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ERG_COUNTER_NAME 96

struct erg_counter_event {
	char name[ERG_COUNTER_NAME]; /* as the person wrote it */
	char event
		[ERG_COUNTER_NAME]; /* in full: "skx::INSTRUCTION_RETIRED", "kernel:instructions" */
	uint32_t type;              /* of struct perf_event_attr, as the next three */
	uint64_t config, config1, config2;
};

/* The kernel's own names, hardware and software (kernel.c). */
bool erg_counter_kernel_find(const char *name, struct erg_counter_event *ret);
void erg_counter_kernel_each(void (*f)(void *arg, const char *name), void *arg);

/* Processor events by libpfm4 (pfm.c), or none where it is not there (nopfm.c).
 * 0, or -ENOENT with a reason. */
int erg_counter_pfm_find(const char *name, struct erg_counter_event *ret, const char **ret_reason);
void erg_counter_pfm_each(void (*f)(void *arg, const char *name), void *arg);
const char *erg_counter_pfm_about(void); /* "libpfm4 4.13", or that it is missing */

/* How many of EV[0..N-1] one group of this thread holds, counting from the first; a group of one
 * that cannot be opened gives a negative errno. A group that opens and is never scheduled (a
 * watchdog holds a counter) is -EBUSY. */
int erg_counter_fit(const struct erg_counter_event *ev, size_t n);

/* Opens EV for the calling thread in the group of that descriptor (-1: as the leader of one);
 * returns a descriptor or a negative errno. The kernel's, unless a test puts its own here. */
extern int (*erg_counter_open)(const struct erg_counter_event *ev, int group);

/* Names like NAME, best first; returns how many (at most MAX). */
size_t erg_counter_near(const char *name, char (*ret)[ERG_COUNTER_NAME], size_t max);

/* Edit distance (Levenshtein), case ignored. */
unsigned int erg_text_distance(const char *a, const char *b);

#endif
