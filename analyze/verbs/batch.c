/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * erg-analyze batch: one analysis of many archives, a result document each. Options and what is said
 * are here; the processes are batch/'s.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "analyze/batch/batch.h"
#include "analyze/verbs/verb.h"
#include "formats/base/number.h"
#include "formats/base/terminal.h"
#include "formats/base/util.h"

#define TRIES 3 /* of a task, where nothing else is said */

struct options {
	const char *output;
	unsigned int jobs, shard, shards, tasks, tries;
	const char *on;
};

static int take_shard(void *into, const char *arg, struct erg_err *err)
{
	struct options *o = into;

	if (erg_number_parse_part(arg, &o->shard, &o->shards))
		return 0;
	return erg_fail(err, -EINVAL, "I/N with I from 1 to N, and N at most %d", ERG_PARTS_MAX);
}

static const char *const ons[] = {"slurm", NULL};

static const struct erg_option own[] = {
	{"output", 'o', "RESULTS", "the folder of the documents; made when missing. Required",
		ERG_OPTION_TEXT, offsetof(struct options, output)},
	{"shard", 0, "I/N", "only each N-th archive, from the I-th on, in the order of their names",
		ERG_OPTION_CALL, .take = take_shard},
	{"jobs", 0, "N",
		"analyse N archives at a time (default: one a CPU; of each task of Slurm one)",
		ERG_OPTION_UNSIGNED, offsetof(struct options, jobs), 1, 1024},
	{"on", 0, "slurm",
		"by the tasks of a job array of Slurm, each a shard, and wait for them; DIR and RESULTS "
		"must be on all nodes. SBATCH_PARTITION and the other variables of sbatch(1) hold",
		ERG_OPTION_CHOICE, offsetof(struct options, on), .choices = ons},
	{"tasks", 0, "N", "with --on: tasks of the array", ERG_OPTION_UNSIGNED,
		offsetof(struct options, tasks), 1, 1e6},
	{"tries", 0, "N", "with --on: submit a task that fails up to N times (default 3)",
		ERG_OPTION_UNSIGNED, offsetof(struct options, tries), 1, 100},
	{0},
};
static const struct erg_option_group groups[] = {{NULL, own, 0, false}, {0}};
static const struct erg_command command = {
	.program = "erg-analyze",
	.verb = "batch",
	.synopsis = "[options] DIR|FILE.erg... -o RESULTS [-- ANALYSIS...]",
	.about =
		"One result document (JSON) for each archive, whole or not at all. What is there of the "
		"same archive, options and version is kept, so that a batch that was stopped goes on. "
		"ANALYSIS is layers or totals with its options (default: layers --by layer,network,phase). sweep, corun, model, compare "
		"and report take RESULTS in place of the archives.",
	.groups = groups,
};

static void tell_archive(void *data, const char *archive, const char *why)
{
	/* The process names its archive in most of what it says. */
	_cleanup_(erg_freep) char *name =
		why && !strstr(why, archive) ? erg_terminal_copy(archive) : NULL;
	_cleanup_(erg_freep) char *text = why ? erg_terminal_copy(why) : NULL;

	if (why)
		fprintf(stderr, "failed: %s%s%s\n", name ? name : "", name ? ": " : "",
			text ? text : "");
}

static void tell_left(void *data, const char *path, const char *what)
{
	erg_terminal_line(stderr, "not read: %s: %s", path, what);
}

static void tell_line(void *data, const char *line)
{
	_cleanup_(erg_freep) char *text = erg_terminal_copy(line);

	fprintf(stderr, "%s\n", text ? text : "");
}

/* Behind a second "--" no option is one. */
static bool has_end_of_options(char *const *analysis)
{
	while (*analysis && strcmp(*analysis, "--"))
		analysis++;
	return *analysis;
}

/* Takes "-- ANALYSIS…" off the command line; the verb and its options, or the default. */
static char **split_analysis(int *argc, char **argv)
{
	/* What many-run analyses ask for: of phases and of networks as wholes, too. */
	static char layers[] = "layers", by[] = "--by=layer,network,phase";
	static char *otherwise[] = {layers, by, NULL};

	for (int i = 1; i < *argc; i++)
		if (!strcmp(argv[i], "--")) {
			*argc = i;
			argv[i] = NULL;
			return argv + i + 1;
		}
	return otherwise;
}

static int analyze_batch(struct erg_batch *b, const struct options *o, char **paths,
	struct erg_err *err)
{
	const struct erg_batch_slurm on = {paths, o->tasks, o->tries ? o->tries : TRIES, tell_line};
	int r = 0;

	for (; r >= 0 && *paths; paths++)
		r = erg_batch_add(b, *paths, err);
	if (r >= 0)
		r = erg_batch_shard(b, o->shard, o->shards, err);
	if (r >= 0)
		r = o->on ? erg_batch_slurm_run(b, &on, err) : erg_batch_run(b, err);
	if (r < 0)
		return r;
	erg_terminal_line(stderr, "%zu archives: %zu analysed, %zu there already, %zu failed: %s",
		b->n, b->made, b->kept, b->failed, o->output);
	return b->failed ? 1 : b->warned ? 3 : 0;
}

static int batch_verb(int argc, char **argv, struct erg_err *err)
{
	_cleanup_(
		erg_batch_release) struct erg_batch b = {.tell = tell_archive, .leave = tell_left};
	struct options o = {.shard = 1, .shards = 1};
	int first, r;

	b.analysis = split_analysis(&argc, argv);
	r = erg_options_parse(&command, argc, argv, &o, &first);
	if (r)
		return r == 1 ? 0 : r;
	if (first == argc || !o.output)
		return erg_options_wrong(&command, "expected %s",
			o.output ? "archives or a folder of them" : "-o RESULTS");
	if (!b.analysis[0] || (strcmp(b.analysis[0], "layers") && strcmp(b.analysis[0], "totals")))
		return erg_options_wrong(&command, "%s: expected layers or totals behind --",
			b.analysis[0] ? b.analysis[0] : "no analysis");
	if (has_end_of_options(b.analysis))
		return erg_options_wrong(&command, "--: expected options alone behind %s",
			b.analysis[0]);
	for (char *const *option = b.analysis; *option; option++)
		if (!strncmp(*option, "--form", strlen("--form")))
			return erg_options_wrong(&command,
				"%s: expected no --format: the documents are JSON", *option);
	if (!o.on && o.tries)
		return erg_options_wrong(&command, "--tries: expected --on slurm with it");
	if (!o.on != !o.tasks || (o.on && o.shards > 1))
		return erg_options_wrong(&command, "%s",
			o.on ? "--on slurm: expected --tasks N, and no --shard with it"
			     : "--tasks: expected --on slurm with it");
	b.results = o.output;
	b.jobs = o.jobs;
	return analyze_batch(&b, &o, argv + first, err);
}

const struct erg_verb erg_verb_batch = {"batch", "one result document for each of many archives",
	batch_verb};
