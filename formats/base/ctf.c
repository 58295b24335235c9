/* SPDX-License-Identifier: MIT */
/*
 * Metadata of CTF 1.8 are text or packets; those of CTF 2 are JSON, each fragment with a record separator in
 * front. babeltrace2 before 2.1 says of the latter no more than that it cannot read them.
 */
#include "formats/base/ctf.h"

#include <stdio.h>
#include <stdlib.h>

#include "formats/base/util.h"

static bool is_2(const char *trace)
{
	_cleanup_(erg_freep) char *path = NULL;
	_cleanup_(erg_fclosep) FILE *f = NULL;

	if (asprintf(&path, "%s/metadata", trace) < 0)
		return false;
	f = fopen(path, "re");
	return f && fgetc(f) == 0x1e;
}

bool erg_ctf_is_unread(const char *trace, unsigned int major, unsigned int minor)
{
	return major == 2 && minor < 1 && is_2(trace);
}
