/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_RUN_RULES_H
#define ERG_RECORD_RUN_RULES_H

/*
 * --annotate lttng:RULES.yaml: layers from events that are not ours. What the rules name is recorded in
 * a session beside the recording; when the command has ended, the program erg-rules (record/rules)
 * reads that and writes the layers into the recording, as spans.
 */
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include "formats/base/err.h"
#include "formats/base/tempdir.h"
#include "record/session/foreign.h"

#define ERG_RULES_MAX 8

struct erg_rules_run {
	char *file;
	struct erg_tempdir folder; /* of its trace */
	struct erg_foreign *session;
};

struct erg_rules_runs {
	struct erg_rules_run at[ERG_RULES_MAX];
	size_t n;
};

/* Whether NAME, of --annotate, is one for rules. */
bool erg_rules_named(const char *name);
/* Where the rules of NAME are: the file that it names, or one that is installed. To be freed; NULL where
 * there is none. */
char *erg_rules_file(const char *name);

/* Begins to record what the rules in LIST need, into folders in DIR; SESSION is the recording's. */
int erg_rules_start(struct erg_rules_runs *r, const char *list, const char *session,
	const char *dir, struct erg_err *err);
/* Writes the layers into the recording that is joined by JOIN ("": by nothing, it records all). What
 * fails is said, and costs only these. LIVE: the page on which they are counted
 * (tracepoints/live_page.h), or NULL. */
void erg_rules_finish(struct erg_rules_runs *r, const char *run_id, const char *live,
	const char *join, const sigset_t *mask);
void erg_rules_release_runs(struct erg_rules_runs *r);

#endif
