/* SPDX-License-Identifier: MIT */
/*
 * The way from a command line to an exit status.
 *
 * The locale is never set: whatever the user's, a decimal point is a point and output is UTF-8.
 */
#include "formats/base/program.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/base/memory.h"
#include "formats/base/options.h"
#include "formats/base/pager.h"
#include "formats/base/terminal.h"
#include "formats/base/util.h"

void erg_program_start(void)
{
	erg_stdio_occupy();
	erg_memory_watch();
	signal(SIGXFSZ, SIG_IGN); /* a file beyond a limit (ulimit -f) is said, as a full disk is */
}

static void usage(const struct erg_program *p, FILE *out)
{
	fprintf(out, "Usage: %s\n\nVerbs:\n", p->synopsis);
	for (size_t i = 0; p->verbs[i]; i++)
		fprintf(out, "  %-10s %s\n", p->verbs[i]->name, p->verbs[i]->about);
	fprintf(out,
		"\n'%s VERB --help' (or '%s help VERB') tells more; so does man %s-VERB.\n"
		"Exit status: %s\n",
		p->name, p->name, p->name, p->statuses);
}

static const struct erg_verb *verb_find(const struct erg_program *p, const char *word)
{
	if (p->implied && (word[0] == '-' || !strcmp(word, p->alias)))
		return p->implied;
	for (size_t i = 0; p->verbs[i]; i++)
		if (!strcmp(word, p->verbs[i]->name))
			return p->verbs[i];
	return NULL;
}

const char *erg_program_nearest(const struct erg_program *p, const char *word)
{
	_cleanup_(erg_freep) const char **names = NULL;
	size_t n = 0;

	while (p->verbs[n])
		n++;
	names = calloc(n + 2, sizeof(*names));
	if (!names)
		return NULL;
	for (size_t i = 0; i < n; i++)
		names[i] = p->verbs[i]->name;
	names[n] = p->alias;
	return erg_options_nearest(word, names);
}

int erg_program_run_verb(const struct erg_program *p, const struct erg_verb *v, int argc,
	char **argv)
{
	struct erg_err err = {0};
	int r;

	erg_terminal_progress_start();
	r = v->run(argc, argv, &err);
	erg_terminal_progress_clear();
	if (r >= 0)
		return erg_stdout_done(p->name, r);
	if (r == -EPIPE && p->quiet_pipe)
		return 1;
	erg_terminal_text(err.msg);
	fprintf(stderr, "%s %s: %s\n", p->name, v->name, err.msg[0] ? err.msg : strerror(-r));
	return 1;
}

int erg_program_run(const struct erg_program *p, int argc, char **argv)
{
	static char help[] = "--help";
	const struct erg_verb *verb;

	argc = erg_pager_option(argc, argv);
	if (argc < 2) {
		usage(p, stderr);
		return 2;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") ||
		(!strcmp(argv[1], "help") && argc == 2)) {
		usage(p, stdout);
		return erg_stdout_done(p->name, 0);
	}
	if (!strcmp(argv[1], "--version")) {
		printf("%s %s\n", p->name, ERG_VERSION);
		return erg_stdout_done(p->name, 0);
	}
	if (!strcmp(argv[1], "help")) {
		argv[1] = argv[2];
		argv[2] = help;
		argc = 3;
	}
	verb = verb_find(p, argv[1]);
	if (!verb) {
		p->unknown(p, argv[1]);
		return 2;
	}
	return argv[1][0] == '-' ? erg_program_run_verb(p, verb, argc, argv)
				 : erg_program_run_verb(p, verb, argc - 1, argv + 1);
}
