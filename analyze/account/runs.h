/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ACCOUNT_RUNS_H
#define ERG_ANALYZE_ACCOUNT_RUNS_H

/*
 * Runs for experiments: one JSON object a run, as in the document of `erg-analyze layers` ("runs"),
 * from archives, from such documents saved before, or from both. Beside the energy of the layers a
 * run has "factors", "tags", "workload", "mean_w", "peak_w", "throttled".
 */
#include <jansson.h>

#include "analyze/account/options.h"
#include "formats/base/err.h"

/* What an analysis of many runs reads of their rows: a thousand runs stay in memory, and most of a run is
 * its rows. Lists end with NULL. */
struct erg_runs_keep {
	const char *const *rows;     /* keys */
	const char *const *estimate; /* keys of those that are estimates */
};
/* Leaves of RUN what KEEP says, and of the rest what analyses of many runs read. */
void erg_runs_trim(json_t *run, const struct erg_runs_keep *keep);

/* How archives become runs. Of documents, that which they have of it. */
struct erg_runs_how {
	const struct erg_common *common;
	/* The tables of a run, n_by of layer, type, module, network and phase, as of erg_layers_tables: from one
	 * attribution. The first is its "layers". None: by layer alone. */
	const char *const *by;
	size_t n_by;
	const struct erg_runs_keep *keep; /* of their rows; NULL: all that an analysis may read */
	/* NULL; or called with each run in order, and has its rows alone: they are removed then. A negative errno
	 * ends it. */
	int (*taken)(void *data, const json_t *run, struct erg_err *err);
	void *data;
};

/* A FILE: an archive, or a JSON document with "runs". A directory means its *.erg, or else its
 * *.layers.json. *ret: array, the caller's. What only a single run's tables show is not in those of a document; its
 * rows are those by layer, if it has them. Warnings go to DOC. */
int erg_runs_load(char *const *files, size_t n, const struct erg_runs_how *how, json_t *doc,
	json_t **ret, struct erg_err *err);

/* Is one of FILES (or of what a directory among them holds) anything but a result? */
bool erg_runs_any_archive(char *const *files, size_t n);

/* Warns of each run that is there once more: an archive and its copy are one run, not two that happen to agree, and
 * what would be said of how runs differ is too sure. The functions above have done so. */
void erg_runs_tell_copies(const json_t *runs, json_t *doc);

/* Text of a factor or tag of the run, or NULL. Written to BUF when it is a number. */
const char *erg_run_setting(const json_t *run, const char *name, char *buf, size_t len);
/* Whether a factor or tag of that name is none that a run was made at: it says of what the run is, or which of several
 * that are alike. */
bool erg_run_names_no_setting(const char *name);

#endif
