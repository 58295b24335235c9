/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_READER_EVENT_H
#define ERG_ANALYZE_READER_EVENT_H

/* From a message of one stream to the chunk's tables. */
#include <babeltrace2/babeltrace.h>

#include "analyze/reader/tables.h"

struct erg_decoder;

/* A decoder of one stream, which fills T's stream STREAM. */
struct erg_decoder *erg_decoder_new(struct erg_tables *t, size_t stream);
void erg_decoder_free(struct erg_decoder *d);
/* 0, or -ENOMEM. Events and fields it does not know are passed over. */
int erg_decoder_message(struct erg_decoder *d, const bt_message *m);

#endif
