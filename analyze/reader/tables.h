/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_READER_TABLES_H
#define ERG_ANALYZE_READER_TABLES_H

/* Growing tables of a chunk while it is decoded (chunk.c fills, this writes). */
#include <stdbool.h>

#include <jansson.h>

#include "analyze/reader/chunk.h"

/* Layer instances of one stream, in the order of their ends. */
struct erg_tables_stream {
	struct erg_chunk_interval *iv;
	size_t n, cap;
};

struct erg_tables_source {
	uint32_t pid, source, channels;
	int64_t *rows; /* 3 + channels words each */
	size_t n, cap;
};

struct erg_tables {
	struct erg_tables_stream *streams;
	size_t n_streams;
	struct erg_chunk_thread *threads;
	size_t n_threads;
	uint16_t last_thread;
	struct erg_tables_source *sources;
	size_t n_sources;
	int64_t *counted; /* records of 2 + COUNTER_MAX words, cut to the stride when written */
	size_t n_counted, cap_counted, stride;
	json_t *defs; /* array of objects */
	uint64_t events, first_ns, last_ns;
	char error[512];
};

#define ERG_TABLES_COUNTERS_MAX 32

int erg_tables_init(struct erg_tables *t);
void erg_tables_release(struct erg_tables *t);
int erg_tables_stream_new(struct erg_tables *t, size_t *ret);
/* Index of the thread or track; negative when there are too many. */
int erg_tables_thread(struct erg_tables *t, uint32_t pid, uint32_t tid, bool span);
struct erg_chunk_interval *erg_tables_interval(struct erg_tables *t, size_t stream);
/* Room for one record of N deltas (the rest is INT64_MIN); sets *ret_index. */
int64_t *erg_tables_counted(struct erg_tables *t, size_t n, uint32_t *ret_index);
/* Room for one reading of 3 + CHANNELS words, or NULL when memory is short or CHANNELS changed. */
int64_t *erg_tables_reading(struct erg_tables *t, uint32_t pid, uint32_t source, uint32_t channels);
/* Sorts, joins the streams and writes everything to FD. */
int erg_tables_write(struct erg_tables *t, int fd, struct erg_err *err);

#endif
