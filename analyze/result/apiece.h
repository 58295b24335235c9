/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_RESULT_APIECE_H
#define ERG_ANALYZE_RESULT_APIECE_H

/*
 * Many files, each of which gives runs, on all processors: a process a file. What comes out is the
 * same for any number of them: runs and warnings are in the order of the files, and of several that
 * fail, the first is the failure.
 */
#include <stddef.h>

#include <jansson.h>

#include "formats/base/err.h"

struct erg_apiece {
	/* Appends to RUNS, and to the warnings of DOC; may label it. JOBS: how many processes it may use
	 * itself. 0 or a negative errno. */
	int (*fn)(void *data, const char *file, unsigned int jobs, json_t *doc, json_t *runs,
		struct erg_err *err);
	/* Called in this process with each run when it is there, in order; what it deletes takes no memory
	 * while the others are read. NULL: nobody. 0 or a negative errno. */
	int (*taken)(void *data, json_t *run, struct erg_err *err);
	void *data;
	unsigned int jobs; /* processes at a time; 0: one a CPU */
};

/* One file, or one job: in this process. */
int erg_apiece_run(const struct erg_apiece *a, char *const *files, size_t n, json_t *doc,
	json_t *runs, struct erg_err *err);

#endif
