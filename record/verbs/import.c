/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The verb import is a program of its own (record/import): what it links, babeltrace2 and all that
 * brings, has no place on a device that records.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "formats/base/beside.h"
#include "formats/base/util.h"
#include "record/verbs/verb.h"

#define PROGRAM "erg-import"

/* Where it is: of this build folder, if this program is not the installed one. */
static void program_find(char *ret, size_t size)
{
	if (!erg_beside("import/" PROGRAM, X_OK, ret, size))
		snprintf(ret, size, "%s/" PROGRAM, ERG_LIBEXEC_DIR);
}

static int verb_import(int argc, char **argv, struct erg_err *err)
{
	char program[PATH_MAX];

	program_find(program, sizeof(program));
	execv(program, argv);
	if (errno == ENOENT)
		return erg_fail(err, -ENOENT,
			"%s is not installed (package ergtrace-analyze; when building, "
			"libbabeltrace2-dev)",
			program);
	return erg_fail_errno(err, -errno, "%s", program);
}

const struct erg_verb erg_record_verb_import = {
	.name = "import",
	.about = "make an archive of a power log",
	.run = verb_import,
};
