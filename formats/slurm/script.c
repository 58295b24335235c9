/* SPDX-License-Identifier: MIT */
/*
 * What a task runs: a script of sh that relies on nothing of its surroundings. The job may get no PATH, no
 * HOME and another folder; so PATH is that of the submitter, the program is named by its absolute path, and
 * every word is quoted.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/base/util.h"
#include "formats/slurm/slurm.h"

/* TEXT as one word of sh, the task's number in the place of its mark. */
static void put_word(FILE *f, const char *text)
{
	fputc('\'', f);
	for (; *text; text++)
		if (*text == '\'')
			fputs("'\\''", f);
		else if (*text == *ERG_SLURM_TASK)
			fputs("'\"$SLURM_ARRAY_TASK_ID\"'", f);
		else
			fputc(*text, f);
	fputc('\'', f);
}

char *erg_slurm_script(const struct erg_slurm *s, const char *mark)
{
	const char *path = getenv("PATH");
	char *script = NULL;
	size_t len;
	FILE *f = open_memstream(&script, &len);

	if (!f)
		return NULL;
	fputs("#!/bin/sh\nPATH=", f);
	put_word(f, path ? path : "/usr/local/bin:/usr/bin:/bin");
	fputs("; export PATH\nend=", f);
	put_word(f, s->dir);
	fputs("/\"${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID\"\n"
	      "exec </dev/null >>\"$end.log\" 2>&1 || exit 125\n"
	      "echo \"node ${SLURMD_NODENAME:-?}\"\n"
	      "rc=125\n",
		f);
	if (s->cwd) {
		fputs("cd ", f);
		put_word(f, s->cwd);
		fputs(" && {\n", f);
	} else {
		fputs("{\n", f);
	}
	for (size_t i = 0; s->command[i]; i++) {
		put_word(f, s->command[i]);
		fputc(' ', f);
	}
	fprintf(f,
		"\nrc=$?\n}\n"
		"echo \"$rc %s\" >\"$end.new\" && mv \"$end.new\" \"$end.status\"\n"
		"exit \"$rc\"\n",
		mark);
	if (fclose(f)) {
		free(script);
		return NULL;
	}
	return script;
}
