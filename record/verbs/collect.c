/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The verb collect: options, and the list that it prints. */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/base/options.h"
#include "formats/base/terminal.h"
#include "formats/base/util.h"
#include "record/recover/recover.h"
#include "record/verbs/verb.h"

struct options {
	struct erg_collect_options c;
	bool list;
};

static void print_stream(const char *run, const char *host, const char *created, const char *state,
	const char *path)
{
	const char *const cells[] = {run, host, created, state, path};

	for (size_t i = 0; i < ERG_ARRAY_SIZE(cells); i++) {
		_cleanup_(erg_freep) char *cell = erg_terminal_copy(cells[i]);

		printf("%s%c", cell ? cell : "", i + 1 < ERG_ARRAY_SIZE(cells) ? '\t' : '\n');
	}
}

#define AT(field) offsetof(struct options, field)

static const struct erg_option rows[] = {
	{"output", 'o', "PATH", "the archive; a directory for several streams", ERG_OPTION_TEXT,
		AT(c.output)},
	{"from", 0, "DIR", "output of lttng-relayd (~/lttng-traces)", ERG_OPTION_TEXT, AT(c.from)},
	{"run", 0, "ID", "only the recording of this id, or of this host", ERG_OPTION_TEXT,
		AT(c.run)},
	{"list", 0, NULL, "list the streams, and make nothing", ERG_OPTION_FLAG, AT(list)},
	{"now", 0, NULL, "also those that are not at their end yet", ERG_OPTION_FLAG, AT(c.now)},
	{"force", 0, NULL, "replace archives that exist", ERG_OPTION_FLAG, AT(c.force)},
	{0},
};
static const struct erg_option_group groups[] = {{NULL, rows, 0, false}, {0}};
static const struct erg_command command = {
	.program = "erg-record",
	.verb = "collect",
	.synopsis = "[options] -o FILE.erg|DIR",
	.about = "Makes archives of what erg-record --to has streamed to lttng-relayd here.",
	.groups = groups,
};

static int verb_collect(int argc, char **argv, struct erg_err *err)
{
	const char *home = getenv("LTTNG_HOME") ? getenv("LTTNG_HOME") : getenv("HOME");
	_cleanup_(erg_freep) char *traces = NULL;
	struct options o = {0};
	int first, r = erg_options_parse(&command, argc, argv, &o, &first);

	if (r)
		return r == 1 ? 0 : r;
	if (first < argc || (!o.c.output && !o.list))
		return erg_options_wrong(&command, "expected -o FILE.erg or -o DIR");
	if (o.list && (o.c.output || o.c.force))
		return erg_options_wrong(&command,
			"--list makes nothing: expected no -o and no --force");
	o.c.list = o.list ? print_stream : NULL;
	if (!o.c.from && asprintf(&traces, "%s/lttng-traces", home ? home : "") < 0)
		return erg_fail_errno(err, -ENOMEM, "collect");
	o.c.from = o.c.from ? o.c.from : traces;
	return erg_collect(&o.c, err);
}

const struct erg_verb erg_record_verb_collect = {
	.name = "collect",
	.about = "make archives of what was streamed to lttng-relayd here",
	.run = verb_collect,
};
