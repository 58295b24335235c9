/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_SAMPLER_SHOW_H
#define ERG_RECORD_SAMPLER_SHOW_H

/*
 * The page of memory on which the sampler shows its last readings, for who looks at a recording while
 * it goes on (erg-record top). It is a memory file that another process of the same user maps by
 * /proc/PID/fd; whether somebody does changes nothing here. A line has one writer, the thread that
 * reads its source, and is read under a sequence number, so nobody waits for anybody.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "formats/base/err.h"
#include "record/sources/source.h"

#define ERG_SHOW_NAME "erg-show" /* of the memory file */
#define ERG_SHOW_MAGIC 0x3157485347524523u
#define ERG_SHOW_VERSION 1u
#define ERG_SHOW_LINES 256u

/* A line's last reading. */
struct erg_show_value {
	uint64_t time_ns; /* 0: there was none yet */
	double value;     /* SI */
	double energy_j;  /* of a rail: since the first reading */
	uint64_t saw_ns;  /* the reading saw this long before time_ns - lag */
};

/* How a channel says that the hardware slows itself down: as analyze/timeline takes it. */
enum erg_show_slow {
	ERG_SHOW_SLOW_NOT, /* it is about something else */
	ERG_SHOW_SLOW_COUNTS,
	ERG_SHOW_SLOW_LEVEL, /* when above 0 */
	ERG_SHOW_SLOW_BITS,  /* ERG_SLOWING_REASONS */
};

/* A rail's power, or another channel. */
struct erg_show_line {
	char rail[64], parent[64];
	uint32_t quantity; /* enum erg_quantity; POWER for every rail */
	uint32_t source;
	uint32_t simulated, assumed; /* the sensor's model is assumed */
	int64_t lag_ns;
	_Atomic uint32_t number; /* odd while it is written */
	uint32_t slow;           /* enum erg_show_slow */
	struct erg_show_value last;
};

struct erg_show_page {
	uint64_t magic;
	uint32_t version, size;     /* sizeof(struct erg_show_page) */
	char run_id[17], what[111]; /* the command, or "" */
	uint64_t begin_ns;
	_Atomic uint32_t ended; /* there is nothing more to see */
	uint32_t n, left_out;   /* lines, and those that found no room */
	struct erg_show_line lines[ERG_SHOW_LINES];
};

struct erg_show;

/* Lines for SOURCES, which are borrowed. */
int erg_show_new(const struct erg_source_list *sources, const char *run_id, const char *what,
	struct erg_show **ret, struct erg_err *err);
void erg_show_free(struct erg_show *s);
struct erg_show_page *erg_show_page(struct erg_show *s);

/* A reading of source SOURCE (its index) at T, from the one thread that reads it. No allocation, no
 * lock. S may be NULL. */
void erg_show_take(struct erg_show *s, uint32_t source, uint64_t time_ns, const int64_t *values);
/* S may be NULL. */
void erg_show_end(struct erg_show *s);

/* What line L says; false when it is written all the time, or there was no reading. */
bool erg_show_read(const struct erg_show_line *l, struct erg_show_value *ret);

#endif
