/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_KEEPER_H
#define ERG_RECORD_KEEPER_H

/*
 * The keeper: a thread that looks after a recording once a second. It writes the recorder's report
 * on itself into the trace, and notices when the daemons die or the disk fills up.
 */
#include <stdbool.h>
#include <stdint.h>

#include "formats/base/err.h"
#include "record/sampler/sampler.h"
#include "record/session/session.h"
#include "record/spool/spool.h"

struct erg_keeper_config {
	struct erg_session *session;
	struct erg_sampler *sampler;
	const char *spool; /* NULL: nothing is written here */
	struct erg_spool_id spool_id;
	const char *run_id;
	const char *shm; /* of the session's buffers, or NULL */
	uint64_t spool_limit_bytes;
	/* Called each second, at idle priority, off the sampler's CPU; NULL for nothing to do. */
	int (*chore)(void *data, struct erg_err *err);
	void *data;
};

struct erg_keeper;

int erg_keeper_start(const struct erg_keeper_config *cfg, struct erg_keeper **ret,
	struct erg_err *err);
/* Becomes readable when the recording cannot go on; -1 is never returned. */
int erg_keeper_fd(const struct erg_keeper *k);
/* Why it cannot go on; NULL while it can. Valid until free. */
const struct erg_err *erg_keeper_failure(struct erg_keeper *k);
/* CPU time that the chore has taken so far. */
uint64_t erg_keeper_chore_ns(const struct erg_keeper *k);
/* Ends the thread; the failure stays. */
void erg_keeper_stop(struct erg_keeper *k);
void erg_keeper_free(struct erg_keeper *k);
void erg_keeper_freep(struct erg_keeper **k);

#endif
