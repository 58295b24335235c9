/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_DOCUMENT_H
#define ERG_RECORD_DOCUMENT_H

/*
 * Documents in a trace. A recording that is streamed (--to) has no spool on the machine where its
 * archive is made, so manifest and summary travel in the trace, in pieces, as events `document`.
 * Each piece begins with the line
 *
 *	erg-document RUN NAME PART/PARTS LENGTH SHA256
 *
 * of which LENGTH and SHA256 are those of the piece's bytes that follow. So pieces are found in raw
 * packets without decoding them. RUN is the id of the recording: a session also records what other
 * recorders say at the same time.
 */
#include <jansson.h>

#include "formats/base/err.h"

/* Emits DOC as the document NAME of the recording RUN. */
int erg_document_emit_pieces(const char *run, const char *name, const json_t *doc,
	struct erg_err *err);
/* Looks for the document NAME of the recording RUN in the stream files below DIR. Returns 1 when it is not there or not
 * whole (*ret is then NULL). */
int erg_document_find(const char *dir, const char *run, const char *name, json_t **ret,
	struct erg_err *err);

#endif
