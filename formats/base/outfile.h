/* SPDX-License-Identifier: MIT */
#ifndef ERG_FORMATS_OUTFILE_H
#define ERG_FORMATS_OUTFILE_H

/*
 * A file that appears whole or not at all: written under a temporary name beside its place, synced,
 * then renamed onto it. A device or a pipe gets it when it is whole, and stays; "-" is standard output.
 *
 *	_cleanup_(erg_outfile_discard) struct erg_outfile o = {0};
 *	r = erg_outfile_open(&o, "report.html", err);
 *	fprintf(o.f, …);
 *	r = erg_outfile_commit(&o, err);
 */
#include <stdbool.h>
#include <stdio.h>

#include "formats/base/err.h"

struct erg_outfile {
	FILE *f;
	char *path, *tmp;
	bool place; /* no file: see above */
};

int erg_outfile_open(struct erg_outfile *o, const char *path, struct erg_err *err);
/* Whether it may be opened, before the work that is to be written; leaves nothing. */
int erg_outfile_check(const char *path, struct erg_err *err);
/* Fails, and leaves nothing, when anything written before failed. Replaces an existing file. */
int erg_outfile_commit(struct erg_outfile *o, struct erg_err *err);
/* Removes what was not committed; safe after commit and on zeroes. */
void erg_outfile_discard(struct erg_outfile *o);

#endif
