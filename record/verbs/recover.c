/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The verb recover: options. */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#include "formats/base/options.h"
#include "formats/base/util.h"
#include "record/recover/recover.h"
#include "record/verbs/verb.h"

struct options {
	const char *output;
	bool force, keep;
};

static const struct erg_option rows[] = {
	{"output", 'o', "FILE.erg", "default: what the recorder was told", ERG_OPTION_TEXT,
		offsetof(struct options, output)},
	{"force", 0, NULL, "replace FILE.erg if it exists", ERG_OPTION_FLAG,
		offsetof(struct options, force)},
	{"keep", 0, NULL, "leave the spool where it is", ERG_OPTION_FLAG,
		offsetof(struct options, keep)},
	{0},
};
static const struct erg_option_group groups[] = {{NULL, rows, 0, false}, {0}};
static const struct erg_command command = {
	.program = "erg-record",
	.verb = "recover",
	.synopsis = "[options] SPOOL",
	.about = "Makes the archive of a recording whose recorder was killed, from its spool, an "
		 "ergtrace-PID-ID.spool directory.",
	.groups = groups,
};

static int verb_recover(int argc, char **argv, struct erg_err *err)
{
	_cleanup_(erg_freep) char *spool = NULL;
	struct options o = {0};
	int first, r = erg_options_parse(&command, argc, argv, &o, &first);

	if (r)
		return r == 1 ? 0 : r;
	if (first + 1 != argc)
		return erg_options_wrong(&command, "expected one SPOOL directory");
	spool = realpath(argv[first], NULL);
	if (!spool)
		return erg_fail_errno(err, -errno, "%s", argv[first]);
	return erg_recover(spool, o.output, o.force, o.keep, err);
}

const struct erg_verb erg_record_verb_recover = {
	.name = "recover",
	.about = "make the archive of a recording whose recorder was killed",
	.run = verb_recover,
};
