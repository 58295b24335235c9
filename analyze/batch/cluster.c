/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A batch by the nodes of a cluster. Each task of the array is this verb on a shard of the same list; what
 * counts in the end is which documents are there, and not what the tasks say of themselves.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "analyze/batch/batch.h"
#include "analyze/batch/key.h"
#include "formats/base/texts.h"
#include "formats/base/util.h"
#include "formats/slurm/slurm.h"

/* Archives whose document is there. Those without are told when WHY is given. */
static int count_made(struct erg_batch *b, const char *why, size_t *ret, struct erg_err *err)
{
	*ret = b->warned = 0;
	for (size_t i = 0; i < b->n; i++) {
		json_auto_t *origin = NULL;
		struct erg_err reason = {0};
		bool warned = false;
		int r = erg_batch_origin(b->items[i].archive, b->analysis, &origin, &reason);

		if (r >= 0)
			r = erg_batch_is_made(b->results, b->items[i].name, origin, &warned, err);
		else
			r = 0;
		if (r < 0)
			return r;
		*ret += r > 0;
		b->warned += warned;
		if (!r && why)
			b->tell(b->data, b->items[i].archive, reason.msg[0] ? reason.msg : why);
	}
	return 0;
}

static int add_path(struct erg_texts *argv, const char *path, struct erg_err *err)
{
	char full[PATH_MAX];
	int r = erg_slurm_absolute(path, full, sizeof(full), err);

	if (r >= 0 && erg_texts_add(argv, full) < 0)
		r = erg_fail(err, -ENOMEM, "out of memory");
	return r;
}

static int make_command(const struct erg_batch *b, const struct erg_batch_slurm *on,
	unsigned int tasks, struct erg_texts *argv, struct erg_err *err)
{
	char text[PATH_MAX], jobs[32];
	int r = erg_slurm_program(text, sizeof(text), err), full = 0;

	if (r < 0)
		return r;
	full |= erg_texts_add(argv, text);
	snprintf(text, sizeof(text), "--shard=" ERG_SLURM_TASK "/%u", tasks);
	snprintf(jobs, sizeof(jobs), "--jobs=%u", b->jobs ? b->jobs : 1);
	full |= erg_texts_add(argv, "batch") | erg_texts_add(argv, text) |
		erg_texts_add(argv, jobs) | erg_texts_add(argv, "-o");
	if (full)
		return erg_fail(err, -ENOMEM, "out of memory");
	r = add_path(argv, b->results, err);
	for (size_t i = 0; r >= 0 && on->paths[i]; i++)
		r = add_path(argv, on->paths[i], err);
	full |= erg_texts_add(argv, "--");
	for (size_t i = 0; b->analysis[i]; i++)
		full |= erg_texts_add(argv, b->analysis[i]);
	return r < 0 ? r : full ? erg_fail(err, -ENOMEM, "out of memory") : 0;
}

static int run_array(struct erg_batch *b, const struct erg_batch_slurm *on, const char *logs,
	struct erg_err *err)
{
	static const int good[] = {3, 0}; /* --strict and warnings: the documents are there */
	unsigned int tasks = on->tasks < b->n ? on->tasks : (unsigned int)b->n;
	_cleanup_(erg_texts_clear) struct erg_texts argv = {0};
	int r = make_command(b, on, tasks, &argv, err);
	struct erg_slurm s = {.name = "erg-batch",
		.dir = logs,
		.command = (const char *const *)argv.v,
		.tasks = tasks,
		.tries = on->tries,
		.cpus = b->jobs ? b->jobs : 1,
		.good = good,
		.tell = on->tell,
		.data = b->data};

	if (r >= 0)
		r = erg_slurm_run(&s, err);
	return r;
}

int erg_batch_slurm_run(struct erg_batch *b, const struct erg_batch_slurm *on, struct erg_err *err)
{
	char results[PATH_MAX], logs[PATH_MAX + 16];
	size_t there;
	int r;

	if (mkdir(b->results, 0777) < 0 && errno != EEXIST)
		return erg_fail_errno(err, -errno, "%s", b->results);
	r = erg_slurm_absolute(b->results, results, sizeof(results), err);
	if (r < 0)
		return r;
	snprintf(logs, sizeof(logs), "%s/slurm", results);
	r = count_made(b, NULL, &b->kept, err);
	if (r >= 0 && b->kept < b->n)
		r = run_array(b, on, logs, err);
	if (r >= 0)
		r = count_made(b, "no document was made: see the folder slurm of the results",
			&there, err);
	if (r < 0)
		return r;
	b->made = there - b->kept;
	b->failed = b->n - there;
	return 0;
}
