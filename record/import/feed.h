/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_IMPORT_FEED_H
#define ERG_RECORD_IMPORT_FEED_H

/*
 * Private to ctf.c and feed.c: where an import stands while its events are made, one
 * after the other.
 */
#include "record/import/import.h"
#include "record/import/schema.h"

struct erg_phase_edge {
	int64_t t;
	bool end;
	const char *name;
};

struct erg_feed {
	const struct erg_import_trace *what;
	struct erg_schema schema;
	struct erg_phase_edge *edges; /* sorted */
	size_t n_edges;
	enum { ERG_FEED_START, ERG_FEED_EVENTS, ERG_FEED_STREAM_END, ERG_FEED_END } at;
	bt_packet *packet; /* open one */
	uint64_t in_packet, in_chunk, now;
	bool defined; /* there is no definition left in this chunk */
	size_t definition, row, span, edge;
	uint32_t source, sources; /* next one of this row, of how many */
	uint32_t devices;
	bool finished; /* there is no datum left */
	struct erg_err err;
};

/* Sorts the phases into edges and sets the time of the definitions. -ENOMEM. */
int erg_feed_init(struct erg_feed *f, const struct erg_import_trace *what);
/* The next event in the open packet: a definition, until f->defined is set; then a datum, until *ret_end is.
 * NULL without either: memory is short. */
bt_message *erg_feed_definition(struct erg_feed *f, bt_self_message_iterator *it);
bt_message *erg_feed_datum(struct erg_feed *f, bt_self_message_iterator *it, bool *ret_end);

#endif
