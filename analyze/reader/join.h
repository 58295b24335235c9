/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_READER_JOIN_H
#define ERG_ANALYZE_READER_JOIN_H

/*
 * Decoded chunks to a timeline: ids of all processes resolved, layers of one network merged over
 * processes, instances of all chunks in one order, readings by channel.
 */
#include "analyze/reader/worker.h"
#include "analyze/timeline/timeline.h"
#include "formats/base/hash.h"

struct erg_join_key {
	uint32_t pid, id, kind; /* kind: what the id is of */
};

struct erg_join_entry {
	UT_hash_handle hh;
	struct erg_join_key key;
	uint32_t index; /* in the timeline; ERG_NONE: not made yet */
	const json_t *def;
	struct erg_join_entry *later; /* what the id is of when the process has begun anew */
	uint64_t since;               /* ns; 0 for the first of an id */
};

struct erg_join_name {
	UT_hash_handle hh;
	uint32_t index;
	char text[];
};

enum erg_join_kind {
	ERG_JOIN_PROCESS,
	ERG_JOIN_LAYER,
	ERG_JOIN_TRACK,
	ERG_JOIN_COUNTER,
	ERG_JOIN_SOURCE,
	ERG_JOIN_CHANNEL
};

struct erg_join {
	struct erg_timeline *tl;
	struct erg_worker_chunk *chunks;
	size_t n_chunks;
	json_t *events; /* all rare events, in order of time */
	struct erg_join_entry *entries;
	struct erg_join_name *layers;
	const char *run;                       /* only processes of this run; NULL: all */
	bool attached;                         /* and those that no recording started */
	uint64_t foreign, reversed, undefined; /* what was left out, or made up */
};

int erg_join_timeline(struct erg_timeline *tl, struct erg_worker_chunk *chunks, size_t n,
	struct erg_err *err);

/* When the run began and ended: what the summary says, else all there is. */
void erg_join_span(struct erg_timeline *tl, const struct erg_worker_chunk *chunks, size_t n);

/* The MACs of layers whose calls were counted one by one. -ENOMEM */
int erg_join_macs(struct erg_timeline *tl);

/* ---- between join*.c ---- */

struct erg_join_entry *erg_join_find(const struct erg_join *j, uint32_t pid, uint32_t id,
	enum erg_join_kind kind);
struct erg_join_entry *erg_join_add(struct erg_join *j, uint32_t pid, uint32_t id,
	enum erg_join_kind kind);
/*
 * The entry of definition DEF. A process defines an id once; another definition of it is that of
 * another program in the same process (after exec(2), or with a pid used again) and gets an entry of
 * its own, which holds from then on. NULL without memory.
 */
struct erg_join_entry *erg_join_define(struct erg_join *j, uint32_t id, enum erg_join_kind kind,
	const json_t *def);
/* The entry that holds at TIME of those that begin with E; NULL for NULL. */
struct erg_join_entry *erg_join_at(struct erg_join_entry *e, uint64_t time);
bool erg_join_ours(const struct erg_join *j, uint32_t pid);
const char *erg_join_text(const json_t *event, const char *key);
uint64_t erg_join_number(const json_t *event, const char *key);

int erg_join_definitions(struct erg_join *j, struct erg_err *err);
/* The layer of that id at TIME, made where it was never defined; NULL without memory. */
const struct erg_join_entry *erg_join_layer(struct erg_join *j, uint32_t pid, uint32_t id,
	uint64_t time);
uint32_t erg_join_track(struct erg_join *j, const struct erg_chunk_thread *t);
int erg_join_intervals(struct erg_join *j, struct erg_err *err);
int erg_join_readings(struct erg_join *j, struct erg_err *err);
int erg_join_happenings(struct erg_join *j, struct erg_err *err);

#endif
